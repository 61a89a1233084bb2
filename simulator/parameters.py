"""What a layer, device or workload declares about its numbers, so that the catalog can check them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that a mechanism needs.

    Attributes:
        name: the field's word for it, with the SI unit as suffix (``exit_cycles``).
        unit: the unit in words (``cycles``, ``s``, ``bytes``, ``count``, ``ratio``).
        meaning: one clause that a student understands.
        mechanism: the mechanism the number belongs to, empty if it belongs to none.
        only: needed only where a structural choice is this one (``driver_place=domain-0``) or one of these
            (``processor=assist|emulation``); empty: always.
        optional: whether what it describes may be missing from a part: then the part has no such number.
    """

    name: str
    unit: str
    meaning: str
    mechanism: str = ""
    only: str = ""
    optional: bool = False

    def needed(self, structure: Mapping[str, str]) -> bool:
        """Whether a product of this structure has the parameter."""
        key, _, value = self.only.partition("=")
        return not key or structure.get(key) in value.split("|")


def missing(declared: Iterable[Parameter], structure: Mapping[str, str], given: Container[str]) -> list[str]:
    """Names of the numbers that belong to these choices and are not given: the choices cannot be had."""
    due = (each for each in declared if each.only and not each.optional and each.needed(structure))
    return [each.name for each in due if each.name not in given]


class Parameters(dict[str, float]):
    """Resolved numbers by name; reading one that is not there is an error of the layer, with its name."""

    def __getattr__(self, name: str) -> float:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"no parameter {name!r}; declared and given: {', '.join(sorted(self))}") from None

    def __reduce__(self) -> tuple[type[Parameters], tuple[dict[str, float]]]:
        return (Parameters, (dict(self),))
