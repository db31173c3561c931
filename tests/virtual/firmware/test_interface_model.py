"""DHCP and fixed addresses, current and stored, against a small model of the document's rules.

The model knows the notes of commands 13 to 15 and 23 to 28 and nothing of the firmware: who of
DHCP and a fixed address was set last, once for now and once for after a start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.units import NS_PER_S
from hil.virtual.action import Transmit
from hil.virtual.air.message import Announce
from hil.virtual.firmware.dialect import DOCUMENTED, ESPRESSIF_0_23, Dialect
from hil.virtual.network.message import Interface, SetAddress

from .air_player import serve
from .chip_player import OK, ChipPlayer, ready_player

SUFFIXES = ("", "_CUR", "_DEF")
ADDRESSES = ("192.168.5.1", "192.168.6.100", "200.1.2.1")
LEASED = "192.168.1.7"
NOTHING = "0.0.0.0"  # noqa: S104 - no address to bind to
OF_NUMBER = (("soft ap",), ("station",), ("soft ap", "station"))


@dataclass
class Rules:
    """Per interface: is DHCP on, and which address was fixed last.

    Args:
        excludes: Whether DHCP and a fixed address exclude each other for the softAP too.
    """

    excludes: bool
    now: dict[str, bool | str | None] = field(default_factory=dict)
    later: dict[str, bool | str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for who in ("station", "soft ap"):
            self.later |= {f"{who} dhcp": True, f"{who} ip": None}
        self.start()

    def start(self) -> None:
        self.now = dict(self.later)

    def set(self, suffix: str, what: str, value: bool | str) -> None:
        self.now[what] = value
        if suffix != "_CUR":
            self.later[what] = value

    def fix(self, suffix: str, who: str, address: str) -> None:
        self.set(suffix, f"{who} ip", address)
        self.set(suffix, f"{who} dhcp", who == "soft ap" and not self.excludes)

    def bits(self, values: dict[str, bool | str | None]) -> int:
        return 2 * bool(values["station dhcp"]) + bool(values["soft ap dhcp"])

    def station(self) -> str:
        if self.now["station dhcp"]:
            return LEASED
        return str(self.now["station ip"] or NOTHING)

    def soft_ap(self) -> str:
        if self.now["soft ap dhcp"] and self.excludes:
            return "192.168.4.1"
        return str(self.now["soft ap ip"] or "192.168.4.1")


@dataclass(frozen=True)
class Step:
    suffix: str
    family: str
    value: str

    @property
    def line(self) -> bytes:
        return f"AT{self.family}{self.suffix}={self.value}".encode()

    def follow(self, rules: Rules) -> None:
        match self.family:
            case "+CWDHCP":
                number, flag = map(int, self.value.split(","))
                for who in OF_NUMBER[number]:
                    rules.set(self.suffix, f"{who} dhcp", flag == 1)
            case "+CIPSTA":
                rules.fix(self.suffix, "station", self.value.strip('"'))
            case "+CIPAP":
                rules.fix(self.suffix, "soft ap", self.value.strip('"'))


suffixes = st.sampled_from(SUFFIXES)
fixed = st.sampled_from([f'"{address}"' for address in ADDRESSES])
switches = st.builds("{},{}".format, st.integers(0, 2), st.integers(0, 1))
one_step = (
    st.builds(Step, suffixes, st.just("+CWDHCP"), switches)
    | st.builds(Step, suffixes, st.sampled_from(["+CIPSTA", "+CIPAP"]), fixed)
    | st.sampled_from(["restart", "power cut"])
)


def bits(player: ChipPlayer, suffix: str) -> int:
    name = f"+CWDHCP{suffix}".encode()
    answer = player.ask(b"AT" + name + b"?")
    assert answer.startswith(name + b":")
    assert answer.endswith(b"\r\nOK\r\n")
    return int(answer.removeprefix(name + b":").removesuffix(b"\r\nOK\r\n"))


def address(player: ChipPlayer, name: str) -> str:
    answer = player.ask(f"AT{name}?".encode())
    assert answer.endswith(OK)
    return answer.split(b'"')[1].decode()


def agrees(player: ChipPlayer, rules: Rules) -> None:
    """What the queries tell is what the rules say."""
    unset_soft_ap = "192.168.4.1" if rules.excludes else NOTHING
    assert bits(player, "") == bits(player, "_CUR") == rules.bits(rules.now)
    assert bits(player, "_DEF") == rules.bits(rules.later)
    assert address(player, "+CIPSTA") == address(player, "+CIPSTA_CUR") == rules.station()
    assert address(player, "+CIPSTA_DEF") == (rules.later["station ip"] or NOTHING)
    assert address(player, "+CIPAP") == address(player, "+CIPAP_CUR") == rules.soft_ap()
    assert address(player, "+CIPAP_DEF") == (rules.later["soft ap ip"] or unset_soft_ap)


def walk(dialect: Dialect, steps: list[Step | str]) -> None:
    """Take steps with a station that joins whenever it can, and compare after each."""
    player = ready_player(dialect)
    rules = Rules(excludes=dialect is DOCUMENTED)
    player.ask(b"AT+CWMODE_DEF=3")
    player.send(b'AT+CWJAP_DEF="home","12345678"\r\n')
    player.advance(player.now_ns + NS_PER_S)
    serve(player)
    player.settle()
    for step in steps:
        if isinstance(step, Step):
            assert OK in player.ask(step.line)
            step.follow(rules)
        else:
            player.actions.clear()
            player.power_cycle() if step == "power cut" else player.ask(b"AT+RST")
            player.ask(b"ATE0")
            rules.start()
        serve(player)
        player.settle()
        agrees(player, rules)
        agrees_outside(player, rules)


def agrees_outside(player: ChipPlayer, rules: Rules) -> None:
    """What air and network were told last is so, and nothing was told twice."""
    requests = [each.request for each in player.actions if isinstance(each, Transmit)]
    announced = [each.soft_ap for each in requests if isinstance(each, Announce)]
    last = announced[-1]
    assert last is not None
    assert str(last.network.address) == rules.soft_ap()
    assert last.has_dhcp == rules.now["soft ap dhcp"]
    for interface, address in (
        (Interface.SOFT_AP, rules.soft_ap()),
        (Interface.STATION, rules.station().replace(NOTHING, "None")),
    ):
        told = [
            str(each.address)
            for each in requests
            if isinstance(each, SetAddress) and each.interface is interface
        ]
        assert ["None", *told][-1] == address
        assert all(one != other for one, other in pairwise(told))
    assert all(one != other for one, other in pairwise(announced))


@pytest.mark.parametrize("dialect", [DOCUMENTED, ESPRESSIF_0_23])
@settings(max_examples=150, deadline=None)
@given(steps=st.lists(one_step, max_size=8))
def test_the_last_of_dhcp_and_a_fixed_address_wins(
    dialect: Dialect, steps: list[Step | str]
) -> None:
    walk(dialect, steps)
