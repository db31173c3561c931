"""What is done to a module beside its port stands in its transcript."""

from __future__ import annotations

from hil.at.transcript import Mark, Transcript
from hil.flashing.flasher import Flasher
from hil.flashing.synthesis import synthesize
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG


def test_lines_and_esptool_sessions_are_noted_between_the_bytes() -> None:
    with open_rig(VIRTUAL_RIG, synthesize()) as opened:
        (module,) = opened.modules
        transcript = module.transcript = Transcript()
        module.port.tap = transcript.record

        module.start()
        module.power_cycle()
        module.set_wake_link(is_closed=False)
        with Flasher(module, baud=460800).session():
            pass

    items = list(transcript.items(gap_ns=10**9))
    notes = [item.text for item in items if isinstance(item, Mark)]
    assert notes[:4] == [
        "EXT_RSTB low for 100 ms",
        "supply off for 1 s",
        "wake link open",
        "EXT_RSTB low, then on again with GPIO0 low",
    ]
    assert notes[4].startswith("esptool 5.")
    assert isinstance(items[0], Mark)
    assert not isinstance(items[1], Mark)
    assert b"ets Jan" in items[1].data


def test_without_a_transcript_nothing_is_noted() -> None:
    with open_rig(VIRTUAL_RIG, synthesize()) as opened:
        opened.modules[0].note("nobody listens")
