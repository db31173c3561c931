"""Calls about Wi-Fi that several files of this plan make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hil.at.talk import OK

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.access_point import AccessPoint


def join_call(access_point: AccessPoint, command: str = "AT+CWJAP_CUR") -> str:
    """The call that joins an access point."""
    setup = access_point.setup
    return f'{command}="{escaped(setup.ssid)}","{escaped(setup.password)}"'


def escaped(text: str) -> str:
    """A string as the document wants it between quotes: a backslash before what has a meaning.

    Source: line 407, where a slash stands for the backslash (A-02).
    """
    return re.sub(r'([\\",])', r"\\\1", text)


def softap_name(talk: Talk) -> str:
    """The name of the module's own network; it must have one on the air."""
    match = talk.expect("AT+CWSAP?", re.compile(r'\+CWSAP:"(.*?)",.*'), OK)
    return match.groups[0] or ""
