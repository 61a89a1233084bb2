"""A stack's components, what each fault of one does to whom, what recovers it, and what lies between two tenants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from simulator.blast.setting import MACHINE, point
from simulator.blast.timing import restart_s
from simulator.catalog import Catalog
from simulator.catalog.product import Quantity
from simulator.experiment import build
from simulator.faults.boundaries import Boundary, Figure, reached, routes
from simulator.faults.components import Component, components
from simulator.faults.kinds.base import HUNG, LOST, kinds
from simulator.site import MACHINE as HARDWARE
from simulator.site import Site

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Size:
    """A number of a boundary, with where it comes from; without a value it is unknown."""

    value: float | None
    low: float | None = None
    high: float | None = None
    kind: str = "unknown"
    source: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One kind of fault of one component: what becomes of each tenant that does not go on as before."""

    kind: str
    resource: str
    effects: Mapping[str, str]

    def count(self, *words: str) -> int:
        """Tenants with one of these words."""
        return sum(word in words for word in self.effects.values())


@dataclass(frozen=True, slots=True)
class Row:
    """One component.

    Attributes:
        component: its name.
        product: catalog name.
        part: what it is.
        path: of its node, of its guest where it is one guest's.
        owner: the tenant that it belongs to, empty where it is shared.
        hits: what may happen to it.
        reaches: tenants that code which has broken into it has power over.
        restart_s: until the last tenant that stopped with it was served again, all set up anew from cold caches; no
            detection and no self-test of the machine; None where nothing stopped, or nobody knows its start.
        in_place_s: until it goes on in place, where it can.
        recovered_ratio: part of the injected faults after which it could.
    """

    component: str
    product: str
    part: str
    path: str
    owner: str
    hits: tuple[Hit, ...]
    reaches: tuple[str, ...]
    restart_s: float | None
    in_place_s: float | None
    recovered_ratio: float | None

    @property
    def lost(self) -> int:
        """Tenants that a crash takes down."""
        return next(hit.count(LOST, HUNG) for hit in self.hits if hit.kind == "crash")


@dataclass(frozen=True, slots=True)
class Reach:
    """One interface on the way from a tenant to another."""

    interface: str
    product: str
    into: str
    width: Size
    code: Size


@dataclass(frozen=True, slots=True)
class Blast:
    """What faults take down on a stack.

    Attributes:
        stack: the expression, names in full.
        machine: of the catalog.
        tenants: their names.
        tree: each node with its path, the path below, product and owner, the lowest first.
        rows: all components.
        routes: all ways from the first tenant to the second, the shortest first.
        evidence: further numbers about the boundaries of its products.
    """

    stack: str
    machine: str
    tenants: tuple[str, ...]
    tree: tuple[Mapping[str, str], ...]
    rows: tuple[Row, ...]
    routes: tuple[tuple[Reach, ...], ...]
    evidence: Mapping[str, Mapping[str, Size]] = field(default_factory=dict)

    @property
    def mean_lost(self) -> float:
        """The blast radius: tenants lost by a crash, mean over all components."""
        return sum(row.lost for row in self.rows) / len(self.rows)

    @property
    def worst_lost(self) -> int:
        """Tenants lost by the worst crash."""
        return max(row.lost for row in self.rows)

    @property
    def boundaries(self) -> int:
        """Interfaces that must be broken to come from one tenant to another, at least."""
        return min((len(route) for route in self.routes), default=0)

    def data(self) -> dict[str, Any]:
        """All of it as plain data."""
        sums = {"mean_lost": self.mean_lost, "worst_lost": self.worst_lost, "boundaries": self.boundaries}
        return {**sums, **asdict(self)}

    def frame(self) -> pd.DataFrame:
        """A row for each component, kind of fault and tenant that does not go on as before."""
        import pandas as pd

        columns = ["stack", "component", "kind", "resource", "tenant", "effect", "restart_s", "in_place_s"]
        rows = [
            [self.stack, row.component, hit.kind, hit.resource, tenant, word, row.restart_s, row.in_place_s]
            for row in self.rows
            for hit in row.hits
            for tenant, word in hit.effects.items()
        ]
        return pd.DataFrame(rows, columns=columns)


def blast(
    stack: str,
    *,
    tenants: int = 4,
    machine: str = MACHINE,
    numbers: Mapping[Figure, float] | None = None,
    times: bool = True,
) -> Blast:
    """What each fault takes down on a stack, and what lies between two tenants.

    Args:
        stack: an expression, e.g. ``xen-4 | linux-6``.
        tenants: how many equal ones stand on it.
        machine: of the catalog.
        numbers: other weights of boundaries than the catalog's, by product and name.
        times: let each component crash in simulated time; without it structure alone is found, and faster.

    Raises:
        UsageError: a mistake in the stack, or tenants that do not fit.
    """
    catalog = Catalog()
    asked = point(catalog, stack, tenants, machine)
    site = build(asked).site
    first, second, *_ = site.tops
    sizes = _Sizes(catalog, machine, numbers or {}, set(site.names.values()))
    return Blast(
        stack=next(iter(asked["tenants"].values()))["expression"],
        machine=machine,
        tenants=tuple(site.tops),
        tree=tuple(_tree(site)),
        rows=tuple(_rows(site, asked, catalog, times)),
        routes=tuple(tuple(sizes.reach(each) for each in route) for route in routes(site, first, second)),
        evidence=sizes.evidence(),
    )


def _tree(site: Site) -> list[dict[str, str]]:
    roles = {role.path: name for node in site.nodes.values() for name, role in node.roles.items()}
    return [
        {
            "path": path,
            "below": node.below.path if node.below is not None else "",
            "product": site.names[path],
            "role": roles.get(path, ""),
            "owner": site.owners.get(path, ""),
        }
        for path, node in site.nodes.items()
        if path != HARDWARE
    ]


# ---- components


def _rows(site: Site, asked: Mapping[str, Any], catalog: Catalog, times: bool) -> Iterator[Row]:
    """A row for each component; what each tenant has one of is let crash once, and starts as fast for all."""
    known_s: dict[tuple[str, str], float | None] = {}
    for component in components(site):
        own = (component.product, component.role or component.part.name)
        key = own if component.owner else (component.name, "")
        if not component.owner or key not in known_s:
            known_s[key] = restart_s(component, asked) if times else None
        yield _row(site, component, asked, catalog, known_s[key])


def _row(site: Site, component: Component, asked: Mapping[str, Any], catalog: Catalog, time_s: float | None) -> Row:
    hits = tuple(_hits(site, component))
    product = _recovering(site, component, catalog, asked["machine"]["base"])
    driver = bool(component.role)
    in_place = product.get("driver_restart_s" if driver else "micro_reboot_s")
    ratio = None if driver else product.get("recovered_ratio")
    return Row(
        component=component.name,
        product=component.product,
        part=component.role or component.part.name,
        path=_path(component),
        owner=component.owner,
        hits=hits,
        reaches=reached(site, component),
        restart_s=time_s,
        in_place_s=None if in_place is None else in_place.value,
        recovered_ratio=None if ratio is None else ratio.value,
    )


def _path(component: Component) -> str:
    """Where it runs: a daemon on the system below its product."""
    node = component.node
    if component.part.each == "system" and node.below is not None:
        return node.below.path
    return node.port or node.path


def _hits(site: Site, component: Component) -> list[Hit]:
    """Every kind of fault that a component can have; a panic is a kernel's crash, an escape has a boundary."""
    found = []
    for name, family in kinds().items():
        if name in ("panic", "escape"):
            continue
        kind = family()
        tables = ("memory", *component.node.layer.EXHAUSTIBLE) if kind.NEEDS_RESOURCE else ("",)
        found += [
            Hit(name, resource, kind.effects(site, component))
            for resource in tables
            if not kind.problem(component, resource)
        ]
    return found


def _recovering(site: Site, component: Component, catalog: Catalog, machine: str) -> Mapping[str, Quantity]:
    """What is known of recovering in place: a driver domain's is its hypervisor's business."""
    below = component.node.below
    name = site.names[below.path] if component.role and below is not None else component.product
    return catalog.layer(name, machine).recovery


# ---- boundaries


class _Sizes:
    """Numbers of boundaries: the catalog's, or others that were given."""

    def __init__(self, catalog: Catalog, machine: str, given: Mapping[Figure, float], products: set[str]) -> None:
        self._given = given
        self._numbers = {name: catalog.layer(name, machine).boundary for name in sorted(products)}

    def reach(self, boundary: Boundary) -> Reach:
        """One boundary with its sizes."""
        width, code = self._first(boundary.width), self._first(boundary.code)
        return Reach(boundary.interface, boundary.product, boundary.into.name, width, code)

    def evidence(self) -> dict[str, dict[str, Size]]:
        """All that is known of each product."""
        return {
            product: {name: self._size((product, name)) for name in numbers}
            for product, numbers in self._numbers.items()
            if numbers
        }

    def _first(self, figures: Sequence[Figure]) -> Size:
        sizes = (self._size(figure) for figure in figures)
        return next((size for size in sizes if size.value is not None), Size(None))

    def _size(self, figure: Figure) -> Size:
        product, name = figure
        if figure in self._given:
            return Size(self._given[figure], kind="given")
        quantity = self._numbers[product].get(name)
        if quantity is None:
            return Size(None)
        return Size(quantity.value, quantity.low, quantity.high, quantity.kind, quantity.source, quantity.where)
