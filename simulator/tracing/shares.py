"""How many processors each tenant and each layer had from moment to moment, where no slices say who had which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from simulator.plans import PROGRAM
from simulator.tracing.recording import Recording
from simulator.tracing.work import layer


class Level(NamedTuple):
    """From now on so many processors, by whom or for what.

    Attributes:
        name: of the counter.
        at_ns: since when.
        processors: for each series; those that are not named have what they had.
    """

    name: str
    at_ns: int
    processors: Mapping[str, float]


def levels(recording: Recording) -> list[Level]:
    """Counters by tenant and by layer: each step has the processors that it had on average over its length."""
    tenants: list[tuple[str, int, int, float]] = []
    layers: list[tuple[str, int, int, float]] = []
    for step in recording.steps:
        lived = recording.threads[step.thread]
        served_s = sum(part.service_s for part in step.parts)
        tenants.append((lived.tenant, step.begun_ns, step.ended_ns, served_s))
        for part in step.parts:
            series = "programs" if part.cause == PROGRAM else layer(part.cause)
            layers.append((series, step.begun_ns, step.ended_ns, part.service_s))
    by = (("processors in use, by tenant", tenants), ("processors in use, by what for", layers))
    return [level for name, spans in by for level in _levels(name, spans)]


def within(levels: Iterable[Level], from_ns: int, until_ns: int) -> list[Level]:
    """What lies in a window; each counter begins with what it has at the window's beginning."""
    before: dict[str, dict[str, float]] = defaultdict(dict)
    found: list[Level] = []
    for level in levels:
        if level.at_ns <= from_ns:
            before[level.name].update(level.processors)
        elif level.at_ns < until_ns:
            found.append(level)
    return [Level(name, from_ns, now) for name, now in before.items()] + found


def _levels(name: str, spans: Iterable[tuple[str, int, int, float]]) -> Iterator[Level]:
    changes: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for series, begun_ns, ended_ns, served_s in spans:
        processors = served_s * 1e9 / (ended_ns - begun_ns)
        changes[begun_ns][series].append(processors)
        changes[ended_ns][series].append(-processors)
    running: dict[str, float] = defaultdict(float)
    under_way: dict[str, int] = defaultdict(int)
    for at_ns in sorted(changes):
        now = {}
        for series, steps in changes[at_ns].items():
            under_way[series] += sum(1 if step >= 0.0 else -1 for step in steps)
            running[series] += sum(steps)
            if not under_way[series]:
                running[series] = 0.0  # nothing is left but rounding
            now[series] = running[series]
        yield Level(name, at_ns, now)
