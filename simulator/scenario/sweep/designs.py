"""Designs: points that fill a space evenly, as parts of the way along each of its axes.

They follow from the scenario's seed and the names of the axes alone. Of Python's generator only ``random()`` is used,
which stays the same from version to version, and of SciPy only the unscrambled Sobol sequence, which is a
mathematical object: so a design changes with neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_BITS = 30


def latin_hypercube(seed: int, names: Sequence[str], points: int) -> list[list[float]]:
    """For each axis the places of the points on it, from 0 to less than 1: of equal slices each has one point.

    McKay, Beckman, Conover (1979), "A comparison of three methods for selecting values of input variables".

    Args:
        seed: of the scenario.
        names: of the axes; an axis keeps its places when others come or go.
        points: how many.
    """
    found = []
    for name in names:
        luck = Random(f"{seed}/latin hypercube/{name}")
        order = [luck.random() for _ in range(points)]
        slices = sorted(range(points), key=order.__getitem__)
        found.append([(each + luck.random()) / points for each in slices])
    return found


def sobol(seed: int, names: Sequence[str], points: int) -> list[list[float]]:
    """For each axis the places of the points on it: a Sobol sequence with a random digital shift.

    Sobol (1967), with the direction numbers of Joe and Kuo (2008); the shift as in Owen (2003), "Quasi-Monte Carlo
    sampling": it keeps the points as even as they are, and moves the first one away from the corner.

    Args:
        seed: of the scenario.
        names: of the axes.
        points: how many, a power of two.
    """
    from scipy.stats import qmc

    sequence = qmc.Sobol(len(names), scramble=False, bits=_BITS).random_base2(points.bit_length() - 1)
    shifts = [int(Random(f"{seed}/sobol/{name}").random() * 2**_BITS) for name in names]
    columns = (sequence * 2**_BITS).astype(int).T.tolist()
    return [[(each ^ shift) / 2**_BITS for each in column] for column, shift in zip(columns, shifts, strict=True)]


def powers_around(points: int) -> tuple[int, int]:
    """The powers of two below and above a number that is none."""
    below = 1 << (points.bit_length() - 1)
    return below, 2 * below
