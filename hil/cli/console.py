"""``hil console``: talk to a module, line by line."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .option import baud_option, module_opened, port_option, rig_option, slot_option


@click.command()
@rig_option
@slot_option
@port_option
@baud_option
@click.option(
    "--log", "log_file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Append all that is shown to a file; passwords are masked.",
)  # fmt: skip
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0, min_open=True), default=30.0,
    show_default=True, metavar="SECONDS",
    help="How long a script waits for the end of a reply.",
)  # fmt: skip
@click.option(
    "--reset/--no-reset", "is_reset", default=None,
    help="Reset the module first. Default: only a virtual one, which has just been switched on.",
)  # fmt: skip
def console(
    rig_file: Path | None,
    slot: int,
    port: str | None,
    baud: int | None,
    log_file: Path | None,
    timeout_s: float,
    is_reset: bool | None,  # noqa: FBT001 - click passes it by name
) -> None:
    """Talk to a module: lines to it, and what it says with the time of arrival.

    At a terminal lines can be edited, completed and brought back; what a command takes stands
    below. Otherwise lines come from standard input, one behind the reply to the other. A line
    that begins with a colon is for the console itself; `:help` lists them.

    Exit status 3 if a reply to a script was not OK.
    """
    from hil.console.conversation import StoppedError, converse  # noqa: PLC0415 - quick start

    with module_opened(rig_file, slot, port, baud) as module:
        first = is_reset if is_reset is not None else module.description.is_virtual
        try:
            failures = converse(module, log_path=log_file, is_reset=first, timeout_s=timeout_s)
        except StoppedError:
            raise click.Abort from None
    if failures:
        told = "1 reply was" if failures == 1 else f"{failures} replies were"
        click.echo(f"hil: {told} not OK", err=True)
        sys.exit(3)
