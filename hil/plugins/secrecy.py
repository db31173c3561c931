"""Hides passwords in pytest's own reports: source lines, arguments, local variables, output.

The client masks what it says itself. A traceback also shows the line of the test that called it
and the arguments of its functions; there the passwords are replaced that were sent to a module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.at.secret import mask_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

_PYTEST_CODE = "_pytest._code"


def mask_report(report: pytest.TestReport, secrets: Iterable[bytes]) -> None:
    """Put ``***`` in the place of passwords in everything that a report shows.

    Args:
        report: The report of one phase of a test; it is changed.
        secrets: Passwords that were sent to a module; those in AT commands are found anyway.
    """
    known = tuple(secrets)
    report.longrepr = _masked(report.longrepr, known)
    report.sections = [(title, _masked(text, known)) for title, text in report.sections]
    if hasattr(report, "hil"):
        report.__dict__["hil"] = _masked(report.hil, known)


def _masked(value: Any, known: tuple[bytes, ...]) -> Any:
    """A value with masked texts; pytest's own objects are changed in place."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogateescape")
        return mask_secrets(raw, known).decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        return {name: _masked(item, known) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_masked(item, known) for item in value)
    if type(value).__module__.startswith(_PYTEST_CODE):
        for name, content in vars(value).items():
            object.__setattr__(value, name, _masked(content, known))
    return value
