"""Needs: which models are best in one respect, which in several at once, and which are within somebody's limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from simulator.choice import FRONT
from simulator.choice.fronts import least, pareto
from simulator.choice.installation import Effort
from simulator.choice.measures import Measure
from simulator.choice.model import Model
from simulator.scenario.schema import Need

GRAIN = 0.1
"""Per cent of time or performance that make no difference to anybody."""


def suiting(models: Sequence[Model], asked: Mapping[str, Need]) -> dict[str, Sequence[str]]:
    """For each need the models that suit it.

    Args:
        models: all of them.
        asked: limits by the name of the need, as the scenario says.

    Returns:
        the best in each respect, those that are best in some mix of four, and for each need those within its limits.
    """
    fours = {each.label: (each.overhead, each.loss, each.footprint, each.start) for each in models}
    return {
        "least overhead": least({each.label: each.overhead for each in models}, GRAIN),
        "least loss to a neighbour": least({each.label: each.loss for each in models}, GRAIN),
        "smallest footprint": least({each.label: each.footprint for each in models}),
        "fastest start": least({each.label: each.start for each in models}),
        "most control": least({each.label: Measure(-len(each.control)) for each in models}),
        "least effort": _easiest({each.label: each.effort for each in models}),
        FRONT: pareto({label: four for label, four in fours.items() if all(each.known for each in four)}),
        **{name: [each.label for each in models if _keeps(each, limits)] for name, limits in asked.items()},
    }


def _easiest(efforts: Mapping[str, Effort]) -> list[str]:
    """The fewest steps, and of these the shortest time."""
    known = {name: (each.steps_count, each.elapsed_s) for name, each in efforts.items() if isfinite(each.elapsed_s)}
    return [name for name, each in known.items() if each == min(known.values())]


def _keeps(model: Model, limits: Need) -> bool:
    """Whether a model is within every limit; what nobody knows is not."""
    pairs = (
        (limits.overhead, model.overhead.value / 100.0),
        (limits.loss, model.loss.value / 100.0),
        (limits.footprint, model.footprint.value),
        (limits.start, model.start.value),
        (limits.installation, model.effort.elapsed_s),
    )
    return set(limits.control) <= set(model.control) and all(limit is None or own <= limit for limit, own in pairs)
