"""The stopping rule: decided in replication order, by the interval that the summary prints, for all tenants at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from random import Random
from typing import Any

import pytest

from simulator.records import names
from simulator.results import intervals
from simulator.results.stopping import LOOK_AHEAD, Stopping

RULE = Stopping("latency_p99_s", "", 0.05, None, 0.95, 10, 200)


def half_width(values: Sequence[float]) -> float:
    """Of the interval that the summary prints."""
    found = intervals.mean(values, 0.95)
    return (found.high - found.low) / 2


def draws(count: int, seed: int = 5, spread: float = 0.1) -> list[float]:
    random = Random(seed)
    return [random.gauss(1.0, spread) for _ in range(count)]


def test_the_interval_is_narrow_at_the_answer_and_at_the_counts_before_it_and_at_no_earlier_stretch() -> None:
    values = draws(200)
    found = RULE.enough(values)
    assert found is not None and 10 < found < 200
    narrow = [half_width(values[:n]) <= 0.05 * abs(sum(values[:n]) / n) if n > 1 else False for n in range(201)]
    assert all(narrow[found - LOOK_AHEAD : found + 1])
    assert not any(all(narrow[n - LOOK_AHEAD : n + 1]) for n in range(10, found))


@pytest.mark.parametrize("known", [9, 10, 15, 30, 199, 200])
def test_more_replications_than_needed_change_nothing(known: int) -> None:
    values = draws(200)
    found = RULE.enough(values)
    assert found is not None
    assert RULE.enough(values[:known]) == (found if known >= found else None)


def test_it_ends_at_the_most_narrow_or_not() -> None:
    wild = draws(200, spread=2.0)
    assert RULE.enough(wild[:199]) is None
    assert RULE.enough(wild) == 200
    assert RULE.enough(wild + wild) == 200
    assert RULE.shortfall(wild) == "after 200 replications latency_p99_s is still less well known than asked for"
    assert RULE.shortfall(draws(200)) == ""
    assert RULE.shortfall([math.nan] * 10).startswith("nobody has latency_p99_s in the first 10 replications")


@pytest.mark.parametrize("value", [0.1, 0.0, -3.7])
def test_equal_replications_are_enough_at_the_least_also_around_zero(value: float) -> None:
    assert RULE.enough([value] * 10) == 10
    assert RULE.enough([value] * 9) is None


def test_a_relative_width_of_a_metric_around_zero_is_never_reached() -> None:
    assert RULE.enough([1.0, -1.0] * 99) is None


def test_an_absolute_width_is_in_the_unit_of_the_metric() -> None:
    rule = replace(RULE, relative_half_width=None, half_width=0.05)
    values = [5.0 + value for value in draws(200)]
    found = rule.enough(values)
    assert found is not None and half_width(values[:found]) <= 0.05
    assert RULE.enough(values) == 10


def test_failed_replications_count_as_run_and_tell_nothing() -> None:
    values = draws(200)
    found = RULE.enough(values)
    assert found is not None
    holed: list[float | None] = [*values[:4], None, math.nan, *values[4:]]
    assert RULE.enough(holed) == found + 2


def test_a_tenant_without_the_metric_has_no_say_and_if_nobody_has_it_the_least_is_enough() -> None:
    values, nothing = draws(200), [math.nan] * 200
    assert RULE.enough(values, nothing) == RULE.enough(values)
    assert RULE.enough(nothing) == RULE.enough([None] * 10) == 10


def test_the_rule_holds_for_all_tenants_at_the_same_count() -> None:
    calm, wild = draws(200, seed=1, spread=0.05), draws(200, seed=2, spread=0.2)
    together = RULE.enough(calm, wild)
    alone = [RULE.enough(each) or 0 for each in (calm, wild)]
    assert together is not None and together >= max(alone) and alone[0] < alone[1]


@pytest.mark.parametrize("seed", range(5))
def test_rounds_grow_to_the_answer_without_going_far_beyond_it(seed: int) -> None:
    values = draws(200, seed)
    have, rounds = RULE.next([]), 1
    while (found := RULE.enough(values[:have])) is None:
        more = RULE.next(values[:have])
        assert have < more <= min(2 * have, 200)
        have, rounds = more, rounds + 1
    assert found == RULE.enough(values)
    assert have <= 2 * found and rounds <= 12


def test_rounds_where_nothing_can_be_estimated() -> None:
    assert RULE.next([math.nan] * 10) == 11
    assert RULE.next([1.0, *[math.nan] * 9]) == 20
    assert RULE.next([1.0, -1.0] * 5) == 20
    assert RULE.next([1.0, -1.0] * 90) == 200


def tables(**values: float | None) -> Mapping[str, Sequence[Sequence[Any]]]:
    """A run in which each tenant has this latency; of a name like ``app_2`` the scenario has ``app``."""
    columns = names("tenants")
    known = [{"tenant": name, "copy_of": name.split("_")[0], RULE.metric: value} for name, value in values.items()]
    return {"tenants": [[row.get(column) for column in columns] for row in known]}


def test_numbers_are_read_from_the_rows_of_the_runs() -> None:
    runs = [tables(app_1=1.0, app_2=3.0, other=7.0), None, tables(app_1=5.0, app_2=None, other=None)]
    app, other = RULE.series([runs])
    assert app == pytest.approx([2.0, math.nan, 5.0], nan_ok=True)
    assert other == pytest.approx([7.0, math.nan, math.nan], nan_ok=True)
    assert replace(RULE, tenant="other").series([runs]) == [pytest.approx([7.0, math.nan, math.nan], nan_ok=True)]
    assert RULE.series([[None, None]]) == [pytest.approx([math.nan] * 2, nan_ok=True)]


OVER = replace(RULE, metric="latency_p99_s", over="native", relative_half_width=0.02)


def test_over_a_stack_it_looks_at_ratios_in_pairs_of_replications() -> None:
    native = [tables(app=2.0, other=1.0), tables(app=4.0, other=0.0), None, tables(app=1.0)]
    xen = [tables(app=3.0, other=1.0), tables(app=6.0, other=5.0), tables(app=9.0), tables(app=None)]
    app, other = OVER.series([native, xen])
    assert app == pytest.approx([math.log(1.5), math.log(1.5), math.nan, math.nan], nan_ok=True)
    assert other == pytest.approx([0.0, math.nan, math.nan, math.nan], nan_ok=True)
    assert OVER.series([native]) == [pytest.approx([math.nan] * 4, nan_ok=True)]
    assert len(OVER.series([native, xen, xen])) == 4


def test_a_ratio_is_known_when_its_interval_as_compared_is_narrow() -> None:
    """What both stacks have in common by luck does not widen it."""
    luck = draws(200, spread=0.3)
    noise = draws(200, seed=6, spread=0.03)
    pairs = [(value * 1.4 * more, value) for value, more in zip(luck, noise, strict=True)]
    series = OVER.series([[tables(app=base) for _, base in pairs], [tables(app=own) for own, _ in pairs]])
    found = OVER.enough(*series)
    assert found is not None and found < 30
    assert RULE.enough(luck) is None or RULE.enough(luck) > found

    def ratio(count: int) -> float:
        own, base = zip(*pairs[:count], strict=True)
        known = intervals.ratio(own, base, 0.95)
        return math.sqrt(known.high / known.low)

    assert ratio(found) <= 1.02


def test_points_of_a_place_have_as_many_replications_as_each_other() -> None:
    places = [("native", 1), ("xen", 1), ("native", 2), ("kvm", 2), ("xen", 2), ("kvm", 3)]
    points = [
        {"point": number, "stack": stack, "axes": {"stack": stack, "size": size}}
        for number, (stack, size) in enumerate(places)
    ]
    assert OVER.groups(points) == [(0, 1), (2, 3, 4), (5,)]
    assert RULE.groups(points) == [(number,) for number in range(6)]


def test_what_decides_the_results_is_what_it_was_without_a_ratio() -> None:
    assert "over" not in RULE.deciding() and list(RULE.deciding()) == list(asdict(RULE))[:-1]
    assert OVER.deciding()["over"] == "native"


def test_in_words() -> None:
    assert str(OVER) == "10 to 200 replications, until latency_p99_s over native is known to ± 2 % (95 % interval)"
    assert str(RULE) == "10 to 200 replications, until latency_p99_s is known to ± 5 % (95 % interval)"
    other = Stopping("value", "app", None, 0.002, 0.9, 5, 9)
    assert str(other) == "5 to 9 replications, until value of app is known to ± 0.002 (90 % interval)"
