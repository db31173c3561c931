"""Starts pytest with the toolkit's plugins, for ``hil run``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.resource import resource_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PLUGINS = (
    "hil.plugins.options",
    "hil.plugins.clause",
    "hil.plugins.journal",
    "hil.plugins.rig",
)


def run_plans(plans: Sequence[Path], arguments: Sequence[str]) -> int:
    """Run tests of a module.

    Args:
        plans: Folders or files; empty for all test plans.
        arguments: Further arguments for pytest.

    Returns:
        pytest's exit status.
    """
    folders = [str(plan) for plan in plans] or [str(resource_folder("testplans"))]
    plugins = [word for name in PLUGINS for word in ("-p", name)]
    return int(pytest.main([*plugins, *arguments, *folders]))
