"""A job of a disk benchmark: what it asked for, and what it got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simulator.measurements._fio_text import size_bytes
from simulator.measurements.base import Figure, Measurement, Record

DIRECTIONS = ("read", "write")


@dataclass(slots=True)
class Job:
    """One job, all of its processes together.

    Attributes:
        name: of the job.
        random: whether its requests lie anywhere; otherwise one follows the other.
        block_bytes: size of a request.
        processes: how many of them.
        depth: requests under way at a time, of all its processes.
        direct: whether it went past the page cache; None where the file does not say.
        file_bytes: what it read or wrote in, 0 where the file does not say.
        flush_requests: requests after which what was written is made safe, 0: never, None: the file does not say.
        group: jobs of one group ran at the same time.
        figures: ``read iops`` and so on; sums, means of latencies.
    """

    name: str
    random: bool
    block_bytes: float
    processes: float
    depth: float
    direct: bool | None
    file_bytes: float
    flush_requests: float | None
    group: str
    figures: dict[str, Figure]

    def get(self, name: str) -> Figure | None:
        """A figure."""
        return self.figures.get(name)

    @property
    def directions(self) -> list[str]:
        """Whether it read, wrote or both."""
        return [each for each in DIRECTIONS if f"{each} iops" in self.figures]

    def latency(self, direction: str) -> Figure | None:
        """Mean time from submission to completion; of completion alone where there is nothing else."""
        return self.get(f"{direction} lat") or self.get(f"{direction} clat")

    @property
    def operations(self) -> float:
        """Requests altogether."""
        return sum(self.figures[f"{each} operations"].value for each in self.directions)


def jobs(found: Measurement, records: Iterable[Record]) -> list[Job]:
    """The jobs of some records; one that cannot be understood is listed."""
    merged: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        merged.setdefault((record.name, record.texts.get("group", "")), []).append(record)
    return [job for same in merged.values() if (job := _job(found, same))]


def _job(found: Measurement, same: list[Record]) -> Job | None:
    first = same[0]
    texts, where = first.texts, next((each.where for each in first.figures.values()), "the file")
    rw, block = texts.get("rw", ""), size_bytes(texts.get("bs", "4k").split("-")[0].split(",")[0].removeprefix("(R) "))
    if not any(f"{each} iops" in record.figures for each in DIRECTIONS for record in same):
        found.drop(where, first.name, "neither read nor wrote")
        return None
    if not rw or not block:
        missing = "its pattern (rw)" if not rw else f"its block size ({texts.get('bs')})"
        found.drop(where, first.name, f"the file does not say {missing}; JSON of fio 3 does")
        return None
    if "trim" in rw:
        found.drop(where, first.name, "trims")
        return None
    processes = max(float(len(same)), _whole(texts.get("numjobs", "1")))
    direct = {"1": True, "true": True, "": True}.get(texts["direct"].lower(), False) if "direct" in texts else None
    return Job(
        name=first.name,
        random=rw.startswith("rand"),
        block_bytes=block,
        processes=processes,
        depth=processes * _whole(texts.get("iodepth", "1")),
        direct=direct,
        file_bytes=size_bytes(texts.get("size", "")) or 0.0,
        flush_requests=_flush(texts, processes),
        group=texts.get("group", ""),
        figures=_together(same),
    )


def _flush(texts: Mapping[str, str], processes: float) -> float | None:
    """Each process has its writes made safe after so many of its own; only JSON says if it does."""
    if "direct" not in texts:
        return None
    each = next((texts[name] for name in ("fsync", "fdatasync") if name in texts), "0")
    return float(each) * processes if each.isdecimal() and len(each) < 9 else 0.0


def _together(same: list[Record]) -> dict[str, Figure]:
    """Sums of what the processes of one job did; means of how long it took them."""
    if len(same) == 1:
        return same[0].figures
    total = Record(same[0].name)
    for name in dict.fromkeys(name for record in same for name in record.figures):
        each = [record.figures[name] for record in same if name in record.figures]
        value = sum(figure.value for figure in each)
        if not name.endswith(("iops", "bandwidth", "operations", "job_runtime")):
            value /= len(each)
        total.add(name, value, each[0].unit, " + ".join(figure.where for figure in each))
    return total.figures


def _whole(text: str) -> float:
    return float(text) if text.isdecimal() and len(text) < 9 and int(text) else 1.0
