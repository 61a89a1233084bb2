"""Installation: what it takes to get from an empty machine to the first tenant, counted floor by floor.

Everything that stands under the tenant is installed, from the hardware up: fetched over the machine's link, then
written to its disk, with the waits of its installer and the restarts of what is there by then. A guest's system comes
as an image where the catalog has one, otherwise it is installed as well. At the end the tenant's own systems start.
What a person takes for a step is not counted as time: nobody has measured it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import nan

from simulator.catalog.product import Quantity
from simulator.choice.floors import Floor

End = Callable[[Quantity], float]


@dataclass(frozen=True)
class Pace:
    """How fast the machine is: its processor's clock, its link, and the seconds that its disk takes for bytes."""

    frequency_hz: float
    link_bytes_per_s: float
    read_s: Callable[[float], float]
    write_s: Callable[[float], float]

    def fetch_s(self, size_bytes: float) -> float:
        """Fetched, then written."""
        return size_bytes / self.link_bytes_per_s + self.write_s(size_bytes)

    def start_s(self, figures: Mapping[str, float]) -> float:
        """A start on bare metal: processor, disk and waits, one after the other."""
        cycles, size_bytes = figures["start_cycles"] + figures.get("firmware_cycles", 0.0), figures["start_read_bytes"]
        return cycles / self.frequency_hz + self.read_s(size_bytes) + figures["start_wait_s"]


@dataclass(frozen=True)
class Effort:
    """What it takes to the first tenant.

    Attributes:
        unknown: products that do not say what their installation (or, for a restart, their start) takes; if there is
            one, the numbers are not numbers.
    """

    steps_count: float = nan
    privileged_count: float = nan
    reboots_count: float = nan
    size_bytes: float = nan
    elapsed_s: float = nan
    unknown: tuple[str, ...] = field(default=())


def value(quantity: Quantity) -> float:
    """The number itself; ``low`` and ``high`` of a quantity are the ends of its range."""
    return quantity.value


def effort(stack: tuple[Floor, ...], pace: Pace, start_s: float, end: End = value) -> Effort:
    """The sum over all floors, and the start of the tenant's own systems.

    Args:
        stack: the floors in the order in which they are installed.
        pace: of the machine.
        start_s: time until the tenant's own systems are up; not a number where nobody knows.
        end: which end of each number's range is taken.
    """
    total = _Total(pace, end)
    for floor in stack:
        total.add(floor)
    if total.unknown:
        return Effort(unknown=tuple(dict.fromkeys(total.unknown)))
    steps, privileged, reboots = (total.counts[name] for name in _COUNTS)
    return Effort(steps, privileged, reboots, total.size_bytes, total.elapsed_s + start_s)


_COUNTS = ("install_steps_count", "install_privileged_count", "install_reboots_count")


class _Total:
    """What has been installed so far."""

    def __init__(self, pace: Pace, end: End) -> None:
        self._pace, self._end = pace, end
        self._up_s = 0.0
        self.counts = dict.fromkeys(_COUNTS, 0.0)
        self.size_bytes = self.elapsed_s = 0.0
        self.unknown: list[str] = []

    def add(self, floor: Floor) -> None:
        """One floor more."""
        as_image = floor.guest and floor.image is not None
        if not as_image:
            self._install(floor)
        if floor.image is not None and (as_image or not floor.kernel):
            self._fetch(self._end(floor.image.parameters["size_bytes"]))

    def _install(self, floor: Floor) -> None:
        figures = self._figures(floor.product.installation)
        if not figures:
            self.unknown.append(floor.product.name)
            return
        for name in _COUNTS:
            self.counts[name] += figures[name]
        self._fetch(figures["install_bytes"])
        self.elapsed_s += figures["install_wait_s"] + figures["install_reboots_count"] * self._restart_s(floor, figures)

    def _restart_s(self, floor: Floor, figures: Mapping[str, float]) -> float:
        """How long what is there takes to come up again, this floor included: the machine, or a guest alone."""
        start = self._figures(floor.product.start)
        if not start and figures["install_reboots_count"]:
            self.unknown.append(floor.product.name)
        own_s = self._pace.start_s(start) if start else 0.0
        if floor.kernel and floor.image is not None:
            own_s += self._pace.start_s(self._figures(floor.image.parameters))
        if floor.private:
            return own_s
        self._up_s += own_s
        return self._up_s

    def _fetch(self, size_bytes: float) -> None:
        self.size_bytes += size_bytes
        self.elapsed_s += self._pace.fetch_s(size_bytes) if size_bytes else 0.0

    def _figures(self, numbers: Mapping[str, Quantity]) -> dict[str, float]:
        return {name: self._end(quantity) for name, quantity in numbers.items()}
