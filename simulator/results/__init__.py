"""Results: the tables of a batch, and what can be said from them with an interval beside it.

The package can be called: ``simulator.results("results", status="failures")`` lists the batches of a folder.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from simulator.results.listing import batches
    from simulator.results.merging import merge
    from simulator.results.results import Results, load

__all__ = ["Results", "batches", "load", "merge"]
_HOMES = {"batches": "listing", "merge": "merging"}


class _Callable(ModuleType):
    """``simulator.results`` names this package as soon as anybody has imported it, so that it must answer calls."""

    def __call__(self, *args: Any, **filters: Any) -> pd.DataFrame:
        from simulator.results.listing import batches

        return batches(*args, **filters)


sys.modules[__name__].__class__ = _Callable


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"simulator.results.{_HOMES.get(name, 'results')}"), name)
