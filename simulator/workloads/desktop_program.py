"""A Java program with windows: its user acts, and one thread, the event-dispatch thread, handles all events in turn.

One operation: one event, from the user's action until it is handled, or until the result of its long work is shown. A
handler that does long work itself freezes the interface: later events wait. Long work may be left to another thread,
which tells the event-dispatch thread of its result. The user goes on acting whether the interface answers or not.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from simulator.demands import Fetch, Post, Sleep, SystemCall
from simulator.parameters import Parameter
from simulator.workloads.base import ClassFiles, Context, Demands, Draws, Program, ThreadPlan


class Event(NamedTuple):
    """What the user does: how long after the action before, and what its handler does."""

    think_s: float
    cycles: float
    long: bool
    background: bool


class DesktopProgram(Program):
    """The thread that takes events from the window system, the event-dispatch thread, and one for long work."""

    INTERFACE = "bytecode"
    PARAMETERS = (
        Parameter("actions_count", "count", "actions of the user"),
        Parameter("think_s", "s", "mean time from one action to the next"),
        Parameter("toolkit_cycles", "cycles", "user cycles to take an event from the window system and queue it"),
        Parameter("handler_cycles", "cycles", "user cycles to handle an event and to paint"),
        Parameter("handler_variation_ratio", "ratio", "standard deviation of these over the mean"),
        Parameter("long_ratio", "ratio", "part of the events that lead to long work"),
        Parameter("long_cycles", "cycles", "user cycles of such work"),
        Parameter("background_ratio", "ratio", "part of the long work that is done by another thread"),
    )
    CHOSEN = frozenset({"actions_count", "background_ratio"})
    COUNTS = ("compute", "system_call", "thread_start")

    def __init__(
        self, parameters: Mapping[str, float], context: Context, class_files: ClassFiles | None = None
    ) -> None:
        super().__init__(parameters, context, class_files)
        self._queue: deque[tuple[float, Event]] = deque()
        """Of the event-dispatch thread: when the user acted, and what."""
        self._jobs: deque[tuple[float, Event]] = deque()
        draws = context.draws("event")
        self._events = [self._event(draws) for _ in range(int(self.parameters.actions_count))]

    def _event(self, draws: Draws) -> Event:
        parameters = self.parameters
        think_s = draws.exponential(parameters.think_s)
        cycles = draws.lognormal(parameters.handler_cycles, parameters.handler_variation_ratio)
        long, background = draws.uniform() < parameters.long_ratio, draws.uniform() < parameters.background_ratio
        return Event(think_s, cycles, long, long and background)

    def threads(self) -> list[ThreadPlan]:
        """All three."""
        return [
            ThreadPlan("toolkit", self._toolkit()),
            ThreadPlan("event-dispatch", self._event_dispatch()),
            ThreadPlan("worker", self._worker()),
        ]

    def _toolkit(self) -> Demands:
        """Each event is read from the window system's socket and put into the queue."""
        acted_s = self.context.now
        for event in self._events:
            acted_s += event.think_s
            if acted_s > self.context.now:
                yield Sleep(acted_s - self.context.now)
            yield SystemCall("null_io")
            yield from self.compute(self.parameters.toolkit_cycles)
            self._queue.append((acted_s, event))
            yield Post("events", pipe=True)

    def _event_dispatch(self) -> Demands:
        """Handlers one after the other; the result of work that another thread has done is one more thing to paint."""
        left = len(self._events)
        while left:
            yield Fetch("events", pipe=True)
            if not self._queue:
                continue
            acted_s, event = self._queue.popleft()
            yield from self.compute(event.cycles)
            if event.background:
                self._jobs.append((acted_s, event))
                yield Post("jobs", pipe=True)
                continue
            if event.long:
                yield from self.compute(self.parameters.long_cycles)
            self.context.done("event-dispatch", "event", acted_s)
            left -= 1

    def _worker(self) -> Demands:
        left = sum(event.background for event in self._events)
        while left:
            yield Fetch("jobs", pipe=True)
            if not self._jobs:
                continue
            acted_s, event = self._jobs.popleft()
            left -= 1
            yield from self.compute(self.parameters.long_cycles)
            self._queue.append((acted_s, event._replace(long=False, background=False)))
            yield Post("events", pipe=True)

    def value(self, operations: float, elapsed_s: float) -> float:
        """Mean time of an event in seconds, of the last so many."""
        events = sorted((start_s, latency_s) for _, _, start_s, latency_s in self.context.requests)
        return sum(latency_s for _, latency_s in events[-int(operations) :]) / operations


PROGRAM = DesktopProgram
