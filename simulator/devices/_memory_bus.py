"""What threads lose to each other in the last-level cache and on the way to the memory, while they run.

Physics. A piece of processor work that accesses memory says with which ``Traffic`` it goes. Alone it takes
``T`` = cycles / frequency + waits, which contain its misses. Beside others:
    cache       its set holds less of the cache (``_cache``): each access misses with the probability ``h0 - h`` more,
                waits ``memory_access_s - cached_access_s`` longer, and fetches one line more
    sockets     misses that go to another socket's memory (``_nodes``) take ``numa_remote_ratio`` times as long, and
                pass the link between the sockets
    bandwidth   it moves ``B`` bytes in its now longer time ``T'``, so at speed ``s`` (its share of a processor, times
                the pace of a processor beside siblings) it wants ``d = s B / T'`` bytes a second. Controllers and
                link are divided max-min among what all want; who gets ``b < d`` waits, holding its processor: it
                goes on at ``b / d`` of its speed. What siblings have slowed already wants less: the narrower of both
                limits counts, not their product
    lines       writes to a cache line that other processors write too are held up (``_shared_lines``)
So one second of work alone takes ``T' / T x d / b`` seconds of a processor: its *stretch*. What it takes longer is
booked as lost to ``cache_contention``, ``numa_remote``, ``memory_bandwidth`` and ``line_contention``, in this order.

When. Speeds are computed anew at the end of an instant in which work with traffic began or ended, never in between:
a thread without traffic that comes or goes changes them only with the next such instant. Work in flight whose stretch
changes by more than a thousandth is taken away and given back, longer or shorter, its remainder exact. Work without
traffic is never touched, nor is anything done while no limit is near.

Not counted twice. Sets declared here are missed access by access, and never come back in one piece; what
``Processor.resume`` fetches again is the working set of a thread that was away (its code, its stack, its tables). Both
meet in one cache: lines that threads have fetched meanwhile push such a set out (``fetched_bytes``).

Not modelled: lines of page tables and of code, what devices and kernels move, write-backs beyond the bytes that the
program's figures count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import simpy

from simulator.devices import _cache, _shared_lines
from simulator.devices._max_min import divide
from simulator.devices._nodes import Nodes, Way
from simulator.parameters import Parameters
from simulator.sharing.base import Sharing
from simulator.sharing.tree import Share
from simulator.steps import Traffic

CACHE, REMOTE, BANDWIDTH = "cache_contention", "numa_remote", "memory_bandwidth"
LINES = "line_contention"
INFINITE = float("inf")
_MATERIAL = 1e-3
_FULL = 1.0 - 1e-12
_UMA = Way((1.0,), 0.0)

Done = Callable[[Share], None]


class _Job:
    """One piece of work with traffic in flight."""

    __slots__ = ("done", "extra", "left", "owner", "stretch", "time_s", "traffic")

    def __init__(self, owner: Share, time_s: float, traffic: Traffic, done: Done) -> None:
        self.owner, self.time_s, self.traffic, self.done = owner, time_s, traffic, done
        self.left = 1.0
        """Part of the work that was left when it was last submitted."""
        self.stretch = 1.0
        self.extra: Mapping[str, float] = {}
        """Seconds lost for each second of work alone, by mechanism; their sum is ``stretch - 1``."""


class _Wish(NamedTuple):
    """What a job wants of the memory now."""

    job: _Job
    bytes_per_s: float
    time_ratio: float
    extra: dict[str, float]
    uses: tuple[float, ...]
    """Part of each byte that each controller serves, and that the link carries."""


class MemoryBus:
    """Cache, controllers and link of one machine.

    Args:
        environment: simulated time.
        sharing: the processors.
        parameters: those of the processor; a machine that gives no bandwidth of a socket has no limit.
        nodes: its sockets.
        wait: asks for ``balance`` at the end of this instant.
    """

    def __init__(
        self, environment: simpy.Environment, sharing: Sharing, parameters: Parameters, nodes: Nodes,
        wait: Callable[[], None],
    ) -> None:  # fmt: skip
        self._environment, self._sharing, self._parameters = environment, sharing, parameters
        self._nodes, self._wait = nodes, wait
        self.without: frozenset[str] = frozenset()
        self._jobs: dict[Share, _Job] = {}
        self._losses: dict[Share, dict[str, float]] = {}
        self._last: dict[Share, tuple[float, _Job]] = {}
        self._wanted = 0.0
        self._stretched = 0
        self._then = environment.now
        self._fetched = self._fetching = 0.0
        get = parameters.get
        one_core = get("memory_bytes_per_s", 0.0)
        self._limits = [max(one_core, get("memory_socket_bytes_per_s", INFINITE))] * nodes.sockets
        self._limits += [get("numa_link_bytes_per_s", INFINITE)] * (nodes.sockets > 1)
        self._ratio = get("numa_remote_ratio", 1.0)
        self._transfer_s = _shared_lines.transfer_s(parameters, nodes.sockets)
        self._writers = 0
        self._caches = max(1.0, get("cores_count", 1.0) / get("cache_cores_count", get("cores_count", 1.0)))

    # ---- work comes and goes

    def submit(self, share: Share, work: float, frequency_hz: float, traffic: Traffic, done: Done) -> None:
        """Work of a thread that accesses memory; ``done`` is called at its end."""
        job = _Job(_owner(share), work / frequency_hz, traffic, done)
        ended_s, before = self._last.pop(share, (-1.0, job))
        if ended_s == self._environment.now and _alike(before, job):
            job.stretch, job.extra = before.stretch, before.extra
        self._jobs[share] = job
        self._count(job, 1)
        self._sharing.submit(share, work * job.stretch, self._ended)

    def remove(self, share: Share) -> float:
        """Take a thread's work away, with traffic or without; returns what is left of it, as it would be alone."""
        job = self._jobs.get(share)
        remainder = self._sharing.remove(share)
        if job is None:
            return remainder
        total = share.work
        self._book(share, job, 1.0 - remainder / total if total else 1.0)
        self._drop(share, job)
        return remainder / job.stretch

    def lost(self, share: Share) -> dict[str, float]:
        """Processor seconds that a thread lost by contention since the last call, by mechanism."""
        return self._losses.pop(share, {})

    def forget(self, share: Share) -> None:
        """A thread has ended."""
        self._last.pop(share, None)
        self._losses.pop(share, None)

    @property
    def fetched_bytes(self) -> float:
        """Lines fetched from memory so far, at the rates of the last balance."""
        return self._fetched + self._fetching * (self._environment.now - self._then)

    def _ended(self, share: Share) -> None:
        job = self._jobs[share]
        self._book(share, job, 1.0)
        self._last[share] = (self._environment.now, job)
        self._drop(share, job)
        job.done(share)

    def _drop(self, share: Share, job: _Job) -> None:
        del self._jobs[share]
        self._count(job, -1)

    def _count(self, job: _Job, more: int) -> None:
        self._wanted += more * self._alone_bytes(job.traffic) / job.time_s
        self._stretched += more * (job.stretch != 1.0)
        self._writers += more * bool(job.traffic.touches)
        if self._nodes.sockets > 1:
            (self._nodes.begin if more > 0 else self._nodes.end)(job.owner)
        if not self._jobs:
            self._wanted = 0.0
        self._settle_fetched()
        if self._is_near():
            self._wait()

    def _is_near(self) -> bool:
        """Whether any limit may bind or has bound; if not, all go on as if alone."""
        return (
            self._stretched > 0
            or self._wanted > self._limits[0] * _FULL
            or self._nodes.sockets > 1
            or (self._writers > 1 and self._transfer_s > 0.0)
            or (len(self._jobs) > self._caches and any(self._may_lose(job.traffic) for job in self._jobs.values()))
        )

    def _may_lose(self, traffic: Traffic) -> bool:
        """Whether the cache holds enough of its set alone that others can take something away."""
        return traffic.set_bytes > 0.0 and self._parameters.cache_bytes > _MATERIAL * traffic.set_bytes

    def _book(self, share: Share, job: _Job, part: float) -> None:
        """What it lost while a part of what was submitted flowed through."""
        if job.extra:
            losses = self._losses.setdefault(share, {})
            for mechanism, each in job.extra.items():
                losses[mechanism] = losses.get(mechanism, 0.0) + each * job.time_s * job.left * part
        job.left *= 1.0 - part

    def _settle_fetched(self) -> None:
        self._fetched, self._then = self.fetched_bytes, self._environment.now
        self._fetching = self._wanted

    # ---- the model

    def balance(self, frequency_hz: float) -> None:
        """Compute all stretches anew and give back what changed."""
        if not self._jobs:
            return
        wishes = self._wishes(frequency_hz)
        granted = divide([wish.bytes_per_s for wish in wishes], [wish.uses for wish in wishes], self._limits)
        self._settle_fetched()
        self._fetching = sum(granted)
        for wish, bytes_per_s in zip(wishes, granted, strict=True):
            if BANDWIDTH not in self.without and bytes_per_s < wish.bytes_per_s * _FULL:
                wish.extra[BANDWIDTH] = wish.time_ratio * (wish.bytes_per_s / bytes_per_s - 1.0)
        held_up = self._held_up(wishes, frequency_hz)
        for share, wish, times in zip(tuple(self._jobs), wishes, held_up, strict=True):
            extra = wish.extra
            stretch = 1.0 + sum(extra.values())
            if times > 1.0:
                extra[LINES] = stretch * (times - 1.0)
                stretch *= times
            if abs(stretch - wish.job.stretch) > _MATERIAL * wish.job.stretch:
                self._retime(share, wish.job, stretch, extra)

    def _held_up(self, wishes: list[_Wish], frequency_hz: float) -> list[float]:
        """How many times as long each takes for lines that others write."""
        if self._writers < 2 or LINES in self.without:
            return [1.0] * len(wishes)
        lines = [wish.job.traffic.line for wish in wishes]
        wanted = [
            wish.job.traffic.touches / (wish.job.time_s * (1.0 + sum(wish.extra.values()))) * share.rate / frequency_hz
            for share, wish in zip(self._jobs, wishes, strict=True)
        ]
        return _shared_lines.waits(lines, wanted, self._transfer_s)

    def _retime(self, share: Share, job: _Job, stretch: float, extra: dict[str, float]) -> None:
        remainder = self._sharing.remove(share)
        self._book(share, job, 1.0 - remainder / share.work if share.work else 1.0)
        self._stretched += (stretch != 1.0) - (job.stretch != 1.0)
        work = remainder / job.stretch * stretch
        job.stretch, job.extra = stretch, extra
        self._sharing.submit(share, work, self._ended)

    def _wishes(self, frequency_hz: float) -> list[_Wish]:
        """What each wants of the memory, at its present share of a processor and of the cache."""
        line, jobs = self._parameters.cache_line_bytes, list(self._jobs.items())
        speeds = [share.rate / frequency_hz for share, _ in jobs]
        uses = [
            _cache.Use(
                job.traffic.set_bytes,
                job.traffic.accesses * line / job.time_s * speed,
                job.traffic.row_bytes / job.time_s * speed,
            )
            for (_, job), speed in zip(jobs, speeds, strict=True)
        ]
        size_bytes = self._parameters.get("cache_bytes", 0.0)
        alone = [min(use.set_bytes, size_bytes) for use in uses]
        held = alone if CACHE in self.without else _cache.held_bytes(uses, size_bytes, self._caches)
        extents = self._extents()
        return [
            self._wish(job, speed, (own - left) / use.set_bytes if use.set_bytes else 0.0, extents)
            for (_, job), speed, use, own, left in zip(jobs, speeds, uses, alone, held, strict=True)
        ]

    def _wish(self, job: _Job, speed: float, more_misses: float, extents: Mapping[Share, float]) -> _Wish:
        """One job's wish, given how much more of its random accesses miss."""
        traffic, line = job.traffic, self._parameters.get("cache_line_bytes", 0.0)
        if not (traffic.row_bytes or traffic.accesses):
            return _Wish(job, 0.0, 1.0, {}, (0.0,) * len(self._limits))
        extra: dict[str, float] = {}
        misses = traffic.accesses * (self._misses_alone(traffic) + more_misses)
        if more_misses > 0.0:
            longer_s = self._parameters.memory_access_s - self._parameters.cached_access_s
            extra[CACHE] = traffic.accesses * more_misses * longer_s / job.time_s
        rows, sets = (_UMA, _UMA)
        if self._nodes.sockets > 1:
            rows, sets = self._nodes.ways(job.owner, extents[job.owner])
        far_s = self._far_s(traffic.row_bytes * rows.remote, misses * sets.remote)
        if far_s > 0.0 and REMOTE not in self.without:
            extra[REMOTE] = far_s / job.time_s
        size_bytes = traffic.row_bytes + misses * line
        ratio = 1.0 + sum(extra.values())
        row_part = traffic.row_bytes / size_bytes if size_bytes else 1.0
        parts = [row_part * a + (1.0 - row_part) * b for a, b in zip(rows.controllers, sets.controllers, strict=True)]
        parts += [row_part * rows.remote + (1.0 - row_part) * sets.remote] * (self._nodes.sockets > 1)
        return _Wish(job, size_bytes / (job.time_s * ratio) * speed, ratio, extra, tuple(parts))

    def _far_s(self, row_bytes: float, misses: float) -> float:
        """Seconds longer for bytes in order and for misses that another socket's memory answers."""
        if self._ratio == 1.0 or not (row_bytes or misses):
            return 0.0
        alone_s = row_bytes / self._parameters.memory_bytes_per_s + misses * self._parameters.memory_access_s
        return alone_s * (self._ratio - 1.0)

    def _extents(self) -> dict[Share, float]:
        """Memory of each owner that is in use: the rows of its threads, and the largest of their sets."""
        if self._nodes.sockets == 1:
            return {}
        rows: dict[Share, float] = {}
        sets: dict[Share, float] = {}
        for job in self._jobs.values():
            rows[job.owner] = rows.get(job.owner, 0.0) + job.traffic.extent_bytes
            sets[job.owner] = max(sets.get(job.owner, 0.0), job.traffic.set_bytes)
        return {owner: rows[owner] + sets[owner] for owner in rows}

    def _misses_alone(self, traffic: Traffic) -> float:
        if not traffic.set_bytes:
            return 0.0
        return max(0.0, 1.0 - self._parameters.cache_bytes / traffic.set_bytes)

    def _alone_bytes(self, traffic: Traffic) -> float:
        """Bytes that it moves where it has the cache for itself."""
        if not traffic.accesses:
            return traffic.row_bytes
        line_bytes = self._parameters.cache_line_bytes
        return traffic.row_bytes + traffic.accesses * self._misses_alone(traffic) * line_bytes


def _owner(share: Share) -> Share:
    return next((node for node in share.lineage if node.tenant), share)


def _alike(one: _Job, other: _Job) -> bool:
    """Whether the same kind of work goes on, though perhaps less of it."""
    a, b = one.traffic, other.traffic
    same = (a.set_bytes, a.extent_bytes, a.line) == (b.set_bytes, b.extent_bytes, b.line)
    rates = (
        (a.touches / one.time_s, b.touches / other.time_s),
        (a.row_bytes / one.time_s, b.row_bytes / other.time_s),
        (a.accesses / one.time_s, b.accesses / other.time_s),
    )
    return same and all(abs(x - y) <= 1e-9 * x for x, y in rates)
