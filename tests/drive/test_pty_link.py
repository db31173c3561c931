"""A pseudo-terminal for any program: rates, opening and closing, SYNC without a reset line."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from hil.drive.descriptor import OUTBOX_BYTES, Descriptor
from hil.drive.pty_link import SYNC, SyncFinder
from hil.drive.terminal import baud_of, open_terminal
from hil.rig.served import ServedModule, ServePlan

from .served_module import ANSWER, PATIENCE_S, ask, served, talk_until_ok

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def path() -> Iterator[str]:
    with served(ServePlan(has_pty=True, is_paced=False)) as (module,):
        yield path_of(module)


def path_of(module: ServedModule) -> str:
    assert module.pty is not None
    return module.pty


def opened(path: str, baud: int = 115200) -> serial.Serial:
    return serial.Serial(path, baud, timeout=PATIENCE_S, exclusive=True)


def sync_until_answered(port: serial.Serial) -> bytes:
    """Send SYNC as esptool does, again and again, until the loader answers."""
    heard = b""
    port.timeout = 0.1
    for _ in range(round(PATIENCE_S / port.timeout)):
        port.write(SYNC)
        heard += port.read(200)
        if b"\xc0\x01\x08" in heard:
            return heard
    raise AssertionError(f"no answer to SYNC, only {heard!r}")


def test_at_commands(path: str) -> None:
    with opened(path) as port:
        talk_until_ok(port)
        assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER


@pytest.mark.parametrize("baud", [9600, 57600, 74880, 123456, 921600])
def test_the_rate_reaches_the_wire(path: str, baud: int) -> None:
    with opened(path) as port:
        talk_until_ok(port)
        ask(port, b"AT+UART_CUR=%d,8,1,0,0" % baud)
        port.baudrate = baud
        assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER


def test_a_wrong_rate_is_noise(path: str) -> None:
    with opened(path) as port:
        talk_until_ok(port)
        port.baudrate = 9600
        port.timeout = 0.25
        port.write(b"AT\r\n")
        assert port.read_until(ANSWER) != b"AT\r\r\n" + ANSWER


def test_the_last_close_resets(path: str) -> None:
    with opened(path) as port:
        talk_until_ok(port)
        ask(port, b"ATE0")
    with opened(path) as port:
        assert b"AT\r\r\n" + ANSWER in talk_until_ok(port)


def test_the_last_close_can_keep_the_module_as_it_is() -> None:
    plan = ServePlan(has_pty=True, is_paced=False, resets_on_close=False)
    with served(plan) as (module,):
        with opened(path_of(module)) as port:
            talk_until_ok(port)
            ask(port, b"ATE0")
        with opened(path_of(module)) as port:
            assert ask(port, b"AT") == ANSWER


def test_sync_enters_the_loader_from_the_firmware(path: str) -> None:
    with opened(path) as port:
        talk_until_ok(port)
        assert sync_until_answered(port)


def test_sync_enters_the_loader_at_another_rate_than_the_firmwares(path: str) -> None:
    with opened(path, 57600) as port:
        assert sync_until_answered(port)


def test_sync_again_does_not_reset_the_loader(path: str) -> None:
    with opened(path) as port:
        sync_until_answered(port)
        port.timeout = 0.25
        port.read(10_000)
        port.write(SYNC)
        answers = port.read(10_000)
        assert answers.count(b"\xc0\x01\x08\x02\x00\x07\x07\x12\x20\x00\x00\xc0") == 8
        assert len(answers) == 8 * 12


def test_a_program_that_never_reads_does_not_stop_the_module(path: str) -> None:
    """The terminal takes some 20 KB, the link 64 KB more, the rest is lost."""
    with opened(path) as port:
        talk_until_ok(port)
        for _ in range(2000):
            port.write(b"AT+GMR\r\n")
    with opened(path) as port:
        port.reset_input_buffer()
        talk_until_ok(port)


@given(st.lists(st.integers(0)), st.binary(max_size=50), st.binary(max_size=50))
def test_sync_is_found_in_any_pieces(places: list[int], before: bytes, after: bytes) -> None:
    stream = before + SYNC + after
    edges = [0, *sorted(place % len(stream) for place in places), len(stream)]
    finder = SyncFinder()
    found = [finder.receive(stream[start:end]) for start, end in pairwise(edges)]
    assert any(found)


def test_nothing_else_is_sync() -> None:
    finder = SyncFinder()
    assert not finder.receive(SYNC[:-1])
    assert not finder.receive(b"\x55\xc0")


def test_a_terminal_tells_the_rate_that_its_host_has_set() -> None:
    master, path = open_terminal(115200)
    try:
        assert baud_of(master) == 115200  # also for a program that sets none
        with serial.Serial(str(path), 4_608_000) as port:
            assert baud_of(master) == 4_608_000
            port.baudrate = 74880
            assert baud_of(master) == 74880
    finally:
        os.close(master)


class TestDescriptor:
    def test_what_the_host_does_not_read_is_kept_up_to_a_limit_and_lost_as_a_whole(self) -> None:
        reader, writer = os.pipe()
        host = Descriptor(writer, lambda: os.close(writer))
        while not host.is_full:
            host.write(b"x" * 4096)
        assert host.has_outbox
        host.write(b"frame")
        assert host.lost_bytes == 5
        host.write(b"answer", is_vital=True)
        heard = b""
        for _ in range(2 * OUTBOX_BYTES // 4096):
            heard += os.read(reader, 4096)
            host.flush()
        host.close()
        while piece := os.read(reader, 4096):
            heard += piece
        os.close(reader)
        assert heard.replace(b"x", b"") == b"answer"
        assert len(heard) >= OUTBOX_BYTES

    def test_a_host_that_has_gone_is_an_end_and_no_fault(self) -> None:
        reader, writer = os.pipe()
        host = Descriptor(writer, lambda: os.close(writer))
        os.close(reader)
        host.write(b"lost")
        host.flush()
        waits = host.has_outbox
        host.close()
        assert not waits
