"""Checkpoint: the processes of a tenant are kept one after the other, from outside, while all of them stand still.

What is paid (section ``checkpoint``, by the layer's thread on the system's kernel): a tool and its engine; what is of
the container; each process in turn: code put into it asks for its files, maps and threads; each page of it is looked
at, and each that has content written. A Java virtual machine with CRaC first closes its files and makes its heap small.
What cannot be kept is refused: see ``problem``.

By hand: one process with 14 pages: 19 ms for the container, 19 ms for the process: 39 ms of standing still.

Scope and limits: unless ``processes`` says how many there are, each thread of a program counts as one where its layer
is not one process of the system below.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator import discovery, outcomes
from simulator.operations import keeping
from simulator.operations.job import ENDED
from simulator.operations.kept import memory
from simulator.operations.kinds.base import Kind
from simulator.operations.subjects import Hold
from simulator.space import family
from simulator.steps import Use

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.operations.kept import Figures
    from simulator.threads import Life

MECHANISM = "checkpoint"
_NETWORK = "network_stack"


class Checkpoint(Kind):
    """Its processes are kept under the name ``as``; with ``ends`` they end."""

    WORD = "checkpoint"
    KEYS = ("as", "onto", "tcp", "ends", "processes")
    SECTIONS = ("checkpoint",)
    CAPTURES = True

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """What leads out of the processes cannot be kept with them."""
        figures = point["tenants"][tenant]
        program = discovery.member("workloads", figures["program"]).PROGRAM
        if _NETWORK not in getattr(program, "COUNTS", ()):
            return ""
        one_process = family(point, hold.product).ONE_PROCESS
        if one_process:
            return (
                f"{figures['workload']} has open connections, which {hold.product} does not keep: checkpoint it before "
                "it has any, or put it into a container and add 'tcp: established'"
            )
        if options.get("tcp") != "established":
            return (
                f"{figures['workload']} has open connections that lead out of its processes: add 'tcp: established', "
                "and restore it before their other ends give up"
            )
        return ""

    def perform(self, job: Job) -> Life:
        """All stand still, each is kept in turn, and they go on or end."""
        figures, pages, name = job.figures("checkpoint"), memory(job), str(job.options.get("as", "checkpoint"))
        processes = self._processes(job)
        before = figures["tool_cycles"] + figures.get("quiesce_cycles", 0.0)
        yield from job.work(f"checkpoint of {job.row.tenant}", (Use(MECHANISM, cycles=before),))
        yield from job.pause()
        stopped_s = job.environment.now
        state = yield from job.capture()
        size_bytes = pages.content * pages.page_bytes + processes * figures["process_bytes"]
        store = keeping.new_store(job, name, size_bytes)
        if keeping.has_no_room(job, store):
            yield from job.resume()
            return
        yield from keeping.write(job, store, {"flushed_ratio": 0.0}, _cycles(figures, processes, pages.content))
        found = keeping.keep(job, name, state, store, pages)
        found.processes = processes
        if job.options.get("ends"):
            yield from job.end(outcomes.STOPPED)
            job.note(downtime_s=job.environment.now - stopped_s, how=ENDED)
        else:
            yield from job.resume()
        job.note(moved_bytes=found.bytes, disk_bytes=store.on_disk(found.bytes), detail=_counted(processes))

    def _processes(self, job: Job) -> float:
        """How many there are, if nobody says."""
        if "processes" in job.options:
            return float(job.options["processes"])
        if job.subject.grip.layer.ONE_PROCESS:
            return 1.0
        top = job.house.tops[job.row.tenant]
        return 1.0 if top.layer.ONE_PROCESS else max(1.0, job.running())


def _counted(processes: float) -> str:
    return f"{processes:g} {'process' if processes == 1.0 else 'processes'}"


def _cycles(figures: Figures, processes: float, pages: float) -> float:
    """What the tool does while all stand still."""
    each = figures["dump_scan_cycles"] + figures["dump_page_cycles"]
    return figures["dump_cycles"] + processes * figures["dump_process_cycles"] + pages * each


KIND = Checkpoint
