"""Where passthrough cuts: against a model that looks at each byte, under any slicing."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.firmware.packet import PacketCutter
from hil.virtual.network.message import UdpSend
from hil.virtual.uart import Burst, LineFormat

from .link_player import LinkPlayer, joined_player

LINE = LineFormat(115200)


class Write(NamedTuple):
    """What the host sends without a gap, and how long the line is idle before it."""

    idle_ns: int
    data: bytes


class Slicing(NamedTuple):
    """How much is handed over at a time, and how often time is told in between."""

    piece_bytes: int
    step_ns: int


IDLE_NS = st.one_of(
    st.sampled_from([0, 1, 20_000_000 - 1, 20_000_000, 20_000_000 + 1]),
    st.integers(0, 40 * NS_PER_MS),
)
DATA = st.one_of(
    st.just(b"+++"),
    st.text("+a", min_size=1, max_size=6).map(str.encode),
    st.integers(1, 50).map(lambda length: bytes(range(length))),
    st.sampled_from([19, 20, 21, 23, 40]).map(lambda length: b"x" * length),
)
WRITES = st.lists(st.builds(Write, IDLE_NS, DATA), max_size=10)
SLICINGS = st.builds(Slicing, st.integers(1, 50), st.sampled_from([3 * NS_PER_MS, 10**12]))


def expected_packets(writes: list[Write], room_bytes: int) -> list[bytes]:
    """What the document and A-52, A-53 say, byte by byte, up to the order to leave."""
    packets: list[bytes] = []
    gathered, began_idle, idle_ns = b"", True, 10**9
    for write in [*writes, Write(10**9, b"")]:
        idle_ns += write.idle_ns
        if idle_ns >= 20 * NS_PER_MS and gathered:
            if gathered == b"+++" and began_idle:
                return packets
            packets.append(gathered)
            gathered = b""
        for byte in write.data:
            if not gathered:
                began_idle = idle_ns >= 20 * NS_PER_MS
            gathered += bytes((byte,))
            idle_ns = 0
            if len(gathered) == room_bytes:
                packets.append(gathered)
                gathered = b""
    return packets


def in_passthrough(dialect: Dialect = DOCUMENTED, *, baud: int = 115200) -> LinkPlayer:
    """A player in passthrough over UDP, where each packet is one datagram."""
    player = joined_player(dialect)
    player.order(b"AT+UART_CUR=%d,8,1,0,0" % baud)
    player.wait(2 * 10**9)
    player.order(b"AT+CIPMODE=1")
    player.wait(10**9)
    player.start_udp()
    player.send(b"AT+CIPSEND\r\n")
    player.wait(2 * 10**9)
    assert player.take_sent().endswith(b"\r\nOK\r\n\r\n>")
    player.take_requests()
    return player


def write_all(player: LinkPlayer, writes: list[Write], slicing: Slicing) -> None:
    """Let the host write, until the firmware takes commands again."""
    start_ns = player.now_ns
    for write in writes:
        start_ns += write.idle_ns
        burst = Burst(start_ns, write.data, player.line_format)
        while burst.data:
            while player.now_ns < burst.start_ns:
                player.advance(min(burst.start_ns, player.now_ns + slicing.step_ns))
            player.advance(burst.start_ns)
            if player.state.input is None:
                return
            wanted = min(player.firmware.bytes_wanted(burst), slicing.piece_bytes)
            piece, rest = burst.split(wanted)
            player.carry_out(player.firmware.receive(piece))
            burst = rest
            start_ns = piece.end_ns()
    player.advance(start_ns + 10**9)


def datagrams(player: LinkPlayer) -> list[bytes]:
    return [each.data for each in player.take_requests() if isinstance(each, UdpSend)]


@given(WRITES, SLICINGS)
def test_packets_are_cut_where_the_model_cuts(writes: list[Write], slicing: Slicing) -> None:
    tcp_ip = replace(DOCUMENTED.tcp_ip, passthrough_packet_bytes=20)
    player = in_passthrough(replace(DOCUMENTED, tcp_ip=tcp_ip))
    write_all(player, writes, slicing)
    assert datagrams(player) == expected_packets(writes, 20)


@pytest.mark.parametrize(("dialect", "most"), [(DOCUMENTED, 2048), (ESPRESSIF_0_23, 2920)])
def test_a_packet_is_as_long_as_its_dialect_says(dialect: Dialect, most: int) -> None:
    player = in_passthrough(dialect)
    write_all(player, [Write(0, b"x" * 6000)], Slicing(10_000, 10**12))
    assert [len(data) for data in datagrams(player)] == [most, most, 6000 - 2 * most]


@pytest.mark.parametrize("baud", [110, 300, 9600, 921_600])
def test_a_pause_is_idle_line_however_long_a_byte_lasts(baud: int) -> None:
    player = in_passthrough(baud=baud)
    write_all(player, [Write(0, b"abc"), Write(20_000_000 - 1, b"def")], Slicing(1, 10**12))
    write_all(player, [Write(20_000_000, b"ghi")], Slicing(1, 10**12))
    assert datagrams(player) == [b"abcdef", b"ghi"]
    write_all(player, [Write(0, b"+++")], Slicing(1, 10**12))
    assert player.state.input is None


def test_a_pause_of_exactly_20_ms_ends_a_packet() -> None:
    player = in_passthrough()
    write_all(player, [Write(0, b"abc"), Write(20_000_000, b"def")], Slicing(3000, 10**12))
    assert datagrams(player) == [b"abc", b"def"]


def test_plus_signs_behind_a_whole_packet_without_a_pause_are_data() -> None:
    player = in_passthrough()
    write_all(player, [Write(0, b"x" * 2048 + b"+++")], Slicing(3000, 10**12))
    assert datagrams(player) == [b"x" * 2048, b"+++"]
    assert player.state.input is not None


def test_plus_signs_behind_a_whole_packet_and_a_pause_leave() -> None:
    player = in_passthrough()
    write_all(player, [Write(0, b"x" * 2048), Write(20_000_000, b"+++")], Slicing(3000, 10**12))
    assert datagrams(player) == [b"x" * 2048]
    assert player.state.input is None


class TestWaiting:
    """What happens while packets cannot be sent."""

    def burst(self, start_ms: int, data: bytes) -> Burst:
        return Burst(start_ms * NS_PER_MS, data, LINE)

    def test_packets_wait_where_the_next_one_is_gathered(self) -> None:
        cutter = PacketCutter(10)
        cutter.take(self.burst(0, b"abcd"))
        assert not cutter.pause()
        assert (cutter.waiting, cutter.free_bytes) == (b"abcd", 6)
        cutter.take(self.burst(100, b"efg"))
        assert (cutter.waiting, cutter.free_bytes) == (b"abcd", 3)
        assert not cutter.pause()
        assert (cutter.waiting, cutter.free_bytes) == (b"abcdefg", 3)

    def test_plus_signs_leave_while_a_packet_waits(self) -> None:
        cutter = PacketCutter(10)
        cutter.take(self.burst(0, b"abcd"))
        cutter.pause()
        cutter.take(self.burst(100, b"+++"))
        assert cutter.pause()
        assert cutter.waiting == b"abcd"

    def test_nobody_sees_a_pause_while_there_is_no_room(self) -> None:
        cutter = PacketCutter(10)
        cutter.take(self.burst(0, b"abcd"))
        cutter.pause()
        cutter.take(self.burst(100, b"efghij"))
        assert (cutter.free_bytes, cutter.pause_end_ns()) == (0, None)
        cutter.forget_waiting(500 * NS_PER_MS)
        assert (cutter.free_bytes, cutter.pause_end_ns()) == (4, 520 * NS_PER_MS)

    def test_plus_signs_behind_a_lack_of_room_are_data(self) -> None:
        cutter = PacketCutter(4)
        cutter.take(self.burst(0, b"abcd"))
        cutter.forget_waiting(500 * NS_PER_MS)
        cutter.take(self.burst(510, b"+++"))
        assert not cutter.pause()
        assert cutter.waiting == b"+++"
