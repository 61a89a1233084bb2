"""A case that was posed: to be read, to be answered, to be graded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import index
from random import Random
from typing import Any

from simulator import discovery
from simulator.catalog.suggestion import suggestion
from simulator.errors import CatalogError, UsageError
from simulator.quiz.case import Case, Question, Table, Value
from simulator.quiz.grading import Answers, Grading, grade
from simulator.quiz.text import markdown, plain

FAMILY = "quiz.topics"
FORMAT = 1
"""Of the machine-readable form: grows when a reader of the older one would misunderstand it."""


def titles() -> dict[str, str]:
    """What each topic is about, by name."""
    return {name: _module(name).TITLE for name in sorted(discovery.members(FAMILY))}


def levels(topic: str) -> Mapping[int, str]:
    """What each level of a topic is, in words.

    Raises:
        UsageError: there is no such topic.
    """
    found: Mapping[int, str] = _module(topic).LEVELS
    return found


def pose(topic: str, seed: int = 1, *, level: int = 1, number: int = 1) -> Exercise:
    """Make a case: the same for the same topic, seed, level and number on every machine.

    Args:
        topic: one of ``titles()``.
        seed: any whole number, e.g. of a student.
        level: how hard; 1 is the easiest.
        number: which of the cases of this seed, from 1.

    Raises:
        UsageError: there is no such topic or level, or a number that counts nothing.
    """
    module = _module(topic)
    seed, number = _whole("seed", seed), _whole("number", number)
    if number < 1:
        raise UsageError(f"cases are counted from 1, not {number}")
    if level not in module.LEVELS:
        there = "; ".join(f"{each}: {words}" for each, words in module.LEVELS.items())
        raise UsageError(f"{topic} has no level {level!r}; there are {there}")
    return Exercise(topic, module.TITLE, seed, level, number, module.case(_stream(topic, seed, level, number), level))


def _whole(what: str, value: int) -> int:
    """A whole number, be it from a table of students.

    Raises:
        UsageError: it is none.
    """
    try:
        return index(value)
    except TypeError:
        raise UsageError(f"the {what} {value!r} is no whole number; give e.g. 1") from None


def _plain(value: Any) -> Any:
    """A number as Python has it, be it from a table of answers."""
    return value.item() if hasattr(value, "item") else value


def _module(topic: str) -> Any:
    there = discovery.members(FAMILY)
    if topic not in there:
        raise UsageError(f"no topic {topic!r}; {suggestion(topic, there)} ('virtlab quiz' lists all)")
    module = discovery.member(FAMILY, topic)
    lacking = [name for name in ("TITLE", "LEVELS", "case") if not hasattr(module, name)]
    if lacking:
        raise CatalogError(f"{there[topic]} is no topic: it lacks {' and '.join(lacking)}")
    return module


def _stream(topic: str, seed: int, level: int, number: int) -> Random:
    """A text as seed is hashed by a fixed rule, so that neighbouring seeds have nothing in common."""
    return Random(f"virtlab quiz {topic} {level} {seed} {number}")


@dataclass(frozen=True)
class Exercise:
    """A case that was posed.

    Attributes:
        topic: its name.
        title: what that is about.
        seed: which random numbers.
        level: how hard.
        number: which of the cases of this seed.
        case: all of it.
    """

    topic: str
    title: str
    seed: int
    level: int
    number: int
    case: Case

    @property
    def text(self) -> str:
        """The case and its questions."""
        return "\n".join(plain(self))

    @property
    def solution(self) -> str:
        """The same with answers, arithmetic, and how to repeat it."""
        return "\n".join(plain(self, check=True))

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return "\n".join(markdown(self))

    def check(self, answers: Mapping[Any, Value]) -> Grading:
        """Which answers are right: ``exercise.check({1: "3.5 ms", 2: 12})``.

        Args:
            answers: by number or name of the question; a number, Python's or NumPy's, is in the question's unit.

        Raises:
            UsageError: there is no such question, or an answer that is none.
        """
        given = Answers("answers")
        given.update({str(key): _plain(value) for key, value in answers.items()})
        return grade([self], given)

    def data(self, check: bool = False) -> dict[str, Any]:
        """As plain data, for other programs.

        Args:
            check: with the answers.
        """
        case = self.case
        head = {"format": FORMAT, "topic": self.topic, "title": self.title, "seed": self.seed, "level": self.level}
        shown = {
            "number": self.number, "case": list(case.words), "drawing": case.drawing or None,
            "table": _table(case.table, check), "trace": _table(case.trace, check),
            "questions": [_question(place, each, check) for place, each in enumerate(case.questions, 1)],
        }  # fmt: skip
        return {**head, **shown, **({"repeat": case.repeat} if check else {})}


def _table(table: Table | None, check: bool) -> dict[str, Any] | None:
    return None if table is None else {"columns": list(table.heads), "rows": table.filled(check)}


def _question(place: int, question: Question, check: bool) -> dict[str, Any]:
    kind = "word" if isinstance(question.answer, str) else "number"
    asked = {"number": place, "name": question.name, "text": question.text, "unit": question.unit, "kind": kind}
    asked |= {"choices": list(question.choices)}
    if not check:
        return asked
    return {**asked, "answer": question.answer, "tolerance": question.tolerance, "arithmetic": question.working.lines}
