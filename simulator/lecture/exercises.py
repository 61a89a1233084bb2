"""Exercises of a lecture: cases of the quiz for the student's seed, answered and graded in the notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.quiz import Exercise, Grading, pose

_SIGNS = {"right": "✓", "wrong": "✗", "unit mistake": "✗", "missing": "?"}


@dataclass(frozen=True)
class Graded:
    """Answers and what became of them; what is right is shown, what would have been right is not."""

    grading: Grading

    def _repr_markdown_(self) -> str:
        rows = [
            f"| {mark.question} | {'' if mark.given is None else mark.given} | {_SIGNS[mark.verdict]} | {mark.hint} |"
            for mark in self.grading.marks
        ]
        return "\n".join(["| | | | |", "|---|---|---|---|", *rows, "", f"{self.grading.right}/{len(rows)}"])

    def __repr__(self) -> str:
        return str(self.grading)


def exercise(topic: str, seed: int, *, level: int = 1) -> Exercise:
    """A case of the quiz: each seed has its own.

    Args:
        topic: of ``virtlab quiz``.
        seed: e.g. the student's number.
        level: how hard.

    Raises:
        UsageError: there is no such topic or level.
    """
    return pose(topic, seed, level=level)


def answer(asked: Exercise, answers: Mapping[Any, Any]) -> Graded:
    """Grade answers to an exercise; None is not answered yet.

    ``answer(asked, {1: "30 ms", 2: None})``

    Args:
        asked: the exercise.
        answers: by number or name of the question; a bare number is in the question's unit.

    Raises:
        UsageError: there is no such question, or an answer that is none.
    """
    return Graded(asked.check({key: value for key, value in answers.items() if value is not None}))


@dataclass(frozen=True)
class Solution:
    """An exercise with its answers, for whoever teaches."""

    asked: Exercise

    def _repr_markdown_(self) -> str:
        return f"```text\n{self.asked.solution}\n```"

    def __repr__(self) -> str:
        return self.asked.solution


def solution(asked: Exercise) -> Solution:
    """The answers with their arithmetic and how to repeat them: for the notebooks of solutions only.

    Args:
        asked: the exercise.
    """
    return Solution(asked)
