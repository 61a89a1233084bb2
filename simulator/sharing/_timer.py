"""One calendar entry for one device, used again and again."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush

import simpy

from simulator.sharing.tree import INFINITE

_NORMAL = 1
"""SimPy's priority of ordinary events."""


class Timer:
    """An event that is never done with: it calls when the time comes for which it was last armed.

    To SimPy's calendar it looks like an event that was triggered. Arming it for an earlier time adds an entry; for a
    later one it keeps the entry that it has, and looks again when that is reached. Old entries find nothing to do.

    Args:
        environment: simulated time.
        call: what is called.

    Attributes:
        due: when to call; only one that is not before ``armed`` may be set without ``arm``.
        armed: when the entry is reached that it has.
    """

    __slots__ = ("_again", "_call", "_environment", "_ok", "_value", "armed", "callbacks", "due")

    def __init__(self, environment: simpy.Environment, call: Callable[[], None]) -> None:
        self._environment, self._call = environment, call
        self._ok, self._value = True, None
        self._again = (self._fire,)
        self.callbacks: tuple[Callable[[object], None], ...] | None = self._again
        self.armed = self.due = INFINITE

    def arm(self, due_s: float) -> None:
        """Call at this time and no other; infinite: never."""
        self.due = due_s
        if due_s < self.armed:
            environment = self._environment
            now = environment._now
            self.armed = due_s = due_s if due_s > now else now
            heappush(environment._queue, (due_s, _NORMAL, next(environment._eid), self))  # type: ignore[misc]

    def _fire(self, _: object) -> None:
        self.callbacks = self._again  # SimPy has just taken them away
        now = self._environment._now
        if now < self.armed:
            return
        self.armed = INFINITE
        if self.due <= now:
            self._call()
        else:
            self.arm(self.due)
