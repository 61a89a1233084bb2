"""DaCapo Chopin predicted: the page with the errors of each program.

``python -m simulator.validation.dacapo_page`` runs the three experiments and writes ``docs/dacapo.md``. Errors of the
heap curve are in points of slowdown over ten times the least heap, those of iterations in percent.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import geometric_mean, median
from tempfile import TemporaryDirectory

from simulator.batch.progress import Silent
from simulator.validation import dacapo, published
from simulator.validation.markdown import header, line
from simulator.validation.measuring import Store
from simulator.validation.validate import Validator, experiments

PAGE = Path(__file__).parent.parent.parent / "docs" / "dacapo.md"
EXPERIMENTS = ("blackburn_2025_heap_curve", "blackburn_2025_first_iterations", "blackburn_2025_modes")
CURVE = (3, 4, 6, 8)
MODES = {
    "interpreter only": "hotspot-21 interpreter only",
    "C1 only": "hotspot-21 C1 only (TieredStopAtLevel=1)",
    "C1 only, -Xcomp": "hotspot-21 C1 only, -Xcomp",
    "C2 only": "hotspot-21 C2 only (-TieredCompilation)",
    "C2 only, -Xcomp": "hotspot-21 C2 only, -Xcomp",
}
Pairs = Mapping[tuple[str, str, str], tuple[float, float]]
"""Published and predicted by program, platform and metric."""


def pairs(folder: Path) -> Pairs:
    """Every figure of the table that the experiments predict, in milliseconds."""
    validator = Validator(experiments(), EXPERIMENTS, Store(folder / "readings.jsonl"))
    found = validator.run(None, Silent()).rows
    return {
        (row.benchmark, row.platform, row.metric): (float(row.published), row.predicted)
        for row in found
        if row.predicted == row.predicted
    }


def slowdown_errors(found: Pairs, program: str) -> dict[int, float]:
    """Points of slowdown over ten times the least heap, predicted less published, by times the least heap."""

    def points(times: int, which: int) -> float:
        own = (found[program, dacapo.G1, dacapo.STEADY.format(each)][which] for each in (times, 10))
        one, ten = own
        return 100.0 * (one / ten - 1.0)

    return {times: points(times, 1) - points(times, 0) for times in CURVE}


def percent(pair: tuple[float, float]) -> float:
    """Prediction over figure, less one."""
    return 100.0 * (pair[1] / pair[0] - 1.0)


def _table(heads: list[str], lines: list[list[str]]) -> str:
    return "\n".join([*header(*heads), *(line(*cells) for cells in lines)])


def curve(found: Pairs, programs: list[str]) -> str:
    """The heap curve's errors."""
    errors = {name: slowdown_errors(found, name) for name in programs}
    lines = [[name, *(f"{errors[name][times]:+.1f}" for times in CURVE)] for name in programs]
    absolute = [[abs(errors[name][times]) for name in programs] for times in CURVE]
    lines.append(["median of the sizes", *(f"{median(own):.1f}" for own in absolute)])
    lines.append(["largest", *(f"{max(own):.1f}" for own in absolute)])
    overall = median(each for own in absolute for each in own)
    heads = ["program", *(f"{times}x" for times in CURVE)]
    return f"{_table(heads, lines)}\n\nMedian of all: {overall:.1f} points of slowdown.\n"


def iterations(found: Pairs, programs: list[str]) -> str:
    """The errors of single iterations."""
    numbers = (1, 2, 3, 4, 5, 6, 8, 10)
    metric = "iteration {} time at 2x heap"
    errors = {name: [percent(found[name, dacapo.G1, metric.format(number)]) for number in numbers] for name in programs}
    lines = [[name, *(f"{each:+.0f} %" for each in errors[name])] for name in programs]
    absolute = [[abs(errors[name][place]) for name in programs] for place in range(len(numbers))]
    lines.append(["median of the sizes", *(f"{median(own):.1f} %" for own in absolute)])
    return _table(["program", *(f"iteration {number}" for number in numbers)], lines) + "\n"


def modes(found: Pairs, programs: list[str]) -> str:
    """First and fifth iterations over the default's, in the mean."""
    lines = []
    for name, platform in MODES.items():
        cells = [name]
        for number in (1, 5):
            metric = f"iteration {number} time at 2x heap"
            for which in (0, 1):
                ratios = (
                    found[program, platform, metric][which] / found[program, dacapo.G1, metric][which]
                    for program in programs
                )
                cells.append(f"{geometric_mean(ratios):.2f}")
        lines.append(cells)
    heads = ["code", "first, published", "first, predicted", "fifth, published", "fifth, predicted"]
    return _table(heads, lines) + "\n"


def page(found: Pairs) -> str:
    """The whole page."""
    names = dacapo.programs(published.load(dacapo.TABLE))
    programs = [name for name in names if (name, dacapo.G1, dacapo.STEADY.format(3)) in found]
    return "\n".join((
        "# DaCapo Chopin: heap curve, first iterations, kinds of code",
        "",
        "Written by `python -m simulator.validation.dacapo_page`; the programs come from `python -m",
        "simulator.validation.dacapo`, which reads calibrating rows only and says in each file what was fitted on",
        "which.",
        "",
        "## Heap curve",
        "",
        "Steady time on a heap of so many times the least, over that on ten times as much: predicted less published,",
        "in points of slowdown.",
        "",
        curve(found, programs),
        "## First iterations",
        "",
        iterations(found, programs),
        "## Kinds of code",
        "",
        f"Iteration over the same of the default (tiered), geometric mean of the {len(programs)} programs whose single",
        "rows are published.",
        "",
        modes(found, programs),
    ))  # fmt: skip


def main() -> None:
    """Write the page."""
    with TemporaryDirectory() as folder:
        PAGE.write_text(page(pairs(Path(folder))), encoding="utf-8")
    print(f"wrote {PAGE.name}", file=sys.stderr)


if __name__ == "__main__":
    main()
