"""A pool of hosts, as a provider of infrastructure runs one: requests for instances come, are admitted, placed, run and
billed; hosts are maintained, fail, are packed and switched off.

What an instance takes follows from the layers of its stack, see ``measuring``; who gets how much of a host's processors
from the same solver as in any run. The package can be called: ``simulator.pool("scenarios/pools/a-small-cloud.yaml")``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.pool.plan import Plan
    from simulator.pool.reading import read
    from simulator.pool.results import PoolResults
    from simulator.pool.whole import pool

_HOMES = {"Plan": "plan", "PoolResults": "results", "read": "reading", "pool": "whole"}
__all__ = ["Plan", "PoolResults", "pool", "read"]


class _Callable(ModuleType):
    """``simulator.pool`` names this package as soon as anybody has imported it, so that it must answer calls."""

    def __call__(self, *args: Any, **options: Any) -> PoolResults:
        from simulator.pool.whole import pool

        return pool(*args, **options)


sys.modules[__name__].__class__ = _Callable


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"simulator.pool.{_HOMES[name]}"), name)
