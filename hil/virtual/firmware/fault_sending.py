"""Faults of sending over links: prompts, segments and passthrough of section 5."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hil.units import NS_PER_MS

from .command import Form
from .fault import Fault
from .fault_block import (
    answering,
    becoming,
    building,
    consenting,
    mistaking,
    pretending,
    replacing,
    saying,
    supplant,
    together,
    wrap,
)
from .link_table import LinkTable
from .packet import LEAVING, PacketCutter
from .parameter_store import ParameterStore
from .passthrough import Passthrough
from .payload import Payload
from .send_buffer import SendBuffers
from .sending import send_data

if TYPE_CHECKING:
    from ipaddress import IPv4Address

    from .link import Link, TcpLink, UdpLink
    from .settings import UserSettings
    from .state import FirmwareState

_PROMPTING = ("AT+CIPSEND", "AT+CIPSENDEX")
_LOST_OF_SEGMENTS = 3
_EXTRA_PAUSE_NS = 20 * NS_PER_MS


class _ShortPayload(Payload):
    """Forgets its last byte."""

    def _meaning(self) -> bytes:
        return super()._meaning()[:-1]


class _SevenBitPayload(Payload):
    """Clears the highest bit of each byte."""

    def _meaning(self) -> bytes:
        return bytes(byte & 0x7F for byte in super()._meaning())


class _ConfidentLinks(LinkTable):
    """Takes data for delivered when they are on their way."""

    def send(self, link: TcpLink, data: bytes, now_ns: int) -> int:
        super().send(link, data, now_ns)
        return link.acknowledged_bytes


class _LossyLinks(LinkTable):
    """Loses each third segment of AT+CIPSENDBUF; it counts as delivered with the ones before."""

    def send(self, link: TcpLink, data: bytes, now_ns: int) -> int:
        buffer = self._state.send_buffers.of(link)
        announced = buffer.next_number - 1
        if announced != buffer.sent and announced % _LOST_OF_SEGMENTS == 0:
            return link.sent_bytes
        return super().send(link, data, now_ns)


class _StickyLinks(LinkTable):
    """Keeps the destination of a datagram for those to come."""

    def send_datagram(
        self, link: UdpLink, data: bytes, now_ns: int, to: tuple[IPv4Address, int] | None = None
    ) -> None:
        if to is not None:
            link.address, link.port = to
        super().send_datagram(link, data, now_ns, to)


class _BuffersFromZero(SendBuffers):
    """Calls the first segment of a link 0."""

    def __init__(self, state: FirmwareState) -> None:
        super().__init__(state)
        for buffer in self._buffers.values():
            buffer.next_number = 0


class _DeafCutter(PacketCutter):
    """Takes +++ for data."""

    def pause(self) -> bool:
        self._end_packet()
        return False


class _JumpyCutter(PacketCutter):
    """Leaves at +++ even if it stands at the end of other data."""

    def pause(self) -> bool:
        is_order = self._gathered.endswith(LEAVING)
        if is_order:
            del self._gathered[-len(LEAVING) :]
        self._end_packet()
        return is_order


class _SlowCutter(PacketCutter):
    """Ends a packet 20 ms later."""

    def pause_end_ns(self) -> int | None:
        end_ns = super().pause_end_ns()
        return None if end_ns is None else end_ns + _EXTRA_PAUSE_NS


class _OtherPassthrough(Passthrough):
    """Cuts packets in another way."""

    _cutter_kind: type[PacketCutter]

    def begin(self, link: Link) -> None:
        super().begin(link)
        self._cutter = self._cutter_kind(self._cutter.free_bytes)

    def start(self, now_ns: int) -> None:
        super().start(now_ns)
        self._cutter = self._cutter_kind(self._cutter.free_bytes)


class _DeafPassthrough(_OtherPassthrough):
    _cutter_kind = _DeafCutter


class _JumpyPassthrough(_OtherPassthrough):
    _cutter_kind = _JumpyCutter


class _SlowPassthrough(_OtherPassthrough):
    _cutter_kind = _SlowCutter


class _StoreWithoutLink(ParameterStore):
    """Keeps AT+SAVETRANSLINK's link as it was."""

    def save_user(self, settings: UserSettings, at_ns: int) -> int:
        return super().save_user(replace(settings, passthrough=self.user.passthrough), at_ns)


_swap_counts = replacing(rb"(\d+),(\d+)(,\d+,\d+\r\n)", rb"\2,\1\3")
"""Behind the number of the next segment stand those of the last one sent and delivered."""

_PROMPT_FAULTS = (
    Fault(
        "cipsend-refuses-2048",
        "AT+CIPSEND and AT+CIPSENDEX refuse 2048 bytes.",
        _PROMPTING,
        wrap(
            _PROMPTING,
            Form.SET,
            mistaking(replacing(rb"\A((?:\d,)?)2048(?=,|\Z)", rb"\g<1>2049")),
        ),
    ),
    Fault(
        "cipsend-takes-2049",
        "AT+CIPSEND and AT+CIPSENDEX take 2049 bytes for 2048.",
        _PROMPTING,
        wrap(
            _PROMPTING,
            Form.SET,
            mistaking(replacing(rb"\A((?:\d,)?)2049(?=,|\Z)", rb"\g<1>2048")),
        ),
    ),
    Fault(
        "cipsend-loses-last-byte",
        "AT+CIPSEND does not send the last byte.",
        ("AT+CIPSEND",),
        supplant(["AT+CIPSEND"], Form.SET, becoming(partial(send_data, _ShortPayload))),
    ),
    Fault(
        "cipsend-drops-eighth-bit",
        "AT+CIPSEND sends each byte without its highest bit.",
        ("AT+CIPSEND",),
        supplant(["AT+CIPSEND"], Form.SET, becoming(partial(send_data, _SevenBitPayload))),
    ),
    Fault(
        "send-ok-comes-too-early",
        "SEND OK comes before the peer has confirmed the data.",
        (*_PROMPTING, "AT+CIPSENDBUF"),
        building(LinkTable, _ConfidentLinks),
    ),
    Fault(
        "datagram-destination-sticks",
        "The destination of one datagram holds for the next ones, too.",
        _PROMPTING,
        building(LinkTable, _StickyLinks),
    ),
    Fault(
        "cipsendex-overlooks-end",
        r"AT+CIPSENDEX takes \0 for data.",
        ("AT+CIPSENDEX",),
        supplant(["AT+CIPSENDEX"], Form.SET, becoming(partial(send_data, Payload))),
    ),
    Fault(
        "busy-sending-is-missing",
        "What comes while data are being sent is lost without a word.",
        (*_PROMPTING, "AT+CIPSENDBUF"),
        saying(replacing(rb"\A\r\nbusy s\.\.\.\r\n\Z", b"")),
    ),
)

_SEGMENT_FAULTS = (
    Fault(
        "cipsendbuf-loses-segments",
        "Each third segment of AT+CIPSENDBUF is lost, and reported as sent.",
        ("AT+CIPSENDBUF",),
        building(LinkTable, _LossyLinks),
    ),
    Fault(
        "cipsendbuf-counts-from-zero",
        "The first segment of a link has the number 0.",
        ("AT+CIPSENDBUF", "AT+CIPBUFSTATUS"),
        building(SendBuffers, _BuffersFromZero),
    ),
    Fault(
        "cipbufstatus-mixes-up-counts",
        "AT+CIPBUFSTATUS tells the segment delivered last before the one sent last.",
        ("AT+CIPBUFSTATUS",),
        together(
            wrap(["AT+CIPBUFSTATUS"], Form.EXECUTE, answering(_swap_counts)),
            wrap(["AT+CIPBUFSTATUS"], Form.SET, answering(_swap_counts)),
        ),
    ),
    Fault(
        "cipbufreset-goes-on-counting",
        "AT+CIPBUFRESET answers OK and resets nothing.",
        ("AT+CIPBUFRESET",),
        together(
            *(wrap(["AT+CIPBUFRESET"], form, consenting()) for form in (Form.EXECUTE, Form.SET))
        ),
    ),
    Fault(
        "cipcheckseg-is-always-true",
        "AT+CIPCHECKSEG tells TRUE of segments that were not delivered.",
        ("AT+CIPCHECKSEG", "AT+CIPCHECKSEQ", "AT+CIPCHECKQUEUE"),
        wrap(
            ["AT+CIPCHECKSEG", "AT+CIPCHECKSEQ", "AT+CIPCHECKQUEUE"],
            Form.SET,
            answering(replacing(b",FALSE", b",TRUE")),
        ),
    ),
)

_PASSTHROUGH_FAULTS = (
    Fault(
        "plus-plus-plus-is-forgotten",
        "+++ does not end passthrough; it is sent to the peer.",
        ("AT+CIPSEND",),
        building(Passthrough, _DeafPassthrough),
    ),
    Fault(
        "plus-plus-plus-ends-behind-data",
        "+++ ends passthrough although it stands at the end of other data.",
        ("AT+CIPSEND",),
        building(Passthrough, _JumpyPassthrough),
    ),
    Fault(
        "passthrough-packets-come-late",
        "A packet of passthrough ends 40 ms instead of 20 ms after its last byte.",
        ("AT+CIPSEND",),
        building(Passthrough, _SlowPassthrough),
    ),
    Fault(
        "cipmode-works-with-multiple",
        "AT+CIPMODE=1 is taken in multiple-connection mode.",
        ("AT+CIPMODE",),
        wrap(
            ["AT+CIPMODE"],
            Form.SET,
            pretending(lambda state: state.links, "is_multiple", value=False),
        ),
    ),
    Fault(
        "savetranslink-is-not-stored",
        "AT+SAVETRANSLINK answers OK and stores nothing.",
        ("AT+SAVETRANSLINK",),
        building(ParameterStore, _StoreWithoutLink),
    ),
    Fault(
        "savetranslink-takes-udp-for-tcp",
        "AT+SAVETRANSLINK stores a TCP link where UDP is asked for.",
        ("AT+SAVETRANSLINK",),
        wrap(["AT+SAVETRANSLINK"], Form.SET, mistaking(replacing(rb',"UDP"\Z', b""))),
    ),
)

SENDING_FAULTS = (*_PROMPT_FAULTS, *_SEGMENT_FAULTS, *_PASSTHROUGH_FAULTS)
"""In the order of the document's subjects: prompts, segments, passthrough."""
