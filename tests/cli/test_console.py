"""``hil console`` without a terminal: the lines of a script and what comes of them."""

from __future__ import annotations

import io
import re
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from hil.console.log import Log
from hil.errors import MistakeError
from hil.rig.module import RigModule
from hil.rig.served import ServePlan
from hil.units import seconds_to_ns
from tests.drive.served_module import PATIENCE_S, served

from .program import PROGRAM, ROOT, Ended, call, start, write_rig

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hil.console.entry import Entry


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Script:
    return Script(monkeypatch, capsys)


class Script:
    """Runs the console with lines at its standard input."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def run(self, lines: str, *arguments: str | Path) -> Ended:
        stdin = io.TextIOWrapper(io.BytesIO(lines.encode("utf-8", "surrogateescape")))
        self._monkeypatch.setattr(sys, "stdin", stdin)
        return call(self._capsys, "console", *arguments)


def without_boot_log(out: str) -> list[str]:
    """What was shown behind the start, as it was."""
    return out.partition("** ready\n")[2].splitlines()


def without_times(out: str) -> list[str]:
    return [re.sub(r"^ *[\d.]+ ", "", line) for line in out.splitlines()]


def test_a_script_runs_in_simulated_time_which_stands_still_between_its_lines(
    script: Script,
) -> None:
    ended = script.run("# what it can do\nAT\n\nAT+GMR\n:wait 5\nAT+CWMODE_CUR=1\n")
    assert (ended.status, ended.err) == (0, "")
    assert without_boot_log(ended.out) == [
        "    0.356 tx AT",
        "    0.357 rx OK",
        "    1.357 tx AT+GMR",
        "    1.365 rx AT version:0.23.0.0(Apr 24 2015 21:11:01)",
        "    1.365 rx SDK version:1.0.1",
        "    1.367 rx compile time:Apr 24 2015 21:19:31",
        "    1.367 rx OK",
        "    8.367 tx AT+CWMODE_CUR=1",
        "    8.369 rx OK",
    ]


def test_the_boot_log_of_the_start_is_shown(script: Script) -> None:
    ended = script.run("")
    assert ended.status == 0
    assert without_times(ended.out)[:3] == [
        ".. ets Jan  8 2013,rst cause:2, boot mode:(3,6)",
        "-- the module has restarted (rst cause 2: external)",
        ".. load 0x40100000, len 1716, room 16",
    ]


def test_what_is_not_ok_is_counted_and_the_rest_is_sent_all_the_same(script: Script) -> None:
    ended = script.run("AT+NOSUCH\nAT+CWMODE_CUR=9\nAT\n")
    assert ended.status == 3
    assert ended.err == "hil: 2 replies were not OK\n"
    assert [line.split(None, 1)[1] for line in without_boot_log(ended.out)] == [
        "tx AT+NOSUCH",
        "rx ERROR",
        "tx AT+CWMODE_CUR=9",
        "rx ERROR",
        "tx AT",
        "rx OK",
    ]


def test_one_reply_that_is_not_ok_is_counted_as_one(script: Script) -> None:
    assert script.run("AT+NOSUCH\nAT\n").err == "hil: 1 reply was not OK\n"


def test_a_reply_that_does_not_end_is_given_up(script: Script) -> None:
    ended = script.run("AT+GSLP=0\nAT\n", "--timeout", "2")
    assert ended.status == 3
    assert without_boot_log(ended.out)[-2:] == [
        "    1.358 tx AT",
        "    3.358 -- no end of a reply came within 2 s",
    ]


def test_a_wrong_line_for_the_console_ends_it(script: Script) -> None:
    ended = script.run("AT\n:resett\nAT+GMR\n")
    assert ended.status == 2
    assert ended.err.startswith("hil: line 2: there is no command :resett in the console.")
    assert "AT+GMR" not in ended.out


def test_passwords_stand_neither_on_the_screen_nor_in_the_log(
    script: Script, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    lines = (
        'AT+CWMODE_CUR=1\nAT+CWJAP_CUR="testnet","password"\n:send AT+CWJAP="a","password"\\r\\n\n'
    )
    ended = script.run(lines, "--log", log)
    kept = log.read_text("utf-8")
    assert 'tx AT+CWJAP_CUR="testnet",***\n' in ended.out
    assert "** WIFI GOT IP\n" in ended.out
    assert "password" not in ended.out + ended.err + kept
    assert without_times(ended.out) == without_times(kept.partition("\n")[2])
    assert kept.startswith("# ")
    assert kept.splitlines()[0].endswith(" sim://default/module0 at 115200 baud")


def test_the_line_follows_the_module_and_can_be_set(script: Script) -> None:
    ended = script.run("AT+UART_CUR=9600,8,1,0,0\nAT\n:baud 115200\nAT+GMR\n", "--timeout", "1")
    lines = without_times(ended.out)
    assert lines.index("-- this side of the line is at 9600 baud now") < lines.index("tx AT")
    assert lines[lines.index("tx AT") + 1] == "rx OK"
    assert ended.status == 3
    assert lines[-1] == "-- no end of a reply came within 1 s"


def test_lines_of_the_rig_reset_and_part_the_wake_link(script: Script) -> None:
    ended = script.run(":wake open\n:reset\nAT\n:wake closed\nATE0\n:help ate\n")
    lines = without_times(ended.out)
    assert ended.status == 0
    assert lines.count("** ready") == 2
    assert "-- the wake link is open" in lines
    assert "--     echo: whether the module repeats what is sent to it; 0 off, 1 on" in lines


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (":baud fast", ":baud takes a rate from 110 to 4608000, not 'fast'"),
        (":baud 5", ":baud takes a rate from 110 to 4608000, not '5'"),
        (":baud 4608001", ":baud takes a rate from 110 to 4608000, not '4608001'"),
        (":wake maybe", ":wake takes 'open' or 'closed', not 'maybe'"),
        (":wait long", ":wait takes a number of seconds, not 'long'"),
        (":help nosuch", "the document has no command 'nosuch'; Tab completes names"),
        (":help cwjpa", "the document has no command 'cwjpa'; did you mean AT+CWJAP?"),
        (":send \\q", "\\q is no escape: write"),
    ],
)
def test_wrong_operands_are_told(script: Script, line: str, text: str) -> None:
    ended = script.run(line)
    assert ended.status == 2
    assert text in ended.err


def test_bytes_that_are_no_text_are_sent_as_they_are(script: Script) -> None:
    ended = script.run("AT+X\udcff\n::AT\n")
    assert "tx AT+X\\xff" in ended.out
    assert "tx :AT" in ended.out


def test_quit_ends_before_the_end(script: Script) -> None:
    ended = script.run("AT\n:quit\nAT+NOSUCH\n")
    assert ended.status == 0
    assert "NOSUCH" not in ended.out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--port", "sim://a/b", "--slot", "1"), "give either --rig and --slot or --port"),
        (("--baud", "9600"), "--baud belongs to --port; a rig file says its modules' rates"),
    ],
)
def test_options_that_do_not_go_together(
    script: Script, arguments: tuple[str, ...], text: str
) -> None:
    ended = script.run("", *arguments)
    assert ended.status == 2
    assert text in " ".join(ended.err.split())


def test_a_port_that_is_not_there(script: Script, tmp_path: Path) -> None:
    ended = script.run("", "--port", str(tmp_path / "tty"))
    assert ended.status == 3
    assert ended.err.startswith(f"hil: cannot open {tmp_path / 'tty'}: No such file")


def test_a_simulated_port_of_another_name(script: Script) -> None:
    ended = script.run("AT\n", "--port", "sim://mine/other")
    assert ended.status == 0
    assert without_times(ended.out)[-2:] == ["tx AT", "rx OK"]


@pytest.mark.parametrize("way", ["url", "rfc2217", "raw", "pty"])
def test_a_script_talks_over_every_kind_of_real_port(script: Script, way: str) -> None:
    plan = ServePlan(
        has_pty=True, tcp_port=0, rfc2217_port=0, raw_tcp_port=0, is_paced=False, latency_ms=0
    )
    with served(plan) as (module,):
        port = getattr(module, way)
        ended = script.run(
            'AT+CWMODE_CUR=1\nAT+CWJAP_CUR="testnet","password"\nAT+NOSUCH\nAT\n', "--port", port
        )
    assert ended.status == 3
    assert without_times(ended.out) == [
        "tx AT+CWMODE_CUR=1",
        "rx OK",
        'tx AT+CWJAP_CUR="testnet",***',
        "** WIFI CONNECTED",
        "** WIFI GOT IP",
        "rx OK",
        "tx AT+NOSUCH",
        "rx ERROR",
        "tx AT",
        "rx OK",
    ]


@pytest.mark.parametrize("way", ["url", "rfc2217"])
def test_a_reset_by_modem_lines_shows_the_boot_log_while_the_port_is_heard(
    script: Script, tmp_path: Path, way: str
) -> None:
    with served(ServePlan(tcp_port=0, rfc2217_port=0)) as (module,):
        rig = write_rig(tmp_path, getattr(module, way), 'lines = ["board"]')
        with rig.open("a", encoding="utf-8") as file:
            file.write('[lines.board]\ndriver = "modem-lines"\n')
        ended = script.run(":reset\n:wait 1\nAT\n", "--rig", rig)
    lines = without_times(ended.out)
    assert (ended.status, ended.err) == (0, "")
    assert "-- the module has restarted (rst cause 2: external)" in lines
    assert ".. jump to run user1 @ 1000" in lines
    assert lines[-2:] == ["tx AT", "rx OK"]


def test_whoever_resets_hears_the_boot_log_although_the_wire_takes_it(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captures = []
    reset = RigModule.reset
    monkeypatch.setattr(RigModule, "reset", lambda self: captures.append(reset(self)))
    with served(ServePlan(tcp_port=0)) as (module,):
        rig = write_rig(tmp_path, str(module.url), 'lines = ["board"]')
        with rig.open("a", encoding="utf-8") as file:
            file.write('[lines.board]\ndriver = "modem-lines"\n')
        script.run(":reset\n", "--rig", rig)
    (capture,) = captures
    assert capture.log.banner is not None


def test_a_script_listens_behind_its_last_line(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The far end closes the connection behind an unsolicited line, so that listening ends."""
    monkeypatch.setattr("hil.console.driver.LAST_QUIET_NS", seconds_to_ns(PATIENCE_S))

    def answer(listener: socket.socket) -> None:
        with listener.accept()[0] as host:
            host.settimeout(PATIENCE_S)
            heard = b""
            while not heard.endswith(b"AT\r\n"):
                heard += host.recv(100)
            host.sendall(b"\r\nOK\r\n")
            host.sendall(b"\r\n0,CLOSED\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE_S)
        far_end = threading.Thread(target=answer, args=(listener,))
        far_end.start()
        port = f"socket://127.0.0.1:{listener.getsockname()[1]}"
        ended = script.run("AT\n", "--port", port)
        far_end.join(PATIENCE_S)
    assert ended.status == 3
    assert ended.err.startswith(f"hil: cannot read from {port}: ")
    assert without_times(ended.out) == ["tx AT", "rx OK", "** 0,CLOSED"]


def test_without_lines_a_reset_says_what_is_missing(script: Script) -> None:
    with served(ServePlan(tcp_port=0, is_paced=False)) as (module,):
        ended = script.run(":reset\n", "--port", str(module.url))
    assert ended.status == 2
    assert "has no 'reset': open the module by a rig file" in ended.err


@pytest.mark.parametrize(
    "line",
    [
        ':AT+CWJAP="a","letmein99"',
        ':help AT+CWJAP="a","letmein99"',
        ':quit AT+CWJAP="a","letmein99"',
        ':baud AT+CWJAP="a","letmein99"',
        ':wake AT+CWJAP="a","letmein99"',
        ':wait AT+CWJAP="a","letmein99"',
        'AT+CWJAP="a""letmein99"',
    ],
)
def test_a_line_that_went_wrong_shows_no_password(
    script: Script, line: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    ended = script.run(line, "--log", log)
    told = ended.out + ended.err + log.read_text("utf-8")
    assert "letmein99" not in told
    assert "***" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_script_that_waits_for_its_next_line(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "console"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write("AT\n")
        running.stdin.flush()
        while "rx OK" not in running.stdout.readline():
            pass
        running.send_signal(number)
        assert running.stderr is not None
        assert running.stderr.read().strip() == "hil: stopped"
        assert running.wait(PATIENCE_S) == 130


def test_a_log_on_a_full_disk_ends_with_a_word_and_the_session_goes_on(script: Script) -> None:
    class Full(Log):
        def write(self, entries: Iterable[Entry]) -> None:
            raise MistakeError("cannot write the log x: No space left on device")

    with mock.patch("hil.console.conversation.Log", Full):
        ended = script.run("AT\n", "--log", "/dev/null")
    assert ended.status == 2
    assert ended.out.count("!! cannot write the log x: No space left on device; it ends here") == 1
    assert without_times(ended.out)[-1] == "rx OK"


def test_the_example_of_the_page_shows_what_it_says(script: Script, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "console.md").read_text("utf-8")
    example = page.partition("<<'END'\n")[2]
    lines, _, shown = example.partition("END\n```\n```text\n")
    ended = script.run(lines, "--log", tmp_path / "session.log")
    assert ended.status == 0
    assert without_boot_log(ended.out) == shown.partition("```")[0].splitlines()


def test_help_and_scripts_do_not_load_the_library_of_the_terminal(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom hil.cli import main\n"
        "try:\n    main()\nfinally:\n    assert 'prompt_toolkit' not in sys.modules\n"
    )
    for arguments in (["--help"], ["console", "--help"], ["console"]):
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=ROOT,
            input=b"AT\n",
            capture_output=True,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
    assert start(tmp_path, "--help").out.count("console") == 1
