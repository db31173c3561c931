"""AT+CIUPDATE: fetch the other program from the update server, write it, start it.

What happens, with what is told on the way::

    look up the server's name    +CIPUPDATE:1
    connect                      +CIPUPDATE:2
    ask for the version          +CIPUPDATE:3
    connect again, ask for
    user1.bin or user2.bin       +CIPUPDATE:4
    write it as it comes, check it, throw the switch, OK, restart

Whatever goes wrong ends in ERROR, and the version that runs stays the one that is started: the
switch (`hil.virtual.user_slot`) is thrown last of all. What a server has to offer stands in
docs/update-server.md.

Source: section 5.2, command 16, lines 947-950; A-66 in docs/ambiguities. Requests and time limits
are those of the source of AT 0.20.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hil.units import NS_PER_S
from hil.virtual.action import Restart
from hil.virtual.slot_writer import HEAD_BYTES, SlotWriter, is_for_slot

from .command import Call, Form, Forms, Outcome, Task, Wait, error, ok
from .host import resolve
from .http import OK_STATUS, HttpReply, format_get

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from ipaddress import IPv4Address

    from hil.virtual.user_slot import Slot

    from .state import FirmwareState

SERVER_NAME = b"iot.espressif.cn"
"""Source: A-66 in docs/ambiguities."""

SERVER_PORT = 80
CONNECT_LIMIT_NS = 18 * NS_PER_S
"""As with AT+CIPSTART (A-77)."""

VERSION_LIMIT_NS = 5 * NS_PER_S
"""From the request to the version."""

DOWNLOAD_LIMIT_NS = 60 * NS_PER_S
"""From the request to the last byte of the program."""

_VERSION_TARGET = "/v1/device/rom/?is_format_simple=true"
_PROGRAM_TARGET = "/v1/device/rom/?action=download_rom&version={version}&filename=user{number}.bin"
_VERSION = re.compile(rb'"rom_version"\s*:\s*"([A-Za-z0-9._-]{1,15})"')
_LONGEST_VERSION_BYTES = 4096


def update_firmware(state: FirmwareState, _call: Call, at_ns: int) -> Outcome | Task:
    """AT+CIUPDATE. Source: lines 947-950."""
    slot = state.slots.other()
    if slot is None or not state.station.has_ip:
        return error(at_ns)
    return _update(state, slot, at_ns)


def _update(state: FirmwareState, slot: Slot, now_ns: int) -> Task:
    is_done, now_ns = yield from _fetch(state, slot, now_ns)
    if not is_done:
        state.own_connection.abort(now_ns)
        return error(now_ns)
    now_ns = state.slots.switch.choose(slot.number, now_ns)
    return ok(now_ns, finish=lambda at_ns: (Restart(at_ns),))


def _fetch(state: FirmwareState, slot: Slot, now_ns: int) -> Generator[Wait, int, tuple[bool, int]]:
    """The part of the task that leads to a sound program in a slot; whether it is there."""
    address, now_ns = yield from resolve(state, SERVER_NAME, now_ns)
    if address is None:
        return False, now_ns
    _tell(state, 1, now_ns)
    is_open, now_ns = yield from _connect(state, address, now_ns)
    if not is_open:
        return False, now_ns
    _tell(state, 2, now_ns)
    version, now_ns = yield from _ask_version(state, address, now_ns)
    if version is None:
        return False, now_ns
    _tell(state, 3, now_ns)
    is_open, now_ns = yield from _connect(state, address, now_ns)
    if not is_open:
        return False, now_ns
    target = _PROGRAM_TARGET.format(version=version, number=slot.number)
    _ask(state, address, target, "1.1", now_ns)
    _tell(state, 4, now_ns)
    return (yield from _write(state, slot, now_ns))


def _tell(state: FirmwareState, stage: int, now_ns: int) -> None:
    """Source: lines 948-949; A-66 for the P in the name."""
    state.out.send(b"+CIPUPDATE:%d\r\n" % stage, now_ns)


def _connect(
    state: FirmwareState, address: IPv4Address, now_ns: int
) -> Generator[Wait, int, tuple[bool, int]]:
    connection = state.own_connection
    connection.open(address, SERVER_PORT, now_ns)
    now_ns = yield Wait(
        until_ns=now_ns + CONNECT_LIMIT_NS, is_met=lambda: connection.is_open or connection.is_over
    )
    return connection.is_open, now_ns


def _ask(
    state: FirmwareState, address: IPv4Address, target: str, version: str, now_ns: int
) -> None:
    request = format_get(target, f"{address}:{SERVER_PORT}", version)
    state.own_connection.send(request, now_ns)


def _ask_version(
    state: FirmwareState, address: IPv4Address, now_ns: int
) -> Generator[Wait, int, tuple[str | None, int]]:
    """The part of the task that asks for the version of the program that can be had."""
    connection = state.own_connection
    limit_ns = now_ns + VERSION_LIMIT_NS
    _ask(state, address, _VERSION_TARGET, "1.0", now_ns)
    reply, body = HttpReply(), b""
    while now_ns < limit_ns and len(body) < _LONGEST_VERSION_BYTES:
        now_ns = yield Wait(until_ns=limit_ns, is_met=lambda: connection.has_news)
        data = connection.read()
        connection.grant(len(data), now_ns)
        body += reply.take(data)
        version = _VERSION.search(body) if reply.status == OK_STATUS else None
        if version is not None:
            connection.close(now_ns)
            return version[1].decode("ascii"), now_ns
        if connection.is_over or reply.is_broken:
            break
    return None, now_ns


def _write(state: FirmwareState, slot: Slot, now_ns: int) -> Generator[Wait, int, tuple[bool, int]]:
    """The part of the task that takes the program, writes and checks it.

    The server may send on when the flash is done with what has come.
    """
    connection = state.own_connection
    limit_ns = now_ns + DOWNLOAD_LIMIT_NS
    download = _Download(SlotWriter(state.slots.flash, slot), slot)
    while not download.is_complete:
        is_dry = connection.is_over and not connection.received
        if download.is_refused or is_dry or now_ns >= limit_ns:
            return False, now_ns
        now_ns = yield Wait(until_ns=limit_ns, is_met=lambda: connection.has_news)
        data = connection.read()
        written_ns = download.take(data, now_ns)
        if written_ns > now_ns:
            now_ns = yield Wait(until_ns=written_ns)
        connection.grant(len(data), now_ns)
    connection.close(now_ns)
    return download.is_sound, now_ns


class _Download:
    """The reply that brings a program, and how far that has got.

    Nothing is erased before the reply has turned out to be a program for the slot.

    Args:
        writer: Writes into the slot.
        slot: The slot.

    Attributes:
        is_refused: Whether the reply is of no use.
        is_complete: Whether the program is in the flash, as long as the reply said.
    """

    def __init__(self, writer: SlotWriter, slot: Slot) -> None:
        self._writer = writer
        self._slot = slot
        self._reply = HttpReply()
        self._unwritten = b""
        self.is_refused = False
        self.is_complete = False

    @property
    def is_sound(self) -> bool:
        """Whether the program that is in the flash is a whole one."""
        return self._writer.is_sound()

    def take(self, data: bytes, now_ns: int) -> int:
        """Take bytes from the connection; returns when the flash is done with them, in ns."""
        self._unwritten += self._reply.take(data)
        length = self._reply.length or 0
        if not self._writer.taken_bytes:
            self.is_refused = not self._may_be_right(length)
            if self.is_refused or len(self._unwritten) < HEAD_BYTES:
                return now_ns
        now_ns = self._writer.write(self._unwritten[: length - self._writer.taken_bytes], now_ns)
        self._unwritten = b""
        if self._writer.taken_bytes == length:
            self.is_complete = True
            now_ns = self._writer.finish(now_ns)
        return now_ns

    def _may_be_right(self, length: int) -> bool:
        """Whether nothing yet speaks against status, length and the first bytes."""
        if not self._reply.has_head:
            return not self._reply.is_broken
        has_room = HEAD_BYTES <= length <= self._slot.size_bytes
        head = self._unwritten[:HEAD_BYTES]
        is_program = len(head) < HEAD_BYTES or is_for_slot(head, self._slot)
        return self._reply.status == OK_STATUS and has_room and is_program


UPDATE_COMMANDS: Mapping[str, Forms] = {"+CIUPDATE": {Form.EXECUTE: update_firmware}}
"""Name behind ``AT`` to the forms that the command has. Source: line 764."""
