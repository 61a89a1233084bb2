"""``virtlab timeline``: what was done to whom and when, in the terminal and as a figure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from simulator.plots._spans import Span
    from simulator.results import Results

_WIDTH, _WIDEST = 78, 118
_SIGNS = {"starting": "/", "running": "=", "paused": ".", "down": "x"}
_LEGEND = "/ starting   = running   . paused   x down   ^ something was done   ! a fault"


@click.command()
@click.argument("batch", metavar="BATCH", type=click.Path(file_okay=False))
@click.option("--run", "runs", multiple=True, metavar="RUN", help="Show this run; by default each point's first.")
@click.option("--figure", type=click.Path(dir_okay=False), metavar="FILE", help="Draw it too, as .png or .svg.")
@json_option
def command(batch: str, runs: tuple[str, ...], figure: str | None, as_json: bool) -> None:
    """Show when each tenant of a batch started, ran, stood still and was down, and what was done to it."""
    from simulator.plots import _style, check_kind, records, timeline
    from simulator.results import load

    if figure is not None:
        check_kind(Path(figure))
    results = load(batch)
    found = timeline.table(results, _chosen(results, runs))
    if as_json:
        say_json(records(found))
    else:
        say(_lines(found, results))
    if figure is not None and not found.empty:
        with _style.settings():
            _style.save_as(timeline.draw(found), Path(figure))


def _chosen(results: Results, runs: Sequence[str]) -> list[str]:
    """The runs to be shown.

    Raises:
        UsageError: there is no such run.
    """
    from simulator.catalog.suggestion import suggestion
    from simulator.errors import UsageError
    from simulator.plots.timeline import MOST_PANELS

    known = [str(run) for run in results.runs["run"]]
    for run in runs:
        if run not in known:
            raise UsageError(f"there is no run {run!r} in {results.folder}; {suggestion(run, known)}")
    if runs:
        return list(runs)
    return [str(run) for run in results.runs.loc[results.runs["replication"] == 0, "run"]][:MOST_PANELS]


# ---- text


def _lines(found: pd.DataFrame, results: Results) -> list[str]:
    lines = [str(found.attrs["title"])]
    for (run, panel), group in found.groupby(["run", "panel"], sort=False):
        lines += ["", f"{panel} ({run})", *_panel(_of(group)), *_looked(results, str(run))]
    left = len(results.runs) - found["run"].nunique()
    return [*lines, "", _LEGEND, *([f"{left} further runs: name one with --run"] if left else [])]


def _of(group: pd.DataFrame) -> list[Span]:
    from simulator.plots import records
    from simulator.plots._spans import Span

    return [Span(*(row[name] for name in Span._fields)) for row in records(group)]


def _panel(spans: Sequence[Span]) -> list[str]:
    """A line of signs for each lane, a mark under it for what was done, then all of that in words."""
    from simulator.plots import _spans, timeline

    end_s = max(span.end_s for span in spans)
    lanes = _spans.lanes(spans, timeline.MOST_LANES)
    width = max(map(len, lanes))
    lines = []
    for lane in lanes:
        mine = [span for span in spans if span.lane == lane]
        lines.append(f"{lane:{width}} |{_signs(mine, end_s)}|")
        marks = _marked(mine, end_s)
        lines += [f"{'':{width}}  {marks}".rstrip()] if marks.strip() else []
    lines.append(f"{'':{width}} 0{_text(end_s):>{_WIDTH + 1}}")
    return [*lines, *_told([span for span in spans if span.label])]


def _signs(spans: Sequence[Span], end_s: float) -> str:
    """What was there in the middle of each column; what is shorter than a column has one all the same."""
    signs = [" "] * _WIDTH
    for span in sorted(spans, key=lambda span: span.start_s - span.end_s):
        if span.kind in _SIGNS:
            first, last = _column(span.start_s, end_s), _column(span.end_s, end_s)
            last = _WIDTH if span.end_s >= end_s else max(first + 1, last)
            for column in range(first, last):
                signs[column] = _SIGNS[span.kind]
    return "".join(signs)


def _marked(spans: Sequence[Span], end_s: float) -> str:
    signs = [" "] * _WIDTH
    for span in spans:
        if span.label:
            signs[_column(span.start_s, end_s)] = "!" if span.kind == "fault" else "^"
    return "".join(signs)


def _column(time_s: float, end_s: float) -> int:
    return min(_WIDTH - 1, int(time_s / end_s * _WIDTH)) if end_s else 0


def _told(marks: Sequence[Span]) -> list[str]:
    """What was done, a line each; then in full why something was not, once for each reason."""
    import textwrap

    from simulator.explain.columns import columns

    ordered = sorted(marks, key=lambda mark: mark.start_s)
    rows: list[Any] = [
        [_text(mark.start_s), mark.lane, mark.label, _text(mark.end_s - mark.start_s), mark.outcome.partition(":")[0]]
        for mark in ordered
    ]
    reasons = dict.fromkeys(
        f"{mark.label}: {mark.outcome.partition(': ')[2]}" for mark in ordered if ": " in mark.outcome
    )
    told = [
        line
        for reason in reasons
        for line in textwrap.wrap(reason, _WIDEST, initial_indent="  ", subsequent_indent="    ")
    ]
    return ["", *columns(rows, "><<><", ("at", "whom", "what", "lasted", "outcome")), *told] if rows else []


def _looked(results: Results, run: str) -> list[str]:
    """What somebody saw who looked into a tenant that stood still."""
    from simulator.explain.columns import columns
    from simulator.plots import records

    seen = results.inspections[results.inspections["run"] == run]
    rows = [
        [
            _text(row["at_s"]), row["tenant"], row["product"], row["thread"], row["state"], row["doing"],
            _text(row["processor_s"]),
        ]
        for row in records(seen)
    ]  # fmt: skip
    heads = ("seen at", "in", "by", "thread", "state", "doing", "processor")
    return ["", *columns(rows, "><<<<<>", heads)] if rows else []


def _text(time_s: float) -> str:
    from simulator.units import format_quantity

    return format_quantity(float(f"{time_s:.4g}"), "s")
