"""The space of what a scenario does not know: its unknowns, and its points with other values of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from simulator import control, discovery, effort
from simulator.catalog.product import Machine, Product, Quantity
from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.parameters import Parameter
from simulator.uncertainty._group import Group, Path, Place
from simulator.uncertainty.unknown import Unknown
from simulator.workloads.base import PORTABLE

Point = Mapping[str, Any]


class Catalog(Protocol):
    """What the space wants of a catalog; see :class:`simulator.catalog.Catalog`."""

    def layer(self, name: str, machine: str) -> Product: ...
    def workload(self, name: str, machine: str) -> Product: ...
    def virtual_hardware(self, name: str, machine: str) -> Product: ...
    def scheduler(self, name: str, machine: str) -> Product: ...
    def machine(self, name: str) -> Machine: ...


class Resolved(Protocol):
    """What the space wants of a scenario."""

    @property
    def catalog(self) -> Any: ...
    def points(self) -> Sequence[Point]: ...


class Space:
    """The unknowns of some resolved points.

    Args:
        points: as ``Scenario.points`` makes them.
        catalog: where their numbers came from.

    Attributes:
        parameters: every unknown, in the order of the points: machine, layers, their schedulers, virtual hardware,
            workloads.
    """

    def __init__(self, points: Sequence[Point], catalog: Catalog) -> None:
        self.points = list(points)
        self._groups = list(_Collector(catalog).groups(self.points).values())
        self.parameters = _named(self._groups)
        self._by_key = {each.key: each for each in self.parameters}
        self._holders: dict[str, list[Group]] = {}
        for group in self._groups:
            for key in group.keys.values():
                self._holders.setdefault(key, []).append(group)

    @classmethod
    def of(cls, scenario: Resolved) -> Space:
        """The space of a scenario that was loaded."""
        return cls(scenario.points(), scenario.catalog)

    def __getitem__(self, key: str) -> Unknown:
        """One unknown.

        Raises:
            UsageError: there is none of this name.
        """
        if key not in self._by_key:
            raise UsageError(f"nothing unknown is called {key!r}; {suggestion(key, self._by_key)}")
        return self._by_key[key]

    def of_point(self, number: int) -> tuple[Unknown, ...]:
        """The unknowns that stand in one point."""
        keys = {
            key
            for group in self._groups
            for place in group.places
            if place.point == number
            for name, key in group.keys.items()
            if name not in place.given
        }
        return tuple(each for each in self.parameters if each.key in keys)

    def exact(self, numbers: Iterable[int]) -> int:
        """How many numbers of these points have no range in the catalog: they count as known exactly."""
        wanted = set(numbers)
        found = set()
        for group in self._groups:
            for place in (place for place in group.places if place.point in wanted):
                found |= {(group.kind, group.entry, group.section, name) for name in group.exact() - place.given}
        return len(found)

    def with_values(self, values: Mapping[str, float]) -> list[dict[str, Any]]:
        """The points with other values of some unknowns, and of what follows from them; the rest is shared, not copied.

        Args:
            values: by key, in SI base units.

        Raises:
            UsageError: nothing is called like one of the keys.
        """
        found = [dict(point) for point in self.points]
        for number, path, numbers in self._changes(values):
            found[number] = _replaced(found[number], path, numbers)
        return found

    def point_with(self, number: int, values: Mapping[str, float]) -> dict[str, Any]:
        """One point with other values of some unknowns."""
        found = dict(self.points[number])
        for _, path, numbers in self._changes(values, number):
            found = _replaced(found, path, numbers)
        return found

    def _changes(self, values: Mapping[str, float], only: int | None = None) -> Iterator[tuple[int, Path, Any]]:
        holders = {id(group): group for key in values for group in self._holders[self[key].key]}
        for group in holders.values():
            places = [place for place in group.places if only in (None, place.point)]
            changes = group.changes(values) if places else {}
            for place in places:
                held = group.held(place.given)
                yield place.point, place.path, {name: value for name, value in changes.items() if name not in held}


def _replaced(data: Mapping[str, Any], path: Path, numbers: Mapping[str, float]) -> dict[str, Any]:
    """A copy in which a mapping has other numbers; only what leads to it is copied."""
    if not path:
        return {**data, **numbers}
    return {**data, path[0]: _replaced(data[path[0]], path[1:], numbers)}


def _named(groups: Sequence[Group]) -> tuple[Unknown, ...]:
    """The unknowns of all groups, each once; every group learns by which keys it has them."""
    same: dict[tuple[Any, ...], Unknown] = {}
    taken: dict[str, tuple[Any, ...]] = {}
    for group in groups:
        for name in group.unknown():
            quantity = group.quantities[name]
            identity = (group.kind, group.section, group.family, replace(quantity, meaning=""))
            if identity not in same:
                same[identity] = _unknown(group, quantity, taken)
                taken[same[identity].key] = identity
            elif group.entry not in (same[identity].entry, *same[identity].also):
                same[identity] = replace(same[identity], also=(*same[identity].also, group.entry))
            group.keys[name] = same[identity].key
    return tuple(same.values())


def _unknown(group: Group, quantity: Quantity, taken: Mapping[str, Any]) -> Unknown:
    parameter = ".".join(each for each in (group.section, quantity.name) if each)
    declared = group.declared.get(quantity.name)
    plain = f"{group.entry}.{parameter}"
    keys = (plain, f"{plain}@{group.machine}", f"{plain}@{group.machine} ({group.kind})")
    return Unknown(
        key=next(key for key in keys if key not in taken),
        kind=group.kind,
        entry=group.entry,
        parameter=parameter,
        value=quantity.value,
        low=quantity.low,
        high=quantity.high,
        unit=quantity.unit,
        source_kind=quantity.kind,
        source=quantity.source,
        where=quantity.where,
        meaning=quantity.meaning,
        mechanism=declared.mechanism if declared else "",
        transferred=quantity.transferred,
    )


class _Collector:
    """Finds the groups of points."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._found: dict[tuple[str, ...], Group] = {}

    def groups(self, points: Sequence[Point]) -> dict[tuple[str, ...], Group]:
        """Every group, with all its places."""
        for number, point in enumerate(points):
            self._machine(number, point)
            for name, figures in point["layers"].items():
                self._layer(number, point, name, figures)
            self._hardware(number, point)
            for tenant, figures in point["tenants"].items():
                self._tenant(number, point, tenant, figures)
        return self._found

    def _machine(self, number: int, point: Point) -> None:
        base = _base(point)
        for name, device in self._catalog.machine(base).devices.items():
            group = self._group("device", f"{base}.{name}", "", base, device.kind, device.parameters)
            group.add(number, ("machine", "devices", name, "parameters"), point, device.structure)

    def _layer(self, number: int, point: Point, name: str, figures: Mapping[str, Any]) -> None:
        base = _base(point)
        product, path = self._catalog.layer(name, base), ("layers", name)
        group = self._group("layer", name, "", base, product.family, product.parameters)
        group.add(number, (*path, "parameters"), point, figures["structure"])
        if figures["start"]:
            group = self._group("layer", name, "start", base, product.family, product.start)
            group.add(number, (*path, "start"), point, {})
        for section, quantities in product.control.items() if point.get("operations") else ():
            group = self._group("layer", name, section, base, product.family, quantities)
            group.add(number, (*path, section), point, {})
        if figures["scheduler"]:
            scheduler = self._catalog.scheduler(figures["scheduler"]["name"], base)
            group = self._group("scheduler", scheduler.name, "", base, scheduler.family, scheduler.parameters)
            group.add(number, (*path, "scheduler", "parameters"), point, {})

    def _hardware(self, number: int, point: Point) -> None:
        base = _base(point)
        for tenant, products in point["hardware"].items():
            for product, kinds in products.items():
                for kind, chosen in kinds.items():
                    found = self._catalog.virtual_hardware(chosen["name"], base)
                    group = self._group("virtual hardware", found.name, "", base, found.family, found.parameters)
                    group.add(number, ("hardware", tenant, product, kind, "parameters"), point, found.structure)

    def _tenant(self, number: int, point: Point, tenant: str, figures: Mapping[str, Any]) -> None:
        base = _base(point)
        product, path = self._catalog.workload(figures["workload"], base), ("tenants", tenant)
        group = self._group("workload", product.name, "", base, product.program, product.parameters)
        group.add(number, (*path, "parameters"), point, product.structure)
        if figures["bytecode"]:
            group = self._group("workload", product.name, "bytecode", base, product.program, product.bytecode)
            group.add(number, (*path, "bytecode"), point, {})

    def _group(
        self, kind: str, entry: str, section: str, machine: str, family: str, quantities: Mapping[str, Quantity]
    ) -> Group:
        identity = (kind, entry, section, machine)
        if identity not in self._found:
            declared, chosen = _declared(kind, section, family)
            self._found[identity] = Group(kind, entry, section, machine, family, declared, quantities, chosen)
        return self._found[identity]


_HOMES = {
    "device": ("devices", "DEVICE"),
    "layer": ("layers", "LAYER"),
    "scheduler": ("sharing.policies", "POLICY"),
    "virtual hardware": ("virtual_hardware", "DEVICE"),
    "workload": ("workloads", "PROGRAM"),
}
"""Where the class stands that declares the numbers of a kind, and under which name."""
_SECTIONS = {"start": effort.START, "bytecode": PORTABLE, **control.SECTIONS}


def _declared(kind: str, section: str, family: str) -> tuple[dict[str, Parameter], frozenset[str]]:
    """The parameters of a class, and those that are only chosen."""
    if section:
        return {each.name: each for each in _SECTIONS[section]}, frozenset()
    package, attribute = _HOMES[kind]
    declaring = getattr(discovery.member(package, family), attribute)
    return {each.name: each for each in declaring.PARAMETERS}, frozenset(getattr(declaring, "CHOSEN", ()))


def _base(point: Point) -> str:
    """The machine of the catalog that a point's numbers are for."""
    return str(point["machine"]["base"])


__all__ = ["Place", "Space"]
