"""What was done to whom, and when: a lane for each tenant with its states, what was done to it, and what befell it.

A panel for each point of the axes, of its first replication; every other run can be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulator.plots import _spans
from simulator.plots._labels import Places, records
from simulator.plots._looks import CHARACTER, INK, PALETTE, WIDTH
from simulator.plots._spans import DOWN, FAULT, OPERATION, PAUSED, RUNNING, STARTING, STATES, Span
from simulator.plots._style import legend
from simulator.units import format_quantity

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "What was done to whom, and when?"
MOST_PANELS, MOST_LANES = 6, 24
"""Runs and tenants that a figure shows; of more, the first runs, and the tenants to which something was done."""
_LOOKS: dict[str, dict[str, Any]] = {
    STARTING: {"facecolor": "#d9d9d9", "hatch": "///"},
    RUNNING: {"facecolor": PALETTE[6], "hatch": ""},
    PAUSED: {"facecolor": "#ffffff", "hatch": "..."},
    DOWN: {"facecolor": "#ffffff", "hatch": "xxx"},
}
_DONE, _NOT_DONE, _FELL = PALETTE[3], PALETTE[2], PALETTE[5]
_LANE, _MARK, _REST = 0.34, 0.24, 0.8
"""Inches of a lane's states, of a line of marks in it, and of what a panel has around."""
_CHARACTERS = CHARACTER / (WIDTH - 1.5)
"""Part of the width that a character of a label takes."""


def frame(results: Results) -> pd.DataFrame:
    """The spans of the first replication of each point; nothing where nothing was done and nothing failed."""
    if results.operations.empty and results.faults.empty:
        return table(results, ())
    first = [str(run) for run in results.runs.loc[results.runs["replication"] == 0, "run"]]
    return table(results, first[:MOST_PANELS])


def table(results: Results, runs: Sequence[str]) -> pd.DataFrame:
    """A row for each span of some runs: ``run``, ``panel``, ``lane``, ``kind``, from when to when, and its label."""
    import pandas as pd

    places = Places(results, records(results.runs))
    found: list[dict[str, Any]] = []
    for run in records(results.runs[results.runs["run"].isin(list(runs))]):
        tables = (results.tenants, results.operations, results.faults)
        tenants, operations, faults = (records(each[each["run"] == run["run"]]) for each in tables)
        panel = ", ".join((str(run["stack"]), *places.cells(run)))
        each = _spans.spans(tenants, operations, faults, float(run["simulated_s"]))
        found += [{"run": run["run"], "panel": panel, **span._asdict()} for span in each]
    made = pd.DataFrame(found, columns=["run", "panel", *Span._fields])
    made.attrs["title"] = results.manifest["scenario"]["title"]
    return made


def draw(found: pd.DataFrame) -> Figure:
    """A panel for each run, one under the other, on one axis of time."""
    from matplotlib.figure import Figure

    panels = [(str(panel), _of(group)) for (_, panel), group in found.groupby(["run", "panel"], sort=False)]
    end_s = float(found["end_s"].max())
    heights = [_height(spans, end_s) for _, spans in panels]
    figure = Figure(figsize=(WIDTH, 1.0 + sum(heights)), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True, height_ratios=heights).flat
    for each, (panel, spans) in zip(axes, panels, strict=True):
        _panel(each, spans, end_s)
        each.set_title(panel, loc="left", fontsize="medium", fontweight="bold")
    axes[len(panels) - 1].set_xlabel("time, s")
    figure.suptitle(found.attrs.get("title", TITLE))
    _legend(figure, found)
    return figure


def _of(group: pd.DataFrame) -> list[Span]:
    return [Span(*(row[name] for name in Span._fields)) for row in records(group)]


def _marks(spans: Sequence[Span], lane: str, end_s: float) -> list[tuple[int, Span]]:
    """What was done in a lane, each with its line."""
    marks = sorted((each for each in spans if each.lane == lane and each.kind in (OPERATION, FAULT)), key=_begins)
    return list(zip(_spans.rows([_extent(mark, end_s) for mark in marks]), marks, strict=True))


def _extent(mark: Span, end_s: float) -> tuple[float, float]:
    """From where to where a mark reaches with its label."""
    label_s, length_s = _CHARACTERS * len(_text(mark)) * end_s, _length_s(mark, end_s)
    if _is_late(mark, end_s):
        return mark.start_s - label_s, mark.start_s + length_s
    return mark.start_s, mark.start_s + length_s + label_s


def _is_late(mark: Span, end_s: float) -> bool:
    """Whether its label stands before it, for want of room after it."""
    label_s = _CHARACTERS * len(_text(mark)) * end_s
    return mark.start_s + _length_s(mark, end_s) + label_s > end_s and mark.start_s > label_s


def _length_s(mark: Span, end_s: float) -> float:
    return max(mark.end_s - mark.start_s, 0.002 * end_s)


def _text(mark: Span) -> str:
    lasted = "" if mark.kind == FAULT or mark.end_s <= mark.start_s else f" {format_quantity(_short(mark), 's')}"
    return f" {mark.label}{lasted} "


def _begins(span: Span) -> float:
    return span.start_s


def _lines(spans: Sequence[Span], lane: str, end_s: float) -> int:
    return max((line + 1 for line, _ in _marks(spans, lane, end_s)), default=0)


def _height(spans: Sequence[Span], end_s: float) -> float:
    lanes = _spans.lanes(spans, MOST_LANES)
    return _REST + sum(_LANE + _MARK * _lines(spans, lane, end_s) for lane in lanes)


def _panel(axes: Axes, spans: Sequence[Span], end_s: float) -> None:
    """Lanes from the top down: states, and under them a line for each mark that overlaps others."""
    top, ticks = 0.0, []
    lanes = _spans.lanes(spans, MOST_LANES)
    for lane in lanes:
        ticks.append(top + _LANE / 2.0)
        for kind in STATES:
            mine = [each for each in spans if (each.lane, each.kind) == (lane, kind)]
            parts = [(each.start_s, each.end_s - each.start_s) for each in mine]
            axes.broken_barh(parts, (top + 0.04, _LANE - 0.08), edgecolor=INK, linewidth=0.4, **_LOOKS[kind])
        for line, mark in _marks(spans, lane, end_s):
            _mark(axes, mark, top + _LANE + _MARK * line, end_s)
        top += _LANE + _MARK * _lines(spans, lane, end_s)
    axes.set_yticks(ticks, lanes)
    axes.set_ylim(top, 0.0)
    axes.set_xlim(0.0, end_s)
    axes.tick_params(axis="y", length=0)


def _mark(axes: Axes, mark: Span, top: float, end_s: float) -> None:
    """A bar from the request to its end, however short, and what it was."""
    colour = _FELL if mark.kind == FAULT else _DONE if mark.outcome == "done" else _NOT_DONE
    width = _length_s(mark, end_s)
    axes.barh(top + _MARK / 2.0, width, 0.7 * _MARK, mark.start_s, color=colour, linewidth=0.0)
    place, side = (mark.start_s, "right") if _is_late(mark, end_s) else (mark.start_s + width, "left")
    axes.text(place, top + _MARK / 2.0, _text(mark), ha=side, va="center", color=INK)


def _short(mark: Span) -> float:
    return float(f"{mark.end_s - mark.start_s:.3g}")


def _legend(figure: Figure, found: pd.DataFrame) -> None:
    from matplotlib.patches import Patch

    kinds = set(found["kind"])
    handles = [Patch(label=kind, edgecolor=INK, linewidth=0.4, **_LOOKS[kind]) for kind in STATES if kind in kinds]
    operations = found[found["kind"] == OPERATION]["outcome"]
    if (operations == "done").any():
        handles.append(Patch(label="operation, done", color=_DONE))
    if (operations != "done").any():
        handles.append(Patch(label="operation, not done", color=_NOT_DONE))
    if FAULT in kinds:
        handles.append(Patch(label="fault", color=_FELL))
    legend(figure, [str(handle.get_label()) for handle in handles], handles=handles)
