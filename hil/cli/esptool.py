"""``hil esptool``: esptool's own command line, which can open the ports of virtual modules here."""

from __future__ import annotations

import sys

import click


class _PassedOn(click.Command):
    """A command whose arguments are another program's, ``--help`` included."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave them as they are."""
        ctx.params["arguments"] = tuple(args)
        return []


@click.command(cls=_PassedOn, add_help_option=False)
def esptool(arguments: tuple[str, ...]) -> None:
    """Run esptool with the arguments that follow, as it is installed.

    Beside the ports that esptool knows it can open hil:// URLs, as `hil virtual serve` prints them.
    """
    from hil.flashing.esptool_session import run_esptool  # noqa: PLC0415 - slow to import
    from hil.rig.urls import make_urls_known  # noqa: PLC0415

    make_urls_known()
    sys.exit(run_esptool(arguments))
