"""Where the two flasher stubs that esptool 5 carries differ to the outside, in one table.

Source: Espressif's sources of both, read: esp-flasher-stub (with esp-stub-lib) for version 2,
esptool-legacy-flasher-stub for version 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from .loader_protocol import (
    STUB_BAD_CHECKSUM,
    STUB_BAD_LENGTH,
    STUB_NOT_ENOUGH_DATA,
    STUB_NOT_IMPLEMENTED,
    STUB_TOO_MUCH_DATA,
    STUB_UNKNOWN,
    Statuses,
)


@dataclass(frozen=True, slots=True)
class StubVersion:
    """One flasher stub.

    Args:
        statuses: What it answers to requests that are no requests.
        wrong_block_length: What it answers to a block that is not as long as it says.
        wrong_region: What it answers when a region cannot be erased.
        missing_data: What it answers at the end of a download that is not complete.
        excess_block: What goes wrong with a packed block when all data is there; None if nothing.
        excess_at_end: What it answers at the end if more was packed than announced, likewise.
        has_plugins: Whether it knows the commands for NAND flash, and that they are missing here.
        checks_block_size: Whether it refuses a download in larger blocks than it can take.
        leaves: Whether END with argument 0 reboots and RUN_USER_CODE starts the program in flash.
        skips_blank: Whether sectors that are erased are left alone up to the first that is not.
        erases_at_begin: Whether the first erase begins with BEGIN, not with the first block.
        erases_what_is_touched: Whether what lies behind a block is erased if the block ends just
            before it.
        tells_any: Whether what went wrong behind an acknowledgement is told instead of carrying
            out the next request, whatever that is; else it is told by all of the download's.
        least_block_erase_bytes: How much of a region must be left to be erased for a block of
            64 KB to be erased at once.
    """

    statuses: Statuses
    wrong_block_length: bytes
    wrong_region: bytes
    missing_data: bytes
    excess_block: bytes | None
    excess_at_end: bytes | None
    has_plugins: bool
    checks_block_size: bool
    leaves: bool
    skips_blank: bool
    erases_at_begin: bool
    erases_what_is_touched: bool
    tells_any: bool
    least_block_erase_bytes: int


STUB_VERSIONS = {
    1: StubVersion(
        statuses=Statuses(STUB_NOT_IMPLEMENTED, STUB_BAD_LENGTH, STUB_BAD_CHECKSUM),
        wrong_block_length=STUB_BAD_LENGTH,
        wrong_region=b"\x01\x00",  # its status is a truth value
        missing_data=STUB_NOT_ENOUGH_DATA,
        excess_block=STUB_TOO_MUCH_DATA,
        excess_at_end=None,
        has_plugins=False,
        checks_block_size=True,
        leaves=True,
        skips_blank=False,
        erases_at_begin=False,
        erases_what_is_touched=True,
        tells_any=False,
        least_block_erase_bytes=0x1_1000,
    ),
    2: StubVersion(
        statuses=Statuses(STUB_UNKNOWN, STUB_BAD_LENGTH, STUB_BAD_CHECKSUM),
        wrong_block_length=STUB_TOO_MUCH_DATA,
        wrong_region=STUB_BAD_LENGTH,
        missing_data=STUB_BAD_LENGTH,
        excess_block=None,
        excess_at_end=STUB_BAD_LENGTH,
        has_plugins=True,
        checks_block_size=False,
        leaves=False,
        skips_blank=True,
        erases_at_begin=True,
        erases_what_is_touched=False,
        tells_any=True,
        least_block_erase_bytes=0x1_0000,
    ),
}
