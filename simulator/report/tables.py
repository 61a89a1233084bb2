"""The tables of a report: what was measured, where the time went, what was done, and what the numbers do not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.outcomes import is_ok, word
from simulator.plots import Places, records, short_names
from simulator.report.markup import Table
from simulator.report.numbers import between, number, percent, quantity

if TYPE_CHECKING:
    from simulator.results import Results

Record = Mapping[str, Any]
MOST_ROWS = 150
"""Rows of one table; of more the first are shown, and it says how many are not."""
_MOST_PARTS = 6
"""Layers and mechanisms that are named for each stack."""
_MOST_WORDS = 300
"""Letters of an error."""


def shortened(title: str, heads: Sequence[str], rows: list[list[str]], numbers: Iterable[int], note: str = "") -> Table:
    """A table that says how many rows it leaves out."""
    more = len(rows) - MOST_ROWS
    left = f"{more} more rows are left out; they are in the tables of the batch." if more > 0 else ""
    return Table(title, heads, rows[:MOST_ROWS], frozenset(numbers), " ".join(filter(None, (note, left))))


def summary(results: Results) -> list[Table]:
    """A row for each place and stack: its figure of merit, and the overhead over the baseline."""
    rows = records(results.summary())
    if not rows:
        return []
    place = Places(results, rows)
    lines = [
        [*place.cells(row), place.stack(row), f"{row['metric']}, {row['unit']}", str(row["better"]),
         number(row["mean"]),
         between(row["ci_low"], row["ci_high"]), str(row["n"]),
         "" if place.stack(row) == results.baseline
         else percent(row["overhead_percent"], row["overhead_low"], row["overhead_high"])]
        for row in rows
    ]  # fmt: skip
    heads = [*place.heads, "stack", "metric", "better", "mean", "interval", "n", f"overhead over {results.baseline}"]
    first = len(place.heads)
    note = f"{100.0 * rows[0]['level']:g} % intervals; {rows[0]['method']}."
    return [shortened("What was measured", heads, lines, range(first + 3, first + 7), note)]


def where(results: Results) -> list[Table]:
    """For each stack the largest parts of the device time, means over all places."""
    rows = records(results.where(by=("device", "cause", "mechanism")))
    if not rows:
        return []
    place = Places(results, rows)
    lines: list[list[str]] = []
    for stack in place.stacks(rows):
        own = [row for row in rows if place.stack(row) == stack]
        names, places = short_names(dict.fromkeys(str(row["cause"]) for row in own)), len(place.labels(own))
        shares: Counter[tuple[str, str, str]] = Counter()
        for row in own:
            shares[names[str(row["cause"])], str(row["mechanism"]), str(row["device"])] += row["share"] / places
        kept = shares.most_common(_MOST_PARTS)
        lines += [[stack, *part, f"{100.0 * share:.1f}"] for part, share in kept]
        rest = sum(shares.values()) - sum(share for _, share in kept)
        if len(shares) > len(kept):
            lines.append([stack, "everything else", "", "", f"{100.0 * rest:.1f}"])
    heads = ["stack", "layer", "mechanism", "device", "% of device time"]
    return [shortened("Where the time went", heads, lines, [4], "Means over all places on the axes.")]


def operations(results: Results) -> list[Table]:
    """What was done to whom, and what it took."""
    rows = records(results.operations.merge(results.runs[["run", *results.axes]], on="run"))
    if not rows:
        return []
    place = Places(results, [])
    lines = [
        [place.stack(row), str(row["run"]), quantity(row["at_s"], "s"), str(row["operation"]), str(row["tenant"]),
         str(row["how"]), str(row["outcome"])[:_MOST_WORDS], quantity(row["duration_s"], "s"),
         quantity(row["downtime_s"], "s"), quantity(row["moved_bytes"], "bytes")]
        for row in rows
    ]  # fmt: skip
    heads = ["stack", "run", "at", "operation", "tenant", "how", "outcome", "took", "stood still", "moved"]
    return [shortened("What was done", heads, lines, [2, 7, 8, 9])]


def exceptions(results: Results) -> list[Table]:
    """Who did not end well, and whose limits nobody enforces."""
    tenants = records(results.tenants.merge(results.runs[["run", *results.axes]], on="run"))
    place = Places(results, tenants)
    ends = Counter(
        (place.stack(row), *place.cells(row), word(str(row["outcome"]))) for row in tenants if not is_ok(row["outcome"])
    )
    tables = []
    if ends:
        lines = [[*key, str(count)] for key, count in ends.items()]
        heads = ["stack", *place.heads, "outcome", "runs"]
        tables.append(shortened("How tenants ended that were not done, or not well", heads, lines, [len(heads) - 1]))
    open_limits: dict[tuple[str, str, str], None] = {}
    for row in tenants:
        for column, what in (("memory_enforced", "limit of memory"), ("share_enforced", "weights, caps and rates")):
            if row[column] == 0:
                open_limits[place.stack(row), str(row["copy_of"]), what] = None
    if open_limits:
        heads = ["stack", "tenant", "what nobody enforces there"]
        tables.append(shortened("Not enforced", heads, [[*key] for key in open_limits], []))
    return tables


def not_modelled(results: Results) -> list[str]:
    """What the fidelity of the runs leaves out."""
    every = (str(each) for each in results.runs["not_modelled"].unique())
    return list(dict.fromkeys(part.strip() for each in every for part in each.split(";") if part.strip()))


def failures(results: Results) -> list[Table]:
    """Runs that failed or were over budget, with the command that repeats each."""
    lines = [
        [str(each["run"]), "over budget" if "spent" in each else "failed", str(each["error"])[:_MOST_WORDS],
         str(each.get("repeat", ""))]
        for each in results.manifest["failures"]
    ]  # fmt: skip
    return [shortened("Runs that were not completed", ["run", "how", "why", "repeat it"], lines, [])] if lines else []
