"""Delete snapshot: a state is given up; what was written to the disk since it was kept goes to where it belongs.

What is paid (by the layer's own thread, while the guest runs): each cluster of the overlay is read and written back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.operations import keeping, kept
from simulator.operations.kinds.base import Kind

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class DeleteSnapshot(Kind):
    """The state ``to``, or the latest, is no longer kept."""

    WORD = "snapshot"
    KEYS = ("to",)
    SECTIONS = ("snapshot",)
    ALIVE = False

    def perform(self, job: Job) -> Life:
        """Its overlay is merged."""
        found = kept.find(job)
        if found is None:
            return
        further = next((each.name for each in job.tenant.kept.values() if each.base is found), "")
        if further:
            job.fail(f"{further} holds only what has changed since {found.name}: delete that first")
            return
        overlay, figures = found.overlay, job.figures("snapshot")
        size_bytes = overlay.size_bytes if overlay is not None else 0.0
        if overlay is not None and size_bytes:
            store = keeping.new_store(job, f"{found.name}/disk", size_bytes)
            steps = (*store.read("disk_overlay", 0.0), *store.written("disk_overlay", 0.0, figures["flushed_ratio"]))
            yield from job.work(f"disk of {job.row.tenant} merged", steps)
        if overlay is not None:
            keeping.lift(job.tenant, overlay)
        job.tenant.kept.pop(found.name)
        found.store.release()
        job.note(moved_bytes=size_bytes, disk_bytes=2.0 * size_bytes)


KIND = DeleteSnapshot
