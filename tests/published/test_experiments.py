"""Every experiment in ``scenarios/published``, found by being there: it runs, and says of each miss why it misses."""

from __future__ import annotations

from math import isfinite
from pathlib import Path

import pytest

from simulator.batch.progress import Silent
from simulator.scenario import load
from simulator.validation import claims, published
from simulator.validation.claims import Experiment
from simulator.validation.measuring import Store
from simulator.validation.validate import Validator, experiments, failed_rows, unexplained_rows

FOLDER = Path(__file__).parent.parent.parent / "scenarios" / "published"
EVERY = [Experiment(path.stem, load(path)) for path in sorted(FOLDER.glob("*.yaml"))]
PAPERS = [each for each in EVERY if each.scenario.published is not None]
TABLES = published.load_all()


def test_every_scenario_of_a_paper_says_what_it_repeats() -> None:
    assert [each.name for each in experiments(FOLDER)] == [each.name for each in PAPERS] == [e.name for e in EVERY]


def test_every_figure_that_judges_is_predicted_or_excluded_with_a_reason() -> None:
    found = {claim.figure.place for each in PAPERS for claim in claims.claims(each, TABLES[each.table])}
    reasons = claims.exclusions(PAPERS)
    open_figures = [
        figure
        for figures in TABLES.values()
        for figure in figures
        if figure.judges and figure.place not in found and not any(reason.fits(figure) for reason in reasons)
    ]
    assert not open_figures


def test_a_reason_is_about_some_figure() -> None:
    every = [figure for figures in TABLES.values() for figure in figures]
    idle = [reason for reason in claims.exclusions(PAPERS) if not any(reason.fits(figure) for figure in every)]
    assert not idle


@pytest.mark.parametrize("experiment", PAPERS, ids=lambda each: each.name)
def test_it_runs_and_every_large_miss_is_explained(experiment: Experiment, tmp_path: Path) -> None:
    tables = {experiment.table: TABLES[experiment.table]}
    validator = Validator([experiment], (), Store(tmp_path / "readings.jsonl"), tables)
    found = validator.run(1, Silent())
    assert not failed_rows(found.rows)
    assert not unexplained_rows(found.rows)
    assert not validator.claims or any(isfinite(row.predicted) for row in found.rows)
