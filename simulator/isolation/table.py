"""The table of who hurts whom: a cell for each neighbour and model, from rows of runs with and without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from simulator.choice import measures
from simulator.choice.derived import Derived
from simulator.choice.measures import Measure, Row
from simulator.choice.stressed import Stressed, written
from simulator.isolation.question import Question
from simulator.outcomes import counts, word

CANNOT = "cannot run"
"""The neighbour, on this model."""
FAILED = "failed"
"""No run came to an end, or none of those that it is compared with."""


@dataclass(frozen=True)
class Cell:
    """What a victim loses to one neighbour on one model.

    Attributes:
        aggressor: what the neighbour does.
        model: label of the stack.
        loss: of the victim's performance, in percent; with a word instead of a number where it had another outcome.
        requests: operations that the victim did not complete, in percent of those without the neighbour.
        latency: its 99th percentile of the latency, over that without the neighbour.
        victim: how often it ended how, by word.
        itself: the same of the neighbour.
    """

    aggressor: str
    model: str
    loss: Measure
    requests: Measure
    latency: Measure
    victim: Mapping[str, int]
    itself: Mapping[str, int]

    @property
    def word(self) -> str:
        """How the victim ended, or why there is no number; empty where it went on."""
        return self.loss.word

    @property
    def word_of_itself(self) -> str:
        """How the neighbour ended that did not go on either; empty where it did."""
        ended = [name for name, times in self.itself.items() for _ in range(times) if not counts(name)]
        return measures.most(ended, sum(self.itself.values()))

    def row(self) -> dict[str, Any]:
        """Everything, with units in the names."""
        return {
            "aggressor": self.aggressor,
            "model": self.model,
            **self.loss.columns("loss", "percent"),
            **self.requests.columns("requests_lost", "percent"),
            **self.latency.columns("latency_p99", "ratio"),
            "victim_outcomes": dict(self.victim),
            "aggressor_outcomes": dict(self.itself),
            "aggressor_word": self.word_of_itself,
        }


def cell(aggressor: str, model: str, alone: Sequence[Row], beside: Sequence[Row], itself: Iterable[Row]) -> Cell:
    """One cell.

    Args:
        aggressor: what the neighbour does.
        model: label of the stack.
        alone: rows of the victim without it.
        beside: rows of the victim beside it.
        itself: rows of the neighbour.
    """
    loss, requests, latency = _measures(alone, beside)
    return Cell(aggressor, model, loss, requests, latency, _words(beside), _words(itself))


def _measures(alone: Sequence[Row], beside: Sequence[Row]) -> tuple[Measure, Measure, Measure]:
    if not alone or not beside:
        return (Measure(word=FAILED),) * 3
    if ended := measures.ended_alone(alone, alone[0].stack, alone[0].tenant):
        return (Measure(word=ended),) * 3
    loss = measures.loss(alone, beside)
    if loss.word:  # who does not live to tell has lost all or nothing of a number: the word says it
        return (Measure(n=loss.n, word=loss.word),) * 3
    done = [[row._replace(cost=1.0 / row.operations) for row in rows] for rows in (alone, beside)]
    tails = [[row._replace(cost=row.latency_p99_s) for row in rows] for rows in (alone, beside)]
    return loss, measures.loss(*done), measures.factor(*tails)


def _words(rows: Iterable[Row]) -> dict[str, int]:
    return dict(Counter(word(row.outcome) for row in rows))


def of_axis(question: Question, rows: Sequence[Row], undisturbed: Sequence[Row]) -> list[Cell]:
    """The cells of a scenario with an aggressor.

    Args:
        question: what is asked.
        rows: of the scenario's runs.
        undisturbed: of the same with an idle neighbour; nothing where these are among the rows.
    """
    points = question.scenario.points()
    own = f"tenants.{question.aggressor}."
    hidden = f"{own}workload" if question.idles else own
    calm = {_place(point["stack"], point["axes"]) for point in points if question.is_idle(point)}
    alone = [row for row in rows if _place(row.stack, row.place) in calm] if question.idles else undisturbed
    seen, base = _by_place(rows), _by_place(alone, hidden)
    cells = []
    for point in points:
        place = _place(point["stack"], point["axes"])
        if place not in calm:
            here, without = seen.get(place, []), base.get(_place(point["stack"], point["axes"], hidden), [])
            alone, beside = _of(without, question.victim), _of(here, question.victim)
            itself = _of(here, question.aggressor)
            cells.append(cell(_label(question, point), str(point["stack"]), alone, beside, itself))
    return cells


def of_stressors(derived: Derived, seen: Stressed) -> list[Cell]:
    """The cells of a scenario whose victim stands beside the catalog's stressors, each model beside all of them."""
    stacks = {str(point["stack"]): written(point) for point in derived.alone.points()}
    cells = []
    for name in derived.aggressors:
        for stack, label in stacks.items():
            alone, beside = (
                [row for row in rows if (row.stack, row.tenant) == (stack, derived.victim)]
                for rows in (seen.alone, seen.beside)
            )
            beside = [row for row in beside if row.beside == name]
            itself = [
                row for row in seen.beside
                if (row.stack, row.tenant, row.workload) == (stack, derived.neighbour, name)
            ]  # fmt: skip
            cannot = (label, name) not in derived.pairs
            found = cell(name, stack, alone, beside, itself)
            cells.append(replace(found, loss=Measure(word=CANNOT)) if cannot else found)
    return cells


Place = frozenset[tuple[str, Any]]


def _place(stack: str, axes: Mapping[str, Any], hidden: str = "") -> Place:
    """Where a run stands: its stack, and the values on all axes but those whose names begin with something."""
    kept = {name: value for name, value in axes.items() if not (hidden and name.startswith(hidden))}
    return frozenset({**kept, "stack": str(stack)}.items())


def _by_place(rows: Iterable[Row], hidden: str = "") -> dict[Place, list[Row]]:
    found: dict[Place, list[Row]] = {}
    for row in rows:
        found.setdefault(_place(row.stack, row.place, hidden), []).append(row)
    return found


def _of(rows: Iterable[Row], tenant: str) -> list[Row]:
    """A tenant with its copies."""
    return [row for row in rows if row.copy_of == tenant]


def _label(question: Question, point: Mapping[str, Any]) -> str:
    """What the neighbour does at a point, and the point's values on all other axes but the stack."""
    others = {
        name: value for name, value in point["axes"].items()
        if name not in ("stack", f"tenants.{question.aggressor}.workload")
    }  # fmt: skip
    parts = (f"{name.rsplit('.', 1)[-1]} {value}" for name, value in others.items())
    return ", ".join([question.workload(point), *parts])
