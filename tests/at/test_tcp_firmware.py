"""The typed TCP/IP commands and links with the literal bytes of real firmware, 0.18 to 1.7."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

import pytest

from hil.at import UnsolicitedKind
from hil.at.tcp_result import (
    BufferStatus,
    ConnectionState,
    LinkRecord,
    Protocol,
    SegmentTicket,
    UdpMode,
)
from hil.errors import (
    CommandArgumentError,
    CommandFailedError,
    MistakeError,
    NoReplyError,
    UnexpectedReplyError,
)

from .scripted_port import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.at import AtClient

    from .scripted_port import ScriptedPort

OK = b"\r\nOK\r\n"
ERROR = b"\r\nERROR\r\n"
SINGLE = b"+CIPMUX:0\r\n" + OK
MULTIPLE = b"+CIPMUX:1\r\n" + OK


@pytest.mark.parametrize(
    ("record", "link"),
    [
        (
            b'0,"TCP","203.0.113.10",80,0',
            LinkRecord(0, Protocol.TCP, "203.0.113.10", 80, None, is_server=False),
        ),
        (
            b'0,"TCP","192.168.4.2",51824,1',
            LinkRecord(0, Protocol.TCP, "192.168.4.2", 51824, None, is_server=True),
        ),
        (
            b'2,"UDP","192.168.1.111",514,18867,0',
            LinkRecord(2, Protocol.UDP, "192.168.1.111", 514, 18867, is_server=False),
        ),
    ],
)
def test_status_of_links(
    port: ScriptedPort, client: AtClient, record: bytes, link: LinkRecord
) -> None:
    answer = b"AT+CIPSTATUS\r\r\nSTATUS:3\r\n+CIPSTATUS:" + record + b"\r\n" + OK
    port.expect(b"AT+CIPSTATUS\r\n", answer)
    status = client.cipstatus()
    assert status.state is ConnectionState.CONNECTED
    assert status.links == (link,)


def test_status_without_links(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSTATUS\r\n", b"STATUS:5\r\n" + OK)
    assert client.cipstatus().state is ConnectionState.NOT_JOINED
    port.expect(b"AT+CIPSTATUS\r\n", b"STATUS:3\r\n+CIPSTATUS:nonsense\r\n" + OK)
    with pytest.raises(UnexpectedReplyError, match="expected a line 'STATUS"):
        client.cipstatus()


def test_addresses_in_each_spelling(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIFSR\r\n", b"192.168.4.1\r\n192.168.100.105\r\n" + OK)
    bare = client.cifsr()
    assert bare.addresses == (IPv4Address("192.168.4.1"), IPv4Address("192.168.100.105"))
    assert bare.station_address is None
    port.expect(b"AT+CIFSR\r\n", b"+CIFSR:192.168.4.1\r\n+CIFSR:10.0.0.5\r\n" + OK)
    assert client.cifsr().addresses == (IPv4Address("192.168.4.1"), IPv4Address("10.0.0.5"))
    port.expect(
        b"AT+CIFSR\r\n",
        b'+CIFSR:APIP,"192.168.4.1"\r\n+CIFSR:APMAC,"1a:fe:34:00:00:03"\r\n'
        b'+CIFSR:STAIP,"192.168.1.178"\r\n+CIFSR:STAMAC,"18:fe:34:00:00:03"\r\n' + OK,
    )
    named = client.cifsr()
    assert (named.softap_mac, named.station_mac) == ("1a:fe:34:00:00:03", "18:fe:34:00:00:03")
    assert named.station_address == IPv4Address("192.168.1.178")
    port.expect(b"AT+CIFSR\r\n", b"+CIFSR:none\r\n" + OK)
    with pytest.raises(UnexpectedReplyError, match="expected IP addresses"):
        client.cifsr()


@pytest.mark.parametrize("answer", [b"+24\r\n\r\n", b"+PING:24\r\n\r\n"])
def test_ping(port: ScriptedPort, client: AtClient, answer: bytes) -> None:
    port.expect(b'AT+PING="www.example.com"\r\n', answer, Answer(b"OK\r\n", 1000))
    assert client.ping("www.example.com") == 24


def test_ping_in_vain(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b'AT+PING="10.0.0.9"\r\n', b"+timeout\r\n" + ERROR)
    with pytest.raises(CommandFailedError, match=r"\+timeout / ERROR"):
        client.ping("10.0.0.9")


def test_update_tells_its_steps_and_waits_for_the_start(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(
        b"AT+CIUPDATE\r\n",
        b"+CIPUPDATE:1\r\n+CIPUPDATE:2\r\n",
        Answer(b"+CIPUPDATE:3\r\n+CIPUPDATE:4\r\n" + OK, 30_000),
        Answer(b"\r\n ets Jan  8 2013,rst cause:4, boot mode:(3,6)\r\n\r\nwdt reset\r\n", 5),
        Answer(b"rN\xf5\r\nready\r\n", 400),
    )
    outcome = client.ciupdate()
    assert outcome.steps == (1, 2, 3, 4)
    assert outcome.startup.is_announced


def test_segments_of_0_23(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSENDBUF=1,3\r\n", b"AT+CIPSENDBUF=1,3\r\r\n7,5\r\n" + OK + b"> ")
    port.expect(b"abc", b"abc", b"\r\nRecv 3 bytes\r\n", Answer(b"\r\n1,7,SEND OK\r\n", 40))
    assert client.cipsendbuf(b"abc", 1) == SegmentTicket(7, 5)
    assert port.time_s == pytest.approx(0.003)
    port.expect(b"AT+CIPBUFSTATUS=1\r\n", b"1,8,7,5,2920,7\r\n" + OK)
    assert client.cipbufstatus(1) == BufferStatus(8, 7, 5, 2920, 7)
    sent = client.wait_for(UnsolicitedKind.SEGMENT_SENT, 1)
    assert sent.text == "1,7,SEND OK"
    port.expect(b"AT+CIPCHECKSEG=1,7\r\n", ERROR)
    port.expect(b"AT+CIPCHECKSEQ=1,7\r\n", b"1,7,TRUE\r\n" + OK)
    assert client.cipcheckseg(7, 1)
    port.expect(b"AT+CIPCHECKSEQ=8\r\n", b"8,FALSE\r\n" + OK)
    assert not client.cipcheckseg(8)


def test_segment_that_no_name_knows(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPCHECKSEG=7\r\n", ERROR)
    port.expect(b"AT+CIPCHECKSEQ=7\r\n", ERROR)
    with pytest.raises(CommandFailedError, match=r"AT\+CIPCHECKSEG=7"):
        client.cipcheckseg(7)


def test_full_buffer_is_an_error(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPSENDBUF=3\r\n", b"BUFFER FULL\r\n" + ERROR)
    with pytest.raises(CommandFailedError, match="BUFFER FULL / ERROR"):
        client.cipsendbuf(b"abc")


def test_lines_as_they_are_sent(port: ScriptedPort, client: AtClient) -> None:
    tcp, udp = Protocol.TCP, Protocol.UDP
    host = "192.168.101.110"
    calls: list[tuple[bytes, Callable[[], object]]] = [
        (b'AT+CIPSTART="TCP","192.168.101.110",1000', lambda: client.cipstart(tcp, host, 1000)),
        (
            b'AT+CIPSTART=4,"TCP","192.168.101.110",1000,3',
            lambda: client.cipstart(tcp, host, 1000, 4, keep_alive_ms=1500),
        ),
        (
            b'AT+CIPSTART=0,"UDP","192.168.101.110",1000,2000,2',
            lambda: client.cipstart(udp, host, 1000, 0, local_port=2000, udp_mode=UdpMode.CHANGES),
        ),
        (b"AT+CIPCLOSE", client.cipclose),
        (b"AT+CIPCLOSE=5", lambda: client.cipclose(5)),
        (b"AT+CIPMUX=1", lambda: client.cipmux(is_multiple=True)),
        (b"AT+CIPSERVER=1,1001", lambda: client.cipserver(is_on=True, port=1001)),
        (b"AT+CIPSERVER=0", lambda: client.cipserver(is_on=False)),
        (b"AT+CIPMODE=1", lambda: client.cipmode(is_passthrough=True)),
        (
            b'AT+SAVETRANSLINK=1,"192.168.6.110",1002,"TCP"',
            lambda: client.savetranslink("192.168.6.110", 1002),
        ),
        (b"AT+SAVETRANSLINK=0", client.savetranslink_cancel),
        (b"AT+CIPSTO=10", lambda: client.cipsto(10)),
        (b"AT+CIPBUFRESET", client.cipbufreset),
        (b"AT+CIPBUFRESET=2", lambda: client.cipbufreset(2)),
    ]
    for line, call in calls:
        port.expect(line + b"\r\n", OK)
        call()


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (
            lambda at: at.cipstart(Protocol.TCP, "h", 0),
            "AT+CIPSTART: remote port must be a whole number from 1 to 65535, not 0",
        ),
        (
            lambda at: at.cipstart("SCTP", "h", 1),
            "AT+CIPSTART: type must be TCP or UDP, not 'SCTP'",
        ),
        (
            lambda at: at.cipstart(Protocol.TCP, "h", 1, 5),
            "AT+CIPSTART: link ID must be a whole number from 0 to 4, not 5",
        ),
        (
            lambda at: at.cipstart(Protocol.TCP, "h", 1, keep_alive_ms=750),
            "AT+CIPSTART: TCP keep alive must be 0 to 3600000 ms in steps of 500, not 750",
        ),
        (
            lambda at: at.cipstart(Protocol.UDP, "h", 1, keep_alive_ms=500),
            "AT+CIPSTART: TCP keep alive must be left out for UDP, not 500",
        ),
        (
            lambda at: at.cipstart(Protocol.TCP, "h", 1, local_port=5),
            "AT+CIPSTART: UDP local port must be left out for TCP, not 5",
        ),
        (
            lambda at: at.cipstart(Protocol.UDP, "h", 1, udp_mode=2),
            "AT+CIPSTART: UDP local port must be given if what stands behind it is, not None",
        ),
        (
            lambda at: at.cipsend(b"x" * 2049),
            "AT+CIPSEND: length must be a whole number from 1 to 2048, not 2049",
        ),
        (
            lambda at: at.cipsend(b""),
            "AT+CIPSEND: length must be a whole number from 1 to 2048, not 0",
        ),
        (
            lambda at: at.cipsendex(b"\\" * 5, length=9),
            (
                "AT+CIPSENDEX: data must be 1 to 9 bytes with backslashes counted twice and the "
                "end, not 10"
            ),
        ),
        (
            lambda at: at.cipsto(7201),
            "AT+CIPSTO: time must be a whole number from 0 to 7200, not 7201",
        ),
        (
            lambda at: at.savetranslink("peer.example", 80),
            "AT+SAVETRANSLINK: IP must be an IPv4 address, not 'peer.example'",
        ),
        (
            lambda at: at.cipclose(6),
            "AT+CIPCLOSE: link ID must be a whole number from 0 to 5, not 6",
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_sent(
    port: ScriptedPort, client: AtClient, call: Callable[[AtClient], object], complaint: str
) -> None:
    with pytest.raises(CommandArgumentError) as caught:
        call(client)
    assert str(caught.value) == complaint
    assert port.sent == []


def test_link_of_1_x_with_glued_lines(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMUX?\r\n", MULTIPLE)
    port.expect(b"AT+CIPSTATUS\r\n", b'STATUS:3\r\n+CIPSTATUS:0,"TCP","1.1.1.1",1,2,0\r\n' + OK)
    port.expect(b'AT+CIPSTART=1,"TCP","10.0.0.2",443\r\n', b"1,CONNECT\r\n" + OK)
    port.expect(b"AT+CIPSEND=1,3\r\n", OK + b"> ")
    port.expect(
        b"GET",
        b"\r\nRecv 3 bytes\r\n\r\nSEND OK\r\n\r\n+IPD,1,9,10.0.0.2,443:HTTP/1.1 \r\n",
        b"+IPD,0,3,1.1.1.1,1:not+IPD,1,4,10.0.0.2,443:{69}1,CLOSED\r\n",
    )
    with client.tcp("10.0.0.2", 443) as link:
        assert repr(link) == "<TCP link 1 with 10.0.0.2:443, open>"
        link.send(b"GET")
        assert link.receive_exactly(3) == b"HTT"
        assert link.receive() == b"P/1.1 "
        assert link.receive() == b"{69}"
        assert link.receive() == b""
        with pytest.raises(NoReplyError, match="expected 5 bytes, but 0 bytes came before it was"):
            link.receive_exactly(5)
    assert not link.is_open


def test_peer_that_closes_faster(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMUX?\r\n", SINGLE)
    port.expect(b'AT+CIPSTART="TCP","10.0.0.2",80\r\n', b"CONNECT\r\n" + OK)
    port.expect(b"AT+CIPCLOSE\r\n", b"CLOSED\r\n" + ERROR)
    with client.tcp("10.0.0.2", 80) as link:
        pass
    assert not link.is_open


def test_link_that_cannot_be_closed(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMUX?\r\n", SINGLE)
    port.expect(b'AT+CIPSTART="TCP","10.0.0.2",80\r\n', b"CONNECT\r\n" + OK)
    port.expect(b"AT+CIPCLOSE\r\n", ERROR)
    link = client.tcp("10.0.0.2", 80)
    with pytest.raises(CommandFailedError):
        link.close()
    link.close()


def test_failure_inside_of_a_link_is_not_hidden_by_its_end(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT+CIPMUX?\r\n", SINGLE)
    port.expect(b'AT+CIPSTART="TCP","10.0.0.2",80\r\n', b"CONNECT\r\n" + OK)
    port.expect(b"AT+CIPCLOSE\r\n", ERROR)

    def fail() -> None:
        with client.tcp("10.0.0.2", 80):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        fail()
    assert caught.value.__notes__[0].startswith("the link could not be closed either: AT+CIPCLOSE")


def test_udp_of_0_23_numbers_its_link_and_says_ok(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMUX?\r\n", SINGLE)
    port.expect(b'AT+CIPSTART="UDP","10.0.0.2",53\r\n', b"0,CONNECT\r\n" + OK)
    link = client.udp("10.0.0.2", 53)
    port.arrive(b"\r\n+IPD,2:ab\r\nOK\r\n\r\n+IPD,1:c\r\nOK\r\n", after_ms=3)
    assert link.receive() == b"ab"
    port.expect(b"AT\r\n", b"\r\n+IPD,1:d\r\nOK\r\n", Answer(ERROR, 20))
    assert client.command("AT").final.value == "ERROR"
    assert [link.receive(), link.receive()] == [b"c", b"d"]
    port.arrive(b"0,CLOSED\r\n")
    assert link.receive() == b""


def test_all_links_in_use(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMUX?\r\n", MULTIPLE)
    records = b"".join(b'+CIPSTATUS:%d,"TCP","1.1.1.1",1,0\r\n' % n for n in range(5))
    port.expect(b"AT+CIPSTATUS\r\n", b"STATUS:3\r\n" + records + OK)
    with pytest.raises(MistakeError, match="all five links are in use"):
        client.tcp("10.0.0.2", 80)


def test_client_of_the_server_whose_number_is_used_again(
    port: ScriptedPort, client: AtClient
) -> None:
    port.expect(b"AT+CIPMUX?\r\n", MULTIPLE)
    port.expect(b"AT+CIPSERVER=1,333\r\n", b"no change\r\n" + OK)
    port.arrive(b"0,CONNECT\r\n\r\n+IPD,0,3:one0,CLOSED\r\n0,CONNECT\r\n\r\n+IPD,0,3:two", 5)
    server = client.server()
    first = server.accept()
    assert first.receive() == b"one"
    assert first.receive() == b""
    second = server.accept()
    assert second.receive() == b"two"
    port.arrive(b"0,CONNECT FAIL\r\n")
    assert second.receive() == b""
    port.expect(b"AT+CIPSERVER=0\r\n", OK)
    server.close()
    server.close()


def test_passthrough_is_left_while_the_peer_goes_on(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMODE=1\r\n", OK)
    port.expect(b'AT+CIPSTART="TCP","10.0.0.2",80\r\n', b"CONNECT\r\n" + OK)
    port.expect(b"AT+CIPSEND\r\n", OK + b"\r\n>")
    stream = client.passthrough("10.0.0.2", 80)
    port.expect(b"+++", b"data")
    port.expect(b"AT\r\n", b"dataAT\r\r\n\r\nO", b"K\r\ndata")
    port.expect(b"AT+CIPCLOSE\r\n", b"dataAT+CIPCLOSE\r\r\nCLOSED\r\n", Answer(OK, 2500))
    port.expect(b"\r\n", ERROR)
    port.expect(b"AT\r\n", OK)
    port.expect(b"AT+CIPMODE=0\r\n", OK)
    stream.close()
    assert stream.take_all() == b"data"
    stream.close()


def test_passthrough_that_does_not_come_back(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMODE=1\r\n", OK)
    port.expect(b'AT+CIPSTART="TCP","10.0.0.2",80\r\n', b"CONNECT\r\n" + OK)
    port.expect(b"AT+CIPSEND\r\n", b"AT+CIPSEND\r\r\n" + OK + b"\r\n>raw OK\r\n")
    stream = client.passthrough("10.0.0.2", 80)
    assert stream.receive() == b"raw OK\r\n"
    for _ in range(3):
        port.expect(b"+++")
        port.expect(b"AT\r\n")
    with pytest.raises(NoReplyError, match=r"leaving passthrough by '\+{3}': expected OK"):
        stream.close()
    port.expect(b"AT\r\n", OK)
    assert client.at().is_ok


def test_passthrough_that_is_refused_is_undone(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CIPMODE=1\r\n", OK)
    port.expect(b'AT+CIPSTART="TCP","10.0.0.2",80\r\n', b"CONNECT\r\n" + OK)
    port.expect(b"AT+CIPSEND\r\n", ERROR)
    port.expect(b"+++")
    port.expect(b"AT\r\n", OK)
    port.expect(b"AT+CIPCLOSE\r\n", b"CLOSED\r\n" + OK)
    port.expect(b"AT+CIPMODE=0\r\n", OK)
    with pytest.raises(CommandFailedError, match="expected the prompt '>'"):
        client.passthrough("10.0.0.2", 80)
