"""From the schema's errors to located problems in the words of this package."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from simulator.catalog.document import Place
from simulator.catalog.suggestion import suggestion
from simulator.errors import Problem, ScenarioError, in_order
from simulator.scenario.claiming import Claim, Comparison
from simulator.scenario.part import Part
from simulator.scenario.schema import (
    Against,
    Budget,
    Choose,
    Density,
    Fault,
    ImageForm,
    MachineForm,
    NamedRow,
    Need,
    Operation,
    Published,
    PublishedRow,
    ScenarioFile,
    StackForm,
    StoppingRule,
    Tenant,
    Until,
    VirtualHardware,
    WorkloadForm,
)
from simulator.scenario.source import Source, of_file
from simulator.scenario.types import REFUSED, shown, split

_PARTS: Mapping[tuple[str, ...], type[Part]] = {
    (): ScenarioFile,
    ("machine",): MachineForm,
    ("budget",): Budget,
    ("choose",): Choose,
    ("density",): Density,
    ("choose", "workload"): WorkloadForm,
    ("choose", "needs", "*"): Need,
    ("stacks", "*"): StackForm,
    ("stacks", "*", "virtual_hardware"): VirtualHardware,
    ("replications",): StoppingRule,
    ("replications", "until"): Until,
    ("published",): Published,
    ("published", "rows"): PublishedRow,
    ("published", "rows", "against"): Against,
    ("published", "missed"): NamedRow,
    ("published", "excluded"): NamedRow,
    ("claim",): Claim,
    ("claim", "holds"): Comparison,
    ("claim", "fails"): Comparison,
    ("faults",): Fault,
    ("operations",): Operation,
    ("tenants", "*"): Tenant,
    ("tenants", "*", "workload"): WorkloadForm,
    ("tenants", "*", "virtual_hardware"): VirtualHardware,
    ("tenants", "*", "image"): ImageForm,
}

_MOST = 1000
"""Mistakes of which it is said what they are; nobody reads as many."""


def of_schema(
    source: Source,
    parts: Mapping[tuple[str, ...], type[Part]] = _PARTS,
    place: Place = (),
    silent: Collection[str] = (),
) -> list[tuple[Place, Problem]]:
    """What the schema finds wrong with a file, or with one mapping of it, with the place of each within that.

    Args:
        source: the file.
        parts: the class of the mapping at each place within it, a star standing for any name; its own at ``()``.
        place: where the mapping stands.
        silent: types of errors that are none here.
    """
    value: Any = source.data
    for key in place:
        value = value[key]
    try:
        parts[()].model_validate(value)
    except ValidationError as error:
        wrong = [each for each in error.errors(include_url=False) if each["type"] not in silent]
        found = [(_place(value, each["loc"]), each) for each in wrong]
        sentences = [_sentence(each, at, parts) for at, each in found[:_MOST]]
        rest = [("cannot be read", "")] * len(found[_MOST:])
        described = zip(found, (*sentences, *rest), strict=True)
        return [(at, source.problem((*place, *at), *sentence)) for (at, _), sentence in described]
    return []


def check_part(path: Path) -> list[str]:
    """The keys of a file that scenarios include, with those of what it includes itself.

    Raises:
        ScenarioError: all mistakes that can be told without a scenario that includes it; what is missing is none.
    """
    source = of_file(path)
    found = list(source.document.problems)
    if not source.data and not found:
        found.append(source.problem((), "is empty", "write what scenarios have in common, or remove it"))
    found += [problem for _, problem in of_schema(source, silent=("missing",))]
    if found:
        raise ScenarioError(in_order(found))
    return list(source.data)


def _place(data: Any, location: Iterable[str | int]) -> Place:
    """The part of a location that the file has, and a last key that it has not; forms are left out."""
    place: Place = ()
    for part in location:
        inside = isinstance(data, dict) and part in data
        inside = inside or (isinstance(data, list) and isinstance(part, int) and part < len(data))
        if inside or not str(part).startswith("="):
            place += (part,)
            data = data[part] if inside else None
    return place


def _part(place: Place, parts: Mapping[tuple[str, ...], type[Part]]) -> type[Part]:
    """The class of the mapping at a place."""
    names = [part for part in place if isinstance(part, str)]
    return next(part for pattern, part in parts.items() if _matches(pattern, names))


def _keys(part: type[Part]) -> dict[str, FieldInfo]:
    """The keys of a mapping, as they are written."""
    return {field.alias or name: field for name, field in part.model_fields.items()}


def _matches(pattern: Sequence[str], names: Sequence[str]) -> bool:
    """Whether names are those of a pattern, in which a star stands for any."""
    same = (wanted in ("*", name) for wanted, name in zip(pattern, names, strict=False))
    return len(pattern) == len(names) and all(same)


def _sentence(error: ErrorDetails, place: Place, parts: Mapping[tuple[str, ...], type[Part]]) -> tuple[str, str]:
    """Message and remedy."""
    kind, key = error["type"], str(place[-1]) if place else ""
    if kind == REFUSED:
        context = error.get("ctx")
        return (context["message"], context["remedy"]) if context else split(error["msg"])
    if kind == "extra_forbidden":
        return "is not known here", suggestion(key, _keys(_part(place[:-1], parts)))
    if kind == "missing":
        example = (_keys(_part(place[:-1], parts))[key].examples or ["..."])[0]
        return "is missing", f"add '{key}: {example}'"
    if kind == "too_short":
        return "is empty", "give at least one value"
    if kind in ("dict_type", "model_type"):
        return f"{shown(error['input'])} is not a mapping", "write 'key: value' lines under it"
    if kind == "literal_error":
        known = error["ctx"]["expected"]
        return f"{shown(error['input'])} is not known here", f"write {known}"
    if kind in ("list_type", "tuple_type"):
        return f"{shown(error['input'])} is not a list", "write '[..., ...]'"
    return error["msg"], ""
