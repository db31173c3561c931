"""The real, unmodified esptool on a module served over RFC2217, with its default reset."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import serial

from hil.flashing.esptool_session import open_loader_session
from hil.ports.byte_port import PortFormat
from hil.ports.clock import SystemClock, deadline_ns
from hil.ports.control_lines import Line
from hil.ports.modem_lines import ModemLines
from hil.ports.serial_port import open_serial_port
from hil.rig.served import ServedModule, ServePlan

from .rfc2217_client import in_haste
from .served_module import PATIENCE_S, served, talk_until_ok

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
MAC = "18:fe:34:d0:00:00"
OFFSET = 0x90000  # no part of what the firmware needs to boot
IMAGE = hashlib.shake_128(b"rfc2217").digest(60_000)

AS_IT_IS = "import sys, esptool; esptool.main(sys.argv[1:])"
IN_HASTE = (
    "import sys, esptool\n"
    "from tests.drive.rfc2217_client import in_haste\n"
    "with in_haste(): esptool.main(sys.argv[1:])"
)


@pytest.fixture
def module() -> Iterator[ServedModule]:
    with served(ServePlan(rfc2217_port=0, is_paced=False)) as (module,):
        yield module


def run_esptool(program: str, module: ServedModule, *arguments: str | Path) -> str:
    """What esptool says, in a process of its own that knows nothing of this project's links."""
    run = subprocess.run(
        [sys.executable, "-c", program, "--port", str(module.rfc2217), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=6 * PATIENCE_S,
        cwd=ROOT,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def test_it_resets_connects_and_resets_again(module: ServedModule) -> None:
    said = run_esptool(AS_IT_IS, module, "read-mac")
    assert MAC in said
    assert "Hard resetting" in said
    with in_haste(), serial.serial_for_url(module.rfc2217, baudrate=115200) as port:
        talk_until_ok(port)


def test_write_verify_and_read(module: ServedModule, tmp_path: Path) -> None:
    image, copy = tmp_path / "image.bin", tmp_path / "copy.bin"
    image.write_bytes(IMAGE)
    offset = hex(OFFSET)
    said = run_esptool(IN_HASTE, module, "--baud", "921600", "write-flash", offset, image)
    assert "Hash of data verified." in said
    assert "Verification successful" in run_esptool(IN_HASTE, module, "verify-flash", offset, image)
    run_esptool(IN_HASTE, module, "read-flash", offset, str(len(IMAGE)), copy)
    assert copy.read_bytes() == IMAGE


def test_a_rig_flashes_through_its_own_port(module: ServedModule) -> None:
    """The rig holds the lines and lends its port, whose time-outs cost nothing."""
    port = open_serial_port(module.rfc2217 or "", SystemClock(), line_format=PortFormat())
    lines = ModemLines(port, "two-transistor")
    lines.set({Line.RESET: True})
    port.set_format(PortFormat(74880))
    lines.set({Line.RESET: False, Line.STRAP: True})
    log = b""
    while b"boot mode:(1," not in log:
        piece = port.receive(deadline_ns(port.clock, PATIENCE_S))
        assert piece, f"no loader, only {log!r}"
        log += piece
    lines.set({Line.STRAP: False})
    port.set_format(PortFormat())
    with open_loader_session(port, baud=921600) as session:
        assert session.mac == MAC
        session.write(OFFSET, IMAGE, flash_size_name="1MB")
        assert session.holds(OFFSET, IMAGE)
        assert session.read(OFFSET, 1000) == IMAGE[:1000]
    lines.close()
    port.close()
