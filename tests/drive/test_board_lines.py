"""DTR and RTS of a served module: what a program does with them, and what the module makes of it.

The sequences are esptool's, and those of programs that never heard of an ESP8266.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.drive.board_lines import HOLD_NS, STRAP_HOLD_NS, BoardLines
from hil.units import NS_PER_MS, NS_PER_S
from hil.virtual.chip import Phase

from .simulated_module import running_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.virtual.bench import Bench
    from hil.virtual.uart import LineFormat
    from hil.virtual.world import World


class Board:
    """Lines that are switched one by one, with time between."""

    def __init__(self, world: World, bench: Bench) -> None:
        self.world, self.bench = world, bench
        self.lines = BoardLines(bench)
        world.add("lines", self.lines)

    def set(self, dtr: int, rts: int, *, wait_ms: int = 0) -> None:
        self.lines.set(dtr=bool(dtr), rts=bool(rts), now_ns=self.world.now_ns)
        self.wait(wait_ms * NS_PER_MS)

    def wait(self, duration_ns: int) -> None:
        self.world.advance(self.world.now_ns + duration_ns)

    @property
    def is_in_loader(self) -> bool:
        line_format: LineFormat = self.bench.adapter.line_format
        return self.bench.chip.hears_sync(line_format)


@pytest.fixture
def board() -> Iterator[Board]:
    with running_module() as (world, bench):
        yield Board(world, bench)


@pytest.mark.parametrize("gap_ms", [0, 1, 20, 249])
def test_esptool_enters_the_loader_however_slowly_its_calls_arrive(
    board: Board, gap_ms: int
) -> None:
    board.set(0, 1, wait_ms=100)
    board.set(1, 1, wait_ms=gap_ms)
    board.set(1, 0, wait_ms=50)
    board.set(0, 0, wait_ms=50)
    assert board.is_in_loader
    assert board.bench.chip.boots == 2


def test_hard_reset_starts_the_firmware(board: Board) -> None:
    board.set(0, 1, wait_ms=100)
    board.set(0, 0, wait_ms=1000)
    assert not board.is_in_loader
    assert board.bench.chip.boots == 2


def test_a_reset_that_ends_with_both_lines_asserted_ends_by_itself(board: Board) -> None:
    board.set(0, 1, wait_ms=100)
    board.set(1, 1)
    board.wait(HOLD_NS - 1)
    phases = [board.bench.chip.phase]
    board.wait(NS_PER_S)
    phases.append(board.bench.chip.phase)
    assert phases == [Phase.RESET, Phase.RUNNING]
    assert not board.is_in_loader


@pytest.mark.parametrize(
    "program",
    [[(1, 1)], [(1, 1), (0, 0)], [(1, 0), (1, 1)], [(1, 0), (0, 0)], [(0, 0)]],
    ids=str,
)
def test_a_program_that_only_opens_the_port_leaves_the_module_alone(
    board: Board, program: list[tuple[int, int]]
) -> None:
    for dtr, rts in program:
        board.set(dtr, rts, wait_ms=300)
    assert board.bench.chip.boots == 1
    assert not board.is_in_loader


def test_rts_first_resets_but_does_not_enter_the_loader(board: Board) -> None:
    board.set(0, 1)
    board.set(1, 1, wait_ms=1000)
    assert board.bench.chip.boots == 2
    assert not board.is_in_loader


def test_the_loader_can_be_entered_without_lines(board: Board) -> None:
    board.lines.enter_loader(board.world.now_ns)
    board.wait(STRAP_HOLD_NS)
    assert board.is_in_loader
    assert board.bench.chip.straps.gpio0
    assert board.lines.next_deadline_ns() is None


def test_the_module_can_be_restarted_without_lines(board: Board) -> None:
    board.lines.enter_loader(board.world.now_ns)
    board.lines.restart(board.world.now_ns)
    board.wait(NS_PER_S)
    assert not board.is_in_loader
    assert board.bench.chip.phase is Phase.RUNNING
