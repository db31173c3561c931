"""Where every test of this plan starts: factory settings, echo off, command mode.

Going there by AT+RESTORE each time would wear the flash and take half an hour on a real module.
What a test sends tells what it can have disturbed, and the next one starts from the least that puts
that right: nothing, closing links, a restart, or AT+RESTORE.
"""

from __future__ import annotations

import re
from dataclasses import replace
from enum import IntEnum
from typing import TYPE_CHECKING

from hil.at.talk import OK
from hil.errors import MisbehaviourError
from hil.ports.control_lines import Line

from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint
    from hil.rig.module import RigModule

    from .found import FoundState


class Disturbance(IntEnum):
    """What has to be put right."""

    NONE = 0
    LINKS = 1
    RUNNING = 2
    STORED = 3


_NAMES = {
    Disturbance.NONE: "GMR CWLAP CWLIF CIFSR CIPSTATUS CIPBUFSTATUS CIPCHECKSEG CIPCHECKSEQ PING",
    Disturbance.LINKS: "CIPSTART CIPSEND CIPSENDEX CIPSENDBUF CIPBUFRESET CIPCLOSE CIPMUX "
    "CIPSERVER CIPMODE",
    Disturbance.STORED: "RESTORE UART UART_DEF CWMODE CWMODE_DEF CWJAP CWJAP_DEF CWSAP CWSAP_DEF "
    "CWDHCP CWDHCP_DEF CWAUTOCONN CIPSTAMAC CIPSTAMAC_DEF CIPAPMAC CIPAPMAC_DEF CIPSTA CIPSTA_DEF "
    "CIPAP CIPAP_DEF CWSTARTSMART SAVETRANSLINK CIUPDATE",
}
_DISTURBANCES = {name: level for level, names in _NAMES.items() for name in names.split()}
_CALL = re.compile(rb"AT\+([A-Z_]+)(=\?|\?|=|)")


def disturbance_of(line: bytes) -> Disturbance:
    """What a line can disturb; what is not known is put right by a restart."""
    if line in (b"AT", b"ATE0"):
        return Disturbance.NONE
    match = _CALL.match(line)
    if match is None:
        return Disturbance.RUNNING
    if match[2] in (b"?", b"=?"):
        return Disturbance.NONE
    return _DISTURBANCES.get(match[1].decode(), Disturbance.RUNNING)


class Baseline:
    """What tests have left behind on one module, and how the next one gets its start.

    Args:
        module: The module.
        found: How it was before, if it is to be left so.
    """

    def __init__(self, module: RigModule, found: FoundState | None = None) -> None:
        self._module = module
        self._found = found
        self._description = module.description
        self._worst = Disturbance.STORED
        self._turn = 0
        self._starts = 0
        self._is_joined = False

    def use_rate(self, baud: int) -> None:
        """Let the module start at another rate from the next test on; it is stored by then."""
        if self._module.description.baud != baud:
            self._module.description = replace(self._module.description, baud=baud)
            self._worst = Disturbance.STORED

    def leave_as_found(self) -> str:
        """Give the module its settings back.

        Returns:
            What is not as it was; empty if nothing is.

        Raises:
            HilError: It does not obey any more.
        """
        self._module.description = self._description
        return "" if self._found is None else self._found.put_back(self._module)

    def note(self, line: bytes) -> None:
        """A test sends a line."""
        self._worst = max(self._worst, disturbance_of(line))

    def disturb(self, level: Disturbance = Disturbance.RUNNING) -> None:
        """A test does something else: a restart, a power cut, bytes to the flash."""
        self._worst = max(self._worst, level)

    def reach(self, talk: Talk, *, is_joined: bool) -> None:
        """Bring the module to where a test starts.

        Args:
            talk: With it.
            is_joined: The test wants it joined to the access point, so that it may stay so.
        """
        level = self._worst if self._module.turns == self._turn + 1 else Disturbance.STORED
        if self._is_joined and not is_joined:
            level = max(level, Disturbance.RUNNING)
        if level is Disturbance.LINKS and not (self._is_joined and _close_links(talk)):
            level = Disturbance.RUNNING
        if level is Disturbance.STORED:
            self._restore()
        elif level is Disturbance.RUNNING:
            self._restart()
        if level >= Disturbance.RUNNING:
            self._is_joined = False
            talk.at.forget()
            talk.at.command("ATE0")
        self._turn = self._module.turns
        self.has_begun()

    def has_begun(self) -> None:
        """The module has just been started with factory settings, and its echo is off."""
        self._worst = Disturbance.NONE
        self._starts = len(self._module.boot_captures)

    def finish(self) -> None:
        """A test has ended: starts of its own are to be put right."""
        if len(self._module.boot_captures) != self._starts:
            self.disturb()

    def join(self, talk: Talk, access_point: AccessPoint) -> None:
        """Let the module be a station that is joined to the access point and has an address."""
        if self._is_joined:
            return
        talk.ok("AT+CWMODE_CUR=1")
        talk.ok(join_call(access_point))
        talk.unsolicited()
        self._is_joined = True
        self._worst = Disturbance.NONE

    def _restore(self) -> None:
        try:
            self._module.restore()
        except MisbehaviourError:
            self._module.recover()

    def _restart(self) -> None:
        lines = self._module.lines.lines
        if Line.RESET in lines or Line.POWER in lines:
            self._module.start()
        else:
            self._module.at.rst()


def _close_links(talk: Talk) -> bool:
    """Close links and leave every mode of links; returns whether it is seen to have worked."""
    talk.say("AT+CIPMODE=0")
    talk.say("AT+CIPSERVER=0")
    if talk.say("AT+CIPMUX?").match("+CIPMUX:1", OK):
        for link in range(5):
            talk.say(f"AT+CIPCLOSE={link}")
    else:
        talk.say("AT+CIPCLOSE")
    talk.say("AT+CIPMUX=0")
    talk.unsolicited()
    is_idle = talk.say("AT+CIPSTATUS").match(re.compile(r"STATUS:[24]"), OK)
    is_plain = talk.say("AT+CIPMODE?").match("+CIPMODE:0", OK)
    is_single = talk.say("AT+CIPMUX?").match("+CIPMUX:0", OK)
    return bool(is_idle and is_plain and is_single)
