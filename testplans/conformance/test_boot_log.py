"""What the module prints when it starts (document, section 7).

The output of the boot ROM is a matter of the smoke plan; here is what the firmware adds to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.boot_log import parse_boot_log
from hil.at.talk import OK

from .restart import reset

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.rig.module import RigModule

SAMPLE = (
    b"\r\n ets Jan  8 2013,rst cause:1, boot mode:(3,3)\r\n\r\n"
    b"load 0x40100000, len 26336, room 16 \r\ntail 0\r\nchksum 0xde\r\n"
    b"load 0x3ffe8000, len 5672, room 8 \r\ntail 0\r\nchksum 0x69\r\n"
    b"load 0x3ffe9630, len 8348, room 8 \r\ntail 4\r\nchksum 0xcb\r\n"
    b"csum 0xcb\r\n\r\nSDK version:0.9.1\r\naddr not ack when tx write cmd\r\n"
    b"mode : sta(18:fe:34:97:d5:7b) + softAP(1a:fe:34:97:d5:7b)\r\n"
)
_MAC = r"((?:[0-9a-f]{2}:){5}[0-9a-f]{2})"


@pytest.mark.clause("BOOT-10")
def test_the_start_tells_the_version_of_the_sdk(talk: Talk, module: RigModule) -> None:
    version = talk.say("AT+GMR").match(re.compile(".*"), re.compile("SDK version:(.*)"), _ANY, OK)
    assert version is not None

    text = reset(talk, module).text

    told = re.search(r"^SDK version: ?(\S+)", text, re.MULTILINE)
    assert told is not None
    assert told[1] == version.groups[0]


@pytest.mark.clause("BOOT-11")
@pytest.mark.parametrize(
    ("mode", "pattern"),
    [
        (1, rf"^mode : sta\({_MAC}\)$"),
        (2, rf"^mode : softAP\({_MAC}\)$"),
        (3, rf"^mode : sta\({_MAC}\) \+ softAP\({_MAC}\)$"),
    ],
)
def test_the_start_tells_the_mode_and_the_addresses(
    talk: Talk, module: RigModule, mode: int, pattern: str
) -> None:
    addresses = _addresses(talk)
    talk.ok(f"AT+CWMODE_DEF={mode}")

    text = reset(talk, module).text

    told = re.search(pattern, text.replace("\r", ""), re.MULTILINE)
    assert told is not None
    assert told.groups() == tuple(addresses[bit] for bit in (0, 1) if mode & (bit + 1))


@pytest.mark.clause("BOOT-12")
def test_other_lines_of_the_log_are_passed_over() -> None:
    log = parse_boot_log(SAMPLE)

    assert log.banner is not None
    assert (int(log.banner.cause), log.banner.boot_mode) == (1, 3)
    assert len(log.segments) == 3
    assert log.image_checksum == 0xCB


@pytest.mark.clause("BOOT-13")
def test_the_address_of_the_softap_is_that_of_the_station_with_bit_1_set(talk: Talk) -> None:
    station, softap = _addresses(talk)

    assert int(softap[:2], 16) == int(station[:2], 16) | 2
    assert softap[2:] == station[2:]


_ANY = re.compile(".*")


def _addresses(talk: Talk) -> tuple[str, str]:
    """Of the station and of the softAP."""
    talk.ok("AT+CWMODE_CUR=3")
    found = []
    for name in ("CIPSTAMAC_CUR", "CIPAPMAC_CUR"):
        match = talk.expect(f"AT+{name}?", re.compile(rf'\+{name}:"{_MAC}"'), OK)
        found.append(match.groups[0] or "")
    return found[0], found[1]
