"""``virtlab validate``: published tables against predictions."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import complain, say, say_json, tell
from simulator.validation.markdown import hundredth, tenth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulator.validation.ablation import Ablated
    from simulator.validation.rows import Row
    from simulator.validation.score import Score
    from simulator.validation.validate import Validation


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option(
    "--scenarios", type=click.Path(file_okay=False, path_type=Path), help="Folder of the scenarios that repeat papers."
)
@click.option(
    "--figures", multiple=True, type=click.Path(file_okay=False, path_type=Path),
    help="A folder of further tables of published figures, with the columns of ours.",
)  # fmt: skip
@click.option("--out", default="results", type=click.Path(file_okay=False, path_type=Path), help="Folder of results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@click.option("--all", "everything", is_flag=True, help="Print every figure, also those that were inputs.")
@click.option(
    "--draws", default=0, type=click.IntRange(min=0), metavar="N",
    help="Range of each prediction over N draws of all numbers from their ranges in the catalog.",
)  # fmt: skip
@click.option("--ablation", is_flag=True, help="Switch each mechanism off in turn: how much worse does it get?")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw predicted against published.")
@click.option(
    "--page", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.md",
    help="Write all of it as a page, with its figure beside.",
)  # fmt: skip
@json_option
def command(
    names: tuple[str, ...], scenarios: Path | None, figures: tuple[Path, ...], out: Path, jobs: int | None,
    everything: bool, draws: int, ablation: bool, plot: Path | None, page: Path | None,
    as_json: bool,
) -> int:  # fmt: skip
    """How right is it? Published figures beside predictions.

    NAME is a part of the name of a scenario in scenarios/published, or of its table; without any, all are run.
    Nothing of a figure that judges was ever an input.
    """
    from simulator.plots import check_kind
    from simulator.validation import published
    from simulator.validation.ablation import ablate
    from simulator.validation.measuring import Store
    from simulator.validation.ranges import ranges
    from simulator.validation.validate import Validator, experiments
    from simulator.watching import watch

    if page is not None:
        plot = page.with_suffix(".png") if plot is None else plot
    if plot is not None:
        check_kind(plot)
    every = experiments(scenarios)
    store = Store(out / "validation" / "readings.jsonl")
    validator = Validator(every, names, store, published.load_all(figures))
    spans = ranges(validator, draws, jobs, watch("ranges")) if draws else None
    found = validator.run(jobs, watch("validate"), spans)
    written = _write(found, out / "validation", plot)
    ablated = ablate(validator, found.rows, jobs, watch("ablation")) if ablation else []
    if page is not None:
        written.append(_page(found, ablated, page, draws))
    if as_json:
        more = {"ablation": [each._asdict() for each in ablated]} if ablation else {}
        say_json({**_data(found), **more, "files": [str(path) for path in written]})
    else:
        say(_lines(found, everything))
        if ablation:
            say(["", *_ablation(ablated)])
        say(["", *(f"written: {path}" for path in written)])
    return _tell(found)


def _write(found: Validation, folder: Path, plot: Path | None) -> list[Path]:
    from simulator.validation.files import write_rows

    paths = [write_rows(found.rows, folder / "rows.csv")]
    if plot is not None:
        from simulator.plots import draw_predicted

        paths.append(draw_predicted(found.rows, plot))
    return paths


def _page(found: Validation, ablated: Sequence[Ablated], path: Path, draws: int) -> Path:
    """Write the page; its figure is written already."""
    from simulator.validation.document import page

    options = [f"--draws {draws}"] if draws else []
    options += ["--ablation"] if ablated else []
    command = " ".join(["virtlab validate", *options, f"--page {path}"])
    path.write_text(page(found, ablated, command, path.with_suffix(".png").name), encoding="utf-8")
    return path


def _tell(found: Validation) -> int:
    """Say what went wrong; the exit code."""
    from simulator.validation.validate import failed_rows, open_rows, unexplained_rows

    for name, benchmarks in found.idle.items():
        tell(f"{name}: rows that fit no figure we have: {', '.join(benchmarks)}")
    left = open_rows(found.rows)
    if left:
        tell(f"{len(left)} figures that judge are open: no experiment predicts them and nobody says why")
    unexplained = unexplained_rows(found.rows)
    if unexplained:
        tell(f"{len(unexplained)} predictions are wrong and nobody says why (published.missed in their scenarios)")
    failed = failed_rows(found.rows)
    for row in failed:
        complain(f"{row.experiment}: {row.benchmark} on {row.platform}: {row.reason}")
    predicted = [row for row in found.rows if isfinite(row.predicted)]
    return 0 if not failed else 3 if predicted else 1


def _data(found: Validation) -> dict[str, Any]:
    return {
        "scores": {name: [score._asdict() for score in own] for name, own in found.scores.items()},
        "rows": [row._asdict() for row in found.rows],
    }


def _lines(found: Validation, everything: bool) -> list[str]:
    from simulator.explain.columns import columns

    overall = found.scores["overall"][0]
    heads = ["source", "platform", "benchmark", "metric", "unit", "published", "predicted", "error, %", "verdict"]
    rows = [row for row in found.rows if everything or (row.judged and row.verdict != "excluded")]
    lines = [
        [*map(_short, (r.source, r.platform, r.benchmark, r.metric)), r.unit, r.published, *_found(r)] for r in rows
    ]
    excluded = sum(row.verdict == "excluded" for row in found.rows)
    return [
        headline(overall),
        "",
        *columns(lines, "<<<<<>>><", heads),
        "",
        *(line for name in ("source", "class") for line in (*_scores(name, found.scores[name]), "")),
        f"{overall.judged} figures judged; {excluded} more are excluded, each with its reason (--all)",
    ]


def _ablation(found: Sequence[Ablated]) -> list[str]:
    from simulator.explain.columns import columns

    heads = ["mechanism off", "source", "figures", "error, %", "without it, %", "skill native", "worst"]
    lines = [
        [
            each.mechanism, _short(each.source), str(each.judged), tenth(each.error_percent),
            tenth(each.without_percent), hundredth(each.skill_native), each.worst,
        ]
        for each in found
        if each.source and each.clearly_worse
    ]  # fmt: skip
    return columns(lines, "<<>>>><", heads)


def headline(overall: Score) -> str:
    """The first line: skill over the two null models, then errors and orderings."""
    return f"{_skills(overall)}; over all {overall.judged}: {tenth(overall.median)} % (median); {_order(overall)}"


def _skills(overall: Score) -> str:
    if not overall.notable:
        return "no figure with more than 10 % published overhead to take the skill on"
    return (
        f"skill {overall.skill_native:.2f} over 'as native', {overall.skill_class:.2f} over 'as its class', on"
        f" {overall.notable} figures with more than 10 % published overhead; errors there"
        f" {tenth(overall.notable_median)} % (median), {tenth(overall.notable_p90)} % (p90)"
    )


def _order(overall: Score) -> str:
    return f"{overall.right} of {overall.pairs} pairs in order" if overall.pairs else "no pairs to put in order"


def _scores(name: str, found: Sequence[Score]) -> list[str]:
    from simulator.explain.columns import columns

    heads = [name, "judged", "median, %", "p90, %", "worst, %", ">10 %", "skill native", "skill class", "in order"]
    lines = [
        [
            _short(each.group), str(each.judged), *map(tenth, (each.median, each.p90, each.worst)), str(each.notable),
            *map(hundredth, (each.skill_native, each.skill_class)), f"{each.right}/{each.pairs}" if each.pairs else "",
        ]
        for each in found
    ]  # fmt: skip
    return columns(lines, "<" + ">" * (len(heads) - 1), heads)


def _found(row: Row) -> list[str]:
    if not isfinite(row.predicted) and isfinite(row.error_percent):
        return [row.reason.partition(":")[0], "", row.verdict]
    if not isfinite(row.predicted):
        return ["", "", f"{row.verdict}: {row.reason}"]
    span = f" [{_number(row.range_low)}, {_number(row.range_high)}]" if isfinite(row.range_low) else ""
    return [
        _number(row.predicted) + span,
        f"{row.error_percent:+.1f}" if isfinite(row.error_percent) else "",
        row.verdict,
    ]


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10000 else f"{value:.0f}"


def _short(text: str, longest: int = 44) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
