"""docs/at-commands.md says what the command table and the dialects are."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil.virtual.firmware.command_table import COMMANDS, commands_of
from hil.virtual.firmware.dialect import DIALECTS

if TYPE_CHECKING:
    from types import ModuleType

DOCS = Path(__file__).parents[3] / "docs"

# Section 3.1, section 4 and section 5.1 of the document, with the names of the section bodies.
DOCUMENTED_NAMES = re.findall(
    r"\S+",
    """
    AT AT+RST AT+GMR AT+GSLP ATE AT+RESTORE AT+UART AT+UART_CUR AT+UART_DEF AT+SLEEP
    AT+CWMODE AT+CWMODE_CUR AT+CWMODE_DEF AT+CWJAP AT+CWJAP_CUR AT+CWJAP_DEF AT+CWLAP AT+CWQAP
    AT+CWSAP AT+CWSAP_CUR AT+CWSAP_DEF AT+CWLIF AT+CWDHCP AT+CWDHCP_CUR AT+CWDHCP_DEF
    AT+CWAUTOCONN AT+CIPSTAMAC AT+CIPSTAMAC_CUR AT+CIPSTAMAC_DEF AT+CIPAPMAC AT+CIPAPMAC_CUR
    AT+CIPAPMAC_DEF AT+CIPSTA AT+CIPSTA_CUR AT+CIPSTA_DEF AT+CIPAP AT+CIPAP_CUR AT+CIPAP_DEF
    AT+CWSTARTSMART AT+CWSTOPSMART
    AT+CIPSTATUS AT+CIPSTART AT+CIPSEND AT+CIPSENDEX AT+CIPSENDBUF AT+CIPBUFRESET AT+CIPBUFSTATUS
    AT+CIPCHECKSEG AT+CIPCLOSE AT+CIFSR AT+CIPMUX AT+CIPSERVER AT+CIPMODE AT+SAVETRANSLINK
    AT+CIPSTO AT+CIUPDATE AT+PING
    """,
)


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_tables", DOCS / "generate_tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_tables_say(generator: ModuleType) -> None:
    page = (DOCS / "at-commands.md").read_text(encoding="utf-8")
    assert page == generator.page(), "run `python docs/generate_tables.py`"


def test_every_command_of_the_document_is_there() -> None:
    assert len(DOCUMENTED_NAMES) == 57
    assert {f"AT{name}" for name in COMMANDS} == {
        *DOCUMENTED_NAMES,
        "AT+CIPCHECKSEQ",
        "AT+CIPCHECKQUEUE",
        "AT+IPR",
    }


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_what_a_dialect_lacks_is_there_in_the_other(name: str) -> None:
    (other,) = (dialect for dialect in DIALECTS.values() if dialect.name != name)
    called = {
        form.called(command) for command, forms in commands_of(other).items() for form in forms
    }
    assert DIALECTS[name].lacks <= called
