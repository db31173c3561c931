"""The one file that knows esptool: what it lends to it, what it takes back, how errors read."""

from __future__ import annotations

import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import esptool
import esptool.cmds
import esptool.loader
import esptool.reset
import pytest
import serial
from esp_pylib.logger import EspLog

from hil.errors import FlashingError, LoaderError, MistakeError
from hil.flashing.esptool_session import LoaderSession, open_loader_session
from hil.ports.byte_port import PortFormat
from hil.ports.control_lines import Line
from hil.units import NS_PER_S

from .bench_rig import MAC, LossyWire, flash_of_module, open_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.rig.module import RigModule

BAUD = 921600


@pytest.fixture
def module() -> Iterator[RigModule]:
    with open_module() as opened:
        yield opened


@contextmanager
def session_of(module: RigModule, baud: int = BAUD) -> Iterator[LoaderSession]:
    module.enter_loader()
    with open_loader_session(module.port, baud=baud) as session:
        yield session


def names_of_esptool() -> list[Any]:
    """What a session replaces in this process."""
    return [
        EspLog.instance,
        esptool.loader.time,
        esptool.cmds.time,
        esptool.reset.time,
        esptool.loader.HexFormatter.__str__,
    ]


def test_session_tells_chip_and_flash(module: RigModule) -> None:
    with session_of(module) as session:
        assert session.chip_name == "ESP8266EX"
        assert session.mac == MAC
        assert session.chip_id == 0xD00000
        assert session.flash_id == 0x1440EF
        assert session.flash_size_bytes == 1024 * 1024


def test_what_is_written_reads_back(module: RigModule) -> None:
    image = bytes(range(256)) * 40
    with session_of(module) as session:
        session.write(0x10000, image, flash_size_name="keep")
        assert session.holds(0x10000, image)
        assert not session.holds(0x10000, image[:-1] + b"!")
        assert session.read(0x10010, 5000) == image[0x10 : 0x10 + 5000]
    assert flash_of_module().read(0x10000, len(image)) == image


def test_sectors_are_erased_and_no_others(module: RigModule) -> None:
    flash = flash_of_module()
    before = flash.snapshot()
    with session_of(module) as session:
        session.erase(0x2000, 0x3000)
        assert flash.snapshot() == before[:0x2000] + b"\xff" * 0x3000 + before[0x5000:]
        session.erase_all()
    assert flash.is_erased(0, flash.size_bytes)


@pytest.mark.parametrize(("offset", "length"), [(0x1001, 0x1000), (0x1000, 100)])
def test_part_of_a_sector_cannot_be_erased(module: RigModule, offset: int, length: int) -> None:
    before = flash_of_module().write_count
    with session_of(module) as session, pytest.raises(MistakeError) as mistake:
        session.erase(offset, length)
    assert str(mistake.value) == (
        f"cannot erase {length} bytes at 0x{offset:05X}: the flash is erased by sectors, so both "
        "must be multiples of 4096"
    )
    assert flash_of_module().write_count == before


@pytest.mark.parametrize(
    ("action", "attempted"),
    [
        (lambda session: session.read(0, 4096), "read 4KB at 0x00000"),
        (lambda session: session.md5(0x1000, 100), "hash 100 B at 0x01000"),
        (lambda session: session.erase(0x1000, 4096), "erase 4KB at 0x01000"),
        (lambda session: session.erase_all(), "erase the flash"),
        (
            lambda session: session.write(0, b"\0" * 4096, flash_size_name="keep"),
            "write 4KB at 0x00000",
        ),
    ],
)
def test_what_breaks_down_says_what_was_attempted(
    module: RigModule, action: Any, attempted: str
) -> None:
    with session_of(module) as session:
        module.lines.set({Line.POWER: False})
        with pytest.raises(FlashingError) as failure:
            action(session)
    assert str(failure.value).startswith(
        f"cannot {attempted} through sim://default/module0: esptool said: "
    )
    assert "https://" not in str(failure.value)


def test_stub_that_does_not_answer_at_the_rate_is_told_with_the_rate(module: RigModule) -> None:
    module.enter_loader()
    LossyWire(module, after_bytes=4000, times=1)
    with (
        pytest.raises(LoaderError) as failure,
        open_loader_session(module.port, baud=BAUD),
    ):
        pass
    assert str(failure.value).startswith(
        "the boot loader on sim://default/module0 answers, but the flasher stub does not at 921600 "
        "baud: esptool said: "
    )
    assert "Try a lower flash_baud; check that the module is fed" in str(failure.value)


def test_port_is_lent_and_comes_back_as_it_was(module: RigModule) -> None:
    port = module.port
    module.start()
    port.set_format(PortFormat(baud=9600))
    port.serial.timeout, port.serial.write_timeout = 1.25, 7.5
    with open_loader_session_at(module, PortFormat(baud=9600)):
        assert port.serial.baudrate == BAUD
    assert port.serial.is_open
    assert port.serial.baudrate == 9600
    assert port.serial.timeout == 1.25
    assert port.serial.write_timeout == 7.5
    assert port.format == PortFormat(baud=9600)


@contextmanager
def open_loader_session_at(module: RigModule, line_format: PortFormat) -> Iterator[LoaderSession]:
    module.enter_loader()
    module.port.set_format(line_format)
    with open_loader_session(module.port, baud=BAUD) as session:
        yield session


def test_port_is_open_and_usable_although_esptool_closes_it(module: RigModule) -> None:
    module.start()  # the firmware runs, so that no loader answers and esptool gives up the port
    with pytest.raises(LoaderError), open_loader_session(module.port, baud=BAUD):
        pass
    assert module.port.serial.is_open
    assert module.port.format == PortFormat()
    module.start()
    assert module.at.command("AT").is_ok
    module.port.close()
    assert not module.port.serial.is_open


def test_module_talks_at_after_a_session_and_a_reset(module: RigModule) -> None:
    with session_of(module):
        pass
    module.start()
    assert module.at.command("AT").is_ok


def test_pauses_of_esptool_pass_on_the_clock_of_the_rig(module: RigModule) -> None:
    with session_of(module):
        before_ns = module.clock.now_ns()
        esptool.loader.time.sleep(2)
        esptool.cmds.time.sleep(2)
        esptool.reset.time.sleep(2)
        assert module.clock.now_ns() == before_ns + 6 * NS_PER_S
        assert esptool.loader.time.time() == module.clock.now_ns() / NS_PER_S


def test_every_file_of_esptool_that_pauses_on_an_esp8266_is_met() -> None:
    """pyserial waits for bytes; files for other chips do not matter, those are refused before."""
    pausing = {
        name
        for name, loaded in vars(esptool).items()
        if getattr(loaded, "time", None) is time and not name.startswith("_")
    }
    assert pausing <= {"loader", "cmds", "reset", "serial"}
    assert not hasattr(esptool.targets.esp8266, "time")


def test_names_of_esptool_are_put_back(module: RigModule) -> None:
    before = names_of_esptool()
    with session_of(module):
        during = names_of_esptool()
    assert all(new is not old for new, old in zip(during, before, strict=True))
    assert all(new is old for new, old in zip(names_of_esptool(), before, strict=True))


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_names_of_esptool_are_put_back_after_an_error(
    module: RigModule, error: type[BaseException]
) -> None:
    before = names_of_esptool()
    with pytest.raises(error), session_of(module):
        raise error
    assert all(new is old for new, old in zip(names_of_esptool(), before, strict=True))
    with session_of(module) as session:  # and the next session is not locked out
        assert session.mac == MAC


def test_names_of_esptool_are_put_back_when_nothing_answers(module: RigModule) -> None:
    before = names_of_esptool()
    module.lines.set({Line.POWER: False})
    with pytest.raises(LoaderError), session_of(module):
        pass
    assert all(new is old for new, old in zip(names_of_esptool(), before, strict=True))


def test_esptool_says_nothing_on_the_screen(
    module: RigModule, capfd: pytest.CaptureFixture[str]
) -> None:
    with session_of(module) as session:
        session.write(0x10000, b"\0" * 4096, flash_size_name="keep")
    assert capfd.readouterr() == ("", "")


def test_session_inside_of_a_session_is_refused_instead_of_hanging(module: RigModule) -> None:
    with session_of(module) as session:
        with pytest.raises(MistakeError) as mistake, open_loader_session(module.port, baud=BAUD):
            pass
        assert session.read(0, 4) == flash_of_module().read(0, 4)
    assert str(mistake.value) == (
        "cannot open a session with the boot loader on sim://default/module0 inside of another "
        "one: leave that one first, or do everything in it"
    )


def test_esptool_is_the_version_that_the_adapter_was_written_for() -> None:
    """When this fails, read `hil.flashing.esptool_session` beside the new esptool, line by line."""
    assert esptool.__version__.partition(".")[0] == "5"
    assert "__str__" in vars(esptool.loader.HexFormatter)


def test_esptool_still_formats_for_a_trace_that_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """When this fails, the adapter need not replace the formatter any more."""
    formatted: list[object] = []

    def note(packet: object) -> str:
        formatted.append(packet)
        return ""

    monkeypatch.setattr(esptool.loader.HexFormatter, "__str__", note)
    with closing(serial.serial_for_url("loop://")) as port:
        esptool.loader.ESPLoader(port, trace_enabled=False).write(b"packet")
    assert formatted
