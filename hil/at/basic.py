"""The ten basic commands of section 3, typed."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from hil.errors import ModuleRestartedError, NeedMissingError, NoReplyError, ReplyError
from hil.ports.byte_port import Parity, PortFormat
from hil.units import ns_to_seconds, seconds_to_ns

from .command import (
    GSLP,
    SLEEP,
    UART,
    FlowControl,
    SleepMode,
    Variant,
    format_execute,
    format_query,
    format_set,
)
from .recovery import Recovery
from .reply import parse_version

if TYPE_CHECKING:
    from hil.ports.byte_port import BytePort

    from .reply import Reply, Startup, VersionInfo

FACTORY_FORMAT = PortFormat()
"""115200 baud (line 161), 8N1 without flow control (A-12)."""


class BasicCommands(Recovery):
    """Section 3 of the document; each method is named as its command.

    All of them raise `CommandFailedError`, `NoReplyError` and `ModuleRestartedError` as `execute`
    does, and `CommandArgumentError` before anything is sent.
    """

    def __init__(self, port: BytePort) -> None:
        super().__init__(port)
        self._start_format = port.format

    def at(self, timeout_s: float | None = None) -> Reply:
        """Test whether the module answers. Source: 3.2 #1, line 187."""
        return self.execute(b"AT", timeout_s)

    def rst(self, timeout_s: float = 10.0) -> Startup:
        """Restart the module and wait until it runs again. Source: 3.2 #2, line 199.

        Effects: volatile settings are lost; the port goes back to the format with which the
        module starts, as far as it is known from here.
        """
        return self._restart("RST", self._start_format, timeout_s)

    def gmr(self) -> VersionInfo:
        """The versions of the firmware. Source: 3.2 #3, line 207."""
        reply = self.execute(format_execute("GMR"))
        if not reply.lines:
            raise self._unexpected(reply, "a line with a version")
        return parse_version(reply.lines)

    def gslp(self, time_ms: int) -> Reply:
        """Send the module into deep sleep. Source: 3.2 #4, line 215.

        It wakes by a reset if XPD_DCDC is joined with EXT_RSTB (A-14); then call `wait_ready`.

        Args:
            time_ms: 0 to 4,294,967; 0 sleeps until an external reset (A-17).
        """
        return self.execute(format_set("GSLP", GSLP, time_ms))

    def ate(self, *, is_on: bool) -> Reply:
        """Switch the echo of commands on or off. Source: 3.2 #5, line 223."""
        return self.execute(b"ATE1" if is_on else b"ATE0")

    def restore(self, timeout_s: float = 15.0) -> Startup:
        """Restore the factory settings and wait until the module runs. Source: 3.2 #6, line 233.

        Effects: everything that is stored is lost; the port goes to 115200 baud, 8N1 (line 161).
        """
        return self._restart("RESTORE", FACTORY_FORMAT, timeout_s)

    def uart(
        self,
        baud: int,
        data_bits: int = 8,
        stop_bits: float = 1,
        parity: Parity = Parity.NONE,
        flow_control: FlowControl = FlowControl.NONE,
    ) -> Reply:
        """Set the module's UART, store it, and follow with the port. Deprecated: `uart_def`.

        Args:
            baud: 110 to 4,608,000.
            data_bits: 5 to 8.
            stop_bits: 1, 1.5 or 2; the document's codes 1, 2 and 3.
            parity: None, odd or even.
            flow_control: What the module does, seen from its side.

        Raises:
            NeedMissingError: The port cannot follow, so nothing was sent.

        Source: 3.2 #7, line 241. OK comes at the old speed (A-20); if it does not, AT at the new
        one decides.

        Effects: one write to the user parameter area of the flash.
        """
        line_format = PortFormat(baud, data_bits, parity, stop_bits)
        return self._uart(Variant.PLAIN, line_format, flow_control)

    def uart_cur(
        self,
        baud: int,
        data_bits: int = 8,
        stop_bits: float = 1,
        parity: Parity = Parity.NONE,
        flow_control: FlowControl = FlowControl.NONE,
    ) -> Reply:
        """Set the module's UART until its next start, and follow with the port; as `uart`.

        Source: 3.2 #8, line 260.
        """
        line_format = PortFormat(baud, data_bits, parity, stop_bits)
        return self._uart(Variant.CUR, line_format, flow_control)

    def uart_def(
        self,
        baud: int,
        data_bits: int = 8,
        stop_bits: float = 1,
        parity: Parity = Parity.NONE,
        flow_control: FlowControl = FlowControl.NONE,
    ) -> Reply:
        """Set the module's UART, store it, and follow with the port; as `uart`.

        Source: 3.2 #9, line 276.

        Effects: one write to the user parameter area of the flash.
        """
        line_format = PortFormat(baud, data_bits, parity, stop_bits)
        return self._uart(Variant.DEF, line_format, flow_control)

    def sleep(self, mode: SleepMode | int) -> Reply:
        """Choose the sleep mode; in station mode only (A-23). Source: 3.2 #10, line 300."""
        return self.execute(format_set("SLEEP", SLEEP, mode))

    def sleep_query(self) -> SleepMode:
        """The sleep mode. Source: 3.2 #10, line 297."""
        reply = self.execute(format_query("SLEEP"))
        return SleepMode(self._number(reply, "SLEEP", range(3)))

    def _restart(self, name: str, start_format: PortFormat, timeout_s: float) -> Startup:
        """Run a command that ends in a restart; some firmware loses its OK on the way."""
        deadline_ns = self._clock.now_ns() + seconds_to_ns(timeout_s)
        with contextlib.suppress(ModuleRestartedError):
            self.execute(format_execute(name), timeout_s)
        self._follow(start_format)
        self._start_format = start_format
        return self.wait_ready(ns_to_seconds(deadline_ns - self._clock.now_ns()))

    def _uart(self, variant: Variant, line_format: PortFormat, flow_control: FlowControl) -> Reply:
        """The body of the three UART commands.

        The host joins in as soon as one of the two lines is used: a module that does not drive its
        RTS leaves it to the pull-down that GPIO15 needs anyway, which says "go on".
        """
        line = format_set(
            f"UART{variant.value}",
            UART,
            line_format.baud,
            line_format.data_bits,
            line_format.stop_bits,
            line_format.parity,
            flow_control,
        )
        wanted = replace(line_format, is_rts_cts=flow_control != FlowControl.NONE)
        self._require_format(wanted)
        before = self.port.format
        try:
            reply = self.execute(line)
        except NoReplyError:
            answer = self._answer_at(wanted, before)
            if answer is None:
                raise
            reply = answer
        self._follow(wanted)
        if variant.is_saved:
            self._start_format = wanted
        return reply

    def _answer_at(self, wanted: PortFormat, before: PortFormat) -> Reply | None:
        """The answer to AT in another format; without one the port is set as before (A-20)."""
        self._follow(wanted)
        self._reader.reset()
        try:
            return self.at()
        except ReplyError:
            self._follow(before)
            return None

    def _require_format(self, wanted: PortFormat) -> None:
        """Refuse a format in which this port could not talk to the module any more."""
        plain = replace(wanted, is_rts_cts=self.port.format.is_rts_cts)
        if plain != self.port.format and "uart-format" not in self.port.capabilities:
            raise NeedMissingError(
                "uart-format",
                self.port.name,
                "this port keeps its rate and frame, so the module would be out of reach; "
                "send the line with command() if that is wanted",
            )
        if wanted.is_rts_cts and "uart-flow" not in self.port.capabilities:
            raise NeedMissingError(
                "uart-flow",
                self.port.name,
                "this port has no RTS and CTS for flow control, so the module might never send; "
                "send the line with command() if that is wanted",
            )
