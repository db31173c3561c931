"""Waivers: clauses that a suite leaves untested on purpose, each with its reason."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from hil.errors import CatalogueError

from .catalogue import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_VERSION = 1


def load_waivers(path: Path) -> Mapping[str, str]:
    """The reasons for which clauses are waived, by the clause's id.

    Args:
        path: A TOML file with ``version = 1`` and a table ``waivers``.

    Raises:
        CatalogueError: The file cannot be read, a clause is not one that a test could claim, or a
            reason is missing.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(f"{path}: cannot read the waivers: {error}") from error
    if content.keys() != {"version", "waivers"} or content["version"] != _VERSION:
        raise CatalogueError(
            f"{path}: expected version = {_VERSION} and a table [waivers] and nothing else, found "
            f"{', '.join(content) or 'nothing'}"
        )
    waivers: dict[str, str] = {}
    for clause_id, reason in content["waivers"].items():
        try:
            load_catalogue().claimable(clause_id)
        except CatalogueError as error:
            raise CatalogueError(f"{path}: {error}") from error
        if not isinstance(reason, str) or not reason.strip():
            raise CatalogueError(f"{path}: the waiver of {clause_id} has no reason")
        waivers[clause_id] = reason
    return waivers
