"""Which parameters does the answer hang on? The catalog's ranges are the distributions of the inputs.

Three methods, each with the screening before it: one at a time (every range's ends), Morris (elementary effects
everywhere in the space) and Sobol (parts of the variance). Only what screening leaves is looked at closely.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.importance.analysis import analyse
    from simulator.importance.report import Sensitivity

__all__ = ["METHODS", "OVERHEAD", "Sensitivity", "analyse"]

METHODS = ("tornado", "morris", "sobol")
"""One at a time only; and elementary effects; and parts of the variance."""
OVERHEAD = "overhead"
"""The metric that is the time for the same work over that on the baseline stack."""
_HOMES = {"analyse": "analysis", "Sensitivity": "report"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"simulator.importance.{_HOMES[name]}"), name)
