"""What the row of one test opens: its clauses, measurements, boot logs and serial transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.report.html.badge import badge
from hil.report.html.markup import Html, element, fold, join, number_head, table
from hil.report.html.overview import MEASUREMENT_HEAD, boot_log, flash_record, measurement_rows
from hil.report.record import phase_outcome, phase_reason
from hil.report.outcome import TestOutcome
from hil.spec.catalogue import load_catalogue
from hil.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Report = dict[str, Any]

_DIRECTIONS = {
    "sent": "→ module",
    "received": "← module",
    "line": "◇ line",
    "note": "◇ note",
}
_OPEN_ROWS = 60


def test_detail(phases: Sequence[Report]) -> Html:
    """The details of one attempt of a test.

    Args:
        phases: The serialised reports of setup, call and teardown, as far as there are.
    """
    attachments = [phase.get("hil") or {} for phase in phases]
    clauses = next((each["clauses"] for each in attachments if each.get("clauses")), ())
    entries = [entry for each in attachments for entry in each.get("transcript", ())]
    return element(
        "div",
        _reasons(phases),
        _clauses(clauses),
        _measurements([each for part in attachments for each in part.get("measurements", ())]),
        join(flash_record(each) for part in attachments for each in part.get("flash", ())),
        _boot_logs([each for part in attachments for each in part.get("boot_logs", ())]),
        _transcript(entries, _start_ns(attachments, entries)),
        class_="hil-detail",
    )


def _reasons(phases: Iterable[Report]) -> Html:
    told = [(phase["when"], phase_outcome(phase), phase_reason(phase)) for phase in phases]
    return join(
        element("p", badge(str(outcome)), f" in {when}: {reason}", class_="reason")
        for when, outcome, reason in told
        if outcome is not TestOutcome.PASSED and reason
    )


def _clauses(clause_ids: Iterable[str]) -> Html | None:
    catalogue = load_catalogue()
    rows = [
        (element("td", element("code", each)), catalogue[each].statement)
        for each in clause_ids
        if each in catalogue
    ]
    if not rows:
        return None
    return _part("Claims", table(("Clause", "Statement"), rows, class_="grid"))


def _measurements(measurements: Sequence[Mapping[str, Any]]) -> Html | None:
    if not measurements:
        return None
    return _part(
        "Measured", table(MEASUREMENT_HEAD, measurement_rows(measurements), class_="grid")
    )


def _boot_logs(logs: Sequence[Mapping[str, Any]]) -> Html | None:
    return _part("Boot log", *map(boot_log, logs)) if logs else None


def _transcript(entries: Sequence[Mapping[str, Any]], start_ns: int) -> Html | None:
    if not entries:
        return None
    has_slots = len({entry.get("slot") for entry in entries}) > 1
    has_hex = any(entry.get("hex") for entry in entries)
    head = [number_head("ms"), *(["Module"] if has_slots else []), "Direction", "Text"]
    rows = (_transcript_row(each, start_ns, has_slots=has_slots, has_hex=has_hex) for each in entries)
    return fold(
        f"Serial transcript, {len(entries)} lines",
        table([*head, *(["Hex"] if has_hex else [])], rows, class_="grid transcript"),
        is_open=len(entries) <= _OPEN_ROWS,
        class_="part",
    )


def _transcript_row(
    entry: Mapping[str, Any], start_ns: int, *, has_slots: bool, has_hex: bool
) -> list[object]:
    direction = str(entry.get("direction", ""))
    time_ns = entry.get("rig_time_ns")
    time = "" if time_ns is None else f"{(time_ns - start_ns) / NS_PER_MS:.3f}"
    row: list[object] = [
        element("td", time, class_="number"),
        element("td", _DIRECTIONS.get(direction, direction), class_=f"way is-{direction}"),
        element("td", element("code", entry.get("text", ""))),
    ]
    if has_slots:
        row.insert(1, entry.get("slot") or "")
    if has_hex:
        row.append(element("td", element("code", entry.get("hex") or ""), class_="hex"))
    return row


def _start_ns(
    attachments: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]]
) -> int:
    told = [each.get("rig_started_ns") for each in attachments]
    told += [each.get("rig_time_ns") for each in entries]
    return min((each for each in told if each is not None), default=0)


def _part(title: str, *content: object) -> Html:
    return element("div", element("h4", title), *content, class_="part")
