"""A notebook as it is read, with other parameters if they are wanted, and executed."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from simulator.catalog.suggestion import suggestion
from simulator.errors import UsageError

PARAMETERS = "parameters"
KERNEL = "python3"
_FORMAT = 4
_CELL_TIMEOUT_S = 600

Notebook = dict[str, Any]
Cell = Mapping[str, Any]


def read(path: Path) -> Notebook:
    """The notebook in a file.

    Raises:
        UsageError: there is none, or it is not one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not _are_cells(content.get("cells")):
        raise UsageError(f"{path} is no notebook; take the .ipynb beside a .py, not the .py itself")
    if content.get("nbformat") != _FORMAT:
        raise UsageError(f"{path} is a notebook of form {content.get('nbformat')}, not 4; save it with a newer Jupyter")
    return content


def _are_cells(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def text(cell: Cell, key: str = "source") -> str:
    """A text of a cell or output, which files may hold in lines."""
    value = cell.get(key, "")
    return "".join(value) if isinstance(value, list) else str(value)


def tags(cell: Cell) -> list[str]:
    """Its tags."""
    return list(cell.get("metadata", {}).get("tags", []))


def changed(notebook: Notebook, settings: Mapping[str, str]) -> Notebook:
    """The notebook with other values in its parameters cell.

    Args:
        notebook: as it was read.
        settings: what stands to the right of ``=``, by name: Python's notation, or a word, which is taken as a text.

    Raises:
        UsageError: no cell is tagged ``parameters``, or there is no such name in it.
    """
    notebook = copy.deepcopy(notebook)
    cells = [cell for cell in notebook["cells"] if PARAMETERS in tags(cell)]
    if not cells:
        raise UsageError("nothing can be set: no cell of the notebook is tagged 'parameters'")
    lines = text(cells[0]).splitlines()
    places = _assigned("\n".join(lines))
    for name in settings:
        if name not in places:
            raise UsageError(f"the parameters have no {name!r}; {suggestion(name, places)}")
    for name, (first, last) in sorted(places.items(), key=lambda item: -item[1][0]):
        if name in settings:
            lines[first - 1 : last] = [f"{name} = {_literal(settings[name])}"]
    cells[0]["source"] = "\n".join(lines)
    return notebook


def _assigned(source: str) -> dict[str, tuple[int, int]]:
    """First and last line of each assignment to a name."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):
        raise UsageError("nothing can be set: the parameters cell is no plain Python; keep % and ! out of it") from None
    return {
        node.targets[0].id: (node.lineno, node.end_lineno or node.lineno)
        for node in statements
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def _literal(value: str) -> str:
    try:
        return repr(ast.literal_eval(value))
    except (ValueError, SyntaxError):
        return repr(value)


def executed(notebook: Notebook, folder: Path) -> Notebook:
    """The notebook with its outputs, from a fresh kernel.

    Args:
        notebook: as it was read.
        folder: where it is executed.

    Raises:
        UsageError: no Jupyter or no kernel is installed, or a cell fails or never ends.
    """
    try:
        nbclient: Any = import_module("nbclient")
        nbformat: Any = import_module("nbformat")
        no_kernel: Any = import_module("jupyter_client.kernelspec").NoSuchKernel
    except ImportError:
        raise UsageError("notebooks are executed by nbclient; pip install 'virtlab[notebook]'") from None
    content = nbformat.reads(json.dumps(notebook), as_version=_FORMAT)
    client = nbclient.NotebookClient(
        content, timeout=_CELL_TIMEOUT_S, kernel_name=KERNEL, resources={"metadata": {"path": str(folder)}},
        extra_arguments=["--log-level=ERROR"],
    )  # fmt: skip
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        raise UsageError(f"a cell fails: {error.ename}: {error.evalue}") from None
    except nbclient.exceptions.CellTimeoutError:
        raise UsageError(f"a cell takes longer than {_CELL_TIMEOUT_S} s; make it cheaper, or take --as-is") from None
    except nbclient.exceptions.DeadKernelError:
        raise UsageError("the kernel died while it executed a cell; is there enough memory?") from None
    except no_kernel:
        raise UsageError(f"Jupyter has no kernel called {KERNEL}; pip install ipykernel") from None
    found: Notebook = content
    return found
