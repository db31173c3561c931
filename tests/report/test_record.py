"""The run record, made from the records of a journal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from hil.report.measurement import Measurement
from hil.report.record import record_from_journal
from hil.spec.catalogue import load_catalogue

from .reports_of_tests import TIME, finished, passed_test, phase, started

SCHEMA = Path(__file__).parents[2] / "docs" / "run-schema.json"


def require_valid(record: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(
        json.loads(SCHEMA.read_text(encoding="utf-8")),
        format_checker=jsonschema.FormatChecker(),
    ).validate(json.loads(json.dumps(record)))


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_empty_journal_makes_a_valid_record() -> None:
    record = record_from_journal([])
    require_valid(record)
    assert record["verdict"] == "incomplete"


def test_whole_run_is_summed_up() -> None:
    measured = [Measurement("delay", 1.5, "ms", 1, 2).to_json()]
    region = {"offset": 0, "length_bytes": 4, "sha256": "a" * 64, "image_sha256": "b" * 64}
    flash = {"slot": 0, "chip": {"name": "ESP8266EX"}, "regions": [region]}
    log = {"slot": 0, "text": "ets", "baud": 74880}
    record = record_from_journal(
        [
            started(),
            {"record": "firmware", "time": TIME, "rig_time_ns": None, "firmware": {"name": "f"}},
            phase("a.py::t", "setup", clauses=["AT-01"], flash=[flash], boot_logs=[log, log]),
            phase("a.py::t", "call", measurements=measured, clauses=["AT-01"], rig_duration_s=2.0),
            phase("a.py::t", "teardown", clauses=["AT-01"], rig_duration_s=0.5),
            {"record": "of the future", "time": TIME, "rig_time_ns": None},
            finished(),
        ]
    )
    require_valid(record)
    (test,) = record["tests"]
    assert test["id"] == "a.py::t"
    assert test["outcome"] == "passed"
    assert test["duration_s"] == 0.75
    assert test["rig_duration_s"] == 2.5
    assert test["measurements"] == measured
    assert record["clauses"]["AT-01"] == "passed"
    assert record["clauses"]["AT-02"] == "untested"
    assert record["counts"]["clauses"] == {
        "passed": 1,
        "untested": len(load_catalogue()) - 1,
    }
    assert record["firmware"] == {"name": "f"}
    assert record["flash"] == [{**flash, "time": TIME, "test": "a.py::t"}]
    assert len(record["boot_logs"]) == 1
    assert record["verdict"] == "passed"


def test_failed_attempt_is_not_erased_by_a_repetition() -> None:
    bad = [
        phase("t", "setup"),
        phase("t", "call", "failed", failed=True),
        phase("t", "teardown"),
    ]
    record = record_from_journal([started(), *bad, *passed_test("t"), finished()])
    require_valid(record)
    (test,) = record["tests"]
    assert [each["outcome"] for each in test["attempts"]] == ["failed", "passed"]
    assert test["outcome"] == "passed"


def test_killed_run_blocks_the_test_that_was_under_way() -> None:
    record = record_from_journal([started(), *passed_test("one"), phase("two", "setup")])
    require_valid(record)
    assert record["finished"] is None
    assert record["tests"][1]["outcome"] == "blocked"
    assert record["tests"][1]["reason"] == "the run ended before this test did"


def test_run_is_incomplete_without_all_that_was_collected() -> None:
    collected = {"record": "collected", "time": TIME, "rig_time_ns": None, "tests": 2}
    for events, verdict in (
        ([collected, *passed_test("one"), finished()], "incomplete"),
        ([collected, *passed_test("one"), *passed_test("two"), finished(2)], "incomplete"),
        ([collected, *passed_test("one"), *passed_test("two"), finished()], "passed"),
    ):
        record = record_from_journal([started(), *events])
        require_valid(record)
        assert record["collected"] == 2
        assert record["verdict"] == verdict


def test_waived_clause_keeps_its_reason() -> None:
    waiver = {
        "record": "waiver",
        "time": TIME,
        "rig_time_ns": None,
        "clause": "AT-01",
        "reason": "known",
    }
    failed = [
        phase("t", "setup"),
        phase("t", "call", "failed", failed=True, clauses=["AT-01"]),
        phase("t", "teardown", clauses=["AT-01"]),
    ]
    record = record_from_journal([started(), waiver, *failed, finished(1)])
    require_valid(record)
    assert record["clauses"]["AT-01"] == "waived"
    assert record["waivers"] == {"AT-01": "known"}


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        ("failed", "failed"),
        ("rig error", "rig error"),
        ("blocked", "blocked"),
        ("deviates", "passed"),
        ("marginal", "passed"),
        ("skipped", "nothing tested"),
    ],
)
def test_run_is_as_good_as_its_worst_test(outcome: str, verdict: str) -> None:
    test = [phase("t", "setup"), phase("t", "call", outcome), phase("t", "teardown")]
    record = record_from_journal([started(), *test, finished()])
    require_valid(record)
    assert record["verdict"] == verdict


def test_reports_of_tests_without_a_rig_count_too() -> None:
    events = passed_test("plain")
    for event in events:
        del event["report"]["hil"]
    events[1]["report"].update(outcome="skipped", longrepr=["f.py", 3, "Skipped: no time"])
    record = record_from_journal([started(), *events, finished()])
    require_valid(record)
    assert record["tests"][0]["outcome"] == "skipped"
    assert record["tests"][0]["reason"] == "no time"


def test_file_that_could_not_be_collected_blocks_the_run() -> None:
    report = {
        "$report_type": "CollectReport",
        "nodeid": "a.py",
        "outcome": "failed",
        "longrepr": "SyntaxError",
    }
    event = {"record": "report", "time": TIME, "rig_time_ns": None, "report": report}
    record = record_from_journal([started(), event, finished(2)])
    require_valid(record)
    assert record["collection_errors"] == [{"where": "a.py", "reason": "SyntaxError"}]
    assert record["verdict"] == "blocked"
