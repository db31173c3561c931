"""The program ``hil``. Each command stands in its own file and is loaded when it is called."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from hil import __version__
from hil.errors import HilError

if TYPE_CHECKING:
    from collections.abc import Mapping

_COMMANDS: Mapping[str, tuple[str, str, str]] = {
    # name: (file, function, what `hil --help` says)
    "at": ("hil.cli.at", "at", "Send AT commands to a module and print the replies."),
    "console": ("hil.cli.console", "console", "Talk to a module, with completion and hints."),
    "diff": ("hil.cli.diff", "diff", "Show what changed between two runs."),
    "esptool": ("hil.cli.esptool", "esptool", "Run esptool, which can open hil:// ports here."),
    "firmware": ("hil.cli.firmware", "firmware", "Make, import and check firmware manifests."),
    "flash": ("hil.cli.flash", "flash", "Write a firmware to the documented offsets."),
    "report": ("hil.cli.report", "report", "Render the report of a run again."),
    "reset": ("hil.cli.reset", "reset", "Reset a module, into its firmware or its boot loader."),
    "rig": ("hil.cli.rig", "rig", "Check a rig."),
    "run": ("hil.cli.run", "run", "Run test plans on a rig and write a report."),
    "transcript": ("hil.cli.transcript", "transcript", "Read logs of a module's serial line."),
    "virtual": ("hil.cli.virtual", "virtual", "Serve virtual modules to other programs."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called, so that ``hil --help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the alphabet."""
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported; None if there is none."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        path, function, _ = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(path), function)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry[2]) for name, entry in sorted(_COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hil")
def hil() -> None:
    """Test and flash an ESP8266 that runs Espressif's AT firmware v0.23.

    Without a rig file, every command works on a virtual module.
    """


def main() -> None:
    """Run the program; an error of the toolkit becomes its text and its exit status.

    Exit status: 0 fine, 1 a test failed, 2 a mistake of the caller (a place for the output that
    takes none of it included), 3 the module or the rig misbehaved, 130 stopped. Ctrl-C and SIGTERM
    leave the rig in its safe state. If nobody reads the output any more, click ends the program
    without a word.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        try:
            _run()
        finally:
            sys.stdout.flush()
    except OSError as error:
        if not _is_output_lost():
            raise
        _drop_output()
        click.echo(f"hil: the output cannot be written: {error.strerror}", err=True)
        sys.exit(2)


def _run() -> NoReturn:
    try:
        sys.exit(hil.main(prog_name="hil", standalone_mode=False))
    except click.Abort:
        click.echo("hil: stopped", err=True)
        sys.exit(130)
    except click.ClickException as mistake:
        mistake.show()
        sys.exit(mistake.exit_code)
    except HilError as error:
        click.echo(f"hil: {error}", err=True)
        for remark in getattr(error, "__notes__", ()):
            click.echo(remark, err=True)
        sys.exit(error.exit_status)


def _is_output_lost() -> bool:
    """Whether it was standard output that failed: it takes not even a line end then."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _drop_output() -> None:
    """Let what is left in standard output go nowhere, or Python complains of it at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
