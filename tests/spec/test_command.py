"""The table of commands: complete by the catalogue, the document's own table and the client."""

from __future__ import annotations

import inspect
import re

import pytest

from hil.at import AtClient
from hil.errors import CommandTableError
from hil.spec.catalogue import load_catalogue
from hil.spec.command import FormKind, ParameterKind, load_commands, parse_commands
from tests.at.test_typed_commands import COMMANDS as TYPED

NOT_COMMANDS = {
    *("DOWNLOAD", "WIFI-STATUS", "GENERAL", "APPENDIX", "BOOTLOG"),
    "+IPD",
}

HEAD = 'version = 1\ndocument = "D"\n'
AT = '[[command]]\nname = "AT"\ngroup = "basic"\nsection = "1"\nline = 1\nsummary = "s"\n'
EXECUTE = "execute = { line = 2 }\n"
SET = '[command.set]\nline = 2\nexample = "1"\n'
NUMBER = '[[command.set.parameter]]\nname = "n"\nkind = "number"\nmeaning = "m"\n'


def test_there_are_57_commands_and_the_catalogue_has_the_same_in_the_same_groups() -> None:
    table = load_commands()
    clauses = load_catalogue()
    assert len(table) == 57
    assert {command.name: command.group for command in table} == {
        clause.command: clause.group for clause in clauses if clause.command not in NOT_COMMANDS
    }
    assert table.document == clauses.document


def test_every_form_of_which_the_catalogue_speaks_is_there_and_no_other() -> None:
    spoken_of = {
        (clause.command, clause.form)
        for clause in load_catalogue()
        if clause.form in {kind.value for kind in FormKind} and not clause.is_negative
        if clause.command not in NOT_COMMANDS
    }
    forms = {
        (command.name, form.kind.value) for command in load_commands() for form in command.forms
    }
    assert forms == spoken_of


def test_the_typed_client_has_a_method_for_each_command_and_form() -> None:
    table = load_commands()
    assert [command.name.removeprefix("AT+").lower() for command in table] == list(TYPED)
    for command in table:
        name = command.name.removeprefix("AT+").lower()
        kinds = {form.kind for form in command.forms}
        assert hasattr(AtClient, name)
        for kind in kinds & {FormKind.QUERY, FormKind.TEST}:
            assert hasattr(AtClient, f"{name}_{kind.value}"), f"{command.name} {kind}"


def test_names_of_parameters_and_ranges_are_those_that_the_client_checks() -> None:
    """Both were read from the document; where they differ, one of them misread it."""
    from hil.at import command as basic  # noqa: PLC0415 - the tables of each section
    from hil.at import tcp_connection as tcp  # noqa: PLC0415
    from hil.at import wifi_address, wifi_softap, wifi_station  # noqa: PLC0415
    from hil.at.parameter import Choice, Switch, Text, WholeNumber  # noqa: PLC0415

    checked = {
        "AT+UART": basic.UART, "AT+GSLP": basic.GSLP, "AT+SLEEP": basic.SLEEP,
        "AT+CWMODE": basic.CWMODE, "AT+CWJAP": wifi_station.CWJAP, "AT+CWLAP": wifi_station.CWLAP,
        "AT+CWAUTOCONN": wifi_station.CWAUTOCONN, "AT+CWSTARTSMART": wifi_station.CWSTARTSMART,
        "AT+CWSAP": wifi_softap.CWSAP, "AT+CIPSTAMAC": wifi_address.MAC,
        "AT+CIPSTA": wifi_address.NETWORK, "AT+CIPAP": wifi_address.NETWORK,
        "AT+CIPCLOSE": tcp.CIPCLOSE, "AT+CIPMUX": tcp.CIPMUX, "AT+CIPMODE": tcp.CIPMODE,
        "AT+CIPSERVER": tcp.CIPSERVER, "AT+CIPSTO": tcp.CIPSTO, "AT+PING": tcp.PING,
        "AT+SAVETRANSLINK": tcp.SAVETRANSLINK,  # its mode 0 is another method
        "AT+CWDHCP": wifi_address.CWDHCP,
    }  # fmt: skip
    for name, parameters in checked.items():
        form = load_commands()[name].form(FormKind.SET)
        assert form is not None
        assert [each.name for each in form.parameters] == [each.name for each in parameters], name
        for ours, theirs in zip(form.parameters, parameters, strict=True):
            codes = [code for code, _ in ours.values]
            if isinstance(theirs, Choice) and name != "AT+SAVETRANSLINK":
                assert codes == [str(code) for code in theirs.codes.values()], (name, ours.name)
            if isinstance(theirs, Switch):
                assert codes == ["0", "1"], (name, ours.name)
            if isinstance(theirs, WholeNumber) and ours.values:
                allowed = range(theirs.lowest, theirs.highest + 1)
                assert codes == [str(code) for code in allowed], (name, ours.name)
            if isinstance(theirs, WholeNumber) and not ours.values:
                assert (ours.low, ours.high) == (theirs.lowest, theirs.highest), (name, ours.name)
            if isinstance(theirs, Text) and ours.kind is ParameterKind.TEXT:
                assert (ours.low, ours.high) == (theirs.shortest, theirs.longest), (name, ours.name)
                assert ours.is_secret == theirs.is_secret


def test_every_line_lies_in_the_part_of_the_document_that_describes_the_commands() -> None:
    before = 0
    for command in load_commands():
        assert before < command.line <= 958
        before = command.line
        for form in command.forms:
            assert command.line <= form.line < command.line + 30
        assert re.fullmatch(r"(3\.2|4\.1|5\.2) #\d+", command.section)


def test_variants_are_deprecated_volatile_or_stored() -> None:
    table = load_commands()
    plain, current, default = (table[f"AT+CWJAP{end}"] for end in ("", "_CUR", "_DEF"))
    assert (plain.is_deprecated, current.is_deprecated, default.is_deprecated) == (
        True,
        False,
        False,
    )
    assert (plain.storage, current.storage, default.storage) == ("system", "", "system")
    assert {command.family for command in (plain, current, default)} == {"AT+CWJAP"}
    assert not table["AT+GMR"].is_deprecated


def test_what_is_stored_agrees_with_the_appendix() -> None:
    """A-69: the list that the appendix lost, rebuilt from the notes."""
    stored: dict[str, set[str]] = {"user": set(), "system": set(), "": set()}
    for command in load_commands():
        stored[command.storage].add(command.family)
    assert stored["user"] == {
        *("AT+UART", "AT+CWDHCP", "AT+CIPSTAMAC", "AT+CIPAPMAC", "AT+CIPSTA", "AT+CIPAP"),
        "AT+SAVETRANSLINK",
    }
    assert stored["system"] == {"AT+CWMODE", "AT+CWJAP", "AT+CWSAP", "AT+CWAUTOCONN"}


def test_calls_begin_as_section_2_says() -> None:
    command = load_commands()["AT+CWMODE_CUR"]
    assert [command.call(kind) for kind in FormKind] == [
        *("AT+CWMODE_CUR=?", "AT+CWMODE_CUR?", "AT+CWMODE_CUR=", "AT+CWMODE_CUR"),
    ]
    assert load_commands()["ATE"].call(FormKind.SET) == "ATE"
    assert load_commands()["ATE"].example(FormKind.SET) == "ATE0"
    assert load_commands()["AT+GMR"].example(FormKind.EXECUTE) == "AT+GMR"


@pytest.mark.parametrize(
    ("name", "parameter", "shown"),
    [
        ("AT+CWMODE", 0, "1 station, 2 softAP, 3 station and softAP"),
        ("AT+UART_DEF", 0, "110 to 4608000 baud"),
        ("AT+CIPSTART", 1, '"TCP", "UDP"'),
        ("AT+CIPSTART", 6, "0 to 7200 x 500 ms"),
        ("AT+CWJAP_CUR", 0, "1 to 32 bytes"),
        ("AT+PING", 0, ""),
    ],
)
def test_ranges_in_words(name: str, parameter: int, shown: str) -> None:
    form = load_commands()[name].form(FormKind.SET)
    assert form is not None
    assert form.parameters[parameter].shown_range == shown


def test_every_ambiguity_named_is_an_entry_of_the_list() -> None:
    known = {entry for clause in load_catalogue() for entry in clause.ambiguity}
    for command in load_commands():
        for form in command.forms:
            named = {*form.ambiguity, *(a for each in form.parameters for a in each.ambiguity)}
            assert named <= known, command.name


def test_only_passwords_are_secret() -> None:
    secret = {
        (command.family, parameter.name)
        for command in load_commands()
        for form in command.forms
        for parameter in form.parameters
        if parameter.is_secret
    }
    assert secret == {("AT+CWJAP", "pwd"), ("AT+CWSAP", "pwd")}


def test_the_table_is_read_once() -> None:
    assert load_commands() is load_commands()
    assert "AT+GMR" in load_commands()
    assert "AT+CWOAP" not in load_commands()  # a misprint of line 317


def test_everything_that_can_be_described_is_documented() -> None:
    for command in load_commands():
        assert inspect.cleandoc(command.summary)
        assert not command.summary.endswith(".")


@pytest.mark.parametrize(
    ("text", "where", "allowed"),
    [
        ("version = ", "", "TOML"),
        ("version = 2", "version", "the number 1"),
        (HEAD + AT, "command[0]", "one form or more"),
        (HEAD + AT + EXECUTE + AT + EXECUTE, "command[1].name", "a name of its own"),
        (HEAD + AT + "query = { line = 2000 }", "command[0].query.line", "a line from 1 to 1011"),
        (
            HEAD + AT + 'query = { line = 2, example = "" }',
            "command[0].query.example",
            "no example",
        ),
        (HEAD + AT + 'variants = ["", "_X"]\n' + EXECUTE, "command[0].variants", "['', '_CUR'"),
        (HEAD + AT + SET, "command[0].set.parameter", "one [[command.set.parameter]] or more"),
        (
            HEAD + AT + SET + NUMBER + "range = [2, 1]",
            "command[0].set.parameter[0].range",
            "the least and the greatest",
        ),
        (
            HEAD + AT + SET + NUMBER + 'when = "CIPMUX=2"',
            "command[0].set.parameter[0].when",
            "SETTING=VALUE, or the name and a value of a parameter before",
        ),
        (
            HEAD + AT + SET + NUMBER + "bracket = 1\n" + NUMBER.replace('"n"', '"o"'),
            "command[0].set.parameter[1].bracket",
            "no less than before",
        ),
        (
            HEAD + AT.replace("line = 1", "line = [1, 2]") + EXECUTE,
            "command[0].line",
            "1 entries",
        ),
        (
            HEAD + AT + "execute = { line = 2, stated = 3 }",
            "command[0].execute.stated",
            "true or false",
        ),
    ],
)
def test_a_damaged_table_is_refused_with_the_place(text: str, where: str, allowed: str) -> None:
    with pytest.raises(CommandTableError) as caught:
        parse_commands(text)
    assert caught.value.key == where
    assert caught.value.allowed.startswith(allowed)
    assert str(caught.value).startswith("the built-in table of commands")
