"""Carries out one comparison of a claim: each stack with each that it is compared with, at each place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.claims.case import Case
from simulator.claims.findings import Finding
from simulator.claims.judging import RELATIONS, Judgement, judge
from simulator.claims.kinds.base import Kind, kind_of
from simulator.claims.reading import Reading
from simulator.errors import UsageError
from simulator.results import Results
from simulator.results.intervals import NOTHING
from simulator.results.places import axis_named
from simulator.scenario import Scenario
from simulator.scenario.claiming import Comparison
from simulator.units import DIMENSIONS, parse_quantity


def findings(scenario: Scenario, comparison: Comparison, results: Results | None) -> Iterator[Finding]:
    """What comes of a comparison that has no mistake."""
    kind = kind_of(comparison.read)
    assert kind is not None
    axes = scenario.points()[0]["axes"]
    at = {axis_named(name, axes) or name: value for name, value in comparison.at.items()}
    relation, targets = asked(comparison)
    for stack in listed(comparison.of):
        case = Case(scenario, stack, at, comparison.tenant or "", results)
        # What follows from the layers does not depend on where it stands on the other axes.
        places = [place for place in case.places() if not kind.skips(place)] if kind.RUNS else [at]
        for place in places:
            for target in targets:
                here = case.elsewhere(at=place)
                yield _finding(kind, comparison, here, relation, target, _shown(place, places, at))


def asked(comparison: Comparison) -> tuple[str, list[Any]]:
    """How it compares, and with what: labels of stacks, quantities, or true and false."""
    given = {name: getattr(comparison, name) for name in RELATIONS if getattr(comparison, name) is not None}
    ((relation, written),) = given.items()
    return relation, written if isinstance(written, list) else [written]


def listed(written: str | list[str]) -> list[str]:
    """One text or several."""
    return [written] if isinstance(written, str) else written


def number(written: Any, unit: str | None) -> float:
    """A quantity in the unit of what it is compared with; where that is none of ours, a bare number.

    Raises:
        UnitError: it is none.
    """
    if isinstance(written, bool | int | float):
        return float(written)
    return parse_quantity(written, DIMENSIONS.get(unit or "count", "count"))


def _shown(place: Mapping[str, Any], places: Sequence[Mapping[str, Any]], at: Mapping[str, Any]) -> dict[str, Any]:
    """What of a place was asked for, or tells it from the others."""
    return {name: value for name, value in place.items() if name in at or len({str(p.get(name)) for p in places}) > 1}


def _finding(
    kind: Kind, comparison: Comparison, case: Case, relation: str, target: Any, place: Mapping[str, Any]
) -> Finding:
    than = target if is_stack(target, kind, case.scenario) else ""
    note, other_note, unit, why = "", "", kind.unit() or "", ""
    judged = Judgement(None, NOTHING, NOTHING, NOTHING)
    try:
        own = kind.read(case)
        other = kind.read(case.elsewhere(stack=than)) if than else number(target, own.unit)
        unit, note, other_note = own.unit, own.note, other.note if isinstance(other, Reading) else ""
        judged = judge(relation, own, other, comparison.by)
        why = "" if judged.comes_out is not None else _why(own, judged)
    except UsageError as error:
        why = str(error)
    tenant = case.copy_of if kind.RUNS and len(case.points[0]["tenants"]) > 1 else ""
    return Finding(
        comparison.says, kind.title(), unit, case.stack, tenant, place, relation, than, comparison.by, *judged, note,
        other_note, why,
    )  # fmt: skip


def _why(own: Reading, judged: Judgement) -> str:
    if judged.own.n < 1:
        return "no replication has a number on both sides"
    if judged.own.n < 2:
        return "one replication decides nothing; give more"
    return f"the interval of {judged.own.n} replications reaches to both sides; give more, or a margin 'by'"


def is_stack(target: Any, kind: Kind, scenario: Scenario) -> bool:
    """Whether a target is a stack: a label, or for what needs no run an expression."""
    labels = {point["stack"] for point in scenario.points()}
    return isinstance(target, str) and (target in labels or (not kind.RUNS and "|" in target))
