"""The serial transcript of a test, line by line.

A full run has a hundred thousand lines. So a line has one element and two short marks, and its
markup is written out instead of being built from elements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.report.html.markup import Html, element, escape, fold, join
from hil.report.html.wording import boot_facts
from hil.report.line import Line, joined_lines, strange_bytes
from hil.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_WAYS = {"sent": ("s", "→"), "received": ("r", "←")}
_EVENT = ("n", "◇")
_OPEN_LINES = 60
_READY = "ready"
_MOST_STRANGE = 0.3
"""Where more of some bytes are no text, reading them as text helps nobody."""


def transcript_list(
    entries: Sequence[Mapping[str, Any]],
    start_ns: int,
    boot_logs: Sequence[Mapping[str, Any]] = (),
) -> tuple[Html | None, list[Mapping[str, Any]]]:
    """What went over the port, and the boot logs that did not.

    Args:
        entries: The transcript as the rig plugin attaches it.
        start_ns: The moment on the rig's clock from which times count.
        boot_logs: What the module printed while it started; where its lines are in the transcript,
            they are folded.

    Returns:
        The transcript, None if nothing went over the port; and the boot logs whose lines are not
        in it.
    """
    lines = list(joined_lines(entries))
    if not lines:
        return None, list(boot_logs)
    folds, others = _find_boot_logs(lines, boot_logs)
    write = _line_writer(start_ns, has_slots=len({line.slot for line in lines}) > 1)
    shown: list[str] = []
    index = 0
    while index < len(lines):
        log, end = folds.get(index, (None, index + 1))
        if log is None:
            shown.append(write("div", lines[index], _remark(lines, index)))
        else:
            head = write("summary", _boot_head(log, lines[index:end]), "")
            inner = "".join(write("div", line, "") for line in lines[index:end])
            shown.append(f"<details>{head}{inner}</details>")
        index = end
    title = f"Serial transcript, {len(lines)} line{'s' * (len(lines) != 1)}"
    legend = element("span", " → to the module, ← from it, times in ms", class_="dim")
    listed = element("div", Html("".join(shown)), class_="transcript")
    is_open = len(shown) <= _OPEN_LINES
    return fold(join([escape(title), legend]), listed, is_open=is_open, class_="part"), others


def _find_boot_logs(
    lines: Sequence[Line], boot_logs: Iterable[Mapping[str, Any]]
) -> tuple[dict[int, tuple[Mapping[str, Any], int]], list[Mapping[str, Any]]]:
    """Where in the lines each boot log begins and ends, and the logs that are not there."""
    found: dict[int, tuple[Mapping[str, Any], int]] = {}
    missing = []
    begin = 0
    for log in boot_logs:
        said = {text.strip() for text in str(log.get("text", "")).splitlines()}
        first = _first_said(lines, begin, said, log)
        if first is None:
            missing.append(log)
            continue
        end = first
        while end < len(lines) and _is_said(lines[end], said, log):
            end += 1
        found[first] = (log, end)
        begin = end
    return found, missing


def _first_said(
    lines: Sequence[Line], begin: int, said: set[str], log: Mapping[str, Any]
) -> int | None:
    since_ns = log.get("rig_time_ns")
    if since_ns is None:
        return None
    for index in range(begin, len(lines)):
        if (lines[index].time_ns or 0) >= since_ns and _is_said(lines[index], said, log):
            return index
    return None


def _is_said(line: Line, said: set[str], log: Mapping[str, Any]) -> bool:
    return (
        line.direction == "received" and line.slot == log.get("slot") and line.text.strip() in said
    )


def _boot_head(log: Mapping[str, Any], lines: Sequence[Line]) -> Line:
    facts = [f"{name} {value}" for name, value in boot_facts(log) if value is not None]
    return lines[0]._replace(text=", ".join([f"boot log, {len(lines)} lines", *facts]))


def _remark(lines: Sequence[Line], index: int) -> str:
    """What bytes are likely to be that are no text."""
    line = lines[index]
    following = lines[index + 1] if index + 1 < len(lines) else None
    is_start = (
        line.data
        and following is not None
        and following.text == _READY
        and following.direction == line.direction == "received"
        and following.slot == line.slot
    )
    return ": a start, printed at another rate" if is_start else ""


def _line_writer(start_ns: int, *, has_slots: bool) -> Callable[[str, Line, str], str]:
    def write(tag: str, line: Line, remark: str) -> str:
        time_ns, direction, slot, text, data = line
        time = "" if time_ns is None else f"{(time_ns - start_ns) / NS_PER_MS:.3f}"
        module = f"<u>{escape(slot)}</u> " if has_slots else ""
        kind, sign = _WAYS.get(direction, _EVENT)
        said = _bytes(data, remark) if data else escape(text)
        return f"<{tag} class={kind}><i>{time}</i> {module}{sign} {said}</{tag}>"

    return write


def _bytes(data: bytes, remark: str) -> Html:
    """Bytes that are no text: in a few words or as good as they can be read, and in hex inside."""
    shown = f"{len(data)} bytes that are no text{remark}"
    if not remark and len(strange_bytes(data)) < _MOST_STRANGE * len(data):
        shown = data.decode("ascii", "backslashreplace").rstrip("\r\n")
    return fold(shown, element("code", data.hex(" ")))
