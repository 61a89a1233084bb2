"""What the fluid solver knows of each share: a leaf with its finish tag, a group with its clocks and its heaps.

A node stands in one of six states towards the group it belongs to:

- ``STOPPED``: it can use nothing (idle, frozen, or bounded at zero) and takes no part;
- ``SHARED``: its rate is its weight times the group's level, and so is that of everything below it: nothing below
  needs to be touched when levels above it move;
- ``MIXED``: as ``SHARED``, but something below it gets all it can use, or has a reservation;
- ``SATISFIED``: it gets all it can use, whatever the level;
- ``FLOORED``: its reservation is more than its weight would give;
- ``WAITING``: taken out; the next pass of its group says which of the others it becomes.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.sharing.tree import INFINITE, Share

STOPPED, SHARED, MIXED, SATISFIED, FLOORED, WAITING = range(6)
ABOVE, OWNER, BELOW = range(3)
"""Where a group stands: above the tenants, the share of a whole tenant, or inside one."""

Entry = tuple[float, int, "Leaf | Group"]
"""Of a heap: key, stamp, node. It is void when the node has another stamp by now."""


class Common:
    """What all nodes of one device have in common.

    Attributes:
        now: present time; whoever asks for anything sets it first.
        unit_rate: the most that one leaf can use.
        quotas: whether any share but the root has, or had, a quota: only then are the clocks for them kept.
        rules: edition of what the whole tree depends on; a node that has read an older one reads again.
        stamps: how many have been given out.
    """

    __slots__ = ("now", "quotas", "rules", "stamps", "unit_rate")

    def __init__(self, now: float, unit_rate: float) -> None:
        self.now, self.unit_rate = now, unit_rate
        self.quotas = False
        self.rules = self.stamps = 0

    def stamp(self) -> int:
        """The next one."""
        self.stamps += 1
        return self.stamps


class Leaf:
    """A share that has work.

    Attributes:
        weight: in its group at present.
        demand: the most it can use, units a second.
        wanted: the same without its quota.
        crowd: the same with every process counted that it stands for.
        reservation: rate granted before weights count.
        threshold: level of its group at which it gets all it can use.
        tag: when it will have ended; in the group's virtual time where shared, otherwise in seconds.
        stamp: of its threshold's valid entry; ``tag_stamp`` of its tag's.
        rate: units a second, where it does not follow the level.
        left: work left when its account was last written.
        since: that time, and the readings of its group's clocks then.
        order: how many had been submitted before it.
        rules: edition of the rules by which it was measured; ``measures``: what that gave.
    """

    __slots__ = (
        "alone_full", "alone_level", "crowd", "demand", "done", "frozen", "left", "measures", "order", "owner",
        "parent", "rate", "reservation", "rules", "share", "since", "stamp", "state", "stolen_full", "stolen_level",
        "tag", "tag_stamp", "threshold", "throttled_full", "throttled_level", "wanted", "weight",
    )  # fmt: skip

    def __init__(self, share: Share, parent: Group) -> None:
        self.share, self.parent = share, parent
        self.owner: bool = parent.place == ABOVE
        """Whether it is a tenant of its own: none of the shares it stands on is one."""
        self.state = STOPPED
        self.stamp = self.tag_stamp = self.order = 0
        self.weight = share.weight
        self.demand = self.wanted = self.crowd = self.reservation = self.rate = 0.0
        self.threshold = self.tag = self.left = self.since = 0.0
        self.stolen_level = self.stolen_full = self.throttled_level = self.throttled_full = 0.0
        self.frozen = self.alone_level = self.alone_full = 0.0
        self.done: Callable[[Share], None] | None = None
        self.rules, self.measures = -1, (0.0, 0.0, 0.0, share.weight)

    def current_rate(self) -> float:
        """Units a second at present."""
        return self.parent.rate_of(self)


class Group:
    """A share that others divide: the root, or anything with children that have work.

    Attributes:
        path: from the root down to it.
        bound, room: the most it can use by its quota and its processors, and by its processors alone.
        widest: the most it could use with the device for itself: processors of it and of all it stands on.
        count, weights, demands, wants, crowds: number and sums of its children that can use something.
        sharing, shared_weight: number and weight of those that follow the level.
        satisfied, granted: number and rate of those that get all they can use.
        floored: rate of those bound to their reservation.
        tags, rising: heaps of the ``SHARED`` children, by tag and by threshold.
        ends, falling: heaps of the others: by end, and the satisfied by threshold, highest first.
        contended: whether it has less than its children can use; only then are thresholds kept.
        level: rate for a unit of weight.

        virtual: integral of the level: its virtual time.
        stolen_level, stolen_full: see ``_clocks``; so are the other clocks.
        seen_...: the parent's clocks when this group's were last advanced.
        behind: of the root, while ends are being told: what finds the levels that have changed since.
        rules: which edition of the rules it has read.
        full: whether its children get all they want while it gets all it wants; otherwise each gets ``part`` of
            that for a unit of weight.
    """

    __slots__ = (
        "alone", "alone_full", "alone_level", "at", "behind", "bound", "contended", "count", "crowd", "crowds",
        "demand", "demands", "ends", "falling", "floored", "frozen", "full", "granted", "level", "loss", "mixed",
        "parent", "part", "passes", "path", "place", "rate", "reservation", "reserved", "rising", "room", "rules",
        "satisfied",
        "seen_alone_full", "seen_alone_level", "seen_frozen", "seen_stolen_full", "seen_stolen_level",
        "seen_throttled_full", "seen_throttled_level", "seen_virtual", "share", "shared_weight", "sharing", "stamp",
        "state", "stolen_full", "stolen_level", "tag", "tag_stamp", "tags", "threshold", "throttled_full",
        "throttled_level", "virtual", "waiting", "wanted", "wants", "weight", "weights", "widest",
    )  # fmt: skip

    def __init__(self, share: Share, parent: Group | None) -> None:
        self.share, self.parent = share, parent
        self.path: tuple[Group, ...] = (*parent.path, self) if parent else (self,)
        inside = parent is not None and parent.place != ABOVE
        self.place: int = BELOW if inside else OWNER if share.tenant else ABOVE
        self.state = STOPPED if parent else SATISFIED
        self.stamp = self.tag_stamp = self.passes = 0
        self.weight = share.weight
        self.demand = self.wanted = self.crowd = self.reservation = self.rate = self.threshold = 0.0
        self.tag = self.bound = self.room = self.widest = INFINITE
        self.at = self.virtual = 0.0
        self.stolen_level = self.stolen_full = self.throttled_level = self.throttled_full = 0.0
        self.frozen = self.alone_level = self.alone_full = 0.0
        self.seen_virtual = self.seen_stolen_level = self.seen_stolen_full = 0.0
        self.seen_throttled_level = self.seen_throttled_full = 0.0
        self.seen_frozen = self.seen_alone_level = self.seen_alone_full = 0.0
        self.full, self.part, self.loss, self.alone = True, 0.0, 0, INFINITE
        self.rules = -1
        self.behind: Callable[[], None] | None = None
        self.waiting: list[Node] = []
        self.empty()

    def empty(self) -> None:
        """Forget all children."""
        self.count = 0
        self.weights = self.demands = self.wants = self.crowds = 0.0
        self.sharing = self.satisfied = 0
        self.shared_weight = self.granted = self.floored = 0.0
        self.contended, self.level = False, INFINITE
        self.tags: list[Entry] = []
        self.rising: list[Entry] = []
        self.ends: list[Entry] = []
        self.falling: list[Entry] = []
        self.mixed: dict[Group, None] = {}
        self.reserved: dict[Node, None] = {}
        self.waiting.clear()

    def current_rate(self) -> float:
        """Units a second at present."""
        return self.rate_of(self)

    def rate_of(self, node: Node) -> float:
        """Units a second at present of a group or of a child."""
        behind = self.path[0].behind
        if behind is not None:
            behind()
        return current_rate(node)


Node = Leaf | Group


def current_rate(node: Node) -> float:
    """Units a second, as of the levels that were found last."""
    parent = node.parent
    if parent is not None and (node.state == SHARED or node.state == MIXED):
        level = current_rate(parent) / parent.shared_weight if parent.state == SHARED else parent.level
        return node.weight * level
    return node.rate if node.state == SATISFIED or node.state == FLOORED else 0.0
