"""Control groups: whose memory is counted together, and how a group that is over its soft limit is held up.

Pure state, without prices: see ``_reclaim`` for the physics and for what it costs. Groups form a tree as their
containers do; the kernel itself is its root. Each has the pages of its programs and those of files that its programs
were the first to touch, its children's with it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

Page = tuple[str, int]
"""A unit of a file: the file's name, and which unit."""


@dataclass(slots=True, eq=False)
class Group:
    """One group.

    Attributes:
        name: of its node; empty for all that a kernel has.
        parent: the group around it.
        most_bytes: ``memory.max``: what does not fit goes, or somebody in the group is killed.
        high_bytes: ``memory.high``: beyond it the group's own pages are reclaimed, and who asks is held up.
        low_bytes: ``memory.low``: as long as it has no more than that, its file pages go after those of all others.
        program_bytes: what its programs hold.
        file_bytes: of files, in memory as on the disk.
        dirty_bytes: of files, not yet written.
        own_dirty_bytes: of these, what none of its children has.
        pages: of its own, with the time of their last touch, oldest first.
    """

    name: str = ""
    parent: Group | None = None
    most_bytes: float = inf
    high_bytes: float = inf
    low_bytes: float = 0.0
    program_bytes: float = 0.0
    file_bytes: float = 0.0
    dirty_bytes: float = 0.0
    own_dirty_bytes: float = 0.0
    pages: OrderedDict[Page, int] = field(default_factory=OrderedDict)

    @property
    def used_bytes(self) -> float:
        """All that is charged to it."""
        return self.program_bytes + self.file_bytes + self.dirty_bytes

    def lineage(self) -> Iterator[Group]:
        """It and those around it, from the inside."""
        group: Group | None = self
        while group is not None:
            yield group
            group = group.parent

    def is_protected(self, within: Group) -> bool:
        """Whether somebody between it and the group that must get smaller has no more than it is promised."""
        for group in self.lineage():
            if group is within:
                break
            if group.low_bytes and group.used_bytes <= group.low_bytes:
                return True
        return False

    def charge(self, *, program_bytes: float = 0.0, file_bytes: float = 0.0, dirty_bytes: float = 0.0) -> None:
        """It gets memory, or less of it; those around it have that too."""
        self.own_dirty_bytes += dirty_bytes
        for group in self.lineage():
            group.program_bytes += program_bytes
            group.file_bytes += file_bytes
            group.dirty_bytes += dirty_bytes


@dataclass(frozen=True, slots=True)
class Delay:
    """How long somebody sleeps who has taken memory beyond his group's ``memory.high``, and it could not be reclaimed.

    After each batch of pages for ``full_s`` times the square of (used - high) / high; at most ``most_s``, and not at
    all up to ``least_s``.

    By hand: high is 100 MB, 105 MB are used: 64 s * 0.05^2 = 0.16 s for each 64 pages; up to 1.25 % over it nothing.
    """

    full_s: float
    most_s: float
    least_s: float
    batch_bytes: float

    def of(self, used_bytes: float, size_bytes: float, high_bytes: float) -> float:
        """Seconds for somebody whose group used so much, and who takes so much more, batch by batch."""
        total_s, end_bytes = 0.0, used_bytes + size_bytes
        while used_bytes < end_bytes:
            step_bytes = min(self.batch_bytes, end_bytes - used_bytes)
            used_bytes += step_bytes
            over = max(0.0, used_bytes - high_bytes) / max(high_bytes, 1.0)
            delay_s = min(self.most_s, self.full_s * over * over * step_bytes / self.batch_bytes)
            total_s += delay_s if delay_s > self.least_s else 0.0
        return total_s
