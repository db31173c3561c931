"""Where passwords are, and that nobody sees them when they are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hil.errors import RigFileError
from hil.ports.access_point import ApSecurity
from hil.rig.password_source import (
    EnvironmentPassword,
    FilePassword,
    KnownPassword,
    parse_password,
)
from hil.toml_table import Table

RIG_FILE = Path("/rigs/bench.toml")


def source(text: Any, path: Path | None = RIG_FILE) -> Any:
    table = Table({"password": text}, path=path, place="access-point[0]", error=RigFileError)
    return parse_password(table, "password")


def mistake(text: Any, security: ApSecurity = ApSecurity.WPA2) -> str:
    with pytest.raises(RigFileError) as caught:
        source(text).read(security)
    return str(caught.value).removeprefix("/rigs/bench.toml: access-point[0].password: ")


class TestWhere:
    def test_in_a_variable_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LAB_PASSWORD", "secret-1")
        assert source("env:LAB_PASSWORD").read(ApSecurity.WPA2) == "secret-1"

    @pytest.mark.parametrize("end", ["", "\n", "\r\n"])
    def test_in_the_one_line_of_a_file(self, tmp_path: Path, end: str) -> None:
        (tmp_path / "lab").write_bytes(b"secret 1" + end.encode())
        assert source(f"file:{tmp_path / 'lab'}").read(ApSecurity.WPA2) == "secret 1"

    def test_a_path_is_relative_to_the_rig_file(self, tmp_path: Path) -> None:
        (tmp_path / "lab").write_text("secret-1")
        assert source("file:lab", tmp_path / "bench.toml").read(ApSecurity.WPA2) == "secret-1"
        assert source("file:a/lab", None) == FilePassword(Path("a/lab"), "", None)

    def test_it_is_read_when_it_is_asked_for_and_not_before(self) -> None:
        assert source("env:HIL_TESTS_NO_SUCH") == EnvironmentPassword("HIL_TESTS_NO_SUCH", "", None)

    def test_what_everybody_may_know_is_no_secret(self) -> None:
        assert KnownPassword("password").read(ApSecurity.WPA2) == "password"
        assert not KnownPassword("password").is_secret
        assert source("env:A").is_secret
        assert source("file:a").is_secret

    def test_it_is_not_shown(self) -> None:
        assert "password'" not in repr(KnownPassword("password"))


class TestMistakes:
    def test_the_variable_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("LAB_PASSWORD", raising=False)
        assert mistake("env:LAB_PASSWORD") == (
            "expected a password in the environment variable LAB_PASSWORD, found no such variable. "
            "Set it before the program starts: export LAB_PASSWORD=..."
        )

    def test_the_variable_is_empty(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LAB_PASSWORD", "")
        assert "LAB_PASSWORD, found an empty one. Set it" in mistake("env:LAB_PASSWORD")

    def test_the_file_is_not_there(self) -> None:
        assert mistake("file:lab") == (
            "expected a password as the one line of the file /rigs/lab, found No such file or "
            "directory. Write it there, and let nobody else read the file: chmod 600"
        )

    @pytest.mark.parametrize(
        ("content", "found"),
        [(b"", "no text"), (b"secret-1\nsecret-2\n", "2 lines"), (b"secret\xff", "no text")],
    )
    def test_the_file_holds_something_else(
        self, tmp_path: Path, content: bytes, found: str
    ) -> None:
        (tmp_path / "lab").write_bytes(content)
        message = mistake(f"file:{tmp_path / 'lab'}")
        assert f"the file {tmp_path / 'lab'}, found {found}. Write it there" in message
        assert "secret" not in message

    def test_it_is_too_short(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("LAB_PASSWORD", "secret7")
        assert mistake("env:LAB_PASSWORD") == (
            "expected a password in the environment variable LAB_PASSWORD, found an unfit one: a "
            "password for wpa2 has 8 to 64 bytes, not 7"
        )
        (tmp_path / "lab").write_text("secret7")
        assert mistake(f"file:{tmp_path / 'lab'}", ApSecurity.WEP).endswith(
            "found an unfit one: a password for wep has 5, 13, or in hexadecimal digits 10 or 26 "
            "bytes, not 7"
        )

    @pytest.mark.parametrize("text", ["secret-1", "env:", "env:MY-SECRET", "file:", "ENV:secret"])
    def test_a_password_in_the_rig_file_is_refused_and_not_shown(self, text: str) -> None:
        assert mistake(text) == (
            "expected 'env:NAME' or 'file:PATH', which say where the password is, found something "
            "else, which is not shown. A rig file holds no passwords"
        )

    @pytest.mark.parametrize(
        ("value", "found"),
        [(12345678, "something else"), (["secret-1"], "something else"), ("", "something else")],
    )
    def test_what_is_no_text_is_not_shown_either(self, value: Any, found: str) -> None:
        assert mistake(value) == (
            f"expected 'env:NAME' or 'file:PATH', which say where the password is, found {found}"
        )

    def test_nothing_there(self) -> None:
        table = Table({}, path=RIG_FILE, place="access-point[0]", error=RigFileError)
        with pytest.raises(RigFileError) as caught:
            parse_password(table, "password")
        assert str(caught.value) == (
            "/rigs/bench.toml: access-point[0].password: expected 'env:NAME' or 'file:PATH', which "
            "say where the password is, found nothing"
        )
