"""Where the document and the real firmware 0.23 differ: one table, two columns.

A question that both answer alike is no row here. Where the document is garbled both columns say
what the firmware does. The table has three parts: what concerns every command and section 3, the
Wi-Fi commands of section 4, and the TCP/IP commands of section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WifiDialect:
    """Section 4 in one column of the table.

    Args:
        join_looks_at_times: Whether AT+CWJAP looks at the station 3 s after it began to join and
            then every 2 s, so that its answer comes late, instead of answering as soon as the
            outcome is known (lines 412, 426, 440).
        join_failure_has_number: Whether a failed AT+CWJAP ends in the station's status and FAIL,
            instead of ERROR (lines 412, 426, 440; A-26).
        join_query_tells_bssid: Whether AT+CWJAP? tells the BSSID behind the SSID (line 409, A-27).
        stored_network_needs_address: Whether AT+CWJAP_DEF? answers ``No AP`` while the station has
            no address, as the other two do, instead of telling what is stored (line 437, A-27).
        smart_config_excludes_all: Whether no other command is carried out from AT+CWSTARTSMART
            until the station has an address, instead of AT+CWJAP alone being refused until a phone
            has told the network (line 732, A-41).
        smart_config_stores: Whether the network that a phone told is stored (A-75).
        tells_leaving_first: Whether WIFI DISCONNECT comes before the answer of a command that makes
            the station leave its network (lines 136-139, A-11).
        tells_in_passthrough: Whether the WIFI lines come while CIPMODE is 1, too (lines 136-139).
        tells_whole_network: Whether CIPSTA? and CIPAP? tell address, gateway and netmask in three
            lines, instead of the address in one (lines 644, 688; A-38).
        tells_blank_flash: Whether the _DEF query of a MAC address, or of the softAP's IP address,
            that nobody has stored tells what an erased flash holds, instead of the factory value
            (lines 593, 631, 717).
        takes_gateway_alone: Whether CIPSTA and CIPAP take a gateway without a netmask (lines 646,
            690; A-39).
        fixed_soft_ap_has_no_dhcp: Whether a fixed address of the softAP and its DHCP server
            exclude each other, and the last one set wins (lines 532, 693; A-35).
    """

    join_looks_at_times: bool
    join_failure_has_number: bool
    join_query_tells_bssid: bool
    stored_network_needs_address: bool
    smart_config_excludes_all: bool
    smart_config_stores: bool
    tells_leaving_first: bool
    tells_in_passthrough: bool
    tells_whole_network: bool
    tells_blank_flash: bool
    takes_gateway_alone: bool
    fixed_soft_ap_has_no_dhcp: bool


@dataclass(frozen=True, slots=True)
class TcpIpDialect:
    """Section 5 in one column of the table.

    Args:
        says_reasons: Whether a line that the document does not show tells why something is refused
            or failed, or that nothing had to be done (A-08, A-58, A-67, A-76).
        start_parameters: Lines of AT+CIPSTART=? in single and in multiple mode (line 787, A-43).
        already_connected: Said to AT+CIPSTART for a link that is there (line 791, A-46).
        takes_short_addresses: Whether ``0`` and ``127.1`` are addresses, as lwIP reads them, and
            no names.
        takes_udp_without_peer: Whether port 0 of a UDP peer stands for one that the firmware
            chooses, if there is a local port (line 792, A-77).
        passthrough_refuses_changing_peer: Whether a UDP link whose peer may change is refused while
            CIPMODE is 1, instead of passthrough through it (lines 792, 915; A-49, A-62).
        udp_always_has_number: Whether CONNECT of a UDP link has its number in single mode, too.
        udp_is_connected: Whether UDP links make the state 3 (line 776) and keep AT+CIPMUX from
            being changed (line 894).
        status_needs_station: Whether the state is 5 whenever the station has no address, links to
            the softAP's stations or not (line 776, A-42).
        status_has_tcp_local_port: Whether CIPSTATUS tells the local port of TCP links (A-42).
        still_connected: Said to AT+CIPMUX while there are links (line 894, A-60).
        server_spares_links: Whether AT+CIPCLOSE=5 has no effect while there is a server (line 871,
            A-57).
        lost_client: Said of a client of the server whose connection broke off (A-47).
        echoes_payload: Whether the echo goes on behind a prompt, LF left out (line 225).
        tells_payload_length: Whether a complete payload is confirmed by its length (A-51).
        cancels_by_plus: Whether ``+++`` that comes alone behind a prompt takes it back.
        send_failure: Said of data that could not be delivered (line 805, A-51).
        buffer_status_names_link: Whether CIPBUFSTATUS leads with the link's number in multiple
            mode (line 852, A-56).
        tells_settled_segment: Whether CIPSENDBUF and CIPBUFSTATUS tell the last segment of which it
            is known whether it was delivered, where the document has the last one delivered (line
            832) and the last one sent (line 852).
        segments_need_link: Whether CIPBUFSTATUS and CIPCHECKSEG are refused without a link (lines
            852, 860; A-56).
        plain_sending_joins_segments: Whether AT+CIPSEND acts as AT+CIPSENDBUF while segments wait
            on its link, instead of being refused (A-55).
        transfer_mode_needs_no_link: Whether AT+CIPMODE= is refused while there is a link (line 917,
            A-62).
        transfer_mode_needs_single: Whether AT+CIPMODE= is refused in multiple mode whatever its
            value, instead of passthrough alone (line 915, A-62).
        cancelling_takes_link: Whether AT+SAVETRANSLINK=0 takes address, port and type, too (line
            925, A-64).
        passthrough_packet_bytes: Longest packet of passthrough (line 808, A-53).
        ok_after_datagram: Whether OK follows the data of a UDP record (A-68).
    """

    says_reasons: bool
    start_parameters: tuple[tuple[str, ...], tuple[str, ...]]
    already_connected: str
    takes_short_addresses: bool
    takes_udp_without_peer: bool
    passthrough_refuses_changing_peer: bool
    udp_always_has_number: bool
    udp_is_connected: bool
    status_needs_station: bool
    status_has_tcp_local_port: bool
    still_connected: str
    server_spares_links: bool
    lost_client: str
    echoes_payload: bool
    tells_payload_length: bool
    cancels_by_plus: bool
    send_failure: bytes
    buffer_status_names_link: bool
    tells_settled_segment: bool
    segments_need_link: bool
    plain_sending_joins_segments: bool
    transfer_mode_needs_no_link: bool
    transfer_mode_needs_single: bool
    cancelling_takes_link: bool
    passthrough_packet_bytes: int
    ok_after_datagram: bool


@dataclass(frozen=True, slots=True)
class Dialect:
    """One column of the table.

    Args:
        name: What a rig description calls it.
        lacks: Forms of commands that the other column has and this one has not, as they are
            called (A-10, A-36, A-44, A-59).
        line_buffer_bytes: Room for a command line behind ``AT``, line end included (A-78).
        lowest_baud: Least speed that the UART commands take (line 248).
        highest_baud: Greatest speed that the UART commands take (line 248).
        start_text: What the SDK prints at start, with places for its version and the interfaces
            that are on (lines 1009-1011, A-71).
        gmr_blank_line: Whether a blank line parts GMR's lines from OK (A-06).
        gslp_repeats_time: Whether GSLP answers with its time before OK (line 220, A-15).
        sleep_needs_station_mode: Whether AT+SLEEP= is refused in the modes with a softAP (line 294,
            A-23).
        flash_holds_uart: Whether what comes while a command writes to the flash waits in the UART's
            FIFO until it is written, instead of being turned away at once (A-13).
        restart_delay_ms: How many ms the firmware goes on behind the OK of AT+RST and AT+RESTORE,
            without its network, until the restart comes (A-70).
        forced_restart: Whether AT+RST gets through while another command runs (A-13).
        blank_sector_means_factory: Whether a parameter area counts as factory fresh when the
            sector that blank.bin covers is erased (line 128, A-61). Otherwise only the flag tells.
        wifi: The Wi-Fi commands.
        tcp_ip: The TCP/IP commands.

    Source: the numbers A-nn are entries of docs/ambiguities; the second column was read from the
    library of SDK 1.0.1, which is AT 0.23.
    """

    name: str
    lacks: frozenset[str]
    line_buffer_bytes: int
    lowest_baud: int
    highest_baud: int
    start_text: str
    gmr_blank_line: bool
    gslp_repeats_time: bool
    sleep_needs_station_mode: bool
    flash_holds_uart: bool
    restart_delay_ms: int
    forced_restart: bool
    blank_sector_means_factory: bool
    wifi: WifiDialect
    tcp_ip: TcpIpDialect


DOCUMENTED = Dialect(
    name="documented",
    lacks=frozenset(
        {"AT+CWAUTOCONN?", "AT+CIFSR=", "AT+CIPSTATUS=?", "AT+CIPCHECKQUEUE=", "AT+IPR="}
    ),
    line_buffer_bytes=256,
    lowest_baud=110,
    highest_baud=4_608_000,
    start_text="SDK version: {sdk_version}\r\nmode : {interfaces}\r\n",
    gmr_blank_line=False,
    gslp_repeats_time=True,
    sleep_needs_station_mode=True,
    flash_holds_uart=False,
    restart_delay_ms=0,
    forced_restart=False,
    blank_sector_means_factory=True,
    wifi=WifiDialect(
        join_looks_at_times=False,
        join_failure_has_number=False,
        join_query_tells_bssid=False,
        stored_network_needs_address=False,
        smart_config_excludes_all=True,
        smart_config_stores=False,
        tells_leaving_first=False,
        tells_in_passthrough=True,
        tells_whole_network=False,
        tells_blank_flash=False,
        takes_gateway_alone=False,
        fixed_soft_ap_has_no_dhcp=True,
    ),
    tcp_ip=TcpIpDialect(
        says_reasons=False,
        start_parameters=(
            (
                "+CIPSTART:(<type>),(<IP address>),(<port>)[,(<local port>),(<mode>)]",
                "+CIPSTART:(<type>),(<domain name>),(<port>)[,(<local port>),(<mode>)]",
            ),
            (
                "+CIPSTART:(link ID),(<type>),(<IP address>),(<port>)[,(<local port>),(<mode>)]",
                "+CIPSTART:(link ID),(<type>),(<domain name>),(<port>)[,(<local port>),(<mode>)]",
            ),
        ),
        already_connected="ALREAY CONNECT",
        takes_short_addresses=False,
        takes_udp_without_peer=False,
        passthrough_refuses_changing_peer=False,
        udp_always_has_number=False,
        udp_is_connected=True,
        status_needs_station=False,
        status_has_tcp_local_port=True,
        still_connected="Link is builded",
        server_spares_links=True,
        lost_client="CLOSED",
        echoes_payload=False,
        tells_payload_length=False,
        cancels_by_plus=False,
        send_failure=b"\r\nERROR\r\n",
        buffer_status_names_link=False,
        tells_settled_segment=False,
        segments_need_link=True,
        plain_sending_joins_segments=False,
        transfer_mode_needs_no_link=True,
        transfer_mode_needs_single=False,
        cancelling_takes_link=True,
        passthrough_packet_bytes=2048,
        ok_after_datagram=False,
    ),
)

ESPRESSIF_0_23 = Dialect(
    name="espressif-0.23",
    lacks=frozenset({"AT+CIPCHECKSEG="}),
    line_buffer_bytes=128,
    lowest_baud=1,
    highest_baud=5_000_000,
    start_text=(
        "\r\nSDK ver: {sdk_version} compiled @ Apr 24 2015 19:31:11\r\n"
        "phy ver: 329, pp ver: 8.4\r\n\r\n"
    ),
    gmr_blank_line=True,
    gslp_repeats_time=False,
    sleep_needs_station_mode=False,
    flash_holds_uart=True,
    restart_delay_ms=100,
    forced_restart=True,
    blank_sector_means_factory=False,
    wifi=WifiDialect(
        join_looks_at_times=True,
        join_failure_has_number=True,
        join_query_tells_bssid=True,
        stored_network_needs_address=True,
        smart_config_excludes_all=False,
        smart_config_stores=True,
        tells_leaving_first=True,
        tells_in_passthrough=False,
        tells_whole_network=True,
        tells_blank_flash=True,
        takes_gateway_alone=True,
        fixed_soft_ap_has_no_dhcp=False,
    ),
    tcp_ip=TcpIpDialect(
        says_reasons=True,
        start_parameters=(  # the other way round, by mistake of the firmware
            (
                '+CIPSTART:(id)("type"),("ip address"),(port)',
                '+CIPSTART:((id)"type"),("domain name"),(port)',
            ),
            (
                '+CIPSTART:("type"),("ip address"),(port)',
                '+CIPSTART:("type"),("domain name"),(port)',
            ),
        ),
        already_connected="ALREADY CONNECTED",
        takes_short_addresses=True,
        takes_udp_without_peer=True,
        passthrough_refuses_changing_peer=True,
        udp_always_has_number=True,
        udp_is_connected=False,
        status_needs_station=True,
        status_has_tcp_local_port=False,
        still_connected="link is builded",
        server_spares_links=False,
        lost_client="CONNECT FAIL",
        echoes_payload=True,
        tells_payload_length=True,
        cancels_by_plus=True,
        send_failure=b"SEND FAIL\r\n",
        buffer_status_names_link=True,
        tells_settled_segment=True,
        segments_need_link=False,
        plain_sending_joins_segments=True,
        transfer_mode_needs_no_link=False,
        transfer_mode_needs_single=True,
        cancelling_takes_link=False,
        passthrough_packet_bytes=2920,
        ok_after_datagram=True,
    ),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (DOCUMENTED, ESPRESSIF_0_23)}
)
"""All dialects by name."""
