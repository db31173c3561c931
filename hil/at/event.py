"""What a reply reader finds in the bytes of a module."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING

from .secret import mask_secrets

if TYPE_CHECKING:
    from .boot_log import BootRecord


class Final(Enum):
    """The line that ends a reply; the value is its text.

    Source: section 2 names none; OK and ERROR stand in every table of sections 3 to 5, SEND OK in
    line 805, "returns busy" in line 832. FAIL, SEND FAIL, SEND Canceled and the two kinds of busy
    are the firmware's (A-13, A-26, A-51).
    """

    OK = "OK"
    ERROR = "ERROR"
    FAIL = "FAIL"
    SEND_OK = "SEND OK"
    SEND_FAIL = "SEND FAIL"
    SEND_CANCELED = "SEND Canceled"
    BUSY_P = "busy p..."
    BUSY_S = "busy s..."
    PROMPT = "(prompt)"
    """No line: the module waits for data, which is all the answer that some commands have."""
    REFUSED = "(refused)"
    """No line: a reason came and nothing behind it, as of firmware up to 0.20 (A-08)."""
    UNCHANGED = "(no change)"
    """No line: ``no change`` came and nothing behind it, as of firmware up to 0.18."""

    @property
    def is_line(self) -> bool:
        """Whether the module prints it."""
        return not self.value.startswith("(")


class UnsolicitedKind(Enum):
    """What a line says that may come at any moment, also inside a reply or an echo."""

    READY = "ready"
    VENDOR_INVALID = "invalid"
    WIFI_CONNECTED = "WIFI CONNECTED"
    WIFI_GOT_IP = "WIFI GOT IP"
    WIFI_DISCONNECT = "WIFI DISCONNECT"
    LINK_OPENED = "CONNECT"
    LINK_CLOSED = "CLOSED"
    SEGMENT_SENT = "<segment>,SEND OK"
    SEGMENT_FAILED = "<segment>,SEND FAIL"
    SMART_INFO = "Smart get wifi info"
    SMART_TYPE = "smartconfig type:"
    SMART_SSID = "ssid:"
    SMART_PASSWORD = "password:"  # noqa: S105 - the word before one
    SMART_CONNECTED = "smartconfig connected wifi"
    DHCP_TIMEOUT = "DHCP TIMEOUT"
    UART_FRAME_ERROR = "FRM_ERR"
    UART_OVERFLOW = "RX OVF!"


class _Masked:
    """Shows itself as dataclasses do, but without passwords."""

    __slots__ = ()

    def __repr__(self) -> str:
        told = ", ".join(
            f"{each.name}={mask_secrets(value) if isinstance(value, bytes) else value!r}"
            for each in fields(self)  # type: ignore[arg-type]
            for value in (getattr(self, each.name),)
        )
        return f"{type(self).__name__}({told})"


@dataclass(frozen=True, slots=True, repr=False)
class Echo(_Masked):
    """The module repeated what was sent to it; `text` has no line end."""

    text: bytes


@dataclass(frozen=True, slots=True, repr=False)
class InformationLine(_Masked):
    """A line of a reply that does not end it; `line` has no line end."""

    line: bytes

    @property
    def text(self) -> str:
        """The line as text; bytes that are not UTF-8 survive as surrogates."""
        return self.line.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True, repr=False)
class ReasonLine(InformationLine):
    """Why something is refused, or that nothing had to be done (A-08).

    From firmware 0.21 on a final result follows; before, it is often the last line of a reply.

    Args:
        line: As it came.
        is_refusal: False for ``no change``, behind which nothing has failed.
        link_id: The link it is about, if it names one: ``0,CONNECT FAIL``.
    """

    is_refusal: bool = True
    link_id: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TakenLine(InformationLine):
    """``Recv 4 bytes``: so many bytes behind a prompt were taken (A-51)."""

    count: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class ProgressLine(InformationLine):
    """``+CIPUPDATE:2``: how far AT+CIUPDATE is (line 949); early firmware says ``+CIUPDATE: 2``."""

    step: int = 0


@dataclass(frozen=True, slots=True)
class FinalResult:
    """The line that ends a reply.

    Args:
        result: Which one.
        follows_data: Whether nothing but a line end stands between it and the data of a +IPD.
            The 0.23 firmware sends such an OK behind UDP data, and it ends no reply (A-68).
        end_offset: How many bytes had come when its line was complete, from the reader's start.
    """

    result: Final
    follows_data: bool = False
    end_offset: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """The module waits for data: ``>``, mostly with a blank behind it (A-50)."""


@dataclass(frozen=True, slots=True, repr=False)
class NetworkData(_Masked):
    """The data of one ``+IPD`` record.

    Args:
        data: Exactly as many bytes as the record announced.
        link_id: The link, or None with CIPMUX=0.
        remote: Address and port of the sender where the firmware tells them (CIPDINFO, later
            than 0.23).
        missing_bytes: How many bytes the record lacks; not 0 only at the end of a log that was
            cut off.
    """

    data: bytes
    link_id: int | None = None
    remote: tuple[str, int] | None = None
    missing_bytes: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class RawData(_Masked):
    """Bytes that came in transparent mode, as they were."""

    data: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Unsolicited(_Masked):
    """A line that belongs to no command.

    Args:
        kind: What it says.
        line: As it came, without its line end.
        link_id: The link it is about, if it names one.
        segment: The segment it is about (CIPSENDBUF), if it names one.
    """

    kind: UnsolicitedKind
    line: bytes
    link_id: int | None = None
    segment: int | None = None

    @property
    def text(self) -> str:
        """The line as text."""
        return self.line.decode("ascii", "replace")


@dataclass(frozen=True, slots=True, repr=False)
class BootLine(_Masked):
    """A line of the boot ROM or of the second boot stage, with what it says."""

    line: bytes
    record: BootRecord


@dataclass(frozen=True, slots=True, repr=False)
class Noise(_Masked):
    """Bytes that are no text: the other speed of a boot log, a glitch, a wrong baud rate."""

    data: bytes


Event = (
    Echo
    | InformationLine
    | FinalResult
    | Prompt
    | NetworkData
    | RawData
    | Unsolicited
    | BootLine
    | Noise
)
