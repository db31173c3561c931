"""The tree of errors, what they say, and what status a command ends with."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from hil import errors
from hil.errors import (
    CommandArgumentError,
    CommandFailedError,
    FileMistakeError,
    HilError,
    ImageError,
    LayoutError,
    ManifestError,
    MisbehaviourError,
    MistakeError,
    ModuleRestartedError,
    NeedMissingError,
    NoReplyError,
    PortError,
    ReplyError,
    RigFileError,
    UnexpectedReplyError,
)

PACKAGE = Path(errors.__file__).parent
CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, Exception)
}


def drawn_tree() -> dict[str, str]:
    """Each class in the picture with the one that it hangs on."""
    tree: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ((?:│   |    )*(?:[├└]── )?)(\w+Error)\b", line)
        if match is None:
            continue
        depth = len(match[1]) // 4
        path[depth:] = [match[2]]
        tree[match[2]] = path[depth - 1] if depth else ""
    return tree


def real_tree() -> dict[str, str]:
    tree = {}
    for name, kind in CLASSES.items():
        (parent,) = kind.__bases__
        tree[name] = "" if parent is Exception else parent.__name__
    return tree


def test_the_tree_in_the_docstring_is_the_real_tree() -> None:
    assert drawn_tree() == real_tree()


def test_there_are_two_roots_below_the_root() -> None:
    assert {name for name, parent in real_tree().items() if parent == "HilError"} == {
        "MistakeError",
        "MisbehaviourError",
    }


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_the_exit_status_follows_the_root(kind: type[HilError]) -> None:
    if issubclass(kind, MistakeError):
        assert kind.exit_status == 2
    elif issubclass(kind, MisbehaviourError):
        assert kind.exit_status == 3
    else:
        assert kind.exit_status == 1


def test_a_mistake_in_a_file_names_file_key_and_remedy() -> None:
    error = RigFileError(
        Path("b.toml"), "rig.name", allowed="a text", given="nothing", remedy="Write one"
    )
    assert str(error) == "b.toml: rig.name: expected a text, found nothing. Write one"
    assert (error.path, error.key, error.allowed, error.given, error.remedy) == (
        Path("b.toml"),
        "rig.name",
        "a text",
        "nothing",
        "Write one",
    )


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (RigFileError, "the built-in rig description: expected a rig, found none"),
        (ManifestError, "the built-in firmware manifest: expected a rig, found none"),
        (FileMistakeError, "the built-in file: expected a rig, found none"),
    ],
)
def test_a_mistake_in_what_is_built_in(kind: type[FileMistakeError], text: str) -> None:
    assert str(kind(None, "", allowed="a rig", given="none")) == text


def test_problems_of_an_image_stand_behind_its_name() -> None:
    error = ImageError("boot.bin", ["it is empty", "it has no header"])
    assert str(error) == "boot.bin: it is empty; it has no header"
    assert error.problems == ("it is empty", "it has no header")


def test_problems_of_a_layout_stand_behind_each_other() -> None:
    error = LayoutError(["user1 does not fit", "nor does user2"])
    assert str(error) == "user1 does not fit; nor does user2"
    assert error.problems == ("user1 does not fit", "nor does user2")


def test_an_argument_outside_of_its_range() -> None:
    error = CommandArgumentError("AT+UART_CUR", "baudrate", allowed="110 to 4608000", given=1)
    assert str(error) == "AT+UART_CUR: baudrate must be 110 to 4608000, not 1"
    assert (error.command, error.parameter, error.given) == ("AT+UART_CUR", "baudrate", 1)


def test_a_missing_need() -> None:
    error = NeedMissingError("reset", "bench-7", "press the button")
    assert str(error) == "rig 'bench-7' has no 'reset': press the button"
    assert (error.need, error.rig, error.remedy) == ("reset", "bench-7", "press the button")


def test_a_port_that_fails() -> None:
    error = PortError("COM3", attempted="open", reason="it is not there", remedy="Plug it in")
    assert str(error) == "cannot open COM3: it is not there. Plug it in"
    assert (error.port, error.attempted, error.reason, error.remedy) == (
        "COM3",
        "open",
        "it is not there",
        "Plug it in",
    )


@pytest.mark.parametrize("kind", [ReplyError, NoReplyError, UnexpectedReplyError])
def test_a_reply_that_is_missing_or_wrong(kind: type[ReplyError]) -> None:
    error = kind(
        "AT+GMR",
        expected="OK",
        received="nothing came",
        after_s=2.04429,
        port="COM3 at 115200 baud",
        remedy="Check the supply.",
    )
    assert str(error) == (
        "AT+GMR: expected OK, but nothing came after 2.04 s on COM3 at 115200 baud. "
        "Check the supply."
    )
    assert (error.command, error.expected, error.received, error.after_s) == (
        "AT+GMR",
        "OK",
        "nothing came",
        2.04429,
    )


def test_a_command_that_failed_shows_what_the_module_said_before() -> None:
    error = CommandFailedError(
        "AT+CWJAP",
        result="FAIL",
        lines=["+CWJAP:1"],
        after_s=15,
        port="COM3",
        remedy="Check the password.",
    )
    assert str(error) == (
        "AT+CWJAP: expected OK, but the module answered +CWJAP:1 / FAIL after 15 s on COM3. "
        "Check the password."
    )
    assert (error.result, error.lines) == ("FAIL", ("+CWJAP:1",))


def test_a_restart_tells_by_what_it_was_seen() -> None:
    error = ModuleRestartedError(
        "AT", cause=4, sign="rst cause 4: watchdog", after_s=0.5, port="COM3", remedy="Look."
    )
    assert str(error) == (
        "AT: expected a reply, but the module restarted (rst cause 4: watchdog) after 0.5 s on "
        "COM3. Look."
    )
    assert (error.cause, error.sign) == (4, "rst cause 4: watchdog")
