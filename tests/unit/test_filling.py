"""How many fit: the search, the limits that need no run, footprints by hand, and a small machine filled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import simulator as vl
from simulator.errors import ScenarioError, UsageError
from simulator.filling import asked_otherwise, density
from simulator.filling.footprint import footprint
from simulator.filling.search import largest
from simulator.filling.trials import Trial, Trials
from simulator.scenario import Scenario

MIB = 2**20
SERVICE = {
    "workload": {"name": "small-service", "parameters": {"resident_bytes": "64 MiB", "data_bytes": "16 MiB"}},
    "memory": "192 MiB",
    "vcpus": 1,
}


def scenario(stacks: dict[str, str], **changes: Any) -> Scenario:
    """Small services on a machine of two processors and 1 GiB."""
    devices = {"cpu": {"cores_count": 2, "threads_per_core_count": 1}, "memory": {"capacity_bytes": "1 GiB"}}
    data = {
        "machine": {"base": "server-2025", "devices": devices},
        "stacks": stacks,
        "tenants": {"service": SERVICE},
        "duration": "2 s",
        "warmup": "1 s",
        "density": {"latency": "1 s", "precision": "30 %"},
    }
    return Scenario.from_mapping(data | changes, name="small")


def found(guess: int, most: int, holds: Callable[[int], bool], precision: float = 0.001) -> tuple[int, list[int]]:
    """What a search finds, and what it tried."""
    search, tried, answer = largest(guess, most, precision), [], None
    while True:
        try:
            tried.append(search.send(answer))  # type: ignore[arg-type]
        except StopIteration as ended:
            return ended.value, tried
        answer = holds(tried[-1])


@pytest.mark.parametrize(("guess", "most", "true"), [(5, 100, 17), (50, 100, 17), (1, 1000, 640), (9, 9, 9), (3, 8, 0)])
def test_the_search_finds_the_largest_that_holds(guess: int, most: int, true: int) -> None:
    value, tried = found(guess, most, lambda number: number <= true)
    assert value == true
    assert len(tried) == len(set(tried))
    assert all(1 <= number <= most for number in tried)


def test_the_search_ends_at_once_where_everything_fits() -> None:
    assert found(40, 40, lambda _: True) == (40, [40])


def test_the_search_is_no_more_exact_than_asked() -> None:
    value, tried = found(100, 1000, lambda number: number <= 130, precision=0.1)
    assert value <= 130 < value * 1.1 + 1
    assert len(tried) <= 4


def test_memory_of_processes_containers_and_machines_by_hand() -> None:
    """A process holds 64 MiB. A container has 12 MiB of runtime beside, a virtual machine 192 MiB and its monitor."""
    trials = Trials(
        scenario({"process": "linux-6 |", "Docker": "linux-6 | docker-27", "KVM": "linux-6 | kvm-6 / linux-6"})
    )
    found = {label: footprint(trials.point(label, 1), trials.point(label, 2)) for label in trials.stacks}
    assert found["process"].parts == {"program": 64 * MIB}
    assert found["process"].fixed_bytes == 96 * MIB
    assert found["process"].count == (1024 - 96) // 64
    assert found["Docker"].parts == {"docker-27": 12 * MIB, "program": 64 * MIB}
    assert found["Docker"].count == (1024 - 96) // 76
    kvm = found["KVM"]
    assert set(kvm.parts) == {"kvm-6", "linux-6"}
    assert kvm.parts["linux-6"] == 192 * MIB
    assert kvm.count == (1024 * MIB - kvm.fixed_bytes) // kvm.each_bytes


def test_of_overcommitted_machines_what_they_touch_counts() -> None:
    """A kernel of 96 MiB, a program of 64 and files of 4, whatever was promised; and the monitor."""
    asked = scenario({"KVM": "linux-6(swap=disk) | kvm-6 / linux-6(swap=disk)"}, density={"overcommit": ["KVM"]})
    trials = Trials(asked)
    promised, touched = (footprint(trials.point("KVM", 1), trials.point("KVM", 2), each) for each in (False, True))
    assert promised.parts["linux-6"] == 192 * MIB
    assert touched.parts["linux-6"] == pytest.approx((96 + 64 + 4) * MIB, rel=1e-6)
    assert touched.parts["kvm-6"] == promised.parts["kvm-6"]
    with pytest.raises(ScenarioError, match="no stack is called 'Xen'"):
        scenario({"KVM": "linux-6 | kvm-6 / linux-6"}, density={"overcommit": ["Xen"]})


def test_as_many_machines_are_admitted_as_are_counted() -> None:
    """A hypervisor that gives memory at once refuses one more than what each takes allows."""
    host = {"base": "server-2025", "devices": {"memory": {"capacity_bytes": "4 GiB"}}}
    trials = Trials(scenario({"Xen": "xen-4 | linux-6"}, machine=host))
    label = next(iter(trials.stacks))
    count = footprint(trials.point(label, 1), trials.point(label, 2)).count
    trials.point(label, count)
    with pytest.raises(ScenarioError):
        trials.point(label, count + 1)


def test_a_machine_is_filled_and_says_what_it_lacks(tmp_path: Path) -> None:
    stacks = {"process": "linux-6 |", "KVM": "linux-6 | kvm-6 / linux-6"}
    answer = density(scenario(stacks), out=tmp_path, jobs=1)
    models = {model.label: model for model in answer.models}
    assert models["process"].limit == models["KVM"].limit == "memory"
    assert models["process"].count == 14
    assert models["KVM"].count == models["KVM"].memory.count == 4
    assert answer.exit_code == 0
    frame = answer.frame()
    assert list(frame["instances"]) == [14, 4]
    assert not frame["processors_reached"].any()
    assert (frame["instance_watts"] > 140.0 / 14.0).all()


def test_processors_are_the_limit_where_answers_may_take_no_longer(tmp_path: Path) -> None:
    """A tenth of a core each: on two cores answers wait long before the twenty that would fill them."""
    heavy = {
        "name": "small-service",
        "parameters": {"resident_bytes": "8 MiB", "data_bytes": "4 MiB", "client_s": "3 s"},
    }
    asked = scenario(
        {"process": "linux-6 |"},
        tenants={"service": {"workload": heavy}},
        density={"latency": "80 ms", "precision": "30 %"},
    )
    (model,) = density(asked, out=tmp_path, jobs=1).models
    assert model.limit == "processors"
    assert 1 <= model.count < 2 / 0.37
    assert model.beyond is not None
    assert model.beyond.latency_s > 0.08 or model.beyond.silent


def test_the_limit_is_what_was_busy_or_how_one_was_lost() -> None:
    assert Trial(3, latency_s=2.0, busiest="disk", busy_ratio=0.9).limit == "disk"
    assert Trial(3, latency_s=2.0, busiest="disk", busy_ratio=0.2).limit == "waiting"
    assert Trial(3, latency_s=0.1, lost="killed", busiest="disk", busy_ratio=0.9).limit == "killed"
    assert not Trial(3, latency_s=0.1, silent=2).holds(1.0)
    assert Trial(3, latency_s=0.1, silent=1).holds(1.0)
    assert Trial(3, latency_s=0.1).holds(0.1)


def test_another_host_and_another_target() -> None:
    asked = asked_otherwise(scenario({"process": "linux-6 |"}), "2 GiB", "30 ms")
    assert asked.points()[0]["machine"]["devices"]["memory"]["parameters"]["capacity_bytes"] == 2048 * MIB
    assert asked.density.latency == 0.03
    assert asked.density.precision == 0.3


def test_what_it_cannot_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no duration"):
        vl.density(scenario({"process": "linux-6 |"}, duration=None), out=tmp_path)
    with pytest.raises(UsageError, match="is a list"):
        vl.density(scenario({"process": "linux-6 |"}, warmup=["0 s", "1 s"]), out=tmp_path)
    with pytest.raises(ScenarioError, match="no stack is called 'JVMs'"):
        scenario({"JVM": "linux-6 | hotspot-21"}, density={"memory": {"JVMs": "1 GiB"}})
    with pytest.raises(ScenarioError, match="no tenant is called 'web'"):
        scenario({"process": "linux-6 |"}, density={"tenant": "web"})
