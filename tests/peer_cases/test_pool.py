"""Small cases of other simulators, as pools of hosts without a stack: the zero-overhead limit of every layer.

SimGrid's ``cloud-simple``, ``plugin-vm-load`` and ``energy-vm``; OpenDC's ``FlowDistributorTest`` and
``FragmentScalingTest``; CloudSim 7's ``CloudSimExampleTest``. A million instructions, or floating-point operations, is
a million cycles.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.energy import Power
from simulator.pool.plan import Plan
from simulator.pool.reading import read
from simulator.pool.running import replicate
from simulator.pool.tables import names

CATALOG = Catalog()
Rows = list[dict[str, Any]]


def machine(mhz: float, cores: int = 1, mib: int = 1024) -> dict[str, Any]:
    """Cores of so many million cycles a second, and memory."""
    cpu = {"cores": cores, "threads_per_core": 1, "frequency": f"{mhz} MHz"}
    return {"base": "server-2025", "devices": {"cpu": cpu, "memory": {"capacity": f"{mib} MiB"}}}


def task(megacycles: float, **more: Any) -> dict[str, Any]:
    """A program of one task, or as many as is said."""
    return {"size": f"{megacycles} M cycles", "law": "fixed", "count": 1, **more}


def planned(hosts: Any, instances: Any, requests: Any, **more: Any) -> Plan:
    data = {"hosts": hosts, "instances": instances, "requests": requests, "replications": 1, **more}
    return read(data, catalog=CATALOG)


def tables(plan: Plan, apart: bool | None = None) -> dict[str, Rows]:
    found = replicate(plan, 0, apart=apart)
    return {name: [dict(zip(names(name), row, strict=True)) for row in rows] for name, rows in found.items()}


def responses(plan: Plan) -> list[float]:
    """Mean response of the tasks of each instance; the same whichever way the hosts are run."""
    apart, together = (tables(plan, way)["requests"] for way in (True, False))
    assert [each["response_mean_s"] for each in apart] == [each["response_mean_s"] for each in together]
    return [each["response_mean_s"] for each in apart]


# ---------------------------------------------------------------- SimGrid

FAFARD, TREMBLAY = 76.296, 98.095


@pytest.mark.parametrize(
    ("hosts_mhz", "instances", "expected_s"),
    [
        ([FAFARD], 1, [0.0131068]),
        ([FAFARD], 2, [0.0262137, 0.0262137]),
        ([TREMBLAY], 1, [0.0101942]),
        ([FAFARD, TREMBLAY], 2, [0.0131068, 0.0101942]),
    ],
)
def test_no_penalty_inside_an_instance(hosts_mhz: list[float], instances: int, expected_s: list[float]) -> None:
    """cloud-simple: 1e6 flop on a core of so many Mf/s; on two hosts each instance has one to itself."""
    hosts = {f"host-{n}": {"machine": machine(mhz), "cpu_overcommit": 2} for n, mhz in enumerate(hosts_mhz)}
    kinds = {"vm": {"memory": "1 MiB", "tasks": task(1.0)}}
    requests = {"all": {"instance": "vm", "at": "0 s", "count": instances}}
    plan = planned(hosts, kinds, requests, placement={"rule": "spread"})
    assert responses(plan) == pytest.approx(expected_s, abs=5e-8)


def test_an_empty_instance_costs_nothing() -> None:
    kinds = {
        "vm": {"memory": "1 MiB", "tasks": task(1.0)},
        "empty": {"memory": "1 MiB", "tasks": task(1.0, think="1 h")},
    }
    plan = planned(
        {"host": {"machine": machine(FAFARD), "cpu_overcommit": 2}}, kinds,
        {"all": {"instance": ["empty", "vm"], "at": "0 s", "count": 2}}, duration="1 s",
    )  # fmt: skip
    assert tables(plan)["requests"][1]["response_mean_s"] == pytest.approx(0.0131068, abs=5e-8)


def test_speed_change_under_load() -> None:
    """plugin-vm-load: 4 cores at 100 Mf/s, 20 Mf/s from 10.5 s on; 200 and 150 Mflop begin at 10 s: 8.0 and 5.5 s."""
    kinds = {
        "large": {"memory": "1 MiB", "tasks": task(200.0, think="10 s")},
        "small": {"memory": "1 MiB", "tasks": task(150.0, think="10 s")},
    }
    plan = planned(
        {"host": {"machine": machine(100.0, cores=4)}}, kinds,
        {"all": {"instance": ["large", "small"], "at": "0 s", "count": 2}},
        events=[{"at": "10.5 s", "clock": "host", "frequency": "20 MHz"}],
    )  # fmt: skip
    found = tables(plan)
    assert [each["response_mean_s"] for each in found["requests"]] == pytest.approx([8.0, 5.5], rel=1e-12)
    assert found["runs"][0]["simulated_s"] == pytest.approx(18.0)


@pytest.mark.parametrize(
    ("cores", "threads", "instances", "power", "energy_j"),
    [
        (4, 2, 1, Power(100.0, 93.0 + 1 / 3, 200.0, 4.0), 1120.0),  # two tasks in one instance of one processor
        (1, 1, 2, Power(100.0, 200.0, 200.0, 1.0), 1600.0),  # one task in each of two
    ],
)
def test_energy(cores: int, threads: int, instances: int, power: Power, energy_j: float) -> None:
    """energy-vm: tasks of 300 Mflop at 100 Mf/s that share one processor end at 6 s; energy up to 10 s."""
    kinds = {"vm": {"memory": "1 MiB", "tasks": task(300.0, threads=threads)}}
    plan = planned(
        {"host": {"machine": machine(100.0, cores), "cpu_overcommit": 2}}, kinds,
        {"all": {"instance": "vm", "at": "0 s", "count": instances}}, duration="10 s",
    )  # fmt: skip
    plan = replace(plan, hosts=(replace(plan.hosts[0], power=power),))
    for apart in (True, False):
        found = tables(plan, apart)
        assert [each["ended_s"] for each in found["requests"]] == pytest.approx([6.0] * instances, rel=1e-12)
        assert found["hosts"][0]["energy_j"] == pytest.approx(energy_j, rel=1e-9)
        assert sum(each["watts"] for each in found["samples"]) * 0.1 == pytest.approx(energy_j, rel=1e-9)


# ---------------------------------------------------------------- OpenDC


def traced(cores: int, demands_mhz: list[list[float]], unmet: str) -> Plan:
    """Instances that play so many MHz for ten minutes each, on cores of 2000 MHz."""
    kinds = {
        f"vm-{number}": {
            "memory": "1 MiB", "vcpus": cores,
            "trace": {"fragments": [{"for": "10 min", "demand": f"{mhz} MHz"} for mhz in each], "unmet": unmet},
        }
        for number, each in enumerate(demands_mhz)
    }  # fmt: skip
    return planned(
        {"host": {"machine": machine(2000.0, cores), "cpu_overcommit": 2}}, kinds,
        {"all": {"instance": list(kinds), "at": "0 s", "count": len(kinds)}},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cores", "demands_mhz", "supplies_mhz"),
    [
        (1, [1000], [1000]),
        (1, [3000], [2000]),
        (2, [1000, 3000], [1000, 3000]),
        (2, [6000, 5000], [2000, 2000]),
        (2, [3000, 1500], [2500, 1500]),
        (2, [1500, 3000], [1500, 2500]),
        (2, [2500, 3000], [2000, 2000]),
    ],
)
def test_supplies(cores: int, demands_mhz: list[float], supplies_mhz: list[float]) -> None:
    """What is lost of ten minutes is what was asked for less what was to be had."""
    found = tables(traced(cores, [[each] for each in demands_mhz], "lost"))["requests"]
    lost = [asked - had for asked, had in zip(demands_mhz, supplies_mhz, strict=True)]
    assert [each["lost_cycles"] / 600e6 for each in found] == pytest.approx(lost, abs=1e-6)
    assert [each["ended_s"] for each in found] == pytest.approx([600.0] * len(found), rel=1e-12)


@pytest.mark.parametrize(
    ("fragments_mhz", "unmet", "end_s", "lost"),
    [
        ([4000], "lost", 600.0, 1.2e12), ([4000], "waits", 1200.0, 0.0),
        ([1000, 4000, 1500], "lost", 1800.0, 1.2e12), ([1000, 4000, 1500], "waits", 2400.0, 0.0),
    ],
)  # fmt: skip
def test_work_that_is_not_to_be_had_waits_or_is_lost(
    fragments_mhz: list[float], unmet: str, end_s: float, lost: float
) -> None:
    """Ours is "perfect scaling" unless a trace says ``lost``, which is "no delay"."""
    found = tables(traced(1, [fragments_mhz], unmet))["requests"][0]
    assert found["ended_s"] == pytest.approx(end_s, rel=1e-12)
    assert found["lost_cycles"] == pytest.approx(lost, rel=1e-9)


# ---------------------------------------------------------------- CloudSim


def cloudlets(cap: float, **tasks: Any) -> dict[str, Any]:
    return {"memory": "512 MiB", "cap": cap, "tasks": {"law": "fixed", **tasks}}


@pytest.mark.parametrize(
    ("hosts", "kinds", "count", "expected_s"),
    [
        (1, {"vm": cloudlets(1.0, size="400000 M cycles", count=1)}, 1, [400]),  # example 1
        (1, {"vm": cloudlets(0.25, size="250000 M cycles", count=1)}, 2, [1000, 1000]),  # 2
        (2, {"a": cloudlets(0.25, size="40000 M cycles", count=1),
             "b": cloudlets(0.5, size="40000 M cycles", count=1)}, 2, [160, 80]),  # 3
        (2, {"vm": cloudlets(0.25, size="40000 M cycles", count=1)}, 2, [160, 160]),  # 4, 5
        (5, {"vm": cloudlets(0.25, size="40000 M cycles", threads=2, count=1)}, 5, [320] * 5),  # 7, 8
    ],
)  # fmt: skip
def test_cloudlets(hosts: int, kinds: Any, count: int, expected_s: list[float]) -> None:
    plan = planned(
        {"host": {"machine": machine(1000.0, mib=2048), "count": hosts, "cpu_overcommit": 2}}, kinds,
        {"all": {"instance": list(kinds), "at": "0 s", "count": count}}, placement={"rule": "spread"},
    )  # fmt: skip
    assert responses(plan) == pytest.approx(expected_s, rel=1e-12)


def test_of_twenty_instances_twelve_fit() -> None:
    """Example 6: hosts of 4 and of 2 cores and 2048 MB, two of each; the first four instances have four cloudlets."""
    hosts = {
        "four": {"machine": machine(1000.0, 4, 2048), "count": 2},
        "two": {"machine": machine(1000.0, 2, 2048), "count": 2},
    }
    kinds = {f"vm-{n}": cloudlets(1.0, size="1000 M cycles", threads=4 if n < 4 else 3, count=1) for n in range(20)}
    plan = planned(hosts, kinds, {"all": {"instance": list(kinds), "at": "0 s", "count": 20}})
    found = tables(plan)["requests"]
    placed = [each for each in found if each["outcome"] == "completed"]
    assert len(placed) == 12
    assert {each["outcome"] for each in found[12:]} == {"refused: no host with the processors"}
    assert [each["response_mean_s"] for each in placed] == pytest.approx([4.0] * 4 + [3.0] * 8, rel=1e-12)
    assert sum(plan.instances[each["type"]].program.threads for each in placed) == 40  # type: ignore[union-attr]


@pytest.mark.parametrize(("threads", "count", "end_s"), [(3, 1, 1110.0), (1, 3, 1110.0)])
def test_three_sizes(threads: int, count: int, end_s: float) -> None:
    """Example 9: shared in time 30, 210 and 1110 s; one after the other 10, 100 and 1000 s."""
    sizes = ["10000 M cycles", "100000 M cycles", "1000000 M cycles"]
    kinds = {"vm": cloudlets(1.0, size=sizes, threads=threads, count=count)}
    plan = planned({"host": {"machine": machine(1000.0)}}, kinds, {"all": {"instance": "vm", "at": "0 s"}})
    found = tables(plan)["requests"][0]
    assert found["ended_s"] == pytest.approx(end_s, rel=1e-12)
    mean_s = (30 + 210 + 1110) / 3 if threads == 3 else (10 + 100 + 1000) / 3
    assert found["response_mean_s"] == pytest.approx(mean_s, rel=1e-12)
    assert found["response_longest_s"] == pytest.approx(1110 if threads == 3 else 1000, rel=1e-12)
