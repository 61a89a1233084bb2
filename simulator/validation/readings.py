"""Readings: numbers of one simulated run, by name, for each tenant. A worker takes them: no heavy library here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import isfinite, nan
from typing import Any

from simulator import discovery
from simulator.errors import UsageError
from simulator.experiment import quantile
from simulator.outcomes import is_ok
from simulator.records import TABLES
from simulator.validation import operation_readings, pause_readings, process_readings
from simulator.validation.run_tables import Tables, column
from simulator.workloads.base import WAKE

Readings = dict[str, float]
_PROCESSOR = "cpu"
_CARD = ("nic-send", "nic-receive")


def _cores(tables: Tables) -> float:
    """Processors busy on average while the run lasts, whoever they worked for."""
    busy, time = column("devices", "busy_s"), column("devices", "time_s")
    return sum(float(row[busy]) / float(row[time]) for row in _processors(tables))


def _idle(tables: Tables) -> float:
    """Processors idle on average while the run lasts, in percent of all."""
    rows = _processors(tables)
    capacity = sum(float(row[column("devices", "capacity")]) for row in rows)
    return 100.0 * (1.0 - _cores(tables) / capacity)


def _busy(tables: Tables) -> float:
    """Processors busy on average while the run lasts, in percent of all."""
    return 100.0 - _idle(tables)


def _processors(tables: Tables) -> list[Sequence[Any]]:
    device, time = column("devices", "device"), column("devices", "time_s")
    return [row for row in tables["devices"] if row[device] == _PROCESSOR and row[time] > 0.0]


def _cycles(tables: Tables) -> float:
    """All processor cycles of the run, memory waits excluded."""
    return sum(float(row[column("charges", "cycles")]) for row in tables["charges"])


def _wire(tables: Tables) -> float:
    """Bytes that went over the wire, both ways."""
    device, size = column("charges", "device"), column("charges", "bytes")
    return sum(float(row[size]) for row in tables["charges"] if row[device] in _CARD)


def _cycles_per_byte(tables: Tables) -> float:
    """All processor cycles over the bytes on the wire, both ways."""
    wire = _wire(tables)
    return _cycles(tables) / wire if wire else nan


OF_THE_MACHINE: Mapping[str, tuple[str, str, Callable[[Tables], float]]] = {
    "cores": ("cores", "processors busy on average, whoever they worked for", _cores),
    "busy_percent": ("percent", "processors busy on average, of all", _busy),
    "idle_percent": ("percent", "processors idle on average, of all", _idle),
    "cycles": ("cycles", "all processor cycles of the run, memory waits excluded", _cycles),
    "cycles_per_byte": ("cycles/byte", "all processor cycles over the bytes on the wire", _cycles_per_byte),
}
"""Readings of the whole machine: unit, meaning, and how they are taken."""
OF_REQUESTS = {
    "latency_min_s": ("s", "the shortest latency", 0.0),
    "latency_p90_s": ("s", "90th percentile of the latency, nearest rank", 0.9),
    "latency_p95_s": ("s", "95th percentile of the latency, nearest rank", 0.95),
    "latency_p999_s": ("s", "99.9th percentile of the latency, nearest rank", 0.999),
    "latency_max_s": ("s", "the longest latency", 1.0),
}
"""Readings of a tenant's requests beside those among its columns: unit, meaning, and the quantile."""
OF_WAKES = {
    "wake_p50_s": ("s", "median time from when something was due until it ran", 0.5),
    "wake_p99_s": ("s", "99th percentile of that time, nearest rank", 0.99),
}
"""Readings of how long a tenant's work waited until it ran: unit, meaning, and the quantile."""
OF_COPIES = {
    "boot_p50_s": ("s", "median over the copies of a tenant of the time until its systems were up", 0.5),
    "boot_p99_s": ("s", "99th percentile over the copies of a tenant of the time until its systems were up", 0.99),
    "boot_max_s": ("s", "the longest of all copies of a tenant until its systems were up", 1.0),
}
"""Readings of several copies of one tenant: unit, meaning, and the quantile."""
_STARTS = ("boot_s", "create_s", "start_latency_s")
"""Columns in which only those copies count whose systems were up in time."""
RATE, ROUND, GUEST = "operations_per_s", "operation_s", "guest_start_s"
WITH_BOOT, READY = "elapsed_with_boot_s", "ready_s"
ITERATION, STEADY = "iteration N", "steady_iteration_s"
_STEADY = range(5, 10)
"""Iterations that count as steady, as the authors of DaCapo count them."""
_ITERATION = re.compile(r"iteration [1-9][0-9]*")
_ITERATIONS_COUNT = 50
"""Of the first so many iterations each time is a reading."""


def known() -> dict[str, tuple[str, str]]:
    """Unit and meaning of every reading."""
    columns = {c.name: (c.fixed_unit, c.meaning) for c in TABLES["tenants"] if c.kind == "number"}
    further = {name: (unit, meaning) for name, (unit, meaning, _) in {**OF_REQUESTS, **OF_WAKES, **OF_COPIES}.items()}
    machine = {name: (unit, meaning) for name, (unit, meaning, _) in OF_THE_MACHINE.items()}
    derived = {
        RATE: ("1/s", "operations a second within the measured window"),
        ROUND: ("s", "from one operation to the next, whatever lies between: the measured window over its operations"),
        GUEST: ("s", "of boot_s, what its system took after its virtual machine was there"),
        WITH_BOOT: ("s", "until a tenant's systems are up, and its measured window after that"),
        READY: ("s", "until a tenant's systems are up, and its first request after that is answered"),
        STEADY: ("s", "mean time of the iterations 5 to 9 of a program that repeats its work"),
        ITERATION: ("s", "time of the N-th iteration of a program that repeats its work, from 1"),
    }
    own = {**process_readings.MEANINGS, **pause_readings.MEANINGS, **operation_readings.MEANINGS}
    return {**columns, **derived, **further, **_known_settings(), **own, **machine}


@cache
def _known_settings() -> dict[str, tuple[str, str]]:
    """What layers set for themselves, where it is a number."""
    families = [discovery.member("layers", name).LAYER for name in discovery.members("layers")]
    return {name: each for family in families for name, each in family.SETTINGS.items() if each[0]}


def unit(name: str) -> str:
    """The unit of a reading; empty for the figure of merit, whose unit the workload has.

    Raises:
        UsageError: there is no such reading.
    """
    found = known()
    name = ITERATION if _ITERATION.fullmatch(name) else name
    if name not in found:
        raise UsageError(f"there is no reading {name!r}; there are: {', '.join(found)}")
    return found[name][0]


def read(tables: Tables) -> dict[str, Readings]:
    """All readings of a run by tenant; several copies of a tenant count with their mean, under its own name.

    What has no number in this run (a latency without requests) is left out.
    """
    machine = {name: take(tables) for name, (_, _, take) in OF_THE_MACHINE.items()}
    copies: dict[str, list[Sequence[Any]]] = {}
    for row in tables["tenants"]:
        copies.setdefault(str(row[column("tenants", "copy_of")]), []).append(row)
    return {name: _finite({**_of_tenant(rows, tables), **machine}) for name, rows in copies.items()}


def _of_tenant(rows: Sequence[Sequence[Any]], tables: Tables) -> Readings:
    found = {}
    for number, declared in enumerate(TABLES["tenants"]):
        if declared.kind == "number":
            values = [float(row[number]) for row in rows]
            found[declared.name] = _mean([each for each in values if declared.name not in _STARTS or isfinite(each)])
    operations, elapsed_s = column("tenants", "operations"), column("tenants", "elapsed_s")
    found[GUEST] = found["boot_s"] - found["create_s"]
    found[RATE] = _mean([row[operations] / row[elapsed_s] for row in rows if row[elapsed_s]])
    found[ROUND] = 1.0 / found[RATE] if found[RATE] else nan
    times = [float(row[column("tenants", "boot_s")]) for row in rows]
    starts = sorted(each for each in times if isfinite(each))
    found |= {name: quantile(starts, part) for name, (_, _, part) in OF_COPIES.items()}
    found[WITH_BOOT] = found["elapsed_s"] + found["boot_s"]
    found[READY] = _mean([each for each in (_ready_s(row, tables) for row in rows) if isfinite(each)])
    own = {str(row[column("tenants", "tenant")]) for row in rows}
    for read_some in (_settings, process_readings.read, pause_readings.read, operation_readings.read, _iterations):
        found |= read_some(tables, own)
    return found | _latencies(tables, own)


def _latencies(tables: Tables, tenants: set[str]) -> Readings:
    """Quantiles of latencies, and of what passed until something ran."""
    tenant, kind, latency = (column("requests", each) for each in ("tenant", "kind", "latency_s"))
    rows = [row for row in tables["requests"] if row[tenant] in tenants]
    latencies = sorted(float(row[latency]) for row in rows if row[kind] != WAKE)
    waits = sorted(float(row[latency]) for row in rows if row[kind] == WAKE)
    found = {name: quantile(latencies, part) for name, (_, _, part) in OF_REQUESTS.items()}
    return found | {name: quantile(waits, part) for name, (_, _, part) in OF_WAKES.items()}


def _ready_s(row: Sequence[Any], tables: Tables) -> float:
    """Of one tenant."""
    tenant, kind, latency = (column("requests", each) for each in ("tenant", "kind", "latency_s"))
    own = row[column("tenants", "tenant")]
    first = (float(each[latency]) for each in tables["requests"] if each[tenant] == own and each[kind] != WAKE)
    return float(row[column("tenants", "boot_s")]) + next(first, nan)


def _iterations(tables: Tables, tenants: set[str]) -> Readings:
    """The times of a program's iterations, in order; copies of a tenant count with their mean."""
    tenant, kind, latency = (column("requests", each) for each in ("tenant", "kind", "latency_s"))
    times: dict[str, list[float]] = {}
    for row in tables["requests"]:
        if row[tenant] in tenants and row[kind] == "iteration":
            times.setdefault(str(row[tenant]), []).append(float(row[latency]))
    each_time = list(zip(*times.values(), strict=False))[:_ITERATIONS_COUNT]
    found = {f"iteration {number}": _mean(values) for number, values in enumerate(each_time, 1)}
    steady = [found[f"iteration {number}"] for number in _STEADY if len(each_time) >= _STEADY[-1]]
    return {**found, STEADY: _mean(steady)}


def _settings(tables: Tables, tenants: set[str]) -> Readings:
    """Numbers that the layers under some copies of a tenant have set for themselves; copies count with their mean."""
    tenant, name, value, unit = (column("settings", each) for each in ("tenant", "setting", "value", "unit"))
    found: dict[str, list[float]] = {}
    for row in tables["settings"]:
        if row[tenant] in tenants and row[unit]:
            found.setdefault(str(row[name]), []).append(float(row[value]))
    return {each: _mean(values) for each, values in found.items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else nan


def _finite(readings: Readings) -> Readings:
    return {name: value for name, value in readings.items() if isfinite(value)}


def outcomes(tables: Tables) -> dict[str, str]:
    """How tenants ended that did not end well."""
    tenant, outcome = column("tenants", "tenant"), column("tenants", "outcome")
    return {str(row[tenant]): str(row[outcome]) for row in tables["tenants"] if not is_ok(row[outcome])}


def mechanisms(tables: Tables) -> dict[str, float]:
    """The mechanisms of layers by their part of all processor time that was charged in this run."""
    device, cause, mechanism, service = (
        column("charges", name) for name in ("device", "cause", "mechanism", "service_s")
    )
    charged = [row for row in tables["charges"] if row[device] == _PROCESSOR]
    total_s = sum(float(row[service]) for row in charged)
    found: dict[str, float] = {}
    for row in charged:
        if row[cause] != "program" and total_s:
            found[str(row[mechanism])] = found.get(str(row[mechanism]), 0.0) + float(row[service]) / total_s
    return dict(sorted(found.items()))
