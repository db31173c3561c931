from __future__ import annotations

import pytest

from hil.console.completion import Candidate, complete
from hil.spec.command import FormKind, load_commands


def texts(line: str) -> list[str]:
    return [candidate.text for candidate in complete(line, {})]


def test_every_command_and_every_form_can_be_reached() -> None:
    assert len(texts("")) == 57
    for command in load_commands():
        calls = {command.call(form.kind) for form in command.forms}
        assert calls <= {*texts(command.name), *texts("")}, command.name


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("AT+CWJ", ["AT+CWJAP", "AT+CWJAP_CUR", "AT+CWJAP_DEF"]),
        ("cwj", ["AT+CWJAP", "AT+CWJAP_CUR", "AT+CWJAP_DEF"]),
        ("at+pi", ["AT+PING="]),
        ("AT+CWJAP", ["AT+CWJAP?", "AT+CWJAP=", "AT+CWJAP_CUR", "AT+CWJAP_DEF"]),
        ("AT+SLEEP", ["AT+SLEEP?", "AT+SLEEP="]),
        ("AT+CWMODE_CUR=", ["1", "2", "3"]),
        ("AT+CWMODE_CUR=1", []),
        ("AT+UART_CUR=9600,8,", ["1", "2", "3"]),
        ("AT+CIPSTART=", ['"TCP"', '"UDP"']),
        ('AT+CIPSTART="U', ['"UDP"']),
        ('AT+CIPSTART=0,"T', ['"TCP"']),
        ("AT+CWJAP=", ['"']),
        ('AT+CWJAP="a,b"', []),
        ('AT+CWJAP="a\\",b",', ['"']),
        ("ATE", ["ATE"]),
        ("AT+GMR=", []),
        ("AT+NOSUCH", []),
        ("hello", []),
        (":", [":help ", ":send ", ":baud ", ":reset", ":wake ", ":wait ", ":quit"]),
        (":wa", [":wake ", ":wait "]),
        (":help CWL", ["AT+CWLAP", "AT+CWLIF"]),
        (":baud ", []),
    ],
)
def test_how_a_line_can_go_on(line: str, wanted: list[str]) -> None:
    assert texts(line) == wanted


def test_a_link_number_leads_where_the_module_has_several() -> None:
    assert complete("AT+CIPSTART=", {"CIPMUX": "1"}) == []
    assert [each.text for each in complete("AT+CIPSTART=0,", {"CIPMUX": "1"})] == ['"TCP"', '"UDP"']


def test_a_candidate_tells_what_it_means_and_what_it_replaces() -> None:
    assert complete("AT+CWMODE=", {})[0] == Candidate("1", 0, "station")
    assert complete("cwq", {}) == [Candidate("AT+CWQAP", 3, "leave the access point")]
    summaries = [candidate.summary for candidate in complete("AT+CWJ", {})]
    assert summaries == [
        "join an access point (stored; deprecated)",
        "join an access point (until the next start)",
        "join an access point (stored)",
    ]


def test_what_is_completed_step_by_step_is_a_call_of_the_document() -> None:
    for command in load_commands():
        form = command.form(FormKind.SET)
        if form is None or not form.separator:
            continue
        for parameter, code in zip(form.parameters, form.parameters[0].codes, strict=False):
            assert code in texts(command.call(FormKind.SET)), (command.name, parameter.name)
            break
