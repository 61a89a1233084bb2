"""Quizzes: every topic's engine against its arithmetic by hand, what a student sees, and how answers are graded."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from collections.abc import Callable
from math import isfinite
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import simulator as vl
from simulator.cli import main
from simulator.cli.commands import virtlab
from simulator.errors import CatalogError, UsageError
from simulator.quiz import Case, Exercise, Question, Table, Working, pose, titles
from simulator.quiz.case import GAP, number
from simulator.quiz.exercise import levels
from simulator.quiz.grading import MISSING, RIGHT, UNIT, WRONG, read
from simulator.quiz.text import MOST_LINES, WIDTH, rows

SEEDS = 100
TO_ROUNDING = 5e-4
"""The arithmetic goes on with numbers of six digits; a difference of two of them has fewer."""
DIGITS = 8

# ---------------------------------------------------------------- every topic


@pytest.mark.parametrize("topic", titles())
def test_the_engine_says_what_the_arithmetic_says(topic: str) -> None:
    """Two hundred seeds of each topic with two levels: finite, short, and the same number both ways."""
    for level in levels(topic):
        for seed in range(level * SEEDS, (level + 1) * SEEDS):
            _check(pose(topic, seed, level=level))


def _check(exercise: Exercise) -> None:
    case, where = exercise.case, (exercise.topic, exercise.level, exercise.seed)
    for question in case.questions:
        _check_question(question, where)
    assert len({question.name for question in case.questions}) == len(case.questions) >= 3, where
    for table in (case.table, case.trace):
        if table is not None:
            _check_table(table, where)
    shown = exercise.solution.partition("virtlab itself says so:")[0]
    assert max(map(len, shown.splitlines())) <= WIDTH, where
    assert not re.search(r"\b(nan|inf|None)\b|\de[+-]", shown), where


def _check_question(question: Question, where: object) -> None:
    answer, by_hand = question.answer, question.by_hand
    assert question.working.lines, where
    if isinstance(answer, str) or isinstance(by_hand, str):
        assert answer == by_hand and (not question.choices or answer in question.choices), (where, question.name)
        return
    assert isfinite(answer) and answer >= 0.0, (where, question.name)
    assert by_hand == pytest.approx(answer, rel=TO_ROUNDING, abs=1e-12), (where, question.name, question.working.lines)
    assert f"{number(by_hand)} {question.unit}".strip() in question.working.lines[-1], (where, question.name)


def _check_table(table: Table, where: object) -> None:
    assert len(rows(table, True)) <= MOST_LINES and set(table.gaps) <= set(table.heads), where
    for row in table.rows:
        assert len(row) == len(table.heads), where
        for cell in row:
            assert len(re.sub(r"\D", "", cell).lstrip("0")) <= DIGITS, (where, cell)


@pytest.mark.parametrize("topic", titles())
def test_answers_are_in_the_solution_only_and_the_right_ones_are_right(topic: str) -> None:
    exercise = pose(topic, 7)
    assert exercise.check({place: each.answer for place, each in enumerate(exercise.case.questions, 1)}).all_right
    shown = {each.name: each.shown if each.unit else each.answer for each in exercise.case.questions}
    assert exercise.check(shown).all_right
    if exercise.case.trace is not None and exercise.case.trace.gaps:
        assert f" {GAP}" in exercise.text and f" {GAP} " not in exercise.solution
    assert "virtlab itself" not in exercise.text
    asked = [line for line in exercise.text.splitlines() if re.match(r"\d+\. ", line)]
    assert len(asked) == len(exercise.case.questions)


@pytest.mark.parametrize("topic", titles())
def test_what_repeats_a_case_runs_and_says_an_answer(topic: str) -> None:
    exercise = pose(topic, 3)
    repeat, printed = exercise.case.repeat, io.StringIO()
    if repeat.startswith("virtlab"):
        result = CliRunner().invoke(virtlab, shlex.split(repeat.replace("\\\n", ""))[1:], standalone_mode=False)
        assert result.exception is None, result.output
        said = result.output
    else:
        with contextlib.redirect_stdout(printed):
            exec(compile(repeat, topic, "exec"), {})
        said = printed.getvalue()
    numbers = [float(each) for each in re.findall(r"\d+\.?\d*(?:e-?\d+)?", said)]
    answers = [each.answer for each in exercise.case.questions if isinstance(each.answer, float | int)]
    scales = (1.0, 0.01, 1e3, 1e-3, 1e6, 1e-6)
    assert any(
        each == pytest.approx(answer * scale, rel=1e-3) for answer in answers for each in numbers for scale in scales
    ), said


# ---------------------------------------------------------------- the same on every machine


def test_a_seed_is_the_same_case_everywhere_and_neighbours_are_others() -> None:
    """Written down once: whoever changes what a seed means changes the homework of others."""
    text = pose("round_robin", 1).text
    assert "(a:o~16ms/100s b:o~12ms/100s c:o~8ms/100s d:o~4ms/100s)1" in text and text == pose("round_robin", 1).text
    others = {pose("round_robin", seed, level=level, number=each).case.drawing
              for seed, level, each in ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2))}  # fmt: skip
    assert len(others) == 4


def test_in_python_it_is_a_call_and_reads_well_in_a_notebook() -> None:
    exercise = vl.quiz("quota", seed=12)
    assert isinstance(exercise, vl.Exercise) and str(exercise) == exercise.text == repr(exercise)
    shown = exercise._repr_markdown_()
    assert shown.startswith("**A container's quota of processor time (quota, seed 12)**") and "| --- |" in shown
    assert "| ? |" in shown and "4. How many times" in shown


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda: pose("share"), "no topic 'share'; did you mean 'shares'"),
        (lambda: pose("qqqq"), "there are: cfs, compiling"),
        (lambda: pose("mm1", level=3), "mm1 has no level 3; there are 1: M/M/1; 2:"),
        (lambda: pose("mm1", "a"), "the seed 'a' is no whole number"),  # type: ignore[arg-type]
        (lambda: pose("mm1", 1.5), "the seed 1.5 is no whole number"),  # type: ignore[arg-type]
        (lambda: pose("mm1", number=0), "cases are counted from 1, not 0"),
    ],
)
def test_what_cannot_be_posed_is_refused(asked: Callable[[], Exercise], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        asked()


def test_a_topic_of_ones_own_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "modules" / "quiz" / "topics"
    folder.mkdir(parents=True)
    (folder / "adding.py").write_text(
        "from simulator.quiz import Case, Question, Working\n"
        "TITLE, LEVELS = 'adding', {1: 'two numbers'}\n"
        "def case(random, level):\n"
        "    a, working = random.randint(1, 9), Working()\n"
        "    working.step('sum', f'{a} + 1')\n"
        "    return Case(('Add.',), (Question('sum', f'What is {a} + 1?', '', float(a + 1), working),), '')\n"
    )
    (folder / "empty.py").write_text("TITLE = 'nothing'\n")
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))
    (question,) = pose("adding", 5).case.questions
    assert question.answer == question.by_hand
    with pytest.raises(CatalogError, match=r"empty.py is no topic: it lacks LEVELS and case"):
        pose("empty")


# ---------------------------------------------------------------- arithmetic


def test_arithmetic_is_evaluated_as_it_is_printed() -> None:
    working = Working()
    third = working.step("a third", "1 / 3", "ms")
    working.step("of three", f"{third} * 3")
    assert working.lines == ["a third: 1 / 3 = 0.333333 ms", "of three: 0.333333 × 3 = 0.999999"]
    assert working.value == 0.999999
    assert working.pick("its name", "a") == "a" and working.value == "a"
    assert [number(value) for value in (3.0, 2.99999999999, 1e9, 0.00012345678)] == [
        "3",
        "3",
        "1000000000",
        "0.000123457",
    ]


# ---------------------------------------------------------------- grading


def exercise(*questions: tuple[str, float | str]) -> Exercise:
    """Questions of my own: unit and answer."""
    made = []
    for place, (unit, answer) in enumerate(questions):
        choices = ("cats", "dogs") if isinstance(answer, str) else ()
        made.append(Question(f"q{place}", "What?", unit, answer, Working(), choices))
    return Exercise("mine", "mine", 1, 1, 1, Case(("Words.",), tuple(made), ""))


@pytest.mark.parametrize(
    ("unit", "answer", "given", "verdict", "hint"),
    [
        ("ms", 3.5, 3.5, RIGHT, ""),
        ("ms", 3.5, "3.5", RIGHT, ""),
        ("ms", 3.5, "3500 us", RIGHT, ""),
        ("ms", 3.5, "3.53 ms", RIGHT, ""),
        ("ms", 3.5, "3.6 ms", WRONG, ""),
        ("ms", 3.5, "3.5 s", WRONG, "by a factor of 1000 beside it: a prefix"),
        ("ms", 3.5, 0.0035, WRONG, "by a factor of 1000 beside it: a prefix"),
        ("ms", 3.5, "3.5 MB", UNIT, "'MB' is no unit of this; it is asked in ms"),
        ("ms", 3.5, "3.5 furlongs", UNIT, "'furlongs' is no unit of this"),
        ("MB", 100.0, "12.5 MB", WRONG, "by a factor of 8 beside it: bits or bytes?"),
        ("MiB", 64.0, "67.108864 MB", RIGHT, ""),
        ("MiB", 64.0, 67.11, WRONG, "by a factor of 1.049 beside it: MB are 1000², MiB 1024² bytes?"),
        ("%", 25.0, 0.25, WRONG, "by a factor of 100 beside it: a part or per cent?"),
        ("%", 25.0, "25 %", RIGHT, ""),
        ("", 24.0, 24, RIGHT, ""),
        ("", 24.0, "24 ms", UNIT, "it is a count, without a unit"),
        ("", 2400.0, 2401, WRONG, ""),
        ("", 0.4032, 0.4, RIGHT, ""),
        ("", 0.0, 0, RIGHT, ""),
        ("", 0.0, 1, WRONG, ""),
        ("requests/s", 110.0, "110.9 requests/s", RIGHT, ""),
        ("", "cats", " Cats.", RIGHT, ""),
        ("", "cats", "dogs", WRONG, ""),
        ("", "cats", "cows", WRONG, "it is one of: cats, dogs"),
        ("", "cats", 3, WRONG, "it is one of: cats, dogs"),
    ],
)
def test_an_answer_is_judged(unit: str, answer: float | str, given: float | str, verdict: str, hint: str) -> None:
    (mark,) = exercise((unit, answer)).check({1: given}).marks
    assert mark.verdict == verdict
    assert hint in mark.hint and bool(hint) == bool(mark.hint)


def test_answers_may_come_from_a_table() -> None:
    """Of NumPy's numbers, which print otherwise than Python's."""
    given = {np.int64(1): np.float64(3.5), "q1": np.int64(24)}
    assert [mark.given for mark in exercise(("ms", 3.5), ("", 24.0)).check(given).marks] == [3.5, 24]
    assert exercise(("ms", 3.5), ("", 24.0)).check(given).all_right


def test_what_is_not_answered_is_missing() -> None:
    grading = exercise(("ms", 1.0), ("", 2.0)).check({"q1": 2})
    assert [mark.verdict for mark in grading.marks] == [MISSING, RIGHT]
    assert not grading.all_right and str(grading) == "1: missing\n2: right (2)\n1 of 2 right"
    assert grading.data()["right"] == 1


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({3: 1}, "no question '3'"),
        ({"q0": 1, 1: 1}, "question 1 is answered twice"),
        ({1: "3,5 ms"}, "answers: question 1: '3,5 ms' has a comma"),
        ({1: "many"}, "'many' is no number; write e.g. 3.5"),
        ({1: float("nan")}, "no number"),
        ({1: "1e999"}, "too large to be a number"),
    ],
)
def test_what_is_no_answer_is_refused(answers: dict[int | str, float | str], said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        exercise(("ms", 1.0), ("", 2.0)).check(answers)


def test_answers_are_read_from_lines_and_from_json() -> None:
    text = "# of student 7\n1: 3.5 ms\n\n  end_b :  12  # by hand\n2.1: c a b\n"
    assert read(text, "f") == {"1": "3.5 ms", "end_b": "12", "2.1": "c a b"}
    assert read("\ufeff1: 3.5", "f") == {"1": "3.5"}
    assert read('\ufeff{"1": 3.5}', "f") == {"1": 3.5}
    assert read('{"1": 3.5, "2": "4 ms"}', "f") == {"1": 3.5, "2": "4 ms"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1: 3\nfoo\n2:\n", "f:2: 'foo' is no answer; write e.g. '1: 3.5 ms'\nf:3: '2:' is no answer"),
        ("1: 3\n1: 4\n", "f:2: question 1 is answered twice"),
        ('{"1": 3,\n "2" 4}', "f:2:6: "),
        ('{"1": [3]}', "f: the answer to 1 is [3]; write a number or a text"),
        ('{"1": true}', "f: the answer to 1 is true"),
        ('{"1": 3, "1": 4}', "f: question 1 is answered twice"),
        ("[1, 2]", "f:1: a list says not which question is answered"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        read(text, "f")


# ---------------------------------------------------------------- the command


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["quiz", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_without_a_topic_all_are_listed_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys)
    assert code == 0 and len(out.splitlines()) == 2 + len(titles()) >= 14
    assert json.loads(told(capsys, "--json")[1])[0].keys() == {"topic", "title", "levels"}
    assert told(capsys, "-c")[::2] == (2, f"error: which topic? There are: {', '.join(titles())}\n")


def test_the_machine_readable_form_is_stable(capsys: pytest.CaptureFixture[str]) -> None:
    (asked,) = json.loads(told(capsys, "quota", "--seed", "4", "--json")[1])
    (solved,) = json.loads(told(capsys, "quota", "--seed", "4", "--json", "-c")[1])
    keys = ["format", "topic", "title", "seed", "level", "number", "case", "drawing", "table", "trace", "questions"]
    assert list(asked) == keys and list(solved) == [*keys, "repeat"] and asked["format"] == 1
    of_question = ["number", "name", "text", "unit", "kind", "choices"]
    assert [list(each) for each in asked["questions"]] == [of_question] * 4
    assert list(solved["questions"][0]) == [*of_question, "answer", "tolerance", "arithmetic"]
    assert list(asked["trace"]) == ["columns", "rows"]
    assert GAP in asked["trace"]["rows"][0] and GAP not in solved["trace"]["rows"][0]
    assert solved["questions"][0]["answer"] == pytest.approx(pose("quota", 4).case.questions[0].answer)


def test_answers_are_graded_with_an_exit_code(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    right = {str(place): each.answer for place, each in enumerate(pose("mm1", 9).case.questions, 1)}
    file = tmp_path / "answers.json"
    file.write_text(json.dumps(right))
    code, out, _ = told(capsys, "mm1", "--seed", "9", "--answers", str(file))
    assert code == 0 and out.endswith("5 of 5 right\n")
    file.write_text(json.dumps({**right, "2": 1e9}))
    code, out, _ = told(capsys, "mm1", "--seed", "9", "--answers", str(file), "--json")
    assert code == 3 and json.loads(out)["marks"][1]["verdict"] == WRONG
    code, out, _ = told(capsys, "mm1", "--seed", "9", "--answers", str(file), "-c")
    assert code == 3 and "1 / (served - arriving)" in out and "4 of 5 right" in out
    file.write_text("# mine\n1: 5 %\nresponse: ten ms\n")
    assert told(capsys, "mm1", "--answers", str(file))[::2] == (
        2, f"error: {file}:3: 'ten ms' is no number; write e.g. 3.5 or '3.5 ms'\n"
    )  # fmt: skip
    file.write_text("1: 5 %\n7: 3\n")
    assert f"{file}:2: no question '7'" in told(capsys, "mm1", "--answers", str(file))[2]
    file.write_bytes(b"1: \xff")
    assert told(capsys, "mm1", "--answers", str(file))[0] == 2
    assert told(capsys, "mm1", "--answers", str(tmp_path / "none"))[0] == 2


def test_answers_of_several_cases_come_from_a_pipe() -> None:
    cases = [pose("shares", 2, number=each) for each in (1, 2)]
    lines = [f"{each.number}.{place}: {question.shown}" for each in cases
             for place, question in enumerate(each.case.questions, 1)]  # fmt: skip
    arguments = ["quiz", "shares", "--seed", "2", "--number", "2", "--answers", "-"]
    result = CliRunner().invoke(virtlab, arguments, input="\n".join(lines), standalone_mode=False)
    assert result.return_value == 0 and f"2.1: {RIGHT}" in result.output
    refused = CliRunner().invoke(virtlab, arguments, input="1: 3", standalone_mode=False)
    assert isinstance(refused.exception, UsageError) and "no question '1'" in str(refused.exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mm2",), "no topic 'mm2'; did you mean 'mm1'?"),
        (("mm1", "--seed", "x"), "'x' is not a valid integer"),
        (("mm1", "--level", "9"), "mm1 has no level 9"),
        (("mm1", "--number", "0"), "Invalid value for '--number'"),
    ],
)
def test_mistakes_are_told(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str) -> None:
    code, out, err = told(capsys, *arguments)
    assert code == 2 and not out and said in err


def test_the_page_shows_what_the_command_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[2].joinpath("docs", "quiz.md").read_text(encoding="utf-8")
    for topic, check in (("quota", False), ("quota", True)):
        shown = pose(topic, 4711)
        assert (shown.solution if check else shown.text) in page
    assert all(f"| `{name}` | {title} |" in page for name, title in titles().items())
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "modules" / "quiz" / "topics").mkdir(parents=True)
    (tmp_path / "modules" / "quiz" / "topics" / "own.py").write_text(code)
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))
    _check_question(pose("own").case.questions[0], "the page's own topic")
