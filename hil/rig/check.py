"""Proves that a rig does what its description says, one line after the other.

Each check uses what the ones before it have proved. What fails comes with what to look at; what
the rig does not have is named and skipped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from hil.errors import HilError, NeedMissingError, NoReplyError
from hil.flashing.flasher import Flasher
from hil.ports.control_lines import Line
from hil.units import format_size

from .module import POWER_OFF_S, READY_TIMEOUT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .module import RigModule
    from .rig import Rig

SILENCE_TIMEOUT_S = 0.5


class CheckOutcome(Enum):
    """What a check found."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_WIRED = "not wired"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One line of the table.

    Args:
        module: Which module, ``slot 0``.
        name: What was checked.
        outcome: What came out.
        detail: What was seen.
        remedy: What to look at; empty unless it failed.
    """

    module: str
    name: str
    outcome: CheckOutcome
    detail: str
    remedy: str = ""


class _UnprovedError(Exception):
    """What was seen does not prove the check."""


def check_rig(rig: Rig) -> Iterator[CheckResult]:
    """Check all modules of a rig; results come as they are found.

    Effects: every module is reset several times, and its supply cut if the rig can do that.
    """
    for module in rig.modules:
        for check in _CHECKS:
            yield check.run(module, rig.description.flash_baud)


@dataclass(frozen=True, slots=True)
class _Check:
    name: str
    lines: frozenset[Line]
    prove: Callable[[RigModule, int], str]
    remedy: str

    def run(self, module: RigModule, flash_baud: int) -> CheckResult:
        missing = self.lines - module.lines.lines
        if missing:
            words = ", ".join(sorted(line.value for line in missing))
            return CheckResult(
                module.name, self.name, CheckOutcome.NOT_WIRED, f"the rig has no {words}"
            )
        try:
            detail = self.prove(module, flash_baud)
        except NeedMissingError as error:
            return CheckResult(module.name, self.name, CheckOutcome.NOT_WIRED, str(error))
        except (HilError, _UnprovedError) as error:
            return CheckResult(module.name, self.name, CheckOutcome.FAILED, str(error), self.remedy)
        return CheckResult(module.name, self.name, CheckOutcome.PASSED, detail)


def _prove_reset(module: RigModule, flash_baud: int) -> str:
    del flash_baud
    capture = module.reset()
    banner = capture.log.banner
    if banner is None:
        raise _UnprovedError(
            f"no boot log at {capture.baud} baud after a reset; {len(capture.raw)} bytes came"
        )
    return f"boot log with cause {int(banner.cause)}, boot mode {banner.boot_mode}"


def _prove_firmware(module: RigModule, flash_baud: int) -> str:
    del flash_baud
    module.at.wait_ready(READY_TIMEOUT_S)
    module.at.at()  # `ready` comes unasked: it proves one direction only
    return f"AT is answered at {module.description.baud} baud"


def _prove_loader(module: RigModule, flash_baud: int) -> str:
    try:
        with Flasher(module, baud=flash_baud).session() as session:
            return (
                f"{session.chip_name}, MAC {session.mac}, {format_size(session.flash_size_bytes)} "
                f"of flash, data at {flash_baud} baud"
            )
    finally:
        if module.lines.lines & {Line.RESET, Line.POWER}:
            module.reset()  # out of the loader: this may be the last check


def _prove_power(module: RigModule, flash_baud: int) -> str:
    del flash_baud
    module.start()
    module.lines.set({Line.POWER: False})
    module.clock.sleep(POWER_OFF_S)
    try:
        module.at.command("AT", timeout_s=SILENCE_TIMEOUT_S)
    except NoReplyError:
        pass
    else:
        raise _UnprovedError("the module still answers AT a second after its supply was cut")
    finally:
        module.lines.set({Line.POWER: True})
    banner = module.power_cycle().log.banner
    if banner is None:
        raise _UnprovedError("no boot log after the supply came back")
    return f"silent without supply, boots with cause {int(banner.cause)}"


_CHECKS = (
    _Check(
        "EXT_RSTB resets",
        frozenset({Line.RESET}),
        _prove_reset,
        "the wire from the reset line to EXT_RSTB, the `circuit` in the rig file, RX of the "
        "adapter, and whether the crystal is a 26 MHz one",
    ),
    _Check(
        "the firmware answers",
        frozenset(),
        _prove_firmware,
        "TX of the adapter, the `baud` in the rig file, and whether an AT firmware is on the "
        "module (`hil flash` writes one)",
    ),
    _Check(
        "GPIO0 enters the loader",
        frozenset({Line.STRAP}),
        _prove_loader,
        "the wire from the strap line to GPIO0, GPIO15 to ground, and `flash_baud` if the loader "
        "answers and the stub does not",
    ),
    _Check(
        "power cuts",
        frozenset({Line.POWER}),
        _prove_power,
        "the relay or supply output, and whether the adapter feeds the module through TX or 3V3",
    ),
)
