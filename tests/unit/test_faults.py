"""Faults: what goes with a component follows from the tree; what comes after is set up anew, or goes on in place."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from simulator import discovery
from simulator.blast import blast
from simulator.demands import StartProcess
from simulator.errors import RunError, ScenarioError
from simulator.experiment import build, run_point
from simulator.faults.components import find
from simulator.faults.kinds.base import kinds
from simulator.records import names
from simulator.scenario import load
from simulator.scenario.schema import Fault
from simulator.steps import Require

XEN, KVM, DOCKER = "xen-4 | linux-6", "linux-6 | kvm-6 / linux-6", "linux-6 | docker-27"
DISK = {"workload": "disk-hog-random", "disk_operations_limit": 50}


def point(stack: str, *faults: dict[str, Any], a: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    form = {"workload": "cpu-hog", "memory": "1 GiB", "vcpus": 1}
    tenants = {"a": {**form, **(a or {})}, "b": form}
    data = {
        "version": 1, "title": "faults", "machine": "laptop-2025", "stacks": {"it": stack}, "tenants": tenants,
        "duration": "6 s", "faults": [{"at": "1 s", **fault} for fault in faults], **more,
    }  # fmt: skip
    return load(data).points()[0]


def run(stack: str, *faults: dict[str, Any], **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rows of ``faults`` and ``tenants`` by tenant."""
    tables = run_point(point(stack, *faults, **more), 0)["tables"]
    rows = ([dict(zip(names(table), row, strict=True)) for row in tables[table]] for table in ("faults", "tenants"))
    hits, tenants = rows
    return {row["tenant"]: row for row in hits}, {row["tenant"]: row for row in tenants}


def effects(hits: dict[str, Any]) -> dict[str, str]:
    return {tenant: row["effect"] for tenant, row in hits.items()}


def test_every_kind_has_its_word_in_scenarios() -> None:
    assert set(kinds()) == set(discovery.members("faults.kinds")) <= set(Fault.model_fields)


@pytest.mark.parametrize(
    ("stack", "fault", "expected"),
    [
        (DOCKER, {"crash": "linux-6"}, "lost lost"),
        (DOCKER, {"panic": "a"}, "lost lost"),
        (DOCKER, {"crash": "docker-27", "of": "a"}, "lost untouched"),
        (DOCKER, {"crash": "docker-27"}, "lost lost"),
        ("linux-6 | docker-27(engine=daemon-live-restore)", {"crash": "docker-27"}, "unmanaged unmanaged"),
        (DOCKER, {"hang": "docker-27"}, "unmanaged unmanaged"),
        (XEN, {"crash": "a"}, "lost untouched"),
        (XEN, {"crash": "xen-4"}, "lost lost"),
        (XEN, {"crash": "domain-0"}, "no devices, no devices"),
        (XEN, {"hang": "b"}, "untouched hung"),
        (KVM, {"crash": "kvm-6", "of": "b"}, "untouched lost"),
        (KVM, {"crash": "kvm-6"}, "lost lost"),
        (KVM, {"exhaust": "linux-6", "of": "a", "resource": "memory"}, "refused untouched"),
        (DOCKER, {"escape": "a"}, "reached reached"),
        (KVM, {"escape": "a"}, "reached untouched"),
        (KVM, {"escape": "a", "through": "kvm-6"}, "reached reached"),
    ],
)
def test_what_is_lost_is_what_stands_above(stack: str, fault: dict[str, Any], expected: str) -> None:
    hits, tenants = run(stack, fault, duration="1.5 s")
    words = expected.split(", ") if "," in expected else expected.split()
    assert list(effects(hits).values()) == words
    for tenant, word in effects(hits).items():
        outcome = tenants[tenant]["outcome"].partition(":")[0]
        assert outcome == (word if word in ("lost", "hung") else "ok")


def test_xen_1_has_no_driver_domain_that_could_fail() -> None:
    """Drivers in the hypervisor: domain 0 is not there, or nobody needs it."""
    rows = blast("xen-1 | linux-2.4", tenants=2, machine="dell-2650").rows
    assert not any("no devices" in hit.effects.values() for row in rows for hit in row.hits)


def test_guests_of_a_dead_driver_domain_compute_and_wait_for_their_disk() -> None:
    """Nobody serves their requests: the one with the disk answers no more, the other computes all six seconds."""
    _, dead = run(XEN, {"crash": "domain-0"}, a=DISK)
    assert dead["a"]["outcome"].startswith("did not respond")
    _, well = run(XEN, a=DISK)
    assert dead["b"]["operations"] == well["b"]["operations"]
    hits, back = run(XEN, {"crash": "domain-0", "restart": "100 ms"}, a=DISK)
    assert back["a"]["outcome"] == "ok"
    down_s = hits["a"]["downtime_s"]
    lost = well["a"]["operations"] - back["a"]["operations"]
    assert lost == pytest.approx(50.0 * down_s, rel=0.05)  # 50 a second while it was down


def test_a_driver_domain_that_goes_on_in_place_is_away_for_as_long_as_that_takes() -> None:
    hits, back = run(XEN, {"crash": "domain-0", "recover": "0 s", "takes": "1 s"}, a=DISK)
    _, well = run(XEN, a=DISK)
    assert (hits["a"]["effect"], hits["a"]["downtime_s"]) == ("no devices", 1.0)
    assert well["a"]["operations"] - back["a"]["operations"] == pytest.approx(50.0, abs=3.0)
    assert well["b"]["operations"] == back["b"]["operations"]


@pytest.mark.parametrize("fidelity", ["fluid", "quantum"])
def test_a_hypervisor_started_anew_under_its_guests_costs_them_its_time_and_no_work(fidelity: str) -> None:
    fault = {"crash": "xen-3.3-rehype", "recover": "250 ms"}
    stack = "xen-3.3-rehype | linux-2.6"
    hits, hit = run(stack, fault, fidelity=fidelity)
    _, well = run(stack, fidelity=fidelity)
    assert effects(hits) == {"a": "paused", "b": "paused"}
    assert hits["a"]["downtime_s"] == pytest.approx(1.0)  # 0.25 s until it is noticed, 0.75 s (Le and Tamir 2021)
    assert hits["a"]["work_lost_s"] == 0.0
    ratio = hit["a"]["operations"] / well["a"]["operations"]
    assert ratio == pytest.approx(5.0 / 6.0, abs=0.02)


def test_stock_xen_cannot_recover_in_place() -> None:
    with pytest.raises(ScenarioError, match=r"nobody knows how xen-4 recovers in place \(write 'takes: ...'"):
        point(XEN, {"crash": "xen-4", "recover": "0 s"})


def test_what_is_set_up_anew_comes_back_with_its_start_and_its_work_is_lost() -> None:
    """The guest boots as long as after a boot of its own; its program begins anew, its neighbour notices nothing."""
    hits, tenants = run(XEN, {"crash": "a", "restart": "500 ms"}, duration="12 s")
    _, well = run(XEN, duration="12 s")
    boot = run_point(point(XEN, a={"boot": True}, duration="12 s"), 0)["tables"]["tenants"][0]
    boot_s = boot[names("tenants").index("boot_s")]
    assert hits["a"]["downtime_s"] == pytest.approx(0.5 + boot_s, rel=0.02)
    assert 0.0 < hits["a"]["work_lost_s"] < 1.0
    lived = 1.0 - hits["a"]["downtime_s"] / 12.0
    assert tenants["a"]["operations"] / well["a"]["operations"] == pytest.approx(lived, abs=0.05)
    assert tenants["b"]["operations"] == well["b"]["operations"]
    assert isnan(hits["b"]["downtime_s"])


def test_what_hangs_is_started_anew_as_well() -> None:
    hits, tenants = run(XEN, {"hang": "a", "restart": "500 ms"}, duration="12 s")
    assert hits["a"]["downtime_s"] > 0.5
    assert tenants["a"]["outcome"] == "ok"


def test_a_full_table_refuses_whoever_asks_for_more_until_it_is_mended() -> None:
    """A kernel without room for a process lets none begin; the one beside it does not notice."""
    house = build(point(XEN))
    component = find(house.site, "a")
    exhaust, start = kinds()["exhaust"](), StartProcess("fork")
    refusals = []
    for change in (None, exhaust.strike, exhaust.mend):
        if change is not None:
            change(house, component, "processes")
        (check, *_) = component.node.layer.lower(start)
        assert isinstance(check, Require)
        refusals.append(check.refusal())
    assert refusals == ["", "could not fork", ""]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({}, "says nothing of what happens"),
        ({"crash": "a", "hang": "a"}, "is crash and hang at once"),
        ({"crash": "a", "resource": "memory"}, "means nothing for crash"),
        ({"exhaust": "a"}, "does not say what is used up"),
        ({"crash": "a", "restart": "1 s", "recover": "1 s"}, "contradicts 'restart'"),
        ({"escape": "a", "restart": "1 s"}, "nothing has ended"),
        ({"crash": "a", "takes": "1 s"}, "belongs to 'recover'"),
        ({"crash": "a", "through": "xen-4"}, "means nothing for crash"),
        ({"crash": "a", "of": "nobody"}, "nothing in any stack is called 'nobody'"),
    ],
)
def test_mistakes_are_told_before_anything_runs(fault: dict[str, Any], words: str) -> None:
    with pytest.raises(ScenarioError, match=words):
        point(XEN, fault)


def test_a_component_that_is_several_and_a_process_that_cannot_panic_are_refused() -> None:
    with pytest.raises(RunError, match="is no kernel and cannot panic"):
        run(DOCKER, {"panic": "docker-27", "of": "a"})
    with pytest.raises(RunError, match="say whose with 'of: tenant'"):
        run("vmware-esxi-7 | linux-6", {"crash": "linux-6"})
