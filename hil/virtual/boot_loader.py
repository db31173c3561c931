"""The second stage: boot.bin, which the ROM loads and which starts user1.bin or user2.bin.

Which of the two stands in `hil.virtual.user_slot`; if that one is broken, the other is tried.

The text is that of Espressif's boot loaders: 1.7 prints without padding, 1.4 to 1.6 pad and name
the flash map, 1.1 to 1.3 pad and name the size only. The figures come from the header of the image
at address 0, which esptool may have patched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .image import RamImage, UserImage, read_user_image
from .user_slot import BootSwitch, FlashMap, flash_map_of

if TYPE_CHECKING:
    from .flash import NorFlash

_VERSION = re.compile(rb"2nd boot version : (\d+)\.(\d+)([^\0\n]*)")
_SPEEDS = {0x0: "40MHz", 0x1: "26.7MHz", 0x2: "20MHz", 0xF: "80MHz"}
_MODES = {0: "QIO", 1: "QOUT", 2: "DIO", 3: "DOUT"}


class BootStep(Enum):
    """What the boot loader ends with."""

    RUN = "jump to the user program"
    WATCHDOG = "wait for the watchdog, then try the backup"
    HALT = "nothing that runs"


@dataclass(frozen=True, slots=True)
class BootLoaderRun:
    """What the boot loader does after one reset.

    Args:
        text: What it prints.
        step: What it ends with.
        user: The program that it starts.
        number: The slot in which that stands.
    """

    text: bytes
    step: BootStep
    user: UserImage | None = None
    number: int = 1


def run_boot_loader(flash: NorFlash, image: RamImage, *, is_second_try: bool) -> BootLoaderRun:
    """What the program that the ROM loaded from address 0 prints and starts.

    Args:
        flash: The flash.
        image: What the ROM loaded.
        is_second_try: Whether the first program failed and this is the reset that followed.

    Returns:
        Nothing printed and a halt, if the image is not one of Espressif's boot loaders.
    """
    version = _VERSION.search(flash.read(0, image.end_offset))
    if version is None:
        return BootLoaderRun(b"", BootStep.HALT)
    numbers = int(version[1]), int(version[2])
    flash_map = flash_map_of(image.header)
    if flash_map is None:
        return BootLoaderRun(b"\nflash map not support\n", BootStep.HALT)
    chosen = BootSwitch(flash).number
    slot = flash_map.slot(3 - chosen if is_second_try else chosen)
    text = _banner(version[0].decode(), numbers, image.header, flash_map)
    text += f"jump to run user{slot.number}"
    text += f" @ {slot.offset:x}\n\n" if numbers >= (1, 4) else "\n\n"
    user = read_user_image(flash, slot.offset)
    if user is not None and user.ram.is_intact:
        return BootLoaderRun(text.encode(), BootStep.RUN, user, slot.number)
    text += "error magic!\n" if user is None else "csum err\n"
    if numbers < (1, 3):  # no backup yet: it hangs where it is
        return BootLoaderRun(text.encode(), BootStep.HALT)
    if is_second_try:
        text += "backup boot failed.\n"
        return BootLoaderRun(text.encode(), BootStep.HALT)
    text += "first boot failed, reboot to try backup bin\n"
    return BootLoaderRun(text.encode(), BootStep.WATCHDOG)


def _banner(title: str, numbers: tuple[int, int], header: bytes, flash_map: FlashMap) -> str:
    speed = _SPEEDS.get(header[3] & 0x0F, "40MHz")
    mode = _MODES.get(header[2], "QIO")
    size = flash_map.size + flash_map.split if numbers >= (1, 4) else flash_map.size
    size_label = "SPI Flash Size & Map" if numbers >= (1, 4) else "SPI Flash Size"
    if numbers >= (1, 7):
        lines = [f"SPI Speed : {speed}", f"SPI Mode : {mode}", f"{size_label}: {size}"]
    else:
        after = ": " if numbers >= (1, 4) else " : "
        lines = [
            f"  SPI Speed      : {speed}",
            f"  SPI Mode       : {mode}",
            f"  {size_label}{after}{size}",
        ]
    return "\n".join(["", title, *lines, ""])
