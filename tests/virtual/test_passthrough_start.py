"""A stored link from power-on to power-on: a whole module, its access point, and a peer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.bench import Contact
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.network.peer import Echo, Script

from .test_links_over_network import OK, Lab

if TYPE_CHECKING:
    from hil.virtual.flash import NorFlash

LINES = {"documented": b"WIFI CONNECTED\r\nWIFI GOT IP\r\n", "espressif-0.23": b""}


def stored_lab(flash: NorFlash, dialect: str) -> Lab:
    """A module that begins with a link to the peer's port 1002 whenever it starts."""
    lab = Lab(flash, dialect)
    assert lab.ask(b"AT+CWMODE_DEF=1") == OK
    assert lab.ask(b'AT+CWJAP_DEF="net",""', 6 * NS_PER_S).endswith(OK)
    assert lab.ask(b'AT+SAVETRANSLINK=1,"192.168.1.20",1002,"TCP"') == OK
    return lab


def power_cycle(lab: Lab) -> None:
    for is_closed in (False, True):
        lab.host.switch(Contact.POWER, is_closed=is_closed)
        lab.host.wait(100 * NS_PER_MS)
    lab.host.listen_at(115_200)


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_each_power_on_leads_to_the_peer_without_a_command(flash: NorFlash, dialect: str) -> None:
    lab = stored_lab(flash, dialect)
    lab.peer.listen(1002, Echo)
    for _ in range(2):
        power_cycle(lab)
        _, _, said = lab.hear(5 * NS_PER_S).partition(b"\r\nready\r\n")
        assert said == LINES[dialect]
        assert lab.put(b"hello") == b"hello"


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_it_can_be_left_and_cancelled(flash: NorFlash, dialect: str) -> None:
    lab = stored_lab(flash, dialect)
    script = Script()
    lab.peer.listen(1002, lambda: script)
    power_cycle(lab)
    lab.hear(5 * NS_PER_S)
    assert lab.put(b"+++") == b""
    assert script.unread == b""
    lab.ask(b"ATE0")
    assert lab.ask(b"AT+SAVETRANSLINK=0") == OK
    power_cycle(lab)
    lab.hear(5 * NS_PER_S)
    lab.ask(b"ATE0")
    assert lab.ask(b"AT") == OK


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_the_link_comes_back_with_the_access_point(flash: NorFlash, dialect: str) -> None:
    lab = stored_lab(flash, dialect)
    lab.peer.listen(1002, Echo)
    power_cycle(lab)
    lab.hear(5 * NS_PER_S)
    lab.ap.switch(is_on=False, now_ns=lab.now_ns)
    lab.hear(20 * NS_PER_S)
    assert lab.put(b"lost") == b""
    lab.ap.switch(is_on=True, now_ns=lab.now_ns)
    lab.hear(20 * NS_PER_S)
    assert lab.put(b"hello") == b"hello"


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_the_link_comes_back_when_the_peer_does(flash: NorFlash, dialect: str) -> None:
    lab = stored_lab(flash, dialect)
    power_cycle(lab)
    lab.hear(5 * NS_PER_S)
    lab.peer.listen(1002, Echo)
    lab.hear(NS_PER_S)
    assert lab.put(b"hello") == b"hello"
