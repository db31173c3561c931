"""The flasher stub, asked with literal frames."""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hil.units import KIB, MIB, NS_PER_MS
from hil.virtual.action import Action, Restart, RunProgram, RunUserCode, Send, SetLineFormat
from hil.virtual.efuse import Efuse
from hil.virtual.errors import VirtualError
from hil.virtual.flash import NorFlash
from hil.virtual.flasher_stub import FlasherStub
from hil.virtual.registers import RegisterMap
from hil.virtual.slip import SlipDecoder
from hil.virtual.uart import Burst, LineFormat

if TYPE_CHECKING:
    from hil.virtual.program import Program

SYNC = b"\xc0\x00\x08\x24\x00\x00\x00\x00\x00\x07\x07\x12\x20" + 32 * b"\x55" + b"\xc0"
SYNC_REPLY = b"\xc0\x01\x08\x02\x00\x00\x00\x00\x00\x00\x00\xc0"

OK = b"\x00\x00"
BLOCK = 16 * KIB
FAST = LineFormat(100_000_000)
IMAGE = hashlib.shake_128(b"image").digest(40_000) + bytes(5_000)


def words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def frame(packet: bytes) -> bytes:
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


def request(op: int, data: bytes = b"", checksum: int = 0) -> bytes:
    return frame(struct.pack("<BBHI", 0, op, len(data), checksum) + data)


def block_request(op: int, data: bytes, sequence: int = 0) -> bytes:
    checksum = 0xEF
    for byte in data:
        checksum ^= byte
    return request(op, words(len(data), sequence, 0, 0) + data, checksum)


def begin(op: int, total: int, offset: int) -> bytes:
    return request(op, words(total, -(-total // BLOCK), BLOCK, offset, 0))


class StubHost:
    """Asks the stub as the chip would, in simulated time."""

    def __init__(self, version: int = 2, flash: NorFlash | None = None) -> None:
        self.flash = flash or NorFlash(MIB)
        efuse = Efuse.for_mac(bytes.fromhex("18fe34000001"))
        registers = RegisterMap(self.flash, efuse, baud=115200, crystal_hz=26_000_000)
        self.stub = FlasherStub(self.flash, registers, LineFormat(115200), version)
        self.now_ns = 0
        self.greeting = self.stub.start(0)

    def send(self, data: bytes) -> list[Action]:
        """Send a burst and wait until the stub has nothing more to do."""
        actions = list(self.stub.receive(Burst(self.now_ns, data, FAST)))
        while (deadline_ns := self.stub.next_deadline_ns()) is not None:
            self.now_ns = max(self.now_ns, deadline_ns)
            actions += self.stub.advance(self.now_ns)
        return actions

    def exchange(self, data: bytes) -> list[bytes]:
        """The frames that come back."""
        decoder = SlipDecoder()
        found = []
        for action in self.send(data):
            assert isinstance(action, Send)
            found += decoder.receive(action.data)
        return found

    def ask(self, data: bytes) -> bytes:
        """The payload of the one reply that comes back."""
        (reply,) = self.exchange(data)
        return reply[8:]


@pytest.fixture(params=[1, 2])
def host(request: pytest.FixtureRequest) -> StubHost:
    return StubHost(request.param)


def test_stub_is_a_program_and_greets(host: StubHost) -> None:
    program: Program = host.stub
    assert program.next_deadline_ns() is None
    assert host.greeting == [Send(b"\xc0OHAI\xc0", 0)]
    assert host.stub.registers.spi.is_attached


def test_there_are_two_versions() -> None:
    with pytest.raises(VirtualError) as caught:
        StubHost(3)
    assert str(caught.value) == "no flasher stub of version 3; esptool has 1 and 2"


def test_sync_is_answered_eight_times_with_0(host: StubHost) -> None:
    host.ask(request(0x0A, words(0x40001000)))
    (send,) = host.send(SYNC)
    assert isinstance(send, Send)
    assert send.data == SYNC_REPLY * 8


@pytest.mark.parametrize(
    ("op", "data", "first", "second"),
    [
        (0x14, b"", b"\xff\x00", b"\xff\x00"),
        (0x77, b"", b"\xff\x00", b"\xc3\x00"),
        (0xD5, bytes(4), b"\xff\x00", b"\xff\x00"),
        (0x0A, b"", b"\xc0\x00", b"\xc0\x00"),
        (0x02, bytes(12), b"\xc0\x00", b"\xc0\x00"),
        (0x02, bytes(16), OK, OK),
        (0x02, words(1, 1, 0x4001, 0, 0), b"\xc2\x00", OK),
        (0x0B, bytes(24), OK, OK),
        (0x0D, bytes(4), OK, OK),
        (0x0F, words(0, 115200), b"\xc0\x00", b"\xc0\x00"),
        (0x04, words(1), b"\xc6\x00", b"\xc6\x00"),
        (0x13, words(0, 2 * MIB, 0, 0), b"\xc0\x00", b"\xc0\x00"),
        (0xD1, words(1, 0x1000), b"\x01\x00", b"\xc0\x00"),
        (0xD1, words(0x1000, 1), b"\x01\x00", b"\xc0\x00"),
        (0xD1, words(0, 2 * MIB), b"\x01\x00", b"\xc0\x00"),
    ],
)
def test_status_of_odd_requests(op: int, data: bytes, first: bytes, second: bytes) -> None:
    assert StubHost(1).ask(request(op, data)) == first
    assert StubHost(2).ask(request(op, data)) == second


def test_frames_longer_than_a_sector_are_read_by_neither() -> None:
    """The request is answered before it is looked at; only version 2 tells it then."""
    asked = request(0xD2, words(0, 0x2000, 0x1001, 64))
    first, second = StubHost(1), StubHost(2)
    assert first.ask(asked) == OK
    assert second.ask(asked) == OK
    assert first.ask(request(0x0D, bytes(4))) == OK
    assert second.ask(request(0x0D, bytes(4))) == b"\xc0\x00"
    assert second.ask(request(0x0D, bytes(4))) == OK


def test_only_register_reads_carry_a_value(host: StubHost) -> None:
    assert host.exchange(request(0x0A, words(0x40001000))) == [
        b"\x01\x0a\x02\x00\x01\xc1\xf0\xff\x00\x00"
    ]
    assert host.exchange(request(0x0D, bytes(4))) == [b"\x01\x0d\x02\x00\x00\x00\x00\x00\x00\x00"]


def test_baud_changes_behind_the_answer(host: StubHost) -> None:
    reply, switch = host.send(request(0x0F, words(921600, 115200)))
    assert isinstance(reply, Send)
    assert switch == SetLineFormat(LineFormat(921600))
    assert host.stub.registers.read(0x60000014) == 57


def download(host: StubHost, image: bytes, offset: int, *, is_compressed: bool) -> None:
    begin_op, data_op, end_op = (0x10, 0x11, 0x12) if is_compressed else (0x02, 0x03, 0x04)
    stream = zlib.compress(image, 9) if is_compressed else image
    assert host.ask(begin(begin_op, len(image), offset)) == OK
    for sequence, start in enumerate(range(0, len(stream), BLOCK)):
        part = stream[start : start + BLOCK]
        if not is_compressed:
            part = part.ljust(BLOCK, b"\xff")
        assert host.ask(block_request(data_op, part, sequence)) == OK
    assert host.ask(request(end_op, words(1))) == OK


@pytest.mark.parametrize("is_compressed", [False, True])
@pytest.mark.parametrize("offset", [0, 0x1000, 0x1234])
def test_download_arrives(version_host: StubHost, offset: int, *, is_compressed: bool) -> None:
    host = version_host
    download(host, IMAGE, offset, is_compressed=is_compressed)
    end = offset + len(IMAGE)
    sector_end = -(-end // 4096) * 4096
    assert host.flash.read(offset, len(IMAGE)) == IMAGE
    assert host.flash.is_erased(end, sector_end - end)
    assert host.flash.read(sector_end, 100) == bytes(100)
    digest = host.ask(request(0x13, words(offset, len(IMAGE), 0, 0)))
    assert digest == hashlib.md5(IMAGE).digest() + OK  # noqa: S324 - the protocol's digest


@pytest.fixture(params=[1, 2])
def version_host(request: pytest.FixtureRequest) -> StubHost:
    return StubHost(request.param, NorFlash(MIB, bytes(256 * KIB)))


def test_block_is_acknowledged_before_it_is_written(version_host: StubHost) -> None:
    host = version_host
    host.ask(begin(0x02, BLOCK, 0x1000))
    start_ns = host.now_ns
    (ack,) = host.send(block_request(0x03, bytes(BLOCK)))
    assert isinstance(ack, Send)
    assert ack.at_ns < start_ns + 2 * NS_PER_MS
    (end,) = host.send(request(0x04, words(1)))
    assert isinstance(end, Send)
    # Version 2 began to erase the first sector with BEGIN.
    assert start_ns <= end.at_ns - (4 * 45 * NS_PER_MS + 64 * 400_000) <= ack.at_ns


@pytest.mark.parametrize("version", [1, 2])
def test_blocks_of_64_kb_are_erased_at_once_where_they_fit(version: int) -> None:
    host = StubHost(version, NorFlash(MIB, bytes(MIB)))
    start_ns = host.now_ns
    download(host, bytes(9 * BLOCK), 0xC000, is_compressed=False)
    assert host.flash.write_count == 4 + 2 + 9 * 64  # sectors up to 0x10000, then two blocks
    assert host.flash.erase_counts[0x0B:0x31] == [0] + [1] * 36 + [0]
    took_ns = host.flash.busy_until_ns - start_ns
    assert took_ns >= 4 * 45 * NS_PER_MS + 2 * 150 * NS_PER_MS + 9 * 64 * 400_000


@pytest.mark.parametrize(("version", "waits_ms"), [(1, 150), (2, 0)])
def test_only_version_1_erases_what_lies_behind_a_block(version: int, waits_ms: int) -> None:
    """Before it writes the block that ends at 64 KB it erases the next 64 KB."""
    host = StubHost(version, NorFlash(MIB, bytes(MIB)))
    host.ask(begin(0x02, 8 * BLOCK, 0))
    for sequence in range(3):
        host.ask(block_request(0x03, bytes(BLOCK), sequence))
    before_ns = host.now_ns = host.flash.busy_until_ns
    host.ask(block_request(0x03, bytes(BLOCK), 3))
    took_ns = host.flash.busy_until_ns - before_ns
    assert waits_ms <= (took_ns - 64 * 400_000) // NS_PER_MS <= waits_ms + 2


@pytest.mark.parametrize("version", [1, 2])
def test_erasing_goes_on_while_a_stream_is_unpacked(version: int) -> None:
    """Nothing is written before 32 KB are unpacked, but what they need is being erased."""
    host = StubHost(version, NorFlash(MIB, bytes(MIB)))
    stream = zlib.compress(hashlib.shake_128(b"").digest(64 * KIB), 9)
    host.ask(begin(0x10, 64 * KIB, 0))
    host.ask(block_request(0x11, stream[:BLOCK]))
    assert host.flash.erase_counts[:17] == [1] * 16 + [0]
    assert host.flash.program_count == 0
    reply = host.ask(block_request(0x11, stream[BLOCK : 2 * BLOCK], 1))
    assert (reply, host.flash.program_count) == (OK, 0)
    host.ask(block_request(0x11, stream[2 * BLOCK : 3 * BLOCK], 2))
    assert host.flash.program_count == 128


@pytest.mark.parametrize(("version", "erases"), [(1, 16 + 16), (2, 1 + 16)])
def test_region_of_exactly_64_kb_is_erased_at_once_by_version_2_only(
    version: int, erases: int
) -> None:
    host = StubHost(version)
    host.ask(request(0xD1, words(0x10000, 0x10000)))
    assert host.flash.write_count == erases - 16
    host.ask(request(0xD1, words(0x20000, 0x10000 + 0xF000)))
    assert host.flash.write_count == erases


@given(st.integers(0, 600 * NS_PER_MS), st.sampled_from([1, 2]))
def test_power_cut_during_a_download_leaves_what_was_done(after_ns: int, version: int) -> None:
    """The first block is written before the power goes, the second may be half way."""
    old = hashlib.shake_128(b"old").digest(256 * KIB)
    host = StubHost(version, NorFlash(MIB, old))
    host.ask(begin(0x02, 4 * BLOCK, 0x10000))
    new = [hashlib.shake_128(b"%d" % index).digest(BLOCK) for index in range(2)]
    host.ask(block_request(0x03, new[0], 0))
    written_ns = host.now_ns = host.flash.busy_until_ns
    host.ask(block_request(0x03, new[1], 1))
    host.flash.cut_power(written_ns + after_ns)
    assert host.flash.read(0, 0x10000) == old[:0x10000]
    assert host.flash.read(0x20000, 0x20000) == old[0x20000:]
    assert host.flash.read(0x10000, BLOCK) == new[0]
    second = host.flash.read(0x10000 + BLOCK, BLOCK)
    assert int.from_bytes(second, "big") & int.from_bytes(new[1], "big") == int.from_bytes(
        new[1], "big"
    )
    assert host.flash.is_erased(0x10000 + 2 * BLOCK, 2 * BLOCK)


def test_digest_waits_for_an_erase_under_way() -> None:
    host = StubHost(2, NorFlash(MIB, b"dirty"))
    host.ask(begin(0x02, BLOCK, 0))
    (digest,) = host.send(request(0x13, words(0, 5, 0, 0)))
    assert isinstance(digest, Send)
    assert digest.at_ns == host.flash.busy_until_ns >= 45 * NS_PER_MS


@pytest.mark.parametrize(("version", "erased"), [(1, [1, 1, 1, 1]), (2, [0, 0, 1, 1])])
def test_version_2_leaves_blank_sectors_alone_up_to_the_first_dirty_one(
    version: int, erased: list[int]
) -> None:
    flash = NorFlash(MIB)
    flash.load(0x2000, b"dirty")
    host = StubHost(version, flash)
    download(host, b"x" * BLOCK, 0, is_compressed=False)
    assert flash.erase_counts[:4] == erased


@pytest.mark.parametrize(("version", "too_short"), [(1, b"\xc0\x00"), (2, b"\xc9\x00")])
def test_damaged_block_is_refused_at_once(version: int, too_short: bytes) -> None:
    host = StubHost(version)
    host.ask(begin(0x02, BLOCK, 0))
    assert host.ask(request(0x03, words(2, 0, 0, 0) + b"ab", checksum=1)) == b"\xc1\x00"
    assert host.ask(request(0x03, words(3, 0, 0, 0) + b"ab", checksum=1)) == too_short
    assert host.ask(block_request(0x03, bytes(BLOCK))) == OK


@pytest.mark.parametrize(("begin_op", "data_op"), [(0x02, 0x11), (0x10, 0x03)])
def test_block_of_the_other_kind_is_refused(host: StubHost, begin_op: int, data_op: int) -> None:
    assert host.ask(block_request(data_op, b"ab")) == b"\xc6\x00"
    host.ask(begin(begin_op, 2, 0))
    assert host.ask(block_request(data_op, b"ab")) == b"\xc6\x00"


def test_version_1_tells_a_bad_stream_until_the_end() -> None:
    host = StubHost(1)
    host.ask(begin(0x10, 100, 0))
    assert host.ask(block_request(0x11, b"no zlib stream")) == OK
    assert host.ask(request(0x0D, bytes(4))) == OK
    assert host.ask(block_request(0x11, b"more")) == b"\xc7\x00"
    assert host.ask(block_request(0x11, b"more")) == b"\xc7\x00"
    assert host.ask(request(0x12, words(1))) == b"\xc8\x00"


def test_version_2_tells_a_bad_stream_instead_of_doing_what_is_asked_next() -> None:
    host = StubHost(2)
    host.ask(begin(0x10, 100, 0))
    assert host.ask(block_request(0x11, b"no zlib stream")) == OK
    assert host.ask(request(0x0F, words(921600, 115200))) == b"\xc7\x00"
    assert host.stub.line_format == LineFormat(115200)
    assert host.ask(request(0x12, words(1))) == b"\xc0\x00"


@pytest.mark.parametrize(("version", "status"), [(1, b"\xc8\x00"), (2, b"\xc0\x00")])
def test_missing_bytes_show_at_the_end(version: int, status: bytes) -> None:
    host = StubHost(version)
    host.ask(begin(0x02, 2 * BLOCK, 0))
    assert host.ask(block_request(0x03, bytes(BLOCK))) == OK
    assert host.ask(request(0x04, words(0))) == status
    assert host.ask(block_request(0x03, bytes(BLOCK), 1)) == OK
    assert host.ask(request(0x04, words(1))) == OK


@pytest.mark.parametrize(("version", "status"), [(1, OK), (2, b"\xc0\x00")])
def test_stream_longer_than_announced_is_cut(version: int, status: bytes) -> None:
    host = StubHost(version)
    host.ask(begin(0x10, 1000, 0))
    assert host.ask(block_request(0x11, zlib.compress(bytes(8 * MIB), 9))) == OK
    assert host.flash.read(0, 1001) == bytes(1000) + b"\xff"
    assert host.ask(request(0x12, words(1))) == status


@pytest.mark.parametrize(("version", "status"), [(1, b"\xc9\x00"), (2, OK)])
def test_packed_block_behind_the_last_is_told_by_version_1(version: int, status: bytes) -> None:
    host = StubHost(version)
    stream = zlib.compress(b"abc")
    host.ask(begin(0x10, 3, 0))
    assert host.ask(block_request(0x11, stream[:-4])) == OK
    assert host.ask(block_request(0x11, stream[-4:], 1)) == OK
    assert host.ask(block_request(0x11, b"more than a check sum", 2)) == OK
    assert host.ask(request(0x12, words(1))) == status
    assert host.flash.read(0, 4) == b"abc\xff"


def test_block_after_the_last_is_dropped(host: StubHost) -> None:
    host.ask(begin(0x02, 2, 0))
    assert host.ask(block_request(0x03, b"ab")) == OK
    assert host.ask(block_request(0x03, b"cd")) == OK
    assert host.ask(request(0x04, words(1))) == OK
    assert host.flash.read(0, 4) == b"ab\xff\xff"


def read_flash(host: StubHost, offset: int, length: int) -> tuple[bytes, bytes]:
    """The data and the digest, acknowledging each frame."""
    reply, *frames = host.exchange(request(0xD2, words(offset, length, 4096, 64)))
    assert reply[8:] == OK
    data = b""
    while len(data) < length:
        (payload,) = frames
        data += payload
        frames = host.exchange(frame(words(len(data))))
    (digest,) = frames
    return data, digest


@pytest.mark.parametrize("length", [0, 1, 16, 4096, 4097, 10_000])
def test_flash_is_read_frame_by_frame(length: int) -> None:
    host = StubHost(2, NorFlash(MIB, IMAGE))
    data, digest = read_flash(host, 0x123, length)
    assert data == IMAGE[0x123 : 0x123 + length]
    assert digest == hashlib.md5(data).digest()  # noqa: S324 - the protocol's digest
    assert len(host.exchange(SYNC)) == 8


def test_wrong_acknowledge_keeps_the_next_frame_back(host: StubHost) -> None:
    assert len(host.exchange(request(0xD2, words(0, 8192, 4096, 64)))) == 2
    assert host.exchange(frame(words(100))) == []
    assert len(host.exchange(frame(words(4096)))) == 1


def test_request_ends_a_read_out(host: StubHost) -> None:
    host.exchange(request(0xD2, words(0, 8192, 4096, 64)))
    assert len(host.exchange(SYNC)) == 8
    assert host.exchange(frame(words(4096))) == []


def test_erases_are_answered_when_they_are_over(host: StubHost) -> None:
    host.flash.load(0, bytes(MIB))
    start_ns = host.now_ns
    assert host.ask(request(0xD1, words(0x1000, 0x2000))) == OK
    assert host.now_ns >= start_ns + 90 * NS_PER_MS
    assert host.flash.snapshot().count(0xFF) == 0x2000
    assert host.ask(request(0xD0)) == OK
    assert host.flash.is_erased(0, MIB)


def test_version_1_leaves_and_version_2_stays() -> None:
    first, second = StubHost(1), StubHost(2)
    for host in (first, second):
        host.ask(begin(0x02, 0, 0))
    reply, restart = first.send(request(0x04, words(0)))
    assert isinstance(reply, Send)
    assert isinstance(restart, Restart)
    assert first.send(SYNC) == []
    assert second.ask(request(0x04, words(0))) == OK
    assert len(second.exchange(SYNC)) == 8


def test_user_code_is_run_by_version_1_only() -> None:
    (run,) = StubHost(1).send(request(0xD3))
    assert isinstance(run, RunUserCode)
    host = StubHost(2)
    assert host.send(request(0xD3)) == []
    assert len(host.exchange(SYNC)) == 8


@given(st.lists(st.binary(max_size=60), max_size=6), st.integers(1, 7), st.booleans())
def test_no_noise_wedges_the_stub(noise: list[bytes], piece_bytes: int, reading: bool) -> None:
    host = StubHost()
    data = (request(0xD2, words(0, 8192, 4096, 64)) if reading else b"") + b"".join(noise)
    for start in range(0, len(data), piece_bytes):
        actions = host.send(data[start : start + piece_bytes])
        if any(isinstance(action, RunProgram) for action in actions):
            return
    assert host.exchange(SYNC)[-8:] == [SYNC_REPLY.strip(b"\xc0")] * 8


@given(st.sampled_from([*range(0x20), *range(0xD0, 0xE0)]), st.binary(max_size=80))
@example(0xD2, bytes(16))
def test_no_request_wedges_the_stub(op: int, data: bytes) -> None:
    host = StubHost()
    actions = host.send(request(op, data, zlib.crc32(data) & 0xFF))
    if not any(isinstance(action, RunProgram) for action in actions):
        host.exchange(SYNC)  # an error is told with the next answer, whatever the question is
        assert len(host.exchange(SYNC)) == 8
