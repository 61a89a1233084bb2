"""Trials: the machine with so many instances on a stack, run as a batch, and whether their answers come in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any

from simulator.batch.derived import Derived
from simulator.choice.written import expression, first, labelled, of_tenants, seconds
from simulator.errors import UsageError
from simulator.experiment import quantile
from simulator.outcomes import NOT_RESPONDING, counts, word
from simulator.records import run_id
from simulator.scenario import Scenario, load

if TYPE_CHECKING:
    from simulator.results import Results

_KEPT = ("machine", "seed")
_BUSY = 0.5
"""A device that is idle for longer than this part of the time is not what answers wait for."""
_DEVICES = {"cpu": "processors", "disk": "disk", "nic-send": "network", "nic-receive": "network"}
WAITING = "waiting"


def asked_otherwise(scenario: Scenario, host_memory: str | None, latency: str | None) -> Scenario:
    """The scenario with another host or another target.

    Args:
        scenario: the scenario, checked.
        host_memory: the machine's memory, as a scenario writes a size.
        latency: what an answer may take, as a scenario writes a time.

    Raises:
        ScenarioError: no size, or no time.
    """
    changes: dict[str, Any] = {}
    if host_memory is not None:
        written = scenario.data["machine"]
        machine: dict[str, Any] = {"base": written} if isinstance(written, str) else written
        devices = machine.get("devices", {})
        memory = {**devices.get("memory", {}), "capacity_bytes": host_memory}
        changes["machine"] = {**machine, "devices": {**devices, "memory": memory}}
    if latency is not None:
        changes["density"] = {**scenario.data.get("density", {}), "latency": latency}
    return load(scenario, overrides=changes) if changes else scenario


@dataclass(frozen=True)
class Trial:
    """What came of it.

    Attributes:
        count: how many instances.
        latency_s: the percentile asked for, of all answers in the measured time.
        requests: how many answers that is of.
        lost: how an instance ended that was lost; empty if none was.
        silent: instances without an answer for the last half of the time; of few requests that may be chance.
        busiest: the device with the least idle time, in words.
        busy_ratio: how busy it was.
        cores: processors busy on average.
        watts: mean power of the machine; not a number where nobody knows it.
    """

    count: int
    latency_s: float = nan
    requests: int = 0
    lost: str = ""
    busiest: str = ""
    busy_ratio: float = 0.0
    cores: float = 0.0
    watts: float = nan
    silent: int = 0

    def holds(self, latency_s: float) -> bool:
        """Whether all live, most of them answer to the end, and do so in time."""
        return not self.lost and self.silent <= self.count / 2 and self.latency_s <= latency_s

    @property
    def limit(self) -> str:
        """What the answers waited for, or what an instance was lost for."""
        if self.lost:
            return self.lost
        return self.busiest if self.busy_ratio > _BUSY else WAITING


@dataclass(frozen=True)
class Trials:
    """The scenarios that are derived from one: only the service, so many times, on one of its stacks.

    Args:
        scenario: the scenario, checked.
    """

    scenario: Scenario

    def check(self) -> None:
        """Find what the command cannot do anything with.

        Raises:
            UsageError: no duration, lists of values, or an impossible percentile.
        """
        name, asked = self.scenario.name, self.scenario.density
        if self.scenario.points()[0]["duration_s"] is None:
            raise UsageError(f"{name} has no duration: a service goes on for ever; say for how long it is watched")
        for axis in self.scenario.points()[0]["axes"]:
            if axis != "stack":
                raise UsageError(f"{name}: {axis} is a list; density counts one service on each stack: take one value")
        if not 0.0 < asked.percentile <= 1.0 or not 0.0 < asked.precision < 1.0:
            raise UsageError(f"{name}: percentile and precision of density are parts of a whole, e.g. '95 %' and '2 %'")

    @cached_property
    def service(self) -> str:
        """The tenant that is counted."""
        return self.scenario.density.tenant or next(iter(self.scenario.data["tenants"]))

    @cached_property
    def stacks(self) -> dict[str, Any]:
        """Every stack of the service by label."""
        stacks = labelled(self.scenario.data["stacks"])
        return {label: expression(of_tenants(stack, self.service, {})) for label, stack in stacks.items()}

    @cached_property
    def machine(self) -> str:
        """The catalog's name of the machine."""
        machine = self.scenario.data["machine"]
        return self.scenario.catalog.resolve_name("machines", machine if isinstance(machine, str) else machine["base"])

    def point(self, label: str, count: int) -> dict[str, Any]:
        """One stack with so many instances.

        Raises:
            ScenarioError: they do not fit.
        """
        data, asked = self.scenario.data, self.scenario.density
        own = self.scenario.points()[0]
        tenant = {**first(data["tenants"][self.service]), "count": count}
        if label in asked.memory:
            tenant["memory"] = f"{asked.memory[label]!r} B"
        warmup_s = asked.warmup.get(label, float(own["warmup_s"]))
        derived = {key: data[key] for key in _KEPT if key in data} | {
            "title": self.scenario.title,
            "fidelity": own["fidelity"],
            "duration": seconds(warmup_s + float(own["duration_s"]) - float(own["warmup_s"])),
            "warmup": seconds(warmup_s),
            "replications": 1,
            "stacks": {label: self.stacks[label]},
            "tenants": {self.service: tenant},
        }
        name = f"{self.scenario.name}-density"
        return Scenario.from_mapping(derived, name=name, catalog=self.scenario.catalog).points()[0]


@dataclass(frozen=True)
class Round(Derived):
    """Some trials, as a batch wants them: a point for each stack that is still asked about.

    Args:
        scenario: the scenario that asks.
        number: of the round.
        counts: instances by label.
        found: their points by label.
    """

    number: int
    counts: Mapping[str, int]
    found: Mapping[str, Mapping[str, Any]] = field(repr=False)
    replications: int = 1

    @property
    def name(self) -> str:
        return f"{self.scenario.name}-density"

    @property
    def title(self) -> str:
        return f"{self.scenario.title}: round {self.number}"

    @property
    def baseline(self) -> str:
        return next(iter(self.found))

    @cached_property
    def hash(self) -> str:
        """A digest of what is tried."""
        return self.digest(f"{label}: {count}" for label, count in self.counts.items())

    def points(self, _: Any = None, /) -> list[dict[str, Any]]:
        """One for each stack."""
        return [
            {**point, "point": number, "axes": {"stack": label}}
            for number, (label, point) in enumerate(self.found.items())
        ]


def read(results: Results, asked: Round, percentile: float) -> dict[str, Trial]:
    """What came of each trial of a round, by label.

    Args:
        results: the batch.
        asked: the round.
        percentile: of the answers.
    """
    failed = {failure["run"]: str(failure["error"]) for failure in results.manifest["failures"]}
    tables = {name: getattr(results, name).to_dict("records") for name in ("requests", "tenants", "devices")}
    found: dict[str, Trial] = {}
    for number, (label, point) in enumerate(asked.found.items()):
        run, count = run_id(number, 0), asked.counts[label]
        rows = {name: [row for row in table if row["run"] == run] for name, table in tables.items()}
        if run in failed:
            found[label] = Trial(count, lost=failed[run])
        else:
            found[label] = _trial(count, rows, percentile, float(point["warmup_s"]))
    return found


def _trial(count: int, rows: Mapping[str, Sequence[Mapping[str, Any]]], percentile: float, warmup_s: float) -> Trial:
    latencies = sorted(float(row["latency_s"]) for row in rows["requests"] if row["start_s"] >= warmup_s)
    ended = [word(str(row["outcome"])) for row in rows["tenants"] if not counts(str(row["outcome"]))]
    lost = next((how for how in ended if how != NOT_RESPONDING), "")
    name, busy_ratio = max(((str(row["device"]), float(row["utilisation"])) for row in rows["devices"]), key=_second)
    cpu = next(row for row in rows["devices"] if row["device"] == "cpu")
    cores = float(cpu["busy_s"]) / float(cpu["time_s"])
    return Trial(
        count, quantile(latencies, percentile), len(latencies), lost, _DEVICES.get(name, name), busy_ratio, cores,
        float(cpu["mean_watts"]), ended.count(NOT_RESPONDING),
    )  # fmt: skip


def _second(pair: tuple[str, float]) -> float:
    return pair[1]
