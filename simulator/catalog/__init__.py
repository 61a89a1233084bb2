"""The catalog: numbers with sources and no mechanism. What a layer costs is written here and nowhere else.

Files in ``machines/``, ``layers/`` and ``workloads/``, ours and those of the user's own folders, are read when
they are asked for and checked against the classes that use their numbers. A number is chosen for a machine: the
one measured on it, else one that holds for any, else the one of the nearest generation with a widened range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from simulator import control, discovery, notation
from simulator.catalog.entry import ANY
from simulator.catalog.library import DEFAULT_ARCHITECTURE, Library, refuse
from simulator.catalog.product import Device, Fitted, Machine, Product, Quantity, Registry
from simulator.catalog.resolution import Generations, Resolution
from simulator.catalog.sheet import SECTIONS, Group, Sheet
from simulator.catalog.shelf import KINDS
from simulator.catalog.sources import Source
from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError, Problem
from simulator.images import Image
from simulator.notation import Expression

__all__ = ["DESCRIBED", "KINDS", "Catalog", "Device", "Fitted", "Machine", "Product", "Quantity", "Source"]

DESCRIBED = (
    *("parameter", "value", "unit", "low", "high", "kind", "source", "where", "measured_on", "transferred"),
    *("includes", "formula", "fitted", "fitted_on", "meaning"),
)
"""The columns of :meth:`Catalog.describe`."""


class Catalog:
    """All products and machines.

    Args:
        extra: folders of further files, beside those of the environment variable ``VIRTLAB_CATALOG``.

    Raises (every method):
        CatalogError: an unknown name, or all mistakes of a file with file, line, parameter and remedy.
    """

    def __init__(self, extra: Iterable[str | Path] = ()) -> None:
        own = Path(__file__).parent
        self._folders = [own, *discovery.extra_folders(), *(Path(folder) for folder in extra)]
        self._library = Library(self._folders)
        self._products: dict[tuple[str, str, str], Product] = {}
        self._machines: dict[str, Machine] = {}

    def names(self, kind: str) -> list[str]:
        """The full names of ``machines``, ``layers`` or ``workloads``; machines without devices are left out."""
        names = sorted(self._library.files(kind))
        if kind != "machines":
            return names
        return [name for name in names if self._library.extended(kind, name).data.get("devices") != {}]

    def resolve_name(self, kind: str, name: str) -> str:
        """The full name that a name or a bare stem (its newest version) stands for."""
        return self._library.resolve(kind, name)

    def layer(self, name: str, machine: str) -> Product:
        """A layer with its numbers for a machine."""
        return self._product("layers", name, machine)

    def workload(self, name: str, machine: str) -> Product:
        """A workload with its numbers for a machine."""
        return self._product("workloads", name, machine)

    def complete(self, expression: Expression) -> Expression:
        """A stack with every version put in, and every role filled that its products have and it does not name."""
        expression = notation.resolve(expression, lambda name: self.resolve_name("layers", name))
        return notation.fill_roles(expression, lambda name: self._library.sheet("layers", name).data.get("roles", {}))

    def virtual_hardware(self, name: str, machine: str) -> Product:
        """A device that hypervisors show to their guests, or an image, with its numbers for a machine."""
        return self._product("virtual_hardware", name, machine)

    def scheduler(self, name: str, machine: str) -> Product:
        """A scheduler, with its numbers for a machine."""
        return self._product("schedulers", name, machine)

    def image(self, name: str, machine: str = "", more: Iterable[str] = ()) -> Image:
        """An image with all its layers: its base's, that of its packages, its own.

        Args:
            name: full name or bare stem.
            machine: for which machine the numbers are; any, if not given.
            more: packages that are put on top, as they are asked for (``nginx >=1.27``).

        Raises:
            CatalogError: also where its packages do not go together: says who needs what.
        """
        from simulator.catalog.images import ImageMaker

        machine = self._library.sheet("machines", machine or self.names("machines")[0]).name
        return ImageMaker(self._library, lambda found: self._numbers(found, machine)).image(name, more)

    def title(self, kind: str, name: str) -> str:
        """What a file says that it is."""
        return str(self._library.sheet(kind, name).data["title"])

    def family(self, name: str) -> str:
        """The family of a layer: the class that uses its numbers."""
        return str(self._library.extended("layers", self.resolve_name("layers", name)).data.get("family", ""))

    def depends(self, name: str) -> tuple[str, ...]:
        """What a package needs, as it is written."""
        return tuple(map(str, self._library.sheet("packages", name).data.get("depends", ())))

    def registry(self, name: str, machine: str) -> Registry:
        """A registry, with the numbers of the way there."""
        found = self._library.sheet("registries", name)
        numbers = self._numbers(found, self._library.sheet("machines", machine).name)
        return Registry(found.name, found.data["title"], numbers[""])

    def machine(self, name: str) -> Machine:
        """A machine with its devices' numbers."""
        full = self._library.resolve("machines", name)
        if full not in self._machines:
            self._machines[full] = self._machine(self._library.sheet("machines", full))
        return self._machines[full]

    def _machine(self, found: Sheet) -> Machine:
        if not found.groups:
            raise CatalogError(f"{found.name} has no devices: the catalog knows its year only; nothing can run on it")
        numbers = self._numbers(found, found.name)
        devices = {
            group.name: Device(group.name, group.module, group.structure, numbers[group.name]) for group in found.groups
        }
        architecture = found.data.get("architecture", DEFAULT_ARCHITECTURE)
        return Machine(found.name, found.data["title"], found.data["year"], devices, architecture)

    def source(self, key: str) -> Source:
        """The publication that a key in ``sources.bib`` stands for."""
        if key not in self.sources:
            raise CatalogError(f"{key!r} is not in sources.bib; {suggestion(key, self.sources)}")
        return self.sources[key]

    @property
    def sources(self) -> dict[str, Source]:
        """All publications by key."""
        return self._library.sources

    def describe(self, kind: str, name: str, machine: str | None = None) -> list[dict[str, object]]:
        """One row per number with the columns ``DESCRIBED``, in the order of the file's classes.

        Args:
            kind: ``machines``, ``layers`` or ``workloads``.
            name: full name or bare stem.
            machine: show what is chosen for this machine; without it, every number on the machine it was measured on.
        """
        found = self._library.sheet(kind, name)
        if machine is None and kind != "machines":
            return [_row("", quantity) for quantity in self._all_numbers(found)]
        numbers = self._numbers(found, self._library.sheet("machines", machine or found.name).name)
        return [_row(group, quantity) for group, each in numbers.items() for quantity in each.values()]

    def fitted(self) -> list[Fitted]:
        """All numbers that were fitted to a macro result, each in the file where it stands."""
        return [
            Fitted(kind, name, quantity.name, quantity.fitted_on, quantity.value, quantity.unit)
            for kind in KINDS
            for name in self._library.files(kind)
            for quantity in self._all_numbers(self._library.sheet(kind, name))
            if quantity.fitted and self._stands_in(kind, name, quantity.name)
        ]

    def _stands_in(self, kind: str, name: str, parameter: str) -> bool:
        """Whether a file gives a number itself; what it inherits stands in the file that it extends."""
        own = self._library.document(kind, name).data
        return "extends" not in own or any(parameter in own.get(group, {}) for group in ("parameters", *SECTIONS))

    def check(self) -> list[Problem]:
        """Every mistake in every file, for every machine; empty if there is none."""
        problems = self._library.problems()
        if not problems:
            for kind in KINDS:
                for name in self._library.files(kind):
                    problems += self._problems(self._library.read(kind, name))
        return list(dict.fromkeys(problems))

    def with_file(self, kind: str, name: str, text: str, path: Path) -> Catalog:
        """This catalog with one file more, or another text in one of its files; nothing is written.

        Raises:
            CatalogError: the name is taken by another file.
        """
        more = Catalog()
        more._library = Library(self._folders)
        more._library.put(kind, name, text, path)
        return more

    def mistakes(self, kind: str, name: str) -> list[Problem]:
        """Every mistake in one file, for every machine; empty if there is none."""
        return list(dict.fromkeys(self._problems(self._library.read(kind, name))))

    def _product(self, kind: str, name: str, machine: str) -> Product:
        """A product with its numbers for a machine, worked out once."""
        library = self._library
        asked = (kind, library.resolve(kind, name), library.resolve("machines", machine))
        if asked not in self._products:
            self._products[asked] = self._described(library.sheet(kind, name), library.sheet("machines", machine).name)
        return self._products[asked]

    def _described(self, found: Sheet, machine: str) -> Product:
        keys = ("title", "family", "program", "released", "interface", "abi", "scheduler")
        texts = {key: str(found.data.get(key, "")) for key in keys}
        texts["family"] = texts["family"] or str(found.data.get("kind", found.data.get("policy", "")))
        words: dict[str, Any] = {
            key: tuple(found.data.get(key, ())) for key in ("runs_on", "architectures", "lacks", "adds")
        }
        numbers = self._numbers(found, machine)
        return Product(
            found.kind,
            found.name,
            machine=machine,
            metric=found.data.get("metric", {}),
            structure=found.groups[0].structure,
            roles=found.data.get("roles", {}),
            hardware={device: tuple(names) for device, names in found.data.get("hardware", {}).items()},
            parameters=numbers[""],
            start=numbers.get("start", {}),
            start_queue=numbers.get("start_queue", {}),
            installation=numbers.get("installation", {}),
            pull=numbers.get("pull", {}),
            instance=numbers.get("instance", {}),
            boundary=numbers.get("boundary", {}),
            recovery=numbers.get("recovery", {}),
            control={name: numbers[name] for name in control.SECTIONS if name in numbers},
            bytecode=numbers.get("bytecode", {}),
            writes=numbers.get("writes", {}),
            **(words | texts),
        )

    def _resolution(self, found: Sheet, group: Group, machine: str) -> Resolution:
        library = self._library
        around = Generations(library.years, machine, library.architectures, library.lineage(machine))
        return Resolution(found.document, group, around)

    def _numbers(self, found: Sheet, machine: str) -> dict[str, dict[str, Quantity]]:
        """The numbers of each group for a machine."""
        numbers: dict[str, dict[str, Quantity]] = {}
        for group in found.groups:
            resolution = self._resolution(found, group, machine)
            numbers[group.name] = resolution.quantities()
            refuse(resolution.problems)
        return numbers

    def _all_numbers(self, found: Sheet) -> Iterator[Quantity]:
        """Every number of every group on the machine it was measured on."""
        for group in found.groups:
            for name, entries in group.entries.items():
                for entry in entries:
                    machine = "" if entry.measured_on == ANY else entry.measured_on
                    resolution = self._resolution(found, group, machine)
                    quantity = resolution.of_entry(name, entry)
                    refuse(resolution.problems)
                    if quantity is not None:
                        yield quantity

    def _problems(self, found: Sheet) -> list[Problem]:
        """All mistakes of a sheet; on which machine a formula fails matters only if the file can be read."""
        if found.document.problems:
            return found.document.problems
        machines = [found.name] if found.kind == "machines" else list(self._library.years)
        problems: list[Problem] = [*self._unknown_scheduler(found), *self._unfit_image(found)]
        for group in found.groups:
            for machine in machines:
                resolution = self._resolution(found, group, machine)
                resolution.check()
                problems += resolution.problems
        return problems

    def _unknown_scheduler(self, found: Sheet) -> list[Problem]:
        """A layer's scheduler must be there."""
        name, known = found.data.get("scheduler"), self._library.files("schedulers")
        if name is None or name in known:
            return []
        return [
            found.document.problem(("scheduler",), f"no scheduler is called {name!r}", suggestion(str(name), known))
        ]

    def _unfit_image(self, found: Sheet) -> list[Problem]:
        """An image's base must be there, and its packages must go together."""
        if found.kind != "images":
            return []
        try:
            self.image(found.name)
        except CatalogError as error:
            return [found.document.problem(("packages",), str(error), "")]
        return []


def _row(group: str, quantity: Quantity) -> dict[str, object]:
    name = f"{group}.{quantity.name}" if group else quantity.name
    return {column: name if column == "parameter" else getattr(quantity, column) for column in DESCRIBED}
