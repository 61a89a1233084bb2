"""What tenants are given: virtual hardware, a build that fits, systems that start and fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

HOSTED = "linux-2.4 | vmware-workstation-3.2 / linux-2.4"


def scenario(stacks: Any, tenants: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    app = {"workload": "spec-int", "memory": "256 MiB", "vcpus": 1}
    return {"machine": "dell-2650", "stacks": stacks, "tenants": tenants or {"app": app}, **more}


def mistakes(data: Mapping[str, Any]) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        load(data)
    return [str(problem).removeprefix("<mapping>: ") for problem in caught.value.problems]


def rows(point: Mapping[str, Any], table: str) -> list[dict[str, Any]]:
    return [dict(zip(names(table), row, strict=True)) for row in run_point(point, 0)["tables"][table]]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str], None]:
    """Puts a file of the user's own into the catalog."""
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))

    def put(kind: str, name: str, text: str) -> None:
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / f"{name}.yaml").write_text(f"name: {name}\ntitle: {name}\n{text}")

    return put


def assumed(value: object) -> str:
    return f'[{{value: {value}, range: [{value}, {value}], kind: assumed, where: "a test", measured_on: any}}]'


# ---------------------------------------------------------------- virtual hardware

NVME = (
    "kind: disk\nstructure: {style: emulated}\nextends: buslogic\nparameters: {registers_count: " + assumed(1) + "}\n"
)
OFFERS = "extends: vmware-workstation-3.2\nhardware: {disk: [buslogic, my-nvme]}\nparameters: {}\n"


def test_a_guest_has_the_first_device_of_each_kind_that_its_hypervisor_offers() -> None:
    (point,) = load(scenario({"it": HOSTED})).points()
    given = point["hardware"]["app"]["vmware-workstation-3.2"]
    assert {kind: (each["name"], each["style"]) for kind, each in given.items() if kind != "image"} == {
        "disk": ("buslogic", "emulated"),
        "nic": ("lance", "emulated"),
    }
    assert given["disk"]["parameters"]["registers_count"] == 12


def test_a_tenant_s_wish_stands_before_its_stack_s(own: Callable[[str, str, str], None]) -> None:
    own("virtual_hardware", "my-nvme", NVME)
    own("layers", "my-workstation", OFFERS)
    stack = {"stack": "linux-2.4 | my-workstation / linux-2.4", "virtual_hardware": {"disk": "my-nvme"}}
    app = {"workload": "spec-int", "memory": "256 MiB"}
    tenants = {"app": app, "old": {**app, "virtual_hardware": {"disk": "buslogic"}}}
    (point,) = load(scenario({"it": stack}, tenants)).points()
    chosen = {tenant: given["my-workstation"]["disk"]["name"] for tenant, given in point["hardware"].items()}
    assert chosen == {"app": "my-nvme", "old": "buslogic"}


def test_fewer_registers_cost_less(own: Callable[[str, str, str], None]) -> None:
    """The same guest reads with one register touched a request instead of twelve, and with nothing else changed."""
    own("virtual_hardware", "my-nvme", NVME)
    own("layers", "my-workstation", OFFERS)
    tenants = {"app": {"workload": "osdb-oltp", "memory": "256 MiB", "parameters": {"queries_count": 8}}}
    form = {"stack": "linux-2.4 | my-workstation / linux-2.4", "virtual_hardware": {"disk": ["buslogic", "my-nvme"]}}
    touched = []
    for point in load(scenario({"it": form}, tenants)).points():
        charges = [row for row in rows(point, "charges") if row["mechanism"] == "emulation"]
        touched.append(sum(row["operations"] for row in charges))
    assert touched[0] > touched[1] > 0.0


@pytest.mark.parametrize(
    ("hardware", "message"),
    [
        ({"disk": "buslogik"}, "'buslogik' is no disk there (did you mean 'buslogic'?)"),
        ({"nic": "passthrough"}, "'passthrough' is no nic there (there are: emulated, lance)"),
    ],
)
def test_what_no_hypervisor_offers_is_refused(hardware: dict[str, str], message: str) -> None:
    app = {"workload": "spec-int", "memory": "256 MiB", "virtual_hardware": hardware}
    (found,) = mistakes(scenario({"it": HOSTED}, {"app": app}))
    assert found.endswith(message) and "tenants.app.virtual_hardware" in found


def test_an_image_is_the_guest_s_and_the_host_has_its_own(own: Callable[[str, str, str], None]) -> None:
    """What one system of a stack does not have is asked of the other; what none has is refused."""
    stack = "linux-2.4 | vmware-workstation-3.2 / windows-7"
    app = {"workload": "linpack", "memory": "1 GiB", "virtual_hardware": {"image": "windows-7-professional"}}
    (point,) = load(scenario({"it": stack}, {"app": app})).points()
    given = {product: each["image"]["name"] for product, each in point["hardware"]["app"].items() if "image" in each}
    assert given == {"linux-2.4": "red-hat-7.3", "windows-7": "windows-7-professional"}
    app["virtual_hardware"] = {"image": "windows-7-profesional"}
    (found,) = mistakes(scenario({"it": stack}, {"app": app}))
    assert "'windows-7-profesional' is no image there (did you mean 'windows-7-professional'?)" in found


@pytest.mark.parametrize(
    "stack",
    ["vmware-esxi-7(disk_place=host-kernel) | linux-6", "linux-6 | kvm-6(nic_place=hypervisor) / linux-6"],
)
def test_a_device_thread_where_nobody_can_serve_is_refused(stack: str) -> None:
    """A hypervisor on the hardware has no host, and one on a system has no drivers."""
    app = {"workload": "linpack", "memory": "1 GiB"}
    (found,) = mistakes({"machine": "laptop-2025", "stacks": {"it": stack}, "tenants": {"app": app}})
    assert "nothing of the kind is at" in found and "take one of" in found


def test_a_style_stands_for_the_first_device_of_it() -> None:
    app = {"workload": "spec-int", "memory": "256 MiB", "virtual_hardware": {"disk": "emulated"}}
    (point,) = load(scenario({"it": HOSTED}, {"app": app})).points()
    assert point["hardware"]["app"]["vmware-workstation-3.2"]["disk"]["name"] == "buslogic"


# ---------------------------------------------------------------- builds


def test_machine_code_of_another_interface_is_refused_with_a_sentence(own: Callable[[str, str, str], None]) -> None:
    own("layers", "my-os", "extends: linux-2.4\nabi: windows\nparameters: {}\n")
    own("workloads", "my-tool", "extends: spec-int\nruns_on: [linux]\nparameters: {}\n")
    tenants = {"app": {"workload": "my-tool"}}
    (found,) = mistakes(scenario({"it": "my-os |"}, tenants))
    assert "my-tool is built for the program interface of linux, and what it stands on offers that of windows" in found
    load(scenario({"it": "linux-2.4 |"}, tenants))


def test_a_guest_s_interface_is_its_own_not_its_host_s(own: Callable[[str, str, str], None]) -> None:
    own("layers", "my-os", "extends: linux-2.4\nabi: windows\nparameters: {}\n")
    own("workloads", "my-tool", "extends: spec-int\nruns_on: [windows]\nparameters: {}\n")
    app = {"workload": "my-tool", "memory": "256 MiB"}
    load(scenario({"it": "linux-2.4 | vmware-workstation-3.2 / my-os"}, {"app": app}))


def test_machine_code_of_another_processor_is_refused_with_a_sentence(own: Callable[[str, str, str], None]) -> None:
    own("workloads", "my-tool", "extends: spec-int\narchitectures: [arm]\nparameters: {}\n")
    (found,) = mistakes(scenario({"it": "linux-2.4 |"}, {"app": {"workload": "my-tool"}}))
    assert "my-tool is machine code for arm, and this machine's processors execute x86" in found
    assert "take a machine that fits, e.g. arndale, or a program in bytecode" in found


def bytecodes(machine: str, stack: str, memory: str = "4 GiB") -> tuple[float, float]:
    """How many bytecodes a run of twenty requests executes, and how many cycles they take in optimized code."""
    app = {"workload": "java-server", "memory": memory, "vcpus": 2, "parameters": {"requests_count": 20}}
    (point,) = load({"machine": machine, "stacks": {"it": stack}, "tenants": {"app": app}}).points()
    compute = [row for row in rows(point, "charges") if (row["cause"], row["mechanism"]) == ("program", "compute")]
    cycles = sum(row["cycles"] for row in compute)
    return cycles / point["layers"]["hotspot-21"]["parameters"]["c2_cycles"], cycles


def test_class_files_execute_the_same_bytecodes_everywhere() -> None:
    """On another system, in a container in a virtual machine, on another processor: there they take other cycles."""
    here, cycles = bytecodes("laptop-2025", "linux-6 | hotspot-21")
    assert here > 1e7
    for stack in (
        "windows-11 | hotspot-21",
        "macos-12 | hotspot-21",
        "linux-6 | kvm-6 / linux-6 / docker-27 / hotspot-21",
    ):
        assert bytecodes("laptop-2025", stack) == pytest.approx((here, cycles), rel=1e-9)
    on_arm, cycles_on_arm = bytecodes("arndale", "linux-6 | hotspot-21", "1 GiB")
    assert on_arm == pytest.approx(here, rel=1e-9)
    assert cycles_on_arm > 1.1 * cycles


# ---------------------------------------------------------------- files that extend others


def test_an_extension_changes_what_it_says_and_keeps_the_rest(own: Callable[[str, str, str], None]) -> None:
    own("layers", "my-xen", f"extends: xen-1\nparameters:\n  trap_cycles: {assumed(5)}\n")
    mine, base = (Catalog().layer(name, "dell-2650") for name in ("my-xen", "xen-1"))
    changed = {"trap_cycles": 5.0, "event_cycles": 5.0}  # an event costs what a trap does, by its formula
    assert mine.values() == {**base.values(), **changed}
    assert (mine.family, mine.structure, mine.title) == (base.family, base.structure, "my-xen")


@pytest.mark.parametrize(("extends", "word"), [("my-xen", "cannot be extended"), ("xen-0", "cannot be extended")])
def test_an_extension_of_itself_or_of_nothing_is_a_mistake(
    extends: str, word: str, own: Callable[[str, str, str], None]
) -> None:
    own("layers", "my-xen", f"extends: {extends}\nparameters: {{}}\n")
    assert any(word in str(problem) for problem in Catalog().check())


# ---------------------------------------------------------------- start and failure

START = """start:
  start_cycles: {cycles}
  start_read_bytes: {read}
  start_unit_bytes: {unit}
  start_wait_s: {wait}
"""


def start(cycles: float, read_bytes: float, wait_s: float) -> str:
    return START.format(cycles=assumed(cycles), read=assumed(read_bytes), unit=assumed(65536), wait=assumed(wait_s))


def test_a_tenant_s_own_systems_start_one_after_the_other(own: Callable[[str, str, str], None]) -> None:
    """2.4e9 cycles are a second; the monitor's start waits two, the guest's three, and the host is up already."""
    own("layers", "my-workstation", "extends: vmware-workstation-3.2\nparameters: {}\n" + start(0, 0, 2))
    bare = "extends: linux-2.4\nhardware: {image: []}\nparameters: {}\n"
    own("layers", "my-linux", bare + start(2.4e9, 0, 3))
    app = {"workload": "spec-int", "memory": "256 MiB", "boot": True, "parameters": {"chunks_count": 2}}
    (point,) = load(scenario({"it": "my-linux | my-workstation / my-linux"}, {"app": app})).points()
    (row,) = rows(point, "tenants")
    assert row["outcome"] == "ok"
    assert row["boot_s"] == pytest.approx(2.0 + 1.0 + 3.0, rel=0.02)
    (up,) = rows({**point, "tenants": {"app": {**point["tenants"]["app"], "boot": False}}}, "tenants")
    assert up["boot_s"] == 0.0 and up["value"] == pytest.approx(row["value"], rel=1e-3)


def test_kernels_fail_apart_and_shared_ones_together() -> None:
    """The crash of one guest's kernel leaves the other alone; that of the host takes both."""
    app = {"workload": "spec-int", "memory": "256 MiB", "parameters": {"chunks_count": 5}}
    for crash, outcomes in (("app", ["lost", "ok"]), ("linux-2.4", ["lost", "lost"])):
        data = scenario({"it": HOSTED}, {"app": app, "other": app}, faults=[{"at": "2 s", "crash": crash}])
        (point,) = load(data).points()
        tables = run_point(point, 0)["tables"]
        tenants = [dict(zip(names("tenants"), row, strict=True)) for row in tables["tenants"]]
        assert [row["outcome"].partition(":")[0] for row in tenants] == outcomes
        fault, _ = (dict(zip(names("faults"), row, strict=True)) for row in tables["faults"])
        assert (fault["at_s"], fault["lost"]) == (2.0, outcomes.count("lost"))


def test_a_fault_counts_only_where_there_is_what_it_names() -> None:
    stacks = {"native": "linux-2.4 |", "xen": "xen-1 | linux-2.4"}
    native, xen = load(scenario(stacks, faults=[{"at": "1 s", "crash": "xen-1"}])).points()
    assert native["faults"] == []
    assert xen["faults"] == [{"at_s": 1.0, "crash": "xen-1"}]
