"""The energy of whole runs, and what every product says of its installation."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import Scenario

LECTURE = (
    *("xen-4", "xen-hvm-4.17", "vmware-esxi-7", "kvm-6", "vmware-workstation-17", "vmware-fusion-13"),
    *("vmware-player-17", "virtualbox-7", "docker-27", "lxc-5", "openvz-7", "hotspot-21"),
    *("linux-6", "windows-11", "macos-12"),
)
CATALOG = Catalog()
HOSTS = ("linux-6", "windows-11", "macos-12")


def tables(machine: str, fidelity: str = "fluid") -> dict[str, list[dict[str, Any]]]:
    """Two equal tenants on one machine."""
    data = {
        "machine": machine,
        "stacks": {"native": "linux-6 |"},
        "tenants": {name: {"workload": "sysbench-cpu"} for name in ("a", "b")},
        "fidelity": fidelity,
        "replications": 1,
    }
    found = run_point(Scenario.from_mapping(data, name="energy", catalog=CATALOG).points()[0], 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in found.items()}


@pytest.mark.parametrize("fidelity", ["fluid", "quantum"])
def test_tenants_have_the_whole_energy_between_them(fidelity: str) -> None:
    found = tables("server-2025", fidelity)
    cpu = next(row for row in found["devices"] if row["device"] == "cpu")
    each = [row["energy_j"] for row in found["tenants"]]
    assert sum(each) == pytest.approx(cpu["energy_j"], rel=1e-12)
    assert each[0] == pytest.approx(each[1], rel=0.01)
    assert 0.0 < cpu["loaded_s"] <= cpu["time_s"]
    assert 140.0 < cpu["mean_watts"] <= 430.0
    assert cpu["mean_watts"] == pytest.approx(cpu["energy_j"] / cpu["time_s"], rel=1e-12)


def test_a_machine_whose_power_nobody_knows_has_no_energy() -> None:
    found = tables("laptop-2025")
    assert all(isnan(row["energy_j"]) for row in (*found["devices"], *found["tenants"]))
    assert next(row for row in found["devices"] if row["device"] == "cpu")["loaded_s"] > 0.0


@pytest.mark.parametrize("name", LECTURE)
def test_products_of_the_lecture_say_what_installing_them_takes(name: str) -> None:
    """With honest ranges: what people do and wait for differs from one to another."""
    product = CATALOG.layer(name, "server-2025")
    numbers = product.installation
    assert product.start
    assert all(number.low <= number.value <= number.high for number in numbers.values())
    for key in ("install_steps_count", "install_bytes", "install_wait_s"):
        assert numbers[key].low < numbers[key].high
        assert numbers[key].where
    assert numbers["install_privileged_count"].value <= numbers["install_steps_count"].value
    assert (numbers["install_reboots_count"].value >= 1.0) or name not in HOSTS


@pytest.mark.parametrize("name", [name for name in LECTURE if name not in HOSTS])
def test_products_say_what_one_instance_more_takes(name: str) -> None:
    instance = CATALOG.layer(name, "server-2025").instance
    assert instance["instance_tasks_count"].value >= 1.0
    most = instance.get("instances_most_count")
    assert most is None or most.kind == "published"
