"""An exercise as text for a terminal, and as Markdown for a notebook."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING

from simulator.explain.columns import columns
from simulator.validation.markdown import header
from simulator.validation.markdown import line as table_line

if TYPE_CHECKING:
    from simulator.quiz.case import Question, Table
    from simulator.quiz.exercise import Exercise

WIDTH = 100
MOST_LINES = 30
"""Of a trace, its heads included."""


def plain(exercise: Exercise, check: bool = False) -> list[str]:
    """Lines of at most ``WIDTH`` characters.

    Args:
        exercise: what was posed.
        check: with the answers, the arithmetic, and how to repeat it.
    """
    case, lines = exercise.case, [*_wrapped(heading(exercise)), ""]
    for paragraph in case.words:
        lines += [*_wrapped(paragraph), ""]
    if case.drawing:
        lines += [f"    {case.drawing}", ""]
    for table in (case.table, case.trace):
        if table is not None:
            lines += [*rows(table, check), ""]
    for place, question in enumerate(case.questions, 1):
        lines += _asked(place, question)
        lines += _answered(question, case.questions[place - 2].working.lines if place > 1 else []) if check else []
    if check:
        lines += ["", "virtlab itself says so:", *(f"    {line}" for line in case.repeat.splitlines())]
    return lines


def heading(exercise: Exercise) -> str:
    """What this is, and of which seed."""
    level = f", level {exercise.level}" if exercise.level > 1 else ""
    number = f", case {exercise.number}" if exercise.number > 1 else ""
    title = exercise.title[:1].upper() + exercise.title[1:]
    return f"{title} ({exercise.topic}, seed {exercise.seed}{level}{number})"


def rows(table: Table, check: bool) -> list[str]:
    """A table in columns: what is a number in all rows, or a gap, stands to the right."""
    cells = table.filled(True)
    right = [all(_is_number(row[place]) for row in cells) for place in range(len(table.heads))]
    return columns(table.filled(check), "".join(">" if each else "<" for each in right), table.heads)


def _is_number(cell: str) -> bool:
    return cell[:1].isdigit() or cell[:1] in "-+." or not cell


def _asked(place: int, question: Question) -> list[str]:
    unit = f" [{question.unit}]" if question.unit else ""
    choices = f" ({' or '.join(question.choices)})" if question.choices else ""
    mark = f"{place}. "
    return _wrapped(f"{mark}{question.text}{choices}{unit}", " " * len(mark))


def _answered(question: Question, above: list[str]) -> Iterator[str]:
    """The arithmetic, of what it has in common with the question above only the last line."""
    own = question.working.lines
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(own, above, strict=False)))
    for line in [f"as above, {own[same - 1].lstrip()}", *own[same:]] if same > 1 else own:
        yield from _wrapped(f"     {line}", "       ")
    yield f"   = {question.shown}"


def _wrapped(text: str, later: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)


def markdown(exercise: Exercise) -> Iterator[str]:
    """The case and its questions for a notebook."""
    case = exercise.case
    yield f"**{heading(exercise)}**"
    for paragraph in case.words:
        yield from ("", paragraph)
    if case.drawing:
        yield from ("", f"    {case.drawing}")
    for table in (case.table, case.trace):
        if table is not None:
            yield from ("", *header(*table.heads), *(table_line(*row) for row in table.filled(check=False)))
    yield ""
    for place, question in enumerate(case.questions, 1):
        yield f"{' '.join(_asked(place, question)).replace('   ', ' ')}"
