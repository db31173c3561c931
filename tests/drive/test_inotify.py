"""Opening and closing of a file are learnt in order."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hil.drive.inotify import OpenWatch

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


def test_events_come_in_order_and_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    watch = OpenWatch(path)
    try:
        assert watch.take() == []
        path.read_bytes()
        assert watch.take() == [True, False]
        assert watch.take() == []
        with path.open("ab"):
            assert watch.take() == [True]
        path.read_bytes()
        assert watch.take() == [False, True, False]
    finally:
        watch.close()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        OpenWatch(tmp_path / "nothing")
    assert caught.value.filename == str(tmp_path / "nothing")
