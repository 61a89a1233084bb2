"""Looking things up: names in the catalog, what classes declare, and a list of everything that was not found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from simulator import discovery
from simulator.catalog.document import Place, path_text
from simulator.catalog.product import Machine, Product, Quantity, Registry
from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError, Problem, UnitError
from simulator.images import Image
from simulator.layers.base import Layer
from simulator.scenario.source import Source
from simulator.scenario.types import shown, split
from simulator.scenario.variants import Variant
from simulator.units import DIMENSIONS, parse_quantity

Form = TypeVar("Form", bound=BaseModel)


class Catalog(Protocol):
    """What a scenario wants of a catalog; see :class:`simulator.catalog.Catalog`."""

    def names(self, kind: str) -> list[str]: ...
    def resolve_name(self, kind: str, name: str) -> str: ...
    def layer(self, name: str, machine: str) -> Product: ...
    def workload(self, name: str, machine: str) -> Product: ...
    def virtual_hardware(self, name: str, machine: str) -> Product: ...
    def scheduler(self, name: str, machine: str) -> Product: ...
    def machine(self, name: str) -> Machine: ...
    def image(self, name: str, machine: str = "") -> Image: ...
    def registry(self, name: str, machine: str) -> Registry: ...


class Lookup:
    """A catalog, asked on behalf of a scenario.

    Args:
        source: the scenario, which knows where things stand.
        catalog: where names are looked up.
    """

    def __init__(self, source: Source, catalog: Catalog) -> None:
        self.source = source
        self.problems: list[Problem] = []
        self.layer = cache(catalog.layer)
        self.workload = cache(catalog.workload)
        self.full_name = cache(catalog.resolve_name)
        self.virtual_hardware = cache(catalog.virtual_hardware)
        self.scheduler = cache(catalog.scheduler)
        self.machine = cache(catalog.machine)
        self.names = cache(catalog.names)
        self.layer_class = cache(self._layer_class)
        self._catalog = catalog

    @cached_property
    def together(self) -> Mapping[Place, int]:
        """The number of the group that an axis goes side by side with, by its place."""
        return self.source.groups.of_places

    @cached_property
    def image(self) -> Callable[..., Image]:
        """An image by its name, for a machine."""
        return cache(self._catalog.image)

    @cached_property
    def registry(self) -> Callable[[str, str], Registry]:
        """A registry by its name, for a machine."""
        return cache(self._catalog.registry)

    def complain(self, place: Place, message: str, remedy: str = "") -> None:
        """Note a mistake."""
        self.problems.append(self.source.problem(place, message, remedy))

    def blamed(self, place: Place) -> bool:
        """Whether a mistake has been noted somewhere in this part of the file."""
        moved = (to for at, to in self.source.moved.items() if at[: len(place)] == place)
        paths = tuple(path_text(each) for each in (place, *moved))
        return any(problem.path.startswith(paths) for problem in self.problems)

    def name(self, kind: str, written: str, place: Place) -> str | None:
        """The full name that a name stands for; None, and a mistake noted, if it stands for nothing."""
        known = self.names(kind)
        try:
            found = self.full_name(kind, written)
        except CatalogError as error:
            self.complain(place, *split(str(error)))
            return None
        if found in known:
            return found
        self.complain(place, f"{found!r} has no numbers in the catalog", suggestion(found, known))
        return None

    def readable(self, key: str, form: type[Form]) -> Iterator[tuple[int, Form]]:
        """Each entry of a list of the file that can be read, with its number; the schema complains of the others."""
        listed = self.source.data.get(key) or ()
        for index, each in enumerate(listed if isinstance(listed, list) else ()):
            try:
                yield index, form.model_validate(each)
            except ValidationError:
                continue

    def layer_name(self, written: str) -> str:
        """A product's full name, or what is written where that names none."""
        try:
            return self.full_name("layers", written)
        except CatalogError:
            return written

    @cached_property
    def any_machine(self) -> str:
        """A machine to ask what products declare; which one makes no difference to that."""
        return self._catalog.names("machines")[0]

    def product(self, name: str) -> Product:
        """What a layer's catalog file declares, by its full name; its numbers are those of some machine."""
        return self.layer(name, self.any_machine)

    def _layer_class(self, name: str) -> type[Layer]:
        """The class of a layer by its full name."""
        found: type[Layer] = discovery.member("layers", self.product(name).family).LAYER
        return found

    def policy(self, scheduler: str) -> Any:
        """The class of a scheduler by its full name."""
        product = self.scheduler(scheduler, self.any_machine)
        return discovery.member("sharing.policies", product.family).POLICY

    def layer_for(self, needs: str, offers: str, preferred: tuple[str, ...] = ()) -> str:
        """A layer that fits, as an example: one of those preferred, otherwise of the catalog; empty if none does."""
        for name in (*preferred, *self._catalog.names("layers")):
            if (needs, offers) == (self.needs(name), self.layer_class(name).OFFERS):
                return name
        return ""

    def machine_for(self, architectures: Iterable[str]) -> str:
        """The newest machine of the catalog with one of these processors, as an example; empty if there is none."""
        machines = [self.machine(name) for name in self._catalog.names("machines")]
        fitting = [machine for machine in machines if machine.architecture in architectures]
        return max(fitting, key=lambda machine: machine.year).name if fitting else ""

    def needs(self, name: str) -> str:
        """The interface that a layer stands on, by its full name."""
        return self.layer_class(name).needs(self.product(name).structure)

    def numbers(
        self, written: Mapping[str, Any], declared: Mapping[str, Quantity], place: Place, variant: Variant
    ) -> dict[str, float]:
        """Numbers to change, in SI units by full name; what cannot be read is noted.

        Args:
            written: numbers with their units.
            declared: the numbers there are.
            place: where ``written`` stands, apart from axes.
            variant: the values of the axes.
        """
        return self.in_units(written, {name: quantity.unit for name, quantity in declared.items()}, place, variant)

    def in_units(
        self, written: Mapping[str, Any], units: Mapping[str, str], place: Place, variant: Variant
    ) -> dict[str, float]:
        """The same for names with their units. A name's unit may be left out (``frequency`` for ``frequency_hz``)."""
        found: dict[str, float] = {}
        for name, value in written.items():
            inside = variant.place((*place, name))
            full = name if name in units else f"{name}_{_short(name, units)}"
            if full not in units:
                self.complain(inside, f"there is no {name!r} here", _nearest(name, units))
            elif full in found:
                self.complain(inside, "is given twice", f"keep one of '{name}' and '{full}'")
            else:
                found |= self._number(full, value, units[full], inside)
        return found

    def _number(self, name: str, written: Any, unit: str, place: Place) -> dict[str, float]:
        try:
            number = _in_unit(written, unit)
        except UnitError as error:
            self.complain(place, *split(str(error)))
            return {}
        if name in _PACES and number <= 0.0:
            self.complain(place, "nothing ever ends at a rate of 0", "give more than 0")
        if name == "cores_count" and (number < 1.0 or number % 1.0):
            self.complain(place, f"{number:g} processors cannot be built", "give a whole number from 1 up")
        if name == "cores_count" and number > _MOST_CORES:
            self.complain(place, f"{number:g} processors are more than any machine has", f"give up to {_MOST_CORES:,}")
        if name == "threads_per_core_count" and number not in (1.0, 2.0):
            self.complain(place, f"a core of {number:g} threads cannot be built", "give 1 or 2")
        return {name: number}


_MOST_CORES = 4096
_PACES = ("frequency_hz", "link_bytes_per_s", "media_bytes_per_s")
"""How fast devices are; other rates, as that of a timer, may be 0."""


def _short(name: str, units: Mapping[str, str]) -> str:
    """The unit that makes this name one of those known, empty if none does or several do."""
    fitting = [unit for unit in DIMENSIONS if f"{name}_{unit}" in units]
    return fitting[0] if len(fitting) == 1 else ""


def _nearest(name: str, units: Mapping[str, str]) -> str:
    """What was probably meant, with or without its unit; otherwise all there is."""
    without_unit = [known.removesuffix(f"_{unit}") for known, unit in units.items()]
    found = suggestion(name, {*units, *(short for short in without_unit if _short(short, units))})
    return found if found.startswith("did") else suggestion(name, units)


def _in_unit(written: Any, unit: str) -> float:
    """A quantity in SI units; where the unit has no symbol, a number."""
    if unit in DIMENSIONS:
        return parse_quantity(written, DIMENSIONS[unit])
    if isinstance(written, int | float):
        return float(written)
    raise UnitError(f"{shown(written)} is not a number; write a number, which is in {unit}")
