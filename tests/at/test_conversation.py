from __future__ import annotations

import pytest

from hil.at import AtClient, Echo, Final, FinalResult, NetworkData, UnsolicitedKind
from hil.errors import (
    CommandFailedError,
    MisbehaviourError,
    ModuleRestartedError,
    NoReplyError,
    UnexpectedReplyError,
)

from .scripted_port import Answer, ScriptedPort


def test_command_returns_the_whole_reply(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWMODE?\r\n", b"AT+CWMODE?\r", b"\r\n+CWMODE:1\r\n\r", b"\nOK\r\n")
    reply = client.command("AT+CWMODE?")
    assert reply.final is Final.OK
    assert reply.lines == ("+CWMODE:1",)
    assert reply.echo == b"AT+CWMODE?"
    assert reply.duration_ns == 3_000_000
    assert reply.raw == b"AT+CWMODE?\r\r\n+CWMODE:1\r\n\r\nOK\r\n"
    assert reply.value("CWMODE") == "1"
    assert repr(reply) == "<Reply to 'AT+CWMODE?' after 3 ms: ['+CWMODE:1'], OK>"


def test_command_returns_a_refusal(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+gmr\r\n", b"\r\nERROR\r\n")
    reply = client.command(b"AT+gmr")
    assert (reply.final, reply.lines, reply.echo) == (Final.ERROR, (), None)


def test_raw_ends_with_the_reply_and_the_rest_is_kept(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWQAP\r\n", b"\r\nOK\r\nWIFI DISCONNECT\r\n")
    assert client.command("AT+CWQAP").raw == b"\r\nOK\r\n"
    line = client.wait_for(UnsolicitedKind.WIFI_DISCONNECT, 0.1)
    assert line.text == "WIFI DISCONNECT"


def test_two_lines_sent_at_once_give_two_replies(port: ScriptedPort, client: AtClient) -> None:
    port.expect(
        b"AT+CWLAP\r\nAT\r\n",
        b"\r\nbusy p...\r\n\r\n",
        b"OK\r\n",
    )
    client.send(b"AT+CWLAP\r\nAT\r\n")
    first = client.receive_reply()
    second = client.receive_reply()
    assert (first.final, first.raw) == (Final.BUSY_P, b"\r\nbusy p...\r\n")
    assert (second.final, second.raw) == (Final.OK, b"\r\nOK\r\n")


def test_two_replies_in_one_piece_are_told_apart(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT\r\nAT\r\n", b"\r\nOK\r\n\r\nERROR\r\n")
    client.send(b"AT\r\nAT\r\n")
    assert client.receive_reply().raw == b"\r\nOK\r\n"
    assert client.receive_reply().raw == b"\r\nERROR\r\n"


def test_late_result_is_not_taken_for_the_next_reply(port: ScriptedPort, client: AtClient) -> None:
    port.arrive(b"\r\nSEND FAIL\r\n\r\nERROR\r\n")
    port.expect(b"AT\r\n", b"AT\r\r\n\r\nOK\r\n")
    assert client.command("AT").final is Final.OK


def test_late_send_result_inside_a_reply_does_not_end_it(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT+CIPSTATUS\r\n", b"\r\nSEND OK\r\nSTATUS:3\r\n\r\nOK\r\n")
    reply = client.command("AT+CIPSTATUS")
    assert (reply.final, reply.lines) == (Final.OK, ("STATUS:3",))


def test_data_of_the_network_survive_a_command(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT\r\n", b"AT\r\r\n\r\n+IPD,0,4:\r\nOK\r\nOK\r\n")
    reply = client.command("AT")
    assert reply.events == (
        Echo(b"AT"),
        NetworkData(b"\r\nOK", 0),
        FinalResult(Final.OK, follows_data=True),
    )


def test_execute_raises_on_error_with_the_reason(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMUX=1\r\n", b"AT+CIPMUX=1\r\r\nlink is builded\r\n\r\nERROR\r\n")
    with pytest.raises(CommandFailedError) as caught:
        client.execute("AT+CIPMUX=1")
    assert str(caught.value) == (
        "AT+CIPMUX=1: expected OK, but the module answered link is builded / ERROR after "
        "0.001 s on scripted at 115200 baud. Compare the arguments, the Wi-Fi mode and the link "
        "mode with the document."
    )
    assert (caught.value.result, caught.value.lines) == ("ERROR", ("link is builded",))
    assert isinstance(caught.value, MisbehaviourError)


def test_execute_waits_for_a_busy_module_and_sends_again(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT\r\n", b"\r\nbusy p...\r\n", Answer(b"\r\nOK\r\n", after_ms=100))
    port.expect(b"AT\r\n", b"AT\r\r\n\r\nOK\r\n")
    assert client.execute("AT").echo == b"AT"
    assert port.time_s == pytest.approx(0.102)


def test_execute_sends_again_when_the_busy_module_stays_silent(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT\r\n", b"\r\nbusy s...\r\n")
    port.expect(b"AT\r\n", b"\r\nOK\r\n")
    client.execute("AT")
    assert 0.25 < port.time_s < 0.4


def test_execute_gives_up_on_a_busy_module_at_the_deadline(
    port: ScriptedPort, client: AtClient
) -> None:
    for _ in range(3):
        port.expect(b"AT\r\n", b"\r\nbusy p...\r\n")
    with pytest.raises(CommandFailedError) as caught:
        client.execute("AT", timeout_s=0.7)
    assert str(caught.value) == (
        "AT: expected OK, but the module answered busy p... after 0.7 s on scripted at 115200 "
        "baud. Wait for what it is doing, or allow more time."
    )


def test_silence_is_an_error_at_the_deadline(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT\r\n")
    with pytest.raises(NoReplyError) as caught:
        client.command("AT", timeout_s=1.5)
    assert str(caught.value) == (
        "AT: expected the end of a reply (OK or ERROR), but nothing came after 1.5 s on scripted "
        "at 115200 baud. Check the supply, the wiring and the baud rate; resynchronise() tries "
        "others."
    )
    assert port.time_s == 1.5


def test_cut_off_reply_is_shown(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+GMR\r\n", b"AT+GMR\r\r\nAT ver\xff")
    with pytest.raises(NoReplyError) as caught:
        client.command("AT+GMR", timeout_s=1)
    assert str(caught.value) == (
        "AT+GMR: expected the end of a reply (OK or ERROR), but only "
        r"'AT+GMR\r\r\nAT ver\xff' came after 1 s on scripted at 115200 baud. "
        "Allow more time; if this is no reply at all, call resynchronise()."
    )


def test_default_timeout_grows_with_a_slow_line(port: ScriptedPort) -> None:
    port.set_baud(110)
    port.module_baud = 110
    client = AtClient(port)
    port.expect(b"AT\r\n", Answer(b"\r\nOK\r\n", after_ms=40_000, baud=110))
    assert client.command("AT").final is Final.OK


def test_error_hides_the_password(port: ScriptedPort, client: AtClient) -> None:
    line = b'AT+CWJAP_CUR="home","secret-word"'
    port.expect(line + b"\r\n", line + b"\r\r\n+CWJAP:2\r\n\r\nFAIL\r\n")
    with pytest.raises(CommandFailedError) as failed:
        client.execute(line)
    assert str(failed.value).startswith(
        'AT+CWJAP_CUR="home",***: expected OK, but the module answered +CWJAP:2 / FAIL'
    )
    port.expect(line + b"\r\n", line + b"\r\r\n+")
    with pytest.raises(NoReplyError) as silent:
        client.execute(line, timeout_s=1)
    assert "secret-word" not in str(silent.value)
    assert r"""only 'AT+CWJAP_CUR="home",***\r\r\n+' came""" in str(silent.value)


def test_a_module_that_is_still_at_work_is_told_from_one_that_is_not_there(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT+CWLAP\r\n", b"AT+CWLAP\r\r\n")
    with pytest.raises(NoReplyError) as at_work:
        client.execute("AT+CWLAP", timeout_s=1)
    assert "but only its echo came after " in str(at_work.value)
    assert str(at_work.value).endswith(
        " Allow more time: joining a network takes up to 15 s, connecting as long."
    )


@pytest.mark.parametrize(("length", "is_named"), [(128, False), (129, True)])
def test_a_refused_line_that_a_firmware_may_have_dropped_is_named(
    port: ScriptedPort, client: AtClient, length: int, is_named: bool
) -> None:
    line = b'AT+SAVETRANSLINK=1,"'.ljust(length - 1, b"a") + b'"'
    port.expect(line + b"\r\n", b"\r\nERROR\r\n")
    with pytest.raises(CommandFailedError) as refused:
        client.execute(line)
    remedy = "The line has 129 bytes; firmware 0.23 drops one of more than 128: shorten its texts."
    assert str(refused.value).endswith(remedy) == is_named


def test_reply_shows_no_password_but_has_it(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWSAP?\r\n", b'AT+CWSAP?\r\r\n+CWSAP:"net","secret-word",5,3\r\n\r\nOK\r\n')
    reply = client.command("AT+CWSAP?")
    assert reply.value("CWSAP") == '"net","secret-word",5,3'
    assert "secret-word" not in repr(reply)


def test_boot_banner_ends_a_command(port: ScriptedPort, client: AtClient) -> None:
    port.expect(
        b"AT+CWLAP\r\n",
        b"AT+CWLAP\r\r\n",
        b"\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n\r\nwdt reset\r\n",
    )
    with pytest.raises(ModuleRestartedError) as caught:
        client.command("AT+CWLAP")
    assert str(caught.value) == (
        "AT+CWLAP: expected a reply, but the module restarted (rst cause 4: watchdog) after "
        "0.002 s on scripted at 115200 baud. Check the supply (a dip restarts it), then call "
        "wait_ready()."
    )
    assert caught.value.cause == 4
    assert client.boot_log.banner is not None


def test_ready_ends_a_command_when_the_banner_was_noise(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT+CWLAP\r\n", b"\xfe\x81\xf0\r\n", b"\r\nready\r\n")
    with pytest.raises(ModuleRestartedError, match=r"restarted \(it said 'ready'\)") as caught:
        client.command("AT+CWLAP")
    assert caught.value.cause is None
    assert client.wait_ready(0.1).is_announced


def test_wait_for_a_text_takes_each_line_once(port: ScriptedPort, client: AtClient) -> None:
    port.arrive(b"+CIPUPDATE:1\r\n", after_ms=5)
    assert client.wait_for("+CIPUPDATE:1", 0.1).text == "+CIPUPDATE:1"
    with pytest.raises(NoReplyError) as caught:
        client.wait_for("+CIPUPDATE:1", 0.1)
    assert str(caught.value) == (
        "waiting for '+CIPUPDATE:1': expected this line, but it did not come after 0.1 s on "
        "scripted at 115200 baud. See in the transcript what came instead, or allow more time."
    )


def test_wait_for_keeps_what_it_was_not_asked_for(port: ScriptedPort, client: AtClient) -> None:
    port.arrive(b"WIFI CONNECTED\r\nWIFI GOT IP\r\n0,CLOSED\r\n")
    client.wait_for(UnsolicitedKind.WIFI_GOT_IP, 1)
    client.wait_for("0,CLOSED", 1)
    client.wait_for("WIFI CONNECTED", 1)
    assert port.time_s == 0


def test_value_that_is_missing_is_an_error(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+SLEEP?\r\n", b"AT+SLEEP?\r\r\n\r\nOK\r\n")
    with pytest.raises(UnexpectedReplyError) as caught:
        client.sleep_query()
    assert str(caught.value) == (
        "AT+SLEEP?: expected a line '+SLEEP:...', but "
        r"'AT+SLEEP?\r\r\n\r\nOK\r\n' came after 0.001 s on scripted at 115200 baud. "
        "The firmware may be another version than 0.23; gmr() tells."
    )


def test_forget_leaves_nothing_of_the_time_before(port: ScriptedPort, client: AtClient) -> None:
    port.arrive(b"0,CLOSED\r\nWIFI GOT IP\r\n+IPD,2000:half")
    client.wait_for(UnsolicitedKind.WIFI_GOT_IP, 1)
    client.forget()
    port.expect(b"AT\r\n", b"\r\nOK\r\n")
    assert client.command("AT").is_ok
    with pytest.raises(NoReplyError):
        client.wait_for(UnsolicitedKind.LINK_CLOSED, 1)


def test_chatter_that_never_stops_does_not_hold_a_command_back(
    port: ScriptedPort, client: AtClient
) -> None:
    for _ in range(40):
        port.arrive(b"\r\n+IPD,1:x")
    port.expect(b"AT\r\n", b"\r\nOK\r\n")
    reply = client.command("AT")
    assert reply.is_ok
    assert 0 < sum(isinstance(event, NetworkData) for event in reply.events) < 40
