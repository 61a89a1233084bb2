"""A question: what the page's fields say, each checked for its form; the scenario's checks say if it makes sense."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from math import inf
from typing import Any

from simulator.errors import VirtlabError

MOST_STACKS = 8
MOST_NEIGHBOURS = 16
_LONGEST_TEXT = 400
_MOST_PARAMETERS = 40
_ENDLESS = (inf, -inf)


@dataclass(frozen=True)
class Mistake:
    """What is wrong with a field.

    Attributes:
        field: the attribute of the question; ``stacks.2`` for the third stack, ``parameters.NAME`` for one number.
        message: what is wrong with it.
        remedy: what to do.
    """

    field: str
    message: str
    remedy: str = ""

    def data(self) -> dict[str, str]:
        """As plain data."""
        return {"field": self.field, "message": self.message, "remedy": self.remedy}


class Mistaken(VirtlabError):
    """A question that has no answer.

    Attributes:
        mistakes: all that is wrong with it.
    """

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(f"{each.field}: {each.message}" for each in mistakes))


@dataclass(frozen=True)
class Question:
    """What is asked.

    Attributes:
        machine: name in the catalog.
        stacks: expressions from the hardware up; the first that can be built is the baseline.
        workload: name in the catalog, of what the tenant ``app`` runs.
        parameters: numbers of the workload that are changed, in SI base units.
        memory_gib: size of each tenant.
        vcpus: processors of each tenant.
        weight: part of the tenant ``app`` beside each neighbour, which has 1.
        intensity: part of the time that its program is at work, 0 to 1.
        duration_s: how long is simulated; None: until its program ends.
        pace: whether ``duration_s`` is to be found, see :mod:`simulator.explorer.pace`.
        neighbour: name in the catalog, of what the tenants beside it run; empty: there is none.
        neighbours: how many there are.
        neighbour_intensity: part of the time that each is at work, 0 to 1.
        neighbour_parameters: numbers of the neighbour's workload that are changed, in SI base units.
        seed: where all luck comes from.
    """

    machine: str = "laptop-2025"
    stacks: tuple[str, ...] = ("linux-6 |", "linux-6 | docker-27", "linux-6 | kvm-6 / linux-6", "xen-4 | linux-6")
    workload: str = "key-value-store"
    parameters: Mapping[str, float] = field(default_factory=dict)
    memory_gib: float = 4.0
    vcpus: int = 2
    weight: float = 1.0
    intensity: float = 1.0
    duration_s: float | None = None
    pace: bool = False
    neighbour: str = ""
    neighbours: int = 1
    neighbour_intensity: float = 1.0
    neighbour_parameters: Mapping[str, float] = field(default_factory=dict)
    seed: int = 1

    def data(self) -> dict[str, Any]:
        """As plain data, as the page has it."""
        found: dict[str, Any] = {each.name: getattr(self, each.name) for each in fields(self)}
        mappings = {name: dict(found[name]) for name in ("parameters", "neighbour_parameters")}
        return {**found, "stacks": list(self.stacks), **mappings}


def read(data: object) -> Question:
    """The question in what a page has sent; what it leaves out is as by default.

    Raises:
        Mistaken: a field that is not known, or not of its form.
    """
    if not isinstance(data, dict):
        raise Mistaken([Mistake("", "a question is a mapping of fields", "reload the page")])
    known = {each.name for each in fields(Question)}
    mistakes = [Mistake(str(name)[:40], "is no field of a question", "reload the page") for name in data.keys() - known]
    values: dict[str, Any] = {}
    for name in known & data.keys():
        try:
            values[name] = _FORMS[name](data[name])
        except ValueError as error:
            mistakes.append(Mistake(name, *error.args))
    if mistakes:
        raise Mistaken(sorted(mistakes, key=lambda each: each.field))
    return Question(**values)


# ---- forms: each returns what it makes of a value, or raises a ValueError with message and remedy


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise ValueError("is not a short text of one line", "write a name of the catalog")
    return value.strip()


def _stacks(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_STACKS:
        raise ValueError(f"are not 1 to {MOST_STACKS} stacks", "add one, or remove some")
    return tuple(map(_text, value))


def _number(low: float, high: float, *, whole: bool = False) -> Callable[[object], Any]:
    def read(value: object) -> Any:
        if not isinstance(value, int | float) or isinstance(value, bool) or value in _ENDLESS or value != value:
            raise ValueError("is not a number", f"write a number from {low:g} to {high:g}")
        if not low <= value <= high:
            raise ValueError(f"{str(value)[:12]} is out of bounds", f"write a number from {low:g} to {high:g}")
        if whole and value != int(value):
            raise ValueError(f"{value:g} is not a whole number", "leave out what follows the point")
        return int(value) if whole else float(value)

    return read


_DURATION = _number(1e-4, 1e5)


def _duration(value: object) -> float | None:
    return None if value is None else float(_DURATION(value))


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false", "reload the page")
    return value


def _numbers(value: object) -> dict[str, float]:
    if not isinstance(value, dict) or len(value) > _MOST_PARAMETERS:
        raise ValueError(f"are not up to {_MOST_PARAMETERS} numbers with their names", "reload the page")
    read = _number(-1e300, 1e300)
    return {_text(name): float(read(number)) for name, number in value.items()}


_FORMS: Mapping[str, Callable[[object], Any]] = {
    "machine": _text,
    "stacks": _stacks,
    "workload": _text,
    "parameters": _numbers,
    "memory_gib": _number(1 / 1024, 4096),
    "vcpus": _number(1, 1024, whole=True),
    "weight": _number(0.001, 1000),
    "intensity": _number(0, 1),
    "duration_s": _duration,
    "pace": _flag,
    "neighbour": _text,
    "neighbours": _number(1, MOST_NEIGHBOURS, whole=True),
    "neighbour_intensity": _number(0, 1),
    "neighbour_parameters": _numbers,
    "seed": _number(0, 2**31, whole=True),
}
