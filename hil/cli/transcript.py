"""``hil transcript``: read what came over a serial line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hil.errors import MistakeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hil.at.capture import Seen


@click.group()
def transcript() -> None:
    """Read logs of a module's serial line."""


@transcript.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--json", "is_json", is_flag=True, help="One JSON object for each event.")
def parse(
    file: Path,
    is_json: bool,  # noqa: FBT001 - click passes it by name
) -> None:
    """Print the events in a log, one on each line.

    FILE is a raw capture of what a module sent, or, if its name ends in .toml, a list of
    [[transcript]] tables with an id and lines of ["tx" or "rx", text]. Text that is not understood
    is an event "unknown". Passwords are masked.
    """
    for name, seen in _events(file):
        click.echo(_as_json(name, seen) if is_json else _as_text(name, seen))


def _events(file: Path) -> Iterator[tuple[str, Seen]]:
    from hil.at.capture import (  # noqa: PLC0415 - quick start
        load_field_transcripts,
        read_capture,
        read_transcript,
    )

    if file.suffix.lower() == ".toml":
        for each in load_field_transcripts(file):
            yield from _named(each.name, read_transcript(each))
    else:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise MistakeError(f"cannot read {file}: {error.strerror}") from None
        yield from _named(file.name, read_capture(data))


def _named(name: str, events: Iterable[Seen]) -> Iterator[tuple[str, Seen]]:
    """Events with the name of their transcript; passwords that were sent hidden in all of them."""
    from hil.at.capture import mask_seen  # noqa: PLC0415 - quick start

    return ((name, seen) for seen in mask_seen(events))


def _as_json(name: str, seen: Seen) -> str:
    told = {"transcript": name, "event": seen.name, "text": seen.text, **seen.operands}
    return json.dumps(told, ensure_ascii=False)


def _as_text(name: str, seen: Seen) -> str:
    operands = " ".join(
        f"{key}={value}" for key, value in seen.operands.items() if value not in {None, False}
    )
    text = seen.text.translate(_CONTROLS)
    return f"{name}  {seen.name:<12}{text}{'  ' + operands if operands else ''}"


# A terminal must not act on what a module sent.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    0x0D: "\\r",
    0x0A: "\\n",
    0x09: "\\t",
}
