"""What a recorder writes, and when."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from hil.errors import RecordFileError
from hil.ports.byte_port import Direction, Parity, PortFormat
from hil.ports.control_lines import Line
from hil.recording.recorder import Recorder

from .record_of_tests import HEADER, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hil.recording.recorder import ModuleRecorder

SENT, RECEIVED = Direction.SENT, Direction.RECEIVED


class FixedClock:
    def now_ns(self) -> int:
        return 9_000

    def sleep(self, duration_s: float) -> None:
        raise AssertionError(f"nobody sleeps for {duration_s} s here")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "night.hilrec"


@pytest.fixture
def recorder(path: Path) -> Recorder:
    return Recorder(path, HEADER, FixedClock(), [b"rigs-secret"])


def test_the_first_line_says_of_what_it_is_a_record(path: Path, recorder: Recorder) -> None:
    recorder.close()
    assert path.read_text("ascii").partition("\n")[0] == (
        '{"hil_record":1,"rig":"bench","clock":"simulated","virtual":true,"rig_time_ns":0,'
        '"time":"2026-04-01T10:15:30.000+00:00","hil":"0.1.0",'
        '"firmware":{"name":"at-0.23","manifest":"synthesized"},'
        '"modules":[{"slot":0,"port":"sim://default/module0","baud":115200,'
        '"dialect":"documented","lines":["power","reset","strap","wake-link"],'
        '"port_has":["uart-format"]}]}'
    )


CONTENTS: list[tuple[Callable[[ModuleRecorder], None], str]] = [
    (lambda port: port.record(5, SENT, b"AT\r\n"), '{"after_ns":5,"tx":"AT\\r\\n"}'),
    (lambda port: port.record(5, RECEIVED, b"OK"), '{"after_ns":5,"rx":"OK"}'),
    (
        lambda port: port.record(5, RECEIVED, b"rl\x00l\x9c\x9e text"),
        '{"after_ns":5,"rx_hex":"726c006c9c9e2074657874"}',
    ),
    (
        lambda port: port.record(5, RECEIVED, b"ets Jan  8 \xff"),
        '{"after_ns":5,"rx":"ets Jan  8 \\u00ff"}',
    ),
    (
        lambda port: port.record_format(5, PortFormat(9600, 7, Parity.EVEN, 1.5, is_rts_cts=True)),
        '{"after_ns":5,"format":"9600 7E1.5 rts/cts"}',
    ),
    (
        lambda port: port.record_lines(5, {Line.RESET: True, Line.WAKE_LINK: False}),
        '{"after_ns":5,"lines":{"reset":true,"wake-link":false}}',
    ),
    (lambda port: port.record_discard(5), '{"after_ns":5,"input":"discarded"}'),
    (lambda port: port.note(5, "supply off"), '{"after_ns":5,"note":"supply off"}'),
    (lambda port: port.enter_loader(5), '{"after_ns":5,"loader":"entered"}'),
    (lambda port: port.leave_loader(5), '{"after_ns":5,"loader":"left"}'),
]


@pytest.mark.parametrize(("tell", "line"), CONTENTS, ids=[line for _, line in CONTENTS])
def test_a_line_is_in_the_file_as_soon_as_it_happens(
    path: Path, recorder: Recorder, tell: Callable[[ModuleRecorder], None], line: str
) -> None:
    tell(recorder.modules[0])
    assert path.read_text("ascii").splitlines()[1:] == [line]
    recorder.close()


def test_a_whole_session_has_sections_and_an_end(path: Path, recorder: Recorder) -> None:
    port = recorder.modules[0]
    recorder.begin_section("test_a", running=[0], is_dirty=True, formats={0: PortFormat()})
    port.record(9_500, SENT, b"AT\r\n")
    port.record(9_700, RECEIVED, b"")
    recorder.end_section("test_a")
    recorder.close()
    recorder.close()
    assert lines_of(path) == [
        {
            "after_ns": 9000,
            "section": "test_a",
            "running": [0],
            "dirty": True,
            "formats": {"0": "115200 8N1"},
        },
        {"after_ns": 500, "tx": "AT\r\n"},
        {"after_ns": 0, "end": "test_a"},
        {"after_ns": 0, "record": "closed"},
    ]


def test_another_slot_than_the_first_is_named(path: Path) -> None:
    second = replace(HEADER.modules[0], slot=3)
    header = replace(HEADER, modules=(*HEADER.modules, second))
    recorder = Recorder(path, header, FixedClock())
    recorder.modules[3].record(1, SENT, b"a")
    recorder.modules[0].record(2, SENT, b"b")
    recorder.close()
    assert lines_of(path)[:2] == [
        {"after_ns": 1, "slot": 3, "tx": "a"},
        {"after_ns": 1, "tx": "b"},
    ]


def test_passwords_are_not_in_the_file_but_their_places_are(path: Path, recorder: Recorder) -> None:
    port = recorder.modules[0]
    port.record(0, SENT, b'AT+CWJAP="net","swordfish9"\r\n')
    for number, chunk in enumerate(
        [b'AT+CWJAP="n', b'et","swordf', b'ish9"\r\r\n', b"rigs-secret"]
    ):
        port.record(number, RECEIVED, chunk)
    recorder.close()
    text = path.read_text("ascii")
    assert "sword" not in text
    assert "fish9" not in text
    assert "secret" not in text
    assert lines_of(path)[:-1] == [
        {"after_ns": 0, "tx": 'AT+CWJAP="net","***"\r\n', "masked": [[16, 1]]},
        {"after_ns": 0, "rx": 'AT+CWJAP="n'},
        {"after_ns": 1, "rx": 'et","***', "masked": [[5, 1]]},
        {"after_ns": 1, "rx": '"\r\r\n'},
        {"after_ns": 1, "rx": "***", "masked": [[0, 2]]},
    ]


def test_the_order_holds_while_a_line_waits(path: Path, recorder: Recorder) -> None:
    port = recorder.modules[0]
    port.record(1, RECEIVED, b'AT+CWJAP="net","sw')
    port.record(2, SENT, b"x")
    port.record_discard(3)
    assert lines_of(path) == []
    port.record(4, RECEIVED, b'ordfish9"\r\r\n')
    assert [sorted(line) for line in lines_of(path)] == [
        ["after_ns", "masked", "rx"],
        ["after_ns", "tx"],
        ["after_ns", "input"],
        ["after_ns", "rx"],
    ]
    recorder.close()


def test_a_line_that_waits_at_the_end_is_written_masked(path: Path, recorder: Recorder) -> None:
    recorder.modules[0].record(0, SENT, b'AT+CWJAP="net","swordfish9')
    recorder.close()
    assert lines_of(path)[0] == {"after_ns": 0, "tx": 'AT+CWJAP="net",***', "masked": [[15, 1]]}


def test_a_file_that_exists_is_not_overwritten(path: Path) -> None:
    path.write_text("somebody's only copy")
    with pytest.raises(RecordFileError) as caught:
        Recorder(path, HEADER, FixedClock())
    assert str(caught.value) == (
        f"{path}: expected no file there yet, to record a session into, found one that exists. "
        "Name another file, or remove this one if nobody needs it any more"
    )
    assert path.read_text() == "somebody's only copy"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nosuch" / "night.hilrec"
    with pytest.raises(RecordFileError) as caught:
        Recorder(path, HEADER, FixedClock())
    assert str(caught.value) == (
        f"{path}: expected a place to record a session into, found No such file or directory. "
        "Name another place, or make room there"
    )


def test_a_full_disk_is_told_when_it_happens() -> None:
    from pathlib import Path  # noqa: PLC0415

    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this computer has no /dev/full")

    class Full(type(full)):  # type: ignore[misc]
        def open(self, mode: str = "r", *arguments: Any, **keywords: Any) -> Any:
            return full.open("w", *arguments, **keywords)

    with pytest.raises(RecordFileError, match="found No space left on device"):
        Recorder(Full("/dev/full"), HEADER, FixedClock())


def test_every_line_is_json(path: Path, recorder: Recorder) -> None:
    for byte in range(256):
        recorder.modules[0].record(byte, RECEIVED, bytes([byte, 65, 65, 65, 65]))
    recorder.close()
    assert all(json.loads(line) for line in path.read_text("ascii").splitlines())
