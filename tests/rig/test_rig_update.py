"""AT+CIUPDATE on the usual virtual rig, with the rig's own update server."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.flashing.image import Role
from hil.flashing.synthesis import synthesize
from hil.ports.clock import deadline_ns
from hil.ports.update_server import UPDATE_SERVER_NAME, UpdateServer, version_reply
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG, ModuleDescription, RigDescription
from hil.rig.network_description import NetworkDescription

if TYPE_CHECKING:
    from hil.rig.rig import Rig

FIRMWARE = synthesize()
NEWER = synthesize(at_version="0.24.0.0")
LOOPBACK = IPv4Address("127.0.0.1")


class Desk:
    """Whoever types commands at the first module of a rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig, self.port = rig, rig.modules[0].port
        rig.modules[0].start()
        self.order(b"ATE0")
        self.order(b"AT+CWMODE_CUR=1")
        assert self.order(b'AT+CWJAP_CUR="testnet","password"', 10).endswith(b"\r\nOK\r\n")

    def order(self, line: bytes, wait_s: float = 0.5) -> bytes:
        self.port.discard_input()
        self.port.send(line + b"\r\n")
        return self.hear(wait_s)

    def hear(self, wait_s: float) -> bytes:
        until_ns, heard = self.soon_ns(wait_s), b""
        while self.rig.clock.now_ns() < until_ns:
            heard += self.port.receive(until_ns)
        return heard

    def soon_ns(self, wait_s: float = 30) -> int:
        return deadline_ns(self.rig.clock, wait_s)


def test_the_usual_rig_brings_an_update_server() -> None:
    user2 = NEWER.image(Role.USER2)
    assert user2 is not None
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        desk, server = Desk(rig), UpdateServer(rig.network)
        assert desk.order(b"AT+CIUPDATE") == b"+CIPUPDATE:1\r\n+CIPUPDATE:2\r\n"
        request = server.take_request(desk.soon_ns())
        server.answer(request, version_reply("v0.24"), desk.soon_ns())
        assert desk.hear(0.5) == b"+CIPUPDATE:3\r\n+CIPUPDATE:4\r\n"
        request = server.take_request(desk.soon_ns())
        assert request.file_name == "user2.bin"
        server.answer(request, user2.read(), desk.soon_ns())
        assert desk.hear(10).startswith(b"\r\nOK\r\n")
        desk.order(b"ATE0")
        assert desk.order(b"AT+GMR").startswith(b"AT version:0.24.0.0(")
        assert rig.network.lookups == ("iot.espressif.cn",)


def test_without_the_name_it_stops_before_the_first_stage() -> None:
    with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
        desk = Desk(rig)
        rig.network.set_name(UPDATE_SERVER_NAME, None)
        assert desk.order(b"AT+CIUPDATE", 10) == b"\r\nERROR\r\n"
        assert rig.network.lookups == ("iot.espressif.cn",)


@pytest.mark.parametrize(
    ("names", "is_met"),
    [
        ({UPDATE_SERVER_NAME: LOOPBACK}, True),
        ({UPDATE_SERVER_NAME: IPv4Address("192.0.2.1")}, False),
        ({"pc.lab": LOOPBACK}, False),
    ],
)
def test_a_real_rig_has_one_if_its_name_server_leads_to_the_peers(
    names: dict[str, IPv4Address], *, is_met: bool
) -> None:
    bench = RigDescription("bench", (ModuleDescription(0, "loop://"),))
    network = NetworkDescription(LOOPBACK, 20, names)
    with open_rig(replace(bench, network=network), FIRMWARE) as rig:
        assert ("update-server" in rig.has) == is_met
