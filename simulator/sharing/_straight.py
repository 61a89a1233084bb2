"""One level straight through: what comes and goes on the device itself, where nobody crosses a threshold.

Most changes are of leaves on the root, and move the level and nobody else, or find enough for all. These two cases
stand here in one piece each, without the calls of the general path; whatever is not one of them is left to it, with
nothing moved but the clocks. Both paths do the same sums in the same order, so results are the same to the last bit.
"""

from __future__ import annotations

from heapq import heappush

from simulator.sharing._clocks import NOTHING, STOLEN, advance_root, open_account
from simulator.sharing._ends import lowest
from simulator.sharing._filling import ENOUGH, MORE
from simulator.sharing._nodes import SATISFIED, SHARED, Common, Group, Leaf
from simulator.sharing._passes import PASSES


def arrive(root: Group, leaf: Leaf, common: Common) -> bool:
    """An idle leaf of the root has work; False: the general path has to place it."""
    now = common.now
    if root.at != now:
        advance_root(root, now)
    if leaf.rules != common.rules or leaf.reservation or root.share.frozen or root.waiting:
        return False
    leaf_measures = demand, wanted, crowd, weight = leaf.measures
    demands, bound = root.demands + demand, root.bound
    count = root.count + 1
    if demand <= 0.0:
        return False
    if root.contended:
        shared_weight, left = root.shared_weight + weight, bound - root.granted
        if bound >= demands * ENOUGH or left <= 0.0 or root.passes >= PASSES + 4 * count or not _is_plain(root):
            return False
        level = left / shared_weight
        if weight * level >= demand * ENOUGH or _is_crossed(root, level):
            return False
        root.rate, root.level, root.shared_weight = bound, level, shared_weight
        root.passes += 1
        root.sharing += 1
        root.loss = STOLEN if count > 1 else NOTHING
        _follow_level(root, leaf, weight, common)
    elif demands <= bound:
        root.rate = demands
        _flow(root, leaf, demand, common)
    else:
        return False
    root.count, root.demands = count, demands
    root.weights += weight
    root.wants += wanted
    root.crowds += crowd
    leaf.demand, leaf.wanted, leaf.crowd, leaf.weight = leaf_measures
    return True


def relevel(root: Group, common: Common) -> bool:
    """Leaves of the root have come or gone, and are in its sums; False: the general path has to pass over it."""
    waiting = root.waiting
    for node in waiting:
        if not isinstance(node, Leaf):
            return False
    if root.share.frozen:
        return False
    if root.contended:
        return _find_level(root, waiting, common)  # type: ignore[arg-type]
    if root.demands > root.bound:
        return False
    root.rate = root.demands
    for leaf in waiting:
        _flow(root, leaf, leaf.demand, common)  # type: ignore[arg-type]
    waiting.clear()
    return True


def _find_level(root: Group, waiting: list[Leaf], common: Common) -> bool:
    bound, shared_weight = root.bound, root.shared_weight
    left = bound - root.granted
    for leaf in waiting:
        shared_weight += leaf.weight
    if bound >= root.demands * ENOUGH or left <= 0.0 or not shared_weight:
        return False
    if root.passes >= PASSES + 4 * root.count or not _is_plain(root):
        return False
    level = left / shared_weight
    for leaf in waiting:
        if leaf.weight * level >= leaf.demand * ENOUGH:
            return False
    if _is_crossed(root, level):
        return False
    root.rate, root.level, root.shared_weight = bound, level, shared_weight
    root.passes += 1
    root.loss = STOLEN if root.count > 1 else NOTHING
    if waiting:
        root.sharing += len(waiting)
        root.waiting = []
        for leaf in waiting:
            _follow_level(root, leaf, leaf.weight, common)
    return True


def _is_plain(root: Group) -> bool:
    """Whether weights and bounds say all: no reservations, and no groups that are passed every time."""
    return not (root.reserved or root.mixed or root.place)


def _is_crossed(root: Group, level: float) -> bool:
    """Whether somebody who follows the level would get enough at this one, or who has enough would not.

    A void entry at the top of a heap matters only where it says so: what is below it is no lower.
    """
    rising, falling = root.rising, root.falling
    if rising and rising[0][0] <= level and lowest(rising) <= level:
        return True
    return bool(falling) and -falling[0][0] > level * MORE and -lowest(falling) > level * MORE


def _follow_level(root: Group, leaf: Leaf, weight: float, common: Common) -> None:
    leaf.state = SHARED
    leaf.tag = tag = root.virtual + leaf.left / weight
    common.stamps = leaf.stamp = leaf.tag_stamp = stamp = common.stamps + 1
    heappush(root.tags, (tag, stamp, leaf))
    heappush(root.rising, (leaf.threshold, stamp, leaf))
    open_account(leaf, common)


def _flow(root: Group, leaf: Leaf, demand: float, common: Common) -> None:
    leaf.state, leaf.rate = SATISFIED, demand
    leaf.tag = tag = common.now + leaf.left / demand
    common.stamps = leaf.stamp = leaf.tag_stamp = stamp = common.stamps + 1
    heappush(root.ends, (tag, stamp, leaf))
    root.satisfied += 1
    root.granted += demand
    open_account(leaf, common)
