"""Section 3 of the document, commands 7 to 9: AT+UART, AT+UART_CUR, AT+UART_DEF."""

from __future__ import annotations

import pytest

from hil.virtual.action import Send, SetLineFormat
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.uart import LineFormat, Parity

from .chip_player import ERROR, OK, ready_player

all_variants = pytest.mark.parametrize("name", [b"AT+UART", b"AT+UART_CUR", b"AT+UART_DEF"])
storing_variants = pytest.mark.parametrize("name", [b"AT+UART", b"AT+UART_DEF"])
both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])


@all_variants
@both_dialects
def test_the_printed_example_is_accepted(name: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    assert player.ask(name + b"=115200,8,1,0,3") == OK
    assert player.firmware.flow_control == 3


@all_variants
@pytest.mark.parametrize(
    "baud",
    [
        *(110, 300, 1200, 9600, 19200, 38400, 57600, 74880, 115200, 230400, 460800, 921600),
        *(1000000, 2000000, 4608000),
    ],
)
def test_speeds_of_the_range_are_taken(name: bytes, baud: int) -> None:
    player = ready_player()
    assert player.ask(name + b"=%d,8,1,0,0" % baud) == OK
    assert player.line_format == LineFormat(baud)
    assert player.firmware.line_format == LineFormat(baud)
    assert player.ask(b"AT") == OK


@all_variants
@pytest.mark.parametrize(
    ("dialect", "lowest", "highest"), [(DOCUMENTED, 110, 4608000), (ESPRESSIF_0_23, 1, 5000000)]
)
def test_the_ends_of_the_range_of_speeds(
    name: bytes, dialect: Dialect, lowest: int, highest: int
) -> None:
    for baud in (lowest, highest):
        assert ready_player(dialect).ask(name + b"=%d,8,1,0,0" % baud) == OK
    for baud in (lowest - 1, highest + 1):
        player = ready_player(dialect)
        assert player.ask(name + b"=%d,8,1,0,0" % baud) == ERROR
        assert player.line_format == LineFormat(115200)


@all_variants
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (b"57600,5,1,0,0", LineFormat(57600, 5, Parity.NONE, 2)),
        (b"57600,6,1,0,0", LineFormat(57600, 6, Parity.NONE, 2)),
        (b"57600,7,1,0,0", LineFormat(57600, 7, Parity.NONE, 2)),
        (b"57600,8,1,0,0", LineFormat(57600, 8, Parity.NONE, 2)),
        (b"57600,8,2,0,0", LineFormat(57600, 8, Parity.NONE, 3)),
        (b"57600,8,3,0,0", LineFormat(57600, 8, Parity.NONE, 4)),
        (b"57600,8,1,1,0", LineFormat(57600, 8, Parity.ODD, 2)),
        (b"57600,8,1,2,0", LineFormat(57600, 8, Parity.EVEN, 2)),
    ],
)
def test_the_codes_of_the_frame(name: bytes, values: bytes, expected: LineFormat) -> None:
    player = ready_player()
    assert player.ask(name + b"=" + values) == OK
    assert player.line_format == expected


@all_variants
@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_codes_of_flow_control(name: bytes, code: int) -> None:
    player = ready_player()
    assert player.ask(name + b"=115200,8,1,0,%d" % code) == OK
    assert player.firmware.flow_control == code


@all_variants
@both_dialects
@pytest.mark.parametrize(
    "values",
    [
        b"115200,4,1,0,0",
        b"115200,9,1,0,0",
        b"115200,8,0,0,0",
        b"115200,8,4,0,0",
        b"115200,8,1,3,0",
        b"115200,8,1,0,4",
        b"0,8,1,0,0",
        b"115200",
        b"115200,8,1,0",
        b"115200,8,1,0,",
        b"115200,8,1,0,0,0",
        b"115200, 8, 1, 0, 0",
        b'"115200",8,1,0,0',
        b"",
    ],
)
def test_other_values_are_refused_and_the_line_stays(
    name: bytes, values: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    content = player.flash.snapshot()
    assert player.ask(name + b"=" + values) == ERROR
    assert player.line_format == LineFormat(115200)
    assert player.firmware.flow_control == 0
    assert player.flash.snapshot() == content


@all_variants
def test_ok_is_sent_at_the_old_speed(name: bytes) -> None:
    player = ready_player()
    player.ask(name + b"=57600,8,1,0,0")
    sent, switched = player.actions[-2:]
    assert isinstance(sent, Send)
    assert sent.data == OK
    assert switched == SetLineFormat(LineFormat(57600))


@storing_variants
def test_the_line_is_switched_only_when_the_setting_is_stored(name: bytes) -> None:
    player = ready_player()
    player.send(name + b"=57600,8,1,0,3\r\n")
    assert player.firmware.line_format == LineFormat(115200)
    assert player.firmware.flow_control == 0
    player.settle()
    assert player.firmware.line_format == LineFormat(57600)
    assert player.firmware.flow_control == 3


def test_uart_cur_writes_no_flash_and_is_forgotten() -> None:
    player = ready_player()
    content = player.flash.snapshot()
    writes = player.flash.write_count
    player.ask(b"AT+UART_CUR=57600,8,1,0,0")
    assert player.flash.snapshot() == content
    assert player.flash.write_count == writes
    player.ask(b"AT+RST")
    assert player.line_format == LineFormat(115200)


@storing_variants
@both_dialects
def test_all_five_values_are_stored_in_the_user_area(name: bytes, dialect: Dialect) -> None:
    player = ready_player(dialect)
    user, system = player.areas()
    player.ask(name + b"=57600,7,3,2,1")
    user_after, system_after = player.areas()
    assert user_after != user
    assert system_after == system
    player.power_cycle()
    assert player.line_format == LineFormat(57600, 7, Parity.EVEN, 4)
    assert player.firmware.flow_control == 1
    assert player.ask(b"AT") == b"AT\r\r\n" + OK


def test_uart_stores_the_same_as_uart_def() -> None:
    one, other = ready_player(), ready_player()
    one.ask(b"AT+UART=57600,8,1,0,0")
    other.ask(b"AT+UART_DEF=57600,8,1,0,0")
    assert one.areas() == other.areas()


@storing_variants
@both_dialects
def test_a_value_equal_to_the_stored_one_is_not_written_again(
    name: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    writes = player.flash.write_count
    assert player.ask(name + b"=115200,8,1,0,0") == OK
    assert player.flash.write_count == writes
    player.ask(name + b"=57600,8,1,0,0")
    writes = player.flash.write_count
    player.ask(b"AT+UART_CUR=9600,8,1,0,0")
    assert player.ask(name + b"=57600,8,1,0,0") == OK
    assert player.line_format == LineFormat(57600)
    assert player.flash.write_count == writes


class TestIpr:
    """AT+IPR, a command of the firmware 0.23 that the document does not know."""

    def test_the_document_does_not_know_it(self) -> None:
        assert ready_player().ask(b"AT+IPR=9600") == ERROR

    def test_ok_comes_at_the_new_speed(self) -> None:
        player = ready_player(ESPRESSIF_0_23)
        player.actions.clear()
        assert player.ask(b"AT+IPR=9600") == OK
        kinds = [each for each in player.actions if isinstance(each, Send | SetLineFormat)]
        assert kinds[0] == SetLineFormat(LineFormat(9600), 0)
        assert isinstance(kinds[1], Send)
        assert player.ask(b"AT") == OK

    def test_the_speed_is_stored_and_the_frame_stays(self) -> None:
        player = ready_player(ESPRESSIF_0_23)
        player.ask(b"AT+UART_CUR=57600,7,3,2,0")
        user, system = player.areas()
        assert player.ask(b"AT+IPR=9600") == OK
        assert player.line_format == LineFormat(9600, 7, Parity.EVEN, 4)
        assert player.areas()[0] != user
        assert player.areas()[1] == system
        player.power_cycle()
        assert player.line_format == LineFormat(9600)

    @pytest.mark.parametrize("value", [b"0", b"5000001", b"", b"x", b"9600,8", b'"9600"'])
    def test_what_is_no_speed_is_refused(self, value: bytes) -> None:
        player = ready_player(ESPRESSIF_0_23)
        assert player.ask(b"AT+IPR=" + value) == ERROR
        assert player.line_format == LineFormat(115200)

    @pytest.mark.parametrize("form", [b"AT+IPR", b"AT+IPR?", b"AT+IPR=?"])
    def test_it_has_no_other_form(self, form: bytes) -> None:
        assert ready_player(ESPRESSIF_0_23).ask(form) == ERROR
