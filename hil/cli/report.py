"""``hil report``: render the report of a run again, also of one that was killed."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path), default=Path("reports/latest"))
def report(run_dir: Path) -> None:
    """Make report.html, junit.xml and run.json from the journal of a run.

    RUN_DIR is the folder of the run (default: reports/latest).
    """
    from hil.plugins.replay import render_run  # noqa: PLC0415 - pytest is slow to import

    click.echo(render_run(run_dir))
