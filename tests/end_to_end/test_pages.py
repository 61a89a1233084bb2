"""The pages for readers: what they tell one to type is understood, what they link to is there, every page is found."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from simulator.cli.commands import virtlab

from .reading import File, Typed, is_virtlab, steps

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
NAMES = [path.name for path in PAGES]
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)")
INLINE = re.compile(r"`virtlab ([a-z][a-z-]*)")
TABLE = re.compile(r"(?:^\|.*\|[ ]*\n)+", re.MULTILINE)
TREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = ("scenarios", "notebooks", "benchmarks", "tests", "docs")


@pytest.fixture(scope="module")
def generated() -> dict[str, str]:
    """The pages that are made of the code, by their paths in the folder of the documentation."""
    sys.path.insert(0, str(DOCS / "_ext"))
    try:
        import virtlab_pages

        return {f"{virtlab_pages.FOLDER}/{name}": text for name, text in virtlab_pages.pages()}
    finally:
        sys.path.remove(str(DOCS / "_ext"))


def understood(words: tuple[str, ...]) -> None:
    """Let the command read a line without carrying it out.

    Raises:
        click.UsageError: no such command or option, or an option without its value.
    """
    command: click.Command = virtlab
    context, rest = click.Context(virtlab, info_name="virtlab"), [*words[1:]]
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        name = rest.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"no command {name!r}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    command.make_parser(context).parse_args(rest)


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_the_command_understands_every_line_of_a_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for step in steps(text):
        if isinstance(step, Typed) and is_virtlab(step.words):
            understood(step.words)
    missing = {name for name in INLINE.findall(text) if name not in virtlab.list_commands(click.Context(virtlab))}
    assert not missing, f"there is no such command: {missing}"


def test_what_is_not_understood_is_noticed() -> None:
    for line in ("virtlab rum x.yaml", "virtlab run --replicas 3 x.yaml", "virtlab run --replications"):
        with pytest.raises(click.UsageError):
            understood(tuple(line.split()))


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_every_file_that_a_page_names_in_a_command_is_there(path: Path) -> None:
    written: set[str] = set()
    missing = []
    for step in steps(path.read_text(encoding="utf-8")):
        if isinstance(step, File):
            written.add(step.name)
        elif isinstance(step, Typed):
            named = [word for word in step.words if _ours(word) and word not in written]
            missing += [word for word in named if not any(ROOT.glob(word))]
    assert not missing


def _ours(word: str) -> bool:
    """Whether a word of a command names a file of the checkout; the site is made by its command."""
    first, slash, _ = word.partition("/")
    return bool(slash) and first in OURS and not word.startswith("docs/_build")


@pytest.mark.parametrize("path", PAGES, ids=NAMES)
def test_every_link_of_a_page_leads_somewhere(path: Path, generated: dict[str, str]) -> None:
    made = {(DOCS / f"{name}.md").resolve() for name in generated}
    targets = LINK.findall(re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL))
    dead = [each for each in targets if (place := (path.parent / each).resolve()) not in made and not place.exists()]
    assert not dead


def _tables(path: Path) -> Iterator[str]:
    """The Markdown of a page, or of each cell of a notebook."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield text
    else:
        yield from ("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=lambda path: path.name)
def test_every_row_of_a_table_has_as_many_cells_as_its_head(path: Path) -> None:
    for text in _tables(path):
        for found in TABLE.findall(text):
            rows = found.splitlines()
            cells = {row: len(re.findall(r"(?<!\\)\|", row)) for row in rows}
            assert [row for row in rows if cells[row] != cells[rows[0]]] == [], "write \\| for a bar within a cell"


def test_every_page_stands_in_one_list_of_contents(generated: dict[str, str]) -> None:
    import virtlab_pages.contents

    texts = {path.stem: path.read_text(encoding="utf-8") for path in DOCS.glob("*.md")} | generated
    texts["index"] = virtlab_pages.contents.complete(texts["index"], DOCS)
    listed = [entry for name, text in texts.items() for entry in _entries(name, text)]
    assert sorted(listed) == sorted(name for name in texts if name != "index")


def _entries(name: str, text: str) -> Iterator[str]:
    folder = f"{name.rpartition('/')[0]}/".lstrip("/")
    for tree in TREE.findall(text):
        yield from (f"{folder}{line}" for line in tree.splitlines() if line and not line.startswith(":"))


def test_a_site_that_loads_from_elsewhere_or_leads_nowhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "style.css").write_text("@import url('https://example.org/font.css');", encoding="utf-8")
    (tmp_path / "other.html").write_text("<h1 id='top'>Other</h1>", encoding="utf-8")
    (tmp_path / "page.html").write_text(
        "<script src='//example.org/a.js'></script><img src='lost.png'><a href='https://example.org'>fine</a>"
        "<a href='other.html#top'>fine</a><a href='other.html#bottom'>lost</a>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, DOCS / "check_site.py", tmp_path], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "page.html: loads //example.org/a.js from elsewhere",
        "page.html: links to other.html#bottom, and there is no such place in that page",
        "page.html: links to lost.png, which is not there",
        "style.css: loads from elsewhere",
    ]
