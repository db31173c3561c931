"""Faults of start-up and of the basic commands: sections 2 and 3 of the document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hil.units import NS_PER_S
from hil.virtual.action import DeepSleep

from .command import Form
from .fault import Fault
from .fault_block import (
    acting_first,
    also_called,
    answering,
    answering_only,
    building,
    exchanging,
    following,
    hiding_errors,
    in_wifi_mode,
    mistaking,
    replacing,
    saying,
    starting,
    wrap,
)
from .fault_family import cur_saves, def_forgets, family
from .parameter_store import ParameterStore
from .settings import WifiMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hil.virtual.action import Action

    from .state import FirmwareState

_UART = family("UART")
_WAITING = (
    *family("CWJAP"),
    "AT+CWLAP",
    "AT+CWSTARTSMART",
    "AT+CIPSTART",
    "AT+PING",
    "AT+CIUPDATE",
)
"""Commands that wait for the outside, so that a line can come meanwhile."""

_START_DELAY_NS = 10 * NS_PER_S
_LIGHT_SLEEP = 1


class _LateStore(ParameterStore):
    """Takes its time to look after what a power cut has left."""

    def recover(self, at_ns: int) -> int:
        return super().recover(at_ns) + _START_DELAY_NS


def _be_silent(state: FirmwareState) -> None:
    state.echo = False


def _sleep_lightly(state: FirmwareState) -> None:
    state.sleep_mode = _LIGHT_SLEEP


def _twice_as_long(actions: Sequence[Action]) -> Sequence[Action]:
    return [
        replace(action, duration_us=2 * action.duration_us)
        if isinstance(action, DeepSleep)
        else action
        for action in actions
    ]


_START_FAULTS = (
    Fault(
        "ready-is-missing",
        "The firmware does not say when it is ready.",
        ("AT+RST",),
        saying(replacing(rb"\A\r\nready\r\n\Z", b"")),
    ),
    Fault(
        "start-takes-ten-seconds",
        "The firmware needs ten seconds until it is ready.",
        ("AT", "AT+RST"),
        building(ParameterStore, _LateStore),
    ),
    Fault(
        "busy-is-missing",
        "A line that comes while a command runs is lost without a word.",
        _WAITING,
        saying(replacing(rb"\A\r\nbusy p\.\.\.\r\n\Z", b"")),
    ),
    Fault(
        "small-letters-are-taken",
        "AT+gmr is taken for AT+GMR.",
        ("GENERAL", "AT+GMR"),
        also_called("AT+GMR", "AT+gmr"),
    ),
)

_LINE_FAULTS = (
    Fault(
        "echo-stays-on",
        "ATE0 answers OK and goes on echoing.",
        ("ATE",),
        wrap(["ATE"], Form.SUFFIX, mistaking(lambda _: b"1")),
    ),
    Fault(
        "echo-is-off-at-start",
        "Nothing is echoed before ATE1.",
        ("ATE",),
        starting(_be_silent),
    ),
    Fault(
        "ate-accepts-anything",
        "ATE with another number than 0 and 1 answers OK.",
        ("ATE",),
        wrap(["ATE"], Form.SUFFIX, hiding_errors()),
    ),
    cur_saves("UART"),
    def_forgets("UART"),
    Fault(
        "uart-refuses-lowest-speed",
        "AT+UART and its kin refuse 110 baud.",
        _UART,
        wrap(_UART, Form.SET, mistaking(exchanging(0, {b"110": b"109"}))),
    ),
    Fault(
        "uart-takes-too-high-speed",
        "AT+UART and its kin take 4608001 baud for 4608000.",
        _UART,
        wrap(_UART, Form.SET, mistaking(exchanging(0, {b"4608001": b"4608000"}))),
    ),
    Fault(
        "uart-refuses-five-data-bits",
        "AT+UART and its kin refuse 5 data bits.",
        _UART,
        wrap(_UART, Form.SET, mistaking(exchanging(1, {b"5": b"4"}))),
    ),
    Fault(
        "uart-rounds-up-stop-bits",
        "AT+UART and its kin make 2 stop bits of 1.5.",
        _UART,
        wrap(_UART, Form.SET, mistaking(exchanging(2, {b"2": b"3"}))),
    ),
    Fault(
        "uart-mixes-up-parities",
        "AT+UART and its kin take odd parity for even and even for odd.",
        _UART,
        wrap(_UART, Form.SET, mistaking(exchanging(3, {b"1": b"2", b"2": b"1"}))),
    ),
    Fault(
        "uart-drops-flow-control",
        "AT+UART and its kin switch no flow control on.",
        _UART,
        wrap(_UART, Form.SET, mistaking(exchanging(4, {b"1": b"0", b"2": b"0", b"3": b"0"}))),
    ),
    Fault(
        "uart-answers-with-new-settings",
        "AT+UART and its kin switch over before they answer.",
        _UART,
        wrap(_UART, Form.SET, acting_first()),
    ),
)

_CHIP_FAULTS = (
    Fault(
        "rst-stays-running",
        "AT+RST answers OK and does not restart.",
        ("AT+RST",),
        wrap(["AT+RST"], Form.EXECUTE, answering_only()),
    ),
    Fault(
        "gmr-leaves-out-compile-time",
        "AT+GMR does not tell when the firmware was compiled.",
        ("AT+GMR",),
        wrap(["AT+GMR"], Form.EXECUTE, answering(replacing(rb"compile time:[^\r]*\r\n", b""))),
    ),
    Fault(
        "gslp-oversleeps",
        "Deep sleep lasts twice as long as asked for.",
        ("AT+GSLP",),
        wrap(["AT+GSLP"], Form.SET, following(_twice_as_long)),
    ),
    Fault(
        "gslp-stays-awake",
        "AT+GSLP answers OK and does not sleep.",
        ("AT+GSLP",),
        wrap(["AT+GSLP"], Form.SET, answering_only()),
    ),
    Fault(
        "gslp-leaves-out-time",
        "AT+GSLP does not repeat the time.",
        ("AT+GSLP",),
        wrap(["AT+GSLP"], Form.SET, answering(replacing(rb"\A\d+\r\n", b""))),
    ),
    Fault(
        "restore-stays-running",
        "AT+RESTORE answers OK and does not restart.",
        ("AT+RESTORE",),
        wrap(["AT+RESTORE"], Form.EXECUTE, answering_only()),
    ),
    Fault(
        "sleep-takes-three",
        "AT+SLEEP takes 3 for 2.",
        ("AT+SLEEP",),
        wrap(["AT+SLEEP"], Form.SET, mistaking(exchanging(0, {b"3": b"2"}))),
    ),
    Fault(
        "sleep-works-with-soft-ap",
        "AT+SLEEP sets the mode whatever the Wi-Fi mode is.",
        ("AT+SLEEP",),
        wrap(
            ["AT+SLEEP"],
            Form.SET,
            in_wifi_mode(WifiMode.STATION),
        ),
    ),
    Fault(
        "sleep-starts-in-light-sleep",
        "The sleep mode is light sleep after a start.",
        ("AT+SLEEP",),
        starting(_sleep_lightly),
    ),
)

BASIC_FAULTS = (*_START_FAULTS, *_LINE_FAULTS, *_CHIP_FAULTS)
"""In the order of the document's subjects: start-up and lines, UART, chip."""
