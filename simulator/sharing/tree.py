"""The tree of shares of one device: who divides it with whom, and by what rule.

Rates are in units of the device per second: cycles per second for processors. A share's ``cap`` is a quota
that its owner set; its ``width`` is how many processors it has at most (virtual processors). Both bound its
rate; they differ in the ledger: a thread held back by a quota is throttled, one held back by too few
processors waits for its own siblings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

INFINITE = float("inf")
WeightRule = Literal["shares", "active"]


@dataclass(frozen=True, slots=True)
class Scheduling:
    """The scheduler that divides the processors of a share by slices.

    Attributes:
        policy: name of a module in ``simulator/sharing/policies``.
        parameters: numbers of the policy in SI units; what is missing has the policy's default.
    """

    policy: str
    parameters: Mapping[str, float] = field(default_factory=dict)


class Share:
    """A node of the tree.

    Args:
        name: for messages.
        parent: the share it divides, None for the device itself.
        weight: its part beside its siblings.
        cap: highest rate allowed.
        width: highest number of processors used at once; bounds the rate by ``width`` times one processor.
        reservation: rate granted before weights count, as far as it is wanted.
        weight_rule: ``shares``: the weight as given; ``active``: times the processors it can use right now.
        processes: how many threads a leaf stands for: it weighs as much as they do, though it uses one processor.
        tenant: True at the share that holds all of one tenant.
        scheduling: the scheduler of its own that divides it (a guest's kernel on its virtual processors); None: the
            scheduler of the share above divides it too (a group). Slices only; fluid rates do not depend on it.
        cpus: numbers of the processors of the scheduler above that it may use; None: all.
        period_s: time after which a cap's budget is refilled. Slices only.
        burst_s: processor seconds of unused budget that may be carried into a later period. Slices only.
        switch_s: processor seconds it takes its scheduler to go on with it after others. Slices only.
        working_set_bytes: what a leaf wants to find in the cache. Slices only.
    """

    __slots__ = (
        "active", "burst_s", "cap", "children", "cpus", "crowd", "demand", "done", "frozen", "frozen_s", "lineage",
        "migrations", "name", "parent", "payload", "period_s", "processes", "rate", "ready_s", "refill_s", "refills",
        "remaining", "reservation", "runnable", "scheduling", "seat", "steal_s", "switch_s", "switches", "tenant",
        "throttled_s", "weight", "weight_rule", "width", "work", "working_set_bytes",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        parent: Share | None = None,
        *,
        weight: float = 1.0,
        cap: float = INFINITE,
        width: float = INFINITE,
        reservation: float = 0.0,
        weight_rule: WeightRule = "shares",
        tenant: bool = False,
        processes: float = 1.0,
        scheduling: Scheduling | None = None,
        cpus: frozenset[int] | None = None,
        period_s: float = 0.1,
        burst_s: float = 0.0,
        switch_s: float = 0.0,
        working_set_bytes: float = 0.0,
    ) -> None:
        if weight <= 0:
            raise ValueError(f"share {name!r}: the weight must be positive, not {weight!r}")
        self.name = name
        self.parent = parent
        self.weight = weight * processes
        self.processes = processes
        self.cap = cap
        self.width = width
        self.reservation = reservation
        self.weight_rule = weight_rule
        self.tenant = tenant
        self.scheduling = scheduling
        self.cpus = cpus
        self.period_s, self.burst_s = period_s, burst_s
        self.switch_s, self.working_set_bytes = switch_s, working_set_bytes
        self.children: list[Share] = []
        self.active = False
        self.runnable = 0
        """Active leaves on it or below."""
        self.demand = self.crowd = self.rate = 0.0
        self.work = self.remaining = 0.0
        self.frozen = False
        self.ready_s = self.steal_s = self.throttled_s = self.frozen_s = 0.0
        self.switches: dict[Share, float] = {}
        """How often the leaf paid for a switch to it, or to a share it stands on, since this was last emptied."""
        self.refill_s = self.refills = 0.0
        """Seconds it waited for its working set after such switches, and how often it had to."""
        self.migrations = 0
        """How often the leaf went on on another processor. Slices only."""
        self.seat: Any = None
        """What the fidelity keeps about it."""
        self.done: Callable[[Share], None] | None = None
        self.payload: object = None
        self.lineage: tuple[Share, ...] = ()
        """From the child of the root down to this share."""
        if parent is not None:
            parent.children.append(self)
            self.lineage = (*parent.lineage, self)

    def __repr__(self) -> str:
        return f"Share({self.name!r})"


def measure_demand(share: Share, unit_rate: float) -> float:
    """The rate a share could use: its own bounds, or the sum of its active children. Sets ``demand`` below it.

    ``crowd`` is the same with every process counted that a leaf stands for; the rule ``active`` weighs a share by it.
    """
    wanted = crowd = 0.0
    if share.frozen or not share.runnable:
        share.demand = share.crowd = 0.0
        return 0.0
    if share.children:
        for child in share.children:
            if child.runnable or child.demand:
                wanted += measure_demand(child, unit_rate)
                crowd += child.crowd
    elif share.active:
        wanted, crowd = unit_rate, share.processes * unit_rate
    bound = min(share.cap, share.width * unit_rate)
    share.demand, share.crowd = min(wanted, bound), min(crowd, bound)
    return share.demand


def distribute(share: Share, rate: float, unit_rate: float) -> None:
    """Divide ``rate`` among the children: weighted max-min with reservations, level by level.

    Every child gets ``min(demand, max(reservation, weight * level))`` with the one level at which the parts add
    up to ``rate`` (water-filling; LAWS: GPS with caps).
    """
    share.rate = rate
    wanting = []
    for child in share.children:
        if child.demand > 0.0:
            wanting.append(child)
        elif child.rate or child.frozen:
            distribute(child, 0.0, unit_rate)
    for child, part in zip(wanting, _parts(wanting, rate, unit_rate), strict=True):
        if child.children:
            distribute(child, part, unit_rate)
        else:
            child.rate = part


def _parts(wanting: list[Share], rate: float, unit_rate: float) -> list[float]:
    """What each child that wants something gets of ``rate``."""
    if len(wanting) == 1:
        return [min(rate, wanting[0].demand)]
    demands = [child.demand for child in wanting]
    if rate >= sum(demands) * (1.0 - 1e-15):
        return demands
    floors = [min(child.reservation, child.demand) for child in wanting]
    scale = min(1.0, rate / sum(floors)) if any(floors) else 1.0
    parts = [(_weight(c, unit_rate), floor * scale, c.demand) for c, floor in zip(wanting, floors, strict=True)]
    level = water_level(parts, rate)
    return [min(demand, max(floor, weight * level)) for weight, floor, demand in parts]


def _weight(share: Share, unit_rate: float) -> float:
    if share.weight_rule == "active":
        return share.weight * share.crowd / unit_rate
    return share.weight


def water_level(parts: list[tuple[float, float, float]], rate: float) -> float:
    """The level at which ``sum(min(demand, max(floor, weight * level)))`` equals ``rate``.

    Args:
        parts: weight, floor and demand of each.
        rate: what is to be divided; less than the sum of demands.

    The sum grows piecewise linearly with the level; walk its corners in order.
    """
    weights = sum(weight for weight, _, _ in parts)
    level = rate / weights
    if all(floor <= weight * level <= demand for weight, floor, demand in parts):
        return level
    corners = sorted({corner for weight, floor, demand in parts for corner in (floor / weight, demand / weight)})
    below, total_below = 0.0, sum(floor for _, floor, _ in parts)
    if total_below >= rate:
        return 0.0
    for corner in corners:
        total = sum(min(demand, max(floor, weight * corner)) for weight, floor, demand in parts)
        if total >= rate:
            return below + (corner - below) * (rate - total_below) / (total - total_below)
        below, total_below = corner, total
    return below
