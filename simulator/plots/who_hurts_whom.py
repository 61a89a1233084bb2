"""Who hurts whom: a heat map with a row for each neighbour and a column for each model, darker where more is lost.

Drawn of what ``virtlab isolate`` has found, a panel for each question that was asked of a batch; a batch without that
has nothing to show. Where a tenant came to another end than losing something, its field says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from simulator.isolation import METRICS, kept
from simulator.plots._labels import records
from simulator.plots._looks import CHARACTER, LINE, WIDTH, widest

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure

    from simulator.results import Results

TITLE = "Who hurts whom?"
_COLOURS = "YlGnBu"
"""One way from light to dark: it can be read in grey, and by those who see fewer colours."""
_GONE, _ABSENT = "#2b2b2b", "#eeeeee"
"""Fields of victims that did not live to tell, and of what was not measured."""
_DARK, _LIGHT = "#111111", "white"
"""Words on a field."""
_NOT_MEASURED = ("cannot run", "failed", "alone")
_NARROWEST = 1.5
"""Inches of a field."""
_BAR = 1.3
"""Inches of the scale beside a panel."""
_UNITS = {"value": "percent", "requests": "percent", "latency": "ratio"}
_TITLES = {
    "value": "what {victim} loses",
    "requests": "requests that {victim} does not answer",
    "latency": "99th percentile of {victim}'s latency, times as long",
}


def frame(results: Results) -> pd.DataFrame:
    """A row for each question, neighbour and model."""
    return table(kept.read(results.folder))


def table(answers: Iterable[Mapping[str, Any]], metric: str = "value") -> pd.DataFrame:
    """The same of answers, as ``Isolation.data`` gives them.

    Args:
        answers: to one or several questions.
        metric: what is shown of the victim.
    """
    import pandas as pd

    name, unit = METRICS[metric], _UNITS[metric]
    return pd.DataFrame(
        {
            "question": _question(answer, metric),
            "title": answer["title"],
            "caption": _caption(answer),
            "metric": metric,
            "aggressor": cell["aggressor"],
            "model": cell["model"],
            "value": _number(cell[f"{name}_{unit}"]),
            "low": _number(cell[f"{name}_ci_low_{unit}"]),
            "high": _number(cell[f"{name}_ci_high_{unit}"]),
            "word": cell["loss_word"],
            "itself": cell["aggressor_word"],
        }
        for answer in answers
        for cell in answer["cells"]
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _question(answer: Mapping[str, Any], metric: str) -> str:
    runs = ", ".join(each["workload"] for each in answer["victim_metrics"])
    victim = _TITLES[metric].format(victim=answer["victim"])
    return f"{victim} ({runs})" if runs else victim


def _caption(answer: Mapping[str, Any]) -> str:
    against = "an idle neighbour" if "idle" in answer["against"] else "no neighbour"
    itself = "; itself: how the neighbour ended" if any(cell["aggressor_word"] for cell in answer["cells"]) else ""
    runs = f"n = {answer['replications']} replications, [{100 * answer['level']:g} % interval]"
    return f"against the same run beside {against}; {runs}{itself}"


def draw(table: pd.DataFrame) -> Figure:
    """A panel for each question, one under the other."""
    from matplotlib.figure import Figure

    panels = [records(rows) for _, rows in table.groupby(["question", "caption"], sort=False)]
    sizes = [(len({row["aggressor"] for row in rows}), len({row["model"] for row in rows})) for rows in panels]
    names = widest(row["aggressor"] for rows in panels for row in rows)
    most = max(across for _, across in sizes)
    field = max(_NARROWEST, (WIDTH - names - _BAR - 0.3) / most)
    width = names + _BAR + 0.3 + field * most
    line = int(field / CHARACTER) - 1
    heights = [
        down * LINE * (0.4 + max(len(_lines(row, line)) for row in rows))
        for (down, _), rows in zip(sizes, panels, strict=True)
    ]
    figure = Figure(figsize=(width, sum(1.9 + height for height in heights)))
    figure.set_layout_engine("constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
    for axes, rows in zip(grid.flat, panels, strict=True):
        _panel(figure, axes, rows, line, int(width / CHARACTER))
    return figure


def _panel(figure: Figure, axes: Axes, rows: list[dict[str, Any]], line: int, across: int) -> None:
    """A question; ``line`` is the number of letters in a line of a field, ``across`` in one of the figure."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable

    aggressors = list(dict.fromkeys(row["aggressor"] for row in rows))
    models = list(dict.fromkeys(row["model"] for row in rows))
    scale, colours = _scale(rows), colormaps[_COLOURS]
    for row in rows:
        place = models.index(row["model"]), aggressors.index(row["aggressor"])
        _field(axes, place, row, _lines(row, line), scale, colours)
    axes.set_xlim(0, len(models))
    axes.set_ylim(len(aggressors), 0)
    axes.set_xticks([x + 0.5 for x in range(len(models))], ["\n".join(wrap(model, line)) for model in models])
    axes.set_yticks([y + 0.5 for y in range(len(aggressors))], aggressors)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    head = "\n".join(
        part for words in (rows[0]["title"], rows[0]["question"]) for part in wrap(words, int(0.8 * across))
    )
    axes.set_title(head, loc="left", fontweight="bold", x=-0.1)
    axes.set_xlabel("\n".join(wrap(rows[0]["caption"], int(0.85 * across))), loc="left", labelpad=8)
    bar = figure.colorbar(ScalarMappable(scale, colours), ax=axes, pad=0.015, fraction=0.04, aspect=14)
    ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] if _is_ratio(rows) else [0, 1, 5, 10, 25, 50, 75, 100]
    ticks = [tick for tick in ticks if float(scale.vmin or 0.0) <= tick <= float(scale.vmax or 0.0)]
    bar.set_ticks(ticks, labels=[_text(tick, rows[0]["metric"], 0) for tick in ticks])
    bar.minorticks_off()


def _is_ratio(rows: list[dict[str, Any]]) -> bool:
    return _UNITS[rows[0]["metric"]] == "ratio"


def _scale(rows: list[dict[str, Any]]) -> Normalize:
    """Small losses differ visibly; of a time, each factor counts the same."""
    from matplotlib.colors import LogNorm, PowerNorm

    if _is_ratio(rows):
        return LogNorm(1.0, max([2.0, *(row["value"] for row in rows if isfinite(row["value"]))]), clip=True)
    return PowerNorm(0.5, 0.0, 100.0, clip=True)


def _lines(row: Mapping[str, Any], line: int) -> list[str]:
    """What stands in a field: number and interval, or the word, and how the neighbour did."""
    found = wrap(row["word"] or _text(row["value"], row["metric"], 1), line)
    if isfinite(row["value"]) and isfinite(row["low"]):
        bounds = (_text(row[name], row["metric"], 1).removesuffix(" %").removesuffix("×") for name in ("low", "high"))
        found.append(f"[{', '.join(bounds)}]")
    return found + (wrap(f"itself: {row['itself']}", line) if row["itself"] else [])


def _field(
    axes: Axes, place: tuple[int, int], row: Mapping[str, Any], lines: list[str], scale: Normalize, colours: Colormap
) -> None:  # fmt: skip
    """One field, darker where more is lost."""
    from matplotlib.patches import Rectangle

    word, known = str(row["word"]), isfinite(row["value"])
    absent = not known and (not word or word.startswith(_NOT_MEASURED))
    colour = colours(scale(row["value"])) if known else _ABSENT if absent else _GONE
    axes.add_patch(Rectangle(place, 1, 1, facecolor=colour, edgecolor="#cccccc" if absent else "white"))
    ink = _DARK if absent or (known and _is_light(colour)) else _LIGHT
    middle = place[0] + 0.5, place[1] + 0.5
    axes.text(*middle, "\n".join(lines), ha="center", va="center", color=ink)


def _is_light(colour: Any) -> bool:
    """Whether dark ink can be read on a colour."""
    red, green, blue = colour[:3]
    return bool(0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.5)


def _text(value: float, metric: str, places: int) -> str:
    if not isfinite(value):
        return "-"
    if _UNITS[metric] == "ratio":
        return f"{value:.{places + 1 if places and value < 10 else places}f}×"
    return f"{round(value, places) + 0.0:.{places}f} %"
