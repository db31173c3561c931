"""AT client: bytes of a module in, events, replies and typed values out."""

from .boot_log import BootLog, ResetCause, parse_boot_log
from .client import AtClient
from .command import FlowControl, SleepMode, WifiMode
from .event import (
    BootLine,
    Echo,
    Event,
    Final,
    FinalResult,
    InformationLine,
    NetworkData,
    Noise,
    ProgressLine,
    Prompt,
    RawData,
    ReasonLine,
    TakenLine,
    Unsolicited,
    UnsolicitedKind,
)
from .link import Link, UdpLink
from .link_opening import Server
from .parameter import format_string
from .passthrough import Passthrough
from .reader import ReplyReader
from .recovery import Liveness
from .reply import Reply, Startup, VersionInfo
from .reply_end import COMMAND_ENDS, DATA_ENDS, PROMPT_ENDS, Ends
from .secret import mask_secrets
from .tcp_result import ConnectionState, Protocol, UdpMode
from .transcript import Transcript
from .wifi_result import Encryption, Interface, JoinFailure, SmartConfigType, join_failure

__all__ = [
    "COMMAND_ENDS",
    "DATA_ENDS",
    "PROMPT_ENDS",
    "AtClient",
    "BootLine",
    "BootLog",
    "ConnectionState",
    "Echo",
    "Encryption",
    "Ends",
    "Event",
    "Final",
    "FinalResult",
    "FlowControl",
    "InformationLine",
    "Interface",
    "JoinFailure",
    "Link",
    "Liveness",
    "NetworkData",
    "Noise",
    "Passthrough",
    "ProgressLine",
    "Prompt",
    "Protocol",
    "RawData",
    "ReasonLine",
    "Reply",
    "ReplyReader",
    "ResetCause",
    "Server",
    "SleepMode",
    "SmartConfigType",
    "Startup",
    "TakenLine",
    "Transcript",
    "UdpLink",
    "UdpMode",
    "Unsolicited",
    "UnsolicitedKind",
    "VersionInfo",
    "WifiMode",
    "format_string",
    "join_failure",
    "mask_secrets",
    "parse_boot_log",
]
