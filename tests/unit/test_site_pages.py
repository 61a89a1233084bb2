"""Pages made of the code: docstrings become sections and tables, notebooks pages, links lead to pages of the site."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOCSTRING = """\
A thing: it does ``what_it_does`` for 2 * 3 cycles.

Scope and limits: none; see docs/quiz.md.

Mechanism (counted, paid by the caller):
    exit            a trap, and
                    the way back
    first, second   two of them
    long_name_of_one, and_another
                    said below

References: barham2003, unknown9.
"""


@pytest.fixture(scope="module")
def pages() -> Iterator[ModuleType]:
    """The extension of Sphinx that makes them."""
    sys.path.insert(0, str(ROOT / "docs" / "_ext"))
    try:
        import virtlab_pages

        yield virtlab_pages
    finally:
        sys.path.remove(str(ROOT / "docs" / "_ext"))


def test_a_docstring_becomes_sections_with_a_table_of_its_list(pages: ModuleType) -> None:
    lines = pages.layers.docstring.markdown(DOCSTRING, frozenset({"barham2003"}))
    assert lines[0] == "A thing: it does `what_it_does` for 2 \\* 3 cycles."
    assert [line for line in lines if line.startswith("## ")] == [
        "## Scope and limits",
        "## Mechanism",
        "## References",
    ]
    assert "None; see [docs/quiz.md](../../quiz.md)." in lines
    assert "Counted, paid by the caller." in lines
    table = next(line for line in lines if "<table" in line).replace("<wbr>", "")
    assert "<td><code>exit</code></td> <td>a trap, and the way back</td>" in table
    assert "<td><code>first</code>, <code>second</code></td> <td>two of them</td>" in table
    assert "<td><code>long_name_of_one</code>, <code>and_another</code></td> <td>said below</td>" in table
    cited = next(line for line in lines if "unknown9" in line)
    assert cited == '<a href="../../reference/sources.html#barham2003">barham2003</a>, unknown9.'


def test_a_product_shows_the_numbers_of_its_own_file_only(pages: ModuleType) -> None:
    rows, keys = pages.layers.given("layers", "containerd-1.7", "../../")
    table = "".join(rows).replace("<wbr>", "")
    assert "<code>downloads_count</code>" in table and "<code>filter_cycles</code>" not in table
    assert "containerd2023" in keys


def test_every_key_of_a_scenario_file_is_described(pages: ModuleType) -> None:
    text = dict(pages.scenario.pages(ROOT))["scenario"].replace("<wbr>", "")
    _, *definitions = re.split(r"^## ", text, flags=re.MULTILINE)
    described = {part.partition("\n")[0]: re.findall(r"<tr><td><code>(.*?)</code>", part) for part in definitions}
    schema = json.loads((ROOT / "simulator" / "scenario" / "schema.json").read_text(encoding="utf-8"))
    for name, part in {"The file": schema, **schema["$defs"]}.items():
        assert described[name] == list(part["properties"])
    assert "Axis" not in text and "Annotated" not in text


def test_every_command_and_option_is_described(pages: ModuleType) -> None:
    text = dict(pages.commands.pages(ROOT))["commands"]
    assert "### virtlab run\n" not in text and "## virtlab run\n" in text and "### virtlab results list\n" in text
    assert "--replications INTEGER" in text


def test_a_notebook_becomes_a_page_with_one_title(pages: ModuleType) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# A title\n", "\n", "Text."]},
        {"cell_type": "code", "source": ["x = 1\n", "# no title"]},
        {"cell_type": "markdown", "source": ["# Another\n", "\n", "```sh\n", "# a comment\n", "```\n", "## Below"]},
    ]
    text = pages.notebooks.markdown({"cells": cells}, "folder/name")
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# A title", "# no title", "## Another", "# a comment", "### Below",
    ]  # fmt: skip
    assert "````python\nx = 1\n# no title\n````" in text and "`notebooks/folder/name.ipynb`" in text


def test_links_lead_to_pages_of_the_site_and_code_stays_as_it_is(pages: ModuleType) -> None:
    text = "[a](../notebooks/00-one-paper.ipynb) [b](../CHANGES.md) [c](quiz.md#one-case)\n"
    text += "\n```text\n[d](../CHANGES.md)\n```\n"
    made = pages.links.for_site(text, "batches", ROOT / "docs")
    assert made.startswith("[a](reference/notebooks/00-one-paper.md) [b](reference/changes.md) [c](quiz.md#one-case)")
    assert "[d](../CHANGES.md)" in made
    scenario = pages.links.for_site("[e](../../scenarios/fork-bomb.yaml)", "reference/changes", ROOT / "docs")
    assert scenario == "[e](scenarios-own.md#fork-bomb)"


def test_contents_leave_out_what_is_to_come_and_take_in_what_nothing_names(pages: ModuleType, tmp_path: Path) -> None:
    for name in ("index", "quiz", "new"):
        (tmp_path / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")
    text = "```{toctree}\n:hidden:\n\nquiz\nlater*\n*\n```\n"
    assert pages.contents.complete(text, tmp_path) == "```{toctree}\n:hidden:\n\nquiz\nnew\n```\n"


def test_pages_that_are_gone_are_removed_and_those_that_stay_are_not_touched(pages: ModuleType, tmp_path: Path) -> None:
    pages.write(tmp_path, lambda: iter([("a", "one\n"), ("b/c", "two\n")]))
    before = (tmp_path / "a.md").stat().st_mtime_ns
    pages.write(tmp_path, lambda: iter([("a", "one\n")]))
    assert (tmp_path / "a.md").stat().st_mtime_ns == before and not (tmp_path / "b" / "c.md").exists()
