"""What the threads of a drawing got."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from simulator.sharing.drawing.segments import Segment


@dataclass(frozen=True, slots=True)
class ThreadShare:
    """What one thread got. The first six numbers are parts of the whole time and add up to 1.

    Attributes:
        machine: the machine it stands on.
        thread: its path on the machine.
        share: part in which it ran, in processors.
        ready: part in which its siblings had its processor.
        steal: part in which other tenants had it.
        throttled: part in which its quota stopped it.
        asleep: part in which it wanted none.
        switching: part in which its processor worked for it before it could go on: switches, cache refills.
        switches: how often a processor went on with it after another thread; None: the fidelity has no slices.
        migrations: how often it went on on another processor than before; None: the same.
        longest_wait_s: the longest time at a stretch that it wanted a processor and had none; None: the same.
    """

    machine: str
    thread: str
    share: float
    ready: float
    steal: float
    throttled: float
    asleep: float
    switching: float
    switches: int | None = None
    migrations: int | None = None
    longest_wait_s: float | None = None

    def as_dict(self) -> dict[str, str | float | None]:
        """Its fields by name, without those that the fidelity does not have."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What all threads of a drawing got.

    Attributes:
        drawing: the drawing in its shortest form.
        fidelity: the algorithm.
        policies: the schedulers of the machines and of the guests, empty in a fidelity that has none.
        seconds: how long it ran.
        processors: of each machine, by its name.
        threads: in the order of the drawing.
        segments: who ran when on which processor; empty in a fidelity without slices.
        notes: what a reader must know about them.
    """

    drawing: str
    fidelity: str
    policies: tuple[str, str]
    seconds: float
    processors: Mapping[str, int]
    threads: tuple[ThreadShare, ...]
    segments: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def policy(self) -> str:
        """The scheduler of the machines, and of the guests if it is another."""
        own, guests = self.policies
        return own if own == guests else f"{own}, guests {guests}"
