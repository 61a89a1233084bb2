"""What lecture notebooks are made of: predict, compare, slide, exercise, and pictures that need no running kernel.

    from simulator.lecture import answer, compare, exercise, predict, slider, stacks

    guess = predict({"Docker": None, "KVM": "5 %"}, names=["Docker", "KVM"], unit="%")
    compare(guess, {"Docker": 0.0, "KVM": 3.2})

What is printed is short and nearly without words, because the cells of a lecture are the same in every language.
"""

from __future__ import annotations

from simulator.lecture.charts import bars, lines, stacked
from simulator.lecture.comparison import Comparison, compare
from simulator.lecture.exercises import Graded, answer, exercise, solution
from simulator.lecture.numbers import Numbers, numbers
from simulator.lecture.picture import Picture, picture
from simulator.lecture.prediction import Prediction, predict
from simulator.lecture.sliding import slider
from simulator.lecture.stacks import stacks

__all__ = [
    "Comparison",
    "Graded",
    "Numbers",
    "Picture",
    "Prediction",
    "answer",
    "bars",
    "compare",
    "exercise",
    "lines",
    "numbers",
    "picture",
    "predict",
    "slider",
    "solution",
    "stacked",
    "stacks",
]
