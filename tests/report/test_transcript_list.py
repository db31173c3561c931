"""The serial transcript in the page."""

from __future__ import annotations

from typing import Any

import pytest

from hil.report.html.transcript import transcript_list

from .test_line import MS, binary, entry

LOG = {
    "slot": 0,
    "rig_time_ns": 5 * MS,
    "baud": 74880,
    "reset_cause": 2,
    "boot_mode": [3, 6],
    "text": " ets Jan  8 2013,rst cause:2\n\nSDK version: 1.0.1",
}
BOOT = "\r\n ets Jan  8 2013,rst cause:2\r\n\r\nSDK version: 1.0.1\r\n\r\nready\r\n"


def shown(*entries: dict[str, Any], boot_logs: list[dict[str, Any]] | None = None) -> str:
    transcript, _ = transcript_list(entries, 0, boot_logs or [])
    assert transcript is not None
    return transcript


def test_line_has_its_time_its_direction_and_its_text() -> None:
    text = shown(entry("AT\r\n", 1.5, direction="sent"), entry("\r\nOK\r\n", 3))
    assert "<div class=s><i>1.500</i> → AT</div><div class=r><i>3.000</i> ← OK</div>" in text
    assert "Serial transcript, 2 lines" in text


@pytest.mark.parametrize("direction", ["received", "note", "<x y=z>"])
def test_hostile_text_stays_text(direction: str) -> None:
    evil = "<script>\x1b&\u202e"
    text = shown(entry(evil, direction=direction), entry(evil, direction="sent", slot=evil))
    assert "<script" not in text
    assert "<x" not in text
    assert text.count("&lt;script&gt;\\x1b&amp;\\u202e") == 3


def test_module_stands_there_where_there_are_several() -> None:
    assert "<u>" not in shown(entry("OK"))
    assert "<u>1</u> ← OK" in shown(entry("> "), entry("OK", slot=1))


def test_bytes_that_are_no_text_are_told_in_a_word_and_in_hex_inside() -> None:
    text = shown(binary(b"\x00\x9c\x0cr"), entry("AT", direction="sent"))
    assert (
        "<details><summary>4 bytes that are no text</summary><code>00 9c 0c 72</code></details>"
    ) in text


def test_bytes_that_are_almost_text_can_be_read() -> None:
    text = shown(binary(b"+IPD,6:hello\x00\r\n"))
    assert "<summary>+IPD,6:hello\\x00</summary><code>2b 49 50" in text


def test_bytes_before_ready_are_a_start() -> None:
    text = shown(binary(b"\x00\x9c\x0cr"), entry("\r\nready\r\n", 100))
    assert "4 bytes that are no text: a start, printed at another rate<" in text


def test_boot_log_stands_once_and_folded() -> None:
    entries = [entry(BOOT[:20], 6), entry(BOOT[20:], 7), entry("AT", 9, direction="sent")]
    transcript, others = transcript_list(entries, 0, [LOG])
    assert others == []
    assert transcript is not None
    assert (
        "<details><summary class=r><i>6.000</i> ← "
        "boot log, 2 lines, reset cause 2, boot mode (3,6), at 74880 baud</summary>"
        "<div class=r><i>6.000</i> ←  ets Jan  8 2013,rst cause:2</div>"
        "<div class=r><i>7.000</i> ← SDK version: 1.0.1</div></details>"
        "<div class=r><i>7.000</i> ← ready</div>"
    ) in transcript


def test_each_boot_log_has_its_own_lines() -> None:
    later = {**LOG, "rig_time_ns": 500 * MS}
    entries = [entry(BOOT, 6), entry(BOOT, 501)]
    transcript, others = transcript_list(entries, 0, [LOG, later])
    assert str(transcript).count("boot log, 2 lines") == 2
    assert others == []


@pytest.mark.parametrize(
    "log",
    [
        {**LOG, "rig_time_ns": 8 * MS},
        {**LOG, "rig_time_ns": None},
        {**LOG, "slot": 1},
        {**LOG, "text": "something else"},
    ],
)
def test_boot_log_that_is_not_in_the_transcript_is_left_over(log: dict[str, Any]) -> None:
    transcript, others = transcript_list([entry(BOOT, 6)], 0, [log])
    assert others == [log]
    assert "boot log" not in str(transcript)


def test_nothing_makes_no_transcript() -> None:
    assert transcript_list([], 0, [LOG]) == (None, [LOG])
    assert transcript_list([entry("\r\n")], 0) == (None, [])


def test_long_transcript_is_closed() -> None:
    lines = [entry(f"{n}\r\n") for n in range(61)]
    assert shown(*lines[:60]).startswith('<details open class="part"><summary>Serial transcript')
    assert shown(*lines).startswith('<details class="part"><summary>Serial transcript, 61 lines')
