"""``hil rig``: everything about the rig itself."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .option import describe, load

_COLOURS = {"passed": "green", "failed": "red", "not wired": "yellow"}


@click.group()
def rig() -> None:
    """Check a rig."""


@rig.command()
@click.argument("rig_file", type=click.Path(path_type=Path), required=False, metavar="[FILE]")
def check(rig_file: Path | None) -> None:
    """Prove that reset, strap and power of a rig do what its file says.

    Exit status 3 if something fails; each failure comes with what to look at.
    """
    from hil.rig.assembly import open_rig  # noqa: PLC0415 - esptool is slow to import
    from hil.rig.check import CheckOutcome, check_rig  # noqa: PLC0415

    description = describe(rig_file)
    click.echo(f"rig {description.name}: {len(description.modules)} module(s)")
    has_failed = False
    with open_rig(description, load(None)) as opened:
        for result in check_rig(opened):
            word = result.outcome.value
            click.echo(
                f"  {result.module}  {click.style(f'{word:<9}', fg=_COLOURS[word])}  "
                f"{result.name}: {result.detail}"
            )
            if result.outcome is CheckOutcome.FAILED:
                has_failed = True
                click.echo(f"          look at {result.remedy}")
    sys.exit(3 if has_failed else 0)
