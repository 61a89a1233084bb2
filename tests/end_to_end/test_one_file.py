"""The one-file promise: a product is one catalog file; a mechanism, a workload, a machine one module or file more.

Everything stands in a folder of the user's own, named by VIRTLAB_CATALOG; nothing of virtlab is touched.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulator.batch import run
from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import Scenario, load

CATALOG = Path(__file__).parents[2] / "simulator" / "catalog"

FENCE = '''
"""A fence around programs: every system call is looked up in a list before the kernel gets it.

Scope and limits: calls only; nothing is confined but what may be called.

Mechanism (counted, paid by the calling thread):
    filter      one look-up of a call in the list

Parameters: see ``PARAMETERS``.

Validation: none.

References: none.
"""

from simulator import demands as d
from simulator.layers.base import Layer, Mechanism
from simulator.parameters import Parameter
from simulator.steps import Below, Use


class Fence(Layer):
    """The fence."""

    OFFERS = NEEDS = "system"
    PARAMETERS = (Parameter("filter_cycles", "cycles", "one look-up", "filter"),)
    MECHANISMS = {"filter": Mechanism("one look-up of a call in the list")}

    def lower(self, demand):
        if isinstance(demand, d.SystemCall):
            return (Use("filter", cycles=self.parameters.filter_cycles), Below(demand))
        return (Below(demand),)


LAYER = Fence
'''

FENCE_1 = """
name: fence-1
title: A fence of our own
family: fence
parameters:
  filter_cycles:
    - {value: 480, range: [100, 1000], kind: assumed, where: "a hundred rules of a few instructions", measured_on: any}
"""

KNOCKER = '''
"""A program that calls the kernel and does little else.

One operation: some calls.
"""

from simulator.demands import Compute, SystemCall
from simulator.parameters import Parameter
from simulator.workloads.base import Program, ThreadPlan


class Knocker(Program):
    """One thread."""

    PARAMETERS = (
        Parameter("rounds_count", "count", "operations"),
        Parameter("calls_count", "count", "calls of one operation"),
        Parameter("call_cycles", "cycles", "user cycles between two calls"),
    )
    COUNTS = ("compute", "system_call")

    def threads(self):
        return [ThreadPlan("main", self._main())]

    def _main(self):
        parameters = self.parameters
        for _ in range(int(parameters.rounds_count)):
            start_s = self.context.now
            yield Compute(count=parameters.call_cycles * parameters.calls_count)
            yield SystemCall("null", count=parameters.calls_count)
            self.context.done("main", "round", start_s)

    def value(self, operations, elapsed_s):
        return operations * self.parameters.calls_count / elapsed_s


PROGRAM = Knocker
'''

KNOCK = """
name: knock
title: Calls and nothing else
program: knocker
interface: system
metric: {name: rate, unit: calls/s, better: higher}
parameters:
  rounds_count:
    - {value: 10, range: [1, 100], kind: assumed, where: "length", measured_on: any}
  calls_count:
    - {value: 1000, range: [1, 10000], kind: assumed, where: "calls", measured_on: any}
  call_cycles:
    - {value: 3000, range: [0, 10000], kind: assumed, where: "a loop around the call", measured_on: any}
"""


def own_product() -> str:
    """A kernel like Linux 2.4 but for its name, its ticks and its slower calls."""
    text = (CATALOG / "layers" / "linux-2.4.yaml").read_text()
    text = text.replace("name: linux-2.4", "name: toynix-7").replace("value: 100 Hz", "value: 0 Hz")
    return text.replace('formula: "0.45 * 2400"', "value: 1800")


def own_machine() -> str:
    """A machine like the Dell 2650 but for its name, with four processors of 1 GHz."""
    text = (CATALOG / "machines" / "dell-2650.yaml").read_text().replace("measured_on: dell-2650", "measured_on: any")
    text = text.replace("name: dell-2650", "name: toy-box").replace("value: 2,", "value: 4,")
    return text.replace("value: 2.4 GHz", "value: 1 GHz")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder."""
    files = {
        "modules/layers/fence.py": FENCE,
        "layers/fence-1.yaml": FENCE_1,
        "layers/toynix-7.yaml": own_product(),
        "modules/workloads/knocker.py": KNOCKER,
        "workloads/knock.yaml": KNOCK,
        "machines/toy-box.yaml": own_machine(),
    }
    folder = tmp_path / "own"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.lstrip())
    monkeypatch.setenv("VIRTLAB_CATALOG", str(folder))
    return folder


def scenario(**changes: Any) -> Scenario:
    return load(
        {
            "machine": "toy-box",
            "stacks": {"plain": "toynix |", "fenced": "toynix | fence"},
            "tenants": {"app": {"workload": "knock"}},
            "replications": 2,
            **changes,
        }
    )


def of(tables: dict[str, list[list[Any]]], table: str) -> list[dict[str, Any]]:
    return [dict(zip(names(table), row, strict=True)) for row in tables[table]]


def test_everything_of_ones_own_runs_together(own: Path) -> None:
    """10,000 calls of 1,800 cycles with 3,000 between them at 1 GHz: 48 ms; the fence adds 480 a call: 4.8 ms.

    toynix, fence and knock are found by their stems or names; the fence is in nobody's list but its own file.
    """
    plain, fenced = (run_point(point, 0)["tables"] for point in scenario().points())
    assert [of(tables, "runs")[0]["machine"] for tables in (plain, fenced)] == ["toy-box", "toy-box"]
    assert of(fenced, "runs")[0]["expression"] == "toynix-7 | fence-1"
    assert of(plain, "tenants")[0]["elapsed_s"] == pytest.approx(0.0480, rel=1e-9)
    assert of(fenced, "tenants")[0]["elapsed_s"] == pytest.approx(0.0528, rel=1e-9)
    assert of(fenced, "tenants")[0]["value"] == pytest.approx(10_000 / 0.0528, rel=1e-9)
    assert of(fenced, "devices")[0]["capacity"] == 4
    (filtered,) = (row for row in of(fenced, "charges") if row["mechanism"] == "filter")
    assert (filtered["cause"], filtered["operations"]) == ("toynix-7/fence-1[app]", pytest.approx(10_000))
    assert filtered["cycles"] == pytest.approx(4.8e6)


def test_it_mixes_with_what_is_there(own: Path) -> None:
    """A shipped program in a fence in a guest of Xen on the own kernel, beside the own program."""
    mixed = scenario(
        stacks={
            "mixed": {
                "app": "xen-2(domain-0=toynix-7) | toynix-7 / fence",
                "other": "xen-2(domain-0=toynix-7) | linux-2.4",
            }
        },
        tenants={
            "app": {"workload": "request-response", "parameters": {"transactions_count": 10}, "memory": "256 MiB"},
            "other": {"workload": "knock", "memory": "256 MiB"},
        },
    )
    (point,) = mixed.points()
    tables = run_point(point, 0)["tables"]
    assert [row["outcome"] for row in of(tables, "tenants")] == ["ok", "ok"]


def test_its_numbers_are_held_to_the_same_rules(own: Path) -> None:
    """It is listed, described, sourced, and refused without a range like any other."""
    catalog = Catalog()
    assert {"fence-1", "toynix-7"} <= set(catalog.names("layers"))
    (row,) = catalog.describe("layers", "fence")
    assert (row["parameter"], row["value"], row["unit"], row["meaning"]) == (
        "filter_cycles",
        480,
        "cycles",
        "one look-up",
    )
    assert catalog.check() == []
    sheet = own / "layers" / "fence-1.yaml"
    sheet.write_text(sheet.read_text().replace("range: [100, 1000], ", ""))
    (problem,) = Catalog().check()
    assert (Path(problem.file), problem.line) == (sheet, 6)


def test_a_batch_of_it_runs_in_workers(own: Path, tmp_path: Path) -> None:
    """Worker processes find the modules too, and come to the same figures as this process."""
    results = run(scenario(), out=tmp_path / "results", jobs=2)
    assert results.status == "ok"
    assert (results.runs["status"] == "ok").all() and len(results.runs) == 4
    here = {point["stack"]: of(run_point(point, 0)["tables"], "tenants")[0]["value"] for point in scenario().points()}
    there = results.tenants.merge(results.runs[["run", "stack", "replication"]], on="run")
    first = there[there["replication"] == 0].set_index("stack")["value"].to_dict()
    assert first == here
    summary = results.summary().set_index("stack")
    assert summary.loc["fenced", "overhead_percent"] == pytest.approx(100 * 4.8 / 48, rel=1e-9)


def test_the_command_knows_it_too(own: Path, tmp_path: Path) -> None:
    """``virtlab show fence``: number, range and reason, in a process that is told of the folder and nothing else."""
    environment = {**os.environ, "PYTHONPATH": str(CATALOG.parents[1]), "NO_COLOR": "1", "COLUMNS": "200"}
    command = [sys.executable, "-m", "simulator", "show", "fence"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert re.search(r"filter_cycles.*480", done.stdout)
    assert "a hundred rules of a few instructions" in done.stdout


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        ("", "", []),
        ('MECHANISMS = {"filter"', 'MECHANISMS = {"filtre"', ["every_mechanism_it_charges", "its_parameters"]),
        ("(Below(demand),)", "(Below(demand), Below(demand))", ["cycles_pass_through_unchanged"]),
    ],
    ids=["right", "undeclared", "inflated"],
)
def test_conformance_is_asked_of_it_because_it_is_there(own: Path, before: str, after: str, broken: list[str]) -> None:
    """The suite finds the new layer, passes it as it is, and names what a mistake in it breaks."""
    module = own / "modules" / "layers" / "fence.py"
    module.write_text(FENCE.lstrip().replace(before, after))
    root = CATALOG.parents[1]
    suite = ["tests/conformance/test_layers.py", "-k", "fence", "-q", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *suite], capture_output=True, text=True, env=environment, cwd=root, check=False
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert (done.returncode == 0) == (not broken), done.stdout
    assert "passed" in done.stdout
    assert all(any(name in line for line in failed) for name in broken), done.stdout


def test_a_module_may_not_take_a_name_of_ours(own: Path) -> None:
    (own / "modules" / "layers" / "operating_system.py").write_text(FENCE)
    environment = {**os.environ, "PYTHONPATH": str(CATALOG.parents[1])}
    code = "from simulator import discovery; discovery.members('layers')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert "operating_system.py: the name 'operating_system' is taken in layers; rename the file" in done.stderr
