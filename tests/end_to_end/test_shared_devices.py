"""Tenants that share a disk and a network card: weights and limits of a scenario, down to the devices.

The disk serves each tenant's requests in order of arrival here, so that all of them take the same time in the mean and
their numbers say who had how much of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

HOG = {
    "workload": {"name": "disk-hog-random", "parameters": {"threads_count": 4}},
    "memory": "256 MiB",
    "vcpus": 1,
}
SEND = {"workload": "net-send", "memory": "256 MiB", "vcpus": 1}
DOCKER, XEN, BARE = "linux-6 | docker", "xen-1 | linux-2.4", "linux-2.4 |"
MACHINES = {DOCKER: "lenny-2009", XEN: "dell-2650", BARE: "dell-2650"}


def tables(stack: str, tenants: Mapping[str, Mapping[str, Any]], **settings: Any) -> dict[str, list[dict[str, Any]]]:
    """Rows by table of 10 s on this stack."""
    scenario = {
        "machine": {"base": MACHINES[stack], "devices": {"disk": {"queue_depth": 1}}},
        "stacks": {"one": stack},
        "tenants": tenants,
        "duration": "10 s",
        **settings,
    }
    (point,) = load(scenario).points()
    made = run_point(point, 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in made.items()}


def operations(found: Mapping[str, list[dict[str, Any]]]) -> dict[str, float]:
    return {row["tenant"]: row["operations"] for row in found["tenants"]}


@pytest.mark.parametrize("stack", [DOCKER, XEN])
@pytest.mark.parametrize("weights", [(1.0, 4.0), (1.0, 1.0)])
def test_disk_hogs_divide_the_disk_by_weight(stack: str, weights: tuple[float, float]) -> None:
    """The same requests anywhere on the disk: of weight 1 beside 4 a fifth of them, and of the time of the disk."""
    found = tables(stack, {name: {**HOG, "disk_weight": w} for name, w in zip(("a", "b"), weights, strict=True)})
    done = operations(found)
    part = weights[0] / sum(weights)
    assert done["a"] / sum(done.values()) == pytest.approx(part, rel=0.05)
    if stack == DOCKER:  # whose threads use the disk themselves
        had = dict.fromkeys("ab", 0.0)
        for charge in found["charges"]:
            if charge["device"] == "disk" and charge["tenant"] in had:
                had[charge["tenant"]] += charge["service_s"]
        assert had["a"] / sum(had.values()) == pytest.approx(part, rel=0.05)
        assert sum(had.values()) == pytest.approx(10.0, rel=0.01)


def test_a_deep_queue_does_not_help_a_neighbour() -> None:
    """A victim with one request at a time has half of the turns, beside 2 or 16 of the neighbour's at once."""
    victim = {**HOG, "workload": {"name": "disk-hog-random", "parameters": {"threads_count": 1}}}
    done = []
    for threads in (2, 16):
        bully = {**HOG, "workload": {"name": "disk-hog-random", "parameters": {"threads_count": threads}}}
        done.append(operations(tables(DOCKER, {"victim": victim, "bully": bully}))["victim"])
    assert done[1] == pytest.approx(done[0], rel=0.05)


@pytest.mark.parametrize("stack", [DOCKER, XEN])
def test_limits_at_the_disk_hold_and_leave_the_rest_to_others(stack: str) -> None:
    """Twenty requests a second; and 40 kB/s of blocks of 4 KiB: ten of them a second, one at once, in 10 s."""
    slow = operations(tables(stack, {"a": {**HOG, "disk_operations_limit": 20}, "b": HOG}))
    slower = operations(tables(stack, {"a": {**HOG, "disk_limit": "40.96 kB/s"}, "b": HOG}))
    free = operations(tables(stack, {"a": HOG, "b": HOG}))
    assert slow["a"] == pytest.approx(200, abs=5)
    assert slower["a"] == pytest.approx(100, abs=5)
    assert free["b"] < slow["b"] < slower["b"]
    assert sum(slow.values()) == pytest.approx(sum(free.values()), rel=0.05)


def test_a_limit_at_the_network_holds_on_the_wire() -> None:
    """10 MB/s, its own and no other tenant's."""
    found = tables(DOCKER, {"a": {**SEND, "network_limit": "10 MB/s"}, "b": SEND}, duration="2 s")
    had = dict.fromkeys("ab", 0.0)
    for charge in found["charges"]:
        if charge["device"] == "nic-send":
            had[charge["tenant"]] += charge["service_s"]
    assert had["a"] * 125e6 == pytest.approx(20e6, rel=0.02)
    assert had["b"] * 125e6 > 100e6


def test_a_hog_of_the_network_has_its_part_of_it_by_weight() -> None:
    """Both send all they can: two to one, of what the link carries."""
    found = tables(DOCKER, {"a": {**SEND, "network_weight": 2}, "b": {**SEND, "network_weight": 1}}, duration="2 s")
    had = dict.fromkeys("ab", 0.0)
    for charge in found["charges"]:
        if charge["device"] == "nic-send":
            had[charge["tenant"]] += charge["service_s"]
    assert had["a"] / had["b"] == pytest.approx(2.0, rel=0.05)
    assert sum(had.values()) == pytest.approx(2.0, rel=0.02)


def test_nobody_keeps_weights_and_limits_without_a_system_between() -> None:
    """Programs of one kernel: first come, first served, and the result says that nothing enforces their part."""
    tenants = {"a": {**HOG, "disk_weight": 9.0, "disk_operations_limit": 1}, "b": HOG}
    found = tables(BARE, tenants)
    done = operations(found)
    assert done["a"] == pytest.approx(done["b"], rel=0.05)
    assert {row["share_enforced"] for row in found["tenants"]} == {0}
    enforced = tables(XEN, tenants)
    assert {row["share_enforced"] for row in enforced["tenants"]} == {1}
    assert operations(enforced)["a"] <= 11


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("disk_weight", 0, "0 is not a weight (write a number greater than 0"),
        ("disk_limit", "20 MB", "'MB' is a unit of size"),
        ("disk_limit", "0 B/s", "is not enough"),
        ("disk_operations_limit", "many", "'many' is no number of operations a second"),
        ("disk_operations_limit", 0, "0 is no number of operations a second"),
        ("network_limit", "10 GB/s", "10 GB/s is no limit: the link of dell-2650"),
    ],
)
def test_what_is_no_weight_or_limit_is_refused(key: str, value: Any, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        tables(BARE, {"a": {**HOG, key: value}})
    assert f"tenants.a.{key}" in str(caught.value)
    assert message in str(caught.value)


def test_limits_can_be_axes() -> None:
    tenants = {"a": {**HOG, "disk_limit": ["1 MB/s", "2 MB/s"], "disk_operations_limit": ["100/s", 50]}}
    scenario = {"machine": "dell-2650", "stacks": {"one": BARE}, "tenants": tenants, "duration": "1 s"}
    figures = [point["tenants"]["a"] for point in load(scenario).points()]
    assert [(each["disk_bytes_per_s"], each["disk_operations_per_s"]) for each in figures] == [
        (1e6, 100.0), (1e6, 50.0), (2e6, 100.0), (2e6, 50.0),
    ]  # fmt: skip
