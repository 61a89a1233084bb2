"""What waits before a device, by group: whose turn it is, and who is held back by its limit.

Mechanism: start-time fair queueing (Goyal, Vin and Cheng 1996), as BFQ divides a disk. Every group has a virtual time:
the service it has had, divided by its weight. The group that is furthest behind is next. One that comes back after a
pause does not get what it left to others meanwhile: it begins at the virtual time of what is being served. So groups
that always have something waiting divide the service by weight, to within one request of each, and nothing is idle
while something may go. Within a group requests keep their order, unless the device chooses otherwise.

Limits are token buckets in front of that, as a kernel throttles a group before its scheduler sees the requests: one
that lacks tokens, and those of its group behind it, are held back; once let through it waits for its turn like others.

Scope and limits: only what waits has a claim. A group with one request at a time has nothing waiting at the moment its
last one ends, and its weight then counts for nothing unless the device waits for it (see ``rotating_disk``).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Unpack

import simpy

from simulator.devices._token_bucket import TokenBucket
from simulator.devices.base import GroupRules, Request

_UNLIMITED = float("inf")
_Entry = tuple[float, int, "Group"]


class Group:
    """Requests of one tenant, or of one system, with the rules that hold for them.

    Attributes:
        waiting: what waits for its turn.
        held: what its limits hold back.
        start: virtual time at which its next request begins, while one waits.
        finish: virtual time at which its last request ended.
    """

    __slots__ = ("_limits", "entry", "finish", "held", "rules", "start", "timer", "waiting")

    def __init__(self) -> None:
        self.rules: GroupRules = {}
        self.waiting: deque[Request] = deque()
        self.held: deque[Request] = deque()
        self.start = self.finish = 0.0
        self.entry: _Entry | None = None
        self.timer: simpy.Event | None = None
        self._limits: dict[str, TokenBucket] = {}

    @property
    def weight(self) -> float:
        """Its part beside others."""
        return self.rules.get("weight", 1.0)

    def change(self, rules: GroupRules, now_s: float) -> None:
        """Other rules from now on."""
        self.rules = {**self.rules, **rules}
        self._limit("bytes", self.rules.get("bytes_per_s", _UNLIMITED), self.rules.get("burst_bytes", 0.0), now_s)
        self._limit(
            "operations", self.rules.get("operations_per_s", _UNLIMITED), self.rules.get("burst_operations", 0.0), now_s
        )

    def wait_s(self, request: Request, now_s: float) -> float:
        """How long its limits hold a request back."""
        if not self._limits:
            return 0.0
        return max(bucket.wait_s(_amount(request, unit), now_s) for unit, bucket in self._limits.items())

    def pass_through(self, request: Request, now_s: float) -> None:
        """A request takes what it needs of the limits."""
        for unit, bucket in self._limits.items():
            bucket.take(_amount(request, unit), now_s)

    def _limit(self, unit: str, rate: float, burst: float, now_s: float) -> None:
        bucket = self._limits.get(unit)
        if rate == _UNLIMITED:
            self._limits.pop(unit, None)
        elif bucket is None:
            self._limits[unit] = TokenBucket(rate, burst, now_s)
        else:
            bucket.change(rate, burst, now_s)


def _amount(request: Request, unit: str) -> float:
    return request.size_bytes if unit == "bytes" else request.requests


class FairQueue:
    """Everything that waits before one device.

    Args:
        environment: simulated time.
        ready: called when a group that was held back may go on.
        together: groups that were never given a weight wait in one line, first come, first served, as one group of
            weight 1; their limits are still their own.
    """

    def __init__(self, environment: simpy.Environment, ready: Callable[[], None], *, together: bool = False) -> None:
        self._environment, self._ready, self._together = environment, ready, together
        self._groups: dict[str, Group] = {}
        self._entries: list[_Entry] = []
        self._numbers = count()
        self._now = self._latest = 0.0
        """Virtual time of what is being served, and of the last that will have been."""

    def group(self, name: str) -> Group:
        """A group, made at its first use."""
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = Group()
        return group

    def line(self, name: str) -> Group:
        """Where requests of a group wait for their turn: by themselves, or with those of others without a part."""
        rules = self.group(name).rules
        shared = rules.get("together", False) or (self._together and "weight" not in rules)
        return self.group("") if shared else self.group(name)

    def set_group(self, name: str, **rules: Unpack[GroupRules]) -> None:
        """Change what holds for a group. What it has had more than its part is measured by the new weight.

        Raises:
            ValueError: a weight or a rate that is not positive, or a negative burst.
        """
        group, weight = self.group(name), rules.get("weight")
        if weight is not None and weight <= 0.0:
            raise ValueError(f"group {name!r}: the weight must be positive, not {weight!r}")
        ratio = group.weight / weight if weight else 1.0
        group.change(rules, self._environment.now)
        group.finish = self._rescaled(group.finish, ratio)
        if group.waiting:
            self._enter(group, self._rescaled(group.start, ratio))
        self._let_through(group)
        self._ready()

    def put(self, request: Request) -> None:
        """One more waits."""
        group = self.group(request.group)
        request.number = next(self._numbers)
        group.held.append(request)
        if len(group.held) == 1:
            self._let_through(group)

    def next_group(self) -> Group | None:
        """Whose turn it is; None if nothing waits but what limits hold back."""
        while self._entries:
            entry = self._entries[0]
            if entry[2].entry is entry:
                return entry[2]
            heappop(self._entries)
        return None

    def take(self, group: Group, request: Request, service_s: float) -> None:
        """A request begins that takes so much of the device's time."""
        if group.waiting[0] is request:
            group.waiting.popleft()
        else:
            group.waiting.remove(request)
        self._now = group.start
        group.finish = group.start + service_s / group.weight
        self._latest = max(self._latest, group.finish)
        group.entry = None
        if group.waiting:
            self._enter(group, group.finish)

    def rest(self) -> None:
        """The device has nothing to do: nobody owes anybody anything."""
        self._now = self._latest

    def _enter(self, group: Group, start: float) -> None:
        group.start = start
        group.entry = (start, group.waiting[0].number, group)
        heappush(self._entries, group.entry)

    def _rescaled(self, virtual: float, ratio: float) -> float:
        """How far a group is ahead of the others, by another weight."""
        ahead = virtual - self._now
        return self._now + ahead * ratio if ahead > 0.0 else virtual

    def _let_through(self, group: Group) -> None:
        """What its limits hold back no longer; the next one when they do not."""
        now_s, group.timer = self._environment.now, None
        while group.held:
            wait_s = group.wait_s(group.held[0], now_s)
            if wait_s:
                group.timer = self._environment.timeout(wait_s)
                assert group.timer.callbacks is not None
                group.timer.callbacks.append(lambda timer: self._tokens_came(group, timer))
                return
            request = group.held.popleft()
            group.pass_through(request, now_s)
            line = self.line(request.group)
            line.waiting.append(request)
            if len(line.waiting) == 1:
                self._enter(line, max(self._now, line.finish))

    def _tokens_came(self, group: Group, timer: simpy.Event) -> None:
        if group.timer is timer:
            self._let_through(group)
            self._ready()
