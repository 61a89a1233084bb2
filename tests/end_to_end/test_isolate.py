"""``virtlab isolate`` as people use it: from a file to the table, the heat map and the folder, and back again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any
from xml.etree import ElementTree

import pytest

import simulator
from simulator import plots
from simulator.results import load

QUESTION = """
    version: 1
    title: A shop beside others
    machine: dell-2650
    stacks:
      native: linux-2.4 |
      xen: xen-2 | linux-2.4
    tenants:
      shop:
        workload: {name: request-response, parameters: {transactions_count: 100}}
        memory: 256 MiB
        vcpus: 1
      builder: {workload: [idle, cpu-hog, fork-bomb], memory: 256 MiB, vcpus: 1}
    replications: 2
    """
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of results for all tests here: what one has run, the others find again."""
    return str(tmp_path_factory.mktemp("isolation") / "results")


@pytest.fixture
def question(tmp_path: Path) -> str:
    path = tmp_path / "shop.yaml"
    path.write_text(dedent(QUESTION).lstrip())
    return str(path)


def changed(question: str, *pairs: tuple[str, str]) -> str:
    """The question with other words, in its own file."""
    text = Path(question).read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    Path(question).write_text(text)
    return question


def answered(virtlab: Command, question: str, out: str, *options: str) -> dict[str, Any]:
    code, printed, err = virtlab("isolate", question, "--jobs", "1", "--out", out, "--json", *options)
    assert code == 0, err
    data: dict[str, Any] = json.loads(printed)
    return data


def cells(data: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(cell["aggressor"], cell["model"]): cell for cell in data["cells"]}


def test_a_table_of_neighbours_and_models_and_a_heat_map(virtlab: Command, question: str, out: str) -> None:
    code, printed, err = virtlab("isolate", question, "--jobs", "1", "--out", out)
    assert code == 0, err
    lines = printed.splitlines()
    assert lines[0] == "A shop beside others"
    assert lines[2].split() == ["shop's", "loss,", "%;", "beside", "native", "xen"]
    assert [line.split()[0] for line in lines[4:6]] == ["cpu-hog", "fork-bomb"]
    assert "n = 2 replications; 95 % intervals; against the same run beside an idle neighbour" in printed
    figures = [Path(line.removeprefix("figure: ")) for line in lines if line.startswith("figure: ")]
    assert [path.name for path in figures] == ["who_hurts_whom.svg", "who_hurts_whom.png"]
    words = " ".join(ElementTree.parse(figures[0]).getroot().itertext())
    assert all(word in words for word in ("native", "xen", "cpu-hog", "fork-bomb", "n = 2 replications", "what shop"))


def test_every_number_has_its_unit_interval_and_n(virtlab: Command, question: str, out: str) -> None:
    """The machine has one processor: a share for each process, or one for each machine's work."""
    data = answered(virtlab, question, out)
    assert (data["victim"], data["aggressor"], data["against"]) == ("shop", "builder", "an idle one")
    assert (data["aggressors"], data["models"]) == (["cpu-hog", "fork-bomb"], ["native", "xen"])
    assert data["victim_metrics"] == [
        {"workload": "request-response", "metric": "rate", "unit": "transactions/s", "better": "higher"}
    ]
    found = cells(data)
    for cell in found.values():
        assert cell["loss_ci_low_percent"] <= cell["loss_percent"] <= cell["loss_ci_high_percent"]
        assert cell["latency_p99_ratio"] >= 1.0
        assert cell["requests_lost_percent"] == pytest.approx(0.0, abs=1e-9)
        assert {cell[f"{name}_n"] for name in ("loss", "requests_lost", "latency_p99")} == {2}
        assert (cell["victim_outcomes"], cell["loss_word"]) == ({"ok": 2}, "")
    assert found["fork-bomb", "native"]["loss_percent"] > 90.0 > found["cpu-hog", "native"]["loss_percent"]
    assert found["fork-bomb", "xen"]["loss_percent"] < 10.0


def test_the_loss_is_that_of_each_pair_of_runs(virtlab: Command, question: str, out: str) -> None:
    """By hand from the table: the same luck beside the hog and beside the idle one."""
    data = answered(virtlab, question, out)
    results = load(data["folders"][0])
    rows = results.tenants.merge(results.runs, on="run").query("tenant == 'shop' and stack == 'native'")
    rates = rows.set_index(["tenants.builder.workload", "replication"])["value"]
    ratios = [rates["cpu-hog", number] / rates["idle", number] for number in (0, 1)]
    expected = 100.0 * (1.0 - (ratios[0] * ratios[1]) ** 0.5)
    assert cells(data)["cpu-hog", "native"]["loss_percent"] == pytest.approx(expected, rel=1e-9)


def test_runs_are_found_again_and_the_bytes_are_the_same(virtlab: Command, question: str, out: str) -> None:
    before = answered(virtlab, question, out)
    (folder,) = map(Path, before["folders"])
    kept = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert answered(virtlab, question, out) == before
    assert all(path.read_bytes() == data for path, data in kept.items())
    code, _, err = virtlab("run", question, "--jobs", "1", "--out", out, "--no-figures")
    assert code == 0, err
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_another_question_leaves_the_first_answer(virtlab: Command, question: str, out: str, tmp_path: Path) -> None:
    """The builder never ends of its own: the scenario says for how long it is looked at."""
    changed(question, ("replications: 2", "replications: 2\nduration: 1 s"))
    first = answered(virtlab, question, out)
    other = answered(virtlab, question, out, "--victim", "builder", "--aggressor", "shop")
    assert other["folders"][0] == first["folders"][0]
    assert (other["victim"], other["aggressor"], other["aggressors"][0]) == (
        *("builder", "shop"), "request-response, workload idle",
    )  # fmt: skip
    kept = json.loads((Path(first["folders"][0]) / "isolation.json").read_text())
    assert list(kept) == ["builder beside shop", "shop beside builder"]
    assert kept["shop beside builder"]["cells"] == first["cells"]
    again = plots.draw(load(first["folders"][0]), ["who_hurts_whom"], tmp_path / "again")
    assert all(path.stat().st_size > 5_000 for path in again)


def test_without_an_idle_neighbour_the_same_scenario_is_run_with_one(virtlab: Command, question: str, out: str) -> None:
    data = answered(virtlab, changed(question, ("[idle, cpu-hog, fork-bomb]", "[cpu-hog, fork-bomb]")), out)
    with_idle = cells(answered(virtlab, changed(question, ("[cpu-hog,", "[idle, cpu-hog,")), out))
    assert [Path(folder).parent.name for folder in data["folders"]] == ["shop", "shop-without-builder"]
    assert cells(data) == with_idle


def test_stressors_of_the_catalog_stand_beside_a_tenant_alone(virtlab: Command, question: str, out: str) -> None:
    alone = changed(question, ("  builder: {workload: [idle, cpu-hog, fork-bomb], memory: 256 MiB, vcpus: 1}\n", ""))
    data = answered(virtlab, alone, out, "--stressor", "cpu-hog", "--stressor", "net-send", "--figure", "hurt.png")
    assert (data["aggressors"], data["aggressor"], data["against"]) == (["cpu-hog", "net-send"], "", "none")
    assert [Path(folder).parent.name for folder in data["folders"]] == ["shop-alone", "shop-beside-1"]
    assert all(cell["loss_n"] == 2 and cell["loss_percent"] > 0.0 for cell in data["cells"])
    assert Path("hurt.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--victim", "shopp"), "no tenant is called 'shopp', as the victim; did you mean 'shop'?"),
        (("--aggressor", "buildr"), "no tenant is called 'buildr', as the aggressor; did you mean 'builder'?"),
        (("--victim", "shop", "--aggressor", "shop"), "'shop' cannot hurt itself; there are: builder"),
        (("--aggressor", "builder", "--stressor", "cpu-hog"), "leave one of the two out"),
        (("--stressor", "cpu-hgo"), "no workload is called 'cpu-hgo'"),
        (("--figure", "hurt.gif"), "end its name in .svg or .png"),
    ],
)
def test_mistakes_end_with_2_and_nothing_is_run(
    virtlab: Command, question: str, options: tuple[str, ...], message: str
) -> None:
    code, out, err = virtlab("isolate", question, *options)
    assert (code, out) == (2, "")
    assert message in err
    assert not Path("results").exists()


def test_one_tenant_is_nobodys_aggressor(virtlab: Command, question: str) -> None:
    lines = ("  builder: {workload: [idle, cpu-hog, fork-bomb], memory: 256 MiB, vcpus: 1}\n", "")
    code, _, err = virtlab("isolate", changed(question, lines), "--aggressor", "shop")
    assert code == 2
    assert "has only one tenant, 'shop'; name no aggressor: the catalog's stressors then stand beside it" in err


def test_the_same_in_a_program(question: str, out: str) -> None:
    frame = simulator.isolate(question, out=out, jobs=1).frame()
    assert list(frame["aggressor"]) == ["cpu-hog", "fork-bomb"] * 2
    assert frame["loss_percent"].notna().all()
