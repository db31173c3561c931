"""What is done with a rig is recorded, and the record is a rig."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.at import Encryption, UnsolicitedKind
from hil.at.transcript import Transcript
from hil.errors import (
    HilError,
    NeedMissingError,
    RecordFileError,
    ReplayMismatchError,
    RigFileError,
)
from hil.flashing.flasher import Flasher
from hil.ports.byte_port import PortFormat
from hil.ports.control_lines import Line
from hil.recording.entry import Closed, InputDiscarded
from hil.recording.record import load_record
from hil.rig.assembly import open_rig
from hil.rig.description import (
    VIRTUAL_RIG,
    ModuleDescription,
    RigDescription,
    load_rig,
)
from hil.rig.recording import place_of_record, recording
from hil.rig.replay_assembly import replay_rig
from hil.rig.served import ServePlan
from tests.drive.served_module import served
from tests.drive.simulated_module import firmware

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hil.rig.module import RigModule
    from hil.rig.rig import Rig

    Session = Callable[[RigModule], object]

RIG_FILE = """version = 1
[rig]
name = "desk"
[[module]]
slot = 0
port = "replay://night.hilrec"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "night.hilrec"


@contextmanager
def recorded(file: Path, description: RigDescription = VIRTUAL_RIG) -> Iterator[Rig]:
    with open_rig(description, firmware()) as rig, recording(rig, file):
        yield rig


@contextmanager
def played(file: Path) -> Iterator[Rig]:
    with open_rig(replay_rig(file), firmware()) as rig:
        yield rig


def rendered(module: RigModule, session: Session) -> str:
    transcript = Transcript()
    module.port.tap = transcript.record
    module.transcript = transcript
    session(module)
    return transcript.render(gap_ns=0)


def long_session(module: RigModule) -> None:
    module.start()
    assert module.at.gmr().lines[0].startswith("AT version:0.23")
    module.at.cwmode(3)
    module.at.uart_cur(9600)
    assert module.at.cwmode_query() == 3
    module.power_cycle()
    module.at.wait_ready()
    module.at.gslp(3_600_000)
    module.at.wait_for(UnsolicitedKind.READY, timeout_s=4_000)
    module.set_wake_link(is_closed=False)
    module.recover()


def test_a_session_that_is_played_has_the_same_transcript(file: Path) -> None:
    with recorded(file) as rig:
        expected = rendered(rig.modules[0], long_session)
        assert rig.clock.now_ns() > 3_600 * 10**9
    with played(file) as rig:
        assert rendered(rig.modules[0], long_session) == expected
        assert rig.clock.now_ns() > 3_600 * 10**9


def test_a_rig_file_can_name_a_record(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with recorded(file) as rig:
        rig.modules[0].start()
    (file.parent / "rig.toml").write_text(RIG_FILE, "utf-8")
    description = load_rig(file.parent / "rig.toml")
    monkeypatch.chdir("/")
    assert description.is_replayed
    assert not description.is_real
    with open_rig(description, firmware()) as rig:
        assert rig.has == {"reset", "power", "wake-link", "uart-format"}
        rig.modules[0].start()


def test_what_is_discarded_is_in_the_record(file: Path) -> None:
    with recorded(file) as rig:
        rig.modules[0].port.discard_input()
    assert [entry.content for entry in load_record(file).entries] == [InputDiscarded(), Closed()]


def test_what_is_done_after_the_end_of_a_recording_is_not_in_it(file: Path) -> None:
    with open_rig(VIRTUAL_RIG, firmware()) as rig:
        module = rig.modules[0]
        lines = module.lines
        with recording(rig, file):
            module.start()
        length = file.stat().st_size
        module.start()
        assert module.lines is lines
    assert file.stat().st_size == length
    assert not load_record(file).is_cut_off


def test_flashing_is_in_the_record_as_a_remark_and_passed_when_it_is_played(file: Path) -> None:
    def session(module: RigModule) -> None:
        module.start()
        assert module.at.at().is_ok

    with recorded(file) as rig:
        with Flasher(rig.modules[0], baud=460800).session() as loader:
            loader.md5(0, 4096)
        session(rig.modules[0])
    assert file.stat().st_size < 10_000
    with played(file) as rig:
        session(rig.modules[0])
        with pytest.raises(NeedMissingError, match="rig 'virtual-replay' has no 'strap'"):
            rig.modules[0].enter_loader()
        with pytest.raises(NeedMissingError) as caught:
            rig.modules[0].lines.set({Line.STRAP: True})
    assert "rig 'virtual-replay' has no 'strap'" in str(caught.value)


def test_two_modules_share_a_record_and_a_clock(file: Path) -> None:
    second = replace(VIRTUAL_RIG.modules[0], slot=1, port="sim://default/module1")
    both = replace(VIRTUAL_RIG, modules=(VIRTUAL_RIG.modules[0], second))

    def session(rig: Rig) -> list[str]:
        for module in rig.modules:
            module.start()
        asked = (*rig.modules, *rig.modules)
        return [module.at.command("AT+CIFSR").lines[-1] for module in asked]

    with recorded(file, both) as rig:
        expected = session(rig)
        ended_ns = rig.clock.now_ns()
    assert len(set(expected)) == 2
    with played(file) as rig:
        assert session(rig) == expected
        assert rig.clock.now_ns() == ended_ns


def test_passwords_are_nowhere_in_a_record_and_any_other_plays(file: Path) -> None:
    def joining(password: str) -> Session:
        def session(module: RigModule) -> None:
            module.start()
            module.at.cwmode(3)
            with pytest.raises(HilError):
                module.at.cwjap("testnet", password)
            module.at.cwsap("own", password, 5, Encryption.WPA2_PSK)
            module.at.cwsap_query()

        return session

    with recorded(file) as rig:
        joining("swordfish9")(rig.modules[0])
    assert b"swordfish" not in file.read_bytes()
    for password in ("swordfish9", "another-and-longer-one"):
        with played(file) as rig:
            joining(password)(rig.modules[0])
            assert rig.modules[0].at.secrets


def test_a_rig_of_records_and_modules_is_refused(file: Path) -> None:
    with recorded(file):
        pass
    mixed = replace(
        VIRTUAL_RIG,
        modules=(*VIRTUAL_RIG.modules, ModuleDescription(slot=1, port=f"replay://{file}")),
    )
    with pytest.raises(RigFileError) as caught, open_rig(mixed, firmware()):
        pass
    assert str(caught.value).startswith("the built-in rig description: module: expected either ")


@pytest.mark.parametrize(
    ("tail", "allowed"),
    [
        ("baud = 9600", "module[0].baud: expected no baud with a record, which brings its own"),
        (
            'lines = ["usb"]\n[lines.usb]\ndriver = "modem-lines"',
            "module[0].lines: expected no lines with a record, which brings its own",
        ),
        (
            "[network]\nhost_address = '192.168.1.2'",
            "network: expected no [network] with a record, in which its peers are not",
        ),
        ('dialect = "documented"', "expected no dialect for the recorded module at 'replay://"),
    ],
)
def test_a_rig_file_does_not_say_what_a_record_says(file: Path, tail: str, allowed: str) -> None:
    (file.parent / "rig.toml").write_text(RIG_FILE + tail, "utf-8")
    with pytest.raises(RigFileError) as caught:
        load_rig(file.parent / "rig.toml")
    assert allowed in str(caught.value)


def test_a_recorded_rate_is_that_of_the_played_rig(file: Path) -> None:
    slow = replace(VIRTUAL_RIG.modules[0], baud=9600)

    def session(module: RigModule) -> None:
        module.power_cycle()
        module.port.set_format(PortFormat(115200))
        module.at.wait_ready()
        module.at.uart_def(9600)
        module.start()

    with recorded(file, replace(VIRTUAL_RIG, modules=(slow,))) as rig:
        session(rig.modules[0])
    (file.parent / "rig.toml").write_text(RIG_FILE, "utf-8")
    with open_rig(load_rig(file.parent / "rig.toml"), firmware()) as rig:
        assert rig.modules[0].description.baud == 9600
        session(rig.modules[0])


def test_a_missing_record_is_told_when_the_rig_is_opened(file: Path) -> None:
    (file.parent / "rig.toml").write_text(RIG_FILE, "utf-8")
    with (
        pytest.raises(RecordFileError) as caught,
        open_rig(load_rig(file.parent / "rig.toml"), firmware()),
    ):
        pass
    assert str(caught.value).startswith(f"{file}: expected a record of a session, found no such")


def test_a_record_goes_into_a_folder_or_a_new_file(tmp_path: Path) -> None:
    assert place_of_record(tmp_path, "bench 7").name.endswith("-bench-7.hilrec")
    assert place_of_record(tmp_path / "new.hilrec", "x") == tmp_path / "new.hilrec"
    with pytest.raises(RecordFileError) as caught:
        place_of_record(tmp_path / "no" / "new.hilrec", "x")
    assert str(caught.value) == (
        f"{tmp_path / 'no' / 'new.hilrec'}: expected a folder in which a file can be made, found "
        f"{tmp_path / 'no'}. Make the folder first, or name another place"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
@pytest.mark.parametrize("kind", ["pty", "url"])
def test_a_session_in_real_time_is_played_too(file: Path, kind: str) -> None:
    def session(module: RigModule) -> list[str]:
        module.at.wait_ready()
        module.at.cwmode(3)
        module.at.rst()
        module.at.cwjap("testnet", "password", timeout_s=20)
        return [*module.at.gmr().lines, *module.at.command("AT+CIFSR").lines]

    plan = ServePlan(has_pty=kind == "pty", tcp_port=0 if kind == "url" else None, is_paced=False)
    with served(plan) as (module,):
        port = getattr(module, kind)
        description = RigDescription("bench", (ModuleDescription(slot=0, port=port),))
        with recorded(file, description) as rig:
            expected = session(rig.modules[0])
            assert not load_record(file).header.is_simulated
    for _ in range(2):
        with played(file) as rig:
            assert session(rig.modules[0]) == expected


def test_a_changed_session_parts_from_its_record(file: Path) -> None:
    with recorded(file) as rig:
        rig.modules[0].start()
        rig.modules[0].at.cwmode(1)
    with played(file) as rig:
        rig.modules[0].start()
        with pytest.raises(ReplayMismatchError) as caught:
            rig.modules[0].at.cwmode(2)
    text = file.read_text("ascii").splitlines()
    assert "AT+CWMODE=1" in text[caught.value.line - 1]
    assert caught.value.recorded == "'AT+CWMODE=1\\r\\n' was sent"
    assert caught.value.happened == "'AT+CWMODE=2\\r\\n' was sent"
