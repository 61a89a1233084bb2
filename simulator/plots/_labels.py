"""How stacks, nodes and places on the axes are called in tables and figures: as short as they can be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results import Results

Record = Mapping[str, Any]
STACK = "stack"


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """A name for each node of one stack: its product, else whether it is the host, its tenant, what it stands on.

    >>> short_names(["linux-2.4", "linux-2.4/vmware-3.2[app]", "linux-2.4/vmware-3.2[app]/linux-2.4[app]"])
    {'linux-2.4': 'linux-2.4 (host)', 'linux-2.4/vmware-3.2[app]': 'vmware-3.2', \
'linux-2.4/vmware-3.2[app]/linux-2.4[app]': 'linux-2.4'}
    """
    every = product_names(paths)
    left = list(every)
    names: dict[str, str] = {}
    for shorten in (every.__getitem__, _instance, _standing, str):
        counts = Counter([*map(shorten, left), *names.values()])
        names |= {path: shorten(path) for path in left if counts[shorten(path)] == 1}
        left = [path for path in left if path not in names]
    return {path: names[path] for path in every}


def product_names(paths: Iterable[str]) -> dict[str, str]:
    """The product of each node of one stack; the host says so where the same product stands on it."""
    every = list(dict.fromkeys(paths))
    hosts = {path for path in every if any(_stands_on(other, path) for other in every)}
    return {path: _product(path) + (" (host)" if path in hosts else "") for path in every}


def _stands_on(above: str, below: str) -> bool:
    """Whether a node stands somewhere on another one of the same product."""
    return above.startswith(below + "/") and _product(above) == _product(below)


def _instance(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _product(path: str) -> str:
    return _instance(path).partition("[")[0]


def _standing(path: str) -> str:
    below = path.rpartition("/")[0]
    return f"{_instance(path)} on {_product(below) or 'the hardware'}"


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


class Places:
    """How the place of a row on the axes is shown: the stack apart, the tenant only if there are several.

    Args:
        results: the batch.
        rows: the rows that are shown.
    """

    def __init__(self, results: Results, rows: Iterable[Record]) -> None:
        tenants = {row["tenant"] for row in rows if row.get("tenant")}
        self._only_stack, self._only_place = results.baseline, str(results.manifest["scenario"]["name"])
        self._names = [name for name in results.axes if name != STACK] + (["tenant"] if len(tenants) > 1 else [])
        self.heads = [name.rsplit(".", 1)[-1] for name in self._names]

    def stack(self, row: Record) -> str:
        """The stack of a row."""
        return str(row.get(STACK, self._only_stack))

    def cells(self, row: Record) -> list[str]:
        """The place beside the stack, a cell for each axis."""
        return [_text(row[name]) for name in self._names if name in row]

    def label(self, row: Record) -> str:
        """The place beside the stack, in one cell; a number says of what."""
        known = [(head, row[name]) for head, name in zip(self.heads, self._names, strict=True) if name in row]
        parts = (f"{head} {_text(value)}" if isinstance(value, int | float) else str(value) for head, value in known)
        return ", ".join(parts) or self._only_place

    def labels(self, rows: Iterable[Record]) -> list[str]:
        """The labels that occur, in order."""
        return list(dict.fromkeys(map(self.label, rows)))

    def stacks(self, rows: Iterable[Record]) -> list[str]:
        """The stacks that occur, in order."""
        return list(dict.fromkeys(map(self.stack, rows)))

    def groups(self, rows: Sequence[Record]) -> list[list[Record]]:
        """Rows of the same place on different stacks."""
        groups: dict[str, list[Record]] = {}
        for row in rows:
            groups.setdefault(self.label(row), []).append(row)
        return list(groups.values())
