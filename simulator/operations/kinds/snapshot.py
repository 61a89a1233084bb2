"""Snapshot: the whole state of a virtual machine is kept, and it goes on.

What is paid, and when: the guest stops (section ``pause``); the layer's tool and the state of devices; every page with
content is taken from the guest and written, every other one looked at, by the layer's own thread at home (section
``snapshot``); then the guest goes on. With ``live`` it goes on before its pages are written: the first touch of a page
that is not written yet copies it, and the guest pays for that. With ``track`` the first touch of each page afterwards
is noted, and a later snapshot with ``changes`` holds only those. The virtual disk's changes are kept apart from then
on: see ``simulator.operations.overlay``.

By hand: see ``simulator.operations.kept``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.operations import keeping
from simulator.operations.changes import Changes
from simulator.operations.kept import Kept, Memory, memory, save_cycles
from simulator.operations.kinds.base import Kind
from simulator.operations.subjects import Hold

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Snapshot(Kind):
    """Its state is kept under the name ``as``, in a file on the disk or ``onto: memory``."""

    WORD = "snapshot"
    KEYS = ("as", "live", "track", "changes", "onto")
    SECTIONS = ("snapshot",)
    CAPTURES = True

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """What the product has no number for, it does not do."""
        figures = point["layers"][hold.product]["snapshot"]
        if options.get("live") and "copy_page_cycles" not in figures:
            return f"{hold.product} keeps a state while the guest stands still: leave out 'live'"
        if (options.get("track") or options.get("changes")) and "track_page_cycles" not in figures:
            return f"{hold.product} keeps no record of what has changed: leave out 'track' and 'changes'"
        return ""

    def perform(self, job: Job) -> Life:
        """Stopped, kept, and let go on."""
        figures, pages = job.figures("snapshot"), memory(job)
        base: Kept | None = job.tenant.tracked if job.options.get("changes") else None
        if job.options.get("changes") and base is None:
            job.fail("nothing has noted what has changed: take a snapshot with 'track: true' before")
            return
        yield from job.pause()
        yield from keeping.fixed(job, figures)
        state = yield from job.capture()
        if base is not None and base.changes is not None:
            pages = Memory(min(base.changes.close(job), pages.content), 0.0, pages.page_bytes)
        store = keeping.new_store(job, _name(job), pages.written_bytes(figures))
        if keeping.has_no_room(job, store):
            job.tenant.tracked = None
            yield from job.resume()
            return
        whole = memory(job) if base is not None else pages
        found = keeping.keep(job, _name(job), state, store, whole)
        self._go_on_noting(job, found, base)
        work = keeping.write(job, store, figures, save_cycles(figures, pages))
        if job.options.get("live"):
            copied = keeping.watch_first_touches(
                job, job.tenant, pages, "copy_before_write", figures["copy_page_cycles"]
            )
            yield from job.resume()
            yield from work
            keeping.unwatch(job.tenant, copied)
        else:
            yield from work
            yield from job.resume()
        how = "live" if job.options.get("live") else "stopped"
        job.note(how=how, moved_bytes=found.bytes, disk_bytes=store.on_disk(found.bytes))

    def _go_on_noting(self, job: Job, found: Kept, base: Kept | None) -> None:
        """From now on changes of the disk are kept apart, and those of the memory noted if somebody asks for that."""
        tenant, found.base = job.tenant, base
        if job.options.get("track") or base is not None:
            tenant.tracked, found.changes = found, Changes(job, found.pages)
        found.overlay = keeping.watch_disk(job, found)


def _name(job: Job) -> str:
    return str(job.options.get("as", "snapshot"))


KIND = Snapshot
