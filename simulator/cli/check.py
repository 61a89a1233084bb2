"""``virtlab check``: reads scenarios and catalog files and reports every mistake; nothing runs, nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import say

if TYPE_CHECKING:
    from simulator.scenario import Scenario

_POOLS, _PARTS = "pools", "parts"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
def command(files: tuple[str, ...]) -> None:
    """Check scenarios, and catalog files: every mistake, with file and line.

    A file in a folder called machines, layers, workloads, virtual_hardware or schedulers is one of a catalog, one in a
    folder called pools is a pool of hosts, one in a folder called parts is included by scenarios.
    """
    from simulator.catalog import KINDS
    from simulator.cli.loading import load_all

    scenarios = [path for path in files if Path(path).resolve().parent.name not in (*KINDS, _POOLS, _PARTS)]
    loaded = dict(zip(scenarios, load_all(scenarios), strict=True))
    published = {path: _published(scenario) + _claim(scenario) for path, scenario in loaded.items()}
    for path in files:
        if path not in loaded and Path(path).resolve().parent.name == _POOLS:
            from simulator.pool.reading import check

            say(f"{path}: ok: {check(path)}")
            continue
        if path not in loaded and Path(path).resolve().parent.name == _PARTS:
            from simulator.scenario.problems import check_part

            say(f"{path}: ok: a part with {', '.join(check_part(Path(path)))}")
            continue
        if path not in loaded:
            say(f"{path}: ok: {_entry(Path(path))}")
            continue
        scenario = loaded[path]
        say(f"{path}: ok: {_runs(scenario)}{published[path]}")


def _runs(scenario: Scenario) -> str:
    """How many runs a scenario has, and the rule that says when they are enough."""
    points, most, rule = len(scenario.points()), scenario.replications, scenario.stopping
    if rule is None:
        return f"{points} points x {most} replications = {points * most} runs"
    return f"{points} points, each with {rule}: {points * rule.at_least} to {points * most} runs"


def _published(scenario: Scenario) -> str:
    """How many published figures a scenario repeats; nothing where it is about none."""
    if scenario.published is None:
        return ""
    from simulator.validation import published
    from simulator.validation.claims import Experiment, claims

    figures = published.load(scenario.published.table)
    found = list(claims(Experiment(scenario.name, scenario), figures))
    judges = sum(claim.figure.judges for claim in found)
    return f"; {len(found)} figures of {scenario.published.table}, {judges} of them judge"


def _claim(scenario: Scenario) -> str:
    """That a scenario tests a claim, which has no mistake; nothing where it claims nothing."""
    if scenario.claim is None:
        return ""
    from simulator.claims.checking import check

    check(scenario)
    return f"; a claim with {len(scenario.claim.holds)} + {len(scenario.claim.fails)} comparisons"


def _entry(path: Path) -> str:
    """What a catalog file is, if it has no mistake."""
    from simulator.catalog import Catalog
    from simulator.errors import CatalogError

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path} cannot be read: {error}") from None
    kind, name = path.resolve().parent.name, path.stem
    catalog = Catalog().with_file(kind, name, text, path)
    problems = catalog.mistakes(kind, name)
    if problems:
        raise CatalogError("\n".join(str(problem) for problem in problems))
    return f"{kind.removesuffix('s').replace('_', ' ')} {name}"
