"""What was seen of one run: spans in whole nanoseconds of simulated time, and the tables that the run made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Row = Mapping[str, Any]
_NS = 1_000_000_000


def ns(time_s: float) -> int:
    """A moment in whole nanoseconds."""
    return round(time_s * _NS)


class Lived(NamedTuple):
    """One thread.

    Attributes:
        tenant: whom it belongs to; a shared system's own threads belong to that system.
        name: within the tenant.
        service: whether a layer runs it.
        part_of: the name of the thread of which it does a part; empty if of none.
        machine: number of its machine, from 1.
    """

    tenant: str
    name: str
    service: bool
    part_of: str
    machine: int


class Turn(NamedTuple):
    """A thread ran on a physical processor.

    Attributes:
        through: the virtual processors that it ran on, the outermost first: whose, and its number there.
    """

    machine: int
    cpu: int
    thread: int
    begun_ns: int
    ended_ns: int
    through: tuple[tuple[str, int], ...]


class Part(NamedTuple):
    """Processor time within a step that has one cause.

    Attributes:
        cause: ``program``, or the path of the layer that made it necessary.
        operations: how many events of this kind; may be fractional.
        service_s: processor time, waits for memory included.
    """

    cause: str
    mechanism: str
    operations: float
    service_s: float


class Step(NamedTuple):
    """A thread had something to compute: it ran, or was ready to.

    Attributes:
        parts: what it ran for.
        lost: seconds without a processor, by the state of the ledger: ready, steal, throttled, ...
    """

    thread: int
    begun_ns: int
    ended_ns: int
    parts: tuple[Part, ...]
    lost: tuple[tuple[str, float], ...]


class Wait(NamedTuple):
    """A thread waited, in a state of the ledger."""

    thread: int
    begun_ns: int
    ended_ns: int
    state: str


class Asked(NamedTuple):
    """Where something began: the thread of a program, and when it asked for it."""

    thread: int
    at_ns: int


class Use(NamedTuple):
    """A device served a request.

    Attributes:
        thread: who started it, and pays.
        queued_ns: when it was started.
        pieces: from when until when it was served: once, or once on each server that it was divided among.
        asked: which thread of a program it was done for; None if for none.
    """

    device: str
    thread: int
    cause: str
    mechanism: str
    size_bytes: float
    operations: float
    write: bool
    group: str
    queued_ns: int
    pieces: tuple[tuple[int, int], ...]
    asked: Asked | None


@dataclass(frozen=True, slots=True)
class Recording:
    """One run.

    Attributes:
        title: of the scenario and the run.
        slices: whether the fidelity has slices, so that turns are known.
        processors: how many each machine has, by its number.
        end_ns: when the run ended.
        whole_until_ns: up to when everything was recorded.
        tables: the run's tables, rows by name of the column.
    """

    title: str
    slices: bool
    processors: Mapping[int, int]
    end_ns: int
    whole_until_ns: int
    threads: Sequence[Lived] = ()
    turns: Sequence[Turn] = ()
    steps: Sequence[Step] = ()
    waits: Sequence[Wait] = ()
    uses: Sequence[Use] = ()
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
