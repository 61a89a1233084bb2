"""From a question to a scenario: what a lecturer could have written, refused for what ``virtlab check`` would refuse.

A stack that cannot be built does not keep the others from being drawn: each is checked by itself first. Where the
neighbour's program cannot run on top of the tenant's stack (machine code in a Java virtual machine) it stands one of
the tenant's own floors lower, as in ``virtlab isolate``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from simulator import notation
from simulator.catalog import Catalog
from simulator.choice.written import of_tenants, places_beside, seconds
from simulator.errors import Problem, ScenarioError, UsageError
from simulator.explorer.question import Mistake, Mistaken, Question
from simulator.scenario import Scenario, load
from simulator.units import DIMENSIONS, format_quantity, parse_quantity, unit_of_name

APP, NEIGHBOUR = "app", "neighbour"
REPLICATIONS = 3
"""Of the scenario that is given away; what is drawn is the first."""
BARE = "bare metal"
PLAIN = "operating_system"
"""The family of layers that are not named where something else stands on them or below."""
_MIB_OF_GIB = 1024
_BASES = {"s": "s", "hz": "Hz", "bytes": "B", "bytes_per_s": "B/s", "cycles": "cycles", "watts": "W", "j": "J"}
"""How a number in the base unit of each dimension is written."""
_FIELDS = (
    (f"tenants.{APP}.workload.parameters.", "parameters."),
    (f"tenants.{NEIGHBOUR}.workload.parameters.", "neighbour_parameters."),
    (f"tenants.{APP}.memory", "memory_gib"),
    (f"tenants.{NEIGHBOUR}.count", "neighbours"),
    (f"tenants.{NEIGHBOUR}.workload", "neighbour"),
    (f"tenants.{NEIGHBOUR}", "neighbours"),
    (f"tenants.{APP}.", ""),
    ("duration", "duration_s"),
    ("machine", "machine"),
)
"""Where a path of a scenario begins, and which field that is."""


@dataclass(frozen=True)
class Asked:
    """A question as a scenario.

    Attributes:
        scenario: the scenario, checked, of all stacks that can be built.
        labels: the label of each stack, by its number in the question.
        mistakes: what keeps the other stacks from being built.
    """

    scenario: Scenario
    labels: Mapping[int, str]
    mistakes: tuple[Mistake, ...]

    @property
    def text(self) -> str:
        """The scenario as a file."""
        title = "# From 'virtlab serve', which shows the first replication. Run it: virtlab run FILE\n"
        return title + yaml.safe_dump(self.scenario.data, sort_keys=False, allow_unicode=True, width=100)


def ask(question: Question, catalog: Catalog) -> Asked:
    """The scenario that answers a question.

    Raises:
        Mistaken: no stack can be built, or something is wrong with all of them; everything that is.
    """
    labels = _labels(question, catalog)
    stacks: dict[int, Any] = {}
    wrong: dict[int, list[Mistake]] = {}
    for number in range(len(question.stacks)):
        try:
            stacks[number] = _built(question, number, labels[number], catalog)
        except Mistaken as error:
            wrong[number] = error.mistakes
    mistakes = list(dict.fromkeys(each for found in wrong.values() for each in found))
    if not stacks:
        raise Mistaken(mistakes)
    built = {number: labels[number] for number in stacks}
    try:
        scenario = _load(question, {labels[number]: stack for number, stack in stacks.items()}, catalog)
    except ScenarioError as error:
        raise Mistaken([*mistakes, *(_mistake(each, labels) for each in error.problems)]) from None
    return Asked(scenario, built, tuple(mistakes))


def _built(question: Question, number: int, label: str, catalog: Catalog) -> Any:
    """One stack as the scenario has it."""
    text = question.stacks[number]
    try:
        lower = list(places_beside(text))[1:] if question.neighbour else []
    except UsageError:  # the scenario's checks say it with its place
        lower = []
    found: ScenarioError | None = None
    for stack in (text, *(of_tenants(text, APP, {NEIGHBOUR: place}) for place in lower)):
        try:
            _load(question, {label: stack}, catalog)
        except ScenarioError as error:
            found = found or error
        else:
            return stack
    assert found is not None
    raise Mistaken([_mistake(each, {number: label}) for each in found.problems])


def _load(question: Question, stacks: Mapping[str, Any], catalog: Catalog) -> Scenario:
    return load(data(question, stacks), catalog=catalog)


def data(question: Question, stacks: Mapping[str, Any]) -> dict[str, Any]:
    """The scenario as a mapping.

    Args:
        question: what is asked.
        stacks: by label, as a scenario writes them.
    """
    size: dict[str, Any] = {"memory": _size(question.memory_gib), "vcpus": question.vcpus}
    if any(text.count("|") > 1 for text in question.stacks):
        size["group"] = APP  # what stands between two bars they share
    tenants: dict[str, Any] = {APP: {"workload": _workload(question.workload, question.parameters), **size}}
    if question.intensity != 1.0:
        tenants[APP]["intensity"] = question.intensity
    if question.neighbour:
        if question.weight != 1.0:
            tenants[APP]["weight"] = question.weight
        workload = _workload(question.neighbour, question.neighbour_parameters)
        tenants[NEIGHBOUR] = {"workload": workload, "count": [0, question.neighbours], **size}
        if question.neighbour_intensity != 1.0:
            tenants[NEIGHBOUR]["intensity"] = question.neighbour_intensity
    beside = f" beside {question.neighbour}" if question.neighbour else ""
    return {
        "version": 1,
        "title": f"{question.workload}{beside} on {question.machine}",
        "machine": question.machine,
        "stacks": dict(stacks),
        "tenants": tenants,
        **({} if question.duration_s is None else {"duration": seconds(question.duration_s)}),
        "replications": REPLICATIONS,
        "seed": question.seed,
    }


def _size(gib: float) -> str:
    return f"{gib:.0f} GiB" if gib == int(gib) else f"{max(1, round(gib * _MIB_OF_GIB))} MiB"


def _workload(name: str, parameters: Mapping[str, float]) -> Any:
    written = {each: _number(value, unit_of_name(each)) for each, value in parameters.items()}
    return {"name": name, "parameters": written} if parameters else name


def _number(value: float, unit: str | None) -> float | str:
    """A number in SI base units as a scenario writes it: with its unit, and read back as exactly that if it can be."""
    if unit is None or unit == "count":
        return int(value) if value == int(value) else value
    text = format_quantity(value, unit)
    if parse_quantity(text, DIMENSIONS[unit]) == value:
        return text
    return f"{100.0 * value!r} %" if unit == "ratio" else f"{value!r} {_BASES[unit]}"


# ---- names and places


def _labels(question: Question, catalog: Catalog) -> list[str]:
    """A name for each stack: what is in it beside plain systems; the expression where two would be called alike."""
    short = [_short(text, question.machine, catalog) for text in question.stacks]
    unique = [name if short.count(name) == 1 else text for name, text in zip(short, question.stacks, strict=True)]
    return [
        name if unique.count(name) == 1 and name else f"{name} ({number})"
        for number, name in enumerate(unique, start=1)
    ]


def _short(text: str, machine: str, catalog: Catalog) -> str:
    try:
        expression = notation.resolve(notation.parse(text), lambda name: catalog.resolve_name("layers", name))
        found = [(name, catalog.layer(name, machine).family) for name in _products(expression)]
    except UsageError:
        return text
    special = [name for name, family in found if family != PLAIN]
    return " + ".join(special) or (BARE if len(found) == 1 else text)


def _products(expression: notation.Expression) -> list[str]:
    return [term.name for _, term in expression.placed() if not term.is_role]


def _mistake(problem: Problem, labels: Any) -> Mistake:
    """A mistake in a scenario as one in a field."""
    numbered = labels.items() if isinstance(labels, Mapping) else enumerate(labels)
    for number, label in numbered:
        if problem.path == f"stacks.{label}" or problem.path.startswith(f"stacks.{label}."):
            return Mistake(f"stacks.{number}", problem.message, problem.remedy)
    for begin, field in _FIELDS:
        if problem.path.startswith(begin):
            rest = problem.path.removeprefix(begin) if begin.endswith(".") else ""
            return Mistake((field + rest).partition("[")[0], problem.message, problem.remedy)
    return Mistake("", f"{problem.path}: {problem.message}".removeprefix(": "), problem.remedy)
