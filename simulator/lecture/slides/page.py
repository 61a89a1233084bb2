"""The slides as one HTML page; pictures, looks and script are inside, and a policy forbids it to load anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from simulator.lecture.slides.source import text

if TYPE_CHECKING:
    from simulator.lecture.slides.deck import Slide
    from simulator.lecture.slides.source import Cell

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'nonce-slides'"
"""What a browser lets the page do: show what is in it, run its own script, load nothing."""
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PICTURES = ("image/png", "image/jpeg")
_RICHEST = (*_PICTURES, "image/svg+xml", "text/html", "text/markdown", "text/plain")
_WIDGET = "application/vnd.jupyter.widget-view+json"


def page(slides: Sequence[Slide], title: str, code: bool) -> str:
    """The page.

    Args:
        slides: in order.
        title: of the window.
        code: whether code is open at first.
    """
    here = files(__package__)
    looks = here.joinpath("page.css").read_text("utf-8") + HtmlFormatter(style="default").get_style_defs(".code")
    script = here.joinpath("page.js").read_text("utf-8")
    head = [
        "<!DOCTYPE html>", "<html>", "<head>", '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(title)}</title>", f"<style>{looks}</style>", "</head>", "<body>",
    ]  # fmt: skip
    shown = [line for number, slide in enumerate(slides, 1) for line in _slide(slide, number, code)]
    foot = [f'<script nonce="slides">{script}</script>', "</body>", "</html>"]
    return "\n".join([*head, *shown, *foot]) + "\n"


def _slide(slide: Slide, number: int, code: bool) -> Iterator[str]:
    yield f'<section class="slide" id="{number}"><div class="body">'
    for cell, later in slide.cells:
        yield f'<div class="cell{" later" if later else ""}">'
        yield from _cell(cell, code)
        yield "</div>"
    if slide.notes:
        yield '<aside class="notes">'
        for cell in slide.notes:
            yield from _cell(cell, code)
        yield "</aside>"
    yield f"</div><footer>{number}</footer></section>"


def _cell(cell: Cell, code: bool) -> Iterator[str]:
    if cell.get("cell_type") == "markdown":
        yield _markdown(text(cell))
        return
    source = text(cell).strip()
    if source:
        coloured = highlight(source, PythonLexer(), HtmlFormatter(cssclass="code"))
        yield f"<details{' open' if code else ''}><summary>code</summary>{coloured}</details>"
    yield '<div class="outputs">'
    for output in cell.get("outputs", []):
        yield from _output(output)
    yield "</div>"


def _output(output: Cell) -> Iterator[str]:
    kind = output.get("output_type")
    if kind == "stream":
        yield f"<pre>{escape(_plain(text(output, 'text')))}</pre>"
    elif kind == "error":
        yield f"<pre>{escape(_plain(chr(10).join(output.get('traceback', []))))}</pre>"
    elif kind in ("display_data", "execute_result") and _WIDGET not in output.get("data", {}):
        data = output["data"]
        best = next((each for each in _RICHEST if each in data), None)
        if best is not None:
            yield _shown(best, data)


def _shown(kind: str, data: Any) -> str:
    content = text(data, kind)
    if kind in _PICTURES:
        return f'<img alt="{escape(text(data, "text/plain"))}" src="data:{kind};base64,{content.strip()}">'
    if kind == "text/plain":
        return f"<pre>{escape(_plain(content))}</pre>"
    return _markdown(content) if kind == "text/markdown" else content


def _markdown(source: str) -> str:
    """Text as HTML; HTML in it stays text, and pictures from elsewhere become links."""
    reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    return str(reader.render(source))


def _plain(content: str) -> str:
    return _ESCAPES.sub("", content)
