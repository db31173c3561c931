"""What is kept: the history and the log, both without passwords."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hil.console.entry import Entry, EntryKind
from hil.console.history import MOST_LINES, HistoryFile, history_path, kept_line
from hil.console.log import Log
from hil.console.masking import Masking, mask_typed
from hil.errors import MistakeError


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("AT+GMR", "AT+GMR"),
        (":baud 9600", ":baud 9600"),
        ('AT+CWJAP_CUR="net","swordfish"', 'AT+CWJAP_CUR="net",***'),
        ('at+cwsap="net","swordfish",5,3', 'at+cwsap="net",***,5,3'),
        ('AT+CWJAP "net","swordfish"', 'AT+CWJAP "net",***'),
        ('AT+ CWJAP="net","swordfish"', 'AT+ CWJAP="net",***'),
        ('ATCWJAP="net","swordfish"', 'ATCWJAP="net",***'),
        (':send AT+CWJAP="net","swordfish"\\r\\n', ':send AT+CWJAP="net",***'),
        (":quit", None),
        ("swordfish", None),
        ('CWJAP="net","swordfish"', None),
        ("GET / HTTP/1.1", None),
        ("", None),
    ],
)
def test_what_the_history_keeps_of_a_line(line: str, kept: str | None) -> None:
    assert kept_line(line) == kept


def test_the_history_lies_in_the_state_directory() -> None:
    assert history_path({"XDG_STATE_HOME": "/var/state"}) == Path("/var/state/hil/console-history")
    home = Path.home() / ".local" / "state" / "hil" / "console-history"
    assert history_path({}) == home
    assert history_path({"XDG_STATE_HOME": "relative"}) == home  # as the specification says


def test_lines_come_back_in_the_next_session_and_only_their_owner_reads_them(
    tmp_path: Path,
) -> None:
    file = HistoryFile(tmp_path / "new" / "history")
    assert file.load() == []
    for line in ("AT", "AT", "data", 'AT+CWJAP="net","swordfish"'):
        file.store(line)
    assert HistoryFile(file.path).load() == ["AT", 'AT+CWJAP="net",***']
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600


def test_the_history_forgets_the_oldest(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / "history")
    file.path.write_text("".join(f"AT+{number}\n" for number in range(MOST_LINES)))
    file.store("AT+new")
    lines = file.path.read_text().splitlines()
    assert (len(lines), lines[0], lines[-1]) == (MOST_LINES, "AT+1", "AT+new")


def test_a_log_is_appended_to_and_has_all_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for text in ("one", "two"):
        log = Log(path, "sim://x/y at 115200 baud", origin_ns=1_000_000_000)
        log.write([Entry(1_000_001_500, EntryKind.NOISE, text, " and the rest", 13)])
        log.close()
    lines = path.read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("# ")] == [
        "     0.000002 ~~ one and the rest",
        "     0.000002 ~~ two and the rest",
    ]
    assert lines[0].startswith("# 2")
    assert lines[0].endswith(" sim://x/y at 115200 baud")


def test_a_log_that_cannot_be_written_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(MistakeError, match=r"^cannot write the log .*: Is a directory$"):
        Log(tmp_path, "", 0)


def test_a_full_disk_ends_the_log_with_a_reason() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(MistakeError, match="No space left on device"):
        Log(full, "", 0)


class TestMasking:
    def test_a_password_that_ends_in_the_next_line_is_hidden_there_too(self) -> None:
        masking = Masking()
        assert masking.line(b'AT+CWJAP="net","sword') == b'AT+CWJAP="net",***'
        assert masking.line(b'fish"') == b"***"
        assert masking.line(b"OK") == b"OK"

    def test_one_that_was_sent_is_hidden_wherever_it_comes(self) -> None:
        masking = Masking()
        assert masking.sent(b'AT+CWJAP="net","swordfish"\r\n') == b'AT+CWJAP="net",***\r\n'
        assert masking.line(b"+X:swordfish swordfish!") == b"+X:*** ***!"
        assert masking.piece(b"a swordfish") == b"a ***"

    def test_in_a_command_that_is_mistyped_too_much_is_hidden(self) -> None:
        assert mask_typed(b'CWJAP="net","swordfish"') == b'CWJAP="net",***'
        assert mask_typed(b"AT+CWJAP?") == b"AT+CWJAP?"
        assert mask_typed(b'AT+CWJAP="net""swordfish"') == b'AT+CWJAP="net"***'
        assert mask_typed(b'AT+CWJAP="net"\r\n') == b'AT+CWJAP="net"\r\n'
        assert mask_typed(b'AT+CWLAP="x"') == b'AT+CWLAP="x"'
