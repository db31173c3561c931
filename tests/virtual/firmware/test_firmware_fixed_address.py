"""Section 4, commands 23 to 28: AT+CIPSTA x3 and AT+CIPAP x3, their arguments and answers."""

from __future__ import annotations

import pytest

from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect

from .chip_player import ERROR, OK, ready_player

both_dialects = pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
suffixes = pytest.mark.parametrize("suffix", [b"", b"_CUR", b"_DEF"])
families = pytest.mark.parametrize(
    ("family", "address"), [(b"+CIPSTA", b"192.168.6.100"), (b"+CIPAP", b"192.168.5.1")]
)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"AT+CIPSTA?", b'+CIPSTA:"0.0.0.0"\r\n\r\nOK\r\n'),
        (b"AT+CIPSTA_CUR?", b'+CIPSTA_CUR:"0.0.0.0"\r\n\r\nOK\r\n'),
        (b"AT+CIPSTA_DEF?", b'+CIPSTA_DEF:"0.0.0.0"\r\n\r\nOK\r\n'),
        (b"AT+CIPAP?", b'+CIPAP:"192.168.4.1"\r\n\r\nOK\r\n'),
        (b"AT+CIPAP_CUR?", b'+CIPAP_CUR:"192.168.4.1"\r\n\r\nOK\r\n'),
        (b"AT+CIPAP_DEF?", b'+CIPAP_DEF:"192.168.4.1"\r\n\r\nOK\r\n'),
    ],
)
def test_factory_addresses_as_documented(line: bytes, answer: bytes) -> None:
    assert ready_player().ask(line) == answer


@pytest.mark.parametrize(
    ("name", "address", "gateway", "netmask"),
    [
        (b"+CIPSTA", b"0.0.0.0", b"0.0.0.0", b"0.0.0.0"),
        (b"+CIPSTA_CUR", b"0.0.0.0", b"0.0.0.0", b"0.0.0.0"),
        (b"+CIPSTA_DEF", b"0.0.0.0", b"0.0.0.0", b"0.0.0.0"),
        (b"+CIPAP", b"192.168.4.1", b"192.168.4.1", b"255.255.255.0"),
        (b"+CIPAP_CUR", b"192.168.4.1", b"192.168.4.1", b"255.255.255.0"),
        (b"+CIPAP_DEF", b"0.0.0.0", b"0.0.0.0", b"0.0.0.0"),
    ],
)
def test_factory_addresses_as_0_23_tells_them(
    name: bytes, address: bytes, gateway: bytes, netmask: bytes
) -> None:
    answer = (
        name + b':ip:"' + address + b'"\r\n'
        + name + b':gateway:"' + gateway + b'"\r\n'
        + name + b':netmask:"' + netmask + b'"\r\n\r\nOK\r\n'
    )  # fmt: skip
    assert ready_player(ESPRESSIF_0_23).ask(b"AT" + name + b"?") == answer


@suffixes
@pytest.mark.parametrize(
    ("family", "arguments", "address"),
    [
        (b"+CIPSTA", b'"192.168.6.100","192.168.6.1","255.255.255.0"', b"192.168.6.100"),
        (b"+CIPSTA", b'"192.168.6.100"', b"192.168.6.100"),
        (b"+CIPAP", b'"192.168.5.1","192.168.5.1","255.255.255.0"', b"192.168.5.1"),
        (b"+CIPAP", b'"192.168.5.1"', b"192.168.5.1"),
        (b"+CIPAP", b'"200.1.2.1"', b"200.1.2.1"),
    ],
)
def test_the_printed_examples_are_taken_and_told(
    suffix: bytes, family: bytes, arguments: bytes, address: bytes
) -> None:
    player = ready_player()
    name = family + suffix
    assert player.ask(b"AT" + name + b"=" + arguments) == OK
    assert player.ask(b"AT" + name + b"?") == name + b':"' + address + b'"\r\n' + OK
    assert player.ask(b"AT" + family + b"?") == family + b':"' + address + b'"\r\n' + OK


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (
            b'AT+CIPSTA_CUR="192.168.6.100"',
            (
                b'+CIPSTA_CUR:ip:"192.168.6.100"\r\n'
                b'+CIPSTA_CUR:gateway:"192.168.6.1"\r\n'
                b'+CIPSTA_CUR:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
            ),
        ),
        (
            b'AT+CIPSTA_CUR="10.1.2.3","10.9.9.9","255.240.0.0"',
            (
                b'+CIPSTA_CUR:ip:"10.1.2.3"\r\n'
                b'+CIPSTA_CUR:gateway:"10.9.9.9"\r\n'
                b'+CIPSTA_CUR:netmask:"255.240.0.0"\r\n\r\nOK\r\n'
            ),
        ),
        (
            b'AT+CIPSTA_CUR="10.1.2.3","10.1.2.254"',
            (
                b'+CIPSTA_CUR:ip:"10.1.2.3"\r\n'
                b'+CIPSTA_CUR:gateway:"10.1.2.254"\r\n'
                b'+CIPSTA_CUR:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
            ),
        ),
        (
            b'AT+CIPAP_CUR="192.168.5.7"',
            (
                b'+CIPAP_CUR:ip:"192.168.5.7"\r\n'
                b'+CIPAP_CUR:gateway:"192.168.5.7"\r\n'
                b'+CIPAP_CUR:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
            ),
        ),
        (
            b'AT+CIPAP_CUR="192.168.5.7","192.168.5.1"',
            (
                b'+CIPAP_CUR:ip:"192.168.5.7"\r\n'
                b'+CIPAP_CUR:gateway:"192.168.5.1"\r\n'
                b'+CIPAP_CUR:netmask:"255.255.255.0"\r\n\r\nOK\r\n'
            ),
        ),
    ],
)
def test_gateway_and_netmask_are_the_given_ones_or_belong_to_the_address(
    line: bytes, answer: bytes
) -> None:
    player = ready_player(ESPRESSIF_0_23)
    assert player.ask(line) == OK
    assert player.ask(line.partition(b"=")[0] + b"?") == answer


@suffixes
@families
def test_a_gateway_without_a_netmask_is_refused_as_documented(
    suffix: bytes, family: bytes, address: bytes
) -> None:
    arguments = b'="' + address + b'","' + address + b'"'
    assert ready_player().ask(b"AT" + family + suffix + arguments) == ERROR


@both_dialects
@suffixes
@families
@pytest.mark.parametrize(
    "arguments",
    [
        b'"300.1.1.1"',
        b'"1.2.3"',
        b'"192.168.5.1.1"',
        b"192.168.6.100",
        b'"192.168.5.01"',
        b'" 192.168.5.1"',
        b'"0.0.0.0"',
        b'"224.0.0.1"',
        b'"255.255.255.255"',
        b'"0.0.0.0","192.168.5.1","255.255.255.0"',
        b'"224.0.0.1","192.168.5.1","255.255.255.0"',
        b'""',
        b"",
        b'"192.168.5.1",',
        b'"192.168.5.1",,',
        b'"192.168.5.1","192.168.5.1",',
        b'"192.168.5.1","192.168.5.300","255.255.255.0"',
        b'"192.168.5.1","0.0.0.0","255.255.255.0"',
        b'"192.168.5.1","192.168.5.1","255.0.255.0"',
        b'"192.168.5.1","192.168.5.1","0.0.0.255"',
        b'"192.168.5.1","192.168.5.1","0.0.0.0"',
        b'"192.168.5.1","192.168.5.1","24"',
        b'"192.168.5.1","192.168.5.1",24',
        b'"192.168.5.1", "192.168.5.1", "255.255.255.0"',
        b'"192.168.5.1","192.168.5.1","255.255.255.0",1',
    ],
)
def test_other_addresses_are_refused(
    suffix: bytes, family: bytes, address: bytes, arguments: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    name = family + suffix
    before = player.ask(b"AT" + name + b"?")
    player.take_soft_ap_requests()
    content = player.flash.snapshot()
    assert player.ask(b"AT" + name + b"=" + arguments) == ERROR
    assert player.ask(b"AT" + name + b"?") == before
    assert player.ask(b"AT+CWDHCP?") == b"+CWDHCP:3\r\nOK\r\n"
    assert player.flash.snapshot() == content
    assert player.take_soft_ap_requests() == []


@both_dialects
@suffixes
@pytest.mark.parametrize(
    "arguments",
    [
        b'"10.0.0.1"',
        b'"172.16.0.1"',
        b'"191.255.255.1"',
        b'"192.168.5.1","192.168.5.1","255.255.0.0"',
        b'"192.168.5.1","192.168.5.1","255.255.255.128"',
        b'"10.0.0.1","10.0.0.1","255.255.255.0"',
    ],
)
def test_a_softap_outside_of_class_c_is_refused(
    suffix: bytes, arguments: bytes, dialect: Dialect
) -> None:
    player = ready_player(dialect)
    assert player.ask(b"AT+CIPAP" + suffix + b"=" + arguments) == ERROR
    assert b'"192.168.4.1"' in player.ask(b"AT+CIPAP?")
