"""``hil at``: commands to a module and what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at import format_string
from tests.leak import find_leak, views_of

from .program import call, write_rig

if TYPE_CHECKING:
    from pathlib import Path


def test_replies_stand_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "at", "AT", "AT+GMR")
    assert ended.status == 0
    assert ended.err == ""
    lines = ended.out.splitlines()
    assert lines[0] == "OK"
    assert lines[1].startswith("AT version:0.23.0.0(")
    assert lines[-1] == "OK"


def test_error_of_the_module_has_status_3_and_the_rest_is_not_sent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = call(capsys, "at", "AT", "AT+NOSUCH", "AT+GMR")
    assert ended == (
        3,
        "OK\nERROR\n",
        "hil: OK did not come to AT+NOSUCH; nothing more was sent\n",
    )


def test_password_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "at", 'AT+CWJAP="net","swordfish"')
    assert ended.status == 3
    assert ended.err == 'hil: OK did not come to AT+CWJAP="net",***; nothing more was sent\n'
    assert "swordfish" not in ended.out + ended.err


def test_module_that_does_not_boot_tells_its_boot_log(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rig = write_rig(tmp_path, "sim://default/module0", 'lines = ["bench"]')
    rig.write_text(
        rig.read_text("utf-8") + 'flash = { content = "blank" }\n[lines.bench]\ndriver = "virtual"',
        encoding="utf-8",
    )
    ended = call(capsys, "at", "AT", "--rig", rig)
    assert ended.status == 3
    assert ended.out == ""
    assert ended.err.startswith(
        "hil: waiting for the module to start: expected 'ready', or OK to AT, but neither came"
    )
    assert "The boot log was:\n" in ended.err
    assert "rst cause:2" in ended.err


def test_module_can_be_left_unreset(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "at", "--no-reset", "--timeout", "0.001", "AT")
    assert ended.status == 3
    assert ended.err.startswith("hil: AT: expected the end of a reply (OK or ERROR), but ")
    assert ended.err.endswith("\nhil: --timeout SECONDS allows more than 0.001 s\n")


@pytest.mark.parametrize("command", ["", "AT\r\nAT", "AT+GMR\n", "ÄT"])
def test_what_is_not_one_line_is_not_sent(capsys: pytest.CaptureFixture[str], command: str) -> None:
    ended = call(capsys, "at", command)
    assert ended.status == 2
    assert "is not one command line: write for example 'AT+GMR'" in ended.err


WORD = 'ka\\,r"p<e>&n9'
SENT = format_string(WORD).decode()


@pytest.mark.parametrize(
    ("commands", "status"),
    [
        ((f'AT+CWSAP_CUR="net",{SENT},5,3', "AT+CWSAP_CUR?", "AT+NOSUCH"), 3),
        ((f'AT+CWJAP="net",{SENT}',), 3),
        ((f'AT+CWJAP="\u00e4",{SENT}',), 2),
        ((f'AT+CWJAP="net",{SENT}\r\nAT',), 2),
        ((f'AT+CWSPA="net",{SENT}', "AT"), 3),
    ],
)
def test_no_form_of_a_password_is_shown(
    capsys: pytest.CaptureFixture[str], commands: tuple[str, ...], status: int
) -> None:
    ended = call(capsys, "at", "AT+CWMODE_CUR=3", *commands)
    assert ended.status == status
    assert find_leak(views_of((ended.out + ended.err).encode()), WORD) is None
    assert "***" in ended.out + ended.err


def test_session_is_recorded_and_runs_again_from_the_record(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    commands = ("AT+GMR", 'AT+CWSAP="own","swordfish9",5,3', "AT+NOSUCH")
    recorded = call(capsys, "at", *commands, "--record", tmp_path / "night.hilrec")
    assert recorded.status == 3
    assert "swordfish" not in (tmp_path / "night.hilrec").read_text("ascii")
    rig = write_rig(tmp_path, "replay://night.hilrec")
    assert call(capsys, "at", *commands, "--rig", rig) == recorded
    other = call(capsys, "at", "AT+CWMODE?", "--rig", rig)
    assert other.status == 2
    assert other.out == ""
    assert other.err.startswith(f"hil: {tmp_path / 'night.hilrec'}, line ")
    assert ": on record 'AT+GMR\\r\\n' was sent; now 'AT+CWMODE?\\r\\n' was sent. " in other.err


def test_record_of_an_unreset_module_is_not_reset_when_it_is_played(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "night.hilrec"
    arguments = ("at", "--no-reset", "--timeout", "0.001", "AT")
    assert call(capsys, *arguments, "--record", file).status == 3
    rig = write_rig(tmp_path, "replay://night.hilrec")
    played = call(capsys, "at", "--timeout", "0.001", "AT", "--rig", rig)
    assert played.err.startswith("hil: AT: expected the end of a reply (OK or ERROR), but ")


def test_existing_file_is_not_recorded_into(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "night.hilrec").write_text("mine")
    ended = call(capsys, "at", "AT", "--record", tmp_path / "night.hilrec")
    assert ended.status == 2
    assert ended.out == ""
    assert "expected no file there yet, to record a session into" in ended.err
