"""A module that is no virtual one of this process is left as it was found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import serial

from hil.drive.url import install
from hil.rig.served import ServePlan
from tests.cli.program import ROOT, start, write_rig
from tests.drive.served_module import ask, served, talk_until_ok

if TYPE_CHECKING:
    from pathlib import Path

BAUD = 115200
LINES = '[lines.usb]\ndriver = "modem-lines"\ncircuit = "two-transistor"\n'


def run_on(folder: Path, url: str, *module: str, tail: str = "") -> str:
    """Run one test that changes stored settings on a served module; what the screen shows."""
    rig = write_rig(folder, url, *module)
    rig.write_text(rig.read_text("utf-8") + tail, encoding="utf-8")
    ended = start(
        folder,
        *("run", "conformance/test_cwmode.py", "--rig", rig, "--clause", "CWMODE_CUR-10"),
        *("--", "-q"),
    )
    assert ended.status == 0, ended.out + ended.err
    assert "1 passed" in ended.out
    return ended.out


@pytest.mark.parametrize("has_lines", [True, False])
def test_stored_settings_are_what_they_were(tmp_path: Path, *, has_lines: bool) -> None:
    install()
    with served(ServePlan(tcp_port=0)) as (module,):
        url = module.url or ""
        with serial.serial_for_url(url, BAUD) as port:
            talk_until_ok(port)
            ask(port, b"AT+CWMODE_DEF=3")
            ask(port, b'AT+CWSAP_DEF="mine","letmein99",7,3')
        wired = ('lines = ["usb"]',) if has_lines else ()

        shown = run_on(tmp_path, url, *wired, tail=LINES if has_lines else "")

        with serial.serial_for_url(url, BAUD) as port:
            talk_until_ok(port)
            assert b"+CWMODE_DEF:3\r\n" in ask(port, b"AT+CWMODE_DEF?")
            assert b'+CWSAP_DEF:"mine","letmein99",7,3\r\n' in ask(port, b"AT+CWSAP_DEF?")
    # What no query tells cannot be put back, and is said.
    is_told = "slot 0 is not left as it was found: gone, if it was there, is a saved link" in shown
    assert is_told is not has_lines
    is_warned = "the password of the access point that it joins by itself" in shown
    assert is_warned is not has_lines
    assert "letmein99" not in shown


STOP = """
def pytest_runtest_call(item):
    raise KeyboardInterrupt
"""


def test_a_run_that_is_stopped_leaves_the_module_as_it_was(tmp_path: Path) -> None:
    install()
    (tmp_path / "stop.py").write_text(STOP, encoding="utf-8")
    with served(ServePlan(tcp_port=0)) as (module,):
        url = module.url or ""
        with serial.serial_for_url(url, BAUD) as port:
            talk_until_ok(port)
            ask(port, b"AT+CWMODE_DEF=3")

        ended = start(
            tmp_path,
            *("run", "conformance/test_cwmode.py", "--rig", write_rig(tmp_path, url)),
            *("--", "-p", "stop"),
            PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}",
        )

        assert "KeyboardInterrupt" in ended.out
        assert "Traceback" not in ended.out + ended.err
        assert "slot 0 is not left as it was found: gone, if it was there" in ended.out
        with serial.serial_for_url(url, BAUD) as port:
            talk_until_ok(port)
            assert b"+CWMODE_DEF:3\r\n" in ask(port, b"AT+CWMODE_DEF?")
