"""The fluid solver: rates change only when something arrives, ends or is set; between, work flows evenly.

Exact, at a cost that grows with the depth of the tree and hardly with the number of threads: hierarchical virtual time
(``_levels``). Work is exact: what is removed early returns its exact remainder. One calendar entry serves the device;
what ends at one instant is taken out together, then levels are found once, and those who wait are told within it in the
order in which they had submitted.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter

import simpy

from simulator.sharing._clocks import advance, advance_root, close_account, open_account
from simulator.sharing._ends import next_end
from simulator.sharing._filling import take
from simulator.sharing._levels import change, change_all, change_several, join, leave, restart, take_ended
from simulator.sharing._load_time import LoadTime
from simulator.sharing._measures import read_rules
from simulator.sharing._nodes import SATISFIED, Common, Group, Leaf
from simulator.sharing._straight import arrive
from simulator.sharing._timer import Timer
from simulator.sharing.tree import Scheduling, Share

FIDELITY = "fluid"
SLICES = False
NOT_MODELLED = (
    "time slices: involuntary switches between threads that share a processor, with their cache refill",
    "wake-up latency behind a running slice",
    "bursts within a quota period",
)
"""Effects that need real slices; named in every result of this fidelity."""

_RELATIVE_TIME = 1e-12
_order = attrgetter("order")


class Fluid:
    """A device of ``capacity`` shared through a tree of shares.

    Args:
        environment: simulated time.
        capacity: units of work a second, all processors together.
        unit_rate: highest rate of one thread: one processor.
    """

    def __init__(self, environment: simpy.Environment, capacity: float, unit_rate: float) -> None:
        self.environment = environment
        self.unit_rate = unit_rate
        self.root = Share("device", cap=capacity)
        self.served = 0.0
        self.active: dict[Share, None] = {}
        self.undisturbed = False
        """Whether ends are being told, and nothing else was to happen at this instant: who waits may go on at once."""
        self._common = Common(environment.now, unit_rate)
        self.root.node = self._root = Group(self.root, None)
        self._root.state = SATISFIED
        read_rules(self._root, self._common)
        self._ended = 0.0
        """Units of work of all that has ended or been taken back."""
        self._orders = 0
        self._changed: dict[Group, None] = {}
        """Groups whose children have joined or left while ends are being told."""
        self._rules_changed = False
        self._busy = False
        self._load_time = LoadTime(environment.now)
        self._timer = Timer(environment, self._fire)
        self._find_levels = self._catch_up

    # ---- the interface of every fidelity

    def schedule(self, scheduling: Scheduling) -> None:
        """Remember the scheduler of the root; rates do not depend on it."""
        self.root.scheduling = scheduling

    def submit(self, share: Share, work: float, done: Callable[[Share], None]) -> None:
        """Give a leaf work; ``done(share)`` is called when it has flowed through.

        Raises:
            ValueError: the share has work already, or has children.
        """
        if share.active or share.children:
            raise ValueError(f"{share.name}: only an idle leaf can take work")
        common = self._common
        common.now = self.environment._now
        leaf = share.node
        if not isinstance(leaf, Leaf) or leaf.parent.rules != common.rules:
            leaf = self._leaf(share)
        share.active, share.work, share.remaining, leaf.done = True, work, work, done
        self.active[share] = None
        self._orders += 1
        leaf.order, leaf.left, leaf.since = self._orders, work, common.now
        group = leaf.parent
        if self._busy:
            advance(group, common)
            join(leaf, common)
            self._changed[group] = None
            return
        if group.parent is not None or not arrive(group, leaf, common):
            advance(group, common)
            join(leaf, common)
            change(group, common)
        if not self._load_time.loaded:
            self._note_load()
        timer = self._timer
        timer.due = end = next_end(self._root, common)
        if end < timer.armed:
            timer.arm(end)

    def remove(self, share: Share) -> float:
        """Take a leaf's work away; returns the exact remainder."""
        if self.active.pop(share, self) is self:
            raise ValueError(f"{share.name} has no work")
        common, leaf = self._common, share.node
        assert isinstance(leaf, Leaf)
        common.now = self.environment.now
        advance(leaf.parent, common)
        leave(leaf, common)
        share.active, share.remaining = False, leaf.left
        self._ended += share.work - leaf.left
        self._change(leaf.parent)
        return leaf.left

    def set(
        self,
        share: Share,
        *,
        weight: float | None = None,
        cap: float | None = None,
        width: float | None = None,
        reservation: float | None = None,
        frozen: bool | None = None,
    ) -> None:
        """Change a rule while work flows. The root's cap is the capacity of the device; nothing frozen is served.

        A new number of processors or capacity costs a visit of every leaf that has work.

        Raises:
            ValueError: a weight that is not positive.
        """
        if weight is not None and weight <= 0:
            raise ValueError(f"share {share.name!r}: the weight must be positive, not {weight!r}")
        common, node = self._common, share.node
        common.now = self.environment.now
        everybody = share is self.root or width is not None
        if everybody:
            self.settle()
        elif isinstance(node, Leaf) and share.active:
            advance(node.parent, common)
            take(node.parent, node, common)
        elif isinstance(node, Group):
            advance(node, common)
        share.weight = share.weight if weight is None else weight
        share.cap = share.cap if cap is None else cap
        share.width = share.width if width is None else width
        share.reservation = share.reservation if reservation is None else reservation
        share.frozen = share.frozen if frozen is None else frozen
        if everybody:
            self._restart()
        elif isinstance(node, Leaf):
            node.rules = -1
            if share.active:
                join(node, common)
                self._change(node.parent)
        elif isinstance(node, Group):
            read_rules(node, common)
            self._change(node, rules=True)

    def set_unit_rate(self, unit_rate: float, capacity: float) -> None:
        """Another clock frequency: the rate of one processor, and of all together."""
        self.settle()
        self.unit_rate = self._common.unit_rate = unit_rate
        self.root.cap = capacity
        self._restart()

    def settle(self) -> None:
        """Bring all accounts to the present."""
        common = self._common
        common.now = self.environment.now
        served = self._ended
        for share in self.active:
            leaf = share.node
            assert isinstance(leaf, Leaf)
            advance(leaf.parent, common)
            close_account(leaf, common)
            open_account(leaf, common)
            share.remaining = leaf.left
            served += share.work - leaf.left
        self.served = served
        self._load_time.settle(common.now)

    @property
    def loaded_s(self) -> float:
        """Seconds so far in which anything was served; ``settle`` first."""
        return self._load_time.seconds

    def finds_idle(self, share: Share) -> bool:
        """Whether a thread that becomes runnable in a share would find a processor of it idle."""
        return share.rate < min(share.width * self.unit_rate, self.root.cap) * 0.999999

    # ---- nodes

    def _leaf(self, share: Share) -> Leaf:
        """The node of a share that takes work; its groups have read their rules."""
        leaf = share.node
        if not isinstance(leaf, Leaf):
            if share.parent is None:
                raise ValueError(f"{share.name}: only an idle leaf can take work")
            leaf = share.node = Leaf(share, self._group(share.parent))
        for group in leaf.parent.path:
            if group.rules != self._common.rules:
                read_rules(group, self._common)
        return leaf

    def _group(self, share: Share) -> Group:
        group = share.node
        if not isinstance(group, Group):
            assert share.parent is not None
            group = share.node = Group(share, self._group(share.parent))
        return group

    # ---- what happens

    def _change(self, group: Group, *, rules: bool = False) -> None:
        """Children of a group have joined or left, or its own rules have changed."""
        if self._busy:
            self._changed[group] = None
            self._rules_changed = self._rules_changed or rules
            return
        common = self._common
        if rules:
            change_all({group: None}, common)
        else:
            change(group, common)
        self._note_load()
        self._timer.arm(next_end(self._root, common))

    def _restart(self) -> None:
        """Rules that reach everywhere have changed, and all accounts are at the present: divide all anew."""
        common = self._common
        common.rules += 1
        leaves = [share.node for share in self.active if isinstance(share.node, Leaf)]
        touched = [*(leaf.parent for leaf in leaves), *self._changed, self._root]
        groups = {group: None for last in touched for group in last.path}
        for group in groups:
            restart(group, common)
        for leaf in leaves:
            leaf.demand = 0.0
            join(leaf, common)
        if self._busy:
            self._changed |= groups
            self._rules_changed = True
            return
        change_all(groups, common)
        self._note_load()
        self._timer.arm(next_end(self._root, common))

    def _fire(self) -> None:
        """Completions of one instant are taken out together, those who wait are told, then levels are found once."""
        common, root = self._common, self._root
        environment = self.environment
        common.now = now = environment._now
        found: list[Leaf] = []
        if root.at != now:
            advance_root(root, now)
        take_ended(root, _RELATIVE_TIME * now if now > 1.0 else _RELATIVE_TIME, found, self._changed, common)
        if len(found) > 1:
            found.sort(key=_order)
        active = self.active
        for leaf in found:
            share = leaf.share
            share.active, share.remaining = False, 0.0
            self._ended += share.work
            del active[share]
        root.behind = self._find_levels
        queue = environment._queue
        self.undisturbed = not queue or queue[0][0] > now
        self._busy = True
        for leaf in found:
            assert leaf.done is not None
            leaf.done(leaf.share)
        self._busy = self.undisturbed = False
        root.behind = None
        if self._changed:
            self._catch_up()
        if (root.count > 0) is not self._load_time.loaded:
            self._note_load()
        self._timer.arm(next_end(root, common))

    def _note_load(self) -> None:
        """Whether anybody is served from now on."""
        root = self._root
        loaded = root.count > 0 and root.bound > 0.0 and not self.root.frozen
        if loaded is not self._load_time.loaded:
            self._load_time.change(loaded, self.environment.now)

    def _catch_up(self) -> None:
        """Find the levels after all that has joined and left at this instant so far: at its end, or when asked."""
        changed = self._changed
        if not changed:
            return
        self._changed = {}
        if self._rules_changed:
            self._rules_changed = False
            change_all(changed, self._common)
        elif len(changed) == 1:
            change(next(iter(changed)), self._common)
        else:
            change_several(changed, self._common)


SHARING = Fluid
