"""Power by the number of busy processors, and energy from times: cases by hand."""

from __future__ import annotations

import pytest

from simulator.energy import Power, cost, parts, power

FOUR = Power(100.0, 280.0 / 3.0, 200.0, 4.0)
ONE = Power(100.0, 100.0, 200.0, 1.0)


def test_power_is_idle_or_a_line_from_the_floor_to_all_processors() -> None:
    """By hand: 93.333 + (200 - 93.333) / 4 = 120 with one of four processors, 200 with all."""
    assert FOUR.watts(0.0) == 100.0
    assert FOUR.watts(1.0) == pytest.approx(120.0, abs=1e-12)
    assert FOUR.watts(2.0) == pytest.approx(280.0 / 3.0 + 160.0 / 3.0, abs=1e-12)
    assert FOUR.watts(4.0) == FOUR.watts(9.0) == pytest.approx(200.0, abs=1e-12)


def test_energy_of_three_hosts_of_which_one_is_wide() -> None:
    """One processor of four busy for 6 of 10 s: 120 W x 6 s + 100 W x 4 s; one of one: 200 W x 6 s + 100 W x 4 s."""
    assert FOUR.joules(10.0, 6.0, 6.0) == pytest.approx(1120.0, abs=1e-9)
    assert ONE.joules(10.0, 6.0, 6.0) == pytest.approx(1600.0, abs=1e-9)


def test_a_machine_without_an_idle_power_has_no_power() -> None:
    assert power({"cores_count": 4.0}) is None
    assert power({"cores_count": 4.0, "threads_per_core_count": 2.0, "idle_watts": 50.0, "busy_watts": 90.0}) == Power(
        50.0, 50.0, 90.0, 8.0
    )


def test_tenants_divide_the_idle_part_equally_and_the_rest_by_their_time() -> None:
    assert parts(1000.0, 600.0, {"a": 3.0, "b": 1.0}) == {"a": 600.0, "b": 400.0}
    assert parts(600.0, 600.0, {"a": 0.0, "b": 0.0}) == {"a": 300.0, "b": 300.0}
    assert parts(1.0, 1.0, {}) == {}


def test_a_kilowatt_hour_costs_its_price() -> None:
    assert cost(7.2e6, 0.25) == 0.5
