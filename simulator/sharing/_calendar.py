"""When something happens next: one reusable timer for a whole device, and the end of each instant.

Time is whole nanoseconds. Events that differ by less are one instant, or it would depend on their rounding which comes
first; what changes in an instant takes effect at its end.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any, Protocol

import simpy

from simulator.sharing._rotation import NEVER

_END = 0.49
"""When in its nanosecond an instant ends."""


class Due(Protocol):
    """Something that happens at ``due_ns``."""

    due_ns: int

    @property
    def order(self) -> int:
        """Among what is due at one instant: smallest first, then what was scheduled first."""


class Calendar:
    """What is due when.

    Args:
        environment: simulated time.
        fire: called when something is due.
        end: called at the end of an instant in which something changed.
    """

    def __init__(self, environment: simpy.Environment, fire: Callable[[], None], end: Callable[[], None]) -> None:
        self.environment = environment
        self.ending = False
        """Whether this instant has an end that is still to come."""
        self._fire, self._end = fire, end
        self._entries: list[tuple[int, int, int, Due]] = []
        self._number = 0
        self._armed_ns = NEVER
        self._now, self._now_ns = 0.0, 0
        self._on_timer: list[Callable[[Any], None]] = [self._timer_fires]
        self._on_end: list[Callable[[Any], None]] = [self._instant_ends]
        self._timer, self._end_event = self._reusable(self._on_timer), self._reusable(self._on_end)

    def now_ns(self) -> int:
        """The present."""
        now: float = self.environment._now
        if now != self._now:
            self._now, self._now_ns = now, round(now * 1e9)
        return self._now_ns

    def schedule(self, item: Due, due_ns: int) -> None:
        """Make something due at a time, and not any more when it was."""
        item.due_ns = due_ns
        if due_ns < NEVER:
            self._number += 1
            heappush(self._entries, (due_ns, item.order, self._number, item))

    def take(self, now_ns: int) -> Any:
        """The first of what is due by now, which is not due any more; None if nothing is."""
        entries = self._entries
        while entries and entries[0][0] <= now_ns:
            due_ns, _, _, item = heappop(entries)
            if item.due_ns == due_ns:  # else it has been replaced
                item.due_ns = NEVER
                return item
        return None

    def arm(self) -> None:
        """See to it that the timer fires when the next thing is due; a timer that is late looks again."""
        entries = self._entries
        while entries:
            due_ns, _, _, item = entries[0]
            if item.due_ns == due_ns:
                if due_ns < self._armed_ns:
                    self._armed_ns = due_ns
                    delay_s = due_ns / 1e9 - self.environment._now
                    self.environment.schedule(self._timer, delay=delay_s if delay_s > 0.0 else 0.0)
                return
            heappop(entries)

    def soon(self) -> None:
        """Let the timer fire in this instant."""
        self.environment.schedule(self._timer)

    def ends_instant(self) -> None:
        """Something has changed that takes effect at the end of this instant."""
        if not self.ending:
            self.ending = True
            delay_s = (self.now_ns() + _END) / 1e9 - self.environment._now
            self.environment.schedule(self._end_event, delay=delay_s if delay_s > 0.0 else 0.0)

    def _reusable(self, callbacks: list[Callable[[Any], None]]) -> simpy.Event:
        event = simpy.Event(self.environment)
        event._ok, event._value = True, None
        event.callbacks = callbacks
        return event

    def _timer_fires(self, timer: simpy.Event) -> None:
        timer.callbacks = self._on_timer
        self._armed_ns = NEVER
        self._fire()

    def _instant_ends(self, event: simpy.Event) -> None:
        event.callbacks = self._on_end
        self._end()
