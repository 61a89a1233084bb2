"""A Java virtual machine in a container in a virtual machine whose processors are held back from outside."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

STACK = "linux-6 | kvm-6 / linux-6 / docker-27 / hotspot-21(collector=parallel)"
Rows = list[dict[str, Any]]


@cache
def run(cap: str) -> dict[str, Rows]:
    """The managed program, two threads on four virtual processors, of which the hypervisor runs so many."""
    workload = {"name": "managed", "parameters": {"iterations_count": 6}}
    app = {"workload": workload, "memory": "2 GiB", "vcpus": 4, "cap": cap}
    (point,) = load({"machine": "server-2025", "stacks": {"it": STACK}, "tenants": {"app": app}}).points()
    tables = run_point(point, 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}


def iterations_s(cap: str) -> list[float]:
    return [row["latency_s"] for row in run(cap)["requests"]]


def young_s(cap: str) -> float:
    """Mean of the pauses for young objects."""
    found = [row["duration_s"] for row in run(cap)["log"] if row["kind"] == "pause young"]
    return sum(found) / len(found)


def test_all_four_are_seen_whatever_they_are_worth() -> None:
    for cap in ("400 %", "100 %"):
        found = {row["setting"]: row["value"] for row in run(cap)["settings"]}
        assert (found["collector_threads_count"], found["compiler_threads_count"]) == ("4", "3")


def test_warming_up_stretches_where_compilers_take_the_programs_processors() -> None:
    """With four processors the compilers work beside two threads: the second iteration is nearly at full speed.

    With one, the compilers have to do the same, and the program waits for its part: what two threads do on a processor
    each would take twice as long, but takes much longer.
    """
    free, held = iterations_s("400 %"), iterations_s("100 %")
    steady_s = min(free)
    assert free[1] < 1.2 * steady_s
    assert held[1] > 1.5 * 2.0 * steady_s
    assert held[1] / (2.0 * steady_s) > 1.4 * free[1] / steady_s


def test_pauses_stretch_where_collectors_do_not_get_their_processors() -> None:
    """Four workers on one processor take four times as long; what one thread does alone takes as long as before."""
    assert 2.0 < young_s("100 %") / young_s("400 %") <= 4.0


@pytest.mark.parametrize("cap", ["400 %", "100 %"])
def test_whoever_pays_the_program_itself_takes_the_same(cap: str) -> None:
    charges = run(cap)["charges"]
    computed = sum(row["cycles"] for row in charges if row["mechanism"] == "compute" and row["cause"] == "program")
    assert computed == pytest.approx(6 * 2e9, rel=1e-6)
