"""One replication of a pool: a plan and a number in, rows of all tables out."""

from __future__ import annotations

from functools import cached_property
from math import isfinite, isnan, nan

from simulator import energy
from simulator.pool.changes import Changes
from simulator.pool.control import REFUSED, Control
from simulator.pool.guest import Instance
from simulator.pool.host import Usage
from simulator.pool.luck import Luck
from simulator.pool.plan import Plan
from simulator.pool.stages import Together
from simulator.pool.tables import Row, Tables

HOUR_S = 3600.0


def run_id(replication: int) -> str:
    """The key that joins all tables."""
    return f"r{replication:04d}"


def replicate(plan: Plan, replication: int, luck: Luck | None = None, apart: bool | None = None) -> Tables:
    """Simulate a pool once.

    Args:
        plan: what it is.
        replication: chooses the random streams.
        luck: other streams.
        apart: whether hosts are run one by one; if not given, wherever that cannot change anything.
    """
    return _Run(plan, replication, luck or Luck(plan.seed, replication), plan.apart if apart is None else apart).tables


class _Run:
    """One run, and what it leaves behind."""

    def __init__(self, plan: Plan, replication: int, luck: Luck, apart: bool) -> None:
        self.plan, self.replication, self.run = plan, replication, run_id(replication)
        self.control = control = Control(plan, luck, apart)
        changes = Changes(control, control.stage) if isinstance(control.stage, Together) else None
        control.run()
        self.usages, self.end_s, entries = control.stage.finish(control.instances)
        self.entries = entries + next(control.environment._eid)
        events = changes.rows if changes is not None else []
        self.events = sorted(events, key=lambda row: float(row[0]))
        self.failures = changes.failures if changes is not None else 0
        self.tables: Tables = {
            "requests": [self._request_row(instance) for instance in control.instances],
            "hosts": self._host_rows(),
            "events": [[self.run, *row] for row in self.events],
            "samples": self._sample_rows(),
        }
        self.tables["runs"] = [self._run_row()]

    def _request_row(self, instance: Instance) -> Row:
        return [
            self.run, instance.number, instance.stream.name, instance.kind.name, instance.asked_s, instance.outcome,
            instance.host_name, instance.placed_s, instance.up_s, instance.ended_s, instance.tasks,
            instance.response_s / instance.tasks if instance.tasks else nan,
            instance.longest_s if instance.tasks else nan, instance.lost_cycles, instance.moves, instance.restarts,
            instance.downtime_s, instance.lost_s,
        ]  # fmt: skip

    def _host_rows(self) -> list[Row]:
        plan, control = self.plan, self.control
        rows: list[Row] = []
        for room, usage, name in zip(control.placer.rooms, self.usages, control.names, strict=True):
            offered_s = usage.on_s * room.kind.processors
            cost = usage.on_s / HOUR_S * room.kind.price_per_hour
            paid = energy.cost(usage.joules, plan.energy_price) if plan.energy_price else 0.0
            rows.append([
                self.run, name, room.kind.name, usage.on_s, usage.loaded_s, usage.processor_s,
                usage.processor_s / offered_s if offered_s else 0.0, control.placed_on[room.number],
                control.most_on[room.number], usage.joules, cost + paid,
            ])  # fmt: skip
        return rows

    def _sample_rows(self) -> list[Row]:
        control, meter = self.control, self.control.stage.meter
        processors = [room.kind.processors for room in control.placer.rooms]
        mean = sum(processors) / len(processors)
        rows: list[Row] = []
        for number, (at_s, on, *counts) in enumerate(control.counts):
            used, instances, waiting = self._recounted(at_s) if self._late else counts
            busy = meter.processor_s[number] / meter.every_s
            watts = meter.joules[number] / meter.every_s
            rows.append([self.run, at_s, on, used, instances, waiting, busy, busy / (on * mean) if on else 0.0, watts])
        return rows

    @cached_property
    def _late(self) -> bool:
        """Whether ends of programs became known only after all had been placed, at one and the same time."""
        apart = not isinstance(self.control.stage, Together)
        return apart and any(instance.kind.ends for instance in self.control.instances)

    def _recounted(self, at_s: float) -> tuple[int, int, int]:
        """Hosts with an instance, instances with a place, and requests that wait, at a time."""
        there = [
            each.host_name for each in self.control.instances if each.placed_s <= at_s and not each.ended_s <= at_s
        ]
        return len(set(there)), len(there), 0

    def _run_row(self) -> Row:
        plan, instances, usages = self.plan, self.control.instances, self.usages
        placed = [each for each in instances if not isnan(each.placed_s)]
        refused = sum(each.outcome.startswith(REFUSED) for each in instances)
        waited = [each.placed_s - each.asked_s for each in placed]
        starts = [each.up_s - each.placed_s for each in placed if not isnan(each.up_s)]
        tasks, response_s = sum(each.tasks for each in instances), sum(each.response_s for each in instances)
        instance_s = sum(self._lived_s(each) for each in placed)
        on_s, busy_s = sum(usage.on_s for usage in usages), sum(usage.processor_s for usage in usages)
        offered_s = self._offered_s(usages)
        joules = sum(usage.joules for usage in usages)
        hosts_cost = sum(
            usage.on_s / HOUR_S * room.kind.price_per_hour
            for usage, room in zip(usages, self.control.placer.rooms, strict=True)
        )
        energy_cost = energy.cost(joules, plan.energy_price) if plan.energy_price else 0.0
        return [
            self.run, self.replication, plan.seed, self.end_s, self.entries, len(instances), len(placed), refused,
            refused / len(instances) if instances else nan, _mean(waited), _mean(starts), tasks,
            response_s / tasks if tasks else nan, instance_s / HOUR_S, on_s / HOUR_S,
            instance_s / on_s if on_s else nan, busy_s / offered_s if offered_s else nan,
            joules / energy.JOULES_PER_KILOWATT_HOUR, hosts_cost, energy_cost,
            (hosts_cost + energy_cost) / instance_s * HOUR_S if instance_s else nan,
            sum(each.moves for each in instances), self.failures, sum(each.restarts for each in instances),
            sum(each.downtime_s for each in instances), sum(each.lost_cycles for each in instances),
        ]  # fmt: skip

    def _lived_s(self, instance: Instance) -> float:
        end_s = instance.ended_s if isfinite(instance.ended_s) else self.end_s
        return end_s - instance.placed_s

    def _offered_s(self, usages: list[Usage]) -> float:
        rooms = self.control.placer.rooms
        return sum(usage.on_s * room.kind.processors for usage, room in zip(usages, rooms, strict=True))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan
