"""Switching a mechanism off: none of its charges is left, all others stand, and the knock-on is told."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from simulator import discovery
from simulator.batch import run
from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.records import names
from simulator.results import Results
from simulator.scenario import load

CATALOG = Catalog()
STACKS = {
    "linux-2.4 |": ("linux-2.4",),
    "xen-1 | linux-2.4": ("xen-1", "linux-2.4"),
    "xen-2 | linux-2.4": ("xen-2", "linux-2.4"),
    "linux-2.4 | vmware-workstation-3.2 / linux-2.4": ("vmware-workstation-3.2", "linux-2.4"),
}
WORKSTATION = "linux-2.4 | vmware-workstation-3.2 / linux-2.4"
BUILD = {"workload": "kernel-build", "parameters": {"files_count": 20}, "memory": "512 MiB", "vcpus": 1}
TRANSACTIONS = {
    "workload": "osdb-oltp",
    "parameters": {"queries_count": 8, "clients_count": 2, "database_bytes": "1 MiB"},
    "memory": "512 MiB",
    "vcpus": 1,
}
PACKETS = {"workload": "request-response", "parameters": {"transactions_count": 5}, "memory": "512 MiB", "vcpus": 1}
TENANTS = {"build": BUILD, "database": TRANSACTIONS, "service": PACKETS}
"""Three programs that between them touch the disk, the network and each other."""
ELSEWHERE = {
    "wake_interrupt": (
        "dall-x86-server",
        "linux-smp-3 | kvm-3(nic_place=host-process) / linux-smp-3",
        {"workload": "dall-memcached", "memory": "512 MiB", "vcpus": 2},
    ),
    "shared_folder": (
        "unikraft-i7",
        "linux-4 | kvm-6 / linux-4",
        {"workload": "shared-folder-read", "memory": "1 GiB", "vcpus": 1},
    ),
}
"""What the stacks above have no use for: a processor that sleeps beside another, a mounted folder."""
SMALL = {"base": "dell-2650", "devices": {"memory": {"capacity": "400 MiB"}}}
UNDER_PRESSURE: dict[str, tuple[Any, dict[str, Any]]] = {
    "lock_spin": (
        "dell-2650",
        {"workload": "locking-threads", "parameters": {"threads_count": 4, "sections_count": 40, "spin": "1 s"}},
    ),
    "reclaim": (
        SMALL,
        {"workload": "memory-user", "parameters": {"held": "300 MiB", "cached": "128 MiB", "requests": 3}},
    ),
}
"""What a kernel alone pays where threads want one lock, or memory is short."""
Rows = list[dict[str, Any]]


def mechanisms() -> Iterator[tuple[str, str]]:
    """Every stack with every mechanism of its layers, and those that the machine has beside its devices."""
    for stack, products in STACKS.items():
        found = {"cache_refill", "idle_exit"}
        for product in products:
            found |= in_use(product)
        yield from ((stack, mechanism) for mechanism in sorted(found))


def in_use(name: str) -> set[str]:
    """Mechanisms of a product as it is built: not those whose every number belongs to another structure."""
    product = CATALOG.layer(name, "dell-2650")
    layer = discovery.member("layers", product.family).LAYER
    numbers = {mechanism: [p for p in layer.PARAMETERS if p.mechanism == mechanism] for mechanism in layer.MECHANISMS}
    return {
        mechanism
        for mechanism, own in numbers.items()
        if not own or any(parameter.needed(product.structure) for parameter in own)
    }


def scenario(stack: Any, tenants: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"machine": "dell-2650", "stacks": {"one": stack}, "tenants": tenants or {"app": BUILD}, "replications": 2}


@cache
def charged(stack: str, *without: str) -> Rows:
    """All charges of a run with some mechanisms off."""
    return charges(scenario({"stack": stack, "without": list(without)}, TENANTS), *without)


def charges(of: dict[str, Any], *without: str) -> Rows:
    """Those of the last point of a scenario, which is the one with the mechanisms off."""
    point = load(of, catalog=CATALOG).points()[-1]
    assert point["without"] == list(without)
    return [dict(zip(names("charges"), row, strict=True)) for row in run_point(point, 0)["tables"]["charges"]]


@pytest.mark.parametrize(("stack", "mechanism"), list(mechanisms()))
def test_no_charge_of_it_is_left(stack: str, mechanism: str) -> None:
    """Nobody's own work is any other for it: not a cycle more, not a cycle less."""
    with_it, without_it = charged(stack), charged(stack, mechanism)
    assert not [row for row in without_it if row["mechanism"] == mechanism]
    useful = [
        {
            (row["tenant"], row["thread"]): row["cycles"]
            for row in rows
            if row["cause"] == "program" and row["device"] == "cpu"
        }
        for rows in (with_it, without_it)
    ]
    assert useful[1] == pytest.approx(useful[0], rel=1e-12)


def test_every_mechanism_there_is_is_charged_in_some_stack() -> None:
    """So that the test above finds something to leave out; not what needs real slices, another structure (the last
    two are assist's, and have no number of their own), or what is charged elsewhere, below."""
    for stack in STACKS:
        found = {row["mechanism"] for row in charged(stack)}
        missing = {mechanism for of, mechanism in mechanisms() if of == stack} - found
        elsewhere = {"back_end", "driver", "host_interrupt", "register_exit", *ELSEWHERE, *UNDER_PRESSURE}
        assert missing <= {"slice_switch", "domain_slice", "cache_refill", "idle_exit"} | elsewhere, stack


@pytest.mark.parametrize("mechanism", ELSEWHERE)
def test_what_needs_another_machine_is_charged_there_and_can_be_left_out(mechanism: str) -> None:
    """Guest's kernel and hypervisor both pay it; without it neither does."""
    machine, stack, tenant = ELSEWHERE[mechanism]
    payers = []
    for without in ([], [mechanism]):
        of = scenario({"stack": stack, "without": without}, {"app": tenant}) | {"machine": machine}
        payers.append({row["cause"] for row in charges(of, *without) if row["mechanism"] == mechanism})
    assert len(payers[0]) >= 2 and not payers[1]


@pytest.mark.parametrize("mechanism", UNDER_PRESSURE)
def test_what_needs_pressure_is_charged_there_and_can_be_left_out(mechanism: str) -> None:
    machine, tenant = UNDER_PRESSURE[mechanism]
    payers = []
    for without in ([], [mechanism]):
        of = scenario({"stack": "linux-2.4 |", "without": without}, {"app": tenant}) | {"machine": machine}
        payers.append({row["cause"] for row in charges(of, *without) if row["mechanism"] == mechanism})
    assert payers == [{"linux-2.4"}, set()]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A short build on Workstation, two replications, with and without shadow paging."""
    off = {"stack": WORKSTATION, "without": ["shadow_paging"]}
    return run(load(scenario(off)), out=tmp_path_factory.mktemp("results"), jobs=1)


def test_the_scenario_gets_a_companion_with_every_mechanism_on(results: Results) -> None:
    assert results.axes["stack"] == ["one, every mechanism on", "one"]
    assert list(results.runs["without"]) == ["", "", "shadow_paging", "shadow_paging"]


def test_charges_without_it_are_charges_without_it(results: Results) -> None:
    place = results.charges.merge(results.runs[["run", "without"]], on="run")
    shadow = place[place["mechanism"] == "shadow_paging"]
    assert set(shadow["without"]) == {""}
    assert (shadow["service_s"] > 0.0).all()


def test_the_knock_on_says_what_changed(results: Results) -> None:
    """The charges themselves go to nothing; elsewhere the guest's and the host's timers tick for a shorter time; the
    build gets faster by what is no longer paid. Traps, which merely come with page tables, stay."""
    table = results.knock_on()
    assert set(table["compared_with"]) == {"one, every mechanism on"}
    assert set(table["without"]) == {"shadow_paging"}
    own = table[table["kind"] == "own"]
    assert set(own["mechanism"]) == {"shadow_paging"}
    assert (own["with_it"] > 0.0).all() and (own["without_it"] == 0.0).all()
    elsewhere = table[table["kind"] == "elsewhere"]
    assert "tick" in set(elsewhere["mechanism"]) and (elsewhere[elsewhere["mechanism"] == "tick"]["change"] < 0.0).all()
    assert "trap" not in set(elsewhere["mechanism"])
    (metric,) = table[table["kind"] == "metric"].to_dict("records")
    assert (metric["tenant"], metric["metric"], metric["unit"], metric["n"]) == ("app", "elapsed", "s", 2)
    saved = own["with_it"].sum()
    assert metric["change"] < -saved
    assert metric["change"] == pytest.approx(table[table["kind"] != "metric"]["change"].sum(), rel=0.01)


def test_a_companion_that_is_there_already_is_not_added_again() -> None:
    stacks = {"on": WORKSTATION, "off": {"stack": WORKSTATION, "without": ["shadow_paging"]}}
    points = load({**scenario(""), "stacks": stacks}).points()
    assert [(point["stack"], point["without"]) for point in points] == [("on", []), ("off", ["shadow_paging"])]


def test_a_stack_without_two_mechanisms_has_neither(tmp_path: Path) -> None:
    off = {"stack": WORKSTATION, "without": ["shadow_paging", "world_switch"]}
    both = run(load(scenario(off)), out=tmp_path, jobs=1)
    place = both.charges.merge(both.runs[["run", "without"]], on="run")
    left = set(place[place["without"] == "shadow_paging world_switch"]["mechanism"])
    assert not {"shadow_paging", "world_switch"} & left
    assert {"translation", "emulation", "trap"} <= left
