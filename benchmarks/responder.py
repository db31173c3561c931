"""The other side of a pseudo-terminal: answers commands at once, and sends logs when asked to.

It knows nothing of the firmware: a dictionary from what came to what goes, so that as little as
possible of what is measured is its own. Its first line on standard output is the name of the
terminal; it ends when its standard input does.

===================  =============================================================================
command              answer
===================  =============================================================================
``AT``               echo and OK
``AT+GMR``           echo, four lines and OK
``LOG <n>``          n bytes of log as fast as they are taken, then the line `MARKER`
``PACED <n>``        the same at 921,600 baud, a millisecond's worth at a time
===================  =============================================================================
"""

from __future__ import annotations

import os
import select
import sys
import time
import tty

BAUD = 921_600
BYTES_PER_MS = BAUD // 10 // 1000
MARKER = "the end of the log 4711"
LOG_LINE = b"I (%06d) wifi: state: run -> run (0), pm start, type: 1, beacon interval 100\r\n"

ANSWERS = {
    b"AT\r\n": b"AT\r\r\n\r\nOK\r\n",
    b"AT+GMR\r\n": b"AT+GMR\r\r\nAT version:0.23.0.0(Apr 24 2015 21:11:01)\r\nSDK version:1.0.1\r\n"
    b"compile time:Apr 24 2015 21:19:31\r\nVendor version:1.2.3\r\n\r\nOK\r\n",
}


def log_of(size: int) -> bytes:
    """So many bytes of log, and the marker behind them."""
    lines = (LOG_LINE % (number % 1_000_000) for number in range(size // len(LOG_LINE % 0)))
    return b"".join(lines) + MARKER.encode() + b"\r\n"


def send(terminal: int, data: bytes) -> None:
    """Send all of it, as fast as it is taken."""
    view = memoryview(data)
    while view:
        view = view[os.write(terminal, view) :]


def send_paced(terminal: int, data: bytes) -> None:
    """Send it at the speed of a line."""
    start = time.perf_counter()
    for number, begin in enumerate(range(0, len(data), BYTES_PER_MS), start=1):
        pause = start + number / 1000 - time.perf_counter()
        if pause > 0:
            time.sleep(pause)  # noqa: TID251 - this is the line
        send(terminal, data[begin : begin + BYTES_PER_MS])


def respond(terminal: int) -> None:
    """Answer until standard input ends."""
    line, stdin = b"", sys.stdin.fileno()
    poll = select.poll()
    for descriptor in (terminal, stdin):
        poll.register(descriptor, select.POLLIN)
    while True:
        if any(descriptor == stdin for descriptor, _ in poll.poll()):
            return
        line += os.read(terminal, 4096)
        answer = ANSWERS.get(line)
        if answer is not None:
            os.write(terminal, answer)
        elif line.endswith(b"\r\n"):
            word, _, size = line.partition(b" ")
            (send if word == b"LOG" else send_paced)(terminal, log_of(int(size)))
        else:
            continue
        line = b""


if __name__ == "__main__":
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    print(os.ttyname(theirs), flush=True)
    respond(ours)
