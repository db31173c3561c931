"""Recorded exchanges of TCP/IP commands, replayed through `espressif-0.23`.

See `test_recorded_exchanges`; test ids name the recordings.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.flashing.image import Role
from hil.flashing.layout import plan_layout
from hil.flashing.synthesis import synthesize
from hil.units import MIB
from hil.virtual.firmware.dialect import ESPRESSIF_0_23
from hil.virtual.flash import NorFlash
from hil.virtual.network.message import TcpCame

from .link_player import LinkPlayer
from .recording import (
    ERROR,
    OK,
    Line,
    acknowledged,
    answered,
    connected,
    datagram,
    fresh,
    joined,
    joined_station,
    linked,
    module,
    multiple,
    multiply_linked,
    recorded,
    registered,
    replay,
)
from .update_server import UpdateServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from .recording import Steps

PROMPT: tuple[Line, ...] = (*OK, ("rx", "> "))
SEND_OK: tuple[Line, Line] = (("rx", ""), ("rx", "SEND OK"))


def received(size: int) -> tuple[Line, Line]:
    """The lines that confirm a payload."""
    return ("rx", ""), ("rx", f"Recv {size} bytes")


def after_a_link(player: LinkPlayer) -> None:
    """Joined, for several connections; a link was there and is closed, which makes the state 4."""
    multiply_linked(player)
    player.order(b"AT+CIPCLOSE=0")
    player.take_requests()


def with_a_client(player: LinkPlayer) -> None:
    """Joined and serving; a station of the softAP has connected."""
    joined(player)
    player.serve()
    player.hear(TcpCame(-1, 333, IPv4Address("192.168.4.2"), 51824))


def with_link_3(player: LinkPlayer) -> None:
    """Joined, for several connections, with TCP link 3."""
    multiple(player)
    player.start_tcp(3)


def multiple_station(player: LinkPlayer) -> None:
    """Station mode, joined, for several connections."""
    joined_station(player)
    player.order(b"AT+CIPMUX=1")


def with_udp_link(player: LinkPlayer) -> None:
    """Joined, for several connections, with UDP link 0."""
    multiple(player)
    player.start_udp(0)


@pytest.mark.parametrize(
    ("prepare", "steps", "keeps_blanks"),
    [
        recorded(
            "tcp-cipstatus-udp-0020",
            after_a_link,
            ("tx", 'AT+CIPSTART=0,"UDP","192.168.1.119",514'),
            registered(13566),
            ("rx", "0,CONNECT"),
            *OK,
            ("tx", 'AT+CIPSTART=2,"UDP","192.168.1.111",514'),
            registered(18867),
            ("rx", "2,CONNECT"),
            *OK,
            ("tx", "AT+CIPSTATUS"),
            ("rx", "STATUS:4"),
            ("rx", '+CIPSTATUS:0,"UDP","192.168.1.119",514,13566,0'),
            ("rx", '+CIPSTATUS:2,"UDP","192.168.1.111",514,18867,0'),
            *OK,
        ),
        recorded(
            "tcp-cipstart-mux-udp-0020",
            multiple,
            ("tx", 'AT+CIPSTART=0,"UDP","192.168.1.119",514'),
            registered(4097),
            ("rx", "0,CONNECT"),
            *OK,
        ),
        recorded(
            "tcp-cipclose-0020, its first half",
            linked,
            ("tx", "AT+CIPCLOSE"),
            ("rx", "CLOSED"),
            *OK,
        ),
        recorded(
            "tcp-cipclose-0020, its second half",
            with_link_3,
            ("tx", "AT+CIPCLOSE=3"),
            ("rx", "3,CLOSED"),
            *OK,
        ),
        recorded(
            "tcp-cipserver-0020",  # but for deleting the server, which 0.20 could not
            multiple,
            ("tx", "AT+CIPSERVER=1,514"),
            *OK,
        ),
        recorded(
            "tcp-ipd-ok-0020",  # OK follows the data of UDP links only
            with_udp_link,
            datagram(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            ("rx", ""),
            ("rx", "+IPD,0,26:ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
            ("rx", "OK"),
        ),
        recorded(
            "tcp-udp-link-not-valid-wifiesp210",
            multiple,
            ("tx", 'AT+CIPSEND=3,15,"192.168.68.104",514'),
            ("rx", "link is not valid"),
            *ERROR,
        ),
        recorded(
            "tcp-cipstart-status-send-1200-wcc",  # but for the state, with a later field
            joined,
            ("tx", 'AT+CIPSTART="TCP","192.168.43.140",6000'),
            connected,
            ("rx", "CONNECT"),
            *OK,
            ("tx", "AT+CIPSEND=4"),
            *PROMPT,
            ("data", "abcd"),
            *received(4),
            acknowledged,
            *SEND_OK,
            keeps_blanks=False,
        ),
        recorded(
            "tcp-cipstatus-4disc-0020-stm32",
            after_a_link,
            ("tx", "AT+CIPSERVER=1,8888"),
            *OK,
            ("tx", "AT+CIPSTATUS"),
            ("rx", "STATUS:4"),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "tcp-cipstatus-sparkfun-client",
            joined,
            ("tx", 'AT+CIPSTART="TCP","203.0.113.10",80'),
            connected,
            ("rx", "CONNECT"),
            *OK,
            ("tx", "AT+CIPSTATUS"),
            ("rx", "STATUS:3"),
            ("rx", '+CIPSTATUS:0,"TCP","203.0.113.10",80,0'),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "tcp-cipstatus-server-smartsocket",
            with_a_client,
            ("tx", "AT+CIPSTATUS"),
            ("rx", "STATUS:3"),
            ("rx", '+CIPSTATUS:0,"TCP","192.168.4.2",51824,1'),
            *OK,
        ),
        recorded(
            "tcp-ping-nonos-adafruit21",
            joined_station,
            ("tx", "AT"),
            *OK,
            ("tx", "AT+CIPSTATUS"),
            ("rx", "STATUS:2"),
            *OK,
            ("tx", 'AT+PING="8.8.8.8"'),
            answered(24),
            ("rx", "+24"),
            *OK,
            ("tx", "ATE0"),
            *OK,
            ("tx", 'AT+PING="8.8.8.8"'),
            answered(25),
            ("rx", "+25"),
            *OK,
        ),
        recorded(
            "tcp-cipsend-timing-majerle17",
            multiply_linked,
            ("tx", "AT+CIPSEND=0,1400"),
            *PROMPT,
            ("data", "x" * 1400),
            *received(1400),
            acknowledged,
            *SEND_OK,
            ("tx", "AT+CIPSEND=0,1400"),
            *PROMPT,
            ("data", "y" * 1400),
            *received(1400),
            acknowledged,
            *SEND_OK,
        ),
        recorded(
            "tcp-udp-sendex-majerle10",  # but for CWJAP_CUR?, with later fields
            multiple,
            ("tx", 'AT+CIPSTART=0,"UDP","192.168.4.4",8080'),
            registered(4097),
            ("rx", "0,CONNECT"),
            *OK,
            ("tx", "AT+CIPSENDEX=0,2048"),
            *PROMPT,
            (
                "data",
                "GET / HTTP/1.1\r\nHost: host.of-the-recording\r\nConnection: close\r\n\r\n\\0",
            ),
            *received(66),
            *SEND_OK,
            ("tx", "AT+CIPSENDEX=0,2048"),
            *PROMPT,
            keeps_blanks=False,
        ),
        recorded(
            "tcp-http-get-cipdinfo-majerle54",  # but for the second state and its CIPDINFO
            multiple_station,
            ("tx", "AT+CIPSTATUS"),
            ("rx", "STATUS:2"),
            *OK,
            ("tx", 'AT+CIPSTART=0,"TCP","203.0.113.69",80'),
            connected,
            ("rx", "0,CONNECT"),
            *OK,
            ("tx", "AT+CIPSEND=0,77"),
            *PROMPT,
            ("data", "z" * 77),
            *received(77),
            acknowledged,
            *SEND_OK,
        ),
        recorded(
            "tcp-busy-s-mbed11544",
            multiply_linked,
            ("tx", "AT+CIPSEND=0,653"),
            *PROMPT,
            ("data", "x" * 653),
            *received(653),
            ("tx", "AT+CIPSEND=0,75"),
            ("rx", ""),
            ("rx", "busy s..."),
            ("tx", "AT+CIPSEND=0,75"),
            ("rx", ""),
            ("rx", "busy s..."),
            acknowledged,
            *SEND_OK,
            ("tx", "AT+CIPSEND=0,75"),
            *PROMPT,
            ("data", "y" * 75),
            *received(75),
        ),
        recorded(
            "tcp-link-type-error-mux-021-ekstrand9",
            joined,
            ("tx", 'AT+CIPSTART=4,"TCP","192.168.1.10",80'),
            ("rx", "Link typ ERROR"),
            *ERROR,
        ),
        recorded(
            "tcp-cipsto-noserver-051-lcgamboa",
            fresh,
            ("tx", "AT+CIPSTO?"),
            ("rx", "+CIPSTO:180"),
            *OK,
            ("tx", "AT+CIPSTO=200"),
            *ERROR,
            keeps_blanks=False,
        ),
        recorded(
            "tcp-cipsto-query-1200-next",
            fresh,
            ("tx", "AT+CIPSTO?"),
            ("rx", "+CIPSTO:180"),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "tcp-cipmux-cipmode-query-051-lcgamboa",
            fresh,
            ("tx", "AT+CIPMUX?"),
            ("rx", "+CIPMUX:0"),
            *OK,
            ("tx", "AT+CIPMODE?"),
            ("rx", "+CIPMODE:0"),
            *OK,
            keeps_blanks=False,
        ),
        recorded(
            "audit-1100-mux-mode-sto-dinfo",  # but for CIPDINFO, which came later
            fresh,
            ("tx", "AT+CIPMUX?"),
            ("rx", "+CIPMUX:0"),
            *OK,
            ("tx", "AT+CIPMODE?"),
            ("rx", "+CIPMODE:0"),
            *OK,
            ("tx", "AT+CIPSTO?"),
            ("rx", "+CIPSTO:180"),
            *OK,
            keeps_blanks=False,
        ),
    ],
)
def test_the_module_answers_as_recorded(
    prepare: Callable[[LinkPlayer], None],
    steps: Steps,
    keeps_blanks: bool,
) -> None:
    player = module()
    prepare(player)
    replay(player, steps, keeps_blanks=keeps_blanks)


def test_an_update_tells_its_stages_as_recorded() -> None:
    """tcp-ciupdate-0018, without the boot log of its other boot loader."""
    flash = NorFlash(MIB)
    for region in plan_layout(synthesize(user1_bytes=50_000), MIB).regions:
        flash.load(region.offset, region.expected_data)
    player = LinkPlayer(ESPRESSIF_0_23, flash)
    joined(player)
    user2 = synthesize(at_version="0.24.0.0", user1_bytes=50_000).read(Role.USER2)
    server = UpdateServer(player, {"user2.bin": user2})
    replay(
        player,
        [
            ("tx", "AT+CIUPDATE"),
            lambda _player: server.run(),
            ("rx", "+CIPUPDATE:1"),
            ("rx", "+CIPUPDATE:2"),
            ("rx", "+CIPUPDATE:3"),
            ("rx", "+CIPUPDATE:4"),
            *OK,
            ("rx", ""),
            ("rx", "ready"),
        ],
    )
