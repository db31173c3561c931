"""Rig files: what they mean, and what is said about every mistake in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hil.errors import RigFileError
from hil.ports.control_lines import Line
from hil.ports.modem_lines import CIRCUITS as MODEM_CIRCUITS
from hil.resource import resource_folder
from hil.rig.description import (
    CIRCUITS,
    DIALECTS,
    LINE_DRIVERS,
    VIRTUAL_RIG,
    LineSet,
    ModuleDescription,
    RigDescription,
    VirtualFlash,
    describe_port,
    load_rig,
    parse_rig,
)
from hil.rig.need import NEEDS, needs_met_by
from hil.toml_table import Table
from hil.units import KIB, MIB
from hil.virtual.firmware.dialect import DIALECTS as VIRTUAL_DIALECTS

VIRTUAL = """\
version = 1
[rig]
name = "bench"
[[module]]
slot = 0
port = "sim://default/module0"
"""
REAL = """\
version = 1
[rig]
name = "bench"
[[module]]
slot = 0
port = "/dev/ttyUSB0"
"""
LINES = """\
[lines.usb]
driver = "modem-lines"
[lines.bench]
driver = "virtual"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "bench.toml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(tmp_path: Path, text: str) -> RigDescription:
    return load_rig(written(tmp_path, text))


def mistake_in(tmp_path: Path, text: str) -> str:
    """What is said about a file, behind its name."""
    path = written(tmp_path, text)
    with pytest.raises(RigFileError) as caught:
        load_rig(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


class TestExamples:
    def test_the_virtual_one_is_the_built_in_rig_with_flow_control_and_a_small_flash(self) -> None:
        path = resource_folder("fixtures") / "virtual.toml"
        rig = load_rig(path)
        first, second = rig.modules
        assert rig.has == {"uart-flow"}
        assert replace(rig, modules=(first,), has=frozenset()) == VIRTUAL_RIG
        assert second == replace(
            first,
            slot=1,
            port="sim://default/module1",
            flash=VirtualFlash(size_bytes=512 * 1024),
        )
        assert rig.path == path

    def test_the_real_one_is_a_board_with_two_transistors(self) -> None:
        rig = load_rig(resource_folder("fixtures") / "bench-usb.toml")
        assert rig == RigDescription(
            name="bench-usb",
            modules=(
                ModuleDescription(
                    slot=0,
                    port="/dev/ttyUSB0",
                    baud=115200,
                    lines=(LineSet("usb", "modem-lines", "two-transistor"),),
                ),
            ),
            has=frozenset({"uart-format"}),
            flash_baud=460800,
        )

    def test_every_example_loads(self) -> None:
        paths = sorted(resource_folder("fixtures").glob("*.toml"))
        assert {load_rig(path).name for path in paths} == {path.stem for path in paths}


class TestPort:
    def test_a_port_alone_is_a_rig_of_one_module_without_lines(self) -> None:
        rig = describe_port("/dev/ttyUSB0", 9600)
        assert rig.modules == (ModuleDescription(0, "/dev/ttyUSB0", 9600),)
        assert rig.name == "/dev/ttyUSB0"

    def test_a_simulated_one_has_the_lines_of_the_virtual_rig(self) -> None:
        assert describe_port("sim://default/module0").modules == VIRTUAL_RIG.modules

    def test_a_simulated_one_that_is_malformed_is_refused(self) -> None:
        with pytest.raises(RigFileError, match="expected sim://WORLD/MACHINE"):
            describe_port("sim://world")


class TestMeaning:
    def test_the_shortest_virtual_rig(self, tmp_path: Path) -> None:
        rig = loaded(tmp_path, VIRTUAL)
        assert rig.is_virtual
        assert rig.modules == (
            ModuleDescription(
                0,
                "sim://default/module0",
                115200,
                (),
                VirtualFlash(MIB, "factory", None),
                "documented",
            ),
        )
        assert (rig.has, rig.flash_baud) == (frozenset(), 460800)

    def test_the_shortest_real_rig(self, tmp_path: Path) -> None:
        rig = loaded(tmp_path, REAL)
        assert not rig.is_virtual
        assert rig.modules == (ModuleDescription(0, "/dev/ttyUSB0"),)

    def test_paths_are_relative_to_the_file(self, tmp_path: Path) -> None:
        rig = loaded(tmp_path, VIRTUAL + 'flash = {content = "a.bin", state = "b/c.bin"}')
        assert rig.modules[0].flash == VirtualFlash(
            MIB, tmp_path / "a.bin", tmp_path / "b" / "c.bin"
        )

    def test_absolute_paths_stay(self, tmp_path: Path) -> None:
        rig = loaded(tmp_path, VIRTUAL + 'flash = {content = "/a.bin", state = "/b.bin"}')
        assert rig.modules[0].flash == VirtualFlash(MIB, Path("/a.bin"), Path("/b.bin"))

    def test_without_a_file_paths_are_relative_to_where_one_stands(self) -> None:
        content = {
            "version": 1,
            "rig": {"name": "r"},
            "module": [
                {"slot": 0, "port": "sim://w/m", "flash": {"content": "a.bin", "state": "b.bin"}}
            ],
        }
        rig = parse_rig(Table(content, path=None, place="", error=RigFileError))
        assert rig.modules[0].flash == VirtualFlash(MIB, Path("a.bin"), Path("b.bin"))

    @pytest.mark.parametrize(
        ("word", "size_bytes"),
        [
            ("512KB", 512 * KIB),
            ("1MB", MIB),
            ("2MB", 2 * MIB),
            ("4MB", 4 * MIB),
            ("8MB", 8 * MIB),
            ("16MB", 16 * MIB),
        ],
    )
    def test_flash_sizes(self, tmp_path: Path, word: str, size_bytes: int) -> None:
        flash = loaded(tmp_path, VIRTUAL + f'flash.size = "{word}"').modules[0].flash
        assert flash is not None
        assert flash.size_bytes == size_bytes

    def test_a_module_names_its_lines(self, tmp_path: Path) -> None:
        text = VIRTUAL + 'lines = ["bench", "usb"]\n' + LINES
        assert loaded(tmp_path, text).modules[0].lines == (
            LineSet("bench", "virtual"),
            LineSet("usb", "modem-lines", "two-transistor"),
        )

    def test_several_modules(self, tmp_path: Path) -> None:
        second = '[[module]]\nslot = 3\nport = "sim://default/module3"\nbaud = 9600\n'
        rig = loaded(tmp_path, VIRTUAL + second)
        assert [(module.slot, module.baud) for module in rig.modules] == [(0, 115200), (3, 9600)]

    def test_a_rig_is_virtual_if_all_its_modules_are(self, tmp_path: Path) -> None:
        second = '[[module]]\nslot = 3\nport = "/dev/ttyUSB0"\n'
        assert not loaded(tmp_path, VIRTUAL + second).is_virtual

    def test_what_a_rig_has_is_kept(self, tmp_path: Path) -> None:
        text = REAL.replace("[rig]", '[rig]\nhas = ["uart-format", "meter"]\nflash_baud = 115200')
        rig = loaded(tmp_path, text)
        assert rig.has == {"uart-format", "meter"}
        assert rig.flash_baud == 115200


UNKNOWN_KEYS = [
    (
        REAL + "[meters]",
        (
            "expected only the keys access-point, air, lines, module, network, rig, version, "
            "found the key 'meters'"
        ),
    ),
    (
        REAL.replace("[[module]]", "[[modul]]"),
        (
            "expected only the keys access-point, air, lines, module, network, rig, version, "
            "found the key 'modul'. Did you mean 'module'?"
        ),
    ),
    (
        REAL.replace("[rig]", "[rig]\nflash_bauds = 1"),
        (
            "rig: expected only the keys flash_baud, has, name, found the key 'flash_bauds'. "
            "Did you mean 'flash_baud'?"
        ),
    ),
    (
        REAL + "bauds = 9600",
        (
            "module[0]: expected only the keys baud, dialect, faults, flash, lines, port, slot, "
            "found the key 'bauds'. Did you mean 'baud'?"
        ),
    ),
    (
        VIRTUAL + 'flash.sizes = "1MB"',
        (
            "module[0].flash: expected only the keys content, size, state, found the key 'sizes'. "
            "Did you mean 'size'?"
        ),
    ),
    (
        REAL + '[lines.usb]\ndriver = "modem-lines"\ncircuits = "direct"',
        (
            "lines.usb: expected only the keys circuit, driver, found the key 'circuits'. "
            "Did you mean 'circuit'?"
        ),
    ),
]
MISSING_KEYS = [
    ("", "version: expected the number 1, found nothing"),
    ("version = 1", "rig: expected a table, found nothing"),
    (
        'version = 1\n[rig]\nname = "r"',
        "module: expected one [[module]] table or more, found nothing",
    ),
    (REAL.replace('name = "bench"', ""), "rig.name: expected a text, found nothing"),
    (
        REAL.replace("slot = 0", ""),
        "module[0].slot: expected a whole number from 0 to 999, found nothing",
    ),
    (
        REAL.replace('port = "/dev/ttyUSB0"', ""),
        (
            "module[0].port: expected a device file, a pyserial URL, or 'sim://WORLD/MACHINE', "
            "found nothing"
        ),
    ),
    (
        REAL + "[lines.usb]",
        "lines.usb.driver: expected one of 'modem-lines', 'virtual', found nothing",
    ),
]
WRONG_TYPES = [
    ('version = "1"', "version: expected the number 1, found the text '1'"),
    ("version = true", "version: expected the number 1, found the truth value True"),
    ("version = 1\nrig = 3", "rig: expected a table, found the number 3"),
    (
        REAL.replace("[[module]]", "[module]"),
        "module: expected one [[module]] table or more, found a table",
    ),
    (
        'version = 1\nmodule = []\n[rig]\nname = "r"',
        "module: expected one [[module]] table or more, found the list []",
    ),
    (
        'version = 1\nmodule = [1]\n[rig]\nname = "r"',
        "module[0]: expected a table, found the number 1",
    ),
    (REAL.replace('"bench"', "7"), "rig.name: expected a text, found the number 7"),
    (REAL.replace('"bench"', '""'), "rig.name: expected a text, found the text ''"),
    (
        REAL + "baud = 9600.5",
        "module[0].baud: expected a whole number from 110 to 4608000, found the number 9600.5",
    ),
    (
        REAL + "baud = true",
        "module[0].baud: expected a whole number from 110 to 4608000, found the truth value True",
    ),
    (
        REAL + 'lines = "usb"\n' + LINES,
        (
            "module[0].lines: expected a list of names of [lines.NAME] tables ('bench', 'usb'), "
            "found the text 'usb'"
        ),
    ),
    (
        REAL + "lines = [1]\n" + LINES,
        (
            "module[0].lines: expected a list of names of [lines.NAME] tables ('bench', 'usb'), "
            "found the list [1]"
        ),
    ),
    (
        VIRTUAL + 'flash = "1MB"',
        "module[0].flash: expected a table, found the text '1MB'",
    ),
    (REAL + "[lines]\nusb = 3", "lines.usb: expected a table, found the number 3"),
]
WRONG_VALUES = [
    ("version = 2", "version: expected the number 1, found the number 2"),
    (
        'version = 2\n[fleet]\nname = "r"',
        "version: expected the number 1, found the number 2",
    ),
    (
        REAL + "baud = 109",
        "module[0].baud: expected a whole number from 110 to 4608000, found the number 109",
    ),
    (
        REAL.replace("[rig]", "[rig]\nflash_baud = 4608001"),
        "rig.flash_baud: expected a whole number from 110 to 4608000, found the number 4608001",
    ),
    (
        REAL.replace("slot = 0", "slot = -1"),
        "module[0].slot: expected a whole number from 0 to 999, found the number -1",
    ),
    (
        VIRTUAL + 'flash.size = "1 MB"',
        (
            "module[0].flash.size: expected one of '512KB', '1MB', '2MB', '4MB', '8MB', '16MB', "
            "found the text '1 MB'. Did you mean '1MB'?"
        ),
    ),
    (
        VIRTUAL + 'dialect = "document"',
        (
            "module[0].dialect: expected one of 'documented', 'espressif-0.23', found the text "
            "'document'. Did you mean 'documented'?"
        ),
    ),
    (
        REAL + '[lines.usb]\ndriver = "modem"',
        (
            "lines.usb.driver: expected one of 'modem-lines', 'virtual', found the text 'modem'. "
            "Did you mean 'modem-lines'?"
        ),
    ),
    (
        REAL + '[lines.usb]\ndriver = "modem-lines"\ncircuit = "none"',
        "lines.usb.circuit: expected one of 'two-transistor', 'direct', found the text 'none'",
    ),
    (
        REAL + '[lines.usb]\ndriver = "virtual"\ncircuit = "direct"',
        "lines.usb.circuit: expected no circuit with driver = 'virtual', found the text 'direct'",
    ),
    (
        REAL.replace("[rig]", '[rig]\nhas = ["metre"]'),
        (
            "rig.has: expected a list of words out of reset, strap, wake-link, power, uart-flow, "
            "uart-format, flash-read, meter, found the text 'metre'. Did you mean "
            "'meter'?"
        ),
    ),
    (
        REAL + 'lines = ["usv"]\n' + LINES,
        (
            "module[0].lines: expected a list of names of [lines.NAME] tables ('bench', 'usb'), "
            "found the text 'usv'. Did you mean 'usb'?"
        ),
    ),
    (
        REAL + 'lines = ["usb"]',
        (
            "module[0].lines: expected a list of names of [lines.NAME] tables (none are there), "
            "found the text 'usb'"
        ),
    ),
    (
        REAL + 'lines = ["bench"]\n' + LINES,
        (
            "module[0].lines: expected lines with another driver than 'virtual' for a real module, "
            "found the text 'bench'"
        ),
    ),
    (
        REAL + 'flash = {size = "1MB"}',
        (
            "module[0].flash: expected no flash for the real module at '/dev/ttyUSB0', found a "
            "table. A port sim://WORLD/MACHINE makes a virtual module"
        ),
    ),
    (
        REAL + 'faults = ["echo-stays-on"]',
        (
            "module[0].faults: expected no faults for the real module at '/dev/ttyUSB0', found "
            "the list ['echo-stays-on']. A port sim://WORLD/MACHINE makes a virtual module"
        ),
    ),
    (
        VIRTUAL + 'faults = "echo-stays-on"',
        "module[0].faults: expected a list of names of faults, found the text 'echo-stays-on'",
    ),
    (
        REAL + 'dialect = "documented"',
        (
            "module[0].dialect: expected no dialect for the real module at '/dev/ttyUSB0', found "
            "the text 'documented'. A port sim://WORLD/MACHINE makes a virtual module"
        ),
    ),
    (
        VIRTUAL.replace("/module0", ""),
        "module[0].port: expected sim://WORLD/MACHINE, found the text 'sim://default'",
    ),
    (
        VIRTUAL.replace("/module0", "/module0/"),
        "module[0].port: expected sim://WORLD/MACHINE, found the text 'sim://default/module0/'",
    ),
    (
        REAL + '[[module]]\nslot = 0\nport = "/dev/ttyUSB1"',
        "module: expected a slot of its own for each, found the number 0",
    ),
    (
        REAL + '[[module]]\nslot = 1\nport = "/dev/ttyUSB0"',
        "module: expected a port of its own for each, found the text '/dev/ttyUSB0'",
    ),
]


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "message"), [*UNKNOWN_KEYS, *MISSING_KEYS, *WRONG_TYPES, *WRONG_VALUES]
    )
    def test_each_is_told_whole(self, tmp_path: Path, text: str, message: str) -> None:
        assert mistake_in(tmp_path, text) == message

    def test_two_modules_cannot_keep_their_flash_in_one_file(self, tmp_path: Path) -> None:
        state = 'flash.state = "flash.bin"\n'
        second = '[[module]]\nslot = 1\nport = "sim://default/module1"\n'
        assert mistake_in(tmp_path, VIRTUAL + state + second + state) == (
            f"module: expected a state file of its own for each, found the text "
            f"'{tmp_path / 'flash.bin'}'"
        )

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        path = tmp_path / "no.toml"
        with pytest.raises(RigFileError) as caught:
            load_rig(path)
        assert str(caught.value) == (
            f"{path}: expected a rig description, found no such file. Check the path"
        )

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(RigFileError) as caught:
            load_rig(tmp_path)
        assert str(caught.value) == (
            f"{tmp_path}: expected a rig description that can be read, found Is a directory"
        )

    def test_a_file_that_is_no_text(self, tmp_path: Path) -> None:
        path = tmp_path / "bench.toml"
        path.write_bytes(b"\xff")
        with pytest.raises(RigFileError) as caught:
            load_rig(path)
        assert str(caught.value) == (
            f"{path}: expected a rig description in UTF-8, found 'utf-8' codec can't decode byte "
            "0xff in position 0: invalid start byte"
        )

    def test_a_file_that_is_no_toml(self, tmp_path: Path) -> None:
        assert mistake_in(tmp_path, "version = 1\n[rig\n") == (
            "expected a rig description in TOML, found a mistake: Expected ']' at the end of a "
            "table declaration (at line 2, column 5)"
        )

    def test_a_description_without_a_file_is_called_the_built_in_one(self) -> None:
        with pytest.raises(RigFileError) as caught:
            parse_rig(Table({"version": 3}, path=None, place="", error=RigFileError))
        assert str(caught.value) == (
            "the built-in rig description: version: expected the number 1, found the number 3"
        )


class TestVocabulary:
    def test_every_line_is_a_need(self) -> None:
        assert {line.value for line in Line} <= set(NEEDS)

    def test_its_words_are_pinned(self) -> None:
        assert list(NEEDS) == [
            "reset",
            "strap",
            "wake-link",
            "power",
            "uart-flow",
            "uart-format",
            "flash-read",
            "ap",
            "ap-control",
            "softap-client",
            "tcp-peer",
            "udp-peer",
            "update-server",
            "meter",
        ]

    @pytest.mark.parametrize(
        ("lines", "met"),
        [
            (set(), set()),
            ({Line.RESET}, {"reset"}),
            ({Line.STRAP}, {"strap"}),
            ({Line.RESET, Line.STRAP}, {"reset", "strap", "flash-read"}),
            ({Line.POWER, Line.STRAP}, {"power", "strap", "flash-read"}),
            ({Line.POWER, Line.WAKE_LINK}, {"power", "wake-link"}),
        ],
    )
    def test_what_follows_from_lines(self, lines: set[Line], met: set[str]) -> None:
        assert needs_met_by(frozenset(lines)) == met

    def test_the_words_of_a_rig_file_are_those_of_what_is_behind_them(self) -> None:
        assert set(CIRCUITS) == set(MODEM_CIRCUITS)
        assert set(DIALECTS) == set(VIRTUAL_DIALECTS)
        assert set(LINE_DRIVERS) == {"modem-lines", "virtual"}
