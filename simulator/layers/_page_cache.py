"""A kernel's page cache: which parts of which files are in memory, least recently used first out."""

from __future__ import annotations

from collections import OrderedDict

from simulator.demands import File


class PageCache:
    """Resident units of files, and how much of what was written has not reached the disk yet.

    Args:
        capacity_bytes: memory that is left for it; shrinks and grows with what programs hold.
        dirty_ratio: part of the capacity above which a writer must write back itself.
    """

    def __init__(self, capacity_bytes: float, dirty_ratio: float) -> None:
        self.capacity_bytes = capacity_bytes
        self.dirty_ratio = dirty_ratio
        self.resident_bytes = 0.0
        self.dirty_bytes = 0.0
        self._written = 0
        """How often dirty bytes have become clean: what they are parts of is not known here."""
        self._units: OrderedDict[tuple[str, int], int] = OrderedDict()

    def find(self, file: File, index: int) -> bool:
        """Whether one unit of a file is resident; it becomes so, for the next time."""
        key = (file.name, index)
        if key in self._units:
            self._units.move_to_end(key)
            return True
        self._units[key] = file.unit_bytes
        self.resident_bytes += file.unit_bytes
        self._shrink()
        return False

    def warm(self, file: File) -> None:
        """Make a whole file resident, as after an earlier run."""
        for index in range(-(-file.size_bytes // file.unit_bytes)):
            self.find(file, index)

    def write(self, size_bytes: float) -> bool:
        """Take dirty bytes in; True where the writer must write back before it goes on."""
        self.dirty_bytes += size_bytes
        return self.dirty_bytes > self.dirty_ratio * self.capacity_bytes

    def clean(self, at_most_bytes: float) -> float:
        """Take dirty bytes out, to be written; returns how many. They stay as clean ones until others push them out."""
        taken = min(self.dirty_bytes, at_most_bytes)
        self.dirty_bytes -= taken
        if taken:
            self._units["", self._written] = int(taken)
            self._written += 1
            self.resident_bytes += int(taken)
            self._shrink()
        return taken

    def resize(self, capacity_bytes: float) -> None:
        """Another amount of memory is left for the cache."""
        self.capacity_bytes = max(0.0, capacity_bytes)
        self._shrink()

    def _shrink(self) -> None:
        while self._units and self.resident_bytes + self.dirty_bytes > self.capacity_bytes:
            _, unit_bytes = self._units.popitem(last=False)
            self.resident_bytes -= unit_bytes
