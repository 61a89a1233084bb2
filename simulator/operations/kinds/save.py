"""Save: the whole state of a virtual machine goes to a file, and the machine ends; ``restore`` starts it from there.

What is paid: as for a snapshot of a guest that stands still; then its systems end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import outcomes
from simulator.operations import keeping
from simulator.operations.kept import memory, save_cycles
from simulator.operations.kinds.base import Kind

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Save(Kind):
    """It is kept under the name ``as``, and ends."""

    WORD = "save"
    KEYS = ("as", "onto")
    SECTIONS = ("snapshot",)
    CAPTURES = True

    def perform(self, job: Job) -> Life:
        """Stopped, kept, ended."""
        figures, pages, name = job.figures("snapshot"), memory(job), str(job.options.get("as", "saved"))
        yield from job.pause()
        stopped_s = job.environment.now
        yield from keeping.fixed(job, figures)
        state = yield from job.capture()
        store = keeping.new_store(job, name, pages.written_bytes(figures))
        if keeping.has_no_room(job, store):
            yield from job.resume()
            return
        yield from keeping.write(job, store, figures, save_cycles(figures, pages))
        found = keeping.keep(job, name, state, store, pages)
        keeping.unwatch(job.tenant)
        yield from job.end(outcomes.STOPPED)
        written_bytes = store.on_disk(found.bytes)
        job.note(moved_bytes=found.bytes, disk_bytes=written_bytes, downtime_s=job.environment.now - stopped_s)


KIND = Save
