"""Where a password is: in the environment or in a private file, never in the rig file itself."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hil.errors import RigFileError
from hil.ports.access_point import password_problem
from hil.toml_table import Words

if TYPE_CHECKING:
    from hil.ports.access_point import ApSecurity
    from hil.toml_table import Table

ALLOWED = "'env:NAME' or 'file:PATH', which say where the password is"

_ENVIRONMENT = re.compile(r"env:([A-Za-z_]\w*)", re.ASCII)
_FILE = re.compile(r"file:(.+)")


class PasswordSource(Protocol):
    """Something that knows a password."""

    @property
    def is_secret(self) -> bool:
        """Whether what it knows must not be shown."""

    def read(self, security: ApSecurity) -> str:
        """The password.

        Args:
            security: What it is for.

        Raises:
            RigFileError: It is not there, or cannot be a password.
        """


@dataclass(frozen=True, slots=True)
class KnownPassword:
    """A password that everybody may know, as those of the built-in air."""

    password: str = field(default="", repr=False)

    is_secret = False

    def read(self, security: ApSecurity) -> str:
        """The password."""
        del security
        return self.password


NO_PASSWORD = KnownPassword()
"""Of an open network."""


@dataclass(frozen=True, slots=True)
class EnvironmentPassword:
    """A password in a variable of the environment.

    Args:
        name: Of the variable.
        key: Where the rig file names it.
        rig_file: That file.
    """

    name: str
    key: str = field(compare=False)
    rig_file: Path | None = field(compare=False)

    is_secret = True

    def read(self, security: ApSecurity) -> str:
        """The password. See `PasswordSource`."""
        what = f"a password in the environment variable {self.name}"
        password = os.environ.get(self.name)
        if not password:
            given = "no such variable" if password is None else "an empty one"
            remedy = f"Set it before the program starts: export {self.name}=..."
            raise RigFileError(self.rig_file, self.key, allowed=what, given=given, remedy=remedy)
        return _fitting(password, security, self.rig_file, self.key, what)


@dataclass(frozen=True, slots=True)
class FilePassword:
    """A password that is the one line of a file.

    Args:
        file: The file.
        key: Where the rig file names it.
        rig_file: That file.
    """

    file: Path
    key: str = field(compare=False)
    rig_file: Path | None = field(compare=False)

    is_secret = True

    def read(self, security: ApSecurity) -> str:
        """The password. See `PasswordSource`."""
        what = f"a password as the one line of the file {self.file}"
        remedy = "Write it there, and let nobody else read the file: chmod 600"
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            given = error.strerror or "a file that cannot be read"
            raise RigFileError(
                self.rig_file, self.key, allowed=what, given=given, remedy=remedy
            ) from error
        except UnicodeDecodeError:  # its text shows what it could not read
            lines = []
        if len(lines) != 1:
            given = f"{len(lines)} lines" if lines else "no text"
            raise RigFileError(self.rig_file, self.key, allowed=what, given=given, remedy=remedy)
        return _fitting(lines[0], security, self.rig_file, self.key, what)


def parse_password(table: Table, key: str) -> PasswordSource:
    """Where the password of a table is.

    Raises:
        RigFileError: It is not said, or the password itself stands there; it is not shown.
    """
    text = table.hidden_text(key, allowed=ALLOWED)
    place = table.key_name(key)
    folder = table.path.parent if table.path is not None else Path()
    if match := _ENVIRONMENT.fullmatch(text):
        return EnvironmentPassword(match[1], place, table.path)
    if match := _FILE.fullmatch(text):
        return FilePassword(folder / match[1], place, table.path)
    raise table.mistake(
        key,
        allowed=ALLOWED,
        given=Words("something else, which is not shown"),
        remedy="A rig file holds no passwords",
    )


def _fitting(
    password: str, security: ApSecurity, rig_file: Path | None, key: str, what: str
) -> str:
    if problem := password_problem(security, password):
        raise RigFileError(rig_file, key, allowed=what, given=f"an unfit one: {problem}")
    return password
