from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hil.at import WifiMode
from hil.errors import CommandArgumentError, UnexpectedReplyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hil.at import AtClient

    from .scripted_port import ScriptedPort

OK = b"\r\nOK\r\n"


@pytest.mark.parametrize("variant", ["", "_CUR", "_DEF"])
def test_cwmode_in_three_variants(port: ScriptedPort, client: AtClient, variant: str) -> None:
    name, method = f"CWMODE{variant}".encode(), f"cwmode{variant.lower()}"
    set_mode: Callable[[int], object] = getattr(client, method)
    query: Callable[[], object] = getattr(client, f"{method}_query")
    test: Callable[[], object] = getattr(client, f"{method}_test")
    port.expect(b"AT+%s=3\r\n" % name, OK)
    port.expect(b"AT+%s?\r\n" % name, b"+%s:3\r\n" % name + OK)
    port.expect(b"AT+%s=?\r\n" % name, b"+%s:(1-3)\r\n" % name + OK)
    set_mode(WifiMode.BOTH)
    assert query() is WifiMode.BOTH
    assert test() == "(1-3)"


@pytest.mark.parametrize("mode", [0, 4, "1"])
def test_cwmode_out_of_range_is_not_sent(client: AtClient, mode: int) -> None:
    with pytest.raises(CommandArgumentError) as caught:
        client.cwmode_cur(mode)
    assert str(caught.value) == (
        f"AT+CWMODE_CUR: mode must be a whole number from 1 to 3, not {mode!r}"
    )


def test_mode_that_the_document_does_not_have(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWMODE?\r\n", b"+CWMODE:0\r\n" + OK)
    with pytest.raises(UnexpectedReplyError):
        client.cwmode_query()


def test_answer_under_the_plain_name_will_do(port: ScriptedPort, client: AtClient) -> None:
    port.expect(b"AT+CWMODE_DEF?\r\n", b"+ CWMODE:2\r\n" + OK)
    assert client.cwmode_def_query() is WifiMode.SOFTAP
