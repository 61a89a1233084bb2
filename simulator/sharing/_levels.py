"""Hierarchical virtual time: weighted max-min with caps and reservations in a tree, O(depth * log fan-out) a change.

Every group has a level, and a child gets ``min(demand, max(reservation, weight * level))``. Work of a child that follows
the level is finished when the group's virtual time, the integral of its level, reaches the child's tag: a level that
moves changes no tag. Two heaps of thresholds (demand over weight) say which child crosses when it does. In a pass every
move raises the level, so those that get enough are moved first and those that do not last; only reservations lower it,
and each of them once.

A change takes the groups from the leaf up to the first whose allotment cannot change out of their parents, and passes
over them from the top down. LAWS: GPS with caps, level by level. Sources: Bennett and Zhang, hierarchical packet fair
queueing algorithms (SIGCOMM 1996); Valente, exact GPS simulation with logarithmic complexity (SIGCOMM 2004).
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from simulator.sharing._clocks import (
    advance,
    advance_own,
    advance_shared,
    close_account,
    note_loss,
    note_part,
    open_account,
    rebase,
)
from simulator.sharing._nodes import (
    FLOORED,
    MIXED,
    SATISFIED,
    SHARED,
    STOPPED,
    WAITING,
    Entry,
    Group,
    Leaf,
    Node,
    current_rate,
)
from simulator.sharing.tree import INFINITE, Share

_ENOUGH = 1.0 - 1e-12
_SURELY = 1.0 + 1e-9
_PASSES = 65_536
"""Passes of a group after which its sums are added up anew."""


class Levels:
    """The nodes of one device and their levels.

    Args:
        share: the whole device.
        unit_rate: the most one leaf can use.
        now: present time; the caller sets it before each call.
    """

    def __init__(self, share: Share, unit_rate: float, now: float) -> None:
        self.root = Group(share, None)
        self.root.at = now
        self.unit_rate = unit_rate
        self.now = now
        self.quotas = False
        """Whether any share but the root has, or had, a quota: only then are the clocks for them kept."""
        self.stamps = self.rules = 0
        self.read_rules(self.root)

    # ---- what the rules of a share say

    def bound(self, node: Node) -> float:
        """The most a share can use by its number of processors."""
        share = node.share
        processors = share.width if share.cpus is None else min(share.width, float(len(share.cpus)))
        return processors * self.unit_rate

    def read_rules(self, group: Group) -> None:
        """Take over the rules of a group's share, which may have changed."""
        share, parent = group.share, group.parent
        group.room = self.bound(group)
        group.bound = min(group.room, share.cap)
        group.widest = group.bound if parent is None else min(parent.widest, group.room)
        if parent is not None:
            self.quotas = self.quotas or share.cap < INFINITE
        group.reservation = share.reservation
        group.rules = self.rules

    def restart(self, group: Group) -> None:
        """Take over all rules anew, from the root down; the group has lost all its children."""
        group.empty()
        group.demand = group.wanted = group.crowd = 0.0
        if group.parent is not None:
            group.state = STOPPED
            rebase(group)
        self.read_rules(group)

    def measure_leaf(self, leaf: Leaf) -> tuple[float, float, float, float]:
        """Demand, the same without quota, with every process counted, and the weight that follows from it."""
        share, unit = leaf.share, self.unit_rate
        if share.frozen:
            return 0.0, 0.0, 0.0, share.weight
        room = self.bound(leaf)
        wanted = unit if unit < room else room
        bound = room if room < share.cap else share.cap
        if share.cap < INFINITE:
            self.quotas = True
        demand = wanted if wanted < bound else bound
        crowd = min(share.processes * unit, bound)
        if leaf.owner:
            wanted = min(wanted, leaf.parent.widest)
        return demand, wanted, crowd, share.weight * crowd / unit if share.weight_rule == "active" else share.weight

    def _measure(self, group: Group) -> tuple[float, float, float, float]:
        share = group.share
        if share.frozen or not group.count:
            return 0.0, 0.0, 0.0, group.weight
        demand = min(group.demands, group.bound)
        if demand <= 0.0:
            return 0.0, 0.0, 0.0, group.weight
        crowd = min(group.crowds, group.bound)
        weight = share.weight * crowd / self.unit_rate if share.weight_rule == "active" else share.weight
        return demand, min(group.wants, group.room), crowd, weight

    def _settle_in(self, parent: Group, node: Node, measures: tuple[float, float, float, float]) -> None:
        """Give a node its measures, and its parent the sums that follow."""
        demand, wanted, crowd, weight = measures
        if node.demand > 0.0:
            parent.weights -= node.weight
            parent.demands -= node.demand
            parent.wants -= node.wanted
            parent.crowds -= node.crowd
            parent.count -= 1
        if demand > 0.0:
            parent.weights += weight
            parent.demands += demand
            parent.wants += wanted
            parent.crowds += crowd
            parent.count += 1
        elif not parent.count:
            parent.weights = parent.demands = parent.wants = parent.crowds = 0.0
        node.demand, node.wanted, node.crowd, node.weight = demand, wanted, crowd, weight
        if not node.group:
            node.threshold = demand / weight
        if node.reservation > 0.0 and demand > 0.0:
            parent.reserved[node] = None
        elif parent.reserved:
            parent.reserved.pop(node, None)

    # ---- one change: up, then down

    def join(self, leaf: Leaf) -> None:
        """A leaf has work, or other rules than before; its group's clocks are at the present."""
        group = leaf.parent
        leaf.reservation = leaf.share.reservation
        self._settle_in(group, leaf, self.measure_leaf(leaf))
        leaf.state = WAITING if leaf.demand > 0.0 else STOPPED
        if leaf.demand > 0.0:
            group.waiting.append(leaf)
        else:
            open_account(leaf, self.now)

    def leave(self, leaf: Leaf) -> None:
        """A leaf's account is written and it is nobody's; its group's clocks are at the present."""
        group = leaf.parent
        self.take(group, leaf)
        self._settle_in(group, leaf, (0.0, 0.0, 0.0, leaf.weight))
        leaf.state = STOPPED

    def change(self, group: Group) -> None:
        """Children of one group have joined or left: pass over all that this touches."""
        top = self._rise(group)
        parent = top.parent
        if parent is None:
            self._pass(top, 0.0 if top.share.frozen else min(top.demands, top.bound))
            return
        if top.state == SHARED:
            if self._stays_shared(top, parent):
                self._tell(top)
                return
            while top.state == SHARED:
                assert parent is not None
                self.take(parent, top)
                parent.waiting.append(top)
                top, parent = parent, parent.parent
        self._pass(top, current_rate(top))
        self._tell(top)

    def change_all(self, groups: dict[Group, None]) -> None:
        """The same for several groups, or where the rules of a group have changed: everything above them is passed."""
        for group in groups:
            advance(group, self.now, self.quotas)
        waiting: dict[int, dict[Group, None]] = {}
        for group in groups:
            waiting.setdefault(len(group.path), {})[group] = None
        for depth in range(max(waiting), 1, -1):
            for group in waiting.get(depth, ()):
                parent = group.parent
                assert parent is not None
                self._take_out(parent, group, self._measure(group))
                waiting.setdefault(depth - 1, {})[parent] = None
        root = self.root
        self._pass(root, 0.0 if root.share.frozen else min(root.demands, root.bound))

    def _take_out(self, parent: Group, group: Group, measures: tuple[float, float, float, float]) -> None:
        """Out of its parent's sets, to be passed again with its new measures; at once where it can use nothing."""
        was = group.state
        self.take(parent, group)
        note_part(group)
        self._settle_in(parent, group, measures)
        if group.demand > 0.0:
            parent.waiting.append(group)
            return
        group.state = STOPPED
        if was != STOPPED or group.waiting:
            rebase(group)
        self._pass(group, 0.0)

    def _rise(self, group: Group) -> Group:
        """Hand a group's new measures up; returns the highest group whose children must be divided anew.

        It stops where nothing changes; all below the group that it returns are taken out of their parents.
        """
        top, held = group, []
        while True:
            parent = group.parent
            if parent is None:
                break
            if group is not top and group.loss and group.place and group.state != SHARED:
                self._hold(held)
                top = group
            note_part(group)
            measures = demand, wanted, crowd, weight = self._measure(group)
            same = demand == group.demand and weight == group.weight
            if same and wanted == group.wanted and crowd == group.crowd:
                break
            if demand > 0.0 and (same or self._is_short(group, parent, demand, weight)):
                held.append(group)
                self._settle_in(parent, group, measures)
            else:
                self._hold(held)
                self._take_out(parent, group, measures)
                top = parent
            group = parent
        return top

    def _is_short(self, group: Group, parent: Group, demand: float, weight: float) -> bool:
        """Whether a group follows its parent's level, and still does with another demand: nobody else notices."""
        if weight != group.weight or group.reservation:
            return False
        return (group.state == SHARED or group.state == MIXED) and demand > weight * parent.level * _SURELY

    def _hold(self, groups: list[Group]) -> None:
        for group in groups:
            assert group.parent is not None
            self.take(group.parent, group)
            group.parent.waiting.append(group)
        groups.clear()

    # ---- all that shares

    def _stays_shared(self, top: Group, parent: Group) -> bool:
        """Try to leave a group and what waits below it in step with its parent's level."""
        threshold = self._shared_threshold(top, top.weight * parent.level)
        if threshold <= parent.level * _SURELY:
            return False
        top.level = top.weight * parent.level / (top.shared_weight + sum(each.weight for each in top.waiting))
        self._share_waiting(top)
        return True

    def _shared_threshold(self, group: Group, rate: float) -> float:
        """The parent's level at which something in the group would no longer share; 0 where something does not now."""
        if group.satisfied or group.mixed or group.reserved:
            return 0.0
        weight = group.shared_weight
        for each in group.waiting:
            weight += each.weight
        if not weight:
            return 0.0
        level = rate / weight
        least = self._lowest(group)
        for each in group.waiting:
            if each.group:
                each.threshold = self._shared_threshold(each, each.weight * level)
            if each.threshold < least:
                least = each.threshold
        if least <= level * _SURELY:
            return 0.0
        total = weight * least
        return (total if total < group.bound else group.bound) / group.weight

    def _lowest(self, group: Group) -> float:
        rising = group.rising
        while rising:
            threshold, stamp, node = rising[0]
            if node.stamp == stamp:
                return threshold
            heappop(rising)
        return INFINITE

    def _share_waiting(self, group: Group) -> None:
        """What waits in a group follows its level from now on, and so does what waits below."""
        group.contended = True
        waiting, group.waiting = group.waiting, []
        for node in waiting:
            group.shared_weight += node.weight
            group.sharing += 1
        for node in waiting:
            if node.group:
                node.level = (
                    node.weight * group.level / (node.shared_weight + sum(each.weight for each in node.waiting))
                )
                note_part(node)
                self._share_waiting(node)
            self._insert_shared(group, node)

    def _insert_shared(self, group: Group, node: Node) -> None:
        node.state = SHARED
        if node.group:
            rebase(node)
            tag = group.virtual + (self._next_tag(node) - node.virtual) * node.shared_weight / node.weight
        else:
            open_account(node, self.now)
            tag = group.virtual + node.left / node.weight
        node.tag = tag
        self.stamps = stamp = self.stamps + 1
        node.stamp = node.tag_stamp = stamp
        heappush(group.tags, (tag, stamp, node))
        heappush(group.rising, (node.threshold, stamp, node))

    # ---- a pass

    def _pass(self, group: Group, rate: float) -> None:
        """Divide a rate among the children of a group with a rate of its own; its clocks are at the present."""
        group.rate = rate
        group.passes += 1
        if group.passes > _PASSES:
            self._add_up(group)
        for node in [*group.mixed, *group.reserved]:
            if node.state not in (WAITING, STOPPED):
                if node.group:
                    self._bring(group, node)
                self.take(group, node)
                group.waiting.append(node)
        if rate >= group.demands * _ENOUGH:
            enough, waiting, floored = self._all(group), [], []
        else:
            enough, waiting, floored = self._fill(group, rate)
        note_part(group)
        note_loss(group)
        for node in enough:
            self._insert_with_rate(group, node, node.demand, SATISFIED)
        for node, floor in floored:
            self._insert_with_rate(group, node, floor, FLOORED)
        for node in waiting:
            if not node.group:
                self._insert_shared(group, node)
            else:
                self._follow(group, node)

    def _bring(self, parent: Group, group: Group) -> None:
        """A child's clocks to the present, its parent's being there."""
        if group.at == self.now and group.state != SHARED:
            return
        if group.state == SHARED:
            group.level = group.weight * parent.level / group.shared_weight
            advance_shared(group, parent, self.now, self.quotas)
        else:
            advance_own(group, parent, self.now, self.quotas)

    def _all(self, group: Group) -> list[Node]:
        """Everybody gets all that can be used: no level, no thresholds."""
        enough, group.waiting = group.waiting, []
        if group.sharing:
            for _, stamp, node in sorted(group.tags):
                if node.tag_stamp == stamp:
                    if node.group:
                        self._bring(group, node)
                    self.take(group, node)
                    enough.append(node)
        self._uncontended(group)
        group.granted += sum(node.demand for node in enough)
        group.satisfied += len(enough)
        return enough

    def _uncontended(self, group: Group) -> None:
        group.contended, group.level = False, INFINITE
        group.shared_weight = group.virtual = group.stolen_level = group.stolen_full = 0.0
        group.throttled_level = group.throttled_full = 0.0
        if group.tags or group.rising or group.falling:
            group.tags, group.rising, group.falling = [], [], []
        if not group.satisfied:
            group.granted = 0.0
            if group.ends:
                group.ends = []

    def _fill(self, group: Group, rate: float) -> tuple[list[Node], list[Node], list[tuple[Node, float]]]:
        """Find the level. Returns who now gets enough, who follows the level, and who is bound to which floor."""
        if not group.contended:
            self._contend(group)
        waiting, group.waiting = group.waiting, []
        for node in waiting:
            group.shared_weight += node.weight
        group.sharing += len(waiting)
        floors = self._floors(group, rate)
        enough: list[Node] = []
        floored: list[tuple[Node, float]] = []
        while True:
            self._fill_shared(group, rate, waiting, enough)
            below = [node for node in waiting if node in floors and floors[node] > node.weight * group.level]
            if not below:
                return enough, waiting, floored
            for node in below:
                waiting.remove(node)
                floored.append((node, floors[node]))
                group.floored += floors[node]
                group.shared_weight -= node.weight
                group.sharing -= 1
            for node in enough:
                group.granted -= node.demand
                group.satisfied -= 1
                group.shared_weight += node.weight
                group.sharing += 1
            waiting += enough
            enough.clear()

    def _floors(self, group: Group, rate: float) -> dict[Node, float]:
        """What is reserved for each, as far as it can be used; less for all alike where it is more than there is."""
        group.floored = 0.0
        if not group.reserved:
            return {}
        floors = {node: min(node.reservation, node.demand) for node in group.reserved if node.demand > 0.0}
        total = sum(floors.values())
        scale = min(1.0, rate / total) if total else 1.0
        return {node: floor * scale for node, floor in floors.items()}

    def _contend(self, group: Group) -> None:
        """From now on there is less than enough: thresholds of those that have enough count."""
        group.contended = True
        group.falling = [(-n.demand / n.weight, n.stamp, n) for _, s, n in group.ends if n.tag_stamp == s]
        heapify(group.falling)

    def _fill_shared(self, group: Group, rate: float, waiting: list[Node], enough: list[Node]) -> None:
        """The level without reservations other than those that bind already."""
        rising, falling = group.rising, group.falling
        rate -= group.floored
        while True:
            level = self._level(group, rate)
            index = 0
            moved = False
            while index < len(waiting):
                node = waiting[index]
                if node.weight * level >= node.demand * _ENOUGH:
                    waiting[index] = waiting[-1]
                    waiting.pop()
                    group.shared_weight -= node.weight
                    group.sharing -= 1
                    group.granted += node.demand
                    group.satisfied += 1
                    enough.append(node)
                    level = self._level(group, rate)
                    moved = True
                else:
                    index += 1
            if moved:
                continue
            while rising and rising[0][2].stamp != rising[0][1]:
                heappop(rising)
            if rising and rising[0][0] <= level:
                waiting.append(self._pull(group, heappop(rising)[2]))
                continue
            while falling and falling[0][2].stamp != falling[0][1]:
                heappop(falling)
            if falling and -falling[0][0] > level * (1.0 + 1e-12):
                waiting.append(self._pull(group, heappop(falling)[2]))
                continue
            break
        group.level = level
        if not group.sharing:
            group.shared_weight = 0.0
        if not group.satisfied:
            group.granted = 0.0

    def _level(self, group: Group, rate: float) -> float:
        left = rate - group.granted
        if group.sharing:
            return left / group.shared_weight if left > 0.0 else 0.0
        return INFINITE if group.granted <= rate * (1.0 + 1e-12) else 0.0

    def _pull(self, group: Group, node: Node) -> Node:
        """Out of its set, to be placed anew in this pass; until then it counts as sharing."""
        if node.group:
            self._bring(group, node)
        self.take(group, node)
        group.shared_weight += node.weight
        group.sharing += 1
        return node

    def _insert_with_rate(self, group: Group, node: Node, rate: float, state: int) -> None:
        node.state, node.rate = state, rate
        if node.group:
            rebase(node)
            self._pass(node, rate)
            tag = self.next_end(node)
        else:
            open_account(node, self.now)
            tag = self.now + node.left / rate if rate else INFINITE
        node.tag = tag
        self.stamps = stamp = self.stamps + 1
        node.stamp = node.tag_stamp = stamp
        heappush(group.ends, (tag, stamp, node))
        if state == SATISFIED and group.contended:
            heappush(group.falling, (-node.demand / node.weight, stamp, node))

    def _follow(self, group: Group, child: Group) -> None:
        """A group that gets its weight's part: it shares if all in it does, otherwise it is passed at every pass."""
        rate = child.weight * group.level
        threshold = self._shared_threshold(child, rate)
        if threshold <= group.level * _SURELY:
            child.state = MIXED
            rebase(child)
            self._pass(child, rate)
            threshold = self._shared_threshold(child, rate)
        if threshold > group.level * _SURELY:
            child.level = rate / (child.shared_weight + sum(each.weight for each in child.waiting))
            child.threshold = threshold
            note_part(child)
            self._share_waiting(child)
            self._insert_shared(group, child)
            return
        group.mixed[child] = None
        child.tag = self.next_end(child)
        child.stamp = child.tag_stamp = self._stamp()
        heappush(group.ends, (child.tag, child.stamp, child))

    def take(self, group: Group, node: Node) -> None:
        """Take a child out of its set; it waits. Its clocks, and its group's, are at the present."""
        state = node.state
        if not node.group:
            close_account(node, self.now, self.unit_rate)
        if state == SHARED or state == MIXED:
            group.shared_weight -= node.weight
            group.sharing -= 1
            if not group.sharing:
                group.shared_weight = 0.0
            if state == MIXED:
                group.mixed.pop(node, None)  # type: ignore[arg-type]
        elif state == SATISFIED:
            group.granted -= node.rate
            group.satisfied -= 1
        elif state == WAITING:
            group.waiting.remove(node)
        node.state = WAITING
        node.stamp = node.tag_stamp = 0

    def _stamp(self) -> int:
        self.stamps += 1
        return self.stamps

    def _add_up(self, group: Group) -> None:
        """Sums collect rounding errors: add them up anew."""
        group.passes = 0
        sharing = [node for _, stamp, node in group.tags if node.tag_stamp == stamp]
        others = [node for _, stamp, node in group.ends if node.tag_stamp == stamp]
        sharing += [node for node in others if node.state == MIXED]
        satisfied = [node for node in others if node.state == SATISFIED]
        floored = [node for node in others if node.state == FLOORED]
        group.shared_weight = sum(node.weight for node in sharing)
        group.granted = sum(node.rate for node in satisfied)
        everyone = [*sharing, *satisfied, *floored, *group.waiting]
        group.weights = sum(node.weight for node in everyone)
        group.demands = sum(node.demand for node in everyone)
        group.wants = sum(node.wanted for node in everyone)
        group.crowds = sum(node.crowd for node in everyone)

    # ---- what ends next

    def _next_tag(self, group: Group) -> float:
        """Virtual time at which the first of the shared children ends, or something in it."""
        tags = group.tags
        while tags:
            tag, stamp, node = tags[0]
            if node.tag_stamp == stamp:
                return tag
            heappop(tags)
        return INFINITE

    def next_end(self, group: Group) -> float:
        """When the first leaf in a group with a rate of its own ends; its clocks are at the present."""
        ends, soonest = group.ends, INFINITE
        while ends:
            tag, stamp, node = ends[0]
            if node.tag_stamp == stamp:
                soonest = tag
                break
            heappop(ends)
        if group.sharing and group.level > 0.0:
            tag = self.now + max(0.0, self._next_tag(group) - group.virtual) / group.level
            if tag < soonest:
                soonest = tag
        return soonest

    def _tell(self, group: Group) -> None:
        """Something in a group ends at another time than before: its tag, and those of all above as far as they change."""
        parent = group.parent
        while parent is not None:
            moved = False
            if group.state == SHARED:
                tag = parent.virtual + (self._next_tag(group) - group.virtual) * group.shared_weight / group.weight
                heap = parent.tags
                moved = self._move_threshold(parent, group)
            elif group.state == STOPPED:
                return
            else:
                tag = self.next_end(group)
                heap = parent.ends
            if tag != group.tag:
                group.tag = tag
                group.tag_stamp = self._stamp()
                heappush(heap, (tag, group.tag_stamp, group))
            elif not moved:
                return
            group, parent = parent, parent.parent

    def _move_threshold(self, parent: Group, group: Group) -> bool:
        least = group.shared_weight * self._lowest(group)
        threshold = (least if least < group.bound else group.bound) / group.weight
        if threshold == group.threshold:
            return False
        group.threshold = threshold
        group.stamp = self._stamp()
        heappush(parent.rising, (threshold, group.stamp, group))
        return True

    def ended(self, group: Group, grain: float, found: list[Leaf], dirty: dict[Group, None], first: bool) -> None:
        """Collect and take out the leaves of a group that end within a grain of time; its clocks are at the present.

        With ``first`` its parent's tag says that one does: the first is taken whatever rounding says.
        """
        while True:
            end, virtual = self._first(group.ends), self._next_tag(group)
            if virtual < INFINITE and group.level > 0.0:
                wait = (virtual - group.virtual) / group.level
            else:
                wait = INFINITE
            heap = group.ends if end - self.now < wait else group.tags
            if min(end - self.now, wait) > grain and not (first and heap):
                return
            first = False
            node = heappop(heap)[2]
            if not node.group:
                self.leave(node)
                found.append(node)
                dirty[group] = None
            else:
                node.tag, node.tag_stamp = INFINITE, 0
                self._bring(group, node)
                self.ended(node, grain, found, dirty, True)

    def _first(self, heap: list[Entry]) -> float:
        while heap:
            tag, stamp, node = heap[0]
            if node.tag_stamp == stamp:
                return tag
            heappop(heap)
        return INFINITE
