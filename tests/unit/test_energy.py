"""Power by the number of busy cores, and energy from times: cases by hand."""

from __future__ import annotations

from math import isnan

import pytest
import simpy

from simulator.devices.processor import Processor
from simulator.energy import Power, cost, parts, power
from simulator.sharing.tree import Share

FIGURES = {"cores_count": 4.0, "frequency_hz": 1e9, "smt_factor_ratio": 1.25}
FOUR = Power(100.0, 280.0 / 3.0, 200.0, 4.0)
ONE = Power(100.0, 100.0, 200.0, 1.0)


def test_power_is_idle_or_a_line_from_the_floor_to_all_cores() -> None:
    """By hand: 93.333 + (200 - 93.333) / 4 = 120 with one of four cores, 200 with all."""
    assert FOUR.watts(0.0) == 100.0
    assert FOUR.watts(1.0) == pytest.approx(120.0, abs=1e-12)
    assert FOUR.watts(2.0) == pytest.approx(280.0 / 3.0 + 160.0 / 3.0, abs=1e-12)
    assert FOUR.watts(4.0) == FOUR.watts(9.0) == pytest.approx(200.0, abs=1e-12)


def test_energy_of_three_hosts_of_which_one_is_wide() -> None:
    """One core of four busy for 6 of 10 s: 120 W x 6 s + 100 W x 4 s; one of one: 200 W x 6 s + 100 W x 4 s."""
    assert FOUR.joules(10.0, 6.0, 6.0) == pytest.approx(1120.0, abs=1e-9)
    assert ONE.joules(10.0, 6.0, 6.0) == pytest.approx(1600.0, abs=1e-9)


def test_a_machine_without_an_idle_power_has_no_power() -> None:
    assert power(FIGURES) is None
    figures = {**FIGURES, "idle_watts": 50.0, "busy_watts": 90.0}
    assert power(figures) == Power(50.0, 50.0, 90.0, 4.0)


def test_threads_of_one_core_count_by_what_they_do() -> None:
    """Two threads of a core do 1.25 times as much as one: eight threads on four cores are five cores' work."""
    figures = {**FIGURES, "threads_per_core_count": 2.0}
    figures |= {"idle_watts": 50.0, "floor_watts": 60.0, "busy_watts": 90.0}
    assert power(figures) == Power(50.0, 60.0, 90.0, 5.0)


def test_tenants_divide_the_idle_part_equally_and_the_rest_by_their_time() -> None:
    assert parts(1000.0, 600.0, {"a": 3.0, "b": 1.0}) == {"a": 600.0, "b": 400.0}
    assert parts(600.0, 600.0, {"a": 0.0, "b": 0.0}) == {"a": 300.0, "b": 300.0}
    assert parts(1.0, 1.0, {}) == {}


def test_a_kilowatt_hour_costs_its_price() -> None:
    assert cost(7.2e6, 0.25) == 0.5


@pytest.mark.parametrize("fidelity", ["fluid", "quantum"])
def test_a_processor_counts_the_time_with_any_load(fidelity: str) -> None:
    """By hand: 1 s of work, stopped for 1.5 s after half of it; then nothing: 1 s loaded of 10, and 1 core second."""
    environment = simpy.Environment()
    cpu = Processor(environment, {**FIGURES, "idle_watts": 10.0, "floor_watts": 20.0, "busy_watts": 28.0}, fidelity)
    leaf = Share("thread", cpu.root)
    cpu.run(1e9, leaf)
    environment.run(0.5)
    cpu.sharing.set(leaf, frozen=True)
    environment.run(2.0)
    cpu.sharing.set(leaf, frozen=False)
    environment.run(10.0)
    row = cpu.row()
    assert row.loaded_s == pytest.approx(1.0, abs=1e-9)
    assert row.energy_j == pytest.approx(10.0 * 9.0 + 20.0 * 1.0 + 8.0 / 4.0 * 1.0, abs=1e-6)


def test_a_quota_spreads_the_load_where_work_flows_and_bunches_it_where_there_are_slices() -> None:
    """0.25 s of work at a quarter of a processor: a load for 1 s at a rate, for 0.25 s in bursts."""
    loaded_s = []
    for fidelity in ("fluid", "quantum"):
        environment = simpy.Environment()
        cpu = Processor(environment, FIGURES, fidelity)
        group = Share("group", cpu.root, cap=0.25e9)
        cpu.run(0.25e9, Share("thread", group))
        environment.run(5.0)
        loaded_s.append(cpu.row().loaded_s)
        assert isnan(cpu.row().energy_j)
    assert loaded_s == pytest.approx([1.0, 0.25], abs=1e-6)


def test_siblings_do_less_work_and_draw_less_for_it() -> None:
    """Two threads on one core of two hardware threads, factor 1.25: 1 s of work each takes 1.6 s, at full power."""
    figures = {**FIGURES, "cores_count": 1.0, "threads_per_core_count": 2.0}
    environment = simpy.Environment()
    cpu = Processor(environment, {**figures, "idle_watts": 0.0, "busy_watts": 10.0})
    for name in ("a", "b"):
        cpu.run(1e9, Share(name, cpu.root))
    environment.run(1.6)
    row = cpu.row()
    assert row.busy_s == pytest.approx(3.2, rel=1e-9)
    assert row.energy_j == pytest.approx(16.0, rel=1e-9)
