"""The tables that are printed of a choice: models with their trade-offs, their control, and who suits which need."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from simulator.choice import Choice
from simulator.choice.measures import LEVEL, LOSS_METHOD, OVERHEAD_METHOD, Measure
from simulator.choice.model import Model
from simulator.cli.numbers import with_bounds
from simulator.control import WORDS
from simulator.explain.columns import columns
from simulator.units import format_quantity

UNKNOWN = "unknown"
_HEADS = (
    "model", "class", "overhead, %", "victim's loss, %", "to", "footprint", "start", "control",
    "steps (privileged)", "restarts", "fetched", "to first guest, min [range]",
)  # fmt: skip


def lines(choice: Choice) -> list[str]:
    """All tables."""
    return [
        str(choice.results.manifest["scenario"]["title"]),
        "",
        *columns([_cells(model) for model in choice.models], "<<>><>>>>>>>", _HEADS),
        *_notes(choice),
        "",
        *columns([_control(model) for model in choice.models], "<<", ("model", "what may be done to a tenant")),
        "",
        *columns([[need, _names(names)] for need, names in choice.needs.items()], "<<", ("need", "models")),
    ]


def _cells(model: Model) -> list[str]:
    return [
        model.label, " + ".join(model.classes) or "bare metal", _percent(model.overhead, "+"), _loss(model),
        model.worst, _quantity(model.footprint, "bytes"), _quantity(model.start, "s"),
        f"{len(model.control)} of {len(WORDS)}", *_effort(model),
    ]  # fmt: skip


def _percent(measure: Measure, sign: str = "") -> str:
    return with_bounds(measure.value, measure.low, measure.high, 1, sign) if measure.known else UNKNOWN


def _loss(model: Model) -> str:
    """The loss, or how the victim ended."""
    ended = model.loss.known and model.loss.word
    return f"{model.loss.value:.0f} ({ended})" if ended else _percent(model.loss)


def _quantity(measure: Measure, unit: str) -> str:
    return _rounded(measure.value, unit) if measure.known else UNKNOWN


def _rounded(value: float, unit: str) -> str:
    """Three digits: nobody chooses by the fourth."""
    return format_quantity(float(f"{value:.3g}"), unit)


def _effort(model: Model) -> list[str]:
    """Counts, bytes and time; the time with the ends of the catalog's ranges, which are no interval of luck."""
    effort = model.effort
    if effort.unknown:
        return [UNKNOWN] * 4
    minutes = (effort.elapsed_s / 60.0, model.effort_low_s / 60.0, model.effort_high_s / 60.0)
    steps, privileged = f"{effort.steps_count:.0f}", f"{effort.privileged_count:.0f}"
    time = with_bounds(*minutes, 1) if isfinite(effort.elapsed_s) else UNKNOWN
    return [f"{steps} ({privileged})", f"{effort.reboots_count:.0f}", _rounded(effort.size_bytes, "bytes"), time]


def _control(model: Model) -> list[str]:
    return [model.label, ", ".join(model.control) or "-"]


def _span(ends_s: tuple[float, float]) -> str:
    shortest, longest = (_rounded(end_s, "s") for end_s in ends_s)
    return shortest if shortest == longest else f"{shortest} to {longest}"


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _notes(choice: Choice) -> list[str]:
    """How the numbers were made, and why some are not there."""
    found = [
        f"n = {choice.results.manifest['replications']} replications; {100 * LEVEL:g} % intervals; "
        f"overhead over {choice.results.baseline}: {OVERHEAD_METHOD}",
        f"loss of {choice.victim}, which takes {_span(choice.alone_s)} alone: {LOSS_METHOD}",
    ]
    for model in choice.models:
        found += [
            f"{model.label}: {each.word}"
            for each in (model.overhead, model.loss, model.start)
            if each.word and not each.known
        ]
        if model.effort.unknown:
            found.append(f"{model.label}: the catalog does not say how to install {', '.join(model.effort.unknown)}")
        if model.cannot:
            found.append(f"{model.label}: cannot run {', '.join(model.cannot)}")
    return found
