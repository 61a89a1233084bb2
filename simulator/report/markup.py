"""Pieces of HTML. Whatever a user may have typed goes through ``text``; nothing else makes tags of data."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

GENERATOR = '<meta name="generator" content="virtlab report">'
"""By this line a file is known as one of ours."""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #ffffff; --rule: #c9c9c9;
  --soft: #f2f2f2; --quiet: #555555; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --paper: #16181b; --rule: #4a4d52; --soft: #22252a; --quiet: #b0b4ba; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--paper);
  font: 1.05rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 0.5rem; }
h2 { font-size: 1.35rem; margin: 2.5rem 0 0.75rem; border-bottom: 2px solid var(--rule); padding-bottom: 0.25rem; }
h3 { font-size: 1.1rem; margin: 1.75rem 0 0.5rem; }
.question, .quiet, figcaption, caption { color: var(--quiet); }
.answer { background: var(--soft); border-left: 0.35rem solid #0072b2; padding: 0.75rem 1rem; margin: 1rem 0; }
.answer ul { margin: 0; padding-left: 1.2rem; }
.bad { border-left-color: #d55e00; }
figure { margin: 1.5rem 0; }
figure img { display: block; width: 100%; height: auto; background: #ffffff;
  padding: 0.5rem; border: 1px solid var(--rule); }
figcaption { margin-top: 0.4rem; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.95rem; }
caption { text-align: left; padding: 0.25rem 0; }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--rule); }
td.number, th.number { text-align: right; white-space: nowrap; }
pre { overflow-x: auto; background: var(--soft); padding: 0.75rem 1rem; font-size: 0.9rem; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.2rem 1rem; }
dt { color: var(--quiet); } dd { margin: 0; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1rem; } a { color: inherit; }
@media (max-width: 36rem) { dl { display: block; } dd { margin: 0 0 0.5rem; } h1 { font-size: 1.5rem; } }
@media print {
  :root { --ink: #000000; --paper: #ffffff; --rule: #999999; --soft: #ffffff; --quiet: #333333; }
  body { max-width: none; font-size: 10pt; } nav { display: none; } .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; } figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
}
"""


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: what stands over it.
        heads: of the columns.
        rows: cells.
        numbers: columns whose cells are numbers.
        note: what stands under it, such as what is left out.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = field(default_factory=frozenset)
    note: str = ""


def text(words: object) -> str:
    """Words as text, whatever is in them."""
    return escape(str(words), quote=True).replace("\x00", "")


def paragraph(words: object, of: str = "") -> str:
    """A paragraph."""
    return f"<p{_class(of)}>{text(words)}</p>"


def bullets(lines: Iterable[object]) -> str:
    """A list."""
    return "<ul>" + "".join(f"<li>{text(line)}</li>" for line in lines) + "</ul>"


def code(words: object) -> str:
    """Text as it was written."""
    return f'<pre tabindex="0">{text(words)}</pre>'


def terms(pairs: Iterable[tuple[object, object]]) -> str:
    """Words with what they are."""
    return "<dl>" + "".join(f"<dt>{text(term)}</dt><dd>{text(what)}</dd>" for term, what in pairs) + "</dl>"


def table(made: Table) -> str:
    """A table that scrolls by itself where it is too wide."""
    head = "".join(f'<th scope="col"{_number(made, place)}>{text(head)}</th>' for place, head in enumerate(made.heads))
    rows = "".join(
        "<tr>" + "".join(f"<td{_number(made, place)}>{text(cell)}</td>" for place, cell in enumerate(row)) + "</tr>\n"
        for row in made.rows
    )
    note = paragraph(made.note, "quiet") if made.note else ""
    label = text(made.title)
    return (
        f'<h3>{label}</h3>\n<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>{note}"
    )


def picture(png: bytes, alternative: str, caption: str) -> str:
    """A figure within the page."""
    source = "data:image/png;base64," + b64encode(png).decode("ascii")
    return f'<figure><img alt="{text(alternative)}" src="{source}"><figcaption>{text(caption)}</figcaption></figure>'


def section(name: str, title: str, *parts: str) -> str:
    """A section that can be jumped to."""
    return f'<section id="{text(name)}"><h2>{text(title)}</h2>\n' + "\n".join(parts) + "</section>\n"


def document(title: str, body: str) -> str:
    """The whole page."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n{GENERATOR}\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{_STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )


def _class(of: str) -> str:
    return f' class="{of}"' if of else ""


def _number(made: Table, place: int) -> str:
    return ' class="number"' if place in made.numbers else ""
