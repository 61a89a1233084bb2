"""The tables of results: every column declared once, with its unit and meaning.

The code that writes, the documentation and the tests all read these declarations.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Kind = Literal["text", "integer", "number"]


BESIDE = "see unit"
"""Unit of a column of numbers each of which has its own, beside it in the column ``unit``."""


class Column(NamedTuple):
    """One column: ``unit`` is empty for names and words."""

    name: str
    unit: str
    meaning: str
    kind: Kind = "number"

    @property
    def fixed_unit(self) -> str:
        """The unit of all its numbers; empty where each has its own."""
        return "" if self.unit == BESIDE else self.unit


def _text(name: str, meaning: str) -> Column:
    return Column(name, "", meaning, "text")


def _seconds(name: str, meaning: str) -> Column:
    return Column(name, "s", meaning)


def _bytes(name: str, meaning: str) -> Column:
    return Column(name, "bytes", meaning)


RUN = _text("run", "point and replication, p<point>-r<replication>; the key that joins all tables")
TENANT = _text("tenant", "name of the tenant in the scenario; the name of the shared system for its own threads")
THREAD = _text("thread", "name of the thread within its tenant")

TABLES: dict[str, tuple[Column, ...]] = {
    "runs": (
        RUN,
        Column("point", "count", "number of the axis combination", "integer"),
        Column("replication", "count", "number of the replication, from 0", "integer"),
        Column("seed", "count", "root seed of the batch", "integer"),
        _text("stack", "label of the stack in the scenario"),
        _text("expression", "the stack with every version resolved"),
        _text("without", "mechanisms switched off, separated by blanks"),
        _text("machine", "catalog name of the machine"),
        _text("fidelity", "algorithm that shares the devices"),
        _text("status", "ok, failed or over budget"),
        _text("error", "why a run failed or which budget ended it, and the command that repeats it"),
        _seconds("simulated_s", "simulated time of the run; of one that is over budget, how far it had come"),
        Column("events", "count", "calendar entries the run processed, up to its end or that of its budget", "integer"),
        _text("not_modelled", "effects that this fidelity leaves out, separated by semicolons"),
    ),
    "requests": (
        RUN,
        TENANT,
        THREAD,
        _text("kind", "what was asked for, in the workload's words"),
        _seconds("start_s", "simulated time at which it was asked"),
        _seconds("latency_s", "time until it was done"),
        _text("outcome", "ok, or why not"),
    ),
    "charges": (
        RUN,
        TENANT,
        THREAD,
        _text("device", "device that was used"),
        _text("payer", "path of the node that the thread, who pays, lives on"),
        _text("cause", "program, or the path of the node that made the work necessary"),
        _text("mechanism", "why"),
        Column("cycles", "cycles", "processor cycles, memory waits excluded"),
        _bytes("bytes", "bytes moved by the device"),
        Column("operations", "count", "events of this kind; may be fractional"),
        _seconds("service_s", "device time taken, memory waits included"),
    ),
    "threads": (
        RUN,
        TENANT,
        THREAD,
        _text("kind", "program or service"),
        _seconds("wall_s", "life of the thread; equals the sum of the columns that follow"),
        _seconds("useful_s", "processor time caused by the program"),
        _seconds("overhead_s", "processor time caused by layers"),
        _seconds("stalled_s", "on a processor that waits for memory or wakes up"),
        _seconds("ready_s", "ready while the tenant's own other threads ran"),
        _seconds("steal_s", "ready while other tenants or their services ran"),
        _seconds("throttled_s", "ready but stopped by the tenant's own cap"),
        _seconds("overhead_wait_s", "waiting for a service that works for this thread, or for a layer that stops it"),
        _seconds("paused_s", "with something to do, while somebody had stopped the tenant: paused, kept, moved"),
        _seconds("blocked_disk_s", "waiting for a disk"),
        _seconds("blocked_network_s", "waiting for the network or the machine at its other end"),
        _seconds("blocked_message_s", "waiting for another thread of the tenant"),
        _seconds("blocked_lock_s", "waiting for a lock"),
        _seconds("asleep_s", "not asking for anything: sleeping, or a service with nothing to do"),
        Column("switches", "count", "how often it went on after others had its processor; empty without slices"),
        Column("migrations", "count", "how often it changed its processor; empty without slices"),
    ),
    "tenants": (
        RUN,
        TENANT,
        _text("copy_of", "the name under which the scenario has it; several tenants may be written as one"),
        _text("workload", "catalog name of the workload"),
        _text("build", "what ran of it: machine code, or bytecode"),
        _text("outcome", "ok, or how it ended, e.g. did not respond: see simulator.outcomes"),
        _text("metric", "what the value measures"),
        Column("value", BESIDE, "the workload's figure of merit; its unit stands beside it"),
        _text("unit", "unit of the value"),
        _text("better", "higher or lower"),
        Column("operations", "count", "operations done within the measured window"),
        _seconds("elapsed_s", "measured window: from the end of the warm-up to the end of the program"),
        _seconds("boot_s", "time from its start until its own systems were up; 0 where they were up already"),
        _seconds("create_s", "of it, until its virtual machine was there and its system began, or its container stood"),
        _seconds("start_latency_s", "the same as boot_s, where they were up within the measured window; else empty"),
        _seconds("latency_mean_s", "mean latency of the operations"),
        _seconds("latency_p50_s", "median latency of the operations"),
        _seconds("latency_p99_s", "99th percentile of the latency, nearest rank"),
        Column(
            "energy_j",
            "j",
            "its part of the machine's energy: that of the idle machine divided equally, the rest by the "
            "processor time of programs; empty where nobody knows its power",
        ),
        _seconds("started_s", "simulated time at which it was told to start, its own systems first"),
        _seconds("ended_s", "simulated time at which its program ended last; empty where it ran to the end"),
        _bytes("memory_program_bytes", "memory that the program holds at its end"),
        _bytes("memory_kernel_bytes", "memory that the tenant's own systems hold"),
        _bytes("memory_page_cache_bytes", "memory of the page caches in the tenant's own systems at the end"),
        _bytes("memory_overhead_bytes", "memory of the layers under its program: its own, and its part of shared ones"),
        _bytes("memory_swapped_bytes", "the most of its program's data that its system had on a disk at any one time"),
        Column("memory_enforced", "bool", "1 where something enforces the tenant's memory limit", "integer"),
        Column(
            "share_enforced", "bool", "1 where something enforces its weights, caps, processors and rates", "integer"
        ),
    ),
    "operations": (
        RUN,
        _seconds("at_s", "simulated time at which it was asked for"),
        _text("operation", "what was asked for: pause, snapshot, migrate, ..."),
        _text("tenant", "whom it is done to; of an operation on the machine, what it names"),
        _text("node", "path of the layer that does it"),
        _text("product", "that layer's catalog name"),
        _text("how", "the way it was done, where there are several"),
        _text("outcome", "done, not finished, refused, failed or aborted, with why"),
        _seconds("end_s", "simulated time at which it was over; empty where the run ended before"),
        _seconds("duration_s", "from the request until then"),
        _seconds("downtime_s", "of it, how long the tenant stood still"),
        _bytes("moved_bytes", "memory that was copied or sent"),
        _bytes("disk_bytes", "what was written to a disk, or read from one"),
        Column("rounds", "count", "passes over the memory", "integer"),
        _seconds("work_lost_s", "processor time of the tenant's own work that it has to do again"),
        _text("detail", "particulars"),
    ),
    "faults": (
        RUN,
        _seconds("at_s", "simulated time at which the component failed"),
        _text("kind", "what happened: crash, panic, hang, exhaust, escape"),
        _text("node", "path of the node that failed; of the guest whose part of a hypervisor failed"),
        _text("component", "what failed: product, part, and whose"),
        Column("lost", "count", "tenants that were lost with it, or hang with it", "integer"),
        TENANT,
        _text("effect", "what became of the tenant: lost, hung, paused, no devices, refused, reached, untouched"),
        _seconds("work_lost_s", "time that it had worked on what is lost: since its last answer, or all of it"),
        _text("recovery", "what is done about it: none, restart (anew), recover (in place)"),
        _seconds("up_s", "simulated time at which the tenant was served again; empty where it was not"),
        _seconds("downtime_s", "from the fault until then"),
    ),
    "inspections": (
        RUN,
        _seconds("at_s", "simulated time at which somebody looked"),
        TENANT,
        _text("product", "catalog name of the layer that had stopped it"),
        _text("node", "path of the node that the thread runs on"),
        THREAD,
        _text("state", "what it did: running, as far as it may, or a state of the ledger that it waits in"),
        _text("doing", "what its program had asked for, in words; empty for a kernel's own threads"),
        _seconds("since_s", "simulated time since when, or of its last step"),
        _seconds("processor_s", "processor time that it had had"),
        _seconds("useful_s", "of it, the program's own work"),
    ),
    "log": (
        RUN,
        _text("node", "path of the node that did it"),
        THREAD,
        _text("kind", "what was done, in the layer's words: a collection of the heap"),
        _seconds("start_s", "simulated time at which it began"),
        _seconds("duration_s", "time until it was done"),
        Column("before", BESIDE, "what there was before; the unit stands beside it"),
        Column("after", BESIDE, "what there was after"),
        _text("unit", "unit of before and after"),
    ),
    "settings": (
        RUN,
        TENANT,
        _text("node", "path of the node that set it for itself"),
        _text("setting", "what is set, in the layer's words"),
        _text("value", "a number or a word"),
        _text("unit", "unit of a number; empty for a word"),
    ),
    "devices": (
        RUN,
        _text("device", "device of the machine"),
        Column(
            "capacity",
            "count",
            "how many units of service at a time (processor cores; 1 for a disk or a link direction)",
        ),
        _seconds("time_s", "simulated time of the run"),
        _seconds("busy_s", "service time given, summed over the capacity"),
        _seconds("idle_s", "capacity times time, less busy"),
        Column("utilisation", "ratio", "busy over capacity times time"),
        _seconds("loaded_s", "of a machine's processors: time in which any of them was busy"),
        Column(
            "energy_j", "j", "of the whole machine, in the row of its processors; empty where nobody knows its power"
        ),
        Column("mean_watts", "watts", "that energy over the time"),
    ),
}


def names(table: str) -> list[str]:
    """The column names of one table, in order."""
    return [column.name for column in TABLES[table]]


def run_id(point: int, replication: int) -> str:
    """The key that joins all tables of a batch."""
    return f"p{point:04d}-r{replication:04d}"


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as they stand in the file of a table."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    return written.getvalue()
