"""Morris: elementary effects, each the change of an answer when one unknown takes a large step somewhere in the space.

Each star is a random place on a grid of four levels of every distribution, and one step of two thirds from there along
each unknown (Morris 1991; as stars, Campolongo, Saltelli and Cariboni 2011). The mean of the absolute effects, mu*,
ranks; their standard deviation, sigma, says how far an effect depends on where one stands: other unknowns, or a curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isfinite, nan
from random import Random
from statistics import stdev
from typing import NamedTuple

from simulator.importance.model import Model, Values
from simulator.uncertainty import Unknown

LEVELS = (0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0)
STEP = 2.0 / 3.0


class Effect(NamedTuple):
    """Elementary effects of one unknown on one answer, as over its whole range.

    Attributes:
        n: stars in which both ends of the step gave an answer.
        mu: their mean.
        mu_star: mean of their absolute values.
        sigma: their standard deviation, not a number of fewer than two.
    """

    n: int
    mu: float
    mu_star: float
    sigma: float


class Stars(NamedTuple):
    """The samples of a design, star after star a centre and then one for each unknown; and which way each step goes."""

    samples: list[Values]
    signs: list[list[float]]


def stars(unknowns: Sequence[Unknown], count: int, seed: int) -> Stars:
    """The design; over each four stars every unknown stands once on each level."""
    levels = {each.key: _levels(each, count, seed) for each in unknowns}
    samples: list[Values] = []
    signs = []
    for star in range(count):
        places = {key: of_key[star] for key, of_key in levels.items()}
        centre = {each.key: each.at(LEVELS[places[each.key]]) for each in unknowns}
        samples.append(centre)
        signs.append([1.0 if places[each.key] < 2 else -1.0 for each in unknowns])
        samples += [{**centre, each.key: each.at(LEVELS[(places[each.key] + 2) % 4])} for each in unknowns]
    return Stars(samples, signs)


def _levels(unknown: Unknown, count: int, seed: int) -> list[int]:
    luck = Random(f"{seed}|stars|{unknown.key}")
    found: list[int] = []
    while len(found) < count:
        block = [0, 1, 2, 3]
        luck.shuffle(block)
        found += block
    return found[:count]


def effects(unknowns: Sequence[Unknown], model: Model, count: int, seed: int) -> list[dict[str, Effect]]:
    """For each answer the effects of every unknown, by key."""
    design = stars(unknowns, count, seed)
    rows = model(design.samples)
    return [_of_answer(unknowns, design, [row[answer] for row in rows]) for answer in range(len(rows[0]))]


def _of_answer(unknowns: Sequence[Unknown], design: Stars, answers: Sequence[float]) -> dict[str, Effect]:
    width = len(unknowns) + 1
    found = {}
    for number, unknown in enumerate(unknowns):
        steps = [
            sign[number] * (answers[star * width + 1 + number] - answers[star * width]) / STEP
            for star, sign in enumerate(design.signs)
        ]
        found[unknown.key] = _effect([step for step in steps if isfinite(step)])
    return found


def _effect(steps: Sequence[float]) -> Effect:
    n = len(steps)
    if not n:
        return Effect(0, nan, nan, nan)
    return Effect(n, fsum(steps) / n, fsum(map(abs, steps)) / n, stdev(steps) if n > 1 else nan)
