"""How a target's number is read from the measurements: each function here gives one that does."""

from __future__ import annotations

from collections.abc import Callable

import contenders as who
from measurements import NOT_IN_QUICK, Measurements
from measuring import Rounds, Spread

Measured = Spread | str
"""A number with its spread, or why there is none."""
Reader = Callable[[Measurements], Measured]


def _pair(rounds: Rounds | None, above: str, below: str, quantity: str = "cpu_s") -> Measured:
    """One contender over another in a scenario."""
    if rounds is None:
        return NOT_IN_QUICK
    for name in (above, below):
        if name not in rounds.runs:
            return f"{name} is not installed"
    return rounds.ratio(above, below, quantity)


def whole(scenario: str, above: str, below: str, quantity: str = "cpu_s") -> Reader:
    """Whole processes."""
    return lambda found: _pair(found.whole.get(scenario), above, below, quantity)


def growth(guests: int, above: str, below: str) -> Reader:
    """The run without start-up."""
    return lambda found: _pair(found.growth.get(guests), above, below, "run_s")


def flatness(many: int, few: int) -> Reader:
    """A change among many over one among few, each round's own."""

    def find(found: Measurements) -> Measured:
        if many not in found.growth:
            return NOT_IN_QUICK
        columns = [_per_change(found.growth[guests]) for guests in (many, few)]
        return Spread.of([one / other for one, other in zip(*columns, strict=True)])

    return find


def _per_change(rounds: Rounds) -> list[float]:
    return [run_s / rounds.changes for run_s in rounds.column(who.BEST, "run_s")]


def instructions(above: str, below: str) -> Reader:
    """Counted, so without spread."""

    def find(found: Measurements) -> Measured:
        if found.quick:
            return NOT_IN_QUICK
        if found.counts is None:
            return "valgrind is not installed"
        missing = [name for name in (above, below) if name not in found.counts]
        if missing:
            return f"{missing[0]} is not installed"
        return Spread.of([found.counts[above] / found.counts[below]])

    return find


def peak_mib(scenario: str, contender: str) -> Reader:
    """Highest resident size of the whole process."""

    def find(found: Measurements) -> Measured:
        if scenario not in found.whole:
            return NOT_IN_QUICK
        return Spread.of([size / 2**20 for size in found.whole[scenario].column(contender, "peak_bytes")])

    return find


def cpu_s(scenario: str, contender: str) -> Reader:
    """Of the whole process."""

    def find(found: Measurements) -> Measured:
        return Spread.of(found.whole[scenario].column(contender, "cpu_s")) if scenario in found.whole else NOT_IN_QUICK

    return find


def command_over_libraries(found: Measurements) -> Measured:
    """``virtlab run`` without figures."""
    return Spread.of(found.start_up["over_libraries"]["virtlab run"])


def worker_mib(found: Measurements) -> Measured:
    return Spread.of([found.start_up["worker"]["mib_over_bare"]])


def worker_packages(found: Measurements) -> Measured:
    return Spread.of([len(set(found.start_up["worker"]["packages"]) - {"simpy"})])


def stack(found: Measurements) -> Measured:
    """The median point; lowest and highest are those of the points."""
    return Spread.of([row["over_bare"][0] for row in found.stack])


def not_there(what: str) -> Reader:
    """For what this version does not have."""
    return lambda _: what


def given(rounds: list[float]) -> Reader:
    """What somebody else has measured, round by round."""
    return lambda _: Spread.of(rounds)
