"""Outcomes as a sign and a word, so that nobody has to tell colours apart."""

from __future__ import annotations

import functools

from hil.report.html.markup import Html, element

_SIGNS = {
    "passed": "✓",
    "marginal": "≈",
    "failed": "✗",
    "deviates": "≠",
    "skipped": "○",
    "rig error": "⚠",
    "blocked": "⊘",
    "not set": "?",
    "untested": "·",
    "waived": "w",
    "incomplete": "…",
    "nothing tested": "·",
}


@functools.lru_cache(maxsize=1024)
def badge(word: str, text: str | None = None) -> Html:
    """An outcome with its sign.

    Args:
        word: The outcome.
        text: What to print instead of it.
    """
    sign = element("span", _SIGNS.get(word, "·"), class_="sign", aria_hidden="true")
    return element("span", sign, text or word, class_=f"badge {tone(word)}")


def tone(word: str) -> str:
    """The class of style of an outcome."""
    return "is-" + word.replace(" ", "-")
