"""Sobol: what part of an answer's variance each unknown explains alone (S1), and with all its company (ST).

Saltelli's design on a scrambled Sobol sequence: two matrices of samples, and for each unknown the first with its column
from the second. ``scipy.stats.sobol_indices`` does the arithmetic (Saltelli et al. 2010) and the bootstrap.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.importance.model import Model, Values
from simulator.uncertainty import Unknown

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 999


class Indices(NamedTuple):
    """Parts of one answer's variance, each with its bootstrap interval.

    Attributes:
        n: rows of the matrices that gave answers; a power of two.
    """

    n: int = 0
    first: float = nan
    first_low: float = nan
    first_high: float = nan
    total: float = nan
    total_low: float = nan
    total_high: float = nan


def rows(wanted: int) -> int:
    """The next power of two, from 2 up: the sequence is balanced only over such a number."""
    return max(2, 1 << (wanted - 1).bit_length())


def indices(unknowns: Sequence[Unknown], model: Model, count: int, seed: int) -> list[dict[str, Indices]]:
    """For each answer the indices of every unknown, by key.

    Args:
        unknowns: what varies; all others keep the catalog's values.
        model: gives the answers.
        count: rows of each matrix, a power of two.
        seed: of the scrambling and of the bootstrap.
    """
    import numpy as np

    samples = design(unknowns, count, seed)
    answers = np.array(model(samples), dtype=float).reshape(len(unknowns) + 2, count, -1)
    return [_of_answer(unknowns, answers[:, :, number], seed) for number in range(answers.shape[2])]


def design(unknowns: Sequence[Unknown], count: int, seed: int) -> list[Values]:
    """The samples: the first matrix, the second, then one for each unknown."""
    from scipy.stats import qmc

    d = len(unknowns)
    parts = qmc.Sobol(2 * d, rng=seed).random(count)
    a, b = parts[:, :d], parts[:, d:]
    matrices = [a, b]
    for number in range(d):
        mixed = a.copy()
        mixed[:, number] = b[:, number]
        matrices.append(mixed)
    return [_values(unknowns, row) for matrix in matrices for row in matrix]


def _values(unknowns: Sequence[Unknown], parts: Matrix) -> Values:
    return {each.key: each.at(float(part)) for each, part in zip(unknowns, parts, strict=True)}


def _of_answer(unknowns: Sequence[Unknown], answers: Matrix, seed: int) -> dict[str, Indices]:
    """The indices of one answer; rows in which any run failed are left out."""
    import numpy as np

    whole = answers[:, np.isfinite(answers).all(axis=0)]
    n = 1 << (whole.shape[1].bit_length() - 1) if whole.shape[1] > 1 else 0
    if not n:
        return {each.key: Indices() for each in unknowns}
    whole = whole[:, :n]
    moving = [number for number in range(len(unknowns)) if np.any(whole[2 + number] != whole[0])]
    found = dict(zip(moving, _indices(whole[[0, 1, *(2 + number for number in moving)]], seed), strict=True))
    nothing = [0.0] * 6
    return {each.key: Indices(n, *found.get(number, nothing)) for number, each in enumerate(unknowns)}


def _indices(whole: Matrix, seed: int) -> list[list[float]]:
    """Index, low and high, of first order and total, for each unknown."""
    import numpy as np
    from scipy.stats import sobol_indices

    d = len(whole) - 2
    if not d:
        return []
    if d == 1:
        return _indices(np.concatenate([whole, whole[2:]]), seed)[:1]  # scipy wants two unknowns or more
    by_matrix: dict[str, Any] = {"f_A": whole[:1], "f_B": whole[1:2], "f_AB": whole[2:].reshape(d, 1, -1)}
    found = sobol_indices(func=by_matrix, n=whole.shape[1], rng=np.random.default_rng(seed))
    bounds = found.bootstrap(confidence_level=LEVEL, n_resamples=RESAMPLES)
    pairs = ((found.first_order, bounds.first_order), (found.total_order, bounds.total_order))
    columns = [np.ravel(each) for index, interval in pairs for each in (index, *interval.confidence_interval)]
    return [[float(column[number]) for column in columns] for number in range(d)]
