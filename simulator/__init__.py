"""A laboratory for virtualization models: what each way of virtualizing costs, and where the time goes.

    import simulator as vl

    vl.run("scenarios/what-does-it-cost.yaml").summary()
    vl.explain("xen-2 | linux-2.4", "read 4 KiB")

Names are imported when they are first used, so that a worker or ``virtlab --help`` pays for nothing it does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor
    from typing import Any

    import pandas as pd

    from simulator import demands as demands
    from simulator import steps as steps
    from simulator.batch.progress import Progress
    from simulator.blast import Blast
    from simulator.capability import Capability
    from simulator.catalog import Catalog as Catalog
    from simulator.choice import Choice as Choice
    from simulator.delivery import Delivery
    from simulator.errors import VirtlabError as VirtlabError
    from simulator.explain import Explanation as Explanation
    from simulator.explain import explain as explain
    from simulator.filling import Density as Density
    from simulator.importance import Sensitivity as Sensitivity
    from simulator.isolation import Isolation as Isolation
    from simulator.layers.base import Layer as Layer
    from simulator.layers.base import Mechanism as Mechanism
    from simulator.layers.base import Place as Place
    from simulator.layers.base import Service as Service
    from simulator.layers.base import Transition as Transition
    from simulator.machine import Machine as Machine
    from simulator.parameters import Parameter as Parameter
    from simulator.planning import Plan as Plan
    from simulator.pool import PoolResults as PoolResults
    from simulator.pool import pool as pool
    from simulator.quiz import Exercise as Exercise
    from simulator.quiz import pose as quiz  # noqa: F401
    from simulator.results import Results as Results
    from simulator.results import batches as results  # noqa: F401
    from simulator.results import load as load
    from simulator.scenario import Scenario as Scenario
    from simulator.session import add as add
    from simulator.settling import Warmup as Warmup
    from simulator.sharing.tree import WeightRule
    from simulator.workloads.base import Program as Program
    from simulator.workloads.base import ThreadPlan as ThreadPlan

_HOMES = {
    "Catalog": "catalog",
    "Density": "filling",
    "Exercise": "quiz",
    "Explanation": "explain",
    "Isolation": "isolation",
    "Layer": "layers.base",
    "Machine": "machine",
    "Mechanism": "layers.base",
    "Parameter": "parameters",
    "Place": "layers.base",
    "Plan": "planning",
    "PoolResults": "pool.results",
    "Program": "workloads.base",
    "Results": "results",
    "Scenario": "scenario",
    "Sensitivity": "importance",
    "Service": "layers.base",
    "ThreadPlan": "workloads.base",
    "Transition": "layers.base",
    "VirtlabError": "errors",
    "Warmup": "settling",
    "add": "session",
    "load": "results",
}
_MODULES = ("demands", "explain", "pool", "quiz", "results", "steps")

__all__ = [
    "__version__",
    "blast",
    "can",
    "choose",
    "density",
    "isolate",
    "plan",
    "pull",
    "run",
    "sensitivity",
    "share",
    "sweep",
    "warmup",
    *_HOMES,
    *_MODULES,
]


def run(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    *,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    progress: Progress | bool | None = None,
    **changes: Any,
) -> Results:
    """Run a scenario, or go on with it where it was stopped.

    Args:
        scenario: a file, its text, a mapping with the same keys, or a scenario that was loaded.
        out: folder of all results.
        jobs: how many runs at a time, as many as there are processors if not given.
        on: where to run: ``serial``, ``processes``, another word or address, or any executor.
        progress: by default a bar in a terminal and in a notebook, a line now and then in a log; ``False``: nothing.
            Or whoever is to be told of every run.
        changes: ``replications``, ``seed``, ``fidelity`` or ``budget`` other than the scenario's, the last e.g.
            ``budget={"wall": "60 s", "events": 5e6}``.

    Raises:
        ScenarioError: all mistakes of the scenario at once; nothing was run.
    """
    from simulator import batch
    from simulator.scenario import load
    from simulator.watching import chosen

    loaded = load(scenario, overrides=changes)
    return batch.run(loaded, out=out, jobs=jobs, on=on, progress=chosen(progress, loaded.name))


def plan(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    *,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    pilot_s: float = 5.0,
    **changes: Any,
) -> Plan:
    """What ``run`` would run, and about how long that takes; nothing is written.

    ``plan("scenarios/...").frame()``: the points, and what is left of each. ``.estimate``: time and size.

    Args:
        scenario: a file, its text, a mapping with the same keys, or a scenario that was loaded.
        out: folder of all results; what is finished there is not left to run.
        jobs: how many runs at a time, as many as there are processors if not given.
        on: where it would run.
        pilot_s: for how many seconds points may be tried where no earlier batch says how long they take.
        changes: ``replications``, ``seed``, ``fidelity`` or ``budget`` other than the scenario's.

    Raises:
        ScenarioError: all mistakes of the scenario at once.
    """
    from simulator import planning
    from simulator.scenario import load

    return planning.plan(load(scenario, overrides=changes), out=out, jobs=jobs, on=on, pilot_s=pilot_s)


def sweep(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    axes: Mapping[str, Any] | None = None,
    *,
    zip: Sequence[Sequence[str]] = (),
    cases: Mapping[str, Mapping[str, Any]] | None = None,
    design: Mapping[str, Any] | None = None,
    drop: Sequence[Mapping[str, Any]] = (),
    metric: str | Sequence[str] | None = None,
    level: float = 0.95,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    progress: Progress | bool | None = None,
    **changes: Any,
) -> pd.DataFrame:
    """Run a scenario for every combination of some values; one row for each point, tenant and metric.

    ``vl.sweep("who-pays.yaml", {"tenants.app.memory": ["1 GiB", "2 GiB"], "tenants.app.vcpus": range(1, 5)})``

    The columns: the axes as written, numbers as numbers, everything else as categories in the order given; where all
    values of an axis are quantities, a second column with the unit in its name has them as numbers
    (``tenants.app.memory_bytes``). Then ``tenant``, ``workload``, ``metric`` with ``unit`` and ``better``, ``n``,
    ``mean``, ``ci_low``, ``ci_high`` and what else ``Results.summary`` gives, and ``failed``, the runs of the point
    that failed. A point of which no run could be measured has a row too, with ``n`` 0.

    ``attrs`` of the table says where everything else is: ``vl.load(table.attrs["folder"])`` are the results, beside it
    stand ``identity`` (the digest of all that decides them), ``status``, ``baseline``, ``level`` and the ``units``.

    Args:
        scenario: a file, its text, a mapping with the same keys, or a scenario that was loaded.
        axes: values at dotted paths of the scenario, instead of what it has there: lists, ranges, arrays and columns of
            tables are axes, ``{"from": "1 GiB", "to": "8 GiB", "count": 4}`` as well; one value stands for itself.
            Beside the other axes that the scenario has.
        zip: axes that go side by side instead of in every combination, each as a list of paths.
        cases: points by name, each with its values by path.
        design: points that fill the space, e.g. ``{"kind": "sobol", "points": 64, "over": {path: values, ...}}``.
        drop: points that are left out: all at which what one of these says holds, e.g. ``{path: "> 2 GiB"}``.
        metric: a numeric column of ``tenants``, or several; by default each workload's own figure of merit.
        level: of the intervals.
        out: folder of all results.
        jobs: how many runs at a time, as many as there are processors if not given.
        on: where to run, as of ``run``.
        progress: as of ``run``.
        changes: ``replications``, ``seed``, ``fidelity`` or ``budget`` other than the scenario's.

    Raises:
        UsageError: a mistake in the scenario or in the axes, or no such metric; nothing was run.
    """
    from simulator import sweeping

    return sweeping.sweep(
        scenario, axes or {}, metric=metric, level=level, out=out, jobs=jobs, on=on, progress=progress, changes=changes,
        forms={"zip": zip, "cases": cases, "design": design, "drop": drop},
    )  # fmt: skip


def choose(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    *,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    **changes: Any,
) -> Choice:
    """Compare the stacks of a scenario as models: overhead, isolation, footprint, start, control and effort.

    Args:
        scenario: a file, its text, a mapping with the same keys, or a scenario that was loaded.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: where to run, as in ``run``.
        changes: ``replications`` or ``seed`` other than the scenario's.

    Raises:
        UsageError: a mistake in the scenario, or no room for a neighbour; nothing was run.
    """
    from simulator import choice
    from simulator.scenario import load

    return choice.choose(load(scenario, overrides=changes), out=out, jobs=jobs, on=on)


def blast(
    *stacks: str,
    tenants: int = 4,
    machine: str = "",
    numbers: Mapping[tuple[str, str], float] | None = None,
    times: bool = True,
) -> list[Blast]:
    """What each fault takes down on a stack, and what lies between two tenants: structure and times, never chances.

    ``blast("linux-6 | docker")[0].frame()``: a row for each component, kind of fault and tenant that is hit.

    Args:
        stacks: expressions, one result each.
        tenants: how many equal ones stand on it.
        machine: of the catalog; if not given a server of 2025.
        numbers: other weights of boundaries than the catalog's, by product and name.
        times: also how long setting up anew takes, in simulated time; without it structure alone, which is faster.

    Raises:
        UsageError: a mistake in a stack, or tenants that do not fit.
    """
    from simulator.blast import blast as one
    from simulator.blast.setting import MACHINE

    return [one(stack, tenants=tenants, machine=machine or MACHINE, numbers=numbers, times=times) for stack in stacks]


def can(*stacks: str, machine: str = "") -> list[Capability]:
    """What each stack lets one do to a tenant, word by word: which layer does it to what, or why nobody can.

    ``vl.can("linux-6 | docker")[0]["snapshot"].why_not``: the reason and what to do instead.

    Args:
        stacks: expressions, one result each.
        machine: of the catalog; if not given a server of 2025.

    Raises:
        UsageError: a mistake in a stack.
    """
    from simulator.capability import can as one
    from simulator.capability.table import MACHINE

    return [one(stack, machine or MACHINE) for stack in stacks]


def pull(
    *images: str,
    stack: str = "",
    machine: str = "",
    link: str | None = None,
    held: Sequence[str] = (),
    lazy: bool = False,
    at_once: bool = False,
) -> Delivery:
    """Bring images onto a host that is otherwise idle: what came, what was there already, how long each step took.

    ``vl.pull("nginx-1.27", link="100 Mbit/s").reports[0]``: one report for each image.

    Args:
        images: of the catalog, in order.
        stack: with a product that fetches images; if not given Docker's newest.
        machine: of the catalog; if not given a server of 2025.
        link: what the way to the registry carries, if not what the catalog says.
        held: images that the host holds already.
        lazy: only their indexes come; the rest when it is read.
        at_once: all are asked for at the same time.

    Raises:
        UsageError: a mistake in the stack, an image that nobody knows, or packages that contradict each other.
    """
    from simulator.delivery import MACHINE, STACK, deliver

    return deliver(
        images, stack=stack or STACK, machine=machine or MACHINE, link=link, held=held, lazy=lazy, at_once=at_once
    )


def density(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    *,
    host_memory: str | None = None,
    latency: str | None = None,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    **changes: Any,
) -> Density:
    """How many instances of a scenario's service fit on its machine on each stack, and what the limit is.

    ``density("scenarios/how-many-fit.yaml").frame()``: a row for each stack.

    Args:
        scenario: a file, its text, a mapping with the same keys, or a scenario that was loaded.
        host_memory: of the machine, instead of its own, e.g. ``64 GiB``.
        latency: what an answer may take, instead of what the scenario says, e.g. ``100 ms``.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: where to run, as in ``run``.
        changes: ``seed`` or ``fidelity`` other than the scenario's.

    Raises:
        UsageError: a mistake in the scenario, no duration, or lists of values; nothing was run.
    """
    from simulator import filling
    from simulator.scenario import load

    asked = filling.asked_otherwise(load(scenario, overrides=changes), host_memory, latency)
    return filling.density(asked, out=out, jobs=jobs, on=on)


def isolate(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    *,
    victim: str = "",
    aggressor: str = "",
    stressors: Sequence[str] = (),
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    **changes: Any,
) -> Isolation:
    """What a victim loses to each neighbour on each stack, against the same run beside an idle one.

    ``isolate("scenarios/...").frame()``: a row for each neighbour and stack.

    Args:
        scenario: a file, its text, a mapping with the same keys, or a scenario that was loaded.
        victim: the tenant that suffers; if not given the first.
        aggressor: the tenant beside it; if not given the one with a list of workloads, else the catalog's stressors.
        stressors: workloads of the catalog for a neighbour of the victim's size, instead of an aggressor.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: where to run, as in ``run``.
        changes: ``replications`` or ``seed`` other than the scenario's.

    Raises:
        UsageError: a mistake in the scenario, no such tenant, or no room for a neighbour; nothing was run.
    """
    from simulator import isolation
    from simulator.scenario import load

    return isolation.isolate(
        load(scenario, overrides=changes),
        victim=victim,
        aggressor=aggressor,
        stressors=stressors,
        out=out,
        jobs=jobs,
        on=on,
    )


def sensitivity(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    *,
    method: str = "morris",
    metric: str = "",
    stacks: Sequence[str] = (),
    workloads: Sequence[str] = (),
    samples: int | None = None,
    top: int = 10,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    **changes: Any,
) -> Sensitivity:
    """Which parameters the answers of a scenario hang on, given the ranges that the catalog has for them.

    ``sensitivity("scenarios/...").frame()``: a row for each answer and each parameter that changes it.

    Args:
        scenario: a file, its text, a mapping with the same keys, or a scenario that was loaded.
        method: ``tornado`` (each range's ends), ``morris`` (and elementary effects) or ``sobol`` (and parts of the
            variance).
        metric: ``overhead``, or a column of the table ``tenants``; empty: the overhead where there are several stacks.
        stacks: labels of the stacks that are asked about; none: all.
        workloads: of the tenants that are asked about; none: all.
        samples: stars of ``morris``, rows of ``sobol``; with ``tornado`` draws for the interval.
        top: parameters of each answer that are shown, and that ``sobol`` looks at.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: where to run, as in ``run``.
        changes: ``replications`` or ``seed`` other than the scenario's.

    Raises:
        UsageError: a mistake in the scenario, or a wrong method, metric, stack or workload; nothing was run.
    """
    from simulator.importance.analysis import analyse
    from simulator.scenario import load

    return analyse(
        load(scenario, overrides=changes), method=method, metric=metric, stacks=stacks, workloads=workloads,
        samples=samples, top=top, out=out, jobs=jobs, on=on,
    )  # fmt: skip


def warmup(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    *,
    metric: str = "latency",
    replications: int | None = None,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    **changes: Any,
) -> Warmup:
    """When the figures of a scenario have settled: a warm-up for it, advised from the mean series; nothing is changed.

    ``warmup("scenarios/...").frame()``: a row for each point and tenant.

    Args:
        scenario: a file, its text, a mapping with the same keys, or a scenario that was loaded.
        metric: ``latency`` of requests, or ``operations`` a second.
        replications: runs of each point; if not given as many as the scenario has, and at least five.
        out: folder of all results.
        jobs: worker processes, as many as there are processors if not given.
        on: what executes the runs, as for ``run``.
        changes: ``seed`` or ``duration`` other than the scenario's.

    Raises:
        UsageError: a mistake in the scenario, no such metric, or a single replication; nothing was run.
    """
    from simulator import settling
    from simulator.scenario import load

    loaded = load(scenario, overrides=changes)
    return settling.warmup(loaded, metric=metric, replications=replications, out=out, jobs=jobs, on=on)


def share(
    drawing: str,
    *,
    fidelity: str = "",
    policy: str | Sequence[str] = "",
    guest_policy: str = "",
    weights: WeightRule = "shares",
    slice_s: float | None = None,
    switch_s: float = 0.0,
    seconds: float = 10.0,
    **parameters: float,
) -> pd.DataFrame:
    """What each thread of a drawing gets of the processors: a row for each policy and thread.

    ``share("([oo]2 o)2")``: a guest of two threads beside a thread, on two processors. The notation is explained in
    ``simulator.sharing.drawing``.

    Args:
        drawing: machines and what stands on them.
        fidelity: ``fluid`` or ``quantum``; if not given ``fluid``, or ``quantum`` where a policy is named.
        policy: the scheduler of the machines, or several, one after the other.
        guest_policy: the scheduler of the guests, if it is another one.
        weights: ``shares``: a group weighs what is drawn; ``active``: times the processors it can use.
        slice_s: length of a slice instead of the policy's own.
        switch_s: time of a processor that a switch takes.
        seconds: how long the machines run.
        parameters: other numbers of the policies, in SI units, e.g. ``latency_s=0.003``.

    Raises:
        UsageError: a mistake in the drawing, or an option that means nothing.
    """
    import pandas as pd

    from simulator.sharing.drawing.measuring import measure
    from simulator.sharing.drawing.setting import Setting

    policies = [policy] if isinstance(policy, str) else policy
    outcomes = [
        measure(drawing, Setting(fidelity, name, guest_policy, weights, slice_s, switch_s, seconds, parameters))
        for name in policies
    ]
    return pd.DataFrame({"policy": each.policy, **row.as_dict()} for each in outcomes for row in each.threads)


def __getattr__(name: str) -> object:
    if name == "__version__":
        return _version()
    if name in _MODULES:
        return import_module(f"simulator.{name}")
    if name in _HOMES:
        return getattr(import_module(f"simulator.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version() -> str:
    """The installed version, 0 where the package is used without being installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("virtlab")
    except PackageNotFoundError:
        return "0"


def __dir__() -> list[str]:
    return __all__
