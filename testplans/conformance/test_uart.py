"""AT+UART, _CUR and _DEF: speed, calls, and what is stored (section 3.2, commands 7 to 9).

What the other four numbers do is in test_uart_frame.py and test_uart_flow.py.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.errors import MisbehaviourError
from hil.spec.spelling import spelling

from .frame import (
    SLOW_BAUD,
    Frame,
    can_follow,
    follow,
    follow_baud,
    left_in,
    measure_stop_bits,
    present_baud,
    switch,
)
from .restart import READY_TIMEOUT_S, restart
from .variant import Variant, each_variant

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.rig.module import RigModule

SPEEDS = (300, 1200, 9600, 19200, 38400, 57600, 74880, 230400, 460800, 921600, 1000000, 2000000)
OTHER_BAUD = 57600
OTHERS_OTHER_BAUD = 38400
LISTENING_S = 0.3


def _other_baud(talk: Talk) -> int:
    """A speed that is not the present one."""
    return OTHERS_OTHER_BAUD if present_baud(talk) == OTHER_BAUD else OTHER_BAUD


def _refuses(talk: Talk, variant: Variant, *arguments: str) -> None:
    """Calls are refused, and neither now nor after a restart anything is different."""
    for each in arguments:
        talk.refused(f"{variant.command}={each.format(baud=present_baud(talk))}")
        talk.ok("AT")
    if variant.is_stored:
        restart(talk)
        talk.ok("AT")


def _refuses_speeds(talk: Talk, variant: Variant, *bauds: int) -> None:
    """As `_refuses`. A module that obeys is followed, so that it can be brought back."""
    for baud in bauds:
        try:
            _refuses(talk, variant, f"{baud},8,1,0,0")
        except MisbehaviourError:
            if baud > 0 and can_follow(talk, Frame(baud).port_format):
                follow_baud(talk, baud)
            raise


@each_variant("UART", 1, 1, 1)
def test_five_numbers_are_taken(talk: Talk, variant: Variant) -> None:
    talk.ok(Frame(present_baud(talk)).call(variant))

    talk.ok("AT")


@each_variant("UART", 2, 2, 2)
def test_the_printed_example_is_taken(talk: Talk, variant: Variant) -> None:
    talk.ok(f"{variant.command}=115200,8,1,0,3")

    follow_baud(talk, 115200)
    talk.ok("AT")


@each_variant("UART", 3, 3, 3)
def test_110_baud_is_taken(talk: Talk, variant: Variant) -> None:
    switch(talk, variant, Frame(110))

    talk.ok("AT")


@each_variant("UART", 4, 4, 4)
def test_4608000_baud_is_taken(talk: Talk, variant: Variant) -> None:
    switch(talk, variant, Frame(4_608_000))

    talk.ok("AT")


@each_variant("UART", 5, 5, 5)
def test_speeds_in_between_are_taken(talk: Talk, variant: Variant) -> None:
    """Those that the port of the rig has."""
    for frame in map(Frame, SPEEDS):
        if can_follow(talk, frame.port_format):
            switch(talk, variant, frame)
            talk.ok("AT")


@each_variant("UART", 6, 6, 6)
def test_a_lower_speed_is_refused(talk: Talk, variant: Variant) -> None:
    _refuses_speeds(talk, variant, 109, 0, -1)


@each_variant("UART", 7, 7, 7)
def test_a_higher_speed_is_refused(talk: Talk, variant: Variant) -> None:
    _refuses_speeds(talk, variant, 4_608_001, 10_000_000)


@each_variant("UART", 12, 12, 12)
def test_other_numbers_of_data_bits_are_refused(talk: Talk, variant: Variant) -> None:
    _refuses(talk, variant, "{baud},4,1,0,0", "{baud},9,1,0,0", "{baud},x,1,0,0")


@each_variant("UART", 16, 16, 16)
def test_other_codes_of_stop_bits_are_refused(talk: Talk, variant: Variant) -> None:
    _refuses(talk, variant, "{baud},8,0,0,0", "{baud},8,4,0,0", "{baud},8,x,0,0")


@each_variant("UART", 20, 20, 20)
def test_other_codes_of_parity_are_refused(talk: Talk, variant: Variant) -> None:
    _refuses(talk, variant, "{baud},8,1,3,0", "{baud},8,1,-1,0", "{baud},8,1,x,0")


@each_variant("UART", 25, 25, 25)
def test_other_codes_of_flow_control_are_refused(talk: Talk, variant: Variant) -> None:
    _refuses(talk, variant, "{baud},8,1,0,4", "{baud},8,1,0,-1", "{baud},8,1,0,x")


@each_variant("UART", 27, 27, 27)
def test_fewer_and_more_than_five_numbers_are_refused(talk: Talk, variant: Variant) -> None:
    _refuses(
        talk,
        variant,
        "{baud}",
        "{baud},8,1,0",
        "{baud},8,1,,0",
        "{baud},8,1,0,",
        "{baud},8,1,0,0,0",
    )


@each_variant("UART", 28, 28, 28)
def test_ok_comes_at_the_old_speed_and_all_else_at_the_new_one(
    talk: Talk, variant: Variant
) -> None:
    old, new = present_baud(talk), _other_baud(talk)
    talk.ok(Frame(new).call(variant))

    with left_in(talk, Frame(new).port_format):
        talk.raw(b"AT\r\n")
        assert b"OK" not in talk.hear(LISTENING_S), f"it is still at {old} baud"
    talk.at.resynchronise()
    talk.ok("AT")


@each_variant("UART", 30, None, 30)
def test_the_stored_speed_is_that_of_every_later_start(
    talk: Talk, variant: Variant, module: RigModule
) -> None:
    other = Frame(_other_baud(talk))
    switch(talk, variant, other)
    restart(talk)

    with left_in(talk, other.port_format):
        module.power_cycle()
    talk.at.wait_ready(READY_TIMEOUT_S)
    module.is_running = True
    talk.ok("ATE0")


@pytest.mark.clause("UART_CUR-30")
def test_the_current_speed_does_not_survive_a_restart(talk: Talk) -> None:
    before = talk.port.format
    switch(talk, Variant("UART", "_CUR"), Frame(_other_baud(talk)))
    talk.ok("AT+RST")

    follow(talk, before)
    talk.at.wait_ready(READY_TIMEOUT_S)
    talk.ok("ATE0")


@pytest.mark.clause("UART_CUR-30")
def test_the_current_speed_leaves_the_stored_one(talk: Talk) -> None:
    stored, current = Frame(_other_baud(talk)), Frame(19200)
    switch(talk, Variant("UART", "_DEF"), stored)
    switch(talk, Variant("UART", "_CUR"), current)
    talk.ok("AT+RST")

    follow(talk, stored.port_format)
    talk.at.wait_ready(READY_TIMEOUT_S)
    talk.ok("ATE0")


@each_variant("UART", 31, None, 31)
@pytest.mark.needs("uart-format")
def test_speed_and_frame_are_stored(talk: Talk, variant: Variant) -> None:
    stored = Frame(SLOW_BAUD, data_bits=7, stop_code=3, parity_code=1)
    switch(talk, variant, stored)
    restart(talk)

    with left_in(talk, stored.port_format):
        follow(talk, replace(Frame(SLOW_BAUD).port_format, stop_bits=2))
        assert measure_stop_bits(talk, bits_before=9, is_seven_odd=True) == 2


@each_variant("UART", 31, None, 31)
@pytest.mark.needs("uart-flow")
def test_flow_control_is_stored(talk: Talk, variant: Variant) -> None:
    switch(talk, variant, Frame(present_baud(talk), flow_code=2))
    restart(talk)

    talk.port.set_rts(is_asserted=False)
    try:
        talk.raw(b"AT\r\n")
        heard = talk.hear(LISTENING_S)
    finally:
        talk.port.set_rts(is_asserted=True)
    assert not heard
    talk.answer().must_be("OK")


@each_variant("UART", 33, 31, 32)
def test_there_is_only_the_set_form(talk: Talk, variant: Variant) -> None:
    talk.refused(variant.command)
    talk.refused(f"{variant.command}=?")
    talk.expect(f"{variant.command}?", spelling("uart-query"))
