"""How a real module was found, to leave it so: its stored settings, whatever the plan does to them.

Where the flash can be read, the sectors of the parameters are kept and written back, passwords and
all. Elsewhere what the queries tell is set again; what they do not tell (the password of the access
point, the saved link of passthrough) cannot be, and is reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from hil.flashing.flasher import Flasher
from hil.flashing.kept_sectors import KeptSectors, keep_parameters

if TYPE_CHECKING:
    from hil.at.client import AtClient
    from hil.rig.module import RigModule

_SET_AGAIN = ("CWMODE_DEF", "CWSAP_DEF", "CIPSTAMAC_DEF", "CIPAPMAC_DEF", "CIPAP_DEF")
_ASKED_ONLY = ("CWJAP_DEF", "CIPSTA_DEF", "CWDHCP", "CWAUTOCONN")
_TIMEOUT_S = 10.0


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
    with Flasher(module, baud=flash_baud).session() as session:
        kept = keep_parameters(session)
    module.start()
    return ReadState(kept, flash_baud)


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
        with Flasher(module, baud=self._flash_baud).session() as session:
            self._kept.put_back(session)
        module.start()
        return ""


class AskedState:
    """Parameters that the module told.

    Args:
        told: The answer to each query, without its name.
    """

    def __init__(self, told: dict[str, str]) -> None:
        self._told = told

    def put_back(self, module: RigModule) -> str:
        """Set again what can be set, and ask again."""
        module.restore()
        factory = _ask_all(module.at)
        for name in _SET_AGAIN:
            # Only what differs: setting an address switches DHCP off, for example.
            if name in self._told and self._told[name] != factory.get(name):
                module.at.command(f"AT+{name}={self._told[name]}", _TIMEOUT_S)
        now = _ask_all(module.at)
        different = [name for name, value in self._told.items() if now.get(name) != value]
        remarks = [f"{name} is not as it was" for name in different]
        if "CWJAP_DEF" in different:
            remarks.append("join the access point again by AT+CWJAP_DEF")
        remarks.append("a saved link of passthrough would be lost, and cannot be asked for")
        return "; ".join(remarks)


def _ask_all(at: AtClient) -> dict[str, str]:
    told = {}
    for name in (*_SET_AGAIN, *_ASKED_ONLY):
        reply = at.command(f"AT+{name}?", _TIMEOUT_S)
        value = reply.value(name)
        if reply.is_ok and value is not None:
            told[name] = value
    return told
