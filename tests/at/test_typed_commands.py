"""Every command and form of the document has a method, named after it, that cites the document."""

from __future__ import annotations

import inspect
import re

import pytest

from hil.at import AtClient

# Sections 3.2, 4.1 and 5.2 (lines 36-107): name in small letters, and the forms besides the first
# that have methods of their own. +IPD, the last entry of section 5.2, is what links receive.
COMMANDS = {
    **dict.fromkeys(("at", "rst", "gmr", "gslp", "ate", "restore"), ()),
    **dict.fromkeys(("uart", "uart_cur", "uart_def"), ()),
    "sleep": ("query",),
    **dict.fromkeys(("cwmode", "cwmode_cur", "cwmode_def"), ("query", "test")),
    **dict.fromkeys(("cwjap", "cwjap_cur", "cwjap_def"), ("query",)),
    "cwlap": (),
    "cwqap": ("test",),
    **dict.fromkeys(("cwsap", "cwsap_cur", "cwsap_def"), ("query",)),
    "cwlif": (),
    **dict.fromkeys(("cwdhcp", "cwdhcp_cur", "cwdhcp_def"), ("query",)),
    "cwautoconn": ("query",),
    **dict.fromkeys(("cipstamac", "cipstamac_cur", "cipstamac_def"), ("query",)),
    **dict.fromkeys(("cipapmac", "cipapmac_cur", "cipapmac_def"), ("query",)),
    **dict.fromkeys(("cipsta", "cipsta_cur", "cipsta_def"), ("query",)),
    **dict.fromkeys(("cipap", "cipap_cur", "cipap_def"), ("query",)),
    "cwstartsmart": (),
    "cwstopsmart": (),
    "cipstatus": (),
    "cipstart": ("test",),
    "cipsend": ("test",),
    "cipsendex": ("test",),
    "cipsendbuf": (),
    "cipbufreset": (),
    "cipbufstatus": (),
    "cipcheckseg": (),
    "cipclose": ("test",),
    "cifsr": ("test",),
    "cipmux": ("query",),
    "cipserver": (),
    "cipmode": ("query",),
    "savetranslink": (),
    "cipsto": ("query",),
    "ciupdate": (),
    "ping": (),
}
METHODS = [
    *COMMANDS,
    *(f"{name}_{form}" for name, forms in COMMANDS.items() for form in forms),
    "tcp",
    "udp",
    "server",
    "passthrough",
]


def test_there_are_57_commands_beside_what_only_comes() -> None:
    assert len(COMMANDS) == 57


@pytest.mark.parametrize("name", METHODS)
def test_each_has_a_method_whose_docstring_cites_its_source(name: str) -> None:
    method = getattr(AtClient, name)
    text = inspect.getdoc(method)
    assert text
    if name in COMMANDS:
        assert re.search(r"(Source|Sources): ", text), f"{name} does not say where it is from"
        assert re.search(r"lines? \d+", text), f"{name} cites no line"
