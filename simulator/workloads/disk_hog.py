"""A neighbour that keeps the disk busy for ever, in order or at random places.

One operation: one block.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from simulator.parameters import Parameter
from simulator.workloads._transfers import CHOSEN, PARAMETERS, at_random, in_order, names, transfers
from simulator.workloads.base import Program, ThreadPlan


class DiskHog(Program):
    """Jobs that never stop."""

    PARAMETERS = (
        Parameter("random_ratio", "ratio", "part of the blocks at random places; the others follow one another"),
        *PARAMETERS,
    )
    CHOSEN = frozenset({"random_ratio", *CHOSEN})
    COUNTS = ("compute", "system_call", "block_stack", "driver")

    def threads(self) -> list[ThreadPlan]:
        """The jobs."""
        following = in_order(self)
        return [
            ThreadPlan(name, transfers(self, name, self._mixed(name, following), count()), endless=True)
            for name in names(self)
        ]

    def _mixed(self, name: str, following: Callable[[], int]) -> Callable[[], int]:
        anywhere, draws = at_random(self, name), self.context.draws(f"mix-{name}")
        return lambda: anywhere() if draws.uniform() < self.parameters.random_ratio else following()

    def value(self, operations: float, elapsed_s: float) -> float:
        """Megabytes a second."""
        return operations * self.parameters.block_bytes / elapsed_s / 1e6


PROGRAM = DiskHog
