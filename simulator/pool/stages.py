"""Where instances run: on hosts that share one clock, or on hosts that are run one by one because none meets another.

The second way does the same: placements and ends are decided first, then each host is run in an environment of its
own, where all that it needs stays in the processor's cache.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator
from functools import partial
from math import inf, isfinite
from typing import Any

import simpy

from simulator.pool.guest import Guest, Instance, Luck
from simulator.pool.host import Host, Usage
from simulator.pool.plan import HostType, Plan

OnEnd = Callable[[Instance], None]


class Meter:
    """Processor seconds and joules of each interval, of all hosts together."""

    def __init__(self, plan: Plan) -> None:
        self.every_s = plan.sample_s
        self.count = int(plan.duration_s / plan.sample_s + 1e-9) if isfinite(plan.duration_s) else 0
        self.processor_s = array("d", bytes(8 * self.count))
        self.joules = array("d", bytes(8 * self.count))

    def watch(self, host: Host) -> Watch:
        """Book what a host uses, interval by interval, as long as the pool runs."""
        return Watch(self, host)


class Watch:
    """What is booked of one host; an interval that ends with the run is booked by ``close``."""

    def __init__(self, meter: Meter, host: Host) -> None:
        self._meter, self._host = meter, host
        self._before = Usage(0.0, 0.0, 0.0, 0.0)
        self._number = 0
        if meter.count:
            host.environment.process(self._look())

    def _look(self) -> Generator[simpy.Event, Any, None]:
        environment = self._host.environment
        while self._number < self._meter.count:
            yield environment.timeout((self._number + 1) * self._meter.every_s - environment.now)
            self._book()

    def _book(self) -> None:
        usage, before = self._host.usage(self._host.environment.now), self._before
        self._meter.processor_s[self._number] += usage.processor_s - before.processor_s
        self._meter.joules[self._number] += usage.joules - before.joules
        self._before = usage
        self._number += 1

    def close(self) -> None:
        """The run is over: book its last interval."""
        if self._number < self._meter.count:
            self._book()


class Together:
    """All hosts on one clock.

    Args:
        plan: of the pool.
        environment: the clock.
        kinds: the type of each host.
        host_names: of each.
        luck: where tasks come from.
        on_end: is told of an instance whose program has ended by itself.
    """

    def __init__(
        self, plan: Plan, environment: simpy.Environment, kinds: list[HostType], host_names: list[str], luck: Luck,
        on_end: OnEnd,
    ) -> None:  # fmt: skip
        self._luck, self._on_end = luck, on_end
        self.meter = Meter(plan)
        self.hosts = [
            Host(environment, kind, name, number)
            for number, (kind, name) in enumerate(zip(kinds, host_names, strict=True))
        ]
        self._watches = [self.meter.watch(host) for host in self.hosts]

    def start(self, instance: Instance, number: int) -> None:
        """Start an instance on a host."""
        guest = instance.guest = Guest(instance, self.hosts[number], self._luck, self._ended)
        guest.start()

    def _ended(self, guest: Guest) -> None:
        self._on_end(guest.instance)

    def end(self, instance: Instance) -> float:
        """End one; returns for how long it had worked on what is lost with it."""
        guest, instance.guest = instance.guest, None
        return guest.end() if guest is not None else 0.0

    def finish(self, instances: list[Instance]) -> tuple[list[Usage], float, int]:
        """What each host has used, when all is over, and how many entries further calendars had."""
        for instance in instances:
            if instance.guest is not None:
                instance.guest.book()
        for watch in self._watches:
            watch.close()
        now_s = self.hosts[0].environment.now
        return [host.usage(now_s) for host in self.hosts], now_s, 0


class Apart:
    """Hosts that are run one by one, after it was decided what stands on which and when.

    Args:
        plan: of the pool.
        environment: the clock of the decisions.
        kinds: the type of each host.
        host_names: of each.
        luck: where tasks come from.
    """

    def __init__(
        self, plan: Plan, environment: simpy.Environment, kinds: list[HostType], host_names: list[str], luck: Luck
    ) -> None:
        self._plan, self._environment, self._luck = plan, environment, luck
        self.meter = Meter(plan)
        self._kinds, self._names = kinds, host_names
        self._placed: list[list[tuple[float, Instance]]] = [[] for _ in kinds]

    def start(self, instance: Instance, number: int) -> None:
        """Note that an instance begins on a host now."""
        self._placed[number].append((self._environment.now, instance))

    def end(self, _: Instance) -> float:
        """An end is known from the beginning: nothing to note."""
        return 0.0

    def finish(self, instances: list[Instance]) -> tuple[list[Usage], float, int]:
        """Run all hosts; what each has used, when all is over, and how many entries their calendars had."""
        usages: list[Callable[[float], Usage]] = []
        end_s, entries = self._environment.now, 0
        for number, placed in enumerate(self._placed):
            environment = simpy.Environment()
            host = Host(environment, self._kinds[number], self._names[number], number)
            environment.process(self._host(host, placed))
            watch = self.meter.watch(host)
            environment.run(until=None if self._plan.duration_s == inf else self._plan.duration_s)
            watch.close()
            for _, instance in placed:
                if instance.guest is not None:
                    instance.guest.book()
                    instance.guest = None
            end_s = max(end_s, environment.now)
            entries += next(environment._eid)
            usages.append(_at_rest(host))
        return [usage(end_s) for usage in usages], end_s, entries

    def _host(self, host: Host, placed: list[tuple[float, Instance]]) -> Generator[simpy.Event, Any, None]:
        """Start what was placed on a host, when it was, and see to its end."""
        environment = host.environment
        for placed_s, instance in placed:
            if placed_s > environment.now:
                yield environment.timeout(placed_s - environment.now)
            guest = instance.guest = Guest(instance, host, self._luck, partial(_completed, environment))
            if isfinite(instance.ends_s):
                end = environment.timeout(instance.ends_s - environment.now)
                assert end.callbacks is not None
                end.callbacks.append(partial(_ended, instance))
            guest.start()


def _at_rest(host: Host) -> Callable[[float], Usage]:
    """What a host has used by a later time, though no more runs on it: the host itself can be forgotten."""
    now_s, kind = host.environment.now, host.kind
    usage = host.usage(now_s)

    def later(end_s: float) -> Usage:
        on_s = usage.on_s + end_s - now_s
        joules = kind.power.joules(on_s, usage.loaded_s, usage.processor_s) if kind.power else float("nan")
        return Usage(on_s, usage.loaded_s, usage.processor_s, joules)

    return later


def _completed(environment: simpy.Environment, guest: Guest) -> None:
    """Its program has ended by itself."""
    _close(guest.instance)
    guest.instance.ended_s, guest.instance.outcome = environment.now, "completed"


def _ended(instance: Instance, _: simpy.Event) -> None:
    """Nobody wants it any more; its end was noted when it was placed."""
    if instance.guest is not None:
        _close(instance)


def _close(instance: Instance) -> None:
    guest, instance.guest = instance.guest, None
    assert guest is not None
    guest.end()
