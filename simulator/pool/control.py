"""Requests come, are admitted or refused, get a place, and leave it: what decides where instances stand.

A request for which there is no room is refused, with the reason, or waits as long as its stream says; those that wait
are served in the order in which they came, smaller ones past larger ones that find none. A lifetime counts from the
placement.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from itertools import cycle
from math import inf, isfinite, isnan
from typing import Any

import simpy

from simulator.pool.guest import COMPLETED, RUNNING, TERMINATED, Instance
from simulator.pool.luck import Luck
from simulator.pool.placement import Placer, Room
from simulator.pool.plan import HostType, Plan, Stream
from simulator.pool.stages import Apart, Together
from simulator.pool.streams import arrivals

WAITING, REFUSED = "waiting", "refused"
Life = Generator[simpy.Event, Any, None]


class Control:
    """One pool while its time runs.

    Args:
        plan: what it is.
        luck: of this replication.
        apart: whether hosts are run one by one; only where none meets another.
    """

    def __init__(self, plan: Plan, luck: Luck, apart: bool) -> None:
        self.plan, self.luck = plan, luck
        self.environment = simpy.Environment()
        kinds: list[HostType] = [kind for kind in plan.hosts for _ in range(kind.count)]
        self.names = [name for kind in plan.hosts for name in kind.names()]
        self.placer = Placer(kinds, plan.rules.rule, plan.rules.by)
        self.instances: list[Instance] = []
        self.waiting: deque[Instance] = deque()
        self.homes: dict[Instance, Room] = {}
        self._here: list[dict[Instance, None]] = [{} for _ in kinds]
        self.placed_on, self.most_on = [0] * len(kinds), [0] * len(kinds)
        self.counts: list[tuple[float, int, int, int, int]] = []
        """Of each sample: time, hosts on, of them used, instances, requests that wait."""
        self.may_wake: Callable[[Instance], bool] = lambda _: False
        """Switches a host on for a request, if there is one to switch on."""
        common = (plan, self.environment, kinds, self.names, luck)
        self.stage: Together | Apart = Apart(*common) if apart else Together(*common, self._completed)
        for stream in plan.streams:
            self.environment.process(self._requests(stream))
        if isfinite(plan.duration_s):
            self.environment.process(self._sample())

    # ---- requests

    def _requests(self, stream: Stream) -> Life:
        """A stream's requests, as they come."""
        environment, kinds = self.environment, cycle([self.plan.instances[name] for name in stream.types])
        units: Iterator[float] = self.luck.units(f"requests of {stream.name}")
        for at_s, lifetime_s in arrivals(stream, units):
            if at_s > environment.now:
                yield environment.timeout(at_s - environment.now)
            instance = Instance(len(self.instances), stream, next(kinds), environment.now, lifetime_s)
            self.instances.append(instance)
            self._ask(instance)

    def _ask(self, instance: Instance) -> None:
        room = self.placer.find(instance)
        if room is not None:
            self.place(instance, room)
        elif self.may_wake(instance) or instance.stream.wait_s > 0.0:
            self.wait(instance, instance.stream.wait_s)
        else:
            self._refuse(instance)

    def _refuse(self, instance: Instance) -> None:
        instance.outcome = f"{REFUSED}: {self.placer.why_not(instance)}"
        instance.ended_s = self.environment.now

    def wait(self, instance: Instance, wait_s: float) -> None:
        """Stand in the line, for no longer than this; where a host is being switched on, until that is up."""
        instance.outcome = WAITING
        self.waiting.append(instance)
        if 0.0 < wait_s < inf:
            timer = self.environment.timeout(wait_s)
            assert timer.callbacks is not None
            timer.callbacks.append(lambda _: self._give_up(instance))

    def _give_up(self, instance: Instance) -> None:
        if instance.outcome == WAITING:
            self.waiting.remove(instance)
            self._refuse(instance)
            self.serve()

    def serve(self) -> None:
        """Those who wait, in the order in which they came; whoever finds no room does not hold up smaller ones."""
        without: set[tuple[str, str]] = set()
        for instance in list(self.waiting):
            alike = (instance.kind.name, instance.stream.name)
            room = None if alike in without else self.placer.find(instance)
            if room is not None:
                self.waiting.remove(instance)
                self.place(instance, room)
            elif alike not in without:
                without.add(alike)
                self.may_wake(instance)

    def dismiss(self) -> None:
        """No host comes up any more: those who would not have waited but for that are refused."""
        for instance in [each for each in self.waiting if not each.stream.wait_s and isnan(each.placed_s)]:
            self.waiting.remove(instance)
            self._refuse(instance)

    # ---- places

    def place(self, instance: Instance, room: Room) -> None:
        """Give an instance its place and start it there."""
        now_s = self.environment.now
        self.settle(instance, room)
        if isnan(instance.placed_s):
            instance.placed_s, instance.ends_s = now_s, now_s + instance.lifetime_s
            if isfinite(instance.ends_s):
                end = self.environment.timeout(instance.lifetime_s)
                assert end.callbacks is not None
                end.callbacks.append(lambda _: self.end(instance, TERMINATED))
        instance.outcome = RUNNING
        self.stage.start(instance, room.number)

    def settle(self, instance: Instance, room: Room) -> None:
        """A place is an instance's from now on."""
        self.placer.take(room, instance)
        self.homes[instance], instance.host_name = room, self.names[room.number]
        self._here[room.number][instance] = None
        self.placed_on[room.number] += 1
        self.most_on[room.number] = max(self.most_on[room.number], room.taken)

    def here(self, room: Room) -> list[Instance]:
        """What has its place on a host, in order of arrival."""
        return sorted(self._here[room.number], key=lambda instance: instance.number)

    def leave(self, instance: Instance) -> None:
        """Its place is free, and somebody may want it."""
        room = self.homes.pop(instance)
        del self._here[room.number][instance]
        self.placer.leave(room, instance)

    def end(self, instance: Instance, outcome: str) -> None:
        """An instance ends, wherever it is, if it has not yet."""
        if instance.outcome not in (RUNNING, WAITING):
            return
        if instance.outcome == WAITING:
            self.waiting.remove(instance)
        instance.outcome, instance.ended_s = outcome, self.environment.now
        self.stage.end(instance)
        if instance in self.homes:
            self.leave(instance)
        self.serve()

    def _completed(self, instance: Instance) -> None:
        self.end(instance, COMPLETED)

    # ---- looking

    def _sample(self) -> Life:
        meter = self.stage.meter
        for number in range(meter.count):
            yield self.environment.timeout((number + 1) * meter.every_s - self.environment.now)
            self._count()

    def _count(self) -> None:
        rooms = self.placer.rooms
        on = sum(self.is_on(room) for room in rooms)
        used = sum(room.taken > 0 for room in rooms)
        self.counts.append((self.environment.now, on, used, len(self.homes), len(self.waiting)))

    def run(self) -> None:
        """All that is decided, to the end."""
        duration_s = self.plan.duration_s
        self.environment.run(until=None if duration_s == inf else duration_s)
        if len(self.counts) < self.stage.meter.count:
            self._count()

    def is_on(self, room: Room) -> bool:
        """Whether a host is on; hosts that are run one by one always are."""
        return not isinstance(self.stage, Together) or self.stage.hosts[room.number].state in ("on", "booting")
