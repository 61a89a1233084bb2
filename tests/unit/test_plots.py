"""Figures: the same results give the same bytes, and nodes have names that a reader can tell apart."""

from __future__ import annotations

from math import nan
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

from simulator import batch
from simulator.errors import CatalogError
from simulator.plots import cost, draw, figures, product_names, short_names, usual
from simulator.plots._looks import fill
from simulator.results import Results
from simulator.scenario import load

SCENARIO: dict[str, Any] = {
    "version": 1,
    "title": "Two workloads on two stacks",
    "machine": "dell-2650",
    "stacks": {"native": "linux-2.4 |", "hosted": "linux-2.4 | vmware-workstation-3.2 / linux-2.4"},
    "tenants": {"app": {"workload": ["dbench", "request-response"], "memory": "512 MiB", "vcpus": 1}},
    "replications": 2,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return batch.run(load(SCENARIO), out=tmp_path_factory.mktemp("results"), jobs=1)


def test_all_figures_are_drawn_as_svg_and_png(results: Results) -> None:
    written = draw(results)
    shown = ("cost", "intensity", "latencies", "layers", "where")
    assert [path.name for path in written] == [f"{name}.{kind}" for name in shown for kind in ("svg", "png")]
    assert {path.parent for path in written} == {results.folder / "figures"}
    assert list(figures()) == [
        "cost",
        "density",
        "heap_curve",
        "intensity",
        "latencies",
        "layers",
        "migrations",
        "starts",
        "timeline",
        "tornado",
        "trade_offs",
        "warm_up",
        "where",
        "who_hurts_whom",
    ]


def test_the_same_results_give_the_same_bytes(results: Results, tmp_path: Path) -> None:
    first, second = draw(results, folder=tmp_path / "a"), draw(results, folder=tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert all(b"dc:date" not in path.read_bytes() for path in first)


def test_the_text_of_a_figure_is_text(results: Results, tmp_path: Path) -> None:
    (svg, _) = draw(results, ["cost"], tmp_path)
    words = " ".join(ElementTree.parse(svg).getroot().itertext())
    assert "time for the same work, native = 1" in words
    assert "n = 2 replications, 95 % intervals, paired with native" in words
    assert "hosted" in words


def test_where_the_time_went_starts_from_the_baselines_total(results: Results) -> None:
    from simulator.plots import where

    table = where.frame(results)
    totals = table.groupby(["stack", "place"], sort=False)["relative"].sum()
    assert list(totals["native"]) == pytest.approx([1.0, 1.0])
    assert (totals["hosted"] > 1.0).all()
    program = table[table["layer"] == "program"].groupby(["place", "stack"])["relative"].sum().unstack()
    assert list(program["native"]) == pytest.approx(list(program["hosted"]), rel=0.2)


def test_an_unknown_figure_is_refused(results: Results, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=f"there are: {', '.join(figures())}"):
        draw(results, ["pie"], tmp_path)


def test_only_what_is_faster_beyond_doubt_stands_out_in_a_field() -> None:
    bounds = {
        "sure": (0.85, 0.95),
        "unsure": (0.88, 1.02),
        "once": (nan, nan),
        "equal": (0.997, 0.999),
        "slow": (1.1, 1.3),
    }
    table = pd.DataFrame(
        {"place": "linpack", "stack": stack, "relative": value, "low": low, "high": high, "n": 3, "level": 0.95}
        for value, (stack, (low, high)) in zip((0.9, 0.95, 0.9, 0.998, 1.2), bounds.items(), strict=True)
    )
    table.attrs |= {"title": "A field", "baseline": "bare metal"}
    figure = cost.draw(table)
    (axes,) = figure.axes
    assert [text.get_fontweight() for text in axes.texts] == ["bold", "normal", "normal", "normal", "normal"]
    assert "bold: faster than bare metal" in figure.get_supxlabel().replace("\n", " ")


def test_a_batch_with_nothing_to_compare_has_no_figure_of_costs(tmp_path: Path) -> None:
    alone = SCENARIO | {"stacks": {"native": "linux-2.4 |"}, "replications": 1}
    alone["tenants"] = {"app": {"workload": "dbench"}}
    written = draw(batch.run(load(alone), out=tmp_path, jobs=1), usual())
    assert [path.name for path in written] == ["where.svg", "where.png"]


def test_heaps_of_different_places_are_not_thrown_together() -> None:
    """Two sizes of the heap on one and on four processors: two curves, and no mean of both."""
    from simulator.plots import heap_curve

    runs = {f"{vcpus}-{heap}": (vcpus, heap) for vcpus in (1, 4) for heap in (64, 256)}
    names = list(runs)
    of_run = {"run": names, "tenant": ["app"] * 4}
    results: Any = SimpleNamespace(
        settings=pd.DataFrame({**of_run, "setting": [heap_curve.HEAP] * 4, "value": [runs[run][1] for run in names]}),
        log=pd.DataFrame({"run": names, "kind": ["pause"] * 4, "duration_s": [0.1] * 4}),
        tenants=pd.DataFrame(
            {**of_run, "workload": ["spring"] * 4, "outcome": ["ok"] * 4, "operations": [10] * 4,
             "elapsed_s": [10.0 / runs[run][0] for run in names]}
        ),
        runs=pd.DataFrame(
            {"run": names, "simulated_s": [10.0] * 4, "vcpus": [runs[run][0] for run in names],
             "heap": [f"{runs[run][1]} MiB" for run in names]}
        ),
        axes={"vcpus": [1, 4], "heap": ["64 MiB", "256 MiB"]},
        baseline="java",
        manifest={
            "scenario": {"title": "Heaps", "name": "heaps"}, "points": [{"stack": "java", "expression": "linux |"}],
        },
    )  # fmt: skip
    table = heap_curve.frame(results)
    assert list(zip(table["place"], table["heap_bytes"], table["operation_s"], strict=True)) == [
        ("spring (app), vcpus 1", 64.0, 1.0),
        ("spring (app), vcpus 1", 256.0, 1.0),
        ("spring (app), vcpus 4", 64.0, 0.25),
        ("spring (app), vcpus 4", 256.0, 0.25),
    ]


def test_nodes_are_named_as_short_as_they_can_be_told_apart() -> None:
    hosted = ["linux-2.4", "linux-2.4/vmware-3.2[app]", "linux-2.4/vmware-3.2[app]/linux-2.4[app]"]
    assert list(short_names(hosted).values()) == ["linux-2.4 (host)", "vmware-3.2", "linux-2.4"]
    guests = ["xen-2", "xen-2/domain-0", "xen-2/linux-2.4[app]", "xen-2/linux-2.4[web]"]
    assert list(short_names(guests).values()) == ["xen-2", "domain-0", "linux-2.4[app]", "linux-2.4[web]"]
    assert list(product_names(guests).values()) == ["xen-2", "domain-0", "linux-2.4", "linux-2.4"]


def test_forty_bars_look_different() -> None:
    assert len({tuple(fill(number).values()) for number in range(40)}) == 40
