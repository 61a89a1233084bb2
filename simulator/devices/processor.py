"""The processors of a machine: one pool of cores with a clock, a shared cache and an idle state.

Work is in cycles. The cache is a stack of working sets in order of last use: a thread that resumes finds of its
own set what the sets used since then left of it, and waits for the rest line by line (least recently used, as a
whole set at a time); what threads that run at the same time take from each other stands in ``_memory_bus``. A core
that was idle for long enough takes its exit latency to wake, and a longer one from a deeper state, if it has numbers
for one (the state is taken to be the deepest that the idle time was long enough for); native systems pay that too.
Where a core runs two threads at once (SMT), each is a processor, see ``_speed``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import nan
from typing import Any, cast

import simpy
from simpy.core import StopSimulation

from simulator import discovery
from simulator.devices._memory_bus import MemoryBus
from simulator.devices._nodes import Nodes
from simulator.devices._speed import SIBLINGS, Law, Speed, siblings
from simulator.devices.base import DeviceRow, EndOfInstant
from simulator.energy import power
from simulator.parameters import Parameter, Parameters
from simulator.sharing.base import Sharing
from simulator.sharing.tree import INFINITE, Share
from simulator.steps import NO_TRAFFIC, Traffic

_STOP = StopSimulation.callback
"""What SimPy waits with for the event that a run ends with."""


class Processor:
    """Cores of one frequency behind one sharing tree.

    Args:
        environment: simulated time.
        parameters: see ``PARAMETERS``.
        fidelity: the algorithm that shares them: a module in ``simulator/sharing``.
    """

    PARAMETERS = (
        Parameter("cores_count", "count", "cores of the machine, hyper-threads not counted"),
        Parameter("threads_per_core_count", "count", "threads that one core runs at once: processors of a core"),
        Parameter("smt_factor_ratio", "ratio", "what a core does for two threads at once over one alone"),
        Parameter("sockets_count", "count", "sockets with a memory of their own; 1 where all share one"),
        Parameter("frequency_hz", "hz", "clock frequency"),
        Parameter("cache_bytes", "bytes", "last-level cache that a thread's working set competes for"),
        Parameter("cache_cores_count", "count", "cores that share one last-level cache"),
        Parameter("cache_kernel_bytes", "bytes", "part of the cache that the kernel's own path of a switch takes"),
        Parameter("cache_line_bytes", "bytes", "size of a cache line"),
        Parameter("cache_miss_s", "s", "wait for one line of a working set read in order, prefetch included"),
        Parameter("idle_after_s", "s", "a core idle for longer than this has entered its idle state"),
        Parameter("idle_exit_s", "s", "time a core takes to leave its idle state"),
        Parameter("deep_idle_after_s", "s", "a core idle for longer than this is in a deeper state", optional=True),
        Parameter("deep_idle_exit_s", "s", "time a core takes to leave that deeper idle state", optional=True),
        Parameter("page_bytes", "bytes", "page size of the memory management unit"),
        Parameter("tlb_entries_count", "count", "pages that the last level of the translation buffer covers"),
        Parameter("table_entry_bytes", "bytes", "size of a page-table entry"),
        Parameter("cached_access_s", "s", "wait for a word of a page table that lies in the last-level cache"),
        Parameter("memory_access_s", "s", "wait for a word at a random place of the memory"),
        Parameter("memory_bytes_per_s", "bytes_per_s", "what one core reads or writes in order"),
        Parameter("memory_socket_bytes_per_s", "bytes_per_s", "what all cores of a socket together read or write"),
        Parameter("numa_remote_ratio", "ratio", "time of an access to another socket's memory over one's own"),
        Parameter("numa_link_bytes_per_s", "bytes_per_s", "what the links between sockets carry in one direction"),
        Parameter("idle_watts", "watts", "power of the whole machine while nothing runs", optional=True),
        Parameter("floor_watts", "watts", "its power with any load at all, without the load's own part", optional=True),
        Parameter("busy_watts", "watts", "its power with all cores busy", optional=True),
    )

    def __init__(
        self, environment: simpy.Environment, parameters: Mapping[str, float], fidelity: str = "fluid"
    ) -> None:
        self.environment = environment
        self.parameters = Parameters(parameters)
        self.cores = self.parameters.cores_count
        self.frequency_hz = self.parameters.frequency_hz
        self.processors = self.cores * self.parameters.get("threads_per_core_count", 1.0)
        self.power = power(self.parameters)
        algorithm = discovery.member("sharing", fidelity)
        self.slices: bool = algorithm.SLICES
        capacity, more = self.processors * self.frequency_hz, self._for_slices() if self.slices else {}
        self.sharing: Sharing = algorithm.SHARING(environment, capacity, self.frequency_hz, **more)
        self._contend()
        self.served_s = 0.0
        self.worked_s = 0.0
        """Core seconds of work done: as ``served_s``, but what siblings take from each other is no work."""
        self._settled_work = 0.0
        self._recent: dict[Share, float] = {}
        self._idle_since: list[float] = [environment.now] * int(self.cores)

    def _for_slices(self) -> dict[str, Any]:
        """What slices need to know of the cores: cold caches, and siblings that slow each other down."""
        threads = self.processors / self.cores
        siblings = {"threads_per_core": int(threads), "smt_factor": self.parameters.smt_factor_ratio / threads}
        return {"refill": self.refill_s, **(siblings if threads > 1.0 else {})}

    def _contend(self) -> None:
        """What processors take from each other: pace beside siblings, cache, memory. None of it without its numbers."""
        get = self.parameters.get
        self._later = EndOfInstant(self.environment, self._adapt)
        self._speed = Speed(self.sharing, self.processors, lambda: self.frequency_hz, self._settle_time)
        if self.processors > self.cores and not self.slices:
            self._speed.follow(siblings(self.cores, self.parameters.smt_factor_ratio), SIBLINGS, self.cores)
        sockets = int(get("sockets_count", 1.0))
        self._nodes = Nodes(sockets, self.processors / sockets)
        self._bus = MemoryBus(self.environment, self.sharing, self.parameters, self._nodes, self._later.ask)
        self._begun: dict[Share, tuple[float, float, float, int]] = {}
        self._losses: dict[Share, dict[str, float]] = {}
        self._left: dict[Share, float] = {}
        self._carried = False
        self._look()

    def _look(self) -> None:
        """Whether nobody can have lost anything to others: no law of the pace, and no work has gone over the bus."""
        self._quiet = self._speed.law is None and not self._carried

    def stand(self, memory_bytes: float = INFINITE, without: frozenset[str] = frozenset()) -> None:
        """What surrounds it: the size of the machine's memory, and the mechanisms whose costs are left out."""
        self._nodes.memory_bytes = memory_bytes / self._nodes.sockets
        self._bus.without |= without
        if self._speed.mechanism in without:
            self._speed.law = None
            self._look()

    def follow(self, law: Law, mechanism: str) -> None:
        """Another law of the pace of processors by their load; what is lost by it is charged under this name."""
        self._speed.follow(law, mechanism)
        self._look()

    @property
    def root(self) -> Share:
        """The share that stands for all cores."""
        return self.sharing.root

    def run(
        self, cycles: float, share: Share | None = None, stall_s: float = 0.0, traffic: Traffic = NO_TRAFFIC
    ) -> simpy.Event:
        """Work of one thread; the event succeeds with the remainder, 0.0 unless it was stopped.

        Args:
            cycles: processor cycles.
            share: where the thread stands in the tree; None: a thread of its own beside all others.
            stall_s: waits for memory, which do not shrink when the clock rises.
            traffic: what goes with it to the caches and the memory; the waits are those of a thread alone.
        """
        leaf = share or Share("thread", self.root)
        leaf.payload = finished = self.environment.event()
        if self._idle_since:
            self._idle_since.pop()
        done = self._done if share else self._done_once
        self._begin(leaf, cycles + stall_s * self.frequency_hz, traffic, done)
        return finished

    def thread(self, share: Share) -> Thread:
        """One thread whose pieces of work follow one another: cheaper than ``run`` for each."""
        return Thread(self, share)

    def _begin(self, leaf: Share, work: float, traffic: Traffic, done: Callable[[Share], None]) -> None:
        """Work comes: with traffic it goes over the bus, and it may change the pace of all."""
        if traffic is not NO_TRAFFIC and (traffic.row_bytes or traffic.accesses or traffic.touches):
            self._carried = True
            self._look()
            self._bus.submit(leaf, work, self.frequency_hz, traffic, done)
        else:
            self.sharing.submit(leaf, work, done)
        if self._speed.law is not None:
            self._begun[leaf] = (self.environment.now, _waited_s(leaf), work, self._speed.stamp())
            if self._speed.matters:
                self._later.ask()

    def _adapt(self) -> None:
        self._speed.update()
        self._bus.balance(self.frequency_hz)

    def lost(self, share: Share) -> dict[str, float]:
        """Processor seconds that a thread's work took beyond its own time since the last call, by mechanism."""
        return self._losses.pop(share, {})

    def _end(self, share: Share, remainder: float) -> None:
        """Work has ended or was taken away: what it lost to others, and what the thread leaves in the cache."""
        if self._quiet:
            if share in self._recent:
                self._left[share] = 0.0
            self.rest_cores()
            return
        losses = self._bus.lost(share)
        if self._speed.law is not None:
            if self._speed.matters:
                self._later.ask()
            begun_s, waited_s, work, stamp = self._begun.pop(share)
            if not self._speed.unchanged(stamp):
                own_s = (work - remainder) / self.frequency_hz + sum(losses.values())
                had_s = self.environment.now - begun_s - (_waited_s(share) - waited_s)
                losses[self._speed.mechanism] = had_s - own_s
        if losses:
            before = self._losses.setdefault(share, {})
            before.update({name: before.get(name, 0.0) + seconds for name, seconds in losses.items()})
        if share in self._recent:
            self._left[share] = self._bus.fetched_bytes
        self.rest_cores()

    def stop(self, share: Share) -> float:
        """Stop a thread's work in flight; its event succeeds with the exact remainder in cycles."""
        remainder = self._bus.remove(share)
        self._end(share, remainder)
        finished = share.payload
        if isinstance(finished, simpy.Event):
            finished.succeed(remainder)
        else:
            assert isinstance(finished, _Turn)
            finished._value = remainder
            self.environment.schedule(cast(simpy.Event, finished))
        return remainder

    def _done(self, share: Share) -> None:
        """Work has flowed through: whoever waits for it goes on at once, without an entry in the calendar.

        Not where something else was to happen at this instant: ties are broken by order of scheduling. And not where
        the run ends with it: SimPy stops the run from within the entry.
        """
        self._end(share, 0.0)
        finished = share.payload
        assert isinstance(finished, simpy.Event)
        callbacks = finished.callbacks
        if not self.sharing.undisturbed or _STOP in callbacks:
            finished.succeed(0.0)
            return
        finished._ok, finished._value = True, 0.0
        finished.callbacks = None  # type: ignore[assignment]
        for call in callbacks:
            call(finished)

    def _done_once(self, share: Share) -> None:
        self.root.children.remove(share)
        self._done(share)
        self.forget(share)

    def set_frequency(self, frequency_hz: float) -> None:
        """Change the clock; what is in flight goes on at the new pace, its memory waits too.

        ``House.set_frequency`` first stops what is in flight, so that memory waits keep their length.
        """
        self._settle_time()
        self.frequency_hz = frequency_hz
        pace_hz = frequency_hz * self._speed.now
        self.sharing.set_unit_rate(pace_hz, self.processors * pace_hz)

    def resume(self, share: Share, working_set_bytes: float) -> float:
        """A thread goes on after it had blocked: seconds it waits for its working set to come back.

        LAWS: least-recently-used cache, whole sets. Nothing is waited for where all sets fit.
        """
        ran_before = share in self._recent
        others_bytes, cache_bytes = 0.0, self.parameters.get("cache_bytes", INFINITE)
        for other, size_bytes in reversed(self._recent.items()):
            if other is share or others_bytes >= cache_bytes:
                break
            others_bytes += size_bytes
        others_bytes += self._bus.fetched_bytes - self._left.pop(share, self._bus.fetched_bytes)
        self._recent.pop(share, None)
        self._recent[share] = working_set_bytes
        if not ran_before or working_set_bytes <= 0.0:
            return 0.0
        return self._refill_s(working_set_bytes, others_bytes)

    def refill_s(self, share: Share, others_bytes: float) -> float:
        """A thread goes on after a slice of others that want ``others_bytes``: seconds it waits for its working set."""
        return self._refill_s(share.working_set_bytes, others_bytes)

    def _refill_s(self, working_set_bytes: float, others_bytes: float) -> float:
        if working_set_bytes <= 0.0:
            return 0.0
        parameters = self.parameters
        room_bytes = parameters.cache_bytes - parameters.cache_kernel_bytes - others_bytes
        lost = min(1.0, max(0.0, 1.0 - room_bytes / working_set_bytes))
        return lost * working_set_bytes / parameters.cache_line_bytes * parameters.cache_miss_s

    def switch_s(self, cycles: float, stall_s: float) -> float:
        """Time of one processor for a switch of so many cycles and waits, to the nanosecond, which slices count in."""
        return round((cycles / self.frequency_hz + stall_s) * 1e9) / 1e9

    def spend(self, seconds: float) -> None:
        """Processor time that went to switches between slices."""
        self.served_s += seconds
        self.worked_s += seconds

    def forget(self, share: Share) -> None:
        """A thread has ended: its working set is nobody's any more."""
        self._recent.pop(share, None)
        self._left.pop(share, None)
        self._losses.pop(share, None)
        self._bus.forget(share)

    def wake_latency_s(self, share: Share | None = None) -> float:
        """Exit latency of the core that the next thread will get, by how long it has been idle; 0 if none is.

        A thread whose system keeps all its processors busy already wakes none.
        """
        lineage = share.lineage if share else ()
        if not self._idle_since or not all(map(self.sharing.finds_idle, lineage)):
            return 0.0
        idle_s, parameters = self.environment.now - self._idle_since[-1], self.parameters
        if idle_s > parameters.get("deep_idle_after_s", INFINITE):
            return parameters.deep_idle_exit_s
        return parameters.idle_exit_s if idle_s > parameters.idle_after_s else 0.0

    def row(self) -> DeviceRow:
        """The time ledger so far."""
        self._settle_time()
        time_s, loaded_s = self.environment.now, self.sharing.loaded_s
        joules = nan if self.power is None else self.power.joules(time_s, loaded_s, self.worked_s)
        idle_s = self.processors * time_s - self.served_s
        return DeviceRow("cpu", self.processors, time_s, self.served_s, idle_s, loaded_s, joules)

    def _settle_time(self) -> None:
        self.sharing.settle()
        work = self.sharing.served - self._settled_work
        self.served_s += work / self.sharing.unit_rate
        self.worked_s += work / self.frequency_hz
        self._settled_work = self.sharing.served

    def rest_cores(self) -> None:
        """Cores without a thread are idle from now on; ends of one instant are all gone before the first is told."""
        idle = self._idle_since
        missing = self.cores - len(self.sharing.active) - len(idle)
        while missing > 0.0:
            idle.append(self.environment.now)
            missing -= 1.0


class _Turn:
    """An event that happens again and again, once for each piece of a thread's work."""

    __slots__ = ("_ok", "_value", "callbacks")

    def __init__(self) -> None:
        self._ok, self._value = True, 0.0
        self.callbacks: list[Callable[[object], None]] | None = None


class Thread:
    """Pieces of work of one thread, one after the other.

    Args:
        processor: what it runs on.
        share: where it stands in the tree.
    """

    __slots__ = ("_processor", "_turn", "share")

    def __init__(self, processor: Processor, share: Share) -> None:
        self._processor, self.share = processor, share
        share.payload = self._turn = _Turn()

    def run(self, cycles: float, stall_s: float = 0.0) -> simpy.Event:
        """The next piece of work; its event succeeds with the remainder, 0.0 unless it was stopped.

        It is the same event each time: for one process to ``yield`` at once, not to be kept or put in a condition.
        """
        processor, turn = self._processor, self._turn
        turn._value, turn.callbacks = 0.0, []
        if processor._idle_since:
            processor._idle_since.pop()
        work = cycles + stall_s * processor.frequency_hz
        if processor._quiet:
            processor.sharing.submit(self.share, work, self._done)
        else:
            processor._begin(self.share, work, NO_TRAFFIC, self._done)
        return cast(simpy.Event, turn)

    def _done(self, share: Share) -> None:
        processor, turn = self._processor, self._turn
        processor._end(share, 0.0)
        if not processor.sharing.undisturbed:
            processor.environment.schedule(cast(simpy.Event, turn))
            return
        callbacks, turn.callbacks = turn.callbacks, None
        assert callbacks is not None
        for call in callbacks:
            call(turn)


def _waited_s(share: Share) -> float:
    """What a thread has waited for a processor and that is not booked yet."""
    return share.ready_s + share.steal_s + share.throttled_s + share.frozen_s


DEVICE = Processor
