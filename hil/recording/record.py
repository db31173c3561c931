"""A record: its first line, which says of what it is, and everything behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from hil.errors import RecordFileError
from hil.ports.control_lines import Line

from .entry import OF_ALL_SLOTS, Closed, Entry, EntryError, SectionBegun, parse_content

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .entry import Content

FORMAT_VERSION = 1
FILE_SUFFIX = ".hilrec"

_MAGIC = "hil_record"
_A_RECORD = f'a record of a session, whose first line begins with {{"{_MAGIC}":'
_DAMAGED = "The file is damaged: take another copy, or record the session again"
_SHOWN_LENGTH = 60


@dataclass(frozen=True, slots=True)
class RecordedModule:
    """One module of the rig that was recorded.

    Args:
        slot: Its number on that rig.
        port: How it was reached.
        baud: The rate of its firmware at start.
        dialect: What a virtual one spoke; None for a real one.
        lines: The control lines that it had.
        capabilities: What its port could do beyond bytes at 8N1.
    """

    slot: int
    port: str
    baud: int
    dialect: str | None
    lines: frozenset[Line]
    capabilities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Header:
    """The first line of a record.

    Args:
        rig: The rig's name.
        is_simulated: Whether its clock was that of a simulated world.
        is_virtual: Whether its modules were virtual.
        rig_time_ns: The moment at which the record begins, on the rig's clock.
        time: The same on the clock on the wall, ISO 8601.
        toolkit: The version of the toolkit.
        firmware: The firmware under test: ``name``, ``at_version``, ``manifest``.
        modules: By slot.
    """

    rig: str
    is_simulated: bool
    is_virtual: bool
    rig_time_ns: int
    time: str
    toolkit: str
    firmware: dict[str, str]
    modules: tuple[RecordedModule, ...]

    @property
    def has_synthesized_firmware(self) -> bool:
        """Whether the modules carried the firmware that the toolkit makes itself."""
        return self.firmware.get("manifest") == "synthesized"

    def to_json(self) -> dict[str, Any]:
        """The line as docs/record-replay.md describes it."""
        return {
            _MAGIC: FORMAT_VERSION,
            "rig": self.rig,
            "clock": "simulated" if self.is_simulated else "real",
            "virtual": self.is_virtual,
            "rig_time_ns": self.rig_time_ns,
            "time": self.time,
            "hil": self.toolkit,
            "firmware": self.firmware,
            "modules": [
                {
                    "slot": module.slot,
                    "port": module.port,
                    "baud": module.baud,
                    "dialect": module.dialect,
                    "lines": sorted(line.value for line in module.lines),
                    "port_has": sorted(module.capabilities),
                }
                for module in self.modules
            ],
        }


@dataclass(frozen=True, slots=True)
class Record:
    """A record that was read.

    Args:
        path: The file.
        header: Its first line.
        entries: What happened, in order.
        is_cut_off: Whether it ends without its last line, since its run was killed.
    """

    path: Path
    header: Header
    entries: tuple[Entry, ...]
    is_cut_off: bool

    def module(self, slot: int | None = None) -> RecordedModule:
        """The module in a slot; without one, the first.

        Raises:
            RecordFileError: There is none.
        """
        modules = self.header.modules
        for module in modules:
            if slot is None or module.slot == slot:
                return module
        slots = ", ".join(str(module.slot) for module in modules)
        raise RecordFileError(
            self.path, "", allowed=f"a slot out of {slots}, which are on record", given=str(slot)
        )

    @property
    def sections(self) -> list[str]:
        """The names of its sections, in order."""
        contents = (entry.content for entry in self.entries)
        return [each.name for each in contents if isinstance(each, SectionBegun)]


def load_record(path: Path) -> Record:
    """The record in a file.

    A last line that is not whole is left out: it was being written when its run was killed.

    Raises:
        RecordFileError: The file cannot be read, is no record, or is damaged.
    """
    lines = _read(path).split(b"\n")
    cut_off = lines.pop()
    header = _parse_header(path, lines[0] if lines else cut_off)
    entries = tuple(_parse_entries(path, header, lines[1:]))
    is_whole = bool(entries) and isinstance(entries[-1].content, Closed)
    return Record(path, header, entries, is_cut_off=not is_whole)


def load_header(path: Path) -> Header:
    """What the first line of a record says.

    Raises:
        RecordFileError: The file cannot be read, or is no record.
    """
    return _parse_header(path, _read(path, lines=1).removesuffix(b"\n"))


def _read(path: Path, *, lines: int | None = None) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read() if lines is None else b"".join(islice(file, lines))
    except OSError as error:
        given = "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror)
        raise RecordFileError(
            path, "", allowed="a record of a session", given=given, remedy="Check the path"
        ) from None


def _parse_header(path: Path, line: bytes) -> Header:
    told = _object(line)
    if told is None or _MAGIC not in told:
        raise RecordFileError(path, "", allowed=_A_RECORD, given=_shown(line))
    version = told[_MAGIC]
    if version != FORMAT_VERSION:
        raise RecordFileError(
            path,
            "line 1",
            allowed=f"version {FORMAT_VERSION} of the format",
            given=f"version {version!r}",
            remedy="Replay it with the toolkit that recorded it "
            f"({told.get('hil', 'unknown')}), or record the session again",
        )
    try:
        if not told["modules"]:
            raise ValueError("no module")  # noqa: TRY301 - one text for all that is wrong here
        return Header(
            rig=str(told["rig"]),
            is_simulated=told["clock"] == "simulated",
            is_virtual=bool(told["virtual"]),
            rig_time_ns=int(told["rig_time_ns"]),
            time=str(told["time"]),
            toolkit=str(told["hil"]),
            firmware={str(name): str(value) for name, value in told["firmware"].items()},
            modules=tuple(_parse_module(each) for each in told["modules"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordFileError(
            path,
            "line 1",
            allowed="rig, clock, virtual, rig_time_ns, time, hil, firmware and modules",
            given=f"{_shown(line)} ({type(error).__name__}: {error})",
            remedy=_DAMAGED,
        ) from None


def _parse_module(told: dict[str, Any]) -> RecordedModule:
    return RecordedModule(
        slot=int(told["slot"]),
        port=str(told["port"]),
        baud=int(told["baud"]),
        dialect=told["dialect"] and str(told["dialect"]),
        lines=frozenset(Line(name) for name in told["lines"]),
        capabilities=frozenset(str(word) for word in told["port_has"]),
    )


def _parse_entries(path: Path, header: Header, lines: list[bytes]) -> Iterator[Entry]:
    time_ns = header.rig_time_ns
    for number, line in enumerate(lines, start=2):
        try:
            after_ns, slot, content = _parse_entry(header, line)
        except EntryError as error:
            given = str(error.given)
            raise RecordFileError(
                path, f"line {number}", allowed=error.allowed, given=given, remedy=_DAMAGED
            ) from None
        time_ns += after_ns
        yield Entry(number, time_ns, None if isinstance(content, OF_ALL_SLOTS) else slot, content)


def _parse_entry(header: Header, line: bytes) -> tuple[int, int, Content]:
    told = _object(line)
    if told is None:
        raise EntryError("a JSON object", _shown(line))
    slots = [module.slot for module in header.modules]
    after_ns, slot = told.pop("after_ns", None), told.pop("slot", slots[0])
    if not isinstance(after_ns, int) or after_ns < 0:
        raise EntryError("after_ns as a whole number from 0", after_ns)
    if slot not in slots:
        raise EntryError("a slot that the first line names", slot)
    return after_ns, slot, parse_content(told)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def _shown(line: bytes) -> str:
    text = line.decode("ascii", "backslashreplace")
    if not text:
        return "nothing"
    return repr(text if len(text) <= _SHOWN_LENGTH else text[:_SHOWN_LENGTH] + "...")
