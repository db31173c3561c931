"""Files of the conformance plan, for tests of what is in them."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

from .forking import ROOT

if TYPE_CHECKING:
    from types import ModuleType


def plan_module(name: str) -> ModuleType:
    """A file of the plan that imports none of its neighbours, loaded without pytest's help."""
    path = ROOT / "testplans" / "conformance" / f"{name}.py"
    spec = spec_from_file_location(f"plan_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {path}")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
