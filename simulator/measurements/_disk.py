"""The parameters of a machine's disk, from what jobs got of it alone.

A request that is alone takes the kernel's way down, the disk, and the kernel's way up; the disk's part is what is
left of the latency. What the disk does of itself at the same time follows by Little's law from the rate of deep
queues and the time that one request takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

from simulator.measurements._jobs import Job
from simulator.measurements._setting import Setting
from simulator.measurements._written import Number
from simulator.measurements.base import Figure, Measurement

KINDS = ("flash_disk", "rotating_disk")
"""The kinds of disks that a latency and a rate say something of."""
_LARGE_BYTES = 64 * 1024
"""Requests of this size or more tell of bandwidth, smaller ones of time."""
_KERNEL = ("null_io", "block_stack", "disk_driver", "context_switch")
_SLOW_S = 1e-3
"""A request alone that takes longer than this has waited for something that turns."""
_MEAN_SEEK = 8.0 / 15.0
"""The mean of the square root of the distance between two places of a row, each anywhere in it."""


class Disk:
    """One disk, of the kind that its machine has.

    Args:
        measurement: for places, and for what is not used.
        place: the machine and the kernel.
        jobs: that ran on it, one after the other.
    """

    def __init__(self, measurement: Measurement, place: Setting, jobs: Iterable[Job]) -> None:
        self.measurement, self.place = measurement, place
        self.device = place.machine.devices["disk"]
        self.own = self.device.values()
        self.jobs = [job for job in jobs if self._alone(job)]
        self.numbers: dict[str, Number] = {}
        self.used: set[str] = set()

    def parameters(self) -> dict[str, Number]:
        """What the jobs say of the disk.

        Raises:
            MeasurementError: nothing.
        """
        (self._flash if self.device.kind == "flash_disk" else self._rotating)()
        if not self.numbers:
            self.measurement.refuse(
                "says nothing of a disk",
                "measure past the page cache: single small random reads and writes (iodepth=1), many of them "
                "(iodepth=32), and large ones in order, each after the other (stonewall, direct=1)",
            )
        for job in self.jobs:
            if job.name not in self.used:
                where = next(iter(job.figures.values())).where
                self.measurement.drop(
                    where, job.name, "neither alone and small, nor deep and small, nor large and in order"
                )
        return self.numbers

    def _alone(self, job: Job) -> bool:
        where = next(iter(job.figures.values())).where
        if job.direct is False:
            self.measurement.drop(where, job.name, "went through the page cache: it measured memory; take direct=1")
            return False
        if len(job.directions) > 1:
            self.measurement.drop(where, job.name, "read and wrote at once: neither is the disk's alone; --as workload")
            return False
        return True

    def _deepest(self, direction: str, large: bool, random: bool | None = None) -> Job | None:
        """The job of a kind with the highest rate."""
        name = f"{direction} bandwidth" if large else f"{direction} iops"
        found = [
            job
            for job in self.jobs
            if job.directions == [direction]
            and (job.block_bytes >= _LARGE_BYTES) is large
            and random in (None, job.random)
            and (large or job.depth > 1.0)
        ]
        return max(found, key=lambda job: job.figures[name].value, default=None)

    def _single(self, direction: str) -> tuple[Job, Figure] | None:
        """The job with one small request at a time, and its latency."""
        for job in sorted(self.jobs, key=lambda each: not each.random):
            latency = job.latency(direction)
            small = job.block_bytes < _LARGE_BYTES
            anywhere = job.random or self.device.kind == "flash_disk"
            if job.directions == [direction] and job.depth == 1.0 and small and anywhere and latency is not None:
                return job, latency
        return None

    def _kernel_s(self) -> float:
        """What one request takes beside the disk: the kernel there and back, and the processor that is woken."""
        cycles = sum(self.place.of_kernel(f"{name}_cycles") for name in _KERNEL) + self.place.guard_cycles
        return cycles / self.place.frequency_hz + self.place.of_cpu("idle_exit_s")

    def _put(self, name: str, job: Job, number: Number) -> None:
        self.numbers[name] = number
        self.used.add(job.name)

    def _value(self, name: str) -> float:
        return self.numbers[name].value if name in self.numbers else self.own[name]

    # ---- flash

    def _flash(self) -> None:
        self._flash_writes()
        self._flash_reads()

    def _flash_writes(self) -> None:
        stream = self._deepest("write", large=True)
        if stream is not None:
            rate = stream.figures["write bandwidth"]
            self._put("write_bytes_per_s", stream, Number("measured", self._where(rate, stream), rate.value))
        if single := self._single("write"):
            taken = f"command_s - write_command_s - {single[0].block_bytes:.10g} / write_bytes_per_s"
            other_s = self._value("command_s") + self._value("write_command_s")
            self._latency("write_s", *single, taken, other_s + single[0].block_bytes / self._value("write_bytes_per_s"))

    def _flash_reads(self) -> None:
        stream, deep, single = (
            self._deepest("read", large=True),
            self._deepest("read", large=False),
            self._single("read"),
        )
        device_s = max(single[1].value - self._kernel_s(), 0.0) if single else self.own["read_s"]
        if deep is not None:
            self._channels(deep, device_s)
        if stream is not None:
            rate = stream.figures["read bandwidth"]
            written = self.numbers.get("write_bytes_per_s")
            carried = max(rate.value, written.value if written else 0.0)
            where = f"{self._where(rate, stream)}; at least the rate of what was written and read"
            self._put("interface_bytes_per_s", stream, Number("derived", where, carried, ends=(carried, 4.0 * carried)))
            channels = self._value("channels_count")
            where = f"{self._where(rate, stream)}: divided among the channels"
            formula, value = f"{rate.value:.10g} / channels_count", rate.value / channels
            self._put(
                "channel_bytes_per_s", stream, Number("derived", where, value, formula, (value / 2.0, value * 4.0))
            )
        if single:
            block = single[0].block_bytes
            taken = f"command_s - {block:.10g} / channel_bytes_per_s"
            self._latency(
                "read_s", *single, taken, self._value("command_s") + block / self._value("channel_bytes_per_s")
            )

    def _channels(self, deep: Job, device_s: float) -> None:
        """Little's law: as many at a time as the rate times the time of one."""
        rate = deep.figures["read iops"]
        busy = max(1.0, rate.value * device_s)
        where = f"{self._where(rate, deep)}: rate times the {device_s * 1e6:.3g} us of one request"
        if busy > 0.7 * deep.depth:
            where += f"; no deeper queue than {deep.depth:.0f} was tried: at least so many"
        channels = max(1.0, round(busy))
        ends = (channels, max(channels, 128.0 if busy > 0.7 * deep.depth else 2.0 * channels))
        self._put("channels_count", deep, Number("derived", where, channels, ends=ends))
        command_s = 1.0 / rate.value if rate.value else 0.0
        if command_s < self._value("command_s"):
            words = f"{self._where(rate, deep)}: no command can take longer than the time between two"
            self._put("command_s", deep, Number("derived", words, 0.5 * command_s, ends=(0.0, command_s)))

    def _latency(self, name: str, job: Job, latency: Figure, taken: str, taken_s: float) -> None:
        """The disk's own time in what one request took."""
        kernel_s = self._kernel_s()
        value = latency.value - kernel_s - taken_s
        if value <= 0.0:
            reason = f"{latency.value * 1e6:.3g} us is less than the kernel and the transfer take by the catalog"
            self.measurement.drop(latency.where, latency.name, reason)
            return
        self._compare(latency)
        where = (
            f"{self._where(latency, job)}; less {kernel_s * 1e6:.3g} us of {self.place.kernel.name} and of waking up"
        )
        formula = f"{latency.value:.10g} - {kernel_s:.6g} - {taken}"
        self._put(name, job, Number("derived", where, value, formula, (0.5 * value, latency.value)))

    def _compare(self, latency: Figure) -> None:
        slow = latency.value > _SLOW_S
        if slow == (self.device.kind == "flash_disk"):
            kind = self.device.kind.replace("_", " ")
            reason = f"is not what a {kind} takes, which the disk of {self.place.machine.name} is: see --machine"
            self.measurement.drop(latency.where, f"{latency.name} of {latency.value * 1e3:.3g} ms, as such", reason)

    # ---- rotating

    def _rotating(self) -> None:
        streams = [job for each in ("read", "write") if (job := self._deepest(each, large=True, random=False))]
        if streams:
            job = streams[0]
            rate = job.figures[f"{job.directions[0]} bandwidth"]
            self._put("media_bytes_per_s", job, Number("measured", self._where(rate, job), rate.value))
        single = self._single("read")
        if single is None:
            return
        job, latency = single
        self._compare(latency)
        part = sqrt(min(1.0, job.file_bytes / self.own["capacity_bytes"])) if job.file_bytes else 1.0
        kernel_s, half_turn_s = self._kernel_s(), self.own["rotation_s"] / 2.0
        rest_s = latency.value - kernel_s - self.own["command_s"] - half_turn_s - self.own["seek_shortest_s"]
        rest_s -= job.block_bytes / self._value("media_bytes_per_s")
        if rest_s <= 0.0:
            reason = (
                f"leaves no time for a seek beside half a turn of {half_turn_s * 1e3:.3g} ms: is the disk a faster one?"
            )
            self.measurement.drop(latency.where, latency.name, reason)
            return
        value = self.own["seek_shortest_s"] + rest_s / (_MEAN_SEEK * part)
        where = f"{self._where(latency, job)}; less kernel, command, half a turn and transfer; a mean seek is "
        where += f"{_MEAN_SEEK:.3f} of the longest, over {part:.2g} of it by the size of the file"
        self._put("seek_longest_s", job, Number("derived", where, value, ends=(0.5 * value, 2.0 * value)))

    def _where(self, figure: Figure, job: Job) -> str:
        asked = f"{job.name}: {'random' if job.random else 'in order'}, {job.block_bytes:.0f} B, depth {job.depth:.0f}"
        unsure = "" if job.direct else "; the file does not say if it went past the page cache"
        return f"{self.measurement.place(figure)} ({asked}){unsure}"
