"""One run queue: entities that take turns by slices, and where the rotation stands after any stretch of service.

An entity is a thread, a group (a cgroup's part on one processor) or a virtual processor; the latter two own a run
queue, which moves on in the service that the entity gets. Time is integer nanoseconds of the queue's own service.

While a queue is unchanged every entity has a fixed slice and its tag grows by a fixed step with each; the smallest
(tag, rank) has the next turn. So the next end of work, and the state after any time, follow without going from slice
to slice: entity i's last slice has the tag ``x_i = tag_i + (ceil(need_i / slice_i) - 1) * step_i``, the smallest
``x_i`` ends first, after all slices with a smaller tag. Everything is an integer, so the outcome is that of stepping
to the last bit. A policy without such a rotation is stepped: its slices end at events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from simulator.sharing.tree import Share

if TYPE_CHECKING:
    from simulator.sharing._bandwidth import Grant
    from simulator.sharing.policies._base import Policy

NEVER = 1 << 62
"""Nanoseconds until something that does not happen."""


class Entity:
    """What takes turns in a run queue.

    Args:
        share: whose it is.
        home: where it queues when it is runnable; None: where its scheduler places it.
        inner: the queue it owns; None for a thread.
    """

    __slots__ = (
        "cost_ns", "data", "first_ns", "grants", "held", "home", "inner", "moved", "need_ns", "paid_ns", "place",
        "purse", "queue", "queued", "ran", "rank", "served_ns", "share", "slice_ns", "step", "tag", "weight",
    )  # fmt: skip

    def __init__(self, share: Share, home: RunQueue | None = None, inner: RunQueue | None = None) -> None:
        self.share = share
        self.home = home
        self.queue: RunQueue | None = None
        """Where it queues, or did last."""
        self.inner = inner
        if inner is not None:
            inner.host = self
        self.weight = share.weight
        self.queued = False
        self.held = ""
        """Why it may not run although it could use a processor: throttled or stopped; empty if it may."""
        self.tag = self.rank = 0
        self.slice_ns = self.step = 1
        self.need_ns = 0
        """A thread's service until its work is done."""
        self.served_ns = self.paid_ns = 0
        """Service, and time spent on switches to it, so far."""
        self.purse = [0]
        """What its tenant's entities on this processor have had so far."""
        self.cost_ns = self.first_ns = 0
        """What a switch to it takes, and what the next one takes."""
        self.ran = self.moved = False
        """Whether it ran since it became runnable; whether it changed its processor since it last ran."""
        self.grants: tuple[Grant, ...] = ()
        self.data: Any = None
        """What the policy keeps about it."""
        self.place: Any = None
        """The processor that took it from a pool last."""

    @property
    def kind(self) -> str:
        """A thread, a group or a virtual processor (``vcpu``)."""
        if self.inner is None:
            return "thread"
        return "vcpu" if self.home is None else "group"

    def frozen(self) -> bool:
        """Whether its share may not be served, or the whole device."""
        share = self.share
        return share.frozen or (share.parent is not None and share.parent.parent is None and share.parent.frozen)

    def threads(self) -> Iterator[Entity]:
        """The runnable threads below, itself if it is one."""
        if self.inner is None:
            yield self
        else:
            for entity in self.inner.entities:
                yield from entity.threads()

    def alone(self) -> bool:
        """Whether it is one thread, or only one stands on it."""
        entity = self
        while entity.inner is not None:
            if len(entity.inner.entities) != 1:
                return False
            entity = entity.inner.entities[0]
        return True

    def need(self) -> int:
        """Service it takes until something happens to it: its work or an inner turn ends, its bandwidth is used up."""
        need_ns = self.need_ns if self.inner is None else self.inner.horizon()
        for grant in self.grants:
            if grant.left_ns < need_ns:
                need_ns = grant.left_ns
        return need_ns

    def begin(self) -> None:
        """It begins a turn: in the queues below, where one is over, the next one begins too."""
        entity: Entity | None = self
        while entity is not None and entity.inner is not None:
            entity.inner.give()
            entity = entity.inner.current

    def serve(self, time_ns: int) -> None:
        """It has run for this long."""
        self.served_ns += time_ns
        if self.inner is None:
            self.need_ns -= time_ns
            self.purse[0] += time_ns
        else:
            self.inner.advance(time_ns)
        for grant in self.grants:
            grant.left_ns -= time_ns


Payer = Callable[[Entity, Entity, int, float], None]
"""Books time that a thread (first) spent on switches to it or to an entity it stands on (second), and how many."""


class RunQueue:
    """Entities that share one processor, or one entity's service, by turns.

    Args:
        policy: who is next, for how long.
        pay: books switches on a thread.
        stepped: end every slice at an event, whatever the policy.
    """

    __slots__ = (
        "clock_ns", "cost_left_ns", "costly", "current", "dirty", "entities", "floor", "had_ns", "host", "idle_slices",
        "last", "nested", "on_switch", "pace", "pay", "pending", "plan", "policy", "processor", "rank", "round_ns",
        "slice_left_ns", "slice_ns", "state", "stepped", "switch_ns", "widest",
    )  # fmt: skip

    def __init__(self, policy: Policy, pay: Payer, stepped: bool = False) -> None:
        self.policy = policy
        self.pay = pay
        self.stepped = stepped or not policy.CLOSED
        self.host: Entity | None = None
        self.processor: Any = None
        self.entities: list[Entity] = []
        self.current: Entity | None = None
        self.last: Entity | None = None
        """Who ran last: a switch to it costs nothing."""
        self.clock_ns = 0
        self.slice_ns = self.slice_left_ns = self.cost_left_ns = self.switch_ns = 0
        self.had_ns = 0
        """What the current entity had of its turn before the queue last changed."""
        self.costly = False
        """Whether any switch costs something."""
        self.nested = False
        """Whether a queue below must be stepped, and with it this one."""
        self.pending = 0
        """By how much the current entity's tag grows at the end of its slice."""
        self.rank = 0
        self.floor = 0
        """The policy's virtual time: no tag of a newcomer is far below it."""
        self.dirty = False
        self.plan: tuple[int, Entity, int, list[int]] | None = None
        """The next end that the rotation leads to: after what time, whose, in which part of its slice; whole turns of
        each until then."""
        self.widest = self.pace = self.round_ns = 0
        self.idle_slices = False
        """Whether slices end at events even for an entity that is alone."""
        self.state: Any = None
        self.on_switch: Callable[[RunQueue, Entity], None] | None = None

    # ---- changes; the clock must have been advanced to the present

    def add(self, entity: Entity, woken: bool) -> None:
        """An entity becomes runnable here."""
        self.plan = None
        self.rank += 1
        entity.rank = self.rank
        if entity.queue is not None and entity.queue.policy is not self.policy and not woken:
            self.policy.come_back(self, entity)
        else:
            self.policy.place(self, entity, woken)
        entity.queue, entity.queued = self, True
        self.entities.append(entity)
        self.dirty = True

    def drop(self, entity: Entity, gone: bool = True) -> None:
        """An entity is not runnable any more, or not here; or has a turn elsewhere, and comes back."""
        self.plan = None
        if entity is self.current:
            self.put_back()
        self.entities.remove(entity)
        entity.queued = False
        if gone:
            self.policy.leave(self, entity)
        self.dirty = True

    def put_back(self) -> None:
        """The current entity's slice is over, or cut short: it queues again."""
        self.plan = None
        entity = self.current
        if entity is None:
            return
        self.policy.charge(self, entity, self.slice_ns - self.slice_left_ns)
        self.current, self.slice_left_ns, self.cost_left_ns = None, 0, 0

    def charge_turn(self) -> None:
        """Charge the current entity for what it had of its turn, which goes on."""
        entity, had_ns = self.current, self.slice_ns - self.slice_left_ns
        if entity is not None and had_ns:
            self.plan = None
            self.policy.charge(self, entity, had_ns)
            self.had_ns += had_ns
            self.slice_ns = self.slice_left_ns

    def prepare(self, served: bool = True) -> None:
        """After all changes of an instant: new slices where the queue changed, a new turn where one is over.

        A queue that is not being served gives no turn: who comes before it is served again has a say.
        """
        if self.dirty:
            self.dirty = False
            self.policy.replan(self)
            self._measure()
        if served:
            self.give()
        for entity in self.entities:
            if entity.inner is not None and (entity.inner.entities or entity.inner.dirty):
                entity.inner.prepare(served and entity is self.current)

    def give(self) -> None:
        """A new turn if one is due."""
        if (self.slice_left_ns <= 0 or self.current is None) and self.entities:
            self._dispatch()

    def _measure(self) -> None:
        """What the rotation needs to know of the queue until it changes."""
        self.costly = self.nested = False
        for entity in self.entities:
            if entity.cost_ns or entity.first_ns:
                self.costly = True
            if entity.inner is not None and entity.inner.steps():
                self.nested = True
        if self.stepped or len(self.entities) < 2:
            return
        self.widest, self.pace, self.round_ns = 1, 1, 0
        for entity in self.entities:
            turn_ns, step = entity.slice_ns + entity.cost_ns, entity.step
            if step > self.widest:
                self.widest = step
            self.pace += turn_ns * _ONE // step
            self.round_ns += 2 * turn_ns

    def steps(self) -> bool:
        """Whether it cannot be followed in closed form, here or below."""
        return self.stepped or any(entity.inner is not None and entity.inner.steps() for entity in self.entities)

    def split_slice(self) -> None:
        """Charge the current entity for what it had of its slice; the rest counts as a slice of its own."""
        entity, had_ns = self.current, self.slice_ns - self.slice_left_ns
        if entity is not None and had_ns:
            self.plan = None
            part = had_ns * self.pending // self.slice_ns
            entity.tag += part
            self.pending -= part
            self.had_ns += had_ns
            self.slice_ns = self.slice_left_ns

    # ---- time

    def advance(self, time_ns: int) -> None:
        """Move on; nothing that ``horizon`` names may lie within."""
        self.clock_ns += time_ns
        plan = self.plan
        if plan is not None:
            self.plan = None
            if time_ns == plan[0]:
                self._follow(plan[1], plan[2], plan[3])
                return
        if not self.entities:
            return
        while time_ns > 0:
            if self.slice_left_ns <= 0:
                time_ns -= self._next_turn(time_ns)
            entity = self.current
            if entity is None:
                return
            if self.cost_left_ns:
                part = min(self.cost_left_ns, time_ns)
                self.cost_left_ns -= part
                self._pay(entity, part)
                time_ns -= part
            part = self.slice_left_ns if self.slice_left_ns < time_ns else time_ns
            if part:
                self.slice_left_ns -= part
                time_ns -= part
                if entity.inner is None and not entity.grants:
                    entity.need_ns -= part
                    entity.served_ns += part
                    entity.purse[0] += part
                else:
                    entity.serve(part)

    def _follow(self, best: Entity, need_ns: int, turns: list[int]) -> None:
        """Move on exactly to the end that was foreseen, the queue being as it was then."""
        if self.current is not None:
            self._end_turn(self.current)
        for entity, number in zip(self.entities, turns):  # noqa: B905 - a plan is of these entities
            if number:
                served_ns = number * entity.slice_ns
                entity.tag += number * entity.step
                if entity is best:
                    served_ns += need_ns
                    number += 1
            elif entity is best:
                served_ns, number = need_ns, 1
            else:
                continue
            if entity.inner is None and not entity.grants:
                entity.need_ns -= served_ns
                entity.served_ns += served_ns
                entity.purse[0] += served_ns
                if self.costly:
                    self._pay_turns(entity, number)
            else:
                self._give_turns(entity, number, served_ns)
            entity.ran, entity.moved, entity.first_ns = True, False, entity.cost_ns
        self.current = self.last = best
        self.slice_ns, self.pending, self.had_ns = best.slice_ns, best.step, 0
        self.slice_left_ns = best.slice_ns - need_ns

    def _end_turn(self, current: Entity) -> None:
        """The current entity has the rest of its slice."""
        if self.cost_left_ns:
            self._pay(current, self.cost_left_ns)
            self.cost_left_ns = 0
        current.tag += self.pending
        left_ns = self.slice_left_ns
        if current.inner is None and not current.grants:
            current.need_ns -= left_ns
            current.served_ns += left_ns
            current.purse[0] += left_ns
        elif left_ns:
            current.serve(left_ns)

    def _next_turn(self, time_ns: int) -> int:
        """Give turns until one that lasts to the end of the time given; returns the time of those before it."""
        entity = self.current
        before_ns = 0
        if entity is not None:
            if len(self.entities) == 1:
                before_ns = self._alone(entity, time_ns)
            elif self._regular():
                return self._rotate(entity, time_ns)
        self._dispatch()
        if self.cost_left_ns:
            self.current.begin()  # type: ignore[union-attr]
        return before_ns

    def horizon(self) -> int:
        """Own service until the next event."""
        current = self.current
        self.plan = None
        if self.slice_left_ns <= 0 or current is None:
            return self._horizon_between()
        need_ns = current.need_ns if current.inner is None and not current.grants else current.need()
        alone = len(self.entities) == 1 and not self.idle_slices
        if need_ns <= self.slice_left_ns or alone:
            return self.cost_left_ns + need_ns
        if not self._regular():
            return self.cost_left_ns + self.slice_left_ns
        return self._next_end(need_ns)

    def _horizon_between(self) -> int:
        """The same while nobody has the turn: when the queue is served again, the smallest tag gets it."""
        if not self.entities:
            return NEVER
        if len(self.entities) > 1 and self._regular():
            return self._next_end(self.current.need() if self.current is not None else 0)
        entity = min(self.entities, key=self._tag_then)
        cost_ns = entity.first_ns if entity.moved or entity is not self.last else 0
        need_ns = entity.need()
        alone = len(self.entities) == 1 and not self.idle_slices
        return cost_ns + (need_ns if alone else min(need_ns, max(1, entity.slice_ns)))

    def _tag_then(self, entity: Entity) -> tuple[int, int]:
        """Place of an entity once the current one queues again."""
        return entity.tag + (self.pending if entity is self.current else 0), entity.rank

    def over(self) -> bool:
        """Whether the turn must be given anew here, or in a queue below that is being served."""
        if self.current is None:
            return bool(self.entities)
        if self.slice_left_ns <= 0:
            return True
        return self.current.inner is not None and self.current.inner.over()

    def _dispatch(self) -> None:
        self.put_back()
        entity = self.policy.pick(self)
        self.current = entity
        if entity is None:
            return
        cost_ns = entity.first_ns if entity.moved or entity is not self.last else 0
        if self.on_switch is not None and entity is not self.last:
            self.on_switch(self, entity)
        self.cost_left_ns = cost_ns
        self.switch_ns = max(1, cost_ns)
        self.slice_ns = self.slice_left_ns = max(1, self.policy.slice_ns(self, entity))
        self.pending, self.had_ns = entity.step, 0
        self._has_run(entity)

    def _has_run(self, entity: Entity) -> None:
        self.last = entity
        entity.ran, entity.moved, entity.first_ns = True, False, entity.cost_ns

    # ---- the rotation in closed form

    def _alone(self, entity: Entity, time_ns: int) -> int:
        """Whole slices of an entity that nobody waits for; less than the time given."""
        slices = (time_ns - 1) // entity.slice_ns
        if slices <= 0:
            return 0
        self.put_back()
        self.policy.charge_slices(self, entity, slices)
        entity.serve(slices * entity.slice_ns)
        return slices * entity.slice_ns

    def _rotate(self, current: Entity, time_ns: int) -> int:
        """The same in closed form: as many whole turns as surely fit together, then those that are left one by one."""
        current.tag += self.pending
        left_ns = time_ns - self._whole_turns(time_ns) if time_ns > self.round_ns else time_ns
        while True:
            entity = self._first()
            cost_ns = entity.first_ns if entity.moved or entity is not self.last else 0
            turn_ns = cost_ns + entity.slice_ns
            self.last, entity.ran, entity.moved, entity.first_ns = entity, True, False, entity.cost_ns
            if turn_ns >= left_ns:
                break
            left_ns -= turn_ns
            entity.tag += entity.step
            if cost_ns:
                entity.begin()
                self.switch_ns = cost_ns
                self._pay(entity, cost_ns)
            entity.serve(entity.slice_ns)
        if cost_ns:
            entity.begin()
        self.current, self.cost_left_ns, self.switch_ns = entity, cost_ns, max(1, cost_ns)
        self.slice_ns = self.slice_left_ns = entity.slice_ns
        self.pending, self.had_ns = entity.step, 0
        return time_ns - left_ns

    def _first(self) -> Entity:
        """The smallest tag."""
        first = self.entities[0]
        for entity in self.entities:
            if entity.tag < first.tag or (entity.tag == first.tag and entity.rank < first.rank):
                first = entity
        return first

    def _whole_turns(self, time_ns: int) -> int:
        """All turns below a tag that is surely reached within the time; returns what they take, less than the time."""
        entities = self.entities
        level = self._first().tag + time_ns * _ONE // self.pace
        while True:
            level -= self.widest
            taken_ns, turns = 0, []
            for entity in entities:
                number = -((entity.tag - level) // entity.step)
                turns.append(number)
                if number > 0:
                    turn_ns = entity.slice_ns + entity.cost_ns
                    taken_ns += number * turn_ns + entity.first_ns - entity.cost_ns
            if taken_ns < time_ns:
                break
        last_key = (-1, -1)
        for entity, number in zip(entities, turns, strict=True):
            if number <= 0:
                continue
            entity.tag += number * entity.step
            self._give_turns(entity, number, number * entity.slice_ns)
            entity.ran, entity.moved, entity.first_ns = True, False, entity.cost_ns
            key = (entity.tag - entity.step, entity.rank)
            if key > last_key:
                self.last, last_key = entity, key
        return taken_ns

    def _next_end(self, need_ns: int) -> int:
        """Own service until the first end of anybody's need, the current one's being given.

        How that comes about is kept as the plan.
        """
        current = self.current
        best, best_tag, best_turns, best_need_ns = self._first_end(need_ns)
        total_ns = self.cost_left_ns + self.slice_left_ns + best_need_ns + best_turns * best.cost_ns + best.first_ns
        turns = []
        for entity in self.entities:
            if entity is best:
                turns.append(best_turns)
                continue
            distance = best_tag - entity.tag
            if entity is current:
                distance -= self.pending
            number = 0
            if distance >= 0:
                number, beyond = divmod(distance, entity.step)
                if beyond or entity.rank < best.rank:
                    number += 1
                if number:
                    total_ns += number * (entity.slice_ns + entity.cost_ns) + entity.first_ns - entity.cost_ns
            turns.append(number)
        self.plan = (total_ns, best, best_need_ns - best_turns * best.slice_ns, turns)
        return total_ns

    def _first_end(self, need_ns: int) -> tuple[Entity, int, int, int]:
        """Whose work ends first, the tag of its last slice, how many it has before that, and what it needs."""
        current = self.current
        best: Entity | None = None
        best_tag = best_turns = best_need_ns = 0
        for entity in self.entities:
            if entity is current:
                tag, need = entity.tag + self.pending, need_ns - self.slice_left_ns
            else:
                tag = entity.tag
                need = entity.need_ns if entity.inner is None and not entity.grants else entity.need()
            number = 0
            if need > entity.slice_ns:
                number = (need - 1) // entity.slice_ns
                tag += number * entity.step
            if best is None or tag < best_tag or (tag == best_tag and entity.rank < best.rank):
                best, best_tag, best_turns, best_need_ns = entity, tag, number, need
        assert best is not None
        return best, best_tag, best_turns, best_need_ns

    def _regular(self) -> bool:
        """Whether the rotation has a closed form: if switches cost, every turn must follow another entity's."""
        if self.stepped or self.nested or self.idle_slices:
            return False
        if not self.costly:
            return True
        step = self.entities[0].step
        if any(entity.step != step for entity in self.entities):
            return False
        low = min(self.entities, key=self._tag_then)
        (low_tag, low_rank), high = self._tag_then(low), max(map(self._tag_then, self.entities))
        return low is not self.last and high < (low_tag + step, low_rank)

    def _give_turns(self, entity: Entity, number: int, served_ns: int) -> None:
        """Turns of an entity, each after another's; the last may be a part of one.

        The thread that a turn begins with pays for it: as many together as begin with the same one.
        """
        inner = entity.inner
        if not self.costly or inner is None or entity.alone():
            if self.costly:
                self._pay_turns(entity, number)
            entity.serve(served_ns)
            return
        while number:
            entity.begin()
            same = min(number, -(-inner.unchanged_ns() // entity.slice_ns))
            self._pay_turns(entity, same)
            part_ns = min(served_ns, same * entity.slice_ns)
            entity.serve(part_ns)
            entity.first_ns = entity.cost_ns
            number -= same
            served_ns -= part_ns

    def _pay_turns(self, entity: Entity, number: int) -> None:
        """The switches to some turns of an entity, of which the first may take another time."""
        first_ns, cost_ns = entity.first_ns, entity.cost_ns
        if first_ns != cost_ns:
            number -= 1
            if first_ns:
                self.switch_ns = first_ns
                self._pay(entity, first_ns)
        if cost_ns and number:
            self.switch_ns = cost_ns
            self._pay(entity, number * cost_ns)

    def unchanged_ns(self) -> int:
        """Service in which the same thread runs; a turn has been given."""
        assert self.current is not None
        left_ns = self.slice_left_ns if len(self.entities) > 1 else NEVER
        inner = self.current.inner
        return self.cost_left_ns + (left_ns if inner is None else min(left_ns, inner.unchanged_ns()))

    def _pay(self, entity: Entity, time_ns: int) -> None:
        """Time spent on switches to an entity, booked on the thread that has its turn there."""
        entity.paid_ns += time_ns
        if entity.inner is None:
            entity.purse[0] += time_ns
            self.pay(entity, entity, time_ns, time_ns / self.switch_ns)
            return
        running = entity.inner
        while running.current is not None and running.current.inner is not None:
            running = running.current.inner
        thread = running.current or next(entity.threads(), None)
        if thread is not None:
            thread.purse[0] += time_ns
            thread.paid_ns += time_ns
            self.pay(thread, entity, time_ns, time_ns / self.switch_ns)


_ONE = 1 << 40
