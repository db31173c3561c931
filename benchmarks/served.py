"""Prints the figures of served modules: esptool's command line and an AT client in real time.

Run it with ``tox -e benchmarks``, on a machine that does nothing else. No test asserts any of this.
Each figure is a ratio, to what the line itself needs or to the same thing done another way in the
same run.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import serial
from figures import ROUNDS, show

from hil.units import KIB

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGE_BYTES = 512 * KIB
FLASH_BAUD = 921_600
BLOCK_BYTES = 16 * KIB
HEADERS_BYTES = 2 + 8 + 16
MODULES = 8
AT_TRIPS = 500
IDLE_S = 5

HIL = (sys.executable, "-c", "from hil.cli import main; main()")
_RATE = re.compile(r"Wrote \d+ bytes .* \(([\d.]+) kbit/s\)")


class Served(NamedTuple):
    """A running ``hil virtual serve``: its process, and where each module is."""

    process: int
    places: list[dict[str, str]]


@contextmanager
def served(*options: str) -> Iterator[Served]:
    """Modules in a process of their own."""
    command = [*HIL, "virtual", "serve", "--tcp", "0", "--pty", "--flash-size", "4MB", *options]
    modules = int(options[options.index("--modules") + 1]) if "--modules" in options else 1
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout is None:
                raise RuntimeError("no output of `hil virtual serve`")
            yield Served(
                process.pid, [json.loads(process.stdout.readline()) for _ in range(modules)]
            )
        finally:
            process.terminate()


def start_write(port: str, image: Path, *options: str) -> subprocess.Popen[str]:
    """``hil esptool write-flash`` of the image, started."""
    command = [*HIL, "esptool", "--chip", "esp8266", "--port", port, "--baud", str(FLASH_BAUD)]
    return subprocess.Popen(
        [*command, *options, "write-flash", "--no-compress", "0x80000", str(image)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def data_phase_s(write: subprocess.Popen[str]) -> float:
    """How long the data of a write took, as esptool says at its end."""
    said, _ = write.communicate()
    found = _RATE.search(said)
    if write.returncode or found is None or "Hash of data verified." not in said:
        raise RuntimeError(f"esptool failed:\n{said}")
    return IMAGE_BYTES * 8 / (float(found[1]) * 1000)


def line_minimum_s(image: bytes) -> float:
    """How long the line needs for the image in SLIP frames, one behind the other."""
    escaped = image.count(b"\xc0") + image.count(b"\xdb")
    frames = -(-len(image) // BLOCK_BYTES)
    return (len(image) + escaped + frames * HEADERS_BYTES) * 10 / FLASH_BAUD


def enter_stub(url: str) -> None:
    """Reset a module into its loader and leave the stub running there, at 115200 baud."""
    subprocess.run(
        [*HIL, "esptool", "--port", url, "--after", "no-reset-stub", "read-mac"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def measure_unpaced(image: Path) -> None:
    """A write that takes no longer than this computer needs, over both kinds of link in turn."""
    took_s: dict[str, list[float]] = {"url": [], "pty": []}
    with served("--unpaced", "--pty-close", "keep") as (_, places):
        for _ in range(ROUNDS):
            for kind, each in took_s.items():
                enter_stub(places[0]["url"])
                write = start_write(places[0][kind], image, "--before", "no-reset")
                each.append(data_phase_s(write))
    best = {kind: min(each) for kind, each in took_s.items()}
    show("512 KB unpaced, hil:// over pty", f"{best['url'] / best['pty']:.2f} x", "< 1.5 x")
    show("512 KB unpaced over hil://", f"{best['url'] * 1e3:.0f} ms", "-")


def measure_paced(image: Path) -> None:
    """Writes at 921,600 baud: one module, then eight at once."""
    minimum_s = line_minimum_s(image.read_bytes())
    with served("--modules", str(MODULES)) as (_, places):
        started = time.perf_counter()
        alone_s = data_phase_s(start_write(places[0]["url"], image))
        whole_s = time.perf_counter() - started
        show("512 KB at 921,600 baud over the line's minimum", f"{alone_s / minimum_s:.3f} x",
             "< 1.15 x")  # fmt: skip
        started = time.perf_counter()
        writes = [start_write(place["url"], image) for place in places]
        data_s = [data_phase_s(write) for write in writes]
        together_s = time.perf_counter() - started
    show(f"{MODULES} modules at once over one, whole calls", f"{together_s / whole_s:.2f} x",
         "< 1.25 x")  # fmt: skip
    show("the same, the slowest one's data", f"{max(data_s) / alone_s:.2f} x", "< 1.25 x")


def measure_at() -> None:
    """AT round trips at 921,600 baud on a pseudo-terminal, and what an idle module costs."""
    with served() as (process, places), serial.Serial(places[0]["pty"], 115200, timeout=5) as port:
        wait_until_ready(port)
        ask(port, f"AT+UART_CUR={FLASH_BAUD},8,1,0,0")
        port.baudrate = FLASH_BAUD
        trips_s = []
        for _ in range(AT_TRIPS):
            started = time.perf_counter()
            answer = ask(port, "AT")
            trips_s.append(time.perf_counter() - started)
        wire_s = (len("AT\r\n") + len(answer)) * 10 / FLASH_BAUD
        above_ms = (statistics.median(trips_s) - wire_s) * 1e3
        show("AT at 921,600 baud on a pty, beside its wire time", f"{above_ms:.2f} ms", "< 1 ms")
        before = cpu_ticks(process)
        time.sleep(IDLE_S)  # noqa: TID251 - to see what nothing costs
        show(f"CPU of an idle module in {IDLE_S} s", f"{cpu_ticks(process) - before} ticks", "0")


def wait_until_ready(port: serial.Serial) -> None:
    """Say AT until the module has started."""
    port.timeout = 0.2
    while not ask(port, "AT").endswith(b"\r\nOK\r\n"):
        port.reset_input_buffer()
    port.timeout = 5


def ask(port: serial.Serial, command: str) -> bytes:
    """What a module says to a command."""
    port.write(f"{command}\r\n".encode())
    answer: bytes = port.read_until(b"\r\nOK\r\n")
    return answer


def cpu_ticks(process: int) -> int:
    """CPU time that a process has used, in ticks of the system."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "image.bin")
        path.write_bytes(Random(1).randbytes(IMAGE_BYTES))  # noqa: S311 - no secret
        measure_unpaced(path)
        measure_paced(path)
    measure_at()
