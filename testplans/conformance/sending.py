"""What the tests of sending share: the two commands, and data that both take as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .segment import NARROW_BYTES, WAITING_S

if TYPE_CHECKING:
    from hil.ports.network_peer import TcpConnection

    from .link import Links

EVERY_BYTE = bytes(range(256))
NO_BACKSLASH = EVERY_BYTE.replace(b"\\", b"/")
"""What AT+CIPSENDEX takes as it is, too."""

LONGEST_BYTES = 2048
"""Lines 806 and 823."""

_PIECE_BYTES = 512
_MOST_PIECES = 64


def each_command(*numbers: int) -> pytest.MarkDecorator:
    """Run a test with AT+CIPSEND and AT+CIPSENDEX; their clauses have the same numbers."""
    return pytest.mark.parametrize(
        "command",
        [
            pytest.param(
                f"AT+{name}",
                id=name,
                marks=pytest.mark.clause(*(f"{name}-{number:02d}" for number in numbers)),
            )
            for name in ("CIPSEND", "CIPSENDEX")
        ],
    )


def send_until_stuck(links: Links, command: str) -> tuple[TcpConnection, int]:
    """Send to a peer that receives nothing until SEND OK does not come.

    Returns:
        The peer, and how many bytes the module has been given.
    """
    peer = links.open_tcp(listener=links.network.listen(window_bytes=NARROW_BYTES))
    for count in range(1, _MOST_PIECES + 1):
        links.talk.prompt(f"{command}={_PIECE_BYTES}")
        links.talk.give(bytes(_PIECE_BYTES))
        heard = links.talk.hear(WAITING_S)
        assert b"ERROR" not in heard
        if b"SEND OK" not in heard:
            return peer, count * _PIECE_BYTES
    pytest.fail("SEND OK came for more than the peer has room for")
