"""Who divides what: the schedulers of a tree of shares, and what takes turns for each share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import ceil

from simulator.discovery import member
from simulator.sharing._processors import Processor, Scheduler
from simulator.sharing._rotation import NEVER, Entity, RunQueue
from simulator.sharing._seat import Seat
from simulator.sharing.policies._base import Policy
from simulator.sharing.tree import INFINITE, Scheduling, Share


class Structure:
    """The schedulers on a tree of shares.

    Args:
        root: the device.
        unit_rate: of one processor.
        new_run_queue: makes an empty run queue of a policy.
    """

    def __init__(self, root: Share, unit_rate: float, new_run_queue: Callable[[Policy], RunQueue]) -> None:
        self.root, self.unit_rate, self.new_run_queue = root, unit_rate, new_run_queue
        self.schedulers: dict[Share, Scheduler] = {}
        self.pooled: list[Scheduler] = []
        """Those whose processors share one queue, guests before what they stand on."""
        self.ticking: list[Scheduler] = []
        """Those whose policy does something periodically."""
        self.wire: Callable[[Scheduler], None] = _nothing
        """Tells a new scheduler who carries out what it decides."""
        self.limit: Callable[[Entity, Scheduler], None] = _nothing
        """Gives a new entity its part of the budgets that limit it."""

    def begin(self, threads_per_core: int) -> None:
        """The machine's own scheduler and its processors."""
        self.machine = self.new_scheduler(self.root, None, ())
        self.machine.threads_per_core = threads_per_core
        self.machine.grow(self.number(self.root.cap))

    def number(self, capacity: float) -> int:
        """Processors of a capacity.

        Raises:
            ValueError: no whole number.
        """
        number = round(capacity / self.unit_rate)
        if abs(number * self.unit_rate - capacity) > 1e-6 * self.unit_rate or number < 0:
            raise ValueError(
                f"a capacity of {capacity:g} is no whole number of processors of {self.unit_rate:g}; "
                "slices need whole processors"
            )
        return number

    def new_scheduler(self, share: Share, above: Scheduler | None, groups: tuple[Share, ...]) -> Scheduler:
        """A scheduler of a share's own, with its processors."""
        scheduling = share.scheduling
        if scheduling is None:
            assert above is not None
            scheduling = self.policy_of(above)
        number = self.number(share.cap) if above is None else self.width(share, above)
        policy: Policy = member("sharing.policies", scheduling.policy).POLICY(scheduling.parameters, number)
        policy.unit_rate = self.unit_rate
        scheduler = Scheduler(share, policy, self.new_run_queue, above, groups)
        self.wire(scheduler)
        if policy.tick_s():
            self.ticking.append(scheduler)
        self.schedulers[share] = scheduler
        self._find_pools()
        if above is not None:
            scheduler.grow(number)
            for processor in scheduler.processors:
                if processor.entity is not None:
                    self.limit(processor.entity, above)
        return scheduler

    def _find_pools(self) -> None:
        self.pooled = [scheduler for scheduler in reversed(self.schedulers.values()) if scheduler.pool is not None]

    def policy_of(self, scheduler: Scheduler) -> Scheduling:
        """The scheduling that a scheduler was made from: its share's, or that of the nearest above which says one."""
        while scheduler.share.scheduling is None:
            assert scheduler.above is not None
            scheduler = scheduler.above
        return scheduler.share.scheduling

    @staticmethod
    def width(share: Share, above: Scheduler) -> int:
        """How many virtual processors a share has on a scheduler."""
        online = sum(processor.online for processor in above.processors)
        return online if share.width == INFINITE else max(0, min(ceil(share.width), len(above.processors)))

    def scheduler_of(self, share: Share) -> Scheduler:
        """The scheduler whose queues an entity of a share below this one stands in; made where there is none yet."""
        if share is self.root:
            return self.machine
        found = self.schedulers.get(share)
        if found is not None:
            return found
        assert share.parent is not None
        above = self.scheduler_of(share.parent)
        if share.children and (share.scheduling is not None or share.width < INFINITE):
            return self.new_scheduler(share, above, above.groups_of(Entity(share)))
        return above

    def new_seat(self, share: Share) -> Seat:
        """A place for a thread."""
        assert share.parent is not None
        scheduler = self.scheduler_of(share.parent)
        entity = Entity(share)
        seat = share.node = Seat(entity, scheduler)
        self.limit(entity, scheduler)
        return seat

    def entities(self, share: Share) -> list[Entity]:
        """All that take turns for a share."""
        scheduler = self.schedulers.get(share)
        if scheduler is not None and scheduler.above is not None:
            return [processor.entity for processor in scheduler.processors if processor.entity is not None]
        if share.node is not None:
            return [share.node.entity]
        if share.parent is None:
            return []
        return self.scheduler_of(share.parent).entities_of(share)

    def above(self, entity: Entity) -> Scheduler:
        """The scheduler in whose queues an entity stands."""
        share = entity.share
        if entity.home is not None:
            assert share.parent is not None
            return self.scheduler_of(share.parent)
        if entity.inner is None:
            seat: Seat = share.node
            return seat.scheduler
        above = self.schedulers[share].above
        assert above is not None
        return above

    def physical(self, queue: RunQueue | None) -> Processor | None:
        """The physical processor on which a queue is being served; None while something above it is not runnable."""
        while queue is not None and queue.host is not None:
            queue = queue.host.queue if queue.host.queued else None
        if queue is None:
            return None
        processor: Processor | None = queue.processor
        return processor

    def placed(self, scheduler: Scheduler) -> Iterable[Entity]:
        """All threads and virtual processors that a scheduler places."""
        for share in below(scheduler.share):
            if share.node is not None and share.node.scheduler is scheduler:
                yield share.node.entity
            elif share in self.schedulers and self.schedulers[share].above is scheduler:
                yield from self.entities(share)

    def forget(self, share: Share) -> None:
        """What stands on a share is set up anew: its schedulers, and its groups in the one above."""
        above = self.scheduler_of(share.parent or self.root)
        for each in below(share):
            above.forget(each)
            gone = self.schedulers.pop(each, None)
            if gone is not None:
                gone.due_ns = NEVER
                self._find_pools()
                if gone.above is not None:
                    gone.above.below.remove(gone)
                self.ticking = [other for other in self.ticking if other is not gone]


def below(share: Share) -> Iterator[Share]:
    """A share and all that stand on it."""
    yield share
    for child in share.children:
        yield from below(child)


def _nothing(*_: object) -> None:
    raise AssertionError("a structure without a device")
