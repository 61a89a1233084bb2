"""Restore: a tenant that was saved, or whose processes were checkpointed, is made anew and goes on from there.

What is paid: what the layer takes to make the box anew (``box_cycles``, else its own start: a hypervisor's tool or
process, see ``House.set_up``; with ``ready`` one stands there already), then the memory as in ``roll_back``; of
processes each one is made anew, one after the other, and its pages are copied to their places (section ``checkpoint``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.operations import keeping, kept
from simulator.operations.kinds.base import Kind
from simulator.steps import Use

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.operations.kept import Kept
    from simulator.threads import Life

CHECKPOINT = "checkpoint"


class Restore(Kind):
    """It goes on from the state ``to``, or from the latest."""

    KEYS = ("to", "memory", "prefetch", "ready", "cold")
    CAPTURES = True
    ALIVE = False
    BRINGS_BACK = True

    def perform(self, job: Job) -> Life:
        """Made anew, and put back."""
        found = kept.find(job)
        if found is None:
            return
        if found.product != job.hold.product:
            job.fail(f"{found.name} was kept by {found.product}: add 'with: {found.product}'")
            return
        lost_s = keeping.lose(job, found)
        if found.processes:
            yield from self._processes(job, found)
        else:
            why = kept.lazily_or_not(job.figures("snapshot"), job.options, found.product)
            if why:
                job.fail(why)
                return
            yield from self._machine(job, found)
        job.note(downtime_s=job.environment.now - job.row.at_s, work_lost_s=lost_s)

    def _machine(self, job: Job, found: Kept) -> Life:
        if not job.options.get("ready"):
            yield from keeping.set_up(job, job.tenant)
        yield from keeping.go_on(job, found, job.house, job.tenant)

    def _processes(self, job: Job, found: Kept) -> Life:
        """One after the other, as they were kept."""
        figures, pages = job.figures(CHECKPOINT), found.pages.content
        if job.options.get("cold"):
            found.store.cool()
        cycles = figures["restore_cycles"] + found.processes * figures["restore_process_cycles"]
        yield from job.work(f"processes of {job.row.tenant}", (Use(CHECKPOINT, cycles=cycles),))
        steps = found.store.read(CHECKPOINT, pages * figures["restore_page_cycles"])
        yield from job.work(f"processes of {job.row.tenant}", steps)
        yield from job.put_back(found.state)
        job.note(moved_bytes=found.bytes, disk_bytes=found.store.on_disk(found.bytes), how="eager")


KIND = Restore
