"""UART0 of the chip: both directions, their formats, and flow control by RTS and CTS.

MTDO is RTS, an output: inactive while the FIFO is nearly full. MTCK is CTS, an input: while it is
inactive nothing is sent behind the byte that is on the wire. Each counts only if it is enabled.

Source: lines 252-254.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .receiver import Receiver
from .transmitter import Transmitter

if TYPE_CHECKING:
    from .uart import LineFormat


class Uart0:
    """The UART as the chip sets it and its wires see it.

    Args:
        line_format: Of both directions at first.

    Attributes:
        transmitter: What leaves.
        receiver: What comes, until a program takes it.
        receive_format: How it is set for what comes.
        flow_control: 0 none, 1 RTS, 2 CTS, 3 both.
        is_clear_to_send: Whether CTS is active, by whoever drives it; active while nobody does.
        is_ready_to_receive: Whether RTS is active; always if it is not enabled.
    """

    def __init__(self, line_format: LineFormat) -> None:
        self.transmitter = Transmitter(line_format)
        self.receiver = Receiver()
        self.receive_format = line_format
        self.flow_control = 0
        self.is_clear_to_send = True
        self.is_ready_to_receive = True

    def next_deadline_ns(self, *, is_program_full: bool) -> int | None:
        """When a burst begins; while no program takes any, when RTS has to go inactive."""
        if not is_program_full:
            return self.receiver.start_ns()
        if self.flow_control in {1, 3} and self.is_ready_to_receive:
            return self.receiver.threshold_ns()
        return None

    def follow(self, *, is_program_full: bool, now_ns: int) -> None:
        """Stop and go on as the program, CTS and the settings demand."""
        if is_program_full:
            self.receiver.stop()
        else:
            self.receiver.go_on(now_ns)
            self.is_ready_to_receive = True
        if self.is_clear_to_send or self.flow_control not in {2, 3}:
            self.transmitter.resume(now_ns)
        else:
            self.transmitter.hold(now_ns)
