"""What a module answered to one command."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.units import format_duration

from .event import Final
from .secret import mask_secrets, passwords_in, show_bytes

if TYPE_CHECKING:
    from .boot_log import BootLog
    from .event import Event


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """All that came between a command and the line that ends its reply.

    Passwords stand in the fields as they came; the text of a reply (`str`, `repr`) masks them.

    Args:
        command: What was sent, without its line end; empty if nothing was.
        final: The line that ended the reply.
        lines: The information lines, without blank ones.
        echo: What the module repeated, or None.
        duration_ns: From before the first byte was sent until the end was received.
        raw: Every byte up to and with the line end of `final`.
        events: Everything that came, in order, with the unsolicited lines among it.
    """

    command: bytes
    final: Final
    lines: tuple[str, ...]
    echo: bytes | None
    duration_ns: int
    raw: bytes
    events: tuple[Event, ...] = ()

    def __repr__(self) -> str:
        command = show_bytes(self.command)
        duration = format_duration(self.duration_ns)
        known = passwords_in(self.command)
        lines = [
            mask_secrets(line.encode("utf-8", "surrogateescape"), known).decode("utf-8", "replace")
            for line in self.lines
        ]
        return f"<Reply to {command!r} after {duration}: {lines!r}, {self.final.value}>"

    @property
    def is_ok(self) -> bool:
        """Whether the reply ended in OK, or with nothing to change in firmware up to 0.18."""
        return self.final is Final.OK or self.final is Final.UNCHANGED

    def value(self, name: str) -> str | None:
        """What stands behind ``+<name>:`` in the first line that has it, or None.

        For a name with _CUR or _DEF the bare name will do as well (A-38), and so will a blank
        behind the plus sign, as the document prints it (A-07).
        """
        return next(iter(self.values(name)), None)

    def values(self, name: str) -> tuple[str, ...]:
        """What stands behind ``+<name>:`` in each line that has it; as `value`."""
        names = (name, name.removesuffix("_CUR").removesuffix("_DEF"))
        found = []
        for line in self.lines:
            head, colon, value = line.partition(":")
            if colon and head[:1] == "+" and head[1:].lstrip() in names:
                found.append(value)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """What AT+GMR tells (lines 212-213); None where a firmware does not tell it (A-73).

    Args:
        at_version: ``0.23.0.0(Apr 24 2015 21:11:01)``.
        sdk_version: ``1.0.1``.
        compile_time: ``Apr 24 2015 21:19:31``, or the vendor's line with a date.
        lines: All lines.
    """

    at_version: str
    sdk_version: str | None
    compile_time: str | None
    lines: tuple[str, ...]


_DATE = re.compile(r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2} +20\d\d")


def parse_version(lines: tuple[str, ...]) -> VersionInfo:
    """What the lines of AT+GMR say; there must be at least one.

    The oldest firmware prints one line with a number and nothing else.
    """
    told: dict[str, str] = {}
    others = []
    for line in lines:
        head, colon, value = line.partition(":")
        item = head.partition("(")[0].casefold()
        if colon and item in {"at version", "sdk version", "compile time"}:
            told.setdefault(item, value.strip())
        else:
            others.append(line)
    dated = next((line for line in others if _DATE.search(line)), None)
    return VersionInfo(
        told.get("at version", lines[0]),
        told.get("sdk version"),
        told.get("compile time", dated),
        lines,
    )


@dataclass(frozen=True, slots=True)
class Startup:
    """How a module told that it runs.

    Args:
        is_announced: Whether it printed ``ready``; otherwise it answered AT (A-70).
        boot_log: What was readable of its boot log; mostly nothing, because of its speed (A-72).
        duration_ns: How long it was waited for.
    """

    is_announced: bool
    boot_log: BootLog
    duration_ns: int
