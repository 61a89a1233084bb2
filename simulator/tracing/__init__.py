"""One run as a trace: what each processor, layer, tenant and device did when, for a viewer of traces.

A ``Recorder`` looks on while the run goes, ``picture`` makes slices, counters and arrows of what it saw, and ``write``
puts them into the Chrome trace-event format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.budget import Budget
from simulator.experiment import run_point
from simulator.records import names, run_id
from simulator.tracing.chrome import write
from simulator.tracing.picture import Picture, picture, shortened
from simulator.tracing.recorder import Recorder
from simulator.tracing.recording import Recording, ns
from simulator.tracing.tracks import Slice, Track

__all__ = ["Picture", "Recording", "Slice", "Track", "ns", "picture", "record", "shortened", "write"]

MOST_EVENTS = 1_000_000
"""Events of a trace, if nothing else is said: about 200 MB, which Perfetto opens in a few seconds."""


def record(
    point: Mapping[str, Any], replication: int = 0, *,
    from_s: float = 0.0, until_s: float | None = None, events: int = MOST_EVENTS, budget: Budget | None = None,
) -> Recording:  # fmt: skip
    """Run one point once, and write down what it does.

    Args:
        point: self-contained description, as ``Scenario.points`` makes it.
        replication: number of the replication.
        from_s: what ends before is left out.
        until_s: what begins later is left out.
        events: spans are kept until they make so many events of a picture; the recording says until when it is whole.
        budget: what the run may take at most.

    Returns:
        what was seen, and the tables of the run, which are those that it has unseen, except for how many events of the
        simulator it took.

    Raises:
        RunError: what ``run_point`` raises.
    """
    recorder = Recorder(ns(from_s), (1 << 62) if until_s is None else ns(until_s), events + 1)
    tables = run_point(point, replication, budget, recorder)["tables"]
    rows = {name: [dict(zip(names(name), row, strict=True)) for row in found] for name, found in tables.items()}
    (run,) = rows["runs"]
    title = f"{point['scenario']}, run {run_id(point['point'], replication)}, {point['stack']}, {point['fidelity']}"
    return recorder.recording(title, ns(run["simulated_s"]), rows)
