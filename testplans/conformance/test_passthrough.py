"""AT+CIPSEND without a length: passthrough (section 5.2, command 3, lines 807 and 808)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from hil.at.talk import OK

from .passthrough import UDP_PORT, close, give_packet, hear_exactly, leave, over_tcp, over_udp
from .segment import NARROW_BYTES

if TYPE_CHECKING:
    from hil.at.talk import Talk
    from hil.ports.network_peer import UdpPeer

    from .link import Links

SEND_S = 5.0
ARRIVAL_S = 2.0
ABSENCE_S = 0.5
SHORT_GAP_S = 0.005
LONG_GAP_S = 0.03
"""Either side of the 20 ms that end a packet (line 808); long enough for a computer's timers."""

LONGEST_PACKET_BYTES = 2048
WAITING_BYTES = 2000
"""Two packets of this length: the second waits behind the narrow window of a peer."""

REOPENED_S = 1.0


@pytest.mark.clause("CIPSEND-19")
def test_the_bare_command_gives_the_prompt(links: Links) -> None:
    links.talk.ok("AT+CIPMODE=1")
    links.open_tcp()

    links.talk.raw(b"AT+CIPSEND\r\n")
    heard = links.talk.hear_until(rb">", 3.0) + links.talk.hear(ABSENCE_S)
    assert re.fullmatch(rb"\r\n(?:OK\r\n(?:\r\n)?)?> ?", heard)
    leave(links.talk)
    close(links.talk)


@pytest.mark.clause("CIPSEND-20")
def test_what_the_uart_brings_goes_to_the_peer(links: Links) -> None:
    with over_tcp(links) as peer:
        links.talk.give(b"abc")
        assert links.receive(peer, 3) == b"abc"
        links.talk.give(b"AT+CIPSEND=4\r\n")
        assert links.receive(peer, 14) == b"AT+CIPSEND=4\r\n"
        links.talk.silent(ABSENCE_S)


@pytest.mark.clause("CIPSEND-20")
def test_every_byte_goes_to_the_peer_unchanged(links: Links) -> None:
    every_byte = bytes(range(256))
    with over_tcp(links) as peer:
        links.talk.give(every_byte)
        assert links.receive(peer, 256) == every_byte


@pytest.mark.clause("CIPSEND-20")
def test_what_the_peer_has_no_room_for_goes_to_it_later(links: Links) -> None:
    data = b"".join(b"%04d" % number for number in range(1000))
    with over_tcp(links, links.network.listen(window_bytes=NARROW_BYTES)) as peer:
        links.talk.give(data)
        links.talk.silent(1.0)
        assert links.receive(peer, len(data)) == data


@pytest.mark.clause("CIPSEND-21")
def test_what_the_peer_sends_comes_as_it_is(links: Links) -> None:
    with over_tcp(links) as peer:
        peer.send(b"xyz", links.deadline_ns(SEND_S))
        hear_exactly(links.talk, b"xyz")
        peer.send(b"+IPD,3:\0\xff\r\nOK\r\n", links.deadline_ns(SEND_S))
        hear_exactly(links.talk, b"+IPD,3:\0\xff\r\nOK\r\n")


@pytest.mark.clause("CIPSEND-22")
@pytest.mark.needs("udp-peer")
def test_a_short_pause_leaves_bytes_in_one_packet(links: Links) -> None:
    with over_udp(links) as peer:
        for data in (b"ab", b"cd", b"ef"):
            links.talk.give(data)
            links.talk.hear(SHORT_GAP_S)
        assert _packets(links, peer) == [b"abcdef"]


@pytest.mark.clause("CIPSEND-22")
@pytest.mark.needs("udp-peer")
def test_a_pause_of_more_than_20_ms_ends_a_packet(links: Links) -> None:
    with over_udp(links) as peer:
        for data in (b"ab", b"cd", b"ef"):
            links.talk.give(data)
            links.talk.hear(LONG_GAP_S)
        assert _packets(links, peer) == [b"ab", b"cd", b"ef"]


@pytest.mark.clause("CIPSEND-23")
@pytest.mark.needs("udp-peer")
def test_a_packet_has_2048_bytes_at_most(links: Links) -> None:
    data = b"".join(b"%05d" % number for number in range(1000))
    with over_udp(links) as peer:
        links.talk.give(data[: LONGEST_PACKET_BYTES - 1])
        links.talk.give(data[LONGEST_PACKET_BYTES - 1 :])
        packets = _packets(links, peer)
        assert b"".join(packets) == data
        assert [len(packet) for packet in packets] == [
            LONGEST_PACKET_BYTES,
            LONGEST_PACKET_BYTES,
            len(data) - 2 * LONGEST_PACKET_BYTES,
        ]


@pytest.mark.clause("CIPSEND-23")
def test_more_than_a_packet_arrives_in_order(links: Links) -> None:
    data = b"".join(b"%06d" % number for number in range(1000))
    with over_tcp(links) as peer:
        links.talk.give(data)
        assert links.receive(peer, len(data)) == data


@pytest.mark.clause("CIPSEND-24")
def test_plus_plus_plus_alone_leads_back_to_commands(links: Links) -> None:
    with over_tcp(links) as peer:
        leave(links.talk)
        links.talk.ok("AT")
        links.talk.expect("AT+CIPMODE?", "+CIPMODE:1", OK)
        assert links.has_received_nothing(peer)


@pytest.mark.clause("CIPSEND-24")
def test_what_came_before_plus_plus_plus_is_sent(links: Links) -> None:
    with over_tcp(links) as peer:
        links.talk.give(b"abc")
        leave(links.talk)
        assert links.receive(peer, 3) == b"abc"
        links.talk.ok("AT")


@pytest.mark.clause("CIPSEND-24")
def test_what_waited_for_room_before_plus_plus_plus_is_sent(links: Links) -> None:
    with over_tcp(links, links.network.listen(window_bytes=NARROW_BYTES)) as peer:
        packets = b"a" * WAITING_BYTES, b"b" * WAITING_BYTES
        for data in packets:
            give_packet(links.talk, data)
        leave(links.talk)
        links.talk.ok("AT")
        assert links.receive(peer, 2 * WAITING_BYTES) == b"".join(packets)


@pytest.mark.clause("CIPSEND-25")
def test_plus_plus_plus_alone_is_not_sent(links: Links) -> None:
    with over_tcp(links) as peer:
        links.talk.give(b"abc")
        assert links.receive(peer, 3) == b"abc"
        leave(links.talk)
        assert links.has_received_nothing(peer)


@pytest.mark.clause("CIPSEND-26")
@pytest.mark.parametrize("data", [b"abc+++def", b"abc+++", b"+++abc", b"++++", b"+++\r\n", b"++"])
def test_plus_plus_plus_among_other_bytes_is_data(links: Links, data: bytes) -> None:
    with over_tcp(links) as peer:
        links.talk.hear(LONG_GAP_S)
        links.talk.give(data)
        assert links.receive(peer, len(data)) == data
        links.talk.give(b"AT\r\n")
        assert links.receive(peer, 4) == b"AT\r\n"
        links.talk.silent(ABSENCE_S)


@pytest.mark.clause("CIPSEND-26")
def test_plus_plus_plus_behind_a_short_pause_is_data(links: Links) -> None:
    with over_tcp(links) as peer:
        links.talk.hear(LONG_GAP_S)
        links.talk.give(b"abc")
        links.talk.hear(SHORT_GAP_S)
        links.talk.give(b"+++")
        assert links.receive(peer, 6) == b"abc+++"
        links.talk.give(b"AT\r\n")
        assert links.receive(peer, 4) == b"AT\r\n"


@pytest.mark.clause("CIPSEND-26")
def test_plus_plus_plus_behind_a_packet_of_full_length_is_data(links: Links) -> None:
    data = bytes(LONGEST_PACKET_BYTES) + b"+++"
    with over_tcp(links) as peer:
        links.talk.hear(LONG_GAP_S)
        links.talk.give(data)
        assert links.receive(peer, len(data)) == data
        links.talk.give(b"AT\r\n")
        assert links.receive(peer, 4) == b"AT\r\n"


@pytest.mark.clause("CIPSEND-26")
def test_plus_plus_plus_that_waited_for_room_is_data_if_more_follows(links: Links) -> None:
    packet = bytes(LONGEST_PACKET_BYTES - 3)
    with over_tcp(links, links.network.listen(window_bytes=NARROW_BYTES)) as peer:
        for data in (packet, packet, b"+++abc"):
            give_packet(links.talk, data)
        assert links.receive(peer, 2 * len(packet) + 6) == packet * 2 + b"+++abc"
        links.talk.give(b"AT\r\n")
        assert links.receive(peer, 4) == b"AT\r\n"


@pytest.mark.clause("CIPSEND-27")
def test_the_link_outlasts_passthrough(links: Links) -> None:
    talk = links.talk
    with over_tcp(links) as peer:
        leave(talk)
        record = re.compile(rf'\+CIPSTATUS:0,"TCP","{re.escape(links.host)}",{peer.local.port},.*')
        talk.expect("AT+CIPSTATUS", "STATUS:3", record, OK)
        assert peer.ending is None
        talk.prompt("AT+CIPSEND")
        talk.give(b"again")
        assert links.receive(peer, 5) == b"again"


@pytest.mark.clause("CIPSEND-27", "CIPSTART-40")
def test_behind_passthrough_the_end_of_its_link_is_told(links: Links) -> None:
    links.talk.ok("AT+CIPMODE=1")
    peer = links.open_tcp()
    links.talk.prompt("AT+CIPSEND")
    leave(links.talk)

    links.end_by(peer.close)
    assert links.tells("CLOSED")
    links.talk.ok("AT+CIPMODE=0")


@pytest.mark.clause("CIPSEND-37")
def test_a_lost_link_is_opened_again_without_a_word(links: Links) -> None:
    listener = links.network.listen()
    with over_tcp(links, listener) as peer:
        peer.reset()
        links.talk.silent(REOPENED_S)
        again = links.accept(listener)
        links.talk.give(b"up")
        assert links.receive(again, 2) == b"up"
        again.send(b"down", links.deadline_ns(SEND_S))
        hear_exactly(links.talk, b"down")


@pytest.mark.clause("CIPSEND-38")
def test_what_waits_or_comes_without_a_link_is_thrown_away(links: Links) -> None:
    listener = links.network.listen(window_bytes=NARROW_BYTES)
    with over_tcp(links, listener) as peer:
        for _ in range(2):
            give_packet(links.talk, bytes(WAITING_BYTES))
        peer.reset()
        links.talk.silent(REOPENED_S)
        second = links.accept(listener)
        links.talk.give(b"kept")
        assert links.receive(second, 4) == b"kept"

        listener.close()
        second.reset()
        links.talk.silent(ABSENCE_S)
        links.talk.give(b"lost")
        links.talk.silent(ABSENCE_S)
        third = links.accept(links.network.listen(listener.endpoint.port))
        links.talk.give(b"kept")
        assert links.receive(third, 4) == b"kept"


@pytest.mark.clause("CIPSEND-39")
def test_who_leaves_without_a_link_is_told_closed(links: Links) -> None:
    talk = links.talk
    listener = links.network.listen()
    talk.ok("AT+CIPMODE=1")
    peer = links.open_tcp(listener=listener)
    talk.prompt("AT+CIPSEND")
    listener.close()
    peer.reset()
    talk.silent(ABSENCE_S)

    assert leave(talk) == b"CLOSED\r\n"
    assert links.is_left_alone(links.network.listen(listener.endpoint.port))
    talk.expect("AT+CIPSTATUS", "STATUS:4", OK)
    talk.ok("AT+CIPMODE=0")


@pytest.mark.clause("CIPSEND-28")
def test_in_normal_mode_the_bare_form_is_refused(links: Links) -> None:
    links.talk.expect("AT+CIPMODE?", "+CIPMODE:0", OK)
    peer = links.open_tcp()

    links.talk.refused("AT+CIPSEND")
    links.talk.ok("AT")
    assert links.has_received_nothing(peer)


@pytest.mark.clause("CIPSEND-29")
def test_in_multiple_mode_the_bare_form_is_refused(links: Links) -> None:
    links.use_many()
    peer = links.open_tcp(0)

    links.talk.refused("AT+CIPSEND")
    links.talk.ok("AT")
    assert links.has_received_nothing(peer)


@pytest.mark.clause("CIPSEND-30")
def test_without_a_link_the_bare_form_is_refused(talk: Talk) -> None:
    talk.ok("AT+CIPMODE=1")

    talk.refused("AT+CIPSEND")
    talk.ok("AT")
    talk.ok("AT+CIPMODE=0")


@pytest.mark.clause("CIPSEND-30")
def test_behind_a_link_that_has_ended_the_bare_form_is_refused(links: Links) -> None:
    links.talk.ok("AT+CIPMODE=1")
    links.open_tcp()
    links.talk.ok("AT+CIPCLOSE")

    links.talk.refused("AT+CIPSEND")
    links.talk.ok("AT+CIPMODE=0")


@pytest.mark.clause("CIPSEND-31")
def test_datagrams_pass_both_ways_in_udp_mode_0(links: Links) -> None:
    with over_udp(links) as peer:
        links.talk.give(b"to the peer")
        datagram = peer.receive(links.deadline_ns(ARRIVAL_S))
        assert datagram is not None
        assert datagram.data == b"to the peer"
        assert datagram.source.port == UDP_PORT
        peer.send(b"to the UART", datagram.source)
        hear_exactly(links.talk, b"to the UART")


@pytest.mark.clause("CIPSEND-31")
@pytest.mark.parametrize("mode", [1, 2])
def test_passthrough_needs_udp_mode_0(links: Links, mode: int) -> None:
    peer = links.network.open_udp()
    links.talk.ok("AT+CIPMODE=1")
    call = links.start_call(peer.endpoint.port, kind="UDP")
    links.talk.ok(f"{call},{UDP_PORT},{mode}")

    links.talk.refused("AT+CIPSEND")
    close(links.talk)


@pytest.mark.clause("CIPSEND-32")
def test_with_passthrough_chosen_a_length_is_refused(links: Links) -> None:
    links.talk.ok("AT+CIPMODE=1")
    peer = links.open_tcp()

    links.talk.refused("AT+CIPSEND=4")
    links.talk.ok("AT")
    assert links.has_received_nothing(peer)
    close(links.talk)


def _packets(links: Links, peer: UdpPeer) -> list[bytes]:
    """What comes to a peer until nothing comes any more."""
    packets = []
    while datagram := peer.receive(links.deadline_ns(ARRIVAL_S)):
        packets.append(datagram.data)
    return packets
