"""What shows the faults of links, the server and received data, PING and CIUPDATE."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hil.flashing.image import Role
from hil.flashing.layout import plan_layout
from hil.flashing.synthesis import synthesize
from hil.units import MIB, NS_PER_MS, NS_PER_S
from hil.virtual.network.message import (
    Ping,
    Ponged,
    TcpAbort,
    TcpCame,
    TcpEnded,
    TcpFailed,
    TcpFailure,
    TcpListen,
    TcpOpen,
    TcpReceived,
    TcpStopListening,
    TcpTake,
    UdpOpen,
    UdpReceived,
    UdpSend,
)

from .chip_player import ERROR, OK
from .fault_probe import Probe, Run
from .link_player import NEAR, OTHER, PEER
from .update_server import UpdateServer

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from hil.flashing.manifest import Firmware

    from .link_player import LinkPlayer

START = b'AT+CIPSTART="TCP","192.168.1.20",80'


def status_after_end(player: LinkPlayer) -> bytes:
    player.join()
    player.hear(TcpEnded(player.start_tcp(), is_reset=False))
    return player.order(b"AT+CIPSTATUS")


def status_of_link(player: LinkPlayer) -> bytes:
    player.join()
    player.start_tcp()
    return player.order(b"AT+CIPSTATUS")


def links_with_number_four(player: LinkPlayer) -> int:
    player.join()
    player.order(b"AT+CIPMUX=1")
    player.order(b'AT+CIPSTART=4,"TCP","192.168.1.20",80')
    return sum(isinstance(each, TcpOpen) for each in player.take_requests())


def answer_of_refusal(player: LinkPlayer) -> bytes:
    player.join()
    player.order(START)
    player.hear(TcpFailed(player.request(TcpOpen).socket, TcpFailure.REFUSED))
    return player.take_sent()


def keep_alive_ms(player: LinkPlayer) -> int:
    player.join()
    player.order(START + b",10")
    return player.request(TcpOpen).keep_alive_ms


def local_port(player: LinkPlayer) -> int:
    player.join()
    player.order(b'AT+CIPSTART="UDP","192.168.1.20",2000,1112')
    return player.request(UdpOpen).port


def remote_ends(mode: bytes) -> Run:
    """Whom datagrams go to at first, and after each of two senders."""

    def run(player: LinkPlayer) -> list[IPv4Address]:
        player.join()
        socket = player.start_udp(tail=b",1112," + mode)
        for sender in (PEER, OTHER, NEAR):
            player.hear(UdpReceived(socket, b"x", sender, 2000))
            player.order(b"AT+CIPSEND=1")
            player.send(b"y")
            player.wait(2 * NS_PER_MS)
        return [each.address for each in player.take_requests() if isinstance(each, UdpSend)]

    return run


def said_at_end(player: LinkPlayer) -> bytes:
    player.join()
    socket = player.start_tcp()
    player.hear(TcpEnded(socket, is_reset=False))
    return player.take_sent()


def answers_of_closing_nothing(player: LinkPlayer) -> list[bytes]:
    return [player.order(line) for line in (b"AT+CIPCLOSE", b"AT+CIPMUX=1", b"AT+CIPCLOSE=0")]


def said_of_closing_all(player: LinkPlayer) -> bytes:
    player.serve()
    player.let_come(-1)
    return player.order(b"AT+CIPCLOSE=5")


def modes_under_link(player: LinkPlayer) -> list[bytes]:
    player.join()
    player.start_tcp()
    return [player.order(b"AT+CIPMUX=1"), player.order(b"AT+CIPMUX?")]


def own_addresses(player: LinkPlayer) -> bytes:
    player.join()
    return player.order(b"AT+CIFSR")


def default_port(player: LinkPlayer) -> int:
    player.order(b"AT+CIPMUX=1")
    player.order(b"AT+CIPSERVER=1")
    return player.request(TcpListen).port


def answer_in_single_mode(player: LinkPlayer) -> bytes:
    return player.order(b"AT+CIPSERVER=1,333")


def asked_when_deleted(player: LinkPlayer) -> list[TcpStopListening]:
    player.serve()
    player.order(b"AT+CIPSERVER=0")
    return [each for each in player.take_requests() if isinstance(each, TcpStopListening)]


def said_of_client(player: LinkPlayer) -> bytes:
    player.serve()
    return player.let_come(-1)


def done_with_sixth_client(player: LinkPlayer) -> list[TcpAbort]:
    player.serve()
    for socket in range(-1, -7, -1):
        player.hear(TcpCame(socket, 333, PEER, 50000))
    return [each for each in player.take_requests() if isinstance(each, TcpAbort)]


def said_of_silence(silence_s: int) -> Run:
    """What is said of a client that is silent while the time-out is 10 s."""

    def run(player: LinkPlayer) -> bytes:
        player.serve()
        player.let_come(-1)
        player.order(b"AT+CIPSTO=10")
        player.wait(silence_s * NS_PER_S)
        return player.take_sent()

    return run


def said_of_own_silence(player: LinkPlayer) -> bytes:
    """What is said of a link that the module has opened."""
    player.join()
    player.serve()
    player.start_tcp(0)
    player.order(b"AT+CIPSTO=10")
    player.wait(15 * NS_PER_S)
    return player.take_sent()


def answer_of_ping(player: LinkPlayer) -> bytes:
    player.join()
    player.order(b'AT+PING="192.168.1.20"')
    player.hear(Ponged(player.request(Ping).query, 24 * NS_PER_MS))
    return player.take_sent()


def answer_without_echo(player: LinkPlayer) -> bytes:
    player.join()
    player.order(b'AT+PING="192.168.1.20"')
    player.wait(5 * NS_PER_S)
    return player.take_sent()


@cache
def firmware() -> Firmware:
    """What is on the module, and on the server."""
    return synthesize(user1_bytes=50_000)


def said_of_update(player: LinkPlayer) -> bytes:
    for region in plan_layout(firmware(), MIB).regions:
        player.flash.load(region.offset, region.expected_data)
    player.join()
    program = firmware().image(Role.USER2)
    assert program is not None
    player.send(b"AT+CIUPDATE\r\n")
    UpdateServer(player, {"user2.bin": program.read()}).run()
    return player.take_sent()


def restarts_of_update(player: LinkPlayer) -> int:
    said_of_update(player)
    return player.restarts


def said_of_data(data: bytes) -> Run:
    """What comes of data of the peer, in single mode."""

    def run(player: LinkPlayer) -> bytes:
        player.join()
        socket = player.start_tcp()
        player.hear(TcpReceived(socket, data))
        return player.take_sent()

    return run


def said_of_numbered_data(player: LinkPlayer) -> bytes:
    player.join()
    player.order(b"AT+CIPMUX=1")
    socket = player.start_tcp(3)
    player.hear(TcpReceived(socket, b"hello"))
    return player.take_sent()


def bytes_taken(player: LinkPlayer) -> int:
    player.join()
    socket = player.start_tcp()
    player.hear(TcpReceived(socket, b"hello"))
    player.wait(10 * NS_PER_MS)
    return sum(each.count for each in player.take_requests() if isinstance(each, TcpTake))


LINK_PROBES = {
    "cipstatus-never-disconnects": Probe(
        status_after_end, b"STATUS:4\r\n" + OK, b"STATUS:3\r\n" + OK
    ),
    "cipstatus-mixes-up-roles": Probe(
        status_of_link,
        b'STATUS:3\r\n+CIPSTATUS:0,"TCP","192.168.1.20",80,4097,0\r\n' + OK,
        b'STATUS:3\r\n+CIPSTATUS:0,"TCP","192.168.1.20",80,4097,1\r\n' + OK,
    ),
    "cipstatus-leaves-out-local-port": Probe(
        status_of_link,
        b'STATUS:3\r\n+CIPSTATUS:0,"TCP","192.168.1.20",80,4097,0\r\n' + OK,
        b'STATUS:3\r\n+CIPSTATUS:0,"TCP","192.168.1.20",80,0\r\n' + OK,
    ),
    "cipstart-refuses-link-four": Probe(links_with_number_four, 1, 0),
    "cipstart-hides-failure": Probe(answer_of_refusal, ERROR + b"CLOSED\r\n", OK + b"CLOSED\r\n"),
    "cipstart-doubles-keep-alive": Probe(keep_alive_ms, 5_000, 10_000),
    "cipstart-ignores-local-port": Probe(local_port, 1112, 0),
    "udp-mode-0-follows-sender": Probe(remote_ends(b"0"), [PEER, PEER, PEER], [PEER, OTHER, NEAR]),
    "udp-mode-1-changes-again": Probe(remote_ends(b"1"), [PEER, OTHER, OTHER], [PEER, OTHER, NEAR]),
    "closed-is-missing": Probe(said_at_end, b"CLOSED\r\n", b""),
    "cipclose-hides-missing-link": Probe(
        answers_of_closing_nothing, [ERROR, OK, ERROR], [OK, OK, OK]
    ),
    "cipclose-5-closes-with-server": Probe(said_of_closing_all, OK, b"0,CLOSED\r\n" + OK),
    "cipmux-changes-under-links": Probe(
        modes_under_link,
        [b"Link is builded\r\n" + ERROR, b"+CIPMUX:0\r\n" + OK],
        [OK, b"+CIPMUX:1\r\n" + OK],
    ),
    "cifsr-mixes-up-interfaces": Probe(
        own_addresses,
        b'+CIFSR:APIP,"192.168.4.1"\r\n+CIFSR:APMAC,"1a:fe:35:97:3b:d5"\r\n'
        b'+CIFSR:STAIP,"192.168.1.7"\r\n+CIFSR:STAMAC,"18:fe:35:97:3b:d5"\r\n' + OK,
        b'+CIFSR:STAIP,"192.168.4.1"\r\n+CIFSR:APMAC,"1a:fe:35:97:3b:d5"\r\n'
        b'+CIFSR:APIP,"192.168.1.7"\r\n+CIFSR:STAMAC,"18:fe:35:97:3b:d5"\r\n' + OK,
    ),
}

SERVER_PROBES = {
    "cipserver-listens-elsewhere": Probe(default_port, 333, 334),
    "cipserver-works-in-single-mode": Probe(answer_in_single_mode, ERROR, OK),
    "cipserver-goes-on-listening": Probe(asked_when_deleted, [TcpStopListening(333)], []),
    "server-takes-highest-number": Probe(said_of_client, b"0,CONNECT\r\n", b"4,CONNECT\r\n"),
    "server-leaves-sixth-client-waiting": Probe(done_with_sixth_client, [TcpAbort(-6)], []),
    "cipsto-is-ignored": Probe(said_of_silence(15), b"0,CLOSED\r\n", b""),
    "cipsto-takes-half-the-time": Probe(said_of_silence(6), b"", b"0,CLOSED\r\n"),
    "cipsto-concerns-own-links": Probe(said_of_own_silence, b"", b"0,CLOSED\r\n"),
}

REACH_PROBES = {
    "ping-tells-microseconds": Probe(answer_of_ping, b"+24\r\n" + OK, b"+24000\r\n" + OK),
    "ping-hides-failure": Probe(answer_without_echo, ERROR, OK),
    "ciupdate-skips-third-step": Probe(
        lambda player: said_of_update(player).partition(OK)[0],
        b"+CIPUPDATE:1\r\n+CIPUPDATE:2\r\n+CIPUPDATE:3\r\n+CIPUPDATE:4\r\n",
        b"+CIPUPDATE:1\r\n+CIPUPDATE:2\r\n+CIPUPDATE:4\r\n",
    ),
    "ciupdate-stays-running": Probe(restarts_of_update, 1, 0),
}

RECEPTION_PROBES = {
    "ipd-names-next-link": Probe(
        said_of_numbered_data, b"\r\n+IPD,3,5:hello", b"\r\n+IPD,4,5:hello"
    ),
    "ipd-counts-one-too-few": Probe(
        said_of_data(b"hello"), b"\r\n+IPD,5:hello", b"\r\n+IPD,4:hello"
    ),
    "ipd-drops-zero-bytes": Probe(said_of_data(b"a\0b"), b"\r\n+IPD,3:a\0b", b"\r\n+IPD,3:ab"),
    "window-never-opens-again": Probe(bytes_taken, 5, 0),
}

TCP_IP_PROBES = {**LINK_PROBES, **SERVER_PROBES, **REACH_PROBES, **RECEPTION_PROBES}
