"""A module's docstring as a page: its sections become headings, its lists of mechanisms tables.

A section is a paragraph that begins with its name and a colon (``Scope and limits: ...``). What is indented below it
is a list: a name, two spaces or more, and what it is; longer lines go on further to the right.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from virtlab_pages.markdown import code, in_html, prose, table

_SECTION = re.compile(
    r"(Scope and limits|Mechanism|Parameters|Structure|Validation|References|Limits|Threads|Emergent|One operation)"
    r"( \([^)]*\))?:\s*(.*)",
    re.DOTALL,
)
_ROW = re.compile(r"(\S.*?)\s{2,}(\S.*)")
_NAMES = re.compile(r"[a-z_]+(?:, [a-z_]+)*,?")
_RUN_ON = re.compile(r"([a-z_]+(?:, [a-z_]+)+) (\S.*)")
_SECOND = "## "


def first_paragraph(text: str) -> str:
    """What a docstring says first, in one line."""
    return " ".join(text.strip().partition("\n\n")[0].split())


def markdown(text: str, keys: frozenset[str] = frozenset(), up: str = "../../") -> list[str]:
    """Lines of Markdown.

    Args:
        text: a docstring, its indentation removed.
        keys: of sources, which ``References:`` link to.
        up: the way from the page to the folder of the documentation.
    """
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        flat, listed = _parts(block)
        if flat:
            lines += _paragraph(flat, keys, up)
        lines += table(("name", "what"), [(_names(name), in_html(what)) for name, what in _rows(listed)])
    return lines


def _parts(block: str) -> tuple[str, list[str]]:
    """A block's text, and the list below it."""
    lines = block.split("\n")
    first = next((number for number, line in enumerate(lines) if line.startswith("    ")), len(lines))
    rest = lines[first:]
    later = [line for line in rest if not line.startswith("  ")]  # goes on at the margin below the list
    return " ".join(lines[:first] + later).strip(), [line for line in rest if line.startswith("  ")]


def _paragraph(text: str, keys: frozenset[str], up: str) -> Iterator[str]:
    found = _SECTION.fullmatch(text)
    if not found:
        yield from (prose(text, up), "")
        return
    name, aside, rest = found.groups()
    yield from (f"{_SECOND}{name}", "")
    if aside:
        said = aside[2:-1]
        yield from (prose(f"{said[:1].upper()}{said[1:]}.", up), "")
    if name == "References" and keys:
        yield from (_cited(rest, keys, up), "")
    elif rest:
        yield from (prose(f"{rest[:1].upper()}{rest[1:]}", up), "")


def _cited(text: str, keys: frozenset[str], up: str) -> str:
    link = re.compile(r"\b[a-z][a-z0-9-]+\b")
    return link.sub(lambda each: cite(each[0], up) if each[0] in keys else each[0], text)


def cite(key: str, up: str) -> str:
    """A link to a source, as HTML: the list of sources is HTML too."""
    return f'<a href="{up}reference/sources.html#{key}">{key}</a>'


def _names(text: str) -> str:
    return ", ".join(code(each) for each in text.split(", "))


def _rows(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Each name of a list with what it is."""
    if not lines:
        return
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    name, said = "", [""]
    for line in lines:
        text = line.strip()
        found = _ROW.fullmatch(text) or _RUN_ON.fullmatch(text)
        starts = len(line) - len(line.lstrip()) == margin
        if starts and (found or _NAMES.fullmatch(text)):
            if name:
                yield name, " ".join(said).strip()
            name, said = (found[1], [found[2]]) if found else (text, [])
        else:
            said.append(text)
    yield name, " ".join(said).strip()
