from __future__ import annotations

from hil.virtual.firmware.dialect import DIALECTS, DOCUMENTED, ESPRESSIF_0_23


def test_dialects_are_found_by_the_name_that_rigs_use() -> None:
    assert DIALECTS == {"documented": DOCUMENTED, "espressif-0.23": ESPRESSIF_0_23}


def test_each_row_of_the_table_is_a_difference() -> None:
    rows = [
        (getattr(DOCUMENTED, name), getattr(ESPRESSIF_0_23, name))
        for name in DOCUMENTED.__dataclass_fields__
    ]
    assert all(documented != real for documented, real in rows)
