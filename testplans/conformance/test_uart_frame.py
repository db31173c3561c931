"""AT+UART, _CUR and _DEF: data bits, stop bits and parity, told by the module's own frames.

A module with 5 or 6 data bits hears no letter. It hears CR and LF, and says ERROR to the empty line
(A-10), of which the lower bits can be compared. It cannot be told to leave that setting either, so
where it is stored the flash is put back as it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .frame import (
    SLOW_BAUD,
    Frame,
    follow,
    left_in,
    measure_stop_bits,
    present_baud,
    switch,
    with_top_bits,
)
from .variant import Variant, each_variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.talk import Talk

    from .parameter_areas import ParameterAreas

ANSWER_S = 2.0
ODD, EVEN = 1, 2


@pytest.fixture
def kept_flash(areas: ParameterAreas) -> Iterator[None]:
    """What is stored is put back behind the back of the firmware."""
    assert areas.begin
    yield
    areas.look()


def _answers_with(talk: Talk, variant: Variant, data_bits: int) -> None:
    """A module with so many data bits answers to the empty line, in frames of that size."""
    line = Frame(present_baud(talk), data_bits)
    talk.ok(line.call(variant))
    follow(talk, line.port_format)

    said = bytes(byte & (1 << data_bits) - 1 for byte in b"\r\nERROR\r\n")
    talk.port.send(b"\r\n")
    assert talk.hear_until(re.escape(said), ANSWER_S) == said


@each_variant("UART", None, 8, None)
def test_5_data_bits(talk: Talk, variant: Variant) -> None:
    _answers_with(talk, variant, 5)


@each_variant("UART", None, 9, None)
def test_6_data_bits(talk: Talk, variant: Variant) -> None:
    _answers_with(talk, variant, 6)


@each_variant("UART", 8, None, 8)
@pytest.mark.needs("flash-read")
@pytest.mark.usefixtures("kept_flash")
def test_5_data_bits_stored(talk: Talk, variant: Variant) -> None:
    _answers_with(talk, variant, 5)


@each_variant("UART", 9, None, 9)
@pytest.mark.needs("flash-read")
@pytest.mark.usefixtures("kept_flash")
def test_6_data_bits_stored(talk: Talk, variant: Variant) -> None:
    _answers_with(talk, variant, 6)


@each_variant("UART", 10, 10, 10)
def test_7_data_bits(talk: Talk, variant: Variant) -> None:
    switch(talk, variant, Frame(present_baud(talk), data_bits=7))

    talk.ok("AT")


@each_variant("UART", 11, 11, 11)
def test_8_data_bits(talk: Talk, variant: Variant) -> None:
    switch(talk, variant, Frame(present_baud(talk), data_bits=7))
    switch(talk, variant, Frame(present_baud(talk), data_bits=8))

    talk.ok("AT")


@each_variant("UART", 13, 13, 13)
def test_code_1_is_1_stop_bit(talk: Talk, variant: Variant) -> None:
    switch(talk, variant, Frame(SLOW_BAUD, stop_code=3))
    switch(talk, variant, Frame(SLOW_BAUD, stop_code=1))

    assert measure_stop_bits(talk, bits_before=9) == 1


@each_variant("UART", 14, 14, 14)
def test_code_2_is_1_and_a_half_stop_bits(talk: Talk, variant: Variant) -> None:
    switch(talk, variant, Frame(SLOW_BAUD, stop_code=2))

    assert measure_stop_bits(talk, bits_before=9) == 1.5


@each_variant("UART", 15, 15, 15)
def test_code_3_is_2_stop_bits(talk: Talk, variant: Variant) -> None:
    switch(talk, variant, Frame(SLOW_BAUD, stop_code=3))

    assert measure_stop_bits(talk, bits_before=9) == 2


def _answers_with_parity(talk: Talk, frame: Frame) -> None:
    """A module with 7 data bits and one more understands and sends that one; the host is at 8."""
    with left_in(talk, frame.port_format):
        talk.raw(with_top_bits(b"AT\r\n", frame.parity_code))
        said = with_top_bits(b"\r\nOK\r\n", frame.parity_code)
        assert talk.hear_until(re.escape(said), ANSWER_S) == said


@each_variant("UART", 17, 17, 17)
def test_code_0_is_no_parity(talk: Talk, variant: Variant) -> None:
    eight_bits = talk.port.format
    frame = Frame(present_baud(talk), data_bits=7, stop_code=3)
    switch(talk, variant, Frame(present_baud(talk), data_bits=7, parity_code=ODD))
    talk.ok(frame.call(variant))

    follow(talk, eight_bits)
    _answers_with_parity(talk, frame)


@each_variant("UART", 18, 18, 18)
def test_code_1_is_odd_parity(talk: Talk, variant: Variant) -> None:
    frame = Frame(present_baud(talk), data_bits=7, parity_code=ODD)
    talk.ok(frame.call(variant))

    _answers_with_parity(talk, frame)


@each_variant("UART", 19, 19, 19)
def test_code_2_is_even_parity(talk: Talk, variant: Variant) -> None:
    frame = Frame(present_baud(talk), data_bits=7, parity_code=EVEN)
    talk.ok(frame.call(variant))

    _answers_with_parity(talk, frame)
