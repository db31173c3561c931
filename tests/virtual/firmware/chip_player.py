"""Plays the chip for the AT firmware: a flash, one wire in each direction, and the time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hil.units import KIB, MIB, NS_PER_MS, NS_PER_S
from hil.virtual.action import Action, DeepSleep, Restart, Send, SetLineFormat, Transmit
from hil.virtual.air.message import Announce
from hil.virtual.firmware.at_firmware import AtFirmware, FirmwareIdentity
from hil.virtual.firmware.dialect import DOCUMENTED, Dialect
from hil.virtual.flash import NorFlash
from hil.virtual.network.message import Interface, SetAddress
from hil.virtual.uart import Burst, LineFormat
from hil.virtual.user_slot import BootSwitch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.virtual.firmware.fault import Fault
    from hil.virtual.outside import OutsideEvent, OutsideRequest

IDENTITY = FirmwareIdentity(
    at_version="0.23.0.0",
    at_build="Apr 24 2015 21:11:01",
    sdk_version="1.0.1",
    compile_time="Apr 24 2015 21:19:31",
)
STATION_MAC = bytes.fromhex("18fe35973bd5")
READY = b"\r\nready\r\n"
OK = b"\r\nOK\r\n"
ERROR = b"\r\nERROR\r\n"
BUSY = b"\r\nbusy p...\r\n"


class ChipPlayer:
    """A chip that does nothing but run the firmware.

    It restarts when the firmware asks for it, and stops when the firmware asks for deep sleep.
    """

    def __init__(
        self,
        dialect: Dialect = DOCUMENTED,
        flash: NorFlash | None = None,
        identity: FirmwareIdentity = IDENTITY,
        faults: Sequence[Fault] = (),
    ) -> None:
        self.dialect = dialect
        self.flash = NorFlash(MIB) if flash is None else flash
        self.identity = identity
        self.faults = faults
        self.now_ns = 0
        self.actions: list[Action] = []
        self.restarts = 0
        self.deep_sleep: DeepSleep | None = None
        self._sent = bytearray()
        self._requests: list[OutsideRequest] = []
        self._soft_ap_requests: list[OutsideRequest] = []
        self.power_on()

    def power_on(self) -> None:
        """Start the firmware on what is in the flash, without waiting for it."""
        self.firmware = AtFirmware(
            self.flash,
            self.identity,
            dialect=self.dialect,
            factory_mac=STATION_MAC,
            slot_number=BootSwitch(self.flash).number,
            faults=self.faults,
        )
        self.line_format: LineFormat = self.firmware.line_format
        self.carry_out(self.firmware.start(self.now_ns))

    def power_cycle(self) -> None:
        """Cut the power, start again and wait until the firmware is ready."""
        self.flash.cut_power(self.now_ns)
        self.power_on()
        self.settle()
        self.take_sent()

    def advance(self, now_ns: int) -> None:
        """Let time pass up to a moment, from deadline to deadline."""
        while (due_ns := self.firmware.next_deadline_ns()) is not None and due_ns <= now_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self.carry_out(self.firmware.advance(due_ns))
        self.now_ns = max(self.now_ns, now_ns)

    def wait_ms(self, duration_ms: int) -> None:
        """Let time pass."""
        self.advance(self.now_ns + duration_ms * NS_PER_MS)

    def settle(self) -> None:
        """Let time pass until the firmware waits for bytes only."""
        while (due_ns := self.firmware.next_deadline_ns()) is not None:
            self.advance(due_ns)

    def send(self, data: bytes) -> None:
        """Send bytes from now on, without a gap, in the firmware's line format.

        What comes while the processor stands still waits for it, as in the FIFO of the UART.
        """
        rest = Burst(self.now_ns, data, self.line_format)
        while rest.data:
            self.advance(rest.start_ns)
            while self.firmware._stands_still:
                self.advance(self.firmware.next_deadline_ns() or self.now_ns)
                rest = replace(rest, start_ns=self.now_ns)
            piece, rest = rest.split(self.firmware.bytes_wanted(rest))
            self.carry_out(self.firmware.receive(piece))
            self.advance(piece.end_ns())

    def hear(self, event: OutsideEvent) -> None:
        """Something comes in over the antenna now."""
        self.advance(self.now_ns)
        self.carry_out(self.firmware.hear(event, self.now_ns))

    def ask(self, line: bytes) -> bytes:
        """Send a command line with its end; returns all that comes until the firmware is idle."""
        self.take_sent()
        self.send(line + b"\r\n")
        self.settle()
        return self.take_sent()

    def take_sent(self) -> bytes:
        """What the firmware sent since the last call."""
        sent, self._sent = bytes(self._sent), bytearray()
        return sent

    def take_requests(self) -> list[OutsideRequest]:
        """What the firmware asked since the last call, but for its own access point."""
        requests, self._requests = self._requests, []
        return requests

    def take_soft_ap_requests(self) -> list[OutsideRequest]:
        """What the firmware asked for its own access point since the last call."""
        requests, self._soft_ap_requests = self._soft_ap_requests, []
        return requests

    def areas(self) -> tuple[bytes, bytes]:
        """Content of the user and the system parameter area of a flash of 1 MB or more."""
        size = self.flash.size_bytes
        return self.flash.read(0x7C000, 16 * KIB), self.flash.read(size - 0x4000, 16 * KIB)

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Do what the firmware asks for."""
        self.actions += actions
        for action in actions:
            match action:
                case Send(data):
                    self._sent += data
                case Transmit(Announce() | SetAddress(Interface.SOFT_AP) as request):
                    self._soft_ap_requests.append(request)
                case Transmit(request):
                    self._requests.append(request)
                case SetLineFormat(line_format):
                    self.line_format = line_format
                case Restart(at_ns):
                    self.restarts += 1
                    self.now_ns = max(self.now_ns, at_ns)
                    self.power_on()
                    return
                case DeepSleep():
                    self.deep_sleep = action


def ready_player(
    dialect: Dialect = DOCUMENTED,
    flash: NorFlash | None = None,
    faults: Sequence[Fault] = (),
) -> ChipPlayer:
    """A chip whose firmware has started, with the echo off."""
    player = ChipPlayer(dialect, flash, faults=faults)
    player.settle()
    player.ask(b"ATE0")
    player.now_ns += NS_PER_S
    return player
