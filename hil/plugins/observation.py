"""What a rig tells, in the form in which `hil.plugins.attachment` and the run record take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.at.transcript import Mark
from hil.ports.byte_port import Direction

from .journal import BOOT_LOGS_KEY, FLASH_RECORDS_KEY, TRANSCRIPT_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from hil.at.transcript import Transcript
    from hil.flashing.flasher import FlashRecord
    from hil.rig.module import BootCapture, RigModule

    from .options import Options

_TRANSCRIPT_GAP_NS = 1_000_000


def attach_flash_record(item: pytest.Item, module: RigModule, record: FlashRecord) -> None:
    """Let a flash record stand in the report, with the test that made it."""
    item.stash.setdefault(FLASH_RECORDS_KEY, []).append(
        {
            "rig_time_ns": module.clock.now_ns(),
            "slot": module.description.slot,
            **record.to_json(),
        }
    )


def attach_observations(
    item: pytest.Item, module: RigModule, transcript: Transcript, secrets: frozenset[bytes]
) -> None:
    """Let what went over a module's port, and its boot logs, stand in the report of a test.

    Args:
        item: The test.
        module: Whose port it is.
        transcript: What went over it.
        secrets: Passwords to hide, beside those that the transcript itself tells.
    """
    slot = module.description.slot
    entries = _transcript_entries(transcript, slot, secrets)
    item.stash.setdefault(TRANSCRIPT_KEY, []).extend(entries)
    item.stash.setdefault(BOOT_LOGS_KEY, []).extend(
        _boot_log_entry(capture, slot) for capture in module.boot_captures
    )


def _transcript_entries(
    transcript: Transcript, slot: int, secrets: frozenset[bytes]
) -> Iterator[dict[str, Any]]:
    for entry in transcript.items(gap_ns=_TRANSCRIPT_GAP_NS, known=secrets):
        if isinstance(entry, Mark):
            yield {
                "rig_time_ns": entry.time_ns,
                "direction": "note",
                "text": entry.text,
                "slot": slot,
            }
            continue
        is_text = entry.data.isascii() and all(
            byte >= 0x20 or byte in b"\r\n\t" for byte in entry.data
        )
        shown = {
            "rig_time_ns": entry.time_ns,
            "direction": "sent" if entry.direction is Direction.SENT else "received",
            "text": entry.data.decode("ascii", "backslashreplace"),
            "slot": slot,
        }
        yield shown if is_text else {**shown, "hex": entry.data.hex(" ")}


def _boot_log_entry(capture: BootCapture, slot: int) -> dict[str, Any]:
    banner = capture.log.banner
    return {
        "rig_time_ns": capture.time_ns,
        "slot": slot,
        "baud": capture.baud,
        "text": capture.text,
        "reset_cause": None if banner is None else int(banner.cause),
        "boot_mode": None if banner is None else banner.boot_mode,
    }


def rig_summary(options: Options, has: frozenset[str]) -> dict[str, Any]:
    """The rig in a few words, for the run record."""
    rig_description = options.rig
    return {
        "name": rig_description.name,
        "source": str(rig_description.path or "built in"),
        "is_virtual": rig_description.is_virtual or rig_description.has_record_of_virtual,
        "has": sorted(has),
        "modules": [
            {"slot": each.slot, "port": each.port, "baud": each.baud, "dialect": each.dialect}
            for each in rig_description.modules
        ],
    }


def firmware_summary(options: Options) -> dict[str, Any]:
    """The firmware under test in a few words, for the run record."""
    tested = options.firmware
    if not options.is_firmware_known:
        return {
            "name": "what the module carries",
            "at_version": "unknown",
            "sdk_version": "unknown",
            "manifest": "not named",
        }
    return {
        "name": tested.name,
        "at_version": tested.at_version,
        "sdk_version": tested.sdk_version,
        "manifest": str(tested.path or "synthesized"),
    }
