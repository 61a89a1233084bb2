"""The other parts of a scenario: machines, tenants and settings, checked one by one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from simulator import discovery
from simulator.catalog.document import Place
from simulator.catalog.product import Device
from simulator.catalog.suggestion import suggestion
from simulator.scenario.lookup import Lookup
from simulator.scenario.schema import Machine, MachineForm, Settings, Tenant, WorkloadForm
from simulator.scenario.sweep.groups import Rows
from simulator.scenario.variants import VARYING, Variant, expand, label

_MACHINE: TypeAdapter[Any] = TypeAdapter(Machine)

_NAMES = "use letters, digits, blanks, '-', '_' and '.'"


@dataclass(frozen=True)
class MachineChoice:
    """A machine: its name, its devices as a worker wants them, and how large it is."""

    variant: Variant
    base: str
    name: str
    devices: Mapping[str, Mapping[str, Any]]

    @property
    def rows(self) -> Rows:
        """The rows of groups of axes that it belongs to."""
        return self.variant.rows

    def capacity(self, parameter: str) -> float | None:
        """How much of something the machine has, None if no device says."""
        device = "memory" if parameter == "capacity_bytes" else "cpu"
        found: float | None = self.devices.get(device, {}).get("parameters", {}).get(parameter)
        return found


@dataclass(frozen=True)
class TenantChoice:
    """A tenant as written, with its workload and what is changed in it, in SI units.

    Attributes:
        copy_of: the name as written, where there are several of this tenant; empty: there is one.
        number: how many of its copies come before.
    """

    variant: Variant
    name: str
    form: Tenant
    workload: str
    parameters: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    copy_of: str = ""
    number: int = 0

    @property
    def rows(self) -> Rows:
        """The rows of groups of axes that it belongs to."""
        return self.variant.rows

    def copies(self) -> tuple[TenantChoice, ...]:
        """Each of as many tenants as there are of this one."""
        if self.form.count == 1:
            return (self,)
        numbers = range(1, self.form.count + 1)
        return tuple(
            replace(self, name=f"{self.name}-{number}", copy_of=self.name, number=number - 1) for number in numbers
        )

    def has_copy(self, name: str) -> bool:
        """Whether one of its copies is called like this, where there are several."""
        number = name.removeprefix(f"{self.name}-")
        digits = number != name and number.isascii() and number.isdigit() and number[:1] != "0"
        return digits and len(number) <= len(str(self.form.count)) and int(number) <= self.form.count

    def place(self, *keys: str) -> Place:
        """Where something of it stands."""
        return self.variant.place(("tenants", self.copy_of or self.name, *keys))


@dataclass(frozen=True)
class SettingChoice:
    """One value of a setting."""

    variant: Variant
    name: str
    value: Any

    @property
    def rows(self) -> Rows:
        """The rows of groups of axes that it belongs to."""
        return self.variant.rows


def machines(lookup: Lookup, broken: Collection[Place]) -> list[MachineChoice]:
    """All machines that can be read; mistakes are noted."""
    place: Place = ("machine",)
    if "machine" not in lookup.source.data or place in broken:
        return []
    found = [
        _machine(lookup, variant) for variant in expand(lookup.source.data["machine"], place, broken, lookup.together)
    ]
    return [choice for choice in found if choice]


def _machine(lookup: Lookup, variant: Variant) -> MachineChoice | None:
    try:
        written = _MACHINE.validate_python(variant.value)
    except ValidationError:
        return None
    form = written if isinstance(written, MachineForm) else MachineForm(base=written)
    place: Place = ("machine", "base") if isinstance(written, MachineForm) else ("machine",)
    base = lookup.name("machines", form.base, variant.place(place))
    if base is None:
        return None
    devices = {name: _device(device) for name, device in lookup.machine(base).devices.items()}
    for name, numbers in form.devices.items():
        place = ("machine", "devices", name)
        if name not in devices:
            lookup.complain(variant.place(place), f"{base} has no device {name!r}", suggestion(name, devices))
            continue
        declared = lookup.machine(base).devices[name].parameters
        devices[name]["parameters"].update(lookup.numbers(numbers, declared, place, variant))
    changed = {"base": base, "devices": form.devices}
    return MachineChoice(variant, base, str(label(changed)), devices)


def _device(device: Device) -> dict[str, Any]:
    structure = {"structure": dict(device.structure)} if device.structure else {}
    return {"kind": device.kind, **structure, "parameters": device.values()}


def tenants(lookup: Lookup, broken: Collection[Place]) -> dict[str, list[TenantChoice]]:
    """All tenants that can be read, by name; mistakes are noted."""
    data = lookup.source.data.get("tenants")
    found: dict[str, list[TenantChoice]] = {}
    for name, item in data.items() if isinstance(data, dict) else ():
        place = ("tenants", name)
        if any(mark in name for mark in "[]/="):
            lookup.complain(place, "cannot be the name of a tenant", _NAMES)
        variants = [] if place in broken else expand(item, place, broken, lookup.together)
        choices = [_tenant(lookup, name, variant) for variant in variants]
        found[name] = [choice for choice in choices if choice]
    for each in (choice for choices in found.values() for choice in choices if choice.form.count > 1):
        for taken in (other for other in found if each.has_copy(other)):
            message = f"one of its {each.form.count} copies is called {taken!r}, as another tenant is"
            lookup.complain(each.place("count"), message, f"give the other tenant a name unlike '{each.name}-1'")
    return found


def _tenant(lookup: Lookup, name: str, variant: Variant) -> TenantChoice | None:
    try:
        form = Tenant.model_validate(variant.value)
    except ValidationError:
        return None
    place: Place = ("tenants", name)
    if form.group is not None and (not form.group.isprintable() or set(form.group) & set("[]/=")):
        lookup.complain(variant.place((*place, "group")), "cannot be the name of a group", _NAMES)
    if form.stop is not None and form.stop <= form.start:
        lookup.complain(variant.place((*place, "stop")), "is not after the start", "write a later time")
    named = isinstance(form.workload, WorkloadForm)
    workload = form.workload if isinstance(form.workload, WorkloadForm) else WorkloadForm(name=form.workload)
    at = (*place, "workload", "name") if named else (*place, "workload")
    found = lookup.name("workloads", workload.name, variant.place(at))
    limits = _limits(lookup, form.limits, found, place, variant)
    if found is None:
        return None
    product = lookup.workload(found, lookup.any_machine)
    declared = {**product.parameters, **product.writes}
    own = lookup.numbers(workload.parameters, declared, (*place, "workload", "parameters"), variant)
    more = lookup.numbers(form.parameters, declared, (*place, "parameters"), variant)
    for key in own.keys() & more.keys():
        lookup.complain(variant.place((*place, "parameters")), f"{key!r} is given twice", "give it in one place")
    return TenantChoice(variant, name, form, found, {**own, **more}, limits)


_TIMES = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*x\s*([a-z_0-9]+)\s*")
"""A limit that is so many times a number of the workload: ``3 x least_heap_bytes``."""


def _limits(
    lookup: Lookup, limits: Mapping[str, Mapping[str, Any]], workload: str | None, place: Place, variant: Variant
) -> dict[str, dict[str, float]]:
    """Limits by product; a layer's class says in ``LIMITS`` which it keeps, with their units."""
    found: dict[str, dict[str, float]] = {}
    for layer, written in limits.items():
        at = (*place, "limits", layer)
        product = lookup.name("layers", layer, variant.place(at))
        if product is not None:
            units = getattr(lookup.layer_class(product), "LIMITS", {})
            resolved = {
                name: _resolved(lookup, value, workload, (*at, name), variant) for name, value in written.items()
            }
            numbers = {name: value for name, value in resolved.items() if value is not None}
            found[product] = lookup.in_units(numbers, units, at, variant)
    return found


def _resolved(lookup: Lookup, written: Any, workload: str | None, place: Place, variant: Variant) -> Any:
    """A limit as it is written, or so many times a number of the workload; None where that has no such number."""
    times = _TIMES.fullmatch(written) if isinstance(written, str) else None
    if times is None or workload is None:
        return None if times else written
    product = lookup.workload(workload, lookup.any_machine)
    numbers = {**product.parameters, **product.bytecode}
    quantity = numbers.get(times[2])
    if quantity is None:
        lookup.complain(variant.place(place), f"{workload} has no number {times[2]!r}", suggestion(times[2], numbers))
        return None
    symbol = "B" if quantity.unit == "bytes" else quantity.unit
    return f"{float(times[1]) * quantity.value:.17g} {symbol}"


def settings(lookup: Lookup, broken: Collection[Place]) -> dict[str, list[SettingChoice]]:
    """The settings that can be axes, by name, each with its default if it is not written; mistakes are noted."""
    found: dict[str, list[SettingChoice]] = {}
    for name in VARYING:
        written = name in lookup.source.data and (name,) not in broken
        variants = expand(lookup.source.data[name], (name,), broken, lookup.together) if written else []
        found[name] = [SettingChoice(each, name, getattr(_settings({name: each.value}), name)) for each in variants]
        found[name] = found[name] or [SettingChoice(Variant(None), name, Settings.model_fields[name].default)]
    for choice in found["fidelity"]:
        if choice.value not in fidelities():
            place = choice.variant.place(("fidelity",))
            lookup.complain(place, f"there is no fidelity {choice.value!r}", suggestion(choice.value, fidelities()))
    return found


def _settings(written: Mapping[str, Any]) -> Settings:
    return Settings.model_validate({"version": 1, **written})


def fidelities() -> list[str]:
    """The algorithms there are."""
    modules = [discovery.member("sharing", name) for name in discovery.members("sharing")]
    return [module.FIDELITY for module in modules if hasattr(module, "FIDELITY")]
