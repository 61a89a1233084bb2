"""Notebooks: they run from a fresh kernel, are committed without outputs, and have the same cells as their text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = [*sorted(FOLDER.glob("*.ipynb")), *sorted(FOLDER.glob("experiments/*.ipynb"))]
TIMEOUT_S = 240
Execute = Callable[[Path], nbformat.NotebookNode]

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT_S)
@each_notebook
def test_it_runs_without_a_warning_and_leaves_nothing_behind(
    path: Path, execute: Callable[[Path], nbformat.NotebookNode]
) -> None:
    before = sorted(path.parent.iterdir())
    outputs = [output for cell in execute(path).cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert sorted(path.parent.iterdir()) == before


@each_notebook
def test_no_outputs_are_committed(path: Path) -> None:
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count is not None] == []


@each_notebook
def test_the_text_beside_it_has_the_same_cells(path: Path) -> None:
    """In step again: ``jupytext --update --to ipynb notebooks/NAME.py``."""

    def cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str, list[str]]]:
        return [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]

    assert cells(jupytext.read(path.with_suffix(".py"), fmt="py:percent")) == cells(read(path))


@each_notebook
def test_its_parameters_are_in_one_cell(path: Path) -> None:
    tags = [tag for cell in read(path).cells for tag in cell.metadata.get("tags", [])]
    assert tags.count("parameters") == 1
