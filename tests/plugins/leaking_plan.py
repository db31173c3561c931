"""A test plan that does with passwords whatever a careless author can; copied into a run.

Every text that shows a password shows a canary of the same kind beside it, which is no password:
where the canary is found, the password would have been found too.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import threading
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from hil.at import Encryption, format_string
from hil.ports.access_point import ApSecurity, ApSetup
from hil.ports.control_lines import Line
from hil.ports.wifi_station import SmartConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hil.at import AtClient
    from hil.ports.access_point import AccessPoint
    from hil.ports.wifi_station import WifiStation
    from hil.rig.module import RigModule

PAIRS: list[tuple[str, str]] = json.loads(os.environ["HIL_TESTS_PASSWORDS"])
PASSWORDS = [password for password, _ in PAIRS]

log = logging.getLogger("plan")
each_pair = pytest.mark.parametrize("index", range(len(PAIRS)))


@pytest.fixture
def pair(at: AtClient, index: int) -> tuple[str, str]:
    print("about to be sent:", PAIRS[index])
    at.cwmode_cur(3)
    at.cwsap_cur("softap", PAIRS[index][0], 5, Encryption.WPA2_PSK)
    return PAIRS[index][0], PAIRS[index][1]


def join(at: AtClient, password: str, canary: str) -> None:
    """Fail with the password among the arguments."""
    assert at.cwjap_cur("no such network", password).is_ok, canary


@each_pair
def test_joins_nothing(at: AtClient, pair: tuple[str, str]) -> None:
    join(at, *pair)


@each_pair
def test_says_it_in_an_assertion(pair: tuple[str, str]) -> None:
    password, canary = pair
    assert f"{canary} {password}" == f"{password} {canary}", f"not {password}, not {canary}"


@each_pair
def test_compares_long_answers(at: AtClient, pair: tuple[str, str]) -> None:
    password, canary = (each.encode() for each in pair)
    got = at.command("AT+CWSAP_CUR?").raw + b" and more of it" * 9 + password + canary + b"?" * 90
    shifted = [got[start:] for start in range(8)]
    assert shifted == [b"!" * 30 + each for each in shifted]


@each_pair
def test_prints_it(at: AtClient, pair: tuple[str, str]) -> None:
    reply = at.command("AT+CWSAP_CUR?")
    print(reply, reply.raw, reply.lines, reply.events, at.cwsap_cur_query())
    for word in pair:
        data, sent = word.encode(), format_string(word)
        print(word, [word], [[word]], data, [repr(data)], sent, ascii(word), json.dumps([word]))
        print(json.dumps(word, ensure_ascii=False), quote(word), quote(word, safe=""))
        print(data.hex(), data.hex(" ").upper(), data.hex(":"), sent.hex(" ", 2), list(data))
        print("".join(f"\\x{byte:02x}" for byte in data), ", ".join(map(hex, data)))
        print(*(base64.b64encode(bytes(shift) + data + b"...").decode() for shift in range(3)))
        print(*(base64.urlsafe_b64encode(bytes(shift) + data).decode() for shift in range(3)))
    raise ValueError(*pair)


@each_pair
def test_logs_it(pair: tuple[str, str], recwarn: pytest.WarningsRecorder) -> None:
    log.warning("joined with %s and %r", *pair)
    try:
        raise TimeoutError(pair)
    except TimeoutError:
        log.exception("it took too long")
    pytest.fail(f"{pair}")


@each_pair
def test_warns_of_it(pair: tuple[str, str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"joined with {pair[0]} and {pair[1]}", UserWarning, stacklevel=1)


@each_pair
def test_chains_errors(pair: tuple[str, str]) -> None:
    try:
        try:
            raise KeyError(pair)
        except KeyError as error:
            raise LookupError(f"no {pair[0]}, no {pair[1]}") from error
    except LookupError:
        problem = RuntimeError([pair] * 3)
        problem.add_note(f"a note of {pair[0]} and {pair[1]}")
        raise ExceptionGroup("both", [problem, OSError(5, *pair)]) from None


@each_pair
def test_fails_in_a_thread(pair: tuple[str, str]) -> None:
    def fail() -> None:
        raise ValueError(pair)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()


@each_pair
def test_properties_and_verdicts(
    pair: tuple[str, str], record_property: Any, request: pytest.FixtureRequest
) -> None:
    record_property("joined with", list(pair))
    reason = f"{pair[0]} and {pair[1]}"
    if PASSWORDS.index(pair[0]) % 2:
        pytest.skip(reason)
    pytest.xfail(reason)


@each_pair
def test_sends_it_in_pieces(module: RigModule, index: int, at: AtClient) -> None:
    password, canary = PAIRS[index]
    at.cwmode_cur(1)
    line = b'AT+CWJAP_CUR="net",' + format_string(password) + b"\r\n"
    for start in range(0, len(line), 3):
        module.port.send(line[start : start + 3])
    module.clock.sleep(0.001)
    assert at.receive_reply(30).is_ok, (password, canary)


@each_pair
def test_breaks_off(module: RigModule, at: AtClient, index: int) -> None:
    password, canary = PAIRS[index]
    at.send(b'AT+CWJAP_CUR="net",' + format_string(password))
    module.lines.set({Line.POWER: False})
    at.wait_for(f"{canary} {password}", 1)


@each_pair
def test_mistypes_it(at: AtClient, index: int) -> None:
    password, canary = PAIRS[index]
    at.execute(f'AT+CWSPA_CUR="{canary}",{format_string(password).decode()},5,3')


@each_pair
def test_waits_in_vain(at: AtClient, pair: tuple[str, str]) -> None:
    at.wait_for("+".join(pair), 0.1)


@pytest.fixture
def fails_at_the_end(pair: tuple[str, str]) -> Iterator[str]:
    yield pair[0]
    raise TimeoutError(f"{pair[0]} {pair[1]}")


@each_pair
def test_fails_in_teardown(fails_at_the_end: str) -> None:
    print(fails_at_the_end)


@pytest.fixture
def fails_before(pair: tuple[str, str]) -> None:
    secret, canary = pair
    assert secret == canary


@each_pair
def test_fails_in_setup(fails_before: None) -> None: ...


@pytest.mark.parametrize("password", PASSWORDS)
def test_name_of_a_test(at: AtClient, password: str) -> None:
    at.cwjap_cur("no such network", password)


@pytest.mark.parametrize("line", [b"AT+CWJAP=net," + format_string(each) for each in PASSWORDS])
def test_command_as_name_of_a_test(at: AtClient, line: bytes) -> None:
    at.execute(line)


@each_pair
def test_phone_knows_it(softap_client: WifiStation, index: int) -> None:
    password, canary = PAIRS[index]
    softap_client.send_credentials(SmartConfig.ESP_TOUCH, "net", password)
    assert softap_client.join(canary, password), canary


@each_pair
def test_access_point_has_it(access_point: AccessPoint, index: int) -> None:
    password, canary = PAIRS[index]
    security = ApSecurity.WEP if len(password) in {10, 26} else ApSecurity.WPA2
    access_point.configure(ApSetup("lab", security, password))
    assert access_point.setup.password == canary


def test_password_of_the_rig_without_a_rig() -> None:
    word, canary = os.environ["HIL_TESTS_LAB"], os.environ["HIL_TESTS_CANARY"]
    print(word, canary)
    assert word == canary


def test_literal_in_the_source(at: AtClient) -> None:
    at.cwjap_cur("canary-in-source", 'trout"fin\\7<k>')
