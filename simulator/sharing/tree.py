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
        "active", "burst_s", "cap", "children", "cpus", "done", "frozen", "frozen_s", "lineage", "migrations", "name",
        "node", "parent", "payload", "period_s", "processes", "ready_s", "refill_s", "refills", "remaining",
        "reservation", "scheduling", "steal_s", "switch_s", "switches", "tenant", "throttled_s", "weight",
        "weight_rule", "width", "work", "working_set_bytes",
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
        self.work = self.remaining = 0.0
        self.frozen = False
        self.ready_s = self.steal_s = self.throttled_s = self.frozen_s = 0.0
        self.switches: dict[Share, float] = {}
        """How often the leaf paid for a switch to it, or to a share it stands on, since this was last emptied."""
        self.refill_s = self.refills = 0.0
        """Seconds it waited for its working set after such switches, and how often it had to."""
        self.migrations = 0
        """How often the leaf went on on another processor. Slices only."""
        self.node: Any = None
        """What the fidelity keeps about it; it says the ``current_rate``."""
        self.done: Callable[[Share], None] | None = None
        self.payload: object = None
        self.lineage: tuple[Share, ...] = ()
        """From the child of the root down to this share."""
        if parent is not None:
            parent.children.append(self)
            self.lineage = (*parent.lineage, self)

    def __repr__(self) -> str:
        return f"Share({self.name!r})"

    @property
    def rate(self) -> float:
        """Units a second at present, as its solver works it out when it is asked."""
        rate: float = 0.0 if self.node is None else self.node.current_rate()
        return rate
