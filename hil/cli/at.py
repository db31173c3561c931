"""``hil at``: send AT commands and print what comes back."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.errors import MistakeError, NoReplyError

from .option import opened, recorded, rig_option, slot_option

if TYPE_CHECKING:
    from hil.rig.module import RigModule


@click.command()
@click.argument("commands", nargs=-1, required=True, metavar="COMMAND...")
@rig_option
@slot_option
@click.option(
    "--record", "record_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Record the session into a new file (or one in a folder that exists).",
)  # fmt: skip
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0, min_open=True), default=5.0,
    show_default=True, metavar="SECONDS", help="How long each reply may take.",
)  # fmt: skip
@click.option(
    "--reset/--no-reset", "is_reset", default=None,
    help="Reset the module first. Default: only a virtual one, which has just been switched on, "
    "and one that is played from a record that begins so.",
)  # fmt: skip
def at(
    commands: tuple[str, ...],
    rig_file: Path | None,
    slot: int,
    record_file: Path | None,
    timeout_s: float,
    is_reset: bool | None,  # noqa: FBT001 - click passes it by name
) -> None:
    """Send AT commands to a module, one after the other, and print the replies.

    Passwords in them are shown as ***. Exit status 3 if one of them is answered by something else
    than OK; the rest is not sent then.
    """
    from hil.at.secret import passwords_in, show_bytes  # noqa: PLC0415 - quick start
    from hil.at.secret_form import mask_text  # noqa: PLC0415

    for command in commands:
        if not command or not command.isascii() or not command.isprintable():
            shown = show_bytes(command.encode("utf-8", "surrogateescape"))
            raise MistakeError(f"'{shown}' is not one command line: write for example 'AT+GMR'")
    with ExitStack() as stack:
        rig = stack.enter_context(opened(rig_file))
        module = rig.module(slot)
        if record_file is not None:
            stack.enter_context(recorded(rig, record_file, "hil at"))
        if is_reset if is_reset is not None else _begins_with_a_restart(module):
            module.start()
        known: frozenset[bytes] = frozenset()
        for command in commands:
            try:
                reply = module.at.command(command, timeout_s=timeout_s)
            except NoReplyError as error:
                error.add_note(f"hil: --timeout SECONDS allows more than {timeout_s:g} s")
                raise
            known |= passwords_in(command.encode())
            for line in reply.lines:
                click.echo(mask_text(line, known))
            click.echo(reply.final.value)
            if not reply.is_ok:
                shown = show_bytes(command.encode())
                click.echo(f"hil: OK did not come to {shown}; nothing more was sent", err=True)
                sys.exit(3)


def _begins_with_a_restart(module: RigModule) -> bool:
    if module.replayed is not None:
        return module.replayed.begins_with_a_restart
    return module.description.is_virtual
