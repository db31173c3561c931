"""Records what is done with the modules of an open rig.

A recorder sits inside of each module's port and around its lines. Whoever holds a rig can record
what happens to it: a pytest session, ``hil at``, a console.
"""

from __future__ import annotations

import os
import re
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import hil
from hil.errors import RecordFileError
from hil.recording.record import FILE_SUFFIX, Header, RecordedModule
from hil.recording.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hil.ports.clock import Clock
    from hil.ports.control_lines import ControlLines, Line
    from hil.recording.recorder import ModuleRecorder

    from .module import RigModule
    from .rig import Rig

UNKNOWN_FIRMWARE = {"name": "unknown", "at_version": "unknown", "manifest": "not named"}


class RecordedLines:
    """`ControlLines` whose switches are written down.

    Args:
        lines: The lines.
        recorder: Writes them down.
        clock: The rig's.
    """

    def __init__(self, lines: ControlLines, recorder: ModuleRecorder, clock: Clock) -> None:
        self._lines, self._recorder, self._clock = lines, recorder, clock

    @property
    def lines(self) -> frozenset[Line]:
        """The same."""
        return self._lines.lines

    def set(self, states: Mapping[Line, bool]) -> None:
        """Write down that lines are switched, and switch them."""
        self._recorder.record_lines(self._clock.now_ns(), states)
        self._lines.set(states)

    def close(self) -> None:
        """Leave the lines in their safe state."""
        self._lines.close()


def place_of_record(given: Path, rig_name: str) -> Path:
    """The file to record into: the one that was named, or a new one in a folder that was.

    Args:
        given: A file that does not exist yet, or a folder; what ends with a slash is one.
        rig_name: For the name of a file in a folder.

    Raises:
        RecordFileError: The file exists, or there is no such folder.
    """
    if given.is_dir():
        slug = re.sub(r"[^A-Za-z0-9._-]+", "-", rig_name).strip("-.") or "rig"
        return given / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{slug}{FILE_SUFFIX}"
    if given.exists():
        raise RecordFileError(
            given,
            "",
            allowed="no file there yet, to record a session into",
            given="one that exists",
            remedy="Name another file, or remove this one if nobody needs it any more",
        )
    if not given.parent.is_dir() or not os.access(given.parent, os.W_OK):
        raise RecordFileError(
            given,
            "",
            allowed="a folder in which a file can be made",
            given=str(given.parent),
            remedy="Make the folder first, or name another place",
        )
    return given


@contextmanager
def recording(
    rig: Rig, path: Path, *, firmware: Mapping[str, str] | None = None
) -> Iterator[Recorder]:
    """Record what is done with the modules of a rig until the end of the block.

    Args:
        rig: The open rig.
        path: The file, which must not exist yet.
        firmware: What is on the modules: ``name``, ``at_version``, ``manifest``.

    Raises:
        RecordFileError: The file exists, or cannot be written.

    Effects: the file is written while the block runs.
    """
    recorder = Recorder(
        path, _header(rig, firmware or UNKNOWN_FIRMWARE), rig.clock, rig.wifi.secrets
    )
    with ExitStack() as stack:
        stack.callback(recorder.close)
        for module in rig.modules:
            _attach(module, recorder.modules[module.description.slot], stack)
        yield recorder


@contextmanager
def section(rig: Rig, recorder: Recorder, name: str, *, is_dirty: bool = False) -> Iterator[None]:
    """What is done until the end of the block stands in the record under a name."""
    begin_section(rig, recorder, name, is_dirty=is_dirty)
    try:
        yield
    finally:
        recorder.end_section(name)


def begin_section(rig: Rig, recorder: Recorder, name: str, *, is_dirty: bool) -> None:
    """What follows stands in the record under a name, with how things stand at its beginning."""
    recorder.begin_section(
        name,
        running=[module.description.slot for module in rig.modules if module.is_running],
        is_dirty=is_dirty,
        formats={module.description.slot: module.port.format for module in rig.modules},
    )


def _attach(module: RigModule, recorder: ModuleRecorder, stack: ExitStack) -> None:
    lines = module.lines
    module.port.recorder = module.recorder = recorder
    module.lines = RecordedLines(lines, recorder, module.clock)

    def detach() -> None:
        module.port.recorder = module.recorder = None
        module.lines = lines

    stack.callback(detach)


def _header(rig: Rig, firmware: Mapping[str, str]) -> Header:
    described = rig.description
    return Header(
        rig=rig.name,
        is_simulated=not described.is_real,
        is_virtual=described.is_virtual or described.has_record_of_virtual,
        rig_time_ns=rig.clock.now_ns(),
        time=datetime.now(UTC).isoformat(timespec="milliseconds"),
        toolkit=hil.__version__,
        firmware=dict(firmware),
        modules=tuple(
            RecordedModule(
                slot=module.description.slot,
                port=module.description.port,
                baud=module.description.baud,
                dialect=module.description.dialect,
                lines=module.lines.lines,
                capabilities=module.port.capabilities,
            )
            for module in rig.modules
        ),
    )
