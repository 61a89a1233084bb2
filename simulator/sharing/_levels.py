"""Hierarchical virtual time: weighted max-min with caps and reservations in a tree, O(depth * log fan-out) a change.

Every group has a level, and a child gets ``min(demand, max(reservation, weight * level))``. Work of a child that
follows the level is finished when the group's virtual time, the integral of its level, reaches the child's tag: a level
that moves changes no tag, and where all in a group follows the level, that of the group's parent moves it along.

A change takes the groups from the leaf up to the first whose allotment cannot change out of their parents, and passes
over them from the top down. LAWS: GPS with caps, level by level. Sources: Bennett and Zhang, hierarchical packet fair
queueing algorithms (SIGCOMM 1996); Valente, exact GPS simulation with logarithmic complexity (SIGCOMM 2004).
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

from simulator.sharing._clocks import advance, close_account, note_part, open_account, rebase
from simulator.sharing._ends import first, tell
from simulator.sharing._filling import SURELY, bring, take
from simulator.sharing._measures import Measures, measure_group, measure_leaf, read_rules, settle_in, settle_out
from simulator.sharing._nodes import MIXED, SATISFIED, SHARED, STOPPED, WAITING, Common, Group, Leaf, current_rate
from simulator.sharing._passes import divide, share_waiting, shared_threshold
from simulator.sharing._straight import relevel
from simulator.sharing.tree import INFINITE


def join(leaf: Leaf, common: Common) -> None:
    """A leaf has work, or other rules than before; its group's clocks are at the present."""
    group = leaf.parent
    measures = measure_leaf(leaf, common)
    settle_in(group, leaf, measures)
    if measures[0] > 0.0:
        leaf.state = WAITING
        group.waiting.append(leaf)
    else:
        leaf.state = STOPPED
        open_account(leaf, common)


def leave(leaf: Leaf, common: Common) -> None:
    """Write a leaf's account and take it out; its group's clocks are at the present."""
    group = leaf.parent
    state = leaf.state
    if state in (SHARED, SATISFIED):
        close_account(leaf, common)
        if state == SHARED:
            group.sharing -= 1
            group.shared_weight = group.shared_weight - leaf.weight if group.sharing else 0.0
        else:
            group.satisfied -= 1
            group.granted = group.granted - leaf.rate if group.satisfied else 0.0
        leaf.stamp = leaf.tag_stamp = 0
    else:
        take(group, leaf, common)
    leaf.state = STOPPED
    if leaf.demand > 0.0:
        settle_out(group, leaf)
        leaf.demand = leaf.wanted = leaf.crowd = 0.0
        if group.reserved:
            group.reserved.pop(leaf, None)


def restart(group: Group, common: Common) -> None:
    """Take over all rules anew, from the root down; the group has lost all its children."""
    group.empty()
    group.demand = group.wanted = group.crowd = 0.0
    if group.parent is not None:
        group.state = STOPPED
        rebase(group)
    read_rules(group, common)


def change(group: Group, common: Common) -> None:
    """Children of a group have joined or left: pass over all that this touches."""
    if group.parent is None:
        if not relevel(group, common):
            _divide_root(group, common)
    elif group.contended or not _flow_freely(group, common):
        _finish(_rise(group, common), common)


def change_several(groups: Iterable[Group], common: Common) -> None:
    """The same for several groups: what they stand on is passed once."""
    rest = [group for group in groups if group.contended or not _flow_freely(group, common)]
    rest.sort(key=_depth, reverse=True)
    tops = {_rise(group, common): None for group in rest}
    for top in sorted((top for top in tops if top.state != WAITING), key=_depth):
        advance(top, common)
        _finish(top, common)


def _depth(group: Group) -> int:
    return len(group.path)


def _finish(top: Group, common: Common) -> None:
    """Pass over a group whose allotment has not changed, and all that waits below it."""
    parent = top.parent
    if parent is None:
        _divide_root(top, common)
        return
    if top.state == SHARED:
        rate = top.weight * parent.level
        if shared_threshold(top, rate) > parent.level * SURELY:
            share_waiting(top, rate, common)
            tell(top, common)
            return
        while top.state == SHARED:
            assert parent is not None
            take(parent, top, common)
            parent.waiting.append(top)
            top, parent = parent, parent.parent
    divide(top, current_rate(top), common)
    tell(top, common)


def change_all(groups: dict[Group, None], common: Common) -> None:
    """The same for several groups, or where the rules of a group have changed: everything above them is passed."""
    for group in groups:
        advance(group, common)
    changed: dict[int, dict[Group, None]] = {}
    for group in groups:
        changed.setdefault(len(group.path), {})[group] = None
    for depth in range(max(changed), 1, -1):
        for group in changed.get(depth, ()):
            parent = group.parent
            assert parent is not None
            _take_out(parent, group, measure_group(group, common), common)
            changed.setdefault(depth - 1, {})[parent] = None
    _divide_root(next(iter(groups)).path[0], common)


def _divide_root(root: Group, common: Common) -> None:
    demands, bound = root.demands, root.bound
    divide(root, 0.0 if root.share.frozen else demands if demands < bound else bound, common)


# ---- up


def _rise(group: Group, common: Common) -> Group:
    """Hand a group's new measures up; returns the highest group whose children must be divided anew.

    It stops where nothing changes; all below the group that it returns are taken out of their parents.
    """
    top = group
    held: list[Group] = []
    while True:
        parent = group.parent
        if parent is None:
            break
        if group is not top and group.loss and group.place and group.state != SHARED:
            _hold(held, common)
            top = group
        note_part(group)
        measures = demand, wanted, crowd, weight = measure_group(group, common)
        same = demand == group.demand and weight == group.weight
        waits = group.state == WAITING
        if same and not waits and wanted == group.wanted and crowd == group.crowd:
            break
        if demand > 0.0 and not waits and (same or _is_short(group, parent, demand, weight)):
            held.append(group)
            settle_in(parent, group, measures)
        else:
            _hold(held, common)
            _take_out(parent, group, measures, common)
            top = parent
        group = parent
    return top


def _is_short(group: Group, parent: Group, demand: float, weight: float) -> bool:
    """Whether a group follows its parent's level, and still does with another demand: nobody else notices."""
    if weight != group.weight or group.reservation:
        return False
    return group.state in (SHARED, MIXED) and demand > weight * parent.level * SURELY


def _hold(groups: list[Group], common: Common) -> None:
    for group in groups:
        assert group.parent is not None
        take(group.parent, group, common)
        group.parent.waiting.append(group)
    groups.clear()


def _take_out(parent: Group, group: Group, measures: Measures, common: Common) -> None:
    """Out of its parent's sets, to be passed again with its new measures; at once where it can use nothing."""
    take(parent, group, common)
    note_part(group)
    settle_in(parent, group, measures)
    if group.demand > 0.0:
        parent.waiting.append(group)
        return
    group.state = STOPPED
    rebase(group)
    divide(group, 0.0, common)


# ---- where there is enough for all


def _flow_freely(group: Group, common: Common) -> bool:
    """Start what waits in a group at its full rate if that leaves enough for everybody, there and above."""
    more = 0.0
    each: Group | None = group
    while each is not None:
        demand = each.demands + more
        if each.contended or demand > each.bound or each.share.frozen or (each.waiting and each is not group):
            return False
        if each.state != SATISFIED and (each.state != STOPPED or each.satisfied or demand <= 0.0):
            return False
        more, each = demand - each.demand, each.parent
    for leaf in group.waiting:
        if not isinstance(leaf, Leaf):
            return False
    for leaf in group.waiting:
        assert isinstance(leaf, Leaf)
        _start(group, leaf, common)
    group.waiting.clear()
    _hand_up(group, common)
    return True


def _start(group: Group, leaf: Leaf, common: Common) -> None:
    open_account(leaf, common)
    leaf.state, leaf.rate = SATISFIED, leaf.demand
    leaf.tag = tag = common.now + leaf.left / leaf.rate
    common.stamps = leaf.stamp = leaf.tag_stamp = stamp = common.stamps + 1
    heappush(group.ends, (tag, stamp, leaf))
    group.satisfied += 1
    group.granted += leaf.rate


def _hand_up(group: Group, common: Common) -> None:
    """Sums, rates and tags of a group that gets all it can use, and of all above."""
    parent = group.parent
    while parent is not None:
        note_part(group)
        measures = measure_group(group, common)
        if group.state == STOPPED:
            group.state, group.tag_stamp = SATISFIED, 0
            group.tag = INFINITE
            rebase(group)
            parent.satisfied += 1
            group.rate = 0.0
        settle_in(parent, group, measures)
        parent.granted += group.demand - group.rate
        group.rate = group.demand
        if not group.count:
            group.state, group.stamp, group.tag_stamp = STOPPED, 0, 0
            parent.satisfied -= 1
        else:
            tag, stamp, node = group.ends[0]
            if node.tag_stamp != stamp:
                tag = first(group.ends)
            if tag != group.tag or not group.tag_stamp:
                group.tag = tag
                common.stamps = group.stamp = group.tag_stamp = stamp = common.stamps + 1
                heappush(parent.ends, (tag, stamp, group))
        group, parent = parent, parent.parent
    group.rate = group.demands


# ---- ends


def take_ended(
    group: Group, grain: float, found: list[Leaf], changed: dict[Group, None], common: Common, due: bool = False
) -> None:
    """Take out the leaves of a group that end within a grain of time; its clocks are at the present.

    With ``due`` its parent's tag says that one does: the first is taken whatever rounding says.
    """
    now, tags, ends = common.now, group.tags, group.ends
    while True:
        wait, heap = INFINITE, tags
        if tags and group.sharing and group.level > 0.0:
            tag, stamp, node = tags[0]
            if node.tag_stamp != stamp:
                tag = first(tags)
            wait = (tag - group.virtual) / group.level
        if ends:
            tag, stamp, node = ends[0]
            if node.tag_stamp != stamp:
                tag = first(ends)
            until = tag - now
            if until < wait:
                wait, heap = until, ends
        if wait > grain and not (due and wait < INFINITE):
            return
        due = False
        node = heappop(heap)[2]
        if isinstance(node, Leaf):
            leave(node, common)
            found.append(node)
            changed[group] = None
        else:
            common.stamps = node.tag_stamp = stamp = common.stamps + 1
            node.tag = INFINITE
            heappush(heap, (INFINITE, stamp, node))
            bring(group, node, common)
            take_ended(node, grain, found, changed, common, True)
