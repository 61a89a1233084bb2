"""Budgets of a tree of shares: who is limited by which, and who is throttled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.sharing._bandwidth import Budget, Grant
from simulator.sharing._calendar import Calendar
from simulator.sharing._processors import Scheduler
from simulator.sharing._rotation import NEVER, Entity
from simulator.sharing._structure import Structure
from simulator.sharing.tree import Share

if TYPE_CHECKING:
    from simulator.sharing._dispatcher import Dispatcher


class Limits:
    """Hands out budgets."""

    def __init__(self, structure: Structure, calendar: Calendar, dispatcher: Dispatcher) -> None:
        self.structure, self.calendar, self.dispatcher = structure, calendar, dispatcher
        self.budgets: dict[Share, Budget] = {}

    def limit(self, entity: Entity, scheduler: Scheduler) -> None:
        """Give an entity a grant of its share's budget, if it has one; in a pool also of those of its groups."""
        groups = scheduler.groups_of(entity) if scheduler.pool is not None else ()
        for share in (*groups, entity.share):
            self.grant(entity, share, scheduler)

    def grant(self, entity: Entity, share: Share, scheduler: Scheduler) -> None:
        """Let an entity be limited by the budget of a share, if that has one."""
        budget = self.budgets.get(share)
        if budget is None:
            rule = scheduler.policy.budget(share, self.structure.unit_rate)
            if rule is None:
                return
            portion_ns = scheduler.policy.portion_ns(share, rule[0])
            budget = self.budgets[share] = Budget(*rule, portion_ns, self.calendar.now_ns())
        grant = Grant(budget, entity)
        budget.grants.append(grant)
        entity.grants = (*entity.grants, grant)

    def set_budget(self, share: Share) -> None:
        """Another cap: of the present period's budget what was used is used."""
        entities = self.limited(share)
        old = self.budgets.pop(share, None)
        used_ns = old.quota_ns - old.unused_ns() if old is not None else 0
        if old is not None:
            old.due_ns = NEVER
        for entity in entities:
            entity.grants = tuple(grant for grant in entity.grants if grant.budget is not old)
            entity.held = "" if entity.held == "throttled" else entity.held
            self.grant(entity, share, self.structure.above(entity))
        new = self.budgets.get(share)
        if new is not None:
            new.pool_ns = max(0, new.pool_ns - used_ns)

    def limited(self, share: Share) -> list[Entity]:
        """All that have grants of a share's budget: its entities; in a pool, for a group, those that stand in it."""
        entities = self.structure.entities(share)
        if share.children and share not in self.structure.schedulers and share.parent is not None:
            scheduler = self.structure.scheduler_of(share.parent)
            if scheduler.pool is not None:
                return [entity for entity in self.structure.placed(scheduler) if share in entity.share.lineage]
        return entities

    def has_budget(self, entity: Entity) -> bool:
        """Whether an entity that is about to run has, or gets, a portion of every budget that limits it; else it is
        throttled."""
        for grant in entity.grants:
            if grant.left_ns <= 0 and not self.portion(grant):
                entity.held = "throttled"
                return False
        return True

    def portion(self, grant: Grant) -> bool:
        """Another portion of a budget; or none, where the policy lets the entity go on without."""
        if grant.budget.due_ns == NEVER:
            grant.budget.begin(self.calendar.now_ns())
            self.calendar.schedule(grant.budget, grant.budget.next_ns)
        if grant.budget.request(grant):
            return True
        if not self.structure.above(grant.entity).policy.exhausted(grant.entity):
            return False
        grant.lend()
        return True

    def refill_budget(self, budget: Budget, now_ns: int) -> None:
        """A new period: who was throttled goes on."""
        for grant in budget.grants:
            self.dispatcher.touch(self.structure.physical(grant.entity.queue) if grant.entity.queued else None)
        if not budget.wanted():
            return
        budget.refill(now_ns)
        self.calendar.schedule(budget, budget.next_ns)
        for grant in budget.grants:
            if grant.entity.queued and grant.entity.queue is not None and grant.entity.queue.processor is not None:
                self.ask(grant)
                if self.structure.above(grant.entity).policy.refilled(grant.entity):
                    grant.entity.queue.put_back()
        for grant in budget.grants:
            if grant.entity.held == "throttled":
                grant.entity.held = ""
                self.dispatcher.refresh(grant.entity)

    def ask(self, grant: Grant) -> None:
        """An entity has used up its portion: another one, or it is throttled."""
        entity = grant.entity
        if not self.portion(grant):
            entity.held = "throttled"
            self.dispatcher.refresh(entity)
            return
        queue = entity.queue
        if queue is not None:
            self.dispatcher.touch(self.structure.physical(queue))
            if grant.lent and queue.current is entity:
                queue.put_back()

    def forget(self, share: Share) -> None:
        """What stands on a share is set up anew, its budgets too."""
        for gone in [each for each in self.budgets if share in each.lineage]:
            self.budgets.pop(gone).due_ns = NEVER
