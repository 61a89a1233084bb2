"""The processors of a machine: one pool of cores with a clock, a shared cache and an idle state.

Work is in cycles. The cache is a stack of working sets in order of last use: a thread that resumes finds of its
own set what the sets used since then left of it, and waits for the rest line by line (least recently used, as a
whole set at a time). A core that was idle for long enough takes its exit latency to wake; native systems pay
that too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import simpy
from simpy.core import StopSimulation

from simulator.devices.base import DeviceRow
from simulator.parameters import Parameter, Parameters
from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import Share

_STOP = StopSimulation.callback
"""What SimPy waits with for the event that a run ends with."""


class Processor:
    """Cores of one frequency behind one sharing tree.

    Args:
        environment: simulated time.
        parameters: see ``PARAMETERS``.
    """

    PARAMETERS = (
        Parameter("cores_count", "count", "processors of the machine, hyper-threads not counted"),
        Parameter("frequency_hz", "hz", "clock frequency"),
        Parameter("cache_bytes", "bytes", "last-level cache that a thread's working set competes for"),
        Parameter("cache_kernel_bytes", "bytes", "part of the cache that the kernel's own path of a switch takes"),
        Parameter("cache_line_bytes", "bytes", "size of a cache line"),
        Parameter("cache_miss_s", "s", "wait for one line of a working set read in order, prefetch included"),
        Parameter("idle_after_s", "s", "a core idle for longer than this has entered its idle state"),
        Parameter("idle_exit_s", "s", "time a core takes to leave its idle state"),
        Parameter("page_bytes", "bytes", "page size of the memory management unit"),
        Parameter("tlb_entries_count", "count", "pages that the last level of the translation buffer covers"),
        Parameter("table_entry_bytes", "bytes", "size of a page-table entry"),
        Parameter("cached_access_s", "s", "wait for a word of a page table that lies in the last-level cache"),
        Parameter("memory_access_s", "s", "wait for a word at a random place of the memory"),
        Parameter("memory_bytes_per_s", "bytes_per_s", "what one core reads or writes in order"),
    )

    def __init__(self, environment: simpy.Environment, parameters: Mapping[str, float]) -> None:
        self.environment = environment
        self.parameters = Parameters(parameters)
        self.cores = self.parameters.cores_count
        self.frequency_hz = self.parameters.frequency_hz
        self.sharing = Fluid(environment, self.cores * self.frequency_hz, self.frequency_hz)
        self.served_s = 0.0
        self._settled_work = 0.0
        self._recent: dict[Share, float] = {}
        self._idle_since: list[float] = [environment.now] * int(self.cores)

    @property
    def root(self) -> Share:
        """The share that stands for all cores."""
        return self.sharing.root

    def run(self, cycles: float, share: Share | None = None, stall_s: float = 0.0) -> simpy.Event:
        """Work of one thread; the event succeeds with the remainder, 0.0 unless it was stopped.

        Args:
            cycles: processor cycles.
            share: where the thread stands in the tree; None: a thread of its own beside all others.
            stall_s: waits for memory, which do not shrink when the clock rises.
        """
        leaf = share or Share("thread", self.root)
        leaf.payload = finished = self.environment.event()
        self._wake_core()
        self.sharing.submit(leaf, cycles + stall_s * self.frequency_hz, self._done if share else self._done_once)
        return finished

    def thread(self, share: Share) -> Thread:
        """One thread whose pieces of work follow one another: cheaper than ``run`` for each."""
        return Thread(self, share)

    def stop(self, share: Share) -> float:
        """Stop a thread's work in flight; its event succeeds with the exact remainder in cycles."""
        remainder = self.sharing.remove(share)
        self.rest_cores()
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
        self.rest_cores()
        finished = share.payload
        assert isinstance(finished, simpy.Event)
        callbacks = finished.callbacks
        if not self.tells_at_once or _STOP in callbacks:
            finished.succeed(0.0)
            return
        finished._ok, finished._value = True, 0.0
        finished.callbacks = None  # type: ignore[assignment]
        for call in callbacks:
            call(finished)

    def _done_once(self, share: Share) -> None:
        self.root.children.remove(share)
        self._done(share)

    def set_frequency(self, frequency_hz: float) -> None:
        """Change the clock; what is in flight goes on at the new pace, its memory waits too.

        ``House.set_frequency`` first stops what is in flight, so that memory waits keep their length.
        """
        self._settle_time()
        self.frequency_hz = frequency_hz
        self.sharing.set_unit_rate(frequency_hz, self.cores * frequency_hz)

    def resume(self, share: Share, working_set_bytes: float) -> float:
        """A thread goes on after it had blocked: seconds it waits for its working set to come back.

        LAWS: least-recently-used cache, whole sets. Nothing is waited for where all sets fit.
        """
        parameters = self.parameters
        ran_before = share in self._recent
        others_bytes = 0.0
        for other, size_bytes in reversed(self._recent.items()):
            if other is share:
                break
            others_bytes += size_bytes
        self._recent.pop(share, None)
        self._recent[share] = working_set_bytes
        if not ran_before or working_set_bytes <= 0.0:
            return 0.0
        room_bytes = parameters.cache_bytes - parameters.cache_kernel_bytes - others_bytes
        lost = min(1.0, max(0.0, 1.0 - room_bytes / working_set_bytes))
        return lost * working_set_bytes / parameters.cache_line_bytes * parameters.cache_miss_s

    def forget(self, share: Share) -> None:
        """A thread has ended: its working set is nobody's any more."""
        self._recent.pop(share, None)

    def wake_latency_s(self, share: Share | None = None) -> float:
        """Exit latency of the core that the next thread will get, by how long it has been idle; 0 if none is.

        A thread whose system keeps all its processors busy already wakes none.
        """
        lineage = share.lineage if share else ()
        if not self._idle_since or any(node.rate >= node.width * self.frequency_hz * 0.999999 for node in lineage):
            return 0.0
        idle_s = self.environment.now - self._idle_since[-1]
        return self.parameters.idle_exit_s if idle_s > self.parameters.idle_after_s else 0.0

    def row(self) -> DeviceRow:
        """The time ledger so far."""
        self._settle_time()
        time_s = self.environment.now
        return DeviceRow("cpu", self.cores, time_s, self.served_s, self.cores * time_s - self.served_s)

    def _settle_time(self) -> None:
        self.sharing.settle()
        self.served_s += (self.sharing.served - self._settled_work) / self.frequency_hz
        self._settled_work = self.sharing.served

    def _wake_core(self) -> None:
        if self._idle_since:
            self._idle_since.pop()

    @property
    def tells_at_once(self) -> bool:
        """Whether who waits for an end may go on within the entry of the calendar that found it."""
        undisturbed: bool = getattr(self.sharing, "undisturbed", False)
        return undisturbed

    def rest_cores(self) -> None:
        """Cores without a thread are idle from now on; ends of one instant are all gone before the first is told."""
        idle = self._idle_since
        while len(self.sharing.active) + len(idle) < self.cores:
            idle.append(self.environment.now)


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
        processor._wake_core()
        processor.sharing.submit(self.share, cycles + stall_s * processor.frequency_hz, self._done)
        return cast(simpy.Event, turn)

    def _done(self, _: Share) -> None:
        self._processor.rest_cores()
        turn = self._turn
        if not self._processor.tells_at_once:
            self._processor.environment.schedule(cast(simpy.Event, turn))
            return
        callbacks, turn.callbacks = turn.callbacks, None
        assert callbacks is not None
        for call in callbacks:
            call(turn)


DEVICE = Processor
