"""Markdown, and tables in HTML: there are thousands of rows, and Sphinx would parse each cell by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

_CODE = re.compile(r"``(.+?)``|`([^`\n]+)`", re.DOTALL)
_SPECIAL = re.compile(r"([\\*<>\[\]$#~])")
_PAGE = re.compile(r"\bdocs/([\w-]+)\.md\b")


def prose(text: str, up: str = "../../") -> str:
    """A sentence of a docstring as Markdown: code stays code, everything else means what it says.

    Args:
        text: with code in double backticks.
        up: the way from the page to the folder of the documentation.
    """
    parts, end = [], 0
    for found in _CODE.finditer(text):
        parts += [_plain(text[end : found.start()], up), f"`{found[1] or found[2]}`"]
        end = found.end()
    return "".join([*parts, _plain(text[end:], up)])


def _plain(text: str, up: str) -> str:
    return _PAGE.sub(lambda found: f"[{found[0]}]({up}{found[1]}.md)", _SPECIAL.sub(r"\\\1", text))


def in_html(text: str) -> str:
    """The same as HTML."""
    parts, end = [], 0
    for found in _CODE.finditer(text):
        parts += [escape(text[end : found.start()]), code(found[1] or found[2])]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> list[str]:
    """A table as a block of HTML that Markdown passes on; nothing where there are no rows.

    Args:
        heads: of the columns, as text.
        rows: of HTML.
        numbers: columns that stand at the right.
    """
    body = [
        " ".join(_cells(row, numbers)) for row in rows
    ]  # the index of the search drops tags: spaces keep words apart
    if not body:
        return []
    head = " ".join(f"<th>{escape(each)}</th>" for each in heads)
    head = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    lines = "\n".join(f"<tr>{row}</tr>" for row in body)
    return [f'<div class="table-wrapper"><table class="docutils numbers">{head}<tbody>\n{lines}\n'
            "</tbody></table></div>", ""]  # fmt: skip


def _cells(row: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    for number, cell in enumerate(row):
        yield f'<td class="n">{cell}</td>' if number in numbers else f"<td>{cell}</td>"


def code(text: str) -> str:
    """A word of code in HTML."""
    return f"<code>{_breakable(text)}</code>" if text else ""


def _breakable(text: str) -> str:
    """A long name may go on in the next line behind an underscore."""
    return escape(text).replace("_", "_<wbr>").replace("|", "|<wbr>")


def page(title: str, *blocks: Iterable[str]) -> str:
    """A page with its title."""
    return "\n".join([f"# {title}", "", *(line for block in blocks for line in block)]).rstrip() + "\n"


def paragraph(text: str) -> list[str]:
    """Markdown that was written over several lines."""
    return [" ".join(text.split()), ""]


def toctree(names: Iterable[str], depth: int = 1) -> list[str]:
    """Links to further pages."""
    return ["```{toctree}", f":maxdepth: {depth}", "", *names, "```", ""]


def words(name: str) -> str:
    """The name of a module as words."""
    return name.replace("_", " ")


def heading(name: str) -> str:
    """The name of a module as a title; what is an abbreviation is written as one."""
    short = {"jvm": "Java virtual machine", "nic": "Network card", "z": "Z", "esx": "ESX", "cfs": "CFS", "bvt": "BVT"}
    short |= {"eevdf": "EEVDF", "rtds": "RTDS", "sedf": "SEDF", "fifo": "FIFO"}
    return short.get(name, words(name)[:1].upper() + words(name)[1:])
