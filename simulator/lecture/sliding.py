"""A slider: a figure at a value of its own choosing, and beside it the widget that moves it where a kernel runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.errors import UsageError
from simulator.lecture.picture import Picture, picture
from simulator.lecture.showing import show

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WITHOUT_WIDGETS = "no slider here: pip install ipywidgets"


class _Slider:
    """The static figure, and the widget beside it."""

    def __init__(self, draw: Callable[[Any], Figure], name: str, values: Sequence[Any], at: Any) -> None:
        self._draw, self._name, self._values, self._at = draw, name, values, at
        self._drawn: dict[Any, bytes] = {}

    def png(self, value: Any) -> bytes:
        """The figure at a value; drawn once."""
        if value not in self._drawn:
            self._drawn[value] = picture(self._draw, value).png
        return self._drawn[value]

    def widget(self) -> Any:
        """The slider and the figure that follows it, empty until it is moved."""
        ipywidgets: Any = import_module("ipywidgets")

        moving = ipywidgets.Image(layout=ipywidgets.Layout(display="none", max_width="100%"))
        slide = ipywidgets.SelectionSlider(
            options=list(self._values), value=self._at, description=self._name, continuous_update=False,
            style={"description_width": "initial"}, layout=ipywidgets.Layout(width="60%"),
        )  # fmt: skip

        def moved(change: Any) -> None:
            moving.value = self.png(change["new"])
            moving.layout.display = ""

        slide.observe(moved, "value")
        return ipywidgets.VBox([slide, moving])

    def _ipython_display_(self) -> None:
        show(Picture(self.png(self._at), f"{self._name} = {self._at}"))
        try:
            widget = self.widget()
        except ImportError:
            print(WITHOUT_WIDGETS)
        else:
            show(widget)


def slider(draw: Callable[[Any], Figure], *, at: Any = None, **values: Sequence[Any]) -> _Slider:
    """A figure that a slider moves; the figure at ``at`` stands there also without a kernel, in slides and in print.

    ``slider(draw, exit_cycles=[500, 1000, 2000], at=1000)``

    Args:
        draw: makes the figure for one value; quick, because it is called when the slider is moved.
        at: the value of the static figure; by default the middle one.
        values: the name of what is moved, with its values.

    Raises:
        UsageError: none or several things are to be moved, or ``at`` is not one of the values.
    """
    if len(values) != 1:
        raise UsageError(f"one slider moves one thing, not {len(values)}; write e.g. exit_cycles=[500, 1000]")
    ((name, given),) = values.items()
    if not isinstance(given, Iterable):
        raise UsageError(f"{name}={given!r} is one value; give several, e.g. {name}=[5, 10]")
    several = list(given)
    if not several:
        raise UsageError(f"{name} has no values to move between; give at least one")
    chosen = several[len(several) // 2] if at is None else at
    if chosen not in several:
        raise UsageError(f"at={at!r} is none of the values of {name}: {', '.join(map(str, several))}")
    return _Slider(draw, name, several, chosen)
