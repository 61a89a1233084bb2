"""Scenario files: what they resolve to, and how each mistake is refused: located, with a remedy, all at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.catalog.product import Device, Machine, Product, Quantity
from simulator.errors import CatalogError, ScenarioError
from simulator.scenario import Scenario, load
from simulator.scenario.export import SCHEMA, json_schema

FIVE_MISTAKES = """\
version: 1
machine: dell-2560
stacks:
  native: linux-2.4 |
  xen: xen-1 | | linux-2.4
tenants:
  app: {workload: buildx, memoryy: 512 MiB}
duration: 3 GHz
"""

BOX = """
from simulator.layers.base import Layer, Mechanism

class Box(Layer):
    OFFERS = NEEDS = "system"
    MECHANISMS = {"overlay": Mechanism("a file is found")}
    LIMITS = {"processes_count": "count", "heap_bytes": "bytes"}

    def lower(self, demand):
        return ()

LAYER = Box
"""


def quantities(**values: tuple[float, str]) -> dict[str, Quantity]:
    return {
        name: Quantity(name, value, unit, value, value, "assumed", "", "made up", "any")
        for name, (value, unit) in values.items()
    }


def layer(
    name: str, family: str, *, roles: Mapping[str, str] | None = None, scheduler: str = "", **structure: str
) -> Product:
    parameters = quantities(
        trap_cycles=(800.0, "cycles"),
        copy_cycles_per_byte=(0.5, "cycles/byte"),
        hypervisor_bytes=(16e6, "bytes"),
        domain_bytes=(0.0, "bytes"),
        driver_domain_bytes=(64e6, "bytes"),
        packet_back_end_cycles=(7000.0, "cycles"),
        block_back_end_cycles=(5000.0, "cycles"),
        ring_count=(32.0, "count"),
        monitor_bytes=(8e6, "bytes"),
    )
    return Product(
        "layers",
        name,
        name,
        "dell-2650",
        family=family,
        structure=structure,
        roles=roles or {},
        scheduler=scheduler,
        parameters=parameters,
    )


def workload(name: str) -> Product:
    metric = {"name": "elapsed", "unit": "s", "better": "lower"}
    parameters = quantities(
        files_count=(10.0, "count"),
        file_cycles=(1e6, "cycles"),
        part_ratio=(0.5, "ratio"),
        page_bytes=(1, "bytes"),
        page_s=(1, "s"),
    )
    return Product(
        "workloads",
        name,
        name,
        "dell-2650",
        program="kernel_build",
        interface="system",
        metric=metric,
        parameters=parameters,
    )


VM = {"workload": "build", "memory": "512 MiB"}


class FakeCatalog:
    """A few products whose numbers mean nothing."""

    layers = {
        product.name: product
        for product in (
            layer("linux-2.4", "operating_system"),
            layer("linux-6", "operating_system"),
            layer("xen-1", "paravirtual_hypervisor", scheduler="take-turns", driver_place="hypervisor"),
            layer("xen-2", "paravirtual_hypervisor", roles={"domain-0": "linux-2.4"}, driver_place="domain-0"),
            layer("xen-9", "paravirtual_hypervisor", driver_place="domain-0"),
            layer("workstation-3.2", "hosted_hypervisor"),
            layer("docker", "box"),
        )
    }
    stems = {"linux": "linux-6", "xen": "xen-2", "workstation": "workstation-3.2"}

    def names(self, kind: str) -> list[str]:
        return {
            "layers": list(self.layers),
            "workloads": ["build", "idle"],
            "machines": ["dell-2650", "other"],
            "schedulers": ["take-turns", "line"],
        }[kind]

    def resolve_name(self, kind: str, name: str) -> str:
        if name in self.names(kind) or name == "year-only":
            return name
        if kind == "layers" and name in self.stems:
            return self.stems[name]
        raise CatalogError(f"no {kind.removesuffix('s')} is called {name!r}; did you mean {self.names(kind)[0]!r}?")

    def layer(self, name: str, machine: str) -> Product:
        return self.layers[name]

    def workload(self, name: str, machine: str) -> Product:
        return workload(name)

    def virtual_hardware(self, name: str, machine: str) -> Product:
        raise CatalogError(f"there is no {name}")

    def scheduler(self, name: str, machine: str) -> Product:
        family = {"take-turns": "round_robin", "line": "fifo"}[name]
        parameters = quantities(slice_s=(0.01, "s")) if name == "take-turns" else {}
        return Product("schedulers", name, name, "dell-2650", family=family, parameters=parameters)

    def machine(self, name: str) -> Machine:
        devices = {
            "cpu": Device("cpu", "processor", {}, quantities(cores_count=(2.0, "count"), frequency_hz=(2.4e9, "hz"))),
            "memory": Device("memory", "memory", {}, quantities(capacity_bytes=(2.0**31, "bytes"))),
        }
        return Machine(name, name, 2002, devices)


@pytest.fixture(autouse=True)
def box(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer of the user's own, so that there is one that offers what it needs."""
    folder = tmp_path_factory.mktemp("catalog")
    (folder / "modules" / "layers").mkdir(parents=True)
    (folder / "modules" / "layers" / "box.py").write_text(BOX)
    monkeypatch.setenv("VIRTLAB_CATALOG", str(folder))


def scenario(**changes: Any) -> Scenario:
    data = {"machine": "dell-2650", "stacks": {"native": "linux-2.4 |"}, "tenants": {"app": {"workload": "build"}}}
    return Scenario.from_mapping({**data, **changes}, name="small", catalog=FakeCatalog())


def mistakes(**changes: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        scenario(**changes)
    return [str(problem).removeprefix("<mapping>: ") for problem in caught.value.problems]


def stack(text: Any) -> dict[str, Any]:
    """A scenario with one stack, whose tenants fit into virtual machines."""
    return {"stacks": {"it": text}, "tenants": {"app": {"workload": "build", "memory": "512 MiB"}}}


# ---------------------------------------------------------------- what a scenario resolves to


def test_a_point_is_all_that_a_worker_needs() -> None:
    (point,) = scenario(
        title="Small",
        stacks={"xen": "xen-1 | linux-2.4"},
        tenants={"app": {"workload": "build", "memory": "512 MiB", "cap": "50 %"}},
        seed=7,
    ).points()
    assert json.loads(json.dumps(point)) == point
    assert {key: value for key, value in point.items() if key not in ("machine", "layers", "tenants")} == {
        "scenario": "small",
        "title": "Small",
        "point": 0,
        "seed": 7,
        "axes": {},
        "stack": "xen",
        "expression": "xen-1 | linux-2.4",
        "hardware": {"app": {}},
        "faults": [],
        "operations": [],
        "without": [],
        "duration_s": None,
        "warmup_s": 0.0,
        "fidelity": "fluid",
    }
    assert point["machine"]["name"] == "dell-2650"
    assert point["machine"]["devices"]["cpu"] == {
        "kind": "processor",
        "parameters": {"cores_count": 2.0, "frequency_hz": 2.4e9},
    }
    assert list(point["layers"]) == ["xen-1", "linux-2.4"]
    assert point["layers"]["xen-1"]["structure"] == {"driver_place": "hypervisor"}
    assert point["layers"]["xen-1"]["scheduler"] == {
        "name": "take-turns",
        "policy": "round_robin",
        "parameters": {"slice_s": 0.01},
    }
    assert point["layers"]["linux-2.4"]["scheduler"] is None
    assert point["tenants"]["app"] == {
        "copy_of": "app",
        "workload": "build",
        "program": "kernel_build",
        "metric": {"name": "elapsed", "unit": "s", "better": "lower"},
        "parameters": {"files_count": 10.0, "file_cycles": 1e6, "part_ratio": 0.5, "page_bytes": 1, "page_s": 1},
        "bytecode": None,
        "writes": {},
        "memory_bytes": 2.0**29,
        "memory_reservation_bytes": None,
        "memory_limit_bytes": None,
        "memory_weight": 1.0,
        "memory_high_bytes": None,
        "memory_low_bytes": None,
        "vcpus": None,
        "weight": 1.0,
        "weight_rule": "shares",
        "cap_cores": 0.5,
        "cap_period_s": 0.1,
        "cap_burst_s": 0.0,
        "reservation_cores": None,
        "cpus": None,
        "disk_weight": 1.0,
        "disk_bytes_per_s": None,
        "disk_operations_per_s": None,
        "network_weight": None,
        "network_bytes_per_s": None,
        "start_s": 0.0,
        "boot": False,
        "stop_s": None,
        "intensity": 1.0,
        "group": None,
        "limits": {},
        "expression": "xen-1 | linux-2.4",
    }


def test_several_tenants_may_be_written_as_one() -> None:
    (one, three) = scenario(
        stacks={"xen": {"web": "xen-1 | linux-2.4", "db": "xen-1 | linux-2.4"}},
        tenants={"web": {**VM, "count": [1, 3], "memory": "128 MiB"}, "db": VM},
    ).points()
    assert list(one["tenants"]) == ["web", "db"]
    assert list(three["tenants"]) == ["web-1", "web-2", "web-3", "db"]
    assert [each["copy_of"] for each in three["tenants"].values()] == ["web", "web", "web", "db"]
    assert three["axes"] == {"tenants.web.count": 3}


def test_others_may_be_none() -> None:
    """With a count of 0 the others are alone; somebody has to be there."""
    found = scenario(stacks={"xen": "xen-1 | linux-2.4"}, tenants={"a": VM, "b": {**VM, "count": [0, 2]}}).points()
    assert [list(point["tenants"]) for point in found] == [["a"], ["a", "b-1", "b-2"]]
    with pytest.raises(ScenarioError, match="tenants: are none in one of the combinations"):
        scenario(stacks={"xen": "xen-1 | linux-2.4"}, tenants={"a": {**VM, "count": [0, 1]}})


def test_a_copy_may_not_be_called_as_another_tenant() -> None:
    with pytest.raises(ScenarioError, match="one of its 2 copies is called 'a-2', as another tenant is"):
        scenario(stacks={"xen": "xen-1 | linux-2.4"}, tenants={"a": {**VM, "count": 2}, "a-2": VM})


def test_a_product_may_be_given_another_scheduler() -> None:
    stacks = [
        "xen-1(scheduler=line) | linux-2.4",
        {"stack": "xen-1 | linux-2.4", "parameters": {"take-turns": {"slice": "5 ms"}}},
    ]
    points = scenario(stacks={"line": stacks[0], "short": stacks[1]}, tenants={"app": VM}).points()
    schedulers = [point["layers"]["xen-1"]["scheduler"] for point in points]
    assert schedulers[0] == {"name": "line", "policy": "fifo", "parameters": {}}
    assert schedulers[1] == {"name": "take-turns", "policy": "round_robin", "parameters": {"slice_s": 0.005}}


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        ("xen-1(scheduler=lime) | linux-2.4", "no scheduler is called 'lime' (did you mean"),
        (
            "linux-2.4(scheduler=line) |",
            "linux-2.4 has no scheduler of its own: what lies below divides the processors",
        ),
    ],
)
def test_a_scheduler_that_cannot_be_had_is_refused(stack: str, message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(stacks={"a": stack}, tenants={"app": VM})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"cpus": "0-2"}, "tenants.a.cpus: there is no processor 2: dell-2650 has 2, counted from 0 (write numbers"),
        ({"cpus": "two"}, "tenants.a.cpus: 'two' is no set of processors (write numbers from 0 and ranges"),
        ({"reservation": 3}, "tenants.a.reservation: 3 processors are reserved, and dell-2650 has 2 (reserve less)"),
        ({"reservation": 1, "cap": 0.5}, "tenants.a.reservation: is more than the cap of 0.5 (reserve less)"),
        ({"weight_rule": "half"}, "tenants.a.weight_rule: 'half' is no rule (write 'shares'"),
    ],
)
def test_rules_for_processors_that_cannot_be_kept_are_refused(rules: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario(stacks={"xen": "xen-1 | linux-2.4"}, tenants={"a": {**VM, **rules}})
    assert message in str(caught.value)


def test_places_need_slices() -> None:
    tenants = {"a": {**VM, "cpus": "0"}, "b": {**VM, "cpus": "0-1"}}
    with pytest.raises(ScenarioError, match="processor 0 is also that of a, and the fluid fidelity has no places"):
        scenario(stacks={"xen": "xen-1 | linux-2.4"}, tenants=tenants)


def test_lists_are_axes_the_stack_first_then_in_the_order_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "order.yaml"
    file.write_text(
        "version: 1\n"
        "tenants:\n"
        "  app: {workload: [build, idle], start: [0, 30 s]}\n"
        "stacks: {a: linux-2.4 |, b: linux |}\n"
        "machine: [dell-2650, other]\n"
    )
    points = load(file, catalog=FakeCatalog()).points()
    assert [point["point"] for point in points] == list(range(16))
    assert list(points[0]["axes"]) == ["stack", "tenants.app.workload", "tenants.app.start", "machine"]
    assert [list(point["axes"].values()) for point in points[:5]] == [
        ["a", "build", 0, "dell-2650"],
        ["a", "build", 0, "other"],
        ["a", "build", "30 s", "dell-2650"],
        ["a", "build", "30 s", "other"],
        ["a", "idle", 0, "dell-2650"],
    ]
    assert points[8]["axes"]["stack"] == "b" and points[8]["expression"] == "linux-6 |"
    assert points[3]["tenants"]["app"]["start_s"] == 30.0 and points[3]["machine"]["name"] == "other"


def test_an_axis_within_one_stack_multiplies_only_that_stack() -> None:
    tuned = {"stack": "xen-1 | linux-2.4", "parameters": {"xen-1": {"trap": ["1 k cycles", "2 k cycles"]}}}
    points = scenario(**stack(tuned) | {"stacks": {"native": "linux-2.4 |", "tuned": tuned}}).points()
    axis = "stacks.tuned.parameters.xen-1.trap"
    assert [(point["axes"]["stack"], point["axes"].get(axis)) for point in points] == [
        ("native", None),
        ("tuned", "1 k cycles"),
        ("tuned", "2 k cycles"),
    ]
    assert [point["layers"].get("xen-1", {}).get("parameters", {}).get("trap_cycles") for point in points] == [
        None,
        1000.0,
        2000.0,
    ]


def test_stacks_in_a_list_are_labelled_by_themselves() -> None:
    found = scenario(stacks=["linux-2.4 |", "linux |"])
    assert [point["stack"] for point in found.points()] == ["linux-2.4 |", "linux |"]
    assert found.baseline == "linux-2.4 |"


def test_side_by_side_every_tenant_has_its_own_expression() -> None:
    tenants = {"vm": {"workload": "build", "memory": "1 GiB"}, "cron": {"workload": "idle"}}
    (point,) = scenario(
        stacks={"mixed": {"vm": "linux | workstation / linux", "cron": "linux |"}}, tenants=tenants
    ).points()
    assert json.loads(point["expression"]) == {"vm": "linux-6 | workstation-3.2 / linux-6", "cron": "linux-6 |"}
    assert point["tenants"]["cron"]["expression"] == "linux-6 |"
    assert list(point["layers"]) == ["linux-6", "workstation-3.2"]


def test_numbers_of_machines_layers_and_workloads_can_be_changed_with_or_without_the_unit_in_the_name() -> None:
    (point,) = scenario(
        machine={"base": "dell-2650", "devices": {"cpu": {"frequency": "3 GHz", "cores_count": 4}}},
        stacks={"it": {"stack": "linux |", "parameters": {"linux": {"trap": "1 k cycles", "copy_cycles_per_byte": 2}}}},
        tenants={"app": {"workload": {"name": "build", "parameters": {"files": 3}}, "parameters": {"part": "5 %"}}},
    ).points()
    assert point["machine"]["name"] == "dell-2650 (cpu.frequency=3 GHz, cpu.cores_count=4)"
    assert point["machine"]["devices"]["cpu"]["parameters"] == {"cores_count": 4.0, "frequency_hz": 3e9}
    assert point["layers"]["linux-6"]["parameters"]["trap_cycles"] == 1000.0
    assert point["layers"]["linux-6"]["parameters"]["copy_cycles_per_byte"] == 2.0
    assert point["tenants"]["app"]["parameters"] == {
        "files_count": 3.0,
        "file_cycles": 1e6,
        "part_ratio": 0.05,
        "page_bytes": 1,
        "page_s": 1,
    }


def test_a_change_in_one_point_does_not_reach_another() -> None:
    machines = ["dell-2650", {"base": "dell-2650", "devices": {"cpu": {"frequency": "3 GHz"}}}]
    points = scenario(machine=machines).points()
    assert [point["axes"]["machine"] for point in points] == ["dell-2650", "dell-2650 (cpu.frequency=3 GHz)"]
    assert [point["machine"]["devices"]["cpu"]["parameters"]["frequency_hz"] for point in points] == [2.4e9, 3e9]


def test_options_in_parentheses_change_a_layers_structure_and_numbers() -> None:
    (point,) = scenario(**stack("xen-1(driver_place=domain-0, domain-0=linux, trap=1 k cycles) | linux-2.4")).points()
    assert point["expression"] == "xen-1(driver_place=domain-0, domain-0=linux-6, trap=1 k cycles) | linux-2.4"
    assert point["layers"]["xen-1"]["structure"] == {"driver_place": "domain-0"}
    assert point["layers"]["xen-1"]["parameters"]["trap_cycles"] == 1000.0
    assert list(point["layers"]) == ["xen-1", "linux-6", "linux-2.4"]


def test_domain_0_is_filled_as_the_catalog_says() -> None:
    assert scenario(**stack("xen | linux")).points()[0]["expression"] == "xen-2(domain-0=linux-2.4) | linux-6"


def test_a_stack_without_mechanisms_gets_a_companion_with_all_of_them() -> None:
    off = {"stack": "xen-1 | linux-2.4", "without": ["ring", "trap"]}
    points = scenario(**stack(off)).points()
    assert [(point["stack"], point["without"]) for point in points] == [
        ("it, every mechanism on", []),
        ("it", ["ring", "trap"]),
    ]
    assert points[0]["companion_of"] == "it" and "companion_of" not in points[1]
    assert points[0]["axes"] == {"stack": "it, every mechanism on"}


def test_no_companion_where_the_scenario_has_one_already() -> None:
    off = {"stack": "xen-1|linux-2.4", "without": ["ring"]}
    more = {"stack": "xen-1 | linux-2.4", "without": ["ring", "trap"]}
    tenants = {"app": {"workload": "build", "memory": "512 MiB"}}
    points = scenario(stacks={"off": off, "more": more, "on": "xen-1 | linux-2.4"}, tenants=tenants).points()
    assert [point["stack"] for point in points] == ["off", "more", "on"]
    points = scenario(stacks={"off": off, "more": more}, tenants=tenants).points()
    assert [point["stack"] for point in points] == ["off, every mechanism on", "off", "more"]


def test_limits_are_read_by_the_layer_that_keeps_them() -> None:
    tenants = {"app": {"workload": "build", "limits": {"docker": {"heap": "1 GiB", "processes": 100}}}}
    (point,) = scenario(stacks={"it": "linux-6 | docker"}, tenants=tenants).points()
    assert point["tenants"]["app"]["limits"] == {"docker": {"heap_bytes": 2.0**30, "processes_count": 100.0}}


def test_defaults_and_what_a_scenario_says_of_itself() -> None:
    found = scenario(title="Who pays?", question="Who pays for the neighbour?", replications=3, figures=["cost"])
    assert (found.title, found.question, found.replications) == ("Who pays?", "Who pays for the neighbour?", 3)
    assert (found.seed, found.baseline, found.figures) == (1, "native", ("cost",))
    assert json.loads(found.text)["title"] == "Who pays?"


def test_values_can_be_overridden() -> None:
    changes = {"replications": 2, "seed": 9, "tenants.app.workload": ["build", "idle"]}
    found = load(scenario(), overrides=changes)
    assert (found.replications, found.seed) == (2, 9)
    assert len(found.points()) == 2
    assert len(scenario().points()) == 1


def test_the_hash_follows_everything_that_decides_a_result() -> None:
    assert scenario().hash == scenario(stacks={"native": "linux-2.4|"}, question="Other words").hash
    changed = [scenario(seed=2), scenario(replications=3), scenario(duration="30 s"), scenario(machine="other")]
    assert len({scenario().hash, *(each.hash for each in changed)}) == 5


def test_a_text_of_several_lines_is_a_scenario_named_by_its_title() -> None:
    text = (
        "version: 1\ntitle: Who pays?\nmachine: dell-2650\nstacks: [linux-2.4 |]\ntenants: {app: {workload: build}}\n"
    )
    found = load(text, catalog=FakeCatalog())
    assert (found.name, found.text) == ("who-pays", text)


def test_another_catalog_may_not_have_what_the_scenario_wants() -> None:
    class Poor(FakeCatalog):
        def names(self, kind: str) -> list[str]:
            return [name for name in super().names(kind) if name != "build"]

    found = scenario()
    assert found.points(FakeCatalog()) == found.points()
    with pytest.raises(ScenarioError, match=r"tenants\.app\.workload: no workload is called 'build'"):
        found.points(Poor())


# ---------------------------------------------------------------- mistakes


def test_five_different_mistakes_are_five_located_messages_with_remedies(tmp_path: Path) -> None:
    file = tmp_path / "five.yaml"
    file.write_text(FIVE_MISTAKES)
    with pytest.raises(ScenarioError) as caught:
        load(file, catalog=FakeCatalog())
    assert str(caught.value).replace(f"{file}:", "").splitlines() == [
        "2:1: machine: no machine is called 'dell-2560' (did you mean 'dell-2650'?)",
        "5:3: stacks.xen: there is nothing between the two bars at character 9 of 'xen-1 | | linux-2.4' "
        "(write one bar, or a layer for each group)",
        "7:9: tenants.app.workload: no workload is called 'buildx' (did you mean 'build'?)",
        "7:27: tenants.app.memoryy: is not known here (did you mean 'memory' or 'memory_low'?)",
        "8:1: duration: 'GHz' is a unit of frequency (here a time is wanted, e.g. '30 ms')",
    ]
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [\n", "3:1: is not YAML"),
        ("", "1:1: is empty (begin with 'version: 1')"),
        ("- a\n- b\n", "1:1: ['a', 'b'] is not a mapping"),
        ("{}\n", "1:1: is empty (begin with 'version: 1')"),
        ("version: 1\nseed: 3\nseed: 4\n", "3:1: seed: stands twice, first in line 2 (remove one of the two)"),
        ("version: 1\nduration: 12:30\n", "2:1: duration: '12:30' is not a quantity"),
        ("version: 1\ntenants: {a: {weight: .inf}}\n", "2:15: tenants.a.weight: inf is not a weight"),
        ("version: 1\ntitle: 2003\n", "2:1: title: 2003 is not a text"),
    ],
)
def test_mistakes_of_the_yaml_are_located(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        load(file, catalog=FakeCatalog())
    assert any(f"{file}:{message}" in str(problem) for problem in caught.value.problems)


def test_a_file_that_is_not_there_names_one_that_is(tmp_path: Path) -> None:
    (tmp_path / "what-does-it-cost.yaml").write_text("")
    with pytest.raises(ScenarioError, match=r"there is no such file \(did you mean '.*what-does-it-cost.yaml'\?\)"):
        load(tmp_path / "what-does-it-kost.yaml", catalog=FakeCatalog())


def test_a_mistake_in_a_list_is_located_in_the_list(tmp_path: Path) -> None:
    file = tmp_path / "list.yaml"
    file.write_text(
        "version: 1\nmachine: dell-2650\nstacks: [linux-2.4 |]\n"
        "tenants:\n  app:\n    workload:\n      - build\n      - buildx\n      - 5\n"
    )
    with pytest.raises(ScenarioError) as caught:
        load(file, catalog=FakeCatalog())
    assert [(problem.line, problem.column, problem.path) for problem in caught.value.problems] == [
        (8, 9, "tenants.app.workload[1]"),
        (9, 9, "tenants.app.workload[2]"),
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "version: version 2 of scenario files is not known (write 'version: 1')"),
        ({"machin": "x"}, "machin: is not known here (did you mean 'machine'?)"),
        ({"machine": 5}, "machine: is not a machine (write a machine, e.g. 'dell-2650', or '{base: dell-2650, ...}')"),
        ({"machine": {}}, "machine.base: is missing (add 'base: dell-2650')"),
        ({"machine": "year-only"}, "machine: 'year-only' has no numbers in the catalog"),
        ({"machine": ["dell-2650", "dell-2650"]}, "machine[1]: stands in this list already (remove one of the two)"),
        (
            {"machine": {"base": "dell-2650", "devices": {"cpus": {}}}},
            "machine.devices.cpus: dell-2650 has no device 'cpus' (did you mean 'cpu'?)",
        ),
        (
            {"machine": {"base": "dell-2650", "devices": {"cpu": {"frequenzy": "3 GHz"}}}},
            "machine.devices.cpu.frequenzy: there is no 'frequenzy' here (did you mean 'frequency'",
        ),
        (
            {"machine": {"base": "dell-2650", "devices": {"cpu": {"frequency": ["3 GHz", "3 GiB"]}}}},
            "machine.devices.cpu.frequency[1]: 'GiB' is a unit of size (here a frequency is wanted, e.g. '2.4 GHz')",
        ),
        ({"stacks": {}}, "stacks: is empty (give at least one value)"),
        ({"stacks": "linux-2.4 |"}, "stacks: is not stacks (write stacks, as 'label: stack' lines"),
        ({"stacks": {"a": 5}}, "stacks.a: is not a stack (write a stack, e.g. 'linux-2.4 |'"),
        ({"stacks": {"a": {"without": []}}}, "stacks.a.stack: is missing (add 'stack: linux-2.4 |')"),
        ({"stacks": {"a": {"app": "linux |", "bap": "linux |"}}}, "stacks.a.bap: is no tenant of this scenario (did"),
        ({"stacks": {"a": "linus |"}}, "stacks.a: no layer is called 'linus' (did you mean 'linux-2.4'?)"),
        ({"stacks": ["linux |", "linux |"]}, "stacks[1]: stands in this list already"),
        ({"tenants": {}}, "tenants: is empty (give at least one value)"),
        ({"tenants": {"app": None}}, "tenants.app: nothing is not a mapping (write 'key: value' lines under it)"),
        ({"tenants": {"app": {}}}, "tenants.app.workload: is missing (add 'workload: kernel-build')"),
        ({"tenants": {"a/b": {"workload": "build"}}}, "tenants.a/b: cannot be the name of a tenant"),
        ({"duration": "0 s"}, "duration: '0 s' is not enough (write more than 0, or leave it out)"),
        ({"duration": 30}, "duration: 30 has no unit (here a time is wanted, e.g. '30 ms')"),
        ({"duration": []}, "duration: is empty (give at least one value)"),
        ({"replications": 0}, "replications: 0 is not a whole number from 1 up (write e.g. 1)"),
        ({"replications": {"until": {}}}, "replications.until: does not say how narrow (add"),
        ({"seed": [1, 2]}, "seed: [1, 2] is not a whole number from 0 up"),
        ({"fidelity": "quantun"}, "fidelity: there is no fidelity 'quantun' (did you mean 'quantum'?)"),
        ({"baseline": "nativ"}, "baseline: no stack is called 'nativ' (did you mean 'native'?)"),
        ({"operations": [{"at": "1 s", "deploy": "app"}]}, "operations[0].deploy: is not known here (there are: "),
        ({"operations": [{"at": "1 s"}]}, "operations[0]: says nothing of what is done (write one of "),
        ({"operations": [{"at": "1 s", "pause": "app", "kill": "app"}]}, "operations[0]: is kill and pause at once"),
        ({"operations": [{"at": "1 s", "pause": "ap"}]}, "operations[0].pause: there is no tenant 'ap' (did you mean"),
        ({"operations": [{"at": "1 s", "kill": "app", "for": "1 s"}]}, "operations[0].for: means nothing for kill (re"),
        ({"operations": [{"at": "1 s", "pause": "app", "with": "x"}]}, "operations[0].with: no stack has 'x'"),
        ({"faults": [1]}, "faults[0]: 1 is not a mapping (write 'key: value' lines under it)"),
        ({"faults": [{"at": "1 s", "crash": "ap"}]}, "faults[0].crash: nothing in any stack is called 'ap' ..."),
        ({"figures": ["cots"]}, "figures[0]: there is no figure 'cots' (did you mean 'cost'?)"),
        ({"figures": "bars"}, "figures: 'bars' is not a list (write '[..., ...]')"),
        ({"duration": "10 s", "warmup": "20 s"}, "warmup: is not before the end at 10 s"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_with_its_path_and_a_remedy(changes: dict[str, Any], message: str) -> None:
    found = mistakes(**changes)
    start, _, end = message.partition(" ...")
    assert len(found) == 1
    assert found[0].startswith(start) and found[0].endswith(end)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"memory": "512"}, "memory: '512' has no unit (here a size is wanted, e.g. '4 GiB')"),
        ({"memory": 512}, "memory: 512 has no unit"),
        ({"vcpus": 1.5}, "vcpus: 1.5 is not a whole number from 1 up"),
        ({"vcpus": True}, "vcpus: true is not a whole number from 1 up"),
        ({"weight": 0}, "weight: 0 is not a weight (write a number greater than 0, e.g. 2)"),
        ({"cap": "2 GHz"}, "cap: '2 GHz' is not a cap (write a number of cores, e.g. 1.5, or '50 %' of one core)"),
        ({"start": "5 s", "stop": "5 s"}, "stop: is not after the start (write a later time)"),
        ({"parameters": {"filez": 3}}, "parameters.filez: there is no 'filez' here (did you mean 'file"),
        ({"parameters": {"page": 3}}, "parameters.page: there is no 'page' here (did you mean 'page_"),
        ({"parameters": {"file_cycles": "3 s"}}, "parameters.file_cycles: 's' is a unit of time"),
        ({"parameters": {"files": 1, "files_count": 2}}, "parameters.files_count: is given twice (keep one of"),
        ({"parameters": {"files": [1, None]}}, "parameters.files[1]: nothing is not a quantity"),
        (
            {"workload": {"name": "build", "parameters": {"files": 1}}, "parameters": {"files": 2}},
            "parameters: 'files_count' is given twice (give it in one place)",
        ),
        ({"workload": {"name": "buildx"}}, "workload.name: no workload is called 'buildx' (did you mean 'build'?)"),
        ({"workload": {"parameters": {}}}, "workload.name: is missing (add 'name: kernel-build')"),
        ({"workload": [{"name": "build", "x": 1}]}, "workload[0].x: is not known here (there are: name, parameters)"),
        ({"limits": {"linux": {"heap": "1 GiB"}}}, "limits.linux.heap: there is no 'heap' here (there are none)"),
    ],
)
def test_a_mistake_of_a_tenant_is_refused_with_its_path_and_a_remedy(keys: dict[str, Any], message: str) -> None:
    (found,) = mistakes(tenants={"app": {"workload": "build", **keys}})
    assert found.startswith(f"tenants.app.{message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "workstation-3.2 | linux-2.4",
            "workstation-3.2 is a program of a host system and cannot stand on bare hardware "
            "(put a system under it, e.g. 'linux-2.4 | workstation-3.2 / linux-2.4')",
        ),
        (
            "linux-2.4 | linux-2.4",
            "linux-2.4 needs a machine, real or virtual, and cannot run as a program of linux-2.4 "
            "(put a hypervisor under it, e.g. 'linux-2.4 | workstation-3.2 / linux-2.4')",
        ),
        (
            "xen-1 | docker",
            "docker is a program of a host system and cannot stand on xen-1 "
            "(put a system under it, e.g. 'xen-1 | linux-2.4 / docker')",
        ),
        (
            "linux-2.4 | workstation-3.2",
            "build runs on a system, and workstation-3.2 at the top of 'linux-2.4 | workstation-3.2' offers a machine "
            "(put a system on top, e.g. 'linux-2.4 | workstation-3.2 / linux-2.4')",
        ),
        ("xen-9 | linux-6", "which system is the domain-0 of xen-9? (write e.g. 'xen-9(domain-0=linux-2.4)')"),
        ("linux-6 / @domain-0 |", "linux-6 has no domain-0 (leave it out, or take a hypervisor that has a domain-0)"),
        ("linux-6(domain-0=linux-6) |", "linux-6 has no domain-0"),
        ("xen-1(domain-0=docker) | linux-6", "docker cannot be the domain-0 of xen-1 (write e.g. 'domain-0=linux"),
        ("xen-1(driver_place=guest) | linux-6", "xen-1 knows no driver_place=guest (there are: domain-0, hypervisor)"),
        ("xen-1 / linux-6(trap=1 s) | docker", "'s' is a unit of time (here a number of cycles is wanted"),
        ("xen-1 | linux-6(trap=1 cycles) / docker / docker(a=b)", "'docker(a=b)' and 'docker' are one product"),
    ],
)  # fmt: skip
def test_layers_that_do_not_fit_are_refused_with_a_stack_that_does(text: str, message: str) -> None:
    (found,) = mistakes(**stack(text))
    assert message in found


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"without": ["rings"]}, "without[0]: no layer of this stack has a mechanism 'rings' (did you mean 'ring'"),
        ({"without": ["world_switch"]}, "without[0]: no layer of this stack has a mechanism 'world_switch'"),
        ({"without": ["ring", "ring"]}, "without[1]: 'ring' stands twice (remove one of the two)"),
        ({"without": "ring"}, "without: 'ring' is not a list"),
        ({"virtual_hardware": {"disc": "virtio"}}, "virtual_hardware.disc: is not known here (did you mean 'disk'?)"),
        ({"parameters": {"docker": {}}}, "parameters.docker: docker is not in this stack (there are: linux-6, xen-1)"),
        (
            {"parameters": {"xen-1": {"tarp": 1}}},
            "parameters.xen-1.tarp: there is no 'tarp' here (did you mean 'trap'",
        ),
        (
            {"parameters": {"linux": {"trap": 5}}},
            "parameters.linux.trap: 5 has no unit (here a number of cycles is wanted",
        ),
        ({"widhout": []}, "widhout: is not known here (did you mean 'without'?)"),
    ],
)
def test_a_mistake_of_a_long_form_is_refused_with_its_path_and_a_remedy(form: dict[str, Any], message: str) -> None:
    (found,) = mistakes(**stack({"stack": "xen-1 | linux-6", **form}))
    assert found.startswith(f"stacks.it.{message}")


def test_mechanisms_of_the_machine_itself_can_be_switched_off_if_they_are_no_work() -> None:
    assert scenario(stacks={"it": {"stack": "linux |", "without": ["cache_refill"]}}).points()[1]["without"] == [
        "cache_refill"
    ]
    (found,) = mistakes(stacks={"it": {"stack": "linux |", "without": ["compute"]}})
    assert "no layer of this stack has a mechanism 'compute'" in found


@pytest.mark.parametrize(
    ("tenants", "message"),
    [
        (
            {"a": {"memory": "3 GiB"}},
            "tenants.a.memory: a virtual machine of 3 GiB is larger than its host: dell-2650 has 2 GiB (give less;",
        ),
        (
            {"a": {"memory": "1 GiB"}, "b": {"memory": "1.5 GiB"}},
            "tenants.b.memory: the virtual machines want 2.5 GiB together, and dell-2650 has 2 GiB (give less;",
        ),
        ({"a": {"memory": "2 GiB"}}, "tenants.a.memory: the systems want 15 MiB more than the machine's 2048 MiB ("),
        ({"a": {}}, "tenants.a: has a virtual machine of no known size (add e.g. 'memory: 512 MiB')"),
        (
            {"a": {"memory": "1 GiB", "vcpus": 4}},
            "tenants.a.vcpus: a virtual machine with 4 processors is wider than its host: dell-2650 has 2 (write 2 or",
        ),
    ],
)  # fmt: skip
def test_virtual_machines_must_fit_into_their_host(tenants: dict[str, dict[str, Any]], message: str) -> None:
    forms = {name: {"workload": "build", **keys} for name, keys in tenants.items()}
    (found,) = mistakes(stacks={"xen": "xen-1 | linux-6"}, tenants=forms)
    assert found.startswith(message)


def test_two_bars_need_groups_and_stacks_side_by_side_one_host() -> None:
    tenants: dict[str, Any] = {name: {"workload": "build", "memory": "512 MiB"} for name in "ab"}
    (found,) = mistakes(stacks={"it": "xen-1 | linux-6 | docker"}, tenants=tenants)
    assert "'a' is in no group (give it one: 'group: a')" in found
    (found,) = mistakes(stacks={"it": {"a": "xen-1 | linux-6", "b": "linux-6 |"}}, tenants=tenants)
    assert "cannot both stand on the hardware (let all stacks side by side begin with the same system)" in found


def test_side_by_side_no_tenant_is_forgotten() -> None:
    tenants = {name: {"workload": "build"} for name in "ab"}
    assert mistakes(stacks={"it": {"a": "linux |"}}, tenants=tenants) == [
        "stacks.it: the tenant 'b' has no stack (add 'b: ...')"
    ]


def test_an_override_that_is_wrong_is_located_as_one() -> None:
    with pytest.raises(ScenarioError, match="override: fidelity: there is no fidelity 'exact'"):
        load(scenario(), overrides={"fidelity": "exact"})
    with pytest.raises(ScenarioError, match=r"override: tenants\.web\.memory: leads nowhere in this scenario"):
        load(scenario(), overrides={"tenants.web.memory": "1 GiB"})


def test_a_mapping_holds_what_a_file_can_hold() -> None:
    (found,) = mistakes(seed=object())
    assert "is a object" in found or "is an object" in found


def test_numbers_of_a_notebook_are_numbers() -> None:
    numpy = pytest.importorskip("numpy")
    assert scenario(replications=numpy.int64(3)).replications == 3


SHIPPED = sorted(
    path
    for path in (Path(__file__).parents[2] / "scenarios").rglob("*.yaml")
    if path.parent.name not in ("pools", "parts")
)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_scenario_that_comes_with_virtlab_can_be_run(file: Path) -> None:
    assert load(file).points()


# ---------------------------------------------------------------- editors


def test_the_committed_schema_for_editors_is_not_stale() -> None:
    committed = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert committed == json_schema(), "write it anew: python -m simulator.scenario.export"


def test_editors_learn_that_quantities_and_their_axes_are_welcome() -> None:
    start = json_schema()["$defs"]["Tenant"]["properties"]["start"]
    one, many, between = start["anyOf"]
    assert one["examples"] == ["30 s"] and many["items"] == one
    assert between == {"$ref": "#/$defs/Range"}


# ---------------------------------------------------------------- anything at all

WHOLE: dict[str, Any] = {
    "version": 1,
    "machine": {"base": "dell-2650", "devices": {"cpu": {"cores": 2}}},
    "stacks": {
        "long": {"stack": "xen | linux", "without": ["ring"], "parameters": {"xen": {"trap": "1 cycles"}}},
        "side": {"app": "linux |"},
    },
    "tenants": {
        "app": {"workload": {"name": "build", "parameters": {"files": 1}}, "memory": "1 GiB", "limits": {"docker": {}}}
    },
    "duration": "30 s",
    "baseline": "long",
    "figures": [],
}
words = st.sampled_from(
    ["", "app", "linux", "xen | linux", "stack", "without", "build", "1 GiB", "5 %", "version", "="]
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-1, 3), st.floats(allow_nan=False, allow_infinity=False), words
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=5
)


def places(data: Any) -> list[tuple[str, ...]]:
    inside = data.items() if isinstance(data, dict) else ()
    return [(key, *more) for key, value in inside for more in [(), *places(value)]]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.sampled_from(places(WHOLE)), value=anything)
def test_whatever_stands_in_a_scenario_it_is_read_or_refused_with_located_problems(
    place: tuple[str, ...], value: Any
) -> None:
    data = json.loads(json.dumps(WHOLE))
    inside = data
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    try:
        points = Scenario.from_mapping(data, catalog=FakeCatalog()).points()
    except ScenarioError as error:
        assert all(problem.message for problem in error.problems)
    else:
        assert json.loads(json.dumps(points)) == points


@pytest.mark.parametrize(
    ("number", "message"),
    [
        ({"cpu": {"cores_count": 0}}, "0 processors cannot be built"),
        ({"cpu": {"cores_count": 1.5}}, "1.5 processors cannot be built"),
        ({"cpu": {"frequency_hz": 0}}, "nothing ever ends at a rate of 0"),
        ({"nic": {"link_bytes_per_s": 0}}, "nothing ever ends at a rate of 0"),
    ],
)
def test_a_device_that_never_ends_anything_is_refused(number: dict[str, Any], message: str) -> None:
    scenario = {
        "machine": {"base": "dell-2650", "devices": number},
        "stacks": ["linux-2.4 |"],
        "tenants": {"app": {"workload": "spec-int"}},
    }
    with pytest.raises(ScenarioError, match=message):
        load(scenario)


def test_a_seed_that_no_table_can_hold_is_refused() -> None:
    scenario = {
        "machine": "dell-2650",
        "stacks": ["linux-2.4 |"],
        "tenants": {"app": {"workload": "spec-int"}},
        "seed": 10**22,
    }
    with pytest.raises(ScenarioError, match="not a whole number"):
        load(scenario)


def test_a_cap_of_more_processors_than_there_are_is_refused() -> None:
    scenario = {
        "machine": "dell-2650",
        "stacks": ["xen-1 | linux-2.4"],
        "tenants": {"app": {"workload": "spec-int", "memory": "256 MiB", "cap": 50}},
    }
    with pytest.raises(ScenarioError, match="a cap of 50 processors is no limit"):
        load(scenario)


def test_a_reservation_needs_a_scheduler_that_knows_it() -> None:
    scenario = {
        "machine": "laptop-2025",
        "stacks": {"xen": "xen-4 | linux-6"},
        "tenants": {"a": {"workload": "cpu-hog", "memory": "1 GiB", "reservation": 1}},
        "duration": "1 s",
    }
    assert load(scenario).points()
    with pytest.raises(ScenarioError, match="the scheduler xen-credit of xen-4 keeps no reservations"):
        load({**scenario, "fidelity": "quantum"})
    assert load({**scenario, "fidelity": "quantum", "stacks": {"esx": "vmware-esxi-7 | linux-6"}}).points()
