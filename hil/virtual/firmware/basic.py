"""The basic commands: section 3 of the document, in its order."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hil.units import NS_PER_MS, NS_PER_US
from hil.virtual.action import DeepSleep, Restart, SetLineFormat

from .command import (
    VARIANTS,
    Call,
    Form,
    Forms,
    Outcome,
    Variant,
    error,
    ok,
    ok_without_blank_line,
    parse_numbers,
)
from .settings import UartSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.virtual.action import Action

    from .state import FirmwareState

SPEED_PAUSE_NS = 10 * NS_PER_MS
"""What AT+IPR waits when the last byte has left, before it sets the new speed."""

LONGEST_SLEEP_MS = 4_294_967
"""The sleep counter has 32 bits of microseconds. Source: A-17 in docs/ambiguities."""


def confirm_start_up(_state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT. Source: section 3, command 1, lines 191-193."""
    return ok(at_ns)


def restart(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+RST: OK, then the restart. Source: section 3, command 2, lines 201-204; A-70."""
    return ok(at_ns, finish=partial(_restart_chip, state))


def view_version(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+GMR. Source: section 3, command 3, lines 212-213; A-05, A-06, A-73 in docs/ambiguities."""
    identity = state.identity
    build = f"({identity.at_build})" if identity.at_build else ""
    answer = ok if state.dialect.gmr_blank_line else ok_without_blank_line
    return answer(
        at_ns,
        f"AT version:{identity.at_version}{build}",
        f"SDK version:{identity.sdk_version}",
        f"compile time:{identity.compile_time}",
    )


def enter_deep_sleep(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+GSLP: the time, OK, then deep sleep; 0 sleeps until an external reset.

    Source: section 3, command 4, lines 217-221; A-15, A-16, A-17 in docs/ambiguities.
    """
    match parse_numbers(call.arguments):
        case (time_ms,) if time_ms <= LONGEST_SLEEP_MS:
            duration_us = time_ms * NS_PER_MS // NS_PER_US
            lines = (str(time_ms),) if state.dialect.gslp_repeats_time else ()
            return ok(at_ns, *lines, finish=lambda now_ns: (DeepSleep(now_ns, duration_us),))
    return error(at_ns)


def switch_echo(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """ATE0 and ATE1. Source: section 3, command 5, lines 225-231; A-18 in docs/ambiguities."""
    if call.arguments not in {b"0", b"1"}:
        return error(at_ns)
    state.echo = call.arguments == b"1"
    return ok(at_ns)


def factory_reset(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+RESTORE: both areas are reset, OK, then the restart.

    Source: section 3, command 6, lines 235-239; A-30 in docs/ambiguities.
    """
    return ok(state.store.restore(at_ns), finish=partial(_restart_chip, state))


def set_uart(variant: Variant, state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+UART, _CUR, _DEF: OK with the old settings, then the new ones.

    Source: section 3, commands 7 to 9, lines 243-288; A-08, A-20, A-22 in docs/ambiguities.
    """
    numbers = parse_numbers(call.arguments)
    if numbers is None or len(numbers) != 5:
        return error(at_ns)
    uart = UartSettings(*numbers)
    dialect = state.dialect
    if not uart.is_legal or not dialect.lowest_baud <= uart.baud <= dialect.highest_baud:
        return error(at_ns)
    if variant.stores:
        at_ns = state.store.save_user(replace(state.store.user, uart=uart), at_ns)

    def switch_uart(_now_ns: int) -> Sequence[Action]:
        state.uart = uart
        state.out.line_format = uart.line_format
        return (SetLineFormat(uart.line_format, uart.flow_control),)

    return ok(at_ns, finish=switch_uart)


def set_speed(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+IPR=, which only the firmware 0.23 has: stores a speed; OK comes at the new one.

    Source: read from the library of SDK 1.0.1.
    """
    match parse_numbers(call.arguments):
        case (baud,) if state.dialect.lowest_baud <= baud <= state.dialect.highest_baud:
            pass
        case _:
            return error(at_ns)
    user = state.store.user
    state.uart = replace(state.uart, baud=baud)
    state.out.line_format = state.uart.line_format
    state.out.add((SetLineFormat(state.uart.line_format, state.uart.flow_control),))
    stored = replace(user, uart=replace(user.uart, baud=baud))
    return ok(state.store.save_user(stored, at_ns + SPEED_PAUSE_NS))


def query_sleep_mode(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+SLEEP?, in every Wi-Fi mode. Source: section 3, command 10, line 298; A-23."""
    return ok(at_ns, f"+SLEEP:{state.sleep_mode}")


def set_sleep_mode(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+SLEEP=. Source: section 3, command 10, lines 294-299; A-23, A-75 in docs/ambiguities."""
    is_refused = state.dialect.sleep_needs_station_mode and state.wifi_mode.has_soft_ap
    match parse_numbers(call.arguments):
        case (mode,) if mode <= 2 and not is_refused:
            state.sleep_mode = mode
            return ok(at_ns)
    return error(at_ns)


def _restart_chip(state: FirmwareState, now_ns: int) -> Sequence[Action]:
    """The restart; a firmware that takes its time has left its network before."""
    delay_ns = state.dialect.restart_delay_ms * NS_PER_MS
    if delay_ns:
        state.station.leave(now_ns)
    return (Restart(now_ns + delay_ns),)


BASIC_COMMANDS: Mapping[str, Forms] = {
    "": {Form.EXECUTE: confirm_start_up},
    "+RST": {Form.EXECUTE: restart},
    "+GMR": {Form.EXECUTE: view_version},
    "+GSLP": {Form.SET: enter_deep_sleep},
    "E": {Form.SUFFIX: switch_echo},
    "+RESTORE": {Form.EXECUTE: factory_reset},
    **{f"+UART{each.suffix}": {Form.SET: partial(set_uart, each)} for each in VARIANTS},
    "+IPR": {Form.SET: set_speed},
    "+SLEEP": {Form.QUERY: query_sleep_mode, Form.SET: set_sleep_mode},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 174-183."""
