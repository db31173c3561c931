"""``hil flash``: bring a firmware onto a module."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.errors import MistakeError
from hil.units import format_duration, format_offset, format_size

from .option import describe, firmware_option, load, opened, rig_option, slot_option

if TYPE_CHECKING:
    from hil.flashing.flasher import RegionRecord
    from hil.rig.description import ModuleDescription


@click.command()
@rig_option
@firmware_option
@slot_option
@click.option("--always", "rewrites_all", is_flag=True, help="Write what is there already, too.")
@click.option("--init-data", "with_init_data", is_flag=True,
              help="Write esp_init_data_default.bin too, if the firmware has it.")  # fmt: skip
@click.option("--force-512k", is_flag=True, help="Go on with a flash of 512 KB.")
def flash(
    rig_file: Path | None,
    firmware_file: Path | None,
    slot: int,
    *,
    rewrites_all: bool,
    with_init_data: bool,
    force_512k: bool,
) -> None:
    """Write a firmware to the documented offsets, verify it, and start it.

    boot.bin goes to 0x00000, user1.bin to 0x01000, blank.bin to 0x7E000 and to the last sector
    but one. What the flash holds already is not written again, but for a virtual module whose
    state is not kept in a file: it comes with the firmware, so all of it is written.
    """
    from hil.flashing.flasher import Flasher  # noqa: PLC0415 - esptool is slow to import
    from hil.flashing.progress import image_progress  # noqa: PLC0415

    firmware = load(firmware_file)
    if firmware_file is None and not describe(rig_file).is_virtual:
        raise MistakeError(
            "the synthesized firmware does nothing on a real module; name a firmware with "
            "--firmware (`hil firmware import` makes one of a vendor's SDK)"
        )
    with opened(rig_file, firmware_file) as rig:
        module = rig.module(slot)
        with image_progress(sys.stderr) as progress:
            record = Flasher(module, baud=rig.description.flash_baud).flash(
                firmware,
                rewrites_all=rewrites_all or _comes_with_it(module.description),
                with_init_data=with_init_data,
                force_512k=force_512k,
                progress=progress,
            )
        click.echo(
            f"{record.chip}, MAC {record.mac}, chip id 0x{record.chip_id:08x}, flash id "
            f"0x{record.flash_id:06x}, {format_size(record.flash_size_bytes)}"
        )
        for region in record.regions:
            click.echo(
                f"  {format_offset(region.offset)}  {region.length_bytes:>7} bytes  "
                f"{region.name:<24} {'written' if region.is_written else 'unchanged':<9} "
                f"verified, sha256 {region.sha256[:12]}{_patch_of(region)}"
            )
        for warning in record.warnings:
            click.echo(f"warning: {warning}", err=True)
        click.echo(f"flashed in {format_duration(record.duration_ns)}; starting the firmware")
        module.start()
        for line in module.at.gmr().lines:
            click.echo(f"  {line}")


def _comes_with_it(module: ModuleDescription) -> bool:
    """Whether a module holds the firmware only because the virtual rig was given it."""
    flash = module.flash
    return flash is not None and flash.content == "factory" and flash.state is None


def _patch_of(region: RegionRecord) -> str:
    """What to say of an image whose header esptool has changed on the way."""
    if region.sha256 == region.image_sha256:
        return ""
    return f" (file {region.image_sha256[:12]}, flash size patched into its header)"
