"""What every byte port does. A new implementation is one more entry in `IMPLEMENTATIONS`."""

from __future__ import annotations

import threading
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING

import pytest

from hil.errors import PortError
from hil.ports.byte_port import Direction, Parity, PortFormat
from hil.ports.clock import deadline_ns

from .played_wire import played
from .served_wire import far_end_over
from .wire import PATIENCE_S, pseudo_terminal, simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from hil.ports.byte_port import BytePort

    from .wire import FarEnd

IMPLEMENTATIONS: dict[str, Callable[[], AbstractContextManager[FarEnd]]] = {
    "sim": simulated,
    "pty": pseudo_terminal,
    "served pty": partial(far_end_over, "pty"),
    "hil": partial(far_end_over, "hil"),
    "rfc2217": partial(far_end_over, "rfc2217"),
}


@pytest.fixture(params=[*IMPLEMENTATIONS, "replay"])
def far_end(request: pytest.FixtureRequest) -> Iterator[FarEnd]:
    if request.param != "replay":
        with IMPLEMENTATIONS[request.param]() as end:
            yield end
        return
    with played(partial(run_test, request)) as end:
        yield end


def run_test(request: pytest.FixtureRequest, end: FarEnd) -> None:
    """The test that asks for a port, on a port that is recorded."""
    given = {**request.node.callspec.params, "far_end": end, "port": end.port}
    wanted = signature(request.function).parameters
    request.function(**{name: given[name] for name in wanted})


@pytest.fixture
def port(far_end: FarEnd) -> BytePort:
    return far_end.port


def soon(port: BytePort) -> int:
    """A moment that is never reached if the port does what it should."""
    return deadline_ns(port.clock, PATIENCE_S)


def receive_all(port: BytePort, count: int) -> bytes:
    received = b""
    until_ns = soon(port)
    while len(received) < count and (data := port.receive(until_ns)):
        received += data
    return received


def require_capability(far_end: FarEnd, word: str) -> None:
    if word not in far_end.port.capabilities:
        pytest.skip(f"{far_end.kind} has no {word}")


def test_what_comes_is_received(far_end: FarEnd, port: BytePort) -> None:
    far_end.say(b"\r\nready\r\n")
    assert receive_all(port, 9) == b"\r\nready\r\n"


def test_it_waits_for_the_first_byte_and_not_for_the_deadline(
    far_end: FarEnd, port: BytePort
) -> None:
    until_ns = soon(port)
    if far_end.kind in {"sim", "replay"}:
        far_end.say(b">")
    else:
        threading.Timer(0.01, far_end.say, [b">"]).start()
    assert port.receive(until_ns) == b">"
    assert port.clock.now_ns() < until_ns


def test_nothing_comes_by_the_deadline(port: BytePort) -> None:
    until_ns = deadline_ns(port.clock, 0.01)
    assert port.receive(until_ns) == b""
    assert port.clock.now_ns() >= until_ns


def test_a_deadline_in_the_past_takes_what_is_there(far_end: FarEnd, port: BytePort) -> None:
    far_end.say(b"+")
    far_end.settle(1)
    assert port.receive(0) == b"+"


def test_a_deadline_in_the_past_does_not_wait(port: BytePort) -> None:
    assert port.receive(0) == b""
    assert port.receive(port.clock.now_ns()) == b""


def test_what_is_sent_arrives_in_order(far_end: FarEnd, port: BytePort) -> None:
    port.send(b"AT+GMR")
    port.send(b"\r\n")
    assert far_end.hear(8) == b"AT+GMR\r\n"


def test_nothing_sent_is_nothing(far_end: FarEnd, port: BytePort) -> None:
    port.send(b"")
    port.send(b"x")
    assert far_end.hear(1) == b"x"


def test_every_byte_passes_both_ways(far_end: FarEnd, port: BytePort) -> None:
    every = bytes(range(256))
    port.send(every)
    assert far_end.hear(256) == every
    far_end.say(every)
    assert receive_all(port, 256) == every


def test_both_ways_at_once(far_end: FarEnd, port: BytePort) -> None:
    port.send(b"question")
    far_end.say(b"answer")
    assert receive_all(port, 6) == b"answer"
    assert far_end.hear(8) == b"question"


def test_input_can_be_forgotten(far_end: FarEnd, port: BytePort) -> None:
    far_end.say(b"old")
    far_end.settle(3)
    port.discard_input()
    assert port.receive(0) == b""
    far_end.say(b"new")
    assert receive_all(port, 3) == b"new"


def test_the_tap_sees_both_ways_with_their_times(far_end: FarEnd, port: BytePort) -> None:
    seen: list[tuple[int, Direction, bytes]] = []
    port.tap = lambda time_ns, direction, data: seen.append((time_ns, direction, data))
    started_ns = port.clock.now_ns()
    port.send(b"AT")
    far_end.say(b"O")
    assert receive_all(port, 1) == b"O"
    (sent_ns, *sent), (received_ns, *received) = seen
    assert sent == [Direction.SENT, b"AT"]
    assert received == [Direction.RECEIVED, b"O"]
    assert started_ns <= sent_ns <= received_ns <= port.clock.now_ns()


def test_the_tap_does_not_see_silence(port: BytePort) -> None:
    seen: list[bytes] = []
    port.tap = lambda time_ns, direction, data: seen.append(data)
    port.receive(0)
    assert seen == []


def test_the_format_is_known(port: BytePort) -> None:
    assert port.format == PortFormat(115200, 8, Parity.NONE, 1)


def test_a_rate_can_be_set(far_end: FarEnd, port: BytePort) -> None:
    line_format = PortFormat(74880)
    port.set_format(line_format)
    far_end.set_format(line_format)
    assert port.format == line_format
    port.send(b"AT")
    assert far_end.hear(2) == b"AT"
    far_end.say(b"OK")
    assert receive_all(port, 2) == b"OK"


@pytest.mark.parametrize(
    "line_format",
    [
        PortFormat(9600, 7, Parity.EVEN, 1),
        PortFormat(9600, 7, Parity.ODD, 2),
        PortFormat(115200, 5, Parity.NONE, 1.5),
        PortFormat(115200, 6, Parity.ODD, 1),
        PortFormat(4800, 8, Parity.EVEN, 2),
    ],
    ids=str,
)
def test_a_frame_can_be_set(far_end: FarEnd, port: BytePort, line_format: PortFormat) -> None:
    require_capability(far_end, "uart-format")
    port.set_format(line_format)
    far_end.set_format(line_format)
    assert port.format == line_format
    low_bits = bytes(range(1 << line_format.data_bits))
    port.send(low_bits)
    assert far_end.hear(len(low_bits)) == low_bits
    far_end.say(low_bits)
    assert receive_all(port, len(low_bits)) == low_bits


def test_a_rate_that_does_not_exist_is_refused_and_changes_nothing(
    far_end: FarEnd, port: BytePort
) -> None:
    before = port.format
    with pytest.raises(PortError) as caught:
        port.set_format(PortFormat(0, 7, Parity.EVEN, 2))
    assert str(caught.value) == (
        f"cannot set 0 baud, 7E2 on {port.name}: no line has 0 baud. Choose a rate and a format "
        "that this adapter supports"
    )
    assert port.format == before
    far_end.say(b"\xc1")
    assert receive_all(port, 1) == b"\xc1"


def test_closing_twice_is_fine(port: BytePort) -> None:
    port.close()
    port.close()


@pytest.mark.parametrize(
    ("attempted", "call"),
    [
        ("write to", lambda port: port.send(b"AT")),
        ("read from", lambda port: port.receive(0)),
        ("read from", lambda port: port.discard_input()),
        ("set 9600 baud, 8N1 on", lambda port: port.set_format(PortFormat(9600))),
    ],
    ids=["send", "receive", "discard_input", "set_format"],
)
def test_a_closed_port_says_so(
    port: BytePort, attempted: str, call: Callable[[BytePort], object]
) -> None:
    port.close()
    with pytest.raises(PortError) as caught:
        call(port)
    assert str(caught.value).startswith(
        f"cannot {attempted} {port.name}: Attempting to use a port that is not open. "
    )
