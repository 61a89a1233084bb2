"""The resolution of a group: for one machine, one entry per parameter, its formula worked out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulator.catalog import formula
from simulator.catalog.document import Document
from simulator.catalog.entry import ANY, Entry
from simulator.catalog.formula import Span
from simulator.catalog.product import Quantity
from simulator.catalog.sheet import Group
from simulator.errors import Problem

_WIDENING = 2.0
"""How much further each end of the range lies for a number that comes from another machine."""


@dataclass(frozen=True, slots=True)
class Generations:
    """The years of the machines and what their processors execute, and the machine that numbers are wanted for.

    Attributes:
        years: by machine.
        machine: empty: where they were measured.
        architectures: by machine; a cycle on another kind of processor says less than one of another year.
        lineage: the machine and those that it extends, whose numbers hold for it.
    """

    years: Mapping[str, int]
    machine: str = ""
    architectures: Mapping[str, str] = field(default_factory=dict)
    lineage: tuple[str, ...] = ()

    def choose(self, entries: Sequence[Entry]) -> Entry:
        """The entry of this machine, else the one for any, else of its kind that of the nearest generation."""
        by_machine = {entry.measured_on: entry for entry in entries}
        for machine in (self.machine, *self.lineage):
            if machine in by_machine:
                return by_machine[machine]
        if ANY in by_machine:
            return by_machine[ANY]
        return min(entries, key=lambda entry: self._distance(entry.measured_on))

    def transfers(self, entry: Entry) -> bool:
        """Whether the entry's number was measured on another machine."""
        return entry.measured_on not in (ANY, self.machine, *self.lineage) and bool(self.machine)

    def _distance(self, machine: str) -> tuple[bool, int, int, str]:
        """Its own kind of processor before others, then the nearest year, rather newer."""
        year = self.years[machine]
        if not self.machine:
            return (False, 0, -year, machine)
        return (self._kind(machine) != self._kind(self.machine), abs(year - self.years[self.machine]), -year, machine)

    def _kind(self, machine: str) -> str:
        """``x86`` and ``x86-64`` are one kind, ``arm`` and ``arm64`` another."""
        return self.architectures.get(machine, "").removesuffix("64").removesuffix("-")


class Resolution:
    """The numbers of a group for one machine; ``problems`` says what could not be worked out."""

    def __init__(self, document: Document, group: Group, generations: Generations) -> None:
        self.problems: list[Problem] = []
        self._document = document
        self._group = group
        self._generations = generations
        self._done: dict[str, Quantity | None] = {}
        self._open: list[str] = []

    def quantities(self) -> dict[str, Quantity]:
        """All numbers by parameter, in the order the class declares them."""
        found = {name: self._quantity(name) for name in self._group.declared}
        return {name: quantity for name, quantity in found.items() if quantity is not None}

    def check(self) -> None:
        """Work out every formula; a number that is written as it is needs no more than its entry's own checks."""
        for name, entries in self._group.entries.items():
            if any(entry.tree is not None for entry in entries):
                self._quantity(name)

    def of_entry(self, name: str, entry: Entry) -> Quantity | None:
        """The number that one entry of a parameter stands for."""
        self._open.append(name)
        span, transferred = self._span(entry)
        self._open.pop()
        if span is None:
            return None
        return Quantity(
            name=name,
            value=span.value,
            unit=self._group.declared[name].unit,
            low=span.low,
            high=span.high,
            kind=entry.kind,
            source=entry.source,
            where=entry.where,
            measured_on=entry.measured_on,
            includes=entry.includes,
            transferred=transferred,
            formula=entry.formula,
            fitted=entry.fitted,
            fitted_on=entry.fitted_on,
            meaning=self._group.declared[name].meaning,
        )

    def _quantity(self, name: str) -> Quantity | None:
        """The number of a parameter, worked out once; None where the file gives none that can be."""
        if name not in self._done:
            entries = self._group.entries.get(name, ())
            self._done[name] = self.of_entry(name, self._generations.choose(entries)) if entries else None
        return self._done[name]

    def _span(self, entry: Entry) -> tuple[Span | None, bool]:
        """Value, range, and whether any part of it comes from another machine."""
        own = self._generations.transfers(entry)
        if entry.tree is None:
            span: Span | None = _with_range(_point(entry.value or 0.0), entry.range)
            return (_widened(span) if own and span else span), own
        parts = self._parts(entry)
        if parts is None:
            return None, own
        inherited = any(part.transferred for part in parts.values())
        span = self._computed(entry, parts, inherited)
        widen = own or (inherited and entry.range is not None)
        return (_widened(span) if widen and span else span), own or inherited

    def _parts(self, entry: Entry) -> dict[str, Quantity] | None:
        """The numbers a formula names; None where one of them is missing or needs the formula itself."""
        parts: dict[str, Quantity] = {}
        for name in formula.names(entry.tree) if entry.tree is not None else ():
            if name in self._open:
                circle = " -> ".join([*self._open[self._open.index(name) :], name])
                self._complain(entry, f"goes in a circle: {circle}", "give one of them a value")
                return None
            part = self._quantity(name)
            if part is None:
                return None
            parts[name] = part
        return parts

    def _computed(self, entry: Entry, parts: Mapping[str, Quantity], inherited: bool) -> Span | None:
        """A formula's value with the range given beside it, or with the one that follows from its parts."""
        assert entry.tree is not None
        spans = {name: Span(part.value, part.low, part.high) for name, part in parts.items()}
        if entry.range is not None:
            spans = {name: _point(part.value) for name, part in parts.items()}
        try:
            span = formula.evaluate(entry.tree, spans)
        except ArithmeticError as error:
            self._complain(entry, str(error), "correct the formula, or give it a range")
            return None
        if not all(math.isfinite(end) for end in span):
            self._complain(entry, f"{entry.formula!r} is not finite", "correct the formula")
            return None
        ranged = _with_range(span, entry.range)
        if not inherited and entry.range is not None and not _contains(entry.range, span.value):
            message = f"{list(entry.range)} does not contain {span.value:g}, the value of {entry.formula!r}"
            self._complain(entry, message, "check both against the source", key="range")
            return None
        return ranged

    def _complain(self, entry: Entry, message: str, remedy: str, key: str = "formula") -> None:
        self.problems.append(self._document.problem((*entry.place, key), message, remedy))


def _point(value: float) -> Span:
    return Span(value, value, value)


def _contains(ends: tuple[float, float], value: float) -> bool:
    """Whether a range contains a value, rounding apart."""
    return ends[0] <= value <= ends[1] or any(math.isclose(value, end) for end in ends)


def _with_range(span: Span, ends: tuple[float, float] | None) -> Span:
    """The span with the given ends, if any; at least the value itself lies in it."""
    if ends is None:
        return span
    return Span(span.value, min(ends[0], span.value), max(ends[1], span.value))


def _widened(span: Span) -> Span:
    """The span with each end further out, whatever its sign."""
    low = span.low / _WIDENING if span.low > 0.0 else span.low * _WIDENING
    high = span.high * _WIDENING if span.high > 0.0 else span.high / _WIDENING
    return Span(span.value, low, high)
