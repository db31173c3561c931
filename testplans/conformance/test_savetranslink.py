"""AT+SAVETRANSLINK: start in passthrough from the next power-on (section 5.2, command 14)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.errors import PeerError

from .link import Links
from .passthrough import hear_exactly, leave
from .restart import READY_TIMEOUT_S
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.ports.network_peer import NetworkPeers, TcpConnection, TcpListener
    from hil.rig.module import RigModule

NOBODY = '"192.0.2.1",9'
"""An address of a network that exists in books only."""

START_S = 20.0
"""From power-on to the connection: joining, an address, dialling."""

NO_START_S = 5.0
GONE_S = 10.0
"""In which a station notices that its access point is gone."""

QUIET_S = 0.5
MOST_PAUSES = 40
GOOD = '"192.168.6.110",1002'


@pytest.fixture
def stored(talk: Talk, access_point: AccessPoint, network: NetworkPeers) -> Links:
    """The module as a station that joins the rig's access point by itself, and the peers."""
    talk.ok("AT+CWMODE_DEF=1")
    talk.ok(join_call(access_point, "AT+CWJAP_DEF"))
    return Links(talk, network)


def _start(links: Links, module: RigModule, listener: TcpListener) -> TcpConnection:
    """Switch the module off and on; returns the connection that it makes by itself."""
    module.power_cycle()
    connection = listener.accept(links.deadline_ns(START_S))
    assert connection is not None, "the module has made no connection by itself"
    _let_settle(links.talk)
    return connection


def _finish(links: Links, module: RigModule) -> None:
    """Go back to commands, and let the next start lead there, too."""
    leave(links.talk)
    links.talk.ok("AT+SAVETRANSLINK=0")
    module.is_running = True


def _let_settle(talk: Talk) -> None:
    """Hear the lines of the start to their end."""
    for _ in range(MOST_PAUSES):
        if not talk.hear(QUIET_S):
            return
    pytest.fail("the module does not stop talking")


def _require_passthrough(links: Links, connection: TcpConnection) -> None:
    links.talk.give(b"AT\r\n")
    assert links.receive(connection, 4) == b"AT\r\n"
    connection.send(b"down", links.deadline_ns(START_S))
    hear_exactly(links.talk, b"down")


def _require_commands(talk: Talk) -> None:
    """Switching on has led to commands."""
    talk.at.wait_ready(READY_TIMEOUT_S)
    talk.ok("ATE0")
    talk.ok("AT")


@pytest.mark.clause("SAVETRANSLINK-01")
def test_mode_address_port_and_perhaps_a_type_are_taken(talk: Talk) -> None:
    talk.ok(f'AT+SAVETRANSLINK=1,{GOOD},"TCP"')
    talk.ok(f'AT+SAVETRANSLINK=1,{GOOD},"UDP"')
    talk.ok(f"AT+SAVETRANSLINK=1,{GOOD}")


@pytest.mark.clause("SAVETRANSLINK-02")
def test_mode_1_starts_in_passthrough(stored: Links, module: RigModule) -> None:
    listener = stored.network.listen()
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{listener.endpoint.port},"TCP"')

    _require_passthrough(stored, _start(stored, module, listener))
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-03")
def test_mode_0_cancels_that(stored: Links, module: RigModule) -> None:
    listener = stored.network.listen()
    link = f'"{stored.host}",{listener.endpoint.port}'
    stored.talk.ok(f"AT+SAVETRANSLINK=1,{link}")
    stored.talk.ok(f"AT+SAVETRANSLINK=0,{link}")

    module.power_cycle()
    _require_commands(stored.talk)
    assert listener.accept(stored.deadline_ns(NO_START_S)) is None
    stored.talk.ok("AT")


@pytest.mark.clause("SAVETRANSLINK-03")
def test_mode_0_takes_what_mode_1_takes(talk: Talk) -> None:
    talk.ok(f"AT+SAVETRANSLINK=0,{GOOD}")
    talk.ok(f'AT+SAVETRANSLINK=0,{GOOD},"TCP"')
    talk.ok(f'AT+SAVETRANSLINK=0,{GOOD},"UDP"')


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(f'{GOOD},"XYZ"', marks=pytest.mark.clause("SAVETRANSLINK-08")),
        pytest.param('"300.1.1.1",1002', marks=pytest.mark.clause("SAVETRANSLINK-10")),
        pytest.param('"192.168.6.110",0', marks=pytest.mark.clause("SAVETRANSLINK-11")),
    ],
    ids=["type", "address", "port"],
)
def test_mode_0_refuses_what_does_not_conform(talk: Talk, link: str) -> None:
    talk.refused(f"AT+SAVETRANSLINK=0,{link}")


@pytest.mark.clause("SAVETRANSLINK-04")
def test_other_modes_are_refused(talk: Talk) -> None:
    for mode in ("2", "3", "255", "-1", "x", "", '"1"'):
        talk.refused(f"AT+SAVETRANSLINK={mode},{GOOD}")
        talk.refused(f'AT+SAVETRANSLINK={mode},{GOOD},"TCP"')


@pytest.mark.clause("SAVETRANSLINK-05")
def test_mode_0_alone_is_enough(stored: Links, module: RigModule) -> None:
    stored.talk.ok(f"AT+SAVETRANSLINK=1,{NOBODY}")
    stored.talk.ok("AT+SAVETRANSLINK=0")

    module.power_cycle()
    _require_commands(stored.talk)


@pytest.mark.clause("SAVETRANSLINK-06")
def test_without_a_type_the_link_is_tcp(stored: Links, module: RigModule) -> None:
    listener = stored.network.listen()
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{listener.endpoint.port}')

    _require_passthrough(stored, _start(stored, module, listener))
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-07")
def test_a_link_can_be_udp(stored: Links, module: RigModule) -> None:
    peer = stored.network.open_udp()
    listener = stored.network.listen(peer.endpoint.port)
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{peer.endpoint.port},"UDP"')

    module.power_cycle()
    assert listener.accept(stored.deadline_ns(NO_START_S)) is None
    _let_settle(stored.talk)
    stored.talk.give(b"up")
    datagram = peer.receive(stored.deadline_ns(START_S))
    assert datagram is not None
    assert datagram.data == b"up"
    peer.send(b"down", datagram.source)
    hear_exactly(stored.talk, b"down")
    _finish(stored, module)


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(
            [f"{GOOD},{kind}" for kind in ('"XYZ"', '"tcp"', "TCP", "0", '""', '"TCP","UDP"')],
            id="type",
            marks=pytest.mark.clause("SAVETRANSLINK-08"),
        ),
        pytest.param(
            [
                f"{address},1002"
                for address in (
                    *('"300.1.1.1"', '"192.168.6"', '"192.168.6.110.1"', '"host.test"', '""'),
                    *("192.168.6.110", '"192.168.6.x"', '"0.0.0.0"', '"255.255.255.255"'),
                )
            ],
            id="address",
            marks=pytest.mark.clause("SAVETRANSLINK-10"),
        ),
        pytest.param(
            [f'"192.168.6.110",{port}' for port in ("0", "65536", "-1", "x", '"1002"', "")],
            id="port",
            marks=pytest.mark.clause("SAVETRANSLINK-11"),
        ),
        pytest.param(
            ["", ',"192.168.6.110"', ",,1002", ",1002"],
            id="missing",
            marks=pytest.mark.clause("SAVETRANSLINK-16"),
        ),
    ],
)
def test_what_does_not_conform_is_refused_and_not_stored(
    stored: Links, module: RigModule, refused: list[str]
) -> None:
    listener = stored.network.listen()
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{listener.endpoint.port}')
    for link in refused:
        comma = "" if link[:1] in ("", ",") else ","
        stored.talk.refused(f"AT+SAVETRANSLINK=1{comma}{link}")

    _require_passthrough(stored, _start(stored, module, listener))
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-11")
def test_the_least_and_the_greatest_port_are_taken(talk: Talk) -> None:
    talk.ok('AT+SAVETRANSLINK=1,"192.168.6.110",1')
    talk.ok('AT+SAVETRANSLINK=1,"192.168.6.110",65535')


@pytest.mark.clause("SAVETRANSLINK-11")
@pytest.mark.parametrize("port", [1, 65535])
def test_a_link_to_the_least_and_the_greatest_port_begins(
    stored: Links, module: RigModule, port: int
) -> None:
    try:
        listener = stored.network.listen(port)
    except PeerError as error:
        pytest.skip(str(error))
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{port}')

    _require_passthrough(stored, _start(stored, module, listener))
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-09")
@pytest.mark.needs("power", "ap")
def test_a_link_is_stored_though_nobody_is_there(stored: Links, module: RigModule) -> None:
    talk = stored.talk
    talk.ok(f"AT+SAVETRANSLINK=1,{NOBODY}")

    module.power_cycle()
    talk.hear(NO_START_S)
    talk.give(b"AT\r\n")
    talk.silent(QUIET_S)
    leave(talk)
    talk.ok("AT")
    talk.ok("AT+CIPMODE=0")  # there is no link, nor half of one (line 917)
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-13")
def test_nothing_happens_before_the_next_start(stored: Links) -> None:
    listener = stored.network.listen()
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{listener.endpoint.port}')

    stored.talk.ok("AT")
    assert listener.accept(stored.deadline_ns(NO_START_S)) is None
    stored.talk.expect("AT+CIPMODE?", "+CIPMODE:0", "OK")


@pytest.mark.clause("SAVETRANSLINK-14")
def test_plus_plus_plus_leaves_such_passthrough(stored: Links, module: RigModule) -> None:
    listener = stored.network.listen()
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{listener.endpoint.port}')
    connection = _start(stored, module, listener)

    leave(stored.talk)
    stored.talk.ok("ATE0")
    stored.talk.ok("AT")
    assert stored.has_received_nothing(connection)
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-15")
def test_every_later_start_is_in_passthrough(stored: Links, module: RigModule) -> None:
    listener = stored.network.listen()
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{listener.endpoint.port}')

    for _ in range(2):
        _require_passthrough(stored, _start(stored, module, listener))
        leave(stored.talk)
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-17")
def test_there_is_only_the_set_form(talk: Talk) -> None:
    for form in ("", "?", "=?"):
        talk.refused(f"AT+SAVETRANSLINK{form}")


@pytest.mark.clause("SAVETRANSLINK-18")
def test_a_restart_by_rst_leads_to_commands_or_passthrough(
    stored: Links, module: RigModule
) -> None:
    talk = stored.talk
    listener = stored.network.listen()
    talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{listener.endpoint.port}')

    talk.ok("AT+RST")
    connection = listener.accept(stored.deadline_ns(START_S))
    _let_settle(talk)
    if connection is None:
        talk.ok("AT")
        return
    _require_passthrough(stored, connection)
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-19")
def test_the_link_is_opened_when_the_peer_is_there_and_again_when_it_is_lost(
    stored: Links, module: RigModule
) -> None:
    absent = stored.network.listen()
    port = absent.endpoint.port
    absent.close()
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{port}')

    module.power_cycle()
    stored.talk.hear(NO_START_S)
    listener = stored.network.listen(port)
    for _ in range(2):
        connection = stored.accept(listener)
        _require_passthrough(stored, connection)
        connection.reset()
    _finish(stored, module)


@pytest.mark.clause("SAVETRANSLINK-19")
@pytest.mark.needs("ap-control")
def test_the_link_is_opened_again_when_the_network_is_back(
    stored: Links, module: RigModule, access_point: AccessPoint
) -> None:
    listener = stored.network.listen()
    stored.talk.ok(f'AT+SAVETRANSLINK=1,"{stored.host}",{listener.endpoint.port}')
    _start(stored, module, listener)

    access_point.switch(is_on=False)
    stored.talk.hear(GONE_S)
    access_point.switch(is_on=True)
    connection = listener.accept(stored.deadline_ns(START_S))
    assert connection is not None
    _let_settle(stored.talk)
    _require_passthrough(stored, connection)
    _finish(stored, module)
