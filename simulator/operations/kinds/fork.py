"""Fork: a second tenant begins from the state of the first and shares its memory until one of the two touches it.

What is paid: the first one stops while the state of its devices is written (a descriptor) and the second machine's
memory is made known, page by page; afterwards the first touch of each page copies it, in both: what is never touched is
never copied.

By hand: 1 GiB, 16.5 cycles a page and 7 million for the devices at 2.5 GHz: 4.5 ms, whatever the guest holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.operations import keeping, kept
from simulator.operations.kept import memory
from simulator.operations.kinds.base import Kind
from simulator.operations.kinds.clone import same_systems
from simulator.operations.subjects import Hold
from simulator.steps import Use

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Fork(Kind):
    """The tenant ``as``, which has the same systems and program, begins from its state."""

    WORD = "fork"
    KEYS = ("as",)
    NEEDS = ("as",)
    MAKES = "as"
    SECTIONS = ("snapshot",)
    CAPTURES = True

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """Pages must be shared until they are written."""
        if "share_page_cycles" not in point["layers"][hold.product]["snapshot"]:
            return f"{hold.product} has no copy that shares its pages: clone it instead"
        return same_systems(point, tenant, str(options.get("as", "")))

    def perform(self, job: Job) -> Life:
        """A descriptor, and pages when they are touched."""
        figures, pages, other = job.figures("snapshot"), memory(job), job.tenants[job.options["as"]]
        yield from job.pause()
        yield from keeping.fixed(job, figures)
        state = yield from job.capture()
        cycles = kept.restore_cycles(figures, job.running(), keeping.CARDS)
        cycles += (pages.content + pages.empty) * figures["map_page_cycles"]
        yield from keeping.set_up(job, other)
        home = job.home_on(other.house, other)
        yield from job.work(f"descriptor of {job.row.tenant}", (Use(keeping.MECHANISM, cycles=cycles),), home)
        yield from job.resume()
        yield from job.put_on(state, other.house, other)
        for tenant in (job.tenant, other):
            keeping.watch_first_touches(job, tenant, pages, "copy_before_write", figures["share_page_cycles"])
        job.note(moved_bytes=figures["state_bytes"], how="pages shared")


KIND = Fork
