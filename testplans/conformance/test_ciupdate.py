"""AT+CIUPDATE: another firmware through the network (section 5.2, command 16).

Tests that carry an update through run a second one, so that the module's program is in the place
where it was before.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from hil.errors import PeerError
from hil.flashing.synthesis import synthesize
from hil.ports.update_server import UPDATE_SERVER_NAME, version_reply

from .restart import restart
from .update import VERSION, Update, skipping_what_is_missing
from .wifi import join_call

if TYPE_CHECKING:
    from collections.abc import Callable

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
    update.await_start()
    update.join_again(access_point)
    update.run()


@destructive
@pytest.mark.clause("CIUPDATE-05", "CIUPDATE-08")
def test_replies_may_come_in_pieces(update: Update, access_point: AccessPoint) -> None:
    update.begin()
    update.answer_in_pieces(update.take_request(), version_reply(VERSION))
    request = update.take_request()
    update.answer_in_pieces(request, update.image(request))

    assert update.hear_outcome() == b"".join(STAGES) + b"\r\nOK\r\n"
    update.await_start()
    update.join_again(access_point)
    update.run()


@destructive
@pytest.mark.clause("CIUPDATE-12")
def test_the_place_that_does_not_run_is_written(update: Update, access_point: AccessPoint) -> None:
    first = update.run()
    update.join_again(access_point)
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
@pytest.mark.clause("GMR-06")
def test_gmr_tells_the_version_that_was_downloaded(
    links: Links, firmware: Firmware, access_point: AccessPoint
) -> None:
    if firmware != synthesize():
        pytest.skip("of this firmware no image of another version is at hand")
    update = Update(links, synthesize(at_version="0.24.0.0", sdk_version="1.1.0"))
    update.run()

    version, sdk, _, result = update.talk.say("AT+GMR").lines
    assert version.startswith("AT version:0.24.0.0")
    assert sdk == "SDK version:1.1.0"
    assert result == "OK"
    assert (version, sdk) != update.version[:2]
    update.close()
    update.join_again(access_point)
    Update(links, firmware).run()


@destructive
@pytest.mark.clause("CIUPDATE-15")
def test_stored_parameters_outlast_an_update(update: Update, access_point: AccessPoint) -> None:
    talk = update.talk
    talk.ok("AT+CWMODE_DEF=3")
    talk.ok('AT+CIPAP_DEF="192.168.7.1"')
    talk.ok(join_call(access_point))
    update.run()
    update.join_again(access_point)

    talk.expect("AT+CWMODE_DEF?", "+CWMODE_DEF:3", "OK")
    assert '"192.168.7.1"' in "".join(talk.say("AT+CIPAP_DEF?").lines)
    update.run()


def _refuse(update: Update) -> None:
    update.close()
    update.begin()


def _tell_no_version(update: Update) -> None:
    update.begin()
    update.answer(update.take_request(), b"{}")


def _break_off(update: Update) -> None:
    update.begin()
    request = update.take_file_request()
    update.answer(request, update.image(request), cut_bytes=HALF)


def _deny(update: Update) -> None:
    update.begin()
    request = update.take_file_request()
    with suppress(PeerError):  # the module may have seen enough
        update.answer(request, update.image(request), status="404 Not Found")


@destructive
@pytest.mark.clause("CIUPDATE-09")
@pytest.mark.parametrize(
    "fail",
    [_refuse, _tell_no_version, _break_off, _deny],
    ids=["refused", "no-version", "broken-off", "denied"],
)
def test_a_failed_update_answers_error_and_the_old_version_goes_on(
    update: Update, fail: Callable[[Update], None]
) -> None:
    fail(update)

    assert update.hear_outcome().endswith(b"\r\nERROR\r\n")
    update.talk.ok("AT")
    restart(update.talk)
    assert update.talk.say("AT+GMR").lines == update.version


@destructive
@pytest.mark.clause("CIUPDATE-09")
@pytest.mark.parametrize("damage", ["broken", "other", "of-the-other-place"])
def test_a_damaged_image_is_never_started(
    update: Update, access_point: AccessPoint, damage: str
) -> None:
    update.begin()
    request = update.take_file_request()
    image = update.image(request)
    bodies = {
        "broken": image[:HALF] + bytes([image[HALF] ^ 1]) + image[HALF + 1 :],
        "other": bytes(HALF),
        "of-the-other-place": update.other_image(request),
    }
    with suppress(PeerError):  # the module may have seen enough
        update.answer(request, bodies[damage])

    assert update.hear_outcome().endswith(b"\r\nERROR\r\n")
    restart(update.talk)
    update.join_again(access_point)
    update.begin()
    again = update.take_file_request()
    assert again.file_name == request.file_name
    update.answer(again, b"", status="404 Not Found")
    update.hear_outcome()


def _require_stages(update: Update, count: int) -> None:
    """Let an update fail behind so many stages."""
    assert update.hear_outcome() == b"".join(STAGES[:count]) + b"\r\nERROR\r\n"


@destructive
@pytest.mark.clause("CIUPDATE-10")
def test_without_the_servers_name_no_stage_is_reached(update: Update) -> None:
    with skipping_what_is_missing():
        update.links.network.set_name(UPDATE_SERVER_NAME, None)
    update.begin()

    _require_stages(update, 0)


@destructive
@pytest.mark.clause("CIUPDATE-10")
def test_a_server_that_refuses_is_found_alone(update: Update) -> None:
    _refuse(update)

    _require_stages(update, 1)


@destructive
@pytest.mark.clause("CIUPDATE-10")
@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{}", "200 OK"), (b"", "200 OK"), (version_reply(VERSION), "404 Not Found")],
    ids=["no-version", "nothing", "not-found"],
)
def test_without_a_version_two_stages_are_reached(update: Update, body: bytes, status: str) -> None:
    update.begin()
    update.answer(update.take_request(), body, status=status)

    _require_stages(update, 2)


@destructive
@pytest.mark.clause("CIUPDATE-10")
def test_a_server_that_breaks_off_has_told_no_version(update: Update) -> None:
    update.begin()
    update.take_request().connection.reset()

    _require_stages(update, 2)


@destructive
@pytest.mark.clause("CIUPDATE-09", "CIUPDATE-10")
def test_a_server_that_says_nothing_is_given_up(update: Update) -> None:
    update.begin()
    update.take_request()
    _require_stages(update, 2)

    update.begin()
    update.take_file_request()
    _require_stages(update, 4)


@destructive
@pytest.mark.clause("CIUPDATE-10")
def test_a_server_that_is_gone_behind_the_version_begins_no_download(update: Update) -> None:
    update.begin()
    request = update.take_request()
    update.close()
    update.answer(request, version_reply(VERSION))

    _require_stages(update, 3)


@destructive
@pytest.mark.clause("CIUPDATE-10")
def test_without_the_whole_file_the_download_has_begun(update: Update) -> None:
    update.begin()
    update.answer(update.take_file_request(), b"", status="404 Not Found")
    _require_stages(update, 4)

    _break_off(update)
    _require_stages(update, 4)


@destructive
@pytest.mark.clause("CIUPDATE-10")
def test_each_update_begins_anew(update: Update) -> None:
    update.begin()
    with suppress(PeerError):  # the module may have seen enough
        update.answer(update.take_file_request(), bytes(HALF))
    _require_stages(update, 4)

    _refuse(update)
    _require_stages(update, 1)


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
