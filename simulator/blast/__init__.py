"""What each fault takes down on a stack, and what lies between two tenants: structure, sizes, times, no chances.

``blast("linux-6 | docker")`` puts equal tenants on a stack, finds its components in the tree, asks every kind of
fault what it does to whom, and lets one crash of each component happen in simulated time to see how long setting it up
anew takes.

The package can be called as the function of that name in ``simulator``, with several stacks.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from simulator.blast.analysis import Blast, Hit, Reach, Row, blast

__all__ = ["Blast", "Hit", "Reach", "Row", "blast"]


class _Callable(ModuleType):
    """``simulator.blast`` names this package as soon as anybody has imported it, so that it must answer calls."""

    def __call__(self, *stacks: str, machine: str = "", **options: Any) -> list[Blast]:
        from simulator.blast.setting import MACHINE

        return [blast(stack, machine=machine or MACHINE, **options) for stack in stacks]


sys.modules[__name__].__class__ = _Callable
