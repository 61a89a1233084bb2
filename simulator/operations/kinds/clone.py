"""Clone: a second tenant begins from the state of the first, with a memory of its own.

What is paid: the first one stops while its state is written (section ``snapshot``) and goes on; then the layer makes a
second machine and its memory comes from that file, at once or when it is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.operations import keeping, kept
from simulator.operations.kept import memory, save_cycles
from simulator.operations.kinds.base import Kind
from simulator.operations.subjects import Hold

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


def same_systems(point: Mapping[str, Any], tenant: str, other: str) -> str:
    """Why a tenant cannot go on as another one, with what to do; empty if it can."""
    one, two = point["tenants"].get(tenant), point["tenants"].get(other)
    if one is None or two is None:
        return ""
    if one["expression"] != two["expression"] or one["workload"] != two["workload"]:
        return f"{other} is not of the same make as {tenant}: give both the same stack and workload"
    return ""


class Clone(Kind):
    """The tenant ``as``, which has the same systems and program, begins from its state."""

    WORD = "clone"
    KEYS = ("as", "memory", "onto")
    NEEDS = ("as",)
    MAKES = "as"
    SECTIONS = ("snapshot",)
    CAPTURES = True

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """Both must be of one make."""
        figures = point["layers"][hold.product]["snapshot"]
        why = kept.lazily_or_not(figures, options, hold.product)
        return why or same_systems(point, tenant, str(options.get("as", "")))

    def perform(self, job: Job) -> Life:
        """Kept, and a second one put up from it."""
        figures, pages, other = job.figures("snapshot"), memory(job), job.tenants[job.options["as"]]
        yield from job.pause()
        yield from keeping.fixed(job, figures)
        state = yield from job.capture()
        store = keeping.new_store(job, f"clone {other.name}", pages.written_bytes(figures))
        if keeping.has_no_room(job, store):
            yield from job.resume()
            return
        yield from keeping.write(job, store, figures, save_cycles(figures, pages))
        yield from job.resume()
        found = kept.Kept(other.name, job.hold.product, state, store, pages, float(store.file.size_bytes))
        yield from keeping.set_up(job, other)
        yield from keeping.go_on(job, found, other.house, other)
        job.note(moved_bytes=2.0 * found.bytes)


KIND = Clone
