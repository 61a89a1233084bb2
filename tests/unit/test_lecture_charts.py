"""Charts and numbers of lectures: what is in the table is on the figure, and each number has its source."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from simulator.errors import UsageError
from simulator.lecture import bars, lines, numbers, stacked
from simulator.plots import _looks

TABLE = pd.DataFrame({"here": [1.0, 2.0, 4.0], "there": [3.0, float("nan"), 5.0]}, index=[1, 4, 16])


def labels(figure: object) -> list[str]:
    (legend,) = figure.legends  # type: ignore[attr-defined]
    return [text.get_text() for text in legend.get_texts()]


def test_a_column_is_a_line_with_a_look_of_its_own() -> None:
    figure = lines(TABLE, "requests", "reads/s", log="x", mark=4)
    (axes,) = figure.axes
    here, there, mark = axes.lines
    assert list(here.get_ydata()) == [1.0, 2.0, 4.0]
    assert list(there.get_xdata()) == [1, 16]
    assert list(mark.get_xdata()) == [4, 4]
    assert (here.get_marker(), here.get_linestyle()) != (there.get_marker(), there.get_linestyle())
    assert labels(figure) == ["here", "there"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "4", "16"]


def test_bars_stand_in_groups_with_their_numbers() -> None:
    figure = bars(TABLE, "us", log=True)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["1", "2", "4", "3", "", "5"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1", "4", "16"]
    assert axes.get_xscale() == "log"
    assert len({bar.get_hatch() for bar in axes.patches}) == 2
    assert not bars(TABLE[["here"]], "us").legends


def test_stacked_bars_add_up() -> None:
    figure = stacked(TABLE, "us")
    (axes,) = figure.axes
    assert [bar.get_x() for bar in axes.patches] == [0.0, 0.0, 0.0, 1.0, 2.0, 4.0]
    assert [text.get_text() for text in axes.texts] == ["4", "2", "9"]


def test_numbers_come_with_range_and_source() -> None:
    given = numbers("kvm-6", "exit_cycles", "bridge_cycles", machine="laptop-2025")
    assert given["exit_cycles"] > 0
    assert list(given) == ["exit_cycles", "bridge_cycles"]
    assert "li2019" in repr(given)
    assert given._repr_markdown_().count("\n") == 3


def test_a_number_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"kvm-6 has no number 'exit_cycle'.*exit_cycles"):
        numbers("kvm-6", "exit_cycle", machine="laptop-2025")


def test_a_model_has_the_look_that_it_has_in_every_figure() -> None:
    models = {"here": "linux-6 | docker-27", "there": "linux-6 |"}
    here, there = lines(TABLE, "requests", "reads/s", models=models).axes[0].lines
    assert here.get_color() == _looks.FAMILIES["container"].colour
    assert there.get_color() == _looks.FAMILIES[_looks.BARE].colour
    (axes,) = bars(TABLE.loc[[1, 4], ["here"]].set_index(pd.Index(list(models))), "us", models=models).axes
    assert to_hex(axes.patches[0].get_facecolor()) == here.get_color()


def test_many_rows_have_fewer_ticks_than_rows_and_losses_are_not_cut_off() -> None:
    many = pd.DataFrame({"gain": range(-100, 100)}, index=range(200))
    (axes,) = lines(many, "second", "%").axes
    assert 2 <= len(axes.get_xticks()) <= 12
    assert axes.get_ylim()[0] <= -100


@pytest.mark.filterwarnings("error")
def test_a_logarithmic_axis_of_bars_bears_zeros_and_what_is_missing() -> None:
    nothing = float("nan")
    (axes,) = bars(pd.DataFrame({"us": [0.0, 3.0, nothing]}), "us", log=True).axes
    assert 0 < axes.get_xlim()[0] < 3
    bars(pd.DataFrame({"us": [nothing, 0.0]}), "us", log=True)
