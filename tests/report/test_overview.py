"""What a reader of a report sees first."""

from __future__ import annotations

from typing import Any

import pytest

from hil.report.environment import describe_environment
from hil.report.html.observation import flash_record
from hil.report.html.overview import overview
from hil.report.record import record_from_journal

from .reports_of_tests import finished, passed_test, started

FLASH = "a" * 64
FILE = "b" * 64


def page(**fields: Any) -> str:
    return str(overview(record_from_journal([started(**fields), *passed_test("t"), finished()])))


def test_virtual_rig_is_called_a_simulation() -> None:
    words = "The module was simulated, and no instruction of the firmware was executed."
    assert words in page(rig={"name": "virtual", "is_virtual": True})
    assert words not in page(rig={"name": "bench1", "is_virtual": False})
    assert words not in page(rig=None)


@pytest.mark.parametrize(
    ("argv", "shown"),
    [
        (["/usr/bin/hil", "run", "smoke", "--", "-n", "2"], "hil run smoke -- -n 2"),
        (["/v/bin/pytest", "-k", "a b"], "pytest -k 'a b'"),
        (["/v/site-packages/pytest/__main__.py", "-q"], "python -m pytest -q"),
        (["hil.exe", "run"], "hil run"),
        (["pytest", 'AT+CWJAP="net","secret123"'], 'pytest \'AT+CWJAP="net",***'),
    ],
)
def test_command_is_what_was_typed(argv: list[str], shown: str) -> None:
    environment = describe_environment(["-p", "internal", *argv[1:]], argv)
    text = page(environment=environment)
    assert f"<code>{shown}" in text
    assert "internal" not in text
    assert "secret123" not in str(environment)


def test_command_of_an_older_journal_is_what_pytest_was_given() -> None:
    assert "<code>pytest -q</code>" in page(environment={"arguments": ["-q"]})


@pytest.mark.parametrize(
    ("firmware", "shown"),
    [
        (("synthesized AT 0.23", "0.23", "1.0.1", "synthesized"), "synthesized AT 0.23, SDK 1.0.1"),
        (("f", "0.23", "1.0.1", "f.toml"), "f, AT 0.23, SDK 1.0.1, f.toml"),
    ],
)
def test_firmware_says_nothing_twice(firmware: tuple[str, ...], shown: str) -> None:
    keys = ("name", "at_version", "sdk_version", "manifest")
    text = page(firmware=dict(zip(keys, firmware, strict=True)))
    assert f"<dd>{shown}</dd>" in text


def test_both_hashes_stand_where_esptool_patched_the_image() -> None:
    region = {"name": "boot", "offset": 0, "length_bytes": 16, "sha256": FLASH, "verified": True}
    patched = flash_record({"regions": [{**region, "image_sha256": FILE}]})
    assert FLASH in patched
    assert FILE in patched
    assert "patched the flash size" in patched
    for image_sha256 in (None, FLASH):
        same = flash_record({"regions": [{**region, "image_sha256": image_sha256}]})
        assert same.count(FLASH) == 1
        assert "patched" not in same
    assert "patched" not in flash_record({"regions": [region]})
