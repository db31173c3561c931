"""One module on a rig: its port, its lines, and how to get it into a known state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.at.boot_log import BootLog, parse_boot_log
from hil.at.client import AtClient
from hil.at.recovery import Liveness
from hil.errors import MisbehaviourError, NeedMissingError, NoReplyError
from hil.ports.byte_port import PortFormat
from hil.ports.clock import deadline_ns
from hil.ports.control_lines import Line

from .need import needs_met_by

if TYPE_CHECKING:
    from hil.at.transcript import Transcript
    from hil.ports.control_lines import ControlLines
    from hil.ports.serial_port import SerialPort
    from hil.recording.recorder import ModuleRecorder
    from hil.recording.replayed_module import ReplayedModule

    from .description import ModuleDescription

BOOT_LOG_BAUD = 74880
"""The ROM's rate with a 26 MHz crystal (A-72)."""

LOADER_BAUD = 115200
"""The rate at which the boot loader is spoken to first; it adapts itself."""

COMMON_BAUDS = (115200, 9600, 57600, 19200, 38400, 74880, 230400, 460800, 921600)
"""Rates at which a module that lost its settings is looked for."""

RESET_PULSE_S = 0.1
STRAP_HOLD_S = 0.05
POWER_OFF_S = 1.0
"""Long enough for the capacitors of a module to run empty."""

BOOT_LOG_TIMEOUT_S = 0.5
BOOT_LOG_QUIET_S = 0.08
BOOT_LOG_LONGEST_S = 2.0
"""A module that never stops talking must not keep a reset from ending."""

READY_TIMEOUT_S = 15.0
"""How long a start may take; a module that is slower than a test allows is slow and not dead."""

_NO_POWER = (
    "name a line set that switches the supply in the module's `lines`, or restart it by hand"
)


@dataclass(frozen=True, slots=True)
class BootCapture:
    """What a module printed after a reset.

    Args:
        time_ns: When the reset ended, on the rig's clock.
        baud: The rate at which it was received.
        raw: The bytes.
        log: What they say.
    """

    time_ns: int
    baud: int
    raw: bytes
    log: BootLog

    @property
    def text(self) -> str:
        """The bytes as text, without blank lines around; what is not ASCII is escaped."""
        return self.raw.decode("ascii", "backslashreplace").replace("\r\n", "\n").strip("\n")


class RigModule:
    """A module that tests hold.

    Args:
        description: What the rig file says of it.
        port: Its open port.
        lines: Its control lines.
        rig_name: For error texts.
        replayed: What is played, if this is no module but its record.

    Attributes:
        transcript: Where `note` writes, if somebody keeps a transcript.
        turns: How often a test got hold of it.
        recorder: Likewise, if the session is recorded; see `hil.rig.recording`.
        restores: How often it was given factory settings.
    """

    def __init__(
        self,
        description: ModuleDescription,
        port: SerialPort,
        lines: ControlLines,
        rig_name: str,
        replayed: ReplayedModule | None = None,
    ) -> None:
        self.description = description
        self.port = port
        self.lines = lines
        self.rig_name = rig_name
        self.clock = port.clock
        self.at = AtClient(port)
        self.boot_captures: list[BootCapture] = []
        self.is_running = False
        self.replayed = replayed
        self.transcript: Transcript | None = None
        self.turns = 0
        self.recorder: ModuleRecorder | None = None
        self.restores = 0

    @property
    def name(self) -> str:
        """``slot 0``."""
        return f"slot {self.description.slot}"

    @property
    def has(self) -> frozenset[str]:
        """What this module offers, in the vocabulary of needs."""
        return needs_met_by(self.lines.lines) | self.port.capabilities

    def note(self, text: str) -> None:
        """Say in the transcript, if one is kept, what is done to the module beside its port."""
        if self.transcript is not None:
            self.transcript.mark(self.clock.now_ns(), text)
        if self.recorder is not None:
            self.recorder.note(self.clock.now_ns(), text)

    def reset(self) -> BootCapture:
        """Restart the module by EXT_RSTB, or by its supply if there is no reset line.

        Returns:
            What it printed meanwhile, perhaps nothing.

        Raises:
            NeedMissingError: The rig can do neither.

        Effects: EXT_RSTB pulsed (or power cut); volatile settings lost; the port is at the rate
        of the AT firmware afterwards.
        """
        if Line.RESET not in self.lines.lines:
            if Line.POWER in self.lines.lines:
                return self.power_cycle()
            self._require(
                Line.RESET,
                "name line sets that switch EXT_RSTB or the supply in the module's `lines`, or "
                "restart the module by hand",
            )
        self._leave_loader()
        self.note(f"EXT_RSTB low for {RESET_PULSE_S * 1000:.0f} ms")
        self.lines.set({Line.RESET: True})
        self.clock.sleep(RESET_PULSE_S)
        return self._start_by({Line.RESET: False})

    def power_cycle(self) -> BootCapture:
        """Cut the supply for a second.

        Raises:
            NeedMissingError: The rig cannot switch the supply.

        Effects: power cut; volatile settings lost.
        """
        self._require(Line.POWER, _NO_POWER)
        self._leave_loader()
        self.note(f"supply off for {POWER_OFF_S:g} s")
        self.lines.set({Line.POWER: False})
        self.clock.sleep(POWER_OFF_S)
        return self._start_by({Line.POWER: True})

    def enter_loader(self) -> None:
        """Put the module into its serial boot loader and the port to the loader's rate.

        Raises:
            NeedMissingError: The rig has no boot strap, or neither reset nor power.

        Effects: GPIO0 held low while EXT_RSTB (or the supply) comes back.
        """
        self._require(Line.STRAP, "GPIO0 must be held low by the rig to enter the boot loader")
        is_by_power = Line.RESET not in self.lines.lines and Line.POWER in self.lines.lines
        line = Line.POWER if is_by_power else Line.RESET
        self._require(line, "the boot loader is entered by a reset with GPIO0 held low")
        self.is_running = False
        if self.recorder is not None:
            self.recorder.enter_loader(self.clock.now_ns())
        held = line is Line.RESET
        self.note(f"{'EXT_RSTB low' if held else 'supply off'}, then on again with GPIO0 low")
        self.lines.set({line: held})
        self.clock.sleep(RESET_PULSE_S if held else POWER_OFF_S)
        self.lines.set({Line.STRAP: True, line: not held})
        self.clock.sleep(STRAP_HOLD_S)
        self.lines.set({Line.STRAP: False})
        self.port.set_format(PortFormat(baud=LOADER_BAUD))
        self.port.discard_input()

    def set_wake_link(self, *, is_closed: bool) -> None:
        """Join XPD_DCDC to EXT_RSTB, or part them.

        Source: section 3, AT+GSLP, line 217; A-14.
        """
        self._require(Line.WAKE_LINK, "deep sleep ends only through a switchable wake link")
        self.note(f"wake link {'closed' if is_closed else 'open'}")
        self.lines.set({Line.WAKE_LINK: is_closed})

    def start(self) -> BootCapture:
        """Reset the module and wait until its AT firmware answers.

        Raises:
            NoReplyError: It does not; the text holds the boot log.
        """
        capture = self.reset()
        try:
            self.at.wait_ready(READY_TIMEOUT_S)
        except NoReplyError as error:
            error.add_note(f"The boot log was:\n{capture.text or '(nothing)'}")
            raise
        self.is_running = True
        return capture

    def recover(self) -> None:
        """Bring the module back to a known state: restarted, factory settings, echo on.

        Raises:
            MisbehaviourError: It cannot be brought back.

        Effects: all stored parameters are reset.
        """
        last_format = self.port.format
        try:
            self.reset()
            try:
                self.at.wait_ready(READY_TIMEOUT_S)
            except NoReplyError:
                self._find(last_format)
            if self.at.probe() is Liveness.SILENT:
                self.at.leave_passthrough()  # in which AT+SAVETRANSLINK lets a module start
            self.restore()
        except MisbehaviourError as error:
            error.add_note(f"{self.name} could not be brought back to factory settings")
            raise
        self.is_running = True

    def restore(self) -> None:
        """Bring a module that answers back to factory settings, echo on.

        One that the rig file describes with another rate than the factory's is given that rate
        again.

        Effects: all stored parameters are reset; the module restarts.
        """
        self.restores += 1
        self.at.restore()
        if self.port.format.baud != self.description.baud:
            self.at.uart_def(self.description.baud)

    def _find(self, last_format: PortFormat) -> None:
        """Look for a module that starts with settings that a test has stored.

        They are most likely those at which it was spoken to last, else one of the usual rates.
        """
        self.port.set_format(last_format)
        try:
            self.at.resynchronise()
        except NoReplyError:
            self.port.set_format(PortFormat(baud=self.description.baud))
            self.at.resynchronise(COMMON_BAUDS)

    def _leave_loader(self) -> None:
        """Tell a record that the module is about to be restarted, whatever ran on it."""
        if self.recorder is not None:
            self.recorder.leave_loader(self.clock.now_ns())

    def _start_by(self, states: dict[Line, bool]) -> BootCapture:
        self.is_running = False
        self.port.set_format(PortFormat(baud=BOOT_LOG_BAUD))
        self.port.discard_input()
        self.lines.set(states)
        capture = self._receive_boot_log()
        self.port.set_format(PortFormat(baud=self.description.baud))
        self.at.forget()
        self.boot_captures.append(capture)
        return capture

    def _receive_boot_log(self) -> BootCapture:
        started_ns = self.clock.now_ns()
        end_ns = deadline_ns(self.clock, BOOT_LOG_LONGEST_S)
        until_ns = deadline_ns(self.clock, BOOT_LOG_TIMEOUT_S)
        raw = bytearray()
        while self.clock.now_ns() < end_ns and (data := self.port.receive(until_ns)):
            raw += data
            until_ns = min(deadline_ns(self.clock, BOOT_LOG_QUIET_S), end_ns)
        return BootCapture(
            started_ns, self.port.format.baud, bytes(raw), parse_boot_log(bytes(raw))
        )

    def _require(self, line: Line, remedy: str) -> None:
        if line not in self.lines.lines:
            raise NeedMissingError(line.value, self.rig_name, remedy)
