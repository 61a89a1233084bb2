"""Figures of a batch: one module each, with its ``TITLE``, a ``frame`` of results, and ``draw`` to make a figure of it.

A figure is found by the fact of existing, here or in ``modules/plots`` of a folder in ``VIRTLAB_CATALOG``. The same
results give the same files, byte for byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator import discovery
from simulator.batch.storage import guarded
from simulator.errors import UsageError
from simulator.plots._labels import STACK, Places, product_names, records, short_names
from simulator.plots._style import check_kind

if TYPE_CHECKING:
    from simulator.blast import Blast
    from simulator.pool import PoolResults
    from simulator.results import Results
    from simulator.sharing.drawing.outcome import Outcome
    from simulator.validation.rows import Row

__all__ = [
    "Picture",
    "Places",
    "check_kind",
    "draw",
    "draw_as",
    "draw_isolation",
    "draw_pool",
    "draw_predicted",
    "draw_sharing",
    "draw_warmup",
    "figures",
    "pictures",
    "product_names",
    "records",
    "short_names",
    "unreadable",
    "usual",
]


def figures() -> dict[str, str]:
    """The title of each figure by name."""
    return {name: discovery.member("plots", name).TITLE for name in sorted(discovery.members("plots"))}


def usual() -> list[str]:
    """The figures that are drawn after a run; the others are drawn where they are asked for."""
    return [name for name in figures() if not getattr(discovery.member("plots", name), "ON_DEMAND", False)]


def draw(results: Results, names: Iterable[str] = (), folder: Path | None = None) -> list[Path]:
    """Draw figures of a batch, each as SVG and PNG.

    Args:
        results: the batch.
        names: which figures; all if none is named.
        folder: where to write them; by default ``figures`` in the batch's folder.

    Returns:
        the files, in order; a figure that has nothing to show is left out, or too much to be read.

    Raises:
        CatalogError: there is no such figure.
        StorageError: they cannot be written.
    """
    from simulator.plots import _style

    chosen = _chosen(names)
    for name in unreadable(results, list(chosen)):
        del chosen[name]
    target = results.folder / "figures" if folder is None else folder
    with guarded(target):
        target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, module in chosen.items():
        table = module.frame(results)
        if not table.empty:
            with _style.settings():
                written += _style.save(module.draw(table), target / name)
    return written


class Picture(NamedTuple):
    """A figure as a picture.

    Attributes:
        name: of the figure.
        title: what it asks.
        about: what it shows, in a sentence.
        png: the picture.
    """

    name: str
    title: str
    about: str
    png: bytes


_FIRST = (
    "trade_offs",
    "who_hurts_whom",
    "density",
    "cost",
    "where",
    "intensity",
    "latencies",
    "timeline",
    "migrations",
)
"""The order of pictures; all others follow by name."""


def pictures(results: Results) -> Iterator[Picture]:
    """Every figure that has something to show of a batch as a small file, those first that answer most.

    Args:
        results: the batch.
    """
    from simulator.plots import _style

    chosen = _chosen(())
    for name in unreadable(results):
        del chosen[name]
    for name in sorted(chosen, key=lambda each: (_FIRST.index(each) if each in _FIRST else len(_FIRST), each)):
        module = chosen[name]
        table = module.frame(results)
        if not table.empty:
            about = str(module.__doc__ or "").split("\n\n")[0].replace("\n", " ").partition(": ")[2]
            with _style.settings():
                yield Picture(name, module.TITLE, about[:1].upper() + about[1:], _style.picture(module.draw(table)))


def unreadable(results: Results, names: Iterable[str] = ()) -> list[str]:
    """Which of these figures ``draw`` leaves out: they would show every place on the axes, and there are too many."""
    limits = {name: getattr(module, "MOST_PLACES", None) for name, module in _chosen(names).items()}
    beside = [name for name in results.axes if name != STACK]
    places = len(results.runs[beside].drop_duplicates()) if beside else 1
    return [name for name, most in limits.items() if most is not None and places > most]


def _chosen(names: Iterable[str]) -> dict[str, Any]:
    return {name: discovery.member("plots", name) for name in names or figures()}


def draw_as(name: str, folder: Path, path: Path) -> None:
    """Draw one figure of a batch into a file.

    Args:
        name: which figure.
        folder: of the batch.
        path: of the file, with ``.png`` or ``.svg``.

    Raises:
        UsageError: another kind of file is wanted, or the figure has nothing to show.
    """
    from simulator.plots import _style
    from simulator.results import load

    check_kind(path)
    module: Any = discovery.member("plots", name)
    table = module.frame(load(folder))
    if table.empty:
        raise UsageError(f"{folder} has nothing to show as {name!r}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _style.settings():
        _style.save_as(module.draw(table), path)


def draw_sharing(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw what the threads of a drawing got, one panel for each outcome.

    Args:
        outcomes: of the same drawing, e.g. under several schedulers.
        path: of the file, with ``.png`` or ``.svg``.

    Raises:
        UsageError: another kind of file is wanted, or nothing is drawn that computes.
    """
    from simulator.plots import _schedule, _style

    check_kind(path)
    if not outcomes[0].threads:
        raise UsageError(f"there is no thread in '{outcomes[0].drawing}', nothing can be drawn; put an 'o' into it")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _style.settings():
        _style.save_as(_schedule.draw(outcomes), path)


def draw_blast(found: Sequence[Blast], path: Path) -> None:
    """Draw what faults take down on the tree of each stack.

    Args:
        found: of ``simulator.blast``, a panel each.
        path: of the file, with ``.png`` or ``.svg``.

    Raises:
        UsageError: another kind of file is wanted.
    """
    from simulator.plots import _blast, _style

    check_kind(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _style.settings():
        _style.save_as(_blast.draw(found), path)


def draw_isolation(answer: Mapping[str, Any], path: Path, metric: str = "value") -> Path:
    """Draw who hurts whom; returns the path.

    Args:
        answer: as ``Isolation.data`` gives it.
        path: of the file, with ``.png`` or ``.svg``.
        metric: what is shown of the victim.

    Raises:
        UsageError: another kind of file is wanted.
    """
    from simulator.plots import _style, who_hurts_whom

    check_kind(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _style.settings():
        _style.save_as(who_hurts_whom.draw(who_hurts_whom.table([answer], metric)), path)
    return path


def draw_warmup(answer: Mapping[str, Any], path: Path) -> Path:
    """Draw how figures settle; returns the path.

    Args:
        answer: as ``Warmup.data`` gives it.
        path: of the file, with ``.png`` or ``.svg``.

    Raises:
        UsageError: another kind of file is wanted, or there is no series to draw.
    """
    from simulator.plots import _settling, _style

    check_kind(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _style.settings():
        _style.save_as(_settling.draw(answer), path)
    return path


def draw_predicted(rows: Sequence[Row], path: Path) -> Path:
    """Draw predictions against published figures; returns the path.

    Args:
        rows: of a validation.
        path: of the file, with ``.png`` or ``.svg``.

    Raises:
        UsageError: another kind of file is wanted, or nothing was predicted of what judges.
    """
    from simulator.plots import _predicted, _style

    check_kind(path)
    judged = [row for row in rows if row.judged]
    if not judged:
        raise UsageError("no figure that judges was predicted, nothing can be drawn; validate other experiments")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _style.settings():
        _style.save_as(_predicted.draw(judged), path)
    return path


def draw_pool(results: PoolResults, folder: str | os.PathLike[str]) -> list[Path]:
    """Draw a pool of hosts over time, where it has a duration, and how its hosts were used; returns the files.

    Args:
        results: of ``simulator.pool``.
        folder: of the results; the figures go into ``figures`` in it.
    """
    from simulator.plots import _pool, _style

    target = Path(folder) / "figures"
    with guarded(target):
        target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with _style.settings():
        if results.tables["samples"]:
            written += _style.save(_pool.draw_time(results), target / "over_time")
        written += _style.save(_pool.draw_hosts(results), target / "hosts")
    return written
