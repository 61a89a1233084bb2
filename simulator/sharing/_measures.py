"""What a node can use and weighs, by the rules of its share and by what stands on it."""

from __future__ import annotations

from simulator.sharing._ends import drop_void
from simulator.sharing._nodes import MIXED, SATISFIED, SHARED, Common, Group, Leaf, Node
from simulator.sharing.tree import INFINITE

Measures = tuple[float, float, float, float]
"""Demand; the same without quota; the same with every process counted; weight."""


def read_rules(group: Group, common: Common) -> None:
    """Take over the rules of a group's share, which may have changed; its parent has done so before."""
    share, parent = group.share, group.parent
    group.room = _room(group, common)
    group.bound = min(group.room, share.cap)
    group.widest = group.bound if parent is None else min(parent.widest, group.room)
    group.rules = common.rules
    if parent is not None:
        common.quotas = common.quotas or share.cap < INFINITE
        group.reservation = share.reservation


def _room(node: Node, common: Common) -> float:
    """The most a share can use by its number of processors."""
    share = node.share
    processors = share.width if share.cpus is None else min(share.width, float(len(share.cpus)))
    return processors * common.unit_rate


def measure_leaf(leaf: Leaf, common: Common) -> Measures:
    """What a leaf with work can use; kept until rules change."""
    if leaf.rules == common.rules:
        return leaf.measures
    share, unit = leaf.share, common.unit_rate
    leaf.rules, leaf.reservation = common.rules, share.reservation
    common.quotas = common.quotas or share.cap < INFINITE
    room = _room(leaf, common)
    bound = 0.0 if share.frozen else min(room, share.cap)
    demand, crowd = min(unit, bound), min(share.processes * unit, bound)
    wanted = min(unit, room, leaf.parent.widest) if leaf.owner else min(unit, room)
    weight = share.weight
    if share.weight_rule == "active" and crowd:
        weight *= crowd / unit
    leaf.threshold = demand / weight
    leaf.measures = demand, wanted, crowd, weight
    return leaf.measures


def measure_group(group: Group, common: Common) -> Measures:
    """What the children of a group can use together, within its own bounds."""
    share = group.share
    bound = group.bound
    if share.frozen or not group.count or bound <= 0.0:
        return 0.0, 0.0, 0.0, group.weight
    demand, crowd, wants = group.demands, group.crowds, group.wants
    weight = share.weight
    if share.weight_rule == "active":
        weight *= (crowd if crowd < bound else bound) / common.unit_rate
    room = group.room
    return (
        demand if demand < bound else bound,
        wants if wants < room else room,
        crowd if crowd < bound else bound,
        weight,
    )


def settle_in(parent: Group, node: Node, measures: Measures) -> None:
    """Give a node its measures, and its parent the sums that follow."""
    demand, wanted, crowd, weight = measures
    before = node.demand
    if before <= 0.0:
        if demand > 0.0:
            parent.count += 1
            parent.weights += weight
            parent.demands += demand
            parent.wants += wanted
            parent.crowds += crowd
        elif not parent.count:
            parent.weights = parent.demands = parent.wants = parent.crowds = 0.0
    elif demand > 0.0:
        parent.weights = parent.weights - node.weight + weight
        parent.demands = parent.demands - before + demand
        parent.wants = parent.wants - node.wanted + wanted
        parent.crowds = parent.crowds - node.crowd + crowd
    else:
        settle_out(parent, node)
    node.demand, node.wanted, node.crowd, node.weight = measures
    if node.reservation > 0.0 and demand > 0.0:
        parent.reserved[node] = None
    elif parent.reserved:
        parent.reserved.pop(node, None)


def settle_out(parent: Group, node: Node) -> None:
    """Take what a node has brought out of the sums of its parent."""
    parent.count -= 1
    if parent.count:
        parent.weights -= node.weight
        parent.demands -= node.demand
        parent.wants -= node.wanted
        parent.crowds -= node.crowd
    else:
        parent.weights = parent.demands = parent.wants = parent.crowds = 0.0


def add_up(group: Group) -> None:
    """Sums collect rounding errors, heaps void entries: add up those of a group anew, and drop these."""
    group.passes = 0
    drop_void(group)
    here = [node for _, _, node in (*group.tags, *group.ends) if node.state != MIXED]
    here += [*group.mixed, *group.waiting]
    group.weights = sum(node.weight for node in here)
    group.demands = sum(node.demand for node in here)
    group.wants = sum(node.wanted for node in here)
    group.crowds = sum(node.crowd for node in here)
    group.granted = sum(node.rate for node in here if node.state == SATISFIED)
    group.shared_weight = sum(node.weight for node in here if node.state in (SHARED, MIXED))
