"""What a person sees while images are written."""

from __future__ import annotations

import io

from hil.flashing.progress import image_progress


class Screen(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_stream_that_is_no_terminal_stays_quiet() -> None:
    stream = io.StringIO()
    with image_progress(stream) as progress:
        assert progress is None
    assert stream.getvalue() == ""


def test_terminal_shows_a_bar_for_each_image() -> None:
    screen = Screen()
    with image_progress(screen) as progress:
        assert progress is not None
        progress("boot.bin at 0x00000", 1024, 4096)
        progress("boot.bin at 0x00000", 4096, 4096)
        progress("user1.bin at 0x01000", 100, 1000)
    last = screen.getvalue().rpartition("boot.bin at 0x00000")[2]
    assert "100%" in last
    assert " 10%" in last.partition("user1.bin at 0x01000")[2]
