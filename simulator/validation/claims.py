"""Claims: which published figure each experiment predicts, at which point, by which reading; and what nobody predicts.

An experiment is a scenario with a section ``published``. Every figure that judges is claimed by one experiment, or
excluded with a reason by one of them or by ``excluded.yaml`` beside this file; what is neither is *open*.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simulator.errors import UsageError
from simulator.results.places import axis_named
from simulator.scenario.publishing import PLACEHOLDER, filled, same, used
from simulator.validation import conversion, readings
from simulator.validation.published import Figure

if TYPE_CHECKING:
    from simulator.scenario import Scenario
    from simulator.scenario.schema import NamedRow, PublishedRow

Point = Mapping[str, Any]
EXCLUDED = Path(__file__).parent / "excluded.yaml"


@dataclass(frozen=True)
class Experiment:
    """A scenario that repeats published figures."""

    name: str
    scenario: Scenario

    @property
    def points(self) -> Sequence[Point]:
        """Its resolved points."""
        return self.scenario.points()

    @property
    def table(self) -> str:
        """The name of the published table."""
        assert self.scenario.published is not None
        return self.scenario.published.table


@dataclass(frozen=True)
class Claim:
    """One published figure, and where its prediction is read.

    Attributes:
        figure: what was published.
        experiment: name of the experiment.
        stack: label of the stack in it.
        point: number of the point.
        tenant: whose reading, by its name in the scenario.
        read: the reading.
        factor: what makes the reading a number in the unit of the figure.
        other: number of the point that the figure is relative to, None where it stands for itself.
        form: how it is relative.
        native: whether nothing but a system is under the program: it is what the others cost over.
        less_is_better: whether less of it is better.
        condition: values of the axes at its point, without the stack, and the notes that its row asks for.
        spread: how far the source's own repetitions lie apart, as a part.
        other_is_native: whether that other point is of the stack that the others are compared with.
    """

    figure: Figure
    experiment: str
    stack: str
    point: int
    tenant: str
    read: str
    factor: float
    other: int | None
    form: str
    native: bool
    less_is_better: bool
    condition: str
    spread: float
    other_is_native: bool

    @property
    def relative_to_native(self) -> bool:
        """Whether the figure is a ratio to the stack that the others are compared with."""
        return self.other_is_native and self.form != "difference"

    @property
    def points(self) -> tuple[int, ...]:
        """All points that must be run for it."""
        return (self.point,) if self.other is None else (self.point, self.other)


@dataclass(frozen=True)
class Reason:
    """Figures that nothing predicts, or not rightly, and why; ``*`` in a pattern stands for anything."""

    table: str
    benchmark: str
    platform: str
    metric: str
    figure: str
    notes: str
    use: str
    reason: str

    def fits(self, figure: Figure) -> bool:
        """Whether it is about this figure."""
        pairs = (
            (self.table, figure.file), (self.benchmark, figure.benchmark), (self.platform, figure.platform),
            (self.metric, figure.metric), (self.figure, figure.table), (self.notes, figure.notes),
            (self.use, figure.use),
        )  # fmt: skip
        return all(matches(pattern, text) for pattern, text in pairs)


def matches(pattern: str, text: str) -> bool:
    """Whether a text fits a pattern in which ``*`` stands for anything; nothing else is special."""
    return _expression(pattern).fullmatch(text) is not None


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(re.sub(r"([\[?])", r"[\1]", pattern)))


def claims(experiment: Experiment, figures: Iterable[Figure]) -> Iterator[Claim]:
    """What an experiment predicts of the figures of its table: of each the first row that fits.

    Raises:
        UsageError: no reading of this name, units that do not measure the same, a row at several points.
    """
    published = experiment.scenario.published
    assert published is not None
    for figure in figures:
        for row in published.rows:
            found = _claim(experiment, row, figure)
            if found is not None:
                yield found
                break


def idle(experiment: Experiment, figures: Sequence[Figure]) -> list[str]:
    """The benchmarks of rows that fit no figure that we have: withheld ones, or mistakes."""
    published = experiment.scenario.published
    assert published is not None
    return [
        row.benchmark
        for row in published.rows
        if not any(_values(row.benchmark, figure.benchmark) is not None for figure in figures)
    ]


def _claim(experiment: Experiment, row: PublishedRow, figure: Figure) -> Claim | None:
    """The claim of one row on one figure; None where the row is not about it, or has no point for it."""
    published = experiment.scenario.published
    assert published is not None
    platforms = published.platforms if row.platforms is None else row.platforms
    fitting = (label for name, label in platforms.items() if matches(name, figure.platform))
    stack = platforms.get(figure.platform) or next(fitting, None)
    fits = all(matches(pattern or "*", text) for pattern, text in _pairs(row, figure))
    if stack is None or not fits:
        return None
    place = _place(row, figure)
    if place is None:
        return None
    point = _point(experiment, stack, place)
    if point is None:
        return None
    other, base = None, experiment.scenario.baseline
    if row.against is not None:
        against = _point(experiment, row.against.stack or stack, {**place, **row.against.at})
        if against is None:
            raise UsageError(f"{experiment.name}: {row.benchmark!r}: 'against' names no point; correct its 'at'")
        other = int(against["point"])
    tenant = row.tenant or str(next(iter(point["tenants"].values()))["copy_of"])
    metric = _metric(point, tenant)
    to_native = row.against is not None and (row.against.stack or stack) == base
    return Claim(
        figure, experiment.name, stack, int(point["point"]), tenant, row.read,
        _factor(experiment, row, metric["unit"], figure), other, row.form or "", _is_bare(point), _less(row, metric),
        _condition(point, row), row.spread, to_native,
    )  # fmt: skip


def _is_bare(point: Point) -> bool:
    """Whether a point has systems only: no hypervisor, container or virtual machine in it."""
    return all(layer["family"] == "operating_system" for layer in point["layers"].values())


def _condition(point: Point, row: PublishedRow) -> str:
    """The values of the axes, without the stack, and what the notes say where the row asks for it."""
    values = [f"{name}={value}" for name, value in point["axes"].items() if name != "stack"]
    return ", ".join([*values, *([row.notes] if row.notes else [])])


def _metric(point: Point, tenant: str) -> Mapping[str, str]:
    """What a tenant's figure of merit is."""
    metric: Mapping[str, str] = next(each for each in point["tenants"].values() if each["copy_of"] == tenant)["metric"]
    return metric


def _less(row: PublishedRow, metric: Mapping[str, str]) -> bool:
    """Whether less of a reading is better."""
    if row.read == "value":
        return metric["better"] == "lower"
    return row.read != "idle_percent" and conversion.less_is_better(readings.unit(row.read))


def _pairs(row: PublishedRow, figure: Figure) -> tuple[tuple[str | None, str], ...]:
    return (row.figure, figure.table), (row.notes, figure.notes)


def _factor(experiment: Experiment, row: PublishedRow, merit: str, figure: Figure) -> float:
    """Units and the row's own factor; a ratio has no units.

    Args:
        merit: the unit of the workload's figure of merit.
    """
    unit = readings.unit(row.read) or merit
    if row.form not in (None, "difference"):
        return row.times
    try:
        return row.times * conversion.factor(unit, figure.unit)
    except UsageError as error:
        raise UsageError(f"{experiment.name}: {row.benchmark!r}: {error}") from None


def _place(row: PublishedRow, figure: Figure) -> dict[str, object] | None:
    """Where on the axes a row stands for a figure; None where the row is not about it.

    What stands at a placeholder is the value of the axis of that name, or a piece of a value in ``at``.
    """
    found = _values(row.benchmark, figure.benchmark)
    further = _values(row.metric, figure.metric) if row.metric else {}
    if found is None or further is None:
        return None
    found |= further
    pieces = used(row.at)
    at = {name: filled(value, found) if isinstance(value, str) else value for name, value in row.at.items()}
    return {**at, **{name: value for name, value in found.items() if name not in pieces}}


def _values(pattern: str, text: str) -> dict[str, str] | None:
    """What stands at the placeholders of a pattern; None where the text does not fit."""
    pieces = PLACEHOLDER.split(pattern)
    expression = ""
    for number, piece in enumerate(pieces):
        expression += r"(.+?)" if number % 2 else ".*".join(map(re.escape, piece.split("*")))
    found = re.fullmatch(expression, text)
    return dict(zip(pieces[1::2], found.groups(), strict=True)) if found else None


def _point(experiment: Experiment, stack: str, place: Mapping[str, object]) -> Point | None:
    """The only point of a stack at a place on the axes; None where there is none.

    Raises:
        UsageError: several points stand there.
    """
    found = [point for point in experiment.points if point["stack"] == stack and _stands(point, place)]
    if len(found) > 1:
        axes = ", ".join(name for name in found[0]["axes"] if name != "stack")
        raise UsageError(f"{experiment.name}: {len(found)} points fit {dict(place)}; say in 'at' which of: {axes}")
    return found[0] if found else None


def _stands(point: Point, place: Mapping[str, object]) -> bool:
    for name, value in place.items():
        found = axis_named(name, point["axes"])
        if found is None or not same(point["axes"][found], value):
            return False
    return True


def exclusions(experiments: Iterable[Experiment], file: Path = EXCLUDED) -> list[Reason]:
    """All reasons why figures are not predicted: of the experiments, then of the common file."""
    found = []
    for experiment in experiments:
        published = experiment.scenario.published
        assert published is not None
        found += [_reason(published.table, each) for each in published.excluded]
    return found + common(file)


def misses(experiment: Experiment) -> list[Reason]:
    """What an experiment says about predictions of its own that are wrong."""
    published = experiment.scenario.published
    assert published is not None
    return [_reason(published.table, each) for each in published.missed]


def _reason(table: str, row: NamedRow) -> Reason:
    return Reason(
        table, row.benchmark, row.platform, row.metric or "*", row.figure or "*", row.notes or "*", "*", row.reason
    )


def common(file: Path = EXCLUDED) -> list[Reason]:
    """Reasons that hold for whole tables, or for what no experiment is about.

    Raises:
        UsageError: an entry without a reason, or with a key that there is not.
    """
    from simulator.catalog import document

    read = document.read(file)
    if read.problems:
        raise UsageError("\n".join(map(str, read.problems)))
    known = ("benchmark", "platform", "metric", "in", "notes", "use")
    found = []
    for table, entries in read.data.items():
        for number, entry in enumerate(entries):
            unknown = set(entry) - {*known, "reason"}
            if unknown or not str(entry.get("reason", "")).strip():
                raise UsageError(f"{file.name}: {table}[{number}]: needs a 'reason', and may have {', '.join(known)}")
            benchmark, platform, metric, figure, notes, use = (str(entry.get(key, "*")) for key in known)
            why = str(entry["reason"])
            found.append(Reason(str(table), benchmark, platform, metric, figure, notes, use, why))
    return found
