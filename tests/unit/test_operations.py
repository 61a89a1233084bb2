"""Operations: who may do what to whom; a pause loses nothing; a state is kept and put back to the cycle."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from simulator.batch import run as run_batch
from simulator.cli.doings import lines
from simulator.errors import ScenarioError
from simulator.experiment import run_point
from simulator.operations.copying import copied
from simulator.operations.job import Job
from simulator.operations.kinds.base import kinds
from simulator.operations.kinds.pause import Pause
from simulator.operations.subjects import holds, subject
from simulator.records import names
from simulator.scenario import load
from simulator.scenario.schema import Operation
from simulator.threads import Life

NATIVE, DOCKER, KVM, XEN = "linux-6 |", "linux-6 | docker-27", "linux-6 | kvm-6 / linux-6", "xen-4 | linux-6"
STACKS = (NATIVE, DOCKER, KVM, XEN)
JAVA = "linux-6 | kvm-6 / linux-6 / hotspot-17"
WORK_S = 5.6
"""About as long as ``compute-kernel`` computes on one processor of a laptop."""


def point(stack: str, *operations: dict[str, Any], workload: str = "compute-kernel", **more: Any) -> dict[str, Any]:
    tenant = {"workload": workload, "memory": "2 GiB", "vcpus": 2}
    data = {
        "version": 1, "title": "operations", "machine": "server-2025", "stacks": {"it": stack},
        "tenants": {"app": tenant}, "operations": list(operations), **more,
    }  # fmt: skip
    return load(data).points()[0]


def run(stack: str, *operations: dict[str, Any], **more: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of ``operations``, and the first tenant's."""
    tables = run_point(point(stack, *operations, **more), 0)["tables"]
    rows, tenants = ([dict(zip(names(t), row, strict=True)) for row in tables[t]] for t in ("operations", "tenants"))
    return rows, tenants[0]


def ended_s(stack: str, *operations: dict[str, Any], **more: Any) -> float:
    return float(run(stack, *operations, **more)[1]["elapsed_s"])


@pytest.fixture
def instead_of_pausing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Job], Life]], None]:
    """What happens when a scenario says ``pause``."""

    def replace(perform: Callable[[Job], Life]) -> None:
        monkeypatch.setattr(Pause, "CAPTURES", True)
        monkeypatch.setattr(Pause, "BRINGS_BACK", True)
        monkeypatch.setattr(Pause, "problem", classmethod(lambda *_: ""))
        monkeypatch.setattr(Pause, "perform", lambda self, job: perform(job))

    return replace


def test_every_kind_has_its_word_and_its_keys_in_scenarios() -> None:
    written = {field.alias or name for name, field in Operation.model_fields.items()}
    for name, kind in kinds().items():
        assert {name, *kind.KEYS, *kind.NEEDS} <= written
        assert set(kind.NEEDS) <= set(kind.KEYS)
        assert not kind.MAKES or kind.MAKES in kind.KEYS


# ---------------------------------------------------------------- who does it


@pytest.mark.parametrize(
    ("stack", "word", "product"),
    [
        (NATIVE, "pause", "linux-6"), (DOCKER, "pause", "docker-27"), (KVM, "pause", "kvm-6"), (XEN, "pause", "xen-4"),
        ("linux-6 | kvm-6 / linux-6 / docker-27", "pause", "kvm-6"), (DOCKER, "migrate", None),
        (XEN, "migrate", "xen-4"),
        ("linux-6 / docker-27 |", "pause", "docker-27"),
    ],
)  # fmt: skip
def test_the_layer_whose_box_it_is_does_it(stack: str, word: str, product: str | None) -> None:
    found = subject(holds(point(stack), "app"), word)
    assert (found and found.product) == product


def test_of_two_that_can_the_scenario_may_name_the_inner_one() -> None:
    stack = "linux-6 | kvm-6 / linux-6 / docker-27"
    (row,), _ = run(stack, {"at": "1 s", "pause": "app", "for": "1 s", "with": "docker"})
    assert (row["product"], row["outcome"]) == ("docker-27", "done")


def test_what_no_stack_offers_is_refused_before_anything_runs() -> None:
    with pytest.raises(ScenarioError, match=r"operations\[0\].pause.*Java program.*cannot be paused by itself"):
        point("linux-6 / hotspot-17 |", {"at": "1 s", "pause": "app"}, workload="java-nbody", tenants={
            "app": {"workload": "java-nbody"}, "other": {"workload": "java-nbody"},
        })  # fmt: skip


# ---------------------------------------------------------------- pausing


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("fidelity", ["fluid", "quantum"])
def test_a_pause_shifts_the_end_by_exactly_its_length(stack: str, fidelity: str) -> None:
    """All that the program does is computing: what it takes to stop and resume runs beside it."""
    (row,), tenant = run(stack, {"at": "1 s", "pause": "app", "for": "2 s"}, fidelity=fidelity)
    assert row["outcome"] == "done"
    assert tenant["elapsed_s"] - ended_s(stack, fidelity=fidelity) == pytest.approx(row["downtime_s"], abs=2e-6)
    assert row["downtime_s"] == pytest.approx(2.0, abs=1e-3)


def test_a_paused_tenant_is_resumed_by_another_operation() -> None:
    """By hand, SimGrid's cloud-masterworker: stopped at 0.180560 s and resumed 2 s later, its work ends 2 s later."""
    operations = {"at": "180.560 ms", "pause": "app"}, {"at": "2180.560 ms", "resume": "app"}
    rows, tenant = run(XEN, *operations)
    assert [row["outcome"] for row in rows] == ["done", "done"]
    assert tenant["elapsed_s"] - ended_s(XEN) == pytest.approx(2.0, abs=1e-9)
    assert rows[1]["downtime_s"] == pytest.approx(2.0, abs=1e-12)


def test_what_is_not_paused_cannot_be_resumed() -> None:
    (row,), tenant = run(XEN, {"at": "1 s", "resume": "app"})
    assert (row["outcome"], tenant["outcome"]) == ("failed: app was not paused", "ok")


def test_the_time_of_a_pause_is_nobodys_work() -> None:
    tables = run_point(point(KVM, {"at": "1 s", "pause": "app", "for": "2 s"}), 0)["tables"]
    threads = [dict(zip(names("threads"), row, strict=True)) for row in tables["threads"]]
    (program,) = (row for row in threads if row["kind"] == "program")
    assert program["paused_s"] == pytest.approx(2.0, abs=1e-3)
    monitors = [row for row in threads if row["thread"] in ("stop app", "resume app")]
    assert [row["overhead_s"] > 0.0 for row in monitors] == [True, True]


def test_who_would_stand_still_for_ever_is_refused() -> None:
    with pytest.raises(ScenarioError, match=r"app would stand still for ever.*add 'for: ...', a later 'resume: app'"):
        point(XEN, {"at": "1 s", "pause": "app"})
    assert point(XEN, {"at": "1 s", "pause": "app"}, duration="2 s")["operations"]


# ---------------------------------------------------------------- stopping, starting


@pytest.mark.parametrize("stack", STACKS)
def test_who_is_stopped_ends_with_what_it_has_achieved(stack: str) -> None:
    (row,), tenant = run(stack, {"at": "2 s", "stop": "app"})
    assert (row["outcome"], tenant["outcome"]) == ("done", "stopped")
    assert tenant["elapsed_s"] == pytest.approx(2.0)
    assert tenant["operations"] == int(2.0 / (ended_s(stack) / 10.0))


def test_who_is_killed_and_started_anew_does_everything_again() -> None:
    """Killed after 2 s, started 1 s later: it ends as late as if it had first been started then, its start included."""
    rows, tenant = run(KVM, {"at": "2 s", "kill": "app"}, {"at": "3 s", "start": "app"})
    assert [row["outcome"] for row in rows] == ["done", "done"]
    assert tenant["outcome"] == "ok"
    assert tenant["elapsed_s"] == pytest.approx(3.0 + rows[1]["duration_s"] + ended_s(KVM), rel=1e-3)
    assert rows[1]["duration_s"] > 0.5  # a guest's firmware, kernel and services


def test_who_runs_is_not_started_and_who_has_ended_not_paused() -> None:
    asked = [("start", "1 s"), ("kill", "2 s"), ("pause", "3 s"), ("start", "4 s")]
    rows, _ = run(NATIVE, *({"at": at, kind: "app"} for kind, at in asked), duration="20 s")
    outcomes = ["failed: app runs already", "done", "failed: app does not run", "done"]
    assert [row["outcome"] for row in rows] == outcomes


# ---------------------------------------------------------------- state


@pytest.mark.parametrize("fidelity", ["fluid", "quantum"])
@pytest.mark.parametrize(
    ("stack", "workload"),
    [
        (KVM, "compute-kernel"), (XEN, "compute-kernel"), (DOCKER, "compute-kernel"), (KVM, "compile-6"),
        (XEN, "osdb-ir"), (JAVA, "java-nbody"), (JAVA, "java-trees"),
    ],
)  # fmt: skip
def test_who_is_put_back_does_exactly_what_it_did_since(
    stack: str, workload: str, fidelity: str, instead_of_pausing: Any
) -> None:
    """Of a program alone on its machine nothing is lost but the time between: heap, code and page cache are as then."""

    def perform(job: Job) -> Life:
        job.house.machine.cpu.sharing.set(job.subject.share, frozen=True)
        state = yield from job.capture()
        job.house.machine.cpu.sharing.set(job.subject.share, frozen=False)
        yield job.environment.timeout(0.05)
        yield from job.put_back(state)

    before_s = ended_s(stack, workload=workload, fidelity=fidelity)
    instead_of_pausing(perform)
    rows, tenant = run(stack, {"at": "100 ms", "pause": "app"}, workload=workload, fidelity=fidelity)
    assert (rows[0]["outcome"], tenant["outcome"]) == ("done", "ok")
    assert tenant["elapsed_s"] == pytest.approx(before_s + 0.05, rel=5e-3)
    if workload == "compute-kernel":
        assert tenant["elapsed_s"] == pytest.approx(before_s + 0.05, abs=3e-9)


def test_who_moves_goes_on_there_and_takes_nothing_from_here(instead_of_pausing: Any) -> None:
    """Two machines have two sets of devices; the program's time is that of both."""

    def perform(job: Job) -> Life:
        house = job.destination()
        job.house.machine.cpu.sharing.set(job.subject.share, frozen=True)
        state = yield from job.capture()
        yield from job.put_on(state, house, job.tenant)

    before_s = ended_s(XEN)
    instead_of_pausing(perform)
    tables = run_point(point(XEN, {"at": "2 s", "pause": "app"}), 0)["tables"]
    (tenant,) = (dict(zip(names("tenants"), row, strict=True)) for row in tables["tenants"])
    assert tenant["elapsed_s"] == pytest.approx(before_s, abs=3e-9)
    useful_s: dict[str, float] = defaultdict(float)
    for row in (dict(zip(names("charges"), row, strict=True)) for row in tables["charges"]):
        useful_s[row["device"]] += row["service_s"] if row["cause"] == "program" else 0.0
    assert set(useful_s) == {"cpu", "cpu of machine 2"}
    assert useful_s["cpu"] == pytest.approx(2.0, rel=1e-3)
    assert sum(useful_s.values()) == pytest.approx(before_s, rel=1e-3)
    devices = [row[names("devices").index("device")] for row in tables["devices"]]
    assert [name for name in devices if "machine 2" in name] == [f"{each} of machine 2" for each in devices[:4]]


def test_who_had_ended_comes_back(instead_of_pausing: Any) -> None:
    """Killed at 2 s; a state of 1 s is put back at 3 s: what is left ends as much later."""

    def perform(job: Job) -> Life:
        state = yield from job.capture()
        yield job.environment.timeout(2.0)
        yield from job.put_back(state)

    before_s = ended_s(XEN)
    instead_of_pausing(perform)
    _, tenant = run(XEN, {"at": "1 s", "pause": "app"}, {"at": "2 s", "kill": "app"})
    assert tenant["outcome"] == "ok"
    assert tenant["elapsed_s"] == pytest.approx(before_s + 2.0, abs=1e-6)


def test_of_two_systems_of_one_make_the_inner_one_checkpoints(
    instead_of_pausing: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Host and guest are both linux-6; the processes are the guest's."""
    found: list[Job] = []

    def perform(job: Job) -> Life:
        found.append(job)
        yield job.environment.timeout(0.0)

    instead_of_pausing(perform)
    monkeypatch.setattr(Pause, "WORD", "checkpoint")
    run(KVM, {"at": "1 s", "pause": "app"})
    (job,) = found
    assert job.subject.grip.path == job.row.node == "linux-6/kvm-6[app]/linux-6[app]"
    assert job.subject.nodes == ()


# ---------------------------------------------------------------- copies


class _Counting:
    __slots__ = ("_count", "others", "step")

    def __init__(self) -> None:
        self._count, self.others = 0, [self]
        self.step = lambda: self.add(1)

    def add(self, count: int) -> int:
        self._count += count
        return self._count


def test_a_copys_functions_change_the_copy() -> None:
    original = _Counting()
    found = copied(original)
    assert [found.step(), found.step(), original.step()] == [1, 2, 1]
    assert found.others[0] is found


def test_a_copy_of_everything_a_layer_keeps() -> None:
    shared = object()
    counting = _Counting()
    original = {
        "list": [1, [2]], "set": {3}, "queue": deque([4], maxlen=2), "count": Counter("aa"), "shared": shared,
        "made": defaultdict(list, {"a": [5]}), "partial": partial(counting.add, 2), "method": counting.add,
        "named": names("runs"), "nothing": None, "counting": counting,
    }  # fmt: skip
    found = copied(original, [(shared, shared)])
    assert {key: found[key] for key in ("list", "set", "queue", "count", "made", "named")} == {
        key: original[key] for key in ("list", "set", "queue", "count", "made", "named")
    }
    assert found["shared"] is shared and found["queue"].maxlen == 2 and found["made"]["b"] == []
    found["list"][1].append(6)
    assert (found["partial"](), found["method"](1), found["counting"].add(0)) == (2, 3, 3)
    assert (original["list"], counting.add(0)) == ([1, [2]], 0)


# ---------------------------------------------------------------- what is printed


def test_what_was_done_is_printed_with_what_it_took_and_why_it_was_not(tmp_path: Path) -> None:
    data = {
        "version": 1, "title": "printed", "machine": "server-2025", "stacks": {"xen": XEN, "docker": DOCKER},
        "tenants": {"app": {"workload": "compute-kernel", "memory": "2 GiB", "vcpus": [1, 2]}}, "replications": 1,
        "operations": [{"at": "1 s", "pause": "app", "for": "2 s"}, {"at": "4 s", "kill": "app", "with": "docker"}],
    }  # fmt: skip
    found = lines(run_batch(load(data), out=tmp_path, jobs=1))
    assert found[0].split() == [
        "stack",
        "vcpus",
        "at",
        "operation",
        "tenant",
        "by",
        "outcome",
        "took",
        "stood",
        "still",
    ]
    assert [line.split()[:7] for line in found[2:6]] == [
        ["xen", "1", "1", "s", "pause", "app", "xen-4"], ["xen", "1", "4", "s", "kill", "app", "-"],
        ["xen", "2", "1", "s", "pause", "app", "xen-4"], ["xen", "2", "4", "s", "kill", "app", "-"],
    ]  # fmt: skip
    assert found[-1] == "refused: docker-27 does not offer it; leave out 'with', or name another layer"
