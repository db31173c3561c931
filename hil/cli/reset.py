"""``hil reset``: by the rig's lines, into the firmware or the boot loader."""

from __future__ import annotations

from pathlib import Path

import click

from hil.units import format_size

from .option import opened, rig_option, slot_option


@click.command()
@rig_option
@slot_option
@click.option("--loader", "into_loader", is_flag=True, help="Enter the serial boot loader.")
def reset(rig_file: Path | None, slot: int, *, into_loader: bool) -> None:
    """Reset a module and print what it says of it.

    With --loader the loader is asked who it is; the module stays in it.
    """
    with opened(rig_file) as rig:
        module = rig.module(slot)
        if not into_loader:
            click.echo(module.start().text)
            click.echo("the AT firmware answers")
            return
        from hil.flashing.flasher import Flasher  # noqa: PLC0415 - esptool is slow to import

        with Flasher(module, baud=rig.description.flash_baud).session() as session:
            click.echo(
                f"{session.chip_name}, MAC {session.mac}, flash id 0x{session.flash_id:06x}, "
                f"{format_size(session.flash_size_bytes)}: the boot loader answers"
            )
