"""Slides: one file with all in it, that loads nothing and goes on by a key."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from simulator.cli.commands import virtlab
from simulator.errors import UsageError
from simulator.lecture.slides import export

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def text_cell(text: str, kind: str = "") -> dict[str, Any]:
    metadata = {"slideshow": {"slide_type": kind}} if kind else {}
    return {"cell_type": "markdown", "metadata": metadata, "source": text}


def code_cell(source: str, *outputs: dict[str, Any], kind: str = "", tags: tuple[str, ...] = ()) -> dict[str, Any]:
    metadata = {"tags": list(tags), **({"slideshow": {"slide_type": kind}} if kind else {})}
    return {"cell_type": "code", "metadata": metadata, "source": source.splitlines(keepends=True),
            "outputs": list(outputs), "execution_count": None}  # fmt: skip


def shown(data: dict[str, str]) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def written(path: Path, *cells: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells)}))
    return path


CELLS = (
    text_cell(
        "# First & only\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n![far](http://far.example/a.png) <b>no</b>", "slide"
    ),
    code_cell("import hidden_module", kind="skip"),
    code_cell(
        "SEED = 1\nSIZE = (\n    2\n)\n",
        {"output_type": "stream", "name": "stdout", "text": ["a < b\n", "\x1b[31mred\x1b[0m\n"]},
        shown({"image/png": PNG, "text/plain": "<figure>"}),
        shown({"application/vnd.jupyter.widget-view+json": "{}", "text/plain": "a widget"}),
        kind="subslide",
        tags=("parameters",),
    ),
    text_cell("at last", "fragment"),
    text_cell("say it slowly", "notes"),
    text_cell("# Second", "slide"),
)


@pytest.fixture
def slides(tmp_path: Path) -> str:
    assert export(written(tmp_path / "a.ipynb", *CELLS), tmp_path / "a.html", as_is=True) == 3
    return (tmp_path / "a.html").read_text()


def test_a_slide_begins_where_the_notebook_says(slides: str) -> None:
    first, second, third = slides.split("<section")[1:]
    assert "First &amp; only" in first
    assert "<td>2</td>" in first
    assert "a &lt; b\nred" in second
    assert '<div class="cell later">\n<p>at last' in second
    assert re.search(r'class="notes">\s*<p>say it slowly', second)
    assert "<h1>Second" in third
    assert "hidden_module" not in slides


def test_pictures_are_inside_and_nothing_is_loaded(slides: str) -> None:
    assert f"data:image/png;base64,{PNG}" in slides
    assert "a widget" not in slides
    assert re.findall(r"""(?:src|url|@import)\s*[=(]\s*["']?(?!data:)[\w/.:]+""", slides) == []
    assert "<link" not in slides
    assert "default-src 'none'" in slides
    assert "<b>no</b>" not in slides


def test_code_is_folded_away_unless_it_is_wanted(tmp_path: Path, slides: str) -> None:
    assert "<details><summary>" in slides
    export(tmp_path / "a.ipynb", tmp_path / "b.html", as_is=True, code=True)
    assert "<details open><summary>" in (tmp_path / "b.html").read_text()


def test_it_is_executed_with_other_parameters(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ipynb", *CELLS[:3], code_cell("print(SEED + SIZE[0], WORD)"))
    content = json.loads(path.read_text())
    content["cells"][2]["source"] = "SEED = 1\nSIZE = (\n    2,\n)\nWORD = 'one'\n"
    content["cells"][1]["source"] = "pass"
    path.write_text(json.dumps(content))
    before = path.read_bytes()
    said = CliRunner().invoke(
        virtlab, ["slides", str(path), "--to", str(tmp_path / "b.html"), "--set", "SEED=40", "--set", "WORD=two"]
    )
    assert said.output == f"{tmp_path / 'b.html'}: 2 slides\n"
    assert "<pre>42 two\n</pre>" in (tmp_path / "b.html").read_text()
    assert path.read_bytes() == before


def test_what_fails_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ipynb", code_cell("SEED = 1", tags=("parameters",)), code_cell("1 / 0"))
    with pytest.raises(UsageError, match="a cell fails: ZeroDivisionError"):
        export(path, tmp_path / "a.html")
    with pytest.raises(UsageError, match="the parameters have no 'SEDE'; did you mean 'SEED'"):
        export(path, tmp_path / "a.html", settings={"SEDE": "1"})
    with pytest.raises(UsageError, match="without as_is"):
        export(path, tmp_path / "a.html", settings={"SEED": "2"}, as_is=True)
    assert [each.name for each in tmp_path.iterdir()] == ["a.ipynb"]


def test_where_the_slides_go_is_looked_at_before_anything_is_executed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ipynb", code_cell("open('executed', 'w')"))
    before = path.read_bytes()
    (tmp_path / "link.html").symlink_to(path)
    for to, said in (
        ("a.ipynb", "is the notebook itself; choose another place"),
        ("link.html", "is the notebook itself; choose another place"),
        ("no-folder/a.html", "there is no folder .*no-folder"),
        ("a.ipynb/a.html", "there is no folder .*a.ipynb"),
        (".", "is a folder"),
    ):
        with pytest.raises(UsageError, match=f"cannot be written: .*{said}"):
            export(path, tmp_path / to)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.ipynb", "link.html"]


def test_parameters_that_are_no_plain_python_cannot_be_set(tmp_path: Path) -> None:
    path = written(tmp_path / "a.ipynb", code_cell("%matplotlib inline\nSEED = 1", tags=("parameters",)))
    with pytest.raises(UsageError, match="the parameters cell is no plain Python"):
        export(path, tmp_path / "a.html", settings={"SEED": "2"})


def test_a_kernel_that_does_not_come_up_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.lecture.slides.source.KERNEL", "no-such-kernel")
    with pytest.raises(UsageError, match="no kernel called no-such-kernel"):
        export(written(tmp_path / "a.ipynb", code_cell("1")), tmp_path / "a.html")


@pytest.mark.parametrize(
    ("error", "said"),
    [(CellTimeoutError, "a cell takes longer than 600 s"), (DeadKernelError, "the kernel died")],
)
def test_a_kernel_that_does_not_answer_is_said(
    error: type[Exception], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(client: NotebookClient) -> None:
        raise error("no answer")

    monkeypatch.setattr(NotebookClient, "execute", fails)
    with pytest.raises(UsageError, match=said):
        export(written(tmp_path / "a.ipynb", code_cell("1")), tmp_path / "a.html")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), ("# %%\nprint(1)\n", "is no notebook; take the .ipynb"), ("[]", "is no notebook"),
     ('{"cells": [1], "nbformat": 4}', "is no notebook"),
     ('{"cells": [], "nbformat": 3}', "of form 3, not 4")],
)  # fmt: skip
def test_what_is_no_notebook_is_refused(content: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=said):
        export(path, tmp_path / "a.html", as_is=True)


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
def test_the_right_arrow_goes_on_fragment_by_fragment(tmp_path: Path, slides: str) -> None:
    def now(keys: int) -> list[str]:
        press = "dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}));" * keys
        page = tmp_path / f"pressed-{keys}.html"
        page.write_text(slides.replace("</body>", f'<script nonce="slides">{press}</script></body>'))
        assert BROWSER is not None
        dom = subprocess.run(
            [BROWSER, "--headless=new", "--no-sandbox", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
             page.as_uri()], capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip
        return re.findall(r'class="slide now" id="(\d)"', dom) + re.findall(r'class="cell later (come)"', dom)

    assert [now(keys) for keys in (0, 1, 2, 3)] == [["1"], ["2"], ["2", "come"], ["3", "come"]]
