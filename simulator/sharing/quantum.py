"""The quantum fidelity: real schedulers' order of dispatch, processor by processor, in whole nanoseconds.

The tree of shares is divided by slices. The root has a scheduler on the physical processors; a share with a
``scheduling`` of its own (a guest's kernel) or a ``width`` has virtual processors, which are entities of the scheduler
above and are runnable while something queues on them; any other inner share is a group of the scheduler above. Inner
queues move on in the service of the entity they stand on, so a guest's slices are the guest's own time.

Time is integer nanoseconds inside; each thread carries the fraction that was rounded off its work. All changes of one
instant take effect together at its end: a thread that ends and is given new work in the same instant goes on in its
slice. Between changes a rotation is followed in closed form where the policy allows it, at a cost that does not depend
on the length of slices, and bit-identical with stepping from slice to slice.

A switch costs what ``Share.switch_s`` and ``refill`` say, before the slice and besides it, whenever an entity goes on
after another one ran on its processor. The first turn after a submit costs nothing here: whoever woke has paid for it.
The thread on the entity pays; a switch to a group takes what its threads' switches take on average. Whoever is moved
while it waits finds nothing of its working set.

Limits. The rivals for the cache are those runnable when the run queue last changed. While a sibling hardware thread is
busy work and slices stretch alike, and what that takes counts as steal. While anybody waits in a queue that several
processors share, each of their slices ends at an event. Weights hold within one slice of LAWS' generalized processor
sharing on one processor, or with ``global_queue``; else they hold as well as a policy balances its processors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil

import simpy

from simulator.sharing._bandwidth import Budget, Grant
from simulator.sharing._calendar import Calendar
from simulator.sharing._costs import Costs, Refill
from simulator.sharing._dispatcher import Dispatcher
from simulator.sharing._observers import Observers, Transition
from simulator.sharing._processors import Processor, Scheduler
from simulator.sharing._rotation import NEVER, Entity, RunQueue
from simulator.sharing._seat import Seat
from simulator.sharing._structure import Structure, below
from simulator.sharing._trace import Trace
from simulator.sharing.policies._base import Policy
from simulator.sharing.tree import Scheduling, Share

FIDELITY = "quantum"
SLICES = True
NOT_MODELLED = (
    "timer ticks that delay a decision to the next tick, unless a policy says so",
    "cache contents beyond whole working sets",
    "exchanges between processors that are as evenly loaded as whole threads can be, unless a policy makes them",
    "priorities that a kernel adapts to interactive threads, unless a policy says so",
)
"""Effects that even slices leave out; named in every result of this fidelity."""


class Quantum:
    """A device of some processors shared by slices.

    Args:
        environment: simulated time.
        capacity: units of work a second, all processors together: a whole number of processors.
        unit_rate: of one processor.
        scheduling: the scheduler of the root; None: round robin.
        refill: see ``Refill``; None: caches refill in no time.
        on_transition: see ``Transition``. The switches of a rotation in closed form are counted, not called.
        trace: filled with segments of who ran where; steps from slice to slice.
        stepping: end every slice at an event: the reference for the closed form.
        threads_per_core: hardware threads that share a core, numbered side by side.
        smt_factor: speed of each while another one of its core is busy.

    Raises:
        ValueError: no whole number of processors.
    """

    def __init__(
        self,
        environment: simpy.Environment,
        capacity: float,
        unit_rate: float,
        *,
        scheduling: Scheduling | None = None,
        refill: Refill | None = None,
        on_transition: Transition | None = None,
        trace: Trace | None = None,
        stepping: bool = False,
        threads_per_core: int = 1,
        smt_factor: float = 1.0,
    ) -> None:
        self.environment = environment
        self.unit_rate = unit_rate
        self.root = Share("device", cap=capacity, scheduling=scheduling or Scheduling("round_robin"))
        self.active: dict[Share, None] = {}
        self.smt_factor = smt_factor
        self._costs = Costs(refill)
        self._observers = Observers(on_transition, trace)
        self._stepping = stepping or trace is not None
        self._served_before = 0.0
        self._order = 0
        self._arrivals: list[Seat] = []
        self._left: list[Seat] = []
        self._at_once: list[Seat] = []
        self._calendar = Calendar(environment, self._fire, self._end_of_instant)
        self._structure = Structure(self.root, unit_rate, self._new_queue)
        self._dispatcher = Dispatcher(self._structure, self._calendar, self._observers)
        self._limits = self._dispatcher.limits
        self._structure.wire, self._structure.limit = self._wire, self._limits.limit
        self._structure.begin(threads_per_core)
        self._threads_per_core = threads_per_core

    def schedule(self, scheduling: Scheduling) -> None:
        """Choose the scheduler of the root.

        Raises:
            ValueError: something runs already.
        """
        if self._order:
            raise ValueError("a scheduler is chosen before anything runs")
        self.root.scheduling = scheduling
        self._structure.ticking.clear()
        self._structure.begin(self._threads_per_core)

    # ---- the interface of every fidelity

    undisturbed = False
    """Changes take effect at the end of their instant: nobody goes on at once."""

    @property
    def served(self) -> float:
        """Units of work done so far; ``settle`` first."""
        return self._served_before + sum(share.work - share.remaining for share in self.active)

    def submit(self, share: Share, work: float, done: Callable[[Share], None]) -> None:
        """Give an idle leaf work; ``done(share)`` is called when it has been served.

        Raises:
            ValueError: the share has work already, or has children.
        """
        if share.active or share.children:
            raise ValueError(f"{share.name}: only an idle leaf can take work")
        seat: Seat = share.node or self._structure.new_seat(share)
        entity = seat.entity
        share.active, share.work, share.remaining, share.done = True, work, work, done
        self.active[share] = None
        self._costs.working_sets_bytes += share.working_set_bytes
        seat.begin(work, self.unit_rate)
        self._order += 1
        seat.order = self._order
        now_ns = self._calendar.now_ns()
        if not entity.queued:
            seat.since_ns, seat.state = now_ns, "ready"
        if not entity.need_ns:
            self._at_once.append(seat)
            self._calendar.soon()
        elif entity.queued:
            self._goes_on(seat, now_ns)
        else:
            self._arrivals.append(seat)
            self._calendar.ends_instant()

    def remove(self, share: Share) -> float:
        """Take a leaf's work away; returns the exact remainder.

        Raises:
            ValueError: the share has no work.
        """
        if share not in self.active:
            raise ValueError(f"{share.name} has no work")
        seat: Seat = share.node
        self._account(seat, self._calendar.now_ns())
        self._served_before += share.work - share.remaining
        self._retire(seat)
        self._left.append(seat)
        seat.carry_ns = seat.job_carry_ns
        self._calendar.ends_instant()
        return share.remaining

    def set(
        self,
        share: Share,
        *,
        weight: float | None = None,
        cap: float | None = None,
        width: float | None = None,
        reservation: float | None = None,
        frozen: bool | None = None,
    ) -> None:
        """Change a rule while work flows. The root's cap is the capacity of the device; nothing frozen is served.

        Raises:
            ValueError: a weight that is not positive; a capacity that is no whole number of processors.
        """
        if weight is not None and weight <= 0:
            raise ValueError(f"share {share.name!r}: the weight must be positive, not {weight!r}")
        self.settle()
        share.weight = share.weight if weight is None else weight
        share.reservation = share.reservation if reservation is None else reservation
        share.frozen = share.frozen if frozen is None else frozen
        if share is self.root:
            if cap is not None:
                number = self._structure.number(cap)
                share.cap = cap
                self._set_online(number)
        elif width is not None and width != share.width:
            share.width = width
            share.cap = share.cap if cap is None else cap
            self._rebuild(share)
        elif cap is not None:
            share.cap = cap
            self._limits.set_budget(share)
        self._apply(share)
        self._calendar.ends_instant()

    def set_unit_rate(self, unit_rate: float, capacity: float) -> None:
        """Another clock frequency: the rate of one processor, and of all together."""
        self.settle()
        self.unit_rate = self._structure.unit_rate = unit_rate
        for scheduler in self._structure.schedulers.values():
            scheduler.policy.unit_rate = unit_rate
        self.root.cap = capacity
        for share in self.active:
            self._served_before += share.work - share.remaining
            share.work = share.remaining
            share.node.change_rate(unit_rate)
        for share in list(self._limits.budgets):
            self._limits.set_budget(share)
            self._apply(share)
        for processor in self._structure.machine.processors:
            self._dispatcher.touch(processor)
        self._set_online(self._structure.number(capacity))
        self._calendar.ends_instant()

    def record(self, trace: Trace) -> None:
        """Have written down who runs where; slices are followed one by one from now on, with the same outcome.

        Raises:
            ValueError: something runs already.
        """
        if self._order:
            raise ValueError("a trace begins before anything runs")
        self._observers.trace, self._stepping = trace, True
        self._structure.ticking.clear()
        self._structure.begin(self._threads_per_core)

    def policy(self, share: Share | None = None) -> Policy:
        """The policy that divides a share's processors; of the device if none is given."""
        return self._structure.scheduler_of(share or self.root).policy

    def settle(self) -> None:
        """Bring all accounts to the present: served, and of each active leaf what remains and what it waited for."""
        now_ns = self._calendar.now_ns()
        for processor in self._structure.machine.processors:
            self._dispatcher.roll(processor, now_ns)
            self._observers.note(processor, now_ns, cut=True)
        for share in self.active:
            share.node.book(now_ns)
            self._measure(share.node)
        self._observers.load_time.settle(now_ns / 1e9)

    @property
    def loaded_s(self) -> float:
        """Seconds so far in which anything was served; ``settle`` first."""
        return self._observers.load_time.seconds

    def finds_idle(self, share: Share) -> bool:
        """Whether a thread that becomes runnable in a share would find a processor idle that it may use."""
        scheduler, lineage, end = self._structure.scheduler_of(share), share.lineage, len(share.lineage)
        while True:
            start = lineage.index(scheduler.share) + 1 if scheduler.share in lineage else 0
            pins = [each.cpus for each in lineage[start:end] if each.cpus is not None]
            usable = [each for each in scheduler.online if all(each.number in cpus for cpus in pins)]
            if not any(_is_idle(processor) for processor in usable):
                return False
            if scheduler.above is None:
                return True
            scheduler, end = scheduler.above, start

    # ---- changes of the tree

    def _new_queue(self, policy: Policy) -> RunQueue:
        queue = RunQueue(policy, self._costs.pay, self._stepping)
        if self._observers.on_transition is not None:
            queue.on_switch = self._observers.switched
        return queue

    def _wire(self, scheduler: Scheduler) -> None:
        scheduler.migrate, scheduler.refresh = self._dispatcher.migrate, self._dispatcher.refresh
        scheduler.account, scheduler.limit = self._dispatcher.roll_all, self._limits.limit

    def _apply(self, share: Share) -> None:
        """Changed rules of a share: weights, and who may run."""
        shares = self.root.children if share is self.root else [share]
        for each in shares:
            scheduler = self._structure.schedulers.get(each)
            entities = self._structure.entities(each)
            if scheduler is not None:
                self._dispatcher.weigh_processors(each)
            elif each.node is not None:
                self._dispatcher.weigh(each.node.entity, each.weight)
            else:
                self._dispatcher.weigh_group(each)
            for entity in (*entities, *self._limits.limited(each)):
                self._dispatcher.refresh(entity)
                if entity.inner is not None or entity.share.active:
                    self._dispatcher.rebind(entity)

    def _rebuild(self, share: Share) -> None:
        """Another width: all below becomes runnable anew on other virtual processors."""
        seats = [leaf.node for leaf in self.active if share in leaf.lineage]
        for seat in seats:
            if seat.entity.queued:
                self._dispatcher.extract(seat.entity)
        self._limits.forget(share)
        self._structure.forget(share)
        for leaf in below(share):
            if leaf.node is None:
                continue
            old: Seat = leaf.node
            new = self._structure.new_seat(leaf)
            new.carry_ns, new.job_carry_ns, new.job_ns = old.carry_ns, old.job_carry_ns, old.job_ns
            new.entity.need_ns, new.order, new.since_ns = old.entity.need_ns, old.order, old.since_ns
            if leaf.active:
                self._arrivals.append(new)

    def _set_online(self, number: int) -> None:
        scheduler = self._structure.machine
        scheduler.grow(number)
        for processor in scheduler.processors:
            if processor.online:
                continue
            for entity in [*_standing(processor.queue)]:
                self._dispatcher.extract(entity)
                if any(each.online for each in scheduler.processors):
                    self._dispatcher.refresh(entity)

    # ---- time

    def _account(self, seat: Seat, now_ns: int) -> None:
        processor = self._structure.physical(seat.entity.queue) if seat.entity.queued else None
        if processor is not None:
            self._dispatcher.roll(processor, now_ns)
        elif seat.state == "pool":
            for each in self._structure.machine.processors:
                self._dispatcher.roll(each, now_ns)
        seat.book(now_ns)
        self._measure(seat)

    def _measure(self, seat: Seat) -> None:
        """What of a thread's work remains."""
        share, had_ns = seat.entity.share, seat.job_ns - seat.entity.need_ns
        share.remaining = max(0.0, share.work - had_ns * self.unit_rate / 1e9) if had_ns < seat.job_ns else 0.0

    def _plan(self, processor: Processor) -> None:
        """When something happens next on a physical processor."""
        due_ns = processor.left_ns = processor.queue.horizon()
        if due_ns < NEVER:
            due_ns = processor.at_ns + (due_ns if processor.speed == 1.0 else ceil(due_ns / processor.speed))
        if due_ns != processor.due_ns:
            processor.due_ns = due_ns
            self._calendar.schedule(processor, due_ns)

    # ---- events

    def _fire(self) -> None:
        """Something is due: ends of work of one instant are taken together, in order of submission."""
        now_ns = self._calendar.now_ns()
        ended, self._at_once = self._at_once, []
        fired: list[Processor] = []
        take = self._calendar.take
        while (item := take(now_ns)) is not None:
            if isinstance(item, Processor):
                fired.append(item)
                self._happens(item, now_ns, ended)
            elif isinstance(item, Budget):
                self._limits.refill_budget(item, now_ns)
            else:
                self._tick(item)
        if len(ended) > 1:
            ended.sort(key=_by_order)
        for seat in ended:
            self._complete(seat, now_ns)
        dirty = self._dispatcher.dirty
        for processor in fired:
            if processor not in dirty:
                if processor.queue.over():
                    self._dispatcher.touch(processor)
                else:
                    self._plan(processor)
        if not self._calendar.ending:
            self._calendar.arm()

    def _happens(self, processor: Processor, now_ns: int, ended: list[Seat]) -> None:
        """What the event on a processor is: an end of work, a portion of a budget used up, or a turn."""
        self._dispatcher.roll(processor, now_ns)
        exhausted: list[Grant] = []
        entity = processor.queue.current
        while entity is not None:
            if entity.grants:
                exhausted += [grant for grant in entity.grants if grant.left_ns <= 0]
            if entity.inner is None:
                if entity.need_ns <= 0 and entity.share.active:
                    ended.append(entity.share.node)
                break
            entity = entity.inner.current
        for grant in exhausted:
            self._dispatcher.touch(processor)
            if grant.entity.queued and grant.left_ns <= 0:
                self._limits.ask(grant)

    def _complete(self, seat: Seat, now_ns: int) -> None:
        share = seat.entity.share
        done = share.done
        if not share.active or seat.entity.need_ns > 0 or done is None:
            return
        seat.book(now_ns)
        self._served_before += share.work
        share.remaining = 0.0
        self._retire(seat)
        done(share)
        if share not in self.active:
            self._left.append(seat)
            self._calendar.ends_instant()

    def _retire(self, seat: Seat) -> None:
        share = seat.entity.share
        share.active = False
        del self.active[share]
        self._costs.working_sets_bytes -= share.working_set_bytes
        seat.entity.need_ns = 0

    def _goes_on(self, seat: Seat, now_ns: int) -> None:
        """New work in the instant in which the last one ended: it keeps its turn."""
        if seat.since_ns < now_ns:
            self._account(seat, now_ns)
        processor = self._structure.physical(seat.entity.queue)
        if processor is not None and (processor.due_ns < NEVER or self._calendar.ending):
            self._dispatcher.touch(processor)

    def _end_of_instant(self) -> None:
        """All that changed at this instant takes effect."""
        now_ns = self._calendar.now_ns()
        left, self._left = self._left, []
        for seat in left:
            self._dispatcher.refresh(seat.entity)
        arrivals, self._arrivals = self._arrivals, []
        for seat in arrivals:
            if seat.entity.share.active:
                self._dispatcher.refresh(seat.entity)
                seat.bind(now_ns) if not seat.entity.queued else None
        self._even_out()
        self._calendar.ending = False
        observers = self._observers
        dirty, self._dispatcher.dirty = self._dispatcher.dirty, {}
        for processor in dirty:
            self._costs.price(processor.queue)
            processor.queue.prepare()
            self._plan(processor)
            if observers.trace is not None:
                observers.note(processor, now_ns)
        observers.look(now_ns)
        self._calendar.arm()

    def _even_out(self) -> None:
        """Idle processors take what waits; policies that do something periodically start to; siblings slow down."""
        pools = [(scheduler, scheduler.pool) for scheduler in self._structure.pooled if scheduler.pool is not None]
        while True:
            for scheduler, pool in pools:
                self._dispatcher.share_out(scheduler, pool)
            for processor in [*self._observers.watched]:
                if not processor.queue.entities:
                    processor.scheduler.pull(processor)
            if not any(pool.changed for _, pool in pools):
                break  # else a guest's processor took a thread over, and wants one of the machine's
        for scheduler in self._structure.ticking:
            if scheduler.due_ns == NEVER and scheduler.policy.ticks(scheduler):
                self._schedule_tick(scheduler)
        if self._structure.machine.threads_per_core > 1:
            self._set_speeds()

    def _set_speeds(self) -> None:
        """Hardware threads of one core are slower while more than one is busy."""
        for processor in self._structure.machine.processors:
            busy = bool(processor.queue.entities) and any(
                sibling.queue.entities for sibling in self._structure.machine.siblings(processor)
            )
            speed = self.smt_factor if busy else 1.0
            if speed != processor.speed:
                self._dispatcher.touch(processor)
                processor.speed = speed

    def _schedule_tick(self, scheduler: Scheduler) -> None:
        period_ns = round(scheduler.policy.tick_s() * 1e9)
        self._calendar.schedule(scheduler, (self._calendar.now_ns() // period_ns + 1) * period_ns)

    def _tick(self, scheduler: Scheduler) -> None:
        """What a policy does periodically."""
        for processor in scheduler.processors:
            self._dispatcher.touch(self._structure.physical(processor.queue))
        scheduler.policy.tick(scheduler)
        self._calendar.ends_instant()


def _is_idle(processor: Processor) -> bool:
    """Whether nobody is runnable there but those whose work has ended in this instant."""
    return not any(entity.inner is not None or entity.share.active for entity in processor.queue.entities)


def _standing(queue: RunQueue) -> Iterable[Entity]:
    """All in a queue that are placed by their scheduler: not groups, but who stands in them."""
    for entity in queue.entities:
        if entity.kind == "group":
            assert entity.inner is not None
            yield from _standing(entity.inner)
        else:
            yield entity


def _by_order(seat: Seat) -> int:
    return seat.order


SHARING = Quantum
