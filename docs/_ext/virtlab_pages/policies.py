"""One page of all scheduling policies, each with the schedulers of the catalog that follow it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

from simulator import discovery
from virtlab_pages import docstring
from virtlab_pages.markdown import code, heading, page, prose, table
from virtlab_pages.numbers import catalog, given


def pages(root: Path) -> Iterator[tuple[str, str]]:
    """The page."""
    lead = [
        "Who runs next, and for how long, where the fidelity is `quantum`. A scheduler is a policy with numbers.",
        "",
    ]
    yield "policies", page("Scheduling policies", lead, *map(_policy, discovery.members("sharing.policies")))


def _policy(name: str) -> list[str]:
    module = discovery.member("sharing.policies", name)
    text = docstring.markdown(inspect.cleandoc(module.__doc__ or ""), up="../")
    text = [line.replace("## ", "### ", 1) if line.startswith("## ") else line for line in text]
    defaults = table(
        ("parameter", "by default"), [(code(key), f"{value:g}") for key, value in module.POLICY.DEFAULTS.items()]
    )
    lines = [f"## {heading(name)}", "", *text, *defaults]
    for scheduler in catalog().names("schedulers"):
        if catalog()._library.sheet("schedulers", scheduler).data["policy"] == name:
            lines += [f"### {scheduler}", "", prose(catalog().title("schedulers", scheduler), "../") + ".", ""]
            lines += given("schedulers", scheduler, "../")[0]
    return lines
