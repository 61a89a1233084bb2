"""Predict, then check: small cases of virtlab's mechanisms, with questions, answers and the arithmetic by hand.

A topic is a module of ``simulator/quiz/topics``, found by the fact of existing, here or in ``modules/quiz/topics`` of a
folder in ``VIRTLAB_CATALOG``. It has ``TITLE``, ``LEVELS`` (what each level is, in words) and ``case``, which makes a
case from a stream of random numbers. Each answer is there twice: as virtlab's own engine has it, and as arithmetic that
is evaluated as it is printed; tests hold both together.

The package can be called as the function of that name in ``simulator``.
"""

from __future__ import annotations

import sys
from types import ModuleType

from simulator.quiz.case import Case, Question, Table, Working
from simulator.quiz.exercise import Exercise, pose, titles
from simulator.quiz.grading import Grading, Mark

__all__ = ["Case", "Exercise", "Grading", "Mark", "Question", "Table", "Working", "pose", "titles"]


class _Callable(ModuleType):
    """``simulator.quiz`` names this package as soon as anybody has imported it, so that it must answer calls."""

    def __call__(self, topic: str, seed: int = 1, *, level: int = 1, number: int = 1) -> Exercise:
        return pose(topic, seed, level=level, number=number)


sys.modules[__name__].__class__ = _Callable
