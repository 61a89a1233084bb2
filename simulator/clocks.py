"""The clock that a tenant's programs go by: it stands still with the kernel that keeps it.

Who stops processes or a container stops no kernel: a sleep that ends meanwhile has ended when they go on. Who stops a
virtual machine stops its kernel's clock as well, and a sleep lasts that much longer for everybody outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import simpy


class Clock:
    """One tenant's clock.

    Args:
        environment: the time of everybody else.
        stops: whether anything may ever stop it; else it is that time.
    """

    def __init__(self, environment: simpy.Environment, *, stops: bool) -> None:
        self._environment, self._stops = environment, stops
        self._stopped_since: float | None = None
        self._paused_since: float | None = None
        self._paused_s = 0.0
        self._stood_s = 0.0
        self._due: dict[simpy.Event, float] = {}

    @property
    def now(self) -> float:
        """What it shows: less than the time by how long it has stood still."""
        until_s = self._environment.now if self._stopped_since is None else self._stopped_since
        return float(until_s) - self._stood_s

    def timeout(self, time_s: float) -> simpy.Event:
        """Comes when it has gone on by so much."""
        if not self._stops:
            return self._environment.timeout(time_s)
        event = self._environment.event()
        self._due[event] = self.now + time_s
        self._arm(event, time_s)
        return event

    def _arm(self, event: simpy.Event, time_s: float) -> None:
        due_s, timer = self._due[event], self._environment.timeout(time_s)
        stood_s = self._stood_s
        assert timer.callbacks is not None
        timer.callbacks.append(lambda _: self._ring(event, due_s, stood_s))

    def _ring(self, event: simpy.Event, due_s: float, stood_s: float) -> None:
        """It is time, unless the clock stands still, or has stood still meanwhile and another timer runs."""
        if self._stopped_since is None and self._stood_s == stood_s and self._due.get(event) == due_s:
            del self._due[event]
            event.succeed()

    @property
    def paused_s(self) -> float:
        """How long the tenant has stood still until now, with its kernel or without."""
        since = self._paused_since
        return self._paused_s + (0.0 if since is None else float(self._environment.now) - since)

    def pause(self, *, with_kernel: bool) -> None:
        """The tenant stands still; its clock does so where its kernel does."""
        if self._paused_since is None:
            self._paused_since = self._environment.now
        if with_kernel:
            self.stop()

    def stop(self) -> None:
        """It stands still."""
        if self._stopped_since is None:
            self._stopped_since = self._environment.now

    def go_on(self) -> None:
        """The tenant goes on, and its clock from where it was, if it stands."""
        self._paused_s, self._paused_since = self.paused_s, None
        if self._stopped_since is None:
            return
        self._stood_s += self._environment.now - self._stopped_since
        self._stopped_since = None
        for event, due_s in list(self._due.items()):
            self._arm(event, max(0.0, due_s - self.now))
