"""One queue for all processors of a scheduler: whoever waits goes on on the first processor that is free.

A processor then holds only whom it serves; at the end of a slice it gives that entity back and takes the first of the
pool. Groups have one entity in the pool, whose tag grows with whatever any processor does for the group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.tree import Share

if TYPE_CHECKING:
    from simulator.sharing._processors import Scheduler
    from simulator.sharing.policies._base import Policy


class Pool:
    """Those who wait for any processor of a scheduler.

    Args:
        queue: of those that stand in no group.
        new_queue: makes the queue of a group.
    """

    def __init__(self, queue: RunQueue, new_queue: Callable[[Policy], RunQueue]) -> None:
        self.queue = queue
        self.turns = queue.policy.turns()
        """What the processors' own queues of one do: nothing but end a slice."""
        self.changed = False
        """Whether anybody came, left or moved since the processors were last shared out."""
        self.groups: dict[Share, Entity] = {}
        self._new_queue = new_queue

    def queue_of(self, groups: tuple[Share, ...]) -> RunQueue:
        """Where an entity of a group waits."""
        queue = self.queue
        for share in groups:
            entity = self.groups.get(share)
            if entity is None:
                inner = self._new_queue(queue.policy)
                entity = self.groups[share] = Entity(share, home=queue, inner=inner)
            assert entity.inner is not None
            queue = entity.inner
        return queue

    def charge(self, entity: Entity, groups: tuple[Share, ...], ran_ns: int) -> None:
        """An entity, and the groups it stands in, had so much of a processor."""
        policy = self.queue.policy
        policy.charge_time(self.queue_of(groups), entity, ran_ns)
        for depth, share in enumerate(groups):
            queue = self.queue_of(groups[:depth])
            policy.charge_time(queue, self.groups[share], ran_ns)

    def charge_running(self, scheduler: Scheduler) -> None:
        """Who runs is charged up to now, so that who comes to wait compares with it."""
        self.catch_up(self.settle(scheduler), len(scheduler.processors))

    def settle(self, scheduler: Scheduler) -> list[tuple[Entity, tuple[Share, ...]]]:
        """Charge those that run, each with its groups, up to when their processors are accounted for."""
        running = []
        for processor in scheduler.processors:
            for entity in processor.queue.entities:
                had_ns, groups = entity.served_ns + entity.paid_ns, scheduler.groups_of(entity)
                self.charge(entity, groups, had_ns - processor.mark_ns)
                processor.mark_ns = had_ns
                running.append((entity, groups))
        return running

    def catch_up(self, running: Iterable[tuple[Entity, tuple[Share, ...]]], processors: int) -> None:
        """Virtual time goes on with those that run, even while nobody waits. They have been charged."""
        queues = [self.queue, *(group.inner for group in self.groups.values() if group.inner is not None)]
        levels: dict[RunQueue, dict[Entity, int]] = {queue: {} for queue in queues}
        for entity, groups in running:
            levels[self.queue_of(groups)][entity] = 1
            for depth, share in enumerate(groups):
                level = levels[self.queue_of(groups[:depth])]
                level[self.groups[share]] = level.get(self.groups[share], 0) + 1
        for queue, level in levels.items():
            if queue.entities:
                queue.floor = max(queue.floor, min(entity.tag for entity in queue.entities))
            elif level:  # nobody waits: all have what they can use, nobody is behind
                queue.floor = max(queue.floor, max(entity.tag for entity in level))
                for entity in level:
                    entity.tag = queue.floor
            for entity in queue.entities:
                level[entity] = level.get(entity, 0) + (_width(entity) if entity.kind == "group" else 1)
            queue.policy.entitle(list(level), [min(processors, width) for width in level.values()], processors)

    def serves(self, fits: Callable[[Entity], bool]) -> bool:
        """Whether anybody who waits fits a processor."""
        return any(self._has(entity, fits) for entity in self.queue.entities)

    def first(self, fits: Callable[[Entity], bool]) -> Entity | None:
        """Who is next of those that fit a processor; its slice is set."""
        return self._first(self.queue, fits)

    def _first(self, queue: RunQueue, fits: Callable[[Entity], bool]) -> Entity | None:
        everybody = queue.entities
        candidates = [entity for entity in everybody if self._has(entity, fits)]
        if not candidates:
            return None
        queue.policy.replan(queue)
        queue.entities = candidates
        entity = queue.policy.pick(queue)
        queue.entities = everybody
        if entity is None or entity.kind != "group":
            if entity is not None:
                entity.slice_ns = max(1, queue.policy.slice_ns(queue, entity))
            return entity
        assert entity.inner is not None
        return self._first(entity.inner, fits)

    def _has(self, entity: Entity, fits: Callable[[Entity], bool]) -> bool:
        if entity.kind != "group" or entity.inner is None:
            return fits(entity)
        return any(self._has(inner, fits) for inner in entity.inner.entities)


def _width(group: Entity) -> int:
    """How many processors those that wait in a group could use."""
    assert group.inner is not None
    return sum(_width(entity) if entity.kind == "group" else 1 for entity in group.inner.entities)
