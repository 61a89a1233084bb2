"""One entry of the catalog as text: what it is, its mechanisms, its numbers, and the sources they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from simulator import discovery
from simulator.catalog import Catalog, Product
from simulator.explain.columns import columns
from simulator.units import format_quantity

_PRODUCT: Mapping[str, Callable[[Catalog, str, str], Product]] = {
    "layers": Catalog.layer,
    "workloads": Catalog.workload,
    "virtual_hardware": Catalog.virtual_hardware,
    "schedulers": Catalog.scheduler,
}
_HEADS = ("parameter", "value", "range", "kind", "source", "where")


def sheet(catalog: Catalog, kind: str, name: str, machine: str | None) -> list[str]:
    """All lines of the entry."""
    rows = catalog.describe(kind, name, machine)
    keys = sorted({str(row["source"]) for row in rows if row["source"]})
    numbers = columns([_cells(row) for row in rows], "<>><<<", _HEADS)
    return [
        *_head(catalog, kind, name, machine),
        "",
        *numbers,
        "",
        *(f"{k}: {catalog.source(k).citation}" for k in keys),
    ]


def _head(catalog: Catalog, kind: str, name: str, machine: str | None) -> list[str]:
    """What the entry is."""
    if kind == "machines":
        found = catalog.machine(name)
        return [found.name, f"{found.title}, {found.year}", f"executes: {found.architecture}"]
    if kind not in _PRODUCT:
        return list(_shipped(catalog, kind, name))
    chosen = machine or catalog.names("machines")[0]
    product = _PRODUCT[kind](catalog, name, chosen)
    structure = (f"{key.replace('_', ' ')}: {value}" for key, value in product.structure.items())
    lines = [product.name, product.title, *_standing(product), *structure]
    if kind in ("virtual_hardware", "schedulers"):
        return lines
    if kind == "workloads":
        metric = product.metric
        return [*lines, f"metric: {metric['name']}, {metric['unit']} ({metric['better']} is better)"]
    mechanisms = discovery.member("layers", product.family).LAYER.MECHANISMS
    rows = [[f"  {key}", each.kind, each.meaning] for key, each in mechanisms.items()]
    return [*lines, "mechanisms:", *columns(rows, "<<<")]


def _shipped(catalog: Catalog, kind: str, name: str) -> Iterator[str]:
    """An image with all its layers, those of its base included; a package with what it needs; a registry."""
    full = catalog.resolve_name(kind, name)
    yield from (full, catalog.title(kind, full))
    if kind == "packages" and catalog.depends(full):
        yield f"needs: {', '.join(catalog.depends(full))}"
    if kind == "images":
        image = catalog.image(full)
        sizes = [(each.name, each.files_count, each.unpacked_bytes, each.compressed_bytes, each.start_read_bytes)
                 for each in image.layers]  # fmt: skip
        rows = [
            [f"  {layer}", f"{files:.0f}", *(f"{size / 1e6:.3f} MB" for size in more)] for layer, files, *more in sizes
        ]
        yield from columns(rows, "<>>>>", ("layers, lowest first", "files", "unpacked", "compressed", "read at start"))


def _standing(product: Product) -> Iterator[str]:
    """What it is built for, what it offers, and what it lacks; lines without anything to say are left out."""
    words = {
        "runs on": product.runs_on,
        "machine code for": product.architectures,
        "offers the interface of": (product.abi,) if product.abi else (),
        **{f"{kind} by default, and others": names for kind, names in product.hardware.items()},
        "scheduler": (product.scheduler,) if product.scheduler else (),
        "policy": (product.family,) if product.kind == "schedulers" else (),
        "lacks": product.lacks,
        "adds": product.adds,
        "class files": ("yes",) if product.bytecode else (),
    }
    yield from (f"{key}: {', '.join(names)}" for key, names in words.items() if names)


def _cells(row: Mapping[str, Any]) -> list[str]:
    unit, low, high = row["unit"], row["low"], row["high"]
    span = f"{format_quantity(low, unit)} to {format_quantity(high, unit)}" if low != high else ""
    marks = [row["kind"], *(mark for mark in ("transferred", "fitted") if row[mark])]
    where = f"{row['where']} ({row['meaning']})" if row["meaning"] else row["where"]
    return [row["parameter"], format_quantity(row["value"], unit), span, ", ".join(marks), row["source"], where]
