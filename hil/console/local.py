"""The console's own commands: lines that begin with a colon and never reach the module."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from hil.errors import MistakeError

from .masking import mask_line

LOCAL_MARK = ":"
"""A line that begins with two of them is sent, with one."""

_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[rnt0\\]|.?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LocalCommand:
    """One of the console's own commands.

    Args:
        name: Without its colon.
        operand: What it takes, in words; empty if nothing.
        summary: What it does.
        is_operand_needed: Whether it can not be left out.
    """

    name: str
    operand: str
    summary: str
    is_operand_needed: bool = True


LOCAL_COMMANDS = (
    LocalCommand(
        "help",
        "[COMMAND]",
        "these commands, or all about an AT command",
        is_operand_needed=False,
    ),
    LocalCommand("send", "TEXT", r"send bytes as they are; \r \n \t \0 \\ \xNN are one byte each"),
    LocalCommand("baud", "RATE", "set the rate of this side of the line"),
    LocalCommand("reset", "", "restart the module by the rig's lines, and show its boot log"),
    LocalCommand("wake", "open|closed", "part XPD_DCDC from EXT_RSTB, or join them"),
    LocalCommand("wait", "SECONDS", "let time pass, and show what comes"),
    LocalCommand("quit", "", "leave; so does Ctrl-D"),
)


@dataclass(frozen=True, slots=True)
class LocalCall:
    """A local command with its operand.

    Args:
        name: Which one.
        operand: Behind the first blank; empty if there is none.
    """

    name: str
    operand: str = ""


def find_local(line: str) -> LocalCommand | None:
    """The local command whose name a line has."""
    name = line.removeprefix(LOCAL_MARK).partition(" ")[0]
    return next((command for command in LOCAL_COMMANDS if command.name == name), None)


def parse_local(line: str) -> LocalCall:
    """The local command in a line.

    Raises:
        MistakeError: There is none of this name, or its operand is missing or superfluous.
    """
    name, _, operand = line.removeprefix(LOCAL_MARK).partition(" ")
    command = find_local(line)
    if command is None:
        names = [known.name for known in LOCAL_COMMANDS]
        near = get_close_matches(name, names, n=1)
        meant = f" Did you mean {LOCAL_MARK}{near[0]}?" if near else ""
        raise MistakeError(
            f"there is no command {LOCAL_MARK}{mask_line(name)} in the console.{meant} :help lists "
            "them; a line to be sent that begins with a colon needs two"
        )
    if command.name != "send":
        operand = operand.strip()
    if bool(operand) > bool(command.operand):
        shown = mask_line(operand)
        raise MistakeError(f"{LOCAL_MARK}{name} takes nothing behind it, not {shown!r}")
    if command.operand and command.is_operand_needed and not operand:
        raise MistakeError(f"{LOCAL_MARK}{name} needs {command.operand} behind it")
    return LocalCall(name, operand)


def parse_escapes(text: str) -> bytes:
    r"""The bytes of a text in which ``\r``, ``\n``, ``\t``, ``\0``, ``\\`` and ``\xNN`` are bytes.

    Raises:
        MistakeError: Something else stands behind a backslash.
    """
    data = bytearray()
    end = 0
    for match in _ESCAPE.finditer(text):
        data += text[end : match.start()].encode("utf-8", "surrogateescape")
        end = match.end()
        code = match[1]
        if code[:1] == "x" and len(code) > 1:
            data.append(int(code[1:], 16))
        elif code in _ESCAPES:
            data += _ESCAPES[code]
        else:
            raise MistakeError(
                rf"\{code} is no escape: write \r, \n, \t, \0, \xNN, or \\ for a backslash"
            )
    return bytes(data) + text[end:].encode("utf-8", "surrogateescape")


def help_lines() -> list[str]:
    """What ``:help`` prints."""
    heads = [f"{LOCAL_MARK}{each.name} {each.operand}".rstrip() for each in LOCAL_COMMANDS]
    width = max(map(len, heads))
    return [
        f"{head:{width}}  {command.summary}"
        for head, command in zip(heads, LOCAL_COMMANDS, strict=True)
    ]
