"""Replicate: a virtual machine's state is kept again and again, so that another machine can go on (Remus).

What is paid: every ``every`` seconds the guest stops, the pages that it has touched since then are copied aside, and it
goes on; each first touch after that is noted (``dirty_tracking``). The copies go to the other machine by the network
card meanwhile; the next stop waits for them. What the guest has sent since the last stop is held back until the other
machine has what it was sent from: with epochs of E, stops of p and copies that take c to get there, answers wait
E/2 + p + c in the mean (``simulator.laws.held_output_s``), and the guest's own work takes 1 + p/E times as long
(``simulator.laws.epochs_slowdown``).

Scope and limits: the delay of what is sent is worked out from the epochs and noted, not simulated: requests of the
tenant are as quick as without. The disk's writes are not sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import demands as d
from simulator.operations import keeping
from simulator.operations.changes import Changes
from simulator.operations.kept import memory
from simulator.operations.kinds.base import Kind
from simulator.operations.state import settle
from simulator.operations.storing import Store
from simulator.operations.subjects import Hold
from simulator.steps import Below, Step, Use

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life

_UNIT_BYTES, _PAYLOAD_BYTES = 65536, 1448.0


class Replicate(Kind):
    """Every ``every`` seconds, ``for`` so long, or until the run ends."""

    WORD = "snapshot"
    KEYS = ("every", "for")
    NEEDS = ("every",)
    SECTIONS = ("snapshot",)

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """What has changed must be known."""
        if "epoch_cycles" not in point["layers"][hold.product]["snapshot"]:
            return f"{hold.product} does not keep state after state for another machine: take snapshots instead"
        return ""

    def perform(self, job: Job) -> Life:
        """Epochs, until the time is over or the tenant has ended."""
        environment, every_s = job.environment, job.options["every"]
        end_s = environment.now + job.options.get("for", inf)
        epochs, moved_bytes, held_s = 0, 0.0, 0.0
        yield from settle(job.tenant)
        changes, went_on_s = Changes(job, memory(job)), environment.now
        while environment.now < end_s:
            yield environment.timeout(min(every_s, end_s - environment.now)) | job.tenant.down
            if not job.tenant.alive:
                break
            ran_s, stopped_s = environment.now - went_on_s, environment.now
            yield from job.pause()
            yield from settle(job.tenant)
            changed = changes.close(job)
            size_bytes = changed * changes.pages.page_bytes + job.figures("snapshot")["state_bytes"]
            yield from self._copy(job, changed)
            changes = Changes(job, memory(job))
            yield from job.resume()
            went_on_s = environment.now
            pause_s = went_on_s - stopped_s
            yield from self._send(job, size_bytes)
            epochs, moved_bytes = epochs + 1, moved_bytes + size_bytes
            held_s += ran_s / 2.0 + environment.now - stopped_s
            job.note(rounds=epochs, moved_bytes=moved_bytes, detail=_said(held_s / epochs, pause_s))
        changes.close(job)

    def _copy(self, job: Job, pages: float) -> Life:
        """What was touched is copied aside while the guest stands still."""
        figures = job.figures("snapshot")
        cycles = figures["epoch_cycles"] + pages * figures["save_page_cycles"]
        yield from job.work(f"epoch of {job.row.tenant}", (Use("epoch", cycles=cycles, operations=pages),))

    def _send(self, job: Job, size_bytes: float) -> Life:
        """The copies leave by the card."""
        step: Step
        if Store.has_files(job.home):
            step = keeping.new_store(job, "epoch", 1.0).asked(d.SendData(size_bytes, _PAYLOAD_BYTES))
        else:
            units = max(1.0, round(size_bytes / _UNIT_BYTES))
            step = Below(d.TransferPackets("send", size_bytes / units, count=units))
        yield from job.work(f"epoch of {job.row.tenant} sent", (step,))


def _said(held_s: float, pause_s: float) -> str:
    return f"what it sends is held back for {held_s * 1e3:.3g} ms in the mean; last stop {pause_s * 1e3:.3g} ms"


KIND = Replicate
