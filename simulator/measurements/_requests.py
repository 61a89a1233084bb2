"""A job of a disk benchmark as a workload: requests of one size past the page cache, some at a time.

What the job does not say stays as the catalog's own workload of this kind has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.measurements._jobs import Job
from simulator.measurements._setting import begun, setting
from simulator.measurements._written import CatalogFile, Number
from simulator.measurements.base import Figure, Measurement, Request

if TYPE_CHECKING:
    from simulator.catalog import Catalog

_BLOCKS, _TURNS = 2000, 20
"""How many requests are simulated: so many, but of every thread at least so many."""


def requests(measurement: Measurement, job: Job, request: Request, catalog: Catalog) -> CatalogFile:
    """The entry, which extends ``disk-random`` or ``disk-sequential``.

    Raises:
        MeasurementError: it went through the page cache.
    """
    if job.direct is False:
        measurement.refuse(
            f"the job {job.name} went through the page cache, and the workloads of disks go past it", "take direct=1"
        )
    place = setting(measurement, request, catalog)
    pattern = "at random" if job.random else "in order"
    title = f"{job.block_bytes:.0f} B {pattern}, {job.depth:.0f} at a time, as in the job {job.name}"
    file = begun(measurement, request, "workloads", title, f"job {job.name}")
    metric = {"name": "rate", "unit": "IOPS"} if job.random else {"name": "throughput", "unit": "MB/s"}
    file.head |= {
        "extends": "disk-random" if job.random else "disk-sequential",
        "program": "disk_random" if job.random else "disk_sequential",
        "interface": "system",
        "metric": metric | {"better": "higher"},
        "runs_on": [place.kernel.abi or "linux"],
        "architectures": [place.machine.architecture],
    }
    figures = {each: job.figures[f"{each} iops"] for each in job.directions}
    asked = f"{measurement.file}, what was asked of {job.name}"
    writes = figures["write"].value if "write" in figures else 0.0
    blocks = job.depth * max(_TURNS, round(_BLOCKS / job.depth))
    numbers = {
        "blocks_count": Number("assumed", "length of the simulated part", blocks, ends=(job.depth, 1e3 * blocks)),
        "threads_count": Number("measured", f"{asked}: iodepth times numjobs", job.depth),
        "block_bytes": Number("measured", f"{asked}: bs", job.block_bytes),
        "write_ratio": Number(
            "measured", measurement.place(*figures.values()), writes / sum(each.value for each in figures.values())
        ),
    }
    if job.file_bytes >= job.block_bytes:
        numbers["file_bytes"] = Number("measured", f"{asked}: size", job.file_bytes)
    if job.random and job.flush_requests is not None:
        numbers["flush_blocks_count"] = Number("measured", f"{asked}: fsync", job.flush_requests)
    if cycles := _cycles(measurement, job, place.frequency_hz):
        numbers["block_cycles"] = cycles
    file.groups[""] = numbers
    for figure in job.figures.values():
        if not figure.name.endswith(("iops", "usr_cpu", "operations")):
            measurement.drop(figure.where, figure.name, "is a result to hold the run against, it is no input")
    return file


def _cycles(measurement: Measurement, job: Job, frequency_hz: float) -> Number | None:
    """The job's own cycles for a request: its user time over its requests; None where that was not measured."""
    user = job.get("usr_cpu")
    runtime: Figure | None = job.get("job_runtime") or next(
        (figure for each in job.directions if (figure := job.get(f"{each} runtime"))), None
    )
    if user is None or runtime is None or not user.value or not job.operations:
        return None
    processes = 1.0 if runtime.name == "job_runtime" else job.processes
    where = f"{measurement.place(user, runtime)}: user time over requests, at the clock of the machine"
    formula = f"{user.value:.6g} * {processes * runtime.value:.10g} / {job.operations:.10g} * {frequency_hz:.10g}"
    value = user.value * processes * runtime.value / job.operations * frequency_hz
    return Number("derived", where, value, formula, (0.3 * value, 2.0 * value))
