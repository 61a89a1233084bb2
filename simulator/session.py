"""A layer or a program of one's own, added from a notebook cell: class, name and numbers.

The numbers become a catalog sheet like any other, so that scenarios, ``explain`` and the checks treat the new product
as one of ours. It lives in this process only; runs that use it stay in this process too. What is to stay goes into
files (see the README: adding something is one file).
"""

from __future__ import annotations

import atexit
import hashlib
import inspect
import json
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

from simulator import discovery
from simulator.errors import UsageError
from simulator.layers.base import Layer
from simulator.workloads.base import Program

Number = float | str | tuple[float | str, float | str, float | str]


def add(
    cls: type[Layer] | type[Program],
    name: str,
    numbers: Mapping[str, Number],
    *,
    structure: Mapping[str, str] | None = None,
    metric: Mapping[str, str] | None = None,
) -> None:
    """Add a layer or a program to this session under a catalog name.

    Args:
        cls: the class; its ``PARAMETERS`` say which numbers it needs.
        name: catalog name, e.g. ``my-hypervisor-1``; the name of one added before replaces it.
        numbers: for each parameter its value, or value, low and high; numbers in SI base units or texts with a unit.
        structure: enumerated choices of a layer.
        metric: name, unit and better direction of a program's figure of merit.

    Raises:
        UsageError: ``cls`` is neither a layer nor a program, or a program has no metric.
        CatalogError: the name is taken by a file, or (when it is first used) a number is missing or misfits.
    """
    sheet = {"name": name, "title": f"{cls.__name__} of this session", "parameters": _entries(numbers)}
    module = ModuleType(f"session_{name}".replace("-", "_").replace(".", "_"))
    module.SOURCE = _source(cls)  # type: ignore[attr-defined]
    if issubclass(cls, Layer):
        kind = "layers"
        module.LAYER = cls  # type: ignore[attr-defined]
        sheet |= {"family": module.__name__, "structure": dict(structure or {})}
    elif issubclass(cls, Program):
        if metric is None:
            example = {"name": "rate", "unit": "1/s", "better": "higher"}
            raise UsageError(f"{cls.__name__} is a program: give its metric, e.g. {example}")
        kind = "workloads"
        module.PROGRAM = cls  # type: ignore[attr-defined]
        sheet |= {"program": module.__name__, "interface": cls.INTERFACE, "metric": dict(metric)}
    else:
        raise UsageError(f"{cls.__name__} is no Layer and no Program; derive it from one of the two")
    discovery.add_to_session(kind, module, _folder())
    (_folder() / kind).mkdir(exist_ok=True)
    (_folder() / kind / f"{name}.yaml").write_text(json.dumps(sheet), encoding="utf-8")


def digest() -> str:
    """A digest of what the session has added: results of an edited class are not those of the old one."""
    texts = sorted(str(getattr(module, "SOURCE", "")) for module in discovery.session_modules())
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12] if texts else ""


def _entries(numbers: Mapping[str, Number]) -> dict[str, list[dict[str, object]]]:
    entries: dict[str, list[dict[str, object]]] = {}
    for name, number in numbers.items():
        value, low, high = number if isinstance(number, tuple) else (number, number, number)
        where = "given in the session"
        entries[name] = [
            {"value": value, "range": [low, high], "kind": "assumed", "where": where, "measured_on": "any"}
        ]
    return entries


def _source(cls: type) -> str:
    try:
        return inspect.getsource(cls)
    except (OSError, TypeError):  # typed at a prompt that keeps no text
        return repr(sorted((name, getattr(item, "__code__", item)) for name, item in vars(cls).items()))


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="virtlab-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
