"""Which way of virtualizing for which need: overhead, isolation, footprint, start, control and effort, side by side.

Everything is computed: the first four by runs of the scenario and of scenarios derived from it, the other two from what
the catalog says of every layer under the tenant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.choice.choice import Choice, choose

__all__ = ["FRONT", "Choice", "choose"]

FRONT = "no other is better in overhead, loss, footprint and start together"
"""The need that asks for everything at once."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("simulator.choice.choice"), name)
