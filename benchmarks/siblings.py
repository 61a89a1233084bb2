"""The benchmarks of single parts that stand beside this one: the solver alone, and slices.

Each is a module with ``measure() -> dict``; it runs in a process of its own, and one that is not there is left out.
What it answers of the targets it says under the key ``targets``: rows of ``target`` (``T6``), ``says``, ``limit``,
``bound`` (``least`` or ``most``) and ``rounds``, the number
measured in each round. All else is for the file of results.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from measuring import HERE, child_environment

_PROGRAM = """
import importlib, json, sys
sys.path[:0] = [{root!r}, {here!r}]
print(json.dumps(importlib.import_module({name!r}).measure(), default=str))
"""


def measure(name: str) -> dict[str, Any] | None:
    """What the module found; None where there is no such module.

    Raises:
        subprocess.CalledProcessError: it failed; what it complained about has been printed.
    """
    if not (HERE / f"{name}.py").exists():
        return None
    text = _PROGRAM.format(root=str(HERE.parent), here=str(HERE), name=name)
    ended = subprocess.run(
        (sys.executable, "-c", text), stdout=subprocess.PIPE, text=True, check=True, env=child_environment()
    )
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found
