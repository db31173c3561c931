"""The examples of docs/at-client.md run, in both dialects."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from hil.at import Liveness
from hil.ports.network_peer import Endpoint

if TYPE_CHECKING:
    from hil.at import AtClient
    from hil.rig.rig import Rig

PAGE = Path(__file__).parents[2] / "docs" / "at-client.md"


def test_examples_run(virtual_rig: Rig, at: AtClient) -> None:
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 6
    names = {"rig": virtual_rig, "at": at, "Endpoint": Endpoint, "Liveness": Liveness}
    for number, example in enumerate(examples):
        code = compile(example, f"{PAGE.name}, example {number}", "exec")
        exec(code, names)  # noqa: S102 - the page is ours
