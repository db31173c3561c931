"""A way for the test's thread into the loop that serves modules."""

from __future__ import annotations

import os
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

from .served_module import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Inside:
    """A link without a host: what is done through it happens in the loop, between its turns."""

    name = "inside"

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._tasks: SimpleQueue[Callable[[int], None]] = SimpleQueue()

    def do(self, task: Callable[[int], T]) -> T:
        """Let the loop carry something out at its present moment."""
        results: SimpleQueue[T] = SimpleQueue()
        self._tasks.put(lambda now_ns: results.put(task(now_ns)))
        os.write(self._writer, b"x")
        return results.get(timeout=PATIENCE_S)

    def readers(self, now_ns: int) -> list[int]:
        return [self._reader]

    def writers(self) -> list[int]:
        return []

    def next_deadline_ns(self, now_ns: int) -> int | None:
        return None

    def serve(self, now_ns: int) -> None:
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)
        while not self._tasks.empty():
            self._tasks.get()(now_ns)

    def close(self) -> None:
        if self._reader >= 0:
            os.close(self._reader)
            os.close(self._writer)
            self._reader = -1
