"""Xen's credit scheduler: turns of one time slice within three priorities.

Every time slice the processors' time is given out as credit by weight, and running burns it. Who has credit is UNDER,
who has none is OVER; who wakes with credit left is BOOST until the next tick at which it runs. BOOST comes before
UNDER before OVER, and within one priority entities take turns. A processor that has nobody but OVER takes one with
credit left that waits elsewhere, so that weights hold across processors. A wake-up with a higher priority preempts,
once the one that runs has had the rate limit.

Parameters (xen/common/sched/credit.c; xen-command-line.pandoc): ``tslice_s`` 30 ms (10, 5, 1 ms suggested for
latency), ``ticks`` 3 to a slice, ``ratelimit_s`` 1 ms (0: none); 10 credits are a millisecond, 300 a slice; weight
256 by default, only proportions matter; caps are accounted for per slice. Honours weight and cap; a reservation is not
known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import Policy
from simulator.sharing.policies.xen_credit2 import spare
from simulator.sharing.tree import Share

if TYPE_CHECKING:
    from simulator.sharing._processors import Scheduler

BOOST, UNDER, OVER = 0, 1, 2


class Account:
    """Credit of one entity in nanoseconds, and its priority."""

    __slots__ = ("credit_ns", "priority")

    def __init__(self) -> None:
        self.credit_ns, self.priority = 0, UNDER


class XenCredit(Policy):
    """``data`` is the account; ``tag`` the place in line."""

    DEFAULTS = {"tslice_s": 0.03, "ticks": 3.0, "ratelimit_s": 0.001}
    HONOURS = frozenset({"weight", "cap"})
    CLOSED = False
    CAP_PERIOD_S = 0.03

    def prepare(self) -> None:
        """In nanoseconds."""
        self.slice_length_ns, self.ratelimit_ns = self.time_ns("tslice_s"), self.time_ns("ratelimit_s")
        self._ticks = 0

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """At the end of its priority; with a boost if it wakes with credit."""
        if entity.data is None:
            entity.data = Account()
        elif woken and entity.data.priority == UNDER:
            entity.data.priority = BOOST
        self._queue_last(queue, entity)

    def _queue_last(self, queue: RunQueue, entity: Entity) -> None:
        entity.tag = 1 + max((other.tag for other in queue.entities), default=0)

    def assign(self, queue: RunQueue) -> None:
        """One slice for all."""
        for entity in queue.entities:
            entity.slice_ns = self.slice_length_ns

    def replan(self, queue: RunQueue) -> None:
        """The slice under way is as long as it was meant to be."""
        self.assign(queue)

    def pick(self, queue: RunQueue) -> Entity | None:
        """Highest priority, then first in line."""
        return min(queue.entities, key=lambda entity: (entity.data.priority, entity.tag, entity.rank), default=None)

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """Burn credit; queue at the end once the turn is over."""
        entity.data.credit_ns -= ran_ns
        if queue.slice_left_ns <= 0:
            self._queue_last(queue, entity)

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """Burn credit."""
        entity.data.credit_ns -= slices * entity.slice_ns

    def charge_time(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """Burn credit."""
        if entity.data is not None:
            entity.data.credit_ns -= ran_ns

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """A higher priority, as soon as the rate limit lets it."""
        if entity.data.priority >= current.data.priority:
            return False
        return not spare(queue, self.ratelimit_ns)

    def tick_s(self) -> float:
        """The tick."""
        return self.parameters["tslice_s"] / self.parameters["ticks"]

    def tick(self, scheduler: Scheduler) -> None:
        """Boosts of those that run end; every time slice credit is given out; higher priorities get the processor."""
        scheduler.charge_running()
        for processor in scheduler.processors:
            for entity in processor.running():
                if isinstance(entity.data, Account) and entity.data.priority == BOOST:
                    entity.data.priority = UNDER
        self._ticks += 1
        if self._ticks % int(self.parameters["ticks"]) == 0:
            self._account(scheduler)
        scheduler.balance()
        self._fetch(scheduler)
        for queue in scheduler.queues():
            best, current = self.pick(queue), queue.current
            if current is not None and best is not None and best.data.priority < current.data.priority:
                queue.put_back()

    def _fetch(self, scheduler: Scheduler) -> None:
        """Processors with nobody but OVER take one of a higher priority that waits elsewhere (csched_load_balance)."""
        if scheduler.pool is not None:
            return
        for processor in scheduler.processors:
            here = [e.data.priority for e in processor.entities() if isinstance(e.data, Account)]
            if here and min(here) == OVER and processor.online:
                waiting = (entity for other in scheduler.processors for entity in other.movable())
                better = (e for e in waiting if isinstance(e.data, Account) and e.data.priority < OVER)
                entity = next((e for e in better if processor in scheduler.allowed(e)), None)
                if entity is not None:
                    scheduler.migrate(entity, processor)

    def _account(self, scheduler: Scheduler) -> None:
        """Credit for one slice of all processors, by weight among those that are runnable together."""
        siblings: dict[Share | None, list[Entity]] = {}
        for entity in scheduler.runnable():
            siblings.setdefault(entity.share.parent, []).append(entity)
        processors = sum(processor.online for processor in scheduler.processors)
        for entities in siblings.values():
            self._give(entities, processors * self.slice_length_ns)

    def _give(self, entities: Iterable[Entity], credit_ns: int) -> None:
        total = sum(entity.weight for entity in entities)
        for entity in entities:
            account: Account = entity.data
            account.credit_ns += int(credit_ns * entity.weight / total)
            account.credit_ns = max(-self.slice_length_ns, min(self.slice_length_ns, account.credit_ns))
            account.priority = OVER if account.credit_ns < 0 else min(account.priority, UNDER)


POLICY = XenCredit
