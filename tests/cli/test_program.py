"""The program as a whole: quick help, exit statuses, where texts go, and how it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from hil.cli import main
from hil.drive.registry import find_machine
from hil.ports.control_lines import Line
from hil.rig.module import RigModule
from hil.virtual.bench import Bench, Contact

from .program import ROOT, call, start, write_rig

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = [
    "at",
    "console",
    "diff",
    "esptool",
    "firmware",
    "flash",
    "report",
    "reset",
    "rig",
    "run",
    "transcript",
    "virtual",
]


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    ended = call(capsys, "--help")
    assert ended.status == 0
    listed = ended.out.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == COMMANDS
    assert ended.err == ""


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "esptool"])
def test_every_command_has_a_help_of_its_own(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    ended = call(capsys, command, "--help")
    assert ended.status == 0
    assert ended.out.startswith(f"Usage: hil {command} [OPTIONS]")


def test_help_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys; sys.argv = ['hil', '--help']\n"
        "from hil.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "'hil'" in ended.stderr
    for name in ("esptool", "prompt_toolkit", "pytest", "serial", "rich", "pyvisa"):
        assert f"'{name}'" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["nosuch"], "No such command 'nosuch'."),
        (["at"], "Missing argument 'COMMAND...'."),
        (["flash", "--nosuch"], "No such option '--nosuch'."),
        (["at", "AT", "--timeout", "soon"], "'soon' is not a valid float range."),
        (["at", "AT", "--timeout", "0"], "0.0 is not in the range x>0."),
        (["run", "--flash", "often"], "'often' is not one of 'never', 'changed', 'always'."),
    ],
)
def test_wrong_call_has_status_2_and_tells_so_on_stderr(
    capsys: pytest.CaptureFixture[str], arguments: list[str], text: str
) -> None:
    ended = call(capsys, *arguments)
    assert ended.status == 2
    assert ended.out == ""
    assert text in ended.err


COMMANDS_WITH_A_RIG = [["at", "AT"], ["flash"], ["reset"], ["reset", "--loader"]]


@pytest.mark.parametrize("arguments", COMMANDS_WITH_A_RIG)
def test_missing_rig_file_is_a_mistake(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    path = tmp_path / "nosuch.toml"
    ended = call(capsys, *arguments, "--rig", path)
    assert ended == (
        2,
        "",
        f"hil: {path}: expected a rig description, found no such file. Check the path\n",
    )


@pytest.mark.parametrize("arguments", COMMANDS_WITH_A_RIG)
def test_wrong_rig_file_is_a_mistake_that_names_the_key(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    path = write_rig(tmp_path, "sim://default/module0", "baud = 1")
    ended = call(capsys, *arguments, "--rig", path)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.startswith(f"hil: {path}: module[0].baud: expected ")


@pytest.mark.parametrize("arguments", [["at", "AT"], ["reset"], ["reset", "--loader"]])
def test_missing_port_is_a_rig_that_misbehaves(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str]
) -> None:
    ended = call(capsys, *arguments, "--rig", write_rig(tmp_path, "/dev/does-not-exist"))
    assert ended.status == 3
    assert ended.out == ""
    assert ended.err.startswith("hil: cannot open /dev/does-not-exist: ")
    assert ended.err.endswith(
        "Check the name of the port in the rig description and that the adapter is plugged in; "
        "`python -m serial.tools.list_ports -v` lists what is there\n"
    )


@pytest.mark.parametrize("arguments", COMMANDS_WITH_A_RIG)
def test_slot_that_the_rig_does_not_have_is_a_mistake(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    ended = call(capsys, *arguments, "--slot", "3")
    assert ended == (2, "", "hil: rig 'virtual' has no slot 3; it has 0\n")


class HeldDown:
    """A module whose boot strap and reset are held when somebody stops the program."""

    def __init__(self, module: RigModule) -> None:
        module.lines.set({Line.STRAP: True, Line.RESET: True})
        _, machine = find_machine("default", "module0")
        assert isinstance(machine, Bench)
        self.bench = machine
        self.states = self.contacts()

    def contacts(self) -> dict[str, bool]:
        return {
            contact.name: self.bench.is_closed(contact)
            for contact in (Contact.STRAP, Contact.RESET, Contact.POWER)
        }


@pytest.fixture
def _own_signals() -> Iterator[None]:
    def fail(*_: object) -> None:
        pytest.fail("the program does not listen to SIGTERM")

    before = signal.signal(signal.SIGTERM, fail)
    # A shell lets what it starts in the background ignore SIGINT; a user's program does not.
    interrupt_before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, interrupt_before)
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_own_signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("arguments", [["at", "AT"], ["reset"]])
def test_stopping_the_program_leaves_the_rig_in_its_safe_state(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    number: signal.Signals,
) -> None:
    held: list[HeldDown] = []

    def stop(module: RigModule) -> None:
        held.append(HeldDown(module))
        os.kill(os.getpid(), number)

    monkeypatch.setattr(RigModule, "start", stop)
    with mock.patch.object(sys, "argv", ["hil", *arguments]), pytest.raises(SystemExit) as leave:
        main()

    assert leave.value.code == 130
    assert capsys.readouterr().err.strip() == "hil: stopped"
    assert held[0].states == {"STRAP": True, "RESET": True, "POWER": True}
    assert held[0].contacts() == {"STRAP": False, "RESET": False, "POWER": True}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "arguments", [["--help"], ["at", "AT"], ["run", "smoke", "--", "-pno:cacheprovider"]]
)
def test_an_output_that_is_full_is_a_mistake(
    tmp_path: Path, arguments: list[str], unbuffered: str
) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = start(tmp_path, *arguments, out=full, PYTHONUNBUFFERED=unbuffered)
    assert ended.status == 2
    assert ended.err == "hil: the output cannot be written: No space left on device\n"
