"""The virtual ESP8266: power, reset, straps, one UART, and the program that runs.

Theory of operation. The chip is always in one *phase*::

    OFF ──power──► RESET ──EXT_RSTB high──► STARTING ──RC delay──► RUNNING ──GSLP──► ASLEEP
     ▲               ▲                                                │                │
     └── power lost ─┴──────────── EXT_RSTB low ──────────────────────┴────────────────┘

The RC network at EXT_RSTB lets the chip start a moment after the line has risen; the straps are
sampled then. RUNNING begins with the mask ROM, whose whole output is known at once
(`hil.virtual.boot_rom`), and goes on with a *program*: the serial loader, the flasher stub, or the
AT firmware if boot.bin and user1.bin are really in the flash. What has been started and not
happened yet stands in a small agenda; a reset empties it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from .action import (
    Action,
    DeepSleep,
    Hang,
    Restart,
    RunProgram,
    RunStub,
    RunUserCode,
    Send,
    SetLineFormat,
    Transmit,
)
from .boot_loader import BootStep, run_boot_loader
from .boot_rom import ROM_BAUD_PER_HZ, BootTarget, ResetCause, Straps, rom_boot
from .firmware.at_firmware import AtFirmware, FirmwareIdentity
from .flasher_stub import FlasherStub
from .image import NO_VERSIONS, VersionStrings, version_strings
from .loader_program import LoaderProgram
from .outside import Nowhere
from .ram_program import RamProgram, fatal_exception_text
from .rom_loader import RomLoader
from .uart import Burst, LineFormat, receive_as
from .uart0 import Uart0

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .efuse import Efuse
    from .firmware.dialect import Dialect
    from .firmware.fault import Fault
    from .flash import NorFlash
    from .image import RamImage, UserImage
    from .outside import Outside, OutsideEvent, OutsideRequest
    from .program import Program

RC_DELAY_NS = 1_000_000
"""From EXT_RSTB rising to the sampling of the straps: 10 kOhm and 100 nF."""

LOAD_NS = 2_000_000
"""From the last byte of the boot log to the first instruction of the program it announces."""

WATCHDOG_NS = 1_600_000_000
"""How long the hardware watchdog lets a lost program hang; observed as 1.6 s to 3 s."""


class Phase(Enum):
    """What the chip as a whole is doing."""

    OFF = "off"
    RESET = "held in reset"
    STARTING = "starting"
    RUNNING = "running"
    ASLEEP = "in deep sleep"


@dataclass(frozen=True, slots=True)
class ChipSetup:
    """What distinguishes one virtual chip from another.

    Args:
        efuse: MAC address and chip id.
        dialect: What the AT firmware speaks.
        stated_versions: What the firmware's manifest says of versions that user1.bin holds only
            as numbers; empty strings where it says nothing.
        crystal_hz: Frequency of the crystal; the speed of the ROM's log follows it.
        faults: What is wrong with the AT firmware.
    """

    efuse: Efuse
    dialect: Dialect
    stated_versions: VersionStrings = NO_VERSIONS
    crystal_hz: int = 26_000_000
    faults: tuple[Fault, ...] = ()


class Chip:
    """One ESP8266 with its flash.

    Inputs carry the present moment; `advance` must be called up to it first. Outputs are what
    `uart.transmitter` puts on its wire, `is_wake_pin_low`, and the state of the flash.

    Args:
        setup: What kind of chip.
        flash: The flash that is soldered beside it.

    Attributes:
        uart: UART0.
        outside: What lies behind the antenna.
    """

    def __init__(self, setup: ChipSetup, flash: NorFlash) -> None:
        self.setup = setup
        self.flash = flash
        self.phase = Phase.OFF
        self.straps = Straps()
        self.is_reset_low = False
        self.is_wake_pin_low = False
        self.boots = 0
        self.outside: Outside = Nowhere()
        rom_baud = round(ROM_BAUD_PER_HZ * setup.crystal_hz)
        self._rom_format = LineFormat(rom_baud)
        self.uart = Uart0(self._rom_format)
        self._cause = ResetCause.POWER_ON
        self._is_second_try = False
        self._program: Program | None = None
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._agenda_count = 0
        self._latched = Straps()
        self._last_versions: tuple[bytes, VersionStrings | None] | None = None

    def hears_sync(self, line_format: LineFormat) -> bool:
        """Whether a loader or stub runs that understands a SYNC in this format."""
        program = self._program
        if isinstance(program, RomLoader) and program.adopts_baud:
            return True
        return isinstance(program, LoaderProgram) and line_format.agrees_with(
            self.uart.receive_format
        )

    # Inputs -------------------------------------------------------------------------------------

    def set_power(self, *, is_on: bool, now_ns: int) -> None:
        """Feed the chip, or stop feeding it at once. A flash operation under way is torn."""
        if is_on == (self.phase is not Phase.OFF):
            return
        self._stop(now_ns)
        if is_on:
            self._cause = ResetCause.POWER_ON
            self._is_second_try = False
            self._leave_reset(now_ns)
        else:
            self.flash.cut_power(now_ns)
            self.phase = Phase.OFF

    def set_reset(self, *, is_low: bool, now_ns: int) -> None:
        """EXT_RSTB was pulled low or released."""
        if is_low == self.is_reset_low:
            return
        self.is_reset_low = is_low
        if self.phase is Phase.OFF:
            return
        if is_low:
            self._stop(now_ns)
            self.flash.abandon(now_ns)
            self._cause = ResetCause.EXTERNAL
            self._is_second_try = False
            self.phase = Phase.RESET
        else:
            self._leave_reset(now_ns)

    def wake_by_timer(self, now_ns: int) -> None:
        """XPD_DCDC reached EXT_RSTB: the chip wakes from deep sleep by a short reset."""
        self._stop(now_ns)
        self._cause = ResetCause.DEEP_SLEEP
        self._leave_reset(now_ns)

    def receive(self, burst: Burst) -> None:
        """Bytes are on their way to UART0."""
        self.uart.receiver.announce(burst)

    def set_clear_to_send(self, *, is_clear: bool, now_ns: int) -> None:
        """MTCK (CTS) was driven; it counts if the UART is set so (lines 252-254)."""
        self.uart.is_clear_to_send = is_clear
        self._follow_flow(now_ns)

    def hear(self, event: OutsideEvent, now_ns: int) -> None:
        """Something came in over the antenna; only the AT firmware has its receiver on."""
        if isinstance(self._program, AtFirmware):
            self._carry_out(self._program.hear(event, now_ns))
            self._follow_flow(now_ns)

    # Time ---------------------------------------------------------------------------------------

    def next_deadline_ns(self) -> int | None:
        """When the chip wants to be woken; None while only the outside can change anything."""
        deadline = self._agenda[0][0] if self._agenda else None
        if self._program is not None:
            wanted = self._program.next_deadline_ns()
            if wanted is not None and (deadline is None or wanted < deadline):
                deadline = wanted
        coming_ns = self.uart.next_deadline_ns(is_program_full=self._is_program_full)
        if coming_ns is not None and (deadline is None or coming_ns < deadline):
            deadline = coming_ns
        return deadline

    def advance(self, now_ns: int) -> None:
        """Serve everything that is due by `now_ns`, in the order of time."""
        while (deadline := self.next_deadline_ns()) is not None and deadline <= now_ns:
            if self._agenda and self._agenda[0][0] <= deadline:
                at_ns, _, step = heappop(self._agenda)
                step(at_ns)
                continue
            program = self._program
            if program is not None:
                wanted = program.next_deadline_ns()
                if wanted is not None and wanted <= deadline:
                    self._carry_out(program.advance(deadline))
                    self._follow_flow(deadline)
                    continue
            if self._is_program_full:
                self.uart.is_ready_to_receive = False
            else:
                self._take_burst(deadline)

    # Inside -------------------------------------------------------------------------------------

    def _plan(self, at_ns: int, step: Callable[[int], None]) -> None:
        self._agenda_count += 1
        heappush(self._agenda, (at_ns, self._agenda_count, step))

    def _stop(self, now_ns: int, *, is_orderly: bool = False) -> None:
        self.uart.transmitter.cut(now_ns)
        self._agenda.clear()
        if isinstance(self._program, AtFirmware):
            self.outside.silence(now_ns, is_orderly=is_orderly)
        self._program = None
        self.uart.flow_control = 0
        self._follow_flow(now_ns)
        self.is_wake_pin_low = False

    def _leave_reset(self, now_ns: int) -> None:
        if self.is_reset_low:
            self.phase = Phase.RESET
            return
        self.phase = Phase.STARTING
        self._plan(now_ns + RC_DELAY_NS, self._sample_straps)

    def _sample_straps(self, now_ns: int) -> None:
        self._latched = self.straps
        self._boot(now_ns)

    def _boot(self, now_ns: int) -> None:
        self.flash.settle(now_ns)
        self.phase = Phase.RUNNING
        self.boots += 1
        self._program = None
        self.uart.transmitter.line_format = self._rom_format
        self.uart.receive_format = self._rom_format
        boot = rom_boot(self.flash, self._latched, self._cause)
        self.uart.transmitter.send(boot.log, now_ns)
        if boot.target is BootTarget.LOADER:
            self._start_loader(now_ns)
        elif boot.target is BootTarget.FLASH and boot.image is not None:
            self._plan(
                self.uart.transmitter.free_ns + LOAD_NS,
                partial(self._run_boot_loader, boot.image),
            )

    def _start_loader(self, now_ns: int) -> None:
        efuse, crystal_hz = self.setup.efuse, self.setup.crystal_hz
        loader = RomLoader(self.flash, efuse, self._rom_format, crystal_hz=crystal_hz)
        self._start(loader, now_ns)

    def _run_boot_loader(self, image: RamImage, now_ns: int) -> None:
        run = run_boot_loader(self.flash, image, is_second_try=self._is_second_try)
        self.uart.transmitter.send(run.text, now_ns)
        after_ns = self.uart.transmitter.free_ns + LOAD_NS
        if run.step is BootStep.WATCHDOG:
            self._is_second_try = True
            self._plan(after_ns + WATCHDOG_NS, self._watchdog)
        elif run.step is BootStep.RUN and run.user is not None:
            self._plan(after_ns, partial(self._start_user, run.user, run.number))

    def _watchdog(self, now_ns: int) -> None:
        self._stop(now_ns)
        self._cause = ResetCause.WATCHDOG
        self._boot(now_ns)

    def _start_user(self, user: UserImage, slot_number: int, now_ns: int) -> None:
        if user.is_crc_intact is False:  # its code in flash is not what was built
            self.uart.transmitter.send(fatal_exception_text(0, user.ram.entry), now_ns)
            self._carry_out([Hang(now_ns)])
            return
        found = self._versions_of(user)
        if found is None:  # some other program; nothing of it can be observed on the UART
            return
        firmware = AtFirmware(
            self.flash,
            _identity(found, self.setup.stated_versions if slot_number == 1 else NO_VERSIONS),
            dialect=self.setup.dialect,
            factory_mac=self.setup.efuse.mac,
            slot_number=slot_number,
            faults=self.setup.faults,
        )
        self.uart.transmitter.send(firmware.start_text, now_ns)
        self._start(firmware, now_ns)
        self._carry_out([SetLineFormat(firmware.line_format, firmware.flow_control)])

    def _versions_of(self, user: UserImage) -> VersionStrings | None:
        """The versions in an image; searching 400 KB is done once for each content."""
        if self._last_versions is None or self._last_versions[0] != user.content:
            self._last_versions = user.content, version_strings(user.content)
        return self._last_versions[1]

    def _start(self, program: Program, now_ns: int) -> None:
        self._program = program
        self.uart.receiver.drop_before(now_ns)
        self._carry_out(program.start(now_ns))
        self._follow_flow(now_ns)

    def _take_burst(self, now_ns: int) -> None:
        burst = self.uart.receiver.pop()
        program = self._program
        if program is None:
            return
        if isinstance(program, RomLoader) and program.adopts_baud:
            heard = burst
        elif burst.format.agrees_with(self.uart.receive_format):
            data = receive_as(burst, self.uart.receive_format)
            if data is not burst.data:
                burst = replace(burst, data=data)
            heard = burst
            wanted = program.bytes_wanted(burst)
            if wanted < len(burst.data):
                heard, rest = burst.split(wanted)
                self.uart.receiver.put_back(rest)
        else:
            data = receive_as(burst, self.uart.receive_format)
            if not data:
                return
            heard = Burst(burst.start_ns, data, self.uart.receive_format)
        self.uart.receiver.free_ns = max(now_ns, heard.end_ns())
        self._carry_out(program.receive(heard))
        self._follow_flow(now_ns)

    def _carry_out(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Send(data, at_ns):
                    self.uart.transmitter.send(data, at_ns)
                case SetLineFormat(line_format, flow_control):
                    self._plan(
                        max(self.uart.transmitter.free_ns, self.uart.receiver.free_ns),
                        partial(self._set_receive_format, line_format, flow_control),
                    )
                    self.uart.transmitter.line_format = line_format
                case Transmit(request, at_ns):
                    self._plan(at_ns, partial(self._transmit, request))
                case _:  # what ends the program; what it has sent leaves first
                    at_ns = max(action.at_ns, self.uart.transmitter.free_ns)
                    self._plan(at_ns, self._step_after(action))

    def _step_after(
        self, end: Restart | DeepSleep | RunStub | RunUserCode | RunProgram | Hang
    ) -> Callable[[int], None]:
        match end:
            case Restart():
                return self._restart
            case DeepSleep(duration_us=duration_us):
                return partial(self._fall_asleep, duration_us)
            case RunStub(version=version):
                return partial(self._start_stub, version)
            case RunUserCode():
                return self._run_user_code
            case RunProgram(entry=entry):
                return partial(self._start_ram, entry)
            case Hang():
                return lambda now_ns: self._plan(now_ns + WATCHDOG_NS, self._watchdog)

    def _transmit(self, request: OutsideRequest, now_ns: int) -> None:
        self.outside.take(request, now_ns)

    def _set_receive_format(self, line_format: LineFormat, flow_control: int, now_ns: int) -> None:
        self.uart.receive_format = line_format
        self.uart.flow_control = flow_control
        self._follow_flow(now_ns)

    @property
    def _is_program_full(self) -> bool:
        return isinstance(self._program, AtFirmware) and self._program.is_full

    def _follow_flow(self, now_ns: int) -> None:
        """Let the UART stop and go on as the program takes bytes or does not."""
        self.uart.follow(is_program_full=self._is_program_full, now_ns=now_ns)
        if isinstance(self._program, AtFirmware):
            self._program.follow_line(is_held=self.uart.transmitter.is_held, now_ns=now_ns)

    def _restart(self, now_ns: int) -> None:
        """A software restart: the straps stay latched, the cause repeats the last one."""
        self._stop(now_ns, is_orderly=True)
        if self._cause is ResetCause.POWER_ON:
            self._cause = ResetCause.EXTERNAL  # recorded logs of AT+RST show cause 2
        self._is_second_try = False
        self._boot(now_ns)

    def _run_user_code(self, now_ns: int) -> None:
        """The loader goes on to the flash, whatever the straps said."""
        self._latched = Straps()
        self._restart(now_ns)

    def _start_stub(self, version: int, now_ns: int) -> None:
        loader = self._program
        if isinstance(loader, LoaderProgram):  # a stub can be loaded over another one
            self._start(
                FlasherStub(self.flash, loader.registers, self.uart.receive_format, version), now_ns
            )

    def _start_ram(self, entry: int, now_ns: int) -> None:
        loader = self._program
        if isinstance(loader, LoaderProgram):
            self._start(RamProgram(entry, loader.registers, self.uart.receive_format), now_ns)

    def _fall_asleep(self, duration_us: int, now_ns: int) -> None:
        self._stop(now_ns, is_orderly=True)
        self.phase = Phase.ASLEEP
        if duration_us:
            self._plan(now_ns + duration_us * 1000, self._pull_wake_pin)

    def _pull_wake_pin(self, now_ns: int) -> None:
        del now_ns
        self.is_wake_pin_low = True


def _identity(found: VersionStrings, stated: VersionStrings) -> FirmwareIdentity:
    """Versions as the image tells them, then as the manifest states them, else ``unknown``."""
    return FirmwareIdentity(
        at_version=found.at_version or stated.at_version or "unknown",
        at_build=found.at_build or stated.at_build,
        sdk_version=found.sdk_version or stated.sdk_version or "unknown",
        compile_time=found.compile_time or stated.compile_time or "unknown",
    )
