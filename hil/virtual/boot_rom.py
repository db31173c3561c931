"""The mask ROM: what it prints after a reset and what it starts.

The log is computed from what is in the flash; its figures are those of a real chip for the same
image. Source: section 7 of the document prints a log; the rule for ``room``, ``tail`` and ``ho``
was derived from published logs and reproduces those of boot 1.2 to 1.7 (A-71).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from .image import RamImage, read_ram_image

if TYPE_CHECKING:
    from .flash import NorFlash

LINE_BYTES = 16
"""The ROM copies lines of this size; ``room`` and ``tail`` count within one."""

ROM_BAUD_PER_HZ = 115200 / 40_000_000
"""The ROM assumes a 40 MHz crystal: 74880 baud with the usual 26 MHz one (A-72)."""


class ResetCause(IntEnum):
    """The first figure of the boot log (A-72)."""

    NONE = 0
    POWER_ON = 1
    EXTERNAL = 2
    SOFTWARE = 3
    WATCHDOG = 4
    DEEP_SLEEP = 5


@dataclass(frozen=True, slots=True)
class Straps:
    """Levels of the three pins that the ROM samples when EXT_RSTB rises."""

    gpio0: bool = True
    gpio2: bool = True
    gpio15: bool = False

    @property
    def mode(self) -> int:
        """The first figure of ``boot mode``: 1 is the serial loader, 3 the flash."""
        return self.gpio15 << 2 | self.gpio0 << 1 | self.gpio2


class BootTarget(Enum):
    """What the ROM goes on to."""

    LOADER = "serial loader"
    FLASH = "the image in flash"
    NOTHING = "nothing that runs"


@dataclass(frozen=True, slots=True)
class RomBoot:
    """What the ROM does after one reset.

    Args:
        log: What it prints.
        target: What it goes on to.
        image: What it loaded, if that is an image.
    """

    log: bytes
    target: BootTarget
    image: RamImage | None = None


SERIAL_LOADER_MODE = 1
FLASH_MODE = 3
_SDIO_DETAIL = 6  # the second figure of `boot mode`; 6 and 7 are the common ones
_CAUSE_LINES = {ResetCause.NONE: b"unknown reset\r\n", ResetCause.WATCHDOG: b"wdt reset\r\n"}


def rom_boot(flash: NorFlash, straps: Straps, cause: ResetCause) -> RomBoot:
    """What the ROM prints and starts, from the straps and the content of the flash."""
    log = b"\r\n ets Jan  8 2013,rst cause:%d, boot mode:(%d,%d)\r\n\r\n" % (
        cause,
        straps.mode,
        _SDIO_DETAIL,
    )
    if straps.mode == SERIAL_LOADER_MODE:
        return RomBoot(log, BootTarget.LOADER)
    log += _CAUSE_LINES.get(cause, b"")
    if straps.mode != FLASH_MODE:
        return RomBoot(log, BootTarget.NOTHING)
    image = read_ram_image(flash, 0)
    if image is None:
        return RomBoot(log + b"ets_main.c \r\n", BootTarget.NOTHING)
    log += load_log(image)
    if not image.is_intact:
        return RomBoot(log + b"csum err     \r\nets_main.c \r\n", BootTarget.NOTHING, image)
    return RomBoot(log, BootTarget.FLASH, image)


def load_log(image: RamImage) -> bytes:
    """The lines that the ROM prints while it copies the segments of an image to RAM."""
    lines = []
    room = LINE_BYTES
    for segment in image.segments:
        tail = (segment.length_bytes - room) % LINE_BYTES
        lines.append(
            f"load 0x{segment.address:08x}, len {segment.length_bytes}, room {room} \r\n"
            f"tail {tail}\r\nchksum 0x{segment.checksum:02x}\r\n"
        )
        left = LINE_BYTES - tail
        is_last = segment is image.segments[-1]
        if left >= 8:
            room = left - 8
        else:  # the next segment header does not fit behind the tail
            if not is_last:
                lines.append(f"ho 0 tail {tail} room {left}\r\n")
            room = LINE_BYTES - (8 - left)
    lines.append(f"csum 0x{image.computed_checksum:02x}\r\n")
    return "".join(lines).encode()
