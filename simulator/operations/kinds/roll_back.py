"""Roll back: a tenant goes back to a state that was kept. All work since then is lost, on its disk as well.

What is paid: the guest stops; its devices are set; its memory is read back from the file (``memory: eager``), or the
file is only mapped and each page comes when it is touched first (``memory: lazy``; with ``prefetch`` the working set of
an earlier restore comes first, in one read). What was written to the disk since then is thrown away.

By hand: a program of W seconds of processor time, snapshot at t1, rolled back at t2, nothing costs anything: it ends at
W + (t2 - t1), and t2 - t1 of its work is lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.operations import keeping, kept
from simulator.operations.kinds.base import Kind
from simulator.operations.subjects import Hold

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class RollBack(Kind):
    """It is what it was at the state ``to``, or at the latest."""

    WORD = "roll-back"
    KEYS = ("to", "memory", "prefetch", "cold")
    SECTIONS = ("snapshot",)
    CAPTURES = True
    ALIVE = False
    BRINGS_BACK = True

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """How its memory can come back."""
        figures = point["layers"][hold.product]["snapshot"]
        return kept.lazily_or_not(figures, options, hold.product)

    def perform(self, job: Job) -> Life:
        """Stopped, and put back."""
        found = kept.find(job)
        if found is None:
            return
        tenant, overlay = job.tenant, found.overlay
        yield from job.pause()
        stopped_s = job.environment.now
        lost_s = keeping.lose(job, found)
        thrown_bytes = overlay.size_bytes if overlay is not None else 0.0
        yield from keeping.go_on(job, found, job.house, tenant)
        found.overlay = keeping.watch_disk(job, found)
        tenant.tracked = None
        detail = f"{thrown_bytes / 2**20:.1f} MiB of disk changes thrown away" if thrown_bytes else ""
        job.note(work_lost_s=lost_s, downtime_s=job.environment.now - stopped_s, detail=detail)


KIND = RollBack
