"""Logs from the field: transcripts in TOML and raw captures."""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path

import pytest

from hil.at import Event, ReplyReader
from hil.at.capture import (
    FieldTranscript,
    load_field_transcripts,
    read_capture,
    read_transcript,
)
from hil.errors import FileMistakeError

FOLDER = os.environ.get("HIL_FIELD_TRANSCRIPTS", "")

# Garbled text of these starts is text that nobody can understand.
GARBLED = {b"m", b"ioofl 2lm", b"fde e", b"M", b"Sbmnrra e", b"rl"}


def transcripts() -> list[FieldTranscript]:
    """All transcripts of a folder that the environment names."""
    return [
        transcript
        for path in sorted(Path(FOLDER).glob("*.toml") if FOLDER else ())
        for transcript in load_field_transcripts(path)
    ]


def events_in_pieces(transcript: FieldTranscript, cuts: list[int]) -> list[Event]:
    """The events of what was received, cut everywhere or at random places."""
    reader, events = ReplyReader(), []
    for direction, text in transcript.lines:
        data = text.encode()
        if direction == "tx":
            reader.expect_echo(data)
            continue
        data += b"\r\n"
        borders = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
        for begin, end in itertools.pairwise(borders):
            events += reader.receive(data[begin:end])
    return events + reader.finish()


@pytest.mark.skipif(not FOLDER, reason="HIL_FIELD_TRANSCRIPTS names no folder of transcripts")
class TestFolder:
    def test_every_line_is_understood(self) -> None:
        found = transcripts()
        assert found, f"no transcript in {FOLDER}"
        unknown = {
            seen.data
            for transcript in found
            for seen in read_transcript(transcript)
            if seen.name == "unknown"
        }
        assert unknown <= GARBLED

    def test_all_mean_the_same_in_any_slicing(self) -> None:
        source = random.Random(0)  # noqa: S311 - places to cut at
        for transcript in transcripts():
            whole = events_in_pieces(transcript, [])
            assert events_in_pieces(transcript, list(range(4096))) == whole
            for _ in range(20):
                cuts = [source.randrange(10_000) for _ in range(source.randrange(1, 9))]
                assert events_in_pieces(transcript, cuts) == whole

    def test_no_byte_is_lost(self) -> None:
        for transcript in transcripts():
            seen = b"".join(s.data for s in read_transcript(transcript) if s.name != "sent")
            sent = "".join(text for direction, text in transcript.lines if direction == "rx")
            letters = bytes(b for b in sent.encode() if b not in b" \r\n")
            letters = letters.replace(b"busynow", b"busyp")
            kept = bytes(b for b in seen if b not in b" \r\n")
            headers = letters.count(b"+IPD,")
            assert len(kept) <= len(letters)
            assert len(letters) - len(kept) <= 40 * headers


POSTED = """
[[transcript]]
id = "send"
lines = [
  ["tx", "AT+CIPSEND=0,4"],
  ["rx", "AT+CIPSEND=0,4"],
  ["rx", "OK"],
  ["rx", "> "],
  ["tx", "abcd"],
  ["rx", "Recv 4 bytes"],
  ["rx", "SEND OK"],
  ["rx", "+IPD,0,99,10.0.0.1,80:HTTP/1.1 200 OK"],
  ["rx", "+IPD,0,2,10.0.0.1,80:ok0,CLOSED"],
  ["rx", "what is this"],
]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "posted.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_posted_transcript_becomes_events(tmp_path: Path) -> None:
    (transcript,) = load_field_transcripts(write(tmp_path, POSTED))
    assert transcript.name == "send"
    seen = list(read_transcript(transcript))
    assert [(each.name, each.text) for each in seen] == [
        ("sent", "AT+CIPSEND=0,4"),
        ("echo", "AT+CIPSEND=0,4"),
        ("final", "OK"),
        ("prompt", ">"),
        ("sent", "abcd"),
        ("taken", "Recv 4 bytes"),
        ("final", "SEND OK"),
        ("data", "HTTP/1.1 200 OK\r\n"),
        ("data", "ok"),
        ("unsolicited", "0,CLOSED"),
        ("unknown", "what is this"),
    ]
    assert seen[7].operands == {
        "link": 0,
        "length": 99,
        "missing_bytes": 82,
        "remote": "10.0.0.1:80",
    }
    assert seen[9].operands == {"kind": "link_closed", "link": 0, "segment": None}


def test_posted_record_without_its_end_swallows_no_line(tmp_path: Path) -> None:
    text = """
    [[transcript]]
    id = "short"
    lines = [["rx", "+IPD,99:HTTP"], ["rx", "0,CLOSED"], ["rx", "+IPD,6:a"], ["rx", "OK"]]
    """
    (transcript,) = load_field_transcripts(write(tmp_path, text))
    assert [(seen.name, seen.text) for seen in read_transcript(transcript)] == [
        ("data", "HTTP\r\n"),
        ("unsolicited", "0,CLOSED"),
        ("data", "a\r\nOK\r"),
    ]


def test_raw_capture_becomes_events() -> None:
    capture = (
        b'AT+CWLAP\r\r\n+CWLAP:(0,"a",-50,"40:a7:37:00:00:01",1)\r\n\r\nOK\r\n\xff\xfe\r\n'
        b"\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\nwdt reset\r\nSDK ver: 1.2.0 x\r\n"
        b"no ip\r\n\r\nERROR\r\n+CIPUPDATE:3\r\nready"
    )
    assert [(seen.name, seen.text.strip()) for seen in read_capture(capture)] == [
        ("echo", "AT+CWLAP"),
        ("information", '+CWLAP:(0,"a",-50,"40:a7:37:00:00:01",1)'),
        ("final", "OK"),
        ("noise", r"\xff\xfe"),
        ("boot", "ets Jan  8 2013,rst cause:4, boot mode:(3,6)"),
        ("boot", "wdt reset"),
        ("boot", "SDK ver: 1.2.0 x"),
        ("reason", "no ip"),
        ("final", "ERROR"),
        ("progress", "+CIPUPDATE:3"),
        ("unsolicited", "ready"),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a = 1", r"posted\.toml: transcript: expected \[\[transcript\]\] tables, found None"),
        ("transcript = [1]", r"transcript\[0\]: expected a table, found 1"),
        ("[[transcript]]\nlines = []", r"transcript\[0\]\.id: expected a text, found None"),
        ("[[transcript]]\nid = 'x'", r"transcript\[0\]\.lines: expected a list, found None"),
        (
            "[[transcript]]\nid = 'x'\nlines = [['up', 'AT']]",
            r"lines\[0\]: expected \[\"tx\" or \"rx\", a text\], found \['up', 'AT'\]",
        ),
        ("= ", "expected transcripts in TOML, found a mistake: Invalid"),
    ],
)
def test_what_is_no_transcript_is_told(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(FileMistakeError, match=complaint):
        load_field_transcripts(write(tmp_path, text))
