"""How a module was found and is left, step by step, in simulated time."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from hil.flashing.synthesis import synthesize
from hil.rig.assembly import open_rig
from hil.rig.description import VIRTUAL_RIG

from .plan_module import plan_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.rig.module import RigModule

found = plan_module("found")

FLASH_BAUD = 460800


@contextmanager
def started(*, has_lines: bool = False, dialect: str = "documented") -> Iterator[RigModule]:
    """A module that runs, on a rig that can reset it or not."""
    only = replace(VIRTUAL_RIG.modules[0], dialect=dialect)
    only = only if has_lines else replace(only, lines=())
    with open_rig(replace(VIRTUAL_RIG, modules=(only,)), synthesize()) as rig:
        rig.modules[0].at.wait_ready()
        yield rig.modules[0]


def tell(module: RigModule, *calls: str) -> None:
    for call in calls:
        assert module.at.command(call, 15.0).is_ok, call


def told(module: RigModule, *names: str) -> list[tuple[str, ...]]:
    return [module.at.command(f"AT+{name}?").values(name) for name in names]


@pytest.mark.parametrize("dialect", ["documented", "espressif-0.23"])
def test_dhcp_of_a_factory_module_stays_on(dialect: str) -> None:
    with started(dialect=dialect) as module:
        assert told(module, "CWDHCP") == [("3",)]
        state = found.find_state(module, FLASH_BAUD)
        tell(module, "AT+CWDHCP_DEF=2,0")
        state.put_back(module)
        assert told(module, "CWDHCP") == [("3",)]


@pytest.mark.parametrize("dialect", ["documented", "espressif-0.23"])
def test_what_queries_tell_is_set_again(dialect: str) -> None:
    settings = (
        "AT+CWMODE_DEF=3",
        'AT+CWSAP_DEF="mine","letmein99",7,3',
        'AT+CIPSTAMAC_DEF="18:fe:34:00:11:22"',
        'AT+CIPAP_DEF="192.168.7.1","192.168.7.1","255.255.255.0"',
        'AT+CIPSTA_DEF="192.168.8.5","192.168.8.1","255.255.255.0"',
        "AT+CWDHCP_DEF=1,0",
    )
    asked = ("CWMODE_DEF", "CWSAP_DEF", "CIPSTAMAC_DEF", "CIPAP_DEF", "CIPSTA_DEF", "CWDHCP")
    with started(dialect=dialect) as module:
        tell(module, *settings)
        before = told(module, *asked)
        state = found.find_state(module, FLASH_BAUD)
        module.restore()
        assert told(module, *asked) != before
        remark = state.put_back(module)
        assert told(module, *asked) == before
    assert remark.startswith("gone, if it was there, is a saved link of passthrough")


def test_what_cannot_be_set_again_is_said() -> None:
    with started() as module:
        tell(module, "AT+CWMODE_DEF=1", 'AT+CWJAP_DEF="testnet","password"')
        state = found.find_state(module, FLASH_BAUD)
        module.restore()
        remark = state.put_back(module)
    assert remark == (
        "the access point that it joined is forgotten: join it again by AT+CWJAP_DEF; gone, if it "
        "was there, is a saved link of passthrough (AT+SAVETRANSLINK) and AT+CWAUTOCONN=0"
    )


def test_a_module_in_passthrough_is_left_as_it_was_found() -> None:
    with started() as module:
        tell(module, "AT+CWMODE_DEF=3")
        state = found.find_state(module, FLASH_BAUD)
        tell(module, 'AT+CWJAP_CUR="testnet","password"', "AT+CIPMODE=1")
        tell(module, 'AT+CIPSTART="UDP","192.168.1.2",1000')
        module.port.send(b"AT+CIPSEND\r\n")
        state.put_back(module)
        assert told(module, "CWMODE_DEF") == [("3",)]


def test_the_firmware_runs_again_when_reading_the_flash_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(session: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(found, "keep_parameters", stop)
    with started(has_lines=True) as module:
        with pytest.raises(KeyboardInterrupt):
            found.find_state(module, FLASH_BAUD)
        assert module.is_running
        assert module.at.command("AT").is_ok
