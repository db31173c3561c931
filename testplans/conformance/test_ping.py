"""AT+PING (document, section 5.2, command 17)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

from .link import SILENT_ADDRESS

if TYPE_CHECKING:
    from hil.at.talk import Talk

    from .link import Links

TIME = re.compile(r"\+(\d+)")
LONGEST_ROUND_TRIP_MS = 1000


@pytest.mark.clause("PING-01", "PING-03")
@pytest.mark.needs("tcp-peer")
def test_an_address_that_answers_gives_a_time_and_ok(links: Links) -> None:
    links.talk.expect(f'AT+PING="{links.host}"', TIME, OK)


@pytest.mark.clause("PING-02")
@pytest.mark.needs("tcp-peer")
def test_a_name_may_be_given(links: Links) -> None:
    links.talk.expect(f'AT+PING="{links.host_name}"', TIME, OK)


@pytest.mark.clause("PING-04")
def test_the_time_is_how_long_the_answer_took(links: Links) -> None:
    usual_ms = _time_ms(links)
    links.network.set_delay(0.5)

    assert usual_ms < LONGEST_ROUND_TRIP_MS
    assert 450 <= _time_ms(links) - usual_ms <= 600


@pytest.mark.clause("PING-05")
def test_an_address_that_does_not_answer_ends_in_error(joined: Talk) -> None:
    joined.refused(f'AT+PING="{SILENT_ADDRESS}"')


@pytest.mark.clause("PING-06")
def test_a_name_that_leads_to_nobody_ends_in_error(joined: Talk) -> None:
    joined.refused('AT+PING="nobody.invalid"')


@pytest.mark.clause("PING-07")
@pytest.mark.needs("tcp-peer")
def test_what_is_not_one_quoted_address_is_refused(links: Links) -> None:
    host = links.host
    links.talk.expect(f'AT+PING="{host}"', TIME, OK)

    for form in (host, f'"{host}', f'{host}"', f'"{host}",1', f'"{host}";', '""', '"a b"', ""):
        links.talk.refused(f"AT+PING={form}")


@pytest.mark.clause("PING-08")
@pytest.mark.parametrize("mode", [1, 2])
def test_without_a_network_it_ends_in_error(talk: Talk, mode: int) -> None:
    talk.ok(f"AT+CWMODE_CUR={mode}")

    talk.refused('AT+PING="192.168.1.1"')


@pytest.mark.clause("PING-09")
def test_there_is_only_the_set_form(joined: Talk) -> None:
    for form in ("", "?", "=?"):
        joined.refused(f"AT+PING{form}")


def _time_ms(links: Links) -> int:
    """What a ping of the peers tells."""
    (text,) = links.talk.expect(f'AT+PING="{links.host}"', TIME, OK).groups
    return int(text or "")
