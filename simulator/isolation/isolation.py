"""The answer: which neighbour costs a victim how much on which model."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.choice import measures
from simulator.choice.derived import Derived
from simulator.choice.stressed import Run, Watch, runner, stress
from simulator.isolation import kept, table
from simulator.isolation.question import Question, ask
from simulator.isolation.table import Cell
from simulator.results import Results
from simulator.results.folder import common_exit_code
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

METHODS = {
    "loss": "1 - without / beside, as times for the same work",
    "requests_lost": "1 - operations beside / without",
    "latency_p99": "99th percentile of the latency, beside / without",
}
PAIRED = "paired by replication; t over replications, on logarithms"


@dataclass(frozen=True)
class Isolation:
    """Who hurts whom.

    Attributes:
        question: what was asked.
        batches: all batches that were run for it; the answer is kept in the folder of the first.
        against: beside whom the victim loses nothing, in words.
        cells: what the victim loses to each neighbour on each model.
    """

    question: Question
    batches: tuple[Results, ...]
    against: str
    cells: tuple[Cell, ...]

    def frame(self) -> pd.DataFrame:
        """A row for each neighbour and model; units stand in the names of the columns."""
        import pandas as pd

        return pd.DataFrame([cell.row() for cell in self.cells])

    @property
    def aggressors(self) -> list[str]:
        """What the neighbours do, in order."""
        return list(dict.fromkeys(cell.aggressor for cell in self.cells))

    @property
    def models(self) -> list[str]:
        """Labels of the stacks, in order."""
        return list(dict.fromkeys(cell.model for cell in self.cells))

    def data(self) -> dict[str, Any]:
        """Everything as plain data."""
        scenario = self.question.scenario
        return {
            "scenario": scenario.name,
            "title": scenario.title,
            "victim": self.question.victim,
            "victim_metrics": self._metrics(),
            "aggressor": self.question.aggressor,
            "against": self.against,
            "replications": scenario.replications,
            "level": measures.LEVEL,
            "methods": {name: f"{method}, {PAIRED}" for name, method in METHODS.items()},
            "aggressors": self.aggressors,
            "models": self.models,
            "cells": [cell.row() for cell in self.cells],
            "batches": [each.folder.name for each in self.batches],
        }

    def _metrics(self) -> list[dict[str, str]]:
        """What the victim runs, and what that reports."""
        tenants = self.batches[0].tenants
        columns = ["workload", "metric", "unit", "better"]
        found = tenants[tenants["copy_of"] == self.question.victim][columns].drop_duplicates()
        return [{str(name): str(value) for name, value in row.items()} for row in found.to_dict("records")]

    @property
    def exit_code(self) -> int:
        """0 where every run of every batch was completed, 1 where none was, else 3."""
        return common_exit_code([each.exit_code for each in self.batches])


def isolate(
    scenario: Scenario, *, victim: str = "", aggressor: str = "", stressors: Sequence[str] = (),
    out: str | os.PathLike[str] = "results", jobs: int | None = None,
    on: str | Executor = "", watch: Watch | None = None,
) -> Isolation:  # fmt: skip
    """Run what is needed to see what a victim loses to its neighbour; what has been run before is found again.

    Args:
        scenario: the scenario, checked.
        victim: the tenant that suffers; if not given as the scenario's ``choose`` says, else its first.
        aggressor: the tenant beside it whose workloads are compared; if not given the one that has a list of them.
            Where there is none, the catalog's stressors take its place, one after the other.
        stressors: workloads of the catalog for such a neighbour, instead of those of the scenario.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: where to run, as in :func:`simulator.run`.
        watch: makes somebody who watches a batch, from its name.

    Raises:
        UsageError: no such tenant, nobody beside the victim, or no room for a neighbour; nothing was run.
    """
    question = ask(scenario, victim, aggressor, stressors)
    found = _of_axis if question.aggressor else _of_stressors
    answer = found(question, runner(question.scenario, out, jobs, on, watch))
    kept.save(answer.batches[0].folder, answer.data())
    return answer


def _of_axis(question: Question, run: Run) -> Isolation:
    """The scenario itself, and where nobody in it is idle the same with an aggressor that is."""
    calm, against = (None, "an idle one") if question.idles else question.undisturbed
    batches = [run(each) for each in (question.scenario, calm) if each is not None]
    seen, *undisturbed = [measures.rows(each) for each in batches]
    cells = table.of_axis(question, seen, [row for rows in undisturbed for row in rows])
    return Isolation(question, tuple(batches), against, tuple(cells))


def _of_stressors(question: Question, run: Run) -> Isolation:
    """The victim alone and beside a neighbour of its size."""
    derived = Derived(question.scenario)
    derived.check()
    seen = stress(derived, run)
    return Isolation(question, seen.batches, "none", tuple(table.of_stressors(derived, seen)))
