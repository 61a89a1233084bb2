"""Post-copy: the guest goes on elsewhere at once, and its pages follow, each of them once.

Pages are pushed in the background; a page that the guest touches before it is there is asked for over the network, and
what lies beside it is sent next (pre-paging): a program that goes through memory in a row then finds the rest of the
row there. How long such rows are in the guest's memory is a matter of its kernel's allocator.

Scope and limits: what is touched is what is written (``simulator.writing``): reads of data that is never written do
not fault. A part of the memory has arrived means each page with that probability.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.writing import Writing


@dataclass(slots=True)
class Arrival:
    """How far the memory has come, and what the guest had to wait for.

    Args:
        memory_bytes: to be sent.
        writing: what its program touches.
        page_bytes: size of a page.
        run_pages_count: pages in a row that one fault brings.
        fault_s: how long the guest waits for one.
    """

    memory_bytes: float
    writing: Writing
    page_bytes: float
    run_pages_count: float
    fault_s: float
    arrived_bytes: float = 0.0
    touched_bytes: float = 0.0
    faults: float = field(default=0.0)

    @property
    def missing(self) -> float:
        """Part of the memory that is not there yet."""
        return 1.0 - self.arrived_bytes / self.memory_bytes if self.memory_bytes else 0.0

    def faults_per_byte(self) -> float:
        """Faults for each byte that is touched for the first time now."""
        return self.missing / (self.run_pages_count * self.page_bytes)

    def advance(self, useful_s: float, operations: float, pushed_bytes: float) -> float:
        """So much was done and pushed meanwhile; returns how many faults there were.

        Args:
            useful_s: processor time of the program since it went on, all together.
            operations: that it has done since then.
            pushed_bytes: what has been sent since the last call.
        """
        touched_bytes = self.writing.written_bytes(useful_s, operations)
        faults = (touched_bytes - self.touched_bytes) * self.faults_per_byte()
        self.touched_bytes = touched_bytes
        self.faults += faults
        self.arrived_bytes = min(self.memory_bytes, self.arrived_bytes + pushed_bytes)
        return faults

    def pace(self, touching_bytes_per_s: float) -> float:
        """Pace of a program that would touch so much anew in a second if nothing were missing: 1 where nothing is."""
        return 1.0 / (1.0 + touching_bytes_per_s * self.faults_per_byte() * self.fault_s)

    def faulted_ratio(self) -> float:
        """Faults over the pages of the working set."""
        pages = self.writing.set_bytes / self.page_bytes
        return self.faults / pages if pages else 0.0


def predict(arrival: Arrival, link_bytes_per_s: float, state_bytes: float, floor_s: float, steps: int = 2000) -> float:
    """Carry a post-copy out by arithmetic, for a program that runs all the time; returns the downtime.

    What is pushed takes ``memory_bytes / link_bytes_per_s``; ``arrival`` knows afterwards what was missed.
    """
    step_s = arrival.memory_bytes / link_bytes_per_s / steps
    useful_s = 0.0
    for _ in range(steps):
        ahead_bytes = arrival.writing.written_bytes(useful_s + step_s) - arrival.writing.written_bytes(useful_s)
        useful_s += step_s * arrival.pace(ahead_bytes / step_s)
        arrival.advance(useful_s, 0.0, step_s * link_bytes_per_s)
    return state_bytes / link_bytes_per_s + floor_s
