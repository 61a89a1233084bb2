"""The answer: how many instances of a service fit on the machine on each stack, and what the limit is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any

from simulator import batch
from simulator.batch.progress import Progress, Silent
from simulator.choice import floors
from simulator.errors import ScenarioError
from simulator.filling import kept, limits
from simulator.filling.footprint import Footprint, footprint
from simulator.filling.limits import MEMORY, Limit
from simulator.filling.search import Search, largest
from simulator.filling.trials import Round, Trial, Trials, read
from simulator.results import Results
from simulator.results.folder import common_exit_code
from simulator.scenario import Scenario

if TYPE_CHECKING:
    import pandas as pd

Watch = Callable[[str], Progress]
_FULL = 0.9
"""Part of the processors at which a first guess is made of what they allow."""
_TRIAL = 2
"""Instances of the trial by which the guess is made."""


@dataclass(frozen=True)
class Model:
    """One stack full of instances.

    Attributes:
        label: of the stack.
        expression: the stack.
        memory: what the instances take of it.
        room: the limits that need no run, the lowest first.
        count: how many fit.
        limit: what the next one would lack: the name of a limit, a device, or how an instance was lost.
        within: the trial with so many; None where not even one fits.
        beyond: the smallest that did not hold; None where none was tried.
    """

    label: str
    expression: str
    memory: Footprint
    room: tuple[Limit, ...]
    count: int
    limit: str
    within: Trial | None
    beyond: Trial | None

    def row(self) -> dict[str, Any]:
        """Everything, with units in the names; ``processors_count`` is a lower bound where another limit came first."""
        of = {limit.by: limit for limit in self.room}
        within = self.within or Trial(0)
        reached = self.beyond is not None
        return {
            "model": self.label,
            "expression": self.expression,
            "instances": self.count,
            "limited_by": self.limit,
            "memory_count": of[MEMORY].count,
            "processors_count": self.count,
            "processors_reached": reached,
            "limits": {limit.by: {"count": limit.count, "words": limit.words} for limit in self.room},
            "fixed_bytes": self.memory.fixed_bytes,
            "instance_bytes": self.memory.each_bytes,
            "parts_bytes": dict(self.memory.parts),
            "instance_cores": within.cores / within.count if within.count else nan,
            "latency_s": within.latency_s,
            "requests": within.requests,
            "beyond_count": self.beyond.count if self.beyond else 0,
            "beyond_latency_s": self.beyond.latency_s if self.beyond else nan,
            "instance_watts": within.watts / within.count if within.count else nan,
        }


@dataclass(frozen=True)
class Density:
    """The stacks of a scenario, each filled.

    Attributes:
        scenario: which asked.
        service: the tenant that was counted.
        batches: all that was run; the answer is kept in the folder of the first.
        models: one for each stack.
    """

    scenario: Scenario
    service: str
    batches: tuple[Results, ...]
    models: tuple[Model, ...]

    def frame(self) -> pd.DataFrame:
        """A row for each stack; units stand in the names of the columns."""
        import pandas as pd

        return pd.DataFrame([model.row() for model in self.models])

    def data(self) -> dict[str, Any]:
        """Everything as plain data."""
        asked = self.scenario.density
        return {
            "scenario": self.scenario.name,
            "title": self.scenario.title,
            "service": self.service,
            "host_bytes": self.models[0].memory.capacity_bytes,
            "latency_s": asked.latency,
            "percentile": asked.percentile,
            "precision": asked.precision,
            "models": [model.row() for model in self.models],
            "batches": [each.folder.name for each in self.batches],
        }

    @property
    def exit_code(self) -> int:
        """0 where every run was completed."""
        return common_exit_code([each.exit_code for each in self.batches])


def density(
    scenario: Scenario, *, out: str | os.PathLike[str] = "results", jobs: int | None = None,
    on: str | Executor = "", watch: Watch | None = None,
) -> Density:  # fmt: skip
    """Fill the machine on each stack; what has been run before is found again.

    Args:
        scenario: the scenario, checked.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: where to run, as in :func:`simulator.run`.
        watch: makes somebody who watches a batch, from its name.

    Raises:
        UsageError: the scenario has no duration, or lists of values; nothing was run.
        ScenarioError: not even two instances fit on a stack.
    """
    return _Filling(scenario, out, jobs, on, watch or (lambda _: Silent())).answer()


class _Filling:
    """The trials of all stacks, round by round."""

    def __init__(
        self, scenario: Scenario, out: str | os.PathLike[str], jobs: int | None, on: str | Executor, watch: Watch
    ) -> None:
        self.scenario, self.asked, self.trials = scenario, scenario.density, Trials(scenario)
        self._out, self._jobs, self._on, self._watch = out, jobs, on, watch
        self.batches: list[Results] = []
        self.seen: dict[str, dict[int, Trial]] = {label: {} for label in self.trials.stacks}

    def answer(self) -> Density:
        """Everything."""
        self.trials.check()
        self._try(dict.fromkeys(self.seen, _TRIAL))
        memory = {label: self._footprint(label) for label in self.seen}
        room = {label: self._room(label, memory[label]) for label in self.seen}
        counts = self._fill({label: self._search(label, room[label]) for label in self.seen})
        models = tuple(self._model(label, memory[label], room[label], counts[label]) for label in self.seen)
        found = Density(self.scenario, self.trials.service, tuple(self.batches), models)
        kept.save(self.batches[0].folder, found.data())
        return found

    def _footprint(self, label: str) -> Footprint:
        """What the instances of a stack take of the memory."""
        one, two = (self.trials.point(label, count) for count in (1, 2))
        return footprint(one, two, touched=label in self.asked.overcommit)

    def _room(self, label: str, memory: Footprint) -> tuple[Limit, ...]:
        """The limits that need no run, the lowest first."""
        point = self.trials.point(label, 1)
        (name, tenant), *_ = point["tenants"].items()
        stack = floors.floors(self.scenario.catalog, point, name, self.trials.machine)
        threads = int(tenant["parameters"].get("workers_count", 1.0))
        disk_bytes = point["machine"]["devices"]["disk"]["parameters"]["capacity_bytes"]
        found = [
            limits.of_memory(memory),
            *limits.of_disk(stack, disk_bytes),
            *limits.of_processes(stack, tenant["vcpus"] or 1.0, threads),
            *limits.of_products(stack),
        ]
        return tuple(sorted(found, key=lambda limit: limit.count))

    def _search(self, label: str, room: Sequence[Limit]) -> Search:
        """What to try on a stack, beginning with what its processors seem to allow."""
        most = room[0].count
        first = self.seen[label][_TRIAL]
        devices = self.trials.point(label, 1)["machine"]["devices"]["cpu"]["parameters"]
        free = _FULL * devices["cores_count"] * devices["threads_per_core_count"]
        guess = free * first.count / first.cores if first.cores else inf
        most = int(most) if isfinite(most) else max(1, int(4.0 * guess))
        return largest(int(min(guess, most)), most, self.asked.precision)

    def _fill(self, searches: Mapping[str, Search]) -> dict[str, int]:
        """Carry on all searches side by side, one batch for each round."""
        counts: dict[str, int] = {}
        answers: dict[str, bool | None] = dict.fromkeys(searches)
        while answers:
            asked: dict[str, int] = {}
            for label, holds in answers.items():
                try:
                    asked[label] = searches[label].send(holds)  # type: ignore[arg-type]
                except StopIteration as ended:
                    counts[label] = ended.value
            self._try({label: count for label, count in asked.items() if count not in self.seen[label]})
            answers = {label: self.seen[label][count].holds(self.asked.latency) for label, count in asked.items()}
        return counts

    def _try(self, asked: Mapping[str, int]) -> None:
        """Run a round; what does not even fit is not run."""
        points: dict[str, Mapping[str, Any]] = {}
        for label, count in asked.items():
            try:
                points[label] = self.trials.point(label, count)
            except ScenarioError:
                if count <= _TRIAL:
                    raise
                self.seen[label][count] = Trial(count, lost=MEMORY)
        if not points:
            return
        counts = {label: asked[label] for label in points}
        tried = Round(self.scenario, len(self.batches) + 1, counts, points)
        words = ", ".join(f"{count} x {label}" for label, count in counts.items())
        results = batch.run(
            tried,
            out=self._out,
            jobs=self._jobs,
            on=self._on,
            progress=self._watch(words),
            catalog=self.scenario.catalog,
        )
        self.batches.append(results)
        for label, trial in read(results, tried, self.asked.percentile).items():
            self.seen[label][trial.count] = trial

    def _model(self, label: str, memory: Footprint, room: tuple[Limit, ...], count: int) -> Model:
        seen = self.seen[label]
        beyond = min((trial for trial in seen.values() if trial.count > count), key=_count, default=None)
        limit = beyond.limit if beyond is not None else room[0].by
        return Model(label, str(self.trials.stacks[label]), memory, room, count, limit, seen.get(count), beyond)


def _count(trial: Trial) -> int:
    return trial.count
