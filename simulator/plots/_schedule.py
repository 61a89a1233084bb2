"""Who ran when on which processor, and what share everybody got: figures of drawings, not of batches.

A tenant has a hue; its threads have shades of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.plots._looks import HATCHES, INK, PALETTE, WIDTH
from simulator.plots._style import legend
from simulator.units import format_quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from simulator.sharing.drawing.outcome import Outcome

_LANE, _PANEL, _REST = 0.34, 0.6, 1.6
"""Inches of a processor or thread, of what a panel has around them, and of what is around all."""
_MOST_TURNS = 150
"""Turns on one processor that can still be told apart; of more the first are shown."""
_LIGHTEST = 0.7
"""How much of the lightest shade is white."""
_LOST = {"ready": ("#d9d9d9", "///"), "steal": ("#bfbfbf", "..."), "throttled": ("#ffffff", "xxx")}
"""Colour and pattern of the time without a processor."""

Looks = Mapping[tuple[str, str], Mapping[str, Any]]


def draw(outcomes: Sequence[Outcome]) -> Figure:
    """A panel for each outcome, one under the other: turns on the processors, or shares where there are no turns."""
    from matplotlib.figure import Figure

    looks = _looks(outcomes[0])
    turns = any(outcome.segments for outcome in outcomes)
    lanes = [sum(outcome.processors.values()) if turns else len(outcome.threads) for outcome in outcomes]
    height = _REST + sum(_PANEL + _LANE * max(1, lane) for lane in lanes)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = figure.subplots(
        len(outcomes), 1, squeeze=False, sharex=True, height_ratios=[max(1, lane) for lane in lanes]
    )
    shown_s = min(map(_shown_s, outcomes))
    for axes, outcome in zip(panels.flat, outcomes, strict=True):
        _turns(axes, outcome, looks, shown_s) if turns else _shares(axes, outcome, looks)
        axes.set_title(outcome.policy or outcome.fidelity, loc="left", fontweight="bold", fontsize="medium")
        axes.tick_params(axis="y", length=0)
    figure.suptitle(outcomes[0].drawing)
    if turns:
        panels.flat[-1].set_xlabel(_caption(outcomes[0], shown_s))
    else:
        panels.flat[-1].set_xlabel("part of the time, in processors")
    _legend(figure, looks, turns)
    return figure


def _looks(outcome: Outcome) -> Looks:
    """For each thread, by machine and path: the hue and pattern of its tenant, in a shade of its own."""
    tenants: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in outcome.threads:
        tenants[row.machine, row.thread.partition("/")[0]].append((row.machine, row.thread))
    looks = {}
    for number, threads in enumerate(tenants.values()):
        colour, hatch = PALETTE[number % len(PALETTE)], HATCHES[number // len(PALETTE) % len(HATCHES)]
        for place, thread in enumerate(threads):
            looks[thread] = {"facecolor": _lighter(colour, _LIGHTEST * place / len(threads)), "hatch": hatch}
    return looks


def _lighter(colour: str, white: float) -> tuple[float, float, float]:
    """A colour with some white in it."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255.0 for at in (1, 3, 5))
    return red + (1.0 - red) * white, green + (1.0 - green) * white, blue + (1.0 - blue) * white


def _shown_s(outcome: Outcome) -> float:
    """Up to when turns can be told apart on the processor that has the most."""
    turns: Counter[tuple[str, int]] = Counter()
    for segment in sorted(outcome.segments, key=lambda each: each.end_s):
        turns[segment.machine, segment.cpu] += 1
        if turns[segment.machine, segment.cpu] == _MOST_TURNS:
            return segment.end_s
    return outcome.seconds


def _caption(outcome: Outcome, shown_s: float) -> str:
    if shown_s < outcome.seconds:
        return f"time, s (the first {format_quantity(shown_s, 's')} of {format_quantity(outcome.seconds, 's')})"
    return "time, s"


def _turns(axes: Axes, outcome: Outcome, looks: Looks, shown_s: float) -> None:
    """A lane for each processor, a block for each turn."""
    lanes = {(name, cpu): 0 for name, processors in outcome.processors.items() for cpu in range(processors)}
    lanes = {lane: number for number, lane in enumerate(lanes)}
    blocks: dict[tuple[int, tuple[str, str]], list[tuple[float, float]]] = defaultdict(list)
    for segment in outcome.segments:
        if segment.start_s < shown_s:
            length_s = min(segment.end_s, shown_s) - segment.start_s
            lane = lanes[segment.machine, segment.cpu]
            blocks[lane, (segment.machine, segment.thread)].append((segment.start_s, length_s))
    for (lane, thread), spans in blocks.items():
        axes.broken_barh(spans, (lane - 0.4, 0.8), edgecolor=INK, linewidth=0.2, **looks[thread])
    several = len(outcome.processors) > 1
    axes.set_yticks(range(len(lanes)), [f"{name} cpu {cpu}" if several else f"cpu {cpu}" for name, cpu in lanes])
    axes.set_ylim(len(lanes) - 0.4, -0.6)
    axes.set_xlim(0.0, shown_s)


def _shares(axes: Axes, outcome: Outcome, looks: Looks) -> None:
    """A bar for each thread: its share, then where the rest went."""
    several = len(outcome.processors) > 1
    for y, row in enumerate(outcome.threads):
        left = row.share
        axes.barh(y, left, 0.8, edgecolor=INK, linewidth=0.5, **looks[row.machine, row.thread])
        axes.text(left / 2.0, y, f"{left:.3g}", ha="center", va="center")
        for part, (colour, hatch) in _LOST.items():
            width = getattr(row, part)
            axes.barh(y, width, 0.8, left, facecolor=colour, hatch=hatch, edgecolor=INK, linewidth=0.5)
            left += width
    names = [f"{row.machine} {row.thread}" if several else row.thread for row in outcome.threads]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0.0, 1.0)


def _legend(figure: Figure, looks: Looks, turns: bool) -> None:
    """Threads where only their colour says who they are, otherwise the kinds of lost time."""
    from matplotlib.patches import Patch

    several = len({machine for machine, _ in looks}) > 1
    names = {thread: " ".join(thread) if several else thread[1] for thread in looks}
    entries = {names[thread]: look for thread, look in looks.items()}
    if not turns:
        entries = {part: {"facecolor": colour, "hatch": hatch} for part, (colour, hatch) in _LOST.items()}
    handles = [Patch(label=name, edgecolor=INK, linewidth=0.5, **look) for name, look in entries.items()]
    legend(figure, list(entries), handles=handles)
