"""The line as arithmetic, and what a receiver in another format makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import NS_PER_S
from hil.virtual.errors import VirtualError
from hil.virtual.uart import Burst, LineFormat, Parity, receive_as

FORMATS = st.builds(
    LineFormat,
    baud=st.sampled_from([110, 9600, 74880, 115200, 921600, 4_608_000]),
    data_bits=st.integers(5, 8),
    parity=st.sampled_from(Parity),
    half_stop_bits=st.sampled_from([2, 3, 4]),
)


def test_a_byte_at_115200_8n1_lasts_ten_bits() -> None:
    assert LineFormat().duration_ns(1) == -(-10 * NS_PER_S // 115200)


def test_parity_and_stop_bits_lengthen_the_frame() -> None:
    assert LineFormat(data_bits=7, parity=Parity.EVEN, half_stop_bits=4).half_bits_per_frame == 22
    assert LineFormat(half_stop_bits=3).half_bits_per_frame == 21


def test_the_end_of_a_byte_does_not_drift() -> None:
    burst = Burst(7, b"x" * 1_000_000, LineFormat(115200))
    assert burst.end_ns() == 7 + -(-10_000_000 * NS_PER_S // 115200)


@given(FORMATS, st.binary(min_size=1, max_size=40), st.integers(0, 10**9))
def test_bytes_have_ended_exactly_when_the_arithmetic_says(
    line_format: LineFormat, data: bytes, start_ns: int
) -> None:
    burst = Burst(start_ns, data, line_format)
    for count in range(1, len(data) + 1):
        assert burst.ended_by(burst.end_ns(count)) == count
        assert burst.ended_by(burst.end_ns(count) - 1) < count


@given(FORMATS, st.binary(min_size=2, max_size=40), st.data())
def test_a_split_burst_is_the_same_burst(
    line_format: LineFormat, data: bytes, draw: st.DataObject
) -> None:
    burst = Burst(0, data, line_format)
    count = draw.draw(st.integers(0, len(data)))
    head, tail = burst.split(count)
    assert head.data + tail.data == data
    assert abs(tail.end_ns() - burst.end_ns()) <= 1


@given(FORMATS, st.binary(max_size=60))
def test_equal_formats_pass_all_bits_of_the_frame(line_format: LineFormat, data: bytes) -> None:
    mask = (1 << line_format.data_bits) - 1
    assert receive_as(Burst(0, data, line_format), line_format) == bytes(b & mask for b in data)


@given(st.binary(min_size=1, max_size=60))
def test_a_rate_that_is_two_per_cent_off_is_still_understood(data: bytes) -> None:
    assert receive_as(Burst(0, data, LineFormat(115200)), LineFormat(117500)) == data


@pytest.mark.parametrize("baud", [9600, 57600, 74880, 230400])
def test_a_wrong_rate_garbles(baud: int) -> None:
    burst = Burst(0, b"AT+GMR\r\n", LineFormat(115200))
    assert receive_as(burst, LineFormat(baud)) != burst.data


def test_twice_the_rate_shows_each_bit_twice() -> None:
    # 0x55 sent LSB first is start 0, then 1 0 1 0 1 0 1 0, stop 1; every bit is seen twice, so
    # the receiver finds frames 0 0 1 1 0 0 1 1 0|0 ... and takes the low stop bit as an error.
    heard = receive_as(Burst(0, b"\x00", LineFormat(9600)), LineFormat(19200))
    assert heard == b"\x00"  # nine low bits are eighteen: one frame with a bad stop bit


def test_an_eight_bit_frame_read_as_seven_bits_with_even_parity_keeps_ascii_with_even_ones() -> (
    None
):
    even = bytes(byte for byte in range(128) if byte.bit_count() % 2 == 0)
    burst = Burst(0, even, LineFormat())
    assert receive_as(burst, LineFormat(data_bits=7, parity=Parity.EVEN)) == even


@pytest.mark.parametrize("data_bits", [7, 8])
def test_the_other_parity_is_an_error_that_keeps_the_byte(data_bits: int) -> None:
    data = bytes(range(1 << data_bits))
    burst = Burst(0, data, LineFormat(data_bits=data_bits, parity=Parity.EVEN))
    odd = LineFormat(data_bits=data_bits, parity=Parity.ODD)
    assert not burst.format.agrees_with(odd)
    assert receive_as(burst, odd) == data


@given(FORMATS, FORMATS, st.binary(max_size=30))
def test_no_pair_of_formats_hangs_or_raises(
    sender: LineFormat, receiver: LineFormat, data: bytes
) -> None:
    heard = receive_as(Burst(0, data, sender), receiver)
    assert all(byte < 1 << receiver.data_bits for byte in heard)


def test_a_format_that_no_uart_has_is_refused() -> None:
    with pytest.raises(VirtualError) as caught:
        LineFormat(baud=115200, data_bits=9)
    assert str(caught.value) == "no UART has 115200 baud, 9 data bits and 1 stop bits"
