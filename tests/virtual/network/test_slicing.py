"""How time is sliced changes nothing, whatever the module says and whatever gets lost."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_MS
from hil.virtual.network.message import (
    Interface,
    Ping,
    Resolve,
    SetAddress,
    TcpAbort,
    TcpClose,
    TcpListen,
    TcpOpen,
    TcpSend,
    TcpStopListening,
    UdpClose,
    UdpOpen,
    UdpSend,
)
from hil.virtual.network.peer import Echo, Mailbox, Resetting, Script, SlowReader, Source
from hil.virtual.network.way import Path

from .module_double import HOST, MODULE, Net

if TYPE_CHECKING:
    from hil.virtual.network.message import NetworkRequest

PORTS = (7, 9, 19, 13, 666)
SECOND = IPv4Address("192.168.1.51")

requests = st.one_of(
    st.builds(TcpSend, st.integers(1, 5), st.binary(max_size=40).map(lambda data: data * 400)),
    st.builds(TcpClose, st.integers(1, 5)),
    st.builds(TcpAbort, st.integers(1, 5)),
    st.builds(SetAddress, st.just(Interface.STATION), st.sampled_from([None, MODULE])),
    st.builds(UdpOpen, st.integers(1, 2), st.sampled_from([0, 3000])),
    st.builds(UdpSend, st.integers(1, 2), st.binary(max_size=9), st.just(HOST), st.just(53)),
    st.builds(UdpClose, st.integers(1, 2)),
    st.builds(Resolve, st.integers(1, 9), st.sampled_from(["host.test", "nobody"])),
    st.builds(Ping, st.integers(1, 9), st.sampled_from([HOST, SECOND])),
    st.builds(TcpListen, st.just(333)),
    st.builds(TcpStopListening, st.just(333)),
)
moments = st.integers(0, 3000 * NS_PER_MS)
plans = st.lists(st.tuples(moments, requests), max_size=25)


def run(plan: list[tuple[int, NetworkRequest]], stops: list[int], lost: int) -> object:
    """What is heard at all ends if the world stops at certain moments between the requests."""
    net = Net(Path(lost_per_mille=lost), 3, **{"host.test": HOST})
    module, second = net.module(), net.module(SECOND)
    host, script, box = net.internet.add_host(HOST), Script(), Mailbox()
    host.listen(7, Echo, acknowledgement_delay_ns=3)
    host.listen(9, lambda: SlowReader(net.internet.agenda, 700, 11 * NS_PER_MS), window_bytes=2000)
    host.listen(19, lambda: Source(9000))
    host.listen(13, lambda: Resetting(500))
    host.listen(666, lambda: script)
    host.open_udp(53, box)
    second.ask(TcpListen(333))
    module.ask(*(TcpOpen(number, HOST, port) for number, port in enumerate(PORTS, 1)))
    module.ask(TcpOpen(6, SECOND, 333, keep_alive_ms=500))
    dialler = Script()
    host.dial(dialler, MODULE, 333, 0)
    asked = sorted(plan, key=lambda item: item[0])
    for at_ns in sorted({*stops, *(at_ns for at_ns, _ in asked)}):
        net.world.advance(at_ns)
        for due_ns, request in asked:
            if due_ns == at_ns:
                module.ask(request)
    net.world.advance(20_000 * NS_PER_MS)
    ends = [(bytes(each.unread), each.has_ended, each.is_reset) for each in (script, dialler)]
    return module.heard, second.heard, ends, box.datagrams


@given(plans, st.lists(moments, max_size=30), st.sampled_from([0, 200]))
def test_how_time_is_sliced_changes_nothing(
    plan: list[tuple[int, NetworkRequest]], stops: list[int], lost: int
) -> None:
    assert run(plan, stops, lost) == run(plan, [], lost)
