"""``hil virtual``: virtual modules outside of this process."""

from __future__ import annotations

import json
import logging
import signal
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path

import click

from hil.units import parse_size

from .option import firmware_option, load

_PORT = click.IntRange(0, 65535)


@click.group()
def virtual() -> None:
    """Serve virtual modules to other programs."""


@virtual.command()
def faults() -> None:
    """List what can be wrong with the AT firmware of a virtual module."""
    from hil.rig.assembly import list_faults  # noqa: PLC0415 - quick start

    known = list_faults()
    width = max(map(len, known))
    for name, summary in known.items():
        click.echo(f"{name:{width}}  {summary}")


@virtual.command()
@click.option(
    "--modules", default=1, show_default=True, type=click.IntRange(1, 64), help="How many modules."
)
@click.option("--pty", "has_pty", is_flag=True, help="A pseudo-terminal for each module.")
@click.option(
    "--pty-close",
    type=click.Choice(["reset", "keep"]),
    default="reset",
    show_default=True,
    help="What the last close of a pseudo-terminal does to its module.",
)
@click.option(
    "--tcp",
    "tcp_port",
    type=_PORT,
    metavar="PORT",
    help="hil:// links from this port on, with rates and DTR/RTS; 0 picks free ones.",
)
@click.option(
    "--rfc2217",
    "rfc2217_port",
    type=_PORT,
    metavar="PORT",
    help="rfc2217:// links from this port on, likewise, for any program that speaks it.",
)
@click.option(
    "--raw-tcp",
    "raw_tcp_port",
    type=_PORT,
    metavar="PORT",
    help="socket:// links from this port on, plain bytes at the module's rate.",
)
@firmware_option
@click.option(
    "--dialect",
    type=click.Choice(["documented", "espressif-0.23"]),
    default="documented",
    show_default=True,
    help="What the AT firmware speaks.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME",
    help="Something that is wrong with the AT firmware; `hil virtual faults` lists them.",
)
@click.option(
    "--flash-size",
    type=click.Choice(["512KB", "1MB", "2MB", "4MB", "8MB", "16MB"]),
    default="1MB",
    show_default=True,
    help="Size of each flash; 8MB and 16MB need a firmware for the 1024+1024 map.",
)
@click.option(
    "--state",
    "state_folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Keep each flash in a file here between starts.",
)
@click.option(
    "--network",
    type=click.Choice(["loopback", "host", "none"]),
    default="loopback",
    show_default=True,
    help="What modules reach over TCP and UDP: programs on this computer, whatever this computer "
    "reaches, or nobody but each other.",
)
@click.option(
    "--latency-ms",
    type=click.IntRange(0, 60_000),
    default=20,
    show_default=True,
    help="Round trip that is added to what the network of this computer needs.",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Seed of what is left to chance."
)
@click.option("--unpaced", is_flag=True, help="Bytes take no longer than this computer needs.")
def serve(
    modules: int,
    pty_close: str,
    tcp_port: int | None,
    rfc2217_port: int | None,
    raw_tcp_port: int | None,
    firmware_file: Path | None,
    dialect: str,
    faults: tuple[str, ...],
    flash_size: str,
    state_folder: Path | None,
    network: str,
    latency_ms: int,
    seed: int,
    *,
    has_pty: bool,
    unpaced: bool,
) -> None:
    """Run virtual modules in real time until SIGINT or SIGTERM.

    Prints one line of JSON for each module as soon as it can be used. Only programs on this
    computer can connect.
    """
    from hil.rig.assembly import list_faults  # noqa: PLC0415 - quick start
    from hil.rig.served import ServePlan, open_service  # noqa: PLC0415

    if not has_pty and tcp_port is None and rfc2217_port is None and raw_tcp_port is None:
        raise click.UsageError(
            "nothing to serve on: give --pty, --tcp PORT, --rfc2217 PORT or --raw-tcp PORT"
        )
    known = list_faults()
    for fault in faults:
        if fault not in known:
            near = get_close_matches(fault, known, n=1)
            remedy = f" Did you mean {near[0]!r}?" if near else " `hil virtual faults` lists them."
            raise click.BadParameter(f"there is no fault {fault!r}.{remedy}", param_hint="--fault")
    logging.basicConfig(format="hil: %(message)s", level=logging.INFO)
    plan = ServePlan(
        modules=modules,
        has_pty=has_pty,
        tcp_port=tcp_port,
        rfc2217_port=rfc2217_port,
        raw_tcp_port=raw_tcp_port,
        resets_on_close=pty_close == "reset",
        dialect=dialect,
        faults=faults,
        flash_size_bytes=parse_size(flash_size),
        state_folder=state_folder,
        is_paced=not unpaced,
        network=network,
        latency_ms=latency_ms,
        seed=seed,
    )
    with open_service(plan, load(firmware_file)) as service:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: service.stop())
        for module in service.modules:
            places = {key: value for key, value in asdict(module).items() if value is not None}
            click.echo(json.dumps(places))
        service.run()
