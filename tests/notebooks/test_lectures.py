"""Lectures: each has its parts in order, one slider, a French twin with the same code, and solutions apart."""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import jupytext
import nbformat
import pytest

from simulator.lecture import exercise

FOLDER = Path(__file__).parents[2] / "notebooks" / "lectures"
LECTURES = sorted(FOLDER.glob("*.ipynb"))
SOLUTIONS = sorted(FOLDER.glob("solutions/*.ipynb"))
EVERY = [*LECTURES, *sorted(FOLDER.glob("fr/*.ipynb")), *SOLUTIONS]
PARTS = ["question", "parameters", "picture", "predict", "run", "look", "explain", "exercises", "leaves-out"]
"""In this order; each is a tag of the cell that its part begins with, and a slide begins there."""
WIDGET = "application/vnd.jupyter.widget-view+json"
TIMEOUT_S = 240
Execute = Callable[[Path], nbformat.NotebookNode]


def name(path: Path) -> str:
    return "/".join(path.relative_to(FOLDER).with_suffix("").parts)


each_lecture = pytest.mark.parametrize("path", LECTURES, ids=map(name, LECTURES))
each_notebook = pytest.mark.parametrize("path", EVERY, ids=map(name, EVERY))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def tags(cell: nbformat.NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def slide(cell: nbformat.NotebookNode) -> dict[str, str]:
    return dict(cell.metadata.get("slideshow", {}))


def code(notebook: nbformat.NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_lectures() -> None:
    assert LECTURES


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT_S)
@each_notebook
def test_it_runs_without_a_warning_and_leaves_nothing_behind(path: Path, execute: Execute) -> None:
    before, start_s = sorted(path.parent.iterdir()), time.perf_counter()
    notebook = execute(path)
    print(f"{name(path)}: {time.perf_counter() - start_s:.1f} s")
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert sum(WIDGET in output.get("data", {}) for output in outputs) == (0 if path in SOLUTIONS else 1)
    assert sorted(path.parent.iterdir()) == before


@each_notebook
def test_no_outputs_are_committed(path: Path) -> None:
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.source for cell in cells if cell.outputs or cell.execution_count is not None] == []


@each_notebook
def test_the_text_beside_it_has_the_same_cells(path: Path) -> None:
    """In step again: ``jupytext --update --to ipynb notebooks/lectures/NAME.py``."""

    def cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str, list[str], dict[str, str]]]:
        return [(cell.cell_type, cell.source, tags(cell), slide(cell)) for cell in notebook.cells]

    assert cells(jupytext.read(path.with_suffix(".py"), fmt="py:percent")) == cells(read(path))


@each_notebook
def test_its_parameters_are_in_one_cell_and_hold_the_seed(path: Path) -> None:
    (parameters,) = [cell.source for cell in read(path).cells if "parameters" in tags(cell)]
    assert "SEED = 1" in parameters.splitlines()


@each_lecture
def test_it_has_all_parts_in_order_each_on_a_slide_of_its_own(path: Path) -> None:
    firsts = [(tag, cell) for cell in read(path).cells for tag in tags(cell) if tag in PARTS]
    assert [tag for tag, _ in groupby(tag for tag, _ in firsts)] == PARTS
    begins = dict(reversed(firsts))
    assert [tag for tag, cell in begins.items() if "slide_type" not in slide(cell)] == []


@each_lecture
def test_nothing_is_predicted_for_the_student(path: Path) -> None:
    guesses = [source for source in code(read(path)) if "predict(" in source]
    assert guesses
    assert all("None" in source for source in guesses)


@each_lecture
def test_the_french_twin_has_the_same_code_and_its_own_words(path: Path) -> None:
    english, french = read(path), read(FOLDER / "fr" / path.name)
    assert code(english) == code(french)
    kept = [[(cell.cell_type, tags(cell), slide(cell)) for cell in each.cells]
            for each in (english, french)]  # fmt: skip
    assert kept[0] == kept[1]
    words = [[cell.source for cell in each.cells if cell.cell_type == "markdown"] for each in (english, french)]
    assert not set(words[0]) & set(words[1])


@each_lecture
def test_no_french_line_begins_with_a_sign_that_belongs_to_the_line_above(path: Path) -> None:
    """Before ``? ! ; :`` and within quotation marks stands a space that does not break (U+00A0)."""
    texts = [cell.source for cell in read(FOLDER / "fr" / path.name).cells if cell.cell_type == "markdown"]
    prose = re.sub(r"`[^`]*`", "code", "\n".join(texts))
    assert re.findall(r".*[ \n](?:[?!;»]|:(?=\s)).*|.*« .*", prose) == []


def posed(path: Path) -> list[tuple[str, str]]:
    """Topic and level of each exercise; no level is the first."""
    return re.findall(r"exercise\(\"(\w+)\", SEED(?:, level=(\d))?\)", "\n".join(code(read(path))))


def test_no_two_lectures_pose_the_same_case() -> None:
    cases = [case for path in LECTURES for case in posed(path)]
    assert sorted(cases) == sorted(set(cases))


@each_lecture
def test_what_is_posed_is_what_is_solved(path: Path) -> None:
    assert posed(path) == posed(FOLDER / "solutions" / path.name)


@each_lecture
def test_there_is_a_place_for_each_answer(path: Path) -> None:
    source = "\n".join(code(read(path)))
    names = re.findall(r"(\w+) = exercise\(", source)
    assert names
    for name, (topic, level) in zip(names, posed(path), strict=True):
        (places,) = re.findall(rf"answer\({name}, (\{{.*\}})\)", source)
        asked = exercise(topic, 1, level=int(level or 1)).case.questions
        assert ast.literal_eval(places) == dict.fromkeys(range(1, len(asked) + 1)), topic


@each_lecture
def test_its_solutions_stand_apart(path: Path) -> None:
    solved = "\n".join(code(read(FOLDER / "solutions" / path.name)))
    assert "reveal=True" in solved
    assert "solution(" in solved
    given = "\n".join(code(read(path)))
    assert "solution(" not in given
    assert "reveal=True" not in given
