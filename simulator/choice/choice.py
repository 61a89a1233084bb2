"""The choice: all models of a scenario, measured and compared, and which of them suits which need."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any

from simulator import experiment
from simulator.choice import floors, installation, kept, measures
from simulator.choice.derived import Derived
from simulator.choice.installation import Pace
from simulator.choice.measures import Measure, Row
from simulator.choice.model import Model
from simulator.choice.needs import suiting
from simulator.choice.stressed import Stressed, Watch, runner, stress, written
from simulator.results import Results
from simulator.results.folder import ENDED, common_exit_code
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Choice:
    """The models of a scenario side by side.

    Attributes:
        results: the scenario's own batch, in whose folder the choice is kept.
        batches: all batches that were run for it, the scenario's own first.
        victim: the tenant that suffers.
        alone_s: the shortest and the longest time that it took alone.
        models: one for each stack.
        needs: for each need the models that suit it best.
    """

    results: Results
    batches: tuple[Results, ...]
    victim: str
    alone_s: tuple[float, float]
    models: tuple[Model, ...]
    needs: Mapping[str, Sequence[str]]

    def frame(self) -> pd.DataFrame:
        """A row for each model; units stand in the names of the columns."""
        import pandas as pd

        return pd.DataFrame([model.row() for model in self.models])

    def data(self) -> dict[str, Any]:
        """Everything as plain data."""
        manifest = self.results.manifest
        return {
            "scenario": manifest["scenario"]["name"],
            "title": manifest["scenario"]["title"],
            "baseline": self.results.baseline,
            "victim": self.victim,
            "victim_workload": self.batches[1].tenants["workload"].iloc[0] if len(self.batches[1].tenants) else "",
            "victim_alone_shortest_s": self.alone_s[0],
            "victim_alone_longest_s": self.alone_s[1],
            "replications": manifest["replications"],
            "level": measures.LEVEL,
            "overhead_method": measures.OVERHEAD_METHOD,
            "loss_method": measures.LOSS_METHOD,
            "models": [model.row() for model in self.models],
            "needs": {need: list(names) for need, names in self.needs.items()},
            "batches": [each.folder.name for each in self.batches],
        }

    @property
    def exit_code(self) -> int:
        """0 where every run of every batch was completed, 1 where none of the scenario's own was, else 3."""
        own = self.results.exit_code
        return own if own == ENDED["failed"] else common_exit_code([each.exit_code for each in self.batches])


def choose(
    scenario: Scenario, *, out: str | os.PathLike[str] = "results", jobs: int | None = None,
    on: str | Executor = "", watch: Watch | None = None,
) -> Choice:  # fmt: skip
    """Run what is needed to compare the models of a scenario; what has been run before is found again.

    Args:
        scenario: the scenario, checked.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: where to run, as in :func:`simulator.run`.
        watch: makes somebody who watches a batch, from its name.

    Raises:
        UsageError: the scenario compares no models, has no room for a neighbour, or no fixed number of replications;
            nothing was run.
    """
    scenario.fixed_replications("models are compared in the same replications")
    derived = Derived(scenario)
    derived.check()

    run = runner(scenario, out, jobs, on, watch)
    own = run(scenario)
    seen, own_rows = stress(derived, run), measures.rows(own)
    models = tuple(_model(derived, seen, own_rows, own.baseline, point) for point in _by_stack(derived.alone))
    alone_s = (min(seen.longest_s.values(), default=nan), max(seen.longest_s.values(), default=nan))
    needs = suiting(models, scenario.choose.needs)
    choice = Choice(own, (own, *seen.batches), derived.victim, alone_s, models, needs)
    kept.save(own.folder, choice.data())
    return choice


def _by_stack(scenario: Scenario) -> list[Mapping[str, Any]]:
    """The first point of each stack."""
    found: dict[str, Mapping[str, Any]] = {}
    for point in scenario.points():
        found.setdefault(point["stack"], point)
    return list(found.values())


def _model(derived: Derived, seen: Stressed, own: Sequence[Row], baseline: str, point: Mapping[str, Any]) -> Model:
    label, victim = point["stack"], derived.victim
    stack = floors.floors(derived.scenario.catalog, point, victim, derived.machine)
    losses = measures.losses(seen.alone, seen.beside, label, victim)
    worst, loss = measures.worst(losses, measures.ended_alone(seen.alone, label, victim))
    start = _start(seen.started, label, victim, stack)
    speed = pace(point)
    return Model(
        label,
        point["tenants"][victim]["expression"],
        classes=floors.classes(stack),
        overhead=measures.overhead(own, label, baseline),
        loss=loss,
        worst=worst,
        losses=losses,
        cannot=tuple(name for name in derived.aggressors if (written(point), name) not in derived.pairs),
        footprint=measures.footprint(own, label, victim),
        start=start,
        control=floors.control(stack),
        effort=installation.effort(stack, speed, start.value),
        effort_low_s=installation.effort(stack, speed, start.value, lambda number: number.low).elapsed_s,
        effort_high_s=installation.effort(stack, speed, start.value, lambda number: number.high).elapsed_s,
    )


def _start(started: Sequence[Row], stack: str, victim: str, under: tuple[floors.Floor, ...]) -> Measure:
    """Measured, but only where the catalog says of every system that is started what its start takes."""
    silent = floors.not_startable(under)
    if silent:
        return Measure(word=f"no start of {', '.join(silent)} in the catalog")
    return measures.start(started, stack, victim)


def pace(point: Mapping[str, Any]) -> Pace:
    """How fast the machine of a point fetches, reads and writes."""
    machine = experiment.build(point).machine
    return Pace(
        machine.cpu.frequency_hz,
        machine.nic.parameters.link_bytes_per_s,
        read_s=lambda size_bytes: machine.disk.service_s(size_bytes, 0.0, 0.0),
        write_s=lambda size_bytes: machine.disk.service_s(size_bytes, 0.0, 0.0, write=True),
    )
