"""The module answers the commands that everything else rests on (document, section 3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at import Final, UnsolicitedKind

if TYPE_CHECKING:
    from hil.at import AtClient
    from hil.rig.module import RigModule

DATE = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d{4}")


@pytest.mark.clause("AT-01", "GEN-15", "GEN-22")
def test_at_answers_ok(at: AtClient) -> None:
    reply = at.command("AT")

    assert reply.final is Final.OK
    assert reply.lines == ()


@pytest.mark.clause("GMR-01", "GMR-02", "GMR-03", "GMR-04")
def test_gmr_names_three_versions(at: AtClient) -> None:
    reply = at.command("AT+GMR")

    assert reply.final is Final.OK
    at_version, sdk_version, compile_time = reply.lines[:3]
    assert re.match(r"AT version:\d+\.\d+", at_version)
    assert sdk_version.startswith("SDK version:")
    assert DATE.search(compile_time)


@pytest.mark.clause("GEN-19", "GEN-23")
def test_an_unknown_command_is_refused(at: AtClient) -> None:
    assert at.command("AT+NOSUCH").final is Final.ERROR


@pytest.mark.clause("ATE-01", "ATE-02", "ATE-05")
def test_the_echo_can_be_switched(at: AtClient) -> None:
    assert at.command("ATE0").is_ok
    without_echo = at.command("AT")
    assert at.command("ATE1").is_ok
    with_echo = at.command("AT")

    assert b"AT" not in without_echo.raw
    assert with_echo.raw.startswith(b"AT")


@pytest.mark.clause("RST-01", "RST-02", "RST-03")
def test_rst_answers_ok_and_restarts(at: AtClient, module: RigModule) -> None:
    reply = at.command("AT+RST")

    assert reply.final is Final.OK
    at.wait_for(UnsolicitedKind.READY, timeout_s=5)
    assert module.at.command("AT").is_ok


@pytest.mark.clause("UART_CUR-28", "UART_CUR-30")
@pytest.mark.bauds(9600, 57600, 230400, 921600)
def test_another_rate_holds_until_the_next_start(module: RigModule, at_baud: int) -> None:
    module.at.uart_cur(at_baud)
    assert module.port.format.baud == at_baud
    assert module.at.command("AT").is_ok

    module.start()
    assert module.at.command("AT").is_ok
