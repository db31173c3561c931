"""``replay://FILE`` for anything that uses pyserial."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
import serial

from hil.drive import url
from hil.drive.simulated import POLL_NS
from hil.errors import MistakeError, RecordFileError, ReplayMismatchError
from hil.units import NS_PER_MS
from tests.recording.record_of_tests import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.drive.url.protocol_replay import Serial

AT = {"after_ns": 0, "tx": "AT\r\n"}
OK = {"after_ns": 2 * NS_PER_MS, "rx": "\r\nOK\r\n"}
CLOSED = {"after_ns": 0, "record": "closed"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "night.hilrec"


def opened(file: Path, *lines: dict[str, Any], timeout: float | None = 1, **header: Any) -> Serial:
    url.install()
    told = [HEADER.to_json() | header, *lines]
    file.write_text("".join(json.dumps(line) + "\n" for line in told), "ascii")
    port = serial.serial_for_url(f"replay://{file}", 115200, timeout=timeout)
    return cast("Serial", port)


def now_ns(port: Serial) -> int:
    return port._require_open().world.now_ns


def text_of(call: Callable[[], object], kind: type[Exception]) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_a_program_that_does_what_was_done_gets_what_came(file: Path) -> None:
    with opened(file, AT, OK, CLOSED) as port:
        port.write(b"AT\r\n")
        assert port.read(100) == b"\r\nOK\r\n"
        assert now_ns(port) == 1_000 * NS_PER_MS


def test_a_read_ends_with_its_last_byte(file: Path) -> None:
    with opened(file, AT, OK, {"after_ns": 5, "rx": "more"}, CLOSED) as port:
        port.write(b"AT\r\n")
        assert port.read(3) == b"\r\nO"
        assert now_ns(port) == 2 * NS_PER_MS
        assert port.in_waiting == 3
        assert port.read_until(b"e") == b"K\r\nmore"
        assert now_ns(port) == 2 * NS_PER_MS + 5


def test_a_program_that_polls_comes_to_the_end_of_its_wait(file: Path) -> None:
    with opened(file, AT, OK, CLOSED, timeout=0) as port:
        port.write(b"AT\r\n")
        looks = 1
        while not port.in_waiting:
            looks += 1
        assert looks == 2 * NS_PER_MS // POLL_NS
        assert port.read(1) == b"\r"


def test_a_read_that_would_wait_for_ever_says_so(file: Path) -> None:
    with opened(file, AT, OK, CLOSED, timeout=None) as port:
        assert text_of(lambda: port.read(3), serial.SerialException) == (
            f"read of 3 bytes from replay://{file} without a time-out would wait for ever: nothing "
            "comes on record before something else is done"
        )
        port.write(b"AT\r\n")
        assert port.read(6) == b"\r\nOK\r\n"


def test_something_else_than_is_on_record_says_where(file: Path) -> None:
    with opened(file, AT, OK, CLOSED) as port:
        text = text_of(lambda: port.write(b"ATE0\r\n"), ReplayMismatchError)
        assert text.startswith(
            f"{file}, line 2: the session parts from its record here, at its beginning: on record "
            "'AT\\r\\n' was sent; now 'ATE0\\r\\n' was sent. "
        )


def test_waiting_where_the_record_is_cut_off_says_so(file: Path) -> None:
    with opened(file, AT) as port:
        port.write(b"AT\r\n")
        text = text_of(lambda: port.read(1), ReplayMismatchError)
        assert "on record nothing is known any more; now an answer is waited for" in text


def test_each_open_plays_the_record_from_its_beginning(file: Path) -> None:
    for _ in range(2):
        with opened(file, AT, OK, CLOSED) as port:
            port.write(b"AT\r\n")
            assert port.read(6) == b"\r\nOK\r\n"


def test_a_look_sees_ahead_in_a_record_made_in_real_time(file: Path) -> None:
    late = {"after_ns": 40 * NS_PER_MS, "rx": "late"}
    with opened(file, AT, OK, late, late, late, CLOSED, clock="real") as port:
        port.write(b"AT\r\n")
        assert port.receive_until(now_ns(port)) == b"\r\nOK\r\n"
        assert port.receive_until(now_ns(port)) == b"late"
        assert now_ns(port) == 42 * NS_PER_MS
    with opened(file, AT, OK, CLOSED) as port:
        port.write(b"AT\r\n")
        assert port.receive_until(now_ns(port)) == b""


def test_another_module_is_named_by_its_slot(file: Path) -> None:
    modules = [*HEADER.to_json()["modules"], HEADER.to_json()["modules"][0] | {"slot": 4}]
    other = {"after_ns": 0, "slot": 4, "tx": "ATE0"}
    with opened(file, AT, other, CLOSED, modules=modules) as port:
        port.write(b"AT\r\n")
    with serial.serial_for_url(f"replay://{file}?slot=4", 115200, timeout=1) as port:
        port.write(b"ATE0")


@pytest.mark.parametrize("name", ["replay://", "replay://x?slot=one"])
def test_a_url_that_names_no_record_says_so(name: str) -> None:
    url.install()
    assert text_of(lambda: serial.serial_for_url(name), MistakeError) == (
        f"{name!r} is not of the form replay://FILE or replay://FILE?slot=0"
    )


def test_a_file_that_is_no_record_says_so(file: Path) -> None:
    file.write_text("[rig]\n")
    text = text_of(lambda: serial.serial_for_url(f"replay://{file}"), RecordFileError)
    assert text.startswith(f"{file}: expected a record of a session, ")


def test_lines_and_breaks_do_no_harm(file: Path) -> None:
    with opened(file, AT, OK, CLOSED) as port:
        port.dtr = port.rts = True
        assert (port.cts, port.dsr, port.ri, port.cd) == (False, False, False, False)
        port.send_break(0.25)
        assert now_ns(port) == 250 * NS_PER_MS
        port.break_condition = True
        port.flush()
        port.reset_output_buffer()
        port.write(b"AT\r\n")


def test_an_open_port_is_not_opened_again(file: Path) -> None:
    with opened(file, AT, CLOSED) as port:
        assert text_of(port.open, serial.SerialException) == f"replay://{file} is open already"
        assert text_of(port.fileno, OSError).endswith("is simulated and has no file descriptor")
    unnamed = type(port)()
    assert text_of(unnamed.open, serial.SerialException) == (
        "no port: set the `replay://FILE` before opening"
    )
