"""Validation: every published figure beside its prediction, and what the predictions are worth together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite, nan
from pathlib import Path

from simulator import outcomes
from simulator.batch.executors import processors
from simulator.batch.progress import Progress
from simulator.batch.version import code_version
from simulator.catalog import Catalog, Fitted
from simulator.errors import RunError, UsageError
from simulator.results import intervals
from simulator.scenario import load
from simulator.validation import measuring, published, score
from simulator.validation.claims import Claim, Experiment, Reason, claims, exclusions, idle, misses
from simulator.validation.measuring import Run, Store
from simulator.validation.rows import Natives, Predicted, Row, predicted_row, related, unpredicted_row

FOLDER = Path("scenarios") / "published"
LEVEL = 0.95


@dataclass(frozen=True)
class Validation:
    """What ``validate`` found.

    Attributes:
        rows: every figure of the tables in question, in their order.
        experiments: the scenarios that predict them.
        fitted: all that the catalog has fitted.
        idle: for each experiment the benchmarks of rows that fit no figure that we have.
    """

    rows: Sequence[Row]
    experiments: Sequence[Experiment]
    fitted: Sequence[Fitted]
    idle: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @cached_property
    def scores(self) -> dict[str, list[score.Score]]:
        """Scores overall, of each source, of each class."""
        return score.scores(self.rows)


def experiments(folder: Path | None = None, catalog: Catalog | None = None) -> list[Experiment]:
    """All scenarios that repeat published figures.

    Args:
        folder: where they lie; ``scenarios/published`` here, or in the checkout that this package is installed from.
        catalog: where names are looked up.

    Raises:
        UsageError: there is no such folder, or no such scenario in it.
        ScenarioError: mistakes in one.
    """
    folder = _folder() if folder is None else folder
    catalog = catalog or Catalog()
    loaded = [load(path, catalog=catalog) for path in sorted(folder.glob("*.yaml"))]
    found = [Experiment(scenario.name, scenario) for scenario in loaded if scenario.published is not None]
    if not found:
        raise UsageError(f"{folder} holds no scenario with a section 'published'; name a folder with --scenarios")
    return found


def _folder() -> Path:
    beside = Path(__file__).parent.parent.parent / FOLDER
    return FOLDER if FOLDER.is_dir() or not beside.is_dir() else beside


def chosen(every: Sequence[Experiment], names: Iterable[str]) -> list[Experiment]:
    """The experiments whose name, or the name of whose table, holds one of some words; all of them without any.

    Raises:
        UsageError: a word that no experiment has.
    """
    found = []
    for name in names:
        own = [each for each in every if name in each.name or name in each.table]
        if not own:
            raise UsageError(f"no experiment is called {name!r}; there are: {', '.join(each.name for each in every)}")
        found += own
    return [each for each in every if each in found] if found else list(every)


class Validator:
    """Measures what claims need, and makes rows of it.

    Args:
        every: all experiments: their exclusions count for those that are chosen.
        names: words of those to be run; all of them without any.
        store: where readings are kept.
        tables: published figures by table; ours if not given.
    """

    def __init__(
        self,
        every: Sequence[Experiment],
        names: Iterable[str] = (),
        store: Store | None = None,
        tables: Mapping[str, Sequence[published.Figure]] | None = None,
    ) -> None:
        self.experiments = chosen(every, names)
        self.store = store or Store(Path("results") / "validation" / "readings.jsonl")
        found = published.load_all() if tables is None else tables
        unknown = [each for each in self.experiments if each.table not in found]
        if unknown:
            raise UsageError(f"{unknown[0].name}: published.table: there is no table {unknown[0].table!r}")
        wanted = {each.table for each in self.experiments}
        everything = not list(names)
        self.tables = {name: own for name, own in found.items() if everything or name in wanted}
        self.exclusions: list[Reason] = exclusions(every)
        self.of = {each.name: each for each in self.experiments}
        for each in self.experiments:
            each.scenario.fixed_replications("a prediction is made of a known number", "'replications: 3' in the file")
        self.claims = self._claims()
        self._code = code_version()
        self.fitted = Catalog().fitted()
        self._known: dict[tuple[str, int, str], list[Run]] = {}

    def _claims(self) -> list[Claim]:
        """The first claim on each figure."""
        found: dict[published.FigurePlace, Claim] = {}
        for each in self.experiments:
            for claim in claims(each, self.tables[each.table]):
                found.setdefault(claim.figure.place, claim)
        return list(found.values())

    def runs(self, claim: Claim, change: measuring.Change | None = None) -> list[list[Run]]:
        """The runs of each point that a claim needs, changed if wanted."""
        return [self._runs(claim.experiment, number, change) for number in claim.points]

    def _runs(self, name: str, number: int, change: measuring.Change | None) -> list[Run]:
        key = (name, number, change.name if change else "")
        if key not in self._known:
            experiment = self.of[name]
            point = experiment.points[number]
            self._known[key] = measuring.runs(
                change(point) if change else point, experiment.scenario.replications, self._code
            )
        return self._known[key]

    def measure(self, wanted: Iterable[Run], jobs: int | None, progress: Progress) -> None:
        """Run what is not there yet."""
        measuring.measure(wanted, self.store, processors() if jobs is None else jobs, progress)

    def predict(self, claim: Claim, change: measuring.Change | None = None) -> Predicted:
        """What the runs of a claim gave, in the unit of the figure; the reason where they gave nothing."""
        found = self.runs(claim, change)
        outcome = self._outcome(claim, found[0])
        if outcome:
            return Predicted(nan, outcome=outcome)
        try:
            value, each = measuring.mean(self.store, found[0], claim.tenant, claim.read)
            if len(found) > 1:
                other, others = measuring.mean(self.store, found[1], claim.tenant, claim.read)
                value = related(claim.form, value, other)
                each = [related(claim.form, one, two) for one, two in zip(each, others, strict=True)]
        except RunError as error:
            return Predicted(nan, reason=str(error))
        interval = intervals.mean([claim.factor * one for one in each], LEVEL)
        return Predicted(claim.factor * value, interval.low, interval.high)

    def _outcome(self, claim: Claim, found: Sequence[Run]) -> str:
        """How the tenant of a claim ended that there is no number; empty if there is one.

        What is lost (``percent_loss``) is a part of what goes on: of a tenant that was killed or did not respond it is
        no number, whatever was done before. Of several copies all must have ended like that, in every run.
        """
        if not (claim.figure.no_result or claim.form == "percent_loss"):
            return ""
        tenants = self.of[claim.experiment].points[claim.point]["tenants"]
        names = [name for name, figures in tenants.items() if figures["copy_of"] == claim.tenant]
        ends = [self.store[run.key].outcomes.get(name, outcomes.OK) for run in found for name in names]
        return "" if any(map(outcomes.counts, ends)) else ends[0]

    def rows(self, ranges: Mapping[Claim, tuple[float, float]] | None = None) -> list[Row]:
        """Every figure of the tables, in their order."""
        natives = Natives(self.claims)
        by_figure = {claim.figure.place: claim for claim in self.claims}
        missed = {each.name: misses(each) for each in self.experiments}
        found = []
        for figure in (figure for own in self.tables.values() for figure in own):
            claim = by_figure.get(figure.place)
            if claim is None:
                if figure.judges:
                    found.append(unpredicted_row(figure, self.exclusions))
                continue
            low, high = (ranges or {}).get(claim, (nan, nan))
            prediction = self.predict(claim)._replace(range_low=low, range_high=high)
            found.append(
                predicted_row(claim, prediction, self.fits(claim), natives.of(claim), missed[claim.experiment])
            )
        return found

    def fits(self, claim: Claim) -> str:
        """The event counts at a claim's point that were fitted, and on what."""
        point = self.of[claim.experiment].points[claim.point]
        names = {*point["layers"], *(each["workload"] for each in point["tenants"].values())}
        own = [fit for fit in self.fitted if fit.product in names]
        return "; ".join(f"{fit.parameter} ({fit.fitted_on})" for fit in own)

    def run(
        self, jobs: int | None, progress: Progress, ranges: Mapping[Claim, tuple[float, float]] | None = None
    ) -> Validation:
        """Measure everything that is claimed, and compare; with ranges of the predictions, where they are known."""
        self.measure((run for claim in self.claims for found in self.runs(claim) for run in found), jobs, progress)
        idling = {each.name: idle(each, self.tables[each.table]) for each in self.experiments}
        return Validation(
            self.rows(ranges), self.experiments, self.fitted, {name: own for name, own in idling.items() if own}
        )


def open_rows(rows: Iterable[Row]) -> list[Row]:
    """Figures that judge, which nobody predicts and nobody excludes."""
    return [row for row in rows if row.verdict == "open"]


def unexplained_rows(rows: Iterable[Row]) -> list[Row]:
    """Wrong predictions of figures that judge about which nobody says why."""
    return [row for row in rows if row.wrong and not row.reason]


def failed_rows(rows: Iterable[Row]) -> list[Row]:
    """Figures whose runs failed or gave no such number."""
    return [row for row in rows if row.verdict == "failed" and not isfinite(row.predicted)]
