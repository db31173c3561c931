"""The report for people and the one for CI servers, made from a journal."""

from __future__ import annotations

import html
import json
import re
import zlib
from base64 import b64decode
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from hil.errors import RunRecordError
from hil.plugins.replay import render_run

from .rig_of_tests import conftest

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("pytester",)

# An installed toolkit brings its other plugins along, and they would want a real rig.
PLUGINS = (
    "-phil.plugins.clause",
    "-phil.plugins.journal",
    "-pno:hil.plugins.options",
    "-pno:hil.plugins.rig",
    "-pno:cacheprovider",
    "-Wignore",
)
EVIL = "<script>alert(1)</script>"
PLAN = f"""
import pytest
EVIL = "{EVIL}"
@pytest.mark.clause("AT-01")
def test_talks(rig, measure, flashed):
    rig("received", EVIL + "\\n")
    rig("received", "\\x00\\x1b[31m")
    rig("sent", "<s\\x80", hex="3c 73 80")
    measure("reply " + EVIL, 2.0, "ms", high=10.0)
@pytest.mark.clause("CIPSEND-12")
def test_fails(rig):
    print(EVIL)
    assert False, EVIL
@pytest.mark.parametrize("word", ["\\\\x", EVIL])
def test_odd_names(rig, word): ...
def test_skipped(rig): pytest.skip("no meter " + EVIL)
@pytest.fixture
def broken(rig): raise RuntimeError(EVIL)
def test_blocked(broken): ...
"""


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.blob: dict[str, Any] = {}
        self.scripts = 0
        self._packed: list[str] | None = None
        self.details: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.scripts += tag == "script"
        # A link that a reader may follow is no request; everything else would be one.
        if tag != "a":
            self.addresses += [
                value for name in ("src", "href") if (value := values.get(name)) is not None
            ]
        if "data-jsonblob" in values:
            self.blob = json.loads(values["data-jsonblob"] or "{}")
        if values.get("id") == "hil-details":
            self._packed = []

    def handle_data(self, data: str) -> None:
        if self._packed is not None:
            self._packed.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self._packed is not None:
            self.details = json.loads(zlib.decompress(b64decode("".join(self._packed))))
            self._packed = None

    def rows(self) -> dict[str, dict[str, Any]]:
        return {node_id: tests[-1] for node_id, tests in self.blob["tests"].items()}

    def is_searched(self, test: str) -> bool:
        """Whether the details of a test stand in the page as they are."""
        return bool(self.rows()[f"test_plan.py::{test}"]["extras"])

    def detail(self, test: str) -> str:
        """What the row of a test opens."""
        row = self.rows()[f"test_plan.py::{test}"]
        if row["extras"]:
            (extra,) = row["extras"]
            return str(extra["content"])
        found = re.search(r"data-detail=(\d+)", row["resultsTableRow"][1])
        assert found is not None
        return self.details[int(found[1])]


@pytest.fixture
def run_dir(pytester: pytest.Pytester) -> Path:
    pytester.makeconftest(conftest())
    pytester.makepyfile(test_plan=PLAN)
    pytester.runpytest(*PLUGINS)
    return (pytester.path / "reports" / "latest").resolve()


def suite_of(run_dir: Path) -> ET.Element:
    (suite,) = ET.parse(run_dir / "junit.xml").getroot()  # noqa: S314 - our own file
    return suite


def page_of(run_dir: Path) -> Page:
    return Page((run_dir / "report.html").read_text("utf-8"))


def test_hostile_text_stays_text(run_dir: Path) -> None:
    text = (run_dir / "report.html").read_text("utf-8")
    page = Page(text)
    assert page.scripts == 4  # pytest-html's own, what opens and fills rows, and their data
    assert "alert(1)" in text
    for row in page.rows().values():
        pieces = [*row["resultsTableRow"], row["log"], *(each["content"] for each in row["extras"])]
        assert "<script" not in "".join(pieces)
    assert not [each for each in page.details if "<script" in each]
    talked = page.detail("test_talks")
    assert html.escape(EVIL) in talked
    assert "\\x00\\x1b[31m" in talked


def test_page_works_offline(run_dir: Path) -> None:
    text = (run_dir / "report.html").read_text("utf-8")
    assert not [each for each in Page(text).addresses if each]
    assert not re.findall(r"@import|url\(", text)


def test_each_test_has_one_row_and_our_word(run_dir: Path) -> None:
    page = page_of(run_dir)
    assert all(len(tests) == 1 for tests in page.blob["tests"].values())
    words = {
        node_id.partition("::")[2]: re.sub(r"<[^>]*>", "", row["resultsTableRow"][1])
        for node_id, row in page.rows().items()
    }
    assert words["test_talks"] == "✓passed"
    assert words["test_fails"] == "✗failed"
    assert words["test_skipped"] == "○skipped"
    assert words["test_blocked"] == "⊘blocked"


def test_row_opens_clauses_measurements_boot_log_and_transcript(run_dir: Path) -> None:
    detail = page_of(run_dir).detail("test_talks")
    for text in (
        "AT alone answers OK.",
        "2 ms",
        "up to 10 ms",
        "ets Jan  8 2013",
        "18:fe:34:00:00:01",
        "abababababab",
        "AT+RST",
        "← ready",
        "3c 73 80",
    ):
        assert text in detail


def test_details_of_tests_that_did_not_pass_can_be_searched(run_dir: Path) -> None:
    page = page_of(run_dir)
    assert page.is_searched("test_fails")
    assert page.is_searched("test_skipped")
    assert not page.is_searched("test_talks")
    assert "A length of 2048" in page.detail("test_fails")


def test_page_begins_with_verdict_rig_and_what_was_flashed(run_dir: Path) -> None:
    text = (run_dir / "report.html").read_text("utf-8")
    assert re.search(r'<h1 id="title">bench1 · \d{4}-\d\d-\d\d \d\d:\d\d:\d\d', text)
    overview = text.partition('class="hil-overview"')[2].partition('id="results-table"')[0]
    for words in ("FAILED", "bench1", "at-0.23", "boot.bin", "0x00000", "verified", "hil 0.1.0"):
        assert words in overview
    assert "A length of 2048 is the largest accepted." in text


def test_junit_file_tells_of_the_run_and_not_of_the_replay(run_dir: Path) -> None:
    suite = suite_of(run_dir)
    record = json.loads((run_dir / "run.json").read_text("utf-8"))
    assert suite.get("timestamp") == record["started"]
    assert suite.get("hostname") == record["environment"]["host"]
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert len(cases) == 6
    properties = {each.get("name"): each.get("value") for each in suite.find("properties") or ()}
    assert properties["rig"] == "bench1"
    claimed = [each.get("value") for each in cases["test_talks"].iter("property")]
    assert claimed == ["AT-01"]
    assert cases["test_fails"].find("failure") is not None
    assert cases["test_skipped"].find("skipped") is not None
    assert cases["test_blocked"].find("error") is not None


def test_run_on_workers_has_its_whole_report(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(conftest())
    pytester.makepyfile(test_plan=PLAN, test_more="def test_plain(): ...\ndef test_bad(): assert 0")
    result = pytester.runpytest_subprocess(*PLUGINS, "-n2")
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert "no report could be made" not in result.stdout.str()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    folder = (pytester.path / "reports" / "latest").resolve()
    assert len(page_of(folder).rows()) == 8
    assert suite_of(folder).get("tests") == "8"
    assert suite_of(folder).get("failures") == "2"
    assert suite_of(folder).get("errors") == "1"


def test_broken_replay_leaves_no_half_report(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("hil.plugins.replay.attempt_detail", fail)
    with pytest.raises(RunRecordError, match="ended with ZeroDivisionError: oops"):
        render_run(run_dir)
    assert {each.name for each in run_dir.iterdir()} == {"journal.jsonl", "run.json"}
    assert "INTERNALERROR" not in "".join(capfd.readouterr())


def test_row_of_a_failed_test_tells_why(run_dir: Path) -> None:
    rows = page_of(run_dir).rows()
    assert "no meter &lt;script" in rows["test_plan.py::test_skipped"]["resultsTableRow"][2]
    assert "AssertionError: &lt;script" in rows["test_plan.py::test_fails"]["resultsTableRow"][2]
    assert "why" not in rows["test_plan.py::test_talks"]["resultsTableRow"][2]


def test_filters_have_no_commas(run_dir: Path) -> None:
    text = (run_dir / "report.html").read_text("utf-8")
    filters = text.partition('class="filters"')[2].partition("</div>")[0]
    assert "3 passed</span>" in filters
    assert "," not in filters


def test_report_made_again_is_the_same(run_dir: Path) -> None:
    names = ("report.html", "junit.xml", "run.json")
    live = [without_replay_time((run_dir / name).read_text("utf-8")) for name in names]
    assert render_run(run_dir) == run_dir / "report.html"
    again = [without_replay_time((run_dir / name).read_text("utf-8")) for name in names]
    assert again == live


def without_replay_time(text: str) -> str:
    return re.sub(r"Report generated on .*? by|\d+ tests? took [^<]*", "", text)


def test_killed_run_can_be_reported(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(conftest())
    pytester.makepyfile(
        test_plan="""
import os
def test_done(rig): ...
def test_killed(rig):
    os._exit(9)
def test_never(rig): ...
"""
    )
    # pytest-embedded forks a process that would outlive the killed run.
    pytester.runpytest_subprocess(*PLUGINS, "-pno:pytest_embedded")
    latest = pytester.path / "reports" / "latest"
    assert {each.name for each in latest.iterdir()} == {"journal.jsonl", "run.json"}
    assert json.loads((latest / "run.json").read_text("utf-8"))["finished"] is None
    text = render_run(latest).read_text("utf-8")
    assert "The run was killed, or has not ended yet: 2 of 3 tests were started." in text
    assert "<b>2</b> of 3 tests" in text
    page = Page(text)
    row = page.rows()["test_plan.py::test_killed"]
    assert "blocked" in row["resultsTableRow"][1]
    assert "The run ended before this test did." in row["log"]
    assert suite_of(latest).get("tests") == "2"


def test_torn_journal_can_be_reported_wherever_it_was_torn(run_dir: Path) -> None:
    journal = run_dir / "journal.jsonl"
    whole = journal.read_bytes()
    for part in (3, 5, 9):
        journal.write_bytes(whole[: len(whole) * part // 10])
        render_run(run_dir)
        record = json.loads((run_dir / "run.json").read_text("utf-8"))
        assert len(page_of(run_dir).rows()) == len(record["tests"])


def test_folder_without_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunRecordError, match=r"^cannot read the journal .*journal\.jsonl: No such"):
        render_run(tmp_path)


def test_settings_of_the_outer_session_do_not_reach_the_replay(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")
    monkeypatch.setenv("PYTEST_PLUGINS", "no_such_plugin")
    assert render_run(run_dir).exists()
