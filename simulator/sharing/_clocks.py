"""The clocks of a group, and the account of a leaf that is read off them when it ends or changes its state.

A leaf's loss is what it would get *alone* (its tenant with the device for itself and no quota) less what it gets.
Alone, a tenant has as much as it wants within its processors and the device; inside it, groups and threads have all
they want where that suffices (*full*), and else divide by weight. What is lost while the leaf or a share it stands on
is held by its own quota is throttled; otherwise it is stolen; what it would lack alone too is its siblings' (ready).
Nothing is stolen while the tenant gets all it would have alone.

Each group carries, beside its virtual time, for what follows its level:

- ``stolen_full``: seconds in which others take something and the children alone would have all they want;
- ``stolen_level``: integral, while others take something, of the level that the children would have alone where
  that is not all they want, less the level that they have;
- ``throttled_full``, ``throttled_level``: the same while a quota holds;
- ``frozen``: seconds in which it, or a share it stands on, was stopped;
- ``alone_full``, ``alone_level``: the same as the first two at all times, without what they have.

So a shared child has lost ``weight * stolen_level + wanted * stolen_full``. All of them run evenly between two passes
of a group with a rate of its own, and in proportion to the parent's where everything shares.

Limits: inside a tenant, what one child alone cannot use is not handed to its siblings, so with unequal weights some
of what is called stolen here may be its siblings'. The sums of the parts are exact.
"""

from __future__ import annotations

from simulator.sharing._nodes import ABOVE, BELOW, FLOORED, OWNER, SATISFIED, SHARED, STOPPED, Common, Group, Leaf
from simulator.sharing.tree import INFINITE

NOTHING, STOLEN, THROTTLED = range(3)
"""Why the shared children of a group get less than alone."""
_HELD = 1.0 - 1e-9
_ENOUGH = 1.0 - 1e-12


def advance(group: Group, common: Common) -> None:
    """Bring the clocks of a group and of all it stands on to the present; and the levels of what shares."""
    now, quotas = common.now, common.quotas
    for each in group.path:
        parent = each.parent
        if parent is None:
            if each.at != now:
                advance_root(each, now)
        elif each.state == SHARED:
            if each.sharing:
                each.level = each.weight * parent.level / each.shared_weight
            if each.at != now:
                advance_shared(each, parent, now, quotas)
        elif each.at != now:
            advance_own(each, parent, now, quotas)


def advance_root(root: Group, now: float) -> None:
    """The clocks of the device itself, which stands on nothing: what its children lose, they lose to each other."""
    elapsed = now - root.at
    root.at = now
    if root.share.frozen:
        root.frozen += elapsed
    elif root.sharing:
        passed = root.level * elapsed
        root.virtual += passed
        if root.loss == STOLEN:
            root.stolen_full += elapsed
            root.stolen_level -= passed


def advance_shared(group: Group, parent: Group, now: float, quotas: bool) -> None:
    """The clocks of a group whose level follows that of its parent, which are at the present."""
    part, virtual = group.weight / group.shared_weight, parent.virtual
    passed = part * (virtual - group.seen_virtual)
    elapsed = now - group.at
    group.at, group.seen_virtual = now, virtual
    group.virtual += passed
    if parent.frozen != group.seen_frozen:
        frozen = parent.frozen - group.seen_frozen
        group.seen_frozen = parent.frozen
        group.frozen += frozen
        elapsed -= frozen
    if quotas:
        if parent.throttled_full != group.seen_throttled_full or parent.throttled_level != group.seen_throttled_level:
            held_full, held_level = _advance_throttled(group, parent, part)
        else:
            held_full = held_level = 0.0
        if group.place == ABOVE:
            elapsed -= held_full
            passed += held_level
        else:
            _advance_alone(group, parent, elapsed)
    if group.place == ABOVE and group.count > 1:
        group.seen_stolen_level, group.seen_stolen_full = parent.stolen_level, parent.stolen_full
        group.stolen_full += elapsed
        group.stolen_level -= passed
        return
    full = parent.stolen_full - group.seen_stolen_full
    group.stolen_level += part * (parent.stolen_level - group.seen_stolen_level)
    group.seen_stolen_level = parent.stolen_level
    if full:
        group.seen_stolen_full = parent.stolen_full
        if group.full:
            group.stolen_full += full
        else:
            group.stolen_level += group.part * full


def _advance_throttled(group: Group, parent: Group, part: float) -> tuple[float, float]:
    """What the clocks of the throttled time have run."""
    full = parent.throttled_full - group.seen_throttled_full
    level = part * (parent.throttled_level - group.seen_throttled_level)
    group.seen_throttled_level, group.seen_throttled_full = parent.throttled_level, parent.throttled_full
    if not group.full:
        full, level = 0.0, level + group.part * full
    group.throttled_full += full
    group.throttled_level += level
    return full, level


def advance_own(group: Group, parent: Group, now: float, quotas: bool) -> None:
    """The clocks of a group with a rate of its own."""
    elapsed = now - group.at
    group.at = now
    frozen = parent.frozen - group.seen_frozen
    group.seen_frozen = parent.frozen
    if group.share.frozen:
        frozen = elapsed
    if frozen:
        group.frozen += frozen
        elapsed -= frozen
    alone_full = alone_level = 0.0
    if quotas and group.place != ABOVE:
        alone_full, alone_level = _advance_alone(group, parent, elapsed)
    if not group.sharing:
        return
    passed = group.level * elapsed
    group.virtual += passed
    if group.loss == STOLEN:
        if group.alone == INFINITE:
            group.stolen_full += elapsed
            group.stolen_level -= passed
        else:
            group.stolen_level += group.alone * elapsed - passed
    elif group.loss == THROTTLED:
        if group.place == ABOVE:
            group.throttled_full += elapsed
            group.throttled_level -= passed
        else:
            group.throttled_full += alone_full
            group.throttled_level += alone_level - passed


def _advance_alone(group: Group, parent: Group, elapsed: float) -> tuple[float, float]:
    """What the children would have alone in this time: seconds of all they want, and integral of their level else."""
    if not group.count:
        return 0.0, 0.0
    if group.place == OWNER:
        full, level = elapsed, 0.0
    else:
        full = parent.alone_full - group.seen_alone_full
        level = (parent.alone_level - group.seen_alone_level) * group.weight / group.weights
        group.seen_alone_full, group.seen_alone_level = parent.alone_full, parent.alone_level
    if not group.full:
        full, level = 0.0, level + group.part * full
    group.alone_full += full
    group.alone_level += level
    return full, level


def note_part(group: Group) -> None:
    """What its children get of what it wants: after every change of their number, weights or wants."""
    if group.place == ABOVE:
        return
    most = group.widest if group.place == OWNER else group.room
    group.full = most >= group.wants * _ENOUGH
    group.part = 0.0 if group.full else most / group.weights


def note_loss(group: Group) -> None:
    """Why its shared children lose something from now on, and what they would have alone.

    The parent's must be known: it has a rate of its own too.
    """
    parent, share = group.parent, group.share
    if parent is None:
        group.loss = STOLEN if group.count > 1 else NOTHING
        return
    if group.state == STOPPED:
        group.loss = NOTHING if share.frozen or share.cap > 0.0 else THROTTLED
        return
    held = group.state == SATISFIED and group.rate >= share.cap * _HELD
    if held or (group.place == ABOVE and parent.loss == THROTTLED):
        group.loss = THROTTLED
    elif group.place == ABOVE and group.count > 1:
        group.loss = STOLEN
    else:
        group.loss = NOTHING if group.state == SATISFIED else parent.loss
    if group.loss == STOLEN:
        if group.place == BELOW and parent.alone < INFINITE:
            group.alone = parent.alone * group.weight / group.weights
        else:
            group.alone = INFINITE if group.full else group.part


def rebase(group: Group) -> None:
    """Read its parent's clocks from now on."""
    parent = group.parent
    assert parent is not None
    group.seen_virtual, group.seen_frozen = parent.virtual, parent.frozen
    group.seen_stolen_level, group.seen_stolen_full = parent.stolen_level, parent.stolen_full
    group.seen_throttled_level, group.seen_throttled_full = parent.throttled_level, parent.throttled_full
    group.seen_alone_level, group.seen_alone_full = parent.alone_level, parent.alone_full


def open_account(leaf: Leaf, common: Common) -> None:
    """From now on the leaf's time counts; its group's clocks are at the present."""
    group = leaf.parent
    leaf.since, leaf.frozen = common.now, group.frozen
    leaf.stolen_level, leaf.stolen_full = group.stolen_level, group.stolen_full
    if common.quotas:
        leaf.throttled_level, leaf.throttled_full = group.throttled_level, group.throttled_full
        leaf.alone_level, leaf.alone_full = group.alone_level, group.alone_full


def close_account(leaf: Leaf, common: Common) -> None:
    """Write down what a leaf has done and lost since its account was opened; its group's clocks are at the present."""
    now = common.now
    elapsed = now - leaf.since
    if elapsed <= 0.0:
        return
    group, state, before = leaf.parent, leaf.state, leaf.left
    left = before
    if state == SHARED:
        left = (leaf.tag - group.virtual) * leaf.weight
    elif leaf.rate and state in (SATISFIED, FLOORED):
        left = (leaf.tag - now) * leaf.rate
    leaf.left = left = left if left > 0.0 else 0.0
    unit_rate = common.unit_rate
    if state == SHARED and group.frozen == leaf.frozen and not (common.quotas and _was_held(leaf)):
        lack = elapsed * unit_rate - before + left
        if lack > 0.0:
            share = leaf.share
            stolen = leaf.weight * (group.stolen_level - leaf.stolen_level)
            stolen += leaf.wanted * (group.stolen_full - leaf.stolen_full)
            if stolen > 0.0:
                stolen = stolen if stolen < lack else lack
                share.steal_s += stolen / unit_rate
                lack -= stolen
            if lack:
                share.ready_s += lack / unit_rate
    elif state != SATISFIED or leaf.rate < unit_rate:
        _account(leaf, elapsed, before - left, unit_rate)


def _was_held(leaf: Leaf) -> bool:
    group = leaf.parent
    return group.throttled_full != leaf.throttled_full or group.throttled_level != leaf.throttled_level


def _account(leaf: Leaf, elapsed: float, service: float, unit_rate: float) -> None:
    """Divide the time in which a leaf had no whole processor, whatever its state."""
    group, share, state = leaf.parent, leaf.share, leaf.state
    frozen = elapsed if share.frozen else group.frozen - leaf.frozen
    lack = max(0.0, (elapsed - frozen) * unit_rate - service)
    stolen = throttled = 0.0
    if state == SHARED:
        stolen, throttled = _shared_loss(leaf)
    elif state == FLOORED:
        alone = group.alone if group.loss == STOLEN else INFINITE
        lost = min(leaf.weight * alone, leaf.wanted) * (elapsed - frozen) - service
        stolen, throttled = (lost if group.loss == STOLEN else 0.0), (lost if group.loss == THROTTLED else 0.0)
    elif not share.frozen and share.cap < INFINITE and leaf.demand >= share.cap * _HELD:
        throttled = _alone(leaf, elapsed - frozen) - service
    throttled = min(max(throttled, 0.0), lack)
    stolen = min(max(stolen, 0.0), lack - throttled)
    share.frozen_s += frozen
    share.throttled_s += throttled / unit_rate
    share.steal_s += stolen / unit_rate
    share.ready_s += (lack - throttled - stolen) / unit_rate


def _shared_loss(leaf: Leaf) -> tuple[float, float]:
    """Units of work that others and quotas have taken from a leaf that follows its group's level."""
    group, weight, wanted = leaf.parent, leaf.weight, leaf.wanted
    stolen = weight * (group.stolen_level - leaf.stolen_level) + wanted * (group.stolen_full - leaf.stolen_full)
    throttled = weight * (group.throttled_level - leaf.throttled_level)
    return stolen, throttled + wanted * (group.throttled_full - leaf.throttled_full)


def _alone(leaf: Leaf, elapsed: float) -> float:
    """Units of work that a leaf would have had alone and without its quota."""
    if leaf.owner:
        return leaf.wanted * elapsed
    group = leaf.parent
    level = leaf.weight * (group.alone_level - leaf.alone_level)
    return level + leaf.wanted * (group.alone_full - leaf.alone_full)
