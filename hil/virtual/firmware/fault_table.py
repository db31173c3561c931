"""The faults of the firmware by name, section by section of the document."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from hil.virtual.action import DeepSleep

from .basic import set_uart
from .command import VARIANTS, Form
from .fault import Fault, answering, following, mistaking, rewire
from .wifi_mode import set_wifi_mode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.virtual.action import Action

_, _CUR, _DEF = VARIANTS
_STORING_CUR = replace(_CUR, stores=True)
_FORGETFUL_DEF = replace(_DEF, stores=False)

_OK = b"\r\nOK\r\n"
_ERROR = b"\r\nERROR\r\n"


def _ok_for_error(text: bytes) -> bytes:
    return text.replace(_ERROR, _OK)


def _twice_as_long(actions: Sequence[Action]) -> Sequence[Action]:
    return [
        replace(action, duration_us=2 * action.duration_us)
        if isinstance(action, DeepSleep)
        else action
        for action in actions
    ]


_BASIC = (
    Fault(
        "echo-stays-on",
        "ATE0 answers OK and goes on echoing.",
        ("ATE",),
        rewire(["E"], Form.SUFFIX, mistaking(lambda _: b"1")),
    ),
    Fault(
        "ate-accepts-anything",
        "ATE with another number than 0 and 1 answers OK.",
        ("ATE",),
        rewire(["E"], Form.SUFFIX, answering(_ok_for_error)),
    ),
    Fault(
        "gslp-oversleeps",
        "Deep sleep lasts twice as long as asked for.",
        ("AT+GSLP",),
        rewire(["+GSLP"], Form.SET, following(_twice_as_long)),
    ),
    Fault(
        "uart-cur-saves",
        "AT+UART_CUR writes to flash.",
        ("AT+UART_CUR",),
        rewire(["+UART_CUR"], Form.SET, lambda _: partial(set_uart, _STORING_CUR)),
    ),
    Fault(
        "uart-def-forgets",
        "AT+UART_DEF does not write to flash.",
        ("AT+UART_DEF",),
        rewire(["+UART_DEF"], Form.SET, lambda _: partial(set_uart, _FORGETFUL_DEF)),
    ),
)

_WIFI = (
    Fault(
        "cwmode-cur-saves",
        "AT+CWMODE_CUR writes to flash.",
        ("AT+CWMODE_CUR",),
        rewire(["+CWMODE_CUR"], Form.SET, lambda _: partial(set_wifi_mode, _STORING_CUR)),
    ),
    Fault(
        "cwmode-def-forgets",
        "AT+CWMODE_DEF does not write to flash.",
        ("AT+CWMODE_DEF",),
        rewire(["+CWMODE_DEF"], Form.SET, lambda _: partial(set_wifi_mode, _FORGETFUL_DEF)),
    ),
)

FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in (*_BASIC, *_WIFI)})
"""All faults by name."""
