"""``hil run``: the short form of pytest for people."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hil.errors import MistakeError

from .option import firmware_option, rig_option

_STATUSES = {4: 2, 5: 2}
"""pytest's words for a wrong option and for no test at all: both are mistakes of the caller."""

_BEHIND = "hil.cli.run: what stands behind --"


class _CommandWithTail(click.Command):
    """A command that leaves everything behind ``--`` to pytest, untouched."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the tail off before click mixes it into the plans."""
        cut = args.index("--") if "--" in args else len(args)
        ctx.meta[_BEHIND] = args[cut + 1 :]
        try:
            return super().parse_args(ctx, args[:cut])
        except click.NoSuchOption as error:
            advice = "Options of pytest stand behind --: hil run PLAN -- -n 2."
            raise click.UsageError(f"{error.format_message()} {advice}", ctx) from None


def _require_named(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    """Refuse an empty list, which a shell makes of a variable that is not set."""
    del context
    if value is not None and not value.strip():
        option = parameter.opts[0]
        raise click.BadParameter(f"names nothing; leave {option} away, or name something")
    return value


@click.command(cls=_CommandWithTail)
@click.argument("plans", nargs=-1, metavar="[PLAN]... [-- PYTEST ARGS]")
@rig_option
@firmware_option
@click.option("--flash", type=click.Choice(["never", "changed", "always"]),
              help="When to write the flash before the first test (default: always on a virtual "
              "rig; on a real one changed with --firmware, never without).")  # fmt: skip
@click.option("--baud", metavar="N,N", callback=_require_named,
              help="AT rates at which the conformance plan, and tests that depend on the rate, "
              "run one after the other.")  # fmt: skip
@click.option("--allow", metavar="WORD,WORD",
              help="What tests may do to a real module although it may harm it: erase, power-cut, "
              "update.")  # fmt: skip
@click.option("--clause", metavar="NAME,NAME", callback=_require_named,
              help="Run only tests that claim these clauses: ids (CIPSTO-03), commands (CIPSTO) or "
              "patterns (CIP*-0?).")  # fmt: skip
@click.option("--matrix", is_flag=True,
              help="Print the verdicts on clauses as a table, command by kind.")  # fmt: skip
@click.option("--record", "record_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Record what is said and done to the modules into a new file (or one in a "
              "folder that exists).")  # fmt: skip
@click.option("--replay", "replay_file", type=click.Path(path_type=Path), metavar="FILE",
              help="Run on the modules of a record instead of a rig.")  # fmt: skip
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
    allow: str | None,
    clause: str | None,
    *,
    matrix: bool,
    record_file: Path | None,
    replay_file: Path | None,
    report_dir: Path | None,
) -> None:
    """Run test plans (smoke, flashing, ...) on a rig and write a report.

    Without a PLAN all of them run. A PLAN is a name, or the path of tests of your own (`.` or
    `./NAME` where it could be taken for a name). Everything behind -- goes to pytest.
    """
    from hil.plugins.session import run_plans  # noqa: PLC0415 - pytest is slow to import

    options = [f"--hil-flash={flash}"] if flash else []
    options += [f"--hil-rig={rig_file}"] if rig_file else []
    options += [f"--hil-firmware={firmware_file}"] if firmware_file else []
    options += [f"--hil-baud={baud}"] if baud else []
    options += [f"--hil-allow={allow}"] if allow else []
    options += [f"--hil-clause={clause}"] if clause else []
    options += ["--hil-matrix"] if matrix else []
    options += [f"--hil-record={record_file}"] if record_file else []
    options += [f"--hil-replay={replay_file}"] if replay_file else []
    options += [f"--hil-report={report_dir or Path('reports')}"]
    status = run_plans([_find(name) for name in plans], [*options, *context.meta[_BEHIND]])
    sys.exit(_STATUSES.get(status, status))


def _find(name: str) -> Path:
    """A test plan by its name, also one file or test of it, or else tests by their path."""
    from hil.resource import resource_folder  # noqa: PLC0415

    folder = resource_folder("testplans")
    is_path = name.startswith((".", "/", "~")) or "\\" in name or Path(name).is_absolute()
    places = (Path(name),) if is_path else (folder / name, Path(name))
    for place in places:
        if Path(str(place).partition("::")[0]).exists():
            return place
    there = sorted(entry.name for entry in folder.iterdir() if (entry / "__init__.py").exists())
    raise MistakeError(
        f"there is no test plan {name!r}; there are {', '.join(there)}, or name a path"
    )
