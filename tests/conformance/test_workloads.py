"""What every workload of the catalog promises, run small on every way of virtualizing that it is built for.

It runs; both ledgers close; the program's own cycles are the same in every stack and do not know who else is there;
the same seed gives the same rows, another seed others. A new workload is tested by being there; where many are one
program with other numbers a few stand for all, the others run in their experiments. One that never ends is run for a
moment.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import pytest

from simulator import discovery
from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load
from simulator.workloads.base import Context, Draws, Program, ThreadPlan

CATALOG = Catalog()
FEW = 3
"""So many stand for all workloads that are the same program with other numbers."""


def _representatives() -> list[str]:
    """The first, the middle and the last of the workloads of a program that say the same of it."""
    families: dict[tuple[object, ...], list[str]] = {}
    for name in CATALOG.names("workloads"):
        product = CATALOG.workload(name, "laptop-2025")
        said = (frozenset(product.parameters), frozenset(product.bytecode or {}), product.interface, product.program)
        built = (frozenset(product.runs_on), frozenset(product.architectures), product.metric["name"])
        families.setdefault((*said, *built), []).append(name)
    return sorted(name for every in families.values() for name in every[:: max(1, (len(every) - 1) // (FEW - 1))])


WORKLOADS = _representatives()
MODULES = sorted(discovery.members("workloads"))


class Site(NamedTuple):
    """A machine with ways of virtualizing; "native" is the workload without any."""

    machine: str
    memory: str
    stacks: Mapping[str, str]


SITES = {
    "2003": Site("dell-2650", "512 MiB", {
        "native": "linux-2.4 |",
        "xen-1": "xen-1 | linux-2.4",
        "xen-2": "xen-2 | linux-2.4",
        "workstation": "linux-2.4 | vmware-workstation-3.2 / linux-2.4",
    }),
    "today": Site("laptop-2025", "1 GiB", {
        "native": "linux-6 |",
        "docker": "linux-6 | docker-27",
        "workstation": "linux-6 | vmware-workstation-3.2 / linux-6",
    }),
    "windows": Site("laptop-2025", "4 GiB", {
        "native": "windows-11 |",
        "workstation": "windows-11 | vmware-workstation-3.2 / windows-11",
    }),
    "unikernel": Site("laptop-2025", "8 GiB", {
        "native": "unikraft-0.5 |",
        "workstation": "linux-6 | vmware-workstation-3.2 / unikraft-0.5",
    }),
    "class files": Site("laptop-2025", "4 GiB", {
        "native": "linux-6 | hotspot-21",
        "docker": "linux-6 | docker-27 / hotspot-21",
        "workstation": "linux-6 | vmware-workstation-3.2 / linux-6 / hotspot-21",
    }),
}  # fmt: skip
SHORT: Mapping[str, int] = {
    "chunks_count": 12, "files_count": 20, "group_count": 4, "queries_count": 12, "requests_count": 12,
    "transactions_count": 12, "pieces_count": 8, "blocks_count": 32, "parts_count": 8, "groups_count": 8,
    "documents_count": 3, "exchanges_count": 16, "rounds_count": 20_000, "processes_count": 500, "instances_count": 3,
    "actions_count": 3, "iterations_count": 2,
}  # fmt: skip
"""How long the simulated part is at most; a workload that calls it otherwise runs at its full length."""
SMALL: Mapping[str, int | str] = {
    "chunk_cycles": "10 M cycles", "threads_count": 1, "chunks_count": 4, "block_bytes": "512 KiB",
    "step_bytes": "8 MiB",
}  # fmt: skip
"""How finely one is simulated that never ends."""
HEAP = "900 MiB"
"""Of a Java virtual machine in every stack: of itself it follows the memory that is seen, and with it the pages that
new objects touch for the first time."""
MOMENT_S = 0.2
ELSEWHERE = ("is machine code for", "is built for", "runs on a bytecode", "in machine code only")
"""Why a workload may be refused on a stack."""

LEDGER = (
    "useful_s", "overhead_s", "stalled_s", "ready_s", "steal_s", "throttled_s", "overhead_wait_s", "paused_s",
    "blocked_disk_s", "blocked_network_s", "blocked_message_s", "blocked_lock_s", "asleep_s",
)  # fmt: skip
Rows = list[dict[str, Any]]


@cache
def threads(workload: str, seed: int = 1) -> list[ThreadPlan]:
    """A workload's threads as they are before anything has happened."""
    product = CATALOG.workload(workload, SITES["today"].machine)
    program: type[Program] = discovery.member("workloads", product.program).PROGRAM
    context = Context("app", lambda: 0.0, lambda purpose: Draws(seed, 0, "app", purpose))
    return program(product.values(), context).threads()


def little(workload: str) -> dict[str, str]:
    """Data of a companion: it has little memory."""
    declared = CATALOG.workload(workload, SITES["today"].machine).values()
    return {"data_bytes": "1 MiB"} if "data_bytes" in declared else {}


def ends(workload: str) -> bool:
    """Whether it ends of its own."""
    return not all(thread.endless for thread in threads(workload))


@cache
def shortened(workload: str) -> Mapping[str, int | str]:
    declared = CATALOG.workload(workload, SITES["today"].machine).values()
    if not ends(workload):
        return {name: size for name, size in SMALL.items() if name in declared}
    return {name: count for name, count in SHORT.items() if declared.get(name, 0.0) > count}


@cache
def companions(workload: str) -> dict[str, str]:
    """Other tenants that a workload needs, or that it is there for, each with its workload: one application."""
    programs = {name: discovery.member("workloads", name).PROGRAM.TALKS_TO for name in MODULES}
    application = {_program(workload)}
    while True:
        more = {other for name in application for other in programs[name]}
        more |= {name for name, others in programs.items() if set(others) & application}
        if more <= application:
            break
        application |= more
    every = {_program(name): name for name in CATALOG.names("workloads")}
    return {name.replace("_", "-"): every[name] for name in sorted(application - {_program(workload)})}


def _program(workload: str) -> str:
    return CATALOG.workload(workload, SITES["today"].machine).program


def scenario(workload: str, site: str, stack: str, seed: int = 1, beside: str = "") -> dict[str, Any]:
    """A workload alone, or beside another."""
    machine, memory, stacks = SITES[site]
    app: dict[str, Any] = {"workload": workload, "memory": memory, "vcpus": 1, "parameters": shortened(workload)}
    if site == "class files":
        app["limits"] = {"hotspot-21": {"heap": HEAP}}
    neighbour = {**app, "workload": beside, "parameters": shortened(beside)} if beside else None
    others = {
        name: {"workload": each, "memory": "100 MiB", "vcpus": 1, "parameters": little(each)}
        for name, each in companions(workload).items()
    }
    return {
        "machine": machine,
        "stacks": {stack: stacks[stack]},
        "tenants": {"app": app, **others, **({"neighbour": neighbour} if neighbour else {})},
        "seed": seed,
        **({} if ends(workload) else {"duration": f"{MOMENT_S} s"}),
    }


def fits(workload: str, site: str, stack: str) -> bool:
    """Whether its machine code runs there."""
    try:
        load(scenario(workload, site, stack), catalog=CATALOG)
    except ScenarioError as error:
        assert any(
            reason in str(error)
            for reason in ("is machine code for", "is built for", "runs on a bytecode", "in machine code only")
        )
        return False
    return True


PLACES = [
    (workload, site, stack)
    for workload in WORKLOADS
    for site in SITES
    for stack in SITES[site].stacks
    if fits(workload, site, stack)
]
EMERGENT = {
    name
    for family in discovery.members("layers")
    for name, mechanism in discovery.member("layers", family).LAYER.MECHANISMS.items()
    if mechanism.kind == "emergent"
}
each_workload = pytest.mark.parametrize("workload", WORKLOADS)
each_place = pytest.mark.parametrize(("workload", "site", "stack"), PLACES)
each_native = pytest.mark.parametrize(("workload", "site"), [place[:2] for place in PLACES if place[2] == "native"])


@cache
def run(workload: str, site: str, stack: str, seed: int = 1, beside: str = "") -> dict[str, Rows]:
    """One short run: rows of every table as mappings."""
    (point,) = load(scenario(workload, site, stack, seed, beside), catalog=CATALOG).points()
    tables = run_point(point, 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}


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
def test_there_is_a_place_for_it_natively_and_virtually(workload: str) -> None:
    stacks = {stack for name, _, stack in PLACES if name == workload}
    assert "native" in stacks and len(stacks) > 1


@each_place
def test_it_runs_to_its_end(workload: str, site: str, stack: str) -> None:
    """Or for as long as the run lasts, if it never ends."""
    app = next(row for row in run(workload, site, stack)["tenants"] if row["tenant"] == "app")
    assert app["outcome"] == "ok"
    assert ends(workload) or app["elapsed_s"] == MOMENT_S
    assert app["operations"] > 0
    assert math.isfinite(app["value"]) and app["value"] > 0.0
    assert 0.0 < app["latency_p50_s"] <= app["latency_p99_s"] <= app["elapsed_s"]


@each_place
def test_every_second_of_a_thread_is_accounted_for(workload: str, site: str, stack: str) -> None:
    for thread in run(workload, site, stack)["threads"]:
        assert sum(thread[state] for state in LEDGER) == pytest.approx(thread["wall_s"], rel=1e-9, abs=1e-9), thread
        assert all(thread[state] >= -1e-12 for state in LEDGER), thread


@each_place
def test_every_second_of_a_device_is_charged_or_idle(workload: str, site: str, stack: str) -> None:
    tables = run(workload, site, stack)
    for device in tables["devices"]:
        charged = sum(row["service_s"] for row in tables["charges"] if row["device"] == device["device"])
        whole = device["capacity"] * device["time_s"]
        assert charged + device["idle_s"] == pytest.approx(whole, rel=1e-9), device
        assert device["busy_s"] == pytest.approx(charged, rel=1e-9, abs=1e-12), device
        assert device["idle_s"] >= -1e-9, device
    assert {row["device"] for row in tables["charges"]} <= {device["device"] for device in tables["devices"]}


@each_place
def test_the_thread_and_the_device_agree_on_what_was_useful(workload: str, site: str, stack: str) -> None:
    """Seconds of the program in the threads' ledger are the program's cycles over the clock."""
    tables = run(workload, site, stack)
    useful_s = sum(row["useful_s"] for row in tables["threads"])
    frequency_hz = CATALOG.machine(SITES[site].machine).devices["cpu"].values()["frequency_hz"]
    cycles = sum(row["cycles"] for row in tables["charges"] if (row["device"], row["cause"]) == ("cpu", "program"))
    assert useful_s == pytest.approx(cycles / frequency_hz, rel=1e-9)


@pytest.mark.parametrize(
    ("workload", "site", "stack"), [place for place in PLACES if place[2] != "native" and ends(place[0])]
)
def test_its_own_work_is_the_same_in_every_stack(workload: str, site: str, stack: str) -> None:
    """Rule 1, and common random numbers: each thread computes the same cycles, in the same operations."""
    native, virtual = run(workload, site, "native"), run(workload, site, stack)
    assert useful_cycles(virtual) == pytest.approx(useful_cycles(native), rel=1e-12)
    assert kinds(virtual) == kinds(native)
    assert virtual["tenants"][0]["operations"] == native["tenants"][0]["operations"]


@pytest.mark.parametrize(
    ("workload", "site"), [(name, site) for name, site, stack in PLACES if stack == "native" and ends(name)]
)
def test_virtual_is_never_cheaper(workload: str, site: str) -> None:
    """Layers add steps and take none away: the processor time of what is counted does not shrink in any stack.

    How often a thread blocks or a core wakes follows from the schedule, and may be less. A stack that has the other
    end of a connection on another machine has its work there too. A virtual machine that is shown less memory makes a
    smaller heap, of which it touches fewer pages.
    """
    spent = {
        stack: sum(
            row["service_s"]
            for row in run(workload, site, stack)["charges"]
            if row["device"] == "cpu" and row["mechanism"] not in EMERGENT
        )
        for name, where, stack in PLACES
        if (name, where) == (workload, site)
        and (stack == "native" or not leaves_the_machine(workload, site, stack))
        and heaps(workload, site, stack) == heaps(workload, site, "native")
    }
    native = spent.pop("native")
    assert all(native <= virtual * (1.0 + 1e-12) for virtual in spent.values())


def heaps(workload: str, site: str, stack: str) -> list[str]:
    """The heaps that virtual machines have made for themselves, where there are any."""
    return [row["value"] for row in run(workload, site, stack)["settings"] if row["setting"] == "heap_most_bytes"]


def leaves_the_machine(workload: str, site: str, stack: str) -> bool:
    """Whether no system of the machine drives its card, so that an other end asked for there stands elsewhere."""
    here = any(getattr(demand, "peer", "far") == "machine" for demand in asked(workload, 1))
    return here and {row["tenant"] for row in run(workload, site, stack)["charges"]} <= {"app", ""}


# ---------------------------------------------------------------- luck


@each_native
def test_the_same_seed_gives_the_same_rows(workload: str, site: str) -> None:
    stack = [stack for name, where, stack in PLACES if (name, where) == (workload, site)][-1]
    again = run.__wrapped__(workload, site, stack)
    assert repr(again) == repr(run(workload, site, stack))  # repr: equal to the last bit, NaN included


@each_native
def test_another_seed_gives_other_rows_where_there_is_luck(workload: str, site: str) -> None:
    """And the very same rows where nothing is left to luck, as in a transfer of so many bytes."""
    first, other = (repr(run(workload, site, "native", seed)["requests"]) for seed in (1, 2))
    assert (first != other) == (asked(workload, 1) != asked(workload, 2))


def asked(workload: str, seed: int) -> list[object]:
    """What a program asks for first, with one seed."""
    names = (workload, *companions(workload).values())
    return [
        demand for name in names for thread in threads.__wrapped__(name, seed) for demand in islice(thread.demands, 120)
    ]


@pytest.mark.parametrize("stack", SITES["2003"].stacks)
def test_a_neighbour_does_not_change_a_tenants_luck(stack: str) -> None:
    """Draws depend on seed, replication, tenant and purpose only: what is asked for is the same, only when is not."""
    alone, beside = run("osdb-ir", "2003", stack), run("osdb-ir", "2003", stack, beside="spec-int")
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
    assert program.PARAMETERS and program.COUNTS
    assert len({parameter.name for parameter in program.PARAMETERS}) == len(program.PARAMETERS)


@pytest.mark.parametrize("name", MODULES)
def test_some_product_uses_it(name: str) -> None:
    assert name in {CATALOG.workload(workload, SITES["today"].machine).program for workload in WORKLOADS}
