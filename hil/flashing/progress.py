"""Progress of flashing: a bar for each image on a terminal, quiet otherwise."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import TaskID


@contextmanager
def image_progress(stream: TextIO) -> Iterator[Callable[[str, int, int], None] | None]:
    """A function that shows how far each image is; None where the stream is no terminal."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:

        def show(image: str, done: int, total: int) -> None:
            if image not in tasks:
                tasks[image] = progress.add_task(image, total=total)
            progress.update(tasks[image], completed=done, total=total)

        yield show
