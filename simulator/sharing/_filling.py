"""The level of a group: where what its children get adds up to what it has. Nothing below the group is looked at.

Two heaps of thresholds (demand over weight) say which child crosses when the level moves. Every move of a child raises
the level, so those that get enough are moved first and those that do not last; only reservations lower it, and each of
them once. LAWS: GPS with caps (water-filling), here with reservations: ``min(demand, max(floor, weight * level))``.
"""

from __future__ import annotations

from heapq import heapify, heappop

from simulator.sharing._clocks import advance_own, advance_shared, close_account
from simulator.sharing._ends import lowest
from simulator.sharing._nodes import MIXED, SATISFIED, SHARED, STOPPED, WAITING, Common, Group, Leaf, Node
from simulator.sharing.tree import INFINITE

ENOUGH = 1.0 - 1e-12
MORE = 1.0 + 1e-12
SURELY = 1.0 + 1e-9
"""A level that is lower than a threshold by no more than this counts as having reached it."""


def level_only(group: Group, rate: float, waiting: list[Node]) -> bool:
    """Find a level at which nobody crosses: those that wait follow it, and all others stay what they are."""
    weight = group.shared_weight
    for node in waiting:
        weight += node.weight
    left = rate - group.granted
    if not weight or left <= 0.0:
        return False
    level = left / weight
    for node in waiting:
        if node.weight * level >= node.demand * ENOUGH:
            return False
    rising, falling = group.rising, group.falling
    if rising and rising[0][0] <= level and lowest(rising) <= level:
        return False
    if falling and -falling[0][0] > level * MORE and -lowest(falling) > level * MORE:
        return False
    group.shared_weight, group.level = weight, level
    group.sharing += len(waiting)
    return True


def bring(parent: Group, group: Group, common: Common) -> None:
    """A child's clocks to the present, its parent's being there."""
    if group.state == SHARED:
        if group.sharing:
            group.level = group.weight * parent.level / group.shared_weight
        if group.at != common.now:
            advance_shared(group, parent, common.now, common.quotas)
    elif group.at != common.now:
        advance_own(group, parent, common.now, common.quotas)


def take(group: Group, node: Node, common: Common) -> None:
    """Take a child out of its set; it waits. Its clocks, and its group's, are at the present."""
    state = node.state
    if isinstance(node, Leaf):
        close_account(node, common)
    if state == SHARED:
        group.sharing -= 1
        group.shared_weight = group.shared_weight - node.weight if group.sharing else 0.0
    elif state == SATISFIED:
        group.satisfied -= 1
        group.granted = group.granted - node.rate if group.satisfied else 0.0
    elif state == MIXED:
        group.sharing -= 1
        group.shared_weight = group.shared_weight - node.weight if group.sharing else 0.0
        group.mixed.pop(node, None)  # type: ignore[arg-type]
    elif state == WAITING:
        group.waiting.remove(node)
    node.state = WAITING
    node.stamp = node.tag_stamp = 0


def take_unsettled(group: Group, common: Common) -> None:
    """Those whose rates depend on more than the level are placed anew at every pass."""
    for node in [*group.mixed, *group.reserved]:
        if node.state not in (WAITING, STOPPED):
            if isinstance(node, Group):
                bring(group, node, common)
            take(group, node, common)
            group.waiting.append(node)


# ---- the level


def give_all(group: Group, enough: list[Node], common: Common) -> None:
    """Everybody gets all that can be used: no level, no thresholds."""
    enough += group.waiting
    group.waiting.clear()
    if group.contended:
        for _, stamp, node in sorted(group.tags):
            if node.tag_stamp == stamp:
                if isinstance(node, Group):
                    bring(group, node, common)
                take(group, node, common)
                enough.append(node)
        group.contended, group.level = False, INFINITE
        group.shared_weight = group.virtual = group.stolen_level = group.stolen_full = 0.0
        group.throttled_level = group.throttled_full = group.floored = 0.0
        group.tags, group.rising, group.falling = [], [], []
    if not group.satisfied:
        group.granted = 0.0
        group.ends.clear()
    for node in enough:
        group.granted += node.demand
    group.satisfied += len(enough)


def contend(group: Group) -> None:
    """From now on there is less than enough: thresholds of those that have enough count."""
    group.contended = True
    group.falling = [(-n.demand / n.weight, n.stamp, n) for _, s, n in group.ends if n.tag_stamp == s]
    heapify(group.falling)


def _level(group: Group, rate: float) -> float:
    left = rate - group.granted
    if group.sharing:
        return left / group.shared_weight if left > 0.0 else 0.0
    return INFINITE if left >= -rate * 1e-12 else 0.0


def fill(group: Group, rate: float, waiting: list[Node], enough: list[Node], common: Common) -> None:
    """Find the level of a group for a rate; moves who gets enough out of those that wait."""
    rising, falling = group.rising, group.falling
    while True:
        level = _level(group, rate)
        for node in waiting:
            if node.weight * level >= node.demand * ENOUGH:
                level = _promote(group, rate, waiting, enough)
                break
        if rising and lowest(rising) <= level:
            waiting.append(_pull(group, heappop(rising)[2], common))
        elif falling and -lowest(falling) > level * MORE:
            waiting.append(_pull(group, heappop(falling)[2], common))
        else:
            break
    group.level = level


def _promote(group: Group, rate: float, waiting: list[Node], enough: list[Node]) -> float:
    """Those of the waiting that get enough, one after the other: each raises the level for the rest."""
    level, moved = _level(group, rate), True
    while moved:
        moved = False
        for node in tuple(waiting):
            if node.weight * level >= node.demand * ENOUGH:
                waiting.remove(node)
                enough.append(node)
                group.sharing -= 1
                group.shared_weight = group.shared_weight - node.weight if group.sharing else 0.0
                group.granted += node.demand
                group.satisfied += 1
                level, moved = _level(group, rate), True
    return level


def _pull(group: Group, node: Node, common: Common) -> Node:
    """Out of its set, to be placed anew in this pass; until then it counts as sharing."""
    if isinstance(node, Group):
        bring(group, node, common)
    take(group, node, common)
    group.shared_weight += node.weight
    group.sharing += 1
    return node


def fill_with_floors(
    group: Group, rate: float, waiting: list[Node], enough: list[Node], common: Common
) -> list[tuple[Node, float]]:
    """The same with reservations: bind those that the level gives less, which lowers it for the rest; again.

    Returns those that are bound and their rates.
    """
    floors = _floors(group, rate)
    floored: list[tuple[Node, float]] = []
    group.floored = 0.0
    while True:
        fill(group, rate - group.floored, waiting, enough, common)
        below = [node for node in waiting if node in floors and floors[node] > node.weight * group.level]
        if not below:
            return floored
        for node in below:
            waiting.remove(node)
            floored.append((node, floors[node]))
            group.floored += floors[node]
            group.sharing -= 1
            group.shared_weight = group.shared_weight - node.weight if group.sharing else 0.0
        for node in enough:
            group.satisfied -= 1
            group.granted = group.granted - node.demand if group.satisfied else 0.0
            group.shared_weight += node.weight
            group.sharing += 1
        waiting += enough
        enough.clear()


def _floors(group: Group, rate: float) -> dict[Node, float]:
    """What is reserved for each, as far as it can be used; less for all alike where it is more than there is."""
    floors = {node: min(node.reservation, node.demand) for node in group.reserved if node.demand > 0.0}
    total = sum(floors.values())
    scale = min(1.0, rate / total) if total else 1.0
    return {node: floor * scale for node, floor in floors.items()}
