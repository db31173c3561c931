from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.errors import NoReplyError

from .scripted_port import Answer, ScriptedPort

if TYPE_CHECKING:
    from hil.at import AtClient

BANNER = b"\r\n ets Jan  8 2013,rst cause:1, boot mode:(3,7)\r\n\r\n"


def test_ready_is_enough(port: ScriptedPort, client: AtClient) -> None:
    port.arrive(BANNER, after_ms=50)
    port.arrive(b"\x80\xfe[\r\nvendor invalid\r\n\r\nready\r\n", after_ms=300)
    startup = client.wait_ready()
    assert startup.is_announced
    assert startup.duration_ns == 300_000_000
    assert startup.boot_log.banner is not None
    assert startup.boot_log.banner.cause == 1


def test_answer_to_at_is_enough(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT\r\n")
    port.expect(b"AT\r\n", b"AT\r\r\n\r\nOK\r\n")
    startup = client.wait_ready()
    assert not startup.is_announced
    assert 1.0 < port.time_s < 1.3


def test_answer_to_an_early_at_is_swallowed(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT\r\n", Answer(b"\r\nready\r\n", 100), Answer(b"AT\r\r\n\r\nOK\r\n", 5))
    assert client.wait_ready().is_announced
    port.expect(b"AT+GMR\r\n", b"\r\nERROR\r\n")
    assert client.command("AT+GMR").final.value == "ERROR"


def test_module_that_never_starts(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT\r\n")
    with pytest.raises(NoReplyError) as caught:
        client.wait_ready(timeout_s=1)
    assert str(caught.value) == (
        "waiting for the module to start: expected 'ready', or OK to AT, but neither came after "
        "1 s on scripted at 115200 baud. Check the supply, the boot straps and the content of "
        "the flash; resynchronise() tries other rates."
    )


def test_resynchronise_swallows_noise(port: ScriptedPort, client: AtClient) -> None:
    port.arrive(b"+IPD,2000:lost bytes")
    port.expect(b"\r\n", b"\xff\xfe\r\nERROR\r\n", Answer(b"late", after_ms=20))
    port.expect(b"AT\r\n", b"AT\r\r\n\r\nOK\r\n")
    assert client.resynchronise() == 115200


def test_resynchronise_tries_again_at_the_same_rate(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"\r\n")
    port.expect(b"AT\r\n", b"\r\nERROR\r\n")
    port.expect(b"AT\r\n", b"AT\r\r\n\r\nOK\r\n")
    assert client.resynchronise() == 115200


def test_resynchronise_finds_the_rate(port: ScriptedPort, client: AtClient) -> None:
    port.module_baud = 921600
    port.expect(b"\r\n", Answer(b"\r\nERROR\r\n", baud=921600))
    port.expect(b"AT\r\n", Answer(b"AT\r\r\n\r\nOK\r\n", baud=921600))
    assert client.resynchronise([9600, 921600, 74880]) == 921600
    assert port.format.baud == 921600


def test_resynchronise_at_no_rate(port: ScriptedPort, client: AtClient) -> None:
    port.module_baud = 1
    with pytest.raises(NoReplyError) as caught:
        client.resynchronise([9600])
    after = f"{port.time_s:.3g}"
    assert str(caught.value) == (
        "AT: expected OK, but it did not come at 115200, 9600 baud after "
        f"{after} s on scripted at 115200 baud. Reset the module, or name other rates; a factory "
        "module talks at 115200."
    )
    assert port.format.baud == 115200
