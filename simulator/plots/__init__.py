"""Figures of a batch: one module each, with its ``TITLE``, a ``frame`` of results, and ``draw`` to make a figure of it.

A figure is found by the fact of existing, here or in ``modules/plots`` of a folder in ``VIRTLAB_CATALOG``. The same
results give the same files, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator import discovery
from simulator.plots._labels import Places, product_names, records, short_names

if TYPE_CHECKING:
    from simulator.results import Results

__all__ = ["Places", "draw", "figures", "product_names", "records", "short_names"]


def figures() -> dict[str, str]:
    """The title of each figure by name."""
    return {name: discovery.member("plots", name).TITLE for name in sorted(discovery.members("plots"))}


def draw(results: Results, names: Iterable[str] = (), folder: Path | None = None) -> list[Path]:
    """Draw figures of a batch, each as SVG and PNG.

    Args:
        results: the batch.
        names: which figures; all if none is named.
        folder: where to write them; by default ``figures`` in the batch's folder.

    Returns:
        the files, in order; a figure that has nothing to show is left out.

    Raises:
        CatalogError: there is no such figure.
    """
    from simulator.plots import _style

    chosen: dict[str, Any] = {name: discovery.member("plots", name) for name in names or figures()}
    target = results.folder / "figures" if folder is None else folder
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, module in chosen.items():
        table = module.frame(results)
        if not table.empty:
            with _style.settings():
                written += _style.save(module.draw(table), target / name)
    return written
