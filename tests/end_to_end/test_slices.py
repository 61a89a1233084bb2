"""Scenarios with time slices: through the whole stack, with both ledgers checked in every run."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

MACHINE = {"base": "laptop-2025", "devices": {"cpu": {"cores": 2}}}
SERVER = {"name": "request-response", "parameters": {"transactions": 40, "client": "5 ms"}}
GUEST = {"memory": "1 GiB", "vcpus": 1}
HOGS = 3
UNFAIR = ("first-come", "unikraft-cooperative", "xen-rtds")


def run(stack: Any, **changes: Any) -> dict[str, list[dict[str, Any]]]:
    """A server beside hogs on two processors; rows of all tables as mappings."""
    scenario = {
        "machine": MACHINE,
        "stacks": {"it": stack},
        "tenants": {"server": {"workload": SERVER, **GUEST}, "hog": {"workload": "cpu-hog", "count": HOGS, **GUEST}},
        "fidelity": "quantum",
        "duration": "0.5 s",
        **changes,
    }
    (point,) = load(scenario).points()[-1:]
    tables = run_point(point, 0)["tables"]
    return {name: [dict(zip(names(name), row, strict=True)) for row in rows] for name, rows in tables.items()}


def useful_s(found: dict[str, list[dict[str, Any]]], tenant: str, column: str = "useful_s") -> float:
    return sum(float(row[column]) for row in found["threads"] if row["tenant"] == tenant)


def latency_s(found: dict[str, list[dict[str, Any]]]) -> float:
    (server,) = (row for row in found["tenants"] if row["tenant"] == "server")
    return float(server["latency_p50_s"])


@pytest.mark.parametrize("scheduler", Catalog().names("schedulers"))
@pytest.mark.parametrize("product", ["xen-4", "linux-6"])
def test_every_scheduler_of_the_catalog_divides_a_machine(product: str, scheduler: str) -> None:
    """Hogs leave nothing idle, except under the one scheduler that gives out budgets and nothing else.

    All of them run, unless whoever came first keeps the processor, or budgets for natives are those of the whole.
    """
    stack = f"{product}(scheduler={scheduler}) |" + (" linux-6" if product == "xen-4" else "")
    found = run(stack)
    (cpu,) = (row for row in found["devices"] if row["device"] == "cpu")
    assert cpu["idle_s"] < 0.02 * cpu["time_s"] or scheduler == "xen-rtds"
    assert all(useful_s(found, f"hog-{number}") > 0.0 for number in range(1, HOGS + 1)) or scheduler in UNFAIR


def test_who_wakes_waits_as_its_scheduler_says() -> None:
    """CFS and credit let it in at once, turns of 30 ms when it is next in line.

    A request comes 5 ms after the last answer. By then whoever runs has had more than credit's rate limit of 1 ms, and
    domain 0 and the server follow each other on its processor; of a limit of 8 ms it has had 5, and 3 remain.
    """
    cfs = latency_s(run("linux-6(scheduler=linux-cfs) |"))
    credit = latency_s(run("xen-4 | linux-6"))
    limited = latency_s(run({"stack": "xen-4 | linux-6", "parameters": {"xen-credit": {"ratelimit_s": "8 ms"}}}))
    turns = latency_s(run({"stack": "xen-4(scheduler=turns) | linux-6", "parameters": {"turns": {"slice": "30 ms"}}}))
    assert 0.0 < cfs < credit < 0.1e-3
    assert 2e-3 < limited < 4e-3
    assert 20e-3 < turns < 95e-3


def test_switches_between_slices_are_paid_for_at_each_scheduler() -> None:
    found = run("xen-4 | linux-6")
    paid = sum(row["operations"] for row in found["charges"] if row["mechanism"] == "domain_slice")
    assert paid > 5
    threads = [row for row in found["threads"] if row["tenant"].startswith("hog-")]
    assert sum(row["switches"] for row in threads) > paid  # its own kernel switches too


def test_a_mechanism_of_slices_can_be_switched_off() -> None:
    found = run({"stack": "xen-4 | linux-6", "without": ["domain_slice", "cache_refill"]})
    assert not {"domain_slice", "cache_refill"} & {row["mechanism"] for row in found["charges"]}


def test_without_slices_there_are_no_switches_to_count() -> None:
    found = run("xen-4 | linux-6", fidelity="fluid")
    assert all(row["switches"] != row["switches"] for row in found["threads"])
    assert "time slices" in found["runs"][0]["not_modelled"]


def test_a_cap_is_a_budget_in_each_period() -> None:
    """Half a processor in periods of 100 ms, alone on the machine: 50 ms on, 50 ms off, and throttled so long."""
    tenants = {"hog": {"workload": {"name": "cpu-hog", "parameters": {"threads": 1}}, "memory": "1 GiB", "cap": 0.5}}
    for fidelity, error_s in (("quantum", 0.051), ("fluid", 0.001)):
        found = run("linux-6 | docker", tenants=tenants, duration="1 s", fidelity=fidelity)
        assert useful_s(found, "hog", "throttled_s") == pytest.approx(0.5, abs=error_s)


def test_a_tenant_keeps_to_its_processors() -> None:
    """Both on processor 0: half of it each, and the other one idle."""
    tenants = {name: {"workload": "cpu-hog", "memory": "1 GiB", "cpus": "0"} for name in ("a", "b")}
    found = run("linux-6 | docker", tenants=tenants, duration="2 s")
    (cpu,) = (row for row in found["devices"] if row["device"] == "cpu")
    assert cpu["busy_s"] == pytest.approx(2.0, rel=0.01)
