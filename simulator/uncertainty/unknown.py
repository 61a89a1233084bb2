"""An unknown: one number of the catalog with the range that it may lie in, and samples of several at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from simulator.errors import UsageError

_SPAN = 10.0
"""A range whose ends differ by more than this factor is sampled on the logarithm."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """One number that is not known exactly.

    Attributes:
        key: its name in samples: entry, section or device, parameter (``dell-2650.disk.seek_shortest_s``).
        kind: ``layer``, ``scheduler``, ``device``, ``workload`` or ``virtual hardware``.
        entry: the product whose number it is, for a device ``machine.device``.
        parameter: its name in the catalog, with the unit as suffix; ``start.`` or ``bytecode.`` before it where it
            stands in that section.
        value: in SI base units.
        low: lower end of its range, widened where it was measured on another machine.
        high: upper end.
        unit: in words.
        source_kind: published, measured, derived or assumed.
        source: key in ``sources.bib``, empty for assumptions without one.
        where: place in the source, or the reason of an assumption.
        meaning: one clause that a student understands.
        mechanism: the mechanism that it belongs to, empty if it belongs to none.
        transferred: whether it was measured on another machine.
        also: other products that have the same number from this one.
    """

    key: str
    kind: str
    entry: str
    parameter: str
    value: float
    low: float
    high: float
    unit: str = ""
    source_kind: str = "assumed"
    source: str = ""
    where: str = ""
    meaning: str = ""
    mechanism: str = ""
    transferred: bool = False
    also: tuple[str, ...] = ()

    @property
    def logarithmic(self) -> bool:
        """Whether it is sampled on the logarithm."""
        return self.low > 0.0 and self.high > _SPAN * self.low

    @property
    def whole(self) -> bool:
        """Whether it is a count of whole things: whole itself and at both ends."""
        return self.unit == "count" and all(each.is_integer() for each in (self.value, self.low, self.high))

    def at(self, part: float) -> float:
        """The value below which this part of its distribution lies: 0 the lower end, 0.5 the value, 1 the upper end."""
        if part in (0.0, 0.5, 1.0):
            return {0.0: self.low, 0.5: self.value, 1.0: self.high}[part]
        begin, end = (self.low, self.value) if part < 0.5 else (self.value, self.high)
        fraction = 2.0 * part - (part > 0.5)
        found: float = begin * (end / begin) ** fraction if self.logarithmic else begin + (end - begin) * fraction
        return float(round(found)) if self.whole else min(max(found, self.low), self.high)


def draws(unknowns: Iterable[Unknown], k: int, seed: int) -> list[dict[str, float]]:
    """A Latin hypercube: ``k`` samples in which each unknown has one value in each ``k``-th of its distribution.

    The stream of an unknown depends on its key and the seed only: with one unknown more the others draw the same.

    Args:
        unknowns: what is drawn.
        k: how many samples.
        seed: of the random numbers.

    Returns:
        values by key, one mapping for each sample.

    Raises:
        UsageError: fewer than one sample is wanted.
    """
    if k < 1:
        raise UsageError(f"{k} samples cannot be drawn; give 1 or more")
    samples: list[dict[str, float]] = [{} for _ in range(k)]
    for unknown in unknowns:
        luck = Random(f"{seed}|{k}|{unknown.key}")
        strata = list(range(k))
        luck.shuffle(strata)
        for sample, stratum in zip(samples, strata, strict=True):
            sample[unknown.key] = unknown.at((stratum + luck.random()) / k)
    return samples
