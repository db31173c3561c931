"""What faults are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.virtual.firmware.command import Call, Form, Outcome, Variant
from hil.virtual.firmware.command_table import COMMANDS, commands_of
from hil.virtual.firmware.dialect import DOCUMENTED
from hil.virtual.firmware.fault import Fault, lay_faults
from hil.virtual.firmware.fault_block import (
    also_called,
    answering,
    as_variant,
    building,
    confusing,
    consenting,
    exchanging,
    pretending,
    replacing,
    supplant,
    together,
    wrap,
)
from hil.virtual.firmware.output import Output
from hil.virtual.firmware.server import Server

from .link_player import LinkPlayer

if TYPE_CHECKING:
    from hil.virtual.firmware.state import FirmwareState


class TestBytes:
    def test_what_a_pattern_finds_is_replaced_whatever_bytes_there_are(self) -> None:
        assert replacing(rb"\A(a).(c)", rb"\2\1")(b"a\nc\x00") == b"ca\x00"

    def test_each_of_two_texts_stands_for_the_other(self) -> None:
        assert confusing(b"a.", b"b")(b"a.bab") == b"ba.aa."

    @pytest.mark.parametrize(
        ("place", "seen"),
        [(0, b"9,1"), (1, b"1,9"), (-1, b"1,9"), (-2, b"9,1"), (2, b"1,1"), (-3, b"1,1")],
    )
    def test_an_argument_is_exchanged_if_it_is_there(self, place: int, seen: bytes) -> None:
        assert exchanging(place, {b"1": b"9"})(b"1,1") == seen
        assert exchanging(place, {b"2": b"9"})(b"1,1") == b"1,1"


class TestHandlers:
    def test_what_belongs_to_no_family_has_no_variants(self) -> None:
        make = as_variant(Variant("_CUR", stores=True, answers_stored=False))
        with pytest.raises(TypeError, match=r"confirm_start_up.* belongs to no family"):
            make(COMMANDS[""][Form.EXECUTE])

    def test_the_true_value_is_back_after_a_decision_even_if_that_fails(self) -> None:
        state = LinkPlayer().state

        def fail(state: FirmwareState, call: Call, at_ns: int) -> Outcome:
            assert state.sleep_mode == 0
            raise KeyError(call.name)

        handle = pretending(lambda state: state, "sleep_mode", 0)(fail)
        with pytest.raises(KeyError):
            handle(state, Call("+SLEEP", Form.SET), 0)
        assert state.sleep_mode == 2


class TestLaying:
    @pytest.mark.parametrize("is_reversed", [False, True])
    def test_what_supplants_a_handler_is_wrapped_in_whatever_order(self, is_reversed: bool) -> None:
        lays = [
            supplant(["AT+RST"], Form.EXECUTE, consenting()),
            wrap(["AT+RST"], Form.EXECUTE, answering(replacing(b"OK", b"KO"))),
        ]
        faults = [Fault("x", "x.", (), lay) for lay in (lays[::-1] if is_reversed else lays)]
        player = LinkPlayer(faults=faults)
        assert player.ask(b"AT+RST") == b"\r\nKO\r\n"
        assert player.restarts == 0

    def test_a_fault_in_several_places_is_laid_in_all(self) -> None:
        lay = together(also_called("AT+GMR", "AT+a"), also_called("AT+RST", "AT+b"))
        commands = lay_faults([Fault("x", "x.", (), lay)], COMMANDS).commands
        assert commands["+a"] == COMMANDS["+GMR"]
        assert commands["+b"] == COMMANDS["+RST"]

    def test_parts_take_on_the_behaviour_of_all_faults_in_turn(self) -> None:
        class First(Server):
            def next_deadline_ns(self) -> int | None:
                return (super().next_deadline_ns() or 0) + 1

        class Second(Server):
            def next_deadline_ns(self) -> int | None:
                return 10

        faults = [Fault("x", "x.", (), building(Server, each)) for each in (First, Second)]
        player = LinkPlayer()
        server = lay_faults(faults, COMMANDS).kind(Server)(player.state)
        assert server.next_deadline_ns() == 11


def test_a_sound_firmware_consists_of_its_own_parts() -> None:
    state = LinkPlayer().state
    assert type(state.out) is Output
    assert type(state.server) is Server
    assert state.commands == commands_of(DOCUMENTED)
