"""The page of a batch, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from simulator.report import tables
from simulator.report.answer import answer
from simulator.report.markup import bullets, code, document, paragraph, picture, section, table, terms, text
from simulator.results.listing import entry
from simulator.results.provenance import citation, each_point

if TYPE_CHECKING:
    from simulator.results import Results

LARGEST_BYTES = 1_000_000
"""Of a page."""
_REST = 20_000
"""Bytes that are kept free beside figures for what says that some are left out."""
_MOST_SOURCE = 100_000
"""Letters of a scenario's text and of what it includes; the page may need six bytes for one."""
_PER_BYTE = 4.0 / 3.0
"""How long a byte of a picture is within a page."""


def page(results: Results) -> str:
    """The whole page, as HTML.

    Args:
        results: a batch, also one with failures, or of which every run failed.
    """
    scenario = results.manifest["scenario"]
    head = f"<h1>{text(scenario['title'])}</h1>\n" + "".join(paragraph(each, "question") for each in _question(results))
    bad = "" if results.status == "ok" else " bad"
    first = f'<div class="answer{bad}" id="answer">{bullets(answer(results))}</div>\n'
    rest = _tables(results) + _silence(results) + _failures(results) + _provenance(results) + _repeat(results)
    room = LARGEST_BYTES - _REST - len((head + first + rest).encode())
    failures = ("failures",) if results.manifest["failures"] else ()
    links = ("figures", "tables", "limits", *failures, "provenance", "repeat")
    nav = "<nav>" + "".join(f'<a href="#{each}">{each}</a>' for each in links) + "</nav>\n"
    return document(scenario["title"], head + first + nav + _figures(results, room) + rest)


def _question(results: Results) -> list[str]:
    """What the scenario asks, in its own words."""
    try:
        data = yaml.safe_load(results.manifest["scenario"]["text"])
    except yaml.YAMLError:
        return []
    question = data.get("question") if isinstance(data, dict) else None
    return [str(question)] if question else []


def _figures(results: Results, room: float) -> str:
    """All figures that have something to show, as long as there is room; the others are named."""
    from simulator.plots import pictures, unreadable

    if results.status == "failed":
        return section("figures", "Figures", paragraph("There is nothing to draw: no run was completed."))
    parts, left_out = [], []
    for each in pictures(results):
        if len(each.png) * _PER_BYTE + 1000.0 > room:
            left_out.append(each.title)
            continue
        stacks = ", ".join(map(str, dict.fromkeys(results.runs["stack"])))
        parts.append(picture(each.png, f"{each.title} {each.about} Stacks: {stacks}.", f"{each.title} {each.about}"))
        room -= len(parts[-1].encode())
    if left_out:
        parts.append(paragraph(f"Left out, for the page would be too large: {' '.join(left_out)}", "quiet"))
    if unread := unreadable(results):
        words = f"Not drawn, for nobody could read so many places on the axes: {', '.join(unread)}."
        parts.append(paragraph(words, "quiet"))
    return section("figures", "Figures", *(parts or [paragraph("No figure has anything to show of this batch.")]))


def _tables(results: Results) -> str:
    if results.status == "failed":
        return section("tables", "Tables", paragraph("There are none: no run was completed."))
    made = [*tables.summary(results), *tables.where(results), *tables.operations(results)]
    return section("tables", "Tables", *map(table, made))


def _silence(results: Results) -> str:
    """What the numbers do not say."""
    made = tables.exceptions(results) if results.status != "failed" else []
    effects = tables.not_modelled(results)
    parts = [*map(table, made)]
    if effects:
        parts += ["<h3>Not modelled in these runs</h3>", bullets(effects)]
    unknown = [f"{name}: {', '.join(columns)}" for name, columns in results.not_recorded.items() if columns]
    if unknown:
        parts += ["<h3>Not recorded by the version that ran it</h3>", bullets(unknown)]
    return section("limits", "What the numbers do not say", *(parts or [paragraph("Nothing is known to be missing.")]))


def _failures(results: Results) -> str:
    made = tables.failures(results)
    return section("failures", "Failures", *map(table, made)) if made else ""


def _provenance(results: Results) -> str:
    """Scenario, seed, code, machine and libraries."""
    manifest, row = results.manifest, entry(results.folder, "").row()
    scenario = manifest["scenario"]
    machines = ", ".join(map(str, dict.fromkeys(results.runs["machine"])))
    pairs: list[tuple[object, object]] = [
        ("scenario", f"{scenario['name']}, SHA-256 {scenario['hash']}"),
        ("batch", manifest["identity"]),
        ("runs", f"{manifest['runs']['total']}: {row['points']} points, {each_point(row)}"),
        ("seed", manifest["seed"]),
        ("modelled machine", machines or "none"),
        ("code", f"virtlab {manifest['code']}"),
        ("libraries", ", ".join(f"{name} {version}" for name, version in manifest["libraries"].items())),
        ("begun", manifest["start"]),
        ("ended", manifest.get("end")),
        ("to cite", citation(row, manifest)),
    ]
    return section("provenance", "Where it comes from", terms(pairs))


def _repeat(results: Results) -> str:
    """The command, and the scenario as it was."""
    scenario: dict[str, Any] = results.manifest["scenario"]
    includes = (scenario.get("includes") or {}).items()
    sources = [(f"The scenario {scenario['name']}, as it was:", scenario["text"])]
    sources += [(f"It includes {name}:", included) for name, included in includes]
    parts = [
        paragraph("The command that ran it; the same scenario, seed and version of the code give the same numbers."),
        code(results.manifest["command"]),
    ]
    room = _MOST_SOURCE
    for words, source in sources:
        shown = str(source)[:room]
        parts += [paragraph(words), code(shown)] if shown else [paragraph(words)]
        room -= len(shown)
        if more := len(str(source)) - len(shown):
            parts.append(paragraph(f"{more} more letters are left out; the folder of the batch has them.", "quiet"))
    return section("repeat", "How to repeat it", *parts)
