"""The figure of starts: its parts add up to the latencies, and a batch in which nothing is started has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator import batch
from simulator.plots import draw, starts
from simulator.results import Results
from simulator.scenario import load

SCENARIO = {
    "machine": "server-2025",
    "stacks": {"process": "linux-6 |", "box": "linux-6 | bare-container-1"},
    "tenants": {
        "other": {"workload": "idle", "memory": "64 MiB"},
        "app": {"workload": "start-hello", "memory": "64 MiB", "boot": True, "count": [1, 8], "start": "1 s"},
    },
    "duration": "2 s",
    "replications": 1,
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return batch.run(load(SCENARIO), out=tmp_path_factory.mktemp("results"), jobs=1)


def test_the_parts_of_a_start_are_the_whole_of_it(results: Results) -> None:
    table = starts.frame(results)
    for _, parts in table.groupby("start"):
        assert parts["seconds"].sum() == pytest.approx(parts["latency_s"].iloc[0], rel=0.02)
    assert table.drop_duplicates("start").groupby(["stack", "copies"]).size().to_dict() == {
        ("process", 1): 1, ("process", 8): 8, ("box", 1): 1, ("box", 8): 8,
    }  # fmt: skip


def test_a_container_alone_mostly_waits_for_its_grace_period(results: Results) -> None:
    table = starts.frame(results)
    alone = table[(table["stack"] == "box") & (table["copies"] == 1)]
    waited_s = alone[alone["mechanism"] == "waits"]["seconds"].sum()
    assert waited_s == pytest.approx(11.7252e-3, rel=0.05)
    assert {"control_group", "namespace", "network_setup", "mount", "filter_setup"} <= set(alone["mechanism"])


def test_it_is_drawn_with_its_stacks_and_steps(results: Results, tmp_path: Path) -> None:
    (svg, _) = draw(results, ["starts"], tmp_path)
    assert all(word in svg.read_text() for word in ("box", "process", "waits", "8 at once"))


def test_nothing_is_drawn_where_nothing_starts(tmp_path: Path) -> None:
    tenants = {"app": {"workload": "idle", "memory": "64 MiB"}}
    found = batch.run(load({**SCENARIO, "tenants": tenants}), out=tmp_path, jobs=1)
    assert starts.frame(found).empty
