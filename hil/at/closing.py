"""What is closed at the end of a ``with`` block, by commands that can fail."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Self

from hil.errors import ReplyError

if TYPE_CHECKING:
    from types import TracebackType


class ClosedAtExit(ABC):
    """A context manager that closes itself; that this fails too hides no error of the block."""

    @abstractmethod
    def close(self) -> None:
        """Close it; twice is fine."""

    @property
    @abstractmethod
    def _what_failed(self) -> str:
        """The beginning of the note on an error behind which closing failed, too."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except ReplyError as failure:
            if error is None:
                raise
            error.add_note(f"{self._what_failed} either: {failure}")
