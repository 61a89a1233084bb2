"""The tables of ``virtlab sensitivity``: each answer with its interval, and what it hangs on."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from simulator.cli.numbers import plain, quantity, with_bounds
from simulator.explain.columns import columns
from simulator.importance.report import Finding, Parameter, Sensitivity
from simulator.units import DIMENSIONS, format_quantity

_HEADS = ("parameter", "value", "range", "low, %", "high, %")
_MORRIS = ("mu*, %", "sigma, %")
_SOBOL = ("S1 [95 %]", "ST [95 %]")


def lines(found: Sensitivity) -> list[str]:
    """Everything that is printed."""
    header = found.header
    text = [str(header["title"])]
    for finding in found.findings:
        text += ["", *_answer(finding, header["baseline"]), *_table(finding, header["method"], header["top"])]
    return [*text, "", *_notes(found)]


def _answer(finding: Finding, baseline: str) -> list[str]:
    """The answer with the catalog's values, and with all ranges at once."""
    answer = finding.answer
    if answer.base is None:
        own, low, high = (quantity(each, answer.unit) for each in (finding.value, finding.low, finding.high))
        head, interval = f"{answer.label}: {own}", f"between {low} and {high}"
    else:
        low, high = (f"{100.0 * each - 100.0:+.1f} %" for each in (finding.low, finding.high))
        head = (
            f"{answer.label}: {finding.value:.4g} times the time on {baseline} ({100.0 * finding.value - 100.0:+.1f} %)"
        )
        interval = f"the overhead is between {low} and {high}"
    lost = f"; {finding.lost} of them gave no answer" if finding.lost else ""
    return [head, f"given the catalog's ranges {interval} (5 to 95 % of {finding.draws} draws{lost})"]


def _table(finding: Finding, method: str, top: int) -> list[str]:
    shown = finding.parameters[:top]
    if not shown:
        return ["no parameter with a range changes it"]
    heads = (*_HEADS, *{"morris": _MORRIS, "sobol": _SOBOL}.get(method, ()), "source")
    align = "<" + ">" * (len(heads) - 2) + "<"
    more = len(finding.parameters) - len(shown)
    rest = [f"and {more} more that change it less"] if more else []
    return [*columns([_cells(each, method) for each in shown], align, heads), *rest]


def _cells(each: Parameter, method: str) -> list[str]:
    unknown = each.unknown
    numbers = [_percent(each.low_percent), _percent(each.high_percent)]
    if method == "morris":
        numbers += [_plain(each.mu_star_percent), _plain(each.sigma_percent)]
    if method == "sobol":
        numbers += _indices(each)
    also = f" (and {', '.join(unknown.also)})" if unknown.also else ""
    source = unknown.source_kind + (f", {unknown.source}" if unknown.source else "")
    source += ", from another machine" if unknown.transferred else ""
    span = f"{_quantity(unknown.low, unknown.unit)} to {_quantity(unknown.high, unknown.unit)}"
    return [unknown.key + also, _quantity(unknown.value, unknown.unit), span, *numbers, source]


def _quantity(value: float, unit: str) -> str:
    return format_quantity(value, unit) if unit in DIMENSIONS else plain(value)


def _percent(change: float) -> str:
    return f"{change:+.2f}" if isfinite(change) else "lost"


def _plain(value: float) -> str:
    return f"{value:.2f}" if isfinite(value) else "-"


def _indices(each: Parameter) -> list[str]:
    if each.indices is None:
        return ["-", "-"]
    found = each.indices
    return [
        with_bounds(found.first, found.first_low, found.first_high, 2),
        with_bounds(found.total, found.total_low, found.total_high, 2),
    ]


def _notes(found: Sensitivity) -> Sequence[str]:
    header = found.header
    many = header["replications"]
    notes = [
        f"{header['unknowns']} numbers have a range; {header['without_effect']} of them change no figure by more than "
        f"{100.0 * header['tolerance']:g} %. {header['exact']} have none and count as exact.",
        f"{header['runs']} runs, {many} replication{'s' if many > 1 else ''} with the same luck everywhere. "
        "low, high: the parameter at the ends of its range, all others at the catalog's values; in % of the answer.",
    ]
    if header["method"] == "morris":
        notes.append(
            "mu*: mean absolute elementary effect over the range; sigma: how much it depends on where the rest is."
        )
    if header["method"] == "sobol":
        notes.append("S1: part of the variance that it explains alone; ST: together with others. Bootstrap intervals.")
    notes.append("ranges of more than a factor of ten are drawn on the logarithm; the value is the median")
    return notes
