from __future__ import annotations

import pytest

from hil.at.boot_log import (
    BootLog,
    BootRecord,
    BootRemark,
    FatalException,
    Handover,
    ImageChecksum,
    JumpToUser,
    ResetBanner,
    ResetCause,
    SecondStage,
    SecondStageSetting,
    Segment,
    SegmentChecksum,
    SegmentLoad,
    SegmentTail,
    parse_boot_line,
    parse_boot_log,
)


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (
            b" ets Jan  8 2013,rst cause:5, boot mode:(3,7)",
            ResetBanner("Jan  8 2013", ResetCause.DEEP_SLEEP, 3, 7),
        ),
        (
            b"ets Jan 8 2013,rst cause: 1, boot mode: (3,3)",
            ResetBanner("Jan 8 2013", ResetCause.POWER_ON, 3, 3),
        ),
        (
            b" ets Jan  8 2013,rst cause:9, boot mode:(1,6)",
            ResetBanner("Jan  8 2013", 9, 1, 6),
        ),
        (b"load 0x3ffe8000, len 776, room 8 ", SegmentLoad(0x3FFE8000, 776, 8)),
        (b"tail 12", SegmentTail(12)),
        (b"chksum 0x0b", SegmentChecksum(0x0B)),
        (b"ho 0 tail 12 room 4", Handover(12, 4)),
        (b"csum 0xcb", ImageChecksum(0xCB)),
        (b"csum err     ", BootRemark("csum err", is_failure=True)),
        (b"ets_main.c ", BootRemark("ets_main.c", is_failure=True)),
        (b"wdt reset", BootRemark("wdt reset")),
        (b"unknown reset", BootRemark("unknown reset")),
        (b"2nd boot version : 1.7(5d6f877)", SecondStage("1.7(5d6f877)")),
        (b"  SPI Speed      : 40MHz", SecondStageSetting("SPI Speed", "40MHz")),
        (
            b"SPI Flash Size & Map: 8Mbit(512KB+512KB)",
            SecondStageSetting("SPI Flash Size & Map", "8Mbit(512KB+512KB)"),
        ),
        (b"jump to run user1 @ 1000", JumpToUser(1, 0x1000)),
        (b"jump to run user2", JumpToUser(2, None)),
        (b"error magic!", BootRemark("error magic!", is_failure=True)),
        (b"backup boot failed.", BootRemark("backup boot failed.", is_failure=True)),
        (b"Fatal exception (28):", FatalException(28)),
        (
            b"epc1=0x40247b76, epc2=0x00000000, excvaddr=0x00000014",
            BootRemark("epc1=0x40247b76, epc2=0x00000000, excvaddr=0x00000014", is_failure=True),
        ),
    ],
)
def test_line_of_a_boot_log(line: bytes, record: BootRecord) -> None:
    assert parse_boot_line(line) == record


@pytest.mark.parametrize(
    "line",
    [b"", b"OK", b"SDK version:1.0.1", b"load me", b"tail", b"error", b"\xffets", b"tail 4 x"],
)
def test_line_that_is_none_of_the_rom(line: bytes) -> None:
    assert parse_boot_line(line) is None


def test_log_joins_the_lines_of_a_segment() -> None:
    log = parse_boot_log(
        b"\xff\x00noise\r\n"
        b" ets Jan  8 2013,rst cause:2, boot mode:(3,6)\r\n\r\n"
        b"load 0x40100000, len 24444, room 16 \r\ntail 12\r\nchksum 0xe0\r\n"
        b"ho 0 tail 12 room 4\r\n"
        b"load 0x3ffe8000, len 3168, room 12 \r\ntail 4\r\nchksum 0x93\r\ncsum 0x93\r\n"
        b"SDK version: 0.9.1\r\n"
    )
    assert log.banner == ResetBanner("Jan  8 2013", ResetCause.EXTERNAL, 3, 6)
    assert log.segments == (
        Segment(0x40100000, 24444, 16, 12, 0xE0),
        Segment(0x3FFE8000, 3168, 12, 4, 0x93),
    )
    assert log.image_checksum == 0x93
    assert log.failures == ()
    assert log.debug_lines == ("SDK version: 0.9.1",)


def test_log_is_the_one_of_the_last_start() -> None:
    log = parse_boot_log(
        b" ets Jan  8 2013,rst cause:1, boot mode:(3,6)\r\ncsum 0x11\r\n"
        b"Fatal exception (0):\r\n"
        b" ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\nwdt reset\r\n"
        b"csum err\r\nets_main.c\r\n"
    )
    assert log.banner is not None
    assert log.banner.cause is ResetCause.WATCHDOG
    assert log.image_checksum is None
    assert [record for record in log.failures if isinstance(record, BootRemark)] == [
        BootRemark("csum err", is_failure=True),
        BootRemark("ets_main.c", is_failure=True),
    ]


def test_log_that_came_as_noise_is_empty() -> None:
    assert parse_boot_log(b"\xfe\x81c`\xf0\r\n\x00\n") == BootLog()
