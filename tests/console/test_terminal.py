"""The console at a terminal: a real process, a real pseudo-terminal, a served module."""

from __future__ import annotations

import signal
import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_virtual import line_of, process
from tests.drive.served_module import PATIENCE_S

from .keyboard import (
    CTRL_C,
    CTRL_D,
    ENTER,
    PASTE_BEGIN,
    PASTE_END,
    TAB,
    UP,
    Keyboard,
    at_keyboard,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="served ptys are Linux's")

REDRAW = "\x0c"
"""Ctrl-L: everything is drawn anew, so that what is on the screen stands in one piece."""

JOIN = 'AT+CWJAP_CUR="testnet","password"'


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyboard]:
    with at_keyboard(tmp_path_factory.mktemp("state"), "console") as keyboard:
        keyboard.wait_for("** ready")
        keyboard.wait_for("at> ")
        yield keyboard


@pytest.fixture
def virtual(session: Keyboard) -> Keyboard:
    """Somebody at the console of the virtual rig, with an empty line before him."""
    session.press(CTRL_C + REDRAW)
    session.wait_for("Tab completes")
    return session


def test_a_line_and_its_reply(virtual: Keyboard) -> None:
    virtual.enter("AT+GMR")
    virtual.wait_for("tx AT+GMR")
    virtual.wait_for("rx AT version:0.23.0.0(")
    virtual.wait_for("rx OK")


def test_the_hint_names_what_comes(virtual: Keyboard) -> None:
    virtual.press('AT+CWJAP_CUR="x",' + REDRAW)
    virtual.wait_for('AT+CWJAP_CUR="ssid","pwd"[,"bssid"]  pwd: its password')


def test_tab_completes_and_lists(virtual: Keyboard) -> None:
    virtual.press("cwq" + TAB + ENTER)
    virtual.wait_for("tx AT+CWQAP")
    virtual.press("at+cwj" + TAB)
    virtual.press(REDRAW)
    virtual.wait_for("at> AT+CWJAP")
    virtual.wait_for("AT+CWJAP_CUR  join an access point (until the next start)")
    virtual.press("_C" + TAB + "?" + ENTER)
    virtual.wait_for("tx AT+CWJAP_CUR?")


def test_ctrl_c_cancels_the_line_and_ctrl_d_deletes_in_one(virtual: Keyboard) -> None:
    virtual.press("AT+NOSUCH" + CTRL_C)
    virtual.press("AAT\x01" + CTRL_D)  # Ctrl-A: to the beginning
    virtual.press(ENTER)
    virtual.wait_for("tx AT")
    virtual.wait_for("rx OK")
    assert "tx AT+NOSUCH" not in virtual.text


def test_a_paste_is_sent_line_by_line_each_behind_the_reply_before(virtual: Keyboard) -> None:
    virtual.press(f"{PASTE_BEGIN}AT+CWMODE_CUR=1\n{JOIN}\nAT+CIFSR\n{PASTE_END}{ENTER}")
    told = virtual.wait_for("+CIFSR:STAIP")
    assert "busy" not in told
    assert told.index("WIFI GOT IP") < told.index("tx AT+CIFSR")
    assert "password" not in told.partition("tx AT+CWJAP")[2]


def test_ctrl_r_searches_earlier_lines(virtual: Keyboard) -> None:
    virtual.enter("AT+SLEEP?")
    virtual.wait_for("tx AT+SLEEP?")
    virtual.wait_for("rx OK")
    virtual.enter("AT")
    virtual.wait_for("rx OK")
    virtual.press("\x12")
    virtual.press("sleep" + ENTER)
    virtual.press(ENTER)
    virtual.wait_for("tx AT+SLEEP?")
    virtual.wait_for("rx OK")


def test_mistakes_are_told_and_the_session_goes_on(virtual: Keyboard) -> None:
    virtual.enter(":nope")
    virtual.wait_for("!! there is no command :nope in the console.")
    virtual.enter("AT")
    virtual.wait_for("rx OK")


def test_history_goes_on_in_the_next_session_without_passwords(tmp_path: Path) -> None:
    with at_keyboard(tmp_path, "console") as first:
        first.wait_for("at> ")
        first.enter(JOIN)
        first.wait_for("tx AT+CWJAP")
        first.press(UP + REDRAW)
        first.wait_for(JOIN)  # within the session it comes back as it was
        first.press(CTRL_C)
        first.enter(":quit")
        assert first.wait_for_end() == 0
    assert "password" not in (tmp_path / "hil" / "console-history").read_text("utf-8")
    with at_keyboard(tmp_path, "console") as second:
        second.wait_for("at> ")
        second.press(UP + REDRAW)
        second.wait_for('AT+CWJAP_CUR="testnet",***')


@pytest.fixture(scope="module")
def places() -> Iterator[list[dict[str, str]]]:
    """Where three modules are served, each on every kind of link."""
    links = ("--pty", "--tcp", "0", "--rfc2217", "0", "--unpaced")
    with process("--modules", "3", *links) as running:
        yield [line_of(running) for _ in range(3)]


WAYS = list(enumerate(["pty", "url", "rfc2217"]))


@pytest.mark.parametrize(("module", "way"), WAYS)
def test_what_comes_lands_above_the_line_that_is_being_edited(
    tmp_path: Path, places: list[dict[str, str]], module: int, way: str
) -> None:
    with at_keyboard(tmp_path, "console", "--port", places[module][way]) as keyboard:
        keyboard.wait_for("at> ")
        keyboard.enter("AT+CWMODE_CUR=1")
        keyboard.wait_for("rx OK")
        keyboard.enter(JOIN)
        keyboard.wait_for("tx AT+CWJAP")
        keyboard.press("AT+CIP")
        keyboard.wait_for("** WIFI GOT IP")
        keyboard.press("MUX?" + ENTER)
        keyboard.wait_for("tx AT+CIPMUX?")
        keyboard.wait_for("rx +CIPMUX:0")
        keyboard.enter(":wait 600")
        keyboard.wait_for("at> ")
        keyboard.press(CTRL_C)  # ends the waiting, too
        keyboard.enter("AT+CIPSTO?")
        keyboard.wait_for("tx AT+CIPSTO?")
        keyboard.press(CTRL_D)
        assert keyboard.wait_for_end() == 0


def test_a_history_that_cannot_be_kept_is_told_and_hinders_nothing(tmp_path: Path) -> None:
    (tmp_path / "hil").write_text("no folder")
    with at_keyboard(tmp_path, "console") as keyboard:
        keyboard.wait_for("at> ")
        keyboard.enter("AT")
        keyboard.wait_for("!! no history is kept: ")
        keyboard.wait_for("rx OK")
        keyboard.press(CTRL_D)
        assert keyboard.wait_for_end() == 0


def test_data_and_passthrough_reach_the_peer_as_they_are(tmp_path: Path) -> None:
    with process("--pty") as module, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        place = f'"TCP","192.168.1.2",{listener.getsockname()[1]}'
        with at_keyboard(tmp_path, "console", "--port", line_of(module)["pty"]) as keyboard:
            keyboard.wait_for("at> ")
            for line in ("AT+CWMODE_CUR=1", JOIN, f"AT+CIPSTART={place}"):
                keyboard.enter(line)
                keyboard.wait_for("rx OK")
            peer = listener.accept()[0]
            with peer:
                peer.settimeout(PATIENCE_S)
                keyboard.enter("AT+CIPSEND=4")
                keyboard.wait_for("rx > (4 bytes wanted)")
                keyboard.enter("ping")
                keyboard.wait_for("rx SEND OK")
                assert peer.recv(100) == b"ping"
                peer.sendall(b"\x00\xff\r\n")
                keyboard.wait_for("** +IPD 4 bytes: \\0\\xff\\r\\n")
            keyboard.wait_for("** CLOSED")
            for line in ("AT+CIPMODE=1", f"AT+CIPSTART={place}"):
                keyboard.enter(line)
                keyboard.wait_for("rx OK")
            peer = listener.accept()[0]
            with peer:
                peer.settimeout(PATIENCE_S)
                keyboard.enter("AT+CIPSEND")
                keyboard.wait_for("(passthrough until +++)")
                keyboard.enter("AT is data")
                assert peer.recv(100) == b"AT is data"
                keyboard.enter(":send a\\r\\n")
                assert peer.recv(100) == b"a\r\n"
                peer.sendall(b"OK\r\nno line end")
                keyboard.wait_for("** OK\\r\\n")
                keyboard.wait_for("** no line end")
                keyboard.enter("+++")
                keyboard.wait_for("back to commands")
                keyboard.enter(":wait 1")
                keyboard.enter("AT+CIPMODE=0")
                keyboard.wait_for("tx AT+CIPMODE=0")
            keyboard.press(CTRL_D)
            assert keyboard.wait_for_end() == 0
    kept = (tmp_path / "hil" / "console-history").read_text("utf-8").splitlines()
    assert "AT+CIPSEND" in kept
    assert "AT is data" not in kept


def test_a_module_that_is_unplugged_ends_it_with_the_reason(tmp_path: Path) -> None:
    with process("--modules", "3", "--pty", "--tcp", "0", "--rfc2217", "0") as modules:
        ports = [line_of(modules)[way] for _, way in WAYS]
        with ExitStack() as stack:
            keyboards = [
                stack.enter_context(at_keyboard(tmp_path, "console", "--port", port))
                for port in ports
            ]
            before = [keyboard.settings() for keyboard in keyboards]
            for keyboard in keyboards:
                keyboard.wait_for("at> ")
                keyboard.enter("AT")
                keyboard.wait_for("rx OK")
            modules.kill()
            for keyboard, port in zip(keyboards, ports, strict=True):
                keyboard.wait_for(f"hil: cannot read from {port}: ")
                assert keyboard.wait_for_end() == 3
            assert [keyboard.settings() for keyboard in keyboards] == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_the_terminal_is_as_before(
    tmp_path: Path, number: signal.Signals
) -> None:
    with at_keyboard(tmp_path, "console") as keyboard:
        before = keyboard.settings()
        keyboard.wait_for("at> ")
        keyboard.running.send_signal(number)
        keyboard.wait_for("hil: stopped")
        assert keyboard.wait_for_end() == 130
        assert keyboard.settings() == before
