"""Installing in simulated time: what it takes of card, disk and time, and what a restart takes down."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.operations.kinds.install import Install
from simulator.records import names
from simulator.scenario import load

GUESTS = {"app": {"workload": "cpu-hog", "memory": "256 MiB", "vcpus": 1}}


def tables(operation: dict[str, Any], stack: str = "linux-6 |", **more: Any) -> dict[str, list[dict[str, Any]]]:
    """All tables of a run, as rows by column."""
    data = {
        "machine": "server-2025", "stacks": {"it": stack}, "tenants": GUESTS, "duration": "300 s",
        "operations": [{"at": "1 s", **operation}], **more,
    }  # fmt: skip
    (point,) = load(data).points()
    found = run_point(point, 0)["tables"]
    return {name: [dict(zip(names(name), row, strict=True)) for row in rows] for name, rows in found.items()}


def test_it_is_fetched_written_and_set_up() -> None:
    """150 MB over 25 Gbit/s take 48 ms at least; then 30 s of the installer."""
    found = tables({"install": "virtualbox-7"})
    (row,) = found["operations"]
    size = row["moved_bytes"]
    assert (row["outcome"], row["node"], row["product"]) == ("done", "linux-6", "virtualbox-7")
    assert row["disk_bytes"] == size > 1e8
    received = sum(each["bytes"] for each in found["charges"] if each["device"] == "nic-receive")
    written = sum(each["bytes"] for each in found["charges"] if each["device"] == "disk")
    assert received == pytest.approx(size, rel=0.1) and written == pytest.approx(size, rel=0.1)
    assert row["downtime_s"] == 0.0 and found["tenants"][0]["outcome"] == "ok"


def test_a_slow_link_decides() -> None:
    """The same over 100 Mbit/s: size over rate, and the installer's own time."""
    machine = {"base": "server-2025", "devices": {"nic": {"link": "100 Mbit/s"}}}
    fast, slow = (tables({"install": "virtualbox-7"}, **more)["operations"][0] for more in ({}, {"machine": machine}))
    beyond_s = slow["duration_s"] - fast["duration_s"]
    assert beyond_s == pytest.approx(slow["moved_bytes"] / 12.5e6, rel=0.2)


def test_a_restart_takes_down_what_stands_on_the_host_and_brings_it_up_again() -> None:
    found = tables({"install": "xen-4"}, "linux-6 | kvm-6 / linux-6", duration="120 s")
    (row,) = found["operations"]
    assert (row["outcome"], row["rounds"]) == ("done", 1)
    assert row["downtime_s"] > 0.0 and row["work_lost_s"] > 0.0
    assert [each["tenant"] for each in found["tenants"]] == ["app"]


def test_into_a_guest_it_is_the_guest_that_restarts() -> None:
    found = tables({"install": "xen-4", "into": "app"}, "linux-6 | kvm-6 / linux-6", duration="120 s")
    (row,) = found["operations"]
    assert row["node"].endswith("linux-6[app]") and row["outcome"] == "done"


def test_what_nobody_knows_is_refused_before_anything_runs() -> None:
    unknown = Install.unfit({}, {"target": "my-box", "installation": {}})
    assert unknown.startswith("nobody knows what it takes to install my-box: give its file a section")
    with pytest.raises(ScenarioError, match="there is no tenant 'ap'"):
        tables({"install": "virtualbox-7", "into": "ap"})
    with pytest.raises(ScenarioError, match="virtualbox"):
        tables({"install": "virtualbok-7"})


def test_under_a_hypervisor_that_stands_on_the_hardware_domain_0_installs_and_the_machine_restarts() -> None:
    found = tables({"install": "xen-4"}, "xen-4 | linux-6", duration="60 s")
    (row,) = found["operations"]
    assert (row["node"], row["rounds"]) == ("xen-4/domain-0", 1)
    assert row["downtime_s"] > 0.0 and row["work_lost_s"] > 0.0
