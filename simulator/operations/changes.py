"""What changes of a tenant's memory after a state was kept: noted page by page, and paid for by whoever changes it.

A program whose file says what it writes (section ``writes``) is read off its progress, as for a migration
(``dirtying``): its faults come at the end of the period, in one piece, in the guest's own part of the processors. Of
any other program each page that its demands touch first counts as changed (``pages``), and is paid for there and then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.operations import keeping
from simulator.operations.dirtying import Dirtying
from simulator.operations.kept import Memory
from simulator.steps import Use

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.operations.pages import Watch

MECHANISM = "dirty_tracking"


class Changes:
    """Since the moment that it is made; the tenant's threads must be booked then (it is paused, or captured).

    Args:
        job: the operation that keeps the state.
        pages: of the tenant's memory.
    """

    def __init__(self, job: Job, pages: Memory) -> None:
        self.tenant, self.pages = job.tenant, pages
        self.cycles = job.figures("snapshot")["track_page_cycles"]
        self.watch: Watch | None = None
        self.dirtying: Dirtying | None = None
        if self.tenant.program.writing().set_bytes:
            self.dirtying = Dirtying.begins(self.tenant)
        else:
            self.watch = keeping.watch_first_touches(job, self.tenant, pages, MECHANISM, self.cycles)

    def close(self, job: Job) -> float:
        """How many pages have changed; nothing is noted any more. The tenant must be paused, and its threads booked."""
        if self.watch is not None:
            keeping.unwatch(self.tenant, self.watch)
            return min(self.watch.touched, self.pages.content + self.pages.empty)
        assert self.dirtying is not None
        changed = self.dirtying.look().total_bytes / self.pages.page_bytes
        self._faults(job, changed)
        return changed

    def _faults(self, job: Job, pages: float) -> None:
        """The guest's first writes to pages that are watched: it pays for them, beside its program."""
        subject = job.subject
        if pages and subject.nodes:
            step = Use(MECHANISM, cycles=pages * self.cycles, operations=pages, cause=subject.grip.path)
            work = job.work(f"changes of {self.tenant.name}", (step,), subject.nodes[0])
            job.environment.process(work)
