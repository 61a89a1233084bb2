"""What every scheduling policy is asked: who is next, for how long, and where a newcomer queues.

A member of the family has ``POLICY``, its class. A policy is one object for one scheduler (a kernel, a hypervisor)
and serves all its run queues; what belongs to one queue or one entity it keeps in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TYPE_CHECKING, ClassVar

from simulator.parameters import Parameter
from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.tree import INFINITE, Share
from simulator.units import unit_of_name

if TYPE_CHECKING:
    from simulator.sharing._processors import Scheduler

FINE = 1 << 10
"""Tag units in a nanosecond of an entity of weight 1."""
UNLIMITED_NS = 1 << 50
"""A slice longer than any run."""


MEANINGS: Mapping[str, str] = {
    "global_queue": "1: all processors share one queue",
    "bandwidth_slice_s": "what a capped group gets of its budget for one processor at a time",
    "slice_s": "longest time without a look at who else waits",
    "quantum_s": "longest time without a look at who else waits",
    "base_slice_s": "slice that a virtual deadline is one of, for one processor",
    "latency_s": "time in which everybody runs once, for one processor",
    "minimum_granularity_s": "shortest slice, for one processor",
    "wakeup_granularity_s": "by how much a woken thread must be behind to take the processor, for one processor",
    "gentle_sleepers": "1: a thread that slept is placed half a latency behind",
    "run_to_parity": "1: a slice is not cut short by those that wake",
    "timer_tick_s": "time between two looks at whether a slice is over; 0: it ends where it ends",
    "scaling": "1: times grow with the logarithm of the number of processors",
    "balance_s": "time between two looks at how evenly the processors are loaded",
    "tslice_s": "longest turn, and period in which credit is given out",
    "ticks": "moments in a turn at which credit is looked at",
    "ratelimit_s": "shortest time before somebody else may take the processor",
    "reset_s": "credit that everybody gets when nobody has any, and longest turn",
    "timer_s": "shortest turn",
    "mcu_s": "unit in which turns are counted",
    "allowance_s": "by how much virtual time may lead before others take the processor",
    "warp_s": "virtual time that whoever wakes may borrow",
    "warp_limit_s": "how long it may run on borrowed time",
    "period_s": "period of a guarantee where the share has none of its own",
    "budget_s": "guarantee in a period",
    "extra_time": "1: what is left over is given out in turns",
    "skew_s": "lead over its slowest sibling at which a virtual processor is stopped; 0: siblings are independent",
    "lead_s": "by how much whoever runs must lead who wakes to lose the processor at once",
    "check_s": "time between two looks at the leads",
    "seed": "of the random numbers",
    "tickets": "tickets of a weight of 1",
}
"""What the parameters of our policies mean, in one clause."""


def nanoseconds(seconds: float) -> int:
    """Whole nanoseconds of a time."""
    return round(seconds * 1e9)


class Policy:
    """Smallest tag first; a tag grows by ``step`` with every slice of ``slice_ns``.

    Args:
        parameters: numbers that replace the ``DEFAULTS``.
        processors: how many the scheduler has; some defaults grow with it.

    Raises:
        ValueError: a parameter that the policy has not.
    """

    DEFAULTS: ClassVar[Mapping[str, float]] = {}
    HONOURS: ClassVar[frozenset[str]] = frozenset()
    """Which of weight, cap and reservation it keeps; the others it does not know."""
    CLOSED: ClassVar[bool] = True
    """Whether slices and steps are fixed while a queue is unchanged."""
    COMMON: ClassVar[Mapping[str, float]] = {"global_queue": 0.0, "bandwidth_slice_s": 0.005}
    """Of every policy: whether all processors share one queue; what a capped group gets of its budget at a time
    (Linux CFS bandwidth, default 5 ms: sched-bwc.rst)."""
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    """The same for the catalog, each of which a scheduler's file may give."""
    CAP_PERIOD_S: ClassVar[float] = 0.0
    """The policy's own period of caps; 0: that of the share."""

    def __init_subclass__(cls) -> None:
        defaults = {**cls.COMMON, **cls.DEFAULTS}
        cls.PARAMETERS = tuple(
            Parameter(name, unit_of_name(name) or "count", MEANINGS.get(name, ""), only="given=yes")
            for name in defaults
        )

    def __init__(self, parameters: Mapping[str, float], processors: int = 1) -> None:
        known = {**self.COMMON, **self.DEFAULTS}
        for name in parameters:
            if name not in known:
                raise ValueError(f"{type(self).__name__} has no parameter {name!r}; it has: {', '.join(sorted(known))}")
        self.parameters = {**known, **parameters}
        self.processors = processors
        self.unit_rate = 1.0
        self.random = Random(0)
        self.prepare()

    def prepare(self) -> None:
        """Work out what follows from the parameters."""

    def time_ns(self, name: str) -> int:
        """A parameter in nanoseconds."""
        return nanoseconds(self.parameters[name])

    # ---- what a run queue asks

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """Set the tag of an entity that becomes runnable (``woken``) or comes from another processor."""

    def come_back(self, queue: RunQueue, entity: Entity) -> None:
        """An entity of a pool is back from its turn, which has been charged."""
        self.place(queue, entity, woken=False)

    def leave(self, queue: RunQueue, entity: Entity) -> None:
        """An entity has left the queue; its tag stays with it."""

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """Whether an entity that has just become runnable takes the processor at once."""
        return False

    def pick(self, queue: RunQueue) -> Entity | None:
        """Who has the next turn."""
        if len(queue.entities) == 1:
            return queue.entities[0]
        return min(queue.entities, key=_order, default=None)

    def slice_ns(self, queue: RunQueue, entity: Entity) -> int:
        """How long its turn may be."""
        return entity.slice_ns

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """The current entity's turn is over after ``ran_ns`` of ``queue.slice_ns``."""
        entity.tag += ran_ns * queue.pending // queue.slice_ns if queue.slice_ns else 0

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """An entity that is alone had some more whole slices."""
        entity.tag += slices * entity.step

    def replan(self, queue: RunQueue) -> None:
        """The queue or a weight in it has changed: new slices and steps. The slice under way ends as it was meant to,
        or earlier where a shorter one is due by now."""
        queue.split_slice()
        self.assign(queue)
        current = queue.current
        if current is not None:
            left_ns = min(queue.slice_left_ns, max(0, current.slice_ns - queue.had_ns))
            queue.slice_ns = queue.slice_left_ns = left_ns
            queue.pending = left_ns * current.step // current.slice_ns

    def assign(self, queue: RunQueue) -> None:
        """Set ``slice_ns`` and ``step`` of every entity of a queue."""

    def charge_time(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """An entity of a queue that many processors serve had so much of one."""

    def entitle(self, entities: Sequence[Entity], widths: Sequence[float], processors: float) -> None:
        """What entities that are runnable together, each on so many processors at most, have a right to."""

    def turns(self) -> Turns:
        """The policy of a processor that serves one entity of such a queue at a time."""
        return Turns({}, self.processors)

    # ---- what a scheduler asks

    def budget(self, share: Share, unit_rate: float) -> tuple[int, int, int] | None:
        """Quota, period and carry-over in nanoseconds of a share that may run only so long; None if it may always.

        A width that is no whole number bounds in the same way.
        """
        cap = min(share.cap, share.width * unit_rate if share.width % 1.0 else INFINITE)
        if cap == INFINITE:
            return None
        period_s = self.CAP_PERIOD_S or share.period_s
        return nanoseconds(cap / unit_rate * period_s), nanoseconds(period_s), nanoseconds(share.burst_s)

    def portion_ns(self, share: Share, quota_ns: int) -> int:
        """What an entity of a share gets of its budget at a time."""
        return self.time_ns("bandwidth_slice_s")

    def exhausted(self, entity: Entity) -> bool:
        """An entity has used up its budget; True if it may run on nevertheless, in a lower class."""
        return False

    def refilled(self, entity: Entity) -> bool:
        """An entity's budget has been filled up; True if that may change whose turn it is."""
        return False

    def tick_s(self) -> float:
        """How often ``tick`` is called while ``ticks`` says so; 0: never."""
        return 0.0

    def ticks(self, scheduler: Scheduler) -> bool:
        """Whether there is anything to do periodically."""
        return scheduler.contended()

    def tick(self, scheduler: Scheduler) -> None:
        """What the scheduler does periodically."""

    def pulls(self) -> bool:
        """Whether a processor that becomes idle takes a waiting entity from another."""
        return True


class Turns(Policy):
    """Nothing but the end of a slice, which the pool has set."""

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """The pool charges."""

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """The pool charges."""

    def replan(self, queue: RunQueue) -> None:
        """A slice ends as it was meant to."""


class Fair(Policy):
    """Policies whose tags are virtual time: service divided by weight."""

    HONOURS = frozenset({"weight", "cap"})

    def placed_after_sleep(self, queue: RunQueue, entity: Entity) -> int:
        """The lowest tag that an entity may have after it slept."""
        return queue.floor

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """Virtual time goes on without those who sleep; from another processor an entity brings its distance."""
        queue.split_slice()
        self.move_floor(queue)
        if entity.queue is None:
            entity.tag = queue.floor
        elif entity.queue is not queue and entity.queue.policy is self:  # not from a pool
            entity.tag += queue.floor - entity.queue.floor
        if woken and queue.entities:
            entity.tag = max(entity.tag, self.placed_after_sleep(queue, entity))
        elif woken:
            entity.tag = max(entity.tag, queue.floor)

    def come_back(self, queue: RunQueue, entity: Entity) -> None:
        """With its tag."""

    def leave(self, queue: RunQueue, entity: Entity) -> None:
        """It keeps its tag."""
        self.move_floor(queue, entity)

    def move_floor(self, queue: RunQueue, leaving: Entity | None = None) -> None:
        """Virtual time is the smallest tag, and never goes back."""
        least = leaving.tag if leaving is not None else None
        for entity in queue.entities:
            if least is None or entity.tag < least:
                least = entity.tag
        if least is not None and least > queue.floor:
            queue.floor = least

    def assign(self, queue: RunQueue) -> None:
        """Equal slices unless a policy says else; tags grow by service over weight."""
        for entity in queue.entities:
            entity.slice_ns = max(1, self.share_of_turn_ns(queue, entity))
            entity.step = max(1, int(entity.slice_ns * FINE / self.weight(entity)))

    def weight(self, entity: Entity) -> float:
        """What its service is divided by."""
        return entity.weight

    def charge_time(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """Virtual time."""
        entity.tag += int(ran_ns * FINE / self.weight(entity))

    def share_of_turn_ns(self, queue: RunQueue, entity: Entity) -> int:
        """The slice of an entity."""
        raise NotImplementedError


def _order(entity: Entity) -> tuple[int, int]:
    return entity.tag, entity.rank


def reached(queue: RunQueue, current: Entity) -> int:
    """The tag of the entity whose turn it is, with what it has had of the turn by now."""
    ran_ns = queue.slice_ns - queue.slice_left_ns
    return current.tag + (ran_ns * queue.pending // queue.slice_ns if queue.slice_ns else 0)
