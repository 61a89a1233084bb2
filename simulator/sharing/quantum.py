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
The cache's rivals in ``refill`` are those runnable when the run queue last changed. A whole machine, its virtual
processors and their weights follow LAWS: GPS within one slice.

References: the policies' own docstrings; Linux Documentation/scheduler; PERFORMANCE: closed-form rotation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import ceil

import simpy

from simulator.discovery import member
from simulator.sharing._bandwidth import Budget, Grant
from simulator.sharing._calendar import Calendar
from simulator.sharing._costs import Costs, Refill
from simulator.sharing._observers import Observers, Segment, Transition
from simulator.sharing._pool import Pool
from simulator.sharing._processors import Processor, Scheduler
from simulator.sharing._rotation import NEVER, Entity, RunQueue
from simulator.sharing._seat import Seat
from simulator.sharing.policies._base import Policy
from simulator.sharing.tree import INFINITE, Scheduling, Share

FIDELITY = "quantum"
NOT_MODELLED = (
    "timer ticks that delay a decision to the next tick",
    "cache contents beyond whole working sets",
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
        trace: list[Segment] | None = None,
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
        self._schedulers: dict[Share, Scheduler] = {}
        self._ticking: list[Scheduler] = []
        self._budgets: dict[Share, Budget] = {}
        self._arrivals: list[Seat] = []
        self._left: list[Seat] = []
        self._at_once: list[Seat] = []
        self._dirty: dict[Processor, None] = {}
        self._calendar = Calendar(environment, self._fire, self._end_of_instant)
        self._scheduler = self._new_scheduler(self.root, None, ())
        self._scheduler.threads_per_core = threads_per_core
        self._scheduler.grow(self._number(capacity))

    # ---- the interface of every fidelity

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
        seat: Seat = share.seat or self._new_seat(share)
        share.active, share.work, share.remaining, share.done = True, work, work, done
        self.active[share] = None
        self._costs.working_sets_bytes += share.working_set_bytes
        seat.begin(work, self.unit_rate)
        self._order += 1
        seat.order = self._order
        now_ns = self._calendar.now_ns()
        if not seat.entity.need_ns:
            self._at_once.append(seat)
            self._calendar.soon()
            return
        elif seat.entity.queued:
            self._goes_on(seat, now_ns)
            return
        else:
            seat.since_ns, seat.state = now_ns, "ready"
            self._arrivals.append(seat)
        self._calendar.ends_instant()

    def remove(self, share: Share) -> float:
        """Take a leaf's work away; returns the exact remainder.

        Raises:
            ValueError: the share has no work.
        """
        if share not in self.active:
            raise ValueError(f"{share.name} has no work")
        seat: Seat = share.seat
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
                number = self._number(cap)
                share.cap = cap
                self._set_online(number)
        elif width is not None and width != share.width:
            share.width = width
            share.cap = share.cap if cap is None else cap
            self._rebuild(share)
        elif cap is not None:
            share.cap = cap
            self._set_budget(share)
        self._apply(share)
        self._calendar.ends_instant()

    def set_unit_rate(self, unit_rate: float, capacity: float) -> None:
        """Another clock frequency: the rate of one processor, and of all together."""
        self.settle()
        self.unit_rate = unit_rate
        for scheduler in self._schedulers.values():
            scheduler.policy.unit_rate = unit_rate
        self.root.cap = capacity
        for share in self.active:
            self._served_before += share.work - share.remaining
            share.work = share.remaining
            share.seat.change_rate(unit_rate)
        for processor in self._scheduler.processors:
            self._touch(processor)
        self._set_online(self._number(capacity))
        self._calendar.ends_instant()

    def policy(self, share: Share | None = None) -> Policy:
        """The policy that divides a share's processors; of the device if none is given."""
        return self._scheduler_of(share or self.root).policy

    def settle(self) -> None:
        """Bring all accounts to the present: served, and of each active leaf what remains and what it waited for."""
        now_ns = self._calendar.now_ns()
        for processor in self._scheduler.processors:
            self._roll(processor, now_ns)
            self._observers.note(processor, now_ns, cut=True)
        for share in self.active:
            share.seat.book(now_ns)
            self._measure(share.seat)

    def finds_idle(self, share: Share) -> bool:
        """Whether a thread that becomes runnable in a share would find a processor of it idle."""
        scheduler = self._scheduler_of(share)
        while True:
            online = [processor for processor in scheduler.processors if processor.online]
            if not any(self._is_idle(processor) for processor in online):
                return False
            if scheduler.above is None:
                return True
            scheduler = scheduler.above

    # ---- structure: schedulers, groups, threads

    def _number(self, capacity: float) -> int:
        number = round(capacity / self.unit_rate)
        if abs(number * self.unit_rate - capacity) > 1e-6 * self.unit_rate or number < 0:
            raise ValueError(
                f"a capacity of {capacity:g} is no whole number of processors of {self.unit_rate:g}; "
                "slices need whole processors"
            )
        return number

    def _new_queue(self, policy: Policy) -> RunQueue:
        queue = RunQueue(policy, self._costs.pay, self._stepping)
        if self._observers.on_transition is not None:
            queue.on_switch = self._observers.switched
        return queue

    def _new_scheduler(self, share: Share, above: Scheduler | None, groups: tuple[Share, ...]) -> Scheduler:
        scheduling = share.scheduling
        if scheduling is None:
            assert above is not None
            owner = above.share
            assert owner.scheduling is not None or above.above is not None
            scheduling = self._policy_of(above)
        number = self._number(share.cap) if above is None else self._width(share, above)
        policy: Policy = member("sharing.policies", scheduling.policy).POLICY(scheduling.parameters, number)
        policy.unit_rate = self.unit_rate
        scheduler = Scheduler(share, policy, self._new_queue, above, groups)
        scheduler.migrate, scheduler.refresh = self._migrate, self._refresh
        scheduler.account, scheduler.limit = self._roll_all, self._limit
        if policy.tick_s():
            self._ticking.append(scheduler)
        self._schedulers[share] = scheduler
        if above is not None:
            scheduler.grow(number)
            for processor in scheduler.processors:
                self._limit(processor.entity, above)
        return scheduler

    def _policy_of(self, scheduler: Scheduler) -> Scheduling:
        """The scheduling that a scheduler was made from: its share's, or that of the nearest above which says one."""
        while scheduler.share.scheduling is None:
            assert scheduler.above is not None
            scheduler = scheduler.above
        return scheduler.share.scheduling

    @staticmethod
    def _width(share: Share, above: Scheduler) -> int:
        online = sum(processor.online for processor in above.processors)
        return online if share.width == INFINITE else max(0, min(ceil(share.width), len(above.processors)))

    def _scheduler_of(self, share: Share) -> Scheduler:
        """The scheduler whose queues an entity of a share below this one stands in; made where there is none yet."""
        if share is self.root:
            return self._scheduler
        found = self._schedulers.get(share)
        if found is not None:
            return found
        assert share.parent is not None
        above = self._scheduler_of(share.parent)
        if share.children and (share.scheduling is not None or share.width < INFINITE):
            return self._new_scheduler(share, above, above.groups_of(Entity(share)))
        return above

    def _new_seat(self, share: Share) -> Seat:
        assert share.parent is not None
        scheduler = self._scheduler_of(share.parent)
        entity = Entity(share)
        seat = share.seat = Seat(entity, scheduler)
        self._limit(entity, scheduler)
        return seat

    def _entities(self, share: Share) -> list[Entity]:
        """All that take turns for a share."""
        scheduler = self._schedulers.get(share)
        if scheduler is not None and scheduler.above is not None:
            return [processor.entity for processor in scheduler.processors if processor.entity is not None]
        if share.seat is not None:
            return [share.seat.entity]
        if share.parent is None:
            return []
        return self._scheduler_of(share.parent).entities_of(share)

    def _above(self, entity: Entity) -> Scheduler:
        """The scheduler in whose queues an entity stands."""
        share = entity.share
        if entity.home is not None:
            assert share.parent is not None
            return self._scheduler_of(share.parent)
        if entity.inner is None:
            seat: Seat = share.seat
            return seat.scheduler
        above = self._schedulers[share].above
        assert above is not None
        return above

    def _physical(self, queue: RunQueue | None) -> Processor | None:
        """The physical processor on which a queue is being served; None while something above it is not runnable."""
        while queue is not None and queue.host is not None:
            queue = queue.host.queue if queue.host.queued else None
        if queue is None:
            return None
        processor: Processor | None = queue.processor
        return processor

    # ---- bandwidth

    def _limit(self, entity: Entity | None, scheduler: Scheduler) -> None:
        """Give an entity a grant of its share's budget, if it has one; in a pool also of those of its groups."""
        if entity is None:
            return
        groups = scheduler.groups_of(entity) if scheduler.pool is not None else ()
        for share in (*groups, entity.share):
            self._grant(entity, share, scheduler)

    def _grant(self, entity: Entity, share: Share, scheduler: Scheduler) -> None:
        budget = self._budgets.get(share)
        if budget is None:
            rule = scheduler.policy.budget(share, self.unit_rate)
            if rule is None:
                return
            portion_ns = scheduler.policy.portion_ns(share, rule[0])
            budget = self._budgets[share] = Budget(*rule, portion_ns, self._calendar.now_ns())
        grant = Grant(budget, entity)
        budget.grants.append(grant)
        entity.grants = (*entity.grants, grant)

    def _set_budget(self, share: Share) -> None:
        """Another cap: of the present period's budget what was used is used."""
        entities = self._limited(share)
        old = self._budgets.pop(share, None)
        used_ns = old.quota_ns - old.unused_ns() if old is not None else 0
        if old is not None:
            old.due_ns = NEVER
        for entity in entities:
            entity.grants = tuple(grant for grant in entity.grants if grant.budget is not old)
            entity.held = "" if entity.held == "throttled" else entity.held
            self._grant(entity, share, self._above(entity))
        new = self._budgets.get(share)
        if new is not None:
            new.pool_ns = max(0, new.pool_ns - used_ns)

    def _limited(self, share: Share) -> list[Entity]:
        """All that have grants of a share's budget: its entities; in a pool, for a group, those that stand in it."""
        entities = self._entities(share)
        if share.children and share not in self._schedulers and share.parent is not None:
            scheduler = self._scheduler_of(share.parent)
            if scheduler.pool is not None:
                return [entity for entity in self._placed(scheduler) if share in entity.share.lineage]
        return entities

    def _placed(self, scheduler: Scheduler) -> Iterable[Entity]:
        """All threads and virtual processors that a scheduler places."""
        for below in _below(scheduler.share):
            if below.seat is not None and below.seat.scheduler is scheduler:
                yield below.seat.entity
            elif below in self._schedulers and self._schedulers[below].above is scheduler:
                yield from self._entities(below)

    def _has_budget(self, entity: Entity) -> bool:
        """Whether an entity that is about to run has, or gets, a portion of every budget that limits it; else it is
        throttled."""
        for grant in entity.grants:
            if grant.budget.due_ns == NEVER:
                grant.budget.begin(self._calendar.now_ns())
                self._calendar.schedule(grant.budget, grant.budget.next_ns)
            if grant.left_ns <= 0 and not self._portion(grant):
                entity.held = "throttled"
                return False
        return True

    def _portion(self, grant: Grant) -> bool:
        """Another portion of a budget; or none, where the policy lets the entity go on without."""
        if grant.budget.request(grant):
            return True
        if not self._above(grant.entity).policy.exhausted(grant.entity):
            return False
        grant.lend()
        return True

    def _refill_budget(self, budget: Budget, now_ns: int) -> None:
        for grant in budget.grants:
            self._touch(self._physical(grant.entity.queue) if grant.entity.queued else None)
        if not budget.wanted():
            return
        budget.refill(now_ns)
        self._calendar.schedule(budget, budget.next_ns)
        for grant in budget.grants:
            if grant.entity.queued and grant.entity.queue is not None and grant.entity.queue.processor is not None:
                self._ask(grant)
                if self._above(grant.entity).policy.refilled(grant.entity):
                    grant.entity.queue.put_back()
        for grant in budget.grants:
            if grant.entity.held == "throttled":
                grant.entity.held = ""
                self._refresh(grant.entity)

    def _ask(self, grant: Grant) -> None:
        """An entity has used up its portion: another one, or it is throttled."""
        entity = grant.entity
        if not self._portion(grant):
            entity.held = "throttled"
            self._refresh(entity)
            return
        queue = entity.queue
        if queue is not None:
            self._touch(self._physical(queue))
            if grant.lent and queue.current is entity:
                queue.put_back()

    # ---- who is runnable

    def _wants(self, entity: Entity) -> bool:
        if entity.held or entity.frozen():
            return False
        if entity.home is None:
            scheduler = self._above(entity)
            if scheduler.pool is not None and any(group.frozen for group in scheduler.groups_of(entity)):
                return False
        if entity.inner is not None:
            return bool(entity.inner.entities)
        return entity.share.active and entity.need_ns > 0

    def _refresh(self, entity: Entity) -> None:
        """Put an entity into its queue, or take it out, if that is due; then the same for what it stands on."""
        wants = self._wants(entity)
        if wants == entity.queued:
            return
        if wants:
            if entity.grants and self._above(entity).pool is None and not self._has_budget(entity):
                self._rebind(entity)
                return
            self._insert(entity, self._destination(entity), woken=True)
        else:
            self._extract(entity)

    def _destination(self, entity: Entity) -> RunQueue:
        """The queue in which a runnable entity will stand."""
        if entity.home is not None:
            return entity.home
        scheduler = self._above(entity)
        groups = scheduler.groups_of(entity)
        if scheduler.pool is not None:
            self._touch_around(scheduler.pool.queue)
            scheduler.pool.charge_running(scheduler)
            return scheduler.pool.queue_of(groups)
        processor = scheduler.place(entity)
        if entity.queue is not None and entity.queue.processor is not processor:
            entity.share.migrations += 1
        return scheduler.queue_on(processor, groups)

    def _insert(self, entity: Entity, queue: RunQueue, woken: bool, moved: bool = True) -> None:
        """Put an entity into a queue; ``moved`` is False between a pool and its processors: nobody came."""
        now_ns = self._calendar.now_ns()
        self._calendar.ends_instant()
        self._touch_around(queue)
        for thread in entity.threads():
            thread.share.seat.book(now_ns)
        if woken:
            entity.ran, entity.first_ns, entity.moved = False, 0, False
        if queue.processor is not None and not queue.processor.queue.entities:
            self._observers.watched[queue.processor] = None
        queue.add(entity, woken)
        if queue.host is not None:
            self._refresh(queue.host)
        self._touch(self._physical(queue))
        self._rebind(entity)
        if moved:
            self._weigh_around(entity, queue)
        if woken:
            self._check_preemption(entity, queue)

    def _extract(self, entity: Entity, gone: bool = True) -> None:
        queue, now_ns = entity.queue, self._calendar.now_ns()
        assert queue is not None
        self._calendar.ends_instant()
        self._touch_around(queue)
        for thread in entity.threads():
            thread.share.seat.book(now_ns)
        processor, pool = queue.processor, self._above(entity).pool if entity.home is None else None
        queue.drop(entity, gone)
        if pool is not None and processor is not None:
            ran_ns = entity.served_ns + entity.paid_ns - processor.mark_ns
            pool.charge(entity, self._above(entity).groups_of(entity), ran_ns)
        if processor is not None and not processor.queue.entities:
            self._observers.watched[processor] = None
        for grant in entity.grants:
            grant.budget.give_back(grant)
        if gone:
            self._weigh_around(entity, queue)
        if queue.host is not None:
            self._refresh(queue.host)
        self._rebind(entity)

    def _rebind(self, entity: Entity) -> None:
        now_ns = self._calendar.now_ns()
        for thread in entity.threads():
            seat: Seat = thread.share.seat
            if seat.since_ns < now_ns:
                seat.book(now_ns)
            seat.bind(now_ns)

    def _check_preemption(self, entity: Entity, queue: RunQueue) -> None:
        """Whether an entity that woke takes the processor: compared where its way and the current one's part."""
        if queue.processor is None:
            self._check_pool(entity, queue)
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
                self._observers.tell("preempt", entity.share, queue)
            return

    def _check_pool(self, entity: Entity, queue: RunQueue) -> None:
        """The same where all wait together: it takes the processor of whoever has least claim to one."""
        scheduler = self._above(entity)
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
                self._observers.tell("preempt", entity.share, processor.queue)

    def _migrate(self, entity: Entity, processor: Processor) -> None:
        """A waiting entity goes on on another processor of its scheduler."""
        self._extract(entity)
        entity.share.migrations += 1
        entity.moved = entity.ran
        if self._has_budget(entity):
            queue = processor.scheduler.queue_on(processor, processor.scheduler.groups_of(entity))
            self._insert(entity, queue, woken=False)

    def _share_out(self, scheduler: Scheduler, pool: Pool) -> None:
        """Processors that share one queue: whose slice is over gives its entity back; who is free takes the first."""
        for processor in scheduler.processors:
            queue = processor.queue
            if queue.current is not None and queue.slice_left_ns <= 0 and pool.queue.entities:
                entity = queue.current
                self._extract(entity, gone=False)
                self._insert(entity, pool.queue_of(scheduler.groups_of(entity)), woken=False, moved=False)
        pool.charge_running(scheduler)
        first = self._first(scheduler, pool)
        while first is not None:
            self._take(first, scheduler.place(first))
            first = self._first(scheduler, pool)
        for processor in scheduler.processors:
            if processor.queue.idle_slices != bool(pool.queue.entities):
                self._touch(self._physical(processor.queue))
                processor.queue.idle_slices = bool(pool.queue.entities)

    @staticmethod
    def _first(scheduler: Scheduler, pool: Pool) -> Entity | None:
        """Who of those that wait together is next on a processor that is free."""
        free = {processor for processor in scheduler.processors if processor.online and not processor.queue.entities}
        return pool.first(lambda entity: not free.isdisjoint(scheduler.allowed(entity))) if free else None

    def _take(self, entity: Entity, processor: Processor) -> None:
        """A processor takes an entity from the pool, if its budgets let it run."""
        before: Processor | None = entity.place
        self._extract(entity, gone=False)
        if not self._has_budget(entity):
            self._rebind(entity)
            self._weigh_around(entity, processor.queue)
            return
        if entity.ran and processor.queue.last is not entity:
            entity.moved = before is not None and before is not processor
            entity.share.migrations += entity.moved
        entity.place = processor
        processor.mark_ns = entity.served_ns + entity.paid_ns
        self._insert(entity, processor.queue, woken=False, moved=False)

    def _weigh_around(self, entity: Entity, queue: RunQueue) -> None:
        """The weights that depend on how much is runnable where: of the groups above, and of a guest's processors."""
        if entity.kind == "vcpu":
            self._weigh_processors(entity.share)
        host = queue.host
        while host is not None and host.kind == "group":
            self._weigh_group(host.share)
            host = host.home.host if host.home is not None else None
        if host is None and entity.kind == "thread":
            entity.weight = entity.share.weight

    def _weigh_processors(self, share: Share) -> None:
        entities = [entity for entity in self._entities(share) if entity.queued]
        for entity in entities:
            weight = share.weight if share.weight_rule == "active" else share.weight / len(entities)
            self._weigh(entity, weight)

    def _weigh_group(self, share: Share) -> None:
        counts = [(entity, _runnable(entity)) for entity in self._entities(share)]
        total = sum(count for _, count in counts)
        for entity, count in counts:
            if count:
                part = float(count) if share.weight_rule == "active" else count / total
                self._weigh(entity, share.weight * part)

    def _weigh(self, entity: Entity, weight: float) -> None:
        if entity.weight == weight:
            return
        if entity.queued and entity.queue is not None:
            self._touch(self._physical(entity.queue))
            entity.queue.split_slice()
            entity.queue.dirty = True
        entity.weight = weight

    def _apply(self, share: Share) -> None:
        """Changed rules of a share: weights, and who may run."""
        shares = self.root.children if share is self.root else [share]
        for each in shares:
            scheduler = self._schedulers.get(each)
            entities = self._entities(each)
            if scheduler is not None:
                self._weigh_processors(each)
            elif each.seat is not None:
                self._weigh(each.seat.entity, each.weight)
            else:
                self._weigh_group(each)
            for entity in (*entities, *self._limited(each)):
                self._refresh(entity)
                self._rebind(entity)

    def _rebuild(self, share: Share) -> None:
        """Another width: all below becomes runnable anew on other virtual processors."""
        seats = [leaf.seat for leaf in self.active if share in leaf.lineage]
        for seat in seats:
            if seat.entity.queued:
                self._extract(seat.entity)
        for gone in [each for each in self._schedulers if share in each.lineage]:
            scheduler = self._schedulers.pop(gone)
            scheduler.due_ns = NEVER
            if scheduler.above is not None:
                scheduler.above.below.remove(scheduler)
            self._ticking = [each for each in self._ticking if each is not scheduler]
        for gone in [each for each in self._budgets if share in each.lineage]:
            self._budgets.pop(gone).due_ns = NEVER
        above = self._scheduler_of(share.parent or self.root)
        for below in _below(share):
            above.forget(below)
        for leaf in _leaves(share):
            if leaf.seat is None:
                continue
            old: Seat = leaf.seat
            new = self._new_seat(leaf)
            new.carry_ns, new.job_carry_ns, new.job_ns = old.carry_ns, old.job_carry_ns, old.job_ns
            new.entity.need_ns, new.order, new.since_ns = old.entity.need_ns, old.order, old.since_ns
            if leaf.active:
                self._arrivals.append(new)

    def _set_online(self, number: int) -> None:
        scheduler = self._scheduler
        scheduler.grow(number)
        for processor in scheduler.processors:
            if processor.online:
                continue
            for entity in [*_standing(processor.queue)]:
                self._extract(entity)
                if any(each.online for each in scheduler.processors):
                    self._refresh(entity)

    # ---- time

    def _roll(self, processor: Processor, now_ns: int) -> None:
        time_ns = now_ns - processor.at_ns
        if time_ns <= 0:
            return
        processor.at_ns = now_ns
        if processor.speed != 1.0:
            time_ns = min(round(time_ns * processor.speed), processor.left_ns)
            processor.left_ns -= time_ns
        processor.queue.advance(time_ns)

    def _roll_all(self, scheduler: Scheduler) -> None:
        for processor in scheduler.processors:
            physical = self._physical(processor.queue)
            if physical is not None:
                self._roll(physical, self._calendar.now_ns())

    def _touch(self, processor: Processor | None) -> None:
        """A physical processor is about to change: account for the time up to now; plan it anew at the end of now."""
        if processor is not None and processor not in self._dirty:
            self._roll(processor, self._calendar.now_ns())
            self._dirty[processor] = None
            self._calendar.ends_instant()

    def _touch_around(self, queue: RunQueue) -> None:
        """The processor on which a queue is served; all of them for those who wait for any."""
        processor = self._physical(queue)
        if processor is not None:
            self._touch(processor)
            return
        now_ns = self._calendar.now_ns()
        for each in self._scheduler.processors:
            self._roll(each, now_ns)

    def _account(self, seat: Seat, now_ns: int) -> None:
        processor = self._physical(seat.entity.queue) if seat.entity.queued else None
        if processor is not None:
            self._roll(processor, now_ns)
        elif seat.state == "pool":
            for each in self._scheduler.processors:
                self._roll(each, now_ns)
        seat.book(now_ns)
        self._measure(seat)

    def _measure(self, seat: Seat) -> None:
        """What of a thread's work remains."""
        share, had_ns = seat.entity.share, seat.job_ns - seat.entity.need_ns
        share.remaining = max(0.0, share.work - had_ns * self.unit_rate / 1e9) if had_ns < seat.job_ns else 0.0

    def _plan(self, processor: Processor) -> None:
        """When something happens next on a physical processor."""
        horizon_ns = processor.left_ns = processor.queue.horizon()
        if horizon_ns < NEVER and processor.speed != 1.0:
            horizon_ns = ceil(horizon_ns / processor.speed)
        due_ns = processor.at_ns + horizon_ns if horizon_ns < NEVER else NEVER
        if due_ns != processor.due_ns:
            processor.due_ns = due_ns
            self._calendar.schedule(processor, due_ns)

    # ---- events

    def _fire(self) -> None:
        """Something is due: ends of work of one instant are taken together, in order of submission."""
        now_ns = self._calendar.now_ns()
        ended, self._at_once = self._at_once, []
        fired: list[Processor] = []
        for item in self._calendar.due(now_ns):
            if isinstance(item, Processor):
                fired.append(item)
                self._happens(item, now_ns, ended)
            elif isinstance(item, Budget):
                self._refill_budget(item, now_ns)
            else:
                self._tick(item)
        if len(ended) > 1:
            ended.sort(key=_by_order)
        for seat in ended:
            self._complete(seat, now_ns)
        for processor in fired:
            if processor not in self._dirty:
                if processor.queue.over():
                    self._touch(processor)
                else:
                    self._plan(processor)
        if not self._calendar.ending:
            self._calendar.arm()

    def _happens(self, processor: Processor, now_ns: int, ended: list[Seat]) -> None:
        """What the event on a processor is: an end of work, a portion of a budget used up, or a turn."""
        self._roll(processor, now_ns)
        exhausted: list[Grant] | None = None
        entity = processor.queue.current
        while entity is not None:
            if entity.grants:
                exhausted = [*(exhausted or ()), *(grant for grant in entity.grants if grant.left_ns <= 0)]
            if entity.inner is None:
                if entity.need_ns <= 0 and entity.share.active:
                    ended.append(entity.share.seat)
                break
            entity = entity.inner.current
        for grant in exhausted or ():
            self._touch(processor)
            if grant.entity.queued and grant.left_ns <= 0:
                self._ask(grant)

    def _complete(self, seat: Seat, now_ns: int) -> None:
        share = seat.entity.share
        if share not in self.active or seat.entity.need_ns > 0:
            return
        seat.book(now_ns)
        self._served_before += share.work
        share.remaining = 0.0
        self._retire(seat)
        assert share.done is not None
        share.done(share)
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
        processor = self._physical(seat.entity.queue)
        if processor is not None and (processor.due_ns < NEVER or self._calendar.ending):
            self._touch(processor)

    def _end_of_instant(self) -> None:
        """All that changed at this instant takes effect."""
        now_ns = self._calendar.now_ns()
        left, self._left = self._left, []
        for seat in left:
            self._refresh(seat.entity)
        arrivals, self._arrivals = self._arrivals, []
        for seat in arrivals:
            if seat.entity.share.active:
                self._refresh(seat.entity)
                seat.bind(now_ns) if not seat.entity.queued else None
        self._even_out()
        self._calendar.ending = False
        dirty, self._dirty = self._dirty, {}
        for processor in dirty:
            self._costs.price(processor.queue)
            processor.queue.prepare()
            self._plan(processor)
            self._observers.note(processor, now_ns)
        self._observers.look()
        self._calendar.arm()

    def _even_out(self) -> None:
        """Idle processors take what waits; policies that do something periodically start to; siblings slow down."""
        for scheduler in reversed([*self._schedulers.values()]):  # guests before what they stand on
            if scheduler.pool is not None:
                self._share_out(scheduler, scheduler.pool)
        for processor in [*self._observers.watched]:
            if not processor.queue.entities:
                processor.scheduler.pull(processor)
        for scheduler in self._ticking:
            if scheduler.due_ns == NEVER and scheduler.policy.ticks(scheduler):
                self._schedule_tick(scheduler)
        if self._scheduler.threads_per_core > 1:
            self._set_speeds()

    def _set_speeds(self) -> None:
        """Hardware threads of one core are slower while more than one is busy."""
        for processor in self._scheduler.processors:
            busy = bool(processor.queue.entities) and any(
                sibling.queue.entities for sibling in self._scheduler.siblings(processor)
            )
            speed = self.smt_factor if busy else 1.0
            if speed != processor.speed:
                self._touch(processor)
                processor.speed = speed

    def _schedule_tick(self, scheduler: Scheduler) -> None:
        period_ns = round(scheduler.policy.tick_s() * 1e9)
        self._calendar.schedule(scheduler, (self._calendar.now_ns() // period_ns + 1) * period_ns)

    def _tick(self, scheduler: Scheduler) -> None:
        """What a policy does periodically."""
        for processor in scheduler.processors:
            self._touch(self._physical(processor.queue))
        scheduler.policy.tick(scheduler)
        self._calendar.ends_instant()

    # ---- what others are told

    def _is_idle(self, processor: Processor) -> bool:
        return not any(entity.share.active for entity in processor.queue.entities if entity.inner is None) and not any(
            entity.inner is not None for entity in processor.queue.entities
        )


def _runnable(entity: Entity) -> int:
    """Threads, or virtual processors, that stand on an entity."""
    if entity.kind != "group":
        return int(entity.queued)
    assert entity.inner is not None
    return sum(_runnable(inner) for inner in entity.inner.entities)


def _below(share: Share) -> Iterable[Share]:
    yield share
    for child in share.children:
        yield from _below(child)


def _leaves(share: Share) -> Iterable[Share]:
    if not share.children:
        yield share
    for child in share.children:
        yield from _leaves(child)


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
