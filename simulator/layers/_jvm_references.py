"""Objects of Java that want something done when they are dead: finalizers and cleaners.

A collection that finds such objects dead hands them to the reference handler, a thread of the virtual machine, which
puts each into the queue that it belongs to. Another thread, the finalizer, takes them from there and lets each give
back what it held beside the heap, in native code. Nobody waits for the two, but they take processors from the programs.
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator import demands as d
from simulator.layers._jvm_threads import KICK
from simulator.parameters import Parameters
from simulator.steps import Below, Send, Step, Use

HANDLER, FINALIZER = "reference-handler", "finalizer"


class References:
    """How many there are since the last collection; what becomes of them after it.

    Args:
        parameters: the layer's numbers.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters
        self.objects = 0.0

    def made(self, size_bytes: float, finalizable_bytes: float) -> None:
        """So much was made, with one such object for so many bytes; 0: none."""
        if finalizable_bytes:
            self.objects += size_bytes / finalizable_bytes

    def found(self, now_s: float) -> Iterable[Step]:
        """After a collection: what was made before it is dead."""
        objects, self.objects = self.objects, 0.0
        if not objects:
            return ()
        parameters = self.parameters
        finalized = (
            Use("finalization", cycles=objects * parameters.finalizer_cycles, operations=objects),
            Below(d.SystemCall("null", count=objects), own=True),
        )
        handed = (
            Use("finalization", cycles=objects * parameters.reference_cycles, operations=0.0),
            Send(FINALIZER, finalized, KICK, wait=False, forgotten=True),
        )
        return (Send(HANDLER, handed, KICK, wait=False, forgotten=True),)
