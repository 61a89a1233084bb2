"""The table of who hurts whom and its heat map, on rows that are written here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, isnan, log
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from simulator import plots
from simulator.choice.measures import Row
from simulator.errors import UsageError
from simulator.isolation import kept
from simulator.isolation.question import ask
from simulator.isolation.table import Cell, cell
from simulator.plots import who_hurts_whom
from simulator.scenario import load

nan = float("nan")


def row(
    cost: float, replication: int = 0, outcome: str = "ok", tenant: str = "app", operations: float = 100.0,
    latency_p99_s: float = 0.01,
) -> Row:  # fmt: skip
    return Row(
        "vm", {}, tenant, "server", "bomb", replication, cost, outcome, 0.0, 1.0, 10.0, "app", operations, latency_p99_s
    )


def made(beside: Sequence[Row], itself: Sequence[Row] = (), alone: Sequence[Row] = ()) -> Cell:
    return cell("bomb", "vm", alone or [row(1.0, 0), row(2.0, 1)], beside, itself)


# ---------------------------------------------------------------- cells


def test_loss_requests_and_latency_are_paired_by_replication() -> None:
    """Costs 1.25 and 2.5 times as high: a fifth of the performance is lost in both, whatever the luck."""
    beside = [row(1.25, 0, operations=80.0, latency_p99_s=0.03), row(2.5, 1, operations=80.0, latency_p99_s=0.03)]
    found = made(beside, [row(1.0, tenant="bully"), row(1.0, 1, tenant="bully")])
    assert found.loss.value == pytest.approx(20.0)
    assert (found.loss.low, found.loss.high) == (pytest.approx(20.0), pytest.approx(20.0))
    assert found.requests.value == pytest.approx(20.0)
    assert found.latency.value == pytest.approx(3.0)
    assert (found.loss.n, found.word, found.word_of_itself) == (2, "", "")


def test_copies_of_a_victim_count_as_one_observation() -> None:
    """Two copies in one replication, 2 and 8 times as slow: 4 times in the geometric mean, and no interval."""
    alone = [row(1.0, tenant="app-1"), row(1.0, tenant="app-2")]
    found = made([row(2.0, tenant="app-1"), row(8.0, tenant="app-2")], alone=alone)
    assert found.loss.value == pytest.approx(100.0 * (1.0 - exp(-(log(2.0) + log(8.0)) / 2.0)))
    assert (found.loss.n, isnan(found.loss.low)) == (1, True)


@pytest.mark.parametrize(
    ("outcome", "cost", "word"),
    [
        ("did not respond: no operation in the last 1 s", 1.0, "did not respond in 1 of 2"),
        ("killed: by linux-6, for bully", 1.0, "killed in 1 of 2"),
        ("ok", nan, "no result in 1 of 2"),
    ],
)
def test_a_word_stands_where_the_victim_ended_otherwise(outcome: str, cost: float, word: str) -> None:
    found = made([row(1.0, 0), row(cost, 1, outcome)])
    assert found.word == word
    assert isnan(found.loss.value) and isnan(found.requests.value) and isnan(found.latency.value)


def test_the_neighbour_itself_has_a_word_too() -> None:
    ended = row(1.0, 0, "out of memory: bully wants 1 MiB", tenant="bully")
    assert made([row(1.0, 0), row(2.0, 1)], [ended, ended._replace(replication=1)]).word_of_itself == "out of memory"
    assert made([row(1.0)], [ended, row(1.0, 1, tenant="bully")]).word_of_itself == "out of memory in 1 of 2"
    assert made([row(1.0)], [row(1.0, 1, "did not finish", tenant="bully")]).word_of_itself == ""


def test_who_cannot_live_alone_or_did_not_run_says_so() -> None:
    assert made([row(1.0)], alone=[row(nan, outcome="out of memory: app")]).word == "alone: out of memory"
    assert cell("bomb", "vm", [], [row(1.0)], []).word == "failed"


# ---------------------------------------------------------------- questions


def scenario(**tenants: Any) -> Any:
    return load(
        {
            "machine": "dell-2650",
            "stacks": {"native": "linux-2.4 |"},
            "tenants": {name: {"memory": "64 MiB", "vcpus": 1, **tenant} for name, tenant in tenants.items()},
        }
    )


def test_the_one_with_several_workloads_is_meant() -> None:
    question = ask(scenario(a={"workload": "dbench"}, b={"workload": ["idle", "cpu-hog"]}))
    assert (question.victim, question.aggressor, question.idles) == ("a", "b", True)


def test_without_one_the_catalogs_stressors_are_meant() -> None:
    both = scenario(a={"workload": "dbench"}, b={"workload": "cpu-hog"})
    assert (ask(both).aggressor, ask(both, aggressor="b").aggressor) == ("", "b")
    asked = ask(both, victim="b", stressors=["net-send"])
    assert (asked.scenario.choose.victim, asked.scenario.choose.aggressors) == ("b", ("net-send",))


def test_two_with_several_workloads_want_a_name() -> None:
    several = {"workload": ["idle", "cpu-hog"]}
    with pytest.raises(UsageError, match="b and c have several workloads each; say which one is the aggressor"):
        ask(scenario(a={"workload": "dbench"}, b=several, c=several))


def test_undisturbed_is_the_same_scenario_with_an_idle_neighbour() -> None:
    question = ask(scenario(a={"workload": "dbench"}, b={"workload": "cpu-hog"}), aggressor="b")
    calm, against = question.undisturbed
    (point,) = calm.points()
    (own,) = question.scenario.points()
    assert (against, point["tenants"]["b"]["workload"]) == ("an idle one", "idle")
    assert point["tenants"]["a"] == own["tenants"]["a"]
    assert (point["seed"], point["stack"]) == (own["seed"], own["stack"])


# ---------------------------------------------------------------- the heat map


def answer(*cells: Cell, victim: str = "app") -> dict[str, Any]:
    return {
        "title": "Who hurts whom?", "victim": victim, "victim_metrics": [{"workload": "server"}], "aggressor": "bully",
        "against": "an idle one", "replications": 2, "level": 0.95, "aggressors": ["bomb"],
        "cells": [each.row() for each in cells],
    }  # fmt: skip


BESIDE = [row(1.25, 0, latency_p99_s=0.03), row(2.6, 1, latency_p99_s=0.03)]
DEAD = [row(1.0, 0, "did not respond: no operation in the last 1 s"), row(1.0, 1, "did not respond: none")]
BOMB = [row(1.0, 0, "out of memory: bully", tenant="bully"), row(1.0, 1, "out of memory: bully", tenant="bully")]


def words(path: Path) -> str:
    """All that is written on a figure, with one blank where a line ends."""
    return " ".join("".join(f"{text} " for text in ElementTree.parse(path).getroot().itertext()).split())


def test_a_field_has_number_interval_words_and_the_neighbours_end(tmp_path: Path) -> None:
    data = answer(made(BESIDE, BOMB), replace(made(DEAD), model="host"))
    text = words(plots.draw_isolation(data, tmp_path / "a.svg"))
    assert "21.6 %" in text and "[" in text
    assert "did not respond" in text
    assert "itself: out of memory" in text
    assert "against the same run beside an idle neighbour; n = 2 replications, [95 % interval]" in text
    assert "what app loses (server)" in text
    latency = words(plots.draw_isolation(data, tmp_path / "b.svg", "latency"))
    assert "3.00×" in latency and "times as long" in latency


def test_dark_fields_have_light_words() -> None:
    """The darkest colour and the lightest: ink is white on the one and dark on the other."""
    table = who_hurts_whom.table([answer(made([row(100.0, 0), row(200.0, 1)]))])
    light = who_hurts_whom.table([answer(made([row(1.0, 0), row(2.0, 1)]))])
    inks = [who_hurts_whom.draw(each).axes[0].texts[0].get_color() for each in (table, light)]
    assert inks == ["white", "#111111"]


def test_every_question_that_was_asked_has_a_panel(tmp_path: Path) -> None:
    for victim in ("app", "db"):
        kept.save(tmp_path, answer(made(BESIDE), victim=victim))
    table = who_hurts_whom.table(kept.read(tmp_path))
    figure = who_hurts_whom.draw(table)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert [title for title in titles if title] == [
        f"Who hurts whom?\nwhat {name} loses (server)" for name in ("app", "db")
    ]


def test_a_batch_without_answers_has_nothing_to_show(tmp_path: Path) -> None:
    assert who_hurts_whom.table(kept.read(tmp_path)).empty
