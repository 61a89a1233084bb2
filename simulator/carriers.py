"""Carriers: the few threads of a system that carry the many threads of a layer which schedules them itself.

A thread runs on a carrier until it waits or ends; nothing takes it away before. No time passes in here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.demands import Demand
from simulator.layers.base import Carriers
from simulator.plans import Plan

if TYPE_CHECKING:
    import simpy


class CarrierPool:
    """Carriers that are free, or threads that wait for one, the longest waiting first.

    Args:
        event: makes an event.
        count: how many carriers there are.
    """

    def __init__(self, event: Callable[[], simpy.Event], count: float) -> None:
        self._event = event
        self.free = count
        """Below 0 while some that were replaced are in use beside those that replaced them."""
        self._waiting: deque[simpy.Event] = deque()

    def take(self) -> simpy.Event | None:
        """None if a carrier was free and is taken; else the event of getting one."""
        if self.free > 0.0:
            self.free -= 1.0
            return None
        arrival = self._event()
        self._waiting.append(arrival)
        return arrival

    def give(self) -> None:
        """A carrier is given up, or one more comes into use."""
        self.free += 1.0
        while self._waiting and self.free > 0.0:
            self.free -= 1.0
            self._waiting.popleft().succeed()

    def reclaim(self) -> None:
        """A thread goes on on the carrier that it had kept, whether the one in its place is free or not."""
        self.free -= 1.0

    def withdraw(self, arrival: simpy.Event) -> None:
        """A thread that waits for a carrier, or was just given one, will never come."""
        if arrival.triggered:
            self.give()
        else:
            self._waiting.remove(arrival)


class Ride:
    """A thread's way with the carriers of its layer: whether it is on one, and what it does where it waits.

    Args:
        pool: the carriers.
        rules: what the layer says of them.
        switch: its price of a switch.
    """

    __slots__ = ("_arrival", "_on", "_replaced", "demand", "pool", "rules", "switch")

    def __init__(self, pool: CarrierPool, rules: Carriers, switch: Plan) -> None:
        self.pool, self.rules, self.switch = pool, rules, switch
        self.demand: type[Demand] = Demand
        self._arrival: simpy.Event | None = None
        self._on = self._replaced = False

    def mount(self) -> simpy.Event | None:
        """None if a carrier was free; else the event of getting one."""
        self._arrival = self.pool.take()
        self._on = self._arrival is None
        return self._arrival

    def mounted(self) -> None:
        """It has got what it waited for."""
        self._on, self._arrival = True, None

    def wait(self) -> None:
        """Its thread waits: the carrier goes to another one, is replaced by one more, or is kept."""
        if self._on and issubclass(self.demand, self.rules.yields):
            self._on = False
            self.pool.give()
        elif self._on and issubclass(self.demand, self.rules.replaced):
            self._replaced = True
            self.pool.give()

    def go_on(self) -> bool:
        """Its thread has waited: whether it still has its carrier."""
        if self._replaced:
            self._replaced = False
            self.pool.reclaim()
        return self._on

    def end(self) -> None:
        """Its thread is no more."""
        if self._arrival is not None:
            self.pool.withdraw(self._arrival)
        elif self._on and not self._replaced:
            self.pool.give()
        self._arrival, self._on = None, False
