"""``virtlab plan``: the points of scenarios, what is finished of them, and how long the rest takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from simulator.cli.budgets import budget as budget_option
from simulator.cli.output import as_json as json_option
from simulator.cli.output import complain, say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.planning import Plan
    from simulator.planning.estimate import Estimate, Span

_MOST_POINTS = 30
_MOST_VALUES = 6
_MOST_STACKS = 30
_WIDEST = 40
_STEPS = ((60.0, 1.0, "s"), (3600.0, 60.0, "min"), (48 * 3600.0, 3600.0, "h"), (float("inf"), 86400.0, "d"))


@click.command()
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...", type=click.Path())
@click.option("--out", default="results", type=click.Path(file_okay=False), help="Folder of all results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@click.option("--on", default="", metavar="WHERE", help="Where it would run, as for 'run'.")
@click.option("--replications", type=int, help="Runs of each point, instead of the scenario's.")
@click.option("--seed", type=int, help="Root of all luck, instead of the scenario's.")
@click.option("--fidelity", help="Algorithm that shares the devices, instead of the scenario's.")
@budget_option
@click.option("--points", "all_points", is_flag=True, help="Print every point, however many there are.")
@click.option(
    "--pilot", "pilot_s", type=click.FloatRange(min=0.0), default=5.0, show_default=True, metavar="SECONDS",
    help="How long points may be tried where no earlier batch says how long they take; 0: not at all.",
)  # fmt: skip
@json_option
def command(
    scenarios: tuple[str, ...], out: str, jobs: int | None, on: str, all_points: bool, pilot_s: float, as_json: bool,
    **changes: Any,
) -> None:  # fmt: skip
    """Print what 'run' would run: points, their number, and an estimate of the time.

    Nothing is written. Runs that are finished in the folder of results are not counted again.
    """
    from simulator.cli.loading import load_all
    from simulator.planning import plan

    loaded = load_all(scenarios, {name: value for name, value in changes.items() if value is not None})
    found = []
    for number, scenario in enumerate(loaded):
        each = plan(scenario, out=out, jobs=jobs, on=on, pilot_s=pilot_s)
        found.append(each)
        for failure in each.failures:
            complain(f"a run of the pilot failed: {failure}")
        if not as_json:
            say([*([""] if number else []), *_text(each, all_points)])
    if as_json:
        say_json([_data(each) for each in found])


def _text(plan: Plan, all_points: bool) -> list[str]:
    """A plan for a reader."""
    lines = [plan.scenario.title, ""]
    lines += [*_axes(plan), ""] if plan.axes else []
    lines += [*_points(plan, all_points), "", _runs(plan)]
    limits = ", ".join(f"{name}={size}" for name, size in plan.scenario.budget.words().items())
    lines += [f"each run ends at: {limits}"] if limits else []
    if plan.estimate is not None:
        lines += ["", *_stacks(plan.estimate), "", *_time(plan.estimate, str(plan.folder))]
    elif plan.to_run[1]:
        lines += ["no estimate: nothing was run of it before, and no pilot"]
    return lines


def _axes(plan: Plan) -> list[str]:
    from simulator.explain.columns import columns

    steps = {name: group for group in plan.scenario.side_by_side for name in group if len(group) > 1}
    rows = []
    for name, values in plan.axes.items():
        others = [other for other in steps.get(name, ()) if other != name]
        rows.append(
            [name, str(len(values)), _shortened(values), *([f"in step with {', '.join(others)}"] * bool(others))]
        )
    return columns(rows, "<><<", ("axis", "values", "", ""))


def _shortened(values: Sequence[Any]) -> str:
    """Values in a line, without the middle where there are many."""
    texts = [_cell(value) for value in values]
    if len(texts) > _MOST_VALUES:
        texts = [*texts[: _MOST_VALUES - 2], "...", texts[-1]]
    return ", ".join(texts)


def _cell(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


def _points(plan: Plan, all_points: bool) -> list[str]:
    """The points, one in a line, with what is left of each where something is finished."""
    from simulator.explain.columns import columns

    names = [name for name in plan.axes if name != "stack"]
    points = plan.points
    cut = not all_points and len(points) > _MOST_POINTS
    shown = [*points[: _MOST_POINTS // 2], *points[-_MOST_POINTS // 2 :]] if cut else points
    some = plan.finished > 0
    rows = []
    for point in shown:
        axes = point["axes"]
        values = [_cell(axes[name]) if name in axes else "" for name in names]
        left = [_range(plan.left[point["point"]])] if some else []
        rows.append([str(point["point"]), _cell(point["stack"]), *values, *left])
    heads = ["point", "stack", *names, *(["to run"] if some else [])]
    align = "><" + "".join(">" if _is_number(plan.axes[name]) else "<" for name in names) + (">" if some else "")
    lines = columns(rows, align, heads)
    if cut:
        middle = 2 + _MOST_POINTS // 2
        lines.insert(middle, f"  ... {len(points) - _MOST_POINTS} more: --points prints all, --json too ...")
    return lines


def _is_number(values: Sequence[Any]) -> bool:
    from simulator.results.tables import is_number

    return is_number(values)


def _runs(plan: Plan) -> str:
    """How many runs there are, and how many of them are left."""
    scenario, points = plan.scenario, len(plan.points)
    how = str(scenario.stopping) if scenario.stopping else f"{scenario.replications} replications"
    without = f" (conditions leave out {scenario.left_out} more)" if scenario.left_out else ""
    text = f"{_number(points, 'point')}{without} x {how} = {_range(plan.runs)} runs"
    if not plan.finished:
        return text
    left = _range(plan.to_run) if plan.to_run[1] else "none"
    return f"{text}; {plan.finished} finished in {plan.folder}, {left} to run"


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _range(ends: tuple[int, int]) -> str:
    return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def _stacks(estimate: Estimate) -> list[str]:
    """What one run takes on each stack, and all of them."""
    from simulator.explain.columns import columns

    shown = sorted(estimate.stacks, key=lambda each: -each.work_s.likely)[:_MOST_STACKS]
    rows = [
        [each.stack, str(each.runs), str(each.measured), *_lasting(each.run_s), lasting(each.work_s.likely)]
        for each in estimate.stacks
        if each in shown
    ]
    lines = columns(rows, "<>>>>>", ("stack", "runs", "measured", "one run", "from - to", "together"))
    more = len(estimate.stacks) - len(rows)
    return [*lines, f"{more} stacks that take less are left out"] if more else lines


def _lasting(span: Span) -> tuple[str, str]:
    return lasting(span.likely), f"{lasting(span.low)} - {lasting(span.high)}"


def _time(estimate: Estimate, folder: str) -> list[str]:
    """How long it takes, and how large it gets."""
    likely, between = _lasting(estimate.wall_s)
    about = "at least" if estimate.at_least else "about"
    who = _number(estimate.workers, "worker")
    lines = [f"{about} {likely} on {who} ({between}), estimated from {estimate.source}"]
    if estimate.at_least:
        lines.append("some runs of the pilot were cut short; a longer one (--pilot) sees them to their end")
    if estimate.disk_bytes is not None:
        lines.append(f"about {_size(estimate.disk_bytes)} of results in {folder}")
    return lines


def lasting(seconds: float) -> str:
    """A time for a reader, with two digits: ``0.42 s``, ``3.5 min``, ``12 h``."""
    if seconds < 1.0:
        return f"{max(seconds, 0.001):.2g} s" if seconds >= 0.1 else f"{1e3 * seconds:.2g} ms"
    _, unit_s, unit = next(step for step in _STEPS if seconds < step[0])
    number = seconds / unit_s
    return f"{number:.1f} {unit}" if number < 9.95 else f"{number:.0f} {unit}"


def _size(size_bytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size_bytes < 1000.0:
            return f"{size_bytes:.2g} {unit}" if size_bytes < 10.0 else f"{size_bytes:.0f} {unit}"
        size_bytes /= 1000.0
    return f"{size_bytes:.1f} TB"


def _data(plan: Plan) -> dict[str, Any]:
    """A plan for a program."""
    scenario, estimate = plan.scenario, plan.estimate
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "folder": str(plan.folder),
        "axes": plan.axes,
        "points": [
            {
                **{name: point[name] for name in ("point", "stack", "expression", "axes")},
                "machine": point["machine"]["name"],
                "to_run": plan.left[point["point"]][0],
                "to_run_at_most": plan.left[point["point"]][1],
            }
            for point in plan.points
        ],
        "left_out": scenario.left_out,
        "side_by_side": [list(each) for each in scenario.side_by_side],
        "replications": str(scenario.stopping) if scenario.stopping else scenario.replications,
        "budget": scenario.budget.words(),
        "runs": {
            "total": plan.runs[0],
            "total_at_most": plan.runs[1],
            "finished": plan.finished,
            "to_run": plan.to_run[0],
            "to_run_at_most": plan.to_run[1],
        },
        "estimate": None if estimate is None else _estimate(estimate),
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "source": estimate.source,
        "workers": estimate.workers,
        "wall_s": estimate.wall_s._asdict(),
        "work_s": estimate.work_s._asdict(),
        "at_least": estimate.at_least,
        "disk_bytes": estimate.disk_bytes,
        "stacks": [
            each._asdict() | {"run_s": each.run_s._asdict(), "work_s": each.work_s._asdict()}
            for each in estimate.stacks
        ],
    }
