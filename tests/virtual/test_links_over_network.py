"""Links of a whole module, from its UART through air and network to a host's program."""

from __future__ import annotations

from ipaddress import IPv4Address
from random import Random
from typing import TYPE_CHECKING

import pytest

from hil.units import KIB, NS_PER_MS, NS_PER_S
from hil.virtual.address import Ipv4Config
from hil.virtual.air.access_point import ApSettings
from hil.virtual.air.air import Air
from hil.virtual.air.dhcp import DhcpServer
from hil.virtual.bench import Bench, Contact
from hil.virtual.chip import Chip, ChipSetup
from hil.virtual.efuse import Efuse
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.network.internet import Internet
from hil.virtual.network.peer import PATTERN, Echo, Mailbox, Script, Source
from hil.virtual.outside import Surroundings

from .bench_host import MAC, Host

if TYPE_CHECKING:
    from hil.virtual.air.access_point import AccessPoint
    from hil.virtual.flash import NorFlash

ROUTER = Ipv4Config(
    IPv4Address("192.168.1.1"), IPv4Address("192.168.1.1"), IPv4Address("255.255.255.0")
)
MODULE = IPv4Address("192.168.1.100")
PEER = IPv4Address("192.168.1.20")
OK = b"\r\nOK\r\n"


class Lab:
    """A module that has joined an access point, and a computer in the same network."""

    def __init__(self, flash: NorFlash, dialect: str, circuit: str = "two-transistor") -> None:
        chip = Chip(ChipSetup(Efuse.for_mac(MAC), DIALECTS[dialect]), flash)
        self.host = Host(Bench(chip, circuit=circuit, is_wake_link_closed=True))
        self.internet = Internet(Random(1), names={"peer.test": PEER})  # noqa: S311 - repeatable
        self.air = Air()
        dhcp = DhcpServer(ROUTER, MODULE, MODULE)
        self.ap: AccessPoint = self.air.add_access_point(
            ApSettings(b"net", bytes(6)), rssi_dbm=-50, dhcp=dhcp
        )
        bench = self.host.bench
        chip.outside = Surroundings(self.air.attach(bench.hear), self.internet.attach(bench.hear))
        self.host.world.add("air", self.air)
        self.host.world.add("internet", self.internet)
        self.peer = self.internet.add_host(PEER)
        self.host.switch(Contact.POWER, is_closed=True)
        self.host.listen_at(115200)
        self.host.wait(NS_PER_S)
        self.ask(b"ATE0")
        self.ask(b"AT+CWMODE_CUR=1")
        assert self.ask(b'AT+CWJAP_CUR="net",""', 6 * NS_PER_S).endswith(b"WIFI GOT IP\r\n" + OK)

    @property
    def now_ns(self) -> int:
        return self.host.world.now_ns

    def ask(self, line: bytes, duration_ns: int = NS_PER_S) -> bytes:
        return self.put(line + b"\r\n", duration_ns)

    def put(self, data: bytes, duration_ns: int = NS_PER_S) -> bytes:
        self.host.read()
        self.host.send(data)
        return self.hear(duration_ns)

    def hear(self, duration_ns: int = NS_PER_S) -> bytes:
        self.host.wait(duration_ns)
        return self.host.read()


@pytest.fixture(params=sorted(DIALECTS))
def lab(request: pytest.FixtureRequest, flash: NorFlash) -> Lab:
    return Lab(flash, request.param)


def data_of(stream: bytes) -> bytes:
    """What the records of single mode carry, and nothing stands between them."""
    data = b""
    while stream:
        head, _, rest = stream.partition(b":")
        assert head.startswith(b"\r\n+IPD,"), head
        length = int(head[7:])
        data, stream = data + rest[:length], rest[length:]
    return data


def test_an_echo_comes_back(lab: Lab) -> None:
    lab.peer.listen(7, Echo)
    assert lab.ask(b'AT+CIPSTART="TCP","peer.test",7') == b"CONNECT\r\n" + OK
    assert lab.ask(b"AT+CIPSEND=5") == OK + b"> "
    answer = lab.put(b"hello")
    assert answer.count(b"\r\nSEND OK\r\n") == 1
    assert answer.count(b"\r\n+IPD,5:hello") == 1


def test_a_refused_connection(lab: Lab) -> None:
    assert lab.ask(b'AT+CIPSTART="TCP","192.168.1.20",81') == b"\r\nERROR\r\nCLOSED\r\n"


def test_an_address_at_which_nobody_is(lab: Lab) -> None:
    assert lab.ask(b'AT+CIPSTART="TCP","192.168.1.99",81', 20 * NS_PER_S) == (
        b"\r\nERROR\r\nCLOSED\r\n"
    )


def test_a_fast_peer_is_held_up_by_the_uart(lab: Lab) -> None:
    total = 100 * KIB
    source = Source(total)
    lab.peer.listen(9, lambda: source)
    begin_ns = lab.now_ns
    heard = bytearray(lab.ask(b'AT+CIPSTART="TCP","192.168.1.20",9', 100 * NS_PER_MS))
    while not heard.endswith(b"CLOSED\r\n"):
        heard += lab.hear(100 * NS_PER_MS)
        on_uart = len(heard) - len(b"CONNECT\r\n" + OK)
        assert source.acknowledged_bytes <= on_uart + 2 * 5840
    duration_ns = lab.now_ns - begin_ns
    stream = bytes(heard).removeprefix(b"CONNECT\r\n" + OK).removesuffix(b"CLOSED\r\n")
    assert data_of(stream) == (PATTERN * (total // len(PATTERN) + 1))[:total]
    assert duration_ns < 1.1 * total * 86_806 + NS_PER_S


def test_a_host_that_stops_the_module_stops_the_peer(flash: NorFlash) -> None:
    lab = Lab(flash, "documented", "flow-control")
    bench = lab.host.bench
    bench.set_modem_lines(dtr=True, rts=True, now_ns=lab.now_ns)
    lab.ask(b"AT+UART_CUR=115200,8,1,0,2")
    total = 50 * KIB
    source = Source(total)
    lab.peer.listen(9, lambda: source)
    heard = lab.ask(b'AT+CIPSTART="TCP","192.168.1.20",9')
    bench.set_modem_lines(dtr=True, rts=False, now_ns=lab.now_ns)
    lab.host.wait(100 * NS_PER_MS)  # what was on its way
    heard += lab.host.read()
    acknowledged = source.acknowledged_bytes
    assert acknowledged <= len(heard) + 2 * 5840
    assert lab.hear(60 * NS_PER_S) == b""
    assert source.acknowledged_bytes == acknowledged
    bench.set_modem_lines(dtr=True, rts=True, now_ns=lab.now_ns)
    heard += lab.hear(10 * NS_PER_S)
    stream = heard.removeprefix(b"CONNECT\r\n" + OK).removesuffix(b"CLOSED\r\n")
    assert data_of(stream) == (PATTERN * (total // len(PATTERN) + 1))[:total]


def test_closing_behind_received_data_is_orderly(lab: Lab) -> None:
    script = Script()
    lab.peer.listen(80, lambda: script)
    lab.ask(b'AT+CIPSTART="TCP","192.168.1.20",80')
    assert script.end is not None
    script.end.send(bytes(1000), lab.now_ns)
    lab.host.wait(20 * NS_PER_MS)
    assert lab.ask(b"AT+CIPCLOSE").endswith(b"CLOSED\r\n" + OK)
    assert script.has_ended
    assert not script.is_reset


def test_a_client_comes_talks_and_is_dismissed(lab: Lab) -> None:
    lab.ask(b"AT+CIPMUX=1")
    assert lab.ask(b"AT+CIPSERVER=1,1001") == OK
    assert lab.ask(b"AT+CIPSTO=5") == OK
    script = Script()
    lab.peer.dial(script, MODULE, 1001, lab.now_ns)
    assert lab.hear() == b"0,CONNECT\r\n"
    assert script.end is not None
    script.end.send(b"hello", lab.now_ns)
    assert lab.hear() == b"\r\n+IPD,0,5:hello"
    lab.ask(b"AT+CIPSEND=0,3")
    lab.put(b"bye")
    assert script.read(10, lab.now_ns) == b"bye"
    assert lab.hear(6 * NS_PER_S) == b"0,CLOSED\r\n"
    assert script.has_ended
    assert lab.ask(b"AT+CIPSERVER=0") == OK
    refused = Script()
    lab.peer.dial(refused, MODULE, 1001, lab.now_ns)
    lab.hear()
    assert refused.is_refused


def test_datagrams_go_both_ways(lab: Lab) -> None:
    mailbox = Mailbox()
    lab.peer.open_udp(2000, mailbox)
    assert lab.ask(b'AT+CIPSTART="UDP","192.168.1.20",2000,3000').endswith(b"CONNECT\r\n" + OK)
    lab.ask(b"AT+CIPSEND=4")
    assert lab.put(b"ping").endswith(b"\r\nSEND OK\r\n")
    assert mailbox.datagrams == [(b"ping", MODULE, 3000)]
    lab.peer.send_udp(2000, b"pong", MODULE, 3000, lab.now_ns)
    assert lab.hear().startswith(b"\r\n+IPD,4:pong")


def test_a_ping_tells_its_time(lab: Lab) -> None:
    answer = lab.ask(b'AT+PING="peer.test"')
    assert answer.startswith(b"+")
    assert answer.endswith(b"\r\n" + OK)


def test_the_access_point_goes_and_takes_the_link_along(lab: Lab) -> None:
    lab.peer.listen(7, Echo)
    lab.ask(b'AT+CIPSTART="TCP","192.168.1.20",7')
    lab.ap.switch(lab.now_ns, is_on=False)
    assert lab.hear(10 * NS_PER_S) == b"WIFI DISCONNECT\r\nCLOSED\r\n"
