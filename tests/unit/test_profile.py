"""The generic workload: counts in, demands out; natively and in the price list of the laboratory's own machine."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import demands as d
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load
from simulator.workloads.base import Context, Draws
from simulator.workloads.profile import Profile

NOTHING = {parameter.name: 0.0 for parameter in Profile.PARAMETERS}
ONE = {**NOTHING, "parts_count": 4.0, "simulated_count": 2.0, "page_bytes": 4096.0}


def program(**counts: float) -> Profile:
    return Profile({**ONE, **counts}, Context("app", lambda: 0.0, lambda purpose: Draws(1, 0, "app", purpose)))


def asked(**counts: float) -> list[d.Demand]:
    """Demands of the first of four parts, of which two are simulated."""
    (thread,) = program(**counts).threads()
    demands = list(thread.demands)
    return demands[: len(demands) // 2]


def test_a_part_asks_for_its_part_of_everything() -> None:
    assert asked(null_count=8.0, page_faults_count=2.0) == [d.SystemCall("null", count=2.0), d.Fault(count=0.5)]


def test_its_cycles_say_what_they_consist_of() -> None:
    (work,) = asked(user_cycles=100.0, user_instructions_count=150.0, user_accesses_count=50.0, user_floats_count=10.0)
    assert work == d.Compute(d.Mix(1.5, 0.5, 0.0, 0.1, 0.0), count=25.0)


def test_what_is_read_is_in_memory_and_read_by_its_calls() -> None:
    counts = {"read_bytes": 4096.0, "read_calls_count": 8.0}
    (read,) = asked(**counts)
    assert isinstance(read, d.Read) and (read.size_bytes, read.calls) == (1024, 2.0)
    assert program(**counts).warm_files() == (read.file,)


def test_pages_go_with_the_files_that_are_removed_or_alone() -> None:
    assert asked(deletes_count=8.0, dropped_pages_count=32.0) == [d.Delete(4.0, count=2.0)]
    assert asked(dropped_pages_count=32.0) == [d.Delete(8.0, count=1.0)]


def test_a_partner_answers_what_is_simulated() -> None:
    main, partner = program(exchanges_count=8.0).threads()
    assert len(list(main.demands)) == len(list(partner.demands)) == 2 * 2 * 2


def test_the_whole_takes_as_long_as_all_its_parts() -> None:
    assert program().value(2.0, 3.0) == 6.0


def elapsed_s(stack: str, workload: str) -> float:
    text: dict[str, Any] = {
        "machine": "epyc-zen4-vm", "stacks": {"one": stack}, "replications": 1,
        "tenants": {"app": {"workload": workload, "memory": "1 GiB", "vcpus": 1}},
    }  # fmt: skip
    (point,) = load(text).points()
    (row,) = run_point(point, 0)["tables"]["tenants"]
    return float(dict(zip(names("tenants"), row, strict=True))["value"])


@pytest.mark.parametrize(("workload", "natively_s"), [("nbody-1m", 0.0675568), ("faults-128k", 0.263669)])
def test_natively_a_program_takes_what_was_measured(workload: str, natively_s: float) -> None:
    assert elapsed_s("linux-6-tmpfs |", workload) == pytest.approx(natively_s, rel=0.01)


def test_emulation_has_no_single_slowdown() -> None:
    """Floating point, by hand: 320 operations of 20.7 cycles, 630 instructions, 75 accesses, 30 branches: 7,516 cycles
    for 245; unpredictable branches: 42 cycles for 19."""
    for workload, slowdown in (("nbody-1m", 30.6), ("branchy-50m", 2.2)):
        emulated_s = elapsed_s("linux-6 | qemu-7.2 / linux-6-tmpfs", workload)
        assert emulated_s / elapsed_s("linux-6-tmpfs |", workload) == pytest.approx(slowdown, rel=0.03)
