"""The rig of one pytest session: opened once, flashed once, clean again after a failure."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from hil.errors import HilError, MisbehaviourError, NeedMissingError
from hil.ports.control_lines import Line
from hil.rig.assembly import open_rig
from hil.rig.module import COMMON_BAUDS, READY_TIMEOUT_S
from hil.rig.recording import begin_section, recording
from hil.rig.wifi import known_words, secrets_of_description
from hil.units import KIB

from .journal import RIG_TIME_KEY, describe_rig, note
from .observation import attach_flash_record, firmware_summary, rig_summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hil.recording.recorder import Recorder
    from hil.recording.replayed_module import ReplayedModule
    from hil.rig.module import RigModule
    from hil.rig.rig import Rig

    from .options import Options

SMALLEST_FLASH_BYTES = 1024 * KIB
"""What the document asks for; a smaller one is tested with what it carries. Source: line 133."""


class RigSession:
    """The rig of one pytest session and what is known about the state of its modules.

    Args:
        options: What was asked for.
        config: The session's.
    """

    def __init__(self, options: Options, config: pytest.Config) -> None:
        self.options = options
        self._config = config
        self._stack = ExitStack()
        self._rig: Rig | None = None
        self._recorder: Recorder | None = None
        self._section = ""
        self._flashed_slots: set[int] = set()
        self._dirty_slots: set[int] = set()
        self._spellings: set[tuple[str, str]] = set()
        self.blocked_by = ""
        self._secrets = set(secrets_of_description(options.rig))
        self._known_words = known_words(options.rig)

    def rig(self) -> Rig:
        """The open rig; opened at the first call."""
        if self._rig is None:
            try:
                opening = open_rig(self.options.rig, self.options.firmware)
                self._rig = self._stack.enter_context(opening)
                if self.options.record is not None:
                    self._recorder = self._stack.enter_context(
                        recording(
                            self._rig,
                            self.options.record,
                            firmware=firmware_summary(self.options),
                        )
                    )
            except HilError as error:
                self.blocked_by = str(error)
                # Its text says it all; how the rig is put together does not help.
                raise error.with_traceback(None) from None
            self._config.stash[RIG_TIME_KEY] = self._rig.clock.now_ns
            describe_rig(self._config, rig_summary(self.options, self._rig.has))
        return self._rig

    def require_usable(self) -> None:
        """Fail a test at once, in one line, if an earlier one found the rig unusable."""
        if self.blocked_by:
            pytest.fail(
                "blocked: the module could not be made ready for an earlier test: "
                f"{self.blocked_by}",
                pytrace=False,
            )

    @property
    def secrets(self) -> frozenset[bytes]:
        """Passwords that went to or came from a module or station, and those of the rig."""
        if self._rig is not None:
            for module in self._rig.modules:
                self._secrets |= module.at.secrets
                if module.transcript is not None:
                    self._secrets |= module.transcript.passwords()
            for station in self._rig.wifi.stations:
                self._secrets |= station.secrets
            setups = [each.setup for each in self._rig.wifi.access_points]
            self._secrets |= {each.password.encode() for each in setups} - {b""}
        return frozenset(self._secrets - self._known_words)

    @property
    def recorded(self) -> Path | None:
        """The file into which the session was recorded, if it was."""
        return None if self._recorder is None else self._recorder.path

    def begin_section(self, name: str) -> None:
        """Begin the section of a test in the record that is written, and in the one that is played.

        A test that is played begins with what its section began with, whatever ran before it.
        """
        rig = self.rig() if self.options.record or self.options.rig.is_replayed else None
        if rig is None:
            return
        for module in rig.modules:
            if module.replayed is not None:
                self._begin_replay(module, module.replayed, name)
        if self._recorder is not None:
            begin_section(rig, self._recorder, name, is_dirty=bool(self._dirty_slots))
            self._section = name

    def _begin_replay(self, module: RigModule, replayed: ReplayedModule, name: str) -> None:
        if not replayed.has(name):
            pytest.skip(f"{replayed.record.path} has no session of this test")
        start = replayed.begin(name, module.clock.now_ns())
        if not start.is_next:
            module.at.forget()
        if module.port.format != start.line_format:
            module.port.set_format(start.line_format)
        module.is_running = start.is_running
        if start.is_dirty:
            self._dirty_slots.add(module.description.slot)
        else:
            self._dirty_slots.discard(module.description.slot)

    def end_section(self) -> None:
        """End the section of a test in the record that is written, if one has begun."""
        if self._recorder is not None and self._section:
            self._recorder.end_section(self._section)
        self._section = ""

    def prepare(self, module: RigModule, item: pytest.Item) -> None:
        """Bring a module to where a test may begin: flashed, running, clean.

        Raises:
            HilError: It cannot be brought there; the tests that follow are blocked.
        """
        slot = module.description.slot
        try:
            self._hold_others(module)
            if slot not in self._flashed_slots:
                self._flash(module, item)
            if slot in self._dirty_slots:
                self._recover(module, item)
            elif not module.is_running:
                _start(module)
        except HilError as error:
            if module.replayed is None:  # the sections of a record do not depend on each other
                self.blocked_by = str(error)
            raise
        self._dirty_slots.discard(slot)

    def spoil(self, module: RigModule | None) -> None:
        """A test has failed on a module, or on all: nothing is known about its state any more."""
        modules = self.options.rig.modules if module is None else (module.description,)
        self._dirty_slots.update(each.slot for each in modules)

    def note_spelling(self, name: str, firmware: str) -> None:
        """Tell the journal how a module spells something, when it is seen for the first time."""
        if (name, firmware) not in self._spellings:
            self._spellings.add((name, firmware))
            note(self._config, "spelling", name=name, firmware=firmware)

    def _hold_others(self, module: RigModule) -> None:
        """Keep the modules that are not tested off the air, as far as they have a reset line.

        Effects: EXT_RSTB of the others is low from here on, that of `module` is released.
        """
        for other in self.rig().modules:
            if Line.RESET not in other.lines.lines:
                continue
            if other is not module:
                other.lines.set({Line.RESET: True})
                other.is_running = False

    def _recover(self, module: RigModule, item: pytest.Item) -> None:
        try:
            _restore(module)
        except MisbehaviourError:
            if not self._may_flash(module):
                raise
            self._flash(module, item)
            _restore(module)

    def _may_flash(self, module: RigModule) -> bool:
        is_besides = module is not self.rig().modules[0]
        if self.options.flash_policy == "never" or (is_besides and _is_too_small(module)):
            return False
        if "flash-read" in module.has:
            return True
        if self.options.is_flash_asked:
            raise NeedMissingError(
                "flash-read",
                self.options.rig.name,
                f"--hil-flash {self.options.flash_policy} needs lines that enter the boot loader; "
                "use --hil-flash never",
            )
        return False

    def _flash(self, module: RigModule, item: pytest.Item) -> None:
        if not self._may_flash(module):
            self._flashed_slots.add(module.description.slot)
            return
        # esptool is slow to import: only a session that flashes pays.
        from hil.flashing.flasher import Flasher  # noqa: PLC0415

        flasher = Flasher(module, baud=self.options.rig.flash_baud)
        with _progress_shown(self._config) as progress:
            record = flasher.flash(
                self.options.firmware,
                rewrites_all=self.options.flash_policy == "always",
                progress=progress,
            )
        self._flashed_slots.add(module.description.slot)
        attach_flash_record(item, module, record)

    def close(self) -> None:
        """Leave the rig in its safe state; what does not obey any more is told, not raised."""
        try:
            self._stack.close()
        except HilError as error:
            reporter = self._config.pluginmanager.getplugin("terminalreporter")
            if reporter is not None:
                reporter.write_line(f"the rig was not left in its safe state: {error}", red=True)


def _is_too_small(module: RigModule) -> bool:
    """Whether a module's flash is known to have no room for the AT firmware (line 133)."""
    flash = module.description.flash
    return flash is not None and flash.size_bytes < SMALLEST_FLASH_BYTES


def _can_restart(module: RigModule) -> bool:
    return not module.has.isdisjoint({"reset", "power"})


def _start(module: RigModule) -> None:
    """Restart a module, or, where nothing can, take it as it runs."""
    if _can_restart(module):
        module.start()
    else:
        module.at.wait_ready(READY_TIMEOUT_S)
        module.is_running = True


def _restore(module: RigModule) -> None:
    """Bring back the factory settings, by a restart first where something can."""
    safe = {Line.RESET: False, Line.STRAP: False, Line.POWER: True, Line.WAKE_LINK: True}
    module.lines.set({line: safe[line] for line in safe if line in module.lines.lines})
    if _can_restart(module):
        module.recover()
    else:
        module.at.resynchronise(COMMON_BAUDS)
        module.at.restore()
        module.is_running = True


@contextmanager
def _progress_shown(config: pytest.Config) -> Iterator[Any]:
    """A progress bar for each image on a terminal, nothing otherwise."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None or not sys.__stderr__ or not sys.__stderr__.isatty():
        yield None
        return
    from hil.flashing.progress import image_progress  # noqa: PLC0415 - rich, for terminals only

    with image_progress(sys.__stderr__) as progress:
        yield progress
