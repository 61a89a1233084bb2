"""What one run may take: events, simulated time, wall time and memory; and who watches over it.

Events and simulated time are exact: a run ends at the same event everywhere. Wall time and memory are not, and depend
on the machine and on what else runs there. They are looked at every so many events, and ten times a second in the
middle of whatever the run does: a single event may take for ever.
Memory is what the resident set of the process has grown by since the run began, whoever in that process took it.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nextafter
from typing import TYPE_CHECKING, NoReturn, TypeVar

from simulator.errors import OverBudget, Spent
from simulator.resident import resident_bytes
from simulator.ticking import TICK_S, Ended, Ticker, ticker
from simulator.units import DIMENSIONS, format_quantity, parse_quantity

if TYPE_CHECKING:
    import simpy

T = TypeVar("T")

CHECK_EVENTS = 128
"""Wall time and memory are looked at after so many events."""
FIRST = 0
"""Priority of an event that comes before all others of its time."""

LIMITS = {
    "events": ("events", "count", "events"),
    "simulated": ("simulated_s", "s", "of simulated time"),
    "wall": ("wall_s", "s", "of wall time"),
    "memory": ("memory_bytes", "bytes", "of memory"),
}
"""For each limit, as a scenario calls it, its attribute, its unit, and what a reader calls it."""
EXACT = ("events", "simulated")
"""Limits that end a run at the same place everywhere."""
_BASE = {"count": "", "s": "s", "bytes": "B"}


@dataclass(frozen=True)
class Budget:
    """What one run may take at most; None: as much as it likes."""

    events: int | None = None
    simulated_s: float | None = None
    wall_s: float | None = None
    memory_bytes: float | None = None

    def __bool__(self) -> bool:
        """Whether there is any limit."""
        return any(self.limit(name) is not None for name in LIMITS)

    def limit(self, name: str) -> float | None:
        """The size of a limit."""
        size: float | None = getattr(self, LIMITS[name][0])
        return size

    def allows_more(self, spent: Spent) -> bool:
        """Whether a run that was ended by a limit may go further under this budget."""
        size = self.limit(spent.limit)
        return size is None or size > spent.size

    def words(self) -> dict[str, str]:
        """Every limit there is, as it is written in a scenario."""
        sizes = ((name, self.limit(name)) for name in LIMITS)
        return {name: written(name, size) for name, size in sizes if size is not None}


def written(name: str, size: float) -> str:
    """The size of a limit with its unit, which reads back as exactly that."""
    unit = LIMITS[name][1]
    text = format_quantity(size, unit)
    exact = text if parse_quantity(text, DIMENSIONS[unit]) == size else f"{size:.17g} {_BASE[unit]}"
    return exact.strip()


class Watch:
    """Watches over one run.

    Args:
        budget: what the run may take.
    """

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.events = 0
        self._environment: simpy.Environment | None = None
        self._ended = ""
        self._noted, self._next = False, 0
        self._watching = False
        self._most_events = sys.maxsize if budget.events is None else budget.events
        self._wall_s = inf if budget.wall_s is None else budget.wall_s
        self._memory_bytes = budget.memory_bytes
        self._begin_s = time.perf_counter()
        self._held_bytes = resident_bytes() if self._memory_bytes is not None else 0
        self._ticker: Ticker | None = None

    def call(self, function: Callable[[], T]) -> T:
        """What a function returns that simulates one run.

        Raises:
            OverBudget: it would have taken more than it may.
        """
        try:
            result = self._watched(function)
        except Ended:  # at the very last moment, when the function was over already
            self._stop()
        if self._ended:
            raise self._over()
        return result

    def _watched(self, function: Callable[[], T]) -> T:
        try:
            self._watching = True
            self._arm()
            return function()
        except BaseException as error:
            self._watching = False
            if isinstance(error, MemoryError) and self._memory_bytes is not None:
                self._ended = "memory"
            if isinstance(error, KeyboardInterrupt) or not self._ended:
                raise
            raise self._over() from None
        finally:
            self._stop()

    def run(self, environment: simpy.Environment, end: simpy.Event) -> int:
        """Steps until ``end``; returns the number of events.

        Raises:
            Ended: the budget is used up.
        """
        self._environment = environment
        if self.budget.simulated_s is not None:
            self._mark(environment, self.budget.simulated_s)
        step = environment.step
        while not end.triggered:
            self._next = self._bound()
            while self.events < self._next and not end.triggered:
                step()
                self.events += 1
        return self.events

    def _bound(self) -> int:
        """Up to which event the run may go on before it is looked at again."""
        if self.events >= self._most_events:
            self._end("events")
        self._look()
        return min(self._most_events, self.events + CHECK_EVENTS)

    def _look(self) -> None:
        """Ends the run if it has taken too much of what can only be measured."""
        if self._ended:
            raise Ended
        if time.perf_counter() - self._begin_s >= self._wall_s:
            self._end("wall")
        if self._memory_bytes is not None and resident_bytes() - self._held_bytes > self._memory_bytes:
            self._end("memory")

    def _mark(self, environment: simpy.Environment, at_s: float) -> None:
        """An event right after the time at which the run is to be over: what happens at that very time still does."""
        mark = environment.event()
        mark._ok, mark._value = True, None
        mark.callbacks.append(self._reached)
        environment.schedule(mark, FIRST, nextafter(at_s, inf))  # type: ignore[arg-type]

    def _reached(self, mark: simpy.Event) -> None:
        if mark.env.peek() == inf:
            mark.env.step()  # nothing is left to happen: that, and no budget, is what is wrong with the run
        self._end("simulated")

    def _end(self, limit: str) -> NoReturn:
        self._ended = limit
        raise Ended

    def _arm(self) -> None:
        if self.budget.wall_s is not None or self._memory_bytes is not None:
            self._ticker = ticker(self._tick)
            self._ticker.start(TICK_S if self._memory_bytes is not None else self._wall_s)

    def _stop(self) -> None:
        self._watching = False
        if self._ticker is not None:
            self._ticker.stop()

    def _tick(self) -> None:
        """Notes that a limit is reached, so that the run ends between two events; one that never ends is broken off.

        What is raised in the middle of something may be lost: Python ignores it in a destructor.
        """
        if not self._watching:
            return
        try:
            self._look()
        except Ended:
            if self._noted:
                raise
            self._noted, self._next = True, 0

    def _over(self) -> OverBudget:
        """What is recorded. Of an exact limit nothing in it depends on the machine."""
        limit, size = self._ended, self.budget.limit(self._ended)
        assert size is not None
        now_s = float(self._environment.now) if self._environment is not None else 0.0
        now_s = now_s if self.budget.simulated_s is None else min(now_s, self.budget.simulated_s)
        came = f"at {format_quantity(now_s, 's')} of simulated time after {self.events} events"
        if limit not in EXACT:
            came += f" and {format_quantity(time.perf_counter() - self._begin_s, 's')} of wall time"
        text = f"ended by its budget of {written(limit, size)} {LIMITS[limit][2]}, {came}"
        remedy = f"give it more, e.g. --budget {limit}={written(limit, 2 * size).replace(' ', '')}, or ask less of it"
        return OverBudget(f"{text}; {remedy}", Spent(limit, size, now_s, self.events))
