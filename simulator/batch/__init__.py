"""All runs of a scenario: who executes them, what is kept when they stop, one folder for the whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.batch.batch import checked_points, run, run_only

__all__ = ["checked_points", "run", "run_only"]


def __getattr__(name: str) -> object:
    # A worker imports this package for its worker module only, and must stay small.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from simulator.batch import batch

    return getattr(batch, name)
