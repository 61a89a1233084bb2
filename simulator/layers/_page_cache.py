"""A kernel's page cache: which parts of which files are in memory, least recently used first out.

A page belongs to the control group whose program touched it first; whoever else uses it later pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.demands import File
from simulator.layers._control_groups import Group, Page


class PageCache:
    """Resident units of files, and how much of what was written has not reached the disk yet.

    Args:
        capacity_bytes: memory that is left for it; shrinks and grows with what programs hold.
        dirty_ratio: part of the capacity above which a writer must write back itself.
    """

    def __init__(self, capacity_bytes: float, dirty_ratio: float) -> None:
        self.capacity_bytes = capacity_bytes
        self.dirty_ratio = dirty_ratio
        self.root = Group()
        self._groups = [self.root]
        self._units: dict[Page, tuple[int, Group]] = {}
        self.entered_bytes = 0.0
        """All that has come in so far, read or written, whatever became of it."""
        self._touches = 0
        self._written = 0
        """How often dirty bytes have become clean: what they are parts of is not known here."""

    @property
    def resident_bytes(self) -> float:
        """What of files is in memory as on the disk."""
        return self.root.file_bytes

    @property
    def dirty_bytes(self) -> float:
        """What has been written by programs and not yet to the disk."""
        return self.root.dirty_bytes

    @property
    def free_bytes(self) -> float:
        """Memory that neither programs nor files have."""
        return self.capacity_bytes - self.resident_bytes - self.dirty_bytes

    def add(self, group: Group) -> None:
        """A group that pages may be charged to."""
        self._groups.append(group)

    # ---- files

    def find(self, file: File, index: int) -> bool:
        """Whether one unit of a file is resident; it becomes so, for the next time, and nobody's as yet."""
        key = (file.name, index)
        self._touches += 1
        found = self._units.get(key)
        group = self.root if found is None else found[1]
        group.pages[key] = self._touches
        if found is not None:
            group.pages.move_to_end(key)
            return True
        self._units[key] = (file.unit_bytes, group)
        group.charge(file_bytes=file.unit_bytes)
        self.entered_bytes += file.unit_bytes
        self._shrink()
        return False

    def holds(self, file: File) -> bool:
        """Whether the last unit of a file is resident; nothing changes."""
        return (file.name, (file.size_bytes - 1) // file.unit_bytes) in self._units

    def charge(self, file: File, index: int, group: Group) -> None:
        """A unit that has just come in is booked to the group of the program that asked for it."""
        key = (file.name, index)
        found = self._units.get(key)
        if found is None or group is self.root or found[1] is not self.root:
            return
        size_bytes, root = found
        self._units[key] = (size_bytes, group)
        group.pages[key] = root.pages.pop(key)
        root.charge(file_bytes=-size_bytes)
        group.charge(file_bytes=size_bytes)

    def warm(self, file: File, group: Group | None = None) -> None:
        """Make a whole file resident, as after an earlier run of a program of this group."""
        for index in range(-(-file.size_bytes // file.unit_bytes)):
            if not self.find(file, index) and group is not None:
                self.charge(file, index, group)

    # ---- what is written

    def write(self, size_bytes: float) -> bool:
        """Take dirty bytes in, nobody's as yet; True where the writer must write back before it goes on."""
        self.root.charge(dirty_bytes=size_bytes)
        self.entered_bytes += size_bytes
        return self.dirty_bytes > self.dirty_ratio * self.capacity_bytes

    def charge_dirty(self, size_bytes: float, group: Group) -> None:
        """What a program has just written is booked to its group, as far as it is still dirty."""
        size_bytes = min(size_bytes, self.root.own_dirty_bytes)
        if group is not self.root and size_bytes > 0.0:
            self.root.charge(dirty_bytes=-size_bytes)
            group.charge(dirty_bytes=size_bytes)

    def clean(self, at_most_bytes: float, within: Group | None = None) -> float:
        """Take dirty bytes out, to be written; returns how many. They stay as clean ones until others push them out.

        Of several groups they are taken of each in proportion.
        """
        within = within or self.root
        taken = min(within.dirty_bytes, at_most_bytes)
        if taken <= 0.0:
            return 0.0
        there = [group for group in self._inside(within) if group.own_dirty_bytes > 0.0]
        ratio, left_bytes = taken / within.dirty_bytes, taken
        for number, group in enumerate(there, 1):
            part_bytes = left_bytes if number == len(there) else ratio * group.own_dirty_bytes
            group.charge(dirty_bytes=-part_bytes, file_bytes=int(part_bytes))
            left_bytes -= part_bytes
            self._written += 1
            self._touches += 1
            key = ("", self._written)
            self._units[key], group.pages[key] = (int(part_bytes), group), self._touches
        self._shrink()
        return taken

    # ---- room

    def resize(self, capacity_bytes: float) -> None:
        """Another amount of memory is left for the cache."""
        self.capacity_bytes = max(0.0, capacity_bytes)
        self._shrink()

    def evict(self, size_bytes: float, within: Group | None = None) -> float:
        """Drop pages, the longest untouched first, until that much is gone or nothing is left; returns how much it was.

        Those of groups within what they are promised go last.
        """
        within = within or self.root
        inside, gone_bytes = self._inside(within), 0.0
        while gone_bytes < size_bytes:
            there = [group for group in inside if group.pages]
            if not there:
                break
            group = there[0] if len(there) == 1 else self._oldest(there, within)
            key, _ = group.pages.popitem(last=False)
            unit_bytes, _ = self._units.pop(key)
            group.charge(file_bytes=-unit_bytes)
            gone_bytes += unit_bytes
        return gone_bytes

    def _inside(self, within: Group) -> Sequence[Group]:
        if within is self.root:
            return self._groups
        return [group for group in self._groups if within in group.lineage()]

    def _oldest(self, groups: Sequence[Group], within: Group) -> Group:
        free = [group for group in groups if not group.is_protected(within)] or groups
        return min(free, key=lambda group: next(iter(group.pages.values())))

    def _shrink(self) -> None:
        if self.free_bytes < 0.0:
            self.evict(-self.free_bytes)
