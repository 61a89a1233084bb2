"""Threads of Java: each a thread of the system below, or many of them on one or on a few of these.

``system``   each is a thread of the system, which schedules it like any other. What HotSpot does.
``green``    all of them run on one thread of the system: never more than one at a time, whatever processors there are.
             One that waits for a lock, for time or for the network lets another one run, without a call of the system;
             one that waits for a disk keeps all waiting, and one that never waits never lets go. What the first virtual
             machines did until 1.2; HotSpot never had them, so the choice shows what that alone changes.
``virtual``  many on as many carriers as there are processors (JDK 21). Waiting for a lock, for time or for the network
             gives the carrier away; a file is waited for on the carrier, in whose place one more runs meanwhile.

A thread takes its carrier before its first step and keeps it through all demands until it waits in one of those that
give it away; what woken threads do in the system's network stack is done on a carrier again. That the system wakes the
thread that looks for all of them, and that one the carrier, counts as one waking; it is none where all carriers run.
"""

from __future__ import annotations

from collections.abc import Iterator

from simulator import demands as d
from simulator.layers import _jvm_ergonomics as ergonomics
from simulator.layers.base import Carriers, Place
from simulator.parameters import Parameters
from simulator.steps import Below, Choice, Hold, Signal, Spawn, Step, Use, Wait

KICK: tuple[Step, ...] = (Below(d.SystemCall("null"), own=True),)
"""A sleeping thread of the virtual machine is woken by a call of the system."""
SYSTEM, GREEN, VIRTUAL = "system", "green", "virtual"
_NETWORK = (d.SendData, d.ReceiveData, d.ReceiveRequest, d.Post, d.Fetch)
_FILES = (d.Read, d.Write, d.WriteThrough, d.DirectTransfer, d.Create, d.Rename, d.Delete, d.UseShare)


class Threads:
    """What the threads of one virtual machine's programs are.

    Args:
        parameters: the layer's numbers.
        place: where it stands.
        kind: ``system``, ``green`` or ``virtual``.
    """

    def __init__(self, parameters: Parameters, place: Place, kind: str) -> None:
        self.parameters, self.place, self.kind = parameters, place, kind
        self._made = 0.0

    @property
    def carriers_count(self) -> float:
        """Threads of the system that run those of Java; without bound where each is one."""
        return {SYSTEM: float("inf"), GREEN: 1.0}.get(self.kind, float(ergonomics.processors(self.place)))

    def carriers(self) -> Carriers | None:
        """Nothing takes the processor from a thread that stands on one; the system may take it from the carrier."""
        if self.kind == SYSTEM:
            return None
        switch = Use("thread_switch", cycles=self.parameters[f"{self.kind}_switch_cycles"])
        replaced = _FILES if self.kind == VIRTUAL else ()
        return Carriers(self.carriers_count, (*_NETWORK, d.Lock, d.Sleep), replaced, (switch,))

    def start(self, threads: float = 1.0) -> Iterator[Step]:
        """Threads are made, their stacks touched; at the end of their program these are gone."""
        yield Use("thread_start", cycles=self.parameters[f"{self.kind}_start_cycles"] * threads, operations=threads)
        stack_bytes = self.parameters[f"{self.kind}_stack_bytes"] * threads
        if stack_bytes:
            yield Below(d.Fault(count=stack_bytes / self.place.page_bytes))
            yield Hold(stack_bytes, program=False)

    def start_more(self, demand: d.StartThreads) -> Iterator[Step]:
        """Threads of the system are refused where its table, or the container's limit, is full; others never are."""
        threads = demand.threads
        if self.kind == SYSTEM:
            yield Below(d.KeepProcess(demand.cycles, threads, insists=False, counters=(self._count,), threads=True))
            yield Choice(self._were_made, ((), tuple(self.start(threads))), ("refused", "made"))
            return
        yield from self.start(threads)
        teams = min(threads, self.carriers_count)
        for _ in range(int(teams)):
            yield Spawn((Below(d.Compute(count=demand.cycles / teams)),), threads / teams)

    def _count(self, threads: float) -> None:
        self._made += max(0.0, threads)

    def _were_made(self) -> int:
        """Whether the system made some since this was last asked."""
        made, self._made = self._made, 0.0
        return int(made > 0.0)

    def lock(self, demand: d.Lock) -> Step:
        """A class is one for all programs of the virtual machine, and so is its lock."""
        return Wait("lock", self._at(demand.name), everyone=True) if demand.shared else Below(demand)

    def unlock(self, demand: d.Unlock) -> Step:
        """The same, given back."""
        return Signal("lock", self._at(demand.name), everyone=True) if demand.shared else Below(demand)

    def _at(self, name: str) -> str:
        return f"{self.place.path}: {name}"

    def sleep(self, demand: d.Sleep) -> Step:
        """A sleeping thread is one of the system's, or stands in a queue of the virtual machine's own."""
        return Below(demand) if self.kind == SYSTEM else Wait("time", time_s=demand.time_s)

    def looks(self) -> Iterator[Step]:
        """Before a thread gives its carrier away: a read that finds nothing, and whoever looks for all is told."""
        if self.kind != SYSTEM:
            yield Below(d.SystemCall("null_io", count=self.parameters[f"{self.kind}_looks_count"]), own=True)
