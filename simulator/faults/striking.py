"""A fault while time runs: it strikes, somebody notices, and what can be set up again is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any, Protocol

from simulator import outcomes
from simulator.errors import RunError
from simulator.faults.components import Component
from simulator.faults.kinds.base import HUNG, LOST, NO_DEVICES, PAUSED, REFUSED, UNTOUCHED, kinds
from simulator.faults.recovery import fallen, pause, restart
from simulator.tenancy import House
from simulator.threads import Life

if TYPE_CHECKING:
    import simpy

RESTART, RECOVER, NONE = "restart", "recover", "none"
_STOPS = (LOST, HUNG, PAUSED, NO_DEVICES, REFUSED)
"""What a tenant is down by."""


class Tenant(Protocol):
    """What a fault has to do with."""

    name: str
    context: Any
    up_again: simpy.Event | None
    down: simpy.Event

    @property
    def alive(self) -> bool:
        """Whether it runs, or is about to."""

    def fall(self, outcome: str, keeps_memory: bool) -> float:
        """What it stands on fails; returns for how long it had worked on what is lost."""


@dataclass(slots=True)
class _Effect:
    """What became of one tenant."""

    tenant: Tenant
    word: str
    up_s: float = nan
    work_lost_s: float = 0.0


class Strike:
    """One fault of one run.

    Args:
        house: the machine.
        tenants: all of them.
        fault: of the point: ``at_s``, the kind with whom it strikes, ``of``, ``resource``, ``through``, and after which
            time it is noticed: ``restart_after_s``, or ``recover_after_s`` with ``recovery_s``.
        rows: of the table ``faults``, one for each tenant.
        component: what it strikes, if that need not be looked for by its name.
    """

    def __init__(
        self, house: House, tenants: Iterable[Tenant], fault: Mapping[str, Any], rows: list[list[Any]],
        component: Component | None = None,
    ) -> None:  # fmt: skip
        self.house, self.tenants, self.fault, self._rows = house, list(tenants), fault, rows
        self._name, self._kind = next((name, kind()) for name, kind in kinds().items() if name in fault)
        self._resource = str(fault.get("resource", ""))
        self._component = component or self._find()
        self._mine: list[list[Any]] = []

    def happen(self) -> Life:
        """Wait for its time, strike, and see to what comes after it, until all that can be up is up."""
        house, fault, kind = self.house, self.fault, self._kind
        yield house.environment.timeout(fault["at_s"])
        component = self._component
        recovers = "recovery_s" in fault
        words = kind.effects(house.site, component)
        if recovers and kind.ENDS:
            words = {tenant: PAUSED if word == kind.WORD else word for tenant, word in words.items()}
        effects = [_Effect(tenant, words.get(tenant.name, UNTOUCHED)) for tenant in self.tenants]
        for effect in effects:
            if not effect.tenant.alive:
                effect.word = UNTOUCHED
        self._strike(component, effects, pauses=recovers and kind.ENDS)
        self._note(component, effects)
        if recovers:
            yield from self._recover(component, effects)
        elif "restart_after_s" in fault:
            yield from self._restart(component, effects)

    def _find(self) -> Component:
        """What it strikes.

        Raises:
            RunError: it is not there, or cannot have this fault.
        """
        fault = self.fault
        component = self._kind.find(
            self.house.site, fault[self._name], str(fault.get("of", "")), str(fault.get("through", ""))
        )
        problem = self._kind.problem(component, self._resource)
        if problem:
            raise RunError(f"the fault at {fault['at_s']:g} s: {problem}")
        return component

    def _strike(self, component: Component, effects: list[_Effect], pauses: bool) -> None:
        if pauses:
            pause(self.house, component, stop=True)
            return
        for effect in effects:
            if effect.word in (LOST, HUNG):
                self._fell(component, effect)
        self._kind.strike(self.house, component, self._resource)

    def _fell(self, component: Component, effect: _Effect) -> None:
        """A tenant goes down with what it stands on, whether it was up or only starting."""
        path = component.node.port or component.node.path
        outcome = outcomes.hung(path) if effect.word == HUNG else outcomes.lost(path)
        if "restart_after_s" in self.fault:
            effect.tenant.up_again = self.house.environment.event()
        effect.work_lost_s = effect.tenant.fall(outcome, self._kind.KEEPS)

    # ---- afterwards

    def _recover(self, component: Component, effects: list[_Effect]) -> Life:
        """It goes on in place: what stands on it has only waited."""
        yield self.house.environment.timeout(self.fault["recover_after_s"] + self.fault["recovery_s"])
        if self._kind.ENDS:
            pause(self.house, component, stop=False)
        else:
            self._kind.mend(self.house, component, self._resource)
        for effect in effects:
            self._is_up(effect)

    def _restart(self, component: Component, effects: list[_Effect]) -> Life:
        """All that fell is started anew: first what is shared, then each tenant's own systems, side by side."""
        house = self.house
        yield house.environment.timeout(self.fault["restart_after_s"])
        luck = self.tenants[0].context.draws("restart")
        paths = {node.path for node in fallen(house, component)}
        if component.part.each == "guest":
            paths.add(component.node.path)
        yield from restart(house, component, luck)
        revived = []
        for effect in effects:
            if effect.word in (LOST, HUNG):
                revived.append(house.environment.process(self._revive(effect, paths)))
            else:
                self._is_up(effect)
        yield house.environment.all_of(revived)

    def _revive(self, effect: _Effect, paths: set[str]) -> Life:
        tenant = effect.tenant
        yield tenant.down
        yield from self.house.boot(tenant.name, tenant.context.draws("restart"), paths)
        self._is_up(effect)
        assert tenant.up_again is not None
        tenant.up_again.succeed()

    # ---- rows

    def _note(self, component: Component, effects: list[_Effect]) -> None:
        how = RECOVER if "recovery_s" in self.fault else RESTART if "restart_after_s" in self.fault else NONE
        lost = sum(effect.word in (LOST, HUNG) for effect in effects)
        now_s, node = self.house.environment.now, component.node
        self._mine = [
            [
                now_s, self._name, node.port or node.path, component.name, lost, effect.tenant.name, effect.word,
                effect.work_lost_s, how, nan, nan,
            ]
            for effect in effects
        ]  # fmt: skip
        self._rows += self._mine

    def _is_up(self, effect: _Effect) -> None:
        """A tenant that was down is served again: from now on its row says when."""
        if effect.word not in _STOPS:
            return
        now_s = self.house.environment.now
        for row in self._mine:
            if row[5] == effect.tenant.name:
                row[-2:] = [now_s, now_s - row[0]]
