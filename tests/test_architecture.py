"""The rules of docs/architecture.md that a machine can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hil"
SOURCES = sorted(PACKAGE.rglob("*.py"))

# What may be imported inside of the virtual room, beside itself.
VIRTUAL_MAY_IMPORT = {"hil.units", "hil.virtual"}
VIRTUAL_MAY_NOT_IMPORT = {"time", "socket", "threading", "asyncio", "random", "datetime", "os"}

# Third-party names appear in few, named files.
THIRD_PARTY = {
    "esptool": {"hil/flashing/esptool_session.py"},
    "esp_pylib": {"hil/flashing/esptool_session.py"},
    "serial": {
        "hil/drive/com_port.py",
        "hil/drive/url/__init__.py",
        "hil/drive/url/module_port.py",
        "hil/drive/url/protocol_hil.py",
        "hil/drive/url/protocol_replay.py",
        "hil/drive/url/protocol_sim.py",
        "hil/flashing/esptool_session.py",
        "hil/ports/modem_lines.py",
        "hil/ports/rfc2217_port.py",
        "hil/ports/serial_port.py",
    },
    "prompt_toolkit": {"hil/console/terminal.py"},
    "rich": {"hil/flashing/progress.py"},
}
THIRD_PARTY_ROOMS = {
    "pytest": "hil/plugins/",
    "_pytest": "hil/plugins/",
    "pytest_html": "hil/plugins/",
    "click": "hil/cli/",
}


def imports_of(path: Path) -> list[str]:
    """Names of all modules that a file imports, relative ones made absolute."""
    package = ".".join(path.relative_to(ROOT).with_suffix("").parts[:-1])
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                parents = parts[: len(parts) - node.level + 1]
                base = ".".join([*parents, *([base] if base else [])])
            names.append(base)
    return names


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", sorted((PACKAGE / "virtual").rglob("*.py")), ids=named)
def test_the_virtual_room_knows_nothing_of_the_toolkit_and_of_the_host(path: Path) -> None:
    for name in imports_of(path):
        root = name.partition(".")[0]
        if root == "hil":
            assert any(
                name == allowed or name.startswith(allowed + ".") for allowed in VIRTUAL_MAY_IMPORT
            ), f"{named(path)} imports {name}"
        else:
            assert root in sys.stdlib_module_names, f"{named(path)} imports {name}"
            assert root not in VIRTUAL_MAY_NOT_IMPORT, f"{named(path)} imports {name}"


@pytest.mark.parametrize(
    "room",
    ["at", "console", "flashing", "measure", "recording", "report", "ports", "spec"],
)
def test_the_client_side_knows_nothing_of_the_virtual_module(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imports_of(path):
            assert not name.startswith(("hil.virtual", "hil.drive")), f"{named(path)}: {name}"


def test_test_plans_know_nothing_of_the_virtual_module() -> None:
    for path in (ROOT / "testplans").rglob("*.py"):
        for name in imports_of(path):
            assert not name.startswith(("hil.virtual", "hil.drive")), f"{named(path)}: {name}"


def test_only_the_assembly_knows_both_worlds() -> None:
    both = [
        named(path)
        for path in SOURCES
        if not named(path).startswith(("hil/virtual/", "hil/drive/"))
        and any(name.startswith(("hil.virtual", "hil.drive")) for name in imports_of(path))
    ]
    # The assembly builds virtual modules, the air and the network around them, and played ones;
    # served.py hands its world to real links; urls.py makes their URLs known to a program that
    # opens its port itself.
    assert both == [
        "hil/rig/air_assembly.py",
        "hil/rig/assembly.py",
        "hil/rig/network_assembly.py",
        "hil/rig/replay_assembly.py",
        "hil/rig/served.py",
        "hil/rig/urls.py",
    ]


@pytest.mark.parametrize("name", sorted(THIRD_PARTY))
def test_a_third_party_name_appears_in_its_named_files_only(name: str) -> None:
    users = {
        named(path)
        for path in SOURCES
        if any(used.partition(".")[0] == name for used in imports_of(path))
    }
    assert users <= THIRD_PARTY[name]


@pytest.mark.parametrize("name", sorted(THIRD_PARTY_ROOMS))
def test_a_third_party_name_appears_in_its_room_only(name: str) -> None:
    for path in SOURCES:
        if any(used.partition(".")[0] == name for used in imports_of(path)):
            assert named(path).startswith(THIRD_PARTY_ROOMS[name]), named(path)


def test_the_table_of_commands_knows_nothing_of_the_toolkit_but_errors_and_units() -> None:
    allowed = {"hil.errors", "hil.units", "hil.toml_table"}
    for path in (PACKAGE / "spec").rglob("*.py"):
        used = {name for name in imports_of(path) if name.partition(".")[0] == "hil"}
        assert {name for name in used if not name.startswith("hil.spec")} <= allowed, named(path)


def test_imports_point_one_way_and_without_cycles() -> None:
    """import-linter reads the layers in pyproject.toml."""
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_no_run_time_guard_is_an_assert() -> None:
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        lines = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
        assert not lines, f"{named(path)}: assert in line {lines}"


def test_files_are_one_idea_long() -> None:
    long = {
        named(path): lines
        for path in SOURCES
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 450
    }
    assert not long


def test_no_file_is_named_after_nothing() -> None:
    forbidden = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
    assert not [named(path) for path in SOURCES if path.stem in forbidden]


def test_pytest_settings_stand_in_tox_ini_alone() -> None:
    assert "[tool.pytest" not in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "[pytest]" in (ROOT / "tox.ini").read_text(encoding="utf-8")
    assert not [
        path
        for name in ("pytest.ini", ".pytest.ini", "setup.cfg")
        if (path := ROOT / name).exists()
    ]


def test_every_plugin_entry_point_is_named_like_its_file() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = text.partition("[project.entry-points.pytest11]\n")[2].partition("\n\n")[0]
    entries = re.findall(r'"([\w.]+)" = "([\w.]+)"', table)
    assert entries
    for name, target in entries:
        assert name == target
        assert (ROOT / Path(*name.split("."))).with_suffix(".py").exists()


def test_every_option_begins_with_the_name_of_the_toolkit() -> None:
    for path in (PACKAGE / "plugins").rglob("*.py"):
        for option in re.findall(r'addoption\(\s*"(--[\w-]+)"', path.read_text(encoding="utf-8")):
            assert option.startswith("--hil-"), f"{named(path)}: {option}"
