"""The house: who shares what on one machine follows from the tree, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator import demands as d
from simulator import notation
from simulator.devices.base import Key
from simulator.errors import Killed, ScenarioError, StackError
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load
from simulator.space import divide

MIB = 2**20
KERNEL, MACHINE = 24 * MIB, 2048 * MIB
NATIVE = "linux-2.4 |"
XEN = "xen-1 | linux-2.4"
HOSTED = "linux-2.4 | vmware-workstation-3.2 / linux-2.4"
FILE = d.File("shared", 64 * 1024, unit_bytes=16 * 1024)
Make = Callable[..., Any]


def both(stack: str) -> dict[str, str]:
    return {"app": stack, "other": stack}


# ---------------------------------------------------------------- memory


def test_a_machine_s_only_system_has_all_of_its_memory(resolved_bench: Make) -> None:
    space = resolved_bench(NATIVE).house.spaces["linux-2.4"]
    assert (space.capacity_bytes, space.free_bytes) == (MACHINE, MACHINE - KERNEL)


def test_guests_have_what_they_were_given_and_domain_0_what_its_hypervisor_says(resolved_bench: Make) -> None:
    """256 MiB a guest, 256 MiB for domain 0; the hypervisor holds 16 MiB and 64 KiB for each of three domains."""
    bench = resolved_bench(both("xen-2 | linux-2.4"))
    sizes = {path: space.capacity_bytes / MIB for path, space in bench.house.spaces.items()}
    assert sizes == {"xen-2/linux-2.4[app]": 256, "xen-2/linux-2.4[other]": 256, "xen-2/domain-0": 256}
    assert bench.machine.memory.held_bytes["xen-2"] == 16 * MIB + 3 * 64 * 1024
    assert bench.machine.memory.free_bytes == MACHINE - (3 * 256 + 16) * MIB - 3 * 64 * 1024


def test_a_host_keeps_what_its_guests_and_their_monitors_leave(resolved_bench: Make) -> None:
    bench = resolved_bench(both(HOSTED))
    assert bench.house.spaces["linux-2.4"].capacity_bytes == MACHINE - 2 * (256 + 32) * MIB
    assert bench.machine.memory.free_bytes == 0.0


def test_more_guests_than_fit_are_refused() -> None:
    """Two of 1,100 MiB and a hypervisor of 16 MiB and 128 KiB on 2,048 MiB."""
    tenants = {name: {"workload": "spec-int", "memory": "256 MiB", "vcpus": 1} for name in ("app", "other")}
    (point,) = load({"machine": "dell-2650", "stacks": [XEN], "tenants": tenants}).points()
    for figures in point["tenants"].values():
        figures["memory_bytes"] = 1100.0 * MIB
    tree = notation.build({name: each["expression"] for name, each in point["tenants"].items()})
    with pytest.raises(StackError, match="want 168 MiB more than the machine's 2048 MiB: give the tenants less memory"):
        divide(tree, point, MACHINE)


def test_a_limit_binds_where_something_confines_the_tenant(resolved_bench: Make) -> None:
    """Nothing does on bare metal, and the result says so."""
    bench = resolved_bench({"app": HOSTED, "other": NATIVE})
    assert bench.house.enforced == {"app": True, "other": False}


def test_what_a_program_takes_the_page_cache_gives_back(resolved_bench: Make) -> None:
    bench = resolved_bench(XEN)
    house = bench.house
    bench.thread("main", d.Allocate(100 * MIB), d.Free(30 * MIB))
    bench.run(until=1.0)
    assert house.program_bytes == {"app": 70 * MIB}
    assert house.kernel(house.tops["app"]).layer.cache.capacity_bytes == (256 - 24 - 70) * MIB


def test_more_than_a_guest_has_is_not_to_be_had(resolved_bench: Make) -> None:
    bench = resolved_bench(XEN)
    bench.thread("main", d.Allocate(233 * MIB))
    with pytest.raises(Killed, match=r"killed: by the out-of-memory killer of the memory of xen-1/linux-2\.4\[app\]"):
        bench.run(until=1.0)


# ---------------------------------------------------------------- what tenants of one node share


def from_disk(bench: Any, thread: Any) -> int:
    """Bytes a thread itself had fetched from the disk."""
    charge = thread.charges.get(Key("disk", "program", "transfer"))
    return round(charge.size_bytes) if charge else 0


@pytest.mark.parametrize(
    ("stack", "read_by_the_second"),
    [(NATIVE, 0), (XEN, 64 * 1024), ("linux-2.4 | vmware-workstation-3.2 / linux-2.4", 64 * 1024)],
    ids=["one kernel", "a kernel each on Xen", "a kernel each on a host"],
)
def test_processes_of_one_kernel_share_its_page_cache_and_guests_do_not(
    resolved_bench: Make, stack: str, read_by_the_second: int
) -> None:
    """A file that one tenant has read is there for its neighbour only if they stand on the same node."""
    bench = resolved_bench(both(stack), cores_count=1)
    bench.thread("first", d.Read(FILE, 0, FILE.size_bytes))
    seconds: list[Any] = []
    bench.at(1.0, lambda: seconds.append(bench.thread("second", d.Read(FILE, 0, FILE.size_bytes), tenant="other")))
    bench.run(until=2.0)
    assert from_disk(bench, seconds[0]) == read_by_the_second


def test_a_guest_s_data_is_cached_twice_on_a_host(resolved_bench: Make) -> None:
    """By its own kernel and by the host's, which reads by 64 KiB: dropped by the guest, it is still in the host."""
    bench = resolved_bench(HOSTED)
    house = bench.house
    guest = house.kernel(house.tops["app"]).layer.cache
    host = house.nodes["linux-2.4"].layer.cache
    bench.thread("reader", d.Read(FILE, 0, FILE.size_bytes))
    bench.run(until=1.0)
    assert (guest.resident_bytes, host.resident_bytes) == (64 * 1024, 64 * 1024)


def test_files_of_earlier_runs_are_in_the_tenants_own_kernel(resolved_bench: Make) -> None:
    bench = resolved_bench(both(XEN))
    bench.house.warm("app", (FILE,))
    threads = [bench.thread("main", d.Read(FILE, 0, FILE.size_bytes), tenant=tenant) for tenant in ("app", "other")]
    bench.run(until=1.0)
    assert [from_disk(bench, thread) for thread in threads] == [0, 64 * 1024]


def test_domain_0_is_one_system_for_all_guests(resolved_bench: Make) -> None:
    """Each guest has a back end in the one domain 0, and an administrator in domain 0 stands on the same node."""
    bench = resolved_bench({**both("xen-2 | linux-2.4"), "admin": "xen-2 / @domain-0 |"})
    house = bench.house
    assert house.tops["admin"] is house.nodes["xen-2"].roles["domain-0"] is house.nodes["xen-2/domain-0"]
    for tenant in ("app", "other"):
        bench.thread("main", d.Read(FILE, 0, 16 * 1024), tenant=tenant)
    bench.run(until=1.0)
    back_ends = [thread for thread in house.threads if thread.name.startswith("block-back-end of xen-2/linux-2.4[")]
    assert len(back_ends) == 2
    for back_end in back_ends:
        assert bench.charged(back_end)["xen-2", "back_end"] == 1
        assert bench.charged(back_end)["xen-2/domain-0", "driver"] == 1
        assert back_end.charges[Key("disk", "program", "transfer")].size_bytes == pytest.approx(16 * 1024)


# ---------------------------------------------------------------- processors


@pytest.mark.parametrize(
    ("stack", "vcpus", "cores"),
    [("linux-2.4 |", 2, 1), ("xen-1 | linux-smp-2.4", 2, 2), ("xen-1 | linux-smp-2.4", 1, 1)],
)
def test_a_system_uses_as_many_processors_as_it_can_and_has(stack: str, vcpus: int, cores: int) -> None:
    """Two programs of a tenant on two processors; Linux 2.4 without SMP, or with one virtual processor, uses one."""
    program = {"workload": "osdb-ir", "parameters": {"queries_count": 40, "tuple_blocks_count": 0}}
    tenants = {"app": {**program, "memory": "512 MiB", "vcpus": vcpus}}
    (point,) = load({"machine": "dell-2650", "stacks": [stack], "tenants": tenants}).points()
    rows = run_point(point, 0)["tables"]["devices"]
    (cpu,) = (row for row in (dict(zip(names("devices"), row, strict=True)) for row in rows) if row["device"] == "cpu")
    assert cores - 0.5 < cpu["busy_s"] / cpu["time_s"] <= cores + 1e-9


def test_a_hypervisor_in_a_guest_is_refused() -> None:
    """What the inner one asks of its machine would not be asked again below."""
    with pytest.raises(ScenarioError, match="a hypervisor in a hypervisor's guest is not available"):
        load(
            {
                "machine": "dell-2650",
                "stacks": {"it": "xen-1 | linux-2.4 / vmware-workstation-3.2 / linux-2.4"},
                "tenants": {"app": {"workload": "spec-int", "memory": "512 MiB", "vcpus": 1}},
            }
        )


def test_a_role_of_a_hypervisor_that_has_none_is_refused() -> None:
    with pytest.raises(ScenarioError, match="xen-1 drives the devices itself"):
        load(
            {
                "machine": "dell-2650",
                "stacks": {"it": "xen-1(domain-0=linux-2.4) | linux-2.4"},
                "tenants": {"app": {"workload": "spec-int", "memory": "512 MiB", "vcpus": 1}},
            }
        )


def test_a_guest_smaller_than_its_kernel_is_refused() -> None:
    with pytest.raises(ScenarioError, match="its kernel alone takes 24 MiB"):
        load(
            {
                "machine": "dell-2650",
                "stacks": {"it": "xen-1 | linux-2.4"},
                "tenants": {"app": {"workload": "spec-int", "memory": "16 MiB", "vcpus": 1}},
            }
        )


def test_tenants_on_one_kernel_have_files_of_their_own() -> None:
    """Two builds read their own sources: the second finds nothing of the first's in the cache."""
    build = {"workload": {"name": "kernel-build", "parameters": {"files_count": 45}}}
    (point,) = load(
        {"machine": "dell-2650", "stacks": {"it": "linux-2.4 |"}, "tenants": {"app": build, "other": build}}
    ).points()
    rows = run_point(point, 0)["tables"]["charges"]
    read_bytes = sum(row[8] for row in rows if row[3] == "disk" and row[2] == "make")
    assert read_bytes == pytest.approx(2 * 45 * 14 * 1024)
