"""What the catalog gives out: products and machines whose numbers carry their unit, range and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number, chosen for one machine, with where it comes from.

    Attributes:
        name: the parameter.
        value: in SI base units.
        unit: the unit in words.
        low: lower end of the range; equal to the value where no range is known.
        high: upper end of the range.
        kind: published, measured, derived or assumed.
        source: key in ``sources.bib``, empty for assumptions without one.
        where: place in the source, or the reason of an assumption.
        measured_on: the machine it was measured on, or ``any``.
        includes: what a composite cost contains already.
        transferred: it, or a number it is computed from, was measured on another machine; the range is widened.
        formula: how it was computed, empty if it was not.
        fitted: it was fitted to a macro result.
        fitted_on: which result that was.
        meaning: one clause that a student understands.
    """

    name: str
    value: float
    unit: str
    low: float
    high: float
    kind: str
    source: str
    where: str
    measured_on: str
    includes: tuple[str, ...] = ()
    transferred: bool = False
    formula: str = ""
    fitted: bool = False
    fitted_on: str = ""
    meaning: str = ""


def values(parameters: Mapping[str, Quantity]) -> dict[str, float]:
    """The bare numbers by name, in SI base units."""
    return {name: quantity.value for name, quantity in parameters.items()}


@dataclass(frozen=True, slots=True)
class Product:
    """A layer or a workload with its numbers for one machine.

    Attributes:
        kind: ``layers``, ``workloads``, ``virtual_hardware`` or ``schedulers``.
        name: full catalog name, with the version.
        title: name for a reader.
        machine: the machine the numbers are for.
        family: module in ``layers/``, ``virtual_hardware/`` or ``sharing/policies/``.
        program: module in ``workloads/`` (workloads only).
        released: when it came out, as written.
        interface: what the program runs on (workloads only).
        metric: name, unit and better direction of the figure of merit (workloads only).
        structure: the enumerated choices.
        roles: the systems that fill the product's roles where a stack does not say which (layers only).
        abi: the interface that a system offers to programs (``linux``) or a paravirtual machine to kernels (``xen``);
            empty: that of the system below, and of a hypervisor that of machines as they are.
        runs_on: the interfaces that it is built for, ``machine`` for machines as they are; empty: any.
        architectures: the processors that it is built for; empty: any.
        hardware: the virtual devices that a hypervisor offers, or the images that hold a system, by kind, its default
            first.
        scheduler: what divides the processors among the threads, or guests, on it; empty: what lies below does
            (layers only).
        lacks: what its family allows and this product does not, in the words of ``simulator.control``.
        adds: what this product allows and its family in general does not.
        parameters: the numbers by name.
        start: what its start takes, empty where nobody knows.
        start_queue: what all its starts go through one by one, empty where there is nothing of the kind.
        installation: what its installation takes, empty where nobody knows.
        pull: how it fetches images, empty where it does not.
        instance: what one instance takes of tables, empty where nobody knows.
        boundary: what is known of the ways into it, empty where nobody knows.
        recovery: how it recovers in place, empty where it cannot.
        control: what ways of control take, by the section of the file (``pause``, ...).
        bytecode: a workload's class files, empty where there are none.
        writes: what a workload writes of the memory that it holds, empty where nobody knows.
    """

    kind: str
    name: str
    title: str
    machine: str
    family: str = ""
    program: str = ""
    released: str = ""
    interface: str = ""
    metric: Mapping[str, str] = field(default_factory=dict)
    structure: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    abi: str = ""
    runs_on: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()
    hardware: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scheduler: str = ""
    lacks: tuple[str, ...] = ()
    adds: tuple[str, ...] = ()
    parameters: Mapping[str, Quantity] = field(default_factory=dict)
    start: Mapping[str, Quantity] = field(default_factory=dict)
    start_queue: Mapping[str, Quantity] = field(default_factory=dict)
    installation: Mapping[str, Quantity] = field(default_factory=dict)
    pull: Mapping[str, Quantity] = field(default_factory=dict)
    instance: Mapping[str, Quantity] = field(default_factory=dict)
    boundary: Mapping[str, Quantity] = field(default_factory=dict)
    recovery: Mapping[str, Quantity] = field(default_factory=dict)
    control: Mapping[str, Mapping[str, Quantity]] = field(default_factory=dict)
    bytecode: Mapping[str, Quantity] = field(default_factory=dict)
    writes: Mapping[str, Quantity] = field(default_factory=dict)

    def values(self) -> dict[str, float]:
        """The bare numbers by name, in SI base units."""
        return values(self.parameters)


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a machine: its kind (module in ``devices/``), its choices and its numbers."""

    name: str
    kind: str
    structure: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Quantity] = field(default_factory=dict)

    def values(self) -> dict[str, float]:
        """The bare numbers by name, in SI base units."""
        return values(self.parameters)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine and its devices by name; ``year`` says which machines are its generation, ``architecture`` what its
    processors execute."""

    name: str
    title: str
    year: int
    devices: Mapping[str, Device] = field(default_factory=dict)
    architecture: str = "x86-64"

    def figures(self) -> dict[str, dict[str, Any]]:
        """Kind and bare numbers of every device: what ``simulator.Machine`` is made from."""
        return {name: {"kind": device.kind, "parameters": device.values()} for name, device in self.devices.items()}


@dataclass(frozen=True, slots=True)
class Registry:
    """Where images are kept, with the numbers of the way there."""

    name: str
    title: str
    parameters: Mapping[str, Quantity]

    def values(self) -> dict[str, float]:
        """The bare numbers by name, in SI base units."""
        return values(self.parameters)


@dataclass(frozen=True, slots=True)
class Fitted:
    """One number that was fitted to a macro result, for the list of all of them."""

    kind: str
    product: str
    parameter: str
    fitted_on: str
    value: float
    unit: str
