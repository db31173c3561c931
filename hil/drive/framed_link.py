"""The module's end of ``hil://``: data, line format, DTR and RTS in frames over TCP."""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING

from .framing import (
    Break,
    Data,
    Drain,
    Drained,
    Error,
    Format,
    Frame,
    FrameDecoder,
    FramingError,
    Hello,
    Lines,
    Purge,
    Purged,
    format_frame,
)
from .tcp_link import TcpLink

if TYPE_CHECKING:
    from .descriptor import Descriptor
    from .served_line import ServedLine
    from .tcp_server import TcpServer

_log = logging.getLogger(__name__)


class FramedLink(TcpLink):
    """A `Link` that speaks the protocol of `hil.drive.framing`.

    Frames take effect in the order in which they came; one that has to wait for the wire holds up
    those behind it, except for `Purge`, which takes effect when it is read: the next `READ_BYTES`
    at least are looked through for it. A client that goes leaves DTR and RTS released, and no
    break. One that has not said hello makes way for the next.

    Args:
        line: What is served.
        server: Where clients knock.
    """

    def __init__(self, line: ServedLine, server: TcpServer) -> None:
        super().__init__(line, server)
        self._decoder = FrameDecoder()
        self._waiting: deque[Frame] = deque()
        self._ahead_bytes = 0

    @property
    def name(self) -> str:
        """The URL."""
        return f"hil://{self._server.host}:{self._server.port}"

    @property
    def _is_owner(self) -> bool:
        return self._line.owner == self.name

    def _has_room(self, now_ns: int) -> bool:
        if self._client is not None and self._client.is_full:
            return False
        return self._may_read_past(self._waiting_bytes) or self._may_go_on(self._waiting[0], now_ns)

    @property
    def _waiting_bytes(self) -> int:
        """What has been read since nothing waited."""
        return self._ahead_bytes if self._waiting else 0

    def _may_go_on(self, frame: Frame, now_ns: int) -> bool:
        match frame:
            case Data():
                return self._line.room_bytes(now_ns) > 0
            case Drain():
                return self._line.sent_ns() <= now_ns
            case _:
                return True

    def _due_ns(self, now_ns: int) -> int | None:
        if self._client is None or not self._is_owner:
            return None
        moments = [self._line.delivery_ns(now_ns)]
        if self._waiting and not self._client.is_full:  # a client that does not read goes on later
            is_drain = isinstance(self._waiting[0], Drain)
            moments.append(self._line.sent_ns() if is_drain else self._line.room_ns())
        return min((moment for moment in moments if moment is not None), default=None)

    def _admit(self, client: Descriptor, now_ns: int) -> None:
        if self._is_owner and not self._give_way(now_ns):
            self._refuse(client)
            return
        if self._client is not None:
            self._dismiss(self._client, _error("another client came before you said hello"))
        self._client = client
        self._decoder = FrameDecoder()
        self._waiting.clear()
        self._has_ended = False

    def _refuse(self, client: Descriptor) -> None:
        _log.info("%s: refused a client, %s is in use", self.name, self._line.name)
        self._dismiss(client, _error(f"{self._line.name} is in use by another client"))

    def _carry_from(self, client: Descriptor, now_ns: int) -> bool:
        self._go_on(client, now_ns)
        if self._client is None:
            return False
        waiting_bytes = self._waiting_bytes
        if not (data := self._read_past(client, waiting_bytes, now_ns)):
            return False
        self._ahead_bytes = waiting_bytes + len(data)
        self._receive(client, data, now_ns)
        return True

    def _receive(self, client: Descriptor, data: bytes, now_ns: int) -> None:
        try:
            for frame in self._decoder.receive(data):
                if isinstance(frame, Purge):
                    self._purge(frame, client, now_ns)
                else:
                    self._waiting.append(frame)
            self._go_on(client, now_ns)
        except FramingError as error:
            _log.warning("%s: dismissed a client: %s", self.name, error)
            self._dismiss(client, _error(str(error)))
            self._leave(now_ns)

    def _purge(self, purge: Purge, client: Descriptor, now_ns: int) -> None:
        if not self._is_owner:
            return
        if purge.is_input:
            self._line.discard_input(now_ns)
        else:
            self._waiting = deque(each for each in self._waiting if not isinstance(each, Data))
        client.write(format_frame(Purged()), is_vital=True)

    def _go_on(self, client: Descriptor, now_ns: int) -> None:
        """Let the waiting frames take effect as far as the wire has room."""
        while self._waiting and self._may_go_on(self._waiting[0], now_ns):
            self._take_effect(self._waiting.popleft(), client, now_ns)

    def _take_effect(self, frame: Frame, client: Descriptor, now_ns: int) -> None:
        line = self._line
        if not self._is_owner:
            self._begin(client, now_ns)  # the decoder lets only a hello come first
            return
        match frame:
            case Data(data):
                room = line.room_bytes(now_ns)
                line.write(data[:room], now_ns)
                if data[room:]:
                    self._waiting.appendleft(Data(data[room:]))
            case Format(line_format):
                line.set_format(line_format, now_ns)
            case Lines(dtr, rts):
                line.set_lines(dtr=dtr, rts=rts, now_ns=now_ns)
            case Break(is_on):
                line.set_break(is_on=is_on, now_ns=now_ns)
            case Drain():
                client.write(format_frame(Drained()), is_vital=True)

    def _begin(self, client: Descriptor, now_ns: int) -> None:
        if client is not self._client:  # dismissed meanwhile
            return
        if self._line.acquire(self.name, now_ns, gives_way=self._give_way):
            client.write(format_frame(Hello(self._line.name)))
        else:
            self._waiting.clear()
            self._refuse(client)

    def _leave(self, now_ns: int) -> None:
        self._waiting.clear()
        super()._leave(now_ns)

    def _carry_to(self, client: Descriptor, now_ns: int) -> None:
        if self._is_owner and (data := self._line.take(now_ns)):
            client.write(format_frame(Data(data)))


def _error(text: str) -> bytes:
    return format_frame(Error(text))
