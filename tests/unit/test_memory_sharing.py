"""Tenants that share a machine's memory: who gets what of the bandwidth, who is left alone, and that the ledgers close.

``run_point`` refuses a run whose ledgers do not close.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

Rows = list[dict[str, Any]]
SOCKET_GB = 71.68
"""What all cores of laptop-2025 move: two channels of DDR5-5600 at 80 %; one alone moves 25 GB/s."""
SHORT = {"parts_count": 24, "part_accesses_count": 50_000}


def run(
    tenants: Mapping[str, Any], machine: Any = "laptop-2025", stack: Any = "linux-6 |", **more: Any
) -> dict[str, Rows]:
    """Rows by table, as mappings."""
    points = load({"machine": machine, "stacks": {"one": stack}, "tenants": tenants, **more}).points()
    point = points[-1]  # with a mechanism left out there is the whole run before
    tables = run_point(point, 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}


def stream(threads: int, parts: int = 24) -> dict[str, Any]:
    return {
        "workload": "stream",
        "parameters": {**SHORT, "threads_count": threads, "parts_count": parts},
        "memory": "8 GiB",
    }


def values(tables: Mapping[str, Rows]) -> dict[str, float]:
    return {row["tenant"]: row["value"] for row in tables["tenants"]}


def lost_s(tables: Mapping[str, Rows], tenant: str, mechanism: str) -> float:
    rows = (row for row in tables["charges"] if row["tenant"] == tenant and row["mechanism"] == mechanism)
    return float(sum(row["service_s"] for row in rows if row["cause"] == "machine"))


@pytest.mark.parametrize(("machine", "threads", "bandwidth"), [
    ("laptop-2025", 1, 24.36), ("laptop-2025", 2, 2 * 24.36), ("laptop-2025", 4, SOCKET_GB),
    ("laptop-2025", 8, SOCKET_GB), ("felter-x3650", 8, 22.5271), ("felter-x3650", 16, 2 * 22.5271),
])  # fmt: skip
def test_stream_on_all_cores_gets_the_bandwidth_of_the_sockets(machine: str, threads: int, bandwidth: float) -> None:
    tables = run(
        {"app": stream(threads, threads * 3)}, machine, "linux-6 |" if machine == "laptop-2025" else "linux-3 |"
    )
    assert values(tables)["app"] == pytest.approx(bandwidth, rel=5e-3)
    assert (lost_s(tables, "app", "memory_bandwidth") > 0.0) == (threads * 24 > SOCKET_GB or machine == "felter-x3650")


def test_two_tenants_that_stream_share_it_by_their_threads() -> None:
    """Four threads against two: max-min by what each thread wants, no tenant has a right of its own."""
    found = values(run({"large": stream(4, 24), "small": stream(2, 12)}))
    assert found["large"] == pytest.approx(SOCKET_GB * 4 / 6, rel=1e-2)
    assert found["small"] == pytest.approx(SOCKET_GB * 2 / 6, rel=1e-2)


@pytest.mark.parametrize("stack", ["linux-6 |", "linux-6 | docker-27", "linux-6 | kvm-6 / linux-6"])
def test_who_computes_beside_them_is_untouched(stack: str) -> None:
    """On processors of its own, while a stream beside the same neighbour loses nearly half."""
    computing = {"workload": "linpack", "parameters": {"blocks_count": 4}, "memory": "1 GiB", "vcpus": 1}
    hog = {"workload": "memory-hog", "parameters": {"part_accesses_count": 50_000}, "memory": "4 GiB", "vcpus": 4}
    found = {}
    for name, neighbour in (("quiet", {**hog, "workload": "idle", "parameters": {}}), ("loud", hog)):
        app = {**stream(1, 12), "vcpus": 1}
        found[name] = values(run({"computing": computing, "app": app, "neighbour": neighbour}, stack=stack))
    assert found["loud"]["computing"] == pytest.approx(found["quiet"]["computing"], rel=1e-6)
    assert 0.5 < found["loud"]["app"] / found["quiet"]["app"] < 0.65


@pytest.mark.parametrize("machine", ["felter-x3650", "laptop-2025", "server-2025"])
def test_linpack_loses_nothing(machine: str) -> None:
    """A block's numbers serve a whole row of multiplications: all cores together stay far below the memory's rate."""
    cores = {"felter-x3650": 16, "laptop-2025": 8, "server-2025": 32}[machine]
    kernel = "linux-3 |" if machine == "felter-x3650" else "linux-6 |"
    parameters = {"threads_count": cores, "blocks_count": cores * 2}
    tables = run({"app": {"workload": "linpack", "parameters": parameters, "memory": "8 GiB"}}, machine, kernel)
    assert lost_s(tables, "app", "memory_bandwidth") == 0.0


def test_siblings_are_stalled_not_robbed() -> None:
    """Twelve threads on eight cores with two each: 8 + 0.25 * 4 = 9 cores' work on twelve processors, nobody waits."""
    hogs = {"workload": "linpack", "parameters": {"threads_count": 12, "blocks_count": 24}, "memory": "8 GiB"}
    tables = run({"app": hogs}, {"base": "laptop-2025", "devices": {"cpu": {"threads_per_core_count": 2}}})
    (cpu,) = (row for row in tables["devices"] if row["device"] == "cpu")
    assert (cpu["capacity"], cpu["utilisation"]) == (16, pytest.approx(12 / 16, rel=1e-3))
    assert sum(row["steal_s"] + row["ready_s"] for row in tables["threads"]) == pytest.approx(0.0, abs=1e-9)
    assert lost_s(tables, "app", "smt_sibling") == pytest.approx(cpu["busy_s"] * 0.25, rel=1e-3)


CROWDED = {"base": "laptop-2025", "devices": {"cpu": {
    "cores_count": 4, "threads_per_core_count": 2, "sockets_count": 2, "cache_cores_count": 2,
    "memory_socket_bytes_per_s": "30 GB/s", "numa_link_bytes_per_s": "4 GB/s",
}}}  # fmt: skip
TABLE = {"table_bytes": "12 MiB", "groups_count": 12, "threads_count": 4}
CROWD = {
    "stream": {**stream(4, 40), "vcpus": 4, "memory": "6 GiB"},
    "table": {"workload": "random-access", "parameters": TABLE, "memory": "1 GiB", "vcpus": 4, "cap": 1.5},
    "server": {"workload": "native-server", "parameters": {"requests_count": 40}, "memory": "2 GiB", "vcpus": 2},
    "hog": {"workload": "memory-hog", "memory": "2 GiB", "vcpus": 2, "stop": "20 ms"},
}


@pytest.mark.parametrize("stack", ["linux-6 |", "linux-6 | docker-27", "linux-6 | kvm-6 / linux-6", "xen-4 | linux-6"])
def test_all_at_once_on_a_crowded_machine_with_two_sockets(stack: str) -> None:
    """Quotas, siblings, sockets, cache and bandwidth together, some stopped in mid-flight: the ledgers close."""
    tables = run(CROWD, CROWDED, stack)
    assert {row["outcome"] for row in tables["tenants"]} == {"ok"}
    for mechanism in ("memory_bandwidth", "cache_contention", "numa_remote", "smt_sibling"):
        assert sum(lost_s(tables, tenant, mechanism) for tenant in CROWD) > 0.0, mechanism


@pytest.mark.parametrize("mechanism", ["memory_bandwidth", "cache_contention", "numa_remote", "smt_sibling"])
def test_each_may_be_left_out(mechanism: str) -> None:
    tenants = {name: CROWD[name] for name in ("stream", "table", "hog")}
    tables = run(tenants, CROWDED, {"stack": "linux-6 |", "without": [mechanism]})
    assert sum(lost_s(tables, tenant, mechanism) for tenant in tenants) == 0.0
