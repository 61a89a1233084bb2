"""What others are told of a schedule: transitions, for how long anybody ran at all, and a trace of who ran where."""

from __future__ import annotations

from collections.abc import Callable

from simulator.sharing._load_time import LoadTime
from simulator.sharing._processors import Processor
from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing._trace import Trace
from simulator.sharing.tree import Share

Transition = Callable[[str, Share, int], None]
"""Called with switch, idle, wake or preempt, the share, and the number of the processor."""


class Observers:
    """Whoever wants to know.

    Args:
        on_transition: see ``Transition``.
        trace: filled with segments.
    """

    def __init__(self, on_transition: Transition | None, trace: Trace | None) -> None:
        self.on_transition, self.trace = on_transition, trace
        self.watched: dict[Processor, None] = {}
        """Processors that may have become idle or busy in this instant."""
        self.load_time = LoadTime(0.0)
        self._busy = 0
        """How many physical processors are."""

    def look(self, now_ns: int) -> None:
        """Which processors have become idle, or busy."""
        if not self.watched:
            return
        watched, self.watched = self.watched, {}
        for processor in watched:
            idle = not processor.queue.entities
            if idle != processor.was_idle:
                processor.was_idle = idle
                if processor.entity is None:
                    self._busy += -1 if idle else 1
                self.tell("idle" if idle else "wake", processor.scheduler.share, processor.queue)
        if (self._busy > 0) is not self.load_time.loaded:
            self.load_time.change(self._busy > 0, now_ns / 1e9)

    def note(self, processor: Processor, now_ns: int, cut: bool = False) -> None:
        """Write down who ran, if somebody else does from now on."""
        if self.trace is None:
            return
        running = tuple(processor.running())
        thread, ran, since_ns = running[-1] if running else None, processor.ran, processor.ran_since_ns
        if thread is ran and not cut:
            return
        if ran is not None and now_ns > since_ns:
            self.trace.add(processor, ran, since_ns, now_ns)
        processor.ran, processor.ran_since_ns = thread, now_ns
        processor.ran_through = tuple(each.inner.processor for each in running if each.kind == "vcpu" and each.inner)

    def switched(self, queue: RunQueue, entity: Entity) -> None:
        self.tell("switch", entity.share, queue)

    def tell(self, kind: str, share: Share, queue: RunQueue) -> None:
        if self.on_transition is not None:
            self.on_transition(kind, share, queue.processor.number)
