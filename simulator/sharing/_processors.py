"""A scheduler and the processors it divides: the machine's, or the virtual ones of a guest.

A scheduler places whoever becomes runnable, and evens out its processors. A group of it (a cgroup) has an entity on
every processor, runnable where it has runnable children, that weighs its part of the group's weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

from simulator.sharing._pool import Pool
from simulator.sharing._rotation import NEVER, Entity, RunQueue
from simulator.sharing.tree import Share

if TYPE_CHECKING:
    from simulator.sharing.policies._base import Policy


_BELOW = 0.999999
"""Less than this part of something is less than it, whatever was rounded."""


class Processor:
    """One processor of a scheduler.

    Args:
        scheduler: whose it is.
        number: its number there.
        queue: who wants it.
        entity: what stands for it in the scheduler above; None for a physical processor.
    """

    __slots__ = (
        "at_ns", "due_ns", "entity", "groups", "left_ns", "mark_ns", "number", "online", "order", "pulls_count",
        "purses", "queue", "ran", "ran_since_ns", "ran_through", "scheduler", "speed", "was_idle",
    )  # fmt: skip

    def __init__(self, scheduler: Scheduler, number: int, queue: RunQueue, entity: Entity | None) -> None:
        self.scheduler, self.number, self.queue, self.entity = scheduler, number, queue, entity
        queue.processor = self
        self.order = 2 + number
        """Among what is due at one instant: processors come last, one after another, whoever was planned first."""
        self.online = True
        self.groups: dict[Share, Entity] = {}
        self.at_ns = 0
        """Up to when its queue is accounted for; of a physical processor."""
        self.due_ns = self.left_ns = NEVER
        """When something happens next; and what its queue may be served until then."""
        self.mark_ns = 0
        """What the entity that it has from a pool had had before."""
        self.purses: dict[Share, list[int]] = {}
        self.pulls_count = 0
        """How often it has taken somebody over when all were evened out: of equals those that did least are next."""
        self.speed = 1.0
        """Work done in a nanosecond: less than one nanosecond's while the sibling thread of its core is busy."""
        self.was_idle = True
        self.ran: Entity | None = None
        self.ran_through: tuple[Processor, ...] = ()
        self.ran_since_ns = 0
        """Who runs, on which virtual processors, the outermost first, and since when; for a trace."""

    def purse(self, owner: Share) -> list[int]:
        """What an owner's entities have had here."""
        return self.purses.setdefault(owner, [0])

    def load(self) -> float:
        """Weight of all that are runnable here."""
        return sum(entity.weight for entity in self.queue.entities)

    def running(self) -> Iterator[Entity]:
        """Who has the turn, from the outermost entity to the thread; those that a group of it stands for too."""
        entity = self.queue.current
        while entity is not None:
            yield entity
            entity = entity.inner.current if entity.inner is not None else None

    def entities(self) -> Iterator[Entity]:
        """All that are runnable here, in groups or not."""
        for queue in _queues(self.queue):
            yield from (entity for entity in queue.entities if entity.kind != "group")

    def has_spare(self) -> bool:
        """Whether somebody might wait here whom its next turn does not serve."""
        entities = self.queue.entities
        if len(entities) != 1 or self.queue.host is not None:
            return bool(entities)
        return entities[0].kind == "group"

    def movable(self) -> Iterator[Entity]:
        """Who waits here and could go on on another processor of the same scheduler."""
        return self._movable(self.queue)

    def waits(self) -> bool:
        """Whether anybody waits here."""
        queue = self.queue
        entities = queue.entities
        if len(entities) != 1:
            return bool(entities)
        if queue.host is None and entities[0] is queue.current and entities[0].kind != "group":
            return False
        return any(True for _ in self._movable(queue))

    def _movable(self, queue: RunQueue) -> Iterator[Entity]:
        for entity in queue.entities:
            if entity.kind == "group":
                assert entity.inner is not None
                yield from self._movable(entity.inner)
            elif entity is not queue.current or (queue.host is not None and not self._has_turn(queue)):
                yield entity

    def _has_turn(self, queue: RunQueue) -> bool:
        while queue is not self.queue:
            host = queue.host
            assert host is not None and host.queue is not None
            if host.queue.current is not host:
                return False
            queue = host.queue
        return True


class Scheduler:
    """One policy on some processors.

    Args:
        share: what is divided.
        policy: how.
        new_queue: makes an empty run queue of it.
        above: the scheduler that divides its virtual processors; None at the machine.
        groups: the groups between that scheduler and this one, outermost first.
    """

    order: ClassVar[int] = 1
    """Among what is due at one instant: budgets are refilled first, processors come last."""

    def __init__(
        self,
        share: Share,
        policy: Policy,
        new_queue: Callable[[Policy], RunQueue],
        above: Scheduler | None = None,
        groups: tuple[Share, ...] = (),
    ) -> None:
        self.share, self.policy, self.above, self.groups = share, policy, above, groups
        self._new_queue = new_queue
        self.below: list[Scheduler] = []
        """The schedulers whose virtual processors it divides its own among."""
        if above is not None:
            above.below.append(self)
        self.processors: list[Processor] = []
        self.online: list[Processor] = []
        self._groups: dict[Share | None, tuple[Share, ...]] = {}
        self.due_ns = NEVER
        """When the policy's tick comes next."""
        self.migrate: Callable[[Entity, Processor], None] = _nothing
        """Lets a waiting entity go on elsewhere."""
        self.refresh: Callable[[Entity], None] = _nothing
        """Looks again whether an entity may run."""
        self.limit: Callable[[Entity, Scheduler], None] = _nothing
        """Gives a new entity its part of the budgets that limit it."""
        self.account: Callable[[Scheduler, list[Processor]], None] = _nothing
        """Brings processors of it to the present."""
        self.failed_count = 0
        """How often in a row there was nothing small enough to even out its processors."""
        self.threads_per_core = 1
        self.pool = Pool(new_queue(policy), new_queue) if policy.parameters["global_queue"] else None
        """Where all wait together, if the processors have no queues of their own."""

    def grow(self, number: int) -> None:
        """Have so many processors; those beyond are offline."""
        while len(self.processors) < number:
            queue = self._new_queue(self.policy if self.pool is None else self.pool.turns)
            entity = Entity(self.share, inner=queue) if self.above is not None else None
            self.processors.append(Processor(self, len(self.processors), queue, entity))
        for processor in self.processors:
            processor.online = processor.number < number
        self.online = self.processors[:number]

    def allowed(self, entity: Entity) -> list[Processor]:
        """The processors that an entity may use: its own pinning, and that of its groups.

        Raises:
            ValueError: none of those it is pinned to is there.
        """
        places = self.online
        for share in (*self.groups_of(entity), entity.share):
            if share.cpus is not None:
                places = [processor for processor in places if processor.number in share.cpus]
        if not places:
            raise ValueError(f"{entity.share.name}: none of the processors it is pinned to is there; widen its cpus")
        return places

    def groups_of(self, entity: Entity) -> tuple[Share, ...]:
        """The groups of this scheduler that an entity stands in, outermost first."""
        parent = entity.share.parent
        groups = self._groups.get(parent)
        if groups is None:
            lineage = entity.share.lineage
            start = lineage.index(self.share) + 1 if self.share in lineage else 0
            groups = self._groups[parent] = lineage[start:-1]
        return groups

    def place(self, entity: Entity) -> Processor:
        """Where an entity that wakes goes on: where it ran, if that is idle; on an idle one; on the least loaded."""
        places = self.allowed(entity)
        before: Processor | None = entity.queue.processor if entity.queue is not None else None
        if before is not None and before in places and not before.queue.entities:
            return before
        idle = [processor for processor in places if not processor.queue.entities]
        if idle:
            return idle[0] if self.threads_per_core < 2 else min(idle, key=self._sibling_busy)
        if len(places) == 1:
            return places[0]
        return min(places, key=lambda processor: (processor.load(), processor is not before, processor.number))

    def _sibling_busy(self, processor: Processor) -> tuple[bool, int]:
        return any(sibling.queue.entities for sibling in self.siblings(processor)), processor.number

    def siblings(self, processor: Processor) -> list[Processor]:
        """The other hardware threads of its core."""
        if self.threads_per_core < 2:
            return []
        core = processor.number // self.threads_per_core * self.threads_per_core
        return [p for p in self.processors[core : core + self.threads_per_core] if p is not processor]

    def had_ns(self, owner: Share) -> int:
        """What an owner's entities have had of all physical processors."""
        if self.above is not None:
            return self.above.had_ns(owner)
        return sum(processor.purses[owner][0] for processor in self.processors if owner in processor.purses)

    def entities_of(self, group: Share) -> list[Entity]:
        """What takes turns for a group, where it has been runnable."""
        if self.pool is not None:
            return [self.pool.groups[group]] if group in self.pool.groups else []
        return [processor.groups[group] for processor in self.processors if group in processor.groups]

    def forget(self, group: Share) -> None:
        """A group is not divided here any more."""
        for groups in (*(processor.groups for processor in self.processors), self.pool.groups if self.pool else {}):
            groups.pop(group, None)

    def group(self, share: Share, processor: Processor) -> Entity:
        """A group's entity on a processor."""
        entity = processor.groups.get(share)
        if entity is None:
            assert share.parent is not None
            parent = share.parent
            home = processor.queue if parent is self.share else self._inner(self.group(parent, processor))
            inner = self._new_queue(self.policy)
            inner.processor = processor
            entity = processor.groups[share] = Entity(share, home=home, inner=inner)
            self.limit(entity, self)
        return entity

    def _inner(self, entity: Entity) -> RunQueue:
        assert entity.inner is not None
        return entity.inner

    def queue_on(self, processor: Processor, groups: tuple[Share, ...]) -> RunQueue:
        """Where an entity of a group queues on a processor."""
        return self._inner(self.group(groups[-1], processor)) if groups else processor.queue

    def guests(self) -> Iterator[tuple[Share, list[Entity]]]:
        """The guests on it that have several virtual processors, with these."""
        for guest in self.below:
            if len(guest.processors) > 1:
                yield guest.share, [processor.entity for processor in guest.processors if processor.entity is not None]

    def queues(self) -> Iterator[RunQueue]:
        """All its processors' queues and those of the groups in them."""
        for processor in self.processors:
            yield from _queues(processor.queue)

    def runnable(self) -> Iterator[Entity]:
        """All that are runnable in its queues, groups too; those that wait in a pool, and for which others run."""
        found: dict[Entity, None] = {}
        for processor in self.processors:
            for queue in _queues(processor.queue):
                found.update(dict.fromkeys(queue.entities))
        if self.pool is not None:
            for queue in _queues(self.pool.queue):
                found.update(dict.fromkeys(queue.entities))
            for entity in list(found):
                found.update(dict.fromkeys(self.pool.groups[share] for share in self.groups_of(entity)))
        yield from found

    def charge_running(self) -> None:
        """Charge those that have a turn for what they had of it; it goes on."""
        if self.pool is not None:
            self.pool.charge_running(self)
            return
        for queue in self.queues():
            queue.charge_turn()

    def contended(self) -> bool:
        """Whether anybody waits."""
        if self.pool is not None and self.pool.queue.entities:
            return True
        return any(processor.queue.entities and processor.waits() for processor in self.processors)

    def pull(self, idle: Processor) -> None:
        """A processor that has become idle takes a waiting entity from the one with most that wait."""
        if len(self.processors) < 2 or not idle.online or self.pool is not None or not self.policy.pulls():
            return
        others = [each for each in self.processors if each is not idle and each.has_spare()]
        self.account(self, others)
        best: Entity | None = None
        most = 0
        for busy in others:
            waiting = list(busy.movable())
            spare = len(waiting) - (busy.queue.current is None)  # one of them is about to have the turn there
            if spare > most:
                fit = [entity for entity in waiting if idle in self.allowed(entity)]
                if fit:
                    best, most = max(fit, key=lambda entity: entity.rank), spare
        if best is not None:
            self.migrate(best, idle)

    def balance(self) -> None:
        """Move a waiting entity from the most to the least loaded processor if that evens them out.

        Where whole entities cannot be evened out any further, the balancer does not give up: each time that it finds
        nothing small enough, it takes what is twice as large the next time, so that the one too many goes round (Linux
        kernel/sched/fair.c: ``detach_tasks``, ``nr_balance_failed``).
        """
        online = [processor for processor in self.processors if processor.online]
        if len(online) < 2 or self.pool is not None:
            return
        loads = {processor: processor.load() for processor in online}
        least = min(online, key=lambda processor: (loads[processor], processor.pulls_count, processor.number))
        mean = sum(loads.values()) / len(online)
        count = len(self.processors)
        for busy in sorted(online, key=lambda each: (-loads[each], (each.number - least.number) % count)):
            gap = loads[busy] - least.load()
            there = [entity for entity in busy.movable() if least in self.allowed(entity)]
            fit = [entity for entity in there if entity.weight < gap * _BELOW]
            if not fit and gap > 0.0:
                excess = min(loads[busy] - mean, mean - loads[least]) * 2.0**self.failed_count
                fit = [entity for entity in there if entity.weight * _BELOW <= excess]
            if fit:
                self.failed_count = 0
                least.pulls_count += 1
                self.migrate(max(fit, key=lambda entity: (entity.weight, entity.rank)), least)
                return
        self.failed_count = self.failed_count + 1 if loads[least] < mean * _BELOW else 0


def _queues(queue: RunQueue) -> Iterator[RunQueue]:
    """A queue and those of the groups in it."""
    yield queue
    for entity in queue.entities:
        if entity.kind == "group" and entity.inner is not None:
            yield from _queues(entity.inner)


def _nothing(*_: object) -> None:
    raise AssertionError("a scheduler without a device moves nobody")
