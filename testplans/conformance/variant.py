"""Commands that exist three times: for the stored and current value, the current, the stored one.

AT+X and AT+X_DEF store a value and use it, AT+X_CUR uses it until the next start. Their clauses
follow the same list with some numbers moved; a table of a test names the number for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

Numbers = int | tuple[int, ...] | None
"""Numbers of clauses that a test claims for one variant; None if it does not concern that one."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the three.

    Args:
        family: ``CWMODE``.
        suffix: Nothing, ``_CUR`` or ``_DEF``.
    """

    family: str
    suffix: str

    @property
    def name(self) -> str:
        """``CWMODE_CUR``."""
        return self.family + self.suffix

    @property
    def command(self) -> str:
        """``AT+CWMODE_CUR``."""
        return f"AT+{self.name}"

    @property
    def is_stored(self) -> bool:
        """Whether the value survives a restart."""
        return self.suffix != "_CUR"


def each_variant(
    family: str, plain: Numbers, cur: Numbers, default: Numbers
) -> pytest.MarkDecorator:
    """Run a test with the argument ``variant`` for each variant that it concerns.

    Args:
        family: ``CWMODE``.
        plain: Numbers of clauses of AT+CWMODE.
        cur: Numbers of clauses of AT+CWMODE_CUR.
        default: Numbers of clauses of AT+CWMODE_DEF.
    """
    return each_variant_of((family, plain, cur, default))


def each_variant_of(*families: tuple[str, Numbers, Numbers, Numbers]) -> pytest.MarkDecorator:
    """As `each_variant`, for families that differ in what they are about.

    Args:
        families: The arguments of `each_variant` for each of them.
    """
    parameters = [parameter for family in families for parameter in _parameters(*family)]
    return pytest.mark.parametrize("variant", parameters)


def _parameters(family: str, plain: Numbers, cur: Numbers, default: Numbers) -> Iterator[object]:
    for suffix, wanted in (("", plain), ("_CUR", cur), ("_DEF", default)):
        if wanted is None:
            continue
        variant = Variant(family, suffix)
        listed = (wanted,) if isinstance(wanted, int) else wanted
        ids = [f"{variant.name}-{number:02d}" for number in listed]
        yield pytest.param(variant, id=variant.name, marks=pytest.mark.clause(*ids))
