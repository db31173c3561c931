"""The network of an open rig: what modules find in it, and what tests hold of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING

import pytest

from hil.drive.registry import find_world
from hil.drive.simulated_peer import SimulatedPeers
from hil.errors import MistakeError, NeedMissingError, PeerError
from hil.flashing.synthesis import synthesize
from hil.ports.clock import deadline_ns
from hil.ports.network_peer import Endpoint
from hil.ports.socket_peer import SocketPeers
from hil.rig.air_description import DEFAULT_AIR, AirDescription
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG, ModuleDescription, RigDescription
from hil.rig.network_description import NetworkDescription
from hil.units import NS_PER_MS
from hil.virtual.bench import Bench
from hil.virtual.network.message import (
    Interface,
    Ping,
    Ponged,
    Resolve,
    Resolved,
    SetAddress,
    TcpCame,
    TcpFailed,
    TcpFailure,
    TcpListen,
    TcpOpen,
    TcpOpened,
)

if TYPE_CHECKING:
    from hil.rig.rig import Rig
    from hil.virtual.network.message import NetworkRequest
    from hil.virtual.outside import OutsideEvent

FIRMWARE = synthesize()
HOST = IPv4Address("192.168.1.2")
MODULE = IPv4Address("192.168.1.50")
SOFT_AP = IPv4Address("192.168.4.1")
HOST_ONLY = NetworkDescription(HOST, 20, {})


def bench_of(rig: Rig, slot: int = 0) -> Bench:
    world, name = rig.modules[slot].description.port.removeprefix("sim://").split("/")
    bench = find_world(world).machines[name]
    assert isinstance(bench, Bench)
    return bench


class Firmware:
    """Stands for the firmware of a rig's first module: asks, and keeps what it hears."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rig, self.bench = rig, bench_of(rig)
        self.heard: list[OutsideEvent] = []
        monkeypatch.setattr(self.bench.chip, "hear", lambda event, now_ns: self.heard.append(event))

    def ask(self, *requests: NetworkRequest) -> None:
        for request in requests:
            self.bench.chip.outside.take(request, self.rig.clock.now_ns())


def test_the_module_is_connected_with_the_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        firmware = Firmware(rig, monkeypatch)
        listener = rig.network.listen()
        assert listener.endpoint.address == "192.168.1.2"
        firmware.ask(
            SetAddress(Interface.STATION, MODULE), TcpOpen(1, HOST, listener.endpoint.port)
        )
        connection = listener.accept(deadline_ns(rig.clock, 1))
        assert connection is not None
        assert connection.remote.address == str(MODULE)
        assert isinstance(firmware.heard[0], TcpOpened)


def test_the_round_trip_is_what_the_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    network = NetworkDescription(HOST, 7, {"pc.lab": HOST})
    with open_rig(replace(VIRTUAL_RIG, network=network), FIRMWARE) as rig:
        firmware = Firmware(rig, monkeypatch)
        firmware.ask(SetAddress(Interface.STATION, MODULE), Resolve(1, "pc.lab"))
        rig.clock.sleep(0.006_999)
        assert firmware.heard == []
        rig.clock.sleep(0.000_001)
        assert firmware.heard == [Resolved(1, HOST)]
        assert rig.network.names == {"pc.lab": "192.168.1.2"}


def test_the_router_of_the_air_answers_a_ping_and_refuses_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    router = IPv4Address("192.168.1.1")
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        firmware = Firmware(rig, monkeypatch)
        firmware.ask(SetAddress(Interface.STATION, MODULE), Ping(1, router), TcpOpen(2, router, 80))
        rig.clock.sleep(0.02)
        assert firmware.heard == [
            Ponged(1, 20 * NS_PER_MS),
            TcpFailed(2, TcpFailure.REFUSED),
        ]


def test_each_network_of_the_air_has_its_router(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = ("10.0.0.254/24", "172.16.0.1/16", "10.0.0.254/24")
    access_points = tuple(
        replace(each, address=IPv4Interface(network))
        for each, network in zip(DEFAULT_AIR.access_points, networks, strict=False)
    )
    air = AirDescription(access_points, ())
    with open_rig(replace(VIRTUAL_RIG, air=air), FIRMWARE) as rig:
        firmware = Firmware(rig, monkeypatch)
        firmware.ask(
            SetAddress(Interface.STATION, IPv4Address("10.0.0.7")),
            Ping(1, IPv4Address("10.0.0.254")),
            Ping(2, IPv4Address("172.16.0.1")),
            Ping(3, IPv4Address("192.168.1.1")),
        )
        rig.clock.sleep(1)
        assert firmware.heard == [Ponged(1, 20 * NS_PER_MS), Ponged(2, 20 * NS_PER_MS)]


def test_the_peers_may_be_at_the_router(monkeypatch: pytest.MonkeyPatch) -> None:
    router = IPv4Address("192.168.1.1")
    network = NetworkDescription(router, 20, {})
    with open_rig(replace(VIRTUAL_RIG, network=network), FIRMWARE) as rig:
        firmware = Firmware(rig, monkeypatch)
        rig.network.listen(4000)
        firmware.ask(SetAddress(Interface.STATION, MODULE), TcpOpen(1, router, 4000))
        rig.clock.sleep(1)
        assert isinstance(firmware.heard[0], TcpOpened)


def test_it_meets_the_needs_for_peers() -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        assert {"tcp-peer", "udp-peer"} <= rig.has


def test_a_network_in_which_nobody_is_meets_none() -> None:
    nobody = replace(VIRTUAL_RIG, network=NetworkDescription(None, 20, {}))
    with open_rig(nobody, FIRMWARE) as rig:
        assert not {"tcp-peer", "udp-peer"} & rig.has
        with pytest.raises(NeedMissingError) as caught:
            _ = rig.network
    assert str(caught.value) == (
        "rig 'virtual' has no 'tcp-peer': name the address of this computer in the modules' "
        "network as `host_address` in a [network] table"
    )


def test_the_station_that_joins_a_soft_ap_lends_the_host_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        firmware = Firmware(rig, monkeypatch)
        firmware.ask(SetAddress(Interface.SOFT_AP, SOFT_AP), TcpListen(333))
        target = Endpoint(str(SOFT_AP), 333)
        with pytest.raises(PeerError, match="nobody answered"):
            rig.network.dial(target, deadline_ns(rig.clock, 1))
        address = IPv4Address("192.168.4.2")
        monkeypatch.setattr(type(rig.wifi.stations[0]), "address", address)
        rig.network.dial(target, deadline_ns(rig.clock, 1))
        rig.clock.sleep(0.1)
        (came,) = firmware.heard
        assert isinstance(came, TcpCame)
        assert came.address == address


def test_the_same_seed_draws_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def local_port(seed: int) -> int:
        with open_rig(replace(VIRTUAL_RIG, seed=seed), FIRMWARE) as rig:
            firmware = Firmware(rig, monkeypatch)
            listener = rig.network.listen(4000)
            firmware.ask(SetAddress(Interface.STATION, MODULE), TcpOpen(1, HOST, 4000))
            connection = listener.accept(deadline_ns(rig.clock, 1))
            assert connection is not None
            return connection.remote.port

    assert local_port(0) == local_port(0)
    assert local_port(0) != local_port(1)


def test_the_way_to_the_peers_can_be_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        firmware = Firmware(rig, monkeypatch)
        firmware.ask(SetAddress(Interface.STATION, MODULE))
        for delay_s in (0.1, 0):
            rig.network.set_delay(delay_s)
            firmware.ask(Ping(1, HOST), Ping(2, IPv4Address("192.168.1.1")))
            rig.clock.sleep(1)
        assert firmware.heard == [
            Ponged(2, 20 * NS_PER_MS),
            Ponged(1, 120 * NS_PER_MS),
            Ponged(1, 20 * NS_PER_MS),
            Ponged(2, 20 * NS_PER_MS),
        ]


def test_it_cannot_be_made_faster() -> None:
    with (
        open_rig(VIRTUAL_RIG, FIRMWARE) as rig,
        pytest.raises(MistakeError, match=r"^a round trip cannot take 0\.1 s less than usual$"),
    ):
        rig.network.set_delay(-0.1)


def test_names_can_be_changed_and_are_as_before_when_the_peers_are_closed() -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        usual = {"host.test": "192.168.1.2", "iot.espressif.cn": "192.168.1.2"}
        assert rig.network.names == usual
        rig.network.set_name("PC.lab", "10.1.2.3")
        rig.network.set_name("host.test", None)
        rig.network.set_name("nobody.test", None)
        assert rig.network.names == {"iot.espressif.cn": "192.168.1.2", "pc.lab": "10.1.2.3"}
        with pytest.raises(
            MistakeError, match=r"^pc\.lab cannot lead to '10\.1': Expected 4 octets"
        ):
            rig.network.set_name("pc.lab", "10.1")
        rig.network.close()
        assert rig.network.names == usual


def test_the_names_that_are_asked_for_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        firmware = Firmware(rig, monkeypatch)
        firmware.ask(Resolve(1, "too.early"), SetAddress(Interface.STATION, MODULE))
        firmware.ask(Resolve(2, "Host.test"), Resolve(3, "192.168.1.2"), Resolve(4, "nobody.test"))
        assert rig.network.lookups == ("Host.test", "nobody.test")


def test_closing_a_rig_closes_its_peers() -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        rig.network.listen(4000)
        rig.network.set_path(is_open=False)
        rig.close()
        rig.network.listen(4000)


class TestReal:
    RIG = RigDescription("bench", (ModuleDescription(0, "loop://"),))

    def test_its_peers_are_sockets_at_the_address_of_the_file(self) -> None:
        network = NetworkDescription(IPv4Address("127.0.0.1"), 20, {"pc.lab": HOST})
        with open_rig(replace(self.RIG, network=network), FIRMWARE) as rig:
            assert isinstance(rig.network, SocketPeers)
            assert {"tcp-peer", "udp-peer"} <= rig.has
            assert rig.network.listen().endpoint.address == "127.0.0.1"
            assert rig.network.names == {"pc.lab": "192.168.1.2"}

    def test_without_an_address_there_are_none(self) -> None:
        with open_rig(self.RIG, FIRMWARE) as rig:
            assert not {"tcp-peer", "udp-peer"} & rig.has
            with pytest.raises(NeedMissingError):
                _ = rig.network

    def test_an_address_of_another_computer_is_told(self) -> None:
        network = NetworkDescription(IPv4Address("192.0.2.1"), 20, {})
        with (
            open_rig(replace(self.RIG, network=network), FIRMWARE) as rig,
            pytest.raises(PeerError) as caught,
        ):
            rig.network.listen(4000)
        assert str(caught.value) == (
            "cannot listen at 192.0.2.1:4000: Cannot assign requested address. `host_address` in "
            "the rig file must be an address of this computer"
        )

    def test_what_only_a_virtual_rig_can_do_is_told(self) -> None:
        network = NetworkDescription(IPv4Address("127.0.0.1"), 20, {})
        with open_rig(replace(self.RIG, network=network), FIRMWARE) as rig:
            with pytest.raises(NeedMissingError, match="rig 'bench' has no 'path-cut': "):
                rig.network.set_path(is_open=False)
            with pytest.raises(NeedMissingError, match="has no 'slow-acknowledgement': "):
                rig.network.listen(acknowledgement_delay_s=0.2)
            with pytest.raises(NeedMissingError, match="has no 'path-delay': "):
                rig.network.set_delay(0.1)
            with pytest.raises(NeedMissingError, match="has no 'name-control': "):
                rig.network.set_name("pc.lab", None)
            with pytest.raises(NeedMissingError, match="has no 'name-log': "):
                _ = rig.network.lookups


def test_a_virtual_rig_holds_simulated_peers_with_a_cut_and_slow_acknowledgements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        assert isinstance(rig.network, SimulatedPeers)
        firmware = Firmware(rig, monkeypatch)
        rig.network.listen(4000, acknowledgement_delay_s=0.2)
        rig.network.set_path(is_open=False)
        firmware.ask(SetAddress(Interface.STATION, MODULE), TcpOpen(1, HOST, 4000))
        rig.clock.sleep(1)
        assert firmware.heard == []
        rig.network.set_path(is_open=True)
        rig.clock.sleep(3 + 40 * NS_PER_MS / 1e9)
        assert isinstance(firmware.heard[0], TcpOpened)


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (b'"192.168.1.55","192.168.1.1","255.255.255.0"', b"CONNECT\r\n\r\nOK\r\n"),
        (b'"192.168.1.55"', b"CONNECT\r\n\r\nOK\r\n"),
        (b'"192.168.1.55","192.168.1.99","255.255.255.0"', b"\r\nERROR\r\nCLOSED\r\n"),
        (b'"192.168.1.55","192.168.1.1","128.0.0.0"', b"CONNECT\r\n\r\nOK\r\n"),
        (b'"192.168.6.100","192.168.6.1","255.255.255.0"', b"\r\nERROR\r\nCLOSED\r\n"),
    ],
)
def test_a_peer_in_another_network_is_reached_through_the_gateway_that_was_set(
    arguments: bytes, answer: bytes
) -> None:
    """CIPSTA-13. The access points of the built-in air are 192.168.1.1."""
    far = NetworkDescription(IPv4Address("10.9.8.7"), 20, {})
    with open_rig(replace(VIRTUAL_RIG, network=far), FIRMWARE) as rig:
        module, listener = rig.modules[0], rig.network.listen(4000)
        assert listener.endpoint == Endpoint("10.9.8.7", 4000)
        rig.clock.sleep(1)

        def ask(line: bytes, wait_s: float) -> bytes:
            module.port.discard_input()
            module.port.send(line + b"\r\n")
            rig.clock.sleep(wait_s)
            received = b""
            while data := module.port.receive(rig.clock.now_ns()):
                received += data
            return received

        ask(b"ATE0", 0.1)
        ask(b"AT+CWMODE_CUR=1", 0.1)
        assert ask(b"AT+CIPSTA_CUR=" + arguments, 0.1) == b"\r\nOK\r\n"
        assert ask(b'AT+CWJAP_CUR="testnet","password"', 5) == (
            b"WIFI CONNECTED\r\nWIFI GOT IP\r\n\r\nOK\r\n"
        )
        assert ask(b'AT+CIPSTART="TCP","10.9.8.7",4000', 60) == answer
