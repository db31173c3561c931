"""What changed between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hil.errors import RunRecordError
from hil.report.diff import RunDiff, diff_runs, diff_text, load_run
from hil.report.exchange import Exchange, exchanges
from hil.report.journal import Journal

from .reports_of_tests import finished, phase, started

if TYPE_CHECKING:
    from pathlib import Path


def said(*texts: tuple[str, str]) -> list[dict[str, Any]]:
    """A transcript of texts with their directions."""
    return [
        {"rig_time_ns": number, "direction": direction, "text": text}
        for number, (direction, text) in enumerate(texts)
    ]


def write_run(folder: Path, *tests: tuple[str, str, str, list[dict[str, Any]]]) -> Path:
    """A run folder with the journal of tests: id, outcome, clause, transcript."""
    folder.mkdir()
    with Journal(folder / "journal.jsonl") as journal:
        for event in [started(), *(each for test in tests for each in _phases(*test)), finished()]:
            journal.append(
                event["record"],
                **{key: value for key, value in event.items() if key != "record"},
            )
    return folder


def _phases(
    node: str, outcome: str, clause: str, transcript: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    more: dict[str, Any] = {"clauses": [clause]}
    return [
        phase(node, "setup", **more),
        phase(node, "call", outcome, failed=outcome == "failed", **more),
        phase(node, "teardown", transcript=transcript, **more),
    ]


def compare(before: Path, after: Path) -> RunDiff:
    return diff_runs(load_run(before), load_run(after))


MODE = [("sent", "AT+CWMODE?\r\n"), ("received", "+CWMODE:2\r\n\r\nOK\r\n")]
OTHER_MODE = [("sent", "AT+CWMODE?\r\n"), ("received", "+CWMODE:1\r\n\r\nOK\r\n")]


def test_run_equals_itself(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", ("t", "passed", "AT-01", said(*MODE)))
    diff = compare(run, run)
    assert diff.is_empty
    assert diff_text(diff).splitlines()[-1] == "nothing changed"


def test_clauses_tests_and_answers_that_changed_are_listed(tmp_path: Path) -> None:
    before = write_run(
        tmp_path / "a",
        ("t1", "passed", "CWMODE-02", said(*MODE)),
        ("t2", "passed", "AT-01", said(*MODE)),
        ("gone", "passed", "AT-02", said(*MODE)),
    )
    after = write_run(
        tmp_path / "b",
        ("t1", "failed", "CWMODE-02", said(*OTHER_MODE)),
        ("t2", "passed", "AT-01", said(*OTHER_MODE)),
        ("new", "passed", "AT-03", said(*MODE)),
    )
    assert diff_text(compare(before, after)).splitlines()[2:] == [
        "",
        "3 clauses changed:",
        "  AT-02: passed -> untested  AT has no parameters; AT=1 is refused.",
        "  AT-03: untested -> passed  AT has only the execute form.",
        "  CWMODE-02: passed -> failed  The query answers +CWMODE:<mode>, then OK.",
        "",
        "3 tests changed:",
        "  t1: passed -> failed",
        "  gone: passed -> not run",
        "  new: not run -> passed",
        "",
        "1 answer changed:",
        "  AT+CWMODE?",
        "    - +CWMODE:2",
        "    + +CWMODE:1",
        "      in t1 and 1 more",
    ]


def test_line_that_only_one_run_sends_is_told(tmp_path: Path) -> None:
    before = write_run(tmp_path / "a", ("t", "passed", "AT-01", said(*MODE)))
    more = [*MODE, ("sent", "AT\r\n"), ("received", "\r\nOK\r\n")]
    after = write_run(tmp_path / "b", ("t", "passed", "AT-01", said(*more)))

    diff = compare(before, after)

    (change,) = diff.answers
    assert (change.sent, change.before, change.after) == ("AT", None, ("OK",))
    assert diff_text(diff).splitlines()[-1] == (
        "1 line sent in one of the runs only (--json lists them)"
    )


def test_tests_that_a_run_did_not_have_are_counted_where_they_are_many(tmp_path: Path) -> None:
    many = [(f"t{number}", "passed", f"GEN-{number:02}", said(*MODE)) for number in range(1, 12)]
    before = write_run(tmp_path / "a", ("t", "passed", "AT-01", said(*MODE)), *many)
    after = write_run(tmp_path / "b", ("t", "failed", "AT-01", said(*MODE)))
    assert diff_text(compare(before, after)).splitlines()[2:] == [
        "",
        "12 clauses changed:",
        "  AT-01: passed -> failed  AT alone answers OK.",
        "  11 clauses: passed -> untested (--json lists them)",
        "",
        "12 tests changed:",
        "  t: passed -> failed",
        "  11 tests: passed -> not run (--json lists them)",
    ]


def test_nothing_that_was_said_acts_on_a_terminal_or_fills_it(tmp_path: Path) -> None:
    data = "0123456789" * 100
    before = write_run(
        tmp_path / "a",
        ("t", "passed", "AT-01", said(("sent", "AT\r\n+++"), ("received", f"\x1b[2J{data}\r\n"))),
    )
    after = write_run(
        tmp_path / "b",
        ("t", "passed", "AT-01", said(("sent", "AT\r\n+++"), ("received", "OK\r\n"))),
    )
    assert diff_text(compare(before, after)).splitlines()[3:] == [
        "1 answer changed:",
        "  AT\\r\\n+++",
        f"    - \\x1b[2J{data[:71]} ... 849 more ... {data[-80:]}",
        "    + OK",
        "      in t",
    ]


def test_a_line_that_the_next_command_breaks_is_whole() -> None:
    whole = said(
        ("sent", "AT+CIPSERVER=0\r\n"),
        ("received", "\r\nOK\r\nCLOSED\r\n"),
        ("sent", "AT+CIPMUX?\r\n"),
        ("received", "+CIPMUX:0\r\n\r\nOK\r\n"),
    )
    broken = said(
        ("sent", "AT+CIPSERVER=0\r\n"),
        ("received", "\r\nOK\r\nCL"),
        ("sent", "AT+CIPMUX?\r\n"),
        ("received", "OSED\r"),
        ("received", "\n+CIPMUX:0\r\n\r\nOK\r\n"),
    )
    assert list(exchanges(broken)) == list(exchanges(whole))
    assert next(exchanges(whole)).answer == ("OK", "CLOSED")


def test_what_follows_a_prompt_answers_the_data() -> None:
    told = said(
        ("sent", "AT+CIPSEND=2\r\n"),
        ("received", "\r\nOK\r\n> "),
        ("sent", "hi"),
        ("received", "Recv 2 bytes\r\n\r\nSEND OK\r\n"),
    )
    assert list(exchanges(told)) == [
        Exchange("AT+CIPSEND=2", ("OK", "> ")),
        Exchange("hi", ("Recv 2 bytes", "SEND OK")),
    ]


def test_local_ports_are_ports() -> None:
    link = '+CIPSTATUS:0,"TCP","192.168.1.2",{},{},0\r\n'
    one, other = (
        list(exchanges(said(("received", link.format(*ports)))))
        for ports in ((63017, 50821), (49999, 61234))
    )
    assert one == other == [Exchange("", ('+CIPSTATUS:0,"TCP","192.168.1.2",<port>,<port>,0',))]


def test_what_differs_from_module_to_module_is_not_compared() -> None:
    one = said(
        ("received", 'ready\r\n+CIFSR:STAMAC,"18:fe:34:00:00:01"\r\n'),
        ("sent", 'AT+CIPSTART="TCP","192.168.1.2",49152\r\n'),
        ("received", '+CWLAP:(3,"net",-58,"02:00:00:00:00:01",6)\r\n+12\r\n'),
    )
    other = said(
        ("received", 'ready\r\n+CIFSR:STAMAC,"18:fe:34:00:00:99"\r\n'),
        ("sent", 'AT+CIPSTART="TCP","192.168.1.2",60001\r\n'),
        ("received", '+CWLAP:(3,"net",-71,"02:00:00:00:00:07",6)\r\n+3\r\n'),
    )
    assert list(exchanges(one)) == list(exchanges(other))


def test_rates_are_no_ports() -> None:
    (exchange,) = exchanges(said(("sent", "AT+UART=57600,8,1,0,0\r\n")))
    assert exchange.sent == "AT+UART=57600,8,1,0,0"


def test_line_sent_in_pieces_is_one() -> None:
    pieces = said(("sent", "AT+"), ("sent", "GMR\r\n"), ("received", "A"), ("received", "T\r\n"))
    assert list(exchanges(pieces)) == [Exchange("AT+GMR", ("AT",))]


def test_what_follows_a_reset_answers_nothing() -> None:
    told = said(("sent", "AT\r\n"), ("note", "EXT_RSTB low"), ("received", "ready\r\n"))
    assert list(exchanges(told)) == [Exchange("AT", ()), Exchange("", ("ready",))]


def test_binary_noise_is_not_compared() -> None:
    noise = said(("received", "\\x00"), ("received", "\\x01"))
    for entry in noise:
        entry["hex"] = "00"
    noise.insert(1, {"rig_time_ns": 5, "direction": "received", "text": "l"})
    assert list(exchanges(noise)) == [Exchange("", ("<bytes>",))]


def test_folder_without_a_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunRecordError, match="A run folder is one that holds a journal"):
        load_run(tmp_path)
