"""What every workload of the catalog promises, run small on every way of virtualizing.

It runs; both ledgers close; the program's own cycles are the same in every stack and do not know who else is there;
the same seed gives the same rows, another seed others. A new workload is tested by being there.
"""

from __future__ import annotations

import math
from functools import cache
from itertools import islice
from typing import Any

import pytest

from simulator import discovery
from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load
from simulator.workloads.base import Context, Draws, Program

MACHINE = "dell-2650"
CATALOG = Catalog()
WORKLOADS = CATALOG.names("workloads")
MODULES = sorted(discovery.members("workloads"))
STACKS = {
    "native": "linux-2.4 |",
    "xen-1": "xen-1 | linux-2.4",
    "xen-2": "xen-2 | linux-2.4",
    "workstation": "linux-2.4 | vmware-workstation-3.2 / linux-2.4",
}
SHORT = {
    "chunks_count": 12, "files_count": 20, "group_count": 4, "queries_count": 12, "requests_count": 12,
    "transactions_count": 12,
}  # fmt: skip
"""How long the simulated part is; a workload that calls it otherwise runs at its full length."""

LEDGER = (
    "useful_s", "overhead_s", "stalled_s", "ready_s", "steal_s", "throttled_s", "overhead_wait_s", "blocked_disk_s",
    "blocked_network_s", "blocked_message_s", "blocked_lock_s", "asleep_s",
)  # fmt: skip
Rows = list[dict[str, Any]]
each_workload = pytest.mark.parametrize("workload", WORKLOADS)
each_stack = pytest.mark.parametrize("stack", STACKS)


@cache
def run(workload: str, stack: str, seed: int = 1, beside: str = "") -> dict[str, Rows]:
    """One short run: rows of every table as mappings."""
    app: dict[str, Any] = {"workload": workload, "memory": "512 MiB", "vcpus": 1, "parameters": shortened(workload)}
    neighbour = {**app, "workload": beside, "parameters": shortened(beside)} if beside else None
    scenario = {
        "machine": MACHINE,
        "stacks": {stack: STACKS[stack]},
        "tenants": {"app": app, **({"neighbour": neighbour} if neighbour else {})},
        "seed": seed,
    }
    (point,) = load(scenario, catalog=CATALOG).points()
    tables = run_point(point, 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}


@cache
def shortened(workload: str) -> dict[str, float]:
    declared = CATALOG.workload(workload, MACHINE).parameters
    return {name: count for name, count in SHORT.items() if name in declared}


def useful_cycles(tables: dict[str, Rows]) -> dict[tuple[str, str], float]:
    """The program's own cycles, by thread and mechanism."""
    return {
        (row["thread"], row["mechanism"]): row["cycles"]
        for row in tables["charges"]
        if (row["tenant"], row["device"], row["cause"]) == ("app", "cpu", "program")
    }


def kinds(tables: dict[str, Rows]) -> list[tuple[str, str]]:
    """What was asked for, by thread, in order within the thread."""
    return sorted((row["thread"], row["kind"]) for row in tables["requests"] if row["tenant"] == "app")


# ---------------------------------------------------------------- in every stack


@each_workload
@each_stack
def test_it_runs_to_its_end(workload: str, stack: str) -> None:
    (app,) = run(workload, stack)["tenants"]
    assert app["outcome"] == "ok"
    assert app["operations"] > 0
    assert math.isfinite(app["value"]) and app["value"] > 0.0
    assert 0.0 < app["latency_p50_s"] <= app["latency_p99_s"] <= app["elapsed_s"]


@each_workload
@each_stack
def test_every_second_of_a_thread_is_accounted_for(workload: str, stack: str) -> None:
    for thread in run(workload, stack)["threads"]:
        assert sum(thread[state] for state in LEDGER) == pytest.approx(thread["wall_s"], rel=1e-9, abs=1e-9), thread
        assert all(thread[state] >= -1e-12 for state in LEDGER), thread


@each_workload
@each_stack
def test_every_second_of_a_device_is_charged_or_idle(workload: str, stack: str) -> None:
    tables = run(workload, stack)
    for device in tables["devices"]:
        charged = sum(row["service_s"] for row in tables["charges"] if row["device"] == device["device"])
        whole = device["capacity"] * device["time_s"]
        assert charged + device["idle_s"] == pytest.approx(whole, rel=1e-9), device
        assert device["busy_s"] == pytest.approx(charged, rel=1e-9, abs=1e-12), device
        assert device["idle_s"] >= -1e-9, device
    assert {row["device"] for row in tables["charges"]} <= {device["device"] for device in tables["devices"]}


@each_workload
@each_stack
def test_the_thread_and_the_device_agree_on_what_was_useful(workload: str, stack: str) -> None:
    """Seconds of the program in the threads' ledger are the program's cycles over the clock."""
    tables = run(workload, stack)
    useful_s = sum(row["useful_s"] for row in tables["threads"])
    frequency_hz = CATALOG.machine(MACHINE).devices["cpu"].values()["frequency_hz"]
    cycles = sum(row["cycles"] for row in tables["charges"] if (row["device"], row["cause"]) == ("cpu", "program"))
    assert useful_s == pytest.approx(cycles / frequency_hz, rel=1e-9)


@each_workload
@pytest.mark.parametrize("stack", [stack for stack in STACKS if stack != "native"])
def test_its_own_work_is_the_same_in_every_stack(workload: str, stack: str) -> None:
    """Rule 1, and common random numbers: each thread computes the same cycles, in the same operations."""
    native, virtual = run(workload, "native"), run(workload, stack)
    assert useful_cycles(virtual) == pytest.approx(useful_cycles(native), rel=1e-12)
    assert kinds(virtual) == kinds(native)
    assert virtual["tenants"][0]["operations"] == native["tenants"][0]["operations"]


@each_workload
def test_virtual_is_never_cheaper(workload: str) -> None:
    """Layers add steps and take none away, so that somebody's processor time grows; elapsed time need not."""
    spent = {
        stack: sum(row["service_s"] for row in run(workload, stack)["charges"] if row["device"] == "cpu")
        for stack in STACKS
    }
    assert spent["native"] < min(spent["xen-1"], spent["xen-2"], spent["workstation"])


# ---------------------------------------------------------------- luck


@each_workload
def test_the_same_seed_gives_the_same_rows(workload: str) -> None:
    again = run.__wrapped__(workload, "xen-2")
    assert repr(again) == repr(run(workload, "xen-2"))  # repr: equal to the last bit, NaN included


@each_workload
def test_another_seed_gives_other_rows_where_there_is_luck(workload: str) -> None:
    """And the very same rows where nothing is left to luck, as in a transfer of so many bytes."""
    first, other = (repr(run(workload, "native", seed)["requests"]) for seed in (1, 2))
    assert (first != other) == (asked(workload, 1) != asked(workload, 2))


def asked(workload: str, seed: int) -> list[object]:
    """What a program asks for first, with one seed."""
    product = CATALOG.workload(workload, MACHINE)
    program: type[Program] = discovery.member("workloads", product.program).PROGRAM
    context = Context("app", lambda: 0.0, lambda purpose: Draws(seed, 0, "app", purpose))
    threads = program(product.values() | shortened(workload), context).threads()
    return [demand for thread in threads for demand in islice(thread.demands, 20)]


@pytest.mark.parametrize("stack", STACKS)
def test_a_neighbour_does_not_change_a_tenants_luck(stack: str) -> None:
    """Draws depend on seed, replication, tenant and purpose only: what is asked for is the same, only when is not."""
    alone, beside = run("osdb-ir", stack), run("osdb-ir", stack, beside="spec-int")
    assert useful_cycles(beside) == pytest.approx(useful_cycles(alone), rel=1e-12)
    assert kinds(beside) == kinds(alone)


def test_purposes_tenants_and_replications_have_streams_of_their_own() -> None:
    streams = [
        (1, 0, "app", "file"),
        (2, 0, "app", "file"),
        (1, 1, "app", "file"),
        (1, 0, "b", "file"),
        (1, 0, "app", "c"),
    ]
    first = [Draws(*stream).uniform() for stream in streams]
    assert len(set(first)) == len(streams)
    assert [Draws(*stream).uniform() for stream in streams] == first


# ---------------------------------------------------------------- what it says


@pytest.mark.parametrize("name", MODULES)
def test_its_module_says_what_one_operation_is(name: str) -> None:
    assert "One operation:" in (discovery.member("workloads", name).__doc__ or "")


@pytest.mark.parametrize("name", MODULES)
def test_its_class_declares_what_it_needs_and_counts(name: str) -> None:
    program: type[Program] = discovery.member("workloads", name).PROGRAM
    assert program.INTERFACE in ("system", "machine")
    assert program.PARAMETERS and program.COUNTS
    assert len({parameter.name for parameter in program.PARAMETERS}) == len(program.PARAMETERS)


@pytest.mark.parametrize("name", MODULES)
def test_some_product_uses_it(name: str) -> None:
    assert name in {CATALOG.workload(workload, MACHINE).program for workload in WORKLOADS}
