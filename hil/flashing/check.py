"""What is wrong with a firmware, found before a byte of it is written.

`check_firmware` lists everything it finds; `require_sound` refuses if one of the findings is an
error. A warning is something that works and that the operator should know.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from hil.errors import ImageError, LayoutError, ManifestError

from .image import (
    BLANK_SECTOR,
    INIT_DATA_BYTES,
    ImageKind,
    Role,
    is_at_firmware,
    loads_into_ram,
    parse_image,
    read_versions,
    recognise,
    speaks_sdio,
)
from .layout import USER1_OFFSET, plan_layout
from .manifest import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .image import FlashImage
    from .manifest import Firmware, ImageRef


class Severity(Enum):
    """Whether a finding forbids the download."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Args:
        severity: Whether it forbids the download.
        image: Name of the image; ``layout`` for what concerns their places.
        text: What is wrong.
    """

    severity: Severity
    image: str
    text: str


def check_firmware(
    firmware: Firmware,
    flash_size_bytes: int | None = None,
    *,
    with_init_data: bool = False,
    force_512k: bool = False,
) -> list[Finding]:
    """Everything that is wrong with a firmware, worst first.

    Args:
        firmware: What to check.
        flash_size_bytes: Check the layout for this size too; None checks the images alone.
        with_init_data: As for `plan_layout`.
        force_512k: As for `plan_layout`.
    """
    findings = [finding for image in firmware.images for finding in _check_image(image, firmware)]
    if flash_size_bytes is not None:
        try:
            layout = plan_layout(
                firmware, flash_size_bytes, with_init_data=with_init_data, force_512k=force_512k
            )
        except LayoutError as error:
            findings += [_error("layout", problem) for problem in error.problems]
        except ManifestError:
            pass  # the image that cannot be read, or has changed, is among the findings already
        else:
            findings += [_warning("layout", text) for text in layout.warnings]
    return sorted(findings, key=lambda finding: finding.severity is not Severity.ERROR)


def require_sound(
    firmware: Firmware,
    flash_size_bytes: int | None = None,
    *,
    with_init_data: bool = False,
    force_512k: bool = False,
) -> None:
    """Let only a sound firmware pass.

    Raises:
        ImageError: `check_firmware` finds errors; all of them are in it.
    """
    findings = check_firmware(
        firmware, flash_size_bytes, with_init_data=with_init_data, force_512k=force_512k
    )
    problems = [
        f"{finding.image}: {finding.text}"
        for finding in findings
        if finding.severity is Severity.ERROR
    ]
    if problems:
        raise ImageError(firmware.name, problems)


def _error(image: str, text: str) -> Finding:
    return Finding(Severity.ERROR, image, text)


def _warning(image: str, text: str) -> Finding:
    return Finding(Severity.WARNING, image, text)


def _check_image(ref: ImageRef, firmware: Firmware) -> Iterator[Finding]:
    try:
        data = ref.read_unchecked()
    except ManifestError as error:
        yield _error(ref.name, f"cannot be read: {error.given}")
        return
    if len(data) != ref.size_bytes:
        yield _error(ref.name, f"has {len(data)} bytes, not {ref.size_bytes} as in the manifest")
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != ref.sha256:
        yield _error(ref.name, f"has the sha256 {sha256}, not {ref.sha256} as in the manifest")
    if ref.role is Role.BLANK:
        yield from _check_blank(ref.name, data)
    elif ref.role is Role.INIT_DATA:
        yield from _check_init_data(ref.name, data)
    else:
        yield from _check_code(ref, data, firmware)


def _check_blank(name: str, data: bytes) -> Iterator[Finding]:
    if data != BLANK_SECTOR:
        used = len(data) - data.count(0xFF)
        yield _error(
            name,
            f"is not one erased sector of {len(BLANK_SECTOR)} bytes of FF (DL-09): it has "
            f"{len(data)} bytes, {used} of them other than FF",
        )


def _check_init_data(name: str, data: bytes) -> Iterator[Finding]:
    if recognise(data) is not Role.INIT_DATA:
        yield _error(
            name,
            f"is not init data, {INIT_DATA_BYTES} bytes that begin with 05 (A-74): it has "
            f"{len(data)} bytes and begins with {data[:1].hex() or 'nothing'}",
        )


def _check_code(ref: ImageRef, data: bytes, firmware: Firmware) -> Iterator[Finding]:
    try:
        image = parse_image(data, ref.name)
    except ImageError as error:
        yield from (_error(ref.name, problem) for problem in error.problems)
        return
    role = recognise(data)
    if role is not ref.role:
        found = role.value if role else "nothing known"
        yield _error(ref.name, f"is to be {ref.role.value} and is {found} by its content")
    yield from _check_sums(ref.name, image)
    yield from _check_addresses(ref.name, image)
    padding = data[image.length :]
    if padding.strip(b"\xff") and padding.strip(b"\0"):
        yield _error(ref.name, f"has {len(padding)} bytes of something else behind its end")
    if ref.role is Role.BOOT and len(data) > USER1_OFFSET:
        yield _error(
            ref.name, f"has {len(data)} bytes and must end below 0x01000, where user1 begins"
        )
    if image.kind is ImageKind.SLOTTED:
        yield from _check_user(ref.name, data, image, firmware)


def _check_sums(name: str, image: FlashImage) -> Iterator[Finding]:
    if image.checksum_stored != image.checksum_computed:
        yield _error(
            name,
            f"has the checksum {image.checksum_stored:02X} where its segments give "
            f"{image.checksum_computed:02X}: the file is damaged",
        )
    if image.crc_stored is None or image.crc_computed is None:
        if image.kind is ImageKind.SLOTTED:
            yield _warning(
                name,
                "has no CRC32, as usual up to SDK 1.0.1: only the manifest's hash guards its "
                "irom part",
            )
    elif image.crc_stored != image.crc_computed:
        yield _error(
            name,
            f"has the CRC32 {image.crc_stored:08X} where its content gives "
            f"{image.crc_computed:08X}: the file is damaged",
        )


def _check_addresses(name: str, image: FlashImage) -> Iterator[Finding]:
    for segment in image.segments:
        if not loads_into_ram(segment):
            yield _error(
                name,
                f"loads {segment.length} bytes to 0x{segment.address:08X}, outside of the RAM",
            )
    if not any(
        segment.address <= image.entry < segment.address + segment.length
        for segment in image.segments
    ):
        yield _error(name, f"starts at 0x{image.entry:08X}, where it loads nothing")


def _check_user(name: str, data: bytes, image: FlashImage, firmware: Firmware) -> Iterator[Finding]:
    if image.flash_map is not firmware.flash_map:
        found = image.flash_map.value if image.flash_map else f"no map (code {image.flash_size})"
        yield _error(name, f"is linked for {found}, the manifest says {firmware.flash_map.value}")
    if not is_at_firmware(data):
        yield _warning(name, "has no `AT version:` in it: it may not answer AT commands (line 132)")
    if speaks_sdio(data):
        yield _error(name, "takes its AT commands over SDIO, not over the UART")
    said = read_versions(data)
    for key, in_image, in_manifest in (
        ("at_version", said.at_version, firmware.at_version),
        ("sdk_version", said.sdk_version, firmware.sdk_version),
    ):
        if in_image and in_manifest not in {UNKNOWN, in_image}:
            yield _warning(name, f"says {key} {in_image}, the manifest says {in_manifest}")
