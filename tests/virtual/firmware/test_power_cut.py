"""No power cut loses settings: they are the old ones or the new ones, in both dialects.

The flash of these tests is so quick that each nanosecond of a write can be tried; within it cells
change in many small steps all the same.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.units import KIB
from hil.virtual.firmware.parameter_store import ParameterStore
from hil.virtual.firmware.settings import SystemSettings, UartSettings, UserSettings, WifiMode
from hil.virtual.flash import FlashTiming, NorFlash

SIZE = 512 * KIB
FACTORY = (UserSettings(), SystemSettings())
QUICK = FlashTiming(page_program_ns=128, sector_erase_ns=48, block_erase_ns=48)
FIRST_LOG_FULL = 511
SECOND_LOG_FULL = 1022
HISTORIES = (0, 1, 2, 3, FIRST_LOG_FULL, FIRST_LOG_FULL + 1, SECOND_LOG_FULL, SECOND_LOG_FULL + 1)
"""How often each area was written before; full logs are left by copy 2 and by copy 1."""

Settings = tuple[UserSettings, SystemSettings]

both_rules = pytest.mark.parametrize("blank_means_factory", [True, False])
histories = pytest.mark.parametrize("stores", HISTORIES)


class Device:
    """A flash with settings in it, and the firmware's store, which loses its memory at each cut."""

    def __init__(self, content: bytes, *, blank_means_factory: bool) -> None:
        self.flash = NorFlash(SIZE, content, timing=QUICK)
        self.blank_means_factory = blank_means_factory
        self.now_ns = 0
        self.boot()

    def boot(self) -> None:
        self.store = ParameterStore(self.flash, blank_means_factory=self.blank_means_factory)

    @property
    def settings(self) -> Settings:
        return self.store.user, self.store.system

    def cut(self, at_ns: int) -> None:
        self.flash.cut_power(at_ns)
        self.now_ns = at_ns + 1
        self.boot()

    def after_cut(self, at_ns: int) -> Device:
        """Another device, which has come as far as this one and is cut; this one goes on."""
        other = copy(self)
        other.flash = copy(self.flash)
        other.flash._cells = self.flash._cells.copy()
        other.flash._under_way = self.flash._under_way.copy()
        other.flash.erase_counts = self.flash.erase_counts.copy()
        other.flash.status = copy(self.flash.status)
        other.cut(at_ns)
        return other


def user_settings(number: int) -> UserSettings:
    return UserSettings(UartSettings(baud=9600 + number))


def system_settings(number: int) -> SystemSettings:
    return SystemSettings((WifiMode.STATION, WifiMode.BOTH)[number % 2])


@cache
def contents() -> dict[int, bytes]:
    """Flashes in which each area was written 0, 1, 2, ... times."""
    device = Device(b"", blank_means_factory=True)
    found = {0: device.flash.snapshot()}
    for stores in range(1, max(HISTORIES) + 1):
        device.now_ns = device.store.save_user(user_settings(stores), device.now_ns)
        device.now_ns = device.store.save_system(system_settings(stores), device.now_ns)
        if stores in HISTORIES:
            found[stores] = device.flash.snapshot()
        device.flash.settle(device.now_ns)
    return found


@both_rules
@histories
def test_a_store_cut_at_any_nanosecond(stores: int, *, blank_means_factory: bool) -> None:
    content = contents()[stores]
    device = Device(content, blank_means_factory=blank_means_factory)
    old = device.settings
    new = (user_settings(-1), old[1])
    end_ns = device.store.save_user(new[0], 0)
    seen = []
    for cut_ns in range(end_ns + 1):
        found = device.after_cut(cut_ns)
        seen.append(found.settings)
        found.now_ns = found.store.recover(found.now_ns)
        found.now_ns = found.store.save_user(user_settings(-2), found.now_ns)
        found.cut(found.now_ns)
        assert found.settings == (user_settings(-2), old[1])
    assert seen == sorted(seen, key=lambda found: found == new)
    assert set(seen) == {old, new}


@both_rules
@histories
def test_a_restore_cut_at_any_nanosecond(stores: int, *, blank_means_factory: bool) -> None:
    content = contents()[stores]
    device = Device(content, blank_means_factory=blank_means_factory)
    old = device.settings
    end_ns = device.store.restore(0)
    assert device.flash.snapshot() == b"\xff" * SIZE
    seen = []
    for cut_ns in range(end_ns + 1):
        found = device.after_cut(cut_ns)
        seen.append(found.settings)
        found.now_ns = found.store.recover(found.now_ns)
        found.cut(found.now_ns)
        assert found.settings == seen[-1]
    assert seen == sorted(seen, key=lambda found: found == FACTORY)
    assert set(seen) == {old, FACTORY}


@both_rules
@pytest.mark.parametrize("stores", [1, 2, 3, FIRST_LOG_FULL + 1])
@pytest.mark.parametrize("blanked", [{1}, {2}, {3}, {1, 3}, {2, 3}])
def test_a_store_after_sectors_were_blanked_cut_at_any_nanosecond(
    stores: int, blanked: set[int], *, blank_means_factory: bool
) -> None:
    content = bytearray(contents()[stores])
    for sector in blanked:
        content[0x3C000 + 0x1000 * sector : 0x3D000 + 0x1000 * sector] = b"\xff" * 0x1000
    device = Device(bytes(content), blank_means_factory=blank_means_factory)
    old = device.settings
    new = (user_settings(-1), old[1])
    end_ns = device.store.save_user(new[0], 0)
    seen = [device.after_cut(cut_ns).settings for cut_ns in range(end_ns + 1)]
    assert seen == sorted(seen, key=lambda found: found == new)
    assert set(seen) == {old, new}


@both_rules
def test_a_restore_beside_garbage_cut_at_any_nanosecond(*, blank_means_factory: bool) -> None:
    content = contents()[2]
    content = content[:0x3D000] + b"\x00" * 0x3000 + content[0x40000:]
    device = Device(content, blank_means_factory=blank_means_factory)
    old = device.settings
    assert old == (UserSettings(), system_settings(2))
    end_ns = device.store.restore(0)
    seen = []
    for cut_ns in range(end_ns + 1):
        found = device.after_cut(cut_ns)
        seen.append(found.settings)
        found.cut(found.store.recover(found.now_ns))
        assert found.settings == seen[-1]
        assert (found.flash.read(0x7D000, 0x3000) == b"\xff" * 0x3000) == (seen[-1] == FACTORY)
    assert set(seen) == {old, FACTORY}


@both_rules
@pytest.mark.parametrize("stores", [2, FIRST_LOG_FULL])
def test_a_restore_that_was_cut_is_finished_at_the_next_start(
    stores: int, *, blank_means_factory: bool
) -> None:
    content = contents()[stores]
    device = Device(content, blank_means_factory=blank_means_factory)
    device.store.restore(0)
    device.cut(QUICK.page_program_ns + 1)
    assert device.settings == FACTORY
    end_ns = device.store.recover(device.now_ns)
    for cut_ns in range(device.now_ns, end_ns + 1):
        assert device.after_cut(cut_ns).settings == FACTORY
    assert device.flash.snapshot() == b"\xff" * SIZE


@both_rules
@pytest.mark.parametrize(
    ("stores", "flag"),
    [
        (FIRST_LOG_FULL + 1, b"\x80\x01\x7f\xfeA1\xbe\xce"),
        (SECOND_LOG_FULL + 1, b"\x80\x02\x7f\xfdA2\xbe\xcd"),
    ],
)
def test_a_full_flag_is_started_over(
    stores: int, flag: bytes, *, blank_means_factory: bool
) -> None:
    device = Device(contents()[stores], blank_means_factory=blank_means_factory)
    assert device.settings == (user_settings(stores), system_settings(stores))
    assert device.flash.read(0x3F000, 4 * KIB).rstrip(b"\xff") == flag
    assert device.flash.read(0x7F000, 4 * KIB).rstrip(b"\xff") == flag


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, and at which part of its duration the power goes, if it does."""

    kind: str
    number: int
    cut: float | None
    cut_of_recovery: float | None


fractions = st.none() | st.floats(0, 1)
steps = st.builds(
    Step,
    kind=st.sampled_from(["user", "system", "restore"]),
    number=st.integers(0, 3),
    cut=fractions,
    cut_of_recovery=fractions,
)


def moment(start_ns: int, end_ns: int, fraction: float) -> int:
    return start_ns + round(fraction * (end_ns - start_ns))


@settings(deadline=None)
@given(
    stores=st.sampled_from(HISTORIES),
    blank_means_factory=st.booleans(),
    plan=st.lists(steps, min_size=1, max_size=8),
)
def test_any_stores_and_restores_with_any_cuts(
    stores: int, *, blank_means_factory: bool, plan: list[Step]
) -> None:
    device = Device(contents()[stores], blank_means_factory=blank_means_factory)
    for step in plan:
        device.now_ns = device.store.recover(device.now_ns)
        old = device.settings
        start_ns = device.now_ns
        if step.kind == "user":
            new = (user_settings(step.number), old[1])
            end_ns = device.store.save_user(new[0], start_ns)
        elif step.kind == "system":
            new = (old[0], system_settings(step.number))
            end_ns = device.store.save_system(new[1], start_ns)
        else:
            new = FACTORY
            end_ns = device.store.restore(start_ns)
        if step.cut is None:
            device.cut(end_ns)
            assert device.settings == new
            continue
        device.cut(moment(start_ns, end_ns, step.cut))
        found = device.settings
        assert found in (old, new)
        if step.cut_of_recovery is not None:
            end_ns = device.store.recover(device.now_ns)
            device.cut(moment(device.now_ns, end_ns, step.cut_of_recovery))
            assert device.settings == found
