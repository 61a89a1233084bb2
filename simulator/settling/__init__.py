"""How long a scenario takes until its figures have settled: the advice on its warm-up, which changes nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.settling.advice import Advice, Warmup, warmup

__all__ = ["METRICS", "Advice", "Warmup", "warmup"]

METRICS = {"latency": "latency of requests, in the order of their start", "operations": "operations done a second"}
"""What can be looked at."""


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from simulator.settling import advice

    return getattr(advice, name)
