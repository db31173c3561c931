"""Where test plans, rig descriptions and firmware manifests are: in a checkout or in the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_INSTALLED = _PACKAGE / "_data"


def resource_folder(name: str) -> Path:
    """The folder ``testplans``, ``fixtures`` or ``firmware``.

    A wheel carries copies inside of the package; a checkout has them beside it.
    """
    installed = _INSTALLED / name
    return installed if installed.is_dir() else _PACKAGE.parent / name
