"""Pages of the machines, of the virtual hardware that guests are given, and of images: each with all its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from virtlab_pages.layers import anchor
from virtlab_pages.markdown import page, prose
from virtlab_pages.numbers import catalog, given

_KINDS = {
    "machines": ("Machines", "What the experiments of papers, and ours, ran on; two of the present day among them."),
    "virtual_hardware": ("Virtual hardware", "Disks, network cards and images that hypervisors show to their guests."),
    "images": ("Images", "What a tenant is shipped as: layers, each with its files and its size."),
    "packages": ("Packages", "What an image may have on top, with what it needs."),
}


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """One page a kind."""
    for kind, (title, lead) in _KINDS.items():
        yield kind, page(title, [lead, ""], *(_entry(kind, name) for name in catalog().names(kind)))


def _entry(kind: str, name: str) -> list[str]:
    own = catalog()._library.document(kind, name).data
    base = own.get("extends")
    known = base in catalog().names(kind)
    more = f" Extends {f'[{base}](#{anchor(base)})' if known else base}." if base else ""
    year = f", {catalog().machine(name).year}" if kind == "machines" else ""
    rows, _ = given(kind, name, "../")
    return [f"## {name}", "", f"{prose(catalog().title(kind, name), '../')}{year}.{more}", "", *rows]
