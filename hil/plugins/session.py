"""Starts pytest with the toolkit's plugins, for ``hil run``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.resource import resource_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

PLUGINS = (
    "hil.plugins.options",
    "hil.plugins.clause",
    "hil.plugins.journal",
    "hil.plugins.rig",
)


# pytest would rewrite the asserts of a plugin's package; this package has none, and is loaded.
_ALREADY_LOADED = (
    "ignore:Module already imported so cannot be rewritten; hil:pytest.PytestAssertRewriteWarning"
)
_BESIDE_PYTEST_EMBEDDED = (
    "ignore:record_xml_attribute is an experimental feature:pytest.PytestExperimentalApiWarning"
)


def run_plans(plans: Sequence[Path], arguments: Sequence[str]) -> int:
    """Run tests of a module.

    Args:
        plans: Folders, files or node ids; empty for all test plans.
        arguments: Further arguments for pytest.

    Returns:
        pytest's exit status.
    """
    ours = resource_folder("testplans")
    tests = [str(plan) for plan in plans] or [str(ours)]
    plugins = [word for name in PLUGINS for word in ("-p", name)]
    is_ours = all(plan.is_relative_to(ours) for plan in plans)
    settings = _settings(ours.parent) if is_ours and not (ours.parent / "tox.ini").exists() else []
    return int(pytest.main([*plugins, "-W", _ALREADY_LOADED, *settings, *arguments, *tests]))


def _settings(root: Path) -> list[str]:
    """What tox.ini says in a checkout, for test plans that lie in an installed package.

    No settings file that happens to lie above that package is read, tests have the same ids as in
    a checkout, and nothing is written beside the package.
    """
    cache = Path.cwd() / ".pytest_cache"
    return [
        *("-c", os.devnull),
        f"--rootdir={root}",
        *("-o", f"cache_dir={cache}"),
        "--strict-markers",
        *("-W", _BESIDE_PYTEST_EMBEDDED),
    ]
