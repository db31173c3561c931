"""Asks this computer for the addresses of names, without keeping the loop waiting."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from ipaddress import IPv4Address
from queue import SimpleQueue


class NameResolver:
    """A thread that does nothing but wait for the system's name service, which cannot be hurried.

    Answers wait until they are taken; `fileno` is readable as long as there are any.
    """

    def __init__(self) -> None:
        self._questions: SimpleQueue[str | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[str, IPv4Address | None]] = SimpleQueue()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._wake_receiver.settimeout(0)
        self._wake_sender.settimeout(0)
        # A daemon thread: a name service that does not answer must not keep the program alive.
        threading.Thread(target=self._run, name="name resolver", daemon=True).start()

    def fileno(self) -> int:
        """The descriptor that is readable when there are answers."""
        return self._wake_receiver.fileno()

    def ask(self, name: str) -> None:
        """Ask for the address of a name."""
        self._questions.put(name)

    def take(self) -> list[tuple[str, IPv4Address | None]]:
        """Names with their addresses, None for those that have none, since the last call."""
        with suppress(BlockingIOError):
            self._wake_receiver.recv(4096)
        answers = []
        while not self._answers.empty():
            answers.append(self._answers.get())
        return answers

    def close(self) -> None:
        """Ask nothing more; a question that was put is not waited for."""
        self._questions.put(None)
        self._wake_receiver.close()
        self._wake_sender.close()

    def _run(self) -> None:
        while (name := self._questions.get()) is not None:
            self._answers.put((name, _address_of(name)))
            with suppress(OSError):  # full, so it is readable anyway; or closed
                self._wake_sender.send(b"\0")


def _address_of(name: str) -> IPv4Address | None:
    try:
        found = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    return IPv4Address(found[0][4][0])
