"""Options that several commands share, and how a command gets its rig."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hil.flashing.manifest import Firmware
    from hil.rig.description import RigDescription
    from hil.rig.module import RigModule
    from hil.rig.rig import Rig

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

rig_option: Decorator = click.option(
    "--rig", "rig_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Rig description; without it a virtual rig is used.",
)  # fmt: skip
firmware_option: Decorator = click.option(
    "--firmware", "firmware_file", type=click.Path(path_type=Path), metavar="FILE",
    help="Firmware manifest; without it a synthesized firmware is used.",
)  # fmt: skip
slot_option: Decorator = click.option(
    "--slot", type=int, default=0, show_default=True, help="Which module of the rig."
)
port_option: Decorator = click.option(
    "--port", metavar="PORT",
    help="A port without a rig: /dev/ttyUSB0, a pty, or a URL of pyserial, hil:// and sim:// too.",
)  # fmt: skip
baud_option: Decorator = click.option(
    "--baud", type=click.IntRange(110, 4_608_000), metavar="RATE",
    help="Rate of --port at the start. Default: 115200.",
)  # fmt: skip


SYNTHESIZED = {"name": "synthesized", "at_version": "unknown", "manifest": "synthesized"}


def describe(rig_file: Path | None) -> RigDescription:
    """The rig of ``--rig``, or the virtual one."""
    from hil.rig.description import VIRTUAL_RIG, load_rig  # noqa: PLC0415 - quick start

    return load_rig(rig_file) if rig_file else VIRTUAL_RIG


def load(firmware_file: Path | None) -> Firmware:
    """The firmware of ``--firmware``, or the synthesized one."""
    from hil.flashing.manifest import load_firmware  # noqa: PLC0415 - quick start
    from hil.flashing.synthesis import synthesize  # noqa: PLC0415

    return load_firmware(firmware_file) if firmware_file else synthesize()


@contextmanager
def opened(rig_file: Path | None, firmware_file: Path | None = None) -> Iterator[Rig]:
    """The open rig of ``--rig``."""
    from hil.rig.assembly import open_rig  # noqa: PLC0415 - quick start

    with open_rig(describe(rig_file), load(firmware_file)) as rig:
        yield rig


@contextmanager
def module_opened(
    rig_file: Path | None, slot: int, port: str | None, baud: int | None
) -> Iterator[RigModule]:
    """The module in a slot of the open rig of ``--rig``, or the one at ``--port``."""
    from hil.rig.assembly import open_rig  # noqa: PLC0415 - quick start

    if port is None:
        if baud is not None:
            raise click.UsageError("--baud belongs to --port; a rig file says its modules' rates")
        with opened(rig_file) as rig:
            yield rig.module(slot)
        return
    if rig_file is not None or slot:
        raise click.UsageError("give either --rig and --slot or --port")
    from hil.rig.description import describe_port  # noqa: PLC0415

    with open_rig(describe_port(port, baud), load(None)) as rig:
        yield rig.module(0)


@contextmanager
def recorded(rig: Rig, record_file: Path, name: str) -> Iterator[None]:
    """What is done with a rig until the end of the block stands in the record of ``--record``."""
    from hil.rig.recording import place_of_record, recording, section  # noqa: PLC0415 - quick start

    # Without a rig file the modules carry the synthesized firmware, and nobody tells of a real one.
    firmware = SYNTHESIZED if rig.description.is_virtual else None
    path = place_of_record(record_file, rig.name)
    with recording(rig, path, firmware=firmware) as recorder, section(rig, recorder, name):
        yield
