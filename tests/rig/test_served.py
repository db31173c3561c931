"""Served modules: several at once, flashes that are kept, ports that are taken."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import serial

from hil.drive import url as urls
from hil.drive.flash_keeper import LONGEST_DELAY_NS, QUIET_NS, FlashKeeper
from hil.drive.registry import find_world
from hil.errors import PortError, RigFileError
from hil.rig.served import ServePlan, open_service
from hil.units import MIB, NS_PER_S
from hil.virtual.air.air import Air
from hil.virtual.air.message import AirEvent, Scan, ScanDone
from hil.virtual.flash import NorFlash
from tests.drive.exhaustion import few_descriptors
from tests.drive.served_module import ANSWER, PATIENCE_S, ask, served, talk_until_ok
from tests.drive.simulated_module import firmware

if TYPE_CHECKING:
    from pathlib import Path


def test_each_module_has_its_own_places_and_its_own_state() -> None:
    urls.install()
    with served(ServePlan(modules=3, tcp_port=0, raw_tcp_port=0, is_paced=False)) as modules:
        assert [module.module for module in modules] == [0, 1, 2]
        assert len({module.url for module in modules} | {module.raw for module in modules}) == 6
        for module in modules:
            with serial.serial_for_url(module.url, baudrate=115200) as port:
                talk_until_ok(port)
                ask(port, b"AT+CWMODE_CUR=%d" % (module.module + 1))
        for module in modules:
            with serial.serial_for_url(module.raw) as port:
                mode = ask(port, b"AT+CWMODE_CUR?")
                assert b"+CWMODE_CUR:%d\r\n" % (module.module + 1) in mode


def test_the_very_first_command_is_answered() -> None:
    with (
        served(ServePlan(modules=2, raw_tcp_port=0)) as modules,
        serial.serial_for_url(modules[1].raw) as port,
    ):
        assert ask(port, b"AT") == b"AT\r\r\n" + ANSWER


def test_modules_work_at_the_same_time() -> None:
    urls.install()
    with served(ServePlan(modules=2, tcp_port=0)) as modules:
        first, second = (serial.serial_for_url(module.url, baudrate=115200) for module in modules)
        with first, second:
            talk_until_ok(first)
            talk_until_ok(second)
            for port in (first, second):
                port.write(b"AT\r\n")
            for port in (second, first):
                assert port.read_until(ANSWER) == b"AT\r\r\n" + ANSWER


def test_settings_outlive_the_service_in_a_state_folder(tmp_path: Path) -> None:
    urls.install()
    plan = ServePlan(tcp_port=0, is_paced=False, state_folder=tmp_path / "state")
    with served(plan) as (module,), serial.serial_for_url(module.url, baudrate=115200) as port:
        talk_until_ok(port)
        ask(port, b"AT+CWMODE_DEF=3")
    assert (tmp_path / "state" / "module0.bin").stat().st_size == MIB
    with served(plan) as (module,), serial.serial_for_url(module.url, baudrate=115200) as port:
        talk_until_ok(port)
        assert b"+CWMODE_DEF:3" in ask(port, b"AT+CWMODE_DEF?")


def test_a_state_file_of_another_flash_is_refused_and_kept(tmp_path: Path) -> None:
    state = tmp_path / "module0.bin"
    state.write_bytes(b"another" * 1000)
    plan = ServePlan(tcp_port=0, state_folder=tmp_path)
    with pytest.raises(RigFileError) as caught, open_service(plan, firmware()):
        pass
    assert str(caught.value) == (
        f"{state}: expected an image of a whole flash of 1MB, found 7000 bytes. Give the module "
        "the flash size of the file, or remove the file to start over"
    )
    assert state.read_bytes() == b"another" * 1000


@pytest.mark.parametrize("kind", ["tcp_port", "rfc2217_port", "raw_tcp_port"])
def test_a_port_that_is_taken_is_named(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        plan = replace(ServePlan(), **{kind: number})
        with pytest.raises(PortError) as caught, open_service(plan, firmware()):
            pass
    assert str(caught.value) == (
        f"cannot open 127.0.0.1:{number}: Address already in use. "
        "Choose another port; 0 picks a free one"
    )


def test_a_port_beyond_the_last_is_named() -> None:
    plan = ServePlan(modules=2, rfc2217_port=65535)
    with pytest.raises(PortError) as caught, open_service(plan, firmware()):
        pass
    assert str(caught.value) == (
        "cannot open 127.0.0.1:65536: ports end at 65535. Choose another port; 0 picks a free one"
    )


def test_without_file_descriptors_it_does_not_begin_and_says_what_to_do() -> None:
    plan = ServePlan(modules=8, tcp_port=0, rfc2217_port=0)
    with few_descriptors(12), pytest.raises(PortError) as caught, open_service(plan, firmware()):
        pass
    assert caught.value.reason == "Too many open files"
    assert caught.value.remedy == ("Serve fewer modules or links, or raise the limit (`ulimit -n`)")


def test_links_that_claim_the_same_port_are_told_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    plan = ServePlan(modules=2, tcp_port=number, rfc2217_port=number + 1)
    with pytest.raises(PortError) as caught, open_service(plan, firmware()):
        pass
    assert str(caught.value).startswith(f"cannot open 127.0.0.1:{number + 1}: Address already in ")


def test_a_service_that_never_runs_closes_its_links() -> None:
    with open_service(ServePlan(raw_tcp_port=0), firmware()) as service:
        number = int((service.modules[0].raw or "").rpartition(":")[2])
    with socket.create_server(("127.0.0.1", number)):
        pass


class TestFlashKeeper:
    def test_it_saves_once_after_the_last_of_many_writes(self) -> None:
        flash = NorFlash(MIB)
        saved: list[bytes] = []
        keeper = FlashKeeper(flash, saved.append)
        assert keeper.next_deadline_ns() is None
        end_ns = flash.program(0, b"a", 0)
        keeper.advance(end_ns + QUIET_NS - 1)
        end_ns = flash.program(1, b"b", end_ns + QUIET_NS - 1)
        assert keeper.next_deadline_ns() == end_ns + QUIET_NS
        keeper.advance(end_ns + QUIET_NS - 1)
        assert saved == []
        keeper.advance(end_ns + QUIET_NS)
        assert [content[:3] for content in saved] == [b"ab\xff"]
        assert keeper.next_deadline_ns() is None

    def test_it_does_not_wait_for_ever_while_somebody_goes_on_writing(self) -> None:
        flash = NorFlash(MIB)
        saved: list[bytes] = []
        keeper = FlashKeeper(flash, saved.append)
        first_ns = end_ns = flash.program(0, b"a", 0)
        for offset in range(1, 100):
            due_ns = keeper.next_deadline_ns()
            assert due_ns is not None
            now_ns = min(due_ns, end_ns + QUIET_NS // 2)
            keeper.advance(now_ns)
            if saved:
                break
            end_ns = flash.program(offset, b"b", now_ns)
        assert len(saved) == 1
        assert now_ns == first_ns + LONGEST_DELAY_NS


class TestStateInUse:
    def test_a_second_program_is_refused_and_the_first_goes_on(self, tmp_path: Path) -> None:
        plan = ServePlan(raw_tcp_port=0, state_folder=tmp_path)
        with open_service(plan, firmware()):
            with pytest.raises(RigFileError) as caught, open_service(plan, firmware()):
                pass
            assert str(caught.value) == (
                f"{tmp_path}/module0.bin: expected a state file that no other program uses, found "
                "one that is in use. End the other program, or keep the flash in another file"
            )
        with open_service(plan, firmware()):  # it can be used again
            pass

    def test_a_folder_that_cannot_be_made_is_refused_at_the_start(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        plan = ServePlan(raw_tcp_port=0, state_folder=tmp_path / "file" / "folder")
        with (
            pytest.raises(RigFileError, match="expected a file that can be written"),
            open_service(plan, firmware()),
        ):
            pass


class TestAir:
    def test_every_served_module_is_on_one_air_with_the_usual_access_points(self) -> None:
        with open_service(ServePlan(modules=2, raw_tcp_port=0), firmware()):
            machines = find_world("served").machines
            air = machines["air"]
            assert isinstance(air, Air)
            assert air.access_points[0].settings.ssid == b"testnet"
            find_world("served").advance(NS_PER_S)  # both start, each with its own access point
            assert [each.settings.ssid for each in air.soft_aps] == [b"ESP_D00000", b"ESP_D00001"]

    def test_it_lives_in_real_time(self) -> None:
        """A scan of one channel, asked for before the loop runs, comes to its end by itself."""
        heard: list[AirEvent] = []
        done = threading.Event()

        def hear(event: AirEvent, now_ns: int) -> None:
            assert now_ns >= 150_000_000
            heard.append(event)
            done.set()

        with open_service(ServePlan(raw_tcp_port=0), firmware()) as service:
            world = find_world("served")
            air = world.machines["air"]
            assert isinstance(air, Air)
            air.attach(hear).take(Scan(channel=6), world.now_ns)
            thread = threading.Thread(target=service.run)
            thread.start()
            came = done.wait(PATIENCE_S)
            service.stop()
            thread.join(PATIENCE_S)
        assert came, "nothing was heard"
        (event,) = heard
        assert isinstance(event, ScanDone)
        assert [each.ssid for each in event.sightings] == [b"testnet"]
