"""One virtual module on its bench: the chip, its serial adapter, and the wires between them.

The bench offers what a person at a bench has: a serial port with DTR and RTS, a reset contact, a
boot strap, a power switch, and the link between XPD_DCDC and EXT_RSTB that deep sleep needs
(section 3.4 of the document, A-14). A contact and a modem line may pull the same pin; it is low
while any of them pulls.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from .adapter import SerialAdapter
from .boot_rom import Straps
from .chip import Phase
from .transmitter import LineCut
from .uart import Burst
from .wiring import CIRCUITS, FLOW_CONTROL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .chip import Chip
    from .outside import OutsideEvent
    from .uart import LineFormat


class Contact(Enum):
    """What a hand on the bench can switch."""

    RESET = "EXT_RSTB to ground"
    STRAP = "GPIO0 to ground"
    POWER = "supply"
    WAKE_LINK = "XPD_DCDC to EXT_RSTB"


class Bench:
    """A module that can be talked to, reset, strapped, fed and woken.

    Args:
        chip: The module.
        circuit: How DTR and RTS are wired, a name in `wiring.CIRCUITS`.
        is_wake_link_closed: Whether XPD_DCDC is joined to EXT_RSTB at first.
    """

    def __init__(self, chip: Chip, *, circuit: str, is_wake_link_closed: bool) -> None:
        self.chip = chip
        self._is_flow_wired = circuit == FLOW_CONTROL
        self.adapter = SerialAdapter()
        self._circuit = CIRCUITS[circuit]
        self._contacts = {
            Contact.RESET: False,
            Contact.STRAP: False,
            Contact.POWER: False,
            Contact.WAKE_LINK: is_wake_link_closed,
        }
        self._modem_lines = (False, False)
        self._heeds_cts = False

    def switch(self, contact: Contact, *, is_closed: bool, now_ns: int) -> None:
        """Close or open a contact."""
        self._contacts[contact] = is_closed
        if contact is Contact.POWER:
            self.chip.set_power(is_on=is_closed, now_ns=now_ns)
        self._drive(now_ns)

    def is_closed(self, contact: Contact) -> bool:
        """The present state of a contact."""
        return self._contacts[contact]

    def set_modem_lines(self, *, dtr: bool, rts: bool, now_ns: int) -> None:
        """The host asserts or releases DTR and RTS."""
        self._modem_lines = (dtr, rts)
        if self._is_flow_wired:
            self.chip.set_clear_to_send(is_clear=rts, now_ns=now_ns)
        self._drive(now_ns)

    @property
    def is_cts_asserted(self) -> bool:
        """The adapter's CTS input: the module's RTS, if they are joined."""
        return self._is_flow_wired and self.chip.uart.is_ready_to_receive

    def heed_cts(self, *, is_heeded: bool, now_ns: int) -> None:
        """The host lets the adapter wait for CTS, or not."""
        self._heeds_cts = is_heeded
        self._pass_rts_on(now_ns)

    def set_format(self, line_format: LineFormat, now_ns: int) -> None:
        """The host sets its side of the line."""
        self.adapter.set_format(line_format, now_ns)

    def follow_format(self, now_ns: int) -> None:
        """Set the host's side as the module is set now; all that the module sends is heard."""
        self.adapter.set_format(self.chip.uart.receive_format, now_ns, hears_all=True)

    def write(self, data: bytes, now_ns: int) -> None:
        """The host sends bytes; during a break they are lost."""
        if data and not self.adapter.is_in_break:
            self._announce(self.adapter.write(data, now_ns))

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """Something came in over the module's antenna."""
        self.advance(now_ns)
        self.chip.hear(event, now_ns)
        self._collect(now_ns)

    def set_break(self, *, is_on: bool, now_ns: int) -> None:
        """The host begins or ends a break: it holds its line low.

        A UART takes the low line for a frame of zeros without a stop bit, and waits for the line to
        rise before it looks for another. So the chip hears one NUL, however long the break is, one
        frame after it has begun. What runs there takes it like any other byte: the firmware echoes
        it, and its search for ``AT`` passes over it; in the middle of a line it spoils the command.

        A break is taken to be longer than a frame, which at 115,200 baud is 87 us; the shortest
        that pyserial and terminal programs send lasts 250 ms.

        Source: Espressif's UART drivers clear the interrupt of the framing error and leave the
        byte in the FIFO; on an ESP32 it was observed to be 00 (arduino-esp32, issue 10578). How
        the 0.23 firmware does it was not observed.
        """
        if not is_on:
            self.adapter.end_break(now_ns)
        elif not self.adapter.is_in_break:
            start_ns = self.adapter.begin_break(now_ns)
            self._announce([Burst(start_ns, b"\0", self.chip.uart.receive_format)])

    def next_deadline_ns(self) -> int | None:
        """When the module wants to be woken."""
        return self.chip.next_deadline_ns()

    def advance(self, now_ns: int) -> None:
        """Serve everything that is due at `now_ns`."""
        self.chip.advance(now_ns)
        self._pass_wake_pin_on(now_ns)
        self._collect(now_ns)

    def _pass_wake_pin_on(self, now_ns: int) -> None:
        if self.chip.is_wake_pin_low and self._contacts[Contact.WAKE_LINK]:
            self.chip.wake_by_timer(now_ns)

    def _drive(self, now_ns: int) -> None:
        reset_by_modem, strap_by_modem = self._circuit(*self._modem_lines)
        strap_low = strap_by_modem or self._contacts[Contact.STRAP]
        self.chip.straps = Straps(gpio0=not strap_low)
        self.chip.set_reset(is_low=reset_by_modem or self._contacts[Contact.RESET], now_ns=now_ns)
        self._pass_wake_pin_on(now_ns)
        self._collect(now_ns)

    def _announce(self, bursts: Sequence[Burst]) -> None:
        if self.chip.phase is not Phase.OFF:
            for burst in bursts:
                self.chip.receive(burst)

    def _pass_rts_on(self, now_ns: int) -> None:
        """Let the adapter wait while the module's RTS is inactive, if it heeds it."""
        if self.is_cts_asserted or not self._heeds_cts:
            self._announce(self.adapter.resume(now_ns))
        elif not self.adapter.is_held:
            self.adapter.hold(self.chip.uart.receiver.withdraw(now_ns), now_ns)

    def _collect(self, now_ns: int) -> None:
        self._pass_rts_on(now_ns)
        for event in self.chip.uart.transmitter.take(now_ns):
            if isinstance(event, LineCut):
                self.adapter.cut(event)
            else:
                self.adapter.accept(event)
