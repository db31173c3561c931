"""What must not stop a served module: clients out of turn, noise, torn connections, shortage."""

from __future__ import annotations

import hashlib
import select
import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import esptool.cmds
import pytest
import serial

from hil.drive import url as urls
from hil.drive.descriptor import OUTBOX_BYTES
from hil.drive.framed_link import FramedLink
from hil.drive.rfc2217_link import Rfc2217Link
from hil.drive.served_line import ServedLine
from hil.drive.tcp_server import TcpServer
from hil.rig.served import ServedModule, ServePlan

from .exhaustion import few_descriptors
from .knocking import connect, everything_from
from .rfc2217_client import in_haste
from .served_module import ANSWER, PATIENCE_S, ask, served, talk_until_ok
from .simulated_module import running_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.drive.tcp_link import TcpLink
    from hil.virtual.world import World

KINDS = ["url", "rfc2217", "raw"] + ["pty"] * (sys.platform == "linux")
NOISE = hashlib.shake_128(b"noise").digest(100_000)
IN_USE = b"module0 is in use by another client"


@pytest.fixture
def module() -> Iterator[ServedModule]:
    urls.install()
    plan = ServePlan(
        has_pty="pty" in KINDS, tcp_port=0, rfc2217_port=0, raw_tcp_port=0, is_paced=False
    )
    with in_haste(), served(plan) as (module,):
        yield module


def place_of(module: ServedModule, kind: str) -> str:
    return str(getattr(module, kind))


def port_at(module: ServedModule, kind: str) -> serial.Serial:
    return serial.serial_for_url(place_of(module, kind), baudrate=115200, timeout=PATIENCE_S)


def require_refusal(module: ServedModule, kind: str) -> None:
    """A second client is refused as well as the kind of link can."""
    if kind == "pty":  # nothing can keep a program from opening it; it hears nothing
        with port_at(module, "pty") as port:
            port.write(b"AT\r\n")
            port.timeout = 0.05
            assert port.read(100) == b""
        return
    with connect(place_of(module, kind)) as second:
        if kind == "url":
            second.sendall(b"\x01\x00\x04hil\x01")
        heard = everything_from(second)
    assert heard.strip().endswith(b"" if kind == "raw" else IN_USE)


@pytest.mark.parametrize("first", KINDS)
def test_a_second_client_is_refused_on_every_kind_of_link(module: ServedModule, first: str) -> None:
    with port_at(module, first) as port:
        talk_until_ok(port)
        for second in KINDS:
            if (first, second) != ("pty", "pty"):  # a terminal is one client, however often opened
                require_refusal(module, second)
        assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER
    for second in KINDS:
        with port_at(module, second) as port:
            talk_until_ok(port)


@pytest.mark.skipif("pty" not in KINDS, reason="inotify is Linux's")
def test_a_terminal_that_is_opened_in_vain_is_logged_once(
    module: ServedModule, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    with port_at(module, "url") as port:
        talk_until_ok(port)
        require_refusal(module, "pty")
    assert caplog.messages == [f"{module.pty}: what a program sends is lost, module0 is in use"]


@pytest.mark.parametrize("kind", ["url", "rfc2217", "raw"])
@pytest.mark.parametrize(
    "noise", [NOISE, b"\xff" * 70_000, b"\0" * 70_000], ids=["random", "ff", "00"]
)
def test_noise_on_a_port(module: ServedModule, kind: str, noise: bytes) -> None:
    """It is for the module, or a reason to dismiss the client; then the next one may come."""
    with connect(place_of(module, kind)) as connection:
        connection.sendall(noise)
        connection.shutdown(socket.SHUT_WR)
        everything_from(connection)
    with port_at(module, "url") as port:
        port.rts, port.dtr = True, False
        port.rts = False
        talk_until_ok(port)


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_leaves_in_the_middle_of_a_flash(module: ServedModule, kind: str) -> None:
    enter_loader(module, kind)
    with port_at(module, kind) as port:
        stub = esptool.cmds.detect_chip(port, connect_mode="no-reset").run_stub()
        stub.flash_begin(100_000, 0x90000)
        stub.flash_block(NOISE[: stub.FLASH_WRITE_SIZE], 0)
        port.write(b"\xc0\x00\x03half of a block")
    with port_at(module, "url") as port:
        port.rts, port.dtr = True, False
        port.rts = False
        talk_until_ok(port)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("url", "url"),
        ("rfc2217", "rfc2217"),
        ("raw", "raw"),
        ("raw", "url"),
        ("url", "rfc2217"),
        ("rfc2217", "raw"),
    ],
)
def test_a_client_that_has_gone_makes_way_for_the_next_whatever_it_has_left_behind(
    first: str, second: str
) -> None:
    """At 115,200 baud it would keep the wire busy for three seconds."""
    urls.install()
    plan = ServePlan(tcp_port=0, rfc2217_port=0, raw_tcp_port=0)
    with in_haste(), served(plan) as (module,):
        with port_at(module, first) as port:
            talk_until_ok(port)
            port.write(b"\r\n" * 20_000)
        with port_at(module, second) as port:
            assert talk_until_ok(port).endswith(b"AT\r\r\n" + ANSWER)


def enter_loader(module: ServedModule, kind: str) -> None:
    """By the lines of another link, if need be; a SYNC does it on a pseudo-terminal."""
    if kind == "pty":
        return
    with port_at(module, "rfc2217" if kind == "rfc2217" else "url") as port:
        port.dtr, port.rts = False, True
        port.dtr = True
        port.baudrate = 74880
        port.rts = False
        assert port.read_until(b"boot mode:(1,").endswith(b"boot mode:(1,")


def test_many_clients_at_once(module: ServedModule) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(connect(module.rfc2217)) for _ in range(100)]
        lone = [client for client in clients if not everything_up_to_use(client)]
        assert len(lone) == 1
    with port_at(module, "url") as port:
        talk_until_ok(port)


def everything_up_to_use(client: socket.socket) -> bool:
    """Whether a client was refused, by the first that it hears."""
    first = client.recv(1)
    return first != b"\xff"


def test_no_descriptors_left(module: ServedModule) -> None:
    with socket.socket() as unlucky:
        with few_descriptors(0):
            unlucky.settimeout(PATIENCE_S)
            unlucky.connect(("127.0.0.1", int(str(module.rfc2217).rpartition(":")[2])))
            assert unlucky.recv(1) == b""
        with port_at(module, "rfc2217") as port:
            talk_until_ok(port)


class HandDriven:
    """A link without a loop, in simulated time."""

    def __init__(self, world: World, link: TcpLink) -> None:
        self.world, self.link = world, link

    def turn(self) -> None:
        self.world.advance(self.world.now_ns)
        self.link.serve(self.world.now_ns)

    @property
    def is_restless(self) -> bool:
        """Whether the loop would turn at once again."""
        now_ns = self.world.now_ns
        due_ns = self.link.next_deadline_ns(now_ns)
        return (due_ns is not None and due_ns <= now_ns) or any(
            select.select(self.link.readers(now_ns), self.link.writers(), [], 0)
        )

    def rest(self) -> None:
        """Turn until there is nothing to do."""
        for _ in range(1000):
            if not self.is_restless:
                return
            self.turn()
        raise AssertionError("the loop would turn for ever")


HELLO = b"\x01\x00\x04hil\x01"
LINKS: dict[str, tuple[Callable[[ServedLine, TcpServer], TcpLink], bytes, bytes]] = {
    "hil": (FramedLink, HELLO, b"\x02\x40\x00" + b"\0" * 0x4000),
    "rfc2217": (Rfc2217Link, b"", b"\0" * 0x4000),
}


@pytest.mark.parametrize(("open_link", "greeting", "data"), LINKS.values(), ids=LINKS)
def test_a_client_that_does_not_read_does_not_keep_the_loop_turning(
    open_link: Callable[[ServedLine, TcpServer], TcpLink], greeting: bytes, data: bytes
) -> None:
    """More waits for it than is kept, and it has sent more than the wire takes."""
    with running_module() as (world, bench):
        link = open_link(ServedLine("module", world, bench), TcpServer("127.0.0.1", 0))
        driven = HandDriven(world, link)
        with connect(link.name) as far:
            far.sendall(greeting)
            driven.rest()
            client = link._client
            assert client is not None
            far.sendall(data)
            driven.turn()  # some of it waits for the wire
            while not client.is_full:
                client.write(b"\0" * OUTBOX_BYTES)
            for _ in range(10):
                world.advance(world.now_ns + 100_000_000)
                driven.rest()
            far.settimeout(0)
            heard_bytes = 0
            while client.has_outbox:
                heard_bytes += len(far.recv(1_000_000))
                driven.rest()
        link.close()


def test_a_client_that_has_asked_for_silence_does_not_keep_the_loop_turning() -> None:
    with running_module() as (world, bench):
        link = Rfc2217Link(ServedLine("module", world, bench), TcpServer("127.0.0.1", 0))
        driven = HandDriven(world, link)
        with connect(link.name) as far:
            far.sendall(b"\xff\xfa\x2c\x08\xff\xf0AT\r\n")
            for _ in range(10):
                world.advance(world.now_ns + 100_000_000)
                driven.rest()
            far.settimeout(0)
            greeting = far.recv(1000)
            with pytest.raises(BlockingIOError):
                far.recv(1)
            far.sendall(b"\xff\xfa\x2c\x09\xff\xf0")
            driven.rest()
            assert (greeting[:2], far.recv(1000)) == (b"\xff\xfb", b"AT\r\r\n" + ANSWER)
        link.close()


def test_a_client_that_has_asked_for_silence_can_end_it_however_much_waits() -> None:
    with running_module() as (world, bench):
        link = Rfc2217Link(ServedLine("module", world, bench), TcpServer("127.0.0.1", 0))
        driven = HandDriven(world, link)
        with connect(link.name) as far:
            far.sendall(b"\xff\xfa\x2c\x08\xff\xf0")
            driven.rest()
            client = link._client
            assert client is not None
            client.write(b"\0" * OUTBOX_BYTES)
            driven.rest()
            waits = [client.has_outbox]
            far.sendall(b"\xff\xfa\x2c\x09\xff\xf0")
            driven.rest()
            waits.append(client.has_outbox)
            assert waits == [True, False]
        link.close()


QUESTIONS = {"hil": b"\x06\x00\x01\x01", "rfc2217": b"\xff\xfa\x2c\x02\x00\xff\xf0"}


@pytest.mark.parametrize("kind", LINKS)
def test_answers_to_a_client_that_does_not_read_do_not_pile_up(kind: str) -> None:
    open_link, greeting, _ = LINKS[kind]
    with running_module() as (world, bench):
        link = open_link(ServedLine("module", world, bench), TcpServer("127.0.0.1", 0))
        driven = HandDriven(world, link)
        with connect(link.name) as far:
            far.sendall(greeting)
            driven.rest()
            client = link._client
            assert client is not None
            while not client.is_full:
                client.write(b"\0" * OUTBOX_BYTES)
            waiting_bytes = len(client._outbox)
            far.sendall(QUESTIONS[kind] * 2000)
            driven.rest()
            assert len(client._outbox) == waiting_bytes
        link.close()
