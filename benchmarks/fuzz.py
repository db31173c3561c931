"""Random command lines at the virtual module's AT firmware: it must neither crash nor get stuck.

`python benchmarks/fuzz.py [LINES] [SEED]`; a failure names the seed and the last lines.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from random import Random

from hil.units import MIB, NS_PER_S
from hil.virtual.action import DeepSleep, Restart, Send, Transmit
from hil.virtual.air.message import Join, JoinFailed, JoinFailure, Scan, ScanDone
from hil.virtual.firmware.at_firmware import AtFirmware, FirmwareIdentity
from hil.virtual.firmware.command_table import COMMANDS
from hil.virtual.firmware.dialect import DIALECTS
from hil.virtual.flash import NorFlash
from hil.virtual.network.message import Resolve, Resolved, TcpFailed, TcpFailure, TcpOpen
from hil.virtual.uart import Burst, LineFormat

IDENTITY = FirmwareIdentity("0.23.0.0", "1.0.1", "Apr 24 2015 21:19:31")
MAC = bytes.fromhex("18fe35973bd5")
WORDS = (
    b"0 1 2 3 4 5 9 64 80 333 1000 2048 2049 7200 7201 65535 65536 115200 4608000 4294967295 -1 x "
    b'"" "a" "TCP" "UDP" "TCP "127.0.0.1" "192.168.4.1" "255.255.255.0" "18:fe:34:00:00:01" '
    b'"a\\"b\\\\c\\,d" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" "www.example.com" \\0 +++ AT > \r \x00'
).split(b" ")
NAMES = [name.encode() for name in COMMANDS]
PROBE_EVERY = 5000
FORMS = (b"", b"?", b"=?", b"=", b"0", b"1", b"==", b"=,")


def random_line(random: Random) -> bytes:
    """A line that is mostly a command, with arguments that are mostly of the right kind."""
    kind = random.random()
    if kind < 0.01:
        return b"+++"
    if kind < 0.05:
        return random.randbytes(random.randrange(300))
    line = b"AT" + random.choice(NAMES) + random.choice(FORMS)
    line += b",".join(random.choices(WORDS, k=random.randrange(6)))
    if kind < 0.2 and line:
        place = random.randrange(len(line))
        line = line[:place] + random.randbytes(random.randrange(3)) + line[place + 1 :]
    return line


class Device:
    """A chip that runs the firmware, in an air and a network where everything fails quickly."""

    def __init__(self, dialect: str) -> None:
        self._dialect = DIALECTS[dialect]
        self._flash = NorFlash(MIB)
        self.now_ns = 0
        self.sent = b""
        self._start()

    def _start(self) -> None:
        self._firmware = AtFirmware(self._flash, IDENTITY, dialect=self._dialect, factory_mac=MAC)
        self._carry_out(self._firmware.start(self.now_ns))

    def send(self, data: bytes) -> None:
        """Send bytes and let time pass until the firmware has nothing to do, 30 s at most."""
        rest = Burst(self.now_ns, data, LineFormat(4_608_000))
        while rest.data:
            self._advance(rest.start_ns)
            piece, rest = rest.split(self._firmware.bytes_wanted(rest))
            self._carry_out(self._firmware.receive(piece))
            self._advance(piece.end_ns())
        limit_ns = self.now_ns + 30 * NS_PER_S
        while (due_ns := self._firmware.next_deadline_ns()) is not None and due_ns <= limit_ns:
            self._advance(due_ns)

    def require_alive(self) -> None:
        """Leave whatever the lines have led into; then AT must answer OK."""
        for data in (b"+++", bytes(2100), b"\r\n", b"AT+CWSTOPSMART\r\n"):
            self.send(data)
        self.sent = b""
        self.send(b"AT\r\n")
        if not self.sent.endswith(b"\r\nOK\r\n"):
            raise AssertionError(f"AT was answered {self.sent!r}")

    def _advance(self, now_ns: int) -> None:
        while (due_ns := self._firmware.next_deadline_ns()) is not None and due_ns <= now_ns:
            self.now_ns = max(self.now_ns, due_ns)
            self._carry_out(self._firmware.advance(due_ns))
        self.now_ns = max(self.now_ns, now_ns)

    def _carry_out(self, actions: object) -> None:
        assert isinstance(actions, list | tuple)
        for action in actions:
            if isinstance(action, Restart | DeepSleep):
                self.now_ns = max(self.now_ns, action.at_ns)
                self._start()
                return
            if isinstance(action, Send):
                self.sent = self.sent[-1000:] + action.data
            if isinstance(action, Transmit):
                self._answer(action)

    def _answer(self, action: Transmit) -> None:
        match action.request:
            case Join():
                event: object = JoinFailed(JoinFailure.NO_AP)
            case Scan():
                event = ScanDone(())
            case Resolve(query):
                event = Resolved(query, None)
            case TcpOpen(socket):
                event = TcpFailed(socket, TcpFailure.REFUSED)
            case _:
                return
        self._carry_out(self._firmware.hear(event, self.now_ns))  # type: ignore[arg-type]


def fuzz(lines: int, seed: int) -> float:
    """Send random lines in both dialects; returns lines per second."""
    random = Random(seed)  # noqa: S311 - repeatable on purpose
    last: deque[bytes] = deque(maxlen=20)
    began_s = time.perf_counter()
    for dialect in DIALECTS:
        device = Device(dialect)
        for number in range(1, lines // len(DIALECTS) + 1):
            line = random_line(random)
            if line != b"+++":
                line += random.choice((b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"))
            last.append(line)
            try:
                device.send(line)
                if number % PROBE_EVERY == 0:
                    device.require_alive()
            except BaseException:
                print(f"seed {seed}, {dialect}, the last lines:", *last, sep="\n")
                raise
    return lines / (time.perf_counter() - began_s)


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    used_seed = int(sys.argv[2]) if len(sys.argv) > 2 else 23
    rate = fuzz(count, used_seed)
    print(f"{count:,} random command lines without a crash, {rate:,.0f} a second, seed {used_seed}")
