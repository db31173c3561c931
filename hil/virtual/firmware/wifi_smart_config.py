"""SmartConfig's commands: AT+CWSTARTSMART and AT+CWSTOPSMART, which close section 4."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Call, Form, Forms, Outcome, error, ok, parse_numbers
from .settings import WifiMode
from .smart_config import STOP_COMMAND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hil.virtual.action import Action

    from .state import FirmwareState


def start_smart_config(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
    """AT+CWSTARTSMART=: OK, and the station leaves its network and listens.

    Before it can be started again, AT+CWSTOPSMART has to release what it took (line 739).

    Source: section 4, command 29, lines 728-732; A-41 in docs/ambiguities.
    """
    match parse_numbers(call.arguments):
        case (1 | 2 as kind,) if state.wifi_mode is WifiMode.STATION and state.smart_config.is_idle:
            state.station.tell_leaving(at_ns)

            def listen(now_ns: int) -> Sequence[Action]:
                state.smart_config.listen(kind, now_ns)
                return ()

            return ok(at_ns, finish=listen)
    return error(at_ns)


def stop_smart_config(state: FirmwareState, _call: Call, at_ns: int) -> Outcome:
    """AT+CWSTOPSMART, running or not. Source: section 4, command 30, lines 737-739; A-41."""
    state.smart_config.stop(at_ns)
    return ok(at_ns)


SMART_CONFIG_COMMANDS: Mapping[str, Forms] = {
    "+CWSTARTSMART": {Form.SET: start_smart_config},
    STOP_COMMAND: {Form.EXECUTE: stop_smart_config},
}
"""Name behind ``AT`` to the forms that the command has. Source: lines 338-339."""
