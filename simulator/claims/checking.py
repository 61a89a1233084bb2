"""Checks of a claim: stacks, tenants, axes and words that there are; every mistake at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from simulator import notation
from simulator.catalog import Catalog
from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.claims.case import Case
from simulator.claims.comparing import is_stack, number
from simulator.claims.judging import RELATIONS
from simulator.claims.kinds.base import Kind, kind_of, kinds
from simulator.errors import Problem, ScenarioError, UnitError, UsageError, in_order
from simulator.results.places import axis_named
from simulator.scenario import Scenario, alone
from simulator.scenario.claiming import Comparison
from simulator.scenario.publishing import same


def check(scenario: Scenario) -> None:
    """Refuses a claim that cannot be tested.

    Raises:
        ScenarioError: all its mistakes.
    """
    problems = [scenario.problem(*each) for each in _problems(scenario)]
    if problems:
        raise ScenarioError(in_order(problems))


def missing(scenario: Scenario) -> Problem:
    """That a scenario claims nothing."""
    return scenario.problem((), "has no section 'claim'", "write one, see docs/write-a-claim.md")


Complaint = tuple[Place, str, str]


def _problems(scenario: Scenario) -> Iterator[Complaint]:
    claim = scenario.claim
    if claim is None:
        return
    for key, comparisons in (("holds", claim.holds), ("fails", claim.fails)):
        for index, comparison in enumerate(comparisons):
            place: Place = ("claim", key, index)
            yield from _places(scenario, comparison, place)
            kind = kind_of(comparison.read)
            if kind is None:
                yield _no_kind(comparison, place)
            else:
                yield from _read(scenario, kind, place)
                yield from _stacks(scenario, kind, comparison, place)


def _places(scenario: Scenario, comparison: Comparison, place: Place) -> Iterator[Complaint]:
    """The tenant and the values of axes."""
    points = scenario.points()
    tenants = dict.fromkeys(str(each["copy_of"]) for point in points for each in point["tenants"].values())
    if comparison.tenant is not None and comparison.tenant not in tenants:
        message = f"no tenant is called {comparison.tenant!r}"
        yield (*place, "tenant"), message, suggestion(comparison.tenant, tenants)
    axes = list(dict.fromkeys(name for point in points for name in point["axes"] if name != "stack"))
    for name, value in comparison.at.items():
        axis = axis_named(name, axes)
        if axis is None:
            remedy = f"axes are: {', '.join(axes)}" if axes else "there are none: leave it out"
            yield (*place, "at", name), f"no axis, or more than one, is called {name!r}", remedy
            continue
        known = list(dict.fromkeys(str(point["axes"][axis]) for point in points if axis in point["axes"]))
        if not any(same(each, value) for each in known):
            yield (*place, "at", name), f"axis {axis} has no value {value!r}", suggestion(str(value), known)


def _no_kind(comparison: Comparison, place: Place) -> Complaint:
    known = kinds()
    named = [name for name in comparison.read if name in known]
    if named:
        return (*place, "read"), f"names {' and '.join(named)} at once", "keep one of them"
    first = next(iter(comparison.read))
    return (*place, "read", first), f"{first!r} is no kind of evidence", suggestion(first, known)


def _read(scenario: Scenario, kind: Kind, place: Place) -> Iterator[Complaint]:
    """What is read, and its options."""
    for key in kind.asked:
        if key not in (kind.name, *kind.OPTIONS):
            yield (*place, "read", key), f"is no option of {kind.name!r}", suggestion(key, kind.OPTIONS)
    problem = kind.problem(scenario)
    if problem is not None:
        key, message, remedy = problem
        yield (*place, "read", key), message, remedy


def _stacks(scenario: Scenario, kind: Kind, comparison: Comparison, place: Place) -> Iterator[Complaint]:
    """The stack where it is read, and what it is compared with."""
    if not comparison.of:
        yield (*place, "of"), "names no stack", _labels(scenario, "")
    for name, each in _numbered(comparison.of, (*place, "of")):
        yield from _stack(scenario, kind, each, name)
        if kind.RUNS:
            yield from _nowhere(scenario, kind, comparison, each, name)
    given = [name for name in RELATIONS if getattr(comparison, name) is not None]
    if len(given) != 1:
        message = "does not say how it compares" if not given else f"says {' and '.join(given)} at once"
        yield place, message, f"write one of {', '.join(RELATIONS)}"
        return
    for name, each in _numbered(getattr(comparison, given[0]), (*place, given[0])):
        if is_stack(each, kind, scenario):
            yield from _stack(scenario, kind, each, name)
        elif not isinstance(each, bool | int | float):
            yield from _quantity(scenario, kind, each, name)


def _nowhere(scenario: Scenario, kind: Kind, comparison: Comparison, stack: str, place: Place) -> Iterator[Complaint]:
    """A stack that has no point at the values of axes; a comparison that is carried out nowhere would prove nothing."""
    if stack not in {point["stack"] for point in scenario.points()}:
        return  # which has been said
    places = Case(scenario, stack, comparison.at).places()
    if not places:
        yield place, f"{stack!r} has no point at these values of axes", "change 'at', or leave it out"
    elif all(map(kind.skips, places)):
        yield place, f"{stack!r} would only be compared with itself", "change 'at', or what it is read 'over'"


def _quantity(scenario: Scenario, kind: Kind, written: str, place: Place) -> Iterator[Complaint]:
    try:
        unit = kind.unit()
        number(written, unit)
    except UnitError as error:
        _, _, wanted = str(error).partition("; ")
        yield place, f"{written!r} is neither a stack nor a quantity", f"{_labels(scenario, written)}; {wanted}"
    except (KeyError, UsageError):
        return  # what is read is wrong, which has been said


def _stack(scenario: Scenario, kind: Kind, written: str, place: Place) -> Iterator[Complaint]:
    if written in {point["stack"] for point in scenario.points()}:
        return
    if kind.RUNS or "|" not in written:
        yield place, f"no stack is called {written!r}", _labels(scenario, written)
        return
    try:
        catalog = scenario.catalog
        assert isinstance(catalog, Catalog)
        expression = catalog.complete(notation.parse(written))
        if kind.FITTING:
            alone.check(catalog, expression, catalog.machine(scenario.points()[0]["machine"]["base"]).architecture)
    except UsageError as error:
        message, _, remedy = str(error).partition("; ")
        yield place, message, remedy


def _labels(scenario: Scenario, written: str) -> str:
    return suggestion(written, {str(point["stack"]) for point in scenario.points()})


def _numbered(written: Any, place: Place) -> Iterable[tuple[Place, Any]]:
    if isinstance(written, list):
        return [((*place, index), each) for index, each in enumerate(written)]
    return [(place, written)]
