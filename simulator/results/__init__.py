"""Results: the tables of a batch, and what can be said from them with an interval beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.results.results import Results, load

__all__ = ["Results", "load"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from simulator.results import results

    return getattr(results, name)
