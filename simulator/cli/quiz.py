"""``virtlab quiz``: a small case to predict by hand, and its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.quiz import Exercise

_WRONG = 3
"""Exit code where not all answers are right."""


@click.command()
@click.argument("topic", required=False)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another case; e.g. of a student.")
@click.option("--level", type=int, default=1, show_default=True, help="How hard; without a topic they are listed.")
@click.option("--number", type=click.IntRange(1, 99), default=1, show_default=True, help="How many cases.")
@click.option("-c", "--check", is_flag=True, help="Print the answers, with the arithmetic and how to repeat them.")
@click.option(
    "--answers",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="Grade answers: lines '1: 3.5 ms' or JSON; '-' reads the input.",
)
@json_option
def command(
    topic: str | None, seed: int, level: int, number: int, check: bool, answers: TextIO | None, as_json: bool
) -> int | None:
    """Predict, then check: print a small case of TOPIC with questions; with -c also the answers.

    Without TOPIC all topics are listed. The same topic, seed and level is the same case on every machine. Graded
    answers exit with 0 if all are right, else with 3.
    """
    from simulator.quiz import pose

    if topic is None:
        _list(as_json, asked=bool(check or answers))
        return None
    exercises = [pose(topic, seed, level=level, number=each) for each in range(1, number + 1)]
    if answers is not None:
        return _grade(exercises, answers, check, as_json)
    if as_json:
        say_json([exercise.data(check) for exercise in exercises])
    else:
        say("\n\n".join(exercise.solution if check else exercise.text for exercise in exercises))
    return None


def _list(as_json: bool, asked: bool) -> None:
    from simulator.errors import UsageError
    from simulator.explain.columns import columns
    from simulator.quiz.exercise import levels, titles

    found = titles()
    if asked:
        raise UsageError(f"which topic? There are: {', '.join(found)}")
    if as_json:
        say_json([{"topic": name, "title": title, "levels": levels(name)} for name, title in found.items()])
        return
    rows = [[name, title, _harder(levels(name))] for name, title in found.items()]
    say(columns(rows, "<<<", ["topic", "what it is about", "level"]))


def _harder(words: Mapping[int, str]) -> str:
    """What the levels beyond the first are."""
    return "; ".join(f"{level}: {text}" for level, text in words.items() if level > 1)


def _grade(exercises: list[Exercise], answers: TextIO, check: bool, as_json: bool) -> int:
    from simulator.errors import UsageError
    from simulator.quiz.grading import grade, read

    try:
        text = answers.read()
    except UnicodeDecodeError:
        raise UsageError(f"{answers.name} is no text in UTF-8; save it as such") from None
    grading = grade(exercises, read(text, answers.name))
    if as_json:
        cases = {"cases": [exercise.data(check) for exercise in exercises]} if check else {}
        say_json({**grading.data(), **cases})
    else:
        say([*([exercise.solution + "\n" for exercise in exercises] if check else []), str(grading)])
    return 0 if grading.all_right else _WRONG
