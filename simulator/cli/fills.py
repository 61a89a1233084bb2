"""The tables that are printed of a machine that was filled: how many fit on each stack, and why no more."""

from __future__ import annotations

from math import isfinite

from simulator.explain.columns import columns
from simulator.filling import Density
from simulator.filling.answer import Model
from simulator.filling.limits import MEMORY
from simulator.units import format_quantity

_HEADS = (
    "model", "instances", "limited by", "memory for", "processors for", "memory each", "cores each", "W each",
    "answers",
)  # fmt: skip


def lines(found: Density) -> list[str]:
    """All tables."""
    asked = found.scenario.density
    host = format_quantity(found.models[0].memory.capacity_bytes, "bytes")
    limit = f"{100.0 * asked.percentile:g} % of the answers within {format_quantity(asked.latency, 's')}"
    return [
        found.scenario.title,
        f"{found.service} on a host of {host}, {limit}",
        "",
        *columns([_cells(model) for model in found.models], "<><>>>>>>", _HEADS),
        "",
        *columns([row for model in found.models for row in _why(model)], "<<><", ("model", "by", "count", "because")),
        "",
        *_notes(found),
    ]


def _cells(model: Model) -> list[str]:
    row = model.row()
    processors = str(row["processors_count"]) if row["processors_reached"] else f"{row['processors_count']} or more"
    watts = f"{row['instance_watts']:.1f}" if isfinite(row["instance_watts"]) else "unknown"
    latency = format_quantity(float(f"{row['latency_s']:.3g}"), "s") if isfinite(row["latency_s"]) else "none"
    return [
        model.label, str(model.count), model.limit, f"{row['memory_count']:g}", processors,
        format_quantity(float(f"{row['instance_bytes']:.3g}"), "bytes"), f"{row['instance_cores']:.3f}", watts, latency,
    ]  # fmt: skip


def _why(model: Model) -> list[list[str]]:
    """Each limit of a stack, the lowest first, in words."""
    found = [[model.label, limit.by, f"{limit.count:g}", limit.words] for limit in model.room]
    beyond = model.beyond
    if beyond is not None:
        late = format_quantity(float(f"{beyond.latency_s:.3g}"), "s") if isfinite(beyond.latency_s) else "never"
        silent = f", {beyond.silent} silent" if beyond.silent else ""
        busy = f"{beyond.busiest} {100.0 * beyond.busy_ratio:.0f} % busy"
        lost = "refused, they are promised more than there is" if beyond.lost == MEMORY else beyond.lost
        words = f"with {beyond.count}: {lost or f'answers after {late}{silent}, {busy}'}"
        found.insert(0, [model.label, beyond.limit, str(model.count), words])
    return found


def _notes(found: Density) -> list[str]:
    """What the numbers mean."""
    touched = found.scenario.density.overcommit
    promised = f"nothing is promised twice but on {', '.join(touched)}" if touched else "nothing is promised twice"
    precision = f"{100.0 * found.scenario.density.precision:g} %"
    return [
        f"memory: {promised}, pages are not shared between instances, file pages do not count;",
        f"of programs what two of them held after {_watched(found)}; processors: the largest number that held, to",
        f"{precision} of itself; W: mean power of the machine over the instances, its idle part included",
    ]


def _watched(found: Density) -> str:
    return format_quantity(float(found.scenario.points()[0]["duration_s"]), "s")
