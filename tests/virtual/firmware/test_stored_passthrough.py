"""Section 5.2 of the document, command 14: SAVETRANSLINK, and the start that it brings about."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.air.message import Joined, Leased
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.firmware.settings import PassthroughLink
from hil.virtual.network.message import (
    TcpEnded,
    TcpFailed,
    TcpFailure,
    TcpOpen,
    TcpOpened,
    TcpReceived,
    TcpSend,
    UdpOpen,
    UdpOpened,
    UdpSend,
)

from .chip_player import ERROR, OK, READY
from .link_player import AP, DIALECTS, LEASE, LinkPlayer

both_dialects = pytest.mark.parametrize("dialect", DIALECTS)
REMOTE = IPv4Address("192.168.6.110")
PAUSE_NS = 20 * NS_PER_MS
LINES = {
    DOCUMENTED: b"WIFI CONNECTED\r\nWIFI GOT IP\r\n",
    ESPRESSIF_0_23: b"",
}


def store(player: LinkPlayer, arguments: bytes) -> bytes:
    """Store a link; returns the answer."""
    player.take_sent()
    player.send(b"AT+SAVETRANSLINK=" + arguments + b"\r\n")
    player.wait(NS_PER_S)
    return player.take_sent()


def stored(player: LinkPlayer) -> PassthroughLink | None:
    return player.state.store.user.passthrough


def player_with_ap(dialect: Dialect = DOCUMENTED) -> LinkPlayer:
    """A player in station mode with an access point stored."""
    player = LinkPlayer(dialect)
    player.send(b"AT+CWMODE_DEF=1\r\n")
    player.wait(NS_PER_S)
    player.send(b'AT+CWJAP_DEF="net",""\r\n')
    player.wait(NS_PER_S)
    player.take_sent()
    player.hear(Joined(AP))
    player.hear(Leased(LEASE))
    player.wait(4 * NS_PER_S)
    assert player.take_sent().endswith(OK)
    return player


def start(player: LinkPlayer) -> None:
    """Cut the power and start, up to ready."""
    player.flash.cut_power(player.now_ns)
    player.power_on()
    player.take_sent()
    player.take_requests()
    player.wait(NS_PER_S)
    assert player.take_sent() == READY


def join(player: LinkPlayer) -> None:
    """Let the station join the stored access point."""
    player.hear(Joined(AP))
    player.hear(Leased(LEASE))
    assert player.take_sent() == LINES[player.dialect]


def started_player(dialect: Dialect = DOCUMENTED) -> tuple[LinkPlayer, int]:
    """A player that has started in passthrough and has its link; and its socket."""
    player = player_with_ap(dialect)
    store(player, b'1,"192.168.6.110",1002,"TCP"')
    start(player)
    join(player)
    socket = player.request(TcpOpen).socket
    player.hear(TcpOpened(socket, 4097))
    return player, socket


class TestCommand:
    @both_dialects
    @pytest.mark.parametrize(
        ("arguments", "link"),
        [
            (b'1,"192.168.6.110",1002,"TCP"', PassthroughLink(False, REMOTE, 1002)),
            (b'1,"192.168.6.110",1002,"UDP"', PassthroughLink(True, REMOTE, 1002)),
            (b'1,"192.168.6.110",1002', PassthroughLink(False, REMOTE, 1002)),
            (b'1,"192.168.6.110",1', PassthroughLink(False, REMOTE, 1)),
            (b'1,"192.168.6.110",65535', PassthroughLink(False, REMOTE, 65535)),
            (b"0", None),
        ],
    )
    def test_what_conforms_is_stored(
        self, dialect: Dialect, arguments: bytes, link: PassthroughLink | None
    ) -> None:
        player = LinkPlayer(dialect)
        store(player, b'1,"10.0.0.1",7')
        assert store(player, arguments) == OK
        assert stored(player) == link

    @both_dialects
    @pytest.mark.parametrize(
        "arguments",
        [
            b"",
            b"1",
            b"2",
            b'2,"192.168.6.110",1002',
            b'1,"192.168.6.110"',
            b'1,"192.168.6.110",0',
            b'1,"192.168.6.110",65536',
            b'1,"192.168.6.110","1002"',
            b'1,"192.168.6.110",1002,"XYZ"',
            b'1,"192.168.6.110",1002,"tcp"',
            b'1,"192.168.6.110",1002,',
            b'1,"192.168.6.110",1002,"TCP",1',
            b'1,"192.168.6.110",1002,1',
            b"1,192.168.6.110,1002",
            b'1,"300.1.1.1",1002',
            b'1,"192.168.6",1002',
            b'1,"example.com",1002',
            b'1,"0.0.0.0",1002',
            b'1,"255.255.255.255",1002',
            b'0,"300.1.1.1",1002',
            b'0,"192.168.6.110",0',
        ],
    )
    def test_anything_else_is_refused_and_not_stored(
        self, dialect: Dialect, arguments: bytes
    ) -> None:
        player = LinkPlayer(dialect)
        store(player, b'1,"10.0.0.1",7')
        areas = player.areas()
        assert store(player, arguments) == ERROR
        assert player.areas() == areas

    @pytest.mark.parametrize(
        "arguments", [b'0,"192.168.6.110",1002', b'0,"192.168.6.110",1002,"UDP"']
    )
    def test_the_real_firmware_cancels_without_a_link_only(self, arguments: bytes) -> None:
        for dialect, answer in ((DOCUMENTED, OK), (ESPRESSIF_0_23, ERROR)):
            player = LinkPlayer(dialect)
            store(player, b'1,"10.0.0.1",7')
            assert store(player, arguments) == answer
            assert (stored(player) is None) == (answer == OK)

    @pytest.mark.parametrize("form", [b"", b"?", b"=?"])
    def test_other_forms(self, form: bytes) -> None:
        assert LinkPlayer().order(b"AT+SAVETRANSLINK" + form) == ERROR

    def test_only_the_user_area_is_written_and_only_for_a_change(self) -> None:
        player = LinkPlayer()
        user, system = player.areas()
        store(player, b'1,"192.0.2.1",9')
        assert player.areas()[0] != user
        assert player.areas()[1] == system
        writes = player.flash.write_count
        assert store(player, b'1,"192.0.2.1",9,"TCP"') == OK
        assert player.flash.write_count == writes

    def test_it_takes_effect_at_the_next_start_only(self) -> None:
        player = player_with_ap()
        player.take_requests()
        store(player, b'1,"192.168.6.110",1002')
        assert player.order(b"AT") == OK
        assert player.order(b"AT+CIPMODE?") == b"+CIPMODE:0\r\n" + OK
        assert player.take_requests() == []


class TestStart:
    @both_dialects
    def test_it_waits_for_the_access_point_and_opens_the_link_without_a_word(
        self, dialect: Dialect
    ) -> None:
        player = player_with_ap(dialect)
        store(player, b'1,"192.168.6.110",1002,"TCP"')
        start(player)
        player.wait(30 * NS_PER_S)
        assert TcpOpen not in map(type, player.take_requests())
        join(player)
        opening = player.request(TcpOpen)
        assert opening == TcpOpen(opening.socket, REMOTE, 1002)
        player.hear(TcpOpened(opening.socket, 4097))
        player.send(b"abc")
        player.wait(PAUSE_NS)
        assert player.take_requests() == [TcpSend(opening.socket, b"abc")]
        player.hear(TcpReceived(opening.socket, b"xyz"))
        assert player.take_sent() == b"xyz"

    def test_udp(self) -> None:
        player = player_with_ap()
        store(player, b'1,"192.168.6.110",1002,"UDP"')
        start(player)
        join(player)
        opening = player.request(UdpOpen)
        assert opening.port == 0
        player.hear(UdpOpened(opening.socket, 4097))
        player.send(b"abc")
        player.wait(PAUSE_NS)
        assert player.take_requests() == [UdpSend(opening.socket, b"abc", REMOTE, 1002)]

    @both_dialects
    def test_it_can_be_left(self, dialect: Dialect) -> None:
        player, _ = started_player(dialect)
        player.send(b"+++")
        player.wait(PAUSE_NS)
        player.send(b"ATE0\r\n")
        player.take_sent()
        assert player.order(b"AT+CIPMODE?") == b"+CIPMODE:1\r\n" + OK
        assert b'+CIPSTATUS:0,"TCP","192.168.6.110",1002,' in player.order(b"AT+CIPSTATUS")
        assert player.order(b"AT+CIPSEND") == b"\r\nOK\r\n\r\n>"

    def test_it_can_be_left_before_there_is_an_access_point(self) -> None:
        player = player_with_ap()
        store(player, b'1,"192.168.6.110",1002')
        start(player)
        player.send(b"+++")
        player.wait(PAUSE_NS)
        player.send(b"ATE0\r\n")
        player.wait(NS_PER_S)
        assert player.order(b"AT") == OK
        join(player)
        assert TcpOpen not in map(type, player.take_requests())

    def test_it_opens_the_link_until_it_stands(self) -> None:
        player = player_with_ap()
        store(player, b'1,"192.168.6.110",1002')
        start(player)
        join(player)
        for _ in range(3):
            player.hear(TcpFailed(player.request(TcpOpen).socket, TcpFailure.REFUSED))
            player.wait(NS_PER_S)
        socket = player.request(TcpOpen).socket
        player.hear(TcpOpened(socket, 4097))
        player.hear(TcpEnded(socket, is_reset=True))
        player.wait(NS_PER_S)
        assert player.request(TcpOpen).address == REMOTE
        assert player.take_sent() == b""

    def test_every_start_counts_also_that_of_rst(self) -> None:
        player, _ = started_player()
        player.send(b"+++")
        player.wait(PAUSE_NS)
        player.send(b"AT+RST\r\n")
        player.take_requests()
        player.wait(2 * NS_PER_S)
        assert player.take_sent().endswith(READY)
        player.hear(Joined(AP))
        player.hear(Leased(LEASE))
        assert player.request(TcpOpen).address == REMOTE

    def test_without_a_stored_access_point_commands_are_taken(self) -> None:
        player = LinkPlayer()
        store(player, b'1,"192.168.6.110",1002')
        start(player)
        player.send(b"ATE0\r\n")
        player.wait(NS_PER_S)
        player.take_sent()
        assert player.order(b"AT+CIPMODE?") == b"+CIPMODE:0\r\n" + OK

    @pytest.mark.parametrize("cancel", [b"AT+SAVETRANSLINK=0", b"AT+RESTORE"])
    def test_it_can_be_cancelled(self, cancel: bytes) -> None:
        player, _ = started_player()
        player.send(b"+++")
        player.wait(PAUSE_NS)
        player.send(cancel + b"\r\n")
        player.wait(5 * NS_PER_S)
        assert OK in player.take_sent()
        start(player)
        player.send(b"ATE0\r\n")
        player.wait(NS_PER_S)
        player.take_sent()
        assert player.order(b"AT") == OK
