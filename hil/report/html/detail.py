"""What the row of one test opens: its clauses, measurements, boot logs and serial transcript."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from hil.report.html.badge import badge
from hil.report.html.markup import Html, element, join, table
from hil.report.html.observation import MEASUREMENT_HEAD, boot_log, flash_record, measurement_rows
from hil.report.html.transcript import transcript_list
from hil.report.outcome import TestOutcome
from hil.report.record import phase_outcome, phase_reason
from hil.spec.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Report = dict[str, Any]


def attempt_detail(phases: Sequence[Report]) -> Html:
    """The details of one attempt of a test.

    Args:
        phases: The serialised reports of setup, call and teardown, as far as there are.
    """
    attachments = [phase.get("hil") or {} for phase in phases]
    clauses = next((each["clauses"] for each in attachments if each.get("clauses")), ())
    entries = [entry for each in attachments for entry in each.get("transcript", ())]
    boot_logs = [each for part in attachments for each in part.get("boot_logs", ())]
    transcript, others = transcript_list(entries, _start_ns(attachments, entries), boot_logs)
    return element(
        "div",
        _reasons(phases),
        _clauses(tuple(clauses)),
        _measurements([each for part in attachments for each in part.get("measurements", ())]),
        join(flash_record(each) for part in attachments for each in part.get("flash", ())),
        _boot_logs(others),
        transcript,
        class_="hil-detail",
    )


def _reasons(phases: Iterable[Report]) -> Html:
    told = [(phase["when"], phase_outcome(phase), phase_reason(phase)) for phase in phases]
    return join(
        element("p", badge(str(outcome)), f" in {when}: {reason}", class_="reason")
        for when, outcome, reason in told
        if outcome is not TestOutcome.PASSED and reason
    )


@functools.cache
def _clauses(clause_ids: tuple[str, ...]) -> Html | None:
    catalogue = load_catalogue()
    rows = [
        (element("td", element("code", each), class_="narrow"), catalogue[each].statement)
        for each in clause_ids
        if each in catalogue
    ]
    if not rows:
        return None
    return _part("Claims", table(("Clause", "Statement"), rows, class_="grid"))


def _measurements(measurements: Sequence[Mapping[str, Any]]) -> Html | None:
    if not measurements:
        return None
    return _part("Measured", table(MEASUREMENT_HEAD, measurement_rows(measurements), class_="grid"))


def _boot_logs(logs: Sequence[Mapping[str, Any]]) -> Html | None:
    return _part("Boot log", *map(boot_log, logs)) if logs else None


def _start_ns(
    attachments: Iterable[Mapping[str, Any]], entries: Iterable[Mapping[str, Any]]
) -> int:
    told = [each.get("rig_started_ns") for each in attachments]
    told += [each.get("rig_time_ns") for each in entries]
    return min((each for each in told if each is not None), default=0)


def _part(title: str, *content: object) -> Html:
    return element("div", element("h4", title), *content, class_="part")
