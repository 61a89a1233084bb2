"""fio's JSON: one record for each job, with the names of its fields as they stand there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simulator.measurements.base import Measurement, Record

_OPTIONS = (
    "rw", "readwrite", "bs", "blocksize", "iodepth", "numjobs", "direct", "ioengine", "size", "fsync", "fdatasync",
)  # fmt: skip
_DIRECTIONS = ("read", "write")


def recognise(text: str) -> bool:
    """Whether a text holds fio's JSON, other lines above it allowed."""
    return '"fio version"' in text and '"jobs"' in text


def read(text: str, found: Measurement) -> None:
    """One record for each job; those that are the same job several times (``numjobs``) are put together."""
    data = _data(text, found)
    found.version = str(data.get("fio version", "")).removeprefix("fio-")
    stamp = data.get("time", data.get("timestamp"))
    if isinstance(stamp, str) and stamp[-4:].isdigit():
        found.year = int(stamp[-4:])
    common = _options(data.get("global options"))
    jobs = data.get("jobs")
    for index, job in enumerate(jobs if isinstance(jobs, list) else ()):
        if not isinstance(job, dict):
            found.drop(f"jobs[{index}]", "a job", "is no mapping")
            continue
        if job.get("error"):
            found.drop(f"jobs[{index}]", str(job.get("jobname")), f"ended with error {job['error']}")
            continue
        found.records.append(_record(job, index, common))


def _data(text: str, found: Measurement) -> dict[str, Any]:
    """The first JSON object of the text that is fio's."""
    line = 1
    for line, start in _openings(text):
        try:
            data, _ = json.JSONDecoder().raw_decode(text, start)
        except json.JSONDecodeError as error:
            line = error.lineno
        except (ValueError, RecursionError):
            continue
        else:
            if isinstance(data, dict) and "jobs" in data:
                return data
    found.refuse(
        "is not complete JSON", "let fio end, and take the whole of what it wrote (--output=FILE)", max(line, 1)
    )


def _openings(text: str) -> list[tuple[int, int]]:
    """Line and position of the braces that begin a line."""
    found, position = [], 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if line.startswith("{"):
            found.append((number, position))
        position += len(line)
    return found


def _options(data: object) -> dict[str, str]:
    if not isinstance(data, dict):
        return {}
    names = {"readwrite": "rw", "blocksize": "bs"}
    return {names.get(key, key): str(data[key]) for key in _OPTIONS if key in data}


def _record(job: Mapping[str, Any], index: int, common: Mapping[str, str]) -> Record:
    place = f"jobs[{index}]"
    texts = {"iodepth": "1", "numjobs": "1", **common, **_options(job.get("job options"))}
    record = Record(str(job.get("jobname", f"job {index}")), texts=texts)
    texts["group"] = str(job.get("groupid", 0))
    for direction in _DIRECTIONS:
        if isinstance(job.get(direction), dict):
            _add(record, direction, job[direction], f"{place}.{direction}")
    for name in ("usr_cpu", "sys_cpu"):
        value = _number(job.get(name))
        if value is not None:
            record.add(name, value / 100.0, "ratio", f"{place}.{name}")
    runtime = _number(job.get("job_runtime"))
    if runtime is not None:
        record.add("job_runtime", runtime * 1e-3, "s", f"{place}.job_runtime")
    return record


def _add(record: Record, direction: str, data: Mapping[str, Any], place: str) -> None:
    """What was read, or written; nothing if nothing was."""
    operations = _number(data.get("total_ios"))
    if operations is None:
        operations = (_number(data.get("iops")) or 0.0) * (_number(data.get("runtime")) or 0.0) / 1e3
    if not operations:
        return
    record.add(f"{direction} operations", operations, "count", f"{place}.total_ios")
    bandwidth, name = _number(data.get("bw_bytes")), "bw_bytes"
    if bandwidth is None:
        bandwidth, name = (_number(data.get("bw")) or 0.0) * 1024.0, "bw"
    record.add(f"{direction} bandwidth", bandwidth, "bytes_per_s", f"{place}.{name}")
    record.add(f"{direction} iops", _number(data.get("iops")) or 0.0, "count", f"{place}.iops")
    record.add(f"{direction} runtime", (_number(data.get("runtime")) or 0.0) * 1e-3, "s", f"{place}.runtime")
    for kind in ("lat", "clat"):
        for key, scale in ((f"{kind}_ns", 1e-9), (kind, 1e-6)):
            latency = data.get(key)
            mean = _number(latency.get("mean")) if isinstance(latency, dict) else None
            if mean:
                record.add(f"{direction} {kind}", mean * scale, "s", f"{place}.{key}.mean")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if 0.0 <= number < float("inf") else None
