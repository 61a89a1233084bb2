"""Sweeps: a scenario over some values of anything in it, as one table."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator import batch, watching
from simulator.errors import Problem, ScenarioError, UnitError, UsageError
from simulator.records import TABLES
from simulator.results.frames import labelled
from simulator.results.intervals import check_level
from simulator.results.tables import Axes, is_number
from simulator.scenario import load
from simulator.scenario.scenario import as_written
from simulator.scenario.sweep.writing import SWEEP
from simulator.units import DIMENSIONS, parse_quantity

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import pandas as pd

    from simulator.batch.progress import Progress
    from simulator.results import Results
    from simulator.scenario import Scenario

QUANTITIES = ("s", "bytes", "bytes_per_s", "hz", "ratio", "watts", "j")
"""Units of which an axis gets a column of numbers; a count is a number as it is written."""
OF_MEAN = ("mean", "ci_low", "ci_high")
OF_OVERHEAD = ("overhead_percent", "overhead_low", "overhead_high")
OF_RATIO = ("ratio_mean", "ratio_low", "ratio_high")


def sweep(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    axes: Mapping[str, Any],
    *,
    metric: str | Sequence[str] | None,
    level: float,
    out: str | os.PathLike[str],
    jobs: int | None,
    on: str | Executor,
    progress: Progress | bool | None,
    changes: Mapping[str, Any],
    forms: Mapping[str, Any],
) -> pd.DataFrame:
    """See ``simulator.sweep``; ``forms`` are the other keys of ``sweep`` in a scenario."""
    metrics = [metric] if metric is None or isinstance(metric, str) else list(metric)
    _check(metrics, level)
    twice = sorted({*axes} & {*changes})
    if twice:
        raise UsageError(f"{twice[0]} is given twice: among the axes and beside them; leave one out")
    written = as_written(scenario)
    fixed = {path: each for path, each in axes.items() if not _is_axis(path, each)}
    varying = {path: values(path, each) for path, each in axes.items() if path not in fixed}
    section = _section(written.data.get(SWEEP), varying, {name: each for name, each in forms.items() if each})
    loaded = load(scenario, overrides={**changes, **fixed, **({SWEEP: section} if section else {})})
    watcher = watching.chosen(progress, loaded.name)
    return table(batch.run(loaded, out=out, jobs=jobs, on=on, progress=watcher), metrics, level)


def _is_axis(path: str, given: Any) -> bool:
    """Whether several values are given: a list, or a range as scenarios have them."""
    if isinstance(given, Mapping):
        return "from" in given and "to" in given
    return path != "stacks" and not isinstance(given, str | bytes) and isinstance(given, Iterable)


def _section(known: Any, axes: Mapping[str, Any], forms: Mapping[str, Any]) -> dict[str, Any]:
    """What stands under ``sweep``, beside what the scenario has there; empty if nothing is added."""
    before = known if isinstance(known, dict) else {}
    if not axes and not forms:
        return {}
    section = {**before, **forms}
    over = (forms.get("design") or {}).get("over")
    if isinstance(over, Mapping):
        section["design"] = {**forms["design"], "over": {path: values(path, each) for path, each in over.items()}}
    return section | ({"axes": {**(before.get("axes") or {}), **axes}} if axes else {})


def values(path: str, given: Any) -> Any:
    """The values of an axis as a list, or a range as it is given.

    Raises:
        ScenarioError: there is no value in it, or they have no order.
    """
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        return given
    if isinstance(given, set | frozenset):
        raise _mistake(path, "a set has no order, and so no first point", "give a list")
    found = list(given.tolist() if hasattr(given, "tolist") else given)
    if not found:
        raise _mistake(path, "an axis without values leaves no point", "give one value or more")
    return found


def table(results: Results, metrics: Sequence[str | None], level: float) -> pd.DataFrame:
    """The results as one table; see ``simulator.sweep``."""
    import pandas as pd

    names = list(results.axes)
    points = _points(results, names)
    measured = pd.concat([results.summary(metric, level) for metric in metrics], ignore_index=True)
    found = points.merge(measured, on=names, how="left") if names else points.merge(measured, how="cross")
    if found.empty:
        found = points.reindex(columns=[*measured.columns, "failed"])
    found[["n", "pairs"]] = found[["n", "pairs"]].fillna(0).astype("int64")
    found = labelled(found[[*measured.columns, "failed"]], results.axes)
    for name, (column, _, numbers) in quantities(results.axes).items():
        place = list(found.columns).index(name) + 1
        found.insert(place, column, found[name].astype("object").map(numbers).astype("float64"))
    found.attrs |= _about(results, found, level)
    return found


def quantities(axes: Axes) -> dict[str, tuple[str, str, dict[str, float]]]:
    """For each axis of nothing but quantities a column of numbers: its name, its unit, a number for each label."""
    found = {}
    for name, labels in axes.items():
        for unit in () if is_number(labels) else QUANTITIES:
            try:
                numbers = {str(label): parse_quantity(label, DIMENSIONS[unit]) for label in labels}  # type: ignore[arg-type]
            except UnitError:
                continue
            found[name] = (f"{name}_{unit}", unit, numbers)
            break
    return found


def _points(results: Results, names: Sequence[str]) -> pd.DataFrame:
    """Every point with the number of its runs that failed."""
    import pandas as pd

    failed = (results.runs["status"] != "ok").astype("int64")
    if not names:
        return pd.DataFrame({"failed": [failed.sum()]})
    runs = results.runs[list(names)].assign(failed=failed)
    return runs.groupby(list(names), sort=False, observed=True, dropna=False)["failed"].sum().reset_index()


def _about(results: Results, found: pd.DataFrame, level: float) -> dict[str, Any]:
    """What the columns cannot say."""
    units = {str(unit) for unit in found["unit"].dropna()}
    of_mean = units.pop() if len(units) == 1 else "see the column unit"
    return {
        "folder": str(results.folder),
        "identity": results.manifest["identity"],
        "status": results.status,
        "baseline": results.baseline,
        "level": level,
        "units": {
            **{column: unit for column, unit, _ in quantities(results.axes).values()},
            **dict.fromkeys(OF_MEAN, of_mean),
            **dict.fromkeys(OF_RATIO, "ratio"),
            **dict.fromkeys(OF_OVERHEAD, "%"),
            **dict.fromkeys(("n", "pairs", "failed"), "count"),
        },
    }


def _check(metrics: Sequence[str | None], level: float) -> None:
    """All that can be wrong with the question, before anything is run."""
    known = [column.name for column in TABLES["tenants"] if column.kind != "text"]
    unknown = [metric for metric in metrics if metric not in (None, *known)]
    if unknown:
        raise UsageError(f"no metric {unknown[0]!r}; there are: {', '.join(known)}")
    if not metrics:
        raise UsageError("no metric is asked for; leave it out for each workload's own")
    check_level(level)


def _mistake(path: str, message: str, remedy: str) -> ScenarioError:
    return ScenarioError([Problem("axes", 0, 0, path, message, remedy)])
