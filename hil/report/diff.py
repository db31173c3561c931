"""What changed between two runs: clause by clause, and answer by answer.

Two firmwares, or two nights of one: each clause whose verdict differs, each test whose outcome
differs or that ran in one of them only, and each line to which the module answered something else
in a test that ran in both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher, ndiff
from typing import TYPE_CHECKING, Any

from hil.report.exchange import Exchange, exchanges
from hil.report.journal import JOURNAL_NAME, read_journal
from hil.report.record import RecordBuilder
from hil.report.run_folder import resolve_run_folder
from hil.spec.catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Sized
    from pathlib import Path


_MOST_LISTED = 10
_ABSENT = frozenset({"untested", "not run"})
_LONGEST_LINE = 160

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
        answers: Answers that differ, each once; lines that one run alone sent last.
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
    """The changes for a terminal: short, and without what follows from others.

    What many clauses or tests have in common because a run did not have them, and lines that one
    run alone sent, are counted; `RunDiff.to_json` has all of it.
    """
    lines = [f"before: {diff.before.name}", f"after:  {diff.after.name}"]
    if diff.clauses:
        lines += ["", f"{_counted(diff.clauses, 'clause')} changed:"]
        lines += _verdict_lines(diff.clauses, "clause", _statements())
    if diff.tests:
        lines += ["", f"{_counted(diff.tests, 'test')} changed:"]
        lines += _verdict_lines(diff.tests, "test", {})
    answers = [each for each in diff.answers if None not in (each.before, each.after)]
    if answers:
        lines += ["", f"{_counted(answers, 'answer')} changed:"]
        for change in answers:
            lines += [f"  {_shown(change.sent) or '(unasked)'}", *_answer_lines(change)]
    if rest := diff.answers[len(answers) :]:
        lines += ["", f"{_counted(rest, 'line')} sent in one of the runs only (--json lists them)"]
    if diff.is_empty:
        lines += ["", "nothing changed"]
    return "\n".join(lines)


def _verdict_lines(
    changes: Sequence[VerdictChange], noun: str, statements: Mapping[str, str]
) -> Iterable[str]:
    """A line for each, but one for many that one of the runs did not have."""
    kinds = Counter((each.before, each.after) for each in changes)
    counted = {
        kind
        for kind, count in kinds.items()
        if count > _MOST_LISTED and not _ABSENT.isdisjoint(kind)
    }
    for each in changes:
        if (each.before, each.after) not in counted:
            statement = statements.get(each.name, "")
            yield f"  {each.name}: {each.before} -> {each.after}  {statement}".rstrip()
    for before, after in sorted(counted):
        count = kinds[before, after]
        yield f"  {count} {noun}s: {before} -> {after} (--json lists them)"


def _statements() -> Mapping[str, str]:
    return {clause.id: clause.statement for clause in load_catalogue()}


def _counted(things: Sized, noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _shown(text: str) -> str:
    """A text that no terminal acts on, long data cut in the middle."""
    text = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
    if len(text) <= _LONGEST_LINE:
        return text
    half = _LONGEST_LINE // 2
    return f"{text[:half]} ... {len(text) - 2 * half} more ... {text[-half:]}"


def _answer_lines(change: AnswerChange) -> list[str]:
    lines = [f"    {_shown(line)}" for line in _marked(change.before, change.after)]
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
    changes = [AnswerChange(*change, tuple(tests)) for change, tests in found.values()]
    return tuple(sorted(changes, key=lambda each: None in (each.before, each.after)))


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
