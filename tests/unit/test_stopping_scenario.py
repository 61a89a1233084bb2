"""A stopping rule in a scenario: what it may say, what is printed of it, and who wants a fixed number instead."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import simulator as vl
from simulator.cli.check import command as check
from simulator.cli.run import command as run
from simulator.errors import ScenarioError, UsageError
from simulator.results.stopping import Stopping
from simulator.scenario import Scenario, load
from simulator.validation.validate import Experiment, Validator

TEXT = """version: 1
title: Until it is known
machine: server-2025
stacks: {native: linux-6 |, container: linux-6 | docker}
tenants:
  app: {workload: spec-int}
replications:
  until: {metric: latency_p99_s, relative_half_width: 5 %}
  min: 5
  max: 50
"""


def scenario(**rule: Any) -> Scenario:
    return load(TEXT, overrides={"replications": rule} if rule else {})


def mistakes(**rule: Any) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        scenario(**rule)
    return [str(problem).removeprefix("override: ") for problem in caught.value.problems]


def test_what_a_rule_says() -> None:
    found = scenario()
    assert found.stopping == Stopping("latency_p99_s", "", 0.05, None, 0.95, 5, 50)
    assert found.replications == 50


def test_what_a_rule_leaves_open() -> None:
    assert scenario(until={"relative_half_width": 0.1}).stopping == Stopping("value", "", 0.1, None, 0.95, 10, 200)
    until = {"metric": "boot_s", "tenant": "app", "half_width": "2 ms", "level": "90 %"}
    assert scenario(until=until).stopping == Stopping("boot_s", "app", None, 0.002, 0.9, 10, 200)
    assert scenario(until={"half_width": 3}).stopping == Stopping("value", "", None, 3.0, 0.95, 10, 200)


def test_a_rule_about_a_ratio() -> None:
    until = {"over": "native", "relative_half_width": "1 %"}
    assert scenario(until=until).stopping == Stopping("value", "", 0.01, None, 0.95, 10, 200, "native")
    assert scenario(until=until).hash != scenario(until={"relative_half_width": "1 %"}).hash


def test_a_number_takes_the_place_of_a_rule() -> None:
    found = load(TEXT, overrides={"replications": 7})
    assert (found.replications, found.stopping) == (7, None)
    assert load(TEXT, overrides={"replications.max": 60}).replications == 60


def test_a_rule_decides_the_results_and_a_number_is_what_it_was() -> None:
    until = {"metric": "latency_p99_s", "relative_half_width": "4 %"}
    others = scenario(until=until, min=5, max=50), load(TEXT, overrides={"replications": 50})
    hashes = {scenario().hash, *(each.hash for each in others)}
    assert len(hashes) == 3


NARROW = {"relative_half_width": "5 %"}


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"max": 5}, "replications.until: is missing (add 'until: {metric: latency_p99_s, relative_half_width: 5 %}')"),
        ({"until": 5}, "replications.until: 5 is not a mapping (write 'key: value' lines under it)"),
        ({"until": {}}, "replications.until: does not say how narrow (add e.g. 'relative_half_width: 5 %')"),
        (
            {"until": NARROW | {"half_width": 2}},
            "replications.until.half_width: is given beside relative_half_width (keep one of the two)",
        ),
        (
            {"until": NARROW | {"metric": "latency_p99"}},
            "replications.until.metric: there is no metric 'latency_p99' (did you mean 'latency_p99_s'",
        ),
        (
            {"until": NARROW | {"metric": "workload"}},
            "replications.until.metric: there is no metric 'workload' (there are: ",
        ),
        (
            {"until": NARROW | {"tenant": "ap"}},
            "replications.until.tenant: no tenant is called 'ap' (did you mean 'ap",
        ),
        ({"until": NARROW | {"tenants": "app"}}, "replications.until.tenants: is not known here (did you mean 'tenan"),
        ({"until": NARROW | {"level": 95}}, "replications.until.level: 95 is not between 0 and 1 (write e.g. '5 %' or"),
        ({"until": NARROW | {"level": "100 %"}}, "replications.until.level: '100 %' is not between 0 and 1"),
        ({"until": {"relative_half_width": 0}}, "replications.until.relative_half_width: 0 is not between 0 and 1"),
        ({"until": {"relative_half_width": "5 ms"}}, "replications.until.relative_half_width: 'ms' is a unit of time"),
        (
            {"until": {"half_width": "2 ms"}},
            "replications.until.half_width: '2 ms' cannot be compared: value is in another unit for each workload (",
        ),
        (
            {"until": {"metric": "latency_p99_s", "half_width": 2}},
            "replications.until.half_width: 2 has no unit (here a time is wanted, e.g. '30 ms')",
        ),
        (
            {"until": NARROW | {"over": "nativ"}},
            "replications.until.over: no stack is called 'nativ' (did you mean 'native'",
        ),
        (
            {"until": {"over": "native", "metric": "latency_p99_s", "half_width": "2 ms"}},
            "replications.until.half_width: a ratio has no unit (write e.g. 'relative_half_width: 1 %')",
        ),
        ({"until": {"half_width": 0}}, "replications.until.half_width: 0 is never reached (write more than 0)"),
        ({"until": {"half_width": -1}}, "replications.until.half_width: -1 is never reached (write more than 0)"),
        ({"until": NARROW, "min": 1}, "replications.min: 1 is not a whole number from 2 up (write e.g. 2)"),
        (
            {"until": NARROW, "max": 9},
            "replications.max: max, 9, is less than min, 10 (change max, or give min as",
        ),
        (
            {"until": NARROW, "min": 201},
            "replications.min: max, 200, is less than min, 201 (change min, or give max",
        ),
        ({"until": NARROW, "min": 9, "max": 8}, "replications.max: max, 8, is less than min, 9 (change max)"),
        ({"until": NARROW, "most": 8}, "replications.most: is not known here (there are: max, min, until)"),
    ],
)
def test_a_mistake_is_refused_with_its_path_and_a_remedy(rule: dict[str, Any], message: str) -> None:
    (found,) = mistakes(**rule)
    assert found.startswith(message)


def test_a_mistake_in_a_file_is_found_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT.replace("latency_p99_s", "latency_p99"), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"small\.yaml:8:\d+: replications\.until\.metric: there is no metric"):
        load(path)


def test_check_prints_the_rule(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT, encoding="utf-8")
    printed = CliRunner().invoke(check, [str(path)], standalone_mode=False).output
    assert printed == (
        f"{path}: ok: 2 points, each with 5 to 50 replications, until latency_p99_s is known to ± 5 % "
        "(95 % interval): 10 to 100 runs\n"
    )


def test_run_says_what_is_not_known_well_enough(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    until = "{over: native, metric: latency_mean_s, relative_half_width: 0.01 %}"
    path.write_text(
        "version: 1\ntitle: Small\nmachine: laptop-2025\nstacks: {native: linux-6 |, container: linux-6 | docker}\n"
        "tenants:\n  app: {workload: key-value-store, memory: 1 GiB}\nduration: 50 ms\n"
        f"replications: {{until: {until}, min: 3, max: 4}}\n",
        encoding="utf-8",
    )
    words = [str(path), "--out", str(tmp_path / "out"), "--no-figures", "--jobs", "1"]
    said = "everywhere: after 4 replications latency_mean_s over native is still less well known than asked for"
    told = CliRunner().invoke(run, words, standalone_mode=False)
    assert said in told.stderr.splitlines()
    found = json.loads(CliRunner().invoke(run, [*words, "--json"], standalone_mode=False).stdout)
    assert found[0]["shortfalls"] == [said]


@pytest.mark.parametrize(
    "ask",
    [
        vl.choose,
        vl.isolate,
        vl.sensitivity,
        lambda path: Validator([Experiment("small", load(path))], tables={"any": []}),
    ],
    ids=["choose", "isolate", "sensitivity", "validate"],
)
def test_questions_that_want_a_fixed_number_say_so(ask: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT + "published: {table: any}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"small: a rule stops the replications, and .*; give their number: "):
        ask(path)
    assert list(tmp_path.iterdir()) == [path]
