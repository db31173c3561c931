"""Parameters of commands: which values they take, and how a value is written into a line.

Every kind has a `name`, the document's, and a method `code` that gives the text to send or raises
`CommandArgumentError` before anything is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Protocol

from hil.errors import CommandArgumentError

_SPECIAL = (b"\\", b'"', b",")
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}", re.IGNORECASE)
_GROUP_BIT = 1


def format_string(text: str | bytes) -> bytes:
    """A string argument in double quotes (line 159).

    Comma, double quote and backslash get a backslash before them: the document prints it as a
    slash, and its examples disagree about the rest (lines 407-413, A-02, A-25).
    """
    data = text.encode() if isinstance(text, str) else text
    for special in _SPECIAL:
        data = data.replace(special, b"\\" + special)
    return b'"' + data + b'"'


class Parameter(Protocol):
    """One place in the argument list of a command."""

    @property
    def name(self) -> str:
        """The document's name."""

    def code(self, command: str, value: object) -> str:
        """The parameter as it is sent.

        Raises:
            CommandArgumentError: The value is not allowed.
        """


class Hidden:
    """Stands for a value that no error may show."""

    def __init__(self, value: object) -> None:
        self._size = len(value) if isinstance(value, str | bytes) else None

    def __repr__(self) -> str:
        return "***" if self._size is None else f"*** ({self._size} bytes)"


@dataclass(frozen=True, slots=True)
class WholeNumber:
    """A parameter that takes whole numbers of one range.

    Args:
        name: The document's name.
        lowest: The smallest allowed.
        highest: The largest allowed.
    """

    name: str
    lowest: int
    highest: int

    def code(self, command: str, value: object) -> str:
        """The number."""
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if not is_whole or not self.lowest <= value <= self.highest:  # type: ignore[operator]
            allowed = f"a whole number from {self.lowest} to {self.highest}"
            raise CommandArgumentError(command, self.name, allowed=allowed, given=value)
        return str(int(value))  # type: ignore[call-overload]


@dataclass(frozen=True, slots=True)
class Choice:
    """A parameter that is sent as a code for one of several values.

    Args:
        name: The document's name.
        codes: The code of each value.
    """

    name: str
    codes: dict[object, int]

    def code(self, command: str, value: object) -> str:
        """The code of the value."""
        if value not in self.codes:
            allowed = "one of " + ", ".join(str(choice) for choice in self.codes)
            raise CommandArgumentError(command, self.name, allowed=allowed, given=value)
        return str(self.codes[value])


@dataclass(frozen=True, slots=True)
class Switch:
    """A parameter that is 1 for yes and 0 for no."""

    name: str

    def code(self, command: str, value: object) -> str:
        """1 or 0."""
        if not isinstance(value, bool):
            raise CommandArgumentError(command, self.name, allowed="True or False", given=value)
        return "1" if value else "0"


@dataclass(frozen=True, slots=True)
class Text:
    """A string of so many bytes, quoted and escaped; text is sent as UTF-8.

    Args:
        name: The document's name.
        shortest: The least number of bytes, before escaping.
        longest: The greatest.
        is_secret: Whether no error may show it.
    """

    name: str
    shortest: int
    longest: int
    is_secret: bool = False

    def code(self, command: str, value: object) -> str:
        """The string in quotes."""
        data = value.encode() if isinstance(value, str) else value
        if not isinstance(data, bytes):
            raise self._mistake(command, "text or bytes", value)
        if not self.shortest <= len(data) <= self.longest:
            raise self._mistake(command, f"{self.shortest} to {self.longest} bytes long", value)
        if any(byte in data for byte in b"\r\n\0"):
            raise self._mistake(command, "without CR, LF and NUL, which end a line", value)
        return format_string(data).decode("utf-8", "surrogateescape")

    def _mistake(self, command: str, allowed: str, value: object) -> CommandArgumentError:
        given = Hidden(value) if self.is_secret else value
        return CommandArgumentError(command, self.name, allowed=allowed, given=given)


@dataclass(frozen=True, slots=True)
class Address:
    """An IPv4 address, quoted."""

    name: str

    def code(self, command: str, value: object) -> str:
        """The address in quotes."""
        text = str(value) if isinstance(value, str | IPv4Address) else ""
        try:
            return f'"{IPv4Address(text)}"'
        except AddressValueError:
            raise CommandArgumentError(
                command, self.name, allowed="an IPv4 address", given=value
            ) from None


@dataclass(frozen=True, slots=True)
class MacAddress:
    """A MAC address, quoted, in small letters.

    Args:
        name: The document's name.
        is_own: Whether it is to be an interface's own, which cannot be a group's (A-37).
    """

    name: str
    is_own: bool = False

    def code(self, command: str, value: object) -> str:
        """The address in quotes."""
        if not isinstance(value, str) or not _MAC.fullmatch(value):
            allowed = "a MAC address like 18:fe:35:98:d3:7b"
            raise CommandArgumentError(command, self.name, allowed=allowed, given=value)
        if self.is_own and int(value[:2], 16) & _GROUP_BIT:
            allowed = "no group address, so its first byte must be even"
            raise CommandArgumentError(command, self.name, allowed=allowed, given=value)
        return f'"{value.lower()}"'
