"""Where a measurement was made: the machine and the kernel, with the catalog's numbers of both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from simulator.errors import CatalogError
from simulator.measurements._written import CatalogFile
from simulator.measurements.base import Measurement, Request

if TYPE_CHECKING:
    from simulator.catalog import Catalog, Machine, Product

GUARD = ("entry_guard_cycles", "table_switch_cycles")
"""What a kernel with mitigations does against leaks at each entry, beside the cost of what it was entered for."""
KERNELS = "operating_system"


@dataclass(frozen=True, slots=True)
class Setting:
    """A machine and a kernel on it."""

    machine: Machine
    kernel: Product

    @property
    def frequency_hz(self) -> float:
        """The clock of the machine's processors."""
        return self.machine.devices["cpu"].values()["frequency_hz"]

    def of_kernel(self, name: str) -> float:
        """A number of the kernel on this machine."""
        return self.kernel.values()[name]

    @property
    def guard_cycles(self) -> float:
        """What the kernel does against leaks at one entry; 0 if it does nothing, or it is in its figures."""
        guarded = self.kernel.structure.get("mitigations") == "on"
        return sum(self.of_kernel(name) for name in GUARD) if guarded else 0.0

    def of_cpu(self, name: str) -> float:
        """A number of the machine's processors."""
        return self.machine.devices["cpu"].values()[name]


def setting(measurement: Measurement, request: Request, catalog: Catalog, release: str = "") -> Setting:
    """The setting of a measurement.

    Args:
        measurement: for its file in errors.
        request: machine, and product if the user says.
        catalog: where both are.
        release: of the kernel, where the file says ("6.14.0-27-generic").

    Raises:
        MeasurementError: there is no such machine or kernel.
    """
    try:
        machine = catalog.machine(request.machine)
    except CatalogError as error:
        remedy = (
            "for a machine of your own write machines/NAME.yaml into a folder that VIRTLAB_CATALOG names, "
            "with 'name', 'title', 'year', 'extends: <the most similar one>' and 'devices: {}'"
        )
        measurement.refuse(f"cannot be placed: {error}", remedy)
    wanted = request.product or of_release(release, catalog.names("layers")) or "linux"
    try:
        kernel = catalog.layer(wanted, machine.name)
    except CatalogError as error:
        measurement.refuse(f"cannot be placed: {error}", "say which kernel by --product")
    if kernel.family != KERNELS:
        message = f"cannot be placed: {kernel.name} is no kernel, it is a product of the family {kernel.family}"
        measurement.refuse(message, "name the kernel by --product, e.g. linux-6")
    return Setting(machine, kernel)


def of_release(release: str, names: list[str]) -> str:
    """The product of a kernel's release, empty if there is none: linux-6 for 6.14.0, linux-2.4 for 2.4.20."""
    parts = release.removeprefix("Linux ").split(".")
    near = (f"linux-{'.'.join(parts[:length])}" for length in (2, 1))
    return next((name for name in near if name in names), "")


def begun(measurement: Measurement, request: Request, kind: str, title: str, made_of: str) -> CatalogFile:
    """A catalog file with nothing in it but what it is and where it comes from.

    Args:
        measurement: what it is made of.
        request: what is wanted.
        kind: its folder.
        title: for a reader.
        made_of: what was measured, for the source.
    """
    year = measurement.year or date.today().year
    tool = " ".join((measurement.tool, measurement.version)).strip()
    file = CatalogFile(kind, request.name, request.machine, head={"title": title})
    prefix = measurement.tool.replace(" ", "-")
    file.key = request.name if request.name.startswith(prefix) else f"{prefix}-{request.name}"
    file.source = {
        "author": "own measurement",
        "title": f"{tool}: {made_of}",
        "year": year,
        "howpublished": f"measured on {request.machine}, file {measurement.file}",
    }
    file.comment = (
        f"Read from {measurement.file} by 'virtlab import'. What it says is 'measured', what follows from it is",
        "'derived', and what it does not say 'assumed': look at those, and put in what you know.",
    )
    return file
