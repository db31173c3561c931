"""The page around the table of tests: verdict, facts, what was flashed, clauses, measurements."""

from __future__ import annotations

import shlex
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from hil.report.html.badge import badge, tone
from hil.report.html.clause_table import clause_tables
from hil.report.html.markup import Html, element, escape, fold, join, table
from hil.report.html.observation import (
    MEASUREMENT_HEAD,
    boot_log,
    flash_record,
    measurement_rows,
)
from hil.report.html.wording import format_moment, format_seconds, module_name
from hil.report.matrix import VERDICTS
from hil.report.outcome import TestOutcome
from hil.report.record import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Record = dict[str, Any]

_SIMULATED = (
    "the rig is virtual. The module was simulated, and no instruction of the firmware was executed."
)
_DOCUMENT = "the document"
_VERDICT_SENTENCES = {
    "passed": "Every test that ran is satisfied with the module.",
    "failed": "At least one test found the module wrong.",
    "rig error": "The rig did not do its part; nothing is said about the module there.",
    "blocked": "Some tests did not reach their starting point.",
    "incomplete": "Not all that was asked for was tested.",
    "nothing tested": "No test said anything about the module.",
}


def _script(name: str) -> Html:
    text = resources.files("hil.report.html").joinpath(name).read_text(encoding="utf-8")
    return element("script", Html(text))


_SCRIPTS = join(map(_script, ("opener.js", "details.js")))


def page_title(record: Record) -> str:
    """The title: which rig, and when."""
    return f"{_rig_name(record)} · {format_moment(record['started'])}"


def overview(record: Record) -> Html:
    """What a reader wants to know first, before the table of tests."""
    sections = (_verdict(record), _counts(record), _facts(record), _flash(record))
    return element("div", _contents(record), *sections, _SCRIPTS, class_="hil-overview")


def appendix(record: Record) -> Html:
    """What follows the table of tests: clauses, measurements, boot logs."""
    return element(
        "div",
        clause_tables(record),
        _measurements(record),
        _boot_logs(record),
        class_="hil-appendix",
    )


def _contents(record: Record) -> Html:
    sections = (
        ("flashed", "Flashed", record["flash"]),
        ("results-table", "Tests", True),
        ("clauses", "Clauses", True),
        ("measurements", "Measurements", _measured(record)),
        ("boot-logs", "Boot logs", record["boot_logs"]),
    )
    links = [element("a", name, href=f"#{anchor}") for anchor, name, has in sections if has]
    return element("nav", *links, aria_label="Sections", class_="contents")


def _verdict(record: Record) -> Html:
    verdict = record["verdict"]
    remarks = [_VERDICT_SENTENCES.get(verdict, ""), _end(record)]
    deviations = record["counts"]["tests"].get("deviates", 0)
    if deviations:
        tests = "1 test deviates" if deviations == 1 else f"{deviations} tests deviate"
        remarks.append(f"{tests} where the document leaves room.")
    if record["collection_errors"]:
        remarks.append(f"{len(record['collection_errors'])} file(s) could not be collected.")
    return element(
        "section",
        element("p", badge(verdict, verdict.upper()), class_="word"),
        element("p", element("b", "Simulation: "), _SIMULATED, class_="simulated")
        if (record["rig"] or {}).get("is_virtual")
        else None,
        element("p", " ".join(filter(None, remarks))),
        *[
            element("p", f"{module_name(int(slot))} is not left as it was found: {remark}.")
            for slot, remark in record["left_different"].items()
        ],
        *[
            element("pre", f"{each['where']}\n{each['reason']}", class_="console")
            for each in record["collection_errors"]
        ],
        class_=f"verdict {tone(verdict)}",
    )


def _end(record: Record) -> str:
    """How a run ended that did not come to its end."""
    ran, collected = len(record["tests"]), record.get("collected") or 0
    if record["finished"] is None:
        how = "The run was killed, or has not ended yet"
    elif record["exit_status"] == INTERRUPTED:
        how = "The run was interrupted"
    elif ran < collected:
        how = "The run was stopped early"
    else:
        return ""
    return f"{how}: {ran} of {collected} tests were started." if ran < collected else f"{how}."


def _counts(record: Record) -> Html:
    tests, clauses = record["counts"]["tests"], record["counts"]["clauses"]
    ran, collected = len(record["tests"]), record.get("collected") or 0
    title = f"of {collected} tests" if ran < collected else "Tests"
    return element(
        "section",
        _tally("tests", title, [str(each) for each in TestOutcome], tests),
        _tally("clauses", "Clauses of the document", [str(each) for each in VERDICTS], clauses),
        class_="tallies",
    )


def _tally(name: str, title: str, words: Sequence[str], counts: Mapping[str, int]) -> Html:
    total = sum(counts.values())
    present = [(word, counts[word]) for word in words if counts.get(word)]
    bar = join(
        element("span", class_=tone(word), style=f"flex-grow:{count}", title=f"{count} {word}")
        for word, count in present
    )
    legend = join(element("li", element("b", count), " ", badge(word)) for word, count in present)
    return element(
        "div",
        element("h3", element("b", total), f" {title}"),
        element("div", bar, class_="bar", role="img", aria_label=f"{total} {name}"),
        element("ul", legend, class_="legend"),
        class_="card",
    )


def _facts(record: Record) -> Html:
    environment = record["environment"]
    versions = environment.get("versions") or {}
    rows = [
        ("Rig", _rig_text(record)),
        ("Modules", _modules(record)),
        ("Firmware", _firmware(record)),
        ("Spellings", _spellings(record)),
        ("Started", format_moment(record["started"])),
        ("Finished", format_moment(record["finished"]) if record["finished"] else "not finished"),
        ("Duration", _run_duration(record)),
        ("Host", f"{environment.get('host', 'unknown')}, {environment.get('platform', '')}"),
        ("Tools", _tools(environment.get("python"), versions)),
        ("Command", element("code", _command(environment))),
    ]
    pairs = join(
        element("div", element("dt", name), element("dd", value)) for name, value in rows if value
    )
    return element("section", element("dl", pairs), class_="card facts-grid")


def _flash(record: Record) -> Html | None:
    if not record["flash"]:
        return None
    firsts = {flash.get("slot"): index for index, flash in reversed([*enumerate(record["flash"])])}
    cards = [flash_record(each) for each in record["flash"]]
    rest = [card for index, card in enumerate(cards) if index not in firsts.values()]
    return element(
        "section",
        element("h3", "What was flashed onto which chip"),
        *(cards[index] for index in sorted(firsts.values())),
        fold(f"{len(rest)} more times, by tests", *rest, class_="card more") if rest else None,
        id="flashed",
    )


def _measured(record: Record) -> list[tuple[str, Mapping[str, Any]]]:
    return [(test["id"], each) for test in record["tests"] for each in test["measurements"]]


def _measurements(record: Record) -> Html | None:
    measured = _measured(record)
    if not measured:
        return None
    rows = measurement_rows(each for _, each in measured)
    named = [
        (*row, element("td", test_id.rpartition("/")[2], title=test_id))
        for row, (test_id, _) in zip(rows, measured, strict=True)
    ]
    return element(
        "section",
        element("h3", "Measurements"),
        element("div", table((*MEASUREMENT_HEAD, "Test"), named, class_="grid"), class_="card"),
        id="measurements",
    )


def _boot_logs(record: Record) -> Html | None:
    if not record["boot_logs"]:
        return None
    logs = join(boot_log(each) for each in record["boot_logs"])
    return element("section", element("h3", "First boot log of each module"), logs, id="boot-logs")


def _rig_name(record: Record) -> str:
    return str((record["rig"] or {}).get("name") or "unknown rig")


def _rig_text(record: Record) -> Html:
    rig = record["rig"] or {}
    kind = ("virtual" if rig["is_virtual"] else "real") if "is_virtual" in rig else ""
    source = element("span", f" {rig['source']}", class_="dim") if rig.get("source") else None
    has = element("div", "has ", ", ".join(rig["has"]), class_="dim") if rig.get("has") else None
    name = join([element("b", _rig_name(record)), escape(f", {kind}" if kind else "")])
    return element("div", name, source, has)


def _modules(record: Record) -> Html:
    modules = (record["rig"] or {}).get("modules") or ()
    return join(
        element(
            "div",
            f"{module_name(each.get('slot'))}: {each.get('port')}",
            f" at {each['baud']} baud" if each.get("baud") else None,
            f", dialect {each['dialect']}" if each.get("dialect") else None,
        )
        for each in modules
    )


def _firmware(record: Record) -> str:
    firmware = record["firmware"] or {}
    name = str(firmware.get("name") or "")
    told = (("AT ", "at_version"), ("SDK ", "sdk_version"), ("", "manifest"))
    words = [f"{prefix}{firmware[key]}" for prefix, key in told if firmware.get(key)]
    new = [word for word in words if word not in name and not word.endswith(" unknown")]
    return ", ".join([name, *new] if name else new)


def _spellings(record: Record) -> Html | None:
    """How the module says what firmware spells in several ways."""
    seen = record.get("spellings") or {}
    others = {name: [each for each in ways if each != _DOCUMENT] for name, ways in seen.items()}
    if not seen:
        return None
    if not any(others.values()):
        return element("span", "all as the document has them")
    return join(
        element("div", f"{name}: ", ", ".join(ways)) for name, ways in others.items() if ways
    )


def _command(environment: Mapping[str, Any]) -> str:
    # Journals of older versions have what pytest was given, and not what was typed.
    return shlex.join(environment.get("command") or ("pytest", *environment.get("arguments", ())))


def _tools(python: object, versions: Mapping[str, str]) -> str:
    words = [f"{name} {version}" for name, version in versions.items()]
    return ", ".join([*words, f"Python {python}"] if python else words)


def _run_duration(record: Record) -> str:
    rig_s = sum(test["rig_duration_s"] or 0.0 for test in record["tests"])
    wall = "unknown"
    if record["started"] and record["finished"]:
        span = datetime.fromisoformat(record["finished"]) - datetime.fromisoformat(
            record["started"]
        )
        wall = format_seconds(span.total_seconds())
    return f"{wall}; {format_seconds(rig_s)} on the rig's clock" if rig_s else wall
