"""Mutants of a source file: small changes that a suite should notice.

Four kinds: a comparison flipped, a number off by one, a statement dropped, a text cut. Only what
stands inside of functions is changed, because a mutant is put into a running program by giving its
function another code object.

Left alone is what no test could notice on a module that follows the document: docstrings,
annotations, errors that say the program is wrong, ``return None`` and ``return False`` (whoever
drops them returns what counts the same), the reasons of refusals (`refuse`), and conditional
expressions that ask for the dialect; both are for firmware that says more than the document.
"""

from __future__ import annotations

import ast
import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, ModuleType

_FLIPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change.

    Args:
        path: The file.
        function: The qualified name of the function around it.
        lines: First and last line of the smallest statement, or head of one, around it.
        number: Its place among the mutants of the file.
        change: What is changed, for people.
    """

    path: str
    function: str
    lines: tuple[int, int]
    number: int
    change: str

    @property
    def key(self) -> str:
        """The name without the line, which moves when the file changes."""
        return f"{Path(self.path).name}: {self.function}: {self.change}"

    @property
    def name(self) -> str:
        """Where it is and what it changes."""
        return f"{self.path}:{self.lines[0]}: {self.function}: {self.change}"


@dataclass(frozen=True, slots=True)
class _Edit:
    """A change to a tree: where, what it is called, and how it is made."""

    function: str
    lines: tuple[int, int]
    change: str
    apply: Callable[[], None]


def mutants_of(source: str, path: str) -> list[Mutant]:
    """All mutants of a source text, in its order."""
    edits = _edits(ast.parse(source))
    return [
        Mutant(path, edit.function, edit.lines, number, edit.change)
        for number, edit in enumerate(edits)
    ]


def mutate(source: str, mutant: Mutant) -> ast.Module:
    """The tree of the source with one change made."""
    tree = ast.parse(source)
    for number, edit in enumerate(_edits(tree)):
        if number == mutant.number:
            edit.apply()
            return ast.fix_missing_locations(tree)
    raise ValueError(f"{mutant.path} has no mutant {mutant.number}")


def implant(module: ModuleType, source: str, mutant: Mutant) -> None:
    """Let the function of a loaded file behave as the mutant says.

    Effects: the function's code object is replaced; whoever holds the function gets the mutant.
    """
    compiled = compile(
        mutate(source, mutant), getattr(module, "__file__", None) or mutant.path, "exec"
    )
    _function(module, mutant.function).__code__ = _code(compiled, mutant.function)


def _function(module: ModuleType, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        found = vars(found)[part]
    if isinstance(found, property):
        found = found.fget
    found = getattr(found, "__func__", found)
    return getattr(found, "__wrapped__", found)


def _code(compiled: CodeType, name: str) -> CodeType:
    for constant in compiled.co_consts:
        if hasattr(constant, "co_qualname"):
            if constant.co_qualname == name:
                return constant  # type: ignore[no-any-return]
            if name.startswith(constant.co_qualname + "."):
                return _code(constant, name)
    raise ValueError(f"no function {name} was compiled")


def _edits(tree: ast.Module) -> Iterator[_Edit]:
    for name, function in _functions(tree, ""):
        yield from _in_body(function, name)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    """Functions of a file and methods of its classes; what is defined in them belongs to them."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield prefix + child.name, child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")


def _in_body(owner: ast.AST, name: str) -> Iterator[_Edit]:
    """Edits of the statements that a statement holds."""
    for field in ("body", "orelse", "finalbody"):
        block = getattr(owner, field, None)
        if not isinstance(block, list):
            continue
        for index, statement in enumerate(block):
            yield from _in_statement(statement, block, index, name)
    for each in (*getattr(owner, "handlers", ()), *getattr(owner, "cases", ())):
        yield from _in_expressions(each, name)
        yield from _in_body(each, name)


def _in_statement(
    statement: ast.stmt, block: list[ast.stmt], index: int, name: str
) -> Iterator[_Edit]:
    if _is_text(statement):
        return
    if _may_go(statement):

        def drop() -> None:
            # Not `pass`: a function keeps its free variables, or its code fits no more.
            never = ast.If(ast.Constant(value=False), [statement], [])
            block[index] = ast.copy_location(never, statement)

        yield _Edit(name, _lines(statement), f"dropped `{_head(statement)}`", drop)
    if isinstance(statement, ast.Raise):
        return
    yield from _in_expressions(statement, name)
    yield from _in_body(statement, name)


def _may_go(statement: ast.stmt) -> bool:
    """Whether dropping a statement leaves a program that may still run."""
    if isinstance(statement, ast.Assign):
        return all(isinstance(each, (ast.Attribute, ast.Subscript)) for each in statement.targets)
    if isinstance(statement, ast.Return):
        return not _is_nothing(statement.value)
    if isinstance(statement, ast.Raise):
        return "AssertionError" not in ast.unparse(statement)
    return isinstance(statement, (ast.Expr, ast.AugAssign, ast.Break, ast.Continue))


def _is_nothing(value: ast.expr | None) -> bool:
    """Whether a function returns what it would return anyway, or what counts the same."""
    return value is None or (isinstance(value, ast.Constant) and value.value in (None, False))


def _in_expressions(owner: ast.AST, name: str) -> Iterator[_Edit]:
    """Edits of the expressions that belong to a statement itself, not to its blocks."""
    for field, value in ast.iter_fields(owner):
        if field in ("body", "orelse", "finalbody", "handlers", "cases", "annotation"):
            if isinstance(owner, (ast.If, ast.For, ast.While, ast.With, ast.Try, ast.Match)):
                continue
            if field == "annotation" or not isinstance(value, ast.AST):
                continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, ast.stmt):
                yield from _in_expression(child, name)


def _in_expression(node: ast.AST, name: str) -> Iterator[_Edit]:
    if _is_of_another_dialect(node):
        return
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            yield _flip(node, index, operator, name)
    elif isinstance(node, ast.Constant):
        yield from _other_constant(node, name)
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.stmt):
            yield from _in_expression(child, name)


def _is_of_another_dialect(node: ast.AST) -> bool:
    if isinstance(node, ast.IfExp):
        return "dialect" in ast.unparse(node.test)
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "refuse"


def _flip(node: ast.Compare, index: int, operator: ast.cmpop, name: str) -> _Edit:
    other = _FLIPPED[type(operator)]()

    def apply() -> None:
        node.ops[index] = other

    shown = copy.deepcopy(node)
    shown.ops[index] = other
    return _Edit(name, _lines(node), f"`{ast.unparse(node)}` became `{ast.unparse(shown)}`", apply)


def _other_constant(node: ast.Constant, name: str) -> Iterator[_Edit]:
    value = node.value
    if isinstance(value, bool) or (not value and not isinstance(value, int)):
        return
    if isinstance(value, int):
        other: Any = value + 1
    elif isinstance(value, (str, bytes)):
        other = value[:-1]
    else:
        return

    def apply() -> None:
        node.value = other

    yield _Edit(name, _lines(node), f"`{value!r}` became `{other!r}`", apply)


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _lines(node: ast.expr | ast.stmt) -> tuple[int, int]:
    return node.lineno, node.end_lineno or node.lineno


def _head(statement: ast.stmt) -> str:
    return ast.unparse(statement).partition("\n")[0]
