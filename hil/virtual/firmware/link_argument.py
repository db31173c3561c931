"""What the arguments of the link commands share: the link's number, hosts, ports.

Source: section 5.2, lines 789-792, 802-806; A-77 in docs/ambiguities.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .argument import parse_arguments
from .link import SINGLE_LINK

if TYPE_CHECKING:
    from .argument import Argument

PORTS = range(1, 65536)

_HOST = re.compile(rb"[A-Za-z0-9._-]+")


def parse_link_arguments(
    text: bytes, *, is_multiple: bool
) -> tuple[int, tuple[Argument, ...]] | None:
    """Take apart the arguments of a command that concerns one link.

    Args:
        text: What follows ``=``.
        is_multiple: Whether the link's number stands in front.

    Returns:
        The number, not checked, and the other arguments; in single mode the number of the only
        link. None if the list is malformed or has no number where it needs one.
    """
    match parse_arguments(text), is_multiple:
        case (tuple(arguments), False):
            return SINGLE_LINK, arguments
        case ((int(number), *rest), True):
            return number, tuple(rest)
    return None


def is_host(text: bytes) -> bool:
    """Whether a text can be an address or a name."""
    return _HOST.fullmatch(text) is not None
