"""A pass over one group: find its level, and place its children, and theirs, by what it says."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappush

from simulator.sharing._clocks import note_loss, note_part, open_account, rebase
from simulator.sharing._ends import lowest, next_end, shared_tag
from simulator.sharing._filling import (
    ENOUGH,
    SURELY,
    contend,
    fill,
    fill_with_floors,
    give_all,
    level_only,
    take_unsettled,
)
from simulator.sharing._measures import add_up
from simulator.sharing._nodes import FLOORED, MIXED, SATISFIED, SHARED, Common, Group, Leaf, Node
from simulator.sharing.tree import INFINITE

PASSES = 256
"""Passes of a group after which its sums are added up anew, and four for each child: a quarter of a child a pass."""


def divide(group: Group, rate: float, common: Common) -> None:
    """Divide a rate among the children of a group with a rate of its own; its clocks are at the present."""
    group.rate = rate
    group.passes += 1
    if group.passes > PASSES + 4 * group.count:
        add_up(group)
    waiting = group.waiting
    short = rate < group.demands * ENOUGH
    if short and group.contended and not group.reserved and not group.mixed and level_only(group, rate, waiting):
        group.waiting = []
        _place(group, (), (), waiting, common)
        return
    if group.mixed or group.reserved:
        take_unsettled(group, common)
    enough: list[Node] = []
    floored: list[tuple[Node, float]] = []
    if not short:
        give_all(group, enough, common)
        waiting = []
    else:
        group.waiting = []
        if not group.contended:
            contend(group)
        for node in waiting:
            group.shared_weight += node.weight
        group.sharing += len(waiting)
        if group.reserved:
            floored = fill_with_floors(group, rate, waiting, enough, common)
        else:
            fill(group, rate, waiting, enough, common)
    _place(group, enough, floored, waiting, common)


def _place(
    group: Group, enough: Iterable[Node], floored: Iterable[tuple[Node, float]], waiting: list[Node], common: Common
) -> None:
    """Everybody into the set that the new level says."""
    if group.place:
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
    rate, surely = child.weight * group.level, group.level * SURELY
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
    if least <= level * SURELY:
        return 0.0
    total = weight * least
    return (total if total < group.bound else group.bound) / group.weight


def share_waiting(group: Group, rate: float, common: Common) -> None:
    """What waits in a group of this rate follows its level from now on, and so does what waits below."""
    group.contended = True
    group.passes += 1
    if group.passes > PASSES + 4 * group.count:
        add_up(group)
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
