"""``virtlab plan`` and ``virtlab run --budget`` as people use them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.results.results import load
from simulator.workloads.base import Draws

Command = Callable[..., tuple[int, str, str]]
SMALL = """
version: 1
title: A small question
machine: dell-2650
stacks:
  native: linux-2.4 |
  xen: xen-1 | linux-2.4
tenants:
  app: {workload: [dbench, request-response], memory: 512 MiB, vcpus: 1}
replications: 2
"""
MANY = SMALL.replace("vcpus: 1", "vcpus: 1, weight: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]")


@pytest.fixture
def small(virtlab: Command, tmp_path: Path) -> Command:
    """The command, in a folder with scenarios."""
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "many.yaml").write_text(MANY)
    return virtlab


def test_a_plan_says_what_would_be_run_and_for_how_long(small: Command) -> None:
    code, out, err = small("plan", "small.yaml", "--jobs", "2", "--pilot", "30")
    assert (code, err) == (0, "")
    assert "A small question" in out
    assert "tenants.app.workload       2  dbench, request-response" in out
    assert "    3  xen     request-response" in out
    assert "4 points x 2 replications = 8 runs\n" in out
    assert "on 2 workers (" in out
    assert "estimated from a pilot of 4 runs" in out
    assert not Path("results").exists()


def test_many_points_are_shortened_in_the_middle_unless_all_are_wanted(small: Command) -> None:
    _, out, _ = small("plan", "many.yaml", "--pilot", "0")
    assert "... 14 more: --points prints all" in out
    assert "no estimate" in out
    assert "1, 2, 3, 4, ..., 11" in out
    _, whole, _ = small("plan", "many.yaml", "--pilot", "0", "--points")
    assert len(whole.splitlines()) == len(out.splitlines()) + 14 - 1
    _, data, _ = small("plan", "many.yaml", "--pilot", "0", "--json")
    (plan,) = json.loads(data)
    assert len(plan["points"]) == 44
    assert plan["points"][-1]["axes"] == {
        "stack": "xen",
        "tenants.app.workload": "request-response",
        "tenants.app.weight": 11,
    }
    assert plan["runs"] == {"total": 88, "total_at_most": 88, "finished": 0, "to_run": 88, "to_run_at_most": 88}
    assert plan["estimate"] is None


def test_a_plan_of_what_is_finished_has_nothing_to_run(small: Command) -> None:
    assert small("run", "small.yaml", "--no-figures", "--jobs", "1")[0] == 0
    code, out, _ = small("plan", "small.yaml")
    assert code == 0
    assert "8 finished in results/small/" in out
    assert "none to run" in out
    _, data, _ = small("plan", "small.yaml", "--replications", "3", "--json", "--jobs", "1")
    (plan,) = json.loads(data)
    assert plan["estimate"]["source"].startswith("earlier runs of 4 points (results/small/")
    assert plan["estimate"]["workers"] == 1


def test_a_mistake_in_a_scenario_is_told_as_check_tells_it(small: Command) -> None:
    Path("wrong.yaml").write_text(SMALL.replace("dbench", "dbensh") + "budgte: {}\nbudget: {wal: 60 s}\n")
    told = small("check", "wrong.yaml", "small.yaml")
    planned = small("plan", "wrong.yaml", "small.yaml")
    assert planned[0] == told[0] == 2
    assert planned[2] == told[2]
    assert "budget.wal: is not known here (did you mean 'wall'?)" in planned[2]


def test_a_plan_knows_where_it_would_run(small: Command) -> None:
    code, _, err = small("plan", "small.yaml", "--on", "the-moon")
    assert code == 2
    assert "the-moon" in err


# ---- budgets


def test_a_program_that_never_comes_back_does_not_hold_up_the_others(
    small: Command, luckless: Callable[[str, str], None]
) -> None:
    """A loop that draws the same luck for ever, in one of three replications."""
    luckless("stuck", "while UNLUCKY: pass")
    stuck = SMALL.replace("[dbench, request-response]", "stuck").replace("  xen: xen-1 | linux-2.4\n", "")
    Path("stuck.yaml").write_text(stuck)
    expected = ["over budget" if Draws(3, number, "app", "luck").uniform() < 0.5 else "ok" for number in range(3)]
    assert sorted(expected) == ["ok", "ok", "over budget"]
    options = ("--seed", "3", "--replications", "3", "--budget", "wall=3s", "--jobs", "2", "--no-figures")
    assert small("run", "stuck.yaml", *options)[0] == 3
    (folder,) = Path("results/stuck").iterdir()
    assert list(load(folder).runs["status"]) == expected


def test_runs_over_budget_end_with_3_or_1_and_more_is_given_to_them_only(small: Command) -> None:
    """A dbench run takes some 700 events, a request-response run some 2600."""
    code, _, err = small("run", "small.yaml", "--no-figures", "--jobs", "1", "--budget", "events=2000")
    assert code == 3
    assert "p0001-r0000 is over budget: " in err
    assert "ended by its budget of 2000 events, at " in err
    (folder,) = Path("results/small").iterdir()
    results = load(folder)
    assert results.runs["status"].value_counts().to_dict() == {"ok": 4, "over budget": 4}
    assert set(results.tenants["run"]) == set(results.runs.loc[results.runs["status"] == "ok", "run"])
    again = small("run", "small.yaml", "--no-figures", "--jobs", "1", "--budget", "events=1500")
    assert again[0] == 3
    code, out, _ = small("plan", "small.yaml", "--pilot", "0")
    assert "4 finished in results/small/" in out
    assert small("run", "small.yaml", "--no-figures", "--jobs", "1")[0] == 0
    whole = {path.name: path.read_bytes() for path in folder.glob("*.csv")}
    assert small("run", "small.yaml", "--no-figures", "--jobs", "1", "--out", "other")[0] == 0
    (other,) = Path("other/small").iterdir()
    assert {path.name: path.read_bytes() for path in other.glob("*.csv")} == whole
    code, out, _ = small("run", "small.yaml", "--no-figures", "--jobs", "1", "--out", "none", "--budget", "events=5")
    assert code == 1


def test_the_tables_of_runs_over_an_exact_budget_are_the_same_everywhere(small: Command) -> None:
    for jobs in ("1", "2"):
        limits = ("--budget", "events=2000", "--budget", "simulated=20ms")
        small("run", "small.yaml", "--no-figures", "--jobs", jobs, "--out", f"by-{jobs}", *limits)
    tables = [
        {path.name: path.read_bytes() for path in next(Path(f"by-{jobs}/small").iterdir()).glob("*.csv")}
        for jobs in ("1", "2")
    ]
    assert tables[0] == tables[1]
    assert b"over budget" in tables[0]["runs.csv"]


def test_the_command_that_repeats_a_run_over_budget_repeats_it(small: Command) -> None:
    small("run", "small.yaml", "--no-figures", "--jobs", "1", "--budget", "events=2000")
    (folder,) = Path("results/small").iterdir()
    (error, *_) = load(folder).runs.query("status == 'over budget'")["error"]
    command = error.partition("(repeat: virtlab ")[2].removesuffix(")").split()
    code, _, err = small(*command)
    assert code == 1
    assert "ended by its budget of 2000 events" in err


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (["evnts=5e6"], "budget.evnts: is not known here (did you mean 'events'?)"),
        (["wall=60"], "'60' has no unit"),
        (["60s"], "write a limit and its size, e.g. wall=60s"),
        (["wall="], "write a limit and its size, e.g. wall=60s"),
        (["wall=1s", "wall=2s"], "wall is given twice"),
        (["none", "wall=2s"], "write a limit and its size"),
    ],
)
def test_a_budget_that_means_nothing_is_refused(small: Command, written: list[str], message: str) -> None:
    options = [part for each in written for part in ("--budget", each)]
    code, _, err = small("run", "small.yaml", *options)
    assert code == 2
    assert message in err
    assert not Path("results").exists()


def test_a_budget_of_the_scenario_holds_unless_it_is_lifted(small: Command) -> None:
    Path("limited.yaml").write_text(SMALL + "budget: {events: 2e3}\n")
    assert "each run ends at: events=2000" in small("plan", "limited.yaml", "--pilot", "0")[1]
    assert small("run", "limited.yaml", "--no-figures", "--jobs", "1")[0] == 3
    assert small("run", "limited.yaml", "--no-figures", "--jobs", "1", "--budget", "none")[0] == 0


def test_axes_in_step_and_points_left_out_are_told(small: Command) -> None:
    axes = "{tenants.app.weight: [1, 2, 3], tenants.app.memory: [256 MiB, 512 MiB, 768 MiB]}"
    sweep = f"sweep: {{axes: {axes}, zip: [[weight, memory]], drop: [{{stack: xen, weight: 3}}]}}\n"
    Path("swept.yaml").write_text(SMALL.replace(", memory: 512 MiB", "") + sweep)
    code, out, _ = small("plan", "swept.yaml", "--pilot", "0")
    assert code == 0
    assert "in step with tenants.app.memory" in out
    assert "10 points (conditions leave out 2 more) x 2 replications = 20 runs" in out
    _, data, _ = small("plan", "swept.yaml", "--pilot", "0", "--json")
    (plan,) = json.loads(data)
    assert (plan["left_out"], plan["side_by_side"]) == (2, [["tenants.app.weight", "tenants.app.memory"]])
