"""How a real module was found, to leave it so: its stored settings, whatever the plan does to them.

Where the flash can be read, the sectors of the parameters are kept and written back, passwords and
all. Elsewhere what the queries tell is set again; what they do not tell (the password of the access
point, the saved link of passthrough) cannot be, and is reported.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from hil.errors import HilError, NoReplyError
from hil.flashing.flasher import Flasher
from hil.flashing.kept_sectors import KeptSectors, keep_parameters
from hil.rig.need import needs_met_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hil.at.client import AtClient
    from hil.flashing.esptool_session import LoaderSession
    from hil.rig.module import RigModule

_AUTO_CONNECT = "CWAUTOCONN"
"""The document gives it no query; real firmware has one."""

_ADDRESSES = ("CIPAP_DEF", "CIPSTA_DEF")
_SET_AGAIN = (
    *("CWMODE_DEF", "CWSAP_DEF", "CIPSTAMAC_DEF", "CIPAPMAC_DEF"),
    *_ADDRESSES,
    _AUTO_CONNECT,
)
_DHCP = "CWDHCP"
_DHCP_BITS = ((0, 1), (1, 2))
"""An interface as AT+CWDHCP= names it (line 531), and its bit in the answer (line 528)."""

_DHCP_ANSWERS = ("0", "1", "2", "3")

_NETWORK = "CWJAP_DEF"
_BARE_MAC = re.compile(r"[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}")
_FIXED_ADDRESS = re.compile(r'"\d+(?:\.\d+){3}"')
_TIMEOUT_S = 10.0

LOSSES = (
    "has no lines by which its flash could be read: the password of the access point that it joins "
    "by itself, and a saved link of passthrough, will be lost"
)
"""What the plan takes from such a module, to be said before it begins."""


class FoundState(Protocol):
    """What is known of a module from before the plan."""

    def put_back(self, module: RigModule) -> str:
        """Leave the module as it was found.

        Returns:
            What is not as it was, in one line; empty if nothing is.

        Raises:
            HilError: The module does not obey any more.
        """


def find_state(module: RigModule, flash_baud: int) -> FoundState:
    """How a module is now; it runs afterwards as it did before.

    Raises:
        HilError: It does not tell.
    """
    if "flash-read" not in module.has:
        return AskedState(_ask_all(module.at))
    with _loader(module, flash_baud) as session:
        kept = keep_parameters(session)
    return ReadState(kept, flash_baud)


def find_again(module: RigModule) -> None:
    """Do to a module that is played what `find_state` did when it was recorded."""
    if module.replayed is None:
        return
    if "flash-read" in needs_met_by(module.replayed.recorded.lines):
        module.start()  # what was said in the boot loader is not on record
    else:
        _ask_all(module.at)


class ReadState:
    """Parameters that were read out of the flash.

    Args:
        kept: They.
        flash_baud: The rate for writing.
    """

    def __init__(self, kept: KeptSectors, flash_baud: int) -> None:
        self._kept, self._flash_baud = kept, flash_baud

    def put_back(self, module: RigModule) -> str:
        """Write the sectors that have changed."""
        with _loader(module, self._flash_baud) as session:
            self._kept.put_back(session)
        return ""


class AskedState:
    """Parameters that the module told.

    Args:
        told: The answer to each query, in the form in which it can be set.
    """

    def __init__(self, told: Mapping[str, str]) -> None:
        self._told = told

    def put_back(self, module: RigModule) -> str:
        """Set again what can be set and is no factory setting, and ask again.

        Setting an address switches DHCP of its interface off (line 649), so what is the factory's
        is left alone, and DHCP comes last.
        """
        try:
            module.restore()
        except NoReplyError:  # a test was stopped in its midst
            module.at.leave_passthrough()
            module.restore()
        for name in self._different(_ask_all(module.at), _SET_AGAIN):
            module.at.command(f"AT+{name}={self._told[name]}", _TIMEOUT_S)
        for call in _dhcp_calls(self._told.get(_DHCP), _ask(module.at, _DHCP)):
            module.at.command(call, _TIMEOUT_S)
        remarks = [
            "the access point that it joined is forgotten: join it again by AT+CWJAP_DEF"
            if name == _NETWORK
            else f"AT+{name}? tells something else than before"
            for name in self._different(_ask_all(module.at), self._told)
        ]
        return "; ".join([*remarks, f"gone, if it was there, is {' and '.join(self._unknown())}"])

    def _unknown(self) -> Iterator[str]:
        """What no query of this module tells."""
        yield "a saved link of passthrough (AT+SAVETRANSLINK)"
        if _AUTO_CONNECT not in self._told:
            yield f"AT+{_AUTO_CONNECT}=0"

    def _different(self, now: Mapping[str, str], names: Iterable[str]) -> list[str]:
        return [name for name in names if name in self._told and now.get(name) != self._told[name]]


@contextmanager
def _loader(module: RigModule, flash_baud: int) -> Iterator[LoaderSession]:
    """A session with the boot loader; the firmware runs again behind it, however it ends."""
    try:
        with Flasher(module, baud=flash_baud).session() as session:
            yield session
    except BaseException:  # also somebody who stops the run
        with suppress(HilError):  # that of the session is the one to tell
            module.start()
        raise
    module.start()


def _dhcp_calls(told: str | None, now: str | None) -> list[str]:
    """What makes AT+CWDHCP? tell what it told."""
    if told not in _DHCP_ANSWERS or now not in _DHCP_ANSWERS:
        return []
    return [
        f"AT+{_DHCP}={interface},{int(bool(int(told) & bit))}"
        for interface, bit in _DHCP_BITS
        if (int(told) ^ int(now)) & bit
    ]


def _ask_all(at: AtClient) -> dict[str, str]:
    asked = {name: _ask(at, name) for name in (*_SET_AGAIN, _NETWORK, _DHCP)}
    return {name: value for name, value in asked.items() if value is not None}


def _ask(at: AtClient, name: str) -> str | None:
    """What a query tells, as the arguments of the call that sets it; None if it does not."""
    reply = at.command(f"AT+{name}?", _TIMEOUT_S)
    values = reply.values(name)
    if not reply.is_ok or not values:
        return None
    if name in _ADDRESSES:  # real firmware tells gateway and netmask, too, in a line each
        return ",".join(_FIXED_ADDRESS.findall(",".join(values)))
    return f'"{values[0]}"' if _BARE_MAC.fullmatch(values[0]) else values[0]
