"""The scenarios that come with virtlab: one page, each with its question and its file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simulator.catalog import document
from virtlab_pages.markdown import heading, page, prose

_TITLES = {
    "": "Questions",
    "claims": "Claims of a lecture",
    "published": "Experiments of papers",
    "pools": "Pools of hosts",
    "parts": "Parts, to include",
}
"""Of folders; any other one is called as it is named."""


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """One page a folder."""
    lead = ["Each is one file: `virtlab run scenarios/NAME.yaml` runs it, `virtlab plan` says how long that takes.", ""]
    names = []
    found = {path.name for path in (root / "scenarios").iterdir() if path.is_dir() and any(path.glob("*.yaml"))}
    for folder in sorted({"", *found}, key=[*_TITLES, *sorted(found)].index):
        title = _TITLES.get(folder, heading(folder))
        paths = sorted((root / "scenarios" / folder).glob("*.yaml"))
        names.append(f"scenarios-{folder or 'own'}")
        yield names[-1], page(title, *(_scenario(path, root) for path in paths))
    links = ["```{toctree}", ":maxdepth: 2", "", *names, "```", ""]
    yield "scenarios", page("Scenarios that are there", lead, links)


def _scenario(path: Path, root: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    data = document.read(path).data
    title = prose(str(data.get("title") or ""), "../")
    return [f"## {path.stem}", "", title, "", f"`{path.relative_to(root)}`:", "", "````yaml", text.rstrip(), "````", ""]
