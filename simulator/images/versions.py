"""Versions of packages and what is required of them: ``libssl >=3, <4``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import zip_longest

from simulator.errors import CatalogError

_TESTS: Mapping[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_NAMED = re.compile(r"\s*([a-z0-9]+(?:[.-][a-z0-9]+)*?)\s*((?:[<>=].*)?)")
_BOUND = re.compile(r"\s*(>=|<=|>|<|=)\s*([0-9][0-9a-z.]*)\s*")
_PARTS = re.compile(r"[0-9]+|[a-z]+")
VERSIONED = re.compile(r"(?P<name>.+?)-(?P<version>[0-9][0-9a-z.]*)")
"""A package with its version, as its file is called."""


def compare(first: str, second: str) -> int:
    """Negative, 0 or positive as the first version is older, the same or newer: 2.4 < 2.10 < 3, and 3 is 3.0."""
    for mine, other in zip_longest(_parts(first), _parts(second), fillvalue=(1, 0, "")):
        if mine != other:
            return -1 if mine < other else 1
    return 0


def _parts(version: str) -> list[tuple[int, int, str]]:
    """Numbers by their value; a word (``rc1``) is before any number."""
    return [(1, int(part), "") if part.isdigit() else (0, 0, part) for part in _PARTS.findall(version)]


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package, and the bounds that its version must keep.

    Attributes:
        name: the package without a version.
        bounds: each a comparison and a version; none: any version does.
    """

    name: str
    bounds: tuple[tuple[str, str], ...] = ()

    def allows(self, version: str) -> bool:
        """Whether a version keeps all bounds."""
        return all(_TESTS[test](compare(version, bound), 0) for test, bound in self.bounds)

    def __str__(self) -> str:
        return " ".join((self.name, ", ".join(f"{test}{bound}" for test, bound in self.bounds))).strip()


def requirement(text: str) -> Requirement:
    """What a text requires: a name, then nothing or bounds with commas between them; or a name with its version.

    Raises:
        CatalogError: it cannot be read.
    """
    found = _NAMED.fullmatch(text)
    bounds = [_BOUND.fullmatch(part) for part in found[2].split(",")] if found and found[2] else []
    if found is None or not all(bounds):
        raise CatalogError(f"{text!r} is no requirement; write e.g. 'libssl', 'libssl >=3' or 'libssl >=3, <4'")
    versioned = VERSIONED.fullmatch(found[1])
    if versioned and not bounds:
        return Requirement(versioned["name"], (("=", versioned["version"]),))
    return Requirement(found[1], tuple((bound[1], bound[2]) for bound in bounds if bound))
