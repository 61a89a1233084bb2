"""What layers set for themselves by what they see around them stands in the results, and can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator import discovery
from simulator.experiment import build, run_point
from simulator.records import names
from simulator.scenario import load
from simulator.validation import readings

MIB = 2**20


def test_what_a_virtual_machine_made_of_its_container_can_be_read() -> None:
    """One processor and 512 MiB: the serial collector, a compiler thread of each kind, a quarter of the memory."""
    tenant = {"workload": "java-server", "memory": "512 MiB", "vcpus": 1}
    stacks = {"in a container": "linux-6 | docker-27 / hotspot-21"}
    (point,) = load({"machine": "laptop-2025", "stacks": stacks, "tenants": {"app": tenant}}).points()
    tables = run_point(point, 0)["tables"]
    assert all(len(row) == len(names(table)) for table, rows in tables.items() for row in rows)
    found = {row[3]: row[4] for row in tables["settings"]}
    assert found["collector"] == "serial"
    read = readings.read(tables)["app"]
    assert read["heap_most_bytes"] == 128 * MIB
    assert (read["compiler_threads_count"], read["collector_threads_count"]) == (2.0, 1.0)


def test_every_setting_is_declared() -> None:
    """With unit and meaning; those that are numbers are known as readings."""
    declared = [discovery.member("layers", name).LAYER.SETTINGS for name in discovery.members("layers")]
    numbers = {name for settings in declared for name, (unit, _) in settings.items() if unit}
    assert "heap_most_bytes" in numbers
    assert numbers <= readings.known().keys()
    assert all(meaning for settings in declared for _, meaning in settings.values())


@pytest.mark.parametrize(
    ("stack", "tenant", "compilers"),
    [
        ("linux-6 | docker-27 / hotspot-21", {"cap": "50 %"}, 2),  # a quota of its container is seen: one processor
        ("linux-6 | docker-27 / hotspot-21", {"cap": "300 %"}, 2),  # three processors: log2 is 1
        ("linux-6 | docker-27 / hotspot-21", {}, 3),  # four
        ("linux-6 | docker-27 / hotspot-21", {"cpus": [0]}, 2),  # so is the set of processors that it may run on
        ("linux-6 | kvm-6 / linux-6 / docker-27 / hotspot-21", {"cap": "50 %"}, 3),  # what stops its machine is not
        ("linux-6 | kvm-6 / linux-6 / hotspot-21", {"cap": "50 %"}, 3),
        ("xen-4 | linux-6 / hotspot-21", {"cap": "50 %"}, 3),
    ],
)
def test_a_virtual_machine_s_processors_are_seen_and_a_quota_around_it_is_not(
    stack: str, tenant: Mapping[str, Any], compilers: int
) -> None:
    """Four virtual processors of which the hypervisor runs half a one are four to everything in the guest."""
    app = {"workload": "java-server", "memory": "4 GiB", "vcpus": 4, **tenant}
    (point,) = load({"machine": "server-2025", "stacks": {"it": stack}, "tenants": {"app": app}}).points()
    house = build(point)
    assert house.tops["app"].layer.settings()["compiler_threads_count"] == compilers


def test_it_may_be_told_how_many_processors_to_count_on() -> None:
    """On four processors told of one: the serial collector, one thread for each compiler."""
    app = {"workload": "java-server", "memory": "4 GiB", "vcpus": 4, "limits": {"hotspot-21": {"processors": 1}}}
    stacks = {"it": "linux-6 | docker-27 / hotspot-21"}
    (point,) = load({"machine": "server-2025", "stacks": stacks, "tenants": {"app": app}}).points()
    found = build(point).tops["app"].layer.settings()
    assert (found["collector"], found["compiler_threads_count"]) == ("serial", 2)


@pytest.mark.parametrize("collector", sorted(discovery.members("layers.collectors")))
def test_a_collector_may_be_asked_for(collector: str) -> None:
    """Whatever it sees, and however little memory there is."""
    app = {"workload": "java-server", "memory": "100 MiB", "vcpus": 1}
    stacks = {"it": f"linux-6 | docker-27 / hotspot-21(collector={collector})"}
    (point,) = load({"machine": "server-2025", "stacks": stacks, "tenants": {"app": app}}).points()
    assert build(point).tops["app"].layer.settings()["collector"] == collector
