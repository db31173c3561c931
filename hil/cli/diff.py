"""``hil diff``: what changed between two runs, clause by clause and answer by answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click


@click.command()
@click.argument("run_a", type=click.Path(path_type=Path))
@click.argument("run_b", type=click.Path(path_type=Path), default=Path("reports/latest"))
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object.")
def diff(run_a: Path, run_b: Path, *, is_json: bool) -> None:
    """Show what changed from RUN_A to RUN_B, folders of runs (default for RUN_B: reports/latest).

    Clauses with another verdict, tests with another outcome, and lines to which the module
    answered something else. What differs from module to module (MAC addresses, signal strength,
    ports, times) is not compared. Exit status: 0 nothing changed, 1 something did.
    """
    from hil.report.diff import diff_runs, diff_text, load_run  # noqa: PLC0415 - reads the catalogue

    found = diff_runs(load_run(run_a), load_run(run_b))
    click.echo(json.dumps(found.to_json(), indent=2) if is_json else diff_text(found))
    sys.exit(0 if found.is_empty else 1)
