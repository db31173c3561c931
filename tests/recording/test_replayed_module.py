"""A module that is played from a record: what it wants, what it says and when."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from hil.errors import ReplayMismatchError
from hil.ports.byte_port import Parity, PortFormat
from hil.ports.control_lines import Line
from hil.recording.replayed_module import REAL_SLACK_NS, ReplayedModule

from .record_of_tests import HEADER, MS, SECTION, record

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGED = (
    "If the test has changed, record the session again; if not, it does something that depends on "
    "more than what came from the module"
)


def play(*told: tuple[int, dict[str, Any]], is_real: bool = False) -> ReplayedModule:
    return ReplayedModule(record(*told, header=replace(HEADER, is_simulated=not is_real)))


def heard(module: ReplayedModule, now_ns: int) -> bytes:
    return module.receive(module.available(now_ns), now_ns)


def text_of(call: Callable[[], object]) -> str:
    with pytest.raises(ReplayMismatchError) as caught:
        call()
    return str(caught.value)


def test_an_answer_comes_as_long_after_what_was_sent_as_it_did() -> None:
    module = play((1000, {"tx": "AT\r\n"}), (3, {"rx": "AT\r\r\n"}), (4, {"rx": "\r\nOK\r\n"}))
    module.send(b"AT\r\n", 50 * MS)
    assert module.next_arrival_ns(50 * MS) == 53 * MS
    assert heard(module, 53 * MS - 1) == b""
    assert heard(module, 53 * MS) == b"AT\r\r\n"
    assert module.next_arrival_ns(53 * MS) == 57 * MS
    assert heard(module, 900 * MS) == b"\r\nOK\r\n"
    assert module.next_arrival_ns(900 * MS) is None


def test_nothing_comes_before_all_that_came_before_it_is_sent() -> None:
    module = play((0, {"tx": "AT"}), (1, {"rx": "AT"}), (1, {"tx": "\r\n"}), (1, {"rx": "OK"}))
    module.send(b"A", 0)
    assert module.next_arrival_ns(0) is None
    module.send(b"T\r\n", 10 * MS)
    assert heard(module, 11 * MS) == b"ATOK"


def test_what_came_unasked_comes_from_the_beginning_on() -> None:
    assert heard(play((7, {"rx": "ready"})), 7 * MS) == b"ready"


def test_who_sends_sooner_than_then_still_gets_everything_in_order() -> None:
    module = play(
        (0, {"tx": "A"}), (100, {"rx": "1"}), (0, {"tx": "B"}), (1, {"rx": "2"}), (1, {"rx": "3"})
    )
    module.send(b"A", 0)
    module.send(b"B", 5 * MS)
    assert heard(module, 99 * MS) == b""
    assert heard(module, 100 * MS) == b"123"


def test_who_waits_longer_than_then_hears_nothing_new() -> None:
    module = play((0, {"tx": "A"}), (1, {"rx": "1"}), (1, {"tx": "B"}), (1, {"rx": "2"}))
    module.send(b"A", 0)
    assert heard(module, 3_600_000 * MS) == b"1"
    module.send(b"B", 3_600_000 * MS)
    assert heard(module, 3_600_001 * MS) == b"2"


def test_an_hour_of_deep_sleep_is_an_hour_on_the_clock() -> None:
    module = play((0, {"tx": "AT+GSLP=3600000\r\n"}), (3_600_000, {"rx": "ready"}))
    module.send(b"AT+GSLP=3600000\r\n", 0)
    assert module.next_arrival_ns(0) == 3_600_000 * MS


def test_lines_are_switched_as_then_and_what_came_follows() -> None:
    module = play(
        (0, {"lines": {"reset": True}}), (100, {"lines": {"reset": False}}), (5, {"rx": "ets"})
    )
    assert module.begins_with_a_restart
    module.set_lines({Line.RESET: True}, 0)
    module.set_lines({Line.RESET: False}, 100 * MS)
    assert heard(module, 105 * MS) == b"ets"
    assert not module.begins_with_a_restart


def test_the_boot_strap_is_not_among_its_lines_and_not_missed() -> None:
    module = play((0, {"lines": {"strap": True}}), (0, {"lines": {"strap": False, "reset": False}}))
    assert module.lines == {Line.RESET, Line.POWER, Line.WAKE_LINK}
    module.set_lines({Line.RESET: False}, 0)


def test_what_was_done_in_the_boot_loader_is_passed() -> None:
    module = play(
        (0, {"loader": "entered"}),
        (0, {"lines": {"reset": True}}),
        (0, {"format": "460800 8N1"}),
        (9, {"rx": "Ud"}),
        (9, {"tx": "Ud"}),
        (0, {"format": "9600 8N1"}),
        (0, {"loader": "left"}),
        (0, {"tx": "AT"}),
    )
    module.set_format(PortFormat(9600))
    module.send(b"AT", 0)
    assert heard(module, 99 * MS) == b""


def test_flow_control_is_not_played() -> None:
    flow = replace(HEADER.modules[0], capabilities=frozenset({"uart-flow", "uart-format"}))
    module = ReplayedModule(record(header=replace(HEADER, modules=(flow,))))
    assert module.capabilities == {"uart-format"}


# Discarding


def test_input_that_was_forgotten_then_is_forgotten_however_late_it_comes() -> None:
    module = play(
        (0, {"tx": "A"}), (9, {"rx": "old"}), (1, {"input": "discarded"}), (1, {"rx": "new"})
    )
    module.send(b"A", 0)
    module.discard_input(2 * MS)
    assert heard(module, 20 * MS) == b"new"


def test_each_forgetting_is_one() -> None:
    forgotten = (1, {"input": "discarded"})
    module = play((1, {"rx": "1"}), forgotten, (1, {"rx": "2"}), forgotten, (1, {"rx": "3"}))
    module.discard_input(0)
    module.discard_input(0)
    assert heard(module, 20 * MS) == b"3"


def test_input_that_was_not_forgotten_then_is_forgotten_as_far_as_it_is_there() -> None:
    module = play((0, {"tx": "A"}), (1, {"rx": "1"}), (5, {"rx": "2"}))
    module.send(b"A", 0)
    module.discard_input(3 * MS)
    assert heard(module, 20 * MS) == b"2"


def test_who_does_not_forget_what_was_forgotten_gets_it() -> None:
    module = play((0, {"tx": "A"}), (1, {"rx": "1"}), (1, {"input": "discarded"}), (1, {"rx": "2"}))
    module.send(b"A", 0)
    assert heard(module, 20 * MS) == b"12"


def test_a_place_of_forgetting_is_over_when_something_is_sent() -> None:
    module = play(
        (0, {"tx": "A"}),
        (1, {"rx": "1"}),
        (1, {"input": "discarded"}),
        (1, {"tx": "B"}),
        (5, {"rx": "2"}),
    )
    module.send(b"A", 0)
    module.send(b"B", 0)
    module.discard_input(0)
    assert heard(module, 20 * MS) == b"12"


# A client that was slow


def test_only_a_record_made_in_real_time_lets_a_look_see_ahead() -> None:
    assert play((0, {"tx": "A"})).slack_ns == 0
    assert play((0, {"tx": "A"}), is_real=True).slack_ns == REAL_SLACK_NS


# Passwords

JOIN = {"tx": 'AT+CWJAP="net","***"\r\n', "masked": [[16, 1]]}
ECHO = {"rx": 'AT+CWJAP="net","***"\r\r\nOK', "masked": [[16, 1]]}


@pytest.mark.parametrize("password", [b"x", b"swordfish9", b'quo\\"te', b"a,b", b"", b"z" * 64])
def test_any_password_fits_and_is_echoed(password: bytes) -> None:
    module = play((0, JOIN), (1, ECHO), (1, {"tx": "AT\r\n"}))
    for byte in b'AT+CWJAP="net","' + password + b'"\r\n':
        module.send(bytes([byte]), 0)
    assert heard(module, MS) == b'AT+CWJAP="net","' + password + b'"\r\r\nOK'
    module.send(b"AT\r\n", 2 * MS)


def test_a_password_that_nobody_has_sent_reads_as_stars() -> None:
    module = play((0, {"rx": '+CWSAP:"ap","***",5,3', "masked": [[13, 1]]}))
    assert heard(module, 0) == b'+CWSAP:"ap","***",5,3'


def test_a_password_ends_where_the_next_bytes_on_record_begin() -> None:
    module = play((0, {"tx": "x,***", "masked": [[2, 1]]}), (0, {"tx": "\r\n"}), (0, {"rx": "OK"}))
    module.send(b"x,swordfish9\r\n", 0)
    assert heard(module, 0) == b"OK"


def test_a_password_that_nothing_follows_takes_what_is_sent() -> None:
    module = play((0, {"tx": "x,***", "masked": [[2, 1]]}), (0, {"rx": "***", "masked": [[0, 1]]}))
    module.send(b"x,swordfish9", 0)
    assert heard(module, 0) == b"swordfish9"


def test_a_password_ends_with_its_line_whatever_else_was_sent_at_once() -> None:
    module = play((0, {"tx": '"***"\r\nAT', "masked": [[1, 1]]}))
    assert "now '\"swordfish9\",6\\r\\n' was sent" in text_of(
        lambda: module.send(b'"swordfish9",6\r\n', 0)
    )


def test_a_password_without_an_end_is_none() -> None:
    module = play((0, {"tx": "pw=***&", "masked": [[3, 1]]}))
    module.send(b"pw=" + b"x" * 200, 0)
    assert "parts from its record here" in text_of(lambda: module.send(b"x" * 60, 0))


def test_what_follows_a_password_must_be_as_on_record() -> None:
    module = play((0, {"tx": 'AT+CWSAP="ap","***",5,3\r\n', "masked": [[15, 1]]}))
    assert text_of(lambda: module.send(b'AT+CWSAP="ap","swordfish9",6,3\r\n', 0)) == (
        "night.hilrec, line 2: the session parts from its record here, at its beginning: on record "
        """'AT+CWSAP="ap",***,5,3\\r\\n' was sent; now 'AT+CWSAP="ap",***,6,3\\r\\n' was sent. """
        + CHANGED
    )


# Where the sessions part


def test_other_bytes_than_on_record_say_where_the_sessions_part() -> None:
    module = play((0, {"tx": "ATE0\r\n"}), (1, {"rx": "OK"}), (1, {"tx": "AT+GMR\r\n"}))
    module.send(b"ATE0\r\n", 0)
    with pytest.raises(ReplayMismatchError) as caught:
        module.send(b"AT+RST\r\n", 5 * MS)
    assert str(caught.value) == (
        "night.hilrec, line 4: the session parts from its record here, after 'ATE0\\r\\n' was sent "
        "(line 2): on record 'AT+GMR\\r\\n' was sent; now 'AT+RST\\r\\n' was sent. " + CHANGED
    )
    assert (caught.value.line, caught.value.happened) == (4, "'AT+RST\\r\\n' was sent")


def test_after_the_parting_nothing_goes_on() -> None:
    module = play((0, {"tx": "A"}), (0, {"tx": "B"}))
    first = text_of(lambda: module.send(b"X", 0))
    assert text_of(lambda: module.send(b"A", 0)) == first
    assert text_of(lambda: module.set_lines({Line.RESET: True}, 0)) == first
    assert text_of(module.require_continued) == first


def test_sending_where_lines_were_switched_parts_the_sessions() -> None:
    module = play((0, {"lines": {"reset": True}}))
    assert text_of(lambda: module.send(b"AT\r\n", 0)) == (
        "night.hilrec, line 2: the session parts from its record here, at its beginning: on record "
        "reset on was switched; now 'AT\\r\\n' was sent. " + CHANGED
    )


@pytest.mark.parametrize("told", [{"tx": "AT"}, {"lines": {"reset": False}}])
def test_switching_what_was_not_switched_parts_the_sessions(told: dict[str, Any]) -> None:
    text = text_of(lambda: play((0, told)).set_lines({Line.RESET: True}, 0))
    assert "; now reset on was switched. " in text


def test_switching_in_the_midst_of_what_was_sent_parts_the_sessions() -> None:
    module = play((0, {"tx": "AT\r\n"}))
    module.send(b"AT", 0)
    assert "on record 'AT\\r\\n' was sent; now reset on was switched" in text_of(
        lambda: module.set_lines({Line.RESET: True}, 0)
    )


@pytest.mark.parametrize(
    "line_format", [PortFormat(9600), PortFormat(parity=Parity.EVEN), PortFormat(stop_bits=2)]
)
def test_a_port_that_is_set_otherwise_parts_the_sessions(line_format: PortFormat) -> None:
    module = play((0, {"tx": "AT\r\n"}))
    module.set_format(line_format)
    text = text_of(lambda: module.send(b"AT\r\n", 0))
    assert "on record 'AT\\r\\n' was sent at 115200 8N1; now the port is set to " in text


def test_the_port_may_be_set_again_and_again_on_the_way() -> None:
    module = play((0, {"tx": "A"}), (0, {"format": "9600 8N1"}), (0, {"tx": "B"}))
    module.send(b"A", 0)
    module.set_format(PortFormat(74880))
    module.set_format(PortFormat(9600))
    module.send(b"B", 0)


def test_sending_behind_the_end_of_the_record_is_told_so() -> None:
    module = play((0, {"tx": "AT"}), (0, {"record": "closed"}))
    module.send(b"AT", 0)
    assert text_of(lambda: module.send(b"AT", 0)) == (
        "night.hilrec, line 3: the session parts from its record here, after 'AT' was sent "
        "(line 2): on record nothing more was done; now 'AT' was sent. " + CHANGED
    )


def test_waiting_behind_the_end_of_a_record_is_silence_unless_it_was_cut_off() -> None:
    whole = play((0, {"tx": "AT"}), (0, {"record": "closed"}))
    whole.send(b"AT", 0)
    whole.require_continued()
    cut_off = play((0, {"tx": "AT"}))
    cut_off.require_continued()
    cut_off.send(b"AT", 0)
    assert text_of(cut_off.require_continued) == (
        "night.hilrec, line 2: the session parts from its record here, after 'AT' was sent "
        "(line 2): on record nothing is known any more; now an answer is waited for. Record the "
        "session again, and let the run end"
    )


# Sections

TWO = (
    (0, {"section": "test_a", **SECTION, "running": []}),
    (0, {"tx": "A"}),
    (5, {"rx": "1"}),
    (0, {"end": "test_a"}),
    (0, {"section": "test_b", **SECTION, "dirty": True, "formats": {"0": "9600 8N1"}}),
    (2, {"rx": "late"}),
    (0, {"tx": "B"}),
    (5, {"rx": "2"}),
    (0, {"end": "test_b"}),
    (0, {"record": "closed"}),
)


def test_without_a_section_a_record_is_played_across_all_of_them() -> None:
    module = play(*TWO)
    module.send(b"A", 0)
    assert heard(module, 7 * MS) == b"1late"
    module.set_format(PortFormat(9600))
    module.send(b"B", 10 * MS)


def test_one_section_is_played_by_its_name_with_how_things_stood() -> None:
    module = play(*TWO)
    start = module.begin("test_b", 70 * MS)
    assert (start.is_running, start.is_dirty, start.is_next) == (True, True, False)
    assert start.line_format == PortFormat(9600)
    module.set_format(start.line_format)
    assert heard(module, 72 * MS) == b"late"
    module.send(b"B", 80 * MS)
    assert heard(module, 85 * MS) == b"2"
    start = module.begin("test_a", 90 * MS)
    assert (start.is_running, start.is_dirty, start.is_next) == (False, False, False)
    module.set_format(start.line_format)
    module.send(b"A", 90 * MS)
    assert module.begin("test_b", 99 * MS).is_next


def test_a_section_ends_where_the_test_ended() -> None:
    module = play(*TWO)
    module.begin("test_a", 0)
    module.send(b"A", 0)
    assert text_of(lambda: module.send(b"B", 0)) == (
        "night.hilrec, line 5: the session of test_a parts from its record here, after 'A' was "
        "sent (line 3): on record nothing more was done; now 'B' was sent. " + CHANGED
    )


def test_a_section_that_has_parted_does_not_harm_the_next() -> None:
    module = play(*TWO)
    module.begin("test_a", 0)
    text_of(lambda: module.send(b"X", 0))
    module.begin("test_a", 1 * MS)
    module.send(b"A", 1 * MS)
    assert heard(module, 6 * MS) == b"1"


def test_what_one_section_left_does_not_arrive_in_the_next() -> None:
    module = play(*TWO)
    module.begin("test_a", 0)
    module.send(b"A", 0)
    module.begin("test_a", 50 * MS)
    assert heard(module, 99 * MS) == b""


def test_a_name_that_occurs_again_means_the_next_time_and_at_last_the_last() -> None:
    module = play(
        (0, {"section": "t", **SECTION}),
        (0, {"tx": "1"}),
        (0, {"section": "t", **SECTION}),
        (0, {"tx": "2"}),
    )
    for expected in (b"1", b"2", b"2"):
        module.begin("t", 0)
        module.send(expected, 0)


def test_it_knows_which_sections_are_on_record() -> None:
    module = play(*TWO)
    assert module.has("test_b")
    assert not module.has("test_c")
