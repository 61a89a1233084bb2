"""What a case consists of: words, a drawing, numbers, a trace with gaps, and questions with their answers."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.catalog import formula

_DIGITS = 6
_WHOLE = 1e-9
TOLERANCE = 0.01
"""By what part of it an answer may miss: students round in between."""
GAP = "?"

Value = float | str


def number(value: float) -> str:
    """A number as a student writes it: whole ones exactly, others with six significant digits, no exponent."""
    if abs(value - round(value)) <= _WHOLE * max(1.0, abs(value)):
        return str(round(value))
    rounded = float(f"{value:.{_DIGITS}g}")
    return f"{rounded:.12f}".rstrip("0").rstrip(".")


class Working:
    """Arithmetic by hand, line by line; each line goes on with numbers as they were written.

    Args:
        above: what it follows from, whose lines come first.

    Attributes:
        lines: as they are printed.
        value: what the last line says.
    """

    def __init__(self, *above: Working) -> None:
        self.lines: list[str] = [line for each in above for line in each.lines]
        self.value: Value = ""

    @property
    def written(self) -> str:
        """The same as a student writes it, to go on with."""
        return self.value if isinstance(self.value, str) else number(self.value)

    def step(self, words: str, expression: str, unit: str = "") -> str:
        """Evaluate what is printed; returns the result as it is written.

        Args:
            words: what it is.
            expression: numbers, ``+ - * /`` and parentheses.
            unit: of the result.
        """
        result = formula.evaluate(formula.parse(expression), {}).value
        written = number(result)
        shown = expression.replace("*", "×").replace("- -", "+ ")
        equals = "" if shown == written else f"{shown} = "
        self.lines.append(f"{words}: {equals}{written} {unit}".rstrip())
        self.value = float(written)
        return written

    def pick(self, words: str, value: Value, unit: str = "") -> str:
        """Something that is seen, not calculated: the larger of two, a number rounded up, a name."""
        written = value if isinstance(value, str) else number(value)
        self.lines.append(f"{words}: {written} {unit}".rstrip())
        self.value = value if isinstance(value, str) else float(written)
        return written


@dataclass(frozen=True)
class Question:
    """One question.

    Attributes:
        name: a word to answer it by, beside its number.
        text: what is asked.
        unit: of the answer; empty for a count and for a word.
        answer: what virtlab says, in that unit.
        working: the same by hand.
        choices: the words one of which is the answer, if it is one of a few.
    """

    name: str
    text: str
    unit: str
    answer: Value
    working: Working
    choices: tuple[str, ...] = ()

    @property
    def tolerance(self) -> float:
        """By what part an answer may miss: a whole count and a word not at all."""
        exact = isinstance(self.answer, str) or (not self.unit and self.answer == round(self.answer))
        return 0.0 if exact else TOLERANCE

    @property
    def by_hand(self) -> Value:
        """What the arithmetic says."""
        return self.working.value

    @property
    def shown(self) -> str:
        """The answer in words."""
        written = self.answer if isinstance(self.answer, str) else number(self.answer)
        return f"{written} {self.unit}".strip()


@dataclass(frozen=True)
class Table:
    """Rows under heads.

    Attributes:
        heads: of the columns.
        rows: cells.
        gaps: heads of the columns that the student fills in.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    gaps: frozenset[str] = frozenset()

    def filled(self, check: bool) -> list[list[str]]:
        """The cells, with ``?`` in the gaps unless they are shown."""
        return [
            [cell if check or head not in self.gaps else GAP for head, cell in zip(self.heads, row, strict=True)]
            for row in self.rows
        ]


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        words: what is the case, in sentences; each paragraph one string.
        questions: at least one.
        repeat: a command or lines of Python that let virtlab say the same.
        drawing: the stack or the machine in virtlab's notation.
        table: the numbers.
        trace: what happens, step by step.
    """

    words: tuple[str, ...]
    questions: tuple[Question, ...]
    repeat: str
    drawing: str = ""
    table: Table | None = None
    trace: Table | None = None
