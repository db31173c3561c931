"""All commands of the firmware by name and form, and how a line becomes an answer."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from .basic import BASIC_COMMANDS
from .command import error, parse_call
from .wifi_mode import WIFI_MODE_COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .command import Forms, Outcome, Task
    from .state import FirmwareState

COMMANDS: Mapping[str, Forms] = MappingProxyType({**BASIC_COMMANDS, **WIFI_MODE_COMMANDS})
"""What follows ``AT`` in a command line, to the forms of that command."""


def run_line(state: FirmwareState, command: bytes | None, at_ns: int) -> Outcome | Task:
    """Run a command line that ended at a moment in ns.

    Args:
        state: What the command reads and changes.
        command: Text behind ``AT`` up to CR, or None if the line held no command.
        at_ns: When its line end was received.

    Returns:
        The command's answer, or how it comes about; ERROR if there is no such command, or not in
        this form.

    Source: lines 148-162; A-08, A-09, A-10 in docs/ambiguities.
    """
    call = None if command is None else parse_call(command)
    if call is None:
        return error(at_ns)
    handler = state.commands.get(call.name, {}).get(call.form)
    return error(at_ns) if handler is None else handler(state, call, at_ns)
