"""Every error that the toolkit raises for its callers, as one tree with two roots.

::

    HilError
    ├── MistakeError              you can mend it: a file, an option, an argument
    │   ├── FileMistakeError      a file does not say what it must
    │   │   ├── RigFileError      ... a rig description
    │   │   ├── ManifestError     ... a firmware manifest
    │   │   ├── CommandTableError ... the table of commands that comes with the toolkit
    │   │   └── RecordFileError   ... the record of a session
    │   ├── ImageError            a firmware image is not what its role demands
    │   ├── LayoutError           the images do not fit the flash
    │   ├── CommandArgumentError  an AT command was given a value outside of its range
    │   ├── CatalogueError        a clause id or the clause catalogue is wrong
    │   ├── RunRecordError        a run folder or its journal cannot be read
    │   ├── NeedMissingError      the rig does not have what this step needs
    │   └── ReplayMismatchError   a recorded session was asked for something else than is on record
    └── MisbehaviourError         the module or the rig did not do what it should
        ├── PortError             the serial port cannot be opened, or went away
        ├── AccessPointError      an access point of the rig does not obey
        ├── PeerError             nothing came of what a network peer should do with the module
        ├── ReplyError            a command did not get the reply that it has
        │   ├── NoReplyError          nothing, or not the end of a reply, came in time
        │   ├── UnexpectedReplyError  a reply came that the command does not have
        │   ├── CommandFailedError    the module answered ERROR, FAIL or busy
        │   └── ModuleRestartedError  the module restarted by itself
        ├── AnswerDiffersError    the text of an answer is another than the document's
        ├── LoaderError           the boot loader does not answer
        │   └── WrongChipError    another chip than an ESP8266 answers
        └── FlashingError         writing or verifying the flash went wrong

Each class keeps its operands as attributes and its text says what was attempted, what was
expected, what came, where, and what to do. The exit status of ``hil`` follows the root:
2 for a mistake, 3 for misbehaviour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class HilError(Exception):
    """Root of all errors that the toolkit raises on purpose."""

    exit_status = 1


class MistakeError(HilError):
    """The caller can mend this: a file, an option or an argument is wrong."""

    exit_status = 2


class MisbehaviourError(HilError):
    """The module or the rig did not do what it should."""

    exit_status = 3


class FileMistakeError(MistakeError):
    """A file says something that it must not, or lacks something.

    Args:
        path: The file, or None for a built-in description.
        key: Where in the file, in TOML notation (``module[0].baud``); empty for the whole file.
        allowed: What would have been accepted there.
        given: What stands there.
        remedy: What to do about it, if that is more than to write what is allowed.
    """

    kind = "file"

    def __init__(
        self, path: Path | None, key: str, *, allowed: str, given: str, remedy: str = ""
    ) -> None:
        self.path, self.key, self.allowed, self.given, self.remedy = (
            path,
            key,
            allowed,
            given,
            remedy,
        )
        place = str(path) if path is not None else f"the built-in {self.kind}"
        where = f"{place}: {key}" if key else place
        text = f"{where}: expected {allowed}, found {given}"
        super().__init__(f"{text}. {remedy}" if remedy else text)


class RigFileError(FileMistakeError):
    """A rig description does not say what it must."""

    kind = "rig description"


class ManifestError(FileMistakeError):
    """A firmware manifest does not say what it must."""

    kind = "firmware manifest"


class CommandTableError(FileMistakeError):
    """The table of commands that comes with the toolkit is damaged."""

    kind = "table of commands"


class RecordFileError(FileMistakeError):
    """The record of a session cannot be read or written, or is none."""

    kind = "record"


class ImageError(MistakeError):
    """A firmware image is not what its role demands.

    Args:
        name: The image's file name or role.
        problems: One sentence for each thing that is wrong.
    """

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        self.name, self.problems = name, tuple(problems)
        super().__init__(f"{name}: " + "; ".join(problems))


class LayoutError(MistakeError):
    """The images of a firmware cannot be placed on a flash of this size.

    Args:
        problems: One sentence for each thing that does not fit.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problems))


class CommandArgumentError(MistakeError):
    """An AT command was given a value that the document does not allow.

    Args:
        command: The command, ``AT+UART_CUR``.
        parameter: The document's name of the parameter.
        allowed: The document's range.
        given: The value.
    """

    def __init__(self, command: str, parameter: str, *, allowed: str, given: object) -> None:
        self.command, self.parameter, self.allowed, self.given = command, parameter, allowed, given
        super().__init__(f"{command}: {parameter} must be {allowed}, not {given!r}")


class CatalogueError(MistakeError):
    """A clause id, or the catalogue of clauses itself, is wrong."""


class RunRecordError(MistakeError):
    """A run folder, its journal or its record cannot be read."""


class NeedMissingError(MistakeError):
    """The rig does not have what this step needs.

    Args:
        need: The word of the vocabulary of needs (``reset``, ``power``, ...).
        rig: The rig's name.
        remedy: What to write into the rig description, or what to do by hand.
    """

    def __init__(self, need: str, rig: str, remedy: str) -> None:
        self.need, self.rig, self.remedy = need, rig, remedy
        super().__init__(f"rig {rig!r} has no {need!r}: {remedy}")


class ReplayMismatchError(MistakeError):
    """A session that is played from its record was asked for something else than is on record.

    No operand holds a password: whoever raises masks what was sent.

    Args:
        path: The record.
        line: Where in the file the sessions part.
        session: The test, or what else the session was recorded of; empty outside of one.
        after: What both sessions have in common last, and where it stands.
        recorded: What is on record there, as a clause: ``'AT' was sent``.
        happened: What was done instead, as a clause.
        remedy: What to do about it.
    """

    def __init__(
        self,
        path: Path,
        line: int,
        *,
        session: str,
        after: str,
        recorded: str,
        happened: str,
        remedy: str,
    ) -> None:
        self.path, self.line, self.session, self.after = path, line, session, after
        self.recorded, self.happened, self.remedy = recorded, happened, remedy
        place = f"{path}, line {line}"
        of = f" of {session}" if session else ""
        super().__init__(
            f"{place}: the session{of} parts from its record here, {after}: on record "
            f"{recorded}; now {happened}. {remedy}"
        )


class PortError(MisbehaviourError):
    """A serial port cannot be opened or configured, or went away.

    Args:
        port: The port's name.
        attempted: What was being done: ``open``, ``read``, ...
        reason: What the operating system or the driver said.
        remedy: What to check.
    """

    def __init__(self, port: str, *, attempted: str, reason: str, remedy: str) -> None:
        self.port, self.attempted, self.reason, self.remedy = port, attempted, reason, remedy
        super().__init__(f"cannot {attempted} {port}: {reason}. {remedy}")


class AccessPointError(MisbehaviourError):
    """An access point of the rig does not do what it was told.

    No operand holds a password: whoever raises masks what a command printed.

    Args:
        ssid: Its name.
        attempted: What was being done: ``switch on``, ``configure``, ...
        reason: What came instead.
        remedy: What to check.
    """

    def __init__(self, ssid: str, *, attempted: str, reason: str, remedy: str) -> None:
        self.ssid, self.attempted, self.reason, self.remedy = ssid, attempted, reason, remedy
        super().__init__(f"cannot {attempted} access point {ssid!r}: {reason}. {remedy}")


class PeerError(MisbehaviourError):
    """Nothing came of what a network peer should do with the module.

    Args:
        peer: Whom it concerns, as address and port.
        attempted: What was being done: ``listen at``, ``accept a connection at``, ...
        reason: What the operating system said, or what did not happen.
        remedy: What to check.
        received: The bytes that came, if too few did.
    """

    def __init__(
        self, peer: str, *, attempted: str, reason: str, remedy: str, received: bytes = b""
    ) -> None:
        self.peer, self.attempted, self.reason, self.remedy = peer, attempted, reason, remedy
        self.received = received
        super().__init__(f"cannot {attempted} {peer}: {reason}. {remedy}")


class ReplyError(MisbehaviourError):
    """A command did not get the reply that it has.

    No operand holds a password: whoever raises masks what was sent and what came.

    Args:
        command: What was sent, or what was waited for.
        expected: What should have come.
        received: What came instead, as a clause: ``nothing came``.
        after_s: How long after the first byte was sent, in seconds of the rig's clock.
        port: The port, and how it was set.
        remedy: What to do about it.
    """

    def __init__(
        self,
        command: str,
        *,
        expected: str,
        received: str,
        after_s: float,
        port: str,
        remedy: str,
    ) -> None:
        self.command, self.expected, self.received = command, expected, received
        self.after_s, self.port, self.remedy = after_s, port, remedy
        super().__init__(
            f"{command}: expected {expected}, but {received} after {after_s:.3g} s on {port}. "
            f"{remedy}"
        )


class NoReplyError(ReplyError):
    """Nothing, or not the end of a reply, came in time."""


class UnexpectedReplyError(ReplyError):
    """A reply came that the command does not have."""


class CommandFailedError(ReplyError):
    """The module answered a command with ERROR, FAIL or busy.

    Args:
        command: What was sent.
        result: The line that ended the reply.
        lines: The lines before it, which may name the reason.
        after_s: How long after the first byte was sent, in seconds of the rig's clock.
        port: The port, and how it was set.
        remedy: What to do about it.
        expected: What should have come instead of `result`.
    """

    def __init__(
        self,
        command: str,
        *,
        result: str,
        lines: Sequence[str],
        after_s: float,
        port: str,
        remedy: str,
        expected: str = "OK",
    ) -> None:
        self.result, self.lines = result, tuple(lines)
        received = " / ".join([*lines, result])
        super().__init__(
            command,
            expected=expected,
            received=f"the module answered {received}",
            after_s=after_s,
            port=port,
            remedy=remedy,
        )


class ModuleRestartedError(ReplyError):
    """The module restarted by itself while something else was expected of it.

    Args:
        command: What was sent, or what was waited for.
        cause: The figure of the boot log (``rst cause:``), or None if it was not readable.
        sign: What showed it: the line of the boot log, or ``ready``.
        after_s: How long after the first byte was sent, in seconds of the rig's clock.
        port: The port, and how it was set.
        remedy: What to do about it.
    """

    def __init__(
        self,
        command: str,
        *,
        cause: int | None,
        sign: str,
        after_s: float,
        port: str,
        remedy: str,
    ) -> None:
        self.cause, self.sign = cause, sign
        super().__init__(
            command,
            expected="a reply",
            received=f"the module restarted ({sign})",
            after_s=after_s,
            port=port,
            remedy=remedy,
        )


class AnswerDiffersError(MisbehaviourError):
    """The text of an answer is another than the one that the document gives.

    Args:
        command: What was sent, or what was done.
        expected: The lines that were expected, with ``|`` between them.
        received: The lines that came.
        port: The port, and how it was set.
    """

    def __init__(self, command: str, *, expected: str, received: str, port: str) -> None:
        self.command, self.expected, self.received, self.port = command, expected, received, port
        super().__init__(f"{command}: expected {expected}, but {received} came on {port}")


class LoaderError(MisbehaviourError):
    """The boot loader does not answer, or its answer cannot be used."""


class WrongChipError(LoaderError):
    """The chip that answers is not an ESP8266."""


class FlashingError(MisbehaviourError):
    """Writing or verifying the flash went wrong."""
