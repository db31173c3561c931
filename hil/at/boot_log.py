"""The boot log: what the ROM and the second boot stage print before the firmware speaks.

The document shows one log (section 7, lines 996-1011). Real modules print it without the blanks
of that sample (A-71), at 74,880 baud with the usual crystal (A-72), so that a host at the
firmware's speed sees noise instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class ResetCause(IntEnum):
    """The figure behind ``rst cause:`` (A-72).

    A restart by software repeats the cause of the start before it, so AT+RST proves nothing here.
    """

    UNKNOWN = 0
    POWER_ON = 1
    EXTERNAL = 2
    SOFTWARE = 3
    WATCHDOG = 4
    DEEP_SLEEP = 5
    DEEP_SLEEP_POWER_ON = 6


@dataclass(frozen=True, slots=True)
class ResetBanner:
    """``ets Jan  8 2013,rst cause:1, boot mode:(3,6)`` (line 996): a start begins.

    Args:
        rom_date: Date of the boot ROM, blanks as printed.
        cause: Why the chip starts; a plain number where `ResetCause` has no name for it.
        boot_mode: First figure: 3 runs from flash, 1 waits for a download.
        boot_option: Second figure; it varies and means nothing here.
    """

    rom_date: str
    cause: int
    boot_mode: int
    boot_option: int


@dataclass(frozen=True, slots=True)
class SegmentLoad:
    """``load 0x40100000, len 26336, room 16`` (line 999)."""

    address: int
    length_bytes: int
    room_bytes: int


@dataclass(frozen=True, slots=True)
class SegmentTail:
    """``tail 0`` (line 1000): bytes behind the last whole line of 16."""

    tail_bytes: int


@dataclass(frozen=True, slots=True)
class SegmentChecksum:
    """``chksum 0xde`` (line 1001): running checksum up to this segment."""

    value: int


@dataclass(frozen=True, slots=True)
class Handover:
    """``ho 0 tail 12 room 4``: the next segment begins inside a line of 16 (A-71)."""

    tail_bytes: int
    room_bytes: int


@dataclass(frozen=True, slots=True)
class ImageChecksum:
    """``csum 0xcb`` (line 1008): checksum of the whole image."""

    value: int


@dataclass(frozen=True, slots=True)
class BootRemark:
    """A line of the ROM or the second stage that carries no figure worth its own type.

    Args:
        text: As printed, without surrounding blanks: ``wdt reset``, ``csum err``, ``error magic!``.
        is_failure: Whether it says that the start went wrong.
    """

    text: str
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class SecondStage:
    """``2nd boot version : 1.6``: boot.bin runs."""

    version: str


@dataclass(frozen=True, slots=True)
class SecondStageSetting:
    """``SPI Mode : QIO`` and its siblings."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class JumpToUser:
    """``jump to run user1 @ 1000``.

    Args:
        slot: 1 or 2.
        offset: Where in the flash; None for a second stage that does not tell.
    """

    slot: int
    offset: int | None


@dataclass(frozen=True, slots=True)
class FatalException:
    """``Fatal exception (28):``: the firmware crashed."""

    number: int


BootRecord = (
    ResetBanner
    | SegmentLoad
    | SegmentTail
    | SegmentChecksum
    | Handover
    | ImageChecksum
    | BootRemark
    | SecondStage
    | SecondStageSetting
    | JumpToUser
    | FatalException
)

_CAUSES: dict[int, ResetCause] = {cause.value: cause for cause in ResetCause}


def _cause(figure: str) -> int:
    number = int(figure)
    return _CAUSES.get(number, number)


def _remark(*, is_failure: bool) -> Callable[[re.Match[str]], BootRecord]:
    return lambda match: BootRemark(match[0].strip(), is_failure=is_failure)


# By the first word of a line: its whole pattern, and what it says. A line begins with at most one
# of these words, so that one look-up decides for every other line that it is none of the ROM's.
_LINES: dict[bytes, list[tuple[str, Callable[[re.Match[str]], BootRecord]]]] = {
    b"ets": [
        (
            r"ets (\w{3} +\d+ +\d{4}), ?rst cause: ?(\d+), ?boot mode: ?\((\d+), ?(\d+)\)",
            lambda m: ResetBanner(m[1], _cause(m[2]), int(m[3]), int(m[4])),
        )
    ],
    b"load": [
        (
            r"load 0x([0-9a-f]{8}), len (\d+), room (\d+)",
            lambda m: SegmentLoad(int(m[1], 16), int(m[2]), int(m[3])),
        )
    ],
    b"tail": [(r"tail (\d+)", lambda m: SegmentTail(int(m[1])))],
    b"chksum": [(r"chksum 0x([0-9a-f]{2})", lambda m: SegmentChecksum(int(m[1], 16)))],
    b"ho": [(r"ho \d+ tail (\d+) room (\d+)", lambda m: Handover(int(m[1]), int(m[2])))],
    b"csum": [
        (r"csum 0x([0-9a-f]{2})", lambda m: ImageChecksum(int(m[1], 16))),
        (r"csum err", _remark(is_failure=True)),
    ],
    b"wdt": [(r"wdt reset", _remark(is_failure=False))],
    b"unknown": [(r"unknown reset", _remark(is_failure=False))],
    b"ets_main.c": [(r"ets_main\.c(?: \d+)?", _remark(is_failure=True))],
    b"2nd": [(r"2nd boot version ?: ?(.+)", lambda m: SecondStage(m[1]))],
    b"SPI": [
        (
            r"(SPI (?:Speed|Mode|Flash Size(?: & Map)?)) *: ?(.+)",
            lambda m: SecondStageSetting(m[1], m[2]),
        )
    ],
    b"jump": [
        (
            r"jump to (?:run )?user([12])(?: @ ([0-9a-f]+))?",
            lambda m: JumpToUser(int(m[1]), int(m[2], 16) if m[2] else None),
        )
    ],
    b"error": [(r"error (?:magic!|user bin flag, flag = .+)", _remark(is_failure=True))],
    b"first": [(r"first boot failed.*", _remark(is_failure=True))],
    b"backup": [(r"backup boot failed\.?", _remark(is_failure=True))],
    b"Fatal": [(r"Fatal exception ?\((\d+)\):", lambda m: FatalException(int(m[1])))],
    b"epc1": [(r"epc1=0x[0-9a-f]{8},.*", _remark(is_failure=True))],
}
_PATTERNS = {
    word: [(re.compile(pattern), make) for pattern, make in alternatives]
    for word, alternatives in _LINES.items()
}
_FIRST_WORD = re.compile(rb"[ \t]*([\w.]+)")


def parse_boot_line(line: bytes) -> BootRecord | None:
    """What a line of a boot log says, or None if it is not the ROM's or the second stage's.

    Args:
        line: One line without its line end. Blanks around it do not matter.
    """
    word = _FIRST_WORD.match(line)
    if word is None or (alternatives := _PATTERNS.get(word[1])) is None:
        return None
    text = line.decode("ascii", "replace").strip()
    for pattern, make in alternatives:
        if match := pattern.fullmatch(text):
            return make(match)
    return None


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment as the ROM loaded it; None where its line did not come."""

    address: int
    length_bytes: int
    room_bytes: int
    tail_bytes: int | None = None
    checksum: int | None = None


@dataclass(frozen=True, slots=True)
class BootLog:
    """One start of the module, as far as its log was readable.

    Args:
        banner: The first line, or None if it came as noise.
        segments: What the ROM loaded.
        image_checksum: The figure behind ``csum``, or None.
        records: Every readable line of this start, in order.
        debug_lines: Text that is none of the ROM's or the second stage's, such as the SDK version
            and the mode (lines 1009-1011). Only of a whole captured log: in a conversation such
            a line cannot be told from a reply.
    """

    banner: ResetBanner | None = None
    segments: tuple[Segment, ...] = ()
    image_checksum: int | None = None
    records: tuple[BootRecord, ...] = field(default=(), repr=False)
    debug_lines: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[BootRecord, ...]:
        """What says that this start went wrong."""
        return tuple(
            record
            for record in self.records
            if isinstance(record, FatalException)
            or (isinstance(record, BootRemark) and record.is_failure)
        )


def collect_boot_log(records: Iterable[BootRecord]) -> BootLog:
    """The last start among the records of a boot log."""
    kept: list[BootRecord] = []
    for record in records:
        if isinstance(record, ResetBanner):
            kept.clear()
        kept.append(record)
    banner = kept[0] if kept and isinstance(kept[0], ResetBanner) else None
    image_checksum = next(
        (record.value for record in reversed(kept) if isinstance(record, ImageChecksum)), None
    )
    return BootLog(banner, _segments(kept), image_checksum, tuple(kept))


def parse_boot_log(data: bytes) -> BootLog:
    """The last start in a captured boot log; bytes that are no text are skipped."""
    records: list[BootRecord] = []
    debug_lines: list[str] = []
    for line in data.split(b"\n"):
        record = parse_boot_line(line.strip(b"\r"))
        if isinstance(record, ResetBanner):
            debug_lines.clear()
        if record is not None:
            records.append(record)
        elif line.isascii() and (text := line.decode("ascii").strip()).isprintable() and text:
            debug_lines.append(text)
    return replace(collect_boot_log(records), debug_lines=tuple(debug_lines))


def _segments(records: Iterable[BootRecord]) -> tuple[Segment, ...]:
    """Load lines, each joined with the tail and checksum lines that follow it."""
    segments: list[Segment] = []
    for record in records:
        if isinstance(record, SegmentLoad):
            segments.append(Segment(record.address, record.length_bytes, record.room_bytes))
        elif not segments:
            continue
        elif isinstance(record, SegmentTail):
            segments[-1] = replace(segments[-1], tail_bytes=record.tail_bytes)
        elif isinstance(record, SegmentChecksum):
            segments[-1] = replace(segments[-1], checksum=record.value)
    return tuple(segments)
