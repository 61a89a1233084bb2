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
from simulator.steps import Below, Hold, Step, Use, Wait

SYSTEM, GREEN, VIRTUAL = "system", "green", "virtual"
_NETWORK = (d.SendData, d.ReceiveData, d.ReceiveRequest, d.Post, d.Fetch)
_FILES = (d.Read, d.Write, d.WriteThrough, d.DirectTransfer, d.Create, d.Delete, d.UseShare)


class Threads:
    """What the threads of one virtual machine's programs are.

    Args:
        parameters: the layer's numbers.
        place: where it stands.
        kind: ``system``, ``green`` or ``virtual``.
    """

    def __init__(self, parameters: Parameters, place: Place, kind: str) -> None:
        self.parameters, self.place, self.kind = parameters, place, kind

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

    def start(self) -> Iterator[Step]:
        """A thread is made, its stack touched; at the end of its program it is gone."""
        stack_bytes = self.parameters[f"{self.kind}_stack_bytes"]
        yield Use("thread_start", cycles=self.parameters[f"{self.kind}_start_cycles"])
        if stack_bytes:
            yield Below(d.Fault(count=stack_bytes / self.place.page_bytes))
            yield Hold(stack_bytes, program=False)

    def sleep(self, demand: d.Sleep) -> Step:
        """A sleeping thread is one of the system's, or stands in a queue of the virtual machine's own."""
        return Below(demand) if self.kind == SYSTEM else Wait("time", time_s=demand.time_s)

    def looks(self) -> Iterator[Step]:
        """Before a thread gives its carrier away: a read that finds nothing, and whoever looks for all is told."""
        if self.kind != SYSTEM:
            yield Below(d.SystemCall("null_io", count=self.parameters[f"{self.kind}_looks_count"]), own=True)
