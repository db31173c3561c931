"""What can be wrong with each family X, X_CUR, X_DEF: it stores or tells the wrong value.

Source: the notes on storing of each command, such as lines 258 and 273; 361, 382 and 399.
"""

from __future__ import annotations

from dataclasses import replace

from .command import VARIANTS, Form
from .fault import Fault
from .fault_block import as_variant, supplant

_, _CUR, _DEF = VARIANTS


def family(name: str) -> tuple[str, ...]:
    """The commands of a family, as the document writes them.

    Args:
        name: The undecorated one, for example ``CWMODE``.
    """
    return tuple(f"AT+{name}{variant.suffix}" for variant in VARIANTS)


def cur_saves(name: str) -> Fault:
    """The command that is to change the current value only stores it, too.

    Args:
        name: Of the family, undecorated.
    """
    return Fault(
        f"{name.lower()}-cur-saves",
        f"AT+{name}_CUR writes to flash.",
        (f"AT+{name}_CUR",),
        supplant([f"AT+{name}_CUR"], Form.SET, as_variant(replace(_CUR, stores=True))),
    )


def def_forgets(name: str) -> Fault:
    """The command that is to store a value changes the current one only."""
    return Fault(
        f"{name.lower()}-def-forgets",
        f"AT+{name}_DEF does not write to flash.",
        (f"AT+{name}_DEF",),
        supplant([f"AT+{name}_DEF"], Form.SET, as_variant(replace(_DEF, stores=False))),
    )


def cur_tells_stored(name: str) -> Fault:
    """The query that is to tell the current value tells the stored one."""
    return Fault(
        f"{name.lower()}-cur-tells-stored",
        f"AT+{name}_CUR? tells what is stored.",
        (f"AT+{name}_CUR",),
        supplant([f"AT+{name}_CUR"], Form.QUERY, as_variant(replace(_CUR, answers_stored=True))),
    )


def def_tells_current(name: str) -> Fault:
    """The query that is to tell the stored value tells the current one."""
    return Fault(
        f"{name.lower()}-def-tells-current",
        f"AT+{name}_DEF? tells what is in force.",
        (f"AT+{name}_DEF",),
        supplant([f"AT+{name}_DEF"], Form.QUERY, as_variant(replace(_DEF, answers_stored=False))),
    )
