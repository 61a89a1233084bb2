"""Notebooks are executed by a kernel of the interpreter that runs the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from ipykernel.kernelspec import write_kernel_spec
from nbclient import NotebookClient

CELL_TIMEOUT_S = 60
ATTEMPTS = 2


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A kernel of the interpreter that runs the tests, whatever kernels and settings the user has."""
    write_kernel_spec(str(tmp_path / "data" / "kernels" / "tested"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "data"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("VIRTLAB_CATALOG", raising=False)
    return "tested"


@pytest.fixture
def execute(kernel: str) -> Callable[[Path], nbformat.NotebookNode]:
    """The notebook with its outputs; a kernel that hangs or does not come up gets a second chance, a mistake none."""

    def executed(path: Path) -> nbformat.NotebookNode:
        for attempt in range(1, ATTEMPTS + 1):
            notebook = nbformat.read(path, as_version=4)
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

    return executed
