"""The page around the table of tests: verdict, facts, what was flashed, clauses, measurements."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hil.report.html.badge import badge, tone
from hil.report.html.markup import Html, element, escape, fold, join, number_head, table
from hil.report.measurement import Measurement
from hil.report.outcome import CLAUSE_PRECEDENCE, ClauseVerdict, TestOutcome
from hil.spec.catalogue import load_catalogue
from hil.units import NS_PER_S, format_duration, format_offset, format_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hil.spec.catalogue import Clause

Record = dict[str, Any]

_VERDICT_SENTENCES = {
    "passed": "Every test that ran is satisfied with the module.",
    "failed": "At least one test found the module wrong.",
    "rig error": "The rig did not do its part; nothing is said about the module there.",
    "blocked": "Some tests did not reach their starting point.",
    "incomplete": "The run did not end: what follows is what had happened until then.",
    "nothing tested": "No test said anything about the module.",
}
_VERDICTS = (*CLAUSE_PRECEDENCE, ClauseVerdict.WAIVED)
_HASH_DIGITS = 12
_FLASH_FACTS = (
    ("MAC", "mac"),
    ("chip id", "id"),
    ("flash id", "flash_id"),
    ("crystal", "crystal"),
)


def page_title(record: Record) -> str:
    """The title: which rig, and when."""
    return f"{_rig_name(record)} · {_moment(record['started'])}"


def overview(record: Record) -> Html:
    """What a reader wants to know first, before the table of tests."""
    sections = (_verdict(record), _counts(record), _facts(record), _flash(record))
    return element("div", _contents(record), *sections, class_="hil-overview")


def appendix(record: Record) -> Html:
    """What follows the table of tests: clauses, measurements, boot logs."""
    return element(
        "div", _clauses(record), _measurements(record), _boot_logs(record), class_="hil-appendix"
    )


def flash_record(flash: Mapping[str, Any]) -> Html:
    """What was written onto one chip."""
    chip = flash.get("chip") or {}
    size = chip.get("flash_size_bytes")
    name = " ".join(str(each) for each in (flash.get("slot"), chip.get("name")) if each)
    facts = [(label, chip[key]) for label, key in _FLASH_FACTS if chip.get(key) is not None]
    facts += [("flash", format_size(size))] if size else []
    facts += [("firmware", flash["firmware"])] if flash.get("firmware") else []
    facts += [("at", f"{flash['baud']} baud")] if flash.get("baud") else []
    facts += [("took", _seconds(flash["duration_s"]))] if flash.get("duration_s") else []
    facts += [("rig time", _seconds(flash["rig_duration_s"]))] if flash.get("rig_duration_s") else []
    facts += [("written", _moment(flash["time"]))] if flash.get("time") else []
    facts += [("by", flash["tool"])] if flash.get("tool") else []
    return element(
        "div",
        element("h4", name or "module"),
        element("p", *_labelled(facts), class_="facts"),
        table(
            (
                "Image",
                number_head("Offset"),
                number_head("Length"),
                "SHA-256",
                "Verified",
            ),
            map(_region, flash.get("regions", ())),
            class_="grid",
        ),
        class_="card",
    )


def boot_log(log: Mapping[str, Any]) -> Html:
    """What a module printed while it started."""
    facts = [("reset cause", log["reset_cause"])] if log.get("reset_cause") is not None else []
    facts += [("boot mode", _boot_mode(log["boot_mode"]))] if log.get("boot_mode") else []
    facts += [("at", f"{log['baud']} baud")] if log.get("baud") else []
    return element(
        "div",
        element("p", element("b", log.get("slot") or "module"), " ", *_labelled(facts)),
        element("pre", str(log.get("text", "")).replace("\r\n", "\n"), class_="console"),
        class_="card",
    )


def measurement_rows(measurements: Iterable[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Rows of name, value, limits and outcome."""
    rows = []
    for each in measurements:
        measurement = Measurement.from_json(each)
        value = "–" if measurement.value is None else f"{measurement.value:g} {measurement.unit}"
        rows.append(
            (
                measurement.name,
                element("td", value, class_="number"),
                measurement.format_limits(),
                _marginal_limits(measurement),
                badge(each["outcome"]),
            )
        )
    return rows


MEASUREMENT_HEAD = ("Measurement", number_head("Value"), "Limits", "Comfortable", "Outcome")


def _contents(record: Record) -> Html:
    sections = (
        ("flashed", "Flashed", record["flash"]),
        ("tests", "Tests", True),
        ("clauses", "Clauses", True),
        ("measurements", "Measurements", _measured(record)),
        ("boot-logs", "Boot logs", record["boot_logs"]),
    )
    links = [element("a", name, href=f"#{anchor}") for anchor, name, has in sections if has]
    return element("nav", *links, aria_label="Sections", class_="contents")


def _verdict(record: Record) -> Html:
    verdict = record["verdict"]
    remarks = [_VERDICT_SENTENCES.get(verdict, "")]
    deviations = record["counts"]["tests"].get("deviates", 0)
    if deviations:
        tests = "1 test deviates" if deviations == 1 else f"{deviations} tests deviate"
        remarks.append(f"{tests} where the document leaves room.")
    if record["collection_errors"]:
        remarks.append(f"{len(record['collection_errors'])} file(s) could not be collected.")
    return element(
        "section",
        element("p", badge(verdict, verdict.upper()), class_="word"),
        element("p", " ".join(remarks)),
        *[
            element("pre", f"{each['where']}\n{each['reason']}", class_="console")
            for each in record["collection_errors"]
        ],
        class_=f"verdict {tone(verdict)}",
    )


def _counts(record: Record) -> Html:
    tests, clauses = record["counts"]["tests"], record["counts"]["clauses"]
    return element(
        "section",
        _tally("tests", "Tests", [str(each) for each in TestOutcome], tests),
        _tally("clauses", "Clauses of the document", [str(each) for each in _VERDICTS], clauses),
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
        ("Started", _moment(record["started"])),
        ("Finished", _moment(record["finished"]) if record["finished"] else "not finished"),
        ("Duration", _run_duration(record)),
        ("Host", f"{environment.get('host', 'unknown')}, {environment.get('platform', '')}"),
        ("Tools", _tools(environment.get("python"), versions)),
        ("Command", element("code", "pytest ", " ".join(environment.get("arguments") or ()))),
    ]
    pairs = join(
        element("div", element("dt", name), element("dd", value)) for name, value in rows if value
    )
    return element("section", element("dl", pairs), class_="card facts-grid")


def _flash(record: Record) -> Html | None:
    if not record["flash"]:
        return None
    return element(
        "section",
        element("h3", "What was flashed onto which chip"),
        join(flash_record(each) for each in record["flash"]),
        id="flashed",
    )


def _region(region: Mapping[str, Any]) -> tuple[object, ...]:
    digest = str(region.get("sha256") or "")
    is_verified = region.get("verified")
    verified = {True: badge("passed", "verified"), False: badge("failed", "differs")}
    file = str(region.get("file") or "")
    name = str(region.get("name") or file)
    shown_file = element("span", f" {file}", class_="dim") if file and file != name else None
    length = region.get("length_bytes")
    return (
        element("td", name, shown_file),
        element("td", format_offset(region["offset"]), class_="number"),
        element("td", "" if length is None else f"{length} B", class_="number"),
        element("td", element("code", digest[:_HASH_DIGITS], title=digest)),
        badge("skipped", "not verified") if is_verified is None else verified[bool(is_verified)],
    )


def _clauses(record: Record) -> Html:
    catalogue = load_catalogue()
    tests_of: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for test in record["tests"]:
        for clause_id in test["clauses"]:
            tests_of[clause_id].append(test)
    by_command: defaultdict[str, list[Clause]] = defaultdict(list)
    for clause in catalogue:
        if clause.id in record["clauses"]:
            by_command[clause.command].append(clause)
    is_quiet = {
        command: all(record["clauses"][each.id] == ClauseVerdict.UNTESTED for each in clauses)
        for command, clauses in by_command.items()
    }
    shown = [
        _command_clauses(command, clauses, record, tests_of)
        for command, clauses in by_command.items()
        if not is_quiet[command]
    ]
    silent = [f"{name} ({len(by_command[name])})" for name, quiet in is_quiet.items() if quiet]
    rest = f"No test of this run claims a clause of {len(silent)} more commands and chapters"
    return element(
        "section",
        element("h3", f"Clauses of {catalogue.document}"),
        *shown,
        fold(rest, element("p", ", ".join(silent)), class_="card") if silent else None,
        id="clauses",
    )


def _command_clauses(
    command: str,
    clauses: Sequence[Clause],
    record: Record,
    tests_of: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Html:
    verdicts = [record["clauses"][each.id] for each in clauses]
    counts = [(word, verdicts.count(word)) for word in map(str, _VERDICTS) if word in verdicts]
    summary = join(
        [
            element("b", command),
            element("span", *[badge(word, f"{n} {word}") for word, n in counts], class_="counts"),
        ]
    )
    rows = [
        (
            element("td", element("code", clause.id)),
            element("td", clause.statement, _clause_remark(clause)),
            element("td", badge(verdict), _waiver(record, clause.id)),
            element("td", *_claimants(tests_of.get(clause.id, ()))),
        )
        for clause, verdict in zip(clauses, verdicts, strict=True)
        if verdict != ClauseVerdict.UNTESTED
    ]
    untested = [each.id for each in clauses if record["clauses"][each.id] == "untested"]
    is_open = not {"failed", "deviates"}.isdisjoint(verdicts)
    return fold(
        summary,
        table(("Clause", "Statement", "Verdict", "Tests"), rows, class_="grid clauses"),
        element("p", badge("untested"), " ", ", ".join(untested), class_="untested")
        if untested
        else None,
        is_open=is_open,
        class_="card",
    )


def _clause_remark(clause: Clause) -> Html:
    place = f"line {clause.line}, {clause.basis}"
    doubts = f", {', '.join(clause.ambiguity)}" if clause.ambiguity else ""
    return element("span", f" {place}{doubts}", class_="dim")


def _waiver(record: Record, clause_id: str) -> Html | None:
    reason = record["waivers"].get(clause_id)
    return element("div", reason, class_="dim") if reason else None


def _claimants(tests: Sequence[Mapping[str, Any]]) -> list[Html]:
    return [
        element("div", badge(test["outcome"]), " ", test["id"].rpartition("/")[2], title=test["id"])
        for test in tests
    ]


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
    return element("section", element("h3", "Boot logs of the run"), logs, id="boot-logs")


def _labelled(facts: Iterable[tuple[str, object]]) -> list[Html]:
    return [
        element("span", element("span", label, class_="dim"), " ", value, class_="fact")
        for label, value in facts
    ]


def _marginal_limits(measurement: Measurement) -> str:
    low, high = measurement.marginal_low, measurement.marginal_high
    if low is None and high is None:
        return ""
    return f"{'' if low is None else f'{low:g}'} .. {'' if high is None else f'{high:g}'}".strip()


def _boot_mode(boot_mode: object) -> str:
    if isinstance(boot_mode, (list, tuple)):
        return f"({','.join(map(str, boot_mode))})"
    return str(boot_mode)


def _rig_name(record: Record) -> str:
    return str((record["rig"] or {}).get("name") or "unknown rig")


def _rig_text(record: Record) -> Html:
    rig = record["rig"] or {}
    kind = {True: "virtual", False: "real"}.get(rig.get("is_virtual"), "")
    source = element("span", f" {rig['source']}", class_="dim") if rig.get("source") else None
    has = element("div", "has ", ", ".join(rig["has"]), class_="dim") if rig.get("has") else None
    name = join([element("b", _rig_name(record)), escape(f", {kind}" if kind else "")])
    return element("div", name, source, has)


def _modules(record: Record) -> Html:
    modules = (record["rig"] or {}).get("modules") or ()
    words = ("slot", "port", "dialect")
    return join(
        element(
            "div",
            ", ".join(str(each[word]) for word in words if each.get(word)),
            f", {each['baud']} baud" if each.get("baud") else None,
        )
        for each in modules
    )


def _firmware(record: Record) -> str:
    firmware = record["firmware"] or {}
    words = [str(firmware["name"])] if firmware.get("name") else []
    words += [f"AT {firmware['at_version']}"] if firmware.get("at_version") else []
    words += [f"SDK {firmware['sdk_version']}"] if firmware.get("sdk_version") else []
    words += [str(firmware["manifest"])] if firmware.get("manifest") else []
    return ", ".join(words)


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
        wall = _seconds(span.total_seconds())
    return f"{wall}; {_seconds(rig_s)} on the rig's clock" if rig_s else wall


def _seconds(duration_s: float) -> str:
    return format_duration(round(duration_s * NS_PER_S))


def _moment(text: str | None) -> str:
    if not text:
        return "unknown time"
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S %Z")
