"""What was predicted beside what came out; what nobody has predicted stays hidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError
from simulator.lecture.picture import Picture, picture
from simulator.lecture.prediction import Prediction, shown
from simulator.lecture.showing import show
from simulator.plots import _looks

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAR = 0.38
_AIR = 3.0
"""By what the logarithmic axis goes beyond the largest value, for its number."""
_LOGARITHMIC_FROM = 100.0
"""From which ratio of the largest to the smallest value on an axis is logarithmic."""


@dataclass(frozen=True)
class _Table:
    """Markdown, and the same as plain text."""

    markdown: str
    plain: str

    def _repr_markdown_(self) -> str:
        return self.markdown

    def __repr__(self) -> str:
        return self.plain


@dataclass(frozen=True)
class Comparison:
    """A prediction and its outcome, as a table and as a figure.

    Attributes:
        guess: what was predicted.
        simulated: what came out, for all names.
        reveal: whether also what was not predicted is shown.
    """

    guess: Prediction
    simulated: Mapping[str, float]
    reveal: bool = False

    def rows(self) -> list[tuple[str, float | None, float | None, float | None]]:
        """Name, predicted, simulated, and simulated less predicted; None is what is hidden, or no finite number."""
        found: list[tuple[str, float | None, float | None, float | None]] = []
        for name, predicted in self.guess.values.items():
            visible = (self.reveal or predicted is not None) and isfinite(self.simulated[name])
            came = self.simulated[name] if visible else None
            found.append((name, predicted, came, None if predicted is None or came is None else came - predicted))
        return found

    def _repr_markdown_(self) -> str:
        unit = f" [{self.guess.unit}]" if self.guess.unit else ""
        lines = [f"| | predicted{unit} | simulated{unit} | difference |", "|---|---:|---:|---:|"]
        for name, predicted, came, difference in self.rows():
            beside = "" if difference is None else f"{'+' if difference >= 0 else ''}{shown(difference)}"
            lines.append(f"| {name} | {shown(predicted)} | {shown(came)} | {beside} |")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return "\n".join(
            f"{name}: {shown(predicted)} / {shown(came)} {self.guess.unit}".rstrip()
            for name, predicted, came, _ in self.rows()
        )

    def picture(self) -> Picture | None:
        """The figure; None while there is nothing that may be shown."""
        return picture(self.draw) if any(came is not None for _, _, came, _ in self.rows()) else None

    def _ipython_display_(self) -> None:
        drawn = self.picture()
        show(_Table(self._repr_markdown_(), repr(self)), *([] if drawn is None else [drawn]))

    def draw(self) -> Figure:
        """Two bars for each name: hollow what was predicted, full what came out."""
        from matplotlib.figure import Figure

        rows = self.rows()
        figure = Figure(figsize=(7, 0.9 + 0.65 * len(rows)), layout="constrained")
        axes = figure.subplots()
        left = self._scale(axes)
        for place, (_, predicted, came, _) in enumerate(rows):
            looks: list[tuple[float | None, float, Any]] = [
                (predicted, _BAR / 2, {"facecolor": "white", "hatch": "///"}),
                (came, -_BAR / 2, {"facecolor": _looks.PALETTE[0]}),
            ]
            for value, shift, look in looks:
                if value is not None:
                    axes.barh(place - shift, value, _BAR, edgecolor=_looks.INK, **look)
                axes.annotate(
                    shown(value), (value or left, place - shift), (4, 0), textcoords="offset points", va="center",
                    color=_looks.INK,
                )  # fmt: skip
        axes.set_yticks(range(len(rows)), [name for name, *_ in rows])
        axes.invert_yaxis()
        axes.set_xlabel(f"{self.guess.unit}   (/// predicted, full: simulated)".strip())
        axes.margins(x=0.12)
        return figure

    def _scale(self, axes: Axes) -> float:
        """A logarithmic axis where values lie far apart; returns where bars begin."""
        values = [each for _, *both, _ in self.rows() for each in both if each]
        if not values or max(map(abs, values)) / min(map(abs, values)) <= _LOGARITHMIC_FROM:
            return 0.0
        if min(values) > 0.0:
            axes.set_xscale("log")
            left = float(10 ** floor(log10(min(values)) - 0.3))
            axes.set_xlim(left, max(values) * _AIR)
        else:
            axes.set_xscale("symlog", linthresh=max(map(abs, values)) / _LOGARITHMIC_FROM)
            left = 0.0
        axes.xaxis.set_major_formatter("{x:g}")
        return left


def compare(guess: Prediction, simulated: Mapping[str, float], *, reveal: bool = False) -> Comparison:
    """Hold a prediction against what was simulated.

    Args:
        guess: of ``predict``.
        simulated: by name, in the prediction's unit; nan where a run has no result.
        reveal: show also what was not predicted.

    Raises:
        UsageError: something that was asked did not come out.
    """
    values = {str(name): float(value) for name, value in simulated.items()}
    for name in guess.values:
        if name not in values:
            raise UsageError(f"nothing was simulated for {name!r}; {suggestion(name, values)}")
    return Comparison(guess, values, reveal)
