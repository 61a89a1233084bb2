"""Packages: which versions fit together, and who asks for what where none do.

The search is that of ``resolvelib`` (the resolver of pip): the newest version of each package that all who ask for it
allow; where that leads into a contradiction it goes back and tries an older one. Of a package there is one version in
an image: programs that need two of them cannot be put into one image, which is what containers of their own are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from resolvelib import AbstractProvider, BaseReporter, ResolutionImpossible, Resolver

from simulator.errors import CatalogError
from simulator.images import ImageLayer
from simulator.images.versions import Requirement, compare

_ROUNDS = 10_000
"""Packages tried before a search is given up."""


@dataclass(frozen=True)
class Package:
    """One version of a package.

    Attributes:
        name: without its version.
        version: as written.
        depends: what it needs.
        layer: its files as a layer.
    """

    name: str
    version: str
    depends: tuple[Requirement, ...]
    layer: ImageLayer

    def __str__(self) -> str:
        return f"{self.name}-{self.version}"


Index = Callable[[str], Sequence[Package]]
"""All versions of a package by its name; none where nobody knows it."""


def resolve(wanted: Mapping[str, Iterable[Requirement]], index: Index) -> tuple[Package, ...]:
    """One version of each package that is needed, in the order of their names.

    Args:
        wanted: requirements, by who has them (an image, its base).
        index: the packages there are.

    Raises:
        CatalogError: nothing fits; says who asks for what, and which versions there are.
    """
    asked = [_Asked(who, requirement) for who, requirements in wanted.items() for requirement in requirements]
    try:
        found = Resolver(_Provider(index), BaseReporter()).resolve(asked, max_rounds=_ROUNDS)
    except ResolutionImpossible as error:
        raise CatalogError(_conflict([cause.requirement for cause in error.causes], index)) from None
    return tuple(sorted(found.mapping.values(), key=str))


@dataclass(frozen=True)
class _Asked:
    """A requirement and whose it is."""

    who: str
    requirement: Requirement


class _Provider(AbstractProvider[Any, Any, str]):
    """What the resolver asks of the packages."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def identify(self, requirement_or_candidate: Any) -> str:
        if isinstance(requirement_or_candidate, Package):
            return requirement_or_candidate.name
        name: str = requirement_or_candidate.requirement.name
        return name

    def get_preference(
        self, identifier: str, resolutions: Any, candidates: Any, information: Any, backtrack_causes: Any
    ) -> Any:
        """Those that a contradiction was about come first, then by name."""
        causes = {each.requirement.requirement.name for each in backtrack_causes}
        return (identifier not in causes, identifier)

    def find_matches(self, identifier: str, requirements: Any, incompatibilities: Any) -> list[Package]:
        asked, refused = list(requirements[identifier]), set(map(str, incompatibilities[identifier]))
        fitting: list[Package] = [
            package
            for package in self._index(identifier)
            if str(package) not in refused and all(each.requirement.allows(package.version) for each in asked)
        ]
        return sorted(fitting, key=cmp_to_key(_newest_first))

    def is_satisfied_by(self, requirement: Any, candidate: Any) -> bool:
        satisfied: bool = requirement.requirement.allows(candidate.version)
        return satisfied

    def get_dependencies(self, candidate: Any) -> Iterator[_Asked]:
        return (_Asked(str(candidate), each) for each in candidate.depends)


def _newest_first(one: Package, other: Package) -> int:
    return compare(other.version, one.version)


def _conflict(causes: Sequence[_Asked], index: Index) -> str:
    """Who asks for what that does not go together, by package."""
    lines = []
    for name in dict.fromkeys(cause.requirement.name for cause in causes):
        asked = dict.fromkeys(
            f"{each.who} needs {each.requirement}" for each in causes if each.requirement.name == name
        )
        versions = ", ".join(sorted((package.version for package in index(name)), key=cmp_to_key(compare)))
        there = f"there are {versions}" if versions else "there is no package of this name"
        lines.append(f"{', '.join(asked)}: {there}")
    remedy = "take versions that go together, or ship them in images of their own"
    return f"these packages do not go together: {'; '.join(lines)} ({remedy})"
