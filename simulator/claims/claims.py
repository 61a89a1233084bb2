"""All claims of a lecture in its order, and the test of each: run what has to be run, compare, give the verdict."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import get_args

from simulator import batch
from simulator.batch.progress import Progress, Silent
from simulator.catalog import Catalog
from simulator.catalog.suggestion import suggestion
from simulator.claims import checking
from simulator.claims.comparing import findings
from simulator.claims.findings import Tested
from simulator.claims.kinds.base import kind_of
from simulator.errors import ScenarioError, UsageError
from simulator.results import Results
from simulator.scenario import Scenario, load
from simulator.scenario.claiming import Claim, Topic

FOLDER = Path("scenarios") / "claims"
TOPICS = dict(
    zip(
        get_args(Topic),
        (
            "Native hypervisors", "Hosted hypervisors", "What virtualization is good for", "Java virtual machines",
            "Containers", "Containers against hypervisors", "Further claims",
        ),
        strict=True,
    )
)  # fmt: skip
"""Parts of the lecture in its order, with their headings."""
Watch = Callable[[str], Progress]


def every(folder: Path | None = None) -> list[Path]:
    """The files of all claims.

    Args:
        folder: where they lie; ``scenarios/claims`` here, or in the checkout that this package is installed from.

    Raises:
        UsageError: there are none.
    """
    beside = Path(__file__).parent.parent.parent / FOLDER
    folder = folder or (FOLDER if FOLDER.is_dir() or not beside.is_dir() else beside)
    found = sorted(folder.glob("*.yaml"))
    if not found:
        raise UsageError(f"{folder} holds no claims; name their files")
    return found


def chosen(names: Iterable[str], folder: Path | None = None) -> list[Scenario]:
    """Claims by name or by file, all of them checked, in the lecture's order; without names all that there are.

    Raises:
        UsageError: there is no such claim.
        ScenarioError: every mistake in every file.
    """
    wanted = list(names)
    files = [_file(name, folder) for name in wanted] if wanted else every(folder)
    catalog = Catalog()
    loaded, problems = [], []
    for path in dict.fromkeys(files):
        try:
            scenario = load(path, catalog=catalog)
            if scenario.claim is None:
                problems.append(checking.missing(scenario))
            checking.check(scenario)
            loaded.append(scenario)
        except ScenarioError as error:
            problems += error.problems
    if problems:
        raise ScenarioError(problems)
    return sorted(loaded, key=_in_order)


def _file(name: str, folder: Path | None) -> Path:
    if name.endswith((".yaml", ".yml")) or os.sep in name:
        return Path(name)
    known = {path.stem: path for path in every(folder)}
    if name not in known:
        raise UsageError(f"no claim is called {name!r}; {suggestion(name, known)}")
    return known[name]


def _in_order(scenario: Scenario) -> tuple[int, int, str]:
    claim = claimed(scenario)
    return list(TOPICS).index(claim.topic), claim.number, scenario.name


def claimed(scenario: Scenario) -> Claim:
    """The claim of a scenario that has one."""
    assert scenario.claim is not None
    return scenario.claim


def test(
    scenarios: Sequence[Scenario],
    *,
    out: str | os.PathLike[str] = "results",
    jobs: int | None = None,
    on: str | Executor = "",
    watch: Watch | None = None,
) -> list[Tested]:
    """Runs each claim's scenario, as far as it has to be run and was not run before, and judges it.

    Args:
        scenarios: those that have a claim, checked.
        out: folder of all results.
        jobs: how many runs at a time, as many as there are processors if not given.
        on: where to run, as in :func:`simulator.run`.
        watch: makes somebody who watches a batch, from its name.
    """
    return [_tested(scenario, out, jobs, on, watch) for scenario in scenarios]


def _tested(
    scenario: Scenario, out: str | os.PathLike[str], jobs: int | None, on: str | Executor, watch: Watch | None
) -> Tested:
    claim = claimed(scenario)
    results: Results | None = None
    if runs(scenario):
        progress = watch(scenario.name) if watch else Silent()
        results = batch.run(scenario, out=out, jobs=jobs, on=on, progress=progress, catalog=scenario.catalog)
    holds, fails = (
        [finding for each in comparisons for finding in findings(scenario, each, results)]
        for comparisons in (claim.holds, claim.fails)
    )
    folder = "" if results is None else str(results.folder)
    return Tested(scenario.name, claim.topic, claim.statement, claim.because or "", holds, fails, folder)


def runs(scenario: Scenario) -> bool:
    """Whether a claim needs runs, or follows from the layers and the catalog."""
    claim = claimed(scenario)
    return any(getattr(kind_of(each.read), "RUNS", False) for each in (*claim.holds, *claim.fails))
