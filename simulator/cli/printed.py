"""The tables that are printed of a batch: what it costs, where the time went, what a mechanism changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.cli import in_short
from simulator.cli.in_short import MOST_PLACES
from simulator.cli.numbers import (
    overhead,
    overhead_short,
    plain,
    quantity,
    quantity_with_half_width,
    with_bounds,
    with_half_width,
)
from simulator.explain.columns import columns
from simulator.outcomes import is_ok
from simulator.plots import Places, records, short_names

if TYPE_CHECKING:
    from simulator.results import Results

Record = Mapping[str, Any]
_MOST_PARTS = 6
"""Mechanisms that are named for each stack; what is left stands together."""
_MOST_NAMED = 4
"""Mechanisms that are named in one line."""
_MOST_COLUMNS = 24
"""Places that stand side by side as columns; of more of them the mean is printed."""
_MOST_CHANGES = 1000
"""Lines that say what leaving mechanisms out changes."""
_PROGRAM = "program"
_MOST_SIDE_BY_SIDE = 5
"""Stacks that stand side by side as columns; more of them stand one under the other."""


def cost(results: Results) -> list[str]:
    """What it costs: a line for each place on the axes and a column for each stack, or the other way round."""
    rows = records(results.summary())
    place = Places(results, rows)
    stacks = place.stacks(rows)
    if len(place.labels(rows)) > MOST_PLACES:
        return in_short.cost(results, rows, place)
    if len(stacks) > _MOST_SIDE_BY_SIDE:
        return _cost_of_many(results, rows, place, stacks)
    heads = [*place.heads, "metric", *(head for stack in stacks for head in _stack_heads(stack, results.baseline))]
    lines = [
        [*place.cells(group[0]), _metric(group[0]), *_stack_cells(group, stacks, place, results.baseline)]
        for group in place.groups(rows)
    ]
    align = "<" * (len(place.heads) + 1) + ">" * (len(heads) - len(place.heads) - 1)
    over = f"overhead in % over {results.baseline}: " if stacks != [results.baseline] else ""
    return [*columns(lines, align, heads), *_method(rows, over)]


def _cost_of_many(results: Results, rows: Sequence[Record], place: Places, stacks: Sequence[str]) -> list[str]:
    """A line for each stack, a column for each place: the baseline's own figures, then overheads over it."""
    labels = place.labels(rows)
    cells = {(place.stack(row), place.label(row)): row for row in rows}
    base = [cells.get((results.baseline, label)) for label in labels]
    lines = [[f"{results.baseline} (as measured)", *(plain(row["mean"]) if row else "" for row in base)]]
    for stack in (stack for stack in stacks if stack != results.baseline):
        found = [cells.get((stack, label)) for label in labels]
        lines.append([stack, *(_overhead_cell(row) if row else "" for row in found)])
    heads = [f"overhead over {results.baseline}, %", *labels]
    metrics = [f"{label}: {_metric(row)}" for label, row in zip(labels, base, strict=True) if row]
    table = columns(lines, "<" + ">" * len(labels), heads)
    return [*table, *metrics, *_method(rows, f"overhead in % over {results.baseline}: ")]


def _overhead_cell(row: Record) -> str:
    return overhead_short(row["overhead_percent"], row["overhead_low"], row["overhead_high"])


def _stack_heads(stack: str, baseline: str) -> list[str]:
    return [stack] if stack == baseline else [stack, "overhead, %"]


def _stack_cells(group: Sequence[Record], stacks: Sequence[str], place: Places, baseline: str) -> list[str]:
    of_stack = {place.stack(row): row for row in group}
    cells = []
    for stack in stacks:
        row = of_stack.get(stack)
        cells.append(with_half_width(row["mean"], row["ci_low"], row["ci_high"]) if row else "")
        if stack != baseline:
            cells.append(overhead(row["overhead_percent"], row["overhead_low"], row["overhead_high"]) if row else "")
    return cells


def _metric(row: Record) -> str:
    return f"{row['metric']}, {row['unit']} ({row['better']} is better)"


def _method(rows: Sequence[Record], overheads: str = "") -> list[str]:
    """How many observations stand behind the numbers, and how their intervals are made."""
    if not rows:
        return []
    counts = sorted({row["n"] for row in rows})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    method, _, paired = str(rows[0]["method"]).partition("; ")
    level = f"{100 * rows[0]['level']:g} % intervals"
    return [f"n = {n} replications; {level}: {method}" + (f"; {overheads}{paired}" if overheads else "")]


def outcomes(results: Results) -> list[str]:
    """How tenants ended that did not end well: a line for each place, tenant and outcome; nothing if all did."""
    if all(map(is_ok, results.tenants["outcome"].unique())):
        return []
    tenants = results.tenants[["run", "tenant", "outcome"]]
    every = records(tenants.merge(results.runs[["run", *results.axes]], on="run"))
    rows = [row for row in every if not is_ok(row["outcome"])]
    place = Places(results, every)
    counts = Counter((place.stack(row), *place.cells(row), row["outcome"]) for row in rows)
    runs = Counter((place.stack(row), *place.cells(row)) for row in every)
    lines = [[*key, f"{count} of {runs[key[:-1]]}"] for key, count in counts.items()]
    heads = ["stack", *place.heads, "outcome", "runs"]
    table = columns(lines[:MOST_PLACES], "<" * (len(place.heads) + 2) + ">", heads)
    return [*table, *in_short.more(len(lines) - MOST_PLACES, results)]


def where(results: Results) -> list[str]:
    """Where the device time went: for each stack the largest parts, a column for each place on the axes."""
    frame = results.where(by=("device", "cause", "mechanism"))
    rows = records(frame[[*results.axes, "device", "cause", "mechanism", "share"]])
    place = Places(results, rows)
    lines: list[str] = []
    if len(place.stacks(rows)) > _MOST_SIDE_BY_SIDE or len(place.labels(rows)) > _MOST_COLUMNS:
        return _where_of_many(rows, place)
    for stack in place.stacks(rows):
        own = [row for row in rows if place.stack(row) == stack]
        heads = [f"{stack}: % of device time", *place.labels(own)]
        lines += ["", *columns(_parts(own, place), "<" + ">" * (len(heads) - 1), heads)]
    return lines[1:]


def _where_of_many(rows: Sequence[Record], place: Places) -> list[str]:
    """A line for each stack: the program's part of the device time, then the layers' largest mechanisms."""
    lines = []
    for stack in place.stacks(rows):
        own = [row for row in rows if place.stack(row) == stack]
        names = short_names(dict.fromkeys(str(row["cause"]) for row in own))
        places = len(place.labels(own))
        shares: dict[str, float] = {}
        for row in own:
            part = _PROGRAM if row["cause"] == _PROGRAM else _part(row, names)
            shares[part] = shares.get(part, 0.0) + row["share"] / places
        largest = sorted((part for part in shares if part != _PROGRAM), key=lambda part: -shares[part])
        named = [f"{part} {100 * shares[part]:.1f}" for part in largest[:_MOST_NAMED]]
        lines.append([stack, f"{100 * shares.get(_PROGRAM, 0.0):.1f}", ", ".join(named)])
    of_what = "workloads" if len(place.labels(rows)) <= _MOST_COLUMNS else "places"
    heads = [f"% of device time, mean of the {of_what}", "program", "layers, largest first"]
    return columns(lines, "<><", heads)


def _parts(rows: Sequence[Record], place: Places) -> list[list[str]]:
    """The largest parts of one stack, and what is left."""
    names = short_names(dict.fromkeys(str(row["cause"]) for row in rows))
    labels = place.labels(rows)
    shares: dict[str, dict[str, float]] = {}
    for row in rows:
        shares.setdefault(_part(row, names), {})[place.label(row)] = row["share"]
    largest = sorted(shares, key=lambda part: -max(shares[part].values()))[:_MOST_PARTS]
    kept = [[part, *(f"{100 * shares[part].get(label, 0.0):.1f}" for label in labels)] for part in largest]
    left = [sum(shares[part].get(label, 0.0) for part in shares if part not in largest) for label in labels]
    return [*kept, ["everything else", *(f"{100 * each:.1f}" for each in left)]] if len(shares) > len(kept) else kept


def _part(row: Record, names: Mapping[str, str]) -> str:
    device = "" if row["device"] == "cpu" else f" ({row['device']})"
    return f"{names[str(row['cause'])]}: {row['mechanism']}{device}"


def knock_on(results: Results) -> list[str]:
    """What leaving mechanisms out changes; nothing if no stack does so."""
    rows = records(results.knock_on())
    place = Places(results, [])
    lines = [line for group in _by_stack(rows, place) for line in _changes(group, place)]
    heads = ["stack", *place.heads, "what changes", "with it", "without it", "change"]
    if not rows:
        return []
    table = columns(lines[:_MOST_CHANGES], "<" * (len(place.heads) + 2) + ">>>", heads)
    return [*table, *in_short.more(len(lines) - _MOST_CHANGES, results), *_method(rows)]


def _by_stack(rows: Sequence[Record], place: Places) -> list[list[Record]]:
    groups: dict[tuple[str, ...], list[Record]] = {}
    for row in rows:
        groups.setdefault((place.stack(row), *place.cells(row)), []).append(row)
    return list(groups.values())


def _changes(rows: Sequence[Record], place: Places) -> list[list[str]]:
    """The mechanisms themselves, the largest changes elsewhere, and what came of it for each tenant."""
    names = short_names(dict.fromkeys(row["cause"] for row in rows if row["cause"]))
    elsewhere = sorted((row for row in rows if row["kind"] == "elsewhere"), key=lambda row: -abs(row["change"]))
    own, metrics = ([row for row in rows if row["kind"] == kind] for kind in ("own", "metric"))
    return [
        [place.stack(row), *place.cells(row), _subject(row, names), quantity(row["with_it"], row["unit"]),
         quantity(row["without_it"], row["unit"]),
         quantity_with_half_width(row["change"], row["change_low"], row["change_high"], row["unit"])]
        for row in (*own, *elsewhere[:_MOST_PARTS], *metrics)
    ]  # fmt: skip


def _subject(row: Record, names: Mapping[str, str]) -> str:
    if row["kind"] == "metric":
        return f"{row['tenant']}: {row['metric']}"
    return f"{names[row['cause']]}: {row['mechanism']}" + (" (left out)" if row["kind"] == "own" else "")


def comparison(
    results: Results, baseline: str | None, *, quantile: float | None = None, simultaneous: bool = False
) -> list[str]:
    """Every stack against a baseline, pair by pair."""
    rows = records(results.compare(baseline, quantile=quantile, simultaneous=simultaneous))
    place = Places(results, rows)
    lines = [
        [place.stack(row), *place.cells(row), _metric(row), plain(row["mean"]), plain(row["baseline_mean"]),
         with_half_width(row["difference"], row["difference_low"], row["difference_high"]),
         with_bounds(row["ratio"], row["ratio_low"], row["ratio_high"], 3), _verdict(row)]
        for row in rows
    ]  # fmt: skip
    base = rows[0]["baseline"] if rows else results.baseline
    heads = ["stack", *place.heads, "metric", "mean", base, "difference", "ratio", "verdict"]
    return [*columns(lines, "<" * (len(place.heads) + 2) + ">>>><", heads), *_method(rows)]


def _verdict(row: Record) -> str:
    if not row["significant"]:
        return "no significant difference"
    return "degraded" if row["degraded"] else "better"
