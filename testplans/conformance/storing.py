"""Calls of the commands that store, and of their kin that do not.

What each family is given here is not what a module has from the factory, and lets it start at the
same speed, so that it can be looked at afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .frame import present_baud
from .variant import Variant
from .wifi import join_call

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint

Lines = tuple[str, ...]
"""Calls that are answered with OK, the one that matters last."""

NOBODY = '"192.0.2.1",9'
"""An address of a network that exists in books only."""

_ARGUMENTS = {
    "CWMODE": "3",
    "CWSAP": '"stored","",5,0',
    "CWDHCP": "1,0",
    "CWAUTOCONN": "0",
    "CIPSTAMAC": '"18:fe:35:98:d3:7b"',
    "CIPAPMAC": '"1a:fe:36:97:d5:7b"',
    "CIPSTA": '"192.168.6.100"',
    "CIPAP": '"192.168.6.1"',
    "SAVETRANSLINK": f"1,{NOBODY}",
}
_WIFI_MODES = {"CWJAP": 1, "CIPSTA": 1, "CIPSTAMAC": 1, "CWSAP": 3, "CWDHCP": 3, "CIPAP": 3}
"""In which Wi-Fi mode a command is given, if that matters."""

_IN_USER_AREA = ("UART", "CWDHCP", "CIPSTAMAC", "CIPAPMAC", "CIPSTA", "CIPAP")
_IN_SYSTEM_AREA = ("CWMODE", "CWJAP", "CWSAP")

STORED_IN_USER_AREA = (
    *(Variant(family, suffix) for family in _IN_USER_AREA for suffix in ("", "_DEF")),
    Variant("SAVETRANSLINK", ""),
)
STORED_IN_SYSTEM_AREA = (
    *(Variant(family, suffix) for family in _IN_SYSTEM_AREA for suffix in ("", "_DEF")),
    Variant("CWAUTOCONN", ""),
)
"""Source: the notes of the commands; A-69."""

PAIRED_FAMILIES = (*_IN_USER_AREA, *_IN_SYSTEM_AREA)


def calls_of(variant: Variant, talk: Talk, access_point: AccessPoint | None = None) -> Lines:
    """The calls that give a command a new value.

    Args:
        variant: The command.
        talk: With the module.
        access_point: What AT+CWJAP joins.
    """
    mode = _WIFI_MODES.get(variant.family)
    return (*([f"AT+CWMODE_CUR={mode}"] if mode else ()), _call(variant, talk, access_point))


def argument_of(family: str) -> str:
    """The value that `calls_of` gives, as far as it is the same everywhere."""
    return _ARGUMENTS[family]


def _call(variant: Variant, talk: Talk, access_point: AccessPoint | None) -> str:
    if variant.family == "UART":
        return f"{variant.command}={present_baud(talk)},8,3,0,0"
    if variant.family == "CWJAP":
        assert access_point is not None
        return join_call(access_point, variant.command)
    return f"{variant.command}={argument_of(variant.family)}"
