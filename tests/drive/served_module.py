"""Virtual modules served by a loop in a thread of the test process."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hil.rig.served import ServedModule, ServePlan, open_service

from .simulated_module import firmware

if TYPE_CHECKING:
    from collections.abc import Iterator

    import serial

PATIENCE_S = 20.0
"""How long real input and output may take before a test gives up."""

ANSWER = b"\r\nOK\r\n"


@contextmanager
def served(plan: ServePlan) -> Iterator[tuple[ServedModule, ...]]:
    """Modules that are served until the end of the block."""
    with open_service(plan, firmware()) as service:
        thread = threading.Thread(target=service.run)
        thread.start()
        try:
            yield service.modules
        finally:
            service.stop()
            thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the loop did not end"


def talk_until_ok(port: serial.Serial) -> bytes:
    """Say AT until the module answers, which may still boot; returns all that came."""
    heard = b""
    port.timeout = 0.25
    for _ in range(round(PATIENCE_S / port.timeout)):
        port.write(b"AT\r\n")
        while piece := port.read(max(1, port.in_waiting)):
            heard += piece
            if heard.endswith(ANSWER):
                port.timeout = PATIENCE_S
                return heard
    raise AssertionError(f"no answer, only {heard!r}")


def ask(port: serial.Serial, command: bytes) -> bytes:
    """What a module that is ready says to a command, up to OK."""
    port.timeout = PATIENCE_S
    port.write(command + b"\r\n")
    return port.read_until(ANSWER)


def purge_what_waits(port: serial.Serial) -> None:
    """Write what keeps the wire busy for a minute, and purge it: the module answers at once."""
    talk_until_ok(port)
    ask(port, b"AT+UART_CUR=9600,8,1,0,0")
    port.baudrate = 9600
    port.write(b"\r\n" * 30_000)
    threading.Event().wait(0.02)  # part of it has been read when the command comes
    port.reset_output_buffer()
    assert ask(port, b"AT").endswith(b"AT\r\r\n" + ANSWER)
