"""A job of a disk benchmark as a workload: requests of one size past the page cache, some at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.measurements._jobs import Job
from simulator.measurements._setting import begun, setting
from simulator.measurements._written import CatalogFile, Number
from simulator.measurements.base import Figure, Measurement, Request

if TYPE_CHECKING:
    from simulator.catalog import Catalog

_BLOCKS = 2000
_GIB = 1024.0**3


def requests(measurement: Measurement, job: Job, request: Request, catalog: Catalog) -> CatalogFile:
    """The entry: ``disk_random`` or ``disk_sequential``.

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
        "program": "disk_random" if job.random else "disk_sequential",
        "interface": "system",
        "metric": metric | {"better": "higher"},
        "runs_on": [place.kernel.abi or "linux"],
        "architectures": [place.machine.architecture],
    }
    figures = {each: job.figures[f"{each} iops"] for each in job.directions}
    where = f"{measurement.place(*figures.values())}: the job {job.name}"
    writes = figures["write"].value if "write" in figures else 0.0
    blocks = max(_BLOCKS, int(2 * job.depth))
    blocks -= blocks % max(1, int(job.depth))
    flush = {"flush_blocks_count": _flush(measurement, job, where)} if job.random else {}
    file.groups[""] = {
        **flush,
        "blocks_count": Number("assumed", "length of the simulated part", float(blocks), ends=(100.0, 1e6)),
        "threads_count": Number("measured", f"{where}: iodepth times numjobs", job.depth),
        "block_bytes": Number("measured", f"{where}: bs", job.block_bytes),
        "block_cycles": _cycles(measurement, job, place.frequency_hz),
        "write_ratio": Number("measured", where, writes / sum(each.value for each in figures.values())),
        "file_bytes": _size(measurement, job),
    }
    for figure in job.figures.values():
        if not figure.name.endswith(("iops", "usr_cpu", "operations")):
            measurement.drop(figure.where, figure.name, "is a result to hold the run against, it is no input")
    return file


def _flush(measurement: Measurement, job: Job, where: str) -> Number:
    if job.flush_requests is None:
        return Number("assumed", "the file does not say; most jobs never do", 0.0, ends=(0.0, 0.0))
    return Number("measured", f"{where}: fsync", job.flush_requests)


def _cycles(measurement: Measurement, job: Job, frequency_hz: float) -> Number:
    """The job's own cycles for a request: its user time over its requests."""
    user = job.get("usr_cpu")
    runtime: Figure | None = job.get("job_runtime") or next(
        (figure for each in job.directions if (figure := job.get(f"{each} runtime"))), None
    )
    if user is None or runtime is None or not user.value or not job.operations:
        return Number("assumed", "user time not measured", 3000.0, ends=(500.0, 10000.0))
    processes = 1.0 if runtime.name == "job_runtime" else job.processes
    where = f"{measurement.place(user, runtime)}: user time over requests, at the clock of the machine"
    formula = f"{user.value:.6g} * {processes * runtime.value:.10g} / {job.operations:.10g} * {frequency_hz:.10g}"
    value = user.value * processes * runtime.value / job.operations * frequency_hz
    return Number("derived", where, value, formula, (0.3 * value, 2.0 * value))


def _size(measurement: Measurement, job: Job) -> Number:
    if job.file_bytes:
        return Number("measured", f"{measurement.file}: the job {job.name}: size", max(job.file_bytes, job.block_bytes))
    value = max(8.0 * _GIB, job.block_bytes)
    return Number(
        "assumed", "the file does not say; larger than the memory of a guest", value, ends=(_GIB, 64.0 * _GIB)
    )
