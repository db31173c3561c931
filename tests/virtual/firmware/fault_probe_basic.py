"""What shows the faults of start-up, of the basic commands, and of what is stored where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.units import NS_PER_MS
from hil.virtual.action import Send, SetLineFormat
from hil.virtual.uart import LineFormat, Parity

from .chip_player import BUSY, ERROR, OK, READY
from .fault_probe import Probe, Run, asked, of_family, start_anew

if TYPE_CHECKING:
    from .link_player import LinkPlayer

VERSIONS = (
    b"AT version:0.23.0.0(Apr 24 2015 21:11:01)\r\n"
    b"SDK version:1.0.1\r\n"
    b"compile time:Apr 24 2015 21:19:31\r\n"
    b"OK\r\n"
)
WITHOUT_TIME = b"AT version:0.23.0.0(Apr 24 2015 21:11:01)\r\nSDK version:1.0.1\r\nOK\r\n"
FACTORY_LINE = LineFormat(115200)
SLOW_LINE = LineFormat(9600)


def said_at_start(player: LinkPlayer) -> bytes:
    player.take_sent()
    player.power_on()
    player.settle()
    return player.take_sent()


def ms_until_ready(player: LinkPlayer) -> int:
    player.actions.clear()
    begin_ns = player.now_ns
    player.power_on()
    player.settle()
    (ready,) = [each for each in player.actions if isinstance(each, Send)]
    assert ready.data == READY
    return (ready.at_ns - begin_ns) // NS_PER_MS


def said_while_scanning(player: LinkPlayer) -> bytes:
    player.ask(b"AT+CWMODE_CUR=1")
    player.send(b"AT+CWLAP\r\n")
    player.send(b"AT\r\n")
    return player.take_sent()


def echo_after_start(player: LinkPlayer) -> bytes:
    player.power_cycle()
    return player.ask(b"AT")


def stored_line(command: bytes) -> Run:
    """The format of the line after a command and a start."""

    def run(player: LinkPlayer) -> LineFormat:
        player.ask(command)
        player.power_cycle()
        return player.line_format

    return run


def lines_set(*settings: bytes) -> Run:
    """What the three UART commands make of settings."""

    def run(player: LinkPlayer) -> list[SetLineFormat]:
        for command in (b"AT+UART=", b"AT+UART_CUR=", b"AT+UART_DEF="):
            for each in settings:
                player.ask(command + each)
        return [action for action in player.actions if isinstance(action, SetLineFormat)]

    return run


def order_of_answer(player: LinkPlayer) -> list[str]:
    """Whether the line changes before or behind the answer."""
    player.actions.clear()
    for command in (b"AT+UART=", b"AT+UART_CUR=", b"AT+UART_DEF="):
        player.ask(command + b"9600,8,1,0,0")
    return [type(action).__name__ for action in player.actions]


def restarts_after(line: bytes) -> Run:
    def run(player: LinkPlayer) -> int:
        player.ask(line)
        return player.restarts

    return run


def sleep_us_after(line: bytes) -> Run:
    """How long the module sleeps, if it does."""

    def run(player: LinkPlayer) -> int | None:
        player.ask(line)
        return player.deep_sleep.duration_us if player.deep_sleep else None

    return run


def sleep_mode_after_start(player: LinkPlayer) -> bytes:
    start_anew(player)
    return player.ask(b"AT+SLEEP?")


def equal_values_written(player: LinkPlayer) -> list[bool]:
    """Whether a value is written that the user and the system area hold."""
    written = []
    for line in (b"AT+UART_DEF=115200,8,1,0,3", b"AT+CWMODE_DEF=3"):
        player.ask(line)
        count = player.flash.write_count
        player.ask(line)
        written.append(player.flash.write_count > count)
    return written


def areas_changed(player: LinkPlayer) -> list[tuple[bool, bool]]:
    """Which of user and system area a user and a system parameter change."""
    changed = []
    for line in (b"AT+UART_DEF=115200,8,1,0,3", b"AT+CWMODE_DEF=1"):
        user, system = player.areas()
        player.ask(line)
        new_user, new_system = player.areas()
        changed.append((new_user != user, new_system != system))
    return changed


def mode_after_cut_at_ok(player: LinkPlayer) -> bytes:
    """What is stored if the power goes as soon as OK is there."""
    player.send(b"AT+CWMODE_DEF=1\r\n")
    while OK not in player.take_sent():
        due_ns = player.firmware.next_deadline_ns()
        assert due_ns is not None
        player.advance(due_ns)
    start_anew(player)
    return player.ask(b"AT+CWMODE_DEF?")


def line_beside_new_mac(player: LinkPlayer) -> LineFormat:
    player.ask(b"AT+UART_DEF=9600,8,1,0,0")
    player.ask(b'AT+CIPSTAMAC_DEF="1a:2b:3c:4d:5e:6e"')
    player.power_cycle()
    return player.line_format


def what_restore_leaves(player: LinkPlayer) -> tuple[bytes, LineFormat]:
    player.ask(b"AT+CWMODE_DEF=1")
    player.ask(b"AT+UART_DEF=9600,8,1,0,0")
    player.ask(b"AT+RESTORE")
    start_anew(player)
    return player.ask(b"AT+CWMODE_DEF?"), player.line_format


START_PROBES = {
    "ready-is-missing": Probe(said_at_start, READY, b""),
    "start-takes-ten-seconds": Probe(ms_until_ready, 200, 10_000),
    "busy-is-missing": Probe(said_while_scanning, BUSY, b""),
    "small-letters-are-taken": Probe(asked(b"AT+gmr"), [ERROR], [VERSIONS]),
}

LINE_PROBES = {
    "echo-stays-on": Probe(asked(b"ATE0", b"AT"), [OK, OK], [b"ATE0\r\r\n" + OK, b"AT\r\r\n" + OK]),
    "echo-is-off-at-start": Probe(echo_after_start, b"AT\r\r\n" + OK, OK),
    "ate-accepts-anything": Probe(asked(b"ATE2"), [ERROR], [OK]),
    "uart-cur-saves": Probe(stored_line(b"AT+UART_CUR=9600,8,1,0,0"), FACTORY_LINE, SLOW_LINE),
    "uart-def-forgets": Probe(stored_line(b"AT+UART_DEF=9600,8,1,0,0"), SLOW_LINE, FACTORY_LINE),
    "uart-refuses-lowest-speed": Probe(of_family(b"UART", b"=110,8,1,0,0"), [OK] * 3, [ERROR] * 3),
    "uart-takes-too-high-speed": Probe(
        of_family(b"UART", b"=4608001,8,1,0,0"), [ERROR] * 3, [OK] * 3
    ),
    "uart-refuses-five-data-bits": Probe(
        of_family(b"UART", b"=9600,5,1,0,0"), [OK] * 3, [ERROR] * 3
    ),
    "uart-rounds-up-stop-bits": Probe(
        lines_set(b"9600,8,2,0,0"),
        [SetLineFormat(LineFormat(9600, 8, Parity.NONE, 3))] * 3,
        [SetLineFormat(LineFormat(9600, 8, Parity.NONE, 4))] * 3,
    ),
    "uart-mixes-up-parities": Probe(
        lines_set(b"9600,8,1,1,0", b"9600,8,1,2,0"),
        [SetLineFormat(LineFormat(9600, 8, each)) for each in (Parity.ODD, Parity.EVEN)] * 3,
        [SetLineFormat(LineFormat(9600, 8, each)) for each in (Parity.EVEN, Parity.ODD)] * 3,
    ),
    "uart-drops-flow-control": Probe(
        lines_set(b"9600,8,1,0,3"),
        [SetLineFormat(SLOW_LINE, 3)] * 3,
        [SetLineFormat(SLOW_LINE, 0)] * 3,
    ),
    "uart-answers-with-new-settings": Probe(
        order_of_answer, ["Send", "SetLineFormat"] * 3, ["SetLineFormat", "Send"] * 3
    ),
}

CHIP_PROBES = {
    "rst-stays-running": Probe(restarts_after(b"AT+RST"), 1, 0),
    "gmr-leaves-out-compile-time": Probe(asked(b"AT+GMR"), [VERSIONS], [WITHOUT_TIME]),
    "gslp-oversleeps": Probe(sleep_us_after(b"AT+GSLP=1000"), 1_000_000, 2_000_000),
    "gslp-stays-awake": Probe(sleep_us_after(b"AT+GSLP=1000"), 1_000_000, None),
    "gslp-leaves-out-time": Probe(asked(b"AT+GSLP=1000"), [b"1000\r\n" + OK], [OK]),
    "restore-stays-running": Probe(restarts_after(b"AT+RESTORE"), 1, 0),
    "sleep-takes-three": Probe(asked(b"AT+CWMODE_CUR=1", b"AT+SLEEP=3"), [OK, ERROR], [OK, OK]),
    "sleep-works-with-soft-ap": Probe(
        asked(b"AT+SLEEP=0", b"AT+SLEEP?"),
        [ERROR, b"+SLEEP:2\r\n" + OK],
        [OK, b"+SLEEP:0\r\n" + OK],
    ),
    "sleep-starts-in-light-sleep": Probe(
        sleep_mode_after_start, b"+SLEEP:2\r\n" + OK, b"+SLEEP:1\r\n" + OK
    ),
}

FLASH_PROBES = {
    "equal-values-are-written-again": Probe(equal_values_written, [False] * 2, [True] * 2),
    "parameter-areas-are-swapped": Probe(
        areas_changed, [(True, False), (False, True)], [(False, True), (True, False)]
    ),
    "ok-comes-before-value-is-stored": Probe(
        mode_after_cut_at_ok, b"+CWMODE_DEF:1\r\n" + OK, b"+CWMODE_DEF:2\r\n" + OK
    ),
    "storing-wipes-neighbours": Probe(line_beside_new_mac, SLOW_LINE, FACTORY_LINE),
    "restore-keeps-system-area": Probe(
        what_restore_leaves,
        (b"+CWMODE_DEF:2\r\n" + OK, FACTORY_LINE),
        (b"+CWMODE_DEF:1\r\n" + OK, FACTORY_LINE),
    ),
}

BASIC_PROBES = {**START_PROBES, **LINE_PROBES, **CHIP_PROBES, **FLASH_PROBES}
