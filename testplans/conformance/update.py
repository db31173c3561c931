"""Updates through the network: a server at the rig's peers, which is answered step by step."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from hil.errors import NeedMissingError
from hil.flashing.image import Role
from hil.ports.update_server import UpdateServer, version_reply

from .restart import READY_TIMEOUT_S
from .wifi import join_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.flashing.manifest import Firmware
    from hil.ports.access_point import AccessPoint
    from hil.ports.update_server import UpdateRequest

    from .link import Links

STEP_S = 20.0
"""From one step to the next: looking up, connecting, asking."""

DOWNLOAD_S = 120.0
PIECE_S = 0.2
OUTCOME = rb"\r\n(?:OK|ERROR)\r\n"
VERSION = "v0.24"
_ROLES = {"user1.bin": Role.USER1, "user2.bin": Role.USER2}


class Update:
    """AT+CIUPDATE of a module that is joined to the rig's access point.

    Args:
        links: The module and its peers.
        firmware: Whose images the server has.

    Attributes:
        heard: What the module has said since it was told to update itself.
        version: What it said to AT+GMR before.
    """

    def __init__(self, links: Links, firmware: Firmware) -> None:
        self.links, self.talk = links, links.talk
        self.heard = b""
        self.version = self.talk.say("AT+GMR").lines
        self._firmware = firmware
        self._server = UpdateServer(links.network)

    def begin(self) -> None:
        """Tell the module."""
        self.heard = b""
        self.talk.at.forget()
        self.talk.raw(b"AT+CIUPDATE\r\n")

    def take_request(self) -> UpdateRequest:
        """What the module asks for next."""
        return self._server.take_request(self.links.deadline_ns(STEP_S))

    def answer(self, request: UpdateRequest, body: bytes, **how: str | int) -> None:
        """Answer it; `how` is as for `UpdateServer.answer`."""
        deadline_ns = self.links.deadline_ns(DOWNLOAD_S)
        self._server.answer(request, body, deadline_ns, **how)  # type: ignore[arg-type]

    def answer_in_pieces(self, request: UpdateRequest, body: bytes) -> None:
        """Answer it so that line, head and body are cut somewhere, with a pause at each cut."""
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body)
        for piece in (head[:20], head[20:], body[:2], body[2:]):
            request.connection.send(piece, self.links.deadline_ns(DOWNLOAD_S))
            self.hear(PIECE_S)
        request.connection.finish()

    def image(self, request: UpdateRequest) -> bytes:
        """The image that is asked for."""
        return self._firmware.read(_ROLES[request.file_name or "no file"])

    def other_image(self, request: UpdateRequest) -> bytes:
        """The image that is not asked for: it can run only in the place where the module runs."""
        (role,) = (role for name, role in _ROLES.items() if name != request.file_name)
        return self._firmware.read(role)

    def take_file_request(self) -> UpdateRequest:
        """Answer the question for the version, and take the next request."""
        self.answer(self.take_request(), version_reply(VERSION))
        return self.take_request()

    def hear(self, duration_s: float) -> bytes:
        """What the module says within a time."""
        heard = self.talk.hear(duration_s)
        self.heard += heard
        return heard

    def hear_outcome(self) -> bytes:
        """Everything that the module says up to OK or ERROR, and not beyond."""
        if not re.search(OUTCOME, self.heard):
            self.heard += self.talk.hear_until(OUTCOME, DOWNLOAD_S)
        found = re.search(OUTCOME, self.heard)
        return self.heard[: found.end()] if found else self.heard

    def close(self) -> None:
        """Refuse further connections."""
        self._server.close()

    def run(self) -> str:
        """A whole update, up to the start of the new program; returns the name of its file."""
        self.begin()
        request = self.take_file_request()
        self.answer(request, self.image(request))
        heard = self.hear_outcome()
        assert heard.endswith(b"\r\nOK\r\n"), heard
        self.await_start()
        return request.file_name or ""

    def await_start(self) -> None:
        """Wait for the new program, and switch its echo off."""
        self.talk.at.forget()
        self.talk.at.wait_ready(READY_TIMEOUT_S)
        self.talk.ok("ATE0")

    def join_again(self, access_point: AccessPoint) -> None:
        """Let a module that was started anew be joined as before."""
        self.talk.ok("AT+CWMODE_CUR=1")
        self.talk.ok(join_call(access_point))
        self.talk.unsolicited()


@contextmanager
def skipping_what_is_missing() -> Iterator[None]:
    """Skip a test that needs what this rig's network cannot do."""
    try:
        yield
    except NeedMissingError as error:
        pytest.skip(str(error))
