"""What esptool's command line can ask of an ESP8266, on a simulated module, with each
stub and with none.

The real, unmodified esptool runs here. Each call resets the module through DTR and RTS, unless it
says otherwise.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from hil.units import MIB
from tests.virtual.ram_host import CODE, calls

from .esptool_on_module import Esptool, esptool_on_module
from .ram_image import hello_image, image_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Way = tuple[str, ...]

STUB_2: Way = ()
STUB_1: Way = ("--stub-version", "1")
ROM: Way = ("--no-stub",)
stubs = pytest.mark.parametrize("way", [STUB_2, STUB_1], ids=["stub2", "stub1"])
ways = pytest.mark.parametrize("way", [STUB_2, STUB_1, ROM], ids=["stub2", "stub1", "rom"])

FREE = 0x90000
"""From here to 0xFC000 is nothing that the firmware needs to boot."""

RANDOM = hashlib.shake_128(b"random").digest(0x12345)
PROSE = b"compresses well " * 6000
AT_OK = b"AT\r\r\n\r\nOK\r\n"


HELLO = hello_image(b"Hello from RAM!\n")


@pytest.fixture
def esptool(capsys: pytest.CaptureFixture[str]) -> Iterator[Esptool]:
    with esptool_on_module(capsys) as esptool:
        yield esptool


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file.bin"


# Questions, memory, status -----------------------------------------------------------------------


@ways
@pytest.mark.parametrize(
    ("question", "answers"),
    [
        ("chip-id", ["Chip ID: 0x00abcdef", "ESP8266EX", "Crystal frequency:  26MHz"]),
        ("read-mac", ["MAC:                18:fe:34:ab:cd:ef"]),
        ("flash-id", ["Manufacturer: ef", "Device: 4014", "Detected flash size: 1MB"]),
        ("read-flash-status", ["Flash memory status: 0x0000\n"]),
        ("read-flash-status --bytes 1", ["Flash memory status: 0x0000\n"]),
        ("read-flash-status --bytes 3", ["Flash memory status: 0x0000\n"]),
        ("read-flash-sfdp 0 4", ["SFDP[0..3]: 0x53 0x46 0x44 0x50"]),
        ("read-mem 0x40001000", ["0x40001000 = 0xfff0c101"]),
    ],
)
def test_question(esptool: Esptool, way: Way, question: str, answers: list[str]) -> None:
    said = esptool(*way, *question.split())
    for answer in [*answers, "Hard resetting via RTS pin..."]:
        assert answer in said
    esptool.pass_time(1)
    assert esptool.ask(b"AT\r\n") == AT_OK


@ways
def test_status_bits_last_or_do_not(esptool: Esptool, way: Way) -> None:
    esptool(*way, "write-flash-status", "--non-volatile", "0x0204")
    said = esptool(*way, "write-flash-status", "--bytes", "1", "0x08")
    assert "After flash memory status:   0x08" in said
    esptool.cut_power()
    assert "Flash memory status: 0x0204" in esptool(*way, "read-flash-status")


@ways
def test_memory_is_written_read_and_dumped(esptool: Esptool, way: Way, file: Path) -> None:
    stay = (*way, "--before", "no-reset", "--after", "no-reset-stub")
    esptool(*way, "--after", "no-reset-stub", "write-mem", "0x3fff8000", "0x12345678")
    esptool(*stay, "write-mem", "0x3fff8000", "0xffffabff", "0xff00")
    assert "0x3fff8000 = 0x1234ab78" in esptool(*stay, "read-mem", "0x3fff8000")
    esptool(*stay, "dump-mem", "0x3fff8000", "8", file)
    assert file.read_bytes() == bytes.fromhex("78ab3412 00000000")


# Writing -----------------------------------------------------------------------------------------


@ways
@pytest.mark.parametrize("offset", [FREE, FREE + 0x234])
@pytest.mark.parametrize("content", [RANDOM, PROSE, b"\xff" * 5000, b"x"], ids=len)
def test_content_arrives(
    esptool: Esptool, way: Way, file: Path, offset: int, content: bytes
) -> None:
    esptool.flash.load(FREE, bytes(0x20000))
    file.write_bytes(content)
    said = esptool(*way, "--baud", "921600", "write-flash", hex(offset), file)
    assert ("Hash of data verified." in said) == (way is not ROM)
    assert esptool.flash.read(offset, len(content)) == content
    before = esptool.flash.read(FREE, offset - FREE)
    assert before == b"\xff" * (offset - FREE)  # the sector is erased as a whole
    assert esptool.flash.read(FREE + 0x1A000, 100) == bytes(100)


@ways
@pytest.mark.parametrize("switch", ["--no-compress", "--compress"])
def test_compression_can_be_chosen(esptool: Esptool, way: Way, file: Path, switch: str) -> None:
    file.write_bytes(PROSE)
    if way is ROM and switch == "--compress":
        assert "does not support function" in esptool(
            *way, "write-flash", switch, hex(FREE), file, status=2
        )
        return
    said = esptool(*way, "--baud", "921600", "write-flash", switch, hex(FREE), file)
    assert ("compressed) at" in said) == (switch == "--compress")
    assert esptool.flash.read(FREE, len(PROSE)) == PROSE


@ways
def test_several_files(esptool: Esptool, way: Way, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    file.write_bytes(PROSE)
    other.write_bytes(RANDOM[:5000])
    places: list[str | Path] = [hex(FREE + 0x20000), other, hex(FREE), file]
    esptool(*way, "--baud", "921600", "write-flash", *places)
    assert esptool.flash.read(FREE, len(PROSE)) == PROSE
    assert esptool.flash.read(FREE + 0x20000, 5000) == RANDOM[:5000]
    if way is not ROM:
        assert "Verification successful" in esptool(*way, "verify-flash", *places)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # files left open
def test_files_that_share_a_sector_are_refused(esptool: Esptool, file: Path) -> None:
    before = esptool.flash.snapshot()
    file.write_bytes(bytes(16))
    said = esptool("write-flash", hex(FREE), file, hex(FREE + 0x800), file, status=2)
    assert "Detected overlap" in said
    assert esptool.flash.snapshot() == before


@ways
def test_an_image_beyond_the_end_is_refused(esptool: Esptool, way: Way, file: Path) -> None:
    before = esptool.flash.snapshot()
    file.write_bytes(bytes(0x2000))
    said = esptool(*way, "write-flash", "0xff000", file, status=2)
    assert "will not fit in 1048576 bytes of flash" in said
    assert esptool.flash.snapshot() == before


@stubs
def test_the_last_sector(esptool: Esptool, way: Way, file: Path) -> None:
    file.write_bytes(RANDOM[:0x1000])
    esptool(*way, "write-flash", "0xff000", file)
    assert esptool.flash.read(0xFF000, 0x1000) == RANDOM[:0x1000]
    assert esptool.flash.read(0, 1) == b"\xe9"


@stubs
def test_all_is_erased_before(esptool: Esptool, way: Way, file: Path) -> None:
    file.write_bytes(RANDOM)
    esptool(*way, "--baud", "921600", "write-flash", "--erase-all", hex(FREE), file)
    assert esptool.flash.read(FREE, len(RANDOM)) == RANDOM
    assert esptool.flash.is_erased(0, FREE)
    assert esptool.flash.is_erased(FREE + len(RANDOM), MIB - FREE - len(RANDOM))


@stubs
def test_what_is_there_already_is_not_written_again(esptool: Esptool, way: Way, file: Path) -> None:
    file.write_bytes(RANDOM)
    esptool.flash.load(FREE, RANDOM)
    written = esptool.flash.write_count
    assert "already in flash, skipping write" in esptool(
        *way, "write-flash", "--skip-flashed", hex(FREE), file
    )
    assert esptool.flash.write_count == written


@stubs
def test_only_changed_sectors_are_written(
    esptool: Esptool, way: Way, file: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.bin"
    old.write_bytes(RANDOM)
    new = RANDOM[:0x5000] + b"changed" + RANDOM[0x5007:]
    file.write_bytes(new)
    esptool.flash.load(FREE, RANDOM)
    erased = sum(esptool.flash.erase_counts)
    command = [*way, "--baud", "921600", "write-flash", hex(FREE), str(file), "--diff-with"]
    said = esptool(*command, old)
    assert "Reflashing 1 changed sector at 0x00095000" in said
    assert "Hash of data verified." in said
    assert esptool.flash.read(FREE, len(new)) == new
    assert sum(esptool.flash.erase_counts) == erased + 1
    assert "verified." in esptool(*command, file)
    assert "skipping write and verification" in esptool(*command, file, "--trust-flash-content")
    assert sum(esptool.flash.erase_counts) == erased + 1
    esptool.flash.load(FREE, bytes(16))  # not what was flashed before
    assert "Reflashing the whole image" in esptool(*command, old)
    assert esptool.flash.read(FREE, len(new)) == new


@ways
def test_header_is_patched_on_the_way(esptool: Esptool, way: Way, file: Path) -> None:
    file.write_bytes(HELLO)
    wanted = ("-fm", "dio", "-ff", "80m", "-fs", "1MB")
    esptool(*way, "write-flash", *wanted, "0x0", file)
    assert esptool.flash.read(0, len(HELLO)) == HELLO[:2] + b"\x02\x2f" + HELLO[4:]
    if way is not ROM:
        assert "Verification successful" in esptool(*way, "verify-flash", *wanted, "0x0", file)
        assert "Verification failed" in esptool(*way, "verify-flash", "0x0", file, status=2)


# Comparing, reading, erasing ---------------------------------------------------------------------


@stubs
def test_comparison_finds_differences(esptool: Esptool, way: Way, file: Path) -> None:
    file.write_bytes(RANDOM[:300])
    esptool.flash.load(FREE, RANDOM[:99] + b"?" + RANDOM[100:300])
    said = esptool(*way, "verify-flash", "--diff", hex(FREE), file, status=2)
    assert "0x00090063" in said
    assert "1 differences" in said


@stubs
@pytest.mark.parametrize(("offset", "length"), [(FREE, 1), (FREE + 3, 4097), (0xFFFFF, 1)])
def test_content_is_read(esptool: Esptool, way: Way, file: Path, offset: int, length: int) -> None:
    esptool.flash.load(FREE, RANDOM)
    esptool(*way, "--baud", "921600", "read-flash", hex(offset), length, file)
    assert file.read_bytes() == esptool.flash.read(offset, length)


def test_the_whole_flash_is_read(esptool: Esptool, file: Path) -> None:
    esptool("--baud", "4608000", "read-flash", "0", "ALL", file)
    assert file.read_bytes() == esptool.flash.snapshot()


@stubs
def test_erasing(esptool: Esptool, way: Way) -> None:
    esptool.flash.load(0, bytes(MIB))
    esptool(*way, "erase-region", "0xf000", "0x12000")
    assert esptool.flash.snapshot() == bytes(0xF000) + b"\xff" * 0x12000 + bytes(0xDF000)
    assert "must be a multiple of 4096" in esptool(
        *way, "erase-region", "0x1001", "0x1000", status=2
    )
    esptool(*way, "erase-flash")
    assert esptool.flash.is_erased(0, MIB)


@pytest.mark.parametrize(
    "command",
    ["verify-flash 0 {file}", "read-flash 0 16 {file}", "erase-flash", "erase-region 0 0x1000"],
)
def test_what_the_rom_cannot_do(esptool: Esptool, file: Path, command: str) -> None:
    file.write_bytes(bytes(16))
    said = esptool("--no-stub", *command.format(file=file).split(), status=2)
    assert "ESP8266 ROM does not support function" in said


# Programs ----------------------------------------------------------------------------------------


@ways
def test_a_program_is_loaded_to_ram_and_runs(esptool: Esptool, way: Way, file: Path) -> None:
    file.write_bytes(HELLO)
    assert "to RAM, executing at 0x40100008" in esptool(*way, "load-ram", file)
    esptool.pass_time(10)
    line = b"Hello from RAM!\r\n"
    assert line in esptool.ask(b"", until=line * 3)


def test_a_program_that_fails_is_reset_by_the_watchdog(esptool: Esptool, file: Path) -> None:
    delay, nowhere = 0x4000_2ECC, 0x2000_0000
    code = calls((delay, 300_000), (nowhere,))
    file.write_bytes(image_of(CODE + 12, (CODE, code)))
    esptool("--no-stub", "load-ram", file)
    assert esptool.ask(b"", until=b"depc=0x00000000\r\n").endswith(
        b"Fatal exception (20):\r\nepc1=0x20000000, epc2=0x00000000, epc3=0x00000000, "
        b"excvaddr=0x20000000, depc=0x00000000\r\n"
    )
    log = esptool.ask(b"", until=b"\r\n\r\n", baud=74880)
    assert log == b"\r\n ets Jan  8 2013,rst cause:4, boot mode:(1,6)\r\n\r\n"


@ways
def test_run(esptool: Esptool, way: Way) -> None:
    esptool(*way, "run")
    esptool.pass_time(1)
    assert esptool.ask(b"AT\r\n") == AT_OK


def test_the_rom_goes_on_to_the_flash(esptool: Esptool) -> None:
    """Without a stub and without a reset afterwards, ``run`` leaves the loader by itself."""
    boots = esptool.bench.chip.boots
    esptool("--no-stub", "--after", "no-reset", "run")
    esptool.pass_time(1)
    assert esptool.ask(b"AT\r\n") == AT_OK
    assert esptool.bench.chip.boots == boots + 2  # into the loader, then from it


# Rates and resets --------------------------------------------------------------------------------


@stubs
@pytest.mark.parametrize("baud", [57600, 74880, 230400, 460800, 921600, 2_000_000, 4_608_000])
def test_rate(esptool: Esptool, way: Way, file: Path, baud: int) -> None:
    file.write_bytes(RANDOM[:5000])
    said = esptool(*way, "--baud", baud, "write-flash", hex(FREE), file)
    assert ("Changing baud rate to" in said) == (baud > 115200)
    assert "Hash of data verified." in said


def test_the_rom_keeps_its_rate(esptool: Esptool) -> None:
    said = esptool("--no-stub", "--baud", "921600", "flash-id")
    assert "Keeping initial baud rate 115200" in said
    assert "Device: 4014" in said


@stubs
@pytest.mark.parametrize(
    ("after", "first", "second"),
    [
        # how a call ends, and what is there then with each stub
        ("hard-reset", "firmware", "firmware"),
        ("soft-reset", "firmware", "stub"),
        ("no-reset", "loader", "stub"),
        ("no-reset-stub", "stub", "stub"),
        ("watchdog-reset", "firmware", "firmware"),
    ],
)
def test_what_is_there_afterwards(
    esptool: Esptool, way: Way, after: str, first: str, second: str
) -> None:
    esptool(*way, "--after", after, "flash-id")
    esptool.pass_time(1)
    expected = first if way is STUB_1 else second
    if expected == "firmware":
        assert esptool.ask(b"AT\r\n") == AT_OK
    else:
        said = esptool(*way, "--before", "no-reset", "flash-id")
        assert ("Stub flasher is already running" in said) == (expected == "stub")


@stubs
def test_a_stub_is_loaded_over_a_stub(esptool: Esptool, way: Way) -> None:
    """Without SYNC esptool does not learn that one is there."""
    esptool(*way, "--after", "no-reset-stub", "flash-id")
    said = esptool(*way, "--before", "no-reset-no-sync", "flash-id")
    assert "Stub flasher running." in said
    assert "Device: 4014" in said


@pytest.mark.parametrize("before", ["no-reset", "no-reset-no-sync", "usb-reset"])
def test_nothing_but_the_default_enters_the_loader(esptool: Esptool, before: str) -> None:
    """The reset of chips with USB inside ends with GPIO0 high here, as on a board."""
    arguments = ("--before", before, "--connect-attempts", "1", "flash-id")
    assert "A fatal error occurred" in esptool(*arguments, status=2)


def test_options_of_a_call_do_not_outlive_it(esptool: Esptool) -> None:
    assert esptool("--silent", *STUB_1, "read-mac") == ""
    said = esptool("read-mac")
    assert "MAC:" in said
    assert "deprecated legacy stub flasher" not in said


def test_the_trace_shows_packets(esptool: Esptool) -> None:
    said = esptool("--trace", "read-mac")
    assert "Write 14 bytes:" in said
    assert "c0000a04000000000000100040c0" in said  # READ_REG 0x40001000
    assert esptool("-t", "read-mac").count("TRACE") == said.count("TRACE")
    assert "TRACE" not in esptool("read-mac")
