"""Numbers of the catalog with their ranges and sources, for an arithmetic by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from simulator.catalog import Catalog
from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.units import format_quantity


class Numbers(Mapping[str, float]):
    """Numbers by name, in SI units; shown with range, kind and source.

    Args:
        rows: as the catalog describes them, by name.
    """

    def __init__(self, rows: Mapping[str, Mapping[str, Any]]) -> None:
        self._rows = rows

    def __getitem__(self, name: str) -> float:
        return float(self._rows[name]["value"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _repr_markdown_(self) -> str:
        lines = ["| | | | |", "|---|---:|---|---|"]
        lines += [f"| `{name}` | {value} | {span} | {source} |" for name, value, span, source in self._shown()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return "\n".join(f"{name} = {value} ({span}); {source}" for name, value, span, source in self._shown())

    def _shown(self) -> Iterator[tuple[str, str, str, str]]:
        for name, row in self._rows.items():
            value, low, high = (format_quantity(float(row[part]), row["unit"]) for part in ("value", "low", "high"))
            source = ", ".join(str(row[part]) for part in ("kind", "source", "where") if row[part])
            yield name, value, f"{low} – {high}", source


def numbers(product: str, *names: str, machine: str, kind: str = "layers") -> Numbers:
    """Some numbers of a product as they hold on a machine, and where they come from.

    ``numbers("kvm-6", "exit_cycles", machine="laptop-2025")["exit_cycles"]``

    Args:
        product: of the catalog.
        names: of its numbers.
        machine: for which they are asked.
        kind: part of the catalog: ``layers``, ``virtual_hardware``, ``workloads``, ...

    Raises:
        CatalogError: there is no such product or machine.
        UsageError: the product has no such number.
    """
    catalog = Catalog()
    name = catalog.resolve_name(kind, product)
    rows = {str(row["parameter"]): row for row in catalog.describe(kind, name, machine)}
    for wanted in names:
        if wanted not in rows:
            raise UsageError(f"{name} has no number {wanted!r}; {suggestion(wanted, rows)}")
    return Numbers({wanted: rows[wanted] for wanted in names})


__all__ = ["Numbers", "numbers"]
