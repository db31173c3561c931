from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at import AtClient, FlowControl, SleepMode
from hil.errors import (
    CommandArgumentError,
    CommandFailedError,
    NeedMissingError,
    NoReplyError,
    UnexpectedReplyError,
)
from hil.ports.byte_port import Parity, PortFormat

from .scripted_port import Answer, ScriptedPort

if TYPE_CHECKING:
    from collections.abc import Callable

OK = b"\r\nOK\r\n"


def test_at(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT\r\n", b"AT\r\r\n\r\nOK\r\n")
    assert client.at().lines == ()


def test_rst_waits_until_the_module_runs(port: ScriptedPort, client: AtClient) -> None:
    port.expect(
        b"AT+RST\r\n",
        b"AT+RST\r\r\n\r\nOK\r\n",
        b"\r\n ets Jan  8 2013,rst cause:2, boot mode:(3,7)\r\n\r\n",
        Answer(b"\r\nready\r\n", after_ms=200),
    )
    startup = client.rst()
    assert startup.is_announced
    assert startup.boot_log.banner is not None
    assert startup.boot_log.banner.cause == 2


def test_rst_returns_to_the_rate_of_the_start(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+UART_CUR=9600,8,1,0,0\r\n", OK)
    client.uart_cur(9600)
    assert port.format.baud == 9600
    port.module_baud = 9600
    port.expect(b"AT+RST\r\n", Answer(OK, baud=9600), Answer(b"\r\nready\r\n", 200))
    assert client.rst().is_announced
    assert port.format.baud == 115200


def test_restore_goes_to_the_factory_format(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+UART_DEF=9600,8,3,2,0\r\n", OK)
    client.uart_def(9600, stop_bits=2, parity=Parity.EVEN)
    port.module_baud = 9600
    port.expect(b"AT+RESTORE\r\n", Answer(OK, baud=9600), Answer(b"\r\nready\r\n", 900))
    client.restore()
    assert port.format == PortFormat()


def test_restore_may_lose_its_ok(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+RESTORE\r\n", b"d\xf0c$`{$|\xff\r\n", Answer(b"\r\nready\r\n", 900))
    assert client.restore().is_announced


def test_refused_rst_is_an_error(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+RST\r\n", b"\r\nERROR\r\n")
    with pytest.raises(CommandFailedError):
        client.rst()


@pytest.mark.parametrize("blank", [b"\r\n", b""])
def test_gmr_of_0_23(port: ScriptedPort, client: AtClient, blank: bytes) -> None:
    port.expect(
        b"AT+GMR\r\n",
        b"AT+GMR\r\r\nAT version:0.23.0.0(Apr 24 2015 21:11:01)\r\nSDK version:1.0.1\r\n"
        b"compile time:Apr 24 2015 21:19:31\r\n" + blank + b"OK\r\n",
    )
    versions = client.gmr()
    assert versions.at_version == "0.23.0.0(Apr 24 2015 21:11:01)"
    assert versions.sdk_version == "1.0.1"
    assert versions.compile_time == "Apr 24 2015 21:19:31"
    assert len(versions.lines) == 3


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (b"0018000902-AI03\r\n", ("0018000902-AI03", None, None)),
        (b"AT version:0.21.0.0\r\nSDK version:0.9.5\r\n", ("0.21.0.0", "0.9.5", None)),
        (
            b"AT version:0.40.0.0\r\nSDK version:1.3.0\r\nVendor\r\nBuild: Sep 11 2015\r\n",
            ("0.40.0.0", "1.3.0", "Build: Sep 11 2015"),
        ),
        (
            b"AT version:2.1\r\nSDK version:v3.3\r\ncompile time(36bb):Jul 28 2020 08:30:34\r\n",
            ("2.1", "v3.3", "Jul 28 2020 08:30:34"),
        ),
    ],
)
def test_gmr_of_other_firmware(
    port: ScriptedPort, client: AtClient, lines: bytes, told: tuple[str | None, ...]
) -> None:
    port.expect(b"AT+GMR\r\n", lines + OK)
    versions = client.gmr()
    assert (versions.at_version, versions.sdk_version, versions.compile_time) == told


def test_gmr_without_a_line(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+GMR\r\n", OK)
    with pytest.raises(UnexpectedReplyError, match="expected a line with a version"):
        client.gmr()


def test_gslp_with_and_without_the_time_line(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+GSLP=1500\r\n", b"1500\r\n" + OK)
    port.expect(b"AT+GSLP=0\r\n", OK)
    assert client.gslp(1500).lines == ("1500",)
    assert client.gslp(0).lines == ()


@pytest.mark.parametrize("time_ms", [-1, 4_294_968, 1.5, True, "10"])
def test_gslp_out_of_range_is_not_sent(client: AtClient, time_ms: int) -> None:
    with pytest.raises(CommandArgumentError) as caught:
        client.gslp(time_ms)
    assert str(caught.value) == (
        f"AT+GSLP: time must be a whole number from 0 to 4294967, not {time_ms!r}"
    )


def test_ate(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"ATE0\r\n", b"ATE0\r\r\n" + OK)
    port.expect(b"ATE1\r\n", OK)
    client.ate(is_on=False)
    client.ate(is_on=True)


def test_sleep(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+SLEEP=1\r\n", OK)
    port.expect(b"AT+SLEEP?\r\n", b"+SLEEP:1\r\n" + OK)
    client.sleep(SleepMode.LIGHT)
    assert client.sleep_query() is SleepMode.LIGHT


def test_sleep_mode_out_of_range(client: AtClient) -> None:
    with pytest.raises(CommandArgumentError) as caught:
        client.sleep(3)
    assert str(caught.value) == "AT+SLEEP: sleep mode must be a whole number from 0 to 2, not 3"


def test_sleep_mode_that_the_document_does_not_have(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+SLEEP?\r\n", b"+SLEEP:7\r\n" + OK)
    with pytest.raises(UnexpectedReplyError) as caught:
        client.sleep_query()
    assert caught.value.expected == "a number from 0 to 2 in a line '+SLEEP:...'"


@pytest.mark.parametrize("variant", ["", "_CUR", "_DEF"])
def test_uart_is_followed_by_the_port(port: ScriptedPort, client: AtClient, variant: str) -> None:
    method: Callable[..., object] = getattr(client, f"uart{variant.lower()}")
    port.expect(b"AT+UART%s=921600,7,2,1,3\r\n" % variant.encode(), OK)
    method(921600, 7, 1.5, Parity.ODD, FlowControl.RTS_CTS)
    assert port.format == PortFormat(921600, 7, Parity.ODD, 1.5, is_rts_cts=True)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((109,), "baudrate must be a whole number from 110 to 4608000, not 109"),
        ((4_608_001,), "baudrate must be a whole number from 110 to 4608000, not 4608001"),
        ((115200, 9), "databits must be a whole number from 5 to 8, not 9"),
        ((115200, 8, 3), "stopbits must be one of 1, 1.5, 2, not 3"),
        (
            (115200, 8, 1, 2),
            "parity must be one of Parity.NONE, Parity.ODD, Parity.EVEN, not 2",
        ),
        (
            (115200, 8, 1, Parity.NONE, 4),
            "flow control must be a whole number from 0 to 3, not 4",
        ),
    ],
)
def test_uart_out_of_range_is_not_sent(
    port: ScriptedPort, client: AtClient, arguments: tuple[int, ...], complaint: str
) -> None:
    uart_cur: Callable[..., object] = client.uart_cur
    with pytest.raises(CommandArgumentError) as caught:
        uart_cur(*arguments)
    assert str(caught.value) == f"AT+UART_CUR: {complaint}"
    assert port.sent == []


def test_refused_uart_leaves_the_port(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+UART_CUR=4608000,8,1,0,0\r\n", b"\r\nERROR\r\n")
    with pytest.raises(CommandFailedError):
        client.uart_cur(4_608_000)
    assert port.format == PortFormat()


def test_uart_whose_ok_comes_at_the_new_rate(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+UART_CUR=9600,8,1,0,0\r\n", Answer(OK, baud=9600))
    port.expect(b"AT\r\n", Answer(b"AT\r\r\n\r\nOK\r\n", baud=9600))
    send = port.send

    def switching_send(data: bytes) -> None:
        send(data)
        port.module_baud = 9600

    port.send = switching_send  # type: ignore[method-assign]
    client.uart_cur(9600)
    assert port.format.baud == 9600


def test_uart_that_is_never_answered_leaves_the_port(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+UART_CUR=9600,8,1,0,0\r\n")
    with pytest.raises(NoReplyError, match=r"^AT\+UART_CUR=9600,8,1,0,0: expected the end"):
        client.uart_cur(9600)
    assert port.format == PortFormat()


def test_uart_is_not_sent_through_a_port_that_cannot_follow(
    port: ScriptedPort, client: AtClient
) -> None:
    port.capabilities = frozenset()
    with pytest.raises(NeedMissingError) as format_missing:
        client.uart_cur(9600)
    assert str(format_missing.value) == (
        "rig 'scripted' has no 'uart-format': this port keeps its rate and frame, so the module "
        "would be out of reach; send the line with command() if that is wanted"
    )
    with pytest.raises(NeedMissingError) as flow_missing:
        client.uart_cur(115200, flow_control=FlowControl.CTS)
    assert str(flow_missing.value) == (
        "rig 'scripted' has no 'uart-flow': this port has no RTS and CTS for flow control, so "
        "the module might never send; send the line with command() if that is wanted"
    )
    assert port.sent == []


def test_uart_as_the_port_is_set_needs_nothing(port: ScriptedPort, client: AtClient) -> None:
    port.capabilities = frozenset()
    port.expect(b"AT+UART_DEF=115200,8,1,0,0\r\n", OK)
    client.uart_def(115200)
