"""``virtlab choose`` as people use it: from a file to the table, the figure and the folder, and back again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any
from xml.etree import ElementTree

import pytest

from simulator import plots
from simulator.results import load

QUESTION = """
    version: 1
    title: Which model for a small server?
    machine: dell-2650
    stacks:
      native: linux-2.4 |
      xen: xen-2 | linux-2.4
      hosted: linux-2.4 | vmware-workstation-3.2 / linux-2.4
    tenants:
      app:
        workload: [request-response, dbench]
        parameters: {}
        memory: 512 MiB
        vcpus: 1
    replications: 2
    choose:
      workload: {name: request-response, parameters: {transactions_count: 200}}
      aggressors: [cpu-hog, net-send]
      needs:
        cheap: {overhead: 5 %, footprint: 128 MiB}
        moved about: {control: [migrate]}
    """
MODELS = ["native", "xen", "hosted"]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of results for all tests here: what one has run, the others find again."""
    return str(tmp_path_factory.mktemp("choice") / "results")


@pytest.fixture
def question(tmp_path: Path) -> str:
    path = tmp_path / "small-server.yaml"
    path.write_text(dedent(QUESTION).lstrip())
    return str(path)


def chosen(virtlab: Command, question: str, out: str) -> dict[str, Any]:
    code, printed, err = virtlab("choose", question, "--jobs", "1", "--out", out, "--json")
    assert code == 0, err
    data: dict[str, Any] = json.loads(printed)
    return data


def test_choose_compares_the_models_and_says_which_suits_which_need(virtlab: Command, question: str, out: str) -> None:
    code, printed, err = virtlab("choose", question, "--jobs", "1", "--out", out)
    assert code == 0, err
    lines = printed.splitlines()
    assert lines[0] == "Which model for a small server?"
    assert [line.split("  ")[0] for line in lines[4:7]] == MODELS
    assert "n = 2 replications; 95 % intervals; overhead over native: geometric mean over workloads" in printed
    (moved,) = (line for line in lines if line.startswith("moved about"))
    assert moved.split()[-1] == "xen"
    figures = [Path(line.removeprefix("figure: ")) for line in lines if line.startswith("figure: ")]
    assert [path.name for path in figures] == ["trade_offs.svg", "trade_offs.png"]
    words = " ".join(ElementTree.parse(figures[0]).getroot().itertext())
    assert all(name in words for name in (*MODELS, "overhead over native", "hosted hypervisor", "n = 2 replications"))


def test_choose_gives_every_number_with_unit_and_n(virtlab: Command, question: str, out: str) -> None:
    data = chosen(virtlab, question, out)
    assert [model["model"] for model in data["models"]] == MODELS
    assert (data["victim"], data["victim_workload"], data["baseline"]) == ("app", "request-response", "native")
    native, xen, hosted = data["models"]
    assert native["overhead_percent"] == 0.0
    assert hosted["overhead_percent"] > xen["overhead_percent"] > 0.0
    assert native["start_s"] == 0.0
    assert xen["start_s"] > 10.0
    assert hosted["start_s"] > 10.0
    assert xen["footprint_bytes"] > hosted["footprint_bytes"] > native["footprint_bytes"] > 0.0
    for model in data["models"]:
        assert set(model["losses"]) == {"cpu-hog", "net-send"}
        assert model["loss_percent"] == max(each["loss_percent"] for each in model["losses"].values())
        assert {model[f"{name}_n"] for name in ("overhead", "loss", "footprint", "start")} == {2}
        assert model["install_range_low_s"] < model["install_s"] < model["install_range_high_s"]
        assert model["install_unknown"] == []
    assert hosted["install_steps_count"] > native["install_steps_count"] > 0
    assert xen["install_reboots_count"] > native["install_reboots_count"]
    assert data["needs"]["smallest footprint"] == ["native"]
    assert data["needs"]["cheap"] == ["native"]


def test_choose_finds_again_what_was_run_and_gives_the_same_bytes(virtlab: Command, question: str, out: str) -> None:
    before = chosen(virtlab, question, out)
    kept = {path: path.read_bytes() for folder in before["folders"] for path in Path(folder).rglob("*")
            if path.is_file()}  # fmt: skip
    after = chosen(virtlab, question, out)
    assert after == before
    assert all(path.read_bytes() == data for path, data in kept.items())
    own = [f"small-server{part}" for part in ("", "-alone", "-beside-1", "-beside-2")]
    assert sorted(folder.name for folder in Path(out).iterdir() if folder.is_dir()) == own


def test_a_run_of_a_derived_scenario_can_be_repeated(virtlab: Command, question: str, out: str) -> None:
    data = chosen(virtlab, question, out)
    code, printed, err = virtlab("run", f"{out}/small-server-beside-1.yaml", "--only", "p0001-r0000")
    assert code == 0, err
    assert "neighbour" in printed
    again = load(data["folders"][2]).runs.set_index("run").loc["p0001-r0000"]
    assert f"{again['simulated_s']}" in printed


def test_the_figure_is_drawn_again_from_the_folder(virtlab: Command, question: str, out: str, tmp_path: Path) -> None:
    data = chosen(virtlab, question, out)
    results = load(data["folders"][0])
    again = plots.draw(results, ["trade_offs"], tmp_path / "again")
    assert [path.read_bytes() for path in again] == [Path(path).read_bytes() for path in data["figures"]]
    assert plots.draw(load(data["folders"][1]), ["trade_offs"], tmp_path / "none") == []


def test_mistakes_end_with_2_and_nothing_is_written(virtlab: Command, question: str) -> None:
    text = Path(question).read_text()
    for old, new, message in (
        ("memory: 512 MiB", "memory: 1200 MiB", "with a neighbour as large as itself"),
        ("machine: dell-2650", "machine: [dell-2650, laptop-2025]", "models are compared on one machine"),
        ("[cpu-hog, net-send]", "[cpu-hogg]", "cpu-hogg"),
    ):
        Path(question).write_text(text.replace(old, new))
        code, out, err = virtlab("choose", question)
        assert (code, out) == (2, "")
        assert message in err
        assert not Path("results").exists()
