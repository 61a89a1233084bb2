"""Checks a built site: every page loads from its own folder only, and no link within it leads nowhere.

``python docs/check_site.py FOLDER`` prints each mistake with its page; exit code 1 if there is one. Sphinx itself knows
nothing of links in tables that are written as HTML, nor of what a theme loads.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADS = {
    "script": "src",
    "link": "href",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "object": "data",
}
"""What a browser fetches of its own accord, by the tag that names it."""
_NOT_LOADED = {"canonical", "next", "prev", "index", "search", "alternate", "license"}
"""Relations of a ``link`` that only say something."""


class Page(HTMLParser):
    """What a page loads, where it leads, and the places in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One tag."""
        values = {name: value or "" for name, value in attrs}
        self.places |= {values[name] for name in ("id", "name") if name in values}
        only_said = tag == "link" and values.get("rel", "") in _NOT_LOADED
        if values.get(_LOADS.get(tag, "")) and not only_said:
            self.loads.append(values[_LOADS[tag]])
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])


def mistakes(folder: Path) -> Iterator[str]:
    """Each mistake of a site in a sentence."""
    pages = {path.resolve(): Page(path) for path in sorted(folder.rglob("*.html"))}
    if not pages:
        yield f"{folder}: there is no page; build the site first"
    for path, page in pages.items():
        here = path.relative_to(folder.resolve())
        yield from (f"{here}: loads {each} from elsewhere" for each in page.loads if urlsplit(each).netloc)
        for link in dict.fromkeys([*page.links, *page.loads]):
            if problem := _dead(link, path, pages):
                yield f"{here}: {problem}"
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8")
        if any(
            f"{begin}{scheme}" in text for begin in ("url(", "url('", 'url("', "@import ") for scheme in ("http", "//")
        ):
            yield f"{path.relative_to(folder)}: loads from elsewhere"


def _dead(link: str, path: Path, pages: dict[Path, Page]) -> str:
    """What is wrong with a link within the site; empty if nothing is."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return f"links to {link}, which is not there"
    place = unquote(parts.fragment)
    if target in pages and place and place not in pages[target].places:
        return f"links to {link}, and there is no such place in that page"
    return ""


if __name__ == "__main__":
    found = list(mistakes(Path(sys.argv[1])))
    print("\n".join(found) or "the site loads nothing from elsewhere, and every link in it leads somewhere")
    sys.exit(bool(found))
