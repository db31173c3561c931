"""Phones that tell modules which network to join."""

from __future__ import annotations

import pytest

from hil.virtual.air.message import CredentialsHeard, ListenForCredentials, StopListening

from .air_player import MAC_A, MAC_B, AirPlayer, S

PHONE = bytes.fromhex("ac3743000001")
HEARD = CredentialsHeard(1, b"lab", b"password")


@pytest.mark.parametrize("kind", [1, 2])
def test_a_listening_module_hears_a_phone_of_its_kind_after_five_seconds(kind: int) -> None:
    player = AirPlayer()
    phone = player.air.add_phone("phone", PHONE)
    module = player.module()
    module.ask(ListenForCredentials(kind))
    player.wait(3 * S)
    phone.tell(kind, b"lab", b"password", player.now_ns)
    player.wait(100 * S)
    assert module.take_timed() == [
        (8_000_000_000, CredentialsHeard(kind, b"lab", b"password")),
    ]


@pytest.mark.parametrize(("told", "listened_to"), [(1, 2), (2, 1)])
def test_the_other_kind_is_not_understood(told: int, listened_to: int) -> None:
    player = AirPlayer()
    phone = player.air.add_phone("phone", PHONE)
    module = player.module()
    module.ask(ListenForCredentials(listened_to))
    phone.tell(told, b"lab", b"password", 0)
    player.wait(100 * S)
    assert module.take() == []


@pytest.mark.parametrize(
    ("begins_s", "expected"), [(0, [5 * S]), (55, [60 * S]), (56, []), (61, [])]
)
def test_a_phone_tells_for_a_minute(begins_s: int, expected: list[int]) -> None:
    player = AirPlayer()
    player.air.add_phone("phone", PHONE).tell(1, b"lab", b"password", 0)
    player.wait(begins_s * S)
    module = player.module()
    module.ask(ListenForCredentials(1))
    player.wait(100 * S)
    assert [at_ns for at_ns, _ in module.take_timed()] == expected


def test_a_module_that_stops_listening_hears_nothing() -> None:
    player = AirPlayer()
    phone = player.air.add_phone("phone", PHONE)
    module = player.module()
    module.ask(ListenForCredentials(1))
    phone.tell(1, b"lab", b"password", 0)
    player.wait(4 * S)
    module.ask(StopListening())
    player.wait(100 * S)
    phone.tell(1, b"lab", b"password", player.now_ns)
    player.wait(100 * S)
    assert module.take() == []


def test_credentials_are_heard_once_and_again_after_the_next_request() -> None:
    player = AirPlayer()
    phone = player.air.add_phone("phone", PHONE)
    module = player.module()
    module.ask(ListenForCredentials(1))
    phone.tell(1, b"lab", b"password", 0)
    player.wait(6 * S)
    phone.tell(1, b"lab", b"password", player.now_ns)
    player.wait(6 * S)
    assert module.take() == [HEARD]
    module.ask(ListenForCredentials(1))
    player.wait(6 * S)
    assert module.take() == [HEARD]


def test_of_two_phones_the_first_is_understood() -> None:
    player = AirPlayer()
    first, second = player.air.add_phone("a", PHONE), player.air.add_phone("b", MAC_B)
    module = player.module()
    module.ask(ListenForCredentials(1))
    first.tell(1, b"lab", b"password", 0)
    second.tell(1, b"other", b"12345678", 0)
    player.wait(100 * S)
    assert module.take() == [HEARD]


def test_whoever_stops_listening_hears_none_of_two_phones() -> None:
    player = AirPlayer()
    first, second = player.air.add_phone("a", PHONE), player.air.add_phone("b", MAC_B)
    module = player.module()
    module.ask(ListenForCredentials(1))
    first.tell(1, b"lab", b"password", 0)
    second.tell(1, b"other", b"12345678", 0)
    player.wait(2 * S)
    module.ask(StopListening())
    player.wait(100 * S)
    assert module.take() == []


def test_a_phone_tells_one_thing_at_a_time() -> None:
    player = AirPlayer()
    phone = player.air.add_phone("phone", PHONE)
    module = player.module()
    module.ask(ListenForCredentials(1))
    phone.tell(1, b"other", b"12345678", 0)
    player.wait(3 * S)
    phone.tell(1, b"lab", b"password", player.now_ns)
    player.wait(100 * S)
    assert module.take_timed() == [(8 * S, HEARD)]


def test_a_phone_that_falls_silent_is_not_understood() -> None:
    player = AirPlayer()
    phone = player.air.add_phone("phone", PHONE)
    module = player.module()
    module.ask(ListenForCredentials(1))
    phone.tell(1, b"lab", b"password", 0)
    player.wait(4 * S)
    phone.fall_silent(player.now_ns)
    player.wait(100 * S)
    module.ask(ListenForCredentials(1))
    player.wait(100 * S)
    assert module.take() == []


def test_when_the_phone_that_is_understood_falls_silent_another_one_is() -> None:
    player = AirPlayer()
    first, second = player.air.add_phone("a", PHONE), player.air.add_phone("b", MAC_B)
    module = player.module()
    module.ask(ListenForCredentials(1))
    first.tell(1, b"other", b"12345678", 0)
    second.tell(1, b"lab", b"password", 0)
    player.wait(4 * S)
    first.fall_silent(player.now_ns)
    player.wait(100 * S)
    assert module.take_timed() == [(9 * S, HEARD)]


def test_all_modules_that_listen_hear_it() -> None:
    player = AirPlayer()
    modules = [player.module(MAC_A), player.module(MAC_B), player.module(PHONE)]
    for module in modules[:2]:
        module.ask(ListenForCredentials(1))
    player.air.add_phone("phone", PHONE).tell(1, b"lab", b"password", 0)
    player.wait(100 * S)
    assert [module.take() for module in modules] == [[HEARD], [HEARD], []]
