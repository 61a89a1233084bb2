"""The table that is printed of who hurts whom: neighbours down, models across, and how the neighbours did."""

from __future__ import annotations

from collections.abc import Sequence

from simulator.choice.measures import LEVEL, Measure
from simulator.cli.numbers import with_bounds
from simulator.explain.columns import columns
from simulator.isolation import METRICS, Isolation
from simulator.isolation.isolation import METHODS, PAIRED
from simulator.isolation.table import Cell

_SHOWN = {
    "value": "{victim}'s loss, %",
    "requests": "requests that {victim} did not answer, %",
    "latency": "{victim}'s 99th percentile of the latency, times as long",
}


def lines(answer: Isolation, metric: str) -> list[str]:
    """All of it.

    Args:
        answer: who hurts whom.
        metric: what is shown of the victim.
    """
    head = _SHOWN[metric].format(victim=answer.question.victim)
    cells = {(cell.aggressor, cell.model): cell for cell in answer.cells}
    rows = []
    for name in answer.aggressors:
        found = [cells[name, model] for model in answer.models]
        rows.append([name, *(_cell(cell, metric) for cell in found)])
        if any(cell.word_of_itself for cell in found):
            rows.append(["  itself", *(cell.word_of_itself or "-" for cell in found)])
    return [
        answer.question.scenario.title,
        "",
        *columns(rows, "<" + ">" * len(answer.models), [f"{head}; beside", *answer.models]),
        *_notes(answer, metric),
    ]


def shown(cell: Cell, metric: str) -> Measure:
    """What is shown of a cell."""
    return {"value": cell.loss, "requests": cell.requests, "latency": cell.latency}[metric]


def _cell(cell: Cell, metric: str) -> str:
    measure, places = shown(cell, metric), 2 if metric == "latency" else 1
    value, low, high = (round(each, places) + 0.0 for each in (measure.value, measure.low, measure.high))
    return cell.word or with_bounds(value, low, high, places)


def _notes(answer: Isolation, metric: str) -> Sequence[str]:
    """How the numbers were made."""
    whom = "the same run beside an idle neighbour" if "idle" in answer.against else "the same run without a neighbour"
    found = [
        f"n = {answer.question.scenario.replications} replications; {100 * LEVEL:g} % intervals; against {whom}",
        f"{METHODS[METRICS[metric]]}, {PAIRED}",
    ]
    data = answer.data()["victim_metrics"]
    return [
        *found,
        *(f"{answer.question.victim} runs {each['workload']}: {each['metric']}, {each['unit']}" for each in data),
    ]
