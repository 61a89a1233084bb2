"""The choice: all models of a scenario, measured and compared, and which of them suits which need."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator import batch, experiment
from simulator.batch.progress import Progress, Silent
from simulator.choice import floors, installation, kept, measures
from simulator.choice.derived import Derived
from simulator.choice.fronts import least, pareto
from simulator.choice.installation import Effort, Pace
from simulator.choice.measures import Measure, Row
from simulator.choice.model import Model
from simulator.results import Results
from simulator.scenario import Scenario
from simulator.scenario.schema import Need

if TYPE_CHECKING:
    import pandas as pd

FRONT = "no other is better in overhead, loss, footprint and start together"

Watch = Callable[[str], Progress]


@dataclass(frozen=True)
class Choice:
    """The models of a scenario side by side.

    Attributes:
        results: the scenario's own batch, in whose folder the choice is kept.
        batches: all batches that were run for it, the scenario's own first.
        victim: the tenant that suffers.
        models: one for each stack.
        needs: for each need the models that suit it best.
    """

    results: Results
    batches: tuple[Results, ...]
    victim: str
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
        codes = {each.exit_code for each in self.batches}
        return self.results.exit_code if len(codes) == 1 or self.results.exit_code == 1 else 3


def choose(
    scenario: Scenario, *, out: str | os.PathLike[str] = "results", jobs: int | None = None, watch: Watch | None = None
) -> Choice:
    """Run what is needed to compare the models of a scenario; what has been run before is found again.

    Args:
        scenario: the scenario, checked.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        watch: makes somebody who watches a batch, from its name.

    Raises:
        UsageError: the scenario compares no models, or has no room for a neighbour; nothing was run.
    """
    derived = Derived(scenario)
    derived.check()

    def run(each: Scenario) -> Results:
        progress = watch(each.name) if watch else Silent()
        return batch.run(each, out=out, jobs=jobs, progress=progress, catalog=scenario.catalog)

    own, alone = run(scenario), run(derived.alone)
    seen = _Seen(measures.rows(own), measures.rows(alone), derived.victim)
    beside = [run(each) for each in derived.beside(seen.longest_s)] if isfinite(seen.longest_s) else []
    hurt = [row for each in beside for row in measures.rows(each)]
    models = tuple(_model(derived, seen, hurt, own.baseline, point) for point in _by_stack(derived.alone))
    choice = Choice(own, (own, alone, *beside), derived.victim, models, _needs(models, scenario.choose.needs))
    kept.save(own.folder, choice.data())
    return choice


class _Seen:
    """What came of the runs without a neighbour.

    Args:
        own: rows of the scenario's own batch.
        alone: rows of the victim alone, with and without the start of its own systems.
        victim: its name.
    """

    def __init__(self, own: Sequence[Row], alone: Sequence[Row], victim: str) -> None:
        boot = f"tenants.{victim}.boot"
        self.own = own
        self.alone = [row for row in alone if not row.place[boot]]
        self.started = [row for row in alone if row.place[boot]]

    @property
    def longest_s(self) -> float:
        """The longest time that the victim took alone; not a number where it never lived."""
        return max((row.elapsed_s for row in self.alone if isfinite(row.cost)), default=nan)


def _by_stack(scenario: Scenario) -> list[Mapping[str, Any]]:
    """The first point of each stack."""
    found: dict[str, Mapping[str, Any]] = {}
    for point in scenario.points():
        found.setdefault(point["stack"], point)
    return list(found.values())


def _model(
    derived: Derived, seen: _Seen, hurt: Sequence[Row], baseline: str, point: Mapping[str, Any]
) -> Model:
    label, victim = point["stack"], derived.victim
    written = point.get("companion_of", label)
    stack = floors.floors(derived.scenario.catalog, point, victim, derived.machine)
    losses = measures.losses(seen.alone, hurt, label, victim)
    worst, loss = measures.worst(losses)
    start = _start(seen.started, label, victim, stack)
    pace = _pace(point)
    return Model(
        label,
        point["tenants"][victim]["expression"],
        classes=floors.classes(stack),
        overhead=measures.overhead(seen.own, label, baseline),
        loss=loss,
        worst=worst,
        losses=losses,
        cannot=tuple(name for name in derived.aggressors if (written, name) not in derived.pairs),
        footprint=measures.footprint(seen.own, label, victim),
        start=start,
        control=floors.control(stack),
        effort=installation.effort(stack, pace, start.value),
        effort_low_s=installation.effort(stack, pace, start.value, lambda number: number.low).elapsed_s,
        effort_high_s=installation.effort(stack, pace, start.value, lambda number: number.high).elapsed_s,
    )


def _start(started: Sequence[Row], stack: str, victim: str, under: tuple[floors.Floor, ...]) -> Measure:
    """Measured, but only where the catalog says of every system that is started what its start takes."""
    silent = floors.not_startable(under)
    if silent:
        return Measure(word=f"no start of {', '.join(silent)} in the catalog")
    return measures.start(started, stack, victim)


def _pace(point: Mapping[str, Any]) -> Pace:
    machine = experiment.build(point).machine
    return Pace(
        machine.cpu.frequency_hz,
        machine.nic.parameters.link_bytes_per_s,
        read_s=lambda size_bytes: machine.disk.service_s(size_bytes, 0.0, 0.0),
        write_s=lambda size_bytes: machine.disk.service_s(size_bytes, 0.0, 0.0, write=True),
    )


def _needs(models: Sequence[Model], asked: Mapping[str, Need]) -> dict[str, Sequence[str]]:
    """For each need the models that suit it: the best in one respect, in four at once, and within limits."""
    return {
        "least overhead": least({each.label: each.overhead for each in models}),
        "best isolation": least({each.label: each.loss for each in models}),
        "smallest footprint": least({each.label: each.footprint for each in models}),
        "fastest start": least({each.label: each.start for each in models}),
        "most control": least({each.label: Measure(-len(each.control)) for each in models}),
        "least effort": _easiest({each.label: each.effort for each in models}),
        FRONT: pareto({each.label: numbers for each in models if all(map(isfinite, numbers := _numbers(each)))}),
        **{name: [each.label for each in models if _keeps(each, limits)] for name, limits in asked.items()},
    }


def _numbers(model: Model) -> tuple[float, ...]:
    return model.overhead.value, model.loss.value, model.footprint.value, model.start.value


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
