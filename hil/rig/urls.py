"""The URLs of virtual modules, for programs that open ports by pyserial."""

from __future__ import annotations

from hil.drive.url import install


def make_urls_known() -> None:
    """Let pyserial open ``hil://`` and ``sim://`` in this process; calling it twice is fine."""
    install()
