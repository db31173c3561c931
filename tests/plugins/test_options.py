"""The options ``--hil-...``: what they mean, and that a mistake stops the run at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hil.errors import MistakeError
from hil.plugins.options import Options, read_options
from hil.resource import resource_folder
from hil.rig.description import load_rig
from tests.recording.record_of_tests import HEADER

from .rig_plan import BENCH, WIRED, rig_file, run_plan

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ("pytester",)

NO_RATE = "not a rate from 110 to 4608000; write for example --hil-baud 9600,115200"


def options(**given: str | None) -> Options:
    return read_options(
        **{"rig": None, "firmware": None, "flash_policy": None, "bauds": None, "allowed": None}
        | given
    )


@pytest.fixture
def real_rig(pytester: pytest.Pytester) -> str:
    return rig_file(pytester.path, port="loop://")


def test_without_options_the_virtual_rig_is_flashed_always() -> None:
    chosen = options()
    usual = load_rig(resource_folder("fixtures") / "virtual.toml")
    assert chosen.rig == usual
    assert chosen.rig.path is None
    assert chosen.flash_policy == "always"
    assert chosen.is_firmware_known
    assert chosen.bauds == ()
    assert chosen.allowed == frozenset()


def test_real_rig_without_a_firmware_is_not_flashed(real_rig: str) -> None:
    chosen = options(rig=real_rig)
    assert chosen.flash_policy == "never"
    assert not chosen.is_firmware_known


def test_real_rig_with_a_firmware_is_flashed_where_it_differs(
    real_rig: str, pytester: pytest.Pytester
) -> None:
    from hil.flashing.manifest import save_firmware  # noqa: PLC0415
    from hil.flashing.synthesis import synthesize  # noqa: PLC0415

    save_firmware(synthesize(), pytester.path / "firmware")
    chosen = options(rig=real_rig, firmware="firmware/firmware.toml")
    assert chosen.flash_policy == "changed"
    assert options(rig=real_rig, firmware="firmware", flash_policy="never").flash_policy == "never"


@pytest.mark.parametrize("policy", ["changed", "always"])
def test_real_rig_is_never_flashed_with_a_firmware_that_does_nothing(
    real_rig: str, policy: str
) -> None:
    with pytest.raises(MistakeError) as mistake:
        options(rig=real_rig, flash_policy=policy)
    assert str(mistake.value) == (
        f"--hil-flash {policy}: the rig 'bench' holds a real module, and no firmware for it is "
        "named. Name one with --hil-firmware, or leave the flash as it is with --hil-flash never"
    )


def test_lists_are_read_with_and_without_spaces() -> None:
    chosen = options(bauds="9600, 115200", allowed="erase, update")
    assert chosen.bauds == (9600, 115200)
    assert chosen.allowed == {"erase", "update"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["--hil-rig=nosuch.toml"],
            "nosuch.toml: expected a rig description, found no such file. Check the path",
        ),
        (
            ["--hil-firmware=nosuch.toml"],
            "nosuch.toml: expected a firmware manifest, found no such file. Check the path",
        ),
        (
            ["--hil-baud=9600,fast"],
            f"--hil-baud: 'fast' is {NO_RATE}",
        ),
        (
            ["--hil-baud=109"],
            f"--hil-baud: '109' is {NO_RATE}",
        ),
        (["--hil-allow=explode"], "--hil-allow: 'explode' is not one of erase, power-cut, update"),
    ],
)
def test_mistake_stops_the_run_with_its_text(
    pytester: pytest.Pytester, arguments: list[str], text: str
) -> None:
    result = run_plan(pytester, "def test_one(at): ...", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().strip() == f"ERROR: {text}"
    assert not (pytester.path / "reports").exists()


def test_wrong_key_in_a_rig_file_is_named(pytester: pytest.Pytester) -> None:
    name = rig_file(pytester.path, WIRED, "boud = 9600", tail=BENCH)
    result = run_plan(pytester, "def test_one(at): ...", f"--hil-rig={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert result.stderr.str().strip() == (
        f"ERROR: {name}: module[0]: expected only the keys baud, dialect, faults, flash, lines, "
        "port, slot, found the key 'boud'. Did you mean 'baud'?"
    )


def test_every_option_is_explained(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest(*("-phil.plugins.options", "--help"))
    listed = [line.split()[0].split("=")[0] for line in result.outlines if "--hil-" in line]
    for name in ("rig", "firmware", "flash", "baud", "allow", "report"):
        assert f"--hil-{name}" in listed


def test_option_with_a_blank_that_leads_pytest_astray_is_told(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "firmware.toml"
    elsewhere.write_text("", encoding="utf-8")
    pytester.makefile(".ini", tox="[tox]\n\n[pytest]\naddopts =\n")
    result = run_plan(pytester, "def test_one(): ...", "--hil-firmware", str(elsewhere))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Write the values of --hil-... options with an equals sign" in result.stderr.str()


def test_a_record_is_a_rig_whose_firmware_is_known_if_the_toolkit_made_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "night.hilrec"
    path.write_text(json.dumps(HEADER.to_json()), "ascii")
    chosen = options(replay=str(path))
    assert chosen.rig.name == "bench-replay"
    assert chosen.is_firmware_known
    assert chosen.flash_policy == "never"
    path.write_text(json.dumps(HEADER.to_json() | {"firmware": {}}), "ascii")
    assert not options(replay=str(path)).is_firmware_known


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (
            {"replay": "rig.toml"},
            (
                "rig.toml: expected a record of a session, whose first line begins with "
                "{\"hil_record\":, found 'version = 1'"
            ),
        ),
        (
            {"record": "rig.toml"},
            (
                "rig.toml: expected no file there yet, to record a session into, found one that "
                "exists. Name another file, or remove this one if nobody needs it any more"
            ),
        ),
        (
            {"replay": "night.hilrec", "rig": "rig.toml"},
            (
                "--hil-replay plays the rig of its record, so --hil-rig cannot name another one; "
                "leave one of them out, or name a rig file with a port replay://FILE"
            ),
        ),
        (
            {"replay": "night.hilrec", "flash_policy": "always"},
            (
                "--hil-flash always: a record has no flash that could be written. Leave the option "
                "away"
            ),
        ),
    ],
    ids=["no record", "an old file", "two rigs", "flashing"],
)
def test_what_does_not_go_with_records_is_told(
    pytester: pytest.Pytester, given: dict[str, str], text: str
) -> None:
    rig_file(pytester.path)
    (pytester.path / "night.hilrec").write_text(json.dumps(HEADER.to_json()), "ascii")
    with pytest.raises(MistakeError) as mistake:
        options(**given)
    assert str(mistake.value) == text
