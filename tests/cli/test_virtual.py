"""``hil virtual serve`` as a user starts it: a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import pytest
import serial
from click.testing import CliRunner

from hil.cli.virtual import virtual
from hil.drive import url as urls
from tests.drive.served_module import ANSWER, PATIENCE_S, ask, talk_until_ok

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def process(*arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    urls.install()
    with subprocess.Popen(
        [sys.executable, "-c", "from hil.cli import main; main()", "virtual", "serve", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def line_of(running: subprocess.Popen[str]) -> dict[str, Any]:
    stream: IO[str] | None = running.stdout
    assert stream is not None
    content: dict[str, Any] = json.loads(stream.readline())
    return content


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_module_on_all_links_until_a_signal(number: signal.Signals) -> None:
    with process("--pty", "--tcp", "0", "--rfc2217", "0", "--raw-tcp", "0") as running:
        places = line_of(running)
        assert list(places) == ["module", "pty", "url", "rfc2217", "raw"]
        for place in (places["pty"], places["url"], places["rfc2217"], places["raw"]):
            with serial.serial_for_url(place, baudrate=115200) as port:
                talk_until_ok(port)
                assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER
        running.send_signal(number)
        out, error = running.communicate(timeout=PATIENCE_S)
        assert (running.returncode, out, error) == (0, "", "")


def test_one_line_for_each_module() -> None:
    with process("--modules", "3", "--raw-tcp", "0", "--rfc2217", "0") as running:
        places = [line_of(running) for _ in range(3)]
    assert [place["module"] for place in places] == [0, 1, 2]
    assert all(list(place) == ["module", "rfc2217", "raw"] for place in places)


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    arguments = ("--tcp", "0", "--state", tmp_path, "--unpaced")
    with process(*arguments) as running:
        with serial.serial_for_url(line_of(running)["url"], baudrate=115200) as port:
            talk_until_ok(port)
            ask(port, b"AT+CWMODE_DEF=3")
            while not list(tmp_path.glob("module0.bin")):
                ask(port, b"AT")
        running.kill()
        running.wait(PATIENCE_S)
    with (
        process(*arguments) as running,
        serial.serial_for_url(line_of(running)["url"], baudrate=115200) as port,
    ):
        talk_until_ok(port)
        assert b"+CWMODE_DEF:3" in ask(port, b"AT+CWMODE_DEF?")


def test_without_a_link_it_says_which_there_are() -> None:
    result = CliRunner().invoke(virtual, ["serve"])
    assert result.exit_code == 2
    assert "nothing to serve on: give --pty, --tcp PORT, --rfc2217 PORT or --raw-tcp PORT" in (
        " ".join(result.output.split())
    )


def test_faults_are_listed_with_what_goes_wrong() -> None:
    result = CliRunner().invoke(virtual, ["faults"])
    assert result.exit_code == 0
    lines = [line.split(maxsplit=1) for line in result.output.splitlines()]
    assert ["uart-def-forgets", "AT+UART_DEF does not write to flash."] in lines


def test_an_unknown_fault_is_refused_with_the_nearest() -> None:
    result = CliRunner().invoke(virtual, ["serve", "--pty", "--fault", "cwmode-cur-save"])
    assert result.exit_code == 2
    assert "--fault: there is no fault 'cwmode-cur-save'. Did you mean 'cwmode-cur-saves'?" in (
        " ".join(result.output.split())
    )
