from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from hil.cli.transcript import transcript
from hil.errors import FileMistakeError, MistakeError

if TYPE_CHECKING:
    from pathlib import Path

POSTED = r"""
[[transcript]]
id = "join"
lines = [
  ["tx", "AT+CWJAP=\"net\",\"hidden word\""],
  ["rx", "AT+CWJAP=\"net\",\"hidden word\""],
  ["rx", "WIFI GOT IP"],
  ["rx", "OK"],
  ["rx", "it said hidden word"],
]

[[transcript]]
id = "data"
lines = [["rx", "+IPD,0,5,10.0.0.1,80:ab"], ["rx", "c0,CLOSED"]]
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(
        transcript, [str(argument) for argument in arguments], catch_exceptions=False
    )


def posted(folder: Path) -> Path:
    path = folder / "posted.toml"
    path.write_text(POSTED, encoding="utf-8")
    return path


def test_events_of_a_posted_transcript_as_json(tmp_path: Path) -> None:
    result = run("parse", posted(tmp_path), "--json")
    assert result.exit_code == 0
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert objects == [
        {"transcript": "join", "event": "sent", "text": 'AT+CWJAP="net",***'},
        {"transcript": "join", "event": "echo", "text": 'AT+CWJAP="net",***'},
        {
            "transcript": "join",
            "event": "unsolicited",
            "text": "WIFI GOT IP",
            "kind": "wifi_got_ip",
            "link": None,
            "segment": None,
        },
        {"transcript": "join", "event": "final", "text": "OK", "follows_data": False},
        {"transcript": "join", "event": "unknown", "text": "it said ***"},
        {
            "transcript": "data",
            "event": "data",
            "text": "ab\r\nc",
            "link": 0,
            "length": 5,
            "missing_bytes": 0,
            "remote": "10.0.0.1:80",
        },
        {
            "transcript": "data",
            "event": "unsolicited",
            "text": "0,CLOSED",
            "kind": "link_closed",
            "link": 0,
            "segment": None,
        },
    ]


def test_events_of_a_raw_capture_as_text(tmp_path: Path) -> None:
    path = tmp_path / "line.bin"
    path.write_bytes(
        b"\x1b[2J\xff\r\n\r\n+IPD,1,4:a\r\n\x07\r\nSEND OK\r\npassword:hidden word\r\n"
    )
    result = run("parse", path)
    assert result.stdout.splitlines() == [
        r"line.bin  noise       \x1b[2J\xff",
        r"line.bin  data        a\r\n\x07  link=1 length=4",
        "line.bin  final       SEND OK  follows_data=True",
        "line.bin  unsolicited password:***  kind=smart_password",
    ]


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(MistakeError, match=r"cannot read .*none\.bin: No such file"):
        run("parse", tmp_path / "none.bin")
    with pytest.raises(FileMistakeError, match="expected transcripts, found no such file"):
        run("parse", tmp_path / "none.toml")
