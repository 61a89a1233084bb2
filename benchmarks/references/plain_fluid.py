"""The plain fluid solver: rates change only when something arrives, ends or is set; between, work flows evenly.

At every change all rates are computed anew from the root (O(n) for n runnable threads): obviously right, and
the reference for any faster solver. Work is exact: what is removed early returns its exact remainder.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import simpy

from simulator.sharing._water import water_level
from simulator.sharing.tree import INFINITE, Share

FIDELITY = "fluid"
NOT_MODELLED = (
    "time slices: involuntary switches between threads that share a processor, with their cache refill",
    "wake-up latency behind a running slice",
    "bursts within a quota period",
)
"""Effects that need real slices; named in every result of this fidelity."""

_RELATIVE_TIME = 1e-12


class Measures:
    """What this solver keeps of a share."""

    __slots__ = ("crowd", "demand", "rate", "runnable")

    def __init__(self) -> None:
        self.runnable = 0
        """Active leaves on it or below."""
        self.demand = self.crowd = self.rate = 0.0

    def current_rate(self) -> float:
        """Units a second at present."""
        return self.rate


def of(share: Share) -> Measures:
    """The measures of a share."""
    if share.node is None:
        share.node = Measures()
    measures: Measures = share.node
    return measures


class Plain:
    """A device of ``capacity`` shared through a tree of shares.

    Args:
        environment: simulated time.
        capacity: units of work a second, all processors together.
        unit_rate: highest rate of one thread: one processor.
    """

    def __init__(self, environment: simpy.Environment, capacity: float, unit_rate: float) -> None:
        self.environment = environment
        self.unit_rate = unit_rate
        self.root = Share("device", cap=capacity)
        self.served = 0.0
        self.active: dict[Share, None] = {}
        self._then = environment.now
        self._timer: simpy.Event | None = None
        self._busy = False
        self._alone: tuple[Share, ...] | None = ()
        """Lineage of the only leaf that has a rate, empty if none has; None where several have."""

    # ---- the interface of every fidelity

    def submit(self, share: Share, work: float, done: Callable[[Share], None]) -> None:
        """Give a leaf work; ``done(share)`` is called when it has flowed through.

        Raises:
            ValueError: the share has work already, or has children.
        """
        if share.active or share.children:
            raise ValueError(f"{share.name}: only an idle leaf can take work")
        self._settle()
        share.active, share.work, share.remaining, share.done = True, work, work, done
        self.active[share] = None
        self._count(share, 1)
        self._rates()

    def remove(self, share: Share) -> float:
        """Take a leaf's work away; returns the exact remainder."""
        self._settle()
        self._drop(share)
        self._rates()
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
            ValueError: a weight that is not positive.
        """
        if weight is not None and weight <= 0:
            raise ValueError(f"share {share.name!r}: the weight must be positive, not {weight!r}")
        self._settle()
        share.weight = share.weight if weight is None else weight
        share.cap = share.cap if cap is None else cap
        share.width = share.width if width is None else width
        share.reservation = share.reservation if reservation is None else reservation
        share.frozen = share.frozen if frozen is None else frozen
        self._rates()

    def set_unit_rate(self, unit_rate: float, capacity: float) -> None:
        """Another clock frequency: the rate of one processor, and of all together."""
        self._settle()
        self.unit_rate = unit_rate
        self.root.cap = capacity
        self._rates()

    def settle(self) -> None:
        """Bring all accounts to the present."""
        self._settle()

    def finds_idle(self, share: Share) -> bool:
        """Whether a thread that becomes runnable in a share would find a processor of it idle."""
        return share.rate < min(share.width * self.unit_rate, self.root.cap) * 0.999999

    # ---- the algorithm

    def _settle(self) -> None:
        elapsed = self.environment.now - self._then
        self._then = self.environment.now
        if elapsed <= 0.0:
            return
        for leaf in self.active:
            done = min(leaf.remaining, leaf.rate * elapsed)
            leaf.remaining -= done
            self.served += done
            if leaf.rate < self.unit_rate:
                self._classify(leaf, elapsed)

    def _classify(self, leaf: Share, elapsed: float) -> None:
        """Why a leaf got less than a whole processor: it was stopped, its siblings, its quota, or others."""
        if any(node.frozen for node in leaf.lineage):
            leaf.frozen_s += elapsed
            return
        throttled = any(node.rate >= node.cap * (1.0 - 1e-9) for node in leaf.lineage)
        has_all = not throttled and self._has_all(leaf)
        alone = leaf.rate if has_all else min(self._rate_alone(leaf), self.unit_rate)
        leaf.ready_s += elapsed * (1.0 - alone / self.unit_rate)
        lost = elapsed * (alone - leaf.rate) / self.unit_rate
        if throttled:
            leaf.throttled_s += lost
        else:
            leaf.steal_s += lost

    def _has_all(self, leaf: Share) -> bool:
        """Whether the leaf's tenant gets what it would get with the device for itself."""
        owner = self._owner(leaf)
        return owner.rate >= min(of(owner).demand, self.root.cap, self._room(owner)) * (1.0 - 1e-12)

    def _owner(self, leaf: Share) -> Share:
        return next((node for node in leaf.lineage if node.tenant), leaf)

    def _room(self, owner: Share) -> float:
        """The most that the systems a tenant stands on can give it, by their number of processors."""
        return min(_processors(node) for node in owner.lineage) * self.unit_rate

    def _rate_alone(self, leaf: Share) -> float:
        """The leaf's rate if its tenant had the device for itself and no quota."""
        owner, lineage = self._owner(leaf), leaf.lineage
        rate = min(self.root.cap, self._room(owner))
        for node, below in pairwise(lineage[lineage.index(owner) :]):
            siblings = [child for child in node.children if of(child).demand > 0.0]
            wanted = sum(of(child).demand for child in siblings)
            if wanted > rate:
                part = rate * below.weight / sum(child.weight for child in siblings)
                rate = max(part, rate - (wanted - of(below).demand))
            rate = min(rate, _processors(below) * self.unit_rate)
        return max(rate, leaf.rate)

    def _drop(self, share: Share) -> None:
        if self.active.pop(share, self) is self:
            raise ValueError(f"{share.name} has no work")
        share.active = False
        self._count(share, -1)

    def _count(self, share: Share, more: int) -> None:
        """One active leaf more or less: on everything it stands on."""
        of(self.root).runnable += more
        for node in share.lineage:
            of(node).runnable += more

    def _rates(self) -> None:
        if self._busy:
            return
        if len(self.active) <= 1 and self._alone is not None:
            self._rates_of_one()
        else:
            distribute(self.root, measure_demand(self.root, self.unit_rate), self.unit_rate)
            self._alone = next(iter(self.active)).lineage if len(self.active) == 1 else None
        self._arm()

    def _rates_of_one(self) -> None:
        """The same where at most one leaf is runnable, and was before: nothing is shared, only its lineage counts."""
        assert self._alone is not None
        for node in self._alone:
            of(node).demand = of(node).crowd = of(node).rate = 0.0
        leaf = next(iter(self.active), None)
        self._alone = lineage = leaf.lineage if leaf else ()
        wanted, crowd = (self.unit_rate, leaf.processes * self.unit_rate) if leaf else (0.0, 0.0)
        for node in (*reversed(lineage), self.root):
            bound = 0.0 if node.frozen else min(node.cap, _processors(node) * self.unit_rate)
            of(node).demand, of(node).crowd = wanted, crowd = min(wanted, bound), min(crowd, bound)
        for node in (self.root, *lineage):
            of(node).rate = wanted

    def _arm(self) -> None:
        soonest = min((leaf.remaining / leaf.rate for leaf in self.active if leaf.rate > 0.0), default=INFINITE)
        self._timer = None
        if soonest < INFINITE:
            self._timer = self.environment.timeout(soonest)
            assert self._timer.callbacks is not None
            self._timer.callbacks.append(self._fire)

    def _fire(self, timer: simpy.Event) -> None:
        """Completions of one instant are taken together, then rates are computed once."""
        if timer is not self._timer:
            return
        self._settle()
        grain = _RELATIVE_TIME * max(1.0, self.environment.now)
        ended = [leaf for leaf in self.active if leaf.remaining <= leaf.rate * grain]
        self._busy = True
        for leaf in ended:
            self.served += leaf.remaining
            leaf.remaining = 0.0
            self._drop(leaf)
        for leaf in ended:
            assert leaf.done is not None
            leaf.done(leaf)
        self._busy = False
        self._rates()


def measure_demand(share: Share, unit_rate: float) -> float:
    """The rate a share could use: its own bounds, or the sum of its active children. Sets ``demand`` below it.

    ``crowd`` is the same with every process counted that a leaf stands for; the rule ``active`` weighs a share by it.
    """
    wanted = crowd = 0.0
    if share.frozen or not of(share).runnable:
        of(share).demand = of(share).crowd = 0.0
        return 0.0
    if share.children:
        for child in share.children:
            if of(child).runnable or of(child).demand:
                wanted += measure_demand(child, unit_rate)
                crowd += of(child).crowd
    elif share.active:
        wanted, crowd = unit_rate, share.processes * unit_rate
    bound = min(share.cap, _processors(share) * unit_rate)
    of(share).demand, of(share).crowd = min(wanted, bound), min(crowd, bound)
    return of(share).demand


def distribute(share: Share, rate: float, unit_rate: float) -> None:
    """Divide ``rate`` among the children: weighted max-min with reservations, level by level.

    Every child gets ``min(demand, max(reservation, weight * level))`` with the one level at which the parts add
    up to ``rate`` (water-filling; LAWS: GPS with caps).
    """
    of(share).rate = rate
    wanting = []
    for child in share.children:
        if of(child).demand > 0.0:
            wanting.append(child)
        elif child.rate or child.frozen:
            distribute(child, 0.0, unit_rate)
    for child, part in zip(wanting, _parts(wanting, rate, unit_rate), strict=True):
        if child.children:
            distribute(child, part, unit_rate)
        else:
            of(child).rate = part


def _parts(wanting: list[Share], rate: float, unit_rate: float) -> list[float]:
    """What each child that wants something gets of ``rate``."""
    if len(wanting) == 1:
        return [min(rate, of(wanting[0]).demand)]
    demands = [of(child).demand for child in wanting]
    if rate >= sum(demands) * (1.0 - 1e-15):
        return demands
    floors = [min(child.reservation, of(child).demand) for child in wanting]
    scale = min(1.0, rate / sum(floors)) if any(floors) else 1.0
    parts = [(_weight(c, unit_rate), floor * scale, of(c).demand) for c, floor in zip(wanting, floors, strict=True)]
    level = water_level(parts, rate)
    return [min(demand, max(floor, weight * level)) for weight, floor, demand in parts]


def _weight(share: Share, unit_rate: float) -> float:
    if share.weight_rule == "active":
        return share.weight * of(share).crowd / unit_rate
    return share.weight


def _processors(share: Share) -> float:
    """The most processors that a share can use."""
    return share.width if share.cpus is None else min(share.width, float(len(share.cpus)))
