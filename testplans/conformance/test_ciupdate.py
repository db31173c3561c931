"""AT+CIUPDATE: another firmware through the network (section 5.2, command 16).

Tests that carry an update through run a second one, so that the module's program is in the place
where it was before.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from hil.errors import PeerError
from hil.ports.update_server import UPDATE_SERVER_NAME, version_reply

from .restart import READY_TIMEOUT_S, restart
from .update import VERSION, Update, require_name_control, skipping_what_is_missing, version_of
from .wifi import join_call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at.talk import Talk
    from hil.flashing.manifest import Firmware
    from hil.ports.access_point import AccessPoint

    from .link import Links

STAGES = [b"+CIPUPDATE:%d\r\n" % stage for stage in (1, 2, 3, 4)]
HELD_BACK_S = 0.5
HALF = 100_000

destructive = pytest.mark.destructive("update")


@pytest.fixture
def update(links: Links, firmware: Firmware) -> Update:
    """A joined module, and a server that has the firmware under test."""
    return Update(links, firmware)


def _come_back(update: Update, access_point: AccessPoint) -> None:
    """Wait for the new program, and join again."""
    talk = update.talk
    talk.at.forget()
    talk.at.wait_ready(READY_TIMEOUT_S)
    talk.ok("ATE0")
    talk.ok("AT+CWMODE_CUR=1")
    talk.ok(join_call(access_point))
    talk.unsolicited()


@destructive
@pytest.mark.clause("CIUPDATE-01", "CIUPDATE-11")
def test_it_asks_the_server_for_a_file(update: Update) -> None:
    update.begin()

    request = update.take_request()
    assert request.file_name is None
    update.answer(request, version_reply(VERSION))
    request = update.take_request()
    assert request.file_name in ("user1.bin", "user2.bin")
    assert VERSION in request.target
    update.answer(request, b"", status="404 Not Found")
    update.hear_outcome()


@destructive
@pytest.mark.clause("CIUPDATE-03", "CIUPDATE-04", "CIUPDATE-05", "CIUPDATE-06")
def test_each_stage_is_told_when_it_is_reached(update: Update) -> None:
    update.begin()

    request = update.take_request()
    assert update.hear(HELD_BACK_S) == b"".join(STAGES[:2])
    update.answer(request, version_reply(VERSION))
    request = update.take_request()
    assert update.hear(HELD_BACK_S) == b"".join(STAGES[2:])
    update.answer(request, b"", status="404 Not Found")
    update.hear_outcome()


@destructive
@pytest.mark.clause("CIUPDATE-02", "CIUPDATE-07", "CIUPDATE-08")
def test_a_finished_update_has_told_four_stages_and_ok(
    update: Update, access_point: AccessPoint
) -> None:
    update.begin()
    request = update.take_file_request()
    update.answer(request, update.image(request))

    assert update.hear_outcome() == b"".join(STAGES) + b"\r\nOK\r\n"
    _come_back(update, access_point)
    update.run()


@destructive
@pytest.mark.clause("CIUPDATE-12")
def test_the_place_that_does_not_run_is_written(update: Update, access_point: AccessPoint) -> None:
    first = update.run()
    _come_back(update, access_point)
    second = update.run()

    assert {first, second} == {"user1.bin", "user2.bin"}


@destructive
@pytest.mark.clause("CIUPDATE-13")
def test_the_vendors_server_is_looked_up(update: Update) -> None:
    network = update.links.network
    with skipping_what_is_missing():
        before = len(network.lookups)
    update.begin()
    request = update.take_request()

    assert network.lookups[before:] == (UPDATE_SERVER_NAME,)
    update.answer(request, b"", status="404 Not Found")
    update.hear_outcome()


@destructive
@pytest.mark.clause("CIUPDATE-15")
def test_stored_parameters_outlast_an_update(update: Update, access_point: AccessPoint) -> None:
    talk = update.talk
    talk.ok("AT+CWMODE_DEF=3")
    talk.ok('AT+CIPAP_DEF="192.168.7.1"')
    talk.ok(join_call(access_point))
    update.run()
    _come_back(update, access_point)

    talk.expect("AT+CWMODE_DEF?", "+CWMODE_DEF:3", "OK")
    assert '"192.168.7.1"' in "".join(talk.say("AT+CIPAP_DEF?").lines)
    update.run()


@pytest.fixture
def failing(update: Update) -> Iterator[Update]:
    """An update that is going to fail; the version that runs must stay the one that is started."""
    version = version_of(update.talk)
    yield update
    update.talk.ok("AT")
    restart(update.talk)
    assert version_of(update.talk) == version


def _require_failure(update: Update, stages: int) -> None:
    assert update.hear_outcome() == b"".join(STAGES[:stages]) + b"\r\nERROR\r\n"


@destructive
@pytest.mark.clause("CIUPDATE-09", "CIUPDATE-10")
def test_without_the_servers_name_no_stage_is_reached(failing: Update) -> None:
    require_name_control(failing.links.network, UPDATE_SERVER_NAME)
    failing.begin()

    _require_failure(failing, 0)


@destructive
@pytest.mark.clause("CIUPDATE-09", "CIUPDATE-10")
def test_a_server_that_refuses_is_found_alone(failing: Update) -> None:
    failing.close()
    failing.begin()

    _require_failure(failing, 1)


@destructive
@pytest.mark.clause("CIUPDATE-09", "CIUPDATE-10")
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{}", "200 OK"), (b"", "200 OK"), (version_reply(VERSION), "404 Not Found")],
    ids=["no-version", "nothing", "not-found"],
)
def test_without_a_version_two_stages_are_reached(
    failing: Update, body: bytes, status: str
) -> None:
    failing.begin()
    failing.answer(failing.take_request(), body, status=status)

    _require_failure(failing, 2)


@destructive
@pytest.mark.clause("CIUPDATE-09", "CIUPDATE-10")
def test_a_server_that_breaks_off_has_told_no_version(failing: Update) -> None:
    failing.begin()
    failing.take_request().connection.reset()

    _require_failure(failing, 2)


@destructive
@pytest.mark.clause("CIUPDATE-09", "CIUPDATE-10")
def test_a_server_that_is_gone_behind_the_version_begins_no_download(failing: Update) -> None:
    failing.begin()
    request = failing.take_request()
    failing.close()
    failing.answer(request, version_reply(VERSION))

    _require_failure(failing, 3)


@destructive
@pytest.mark.clause("CIUPDATE-09", "CIUPDATE-10")
def test_without_the_file_the_download_has_begun(failing: Update) -> None:
    failing.begin()
    failing.answer(failing.take_file_request(), b"", status="404 Not Found")

    _require_failure(failing, 4)


@destructive
@pytest.mark.clause("CIUPDATE-09", "CIUPDATE-10")
@pytest.mark.parametrize("damage", ["broken", "cut", "other"])
def test_a_damaged_image_is_never_started(
    update: Update, access_point: AccessPoint, damage: str
) -> None:
    update.begin()
    request = update.take_file_request()
    image = update.image(request)
    body = {
        "broken": image[:HALF] + bytes([image[HALF] ^ 1]) + image[HALF + 1 :],
        "cut": image,
        "other": bytes(HALF),
    }[damage]
    with suppress(PeerError):  # the module may have seen enough
        update.answer(request, body, cut_bytes=HALF if damage == "cut" else len(body))
    _require_failure(update, 4)

    restart(update.talk)
    update.talk.ok("AT+CWMODE_CUR=1")
    update.talk.ok(join_call(access_point))
    update.begin()
    again = update.take_file_request()
    assert again.file_name == request.file_name
    update.answer(again, b"", status="404 Not Found")
    update.hear_outcome()


@pytest.mark.clause("CIUPDATE-14")
def test_without_a_network_it_fails(talk: Talk) -> None:
    talk.refused("AT+CIUPDATE")
    talk.ok("AT+CWMODE_CUR=1")
    talk.refused("AT+CIUPDATE")
    talk.ok("AT")


@pytest.mark.clause("CIUPDATE-16")
def test_there_is_only_the_bare_form(talk: Talk) -> None:
    for form in ("?", "=?", "=1", "="):
        talk.refused(f"AT+CIUPDATE{form}")
