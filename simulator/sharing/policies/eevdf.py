"""EEVDF, the scheduler of Linux since 6.6: of those that are eligible, the earliest virtual deadline.

Virtual time V is the average virtual run time by weight; an entity is eligible while its own is not ahead of V. Its
deadline is one slice of its own beyond where it was when its last one was used up.

*Ticks.* Whether a slice is used up is looked at when the timer ticks, and when somebody wakes; a turn ends at the
first tick at which it is. With a tick of 4 ms and slices of 1.4 ms everybody runs 4 ms. What was used up at a tick
begins a new slice there, so the deadline of whoever runs is one slice after a tick, or after the last wake-up.

*Wake-ups.* Who wakes is placed at V less its lag, with a deadline of one slice. It takes the processor if it is the
one that would be picked: whoever runs stays while it is eligible and has not used up the slice that it was picked
with (``run_to_parity``), or while its deadline is earlier; equal deadlines go to who woke. So who wakes within a slice
after a tick waits for the next one, and who wakes later in the tick does not.

*Sleep.* Who is ahead of V when it goes to sleep stays in the queue, in V too, until it would be picked; then it leaves
without lag (delayed dequeue). Who is behind V keeps its lag, bounded by two slices and a tick.

Parameters: ``base_slice_s`` 0.70 ms (0.75 ms at first), times ``1 + floor(log2 processors)`` up to 8 processors;
``timer_tick_s`` 1 / HZ (0: slices end where they end); ``run_to_parity`` 1, 0: nobody is protected; ``scaling``;
``balance_s`` 64 ms (recalled). Source: Linux 6.18 kernel/sched/fair.c (update_deadline, place_entity, pick_eevdf,
set_protect_slice, check_preempt_wakeup_fair, finish_delayed_dequeue_entity). Honours weight and cap; a reservation is
not known. Limits: all slices are equal, so a shorter one never cuts a longer one short; a guest's ticks come with the
time that its processor has had; the tick of a group comes late by what others ran meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import FINE, Fair

if TYPE_CHECKING:
    from simulator.sharing._processors import Processor, Scheduler


class Request:
    """What an entity wants next: the virtual deadline of its slice, and the lag that it left with."""

    __slots__ = ("deadline", "lag", "picked_ns", "protected", "remains")

    def __init__(self) -> None:
        self.deadline = self.lag = 0
        self.protected = 0
        """Up to where it runs undisturbed: the deadline that it was picked with."""
        self.picked_ns = 0
        """When it was given the processor."""
        self.remains: RunQueue | None = None
        """The queue in which it still counts although it sleeps."""


class Eevdf(Fair):
    """``tag`` is the virtual run time, ``data`` the request, ``state`` of a queue those that sleep there."""

    DEFAULTS = {
        "base_slice_s": 0.0007,
        "timer_tick_s": 0.0,
        "run_to_parity": 1.0,
        "scaling": 1.0,
        "balance_s": 0.064,
    }
    CLOSED = False

    def prepare(self) -> None:
        """Scale with the number of processors, as Linux does at boot."""
        scale = min(8, self.processors).bit_length() if self.parameters["scaling"] else 1
        self.base_ns = self.time_ns("base_slice_s") * scale
        self.tick_ns = self.time_ns("timer_tick_s")

    def share_of_turn_ns(self, queue: RunQueue, entity: Entity) -> int:
        """One base slice."""
        return self.base_ns

    # ---- who comes and goes

    def place(self, queue: RunQueue, entity: Entity, woken: bool) -> None:
        """Where its lag puts it beside those that are there."""
        queue.charge_turn()
        self._look(queue, queue.current)
        request = entity.data = entity.data or Request()
        if request.remains is not None and self._wakes_ahead(queue, entity, request):
            return
        self._forget(queue)
        lag, request.lag = request.lag, 0
        if queue.entities:
            weight = sum(other.weight for other in queue.entities)
            lag = int(lag * (weight + entity.weight) / weight)  # its coming moves the average
        entity.tag = self._average(queue) - lag
        request.deadline = request.protected = entity.tag + self._slice(entity)

    def _wakes_ahead(self, queue: RunQueue, entity: Entity, request: Request) -> bool:
        """It slept for less time than it was ahead: it goes on with its old request. Else it has no lag."""
        remains, request.remains = request.remains, None
        assert remains is not None
        ahead = remains is queue and entity.tag > self._average(queue)
        remains.state.remove(entity)
        return ahead

    def leave(self, queue: RunQueue, entity: Entity) -> None:
        """Keep the lag; or stay, asleep, if it is ahead."""
        everybody = [*queue.entities, *_asleep(queue), entity]
        weight = sum(other.weight for other in everybody)
        average = int(sum(other.tag * other.weight for other in everybody) / weight)
        queue.floor = max(queue.floor, average)
        request: Request = entity.data
        bound = max(2 * self._slice(entity), int(self.tick_ns * FINE / entity.weight))
        request.lag = max(-bound, min(bound, average - entity.tag))
        if request.lag < 0 and queue.entities and _sleeps(entity):
            request.lag, request.remains = 0, queue
            queue.state = [*_asleep(queue), entity]
        elif not queue.entities:
            for other in _asleep(queue):
                other.data.remains = None
            queue.state = []

    def _forget(self, queue: RunQueue) -> None:
        """Who sleeps and is not ahead any more was picked at some tick, and left."""
        while True:
            average = self._average(queue)
            gone = [entity for entity in _asleep(queue) if entity.tag <= average]
            if not gone:
                return
            entity = min(gone, key=_deadline)
            entity.data.remains = None
            queue.state.remove(entity)

    # ---- whose turn it is

    def pick(self, queue: RunQueue) -> Entity | None:
        """Earliest deadline of the eligible; of two, not who had the last turn."""
        self._forget(queue)
        if len(queue.entities) == 1:
            return queue.entities[0]
        self._look(queue, queue.last)
        return self._best(queue, queue.last)

    def _best(self, queue: RunQueue, current: Entity | None) -> Entity | None:
        average = self._average(queue)
        eligible = [entity for entity in queue.entities if entity.tag <= average] or queue.entities
        return min(eligible, key=lambda entity: (entity.data.deadline, entity is current, entity.rank), default=None)

    def preempts(self, queue: RunQueue, entity: Entity, current: Entity) -> bool:
        """Whether it would be picked; the current one has been charged when it was placed."""
        protected = self.parameters["run_to_parity"] and current.tag < current.data.protected
        if protected and current.tag <= self._average(queue):
            return False
        return self._best(queue, current) is entity

    def slice_ns(self, queue: RunQueue, entity: Entity) -> int:
        """Up to the first tick after its deadline."""
        request: Request = entity.data
        if queue.last is not entity or not entity.ran:
            request.protected = request.deadline
            request.picked_ns = self._clock_ns(queue) if queue.processor is not None else 0
        return self._turn_ns(queue, entity)

    def _turn_ns(self, queue: RunQueue, entity: Entity) -> int:
        request: Request = entity.data
        if not self.tick_ns or queue.processor is None:
            if len(queue.entities) == 1:
                return self.base_ns  # as if followed in whole slices; whoever comes has the turn planned anew
            return max(1, min(self.base_ns, -int(-(request.deadline - entity.tag) * entity.weight // FINE)))
        if len(queue.entities) == 1:
            return max(self.base_ns, self.tick_ns)  # nobody looks; whoever comes has the turn planned anew
        processor: Processor = queue.processor
        left_ns = max(1, -int(-(request.protected - entity.tag) * entity.weight // FINE))
        now_ns, speed = self._clock_ns(queue), processor.speed
        end_ns = now_ns + int(left_ns / speed)
        return max(1, int((-(-end_ns // self.tick_ns) * self.tick_ns - now_ns) * speed))

    def replan(self, queue: RunQueue) -> None:
        """The turn under way ends where it was meant to: who alone ran past ticks gives way at the next one."""
        queue.charge_turn()
        self.assign(queue)
        current = queue.current
        if current is not None and queue.slice_left_ns > 0:
            queue.slice_ns = queue.slice_left_ns = self._turn_ns(queue, current)

    # ---- what a turn costs

    def charge(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """Virtual run time."""
        entity.tag += int(ran_ns * FINE / entity.weight)
        if not self.tick_ns or queue.processor is None:
            self._renew(entity)

    def _renew(self, entity: Entity) -> None:
        """A slice that is used up is followed by the next."""
        if entity.data is not None and entity.tag + FINE >= entity.data.deadline:
            entity.data.deadline = entity.tag + self._slice(entity)

    def _look(self, queue: RunQueue, entity: Entity | None) -> None:
        """Whoever had the processor until now: renew what it used up at ticks since it was picked, and now."""
        if not self.tick_ns or entity is None or entity.data is None or queue.processor is None:
            return
        request, now_ns = entity.data, self._clock_ns(queue)
        used_ns = int((entity.tag - request.deadline) * entity.weight / FINE)
        if used_ns > 0:
            turns_ns = -(-self.base_ns // self.tick_ns) * self.tick_ns
            first_ns = -(-max(now_ns - used_ns, request.picked_ns) // self.tick_ns) * self.tick_ns
            if first_ns <= now_ns:
                since_ns = (now_ns - first_ns) % turns_ns
                request.deadline = entity.tag - int(since_ns * FINE / entity.weight) + self._slice(entity)
        self._renew(entity)

    def charge_slices(self, queue: RunQueue, entity: Entity, slices: int) -> None:
        """The same for whole slices; where they end without ticks each of them is rounded."""
        if self.tick_ns and queue.processor is not None:
            self.charge(queue, entity, slices * entity.slice_ns)
            return
        entity.tag += slices * int(entity.slice_ns * FINE / entity.weight)
        self._renew(entity)

    def charge_time(self, queue: RunQueue, entity: Entity, ran_ns: int) -> None:
        """The same in a pool, where nobody sees the tick."""
        entity.tag += int(ran_ns * FINE / entity.weight)
        self._renew(entity)

    # ---- what a scheduler asks

    def tick_s(self) -> float:
        """Balancing."""
        return self.parameters["balance_s"] if self.processors > 1 else 0.0

    def tick(self, scheduler: Scheduler) -> None:
        """Move a waiting entity from the most to the least loaded processor if that evens them out."""
        scheduler.balance()

    def _clock_ns(self, queue: RunQueue) -> int:
        """What ticks are counted in: the time of a processor, or what a guest's processor has had."""
        processor: Processor = queue.processor
        return processor.at_ns if processor.entity is None else processor.queue.clock_ns

    def _slice(self, entity: Entity) -> int:
        return max(1, int(self.base_ns * FINE / entity.weight))

    def _average(self, queue: RunQueue) -> int:
        everybody = [*queue.entities, *_asleep(queue)]
        if not everybody:
            return queue.floor
        weight = sum(entity.weight for entity in everybody)
        base = everybody[0].tag
        return base + int(sum((entity.tag - base) * entity.weight for entity in everybody) / weight)


def _asleep(queue: RunQueue) -> list[Entity]:
    """Who sleeps and still counts."""
    asleep: list[Entity] = queue.state or []
    return asleep


def _sleeps(entity: Entity) -> bool:
    """Whether it leaves for want of work, not held back or on its way to another processor."""
    if entity.held or entity.frozen():
        return False
    return not entity.share.active if entity.inner is None else not entity.inner.entities


def _deadline(entity: Entity) -> int:
    deadline: int = entity.data.deadline
    return deadline


POLICY = Eevdf
