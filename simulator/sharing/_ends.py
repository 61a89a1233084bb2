"""What ends next, in a group and below: the tops of its heaps, and the tags of groups that depend on them."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from simulator.sharing._nodes import SHARED, STOPPED, Common, Entry, Group
from simulator.sharing.tree import INFINITE

_CROWDED = 64
"""Entries that a heap may have, beside four for each child, before the void ones are dropped."""


def drop_void(group: Group) -> None:
    """Drop the void entries of all heaps, those too that never come to the top."""
    for heap in (group.tags, group.ends):
        heap[:] = [entry for entry in heap if entry[2].tag_stamp == entry[1]]
        heapify(heap)
    for heap in (group.rising, group.falling):
        heap[:] = [entry for entry in heap if entry[2].stamp == entry[1]]
        heapify(heap)


def first(heap: list[Entry]) -> float:
    """The least valid tag of a heap."""
    while heap:
        tag, stamp, node = heap[0]
        if node.tag_stamp == stamp:
            return tag
        heappop(heap)
    return INFINITE


def lowest(rising: list[Entry]) -> float:
    """The least valid threshold of a heap; of the falling ones, the negative of the highest."""
    while rising:
        threshold, stamp, node = rising[0]
        if node.stamp == stamp:
            return threshold
        heappop(rising)
    return INFINITE


def next_end(group: Group, common: Common) -> float:
    """When the first leaf in a group with a rate of its own ends; its clocks are at the present."""
    soonest = first(group.ends) if group.ends else INFINITE
    tags = group.tags
    if tags and group.sharing and group.level > 0.0:
        tag, stamp, node = tags[0]
        if node.tag_stamp != stamp:
            tag = first(tags)
        wait = (tag - group.virtual) / group.level
        end = common.now + wait if wait > 0.0 else common.now
        if end < soonest:
            return end
    return soonest


def shared_tag(group: Group, parent: Group) -> float:
    """The parent's virtual time at which the first leaf in a group ends that follows the parent's level."""
    return parent.virtual + (first(group.tags) - group.virtual) * group.shared_weight / group.weight


def tell(group: Group, common: Common) -> None:
    """Something in a group ends at another time than before: its tag, and those above it as far as they change."""
    parent = group.parent
    while parent is not None and group.state != STOPPED:
        moved = False
        if group.state == SHARED:
            heap, tags = parent.tags, group.tags
            tag, stamp, node = tags[0]
            if node.tag_stamp != stamp:
                tag = first(tags)
            tag = parent.virtual + (tag - group.virtual) * group.shared_weight / group.weight
            moved = _move_threshold(parent, group, common)
        else:
            tag, heap = next_end(group, common), parent.ends
        if tag != group.tag or not group.tag_stamp:
            group.tag = tag
            common.stamps = group.tag_stamp = stamp = common.stamps + 1
            heappush(heap, (tag, stamp, group))
            if len(heap) > _CROWDED + 4 * parent.count:
                drop_void(parent)
        elif not moved:
            return
        group, parent = parent, parent.parent


def _move_threshold(parent: Group, group: Group, common: Common) -> bool:
    threshold, stamp, node = group.rising[0]
    if node.stamp != stamp:
        threshold = lowest(group.rising)
    least = group.shared_weight * threshold
    threshold = (least if least < group.bound else group.bound) / group.weight
    if threshold == group.threshold:
        return False
    group.threshold = threshold
    common.stamps = group.stamp = stamp = common.stamps + 1
    heappush(parent.rising, (threshold, stamp, group))
    return True
