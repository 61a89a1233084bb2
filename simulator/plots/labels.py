"""How the nodes of a stack are called in tables and figures: as short as they can be told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """A name for each node: its product, else with its tenant, else with what it stands on, else its path.

    >>> short_names(["linux-2.4", "linux-2.4/vmware-3.2[app]", "linux-2.4/vmware-3.2[app]/linux-2.4[app]"])
    {'linux-2.4': 'linux-2.4', 'linux-2.4/vmware-3.2[app]': 'vmware-3.2',
     'linux-2.4/vmware-3.2[app]/linux-2.4[app]': 'linux-2.4[app]'}
    """
    left = every = list(dict.fromkeys(paths))
    names: dict[str, str] = {}
    for shorten in (_product, _instance, _standing, str):
        counts = Counter([*map(shorten, left), *names.values()])
        names |= {path: shorten(path) for path in left if counts[shorten(path)] == 1}
        left = [path for path in left if path not in names]
    return {path: names[path] for path in every}


def _instance(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _product(path: str) -> str:
    return _instance(path).partition("[")[0]


def _standing(path: str) -> str:
    below = path.rpartition("/")[0]
    return f"{_instance(path)} on {_product(below) or 'the hardware'}"
