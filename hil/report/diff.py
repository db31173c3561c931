"""What changed between two runs: clause by clause, and answer by answer.

Two firmwares, or two nights of one: each clause whose verdict differs, each test whose outcome
differs or that ran in one of them only, and each line to which the module answered something else
in a test that ran in both.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher, ndiff
from typing import TYPE_CHECKING, Any

from hil.report.exchange import Exchange, exchanges
from hil.report.journal import JOURNAL_NAME, read_journal
from hil.report.record import RecordBuilder
from hil.report.run_folder import resolve_run_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


_Change = tuple[str, tuple[str, ...] | None, tuple[str, ...] | None]
"""A line, its answer before and its answer after."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run as far as it is compared.

    Args:
        folder: Its folder.
        name: Its rig and firmware, for people.
        clauses: The verdict on each clause.
        tests: The outcome of each test.
        said: The exchanges of each test.
    """

    folder: Path
    name: str
    clauses: Mapping[str, str]
    tests: Mapping[str, str]
    said: Mapping[str, tuple[Exchange, ...]]


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """A clause or a test about which the two runs say different things.

    Args:
        name: The clause's id, or the test's.
        before: In the first run; ``not run`` if it is not in it.
        after: In the second.
    """

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """A line to which the module answers something else.

    Args:
        sent: The line; empty for what came unasked at the beginning.
        before: The lines of the answer in the first run; None if it was not sent there.
        after: In the second.
        tests: In which tests that was seen.
    """

    sent: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunDiff:
    """What changed between two runs.

    Args:
        before: The first.
        after: The second.
        clauses: Clauses with another verdict, in the document's order.
        tests: Tests with another outcome.
        answers: Answers that differ, each once.
    """

    before: RunSummary
    after: RunSummary
    clauses: tuple[VerdictChange, ...]
    tests: tuple[VerdictChange, ...]
    answers: tuple[AnswerChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.clauses or self.tests or self.answers)

    def to_json(self) -> dict[str, Any]:
        """As an object for other programs."""
        return {
            "before": {"folder": str(self.before.folder), "name": self.before.name},
            "after": {"folder": str(self.after.folder), "name": self.after.name},
            "clauses": [asdict(each) for each in self.clauses],
            "tests": [asdict(each) for each in self.tests],
            "answers": [asdict(each) for each in self.answers],
        }


def diff_runs(before: RunSummary, after: RunSummary) -> RunDiff:
    """What changed from one run to another."""
    return RunDiff(
        before,
        after,
        tuple(_verdict_changes(before.clauses, after.clauses)),
        tuple(_verdict_changes(before.tests, after.tests)),
        _answer_changes(before, after),
    )


def load_run(path: Path) -> RunSummary:
    """A run from its folder.

    Args:
        path: The folder, or a ``latest`` that leads to it.

    Raises:
        RunRecordError: There is no journal, or it is damaged.
    """
    folder = resolve_run_folder(path).resolve()
    builder = RecordBuilder()
    said: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for event in read_journal(folder / JOURNAL_NAME):
        builder.take(event)
        report = event.get("report") or {}
        said[str(report.get("nodeid", ""))] += (report.get("hil") or {}).get("transcript", ())
    record = builder.record()
    return RunSummary(
        folder,
        _name(record),
        record["clauses"],
        {test["id"]: test["outcome"] for test in record["tests"]},
        {test: tuple(exchanges(entries)) for test, entries in said.items() if entries},
    )


def diff_text(diff: RunDiff) -> str:
    """The changes for a terminal."""
    lines = [f"before: {diff.before.name}", f"after:  {diff.after.name}"]
    for title, changes in (("clauses", diff.clauses), ("tests", diff.tests)):
        if changes:
            lines += ["", f"{len(changes)} {title} changed:"]
            lines += [f"  {each.name}: {each.before} -> {each.after}" for each in changes]
    if diff.answers:
        lines += ["", f"{len(diff.answers)} answers changed:"]
        for change in diff.answers:
            lines += [f"  {change.sent or '(unasked)'}", *_answer_lines(change)]
    if diff.is_empty:
        lines += ["", "nothing changed"]
    return "\n".join(lines)


def _answer_lines(change: AnswerChange) -> list[str]:
    lines = [f"    {line}" for line in _marked(change.before, change.after)]
    where = change.tests[0] + (f" and {len(change.tests) - 1} more" if change.tests[1:] else "")
    return [*lines, f"      in {where}"]


def _verdict_changes(
    before: Mapping[str, str], after: Mapping[str, str]
) -> Iterable[VerdictChange]:
    for name in [*before, *(each for each in after if each not in before)]:
        first, second = before.get(name, "not run"), after.get(name, "not run")
        if first != second:
            yield VerdictChange(name, first, second)


def _answer_changes(before: RunSummary, after: RunSummary) -> tuple[AnswerChange, ...]:
    found: dict[tuple[str, ...], tuple[_Change, list[str]]] = {}
    for test, said in before.said.items():
        for change in _aligned(said, after.said.get(test)):
            sent, first, second = change
            _, tests = found.setdefault((sent, *_marked(first, second)), (change, []))
            if test not in tests:
                tests.append(test)
    return tuple(AnswerChange(*change, tuple(tests)) for change, tests in found.values())


def _marked(before: tuple[str, ...] | None, after: tuple[str, ...] | None) -> list[str]:
    """The lines that differ, each with its sign."""
    if before is None or after is None:
        sign, answer = ("+", after) if before is None else ("-", before)
        lines = [f"{sign} {line}" for line in answer or ("(nothing)",)]
        return [*lines, "  only in one of the runs"]
    return [line.rstrip() for line in ndiff(before, after) if line.startswith(("-", "+"))]


def _aligned(before: tuple[Exchange, ...], after: tuple[Exchange, ...] | None) -> Iterable[_Change]:
    """Exchanges that differ, where the two tests say the same lines in the same order."""
    if after is None:
        return
    sent = ([each.sent for each in before], [each.sent for each in after])
    for tag, begin, end, other_begin, other_end in SequenceMatcher(
        None, *sent, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            pairs = zip(before[begin:end], after[other_begin:other_end], strict=True)
            for one, other in pairs:
                if one.answer != other.answer:
                    yield one.sent, one.answer, other.answer
            continue
        for one in before[begin:end]:
            yield one.sent, one.answer, None
        for other in after[other_begin:other_end]:
            yield other.sent, None, other.answer


def _name(record: Mapping[str, Any]) -> str:
    rig, firmware = record["rig"] or {}, record["firmware"] or {}
    dialects = {each.get("dialect") for each in rig.get("modules", ()) if each.get("dialect")}
    words = [rig.get("name") or "unknown rig", firmware.get("name"), *sorted(dialects)]
    return f"{', '.join(filter(None, words))} ({record['started']})"
