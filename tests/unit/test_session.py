"""Layers and programs of one's own, from a few lines of a notebook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import simulator as vl
from simulator import demands as d
from simulator import discovery
from simulator.errors import CatalogError, UsageError
from simulator.steps import Below, Step, Use


class Tracer(vl.Layer):
    """Pays for every system call, and passes everything on."""

    OFFERS = "system"
    NEEDS = "system"
    PARAMETERS = (vl.Parameter("trace_cycles", "cycles", "one call traced", "trace"),)
    MECHANISMS = {"trace": vl.Mechanism("one call traced")}

    def lower(self, demand: d.Demand) -> tuple[Step, ...]:
        if isinstance(demand, d.SystemCall):
            return (Use("trace", cycles=self.parameters.trace_cycles), Below(demand))
        return (Below(demand),)


class Caller(vl.Program):
    """A thousand null calls."""

    PARAMETERS = (vl.Parameter("calls_count", "count", "calls"),)

    def threads(self) -> list[vl.ThreadPlan]:
        return [vl.ThreadPlan("main", self._main())]

    def _main(self) -> Iterator[d.Demand]:
        start_s = self.context.now
        yield d.SystemCall("null", count=self.parameters.calls_count)
        self.context.done("main", "calls", start_s)

    def value(self, operations: float, elapsed_s: float) -> float:
        return elapsed_s


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a session of its own."""
    monkeypatch.setattr(discovery, "_session_modules", {})
    monkeypatch.setattr(discovery, "_session_folders", [])


METRIC = {"name": "elapsed", "unit": "s", "better": "lower"}
SCENARIO = {
    "title": "Tracing",
    "machine": "dell-2650",
    "stacks": {"native": "linux-2.4 |", "traced": "linux-2.4 | tracer-1"},
    "tenants": {"app": {"workload": "caller"}},
    "replications": 1,
}


def test_a_layer_and_a_program_of_the_session_run_like_ours(tmp_path: Path) -> None:
    """1000 calls of 0.45 us natively (1080 cycles), 240 cycles more each when traced: 0.1 us."""
    vl.add(Tracer, "tracer-1", {"trace_cycles": (240, 100, 500)})
    vl.add(Caller, "caller", {"calls_count": 1000}, metric=METRIC)
    results = vl.run(SCENARIO, out=tmp_path)
    native_s, traced_s = results.tenants["value"]
    assert traced_s - native_s == pytest.approx(1000 * 240 / 2.4e9, rel=1e-3)


def test_an_edited_number_is_another_batch(tmp_path: Path) -> None:
    vl.add(Caller, "caller", {"calls_count": 1000}, metric=METRIC)
    vl.add(Tracer, "tracer-1", {"trace_cycles": 240})
    first = vl.run(SCENARIO, out=tmp_path).folder
    vl.add(Tracer, "tracer-1", {"trace_cycles": 480})
    assert vl.run(SCENARIO, out=tmp_path).folder != first


def test_an_edited_class_is_another_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vl.add(Caller, "caller", {"calls_count": 1000}, metric=METRIC)
    vl.add(Tracer, "tracer-1", {"trace_cycles": 240})
    first = vl.run(SCENARIO, out=tmp_path).folder
    monkeypatch.setattr("simulator.session._source", lambda cls: "class Edited: ...")
    vl.add(Tracer, "tracer-1", {"trace_cycles": 240})
    assert vl.run(SCENARIO, out=tmp_path).folder != first


def test_a_missing_number_is_named() -> None:
    vl.add(Tracer, "tracer-1", {})
    with pytest.raises(CatalogError, match="trace_cycles"):
        vl.Catalog().layer("tracer-1", "dell-2650")


def test_a_program_needs_a_metric() -> None:
    with pytest.raises(UsageError, match="metric"):
        vl.add(Caller, "caller", {"calls_count": 1})


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(UsageError, match="no Layer and no Program"):
        vl.add(int, "number", {})  # type: ignore[type-var,arg-type]
