"""The benchmarks of single parts that stand beside this one: the solver alone, and slices.

Each is a module with ``measure() -> dict``, or with a ``main()`` whose last line is the same as JSON; it runs in a
process of its own, and one that is not there is left out. What it answers of the targets it says under the key
``targets``: rows of ``target`` (``T8``), ``says``, ``limit``, ``bound`` (``least`` or ``most``) and ``rounds``, the
number measured in each round. All else is for the file of results.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from measuring import HERE, child_environment

_PROGRAM = """
import importlib, json, sys
sys.path[:0] = [{root!r}, {here!r}]
sys.argv = [{name!r}]
module = importlib.import_module({name!r})
if hasattr(module, "measure"):
    print(json.dumps(module.measure()))
else:
    module.main()
"""


def measure(name: str) -> dict[str, Any] | None:
    """What the module found, or ``failed`` with the last line of its complaint; None where there is no such module."""
    if not (HERE / f"{name}.py").exists():
        return None
    text = _PROGRAM.format(root=str(HERE.parent), here=str(HERE), name=name)
    ended = subprocess.run((sys.executable, "-c", text), capture_output=True, text=True, env=child_environment())
    if ended.returncode:
        print(ended.stderr, file=sys.stderr)
        return {"failed": ended.stderr.strip().splitlines()[-1]}
    found: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return found


def targets(found: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    """What a part says about targets: its own rows, or those that follow from its table."""
    if found is None:
        return ()
    if "targets" not in found and "trees" in found:
        return _of_trees(found["trees"])
    if "targets" not in found and "ratio to naive" in found:
        return _of_slices(found)
    rows: Sequence[Mapping[str, Any]] = found.get("targets", ())
    return rows


def _of_trees(trees: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """T4 and T6 from the table of ``fluid_solver.py``: microseconds of a change by tree."""
    busy = [tree for tree in trees if tree["runnable"] == 1 and not tree["tenants"]]
    flat = {tree["name"]: tree["fluid_us"] for tree in busy if not tree["machines"]}
    three = [tree["fluid_us"] for tree in busy if tree["count"] >= 16 and tree["machines"] and not tree["between"]]
    five = [tree["fluid_us"] for tree in busy if tree["between"] == 2]
    growth = flat["one level, 1000"] / flat["one level, 10"]
    return [
        _asked("T4", "the solver alone, a change at n=1000 over n=10", "most", 1.3, growth),
        _asked("T6", "a tree of depth 3, µs a change, its calendar included", "most", 4, median(three)),
        _asked("T6", "the same, dearest over cheapest from 16 to 1024 runnable", "most", 1.5, max(three) / min(three)),
        _asked("T6", "a tree of depth 5, µs a change, its calendar included", "most", 7, median(five)),
    ]


def _of_slices(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """T8 from the numbers of ``quantum.py``, which ends with an error where the ends of work are not identical."""
    return [
        _asked("T8", "slice by slice over slices in closed form, ends identical", "least", 10, found["ratio to naive"]),
        _asked("T8", "simulated seconds a second, 16 x 2 at 3 ms", "least", 1200, found["simulated s per s"]),
        _asked("T8", "slices of 0.1 ms over slices of 3 ms", "most", 1.1, found["0.1 ms to 3 ms"]),
    ]


def _asked(target: str, says: str, bound: str, limit: float, measured: float) -> dict[str, Any]:
    return {"target": target, "says": says, "limit": limit, "bound": bound, "rounds": [measured]}
