"""Data behind a prompt, as firmware 0.18 to 1.7 takes them, and what may come between."""

from __future__ import annotations

import pytest

from hil.at import DATA_ENDS, AtClient, Final, NetworkData, TakenLine
from hil.at.recovery import Liveness
from hil.errors import CommandFailedError, ModuleRestartedError, NoReplyError

from .scripted_port import Answer, ScriptedPort

BANNER = b"\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n\r\nwdt reset\r\n"


def test_data_of_0_23_with_echo(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSEND=4\r\n", b"AT+CIPSEND=4\r\r\n\r\nOK\r\n> ")
    port.expect(b"ab\r\n", b"ab\r", b"\r\nRecv 4 bytes\r\n", Answer(b"\r\nSEND OK\r\n", 30))
    reply = client.send_behind_prompt("AT+CIPSEND=4", b"ab\r\n")
    assert reply.final is Final.SEND_OK
    assert reply.echo == b"ab\r"
    assert TakenLine(b"Recv 4 bytes", 4) in reply.events


@pytest.mark.parametrize(
    "prompt", [b"> ", b"\r\nOK\r\n> ", b"\r\nOK\r\n>", b"OK\r\n\r\n>\r\n", b"AT+CIPSEND=2\r\r\n> "]
)
def test_prompt_in_every_spelling(port: ScriptedPort, client: AtClient, prompt: bytes) -> None:
    port.expect(b"AT+CIPSEND=2\r\n", prompt)
    port.expect(b"hi", b"\r\nSEND OK\r\n")
    assert client.send_behind_prompt(b"AT+CIPSEND=2", b"hi").final is Final.SEND_OK


def test_prompt_without_ok_ends_a_raw_command(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSEND=2\r\n", b"AT+CIPSEND=2\r\r\n> ")
    assert client.command("AT+CIPSEND=2").final is Final.PROMPT
    port.expect(b"hi", b"busy s...\r\n\r\nSEND OK\r\n")
    client.send(b"hi")
    assert client.receive_reply(ends=DATA_ENDS).final is Final.SEND_OK


def test_surplus_bytes_do_not_end_sending(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSEND=2\r\n", b"> ")
    port.expect(b"hi", b"busy s...\r\n", b"\r\nSEND OK\r\n")
    assert client.send_behind_prompt("AT+CIPSEND=2", b"hi").final is Final.SEND_OK


def test_received_data_do_not_end_sending(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSEND=0,2\r\n", b"\r\nOK\r\n> ")
    port.expect(b"hi", b"\r\n+IPD,0,9:\r\nSEND OK\r\nOK\r\n", b"\r\nSEND OK\r\n")
    reply = client.send_behind_prompt("AT+CIPSEND=0,2", b"hi")
    assert NetworkData(b"\r\nSEND OK", 0) in reply.events
    assert port.time_s == pytest.approx(0.003)


def test_busy_module_is_asked_for_the_prompt_again(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSEND=2\r\n", b"\r\nbusy s...\r\n", Answer(b"\r\nSEND OK\r\n", 90))
    port.expect(b"AT+CIPSEND=2\r\n", b"\r\nOK\r\n> ")
    port.expect(b"hi", b"\r\nSEND OK\r\n")
    client.send_behind_prompt("AT+CIPSEND=2", b"hi")
    assert port.time_s == pytest.approx(0.093)


def test_refused_prompt_is_an_error_and_no_data_are_sent(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT+CIPSEND=3,2\r\n", b"link is not valid\r\n\r\nERROR\r\n")
    with pytest.raises(CommandFailedError) as caught:
        client.send_behind_prompt("AT+CIPSEND=3,2", b"hi")
    assert str(caught.value) == (
        "AT+CIPSEND=3,2: expected the prompt '>', but the module answered link is not valid / "
        "ERROR after 0.001 s on scripted at 115200 baud. Compare the arguments, the Wi-Fi mode "
        "and the link mode with the document."
    )


def test_reason_without_error_ends_a_reply_soon(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSEND=3,2\r\n", b"link is not valid\r\n")
    with pytest.raises(CommandFailedError) as caught:
        client.send_behind_prompt("AT+CIPSEND=3,2", b"hi")
    assert caught.value.lines == ("link is not valid",)
    assert 0.3 < port.time_s < 0.4


def test_no_change_without_ok_is_a_success(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWMODE=1\r\n", b"AT+CWMODE=1\r\r\n\r\nno change\r\n")
    assert client.execute("AT+CWMODE=1").final is Final.UNCHANGED


def test_reason_with_a_late_error_is_one_reply(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSTART\r\n", b"DNS Fail\r\n", Answer(b"\r\nERROR\r\n", 900))
    assert client.command("AT+CIPSTART").final is Final.ERROR


def test_failed_sending_names_what_was_expected(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSEND=2\r\n", b"\r\nOK\r\n> ")
    port.expect(b"hi", b"\r\nRecv 2 bytes\r\n", b"\r\nSEND FAIL\r\n\r\nSEND OK\r\n")
    with pytest.raises(CommandFailedError, match=r"expected SEND OK, but .* Recv 2 bytes / SEND F"):
        client.send_behind_prompt("AT+CIPSEND=2", b"hi")
    port.expect(b"AT\r\n", b"\r\nOK\r\n")
    assert client.at().is_ok  # the late SEND OK is nobody's


def test_restart_behind_a_prompt_tells_its_cause(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSEND=2\r\n", b"\r\nOK\r\n> ")
    port.expect(b"hi", BANNER)
    with pytest.raises(ModuleRestartedError) as caught:
        client.send_behind_prompt("AT+CIPSEND=2", b"hi")
    assert caught.value.cause == 4


def test_lost_bytes_are_made_up_for_when_resynchronising(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT+CIPSEND=3\r\n", b"\r\nOK\r\n> ")
    port.expect(b"abc")
    with pytest.raises(NoReplyError, match="expected SEND OK, SEND FAIL or ERROR, but nothing"):
        client.send_behind_prompt("AT+CIPSEND=3", b"abc", timeout_s=1)
    port.expect(b"\r\r\r", b"\r\nSEND OK\r\n")
    port.expect(b"\r\n", b"\r\nERROR\r\n")
    port.expect(b"AT\r\n", b"\r\nOK\r\n")
    assert client.resynchronise() == 115200
    port.expect(b"\r\n", b"\r\nERROR\r\n")
    port.expect(b"AT\r\n", b"\r\nOK\r\n")
    client.resynchronise()


class TestDatagramConfirmation:
    """OK behind the data of UDP, which 0.21 to 0.23 send and the document does not know (A-68)."""

    def test_it_ends_no_command(self, port: ScriptedPort, client: AtClient) -> None:
        client._datagrams.links.add(0)
        port.expect(
            b"AT+PING\r\n",
            b"AT+PING\r\r\n\r\n+IPD,0,1:x\r\nOK\r\n",
            Answer(b"+24\r\n\r\nOK\r\n", 500),
        )
        assert client.command("AT+PING").lines == ("+24",)

    def test_ok_of_a_module_that_sends_none_ends_a_command_at_the_deadline_once(
        self, port: ScriptedPort, client: AtClient
    ) -> None:
        client._datagrams.links.add(None)
        for _ in range(2):
            port.expect(b"AT\r\n", b"AT\r\r\n\r\n+IPD,1:x\r\nOK\r\n")
        assert client.command("AT", timeout_s=1).is_ok
        assert port.time_s == 1.0
        assert client.command("AT", timeout_s=1).is_ok
        assert port.time_s == pytest.approx(1.001)

    def test_data_of_tcp_have_none(self, port: ScriptedPort, client: AtClient) -> None:
        client._datagrams.links.add(1)
        port.expect(b"AT\r\n", b"\r\n+IPD,1,1:x\r\n+IPD,0,1:x\r\nOK\r\n")
        assert client.command("AT").is_ok
        assert port.time_s == pytest.approx(0.001)

    def test_one_that_came_while_nothing_ran_is_remembered(
        self, port: ScriptedPort, client: AtClient
    ) -> None:
        client._datagrams.links.add(0)
        port.expect(b"AT\r\n", b"AT\r\r\n\r\n+IPD,0,1:x\r\nOK\r\n")
        assert client.command("AT", timeout_s=1).is_ok  # which speaks against it
        port.arrive(b"\r\n+IPD,0,1:x\r\nOK\r\nWIFI GOT IP\r\n")
        client.wait_for("WIFI GOT IP", 1)
        port.expect(b"AT\r\n", b"\r\n+IPD,0,1:y\r\nOK\r\n", Answer(b"\r\nERROR\r\n", 10))
        assert client.command("AT").final is Final.ERROR


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"AT\r\r\n\r\nbusy p...\r\n", Liveness.BUSY),
        (b"AT\r\r\n\r\nOK\r\n", Liveness.IDLE),
        (b"", Liveness.SILENT),
        (BANNER, Liveness.RESTARTED),
    ],
)
def test_probe_tells_a_busy_module_from_a_dead_one(
    port: ScriptedPort, client: AtClient, answer: bytes, found: Liveness
) -> None:
    port.expect(b"AT\r\n", *([answer] if answer else []))
    assert client.probe() is found


def test_line_that_did_not_come_because_of_a_restart(port: ScriptedPort, client: AtClient) -> None:
    port.arrive(BANNER, after_ms=5)
    with pytest.raises(NoReplyError, match=r"did not come \(the module restarted: rst cause 4: w"):
        client.wait_for("WIFI GOT IP", 1)
