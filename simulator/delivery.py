"""Images brought onto a host, one pull after the other or all at once: what came, what was there, what it took.

The host is empty but for what it is said to hold; nothing else runs on it. This is what ``virtlab pull`` prints.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from simulator.catalog import Catalog
from simulator.errors import ScenarioError, UsageError
from simulator.experiment import build
from simulator.images import Image, of_data
from simulator.images.report import Report
from simulator.images.store import alone_bytes
from simulator.operations.pulling import Engine
from simulator.scenario import load
from simulator.threads import Life
from simulator.units import parse_quantity

if TYPE_CHECKING:
    import simpy

MACHINE, STACK = "server-2025", "linux-6 | docker-27"
_NOTHING = ("idle", "java-idle")


@dataclass(frozen=True)
class Delivery:
    """Pulls on one host.

    Attributes:
        stack: the expression.
        machine: its name.
        registry: where the images came from.
        reports: one for each image, in the order in which they were asked for.
        images: the images.
        disk_bytes: what all images take afterwards, those held before included.
        alone_bytes: what they would take if no layer was shared.
    """

    stack: str
    machine: str
    registry: str
    reports: tuple[Report, ...]
    images: tuple[Image, ...]
    disk_bytes: float
    alone_bytes: float

    @property
    def end_s(self) -> float:
        """When the last could be started."""
        return max(report.end_s for report in self.reports)

    def data(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "stack": self.stack, "machine": self.machine, "registry": self.registry, "end_s": self.end_s,
            "disk_bytes": self.disk_bytes, "alone_bytes": self.alone_bytes,
            "pulls": [asdict(report) for report in self.reports],
        }  # fmt: skip


def deliver(
    names: Iterable[str], *, stack: str = STACK, machine: str = MACHINE, registry: str | None = None,
    link: str | None = None, round_trip: str | None = None, lazy: bool = False, start: bool = False,
    held: Iterable[str] = (), packages: Iterable[str] = (), at_once: bool = False, catalog: Catalog | None = None,
) -> Delivery:  # fmt: skip
    """Pull images onto an empty host.

    Args:
        names: of the images, in order.
        stack: expression with a product that fetches images.
        machine: name of a machine.
        registry: name of a registry; the catalog's default, if not given.
        link: what the way to it carries (``100 Mbit/s``), if not what the catalog says.
        round_trip: from a request to its answer (``20 ms``), if not what the catalog says.
        lazy: fetch only what is needed to mount.
        start: with ``lazy``, fetch also what a start reads.
        held: images that are there already.
        packages: further packages on top of each image.
        at_once: all of them at the same time, instead of one after the other.
        catalog: where names are looked up.

    Raises:
        UsageError: a name that nobody knows, packages that do not go together, a stack that fetches no images.
    """
    catalog = catalog or Catalog()
    chosen, added, held = list(dict.fromkeys(names)), tuple(packages), list(held)
    if not chosen:
        raise UsageError("no image is named; give at least one (virtlab list images)")
    way = {"registry": registry, "link": link, "round_trip": round_trip, "lazy": lazy, "held": held}
    written = {key: value for key, value in way.items() if value}
    for quantity, dimension in ((link, "rate"), (round_trip, "time")):
        if quantity is not None:
            parse_quantity(quantity, dimension)  # type: ignore[arg-type]
    for name in (*chosen, *held):
        catalog.image(name)
    point = _point(catalog, stack, machine, {"name": chosen[0], **written})
    asked = point["tenants"]["it"]["image"]
    images = tuple(catalog.image(name, point["machine"]["base"], added) for name in chosen)
    return _delivered(point, asked, images, at_once=at_once, start=start and lazy)


def _point(catalog: Catalog, stack: str, machine: str, image: dict[str, Any]) -> dict[str, Any]:
    """The host with one tenant that does nothing, whatever the stack runs."""
    complaints = ""
    for workload in _NOTHING:
        tenant = {"workload": workload, "boot": True, "memory": "512 MiB", "image": image}
        data = {"machine": machine, "stacks": {"it": stack}, "tenants": {"it": tenant}, "duration": "1 s"}
        try:
            return load(data, catalog=catalog).points()[0]
        except ScenarioError as error:
            complaints = complaints or "\n".join(f"{each.message} ({each.remedy})" for each in error.problems)
    raise UsageError(complaints)


def _delivered(
    point: dict[str, Any], asked: dict[str, Any], images: tuple[Image, ...], *, at_once: bool, start: bool
) -> Delivery:
    house = build(point)
    node = next(node for path, node in house.nodes.items() if house.site.names.get(path) == asked["by"])
    engines = [Engine(house, node, asked["by"]) for _ in images]
    held = [of_data(each) for each in asked["held"]]
    engines[0].hold(held)
    reports: list[Report] = []
    under_way: list[simpy.Event] = []

    def one(engine: Engine, image: Image) -> Life:
        report = yield from engine.pull(image, asked["registry"], lazy=asked["lazy"])
        reports.append(report)
        if start:
            yield from engine.read(image, asked["registry"])

    def all_of_them() -> Life:
        for engine, image in zip(engines, images, strict=True):
            life = house.environment.process(one(engine, image))
            if at_once:
                under_way.append(life)
            else:
                yield life
        yield house.environment.all_of(under_way)

    house.environment.run(until=house.environment.process(all_of_them()))
    order = {image.name: number for number, image in enumerate(images)}
    there = {image.name: image for image in (*held, *images)}
    return Delivery(
        point["expression"], point["machine"]["name"], asked["registry"]["name"],
        tuple(sorted(reports, key=lambda report: order[report.image])), images, engines[0].store.disk_bytes,
        alone_bytes(there.values()),
    )  # fmt: skip
