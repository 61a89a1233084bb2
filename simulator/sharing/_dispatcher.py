"""Who is runnable where: entities enter queues and leave them, move between processors, and weigh what they must."""

from __future__ import annotations

from collections.abc import Callable

from simulator.sharing._calendar import Calendar
from simulator.sharing._limits import Limits
from simulator.sharing._observers import Observers
from simulator.sharing._pool import Pool
from simulator.sharing._processors import Processor, Scheduler
from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing._seat import Seat
from simulator.sharing._structure import Structure
from simulator.sharing.tree import Share


class Dispatcher:
    """Keeps the queues of a device right. Before a queue changes its processor is accounted for."""

    def __init__(self, structure: Structure, calendar: Calendar, observers: Observers) -> None:
        self.structure, self.calendar, self.observers = structure, calendar, observers
        self.limits = Limits(structure, calendar, self)
        self.dirty: dict[Processor, None] = {}
        """Processors to be planned anew at the end of this instant."""

    def wants(self, entity: Entity) -> bool:
        """Whether an entity should be in a queue."""
        if entity.held or entity.frozen():
            return False
        if entity.home is None and self.structure.pooled:
            scheduler = self.structure.above(entity)
            if scheduler.pool is not None and any(group.frozen for group in scheduler.groups_of(entity)):
                return False
        if entity.inner is not None:
            return bool(entity.inner.entities)
        return entity.share.active and entity.need_ns > 0

    def refresh(self, entity: Entity) -> None:
        """Put an entity into its queue, or take it out, if that is due; then the same for what it stands on."""
        wants = self.wants(entity)
        if wants == entity.queued:
            return
        if wants:
            if entity.grants and self.structure.above(entity).pool is None and not self.limits.has_budget(entity):
                self.rebind(entity)
                return
            self.insert(entity, self.destination(entity), woken=True)
        else:
            self.extract(entity)

    def destination(self, entity: Entity) -> RunQueue:
        """The queue in which a runnable entity will stand."""
        if entity.home is not None:
            return entity.home
        scheduler = self.structure.above(entity)
        groups = scheduler.groups_of(entity)
        if scheduler.pool is not None:
            self.touch_around(scheduler.pool.queue)
            scheduler.pool.charge_running(scheduler)
            return scheduler.pool.queue_of(groups)
        processor = scheduler.place(entity)
        if entity.queue is not None and entity.queue.processor is not processor:
            entity.share.migrations += 1
        return scheduler.queue_on(processor, groups)

    def insert(self, entity: Entity, queue: RunQueue, woken: bool, moved: bool = True) -> None:
        """Put an entity into a queue; ``moved`` is False between a pool and its processors: nobody came."""
        now_ns = self.calendar.now_ns()
        self.calendar.ends_instant()
        self.touch_around(queue)
        for thread in (entity,) if entity.inner is None else entity.threads():
            thread.share.node.book(now_ns)
        pool = self.structure.above(entity).pool if entity.home is None else None
        if pool is not None:
            pool.changed = True
        if woken:
            entity.ran, entity.first_ns, entity.moved = False, 0, False
        if queue.processor is not None and not queue.processor.queue.entities:
            self.observers.watched[queue.processor] = None
        queue.add(entity, woken)
        if queue.host is not None:
            self.refresh(queue.host)
        self.touch(self.structure.physical(queue))
        self.rebind(entity)
        if moved:
            self.weigh_around(entity, queue)
        if woken:
            self.check_preemption(entity, queue)

    def extract(self, entity: Entity, gone: bool = True) -> None:
        """Take an entity out of its queue; ``gone`` is False on the way from a pool to a processor or back."""
        queue, now_ns = entity.queue, self.calendar.now_ns()
        assert queue is not None
        self.calendar.ends_instant()
        self.touch_around(queue)
        for thread in (entity,) if entity.inner is None else entity.threads():
            thread.share.node.book(now_ns)
        processor, pool = queue.processor, self.structure.above(entity).pool if entity.home is None else None
        queue.drop(entity, gone)
        if pool is not None:
            pool.changed = True
        if pool is not None and processor is not None:
            ran_ns = entity.served_ns + entity.paid_ns - processor.mark_ns
            pool.charge(entity, self.structure.above(entity).groups_of(entity), ran_ns)
        if processor is not None and not processor.queue.entities:
            self.observers.watched[processor] = None
        for grant in entity.grants:
            grant.budget.give_back(grant)
        if gone:
            self.weigh_around(entity, queue)
        if queue.host is not None:
            self.refresh(queue.host)
        self.rebind(entity)

    def rebind(self, entity: Entity) -> None:
        """Settle the accounts of the threads on an entity, which stand elsewhere from now on."""
        now_ns = self.calendar.now_ns()
        for thread in (entity,) if entity.inner is None else entity.threads():
            seat: Seat = thread.share.node
            if seat.since_ns < now_ns:
                seat.book(now_ns)
            seat.bind(now_ns)

    def check_preemption(self, entity: Entity, queue: RunQueue) -> None:
        """Whether an entity that woke takes the processor: compared where its way and the current one's part."""
        if queue.processor is None:
            self.check_pool(entity, queue)
            return
        way = [(entity, queue)]
        while queue.host is not None and queue.host.kind == "group" and queue.host.queue is not None:
            entity, queue = queue.host, queue.host.queue
            way.append((entity, queue))
        for entity, queue in reversed(way):
            current = queue.current
            if current is None or not entity.queued:
                return
            if current is entity:
                continue
            if queue.policy.preempts(queue, entity, current):
                queue.put_back()
                self.observers.tell("preempt", entity.share, queue)
            return

    def check_pool(self, entity: Entity, queue: RunQueue) -> None:
        """The same where all wait together: it takes the processor of whoever has least claim to one."""
        scheduler = self.structure.above(entity)
        groups, victims = scheduler.groups_of(entity), []
        for processor in scheduler.allowed(entity):
            current = processor.queue.current
            if current is None or processor.queue.slice_left_ns <= 0:
                return
            if scheduler.groups_of(current) == groups:
                victims.append((current.tag, processor.number, current, processor))
        if victims:
            _, _, current, processor = max(victims)
            if queue.policy.preempts(queue, entity, current):
                processor.queue.slice_left_ns = 0
                self.observers.tell("preempt", entity.share, processor.queue)

    def migrate(self, entity: Entity, processor: Processor) -> None:
        """A waiting entity goes on on another processor of its scheduler."""
        self.extract(entity)
        entity.share.migrations += 1
        entity.moved = entity.ran
        if self.limits.has_budget(entity):
            queue = processor.scheduler.queue_on(processor, processor.scheduler.groups_of(entity))
            self.insert(entity, queue, woken=False)

    def share_out(self, scheduler: Scheduler, pool: Pool) -> None:
        """Processors that share one queue: whose slice is over gives its entity back; who is free takes the first.

        What else happens on the machine leaves a pool as it is: virtual time does not depend on how often one looks.
        """
        for processor in scheduler.processors:
            queue = processor.queue
            if queue.current is not None and queue.slice_left_ns <= 0 and pool.queue.entities:
                entity = queue.current
                self.extract(entity, gone=False)
                self.insert(entity, pool.queue_of(scheduler.groups_of(entity)), woken=False, moved=False)
        if pool.changed or (pool.queue.entities and pool.serves(self.fits(scheduler))):
            self.touch_around(pool.queue)
            pool.charge_running(scheduler)
            first = pool.first(self.fits(scheduler))
            while first is not None:
                self.take(first, scheduler.place(first))
                first = pool.first(self.fits(scheduler))
            pool.changed = False
        for processor in scheduler.processors:
            if processor.queue.idle_slices != bool(pool.queue.entities):
                self.touch(self.structure.physical(processor.queue))
                processor.queue.idle_slices = bool(pool.queue.entities)

    @staticmethod
    def fits(scheduler: Scheduler) -> Callable[[Entity], bool]:
        """Whether an entity may use one of the processors that are free now."""
        free = {processor for processor in scheduler.online if not processor.queue.entities}
        return lambda entity: bool(free) and not free.isdisjoint(scheduler.allowed(entity))

    def take(self, entity: Entity, processor: Processor) -> None:
        """A processor takes an entity from the pool, if its budgets let it run."""
        before: Processor | None = entity.place
        self.extract(entity, gone=False)
        if not self.limits.has_budget(entity):
            self.rebind(entity)
            self.weigh_around(entity, processor.queue)
            return
        if entity.ran and processor.queue.last is not entity:
            entity.moved = before is not None and before is not processor
            entity.share.migrations += entity.moved
        entity.place = processor
        processor.mark_ns = entity.served_ns + entity.paid_ns
        self.insert(entity, processor.queue, woken=False, moved=False)

    def weigh_around(self, entity: Entity, queue: RunQueue) -> None:
        """The weights that depend on how much is runnable where: of the groups above, and of a guest's processors."""
        if entity.kind == "vcpu":
            self.weigh_processors(entity.share)
        host = queue.host
        while host is not None and host.kind == "group":
            self.weigh_group(host.share)
            host = host.home.host if host.home is not None else None
        if host is None and entity.kind == "thread":
            entity.weight = entity.share.weight

    def weigh_processors(self, share: Share) -> None:
        """A guest's weight is divided among its runnable virtual processors, or each has it all."""
        entities = [entity for entity in self.structure.entities(share) if entity.queued]
        weight = share.weight if share.weight_rule == "active" else share.weight / max(1, len(entities))
        for entity in entities:
            if entity.weight != weight:
                self.weigh(entity, weight)

    def weigh_group(self, share: Share) -> None:
        """A group's weight is divided by how much of it is runnable where."""
        counts = [(entity, _runnable(entity)) for entity in self.structure.entities(share)]
        total = sum(count for _, count in counts)
        for entity, count in counts:
            if count:
                part = float(count) if share.weight_rule == "active" else count / total
                self.weigh(entity, share.weight * part)

    def weigh(self, entity: Entity, weight: float) -> None:
        """Another weight, from now on."""
        if entity.weight == weight:
            return
        if entity.queued and entity.queue is not None:
            self.touch(self.structure.physical(entity.queue))
            entity.queue.split_slice()
            entity.queue.dirty = True
        entity.weight = weight

    def roll(self, processor: Processor, now_ns: int) -> None:
        """Account for what a physical processor did up to now."""
        time_ns = now_ns - processor.at_ns
        if time_ns <= 0:
            return
        processor.at_ns = now_ns
        if processor.speed != 1.0:
            time_ns = min(round(time_ns * processor.speed), processor.left_ns)
            processor.left_ns -= time_ns
        processor.queue.advance(time_ns)

    def roll_all(self, scheduler: Scheduler, processors: list[Processor]) -> None:
        """The same for all on which some of a scheduler's processors are."""
        if self.structure.machine.threads_per_core > 1:  # slowed, they round in each part of a stretch
            processors = scheduler.processors
        for processor in processors:
            physical = self.structure.physical(processor.queue)
            if physical is not None:
                self.roll(physical, self.calendar.now_ns())

    def touch(self, processor: Processor | None) -> None:
        """A physical processor is about to change: account for the time up to now; plan it anew at the end of now."""
        if processor is not None and processor not in self.dirty:
            self.roll(processor, self.calendar.now_ns())
            self.dirty[processor] = None
            self.calendar.ends_instant()

    def touch_around(self, queue: RunQueue) -> None:
        """The processor on which a queue is served; all of them for those who wait for any."""
        processor = self.structure.physical(queue)
        if processor is not None:
            self.touch(processor)
            return
        now_ns = self.calendar.now_ns()
        for each in self.structure.machine.processors:
            self.roll(each, now_ns)


def _runnable(entity: Entity) -> int:
    """Threads, or virtual processors, that stand on an entity."""
    if entity.kind != "group":
        return int(entity.queued)
    assert entity.inner is not None
    return sum(_runnable(inner) for inner in entity.inner.entities)
