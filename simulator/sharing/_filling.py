"""A pass over one group: the level at which what its children get adds up to what it has.

Two heaps of thresholds (demand over weight) say which child crosses when the level moves. Every move of a child raises
the level, so those that get enough are moved first and those that do not last; only reservations lower it, and each of
them once. LAWS: GPS with caps (water-filling), here with reservations: ``min(demand, max(floor, weight * level))``.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from simulator.sharing._clocks import (
    advance_own, advance_shared, close_account, note_loss, note_part, open_account, rebase,
)  # fmt: skip
from simulator.sharing._ends import lowest, next_end, shared_tag
from simulator.sharing._measures import add_up
from simulator.sharing._nodes import FLOORED, MIXED, SATISFIED, SHARED, STOPPED, WAITING, Common, Group, Leaf, Node
from simulator.sharing.tree import INFINITE

_ENOUGH = 1.0 - 1e-12
_MORE = 1.0 + 1e-12
_SURELY = 1.0 + 1e-9
_PASSES = 65_536
"""Passes of a group after which its sums are added up anew."""


def divide(group: Group, rate: float, common: Common) -> None:
    """Divide a rate among the children of a group with a rate of its own; its clocks are at the present."""
    group.rate = rate
    group.passes += 1
    if group.passes > _PASSES:
        _add_up(group)
    if group.mixed or group.reserved:
        _take_unsettled(group, common)
    enough: list[Node] = []
    floored: list[tuple[Node, float]] = []
    waiting = group.waiting
    if rate >= group.demands * _ENOUGH:
        _give_all(group, enough, common)
        waiting = []
    else:
        group.waiting = []
        if not group.contended:
            _contend(group)
        for node in waiting:
            group.shared_weight += node.weight
        group.sharing += len(waiting)
        if group.reserved:
            _fill_with_floors(group, rate, waiting, enough, floored, common)
        else:
            _fill(group, rate, waiting, enough, common)
    note_part(group)
    note_loss(group)
    for node in enough:
        _insert_with_rate(group, node, node.demand, SATISFIED, common)
    for node, floor in floored:
        _insert_with_rate(group, node, floor, FLOORED, common)
    for node in waiting:
        if isinstance(node, Leaf):
            _share_leaf(group, node, common)
        else:
            _follow(group, node, common)


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


def _take_unsettled(group: Group, common: Common) -> None:
    """Those whose rates depend on more than the level are placed anew at every pass."""
    for node in [*group.mixed, *group.reserved]:
        if node.state not in (WAITING, STOPPED):
            if isinstance(node, Group):
                bring(group, node, common)
            take(group, node, common)
            group.waiting.append(node)


def _add_up(group: Group) -> None:
    add_up(group)
    rates = [node.rate for _, stamp, node in group.ends if node.tag_stamp == stamp and node.state == SATISFIED]
    weights = [node.weight for _, stamp, node in group.tags if node.tag_stamp == stamp]
    group.granted, group.shared_weight = sum(rates), sum(weights) + sum(node.weight for node in group.mixed)


# ---- the level


def _give_all(group: Group, enough: list[Node], common: Common) -> None:
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


def _contend(group: Group) -> None:
    """From now on there is less than enough: thresholds of those that have enough count."""
    group.contended = True
    group.falling = [(-n.demand / n.weight, n.stamp, n) for _, s, n in group.ends if n.tag_stamp == s]
    heapify(group.falling)


def _level(group: Group, rate: float) -> float:
    left = rate - group.granted
    if group.sharing:
        return left / group.shared_weight if left > 0.0 else 0.0
    return INFINITE if left >= -rate * 1e-12 else 0.0


def _fill(group: Group, rate: float, waiting: list[Node], enough: list[Node], common: Common) -> None:
    """Find the level of a group for a rate; moves who gets enough out of those that wait."""
    rising, falling = group.rising, group.falling
    while True:
        level = _level(group, rate)
        for node in waiting:
            if node.weight * level >= node.demand * _ENOUGH:
                level = _promote(group, rate, waiting, enough)
                break
        if rising and lowest(rising) <= level:
            waiting.append(_pull(group, heappop(rising)[2], common))
        elif falling and -lowest(falling) > level * _MORE:
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
            if node.weight * level >= node.demand * _ENOUGH:
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


def _fill_with_floors(
    group: Group, rate: float, waiting: list[Node], enough: list[Node], floored: list[tuple[Node, float]], common: Common
) -> None:
    """The same with reservations: bind those that the level gives less, which lowers it for the rest; again."""
    floors = _floors(group, rate)
    group.floored = 0.0
    while True:
        _fill(group, rate - group.floored, waiting, enough, common)
        below = [node for node in waiting if node in floors and floors[node] > node.weight * group.level]
        if not below:
            return
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


# ---- placing


def _insert_with_rate(group: Group, node: Node, rate: float, state: int, common: Common) -> None:
    node.state, node.rate = state, rate
    if isinstance(node, Group):
        rebase(node)
        divide(node, rate, common)
        tag = next_end(node, common)
    else:
        open_account(node, common)
        tag = common.now + node.left / rate if rate else INFINITE
    node.tag = tag
    node.stamp = node.tag_stamp = stamp = common.stamp()
    heappush(group.ends, (tag, stamp, node))
    if state == SATISFIED and group.contended:
        heappush(group.falling, (-node.demand / node.weight, stamp, node))


def _share_leaf(group: Group, leaf: Leaf, common: Common) -> None:
    leaf.state = SHARED
    open_account(leaf, common)
    leaf.tag = tag = group.virtual + leaf.left / leaf.weight
    common.stamps = leaf.stamp = leaf.tag_stamp = stamp = common.stamps + 1
    heappush(group.tags, (tag, stamp, leaf))
    heappush(group.rising, (leaf.threshold, stamp, leaf))


def _share_group(group: Group, child: Group, common: Common) -> None:
    child.state = SHARED
    rebase(child)
    child.tag = tag = shared_tag(child, group)
    child.stamp = child.tag_stamp = stamp = common.stamp()
    heappush(group.tags, (tag, stamp, child))
    heappush(group.rising, (child.threshold, stamp, child))


def _follow(group: Group, child: Group, common: Common) -> None:
    """A group that gets its weight's part: it shares if all in it does, otherwise it is passed at every pass."""
    rate, surely = child.weight * group.level, group.level * _SURELY
    child.threshold = shared_threshold(child, rate)
    if child.threshold <= surely:
        child.state = MIXED
        rebase(child)
        divide(child, rate, common)
        child.threshold = shared_threshold(child, rate)
    if child.threshold > surely:
        share_waiting(child, rate, common)
        _share_group(group, child, common)
        return
    group.mixed[child] = None
    child.tag = tag = next_end(child, common)
    child.stamp = child.tag_stamp = stamp = common.stamp()
    heappush(group.ends, (tag, stamp, child))


def shared_threshold(group: Group, rate: float) -> float:
    """The parent's level at which something in the group would no longer share; 0 where something does not now."""
    if group.satisfied or group.mixed or group.reserved:
        return 0.0
    weight = group.shared_weight
    for each in group.waiting:
        weight += each.weight
    if not weight:
        return 0.0
    level = rate / weight
    least = lowest(group.rising)
    for each in group.waiting:
        if isinstance(each, Group):
            each.threshold = shared_threshold(each, each.weight * level)
        if each.threshold < least:
            least = each.threshold
    if least <= level * _SURELY:
        return 0.0
    total = weight * least
    return (total if total < group.bound else group.bound) / group.weight


def share_waiting(group: Group, rate: float, common: Common) -> None:
    """What waits in a group of this rate follows its level from now on, and so does what waits below."""
    group.contended = True
    waiting = group.waiting
    if waiting:
        group.waiting = []
        for node in waiting:
            group.shared_weight += node.weight
        group.sharing += len(waiting)
    group.level = rate / group.shared_weight
    note_part(group)
    for node in waiting:
        if isinstance(node, Leaf):
            _share_leaf(group, node, common)
        else:
            share_waiting(node, node.weight * group.level, common)
            _share_group(group, node, common)
