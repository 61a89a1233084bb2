"""Who hurts whom: what a victim loses to each neighbour on each model, against the same run beside an idle one.

The neighbours are the values of a scenario's axis, or the catalog's stressors one after the other as ``choose`` has
them. Runs are paired by replication: the victim has the same luck in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.isolation.isolation import Isolation, isolate

__all__ = ["METRICS", "Isolation", "isolate"]

METRICS = {"value": "loss", "requests": "requests_lost", "latency": "latency_p99"}
"""What can be shown of the victim, with the name of its columns: its figure of merit, operations, tail latency."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module("simulator.isolation.isolation"), name)
