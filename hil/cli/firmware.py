# ruff: noqa: PLC0415 - imports wait until a command runs, so that `hil --help` answers at once
"""``hil firmware``: make, import and check the images that a module is flashed with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.units import format_offset, format_size, parse_size

if TYPE_CHECKING:
    from hil.flashing.manifest import Firmware


def _parse_flash_size(
    _context: click.Context, _parameter: click.Parameter, value: str | None
) -> int | None:
    if value is None:
        return None
    try:
        return parse_size(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


_FOLDER = click.Path(file_okay=False, path_type=Path)
_output_option = click.option(
    "-o", "--output", type=_FOLDER, required=True, help="Folder for firmware.toml; made if need be."
)
_force_option = click.option(
    "--force", is_flag=True, help="Replace a firmware.toml that says something else."
)


@click.group()
def firmware() -> None:
    """Make, import and check the images that a module is flashed with."""


@firmware.command()
@_output_option
@_force_option
def synthesize(output: Path, *, force: bool) -> None:
    """Write a firmware without function but with valid headers and checksums.

    A virtual module boots it as AT 0.23. A real module does not: import a vendor's SDK for that.
    """
    from hil.flashing.manifest import save_firmware
    from hil.flashing.synthesis import synthesize as make

    made = make()
    _require_replaceable(made, output, force=force)
    saved = save_firmware(made, output)
    for image in saved.images:
        click.echo(f"{image.role.value:<10} {image.path}  {format_size(image.size_bytes)}")
    click.echo(f"wrote {saved.path}: {saved.name}")


@firmware.command("import")
@click.argument("tree", type=click.Path(exists=True, file_okay=False, path_type=Path))
@_output_option
@_force_option
@click.option(
    "--flash-size", callback=_parse_flash_size, help="Choose what fits this flash: 1MB, 4MB."
)
@click.option(
    "--map",
    "map_name",
    type=click.Choice(["512+512", "1024+1024", "256+256"]),
    help="Choose this flash map; otherwise 512+512, which the document describes, comes first.",
)
@click.option("--at-version", help="What AT+GMR answers, where the images do not say it: 0.23.0.0.")
@click.option("--copy", is_flag=True, help="Copy the images too, instead of referring to them.")
def import_(
    tree: Path,
    output: Path,
    *,
    force: bool,
    flash_size: int | None,
    map_name: str | None,
    at_version: str | None,
    copy: bool,
) -> None:
    """Read a vendor SDK's bin folder and write a manifest for what a download needs of it.

    TREE is the SDK's folder, or its bin folder. Every file is recognised by its content.
    """
    from hil.flashing.image import FlashMap
    from hil.flashing.manifest import MANIFEST_NAME, save_firmware, write_manifest
    from hil.flashing.vendor import import_tree

    imported = import_tree(
        tree,
        flash_size_bytes=flash_size,
        flash_map=FlashMap(map_name) if map_name else None,
        at_version=at_version,
    )
    width = max(len(str(found.path.relative_to(tree))) for found in imported.found)
    for found in sorted(imported.found, key=lambda each: not each.is_chosen):
        verdict = "chosen" if found.is_chosen else f"skipped: {found.verdict}"
        name = str(found.path.relative_to(tree))
        click.echo(f"{name:<{width}}  {found.description}; {verdict}")
    for note in imported.notes:
        click.echo(note)
    _require_replaceable(imported.firmware, output, force=force)
    if copy:
        saved = save_firmware(imported.firmware, output)
    else:
        saved = write_manifest(imported.firmware, output / MANIFEST_NAME)
    click.echo(f"wrote {saved.path}: {saved.name}")


def _require_replaceable(new: Firmware, folder: Path, *, force: bool) -> None:
    """Keep a manifest that somebody may have edited, unless it describes the same images."""
    from hil.errors import ManifestError
    from hil.flashing.manifest import MANIFEST_NAME, load_firmware

    path = folder / MANIFEST_NAME
    if force or not path.exists():
        return
    try:
        old = load_firmware(path)
    except ManifestError:
        old = None
    if old is None or _identity(old) != _identity(new):
        raise ManifestError(
            path,
            "",
            allowed="no manifest, or one of the same firmware",
            given="another manifest",
            remedy="Choose another folder, or replace it with --force",
        )


def _identity(described: Firmware) -> tuple[object, ...]:
    images = [(image.role, image.sha256, image.offset) for image in described.images]
    return (
        described.name,
        described.at_version,
        described.at_build,
        described.sdk_version,
        described.compile_time,
        images,
    )


@firmware.command()
@click.argument("manifest", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--flash-size", callback=_parse_flash_size, help="Check the places on this flash too: 1MB, 4MB."
)
@click.option("--init-data", is_flag=True, help="The download is to include the init data.")
@click.option("--force-512k", is_flag=True, help="Allow a 512 KB flash.")
def check(manifest: Path, *, flash_size: int | None, init_data: bool, force_512k: bool) -> None:
    """Check the images of a firmware, and where they would go.

    MANIFEST is a firmware.toml or its folder.
    """
    from hil.flashing.check import Severity, check_firmware, require_sound
    from hil.flashing.layout import plan_layout
    from hil.flashing.manifest import load_firmware

    loaded = load_firmware(manifest)
    click.echo(f"{loaded.name}, flash map {loaded.flash_map.value}, SDK {loaded.sdk_version}")
    for finding in check_firmware(
        loaded, flash_size, with_init_data=init_data, force_512k=force_512k
    ):
        if finding.severity is Severity.WARNING:
            click.echo(f"warning: {finding.image}: {finding.text}")
    require_sound(loaded, flash_size, with_init_data=init_data, force_512k=force_512k)
    if flash_size is None:
        click.echo(f"{len(loaded.images)} images are sound; --flash-size checks their places too")
        return
    layout = plan_layout(loaded, flash_size, with_init_data=init_data, force_512k=force_512k)
    for region in layout.regions:
        patched = region.patch is not None and region.patch.changes_the_image
        note = f"  (flash size becomes {layout.flash_size_name})" if patched else ""
        click.echo(
            f"{format_offset(region.offset)}  {format_size(len(region.data)):>9}  "
            f"{region.name}{note}"
        )
    click.echo(f"sound, and fits a flash of {format_size(flash_size)}")
