"""The stubs that esptool uploads, executed, against the model of them.

It is their own code that runs here, out of the installed esptool, on the processor that runs what
``load-ram`` loads. What it calls in the ROM beside is done by `_RealStub`, so this tells nothing of
times; and it is a good test of the processor as well.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque

import pytest
from esptool.loader import StubFlasher
from esptool.targets import ESP8266ROM

from hil.units import MIB
from hil.virtual.action import Send
from hil.virtual.efuse import Efuse
from hil.virtual.flash import NorFlash
from hil.virtual.flasher_stub import FlasherStub
from hil.virtual.ram_space import RamSpace
from hil.virtual.registers import RegisterMap
from hil.virtual.uart import Burst, LineFormat
from hil.virtual.xtensa.core import Core
from hil.virtual.xtensa.instruction import step

_RETURN = 0x4000_FFF0
_STACK = 0x3FFF_FF00


def _registers(flash: NorFlash) -> RegisterMap:
    return RegisterMap(flash, Efuse.for_mac(bytes(6)), baud=115200, crystal_hz=26_000_000)


def _frame(packet: bytes) -> bytes:
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class _Space(RamSpace):
    """Memory with a UART that has something in its FIFO, and a flash that is never busy."""

    def __init__(self, registers: RegisterMap) -> None:
        super().__init__(registers, lambda: 0)
        self.fifo: deque[int] = deque()

    def load(self, address: int, size: int) -> int:
        if address == 0x6000_0000:
            return self.fifo.popleft() if self.fifo else 0
        if address == 0x6000_001C:
            return len(self.fifo)
        if address in {0x6000_0004, 0x6000_0008}:
            return 0x101 if self.fifo else 0
        return 0 if address & ~0xFF == 0x6000_0200 else super().load(address, size)


class _RealStub:
    """A stub of esptool, running."""

    def __init__(self, version: str) -> None:
        code = StubFlasher(ESP8266ROM)
        registers = _registers(NorFlash(MIB))
        registers.ram.write(code.text_start, code.text)
        registers.ram.write(code.data_start, code.data)
        self.space = _Space(registers)
        self.core = Core(self.space, code.entry)
        self.core.a[1] = _STACK
        self.flash = bytearray(b"\xff" * MIB)
        self.sent = bytearray()
        self._handlers: list[tuple[int, int]] = []
        self._ram = registers.ram
        while self.sent != b"\xc0OHAI\xc0" or not self._handlers:
            self._step()
        self.ask(b"")

    def ask(self, packet: bytes) -> bytes:
        """What comes back to a frame, or to none."""
        self.sent.clear()
        frame = _frame(packet) if packet else b""
        for start in range(0, len(frame), 100):
            self.space.fifo.extend(frame[start : start + 100])
            self._interrupt()
        quiet = 0
        while quiet < 8_000:  # enough to go through what these tests send
            length = len(self.sent)
            self._step()
            quiet = 0 if len(self.sent) > length else quiet + 1
        return bytes(self.sent)

    def _interrupt(self) -> None:
        core = self.core
        kept = list(core.a), core.pc, dict(core.special)
        core.pc, core.a[2] = self._handlers[0]
        core.a[0], core.a[1] = _RETURN, core.a[1] - 256
        while core.pc != _RETURN:
            self._step()
        core.a[:], core.pc, core.special = kept

    def _step(self) -> None:
        core = self.core
        if not 0x4000_0000 <= core.pc < 0x4001_0000:
            step(core)
            return
        self._call_rom(*core.a[2:5])
        core.pc = core.a[0]

    def _call_rom(self, first: int, second: int, third: int) -> None:
        match self.core.pc:
            case 0x4000_3B30:  # uart_tx_one_char
                self.sent.append(first & 0xFF)
            case 0x4000_0F88:  # ets_isr_attach
                self._handlers.append((second, third))
            case 0x4000_18B4 | 0x4000_DF48:  # memcpy
                self._ram.write(first, self._ram.read(second, third))
                return
            case 0x4000_18A4 | 0x4000_E190:  # memset
                self._ram.write(first, bytes((second & 0xFF,)) * third)
                return
            case 0x4000_4A4C:  # SPIWrite
                self.flash[first : first + third] = self._ram.read(second, third)
            case 0x4000_4B1C:  # SPIRead
                self._ram.write(second, bytes(self.flash[first : first + third]))
            case 0x4000_E268:  # __umodsi3
                self.core.a[2] = first % second
                return
        self.core.a[2] = 0


class _Model:
    """What is to be the same."""

    def __init__(self, version: str) -> None:
        self._flash = NorFlash(MIB)
        registers = _registers(self._flash)
        self._stub = FlasherStub(self._flash, registers, LineFormat(115200), int(version))
        self._now_ns = 0
        self._stub.start(0)

    def ask(self, packet: bytes) -> bytes:
        fast = LineFormat(100_000_000)
        actions = list(self._stub.receive(Burst(self._now_ns, _frame(packet), fast)))
        while (due_ns := self._stub.next_deadline_ns()) is not None:
            self._now_ns = max(self._now_ns, due_ns)
            actions += self._stub.advance(self._now_ns)
        return b"".join(action.data for action in actions if isinstance(action, Send))

    @property
    def flash(self) -> bytes:
        return self._flash.snapshot()


def _words(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def _request(op: int, data: bytes = b"", checksum: int = 0) -> bytes:
    return struct.pack("<BBHI", 0, op, len(data), checksum) + data


def _block(op: int, data: bytes, sequence: int = 0, **wrong: int) -> bytes:
    checksum = 0xEF
    for byte in data:
        checksum ^= byte
    header = _words(wrong.get("length", len(data)), sequence, 0, 0)
    return _request(op, header + data, wrong.get("checksum", checksum))


_STREAM = zlib.compress(b"packed" * 25, 0)
_ATTACH = _request(0x0D, bytes(4))

_SEQUENCES = {
    "SYNC": [_request(0x08, b"\x07\x07\x12\x20" + b"\x55" * 32), _request(0x08, b"short")],
    "unknown": [_request(op) for op in (0x77, 0xD4, 0xD5, 0x14)],
    "odd lengths": [
        _request(op, bytes(size)) for op, size in ((0x0A, 0), (0x02, 12), (0x0F, 4), (0xD2, 4))
    ],
    "no download": [_request(0x04, _words(1)), _block(0x03, b"data"), _block(0x11, b"data")],
    "plain": [
        _request(0x02, _words(9, 1, 0x4000, 0x1000)),
        _block(0x03, b"nine bytes are cut off here"),
        _request(0x04, _words(1)),
        _request(0x04, _words(1)),
    ],
    "damaged": [
        _request(0x02, _words(8, 1, 0x4000, 0, 0)),
        _block(0x03, b"data", checksum=1),
        _block(0x03, b"data", length=5),
        _request(0x04, _words(1)),
        _block(0x03, b"all of it"),
        _block(0x03, b"too much", 1),
        _request(0x04, _words(1)),
    ],
    "packed": [
        _request(0x10, _words(150, 1, 0x4000, 0x2000, 0)),
        _block(0x11, _STREAM[:9]),
        _block(0x11, _STREAM[9:], 1),
        _request(0x12, _words(1)),
    ],
    "no stream": [
        _request(0x10, _words(150, 1, 0x4000, 0, 0)),
        _block(0x11, b"no zlib stream"),
        _ATTACH,
        _block(0x11, b"more", 1),
        _block(0x11, b"more", 2),
        _request(0x12, _words(1)),
    ],
    "packed too much": [
        _request(0x10, _words(100, 1, 0x4000, 0, 0)),
        _block(0x11, _STREAM),
        _block(0x11, b"and more", 1),
        _request(0x12, _words(1)),
        _ATTACH,
    ],
    "large blocks": [_request(0x02, _words(1, 1, 0x4001, 0, 0))],
    "regions": [
        _request(0xD1, _words(*region)) for region in ((1, 0x1000), (0x5000, 1), (0x5000, 0x1000))
    ],
    "long frames": [_request(0xD2, _words(0, 16, 0x1001, 64)), _ATTACH, _ATTACH],
    "settings": [_request(0x0B, bytes(24)), _ATTACH],
    "registers": [
        _request(0x09, _words(0x3FFE_8000, 0x1234, 0xFFFF_FFFF, 0)),
        _request(0x0A, _words(0x3FFE_8000)),
    ],
}


@pytest.fixture(scope="module", params=["1", "2"])
def stub(request: pytest.FixtureRequest) -> tuple[_RealStub, _Model]:
    version: str = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StubFlasher, "STUB_SUBDIRS", [version])
        return _RealStub(version), _Model(version)


@pytest.mark.parametrize("name", _SEQUENCES)
def test_the_model_answers_as_the_stub_does(stub: tuple[_RealStub, _Model], name: str) -> None:
    real, model = stub
    for packet in _SEQUENCES[name]:
        assert model.ask(packet).hex() == real.ask(packet).hex(), packet.hex()
    assert model.flash[0x1000:] == real.flash[0x1000:]
