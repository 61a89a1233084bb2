"""One run as a whole: when tenants begin and stop, what they leave behind, what goes wrong with whose name on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan
from types import SimpleNamespace
from typing import Any

import pytest

from simulator import demands as d
from simulator import discovery
from simulator.errors import RunError
from simulator.experiment import run_point
from simulator.records import TABLES, names
from simulator.scenario import load
from simulator.workloads.base import Demands, Program, ThreadPlan

GHZ = 2.4e9
Run = Callable[..., dict[str, list[dict[str, Any]]]]


class Scripted(Program):
    """Threads whose demands are written beside the test; the value is operations a second."""

    SCRIPT: Mapping[str, Callable[[Program], Demands]] = {}
    ENDLESS: tuple[str, ...] = ()

    def threads(self) -> list[ThreadPlan]:
        return [ThreadPlan(name, script(self), endless=name in self.ENDLESS) for name, script in self.SCRIPT.items()]

    def value(self, operations: float, elapsed_s: float) -> float:
        return operations / elapsed_s


def seconds(count: int) -> Callable[[Program], Demands]:
    """A second of computing, so many times."""

    def script(program: Program) -> Demands:
        for _ in range(count):
            start_s = program.context.now
            yield d.Compute(count=GHZ)
            program.context.done("main", "second", start_s)

    return script


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs tenants of scripted programs on one processor without ticks; gives rows by table, as mappings."""
    original = discovery.member

    def run(
        scripts: Mapping[str, Mapping[str, Callable[[Program], Demands]]],
        stack: str = "xen-1 | linux-2.4",
        endless: tuple[str, ...] = (),
        tenants: Mapping[str, Mapping[str, Any]] | None = None,
        **settings: Any,
    ) -> dict[str, list[dict[str, Any]]]:
        def member(family: str, name: str) -> Any:
            if family == "workloads" and name in scripts:
                return SimpleNamespace(PROGRAM=type(name, (Scripted,), {"SCRIPT": scripts[name], "ENDLESS": endless}))
            return original(family, name)

        figures = {"workload": "spec-int", "memory": "64 MiB", "vcpus": 1}
        scenario = {
            "machine": {"base": "dell-2650", "devices": {"cpu": {"cores_count": 1}}},
            "stacks": {"one": {"stack": stack, "parameters": {"linux-2.4": {"tick_hz": 0}}}},
            "tenants": {name: {**figures, **(tenants or {}).get(name, {})} for name in scripts},
            **settings,
        }
        (point,) = load(scenario).points()
        for name in scripts:
            point["tenants"][name]["program"] = name
        monkeypatch.setattr(discovery, "member", member)
        tables = run_point(point, 0)["tables"]
        return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}

    return run


def row(rows: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    (found,) = (row for row in rows if all(row[key] == value for key, value in wanted.items()))
    return found


# ---------------------------------------------------------------- beginning and end


def test_a_tenant_begins_when_it_is_told_to(run: Run) -> None:
    """The app alone for 1 s, both for 2 s, the neighbour alone for the last second."""
    tables = run({"app": {"main": seconds(2)}, "late": {"main": seconds(2)}}, tenants={"late": {"start": "1 s"}})
    app, late = (row(tables["threads"], tenant=name) for name in ("app", "late"))
    assert (app["wall_s"], late["wall_s"]) == (pytest.approx(3.0), pytest.approx(3.0))
    assert (app["steal_s"], late["steal_s"]) == (pytest.approx(1.0), pytest.approx(1.0))
    assert row(tables["tenants"], tenant="late")["elapsed_s"] == pytest.approx(3.0)
    assert tables["runs"][0]["simulated_s"] == pytest.approx(4.0)


def test_a_stopped_tenant_takes_nothing_more(run: Run) -> None:
    """Half a processor each until 2 s: the bully has 1 s of its 100; the app does its other 2 s alone, until 4 s."""
    tables = run({"app": {"main": seconds(3)}, "bully": {"main": seconds(100)}}, tenants={"bully": {"stop": "2.5 s"}})
    app, bully = (row(tables["threads"], tenant=name) for name in ("app", "bully"))
    assert (app["wall_s"], app["useful_s"]) == (pytest.approx(4.25), pytest.approx(3.0))
    assert (bully["wall_s"], bully["useful_s"], bully["steal_s"]) == tuple(map(pytest.approx, (2.5, 1.25, 1.25)))
    stopped = row(tables["tenants"], tenant="bully")
    assert (stopped["outcome"], stopped["operations"], stopped["elapsed_s"]) == ("did not finish", 1, 2.5)
    assert row(tables["tenants"], tenant="app")["outcome"] == "ok"


def test_whatever_a_stopped_thread_was_doing_is_accounted_for(run: Run) -> None:
    """Computing, asleep, waiting for a lock, in the middle of sending: the ledgers of threads and devices close."""

    def send(program: Program) -> Demands:
        while True:
            yield d.SendData(1e6, 1_448)

    def sleep(program: Program) -> Demands:
        yield d.Lock("table")
        yield d.Sleep(100.0)

    def want(program: Program) -> Demands:
        yield d.Lock("table")
        yield d.Unlock("table")

    scripts = {"send": send, "sleep": sleep, "want": want, "compute": seconds(100)}
    tables = run({"app": {"main": seconds(2)}, "bully": scripts}, tenants={"bully": {"stop": "1.2345 s"}})
    threads = {each["thread"]: each for each in tables["threads"] if each["tenant"] == "bully"}
    assert {each["wall_s"] for each in threads.values()} == {1.2345}
    assert threads["sleep"]["asleep_s"] == pytest.approx(1.2345, rel=1e-3)
    assert threads["want"]["blocked_lock_s"] == pytest.approx(1.2345, rel=1e-3)


def test_a_stopped_read_holds_what_it_had_of_every_channel(run: Run) -> None:
    """Large reads in pieces, small ones and writes behind them, cut off in the middle on a disk of many channels."""
    file = d.File("data", 1 << 30, 1 << 20)

    def transfers(size_bytes: int, write: bool) -> Callable[[Program], Demands]:
        def script(program: Program) -> Demands:
            while True:
                yield d.DirectTransfer(file, 0, size_bytes, write)

        return script

    scripts = {"large": transfers(1 << 20, False), "small": transfers(4096, False), "write": transfers(65_536, True)}
    machine = {"base": "firecracker-m5d", "devices": {"cpu": {"cores_count": 4}}}
    tables = run({"app": scripts}, stack="linux-2.4 |", machine=machine, duration="0.1234567 s")
    disk = row(tables["devices"], device="disk")
    held_s = sum(charge["service_s"] for charge in tables["charges"] if charge["device"] == "disk")
    assert disk["capacity"] == 13.0
    assert held_s == pytest.approx(disk["busy_s"], rel=1e-9)
    assert held_s > 2 * 0.1234567  # more than two channels at a time
    assert row(tables["threads"], thread="small")["blocked_disk_s"] > 0.1


def test_a_stopped_thread_does_not_come_back(run: Run) -> None:
    """It sleeps when its tenant is stopped, and would want the processor for 100 s at 2 s."""

    def nap(program: Program) -> Demands:
        yield d.Sleep(2.0)
        yield d.Compute(count=100 * GHZ)

    tables = run({"app": {"main": seconds(3)}, "bully": {"main": nap}}, tenants={"bully": {"stop": "1 s"}})
    assert row(tables["threads"], tenant="app")["wall_s"] == pytest.approx(3.0, rel=1e-4)
    assert row(tables["threads"], tenant="bully")["wall_s"] == 1.0


def test_a_program_that_ends_by_itself_is_not_stopped(run: Run) -> None:
    tables = run({"app": {"main": seconds(1)}}, tenants={"app": {"stop": "3 s"}})
    assert (tables["tenants"][0]["outcome"], tables["runs"][0]["simulated_s"]) == ("ok", pytest.approx(1.0))


def test_a_run_of_a_given_length_cuts_everything_off(run: Run) -> None:
    tables = run({"app": {"main": seconds(100)}}, duration="2.5 s")
    app = tables["tenants"][0]
    assert (app["outcome"], app["operations"], app["elapsed_s"]) == ("did not finish", 2, 2.5)
    assert row(tables["threads"], tenant="app")["useful_s"] == pytest.approx(2.5)


def test_warming_up_does_not_count(run: Run) -> None:
    """Six operations of 1 s; those begun before 2 s are left out, and so is that time."""
    app = run({"app": {"main": seconds(6)}}, warmup="1.5 s")["tenants"][0]
    assert (app["operations"], app["elapsed_s"]) == (4, pytest.approx(4.5))


def test_threads_that_serve_for_ever_are_not_waited_for(run: Run) -> None:
    def serve(program: Program) -> Demands:
        while True:
            yield d.Fetch("never")

    tables = run({"app": {"main": seconds(1), "server": serve}}, endless=("server",))
    assert tables["tenants"][0]["outcome"] == "ok"
    assert row(tables["threads"], thread="server")["blocked_message_s"] == pytest.approx(1.0)


def test_a_tenant_that_never_ends_lives_as_long_as_the_run(run: Run) -> None:
    """Half a processor each until the app has had its 2 s: the run ends then, and nothing was left undone."""
    scripts = {"app": {"main": seconds(2)}, "bully": {"hog": seconds(1000)}}
    tables = run(scripts, endless=("hog",))
    bully = row(tables["tenants"], tenant="bully")
    assert tables["runs"][0]["simulated_s"] == pytest.approx(4.0)
    assert (bully["outcome"], bully["elapsed_s"]) == ("ok", tables["runs"][0]["simulated_s"])
    assert row(tables["threads"], tenant="bully")["useful_s"] == pytest.approx(2.0)


def test_a_tenant_that_never_ends_is_stopped_when_the_scenario_says_so(run: Run) -> None:
    """Half a processor each until 2 s; the app does its other 2 s alone, until 4 s."""
    scripts = {"app": {"main": seconds(3)}, "bully": {"hog": seconds(1000)}}
    tables = run(scripts, endless=("hog",), tenants={"bully": {"stop": "2 s"}})
    bully = row(tables["tenants"], tenant="bully")
    assert (bully["outcome"], bully["elapsed_s"]) == ("ok", 2.0)
    assert row(tables["threads"], tenant="bully")["useful_s"] == pytest.approx(1.0)
    assert tables["runs"][0]["simulated_s"] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("settings", "end_s"), [({"duration": "3 s"}, 3.0), ({"tenants": {"bully": {"stop": "2 s"}}}, 2.0)]
)
def test_where_no_tenant_ends_the_scenario_does(run: Run, settings: dict[str, Any], end_s: float) -> None:
    tables = run({"bully": {"hog": seconds(1000)}}, endless=("hog",), **settings)
    assert tables["runs"][0]["simulated_s"] == end_s
    assert tables["tenants"][0]["outcome"] == "ok"


def test_a_run_that_nothing_ends_is_refused(run: Run) -> None:
    with pytest.raises(
        RunError, match=r"no tenant ever ends \(bully\); give the scenario a duration, or a tenant a stop"
    ):
        run({"bully": {"hog": seconds(1000)}}, endless=("hog",))


# ---------------------------------------------------------------- memory

MIB = 1024**2


def test_more_memory_than_there_is(run: Run) -> None:
    """A guest of 64 MiB whose kernel holds 24; what is under way when the program dies is accounted for."""

    def hungry(program: Program) -> Demands:
        yield d.Allocate(30 * MIB)
        yield d.SendData(100_000, 1_448)
        yield d.Allocate(30 * MIB)
        raise AssertionError("the program went on")

    tables = run({"app": {"main": hungry}})
    app = tables["tenants"][0]
    assert app["outcome"] == "killed: by the out-of-memory killer of the memory of xen-1/linux-2.4[app]"
    assert app["memory_program_bytes"] == 30 * MIB


def test_who_waits_for_a_program_that_died_does_not_wait_for_ever(run: Run) -> None:
    """Memory runs out for the server: the tenant is over, its client with it, and the others go on."""

    def client(program: Program) -> Demands:
        yield d.Post("question")
        yield d.Fetch("answer")

    def server(program: Program) -> Demands:
        yield d.Fetch("question")
        yield d.Allocate(60 * MIB)
        yield d.Post("answer")

    tables = run({"app": {"client": client, "server": server}, "other": {"main": seconds(1)}}, endless=("server",))
    assert row(tables["tenants"], tenant="app")["outcome"].startswith("killed: ")
    assert row(tables["tenants"], tenant="other")["outcome"] == "ok"
    assert tables["runs"][0]["simulated_s"] == pytest.approx(1.0, rel=1e-3)


# ---------------------------------------------------------------- rows and errors


def test_rows_are_as_wide_as_they_are_declared(run: Run) -> None:
    """Each row has a value for each column (``strict`` in ``run`` refuses any other).

    Every table has rows here but those of what only some layers say: their log, and what they set for themselves.
    """
    scripts = {"app": {"main": seconds(2)}, "other": {"main": seconds(2)}}
    tables = run(
        scripts,
        faults=[{"at": "1 s", "crash": "other"}],
        operations=[{"at": "1 s", "pause": "app", "for": "0.1 s"}],
    )
    assert set(tables) == set(TABLES)
    assert {table for table, rows in tables.items() if not rows} == {"inspections", "log", "settings"}


def test_latencies_and_value(run: Run) -> None:
    """1, 2 and 4 s: the mean is 7/3; nearest rank: the median is the second of three, the 99th percentile the last."""

    def script(program: Program) -> Demands:
        for length in (4, 1, 2):
            start_s = program.context.now
            yield d.Compute(count=length * GHZ)
            program.context.done("main", "job", start_s)

    app = run({"app": {"main": script}})["tenants"][0]
    found = [app[f"latency_{name}_s"] for name in ("mean", "p50", "p99")]
    assert found == pytest.approx([7 / 3, 2.0, 4.0])
    assert app["value"] == pytest.approx(3 / 7)
    assert (app["memory_program_bytes"], app["memory_kernel_bytes"]) == (0, 24 * MIB)


def test_an_error_inside_a_run_says_where_it_happened(run: Run) -> None:
    def broken(program: Program) -> Demands:
        yield d.SystemCall("no such call")

    with pytest.raises(RunError, match=r"run p0000-r0000, stack 'one', seed 7: .*no_such_call|no such call") as error:
        run({"app": {"main": broken}}, seed=7)
    assert "scenario 'scenario'" in str(error.value)


def test_an_unknown_fidelity_is_refused(run: Run) -> None:
    (point,) = load(
        {"machine": "dell-2650", "stacks": ["linux-2.4 |"], "tenants": {"app": {"workload": "spec-int"}}}
    ).points()
    with pytest.raises(RunError, match="fidelity 'guess' is not available; there are: fluid"):
        run_point({**point, "fidelity": "guess"}, 0)


def test_what_enforces_a_tenants_limits_is_said() -> None:
    """A guest of Xen is confined in memory and share, a process on bare metal in neither."""
    for expression, expected in (("xen-1 | linux-2.4", [1, 1]), ("linux-2.4 |", [0, 0])):
        (point,) = load(
            {
                "machine": "dell-2650",
                "stacks": {"it": expression},
                "tenants": {"app": {"workload": "request-response", "memory": "256 MiB"}},
            }
        ).points()
        (row,) = run_point(point, 0)["tables"]["tenants"]
        assert row[-2:] == expected


def test_a_time_that_was_cut_short_is_no_figure_of_merit() -> None:
    """The build takes minutes; after 5 s its elapsed time says nothing."""
    (point,) = load(
        {
            "machine": "dell-2650",
            "stacks": {"it": "linux-2.4 |"},
            "tenants": {"app": {"workload": "kernel-build"}},
            "duration": "5 s",
        }
    ).points()
    (row,) = run_point(point, 0)["tables"]["tenants"]
    values = dict(zip(names("tenants"), row, strict=True))
    assert values["outcome"] == "did not finish"
    assert isnan(values["value"])


# ---------------------------------------------------------------- did not respond


def falling_silent(program: Program) -> Demands:
    """Five operations of 0.1 s, then something that never comes."""
    for _ in range(5):
        start_s = program.context.now
        yield d.Compute(count=0.1 * GHZ)
        program.context.done("main", "operation", start_s)
    yield d.Fetch("never")


def falling_asleep(program: Program) -> Demands:
    yield d.Compute(count=0.1 * GHZ)
    yield d.Sleep(100.0)


def outcomes_of(tables: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    return {each["tenant"]: each["outcome"] for each in tables["tenants"]}


def test_who_falls_silent_did_not_respond_however_the_run_ends_for_it(run: Run) -> None:
    """Silent for 1.5 s of 2 s after operations of 0.1 s; of 0.9 s, 0.4 s are not half of it."""
    script = {"app": {"main": falling_silent}}
    silent = "did not respond: no operation in the last 1.5 s"
    assert outcomes_of(run(script, duration="2 s")) == {"app": silent}
    assert outcomes_of(run(script, tenants={"app": {"stop": "2 s"}})) == {"app": silent}
    assert outcomes_of(run(script, duration="0.9 s")) == {"app": "did not finish"}


def test_who_sleeps_or_is_cut_off_by_others_was_not_silent(run: Run) -> None:
    """One sleeps; an operation of the other would take 100 s, and nobody waits for it."""

    def long(program: Program) -> Demands:
        yield d.Compute(count=100 * GHZ)

    assert outcomes_of(run({"app": {"main": falling_asleep}}, duration="2 s")) == {"app": "did not finish"}
    beside = run({"app": {"main": seconds(1)}, "bully": {"hog": long}}, endless=("hog",))
    assert outcomes_of(beside) == {"app": "ok", "bully": "ok"}
