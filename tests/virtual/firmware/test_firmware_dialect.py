from __future__ import annotations

from dataclasses import fields, is_dataclass

from hil.virtual.firmware.dialect import DIALECTS, DOCUMENTED, ESPRESSIF_0_23


def test_dialects_are_found_by_the_name_that_rigs_use() -> None:
    assert DIALECTS == {"documented": DOCUMENTED, "espressif-0.23": ESPRESSIF_0_23}


def test_each_row_of_the_table_is_a_difference() -> None:
    pairs: list[tuple[object, object]] = [(DOCUMENTED, ESPRESSIF_0_23)]
    while pairs:
        documented, real = pairs.pop()
        if is_dataclass(documented):
            names = [each.name for each in fields(documented)]
            pairs += [(getattr(documented, name), getattr(real, name)) for name in names]
        else:
            assert documented != real
