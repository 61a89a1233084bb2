"""A sheet: one catalog file, checked against the class whose numbers it holds.

A layer's or workload's file holds one group of numbers, a machine's file one group per device. Each group is
declared by a class, which its module names: ``LAYER``, ``PROGRAM`` or ``DEVICE``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulator import control, discovery, effort, failure
from simulator.catalog import entry
from simulator.catalog.document import Document, Place
from simulator.catalog.entry import Entry, Surroundings
from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError, Problem
from simulator.images import LAYER, REGISTRY
from simulator.images.versions import requirement
from simulator.parameters import Parameter
from simulator.units import DIMENSIONS, unit_of_name
from simulator.workloads.base import PORTABLE
from simulator.writing import WRITES

_MODULE_KEY = {
    "layers": "family", "workloads": "program", "devices": "kind", "virtual_hardware": "kind", "schedulers": "policy",
}  # fmt: skip
_ATTRIBUTE = {
    "layers": "LAYER", "workloads": "PROGRAM", "devices": "DEVICE", "virtual_hardware": "DEVICE",
    "schedulers": "POLICY",
}  # fmt: skip
_FAMILY = {"schedulers": "sharing.policies"}
"""Where the modules of a kind are that is not called as they are."""
_BUILT_FOR = ("runs_on", "architectures")
_KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "layers": (
        ("name", "title", "family", "parameters"),
        (
            "extends",
            "released",
            "structure",
            "roles",
            "abi",
            *_BUILT_FOR,
            "hardware",
            "lacks",
            "adds",
            "scheduler",
            *effort.SECTIONS,
            *failure.SECTIONS,
            *control.SECTIONS,
        ),
    ),
    "workloads": (
        ("name", "title", "program", "interface", "metric", "parameters"),
        ("extends", "structure", "bytecode", "writes", *_BUILT_FOR),
    ),
    "machines": (("name", "title", "year", "devices"), ("architecture", "extends")),
    "virtual_hardware": (("name", "title", "kind", "parameters"), ("extends", "structure")),
    "schedulers": (("name", "title", "policy", "parameters"), ("extends",)),
    "devices": (("kind", "parameters"), ("structure",)),
    "images": (("name", "title"), ("extends", "base", "packages", "layers")),
    "packages": (("name", "title", "parameters"), ("extends", "depends")),
    "registries": (("name", "title", "parameters"), ("extends",)),
}
_DECLARED: Mapping[str, tuple[Parameter, ...]] = {"packages": LAYER, "registries": REGISTRY}
"""The numbers of kinds whose files have no class of their own."""
BETTER = ("higher", "lower")
SECTIONS: Mapping[str, tuple[Parameter, ...]] = {
    **effort.SECTIONS,
    **failure.SECTIONS,
    **control.SECTIONS,
    "bytecode": PORTABLE,
    "writes": WRITES,
}
HARDWARE = ("disk", "nic", "image")
"""Kinds of virtual hardware: what a hypervisor offers, and which images hold an operating system."""


@dataclass(frozen=True)
class Group:
    """The numbers of one class.

    Attributes:
        name: name of the device, empty for a layer or workload.
        place: where the group stands in the document.
        module: name of the module that declares it (family, program or device kind).
        structure: the enumerated choices.
        declared: the parameters of the class.
        entries: the file's numbers by parameter.
    """

    name: str
    place: Place
    module: str
    structure: Mapping[str, str]
    declared: Mapping[str, Parameter]
    entries: Mapping[str, tuple[Entry, ...]]


@dataclass(frozen=True)
class Sheet:
    """One file; ``document.problems`` says what is wrong with it."""

    kind: str
    name: str
    document: Document
    groups: tuple[Group, ...]

    @property
    def data(self) -> dict[str, Any]:
        """The file's keys."""
        return self.document.data


def read(kind: str, name: str, document: Document, around: Surroundings) -> Sheet:
    """The sheet that a document is; every mistake is noted in the document."""
    if document.problems:
        return Sheet(kind, name, document, ())
    required, optional = _KEYS[kind]
    document.check_keys((), document.data, required, (*optional, "sources"))
    _check_header(kind, name, document)
    _check_requirements(document)
    if kind in _DECLARED:
        return Sheet(kind, name, document, (_declared(document, (), "parameters", _DECLARED[kind], around),))
    if kind == "images":
        return Sheet(kind, name, document, _layers(document, around))
    if kind != "machines":
        groups = [_group(document, (), kind, document.data, around)]
        groups += [_section(document, each, around) for each in SECTIONS if each in document.data]
        return Sheet(kind, name, document, tuple(groups))
    devices = document.mapping(("devices",), document.data.get("devices", {}), "device names and their numbers")
    groups = [_device(document, device, devices[device], around) for device in devices]
    return Sheet(kind, name, document, tuple(groups))


def year(document: Document) -> int | None:
    """The year of a machine's file, or None if it has none."""
    value = document.data.get("year")
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _check_header(kind: str, name: str, document: Document) -> None:
    data = document.data
    document.text((), data, "title")
    if document.text((), data, "name") not in ("", name):
        document.complain(("name",), f"is {data['name']!r} in a file called {name}.yaml", "give both the same name")
    if kind == "machines" and "year" in data and year(document) is None:
        document.complain(("year",), f"{data['year']!r} is not a year", "write four digits")
    if kind == "layers" and not isinstance(data.get("released", ""), str | int):
        document.complain(("released",), f"{data['released']!r} is not a date", "write a year, or year-month")
    if kind == "workloads":
        document.text((), data, "interface")
        _check_metric(document)
    for key in ("abi", "architecture", "scheduler", "base"):
        document.text((), data, key)
    for key in (*_BUILT_FOR, "depends", "packages"):
        _check_words(document, (key,), data.get(key, []))
    for key in ("lacks", "adds"):
        _check_words(document, (key,), data.get(key, []), control.WORDS)
    hardware = document.mapping(("hardware",), data.get("hardware", {}), "{disk: [...], nic: [...]}")
    document.check_keys(("hardware",), hardware, (), HARDWARE)
    for key, names in hardware.items():
        _check_words(document, ("hardware", key), names)


def _check_requirements(document: Document) -> None:
    for key in ("depends", "packages"):
        written = document.data.get(key, [])
        for text in written if isinstance(written, list) else ():
            try:
                requirement(str(text))
            except CatalogError as error:
                document.complain((key,), *str(error).split("; ", 1))


def _check_words(document: Document, place: Place, words: object, known: Collection[str] | None = None) -> None:
    """Names; ways of control where it is said which there are."""
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        document.complain(place, f"{words!r} is not a list of names", "write [name, name]")
        return
    for word in words:
        if known is not None and word not in known:
            document.complain(place, f"{word!r} is no way of control", suggestion(word, known))


def _check_metric(document: Document) -> None:
    place: Place = ("metric",)
    metric = document.mapping(place, document.data.get("metric", {}), "{name: ..., unit: ..., better: higher}")
    if not metric:
        return
    document.check_keys(place, metric, ("name", "unit", "better"), ())
    for key in ("name", "unit"):
        document.text(place, metric, key)
    if metric.get("better", BETTER[0]) not in BETTER:
        document.complain((*place, "better"), f"{metric['better']!r} is no direction", "write 'higher' or 'lower'")


def _device(document: Document, name: str, data: object, around: Surroundings) -> Group:
    place: Place = ("devices", name)
    fields = document.mapping(place, data, "{kind: ..., parameters: {...}}")
    document.check_keys(place, fields, *_KEYS["devices"])
    return _group(document, place, "devices", fields, around)


def _section(document: Document, name: str, around: Surroundings) -> Group:
    """Numbers that are declared once for all files: start and installation of layers, class files of workloads."""
    return replace(_declared(document, (), name, SECTIONS[name], around), name=name)


def _declared(
    document: Document, above: Place, key: str, parameters: tuple[Parameter, ...], around: Surroundings
) -> Group:
    """The numbers under a key, of those that are declared."""
    declared, place = {parameter.name: parameter for parameter in parameters}, (*above, key)
    data: Any = document.data
    for step in above:
        data = data[step]
    return Group("", place, "", {}, declared, _entries(document, place, data, declared, around, key))


def _layers(document: Document, around: Surroundings) -> tuple[Group, ...]:
    """The layers of an image, each with its numbers."""
    layers = document.mapping(("layers",), document.data.get("layers", {}), "names of layers and their numbers")
    return tuple(replace(_declared(document, ("layers",), name, LAYER, around), name=name) for name in layers)


def _group(document: Document, place: Place, package: str, data: dict[str, Any], around: Surroundings) -> Group:
    """The numbers of one class; empty where the class cannot be found."""
    name = str(place[-1]) if place else ""
    module = document.text(place, data, _MODULE_KEY[package])
    declaring = _declaring_class(document, (*place, _MODULE_KEY[package]), package, module) if module else None
    if declaring is None:
        return Group(name, place, module, {}, {}, {})
    if package == "workloads":
        _check_counts(document, (*place, _MODULE_KEY[package]), declaring)
    structure = _structure(document, (*place, "structure"), data, getattr(declaring, "STRUCTURE", {}))
    known = {parameter.name: parameter for parameter in getattr(declaring, "PARAMETERS", ())}
    given = data.get("parameters", {})
    declared = {name: parameter for name, parameter in known.items() if parameter.needed(structure) or name in given}
    document.problems += _misnamed(declaring, known)
    return Group(
        name=name,
        place=place,
        module=module,
        structure=structure,
        declared=declared,
        entries=_entries(document, (*place, "parameters"), data, declared, around),
    )


def _declaring_class(document: Document, place: Place, package: str, module: str) -> type | None:
    attribute = _ATTRIBUTE[package]
    try:
        found = discovery.member(_FAMILY.get(package, package), module)
    except CatalogError as error:
        document.complain(place, str(error), suggestion(module, discovery.members(_FAMILY.get(package, package))))
        return None
    declaring = getattr(found, attribute, None)
    if isinstance(declaring, type):
        return declaring
    document.complain(place, f"the module {module!r} names no class", f"add '{attribute} = <the class>' to it")
    return None


def _check_counts(document: Document, place: Place, declaring: type) -> None:
    """A workload may not say how often something happens that the schedule decides: it would be paid twice."""
    classes = [getattr(discovery.member("layers", family), "LAYER", None) for family in discovery.members("layers")]
    mechanisms = [item for each in classes for item in getattr(each, "MECHANISMS", {}).items()]
    for name in getattr(declaring, "COUNTS", ()):
        if any(known == name and mechanism.kind == "emergent" for known, mechanism in mechanisms):
            message = f"the program counts {name!r}, which emerges from the schedule and would be paid twice"
            document.complain(place, message, f"take {name!r} out of {declaring.__name__}.COUNTS and of its demands")


def _misnamed(declaring: type, declared: Mapping[str, Parameter]) -> list[Problem]:
    """Parameters whose unit is not the one that their name promises."""
    return [
        Problem(
            declaring.__module__,
            0,
            0,
            f"{declaring.__name__}.PARAMETERS.{name}",
            f"the name promises {unit}, but the unit is {parameter.unit!r}",
            f"say {unit!r}, or rename it; suffixes are: {', '.join('_' + known for known in DIMENSIONS)}",
        )
        for name, parameter in declared.items()
        if (unit := unit_of_name(name)) not in (None, parameter.unit)
    ]


def _structure(
    document: Document, place: Place, data: dict[str, Any], choices: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """The enumerated choices, each one of those that the class knows."""
    structure = document.mapping(place, data.get("structure", {}), "{choice: value}")
    document.check_keys(place, structure, choices, ())
    for key, known in choices.items():
        if key in structure and structure[key] not in known:
            document.complain((*place, key), f"{structure[key]!r} is no choice", suggestion(str(structure[key]), known))
    return structure


def _entries(
    document: Document,
    place: Place,
    data: dict[str, Any],
    declared: Mapping[str, Parameter],
    around: Surroundings,
    key: str = "parameters",
) -> dict[str, tuple[Entry, ...]]:
    """All numbers of a group; unknown and missing parameters are noted."""
    parameters = document.mapping(place, data.get(key, {}), "parameter names and their entries")
    around = replace(around, parameters=tuple(declared))
    for name in parameters:
        if name not in declared:
            document.complain((*place, name), "is no parameter of this class", suggestion(name, declared))
    found: dict[str, tuple[Entry, ...]] = {}
    for name, parameter in declared.items():
        if name in parameters:
            found[name] = _of_parameter(document, (*place, name), parameters[name], parameter, around)
        elif not parameter.optional:
            document.complain(place, f"has no {name!r}", f"add it: {parameter.meaning}, in {parameter.unit}")
    return found


def _of_parameter(
    document: Document, place: Place, data: object, parameter: Parameter, around: Surroundings
) -> tuple[Entry, ...]:
    """The numbers of one parameter, at most one per machine."""
    if not isinstance(data, list) or not data:
        document.complain(place, "is not a list of entries", "write '- {value: ..., kind: ..., ...}' under it")
        return ()
    found: dict[str, Entry] = {}
    for index, item in enumerate(data):
        one = entry.read(document, (*place, index), item, parameter, around)
        if one is not None and one.measured_on in found:
            document.complain(one.place, f"is a second entry for {one.measured_on!r}", "keep one entry per machine")
        elif one is not None:
            found[one.measured_on] = one
    return tuple(found.values())
