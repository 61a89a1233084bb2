"""Predictions, comparisons, sliders and exercises of lecture notebooks."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from matplotlib.figure import Figure

from simulator.errors import UsageError
from simulator.lecture import answer, compare, exercise, predict, slider, solution, stacks
from simulator.lecture.sliding import WITHOUT_WIDGETS

NAMES = ["Docker", "KVM"]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What a cell shows."""
    things: list[Any] = []
    monkeypatch.setattr("IPython.display.display", things.append)
    return things


@pytest.mark.parametrize(
    ("given", "unit", "value"),
    [(None, "%", None), (" ? ", "%", None), (3, "us", 3.0), ("3 us", "us", 3.0), ("0.5 ms", "us", 500.0),
     ("2 GiB", "MiB", 2048.0), ("4", "", 4.0)],
)  # fmt: skip
def test_a_guess_is_a_number_in_the_unit_that_is_asked(given: str | None, unit: str, value: float | None) -> None:
    assert predict({"KVM": given}, names=NAMES, unit=unit).values == {
        "Docker": None,
        "KVM": None if value is None else pytest.approx(value),
    }


@pytest.mark.parametrize(
    ("given", "unit", "said"),
    [({"KMV": 3}, "%", "'KMV' is not asked here; did you mean 'KVM'"),
     ({"KVM": "3 MB"}, "us", "KVM: '3 MB' is in MB, but it is asked in us"),
     ({"KVM": "3 MB"}, "", "it is a number without a unit"),
     ({"KVM": "3,5"}, "us", "has a comma; write 3.5"),
     ({"KVM": "many"}, "us", "is no number; write e.g. 3.5 or '3.5 us'"),
     ({"KVM": "1e400"}, "us", "too large"),
     ({"KVM": True}, "us", "is no number")],
)  # fmt: skip
def test_a_guess_that_is_none_is_refused_with_what_to_write(given: dict[str, Any], unit: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        predict(given, names=NAMES, unit=unit)
    assert said in str(raised.value)


def test_nothing_is_revealed_before_it_is_predicted(shown: list[Any]) -> None:
    simulated = {"Docker": 12.5, "KVM": 777.0}
    nothing = compare(predict({}, names=NAMES), simulated)
    nothing._ipython_display_()
    assert len(shown) == 1  # the table alone, no figure
    assert "12.5" not in shown[0]._repr_markdown_() + repr(nothing)
    half = compare(predict({"Docker": 10}, names=NAMES, unit="%"), simulated)
    assert half.rows() == [("Docker", 10.0, 12.5, 2.5), ("KVM", None, None, None)]
    assert "777" not in half._repr_markdown_() + repr(half)
    half._ipython_display_()
    assert shown[2]._repr_png_().startswith(b"\x89PNG")


def test_a_lecturer_may_reveal_everything() -> None:
    shown = compare(predict({}, names=NAMES), {"Docker": 12.5, "KVM": 777.0}, reveal=True)
    assert "| KVM | ? | 777 |  |" in shown._repr_markdown_()


def test_a_figure_says_each_number_it_shows() -> None:
    figure = compare(predict({"Docker": 1, "KVM": 5}, names=NAMES), {"Docker": 0.001, "KVM": 900.0}).draw()
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["1", "0.001", "5", "900"]
    assert figure.axes[0].get_xscale() == "log"
    left, right = figure.axes[0].get_xlim()
    assert left < 0.001 < 900.0 < right
    less = compare(predict({"Docker": -1, "KVM": 5}, names=NAMES), {"Docker": 0.001, "KVM": 900.0}).draw()
    assert less.axes[0].get_xlim()[0] < -1


def test_what_was_not_simulated_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match="nothing was simulated for 'KVM'"):
        compare(predict({}, names=NAMES), {"Docker": 1.0})


@pytest.mark.parametrize("came", [float("nan"), float("inf")])
def test_a_run_without_a_result_has_no_bar_and_leaves_the_others_theirs(came: float) -> None:
    guess = predict({"Docker": 1, "KVM": 500}, names=NAMES)
    figure = compare(guess, {"KVM": came, "Docker": 2.0}).draw()
    assert [bar.get_width() for bar in figure.axes[0].patches] == [1.0, 2.0, 500.0]
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "2", "500", "?"]
    assert figure.axes[0].get_xscale() == "log"
    assert "| KVM | 500 | ? |  |" in compare(guess, {"KVM": came, "Docker": 2.0})._repr_markdown_()


def drawing(drawn: list[int]) -> Any:
    def draw(cycles: int) -> Figure:
        drawn.append(cycles)
        figure = Figure(figsize=(2, 1))
        figure.subplots().plot([0, cycles])
        return figure

    return draw


def test_a_slider_has_a_figure_beside_it_and_draws_anew_when_it_is_moved(shown: list[Any]) -> None:
    drawn: list[int] = []
    slider(drawing(drawn), cycles=[10, 20, 30], at=20)._ipython_display_()
    static, widget = shown
    assert static._repr_png_().startswith(b"\x89PNG")
    moved, moving = widget.children
    assert (moved.value, moved.description, moving.value) == (20, "cycles", b"")
    moved.value = 30
    assert drawn == [20, 30]
    assert moving.value != static._repr_png_()
    moved.value = 20
    assert drawn == [20, 30]
    assert moving.value == static._repr_png_()


def test_without_widgets_the_figure_stands_alone(
    shown: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    slider(drawing([]), cycles=[10, 20, 30])._ipython_display_()
    assert len(shown) == 1
    assert capsys.readouterr().out == WITHOUT_WIDGETS + "\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [({}, "moves one thing, not 0"), ({"a": [1], "b": [2]}, "moves one thing, not 2"), ({"a": []}, "a has no values"),
     ({"a": 5}, "a=5 is one value; give several, e.g. a=\\[5, 10\\]"),
     ({"a": [1, 2], "at": 3}, "at=3 is none of the values of a: 1, 2")],
)  # fmt: skip
def test_a_slider_that_moves_nothing_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        slider(drawing([]), **options)


def test_an_exercise_is_graded_and_its_answers_are_only_in_the_solution() -> None:
    asked = exercise("quota", 4711)
    graded = answer(asked, {1: "30 ms", 2: None, "slowdown": 3})
    assert "| 1 | 30 ms | ✓ |" in graded._repr_markdown_()
    assert "1/4" in graded._repr_markdown_()
    assert "215" not in graded._repr_markdown_() + repr(graded) + asked.text
    assert "= 215 ms" in solution(asked)._repr_markdown_()


def test_stacks_are_drawn_with_the_systems_that_stand_beside_their_guests() -> None:
    drawn = stacks({"Xen": "xen-4 | linux-6", "pods": "linux-6 | kvm-6 / linux-6 | docker-27"}, tenants=3)
    assert drawn._repr_png_().startswith(b"\x89PNG")


def test_no_stacks_are_refused() -> None:
    with pytest.raises(UsageError, match="no stack to draw"):
        stacks({})


@pytest.mark.parametrize("tenants", [0, 7])
def test_more_tenants_than_can_be_drawn_are_refused(tenants: int) -> None:
    with pytest.raises(UsageError, match="take 1 to 6"):
        stacks({"Xen": "xen-4 | linux-6"}, tenants=tenants)
