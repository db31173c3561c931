"""Mutants: what is changed, what is left alone, and how one gets into a running program."""

from __future__ import annotations

import ast
import textwrap
from types import ModuleType

import pytest

from .mutant import implant, mutants_of, mutate
from .mutants import load_equivalent

SOURCE = textwrap.dedent(
    '''
    """A file."""

    LIMIT = 7

    def classify(n: "int", seen: list) -> str:
        """Tell."""
        if 0 <= n < 3:
            seen.append(n)
            return "few"
        raise ValueError(f"{n} is too many")

    class Box:
        def __init__(self) -> None:
            self.count = 0

        @property
        def is_empty(self) -> bool:
            return self.count == 0

        @staticmethod
        def label() -> bytes:
            def inner() -> bytes:
                return b"box"
            return inner()
    '''
)


def changes(source: str) -> list[str]:
    return [mutant.change for mutant in mutants_of(source, "f.py")]


def _told(module: ModuleType, number: int) -> str:
    try:
        return str(module.classify(number, []))
    except ValueError as error:
        return str(error)


def loaded(source: str = SOURCE) -> ModuleType:
    module = ModuleType("f")
    exec(compile(source, "f.py", "exec"), vars(module))  # noqa: S102 - our own source
    return module


def test_each_kind_is_made_and_nothing_else() -> None:
    assert changes(SOURCE) == [
        "`0 <= n < 3` became `0 < n < 3`",
        "`0 <= n < 3` became `0 <= n <= 3`",
        "`0` became `1`",
        "`3` became `4`",
        "dropped `seen.append(n)`",
        "dropped `return 'few'`",
        "`'few'` became `'fe'`",
        "dropped `raise ValueError(f'{n} is too many')`",
        "dropped `self.count = 0`",
        "`0` became `1`",
        "dropped `return self.count == 0`",
        "`self.count == 0` became `self.count != 0`",
        "`0` became `1`",
        "dropped `return b'box'`",
        "`b'box'` became `b'bo'`",
        "dropped `return inner()`",
    ]


def test_every_mutant_differs_from_the_source_and_from_the_others() -> None:
    sound = ast.dump(ast.parse(SOURCE))
    trees = [ast.dump(mutate(SOURCE, mutant)) for mutant in mutants_of(SOURCE, "f.py")]
    assert sound not in trees
    assert len(set(trees)) == len(trees)


@pytest.mark.parametrize(
    ("change", "call"),
    [
        ("`0 <= n < 3` became `0 <= n <= 3`", lambda module: "few" in _told(module, 3)),
        ("`'few'` became `'fe'`", lambda module: module.classify(1, []) == "fe"),
        ("`self.count == 0` became `self.count != 0`", lambda module: not module.Box().is_empty),
        ("`b'box'` became `b'bo'`", lambda module: module.Box.label() == b"bo"),
        ("dropped `self.count = 0`", lambda module: not hasattr(module.Box(), "count")),
    ],
)
def test_mutant_behaves_as_it_says(change: str, call: object) -> None:
    module = loaded()
    assert callable(call)
    is_changed = call(module)
    (mutant,) = [each for each in mutants_of(SOURCE, "f.py") if each.change == change]

    implant(module, SOURCE, mutant)

    assert not is_changed
    assert call(module)


def test_whoever_holds_the_function_gets_the_mutant() -> None:
    module = loaded()
    held = module.classify
    (mutant,) = [each for each in mutants_of(SOURCE, "f.py") if "'few'" in each.change][1:]
    implant(module, SOURCE, mutant)
    assert held(1, []) == "fe"


def test_mutants_that_are_judged_equivalent_are_there_and_have_reasons() -> None:
    load_equivalent()  # raises otherwise


def test_lines_are_those_of_the_expression() -> None:
    (first, *_) = mutants_of(SOURCE, "f.py")
    assert first.lines == (8, 8)
    assert first.name == "f.py:8: classify: `0 <= n < 3` became `0 < n < 3`"
