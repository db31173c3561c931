"""How DTR and RTS of an adapter reach EXT_RSTB and GPIO0 of a module.

*Asserted* is pyserial's True, a low level at the adapter's pin. ``two-transistor`` is the circuit
of every development board: EXT_RSTB is low while RTS alone is asserted, GPIO0 is low while DTR
alone is, and both together do nothing, so that a program that merely opens the port leaves the
module alone. ``direct`` wires RTS to EXT_RSTB and DTR to GPIO0. ``flow-control`` wires RTS to MTCK
(the module's CTS) and MTDO (its RTS) to the adapter's CTS, as the document asks for (lines 254,
270); nothing resets the module then.
"""

from __future__ import annotations

from collections.abc import Callable

Circuit = Callable[[bool, bool], tuple[bool, bool]]
"""(DTR asserted, RTS asserted) -> (EXT_RSTB low, GPIO0 low)."""


def _two_transistor(dtr: bool, rts: bool) -> tuple[bool, bool]:  # noqa: FBT001 - two wires
    return rts and not dtr, dtr and not rts


def _direct(dtr: bool, rts: bool) -> tuple[bool, bool]:  # noqa: FBT001 - two wires
    return rts, dtr


def _none(dtr: bool, rts: bool) -> tuple[bool, bool]:  # noqa: FBT001 - two wires
    del dtr, rts
    return False, False


FLOW_CONTROL = "flow-control"

CIRCUITS: dict[str, Circuit] = {
    "two-transistor": _two_transistor,
    "direct": _direct,
    FLOW_CONTROL: _none,
    "none": _none,
}
