"""Plays whoever stands at a bench."""

from __future__ import annotations

from hil.virtual.bench import Bench, Contact
from hil.virtual.uart import LineFormat
from hil.virtual.world import World

MAC = bytes.fromhex("18fe34abcdef")


class Host:
    """Plays the person at a bench: switches, waits, reads what the adapter received."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.world = World()
        self.world.add("module", bench)

    def switch(self, contact: Contact, *, is_closed: bool) -> None:
        self.bench.switch(contact, is_closed=is_closed, now_ns=self.world.now_ns)

    def wait(self, duration_ns: int) -> None:
        self.world.advance(self.world.now_ns + duration_ns)

    def listen_at(self, baud: int) -> None:
        self.bench.set_format(LineFormat(baud), self.world.now_ns)

    def read(self) -> bytes:
        return self.bench.adapter.read(1_000_000, self.world.now_ns)

    def send(self, data: bytes) -> None:
        self.bench.write(data, self.world.now_ns)

    def reset(self) -> None:
        self.switch(Contact.RESET, is_closed=True)
        self.wait(1_000_000)
        self.switch(Contact.RESET, is_closed=False)
