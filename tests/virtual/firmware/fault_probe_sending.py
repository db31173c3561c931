"""What shows the faults of sending over links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS
from hil.virtual.air.message import Joined, Leased
from hil.virtual.network.message import (
    TcpAcknowledged,
    TcpOpen,
    TcpSend,
    UdpOpen,
    UdpSend,
)

from .chip_player import ERROR, OK
from .fault_probe import Probe, Run, join_by, start_anew
from .link_player import AP, LEASE, OTHER, PEER

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from .link_player import LinkPlayer

PROMPT = OK + b"> "
BUSY_SENDING = b"\r\nbusy s...\r\n"
PAUSE_NS = 20 * NS_PER_MS


def linked(player: LinkPlayer) -> int:
    """Open a TCP link; returns its socket."""
    player.join()
    return player.start_tcp()


def sent(player: LinkPlayer) -> list[bytes]:
    """What has gone to the peer since the last call."""
    return [each.data for each in player.take_requests() if isinstance(each, TcpSend)]


def answers_of_length(length: int) -> Run:
    """What the two commands with a prompt answer to a length."""

    def run(player: LinkPlayer) -> list[bytes]:
        socket = linked(player)
        answers = []
        for command in (b"AT+CIPSEND", b"AT+CIPSENDEX"):
            answers.append(player.order(command + b"=%d" % length))
            if answers[-1] == PROMPT:
                player.send(bytes(2048))
                player.hear(TcpAcknowledged(socket, 2048))
        return answers

    return run


def carried(command: bytes, data: bytes) -> Run:
    """What of the bytes behind a prompt goes to the peer."""

    def run(player: LinkPlayer) -> list[bytes]:
        linked(player)
        player.order(command)
        player.send(data)
        return sent(player)

    return run


def said_without_confirmation(player: LinkPlayer) -> bytes:
    linked(player)
    player.order(b"AT+CIPSEND=4")
    player.send(b"abcd")
    player.wait(10 * NS_PER_MS)
    return player.take_sent()


def destinations(player: LinkPlayer) -> list[IPv4Address]:
    """Whom datagrams go to: one with a destination of its own, and the next."""
    player.join()
    player.start_udp()
    for command in (b'AT+CIPSEND=1,"192.168.1.21",3000', b"AT+CIPSEND=1"):
        player.order(command)
        player.send(b"x")
        player.wait(2 * NS_PER_MS)
    return [each.address for each in player.take_requests() if isinstance(each, UdpSend)]


def said_to_line_while_sending(player: LinkPlayer) -> bytes:
    linked(player)
    player.order(b"AT+CIPSEND=4")
    player.send(b"abcd")
    return player.order(b"AT")


def write_segment(player: LinkPlayer, data: bytes) -> bytes:
    """Write a segment; returns what is answered before its data."""
    answer = player.order(b"AT+CIPSENDBUF=%d" % len(data))
    player.send(data)
    player.wait(2 * NS_PER_MS)
    return answer


def three_segments(player: LinkPlayer) -> tuple[list[bytes], bytes]:
    """What the peer gets of three segments, and what is said of them when it has confirmed that."""
    socket = linked(player)
    for data in (b"one", b"two", b"three"):
        write_segment(player, data)
    got = sent(player)
    player.take_sent()
    player.hear(TcpAcknowledged(socket, sum(map(len, got))))
    return got, player.take_sent()


def numbers_of_first_segment(player: LinkPlayer) -> bytes:
    linked(player)
    return write_segment(player, b"abcd")


def after_segment(*lines: bytes, confirmed_bytes: int = 0) -> Run:
    """What lines are answered when a segment of four bytes has been sent."""

    def run(player: LinkPlayer) -> list[bytes]:
        socket = linked(player)
        write_segment(player, b"abcd")
        if confirmed_bytes:
            player.hear(TcpAcknowledged(socket, confirmed_bytes))
        return [player.order(line) for line in lines]

    return run


def enter_passthrough(player: LinkPlayer) -> None:
    player.join()
    player.order(b"AT+CIPMODE=1")
    player.start_tcp()
    player.order(b"AT+CIPSEND")
    player.wait(PAUSE_NS)
    player.take_requests()


def passed_through(data: bytes) -> Run:
    """What goes to the peer of data that a pause follows, and what AT is answered then."""

    def run(player: LinkPlayer) -> tuple[list[bytes], bytes]:
        enter_passthrough(player)
        player.send(data)
        player.wait(PAUSE_NS)
        player.wait(PAUSE_NS)
        return sent(player), player.order(b"AT")

    return run


def passed_in_time(player: LinkPlayer) -> list[bytes]:
    """What has gone to the peer 20 ms after the last byte."""
    enter_passthrough(player)
    player.send(b"abc")
    player.wait(PAUSE_NS)
    return sent(player)


def answer_in_multiple_mode(player: LinkPlayer) -> bytes:
    player.order(b"AT+CIPMUX=1")
    return player.order(b"AT+CIPMODE=1")


def opened_at_start(player: LinkPlayer) -> list[str]:
    """Which links the module opens by itself when UDP was stored."""
    player.ask(b"AT+CWMODE_DEF=1")
    join_by(player, b"AT+CWJAP_DEF")
    player.ask(b'AT+SAVETRANSLINK=1,"192.168.1.20",80,"UDP"')
    start_anew(player)
    player.hear(Joined(AP))
    player.hear(Leased(LEASE))
    requests = player.take_requests()
    return [type(each).__name__ for each in requests if isinstance(each, TcpOpen | UdpOpen)]


PROMPT_PROBES = {
    "cipsend-refuses-2048": Probe(answers_of_length(2048), [PROMPT] * 2, [ERROR] * 2),
    "cipsend-takes-2049": Probe(answers_of_length(2049), [ERROR] * 2, [PROMPT] * 2),
    "cipsend-loses-last-byte": Probe(carried(b"AT+CIPSEND=4", b"abcd"), [b"abcd"], [b"abc"]),
    "cipsend-drops-eighth-bit": Probe(
        carried(b"AT+CIPSEND=4", b"\x00\x7f\x80\xff"), [b"\x00\x7f\x80\xff"], [b"\x00\x7f\x00\x7f"]
    ),
    "send-ok-comes-too-early": Probe(said_without_confirmation, b"", b"\r\nSEND OK\r\n"),
    "datagram-destination-sticks": Probe(destinations, [OTHER, PEER], [OTHER, OTHER]),
    "cipsendex-overlooks-end": Probe(carried(b"AT+CIPSENDEX=10", rb"ab\0"), [b"ab"], []),
    "busy-sending-is-missing": Probe(said_to_line_while_sending, BUSY_SENDING, b""),
}

SEGMENT_PROBES = {
    "cipsendbuf-loses-segments": Probe(
        three_segments,
        (
            [b"one", b"two", b"three"],
            b"\r\n1,SEND OK\r\n\r\n2,SEND OK\r\n\r\n3,SEND OK\r\n",
        ),
        ([b"one", b"two"], b"\r\n1,SEND OK\r\n\r\n2,SEND OK\r\n\r\n3,SEND OK\r\n"),
    ),
    "cipsendbuf-counts-from-zero": Probe(
        numbers_of_first_segment, b"1,0\r\n" + PROMPT, b"0,0\r\n" + PROMPT
    ),
    "cipbufstatus-mixes-up-counts": Probe(
        after_segment(b"AT+CIPBUFSTATUS"),
        [b"2,1,0,2916,7\r\n" + OK],
        [b"2,0,1,2916,7\r\n" + OK],
    ),
    "cipbufreset-goes-on-counting": Probe(
        after_segment(b"AT+CIPBUFRESET", b"AT+CIPBUFSTATUS", confirmed_bytes=4),
        [OK, b"1,0,0,2920,8\r\n" + OK],
        [OK, b"2,1,1,2920,8\r\n" + OK],
    ),
    "cipcheckseg-is-always-true": Probe(
        after_segment(b"AT+CIPCHECKSEG=1", b"AT+CIPCHECKSEQ=1"),
        [b"1,FALSE\r\n" + OK] * 2,
        [b"1,TRUE\r\n" + OK] * 2,
    ),
}

PASSTHROUGH_PROBES = {
    "plus-plus-plus-is-forgotten": Probe(passed_through(b"+++"), ([], OK), ([b"+++"], b"")),
    "plus-plus-plus-ends-behind-data": Probe(
        passed_through(b"abc+++"), ([b"abc+++"], b""), ([b"abc"], OK)
    ),
    "passthrough-packets-come-late": Probe(passed_in_time, [b"abc"], []),
    "cipmode-works-with-multiple": Probe(answer_in_multiple_mode, ERROR, OK),
    "savetranslink-is-not-stored": Probe(opened_at_start, ["UdpOpen"], []),
    "savetranslink-takes-udp-for-tcp": Probe(opened_at_start, ["UdpOpen"], ["TcpOpen"]),
}

SENDING_PROBES = {**PROMPT_PROBES, **SEGMENT_PROBES, **PASSTHROUGH_PROBES}
