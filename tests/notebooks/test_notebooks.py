"""Notebooks: they run from a fresh kernel, are committed without outputs, and have the same cells as their text."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
CELL_TIMEOUT_S = 60
ATTEMPTS = 2

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel of the interpreter that runs the tests, whatever kernels and settings the user has."""
    write_kernel_spec(str(tmp_path / "data" / "kernels" / "tested"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("VIRTLAB_CATALOG", raising=False)
    return "tested"


def executed(path: Path, kernel: str) -> nbformat.NotebookNode:
    """The notebook with its outputs; a kernel that hangs or does not come up gets a second chance, a mistake none."""
    for attempt in range(1, ATTEMPTS + 1):
        notebook = read(path)
        client = NotebookClient(
            notebook, timeout=CELL_TIMEOUT_S, kernel_name=kernel, resources={"metadata": {"path": str(path.parent)}}
        )
        try:
            client.execute()
            return notebook
        except (TimeoutError, RuntimeError):
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("no attempt was made")


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.slow
@pytest.mark.timeout(ATTEMPTS * 2 * CELL_TIMEOUT_S)
@each_notebook
def test_it_runs_without_a_warning_and_leaves_nothing_behind(path: Path, kernel: str) -> None:
    before = sorted(FOLDER.iterdir())
    outputs = [output for cell in executed(path, kernel).cells for output in cell.get("outputs", [])]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert sorted(FOLDER.iterdir()) == before


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
