"""``virtlab claims``: what a lecture says, put to the test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simulator.cli.output import as_json as json_option
from simulator.cli.output import say, say_json
from simulator.cli.where import on_option

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from simulator.claims import Finding, Tested
    from simulator.scenario import Scenario

_WIDTH = 118
_LABELS = {True: "yes", False: "no", None: "open"}


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option("--list", "only_list", is_flag=True, help="List the claims, and test none.")
@click.option("--page", type=click.Path(dir_okay=False), help="Write all that came out as a page too, in Markdown.")
@click.option("--out", default="results", type=click.Path(file_okay=False), help="Folder of all results.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes; by default one for each processor.")
@on_option
@json_option
def command(
    names: tuple[str, ...], only_list: bool, page: str | None, out: str, jobs: int | None, on: str, as_json: bool
) -> int:
    """Test what a lecture says: each claim with its verdict, its numbers, and the case where it fails.

    NAME is a claim of scenarios/claims, or a file of your own (docs/write-a-claim.md); without any, all are tested, in
    the lecture's order. Finished runs are found again.
    """
    from simulator import claims
    from simulator.watching import watch

    scenarios = claims.chosen(names)
    if only_list:
        _list(scenarios, as_json)
        return 0
    tested = claims.test(scenarios, out=out, jobs=jobs, on=on, watch=watch)
    if as_json:
        say_json([each.data() for each in tested])
    else:
        say(list(_lines(tested)))
    if page is not None:
        from simulator.claims.page import write

        write(tested, Path(page))
    return 3 if any(each.verdict == claims.OPEN for each in tested) else 0


def _list(scenarios: Sequence[Scenario], as_json: bool) -> None:
    from simulator.claims import TOPICS, claimed
    from simulator.explain.columns import columns

    rows = [[TOPICS[claimed(each).topic], each.name, claimed(each).statement] for each in scenarios]
    if as_json:
        say_json([{"topic": topic, "name": name, "claim": claim} for topic, name, claim in rows])
    else:
        say(columns(rows, "<<<", ["topic", "name", "claim"]))


# ---- text


def _lines(tested: Sequence[Tested]) -> Iterator[str]:
    from simulator.claims import TOPICS
    from simulator.claims.telling import summed_up
    from simulator.explain.columns import columns

    topic = ""
    for each in tested:
        if each.topic != topic:
            yield from ([""] if topic else []) + [TOPICS[each.topic].upper(), ""]
            topic = each.topic
        yield from _claim(each)
    if len(tested) > 1:
        yield from columns([[each.verdict, each.statement] for each in tested], "<<", ["verdict", "claim"])
        yield f"{len(tested)} claims: {summed_up(tested)}"


def _claim(tested: Tested) -> Iterator[str]:
    yield from _wrapped(f"{tested.statement}  ({tested.name})", "", "")
    yield f"  => {tested.verdict}"
    for head, findings in (("shown by", tested.holds), ("where it may fail", tested.fails)):
        yield f"  {head}:"
        says = ""
        for finding in findings:
            yield from _finding(finding, "also" if finding.says == says else finding.says)
            says = finding.says
    if tested.because:
        yield from _wrapped(tested.because, "  because: ", "    ")
    if tested.folder:
        yield f"  results: {tested.folder}"
    yield ""


def _finding(finding: Finding, says: str) -> Iterator[str]:
    from simulator.claims.telling import numbers

    first = f"    {_LABELS[finding.comes_out]:<5}"
    yield from _wrapped(f"{says}: {numbers(finding)}", first, " " * len(first))


def _wrapped(text: str, first: str, then: str) -> list[str]:
    import textwrap

    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )
