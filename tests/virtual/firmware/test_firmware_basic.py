"""Section 3 of the document, commands 1 to 6 and 10. The UART commands have a file of their own."""

from __future__ import annotations

import pytest

from hil.units import MIB, NS_PER_S
from hil.virtual.action import DeepSleep, Restart, Send
from hil.virtual.firmware.at_firmware import FirmwareIdentity
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.flash import NorFlash

from .chip_player import ERROR, OK, READY, ChipPlayer, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])


class TestRst:
    def test_ok_comes_before_the_restart_output(self) -> None:
        player = ready_player()
        assert player.ask(b"AT+RST") == b"\r\nOK\r\n\r\nready\r\n"
        assert player.restarts == 1
        acts = [each for each in player.actions if isinstance(each, Send | Restart)]
        sent, restart = acts[-3:-1]
        assert isinstance(sent, Send)
        assert isinstance(restart, Restart)
        assert sent.data == OK

    def test_at_is_answered_again_with_the_echo_on(self) -> None:
        player = ready_player()
        player.ask(b"AT+RST")
        assert player.ask(b"AT") == b"AT\r\r\n\r\nOK\r\n"

    def test_current_values_are_lost_and_stored_ones_stay(self) -> None:
        player = ready_player()
        player.ask(b"AT+CWMODE_DEF=1")
        player.ask(b"AT+CWMODE_CUR=3")
        areas = player.areas()
        player.ask(b"AT+RST")
        player.ask(b"ATE0")
        assert player.ask(b"AT+CWMODE_CUR?") == b"+CWMODE_CUR:1\r\n" + OK
        assert player.areas() == areas

    def test_nothing_is_heard_between_ok_and_the_restart(self) -> None:
        player = ready_player()
        player.send(b"AT+RST\r\n")
        player.send(b"AT\r\n")
        player.settle()
        assert player.take_sent() == OK + READY


class TestGmr:
    def test_documented_prints_three_lines_and_ok_without_a_blank_line(self) -> None:
        assert ready_player(DOCUMENTED).ask(b"AT+GMR") == (
            b"AT version:0.23.0.0(Apr 24 2015 21:11:01)\r\n"
            b"SDK version:1.0.1\r\n"
            b"compile time:Apr 24 2015 21:19:31\r\n"
            b"OK\r\n"
        )

    def test_espressif_prints_a_blank_line_before_ok(self) -> None:
        assert ready_player(ESPRESSIF_0_23).ask(b"AT+GMR") == (
            b"AT version:0.23.0.0(Apr 24 2015 21:11:01)\r\n"
            b"SDK version:1.0.1\r\n"
            b"compile time:Apr 24 2015 21:19:31\r\n"
            b"\r\n"
            b"OK\r\n"
        )

    def test_what_the_image_does_not_tell_is_unknown_and_has_no_parentheses(self) -> None:
        player = ChipPlayer(identity=FirmwareIdentity("unknown", "1.3.0", "unknown"))
        player.settle()
        player.ask(b"ATE0")
        assert player.ask(b"AT+GMR") == (
            b"AT version:unknown\r\nSDK version:1.3.0\r\ncompile time:unknown\r\nOK\r\n"
        )

    def test_the_same_image_reports_the_same_after_a_restart(self) -> None:
        player = ready_player()
        before = player.ask(b"AT+GMR")
        player.ask(b"AT+RST")
        player.ask(b"ATE0")
        assert player.ask(b"AT+GMR") == before


class TestGslp:
    def test_documented_repeats_the_time_before_ok(self) -> None:
        assert ready_player(DOCUMENTED).ask(b"AT+GSLP=1500") == b"1500\r\n\r\nOK\r\n"

    def test_espressif_answers_ok_only(self) -> None:
        assert ready_player(ESPRESSIF_0_23).ask(b"AT+GSLP=1500") == b"\r\nOK\r\n"

    @both_dialects
    @pytest.mark.parametrize(
        ("line", "duration_us"),
        [
            (b"AT+GSLP=0", 0),
            (b"AT+GSLP=1", 1_000),
            (b"AT+GSLP=1500", 1_500_000),
            (b"AT+GSLP=4294967", 4_294_967_000),
        ],
    )
    def test_the_unit_is_the_millisecond(
        self, line: bytes, duration_us: int, dialect: Dialect
    ) -> None:
        player = ready_player(dialect)
        player.send(line + b"\r\n")
        assert player.deep_sleep == DeepSleep(player.now_ns, duration_us)

    @both_dialects
    @pytest.mark.parametrize(
        "value", [b"", b"abc", b"4294968", b"-1", b"1.5", b"1,2", b'"1000"', b" 1"]
    )
    def test_what_is_no_time_is_refused_and_the_module_stays_awake(
        self, value: bytes, dialect: Dialect
    ) -> None:
        player = ready_player(dialect)
        assert player.ask(b"AT+GSLP=" + value) == ERROR
        assert player.deep_sleep is None
        assert player.ask(b"AT") == OK

    def test_no_command_is_executed_while_asleep(self) -> None:
        player = ready_player()
        player.ask(b"AT+GSLP=5000")
        player.advance(player.now_ns + NS_PER_S)
        assert player.ask(b"AT") == b""

    def test_volatile_settings_are_lost_and_stored_ones_kept(self) -> None:
        player = ready_player()
        player.ask(b"AT+CWMODE_DEF=1")
        player.ask(b"AT+CWMODE_CUR=3")
        player.ask(b"AT+GSLP=500")
        woken = ready_player(flash=player.flash)
        assert woken.ask(b"AT+CWMODE_CUR?") == b"+CWMODE_CUR:1\r\n" + OK


class TestEcho:
    @both_dialects
    def test_the_command_is_sent_back_before_its_response(self, dialect: Dialect) -> None:
        player = ChipPlayer(dialect)
        player.settle()
        player.take_sent()
        assert player.ask(b"AT+CWMODE?") == b"AT+CWMODE?\r\r\n+CWMODE:2\r\n\r\nOK\r\n"

    def test_ate0_is_itself_still_echoed(self) -> None:
        player = ChipPlayer()
        player.settle()
        player.take_sent()
        assert player.ask(b"ATE0") == b"ATE0\r\r\n\r\nOK\r\n"
        assert player.ask(b"AT") == b"\r\nOK\r\n"

    def test_ate1_switches_the_echo_on(self) -> None:
        player = ready_player()
        assert player.ask(b"ATE1") == b"\r\nOK\r\n"
        assert player.ask(b"AT") == b"AT\r\r\n\r\nOK\r\n"

    @pytest.mark.parametrize(
        "line", [b"ATE2", b"ATE9", b"ATE", b"ATE?", b"ATE=?", b"ATE=1", b"ATE10", b"ATE1,0"]
    )
    def test_anything_but_0_or_1_is_refused_and_changes_nothing(self, line: bytes) -> None:
        player = ready_player()
        assert player.ask(line) == b"\r\nERROR\r\n"
        assert player.ask(b"AT") == b"\r\nOK\r\n"

    def test_the_echo_is_on_after_a_restart(self) -> None:
        player = ready_player()
        player.ask(b"AT+RST")
        assert player.ask(b"AT") == b"AT\r\r\n\r\nOK\r\n"

    def test_noise_and_empty_lines_are_echoed_too(self) -> None:
        player = ChipPlayer()
        player.settle()
        player.take_sent()
        assert player.ask(b"\xff\x00?") == b"\xff\x00?\r\r\n\r\nERROR\r\n"
        assert player.ask(b"") == b"\r\r\n\r\nERROR\r\n"


class TestRestore:
    @both_dialects
    def test_all_that_is_stored_returns_to_the_factory_state(self, dialect: Dialect) -> None:
        player = ready_player(dialect)
        factory = player.flash.snapshot()
        player.ask(b"AT+CWMODE_DEF=3")
        player.ask(b"AT+UART_DEF=9600,8,1,0,3")
        assert player.ask(b"AT+RESTORE") == b"\r\nOK\r\n\r\nready\r\n"
        assert player.restarts == 1
        assert player.flash.snapshot() == factory
        assert player.line_format.baud == 115200
        assert player.firmware.flow_control == 0
        player.power_cycle()
        assert player.ask(b"AT+CWMODE_DEF?") == b"AT+CWMODE_DEF?\r\r\n+CWMODE_DEF:2\r\n\r\nOK\r\n"

    def test_ok_waits_for_the_flash(self) -> None:
        player = ready_player()
        player.ask(b"AT+CWMODE_DEF=3")
        player.send(b"AT+RESTORE\r\n")
        assert player.take_sent() == b""
        asked_ns = player.now_ns
        player.settle()
        (restart,) = (action for action in player.actions if isinstance(action, Restart))
        assert restart.at_ns - asked_ns > 2 * player.flash.timing.sector_erase_ns

    def test_a_factory_fresh_module_restarts_without_writing(self) -> None:
        player = ready_player()
        writes = player.flash.write_count
        assert player.ask(b"AT+RESTORE") == OK + READY
        assert player.flash.write_count == writes

    def test_only_the_parameter_areas_are_touched(self) -> None:
        images = bytes(range(256)) * (0x7C000 // 256)
        init_data = b"\x05\x00\x04\x02" * 32
        flash = NorFlash(MIB, images)
        flash.load(0xFC000, init_data)
        player = ready_player(flash=flash)
        before = flash.snapshot()
        player.ask(b"AT+CWMODE_DEF=3")
        player.ask(b"AT+RESTORE")
        assert flash.snapshot() == before


class TestSleep:
    def test_modem_sleep_is_the_default(self) -> None:
        assert ready_player().ask(b"AT+SLEEP?") == b"+SLEEP:2\r\n\r\nOK\r\n"

    @both_dialects
    @pytest.mark.parametrize("mode", [b"0", b"1", b"2"])
    def test_each_mode_can_be_set_in_station_mode(self, mode: bytes, dialect: Dialect) -> None:
        player = ready_player(dialect)
        player.ask(b"AT+CWMODE_CUR=1")
        assert player.ask(b"AT+SLEEP=" + mode) == OK
        assert player.ask(b"AT+SLEEP?") == b"+SLEEP:" + mode + b"\r\n" + OK

    @pytest.mark.parametrize("value", [b"3", b"", b"x", b"-1", b"1,1", b'"1"'])
    def test_other_modes_are_refused(self, value: bytes) -> None:
        player = ready_player()
        player.ask(b"AT+CWMODE_CUR=1")
        assert player.ask(b"AT+SLEEP=" + value) == ERROR
        assert player.ask(b"AT+SLEEP?") == b"+SLEEP:2\r\n" + OK

    @pytest.mark.parametrize("wifi_mode", [b"2", b"3"])
    def test_setting_is_refused_outside_of_station_mode(self, wifi_mode: bytes) -> None:
        player = ready_player()
        player.ask(b"AT+CWMODE_CUR=" + wifi_mode)
        assert player.ask(b"AT+SLEEP=1") == ERROR
        assert player.ask(b"AT+SLEEP?") == b"+SLEEP:2\r\n" + OK

    @pytest.mark.parametrize("wifi_mode", [b"2", b"3"])
    def test_the_real_firmware_asks_nothing_but_the_number(self, wifi_mode: bytes) -> None:
        player = ready_player(ESPRESSIF_0_23)
        player.ask(b"AT+CWMODE_CUR=" + wifi_mode)
        assert player.ask(b"AT+SLEEP=1") == OK
        assert player.ask(b"AT+SLEEP?") == b"+SLEEP:1\r\n" + OK
        assert player.ask(b"AT+SLEEP=3") == ERROR

    def test_the_default_returns_after_a_restart(self) -> None:
        player = ready_player()
        player.ask(b"AT+CWMODE_DEF=1")
        areas = player.areas()
        assert player.ask(b"AT+SLEEP=0") == OK
        assert player.areas() == areas
        player.ask(b"AT+RST")
        player.ask(b"ATE0")
        assert player.ask(b"AT+SLEEP?") == b"+SLEEP:2\r\n" + OK
