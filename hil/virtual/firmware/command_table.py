"""All commands of the firmware by name and form, and how a line becomes an answer."""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

from .basic import BASIC_COMMANDS
from .buffered_sending import BUFFERED_SENDING_COMMANDS
from .command import BUSY, Outcome, error, parse_call
from .connection import CONNECTION_COMMANDS
from .link_opening import LINK_OPENING_COMMANDS
from .local_address import LOCAL_ADDRESS_COMMANDS
from .passthrough_setting import PASSTHROUGH_COMMANDS
from .ping import PING_COMMANDS
from .sending import SENDING_COMMANDS
from .server_setting import SERVER_COMMANDS
from .update import UPDATE_COMMANDS
from .wifi_interface import INTERFACE_COMMANDS
from .wifi_mac import MAC_COMMANDS
from .wifi_mode import WIFI_MODE_COMMANDS
from .wifi_scan import SCAN_COMMANDS
from .wifi_smart_config import SMART_CONFIG_COMMANDS
from .wifi_soft_ap import SOFT_AP_COMMANDS
from .wifi_station import STATION_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .command import Forms, Task
    from .dialect import Dialect
    from .state import FirmwareState

COMMANDS: Mapping[str, Forms] = MappingProxyType(
    {
        **BASIC_COMMANDS,
        **WIFI_MODE_COMMANDS,
        **STATION_COMMANDS,
        **SCAN_COMMANDS,
        **SOFT_AP_COMMANDS,
        **INTERFACE_COMMANDS,
        **MAC_COMMANDS,
        **SMART_CONFIG_COMMANDS,
        **LOCAL_ADDRESS_COMMANDS,
        **CONNECTION_COMMANDS,
        **LINK_OPENING_COMMANDS,
        **SENDING_COMMANDS,
        **PASSTHROUGH_COMMANDS,
        **BUFFERED_SENDING_COMMANDS,
        **SERVER_COMMANDS,
        **UPDATE_COMMANDS,
        **PING_COMMANDS,
    }
)
"""What follows ``AT`` in a command line, to the forms of that command, in any dialect."""


@cache
def commands_of(dialect: Dialect) -> Mapping[str, Forms]:
    """The commands and forms that a dialect has."""
    return {
        name: {
            form: handler
            for form, handler in forms.items()
            if form.called(name) not in dialect.lacks
        }
        for name, forms in COMMANDS.items()
    }


def run_line(state: FirmwareState, command: bytes | None, at_ns: int) -> Outcome | Task:
    """Run a command line that ended at a moment in ns.

    Args:
        state: What the command reads and changes.
        command: Text behind ``AT`` up to CR, or None if the line held no command.
        at_ns: When its line end was received.

    Returns:
        The command's answer, or how it comes about; ERROR if there is no such command, or not in
        this form; busy while SmartConfig lets no other command be carried out.

    Source: lines 148-162, 732; A-08, A-09, A-10, A-41 in docs/ambiguities.
    """
    call = None if command is None else parse_call(command)
    only = state.smart_config.only_command
    if only is not None and (call is None or call.name != only):
        return Outcome(BUSY, at_ns)
    if call is None:
        return error(at_ns)
    handler = state.commands.get(call.name, {}).get(call.form)
    return error(at_ns) if handler is None else handler(state, call, at_ns)
