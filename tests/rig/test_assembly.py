"""From a description to an open rig, and back to nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import serial

from hil.drive.registry import find_machine
from hil.drive.simulated import SimulatedClock
from hil.errors import MistakeError, NeedMissingError, PortError, RigFileError
from hil.flashing.synthesis import synthesize
from hil.ports.clock import SystemClock, deadline_ns
from hil.ports.control_lines import Line
from hil.rig.assembly import open_rig
from hil.rig.description import (
    VIRTUAL_RIG,
    LineSet,
    ModuleDescription,
    RigDescription,
    VirtualFlash,
)
from hil.rig.flash_file import save_flash
from hil.units import KIB, MIB
from hil.virtual.bench import Bench
from hil.virtual.errors import VirtualError
from hil.virtual.firmware.dialect import DIALECTS

if TYPE_CHECKING:
    from pathlib import Path

    from hil.rig.module import RigModule
    from hil.rig.rig import Rig
    from hil.virtual.flash import NorFlash

FIRMWARE = synthesize()
MODULE = VIRTUAL_RIG.modules[0]
BLANK = b"\xff" * MIB
AIR = {"ap", "ap-control", "softap-client", "tcp-peer", "udp-peer", "update-server"}


def rig_of(*modules: ModuleDescription) -> RigDescription:
    return replace(VIRTUAL_RIG, modules=modules)


def rig_with_flash(**flash: object) -> RigDescription:
    return rig_of(replace(MODULE, flash=VirtualFlash(**flash)))  # type: ignore[arg-type]


def bench_of(module: RigModule) -> Bench:
    _, _, place = module.description.port.partition("://")
    _, bench = find_machine(*place.split("/"))
    assert isinstance(bench, Bench)
    return bench


def flash_in(rig: Rig) -> NorFlash:
    return bench_of(rig.modules[0]).chip.flash


def mistake_at_opening(description: RigDescription) -> str:
    with pytest.raises(RigFileError) as caught, open_rig(description, FIRMWARE):
        pass
    return str(caught.value)


class TestVirtual:
    def test_a_module_with_factory_content_runs(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            rig.modules[0].at.wait_ready(5)
            assert rig.modules[0].at.gmr().lines[0].startswith("AT version:")

    def test_time_is_simulated(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            assert isinstance(rig.clock, SimulatedClock)
            rig.clock.sleep(3600)
            assert rig.clock.now_ns() == rig.modules[0].clock.now_ns() >= 3600 * 10**9

    def test_it_has_what_its_bench_and_its_air_have(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            bench = {"reset", "strap", "power", "wake-link", "flash-read", "uart-format"}
            assert rig.has == bench | AIR

    def test_any_program_finds_the_module_by_its_url(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            rig.modules[0].start()
            with serial.serial_for_url("sim://default/module0", 115200, timeout=1) as port:
                port.write(b"AT\r\n")
                assert port.read(11) == b"AT\r\r\n\r\nOK\r\n"

    def test_each_slot_has_an_address_of_its_own(self) -> None:
        second = replace(MODULE, slot=1, port="sim://default/module1")
        with open_rig(rig_of(MODULE, second), FIRMWARE) as rig:
            addresses = [bench_of(module).chip.setup.efuse.mac.hex() for module in rig.modules]
        assert addresses == ["18fe34d00000", "18fe34d00001"]

    def test_its_modules_live_in_one_time(self) -> None:
        second = replace(MODULE, slot=1, port="sim://default/module1")
        with open_rig(rig_of(MODULE, second), FIRMWARE) as rig:
            rig.modules[0].start()
            rig.modules[1].start()
            assert {rig.clock.now_ns()} == {module.clock.now_ns() for module in rig.modules}
            rig.modules[0].at.at()

    def test_modules_are_found_by_their_slot(self) -> None:
        second = replace(MODULE, slot=7, port="sim://default/module1")
        with open_rig(rig_of(MODULE, second), FIRMWARE) as rig:
            assert rig.module(7) is rig.modules[1]
            with pytest.raises(MistakeError) as caught:
                rig.module(1)
        assert str(caught.value) == "rig 'virtual' has no slot 1; it has 0, 7"

    def test_a_module_speaks_its_dialect(self) -> None:
        spoken = replace(MODULE, dialect="espressif-0.23")
        with open_rig(rig_of(spoken), FIRMWARE) as rig:
            assert bench_of(rig.modules[0]).chip.setup.dialect is DIALECTS["espressif-0.23"]

    @pytest.mark.parametrize("circuit", ["two-transistor", "direct"])
    def test_modem_lines_are_wired_as_the_file_says(self, circuit: str) -> None:
        lines = (LineSet("usb", "modem-lines", circuit),)
        with open_rig(rig_of(replace(MODULE, lines=lines)), FIRMWARE) as rig:
            assert rig.has == {"reset", "strap", "flash-read", "uart-format"} | AIR
            module, chip = rig.modules[0], bench_of(rig.modules[0]).chip
            module.start()
            assert module.at.gmr().lines
            module.lines.set({Line.RESET: True, Line.STRAP: True})
            assert not chip.straps.gpio0
            assert chip.is_reset_low == (circuit == "direct")  # a board cannot do both at once

    def test_a_module_without_lines_has_none(self) -> None:
        with open_rig(rig_of(replace(MODULE, lines=())), FIRMWARE) as rig:
            assert rig.has == {"uart-format"} | AIR
            with pytest.raises(NeedMissingError):
                rig.modules[0].lines.set({Line.RESET: True})


def test_what_a_rig_file_says_of_its_ports_reaches_them() -> None:
    host, terminal = os.openpty()
    real = ModuleDescription(0, os.ttyname(terminal))
    description = RigDescription("bench", (real,), has=frozenset({"uart-format", "tcp-peer"}))
    with open_rig(description, FIRMWARE) as rig:
        assert rig.modules[0].port.capabilities == {"uart-format"}
        assert rig.has == {"uart-format", "tcp-peer"}
    os.close(host)
    os.close(terminal)


class TestFlowControl:
    RIG = replace(VIRTUAL_RIG, has=frozenset({"uart-flow"}))

    def test_the_word_wires_rts_and_cts_of_a_virtual_module(self) -> None:
        with open_rig(self.RIG, FIRMWARE) as rig:
            (module,) = rig.modules
            port = module.port.serial
            assert module.port.capabilities == {"uart-format", "uart-flow"}
            module.start()
            port.write(b"ATE0\r\nAT+UART_CUR=115200,8,1,0,2\r\n")
            rig.clock.sleep(1)
            port.reset_input_buffer()
            port.rts = False
            port.write(b"AT\r\n")
            port.timeout = 1
            assert port.read(99) == b""
            port.rts = True
            assert port.read(99) == b"\r\nOK\r\n"
            assert port.cts

    def test_rts_and_cts_of_the_port_are_those_wires(self) -> None:
        with open_rig(self.RIG, FIRMWARE) as rig:
            (module,) = rig.modules
            port = module.port
            module.start()
            port.send(b"ATE0\r\nAT+UART_CUR=115200,8,1,0,2\r\n")
            rig.clock.sleep(1)
            port.discard_input()
            port.set_rts(is_asserted=False)
            port.send(b"AT\r\n")
            assert port.receive(deadline_ns(rig.clock, 1)) == b""
            port.set_rts(is_asserted=True)
            assert port.receive(deadline_ns(rig.clock, 1)) == b"\r\nOK\r\n"
            uart = bench_of(module).chip.uart
            assert port.is_cts_asserted
            uart.is_ready_to_receive = False
            assert not port.is_cts_asserted

    def test_by_hand_is_not_beside_the_driver(self) -> None:
        with open_rig(self.RIG, FIRMWARE) as rig:
            port = rig.modules[0].port
            port.set_format(replace(port.format, is_rts_cts=True))
            with pytest.raises(MistakeError) as caught:
                port.set_rts(is_asserted=False)
        assert str(caught.value) == (
            "sim://default/module0: the driver drives RTS while `is_rts_cts` is set; set a format "
            "without it first"
        )

    def test_without_the_wires_neither_can_be_used(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            port = rig.modules[0].port
            with pytest.raises(NeedMissingError) as caught:
                port.set_rts(is_asserted=False)
            assert str(caught.value) == (
                "rig 'sim://default/module0' has no 'uart-flow': wire RTS and CTS of the port to "
                "MTCK and MTDO, and name it in `has`"
            )
            with pytest.raises(NeedMissingError):
                _ = port.is_cts_asserted

    def test_a_port_with_rtscts_asserts_rts_itself(self) -> None:
        with open_rig(self.RIG, FIRMWARE) as rig:
            (module,) = rig.modules
            port = module.port.serial
            port.rts = False
            assert not bench_of(module).chip.uart.is_clear_to_send
            port.rtscts = True
            assert bench_of(module).chip.uart.is_clear_to_send

    def test_without_the_word_cts_is_never_asserted(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            assert not rig.modules[0].port.serial.cts
            assert rig.modules[0].port.capabilities == {"uart-format"}

    def test_lines_that_reset_the_module_cannot_be_flow_control_too(self) -> None:
        usb = LineSet(name="usb", driver="modem-lines")
        rig = replace(self.RIG, modules=(replace(MODULE, lines=(usb,)),))
        assert "no uart-flow where DTR and RTS reset the module" in mistake_at_opening(rig)


class TestFaults:
    def rig_with(self, *faults: str) -> RigDescription:
        return rig_of(replace(MODULE, faults=faults))

    def test_a_virtual_module_has_the_faults_that_the_rig_file_names(self) -> None:
        with open_rig(self.rig_with("ate-accepts-anything"), FIRMWARE) as rig:
            rig.modules[0].start()
            port = rig.modules[0].port.serial
            port.timeout = 1
            port.write(b"ATE2\r\n")
            assert port.read(99) == b"ATE2\r\r\n\r\nOK\r\n"

    def test_an_unknown_one_is_refused_with_the_nearest(self) -> None:
        assert mistake_at_opening(self.rig_with("ate-accept-anything")) == (
            "the built-in rig description: module.faults: expected names of faults that "
            "`hil virtual faults` lists, found ate-accept-anything. Did you mean "
            "'ate-accepts-anything'?"
        )


class TestRefused:
    def test_real_and_virtual_modules_mixed(self) -> None:
        real = ModuleDescription(1, "/dev/ttyUSB0")
        assert mistake_at_opening(rig_of(MODULE, real)) == (
            "the built-in rig description: module: expected either real or virtual modules, found "
            "both kinds, which live on different clocks"
        )

    def test_two_worlds(self) -> None:
        other = replace(MODULE, slot=1, port="sim://another/module1")
        assert mistake_at_opening(rig_of(MODULE, other)) == (
            "the built-in rig description: module: expected one world for all modules of a rig, "
            "found another, default"
        )

    def test_a_virtual_module_without_flash(self) -> None:
        assert mistake_at_opening(rig_of(replace(MODULE, flash=None))) == (
            "the built-in rig description: module.flash: expected a flash, found none"
        )


class TestReal:
    def test_a_real_module_is_on_the_clock_of_the_host(self) -> None:
        master, slave = os.openpty()
        description = RigDescription("pty", (ModuleDescription(0, os.ttyname(slave)),))
        with open_rig(description, FIRMWARE) as rig:
            assert isinstance(rig.clock, SystemClock)
            assert rig.has == frozenset()
            port = rig.modules[0].port
        assert not port.serial.is_open
        os.close(master)
        os.close(slave)

    def test_a_port_is_closed_when_its_lines_cannot_be_had(self) -> None:
        """A pseudo-terminal has no DTR: the port is free for the next try."""
        master, slave = os.openpty()
        usb = (LineSet("usb", "modem-lines"),)
        plain = ModuleDescription(0, os.ttyname(slave))
        rig = RigDescription("pty", (replace(plain, lines=usb),))
        with pytest.raises(PortError) as caught, open_rig(rig, FIRMWARE):
            pass
        assert caught.value.attempted == "switch DTR and RTS of"
        with open_rig(replace(rig, modules=(plain,)), FIRMWARE):
            pass
        os.close(master)
        os.close(slave)


class TestLeaving:
    def test_ports_are_closed_and_the_world_is_forgotten(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            pass
        assert not rig.modules[0].port.serial.is_open
        with pytest.raises(VirtualError):
            find_machine("default", "module0")

    def test_also_after_an_exception(self) -> None:
        def fail() -> None:
            with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
                rigs.append(rig)
                raise KeyboardInterrupt

        rigs: list[Rig] = []
        with pytest.raises(KeyboardInterrupt):
            fail()
        assert not rigs[0].modules[0].port.serial.is_open
        with pytest.raises(VirtualError):
            find_machine("default", "module0")

    def test_also_when_the_second_port_cannot_be_opened(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        opened: list[serial.SerialBase] = []
        open_url = serial.serial_for_url

        def serial_for_url(url: str, **settings: Any) -> serial.SerialBase:
            if url.endswith("module1"):
                raise serial.SerialException("no more ports")
            opened.append(open_url(url, **settings))
            return opened[-1]

        monkeypatch.setattr(serial, "serial_for_url", serial_for_url)
        second = replace(MODULE, slot=1, port="sim://default/module1")
        with pytest.raises(PortError), open_rig(rig_of(MODULE, second), FIRMWARE):
            pass
        assert [port.is_open for port in opened] == [False]
        with pytest.raises(VirtualError):
            find_machine("default", "module0")

    def test_lines_are_left_so_that_the_module_runs(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            bench = bench_of(rig.modules[0])
            rig.modules[0].lines.set({Line.POWER: False, Line.RESET: True, Line.STRAP: True})
        assert bench.chip.straps.gpio0
        assert not bench.chip.is_reset_low
        assert bench.chip.phase.value == "starting"

    def test_closing_a_rig_leaves_every_module_running(self) -> None:
        second = replace(MODULE, slot=1, port="sim://default/module1")
        with open_rig(rig_of(MODULE, second), FIRMWARE) as rig:
            benches = [bench_of(module) for module in rig.modules]
            for module in rig.modules:
                module.lines.set({Line.RESET: True})
            rig.close()
            assert [bench.chip.is_reset_low for bench in benches] == [False, False]

    def test_lines_that_break_do_not_keep_the_rest_of_a_rig_open(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail() -> None:
            raise OSError("relay board gone")

        second = replace(MODULE, slot=1, port="sim://default/module1")
        with open_rig(rig_of(MODULE, second), FIRMWARE) as rig:
            bench = bench_of(rig.modules[1])
            rig.modules[1].lines.set({Line.RESET: True})
            with monkeypatch.context() as patch:
                patch.setattr(rig.modules[0].lines, "close", fail)
                with pytest.raises(OSError, match=r"^relay board gone$"):
                    rig.close()
            assert not bench.chip.is_reset_low
            assert [module.port.serial.is_open for module in rig.modules] == [False, False]

    def test_a_rig_can_be_closed_twice(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            rig.close()
            rig.close()
            assert not rig.modules[0].port.serial.is_open

    def test_a_rig_inside_of_another_leaves_the_outer_one_usable(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as outer:
            with open_rig(VIRTUAL_RIG, FIRMWARE) as inner:
                inner.modules[0].start()
            outer.modules[0].start()

    def test_a_rig_that_was_left_does_not_take_its_successor_along(self) -> None:
        first = open_rig(VIRTUAL_RIG, FIRMWARE)
        second = open_rig(VIRTUAL_RIG, FIRMWARE)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        find_machine("default", "module0")
        second.__exit__(None, None, None)


class TestFlashContent:
    def test_factory_content_stands_where_the_document_says(self) -> None:
        with open_rig(VIRTUAL_RIG, FIRMWARE) as rig:
            content = flash_in(rig).snapshot()
        assert len(content) == MIB
        assert content[:1] == b"\xe9"
        assert content[0x1000:0x1001] == b"\xea"

    def test_blank_content_is_erased(self) -> None:
        with open_rig(rig_with_flash(content="blank"), FIRMWARE) as rig:
            assert flash_in(rig).snapshot() == BLANK

    def test_content_from_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "dump.bin"
        path.write_bytes(bytes(range(256)) * (2 * KIB))
        with open_rig(rig_with_flash(size_bytes=512 * KIB, content=path), FIRMWARE) as rig:
            assert flash_in(rig).snapshot() == path.read_bytes()

    def test_a_content_file_of_another_size(self, tmp_path: Path) -> None:
        path = tmp_path / "dump.bin"
        path.write_bytes(b"abc")
        assert mistake_at_opening(rig_with_flash(content=path)) == (
            f"{path}: expected an image of a whole flash of 1MB, found 3 bytes. Give the module "
            "the flash size of the file, or name another file"
        )

    def test_a_content_file_that_is_not_there(self, tmp_path: Path) -> None:
        path = tmp_path / "dump.bin"
        assert mistake_at_opening(rig_with_flash(content=path)) == (
            f"{path}: expected an image of a whole flash, found No such file or directory"
        )


class TestFlashState:
    def test_it_is_kept_and_restored(self, tmp_path: Path) -> None:
        rig = rig_with_flash(state=tmp_path / "new" / "flash.bin")
        with open_rig(rig, FIRMWARE) as first:
            first.modules[0].start()
            first.modules[0].at.cwmode_def(3)
            left = flash_in(first).snapshot()
        with open_rig(rig, FIRMWARE) as second:
            assert flash_in(second).snapshot() == left
            second.modules[0].start()
            assert second.modules[0].at.cwmode_def_query() == 3

    def test_it_wins_over_the_content(self, tmp_path: Path) -> None:
        state = tmp_path / "flash.bin"
        state.write_bytes(BLANK)
        with open_rig(rig_with_flash(state=state), FIRMWARE) as rig:
            assert flash_in(rig).snapshot() == BLANK

    def test_it_is_kept_after_an_exception_too(self, tmp_path: Path) -> None:
        state = tmp_path / "flash.bin"
        with pytest.raises(ZeroDivisionError), open_rig(rig_with_flash(state=state), FIRMWARE):
            raise ZeroDivisionError
        assert state.read_bytes()[:1] == b"\xe9"

    def test_a_state_of_another_size_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        state = tmp_path / "flash.bin"
        state.write_bytes(b"precious")
        assert mistake_at_opening(rig_with_flash(state=state)) == (
            f"{state}: expected an image of a whole flash of 1MB, found 8 bytes. Give the module "
            "the flash size of the file, or remove the file to start over"
        )
        assert state.read_bytes() == b"precious"

    def test_a_content_that_cannot_be_loaded_leaves_no_state(self, tmp_path: Path) -> None:
        state = tmp_path / "flash.bin"
        mistake_at_opening(rig_with_flash(state=state, content=tmp_path / "no.bin"))
        assert not state.exists()

    def test_a_kill_before_the_new_state_is_complete_leaves_the_old_one(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = tmp_path / "flash.bin"
        state.write_bytes(b"old")

        def kill(descriptor: int) -> None:
            assert (tmp_path / "flash.bin").read_bytes() == b"old"
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", kill)
        with pytest.raises(KeyboardInterrupt):
            save_flash(state, b"new")
        assert state.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [state]

    def test_the_new_state_is_on_the_disk_before_it_takes_the_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = tmp_path / "flash.bin"
        synced: list[bytes] = []

        def sync(descriptor: int) -> None:
            assert not state.exists()
            (written,) = tmp_path.iterdir()
            synced.append(written.read_bytes())

        monkeypatch.setattr(os, "fsync", sync)
        save_flash(state, b"new")
        assert synced == [b"new"]
        assert state.read_bytes() == b"new"
        assert list(tmp_path.iterdir()) == [state]

    def test_a_state_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        path = tmp_path / "file" / "flash.bin"
        with pytest.raises(RigFileError) as caught:
            save_flash(path, b"new")
        assert str(caught.value) == (
            f"{path}: expected a file that can be written, found File exists"
        )
