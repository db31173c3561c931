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
from .parameter import format_string
from .reader import ReplyReader
from .reply import Reply, Startup, VersionInfo
from .secret import mask_secrets
from .transcript import Transcript

__all__ = [
    "AtClient",
    "BootLine",
    "BootLog",
    "Echo",
    "Event",
    "Final",
    "FinalResult",
    "FlowControl",
    "InformationLine",
    "NetworkData",
    "Noise",
    "ProgressLine",
    "Prompt",
    "RawData",
    "ReasonLine",
    "Reply",
    "ReplyReader",
    "ResetCause",
    "SleepMode",
    "Startup",
    "TakenLine",
    "Transcript",
    "Unsolicited",
    "UnsolicitedKind",
    "VersionInfo",
    "WifiMode",
    "format_string",
    "mask_secrets",
    "parse_boot_log",
]
