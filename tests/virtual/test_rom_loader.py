"""The ROM loader, asked with literal frames. REAL marks bytes from traces of real chips."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.units import KIB, MIB, NS_PER_MS
from hil.virtual.action import (
    Action,
    Restart,
    RunProgram,
    RunStub,
    RunUserCode,
    Send,
    SetLineFormat,
)
from hil.virtual.efuse import Efuse
from hil.virtual.flash import NorFlash
from hil.virtual.rom_loader import RomLoader
from hil.virtual.uart import Burst, LineFormat

if TYPE_CHECKING:
    from hil.virtual.program import Program

# REAL
SYNC = b"\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + 32 * b"\x55" + b"\xc0"
SYNC_REPLY = b"\xc0\x01\x08\x02\x00\x07\x07\x12\x20\x00\x00\xc0"

STUB_PLACES = [(0x4010D000, 1), (0x4010C500, 2)]


def request(op: int, data: bytes = b"", checksum: int = 0) -> bytes:
    packet = struct.pack("<BBHI", 0, op, len(data), checksum) + data
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def block_request(op: int, data: bytes, sequence: int = 0) -> bytes:
    checksum = 0xEF
    for byte in data:
        checksum ^= byte
    return request(op, words(len(data), sequence, 0, 0) + data, checksum)


@dataclass(frozen=True)
class Answer:
    """A reply taken apart, and when it was sent."""

    at_ns: int
    op: int
    value: int
    payload: bytes


def answers(actions: list[Action]) -> list[Answer]:
    found = []
    for action in actions:
        if isinstance(action, Send):
            for piece in filter(None, action.data.split(b"\xc0")):
                packet = piece.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")
                direction, op, length, value = struct.unpack_from("<BBHI", packet)
                assert direction == 1
                assert length == len(packet) - 8
                found.append(Answer(action.at_ns, op, value, packet[8:]))
    return found


class LoaderHost:
    """Asks the loader as the chip would, in simulated time."""

    def __init__(self, flash: NorFlash | None = None, *, sync: bool = True) -> None:
        self.flash = flash or NorFlash(MIB)
        efuse = Efuse.for_mac(bytes.fromhex("18fe34000001"))
        self.loader = RomLoader(self.flash, efuse, LineFormat(74880))
        self.now_ns = 0
        self.loader.start(0)
        if sync:
            self.send(SYNC)

    def send(self, data: bytes, line_format: LineFormat | None = None) -> list[Action]:
        """Send a burst and wait until the loader has nothing more to do."""
        actions: list[Action] = []
        burst = Burst(self.now_ns, data, line_format or LineFormat(115200))
        actions += self.loader.receive(burst)
        while (deadline_ns := self.loader.next_deadline_ns()) is not None:
            self.now_ns = max(self.now_ns, deadline_ns)
            actions += self.loader.advance(self.now_ns)
        return actions

    def ask(self, op: int, data: bytes = b"") -> Answer:
        (answer,) = answers(self.send(request(op, data)))
        return answer


def test_loader_is_a_program() -> None:
    program: Program = LoaderHost().loader
    assert program.next_deadline_ns() is None


def test_sync_is_answered_eight_times() -> None:
    (send,) = LoaderHost().send(SYNC)
    assert isinstance(send, Send)
    assert send.data == SYNC_REPLY * 8


def test_reply_leaves_when_the_last_byte_has_come() -> None:
    host = LoaderHost()
    host.now_ns = 10**9
    (send,) = host.send(SYNC)
    assert isinstance(send, Send)
    assert send.at_ns == 10**9 + LineFormat(115200).duration_ns(len(SYNC))


def test_first_sync_sets_the_rate() -> None:
    host = LoaderHost(sync=False)
    switch, send = host.send(SYNC, LineFormat(460800))
    assert switch == SetLineFormat(LineFormat(460800))
    assert isinstance(send, Send)
    assert not host.loader.adopts_baud
    assert host.loader.line_format.baud == 460800
    (answer,) = answers(host.send(request(0x0A, words(0x60000014)), LineFormat(460800)))
    assert answer.value == 113


def test_only_a_sync_sets_the_rate() -> None:
    host = LoaderHost(sync=False)
    assert host.send(request(0x0A, words(0x40001000)), LineFormat(460800)) == []
    assert host.loader.adopts_baud
    (answer,) = answers(host.send(request(0x0A, words(0x40001000)), LineFormat(74880)))
    assert answer.value == 0xFFF0C101


def test_sync_at_the_current_rate_changes_nothing() -> None:
    host = LoaderHost(sync=False)
    (send,) = host.send(SYNC, LineFormat(74880))
    assert isinstance(send, Send)


def test_sync_is_found_in_single_bytes_of_another_rate() -> None:
    host = LoaderHost(sync=False)
    actions = []
    for byte in b"noise" + SYNC:
        actions += host.send(bytes([byte]), LineFormat(57600))
    assert actions[0] == SetLineFormat(LineFormat(57600))
    assert len(answers(actions)) == 8


@pytest.mark.parametrize("op", [0x14, 0x0B, 0x0D, 0x0F, 0x10, 0x11, 0x13, 0x77, 0xD0, 0xD2])
def test_unknown_requests_are_refused_with_their_own_number(op: int) -> None:
    answer = LoaderHost().ask(op)
    assert (answer.op, answer.payload) == (op, b"\x01\x05")


def test_value_of_the_last_reply_comes_again() -> None:
    host = LoaderHost()
    host.ask(0x09, words(0x3FFE8000, 0x0016400B, 0xFFFFFFFF, 0))
    assert host.ask(0x0A, words(0x3FFE8000)).value == 0x0016400B
    (send,) = host.send(request(0x09, words(0x3FFE8000, 0, 0xFFFFFFFF, 0)))
    assert isinstance(send, Send)
    assert send.data == b"\xc0\x01\x09\x02\x00\x0b\x40\x16\x00\x00\x00\xc0"  # REAL


def test_register_writes_are_delayed_and_masked() -> None:
    host = LoaderHost()
    start_ns = host.now_ns
    answer = host.ask(0x09, words(0x3FFE8000, 0x55, 0xFF, 1000, 0x60000078, 0, 0, 500))
    assert answer.at_ns >= start_ns + 1_500_000
    assert host.ask(0x0A, words(0x3FFE8000)).value == 0x55


@pytest.mark.parametrize(
    ("op", "data"),
    [(0x0A, b""), (0x0A, bytes(8)), (0x09, b""), (0x09, bytes(15)), (0x02, bytes(20)), (3, b"x")],
)
def test_wrong_length_is_refused(op: int, data: bytes) -> None:
    assert LoaderHost().ask(op, data).payload == b"\x01\x05"


def test_length_that_does_not_match_the_header_is_refused() -> None:
    (answer,) = answers(LoaderHost().send(b"\xc0\x00\x0a\x04\x00\x00\x00\x00\x00\x01\xc0"))
    assert answer.payload == b"\x01\x05"


@pytest.mark.parametrize("op", [0x03, 0x07])
def test_damaged_block_is_refused(op: int) -> None:
    host = LoaderHost()
    host.ask(0x02, words(0, 0, 0x400, 0))
    damaged = request(op, words(2, 0, 0, 0) + b"ab", checksum=0x12)
    (answer,) = answers(host.send(damaged))
    assert answer.payload == b"\x01\x07"  # REAL


def read_flash_id(host: LoaderHost) -> int:
    host.ask(0x09, words(0x60000220, 23 << 8, 0xFFFFFFFF, 0))
    host.ask(0x09, words(0x6000021C, 0x90000000, 0xFFFFFFFF, 0))
    host.ask(0x09, words(0x60000224, 0x7000009F, 0xFFFFFFFF, 0))
    host.ask(0x09, words(0x60000200, 1 << 18, 0xFFFFFFFF, 0))
    return host.ask(0x0A, words(0x60000240)).value


def test_flash_is_attached_by_flash_begin() -> None:
    host = LoaderHost()
    assert read_flash_id(host) == 0xFFFFFF
    host.ask(0x02, words(0, 0, 0x400, 0))
    assert read_flash_id(host) == 0x1440EF


def test_block_is_acknowledged_when_it_is_written() -> None:
    host = LoaderHost()
    begun = host.ask(0x02, words(0x800, 2, 0x400, 0x1000))
    assert begun.at_ns >= 2 * 45 * NS_PER_MS
    first_request = block_request(0x03, b"a" * 0x400, 0)
    arrived_ns = host.now_ns + LineFormat(115200).duration_ns(len(first_request))
    (first,) = answers(host.send(first_request))
    assert first.at_ns == arrived_ns + 4 * 400_000
    (second,) = answers(host.send(block_request(0x03, b"b" * 0x400, 1)))
    assert (first.payload, second.payload) == (b"\0\0", b"\0\0")
    assert host.flash.read(0x1000, 0x800) == b"a" * 0x400 + b"b" * 0x400


def test_requests_wait_for_the_flash() -> None:
    host = LoaderHost()
    host.loader.receive(Burst(host.now_ns, request(0x02, words(1, 1, 1, 0)), LineFormat(115200)))
    start_ns = host.now_ns
    for answer in answers(host.send(SYNC)):
        assert answer.at_ns >= start_ns + 2 * 45 * NS_PER_MS


def test_block_without_begin_is_refused() -> None:
    (answer,) = answers(LoaderHost().send(block_request(0x03, b"ab")))
    assert answer.payload == b"\x01\x05"


@pytest.mark.parametrize(
    ("offset", "asked", "erased"),
    [
        (0x0000, 0, 0),
        (0x0000, 1, 2),  # boot.bin: wipes the first sector of user1.bin
        (0x0000, 8, 16),
        (0x0000, 16, 32),
        (0x1000, 15, 30),
        (0x1000, 16, 31),
        (0xF000, 1, 2),
        (0xF000, 2, 3),
        (0xF000, 20, 21),
    ],
)
def test_erase_takes_the_first_sectors_twice(offset: int, asked: int, erased: int) -> None:
    host = LoaderHost(NorFlash(MIB, bytes(MIB)))
    host.ask(0x02, words(asked * 4 * KIB, 0, 0x400, offset))
    assert sum(host.flash.erase_counts) == erased
    assert host.flash.is_erased(offset, erased * 4 * KIB)


@pytest.mark.parametrize(("argument", "action"), [(0, Restart), (1, RunUserCode)])
def test_flash_end_answers_and_leaves(argument: int, action: type[Action]) -> None:
    host = LoaderHost()
    reply, leave = host.send(request(0x04, words(argument)))
    assert isinstance(reply, Send)
    assert isinstance(leave, action)
    assert host.send(SYNC) == []


def upload(host: LoaderHost, address: int, content: bytes) -> None:
    host.ask(0x05, words(len(content), 1, 0x1800, address))
    for sequence in range(-(-len(content) // 0x1800)):
        part = content[sequence * 0x1800 : (sequence + 1) * 0x1800]
        (answer,) = answers(host.send(block_request(0x07, part, sequence)))
        assert answer.payload == b"\0\0"


@pytest.mark.parametrize(("address", "version"), STUB_PLACES)
def test_uploaded_stub_is_recognised(address: int, version: int) -> None:
    host = LoaderHost()
    upload(host, address, bytes(0x1900) + b"OHAI" + bytes(100))
    assert host.loader.registers.ram.read(address + 0x1900, 4) == b"OHAI"
    reply, run = host.send(request(0x06, words(0, address + 4)))
    assert isinstance(reply, Send)
    assert isinstance(run, RunStub)
    assert run.version == version


@pytest.mark.parametrize(
    ("address", "content", "entry"),
    [
        (0x4010D000, b"other code", 0x4010D000),
        (0x40100000, b"OHAI", 0x40100000),
        (0x4010D000, b"OHAI", 0x40100000),
    ],
)
def test_unknown_code_is_lost(address: int, content: bytes, entry: int) -> None:
    host = LoaderHost()
    upload(host, address, content)
    reply, halt = host.send(request(0x06, words(0, entry)))
    assert isinstance(reply, Send)
    assert isinstance(halt, RunProgram)


def test_upload_without_entry_stays_in_the_loader() -> None:
    host = LoaderHost()
    assert host.ask(0x06, words(1, 0)).payload == b"\0\0"
    assert len(answers(host.send(SYNC))) == 8


def test_actions_keep_their_times_however_time_is_sliced() -> None:
    def run(step_ns: int) -> list[Action]:
        loader = LoaderHost().loader
        data = request(0x02, words(0x1000, 4, 0x400, 0)) + block_request(0x03, b"x" * 0x400) + SYNC
        burst = Burst(0, data, LineFormat(115200))
        actions: list[Action] = []
        while burst.data:
            head, burst = burst.split(loader.bytes_wanted(burst))
            loader.receive(head)
            for now_ns in range(head.start_ns, head.end_ns() + step_ns, step_ns):
                actions += loader.advance(min(now_ns, head.end_ns()))
        while (deadline_ns := loader.next_deadline_ns()) is not None:
            actions += loader.advance(deadline_ns)
        return actions

    assert run(10**9) == run(100_000)
    assert len(answers(run(10**9))) == 10


@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(1, 7))
def test_no_noise_wedges_the_loader(noise: list[bytes], piece_bytes: int) -> None:
    host = LoaderHost()
    data = b"".join(noise)
    for start in range(0, len(data), piece_bytes):
        actions = host.send(data[start : start + piece_bytes])
        if any(isinstance(action, RunProgram | Restart | RunUserCode) for action in actions):
            return
    assert [answer.op for answer in answers(host.send(SYNC))][-8:] == [8] * 8


@given(st.integers(0, 255), st.binary(max_size=80), st.integers(0, 255))
def test_no_request_wedges_the_loader(op: int, data: bytes, checksum: int) -> None:
    host = LoaderHost()
    actions = host.send(request(op, data, checksum))
    if not any(isinstance(action, RunProgram | Restart | RunUserCode) for action in actions):
        assert len(answers(host.send(SYNC))) == 8
