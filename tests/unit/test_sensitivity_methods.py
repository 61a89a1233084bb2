"""The methods of sensitivity analysis on models with known answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import cos, nan, pi, prod, sin

import pytest

from simulator.importance import morris, one_at_a_time, sobol
from simulator.importance.model import Model, Values, quantile
from simulator.importance.screening import Task, screen
from simulator.uncertainty import Unknown, draws


def unknown(key: str, low: float = 0.0, high: float = 1.0) -> Unknown:
    """A number whose value lies in the middle of its range: its distribution is uniform."""
    return Unknown(key, "layer", "e", key, (low + high) / 2.0, low, high, "cycles")


class Counting:
    """A model of one answer that counts how often it was asked."""

    def __init__(self, function: Callable[[Mapping[str, float]], float], unknowns: Sequence[Unknown]) -> None:
        self._function, self._values = function, {each.key: each.value for each in unknowns}
        self.asked = 0

    def __call__(self, samples: Sequence[Values]) -> list[list[float]]:
        self.asked += len(samples)
        return [[self._function({**self._values, **values})] for values in samples]


ABC = [unknown("a"), unknown("b", 2.0, 6.0), unknown("c", -1.0, 1.0)]
linear = Counting(lambda x: 10.0 + 3.0 * x["a"] - 2.0 * x["b"], ABC)


def test_one_at_a_time_is_exact_for_a_linear_model() -> None:
    """10 + 3 * 0.5 - 2 * 4 = 3.5 in the middle; a moves it by 1.5, b by 4 the other way, c not at all."""
    (found,) = one_at_a_time.ends(ABC, linear)
    assert found == {"a": (2.0, 5.0), "b": (7.5, -0.5), "c": (3.5, 3.5)}


def test_elementary_effects_of_a_linear_model_are_its_slopes_everywhere() -> None:
    """As over the whole range: 3 * 1 and -2 * 4; nothing depends on where one stands."""
    (found,) = morris.effects(ABC, linear, 4, seed=1)
    assert [found[key].n for key in "abc"] == [4, 4, 4]
    assert [found[key].mu for key in "abc"] == pytest.approx([3.0, -8.0, 0.0])
    assert [found[key].mu_star for key in "abc"] == pytest.approx([3.0, 8.0, 0.0])
    assert [found[key].sigma for key in "abc"] == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)


def test_sigma_shows_what_depends_on_others_and_mu_star_what_cancels() -> None:
    """a * (b - 4): the effect of a is b - 4, which is -2 or 2 at the ends of b and -2/3 or 2/3 between."""
    (found,) = morris.effects(ABC, Counting(lambda x: x["a"] * (x["b"] - 4.0), ABC), 40, seed=1)
    assert abs(found["a"].mu) < 0.5 < found["a"].mu_star and found["a"].sigma > 1.0
    assert found["c"] == (40, 0.0, 0.0, 0.0)


def test_stars_stand_on_every_level_equally_often_and_step_by_two_thirds() -> None:
    design = morris.stars(ABC, 8, seed=3)
    assert len(design.samples) == 8 * 4 and len(design.signs) == 8
    centres = [design.samples[4 * star] for star in range(8)]
    for each in ABC:
        parts = [(centre[each.key] - each.low) / (each.high - each.low) for centre in centres]
        assert sorted(parts) == pytest.approx([0, 0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1, 1])
    for star, sign in enumerate(design.signs):
        for number, each in enumerate(ABC):
            moved, centre = design.samples[4 * star + 1 + number], centres[star]
            step = (moved[each.key] - centre[each.key]) / (each.high - each.low)
            assert step == pytest.approx(sign[number] * 2 / 3)
            assert {key for key in moved if moved[key] != centre[key]} == {each.key}


def test_a_lost_run_costs_its_effects_and_no_others() -> None:
    def holed(samples: Sequence[Values]) -> list[list[float]]:
        return [[nan if number == 1 else values["a"]] for number, values in enumerate(samples)]

    (found,) = morris.effects(ABC, holed, 4, seed=1)
    assert (found["a"].n, found["b"].n) == (3, 4)
    assert found["a"].mu_star == pytest.approx(1.0)


# ---- Sobol

X = [unknown(key, -pi, pi) for key in ("x1", "x2", "x3")]


def ishigami(x: Mapping[str, float]) -> float:
    return sin(x["x1"]) + 7.0 * sin(x["x2"]) ** 2 + 0.1 * x["x3"] ** 4 * sin(x["x1"])


def test_sobols_indices_of_ishigamis_function() -> None:
    """Ishigami and Homma 1990 with a = 7, b = 0.1; closed forms of the variances, e.g. in Saltelli et al. 2008.

    V1 = (1 + b pi^4 / 5)^2 / 2, V2 = a^2 / 8, V13 = 8 b^2 pi^8 / 225, V = V1 + V2 + V13. 1024 rows: within 0.05.
    """
    v1, v2, v13 = (1 + 0.1 * pi**4 / 5) ** 2 / 2, 49 / 8, 8 * 0.01 * pi**8 / 225
    v = v1 + v2 + v13
    model = Counting(ishigami, X)
    (found,) = sobol.indices(X, model, 1024, seed=1)
    assert model.asked == 1024 * (3 + 2)
    assert [found[each.key].first for each in X] == pytest.approx([v1 / v, v2 / v, 0.0], abs=0.05)
    assert [found[each.key].total for each in X] == pytest.approx([(v1 + v13) / v, v2 / v, v13 / v], abs=0.05)
    for each in X:
        of = found[each.key]
        assert of.n == 1024
        assert of.first_low <= of.first <= of.first_high and of.total_low <= of.total <= of.total_high
        assert 0.0 < of.total_high - of.total_low < 0.3


def test_sobols_indices_of_the_g_function() -> None:
    """Saltelli and Sobol 1995: V_i = (1 / 3) / (1 + a_i)^2, V = prod(1 + V_i) - 1, the total of i has all products
    with i. 1024 rows: within 0.05."""
    a = {"a": 0.0, "b": 1.0, "c": 9.0}
    unknowns = [unknown(key) for key in a]
    parts = {key: 1 / 3 / (1 + of) ** 2 for key, of in a.items()}
    v = prod(1 + part for part in parts.values()) - 1
    model = Counting(lambda x: prod((abs(4 * x[key] - 2) + a[key]) / (1 + a[key]) for key in a), unknowns)
    (found,) = sobol.indices(unknowns, model, 1024, seed=2)
    assert [found[key].first for key in a] == pytest.approx([parts[key] / v for key in a], abs=0.05)
    totals = [parts[key] * prod(1 + parts[other] for other in a if other != key) / v for key in a]
    assert [found[key].total for key in a] == pytest.approx(totals, abs=0.05)


def test_an_answer_that_nothing_moves_has_indices_of_zero() -> None:
    (found,) = sobol.indices(X, Counting(lambda x: 5.0, X), 4, seed=1)
    assert {(of.first, of.total) for of in found.values()} == {(0.0, 0.0)}


def test_rows_with_a_lost_run_are_left_out() -> None:
    def holed(samples: Sequence[Values]) -> list[list[float]]:
        return [[nan if number == 3 else cos(values["x1"])] for number, values in enumerate(samples)]

    (found,) = sobol.indices(X, holed, 64, seed=1)
    assert {of.n for of in found.values()} == {32}
    assert found["x1"].total == pytest.approx(1.0, abs=0.2) and found["x2"].total == 0.0
    assert [sobol.rows(wanted) for wanted in (1, 2, 3, 64, 65)] == [2, 2, 4, 64, 128]


# ---- screening


def changes(model: Model) -> Callable[[Sequence[tuple[int, Values]]], list[float]]:
    ((base,),) = model([{}])
    return lambda asked: [abs(row[0] / base - 1.0) for row in model([values for _, values in asked])]


def test_screening_leaves_what_moves_the_model_in_fewer_runs_than_one_for_each_end() -> None:
    """Two of 64 matter: a group, then at each of six levels at most two halves for each of the two, at both ends."""
    unknowns = [unknown(f"u{number}") for number in range(64)]
    model = Counting(lambda x: 10.0 + x["u5"] + 0.1 * x["u40"] + 1e-9 * x["u7"], unknowns)
    done = screen([Task(0, tuple(unknowns))], changes(model), tolerance=1e-3)
    assert {each.key for each in unknowns} - {each.key for task in done for each in task.group} == {"u5", "u40"}
    assert model.asked <= 1 + 2 * (1 + 2 * 2 * 6) < 2 * 64


def test_what_is_lost_is_not_done_with() -> None:
    pair = (unknown("a"), unknown("b"))

    def change(asked: Sequence[tuple[int, Values]]) -> list[float]:
        return [nan if values.get("a") == 1.0 else 0.0 for _, values in asked]

    assert screen([Task(7, pair)], change) == [Task(7, pair[1:])]


# ---- intervals


def test_quantiles_lie_between_neighbours() -> None:
    assert [quantile([1.0, 2.0, 4.0], part) for part in (0.0, 0.25, 0.5, 0.75, 1.0)] == [1.0, 1.5, 2.0, 3.0, 4.0]
    assert quantile([3.0], 0.95) == 3.0


def test_a_latin_hypercube_finds_the_interval_of_a_linear_model() -> None:
    """One uniform unknown: 5 % and 95 % of the samples lie at these parts of its range, to within a stratum."""
    samples = sorted(row[0] for row in Counting(lambda x: x["a"], ABC)(draws(ABC, 100, seed=1)))
    assert (quantile(samples, 0.05), quantile(samples, 0.95)) == pytest.approx((0.05, 0.95), abs=0.02)
