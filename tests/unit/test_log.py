"""A layer's log: one line for each thing it did, with its duration and what there was before and after."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from simulator.demands import Compute, Demand
from simulator.layers.base import Layer
from simulator.steps import Log, Step, Use


class Cleaner(Layer):
    """Works for its program, and every time cleans up what has gathered: a millisecond at 1 GHz."""

    OFFERS, NEEDS = "system", "machine"
    dirt = 0.0

    def lower(self, demand: Demand) -> Iterable[Step]:
        def gathered() -> float:
            self.dirt = 3.0 if self.dirt == 0.0 else 0.0
            return self.dirt

        cleaning = Use("cleaning", cycles=1e6)
        return (
            Use("compute", cycles=2e6, program=True),
            Log("cleaning", gathered, "crumbs"),
            cleaning,
            Log("cleaning", gathered, "crumbs", ends=True),
        )


def test_what_is_done_becomes_a_line_with_its_duration(bench: Callable[..., Any]) -> None:
    """Two milliseconds of work, then one of cleaning, twice."""
    own = bench({"os": Cleaner}, "os")
    own.thread("main", Compute(), Compute())
    own.run(until=1.0)
    lines = [[*line[:3], *(round(each, 9) for each in line[3:7]), line[7]] for line in own.house.log.rows]
    assert lines == [
        ["os", "main", "cleaning", 2e-3, 1e-3, 3.0, 0.0, "crumbs"],
        ["os", "main", "cleaning", 5e-3, 1e-3, 3.0, 0.0, "crumbs"],
    ]


def test_what_never_ends_is_not_in_the_log(bench: Callable[..., Any]) -> None:
    own = bench({"os": Cleaner}, "os")
    own.thread("main", Compute())
    own.run(until=2.5e-3)
    assert own.house.log.rows == []
