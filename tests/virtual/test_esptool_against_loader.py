"""The real, unmodified esptool against the ROM loader and the stub, in simulated time."""

from __future__ import annotations

import contextlib
import hashlib
import types
from collections import deque
from typing import TYPE_CHECKING, Any

import esptool
import esptool.cmds
import esptool.loader
import pytest
import serial

from hil.units import KIB, MIB, NS_PER_MS, NS_PER_S
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
from hil.virtual.flasher_stub import FlasherStub
from hil.virtual.rom_loader import RomLoader
from hil.virtual.uart import Burst, LineFormat, receive_as

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.virtual.program import Program

MAC = "84:0d:8e:76:81:c1"
IMAGE = hashlib.shake_128(b"image").digest(60_000) + b"\xc0\xdb" * 20_000


class LoaderPort(serial.SerialBase):
    """A serial port with a chip in its loader behind it; waiting advances the time.

    Attributes:
        now_ns: The present.
        left: How the last program ended, if it did not start another one.
    """

    def __init__(self, flash: NorFlash) -> None:
        super().__init__()
        self.flash = flash
        self.now_ns = 0
        self.left: Action | None = None
        self._sent: deque[Burst] = deque()
        self._received: deque[Burst] = deque()
        self._chip_format = LineFormat(74880)
        self._chip_free_ns = 0
        self._host_free_ns = 0
        efuse = Efuse.for_mac(bytes.fromhex(MAC.replace(":", "")))
        self._loader = RomLoader(flash, efuse, self._chip_format)
        self._program: Program | None = self._loader
        self._loader.start(0)
        self.port = "sim://test/loader"
        self.is_open = True
        self.baudrate = 115200

    def _reconfigure_port(self, force_update: bool = False) -> None:
        """Nothing is behind the settings."""

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def write(self, data: Any, /) -> int:
        start_ns = max(self.now_ns, self._host_free_ns)
        burst = Burst(start_ns, bytes(data), LineFormat(self.baudrate))
        self._host_free_ns = burst.end_ns()
        self._sent.append(burst)
        return len(data)

    @property
    def in_waiting(self) -> int:
        self.advance(self.now_ns)
        return sum(burst.ended_by(self.now_ns) for burst in self._received)

    def read(self, size: int = 1, /) -> bytes:
        timeout_s = 10**6 if self.timeout is None else self.timeout
        end_ns = self.now_ns + round(timeout_s * NS_PER_S)
        taken = b""
        while len(taken) < size:
            if self._received and self._received[0].end_ns(1) <= self.now_ns:
                burst = self._received.popleft()
                count = min(burst.ended_by(self.now_ns), size - len(taken))
                head, rest = burst.split(count)
                taken += receive_as(head, LineFormat(self.baudrate))
                if rest.data:
                    self._received.appendleft(rest)
                continue
            moments = [moment for moment in (self._next_ns(),) if moment is not None]
            if self._received:
                moments.append(self._received[0].end_ns())
            if not moments or min(moments) > end_ns:
                self.now_ns = end_ns
                break
            self.advance(max(self.now_ns, min(moments)))
        return taken

    def reset_input_buffer(self) -> None:
        self.advance(self.now_ns)
        self._received.clear()

    def reset_output_buffer(self) -> None:
        """What is on its way stays on its way."""

    def sleep(self, duration_s: float) -> None:
        """Stand in for time.sleep."""
        self.advance(self.now_ns + round(duration_s * NS_PER_S))

    def _next_ns(self) -> int | None:
        times = [self._sent[0].start_ns] if self._sent else []
        deadline_ns = self._program.next_deadline_ns() if self._program else None
        if deadline_ns is not None:
            times.append(deadline_ns)
        return min(times, default=None)

    def advance(self, now_ns: int) -> None:
        while (moment_ns := self._next_ns()) is not None and moment_ns <= now_ns:
            program = self._program
            if program is None:
                self._sent.clear()
            elif (due_ns := program.next_deadline_ns()) is not None and due_ns <= moment_ns:
                self._carry_out(program.advance(moment_ns))
            else:
                self._deliver(program, self._sent.popleft())
        self.now_ns = max(self.now_ns, now_ns)

    def _deliver(self, program: Program, burst: Burst) -> None:
        if not (isinstance(program, RomLoader) and program.adopts_baud):
            data = receive_as(burst, self._chip_format)
            burst = Burst(burst.start_ns, data, self._chip_format)
        head, rest = burst.split(program.bytes_wanted(burst))
        if rest.data:
            self._sent.appendleft(rest)
        self._carry_out(program.receive(head))

    def _carry_out(self, actions: Any) -> None:
        for action in actions:
            match action:
                case Send(data, at_ns):
                    burst = Burst(max(at_ns, self._chip_free_ns), data, self._chip_format)
                    self._chip_free_ns = burst.end_ns()
                    self._received.append(burst)
                case SetLineFormat(line_format):
                    self._chip_format = line_format
                case RunStub(at_ns, version):
                    registers = self._loader.registers
                    stub = FlasherStub(self.flash, registers, self._chip_format, version)
                    self._program = stub
                    self._carry_out(stub.start(max(at_ns, self._chip_free_ns)))
                case RunProgram() | Restart() | RunUserCode():
                    self._program = None
                    self.left = action


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoaderPort]:
    """A port to a chip with 4 MB of flash; esptool's clock is the port's."""
    flash = NorFlash(4 * MIB, b"\x00" * 128 * KIB)
    with contextlib.closing(LoaderPort(flash)) as simulated:
        clock = types.SimpleNamespace(
            sleep=simulated.sleep, time=lambda: simulated.now_ns / NS_PER_S
        )
        monkeypatch.setattr(esptool.loader, "time", clock)
        monkeypatch.setattr(esptool.cmds, "time", clock)
        # esptool formats every packet for a trace that is off.
        monkeypatch.setattr(esptool.loader.HexFormatter, "__str__", lambda _: "")
        subdirectories = list(esptool.loader.StubFlasher.STUB_SUBDIRS)
        monkeypatch.setattr(esptool.loader.StubFlasher, "STUB_SUBDIRS", subdirectories)
        monkeypatch.setattr(esptool.loader.StubFlasher, "STUB_VERSION_EXPLICIT", False)
        yield simulated


def connect(port: LoaderPort) -> Any:
    return esptool.detect_chip(port, connect_mode="no-reset")


@pytest.fixture
def rom(port: LoaderPort) -> Any:
    """The chip as esptool sees it without a stub."""
    loader = connect(port)
    esptool.attach_flash(loader)
    return loader


@pytest.fixture(params=["1", "2"])
def stub(port: LoaderPort, request: pytest.FixtureRequest) -> Any:
    """The chip as esptool sees it with either stub."""
    esptool.loader.StubFlasher.set_stub_subdir(request.param)
    loader = esptool.run_stub(connect(port))
    esptool.attach_flash(loader)
    return loader


def test_chip_is_detected_by_its_registers(port: LoaderPort, capsys: Any) -> None:
    loader = connect(port)
    assert loader.CHIP_NAME == "ESP8266"
    assert loader.get_chip_description() == "ESP8266EX"
    assert ":".join(f"{byte:02x}" for byte in loader.read_mac()) == MAC
    assert loader.chip_id() == 0x7681C1
    assert loader.get_crystal_freq() == 26
    assert "quite different" not in capsys.readouterr().out


@pytest.mark.parametrize("baud", [57600, 74880, 115200, 921600])
def test_loader_answers_at_the_rate_of_the_host(port: LoaderPort, baud: int) -> None:
    loader = esptool.detect_chip(port, baud=baud, connect_mode="no-reset")
    assert loader.get_crystal_freq() == 26


def test_connecting_costs_little_time(port: LoaderPort) -> None:
    connect(port)
    assert port.now_ns < 100 * NS_PER_MS


def test_flash_is_detached_before_it_is_asked_for(port: LoaderPort) -> None:
    loader = connect(port)
    assert loader.flash_id() == 0xFFFFFF
    assert loader.read_spiflash_sfdp(0, 32) == 0xFFFFFFFF
    esptool.attach_flash(loader)
    assert loader.flash_id(cache=False) == 0x1640EF
    assert esptool.detect_flash_size(loader) == "4MB"


def test_image_is_written_without_a_stub(rom: Any, port: LoaderPort) -> None:
    esptool.write_flash(rom, [(0x10000, IMAGE)])
    assert port.flash.read(0x10000, len(IMAGE)) == IMAGE


def test_one_sector_written_without_a_stub_wipes_the_next(rom: Any, port: LoaderPort) -> None:
    esptool.write_flash(rom, [(0, b"boot" * 1000)])
    assert port.flash.read(0, 4000) == b"boot" * 1000
    assert port.flash.is_erased(0x1000, 0x1000)
    assert port.flash.read(0x2000, 0x1000) == bytes(0x1000)


def test_loader_leaves_for_user_code(rom: Any, port: LoaderPort) -> None:
    rom.soft_reset(False)
    assert isinstance(port.left, RunUserCode)


def test_stub_tells_the_flash_id(stub: Any, capsys: Any) -> None:
    esptool.flash_id(stub)
    printed = capsys.readouterr().out
    assert "Manufacturer: ef" in printed
    assert "Device: 4016" in printed
    assert "Detected flash size: 4MB" in printed


@pytest.mark.parametrize("way", ["compress", "no_compress"])
def test_image_is_written_verified_and_read_back(stub: Any, port: LoaderPort, way: str) -> None:
    esptool.write_flash(stub, [(0x1000, IMAGE)], **{way: True})
    assert port.flash.read(0x1000, len(IMAGE)) == IMAGE
    esptool.verify_flash(stub, [(0x1000, IMAGE)])
    assert esptool.read_flash(stub, 0x1234, 10_000) == IMAGE[0x234 : 0x234 + 10_000]


def test_several_files_are_written_in_one_session(stub: Any, port: LoaderPort) -> None:
    files = [
        (0, b"boot" * 100),
        (0x1000, IMAGE),
        (0x7E000, b"\xff" * 4096),
        (0x3FC000, b"\x05" * 128),
    ]
    esptool.write_flash(stub, files)
    for offset, content in files:
        assert port.flash.read(offset, len(content)) == content


def test_changed_content_is_found(stub: Any, port: LoaderPort) -> None:
    esptool.write_flash(stub, [(0x1000, IMAGE)])
    port.flash.load(0x1500, b"!")
    with pytest.raises(esptool.FatalError, match="Verification failed"):
        esptool.verify_flash(stub, [(0x1000, IMAGE)])


def test_lost_writes_are_found(stub: Any, port: LoaderPort, monkeypatch: Any) -> None:
    monkeypatch.setattr(port.flash, "program", lambda _offset, _data, at_ns: at_ns)
    with pytest.raises(esptool.FatalError, match="the written flash region is empty"):
        esptool.write_flash(stub, [(0x1000, IMAGE)])


def test_regions_are_erased(stub: Any, port: LoaderPort) -> None:
    esptool.erase_region(stub, 0x2000, 0x13000)
    assert port.flash.is_erased(0x2000, 0x13000)
    assert port.flash.read(0, 0x2000) == bytes(0x2000)
    esptool.erase_flash(stub)
    assert port.flash.is_erased(0, 4 * MIB)


def test_stub_is_found_again(stub: Any, port: LoaderPort) -> None:
    again = connect(port)
    assert again.IS_STUB
    assert again.sync_stub_detected
    esptool.run_stub(again)
    assert again.flash_id(cache=False) == 0x1640EF


def test_rate_is_raised_for_the_transfer(stub: Any, port: LoaderPort) -> None:
    stub.change_baud(921600)
    start_ns = port.now_ns
    esptool.write_flash(stub, [(0x1000, IMAGE)], no_compress=True)
    assert port.flash.read(0x1000, len(IMAGE)) == IMAGE
    assert 1.0 < (port.now_ns - start_ns) / NS_PER_S < 2.5
    assert stub.get_crystal_freq() == 26


def test_flash_status_is_written_and_read(stub: Any) -> None:
    stub.write_status(0x021C, 2, set_non_volatile=True)
    assert stub.read_status(2) == 0x021C


def test_memory_is_written_and_read(stub: Any) -> None:
    stub.write_reg(0x3FFE8000, 0x12345678, delay_us=10, delay_after_us=20)
    assert stub.read_reg(0x3FFE8000) == 0x12345678
    stub_texts = [stub.read_reg(address) for address in (0x4010C500, 0x4010D000)]
    assert any(stub_texts)  # what the loader took is still there


@pytest.mark.parametrize(("version", "leaves"), [("1", True), ("2", False)])
def test_only_version_1_leaves_by_software(port: LoaderPort, version: str, leaves: bool) -> None:
    esptool.loader.StubFlasher.set_stub_subdir(version)
    loader = esptool.run_stub(connect(port))
    loader.soft_reset(False)
    port.sleep(0.1)
    assert isinstance(port.left, RunUserCode) == leaves


@pytest.mark.parametrize(("version", "leaves"), [("1", True), ("2", False)])
def test_only_version_1_returns_to_the_loader(port: LoaderPort, version: str, leaves: bool) -> None:
    esptool.loader.StubFlasher.set_stub_subdir(version)
    loader = esptool.run_stub(connect(port))
    loader.soft_reset(True)
    assert isinstance(port.left, Restart) == leaves
