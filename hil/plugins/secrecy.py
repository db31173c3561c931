"""Hides passwords in what pytest shows: tracebacks, output, logs, warnings, names of tests.

The client masks what it says itself. A traceback also shows the line of the test that called it
and the arguments of its functions; there the passwords are replaced that the session knows: those
of the rig, and those that were sent to a module. Whatever pytest shows passes one of the hooks
here before it reaches the screen, the journal, or another worker.
"""

from __future__ import annotations

import linecache
import logging
import re
from typing import TYPE_CHECKING, Any

import pytest

from hil.at.secret import mask_secrets
from hil.at.secret_form import mask_text

if TYPE_CHECKING:
    import warnings
    from collections.abc import Callable, Generator, Iterable

_PYTEST_CODE = "_pytest._code"
_CAPTURED = ("longrepr", "sections", "wasxfail", "user_properties")
_WORDS = frozenset({"outcome", "direction", "clauses", "sha256", "image_sha256"})
"""Of what a rig observed: what is no free text, although a password may be such a word."""

_PARAMETER = re.compile(r"password|passphrase|passwd|pwd|secret|credential", re.IGNORECASE)


def mask_report(report: pytest.TestReport | pytest.CollectReport, secrets: Iterable[bytes]) -> None:
    """Put ``***`` in the place of passwords in everything that a report shows.

    Args:
        report: The report of one phase of a test, or of a file; it is changed.
        secrets: Passwords that are known; those in AT commands are found anyway.
    """
    known = tuple(secrets)
    for name in _CAPTURED:
        if getattr(report, name, None):
            setattr(report, name, mask_shown(getattr(report, name), known))
    if hasattr(report, "hil"):
        report.__dict__["hil"] = _mask_observed(report.hil, known)


def mask_shown(value: Any, known: tuple[bytes, ...]) -> Any:
    """A value with masked texts; pytest's own objects are changed in place.

    Args:
        value: What pytest is going to show.
        known: Passwords that are known.
    """
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, str):
        return mask_text(value, known)
    if isinstance(value, dict):
        return {name: mask_shown(item, known) for name, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        # Lines: a password may run over the end of one.
        return mask_text("\n".join(value), known).split("\n")
    if isinstance(value, list | tuple):
        return type(value)(mask_shown(item, known) for item in value)
    if type(value).__module__.startswith(_PYTEST_CODE):
        for name, content in vars(value).items():
            object.__setattr__(value, name, mask_shown(content, known))
    return value


def _mask_observed(observed: dict[str, Any], known: tuple[bytes, ...]) -> dict[str, Any]:
    return {
        name: [_mask_line(line, known) for line in value]
        if name == "transcript"
        else _mask_texts(value, known, name)
        for name, value in observed.items()
    }


def _mask_texts(value: Any, known: tuple[bytes, ...], name: str) -> Any:
    if name in _WORDS:
        return value
    if isinstance(value, dict):
        return {each: _mask_texts(item, known, each) for each, item in value.items()}
    if isinstance(value, list | tuple):
        return [_mask_texts(item, known, name) for item in value]
    return mask_text(value, known) if isinstance(value, str) else value


def _mask_line(line: dict[str, Any], known: tuple[bytes, ...]) -> dict[str, Any]:
    """A line of a transcript; the rig's own are masked already, across the borders of chunks."""
    raw = str(line.get("text", "")).encode("utf-8", "surrogatepass")
    masked = mask_secrets(raw, known)
    return line if masked is raw else {**line, "text": masked.decode("utf-8", "surrogatepass")}


class _MaskedFormatter(logging.Formatter):
    """Formats as another formatter does, and masks what comes out.

    Args:
        inner: The other one.
        tell_secrets: Tells the passwords that are known.
    """

    def __init__(
        self, inner: logging.Formatter, tell_secrets: Callable[[], frozenset[bytes]]
    ) -> None:
        super().__init__()
        self._inner, self._tell_secrets = inner, tell_secrets

    def format(self, record: logging.LogRecord) -> str:
        return mask_text(self._inner.format(record), self._tell_secrets())


class Secrecy:
    """The hooks, as a plugin of one session.

    Args:
        config: The session's.
        tell_secrets: Tells the passwords that are known.
    """

    def __init__(self, config: pytest.Config, tell_secrets: Callable[[], frozenset[bytes]]) -> None:
        self._config, self._tell_secrets = config, tell_secrets

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Let pytest's log file and live log mask what they write."""
        plugin = self._config.pluginmanager.getplugin("logging-plugin")
        for name in ("log_file_handler", "log_cli_handler"):
            handler = getattr(plugin, name, None)
            if isinstance(handler, logging.Handler) and handler.formatter is not None:
                handler.setFormatter(_MaskedFormatter(handler.formatter, self._tell_secrets))

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_parametrize_id(self, val: object, argname: str) -> str | None:
        """Keep a password out of the name of a test, where it cannot be masked later."""
        if not isinstance(val, str | bytes):
            return None
        if _PARAMETER.search(argname):
            return argname
        text = val if isinstance(val, str) else val.decode("latin-1")
        masked = mask_text(text, self._tell_secrets())
        return None if masked == text else masked.encode("ascii", "backslashreplace").decode()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, Any]:
        """Mask why a file could not be collected."""
        report = yield
        mask_report(report, self._tell_secrets())
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, Any]:
        """Mask the report of a phase.

        What a setup that passed has printed stands in the report of the call as well. There the
        passwords are known that the test was about to send.
        """
        report = yield
        if report.when == "setup" and report.passed:
            report.sections = []
        mask_report(report, self._tell_secrets())
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        """Mask a warning, and the line that gave it."""
        secrets = self._tell_secrets()
        text = str(warning_message.message)
        masked = mask_text(text, secrets)
        if masked != text:
            warning_message.message = UserWarning(masked)
        line = warning_message.line or _source_line(warning_message)
        warning_message.line = mask_text(line, secrets) if line else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: object) -> None:
        """Mask what goes wrong in pytest or in a plugin."""
        mask_shown(excrepr, tuple(self._tell_secrets()))

    @pytest.hookimpl(trylast=True)
    def pytest_keyboard_interrupt(self) -> None:
        """Mask where a run was stopped; pytest keeps it for the end."""
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        mask_shown(getattr(reporter, "_keyboardinterrupt_memo", None), tuple(self._tell_secrets()))


def _source_line(warning: warnings.WarningMessage) -> str:
    """The line that a warning will be shown with."""
    return linecache.getline(warning.filename, warning.lineno).strip()
