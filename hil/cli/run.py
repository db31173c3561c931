"""``hil run``: the short form of pytest for people."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hil.errors import MistakeError

from .option import firmware_option, rig_option


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("plans", nargs=-1, metavar="[PLAN]... [-- PYTEST ARGS]")
@rig_option
@firmware_option
@click.option("--flash", type=click.Choice(["never", "changed", "always"]),
              help="When to write the flash before the first test (default: changed on a real "
              "rig, always on a virtual one).")  # fmt: skip
@click.option("--baud", metavar="N,N", help="AT rates over which rate-dependent tests run.")
@click.option("--report", "report_dir", type=click.Path(path_type=Path), metavar="DIR",
              help="Folder that gets a folder for this run (default: ./reports).")  # fmt: skip
@click.pass_context
def run(
    context: click.Context,
    plans: tuple[str, ...],
    rig_file: Path | None,
    firmware_file: Path | None,
    flash: str | None,
    baud: str | None,
    report_dir: Path | None,
) -> None:
    """Run test plans (smoke, flashing, ...) on a rig and write a report.

    Without a PLAN all of them run. A PLAN is a name, or the path of tests of your own. Everything
    behind -- goes to pytest.
    """
    from hil.plugins.session import run_plans  # noqa: PLC0415 - pytest is slow to import

    names, pytest_arguments = _split(plans, sys.argv)
    del context
    options = [f"--hil-flash={flash}"] if flash else []
    options += [f"--hil-rig={rig_file}"] if rig_file else []
    options += [f"--hil-firmware={firmware_file}"] if firmware_file else []
    options += [f"--hil-baud={baud}"] if baud else []
    options += [f"--hil-report={report_dir or Path('reports')}"]
    sys.exit(run_plans([_find(name) for name in names], [*options, *pytest_arguments]))


def _split(plans: tuple[str, ...], argv: list[str]) -> tuple[list[str], list[str]]:
    """Plans, and what stands behind ``--``, which click mixes into them."""
    behind = argv[argv.index("--") + 1 :] if "--" in argv else []
    count = len(plans) - len(behind)
    return list(plans[:count]), list(plans[count:])


def _find(name: str) -> Path:
    from hil.resource import resource_folder  # noqa: PLC0415

    folder = resource_folder("testplans")
    path = Path(name.partition("::")[0])
    if path.exists():
        return Path(name)
    if (folder / name).is_dir():
        return folder / name
    there = sorted(entry.name for entry in folder.iterdir() if (entry / "__init__.py").exists())
    raise MistakeError(
        f"there is no test plan {name!r}; there are {', '.join(there)}, or name a path"
    )
