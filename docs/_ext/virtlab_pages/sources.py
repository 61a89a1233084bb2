"""All publications that numbers of the catalog or figures of the validation come from, each with what cites it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from html import escape
from pathlib import Path

from simulator.catalog import KINDS
from virtlab_pages.markdown import heading, page
from virtlab_pages.numbers import catalog, citation


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """The page."""
    lead = [
        "What the numbers of the catalog come from, by the key that cites it, and the files with numbers from there.",
        "",
    ]
    yield "sources", page("Sources", lead, _list())


def _list() -> list[str]:
    users = _users()
    found = []
    for key, source in sorted(catalog().sources.items()):
        note = source.fields.get("note", "")
        text = citation(key) + (f". {escape(note)}" if note else "")
        used = ", ".join(_link(kind, name) for kind, name in users.get(key, ()))
        found.append(f'<dt id="{key}"><code>{key}</code></dt><dd>{text}.{f"<br>Used by {used}." if used else ""}</dd>')
    return ['<dl class="sources">', *found, "</dl>", ""]


def _users() -> dict[str, list[tuple[str, str]]]:
    """The files whose own numbers come from a source."""
    users = defaultdict(list)
    for kind in KINDS:
        for name in catalog()._library.files(kind):
            text = catalog()._library.files(kind)[name].read_text(encoding="utf-8")
            for key in catalog().sources:
                if f"source: {key}," in text or f"source: {key}}}" in text or f"source: {key}\n" in text:
                    users[key].append((kind, name))
    return users


def _link(kind: str, name: str) -> str:
    """A catalog file, with the page it is shown on."""
    place = name.lower().replace(".", "")
    if kind == "layers":
        family = catalog()._library.sheet(kind, name).data["family"]
        return f'<a href="layers/{family}.html#{place}" title="{heading(family)}">{name}</a>'
    if kind == "workloads":
        return f'<a href="workloads/{catalog()._library.sheet(kind, name).data["program"]}.html#{place}">{name}</a>'
    page_of = {"schedulers": "policies"}.get(kind, kind)
    shown = name in catalog().names(kind) and kind != "registries"
    return f'<a href="{page_of}.html#{place}">{name}</a>' if shown else name
