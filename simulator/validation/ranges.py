"""Ranges: between what do the predictions lie, given that the catalog knows its numbers only within ranges?

A Latin hypercube of draws over all unknowns of each experiment; every draw moves a number in all stacks that hold it.
The luck of the workload is the same in every draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from simulator.batch.progress import Progress
from simulator.experiment import quantile
from simulator.uncertainty import Space, draws
from simulator.validation.claims import Claim
from simulator.validation.measuring import Point
from simulator.validation.validate import Validator

LOW, HIGH = 0.05, 0.95
"""The quantiles of the draws that a range goes between."""
SEED = 1


class Drawn:
    """Makes of a point the same with other numbers: one draw of an experiment's unknowns."""

    def __init__(self, space: Space, number: int, values: Mapping[str, float]) -> None:
        self.name = f"draw {number}"
        self._space, self._values = space, values

    def __call__(self, point: Point) -> Point:
        return self._space.point_with(int(point["point"]), self._values)


def ranges(validator: Validator, number: int, jobs: int | None, progress: Progress) -> dict[Claim, tuple[float, float]]:
    """The range of each prediction over some draws, in the unit of its figure.

    Args:
        validator: says what is claimed.
        number: how many draws; of twenty or fewer the range goes from the lowest to the highest.
        jobs: worker processes.
        progress: is told of every run.
    """
    changes = {
        each.name: [
            Drawn(space, index, values)
            for space in [Space.of(each.scenario)]
            for index, values in enumerate(draws(space.parameters, number, seed=SEED))
        ]
        for each in validator.experiments
    }
    wanted = [
        run
        for claim in validator.claims
        for change in changes[claim.experiment]
        for found in validator.runs(claim, change)
        for run in found
    ]
    validator.measure(wanted, jobs, progress)
    spans = {}
    for claim in validator.claims:
        found = sorted(validator.predict(claim, change).value for change in changes[claim.experiment])
        known = [value for value in found if isfinite(value)]
        if known:
            spans[claim] = (quantile(known, LOW), quantile(known, HIGH))
    return spans
