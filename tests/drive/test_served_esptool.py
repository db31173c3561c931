"""The real, unmodified esptool on a served module, over `hil://` and over a pseudo-terminal."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import esptool
import esptool.cmds
import pytest
import serial

from hil.drive import url as urls
from hil.rig.served import ServedModule, ServePlan

from .ram_image import hello_image
from .served_module import PATIENCE_S, served, talk_until_ok

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAC = "18:fe:34:d0:00:00"
HELLO = b"Hello from RAM!\r\n"
OFFSET = "0x90000"  # no part of what the firmware needs to boot
IMAGE = hashlib.shake_128(b"served").digest(100_000)


@pytest.fixture
def module() -> Iterator[ServedModule]:
    urls.install()
    plan = ServePlan(has_pty=True, tcp_port=0, is_paced=False)
    with served(plan) as (module,):
        yield module


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.bin"
    path.write_bytes(hello_image(HELLO.replace(b"\r\n", b"\n")))
    return path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.bin"
    path.write_bytes(IMAGE)
    return path


HIL_ESPTOOL = "import sys; from hil.cli import main; sys.argv[1:1] = ['esptool']; main()"
OWN_PROGRAM = "import esptool, hil.drive.url; hil.drive.url.install(); esptool._main()"


def run_esptool(port: str | None, *arguments: str | Path, program: str = HIL_ESPTOOL) -> str:
    """What esptool says, in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", program, "--chip", "esp8266", "--port", str(port), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=6 * PATIENCE_S,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


class TestFramedLink:
    def test_default_reset(self, module: ServedModule) -> None:
        """DTR and RTS, two calls each, through the circuit of the board."""
        said = run_esptool(module.url, "flash-id")
        assert MAC in said
        assert "Device: 4014" in said
        assert "NOT reset" not in said  # not even at the first attempt
        assert "Hard resetting" in said
        with serial.serial_for_url(module.url, baudrate=115200) as port:
            talk_until_ok(port)  # --after hard-reset started the firmware

    def test_default_reset_by_a_program_that_knows_the_url_only(self, module: ServedModule) -> None:
        said = run_esptool(module.url, "flash-id", program=OWN_PROGRAM)
        assert MAC in said
        assert "NOT reset" not in said

    def test_load_ram(self, module: ServedModule, program: Path) -> None:
        run_esptool(module.url, "load-ram", program)
        with serial.serial_for_url(module.url, baudrate=115200, timeout=PATIENCE_S) as port:
            assert port.read_until(HELLO).endswith(HELLO)

    def test_a_stub_is_used_again_and_loaded_over(self, module: ServedModule) -> None:
        run_esptool(module.url, "--after", "no-reset-stub", "read-mac")
        common = ("--after", "no-reset-stub", "--before")
        said = run_esptool(module.url, *common, "no-reset", "flash-id")
        assert "Stub flasher is already running" in said
        said = run_esptool(module.url, *common, "no-reset-no-sync", "flash-id")
        assert "Stub flasher running" in said

    def test_write_and_verify_at_a_high_rate(self, module: ServedModule, image: Path) -> None:
        said = run_esptool(module.url, "--baud", "921600", "write-flash", OFFSET, image)
        assert "Hash of data verified." in said
        assert "Verification successful" in run_esptool(module.url, "verify-flash", OFFSET, image)

    def test_in_this_process(self, module: ServedModule) -> None:
        """esptool.main's way in, without its process; the rig resets, esptool does not."""
        with serial.serial_for_url(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            port.dtr, port.rts = False, True
            port.dtr = True
            port.rts = False
            esp = esptool.cmds.detect_chip(port, connect_mode="no-reset")
            stub = esp.run_stub()
            stub.change_baud(921600)
            assert stub.flash_id() == 0x1440EF
            assert bytes(stub.read_flash(0x1000, 4)) == b"\xea\x04\x00\x01"

    def test_a_client_that_vanishes_in_the_middle_of_a_flash(
        self, module: ServedModule, image: Path
    ) -> None:
        with serial.serial_for_url(module.url, baudrate=115200) as port:
            talk_until_ok(port)
            port.dtr, port.rts = False, True
            port.dtr = True
            port.rts = False
            stub = esptool.cmds.detect_chip(port, connect_mode="no-reset").run_stub()
            stub.flash_begin(len(IMAGE), int(OFFSET, 0))
            stub.flash_block(IMAGE[: stub.FLASH_WRITE_SIZE], 0)
            port.write(b"\xc0\x00\x03half of a block")
        said = run_esptool(module.url, "write-flash", OFFSET, image)
        assert "Hash of data verified." in said
        with serial.serial_for_url(module.url, baudrate=115200) as port:
            port.dtr = False
            port.rts = True
            port.rts = False
            talk_until_ok(port)


class TestPty:
    def test_flash_id(self, module: ServedModule) -> None:
        assert MAC in run_esptool(module.pty, "--before", "no-reset", "flash-id")

    def test_write_verify_and_start(self, module: ServedModule, image: Path) -> None:
        for arguments in (("write-flash", OFFSET), ("verify-flash", OFFSET)):
            run_esptool(module.pty, "--baud", "921600", "--before", "no-reset", *arguments, image)
        with serial.Serial(module.pty, 115200) as port:
            talk_until_ok(port)

    def test_the_stub_can_be_used_again_if_the_close_keeps_it(self, image: Path) -> None:
        plan = ServePlan(has_pty=True, is_paced=False, resets_on_close=False)
        with served(plan) as (module,):
            common = ("--before", "no-reset", "--after", "no-reset")
            run_esptool(module.pty, *common, "flash-id")
            assert "Stub flasher is already running" in run_esptool(module.pty, *common, "flash-id")

    def test_load_ram(self, program: Path) -> None:
        plan = ServePlan(has_pty=True, is_paced=False, resets_on_close=False)
        with served(plan) as (module,):
            run_esptool(module.pty, "--before", "no-reset", "load-ram", program)
            with serial.Serial(module.pty, 115200, timeout=PATIENCE_S) as port:
                assert port.read_until(HELLO).endswith(HELLO)

    def test_several_files_and_read_back(
        self, module: ServedModule, image: Path, tmp_path: Path
    ) -> None:
        common = ("--baud", "921600", "--before", "no-reset")
        files = (OFFSET, image, "0xc0000", image)
        run_esptool(module.pty, *common, "write-flash", "--no-compress", *files)
        copy = tmp_path / "copy.bin"
        run_esptool(module.pty, *common, "read-flash", "0xc0000", str(len(IMAGE)), copy)
        assert copy.read_bytes() == IMAGE

    def test_a_stub_at_another_rate_is_no_dead_end(self, image: Path) -> None:
        """Without a reset line nobody could bring it back; SYNC does."""
        plan = ServePlan(has_pty=True, is_paced=False, resets_on_close=False)
        with served(plan) as (module,):
            common = ("--baud", "921600", "--before", "no-reset", "--after", "no-reset")
            for _ in range(2):
                assert MAC in run_esptool(module.pty, *common, "flash-id")
