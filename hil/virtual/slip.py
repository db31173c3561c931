"""SLIP framing as the loader and the stub speak it.

A frame lies between two ``C0``; inside, ``C0`` is written ``DB DC`` and ``DB`` is ``DB DD``.

Source: RFC 1055; esptool's serial protocol, "Low Level Protocol".
"""

from __future__ import annotations

_END = b"\xc0"
_ESCAPE = b"\xdb"
_ESCAPED_END = b"\xdb\xdc"
_ESCAPED_ESCAPE = b"\xdb\xdd"

# The largest request: one block of 16 KB for the stub, two headers, every byte escaped.
_LONGEST_FRAME_BYTES = 2 * (16 * 1024 + 24)


def format_frame(payload: bytes) -> bytes:
    """The bytes that carry a payload over the wire."""
    escaped = payload.replace(_ESCAPE, _ESCAPED_ESCAPE).replace(_END, _ESCAPED_END)
    return _END + escaped + _END


def bytes_to_frame_end(data: bytes) -> int:
    """How many bytes of `data` to take so that at most the last one ends a frame."""
    return data.find(_END, 1) + 1 or len(data)


class SlipDecoder:
    """Finds frames in bytes that come in pieces of any size.

    Whatever lies between two ``C0`` is a frame, noise included: a lost or an invented ``C0`` costs
    the frame it hits and not the one behind it. Bytes before the first ``C0``, empty frames and
    frames longer than any request are dropped. An escape that stands for nothing stays as it is.
    """

    def __init__(self) -> None:
        self._frame = bytearray()
        self._is_inside = False

    def receive(self, data: bytes) -> list[bytes]:
        """Take bytes; returns the payloads of the frames that they complete, in order."""
        *ended, rest = data.split(_END)
        payloads = []
        for piece in ended:
            self._append(piece)
            if self._frame:
                payloads.append(_unescape(bytes(self._frame)))
            self._frame.clear()
            self._is_inside = True
        self._append(rest)
        return payloads

    def _append(self, piece: bytes) -> None:
        if not self._is_inside:
            return
        self._frame += piece
        if len(self._frame) > _LONGEST_FRAME_BYTES:
            self._frame.clear()
            self._is_inside = False


def _unescape(frame: bytes) -> bytes:
    return frame.replace(_ESCAPED_END, _END).replace(_ESCAPED_ESCAPE, _ESCAPE)
