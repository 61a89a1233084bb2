"""Answers are read and held against what virtlab says: right, wrong, of another kind, or beside it by a factor."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.catalog.suggestion import suggestion
from simulator.errors import UnitError, UsageError
from simulator.units import UNITS, written_quantity

if TYPE_CHECKING:
    from simulator.quiz.case import Question, Value
    from simulator.quiz.exercise import Exercise

RIGHT, WRONG, UNIT, MISSING = "right", "wrong", "unit mistake", "missing"
_SLACK = 1e-9
_OF_ALL = (
    (1e3, "a prefix (milli, kilo, mega) too many or too few"),
    (1e6, "two prefixes (milli, kilo, mega) too many or too few"),
    (1e9, "three prefixes (milli, kilo, mega) too many or too few"),
)
_OF_BYTES = (
    (8.0, "bits or bytes"),
    (1.024, "kB are 1000, KiB 1024 bytes"),
    (1.024**2, "MB are 1000², MiB 1024² bytes"),
    (1.024**3, "GB are 1000³, GiB 1024³ bytes"),
)
_FACTORS = {"size": (*_OF_ALL, *_OF_BYTES), "rate": (*_OF_ALL, *_OF_BYTES), "ratio": ((100.0, "a part or per cent"),)}
"""By what an answer may be beside the right one, and what that tells, by the dimension of the answer."""
_SCALES = {
    symbol: (dimension, float(scale))
    for dimension, units in UNITS.items()
    if dimension != "count"
    for symbol, scale in units.items()
}
"""Dimension and size of each unit."""
_LINE = re.compile(r"([^:]*):(.*)")


@dataclass(frozen=True)
class Mark:
    """What became of one question.

    Attributes:
        case: number of the case, from that of the first.
        question: its number in the case.
        name: its name.
        given: the answer, as it was given.
        verdict: ``right``, ``wrong``, ``unit mistake`` or ``missing``.
        hint: what an answer that is not right may tell.
    """

    case: int
    question: int
    name: str
    given: Value | None
    verdict: str
    hint: str = ""


@dataclass(frozen=True)
class Grading:
    """What became of all questions."""

    marks: tuple[Mark, ...]

    @property
    def right(self) -> int:
        """How many answers are right."""
        return sum(mark.verdict == RIGHT for mark in self.marks)

    @property
    def all_right(self) -> bool:
        """Whether every answer is."""
        return self.right == len(self.marks)

    def data(self) -> dict[str, Any]:
        """As plain data, for other programs."""
        return {"right": self.right, "of": len(self.marks), "marks": [asdict(mark) for mark in self.marks]}

    def __str__(self) -> str:
        several = len({mark.case for mark in self.marks}) > 1
        return "\n".join([*(_line(mark, several) for mark in self.marks), f"{self.right} of {len(self.marks)} right"])

    __repr__ = __str__


def _line(mark: Mark, several: bool) -> str:
    place = f"{mark.case}.{mark.question}" if several else f"{mark.question}"
    given = "" if mark.given is None else f" ({mark.given})"
    return f"{place}: {mark.verdict}{given}" + (f": {mark.hint}" if mark.hint else "")


# ---------------------------------------------------------------- reading


class Answers(dict[str, "Value"]):
    """Answers by the number or name of the question.

    Attributes:
        name: where they are from.
        lines: where each stands there, as far as that is known.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.lines: dict[str, int] = {}

    def where(self, key: str) -> str:
        """The place of an answer, for messages."""
        return f"{self.name}:{self.lines[key]}" if key in self.lines else f"{self.name}: question {key}"


def read(text: str, name: str) -> Answers:
    """Answers by the number or name of the question: JSON, or lines such as ``1: 3.5 ms``; ``#`` begins a remark.

    Args:
        text: what a student handed in.
        name: of the file, for messages.

    Raises:
        UsageError: what cannot be read, each with its line.
    """
    text = text.lstrip("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        return _of_json(text, name)
    found = Answers(name)
    problems = []
    for line, written in enumerate(text.splitlines(), 1):
        content = written.partition("#")[0].strip()
        match = _LINE.fullmatch(content)
        key, answer = (match[1].strip(), match[2].strip()) if match else ("", "")
        if not content:
            continue
        if not key or not answer:
            problems.append(f"{name}:{line}: {content!r} is no answer; write e.g. '1: 3.5 ms'")
        elif key in found:
            problems.append(f"{name}:{line}: question {key} is answered twice; leave one of them")
        else:
            found[key], found.lines[key] = answer, line
    if problems:
        raise UsageError("\n".join(problems))
    return found


def _of_json(text: str, name: str) -> Answers:
    try:
        data = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise UsageError(f'{name}:{error.lineno}:{error.colno}: {error.msg}; write e.g. {{"1": 3.5}}') from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: {error}") from None
    if not isinstance(data, dict):
        raise UsageError(f'{name}:1: a list says not which question is answered; write e.g. {{"1": 3.5}}')
    for key, value in data.items():
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise UsageError(f"{name}: the answer to {key} is {json.dumps(value)}; write a number or a text")
    found = Answers(name)
    found.update(data)
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    twice = [key for key in keys if keys.count(key) > 1]
    if twice:
        raise ValueError(f"question {twice[0]} is answered twice; leave one of them")
    return dict(pairs)


# ---------------------------------------------------------------- judging


class Place(NamedTuple):
    """One question of one exercise."""

    exercise: Exercise
    number: int
    question: Question

    @property
    def numbers(self) -> tuple[int, int]:
        """Those of the case and of the question."""
        return self.exercise.number, self.number

    def keys(self, alone: bool) -> Iterator[str]:
        """What it may be called: its number or name, with the number of the case where there are several."""
        for written in (str(self.number), self.question.name):
            if alone:
                yield written
            yield f"{self.exercise.number}.{written}"


def grade(exercises: Sequence[Exercise], answers: Answers) -> Grading:
    """Judge answers.

    Args:
        exercises: all that were posed.
        answers: by number (``1``; of several cases ``2.1``) or name of the question.

    Raises:
        UsageError: a question that is not there, is answered twice, or an answer that is none.
    """
    places = [
        Place(exercise, number, question)
        for exercise in exercises
        for number, question in enumerate(exercise.case.questions, 1)
    ]
    known = {key: place for place in places for key in place.keys(len(exercises) == 1)}
    given: dict[tuple[int, int], str] = {}
    for key in answers:
        if key not in known:
            raise UsageError(f"{answers.where(key)}: no question {key!r}; {suggestion(key, known)}")
        if known[key].numbers in given:
            raise UsageError(f"{answers.where(key)}: question {known[key].number} is answered twice; leave one of them")
        given[known[key].numbers] = key
    return Grading(tuple(_mark(place, given.get(place.numbers), answers) for place in places))


def _mark(place: Place, key: str | None, answers: Answers) -> Mark:
    head = (*place.numbers, place.question.name)
    if key is None:
        return Mark(*head, None, MISSING)
    return Mark(*head, answers[key], *_judged(place.question, answers[key], answers.where(key)))


def _judged(question: Question, given: Value, where: str) -> tuple[str, str]:
    """Verdict and hint."""
    right = question.answer
    if isinstance(right, str):
        return (RIGHT, "") if _folded(str(given)) == _folded(right) else (WRONG, _of_choices(question, str(given)))
    value, unit = _number(given, where)
    scale = _SCALES.get(question.unit)
    if unit and unit != question.unit:
        other = _SCALES.get(unit)
        if other is None or scale is None or other[0] != scale[0]:
            asked = f"it is asked in {question.unit}" if question.unit else "it is a count, without a unit"
            return UNIT, f"{unit!r} is no unit of this; {asked}"
        value *= other[1] / scale[1]
    if _is(value, right, question.tolerance):
        return RIGHT, ""
    factors = _FACTORS.get(scale[0], _OF_ALL) if scale else ()
    return WRONG, _factor(value, right, question.tolerance, factors)


def _number(given: Value, where: str) -> tuple[float, str]:
    """Number and unit of an answer."""
    if isinstance(given, str) and re.search(r"\d,\d", given):
        raise UsageError(f"{where}: {given!r} has a comma; write 3.5 for three and a half, and 1000 without one")
    try:
        written, unit = written_quantity(given)
    except UnitError:
        raise UsageError(f"{where}: {given!r} is no number; write e.g. 3.5 or '3.5 ms'") from None
    if not isfinite(float(written)):
        raise UsageError(f"{where}: {given!r} is too large to be a number")
    return float(written), unit.strip()


def _is(value: float, right: float, tolerance: float) -> bool:
    return abs(value - right) <= abs(right) * (tolerance + _SLACK)


def _factor(value: float, right: float, tolerance: float, factors: Iterable[tuple[float, str]]) -> str:
    """What the ratio of an answer to the right one tells."""
    for factor, words in factors if right and value > 0.0 else ():
        close = min(tolerance, (factor - 1.0) / 3.0)
        if _is(value, right * factor, close) or _is(value, right / factor, close):
            times = f"{factor:.3f}" if factor < 2.0 else f"{factor:g}" if factor < 1e6 else f"{factor:,.0f}"
            return f"by a factor of {times} beside it: {words}?"
    return ""


def _of_choices(question: Question, given: str) -> str:
    known = {_folded(choice) for choice in question.choices}
    return f"it is one of: {', '.join(question.choices)}" if known and _folded(given) not in known else ""


def _folded(text: str) -> str:
    """Words only: blanks, commas and capitals make no difference."""
    return " ".join(re.findall(r"[\w/+-]+(?:\.\w+)*", text.casefold()))
