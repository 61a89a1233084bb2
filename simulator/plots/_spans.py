"""What became of a tenant from moment to moment, put together from the tables of one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite, isnan
from typing import Any, NamedTuple

from simulator.operations.job import ENDED

STARTING, RUNNING, PAUSED, DOWN = "starting", "running", "paused", "down"
STATES = (STARTING, RUNNING, PAUSED, DOWN)
OPERATION, FAULT = "operation", "fault"
_ENDS = ("stop", "kill", "save")
"""Operations after which a tenant is down, beside those that say so."""
_FALLS = ("lost", "hung", "paused", "no devices")
"""What a fault makes of a tenant that is down by it."""
_DONE = "done"

Row = Mapping[str, Any]


class Span(NamedTuple):
    """A part of a lane."""

    lane: str
    kind: str
    start_s: float
    end_s: float
    label: str = ""
    outcome: str = ""


def spans(tenants: Sequence[Row], operations: Sequence[Row], faults: Sequence[Row], simulated_s: float) -> list[Span]:
    """All spans of one run: first each tenant's states, then what was done to it and what befell it.

    Args:
        tenants: rows of that table, as all others those of the run.
        operations: what was done.
        faults: what failed; a row for each fault and tenant.
        simulated_s: length of the run.
    """
    found: list[Span] = []
    for tenant in tenants:
        name = str(tenant["tenant"])
        mine = [row for row in operations if row["tenant"] == name]
        hit = [row for row in faults if row["tenant"] == name and row["effect"] in _FALLS]
        found += _states(name, tenant, mine, hit, simulated_s)
    known = {str(tenant["tenant"]) for tenant in tenants}
    found += [_operation(row, known, simulated_s) for row in operations]
    return found + [_fault(row, simulated_s) for row in faults if row["effect"] in _FALLS]


def _states(name: str, tenant: Row, operations: Sequence[Row], faults: Sequence[Row], simulated_s: float) -> list[Span]:
    """Starting, then running until its end; over both what stopped it, the later over the earlier."""
    start_s = float(tenant["started_s"])
    if not isfinite(start_s) or start_s >= simulated_s:
        return []
    boot_s, ended_s = float(tenant["boot_s"]), float(tenant["ended_s"])
    end_s = simulated_s if isnan(ended_s) else ended_s
    up_s = simulated_s if isnan(boot_s) else start_s + boot_s
    states = [Span(name, RUNNING, up_s, end_s)]
    for span in sorted((*_stops(name, operations, simulated_s), *_falls(name, faults, simulated_s)), key=_begins):
        states = [part for state in states for part in _cut(state, span)] + [span]
    states.append(Span(name, STARTING, start_s, min(up_s, simulated_s)))
    return sorted((state for state in states if state.end_s > state.start_s), key=_begins)


def _begins(span: Span) -> float:
    return span.start_s


def _cut(state: Span, span: Span) -> list[Span]:
    """What is left of a state beside a later one."""
    before = state._replace(end_s=min(state.end_s, span.start_s))
    after = state._replace(start_s=max(state.start_s, span.end_s))
    return [part for part in (before, after) if part.end_s > part.start_s]


def _stops(name: str, operations: Sequence[Row], simulated_s: float) -> Iterable[Span]:
    """When it stood still, or was down, by what was done to it."""
    by_time = sorted(operations, key=lambda row: float(row["at_s"]))
    for number, row in enumerate(by_time):
        word, end_s, downtime_s = str(row["operation"]), _end_s(row, simulated_s), float(row["downtime_s"])
        if downtime_s > 0.0:
            yield Span(name, PAUSED, end_s - downtime_s, end_s)
        elif word == "pause" and row["outcome"] == _DONE and not _resumed(by_time[number + 1 :]):
            yield Span(name, PAUSED, end_s, simulated_s)
        if (word in _ENDS or row["how"] == ENDED) and row["outcome"] == _DONE:
            again = next((each for each in by_time[number + 1 :] if _brings_back(each)), None)
            begins_s = simulated_s if again is None else float(again["at_s"])
            yield Span(name, DOWN, end_s, begins_s)
            if again is not None:
                yield Span(name, STARTING, begins_s, _end_s(again, simulated_s))


def _resumed(later: Sequence[Row]) -> bool:
    """Whether something afterwards says how long it had stood still."""
    return any(float(row["downtime_s"]) > 0.0 for row in later)


def _brings_back(row: Row) -> bool:
    return row["operation"] in ("start", "restore", "roll_back") and row["outcome"] == _DONE


def _falls(name: str, faults: Sequence[Row], simulated_s: float) -> Iterable[Span]:
    for row in faults:
        up_s = float(row["up_s"])
        kind = PAUSED if row["effect"] == "paused" else DOWN
        yield Span(name, kind, float(row["at_s"]), simulated_s if isnan(up_s) else up_s)


def _operation(row: Row, known: Iterable[str], simulated_s: float) -> Span:
    """An operation with what is worth saying of it; one that names no tenant has a lane of the machine."""
    name, word = str(row["tenant"]), str(row["operation"])
    target = word if name in known else f"{word} {name}"
    how = f" ({row['how']})" if row["how"] else ""
    rounds = f", {int(row['rounds'])} rounds" if float(row["rounds"]) > 1.0 else ""
    outcome = str(row["outcome"])
    bad = "" if outcome == _DONE else f", {outcome.partition(':')[0]}"
    lane = name if name in known else "machine"
    return Span(lane, OPERATION, float(row["at_s"]), _end_s(row, simulated_s), f"{target}{how}{rounds}{bad}", outcome)


def _fault(row: Row, simulated_s: float) -> Span:
    up_s = float(row["up_s"])
    end_s = simulated_s if isnan(up_s) else up_s
    what = f"{row['kind']} of {row['component']}"
    return Span(str(row["tenant"]), FAULT, float(row["at_s"]), end_s, what, str(row["effect"]))


def _end_s(row: Row, simulated_s: float) -> float:
    end_s = float(row["end_s"])
    return simulated_s if isnan(end_s) else end_s


def lanes(found: Sequence[Span], most: int) -> list[str]:
    """The lanes to be shown, in their order; of many those first to which something was done."""
    every = list(dict.fromkeys(span.lane for span in found))
    if len(every) <= most:
        return every
    busy = {span.lane for span in found if span.kind in (OPERATION, FAULT, PAUSED, DOWN)}
    chosen = [*(lane for lane in every if lane in busy), *(lane for lane in every if lane not in busy)][:most]
    return [lane for lane in every if lane in chosen]


def rows(extents: Sequence[tuple[float, float]]) -> list[int]:
    """For each mark of a lane the line that it has room in: the first one that is free there.

    Args:
        extents: from where to where each mark reaches with its label, in order of time.
    """
    lines: list[list[tuple[float, float]]] = []
    found = []
    for low, high in extents:
        fits = (n for n, taken in enumerate(lines) if all(high <= begin or end <= low for begin, end in taken))
        number = next(fits, len(lines))
        lines[number:] = [*lines[number:], []] if number == len(lines) else lines[number:]
        lines[number].append((low, high))
        found.append(number)
    return found
