"""Pool files: what a good one becomes, and how a bad one is refused: all mistakes at once, with place and remedy."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.pool.export import SCHEMA, json_schema
from simulator.pool.reading import read
from simulator.pool.streams import arrivals

CATALOG = Catalog()
POOLS = Path(__file__).parents[2] / "scenarios" / "pools"
GOOD: dict[str, Any] = {
    "duration": "1 h",
    "hosts": {"big": {"machine": "server-2025", "count": 2}},
    "instances": {"small": {"memory": "1 GiB", "tasks": {"size": "1 M cycles", "think": "1 s"}}},
    "requests": {"web": {"instance": "small", "at": "0 s"}},
}


def mistakes(text: str) -> list[str]:
    """What is said of a file, without its name."""
    with pytest.raises(ScenarioError) as error:
        read(dedent(text).lstrip(), catalog=CATALOG)
    return [str(problem).removeprefix("<text>:") for problem in error.value.problems]


def wrong(**changes: Any) -> str:
    """The one mistake of the good pool with some keys changed; an empty mapping as value takes a key away."""
    data = {key: value for key, value in {**GOOD, **changes}.items() if value != {}}
    with pytest.raises(ScenarioError) as error:
        read(data, catalog=CATALOG)
    (problem,) = error.value.problems
    return f"{problem.path}: {problem.message} ({problem.remedy})"


def test_all_mistakes_at_once_with_line_path_and_remedy() -> None:
    found = mistakes("""
        version: 1
        hosts:
          big: {machine: server-2025, cout: 2, cpu_overcommit: none}
        instances:
          small: {memory: 1, tasks: {size: 100 ms}}
        requests:
          web: {instance: small, everyy: 1 s}
        placement: {rule: firstfit}
        """)
    assert found == [
        "3:31: hosts.big.cout: is not known here (did you mean 'count'?)",
        "3:40: hosts.big.cpu_overcommit: 'none' is not a weight (write a number greater than 0, e.g. 2)",
        "5:11: instances.small.memory: 1 has no unit (here a size is wanted, e.g. '4 GiB')",
        "5:30: instances.small.tasks.size: 'ms' is a unit of time (here a number of cycles is wanted, e.g. "
        "'1200 cycles')",
        "7:26: requests.web.everyy: is not known here (did you mean 'every'?)",
        "8:13: placement.rule: 'firstfit' is not known here (write one of: first-fit, best-fit, spread)",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"requests": {"web": {"instance": "smalll", "at": "0 s"}}},
         "requests.web.instance: no type of instance is called 'smalll' (did you mean 'small'?)"),
        ({"requests": {"web": {"instance": "small"}}},
         "requests.web: does not say when requests come (write one of at, every, phases, trace)"),
        ({"requests": {"web": {"instance": "small", "at": "0 s", "every": "1 s"}}},
         "requests.web: has at and every at once (write one of at, every, phases, trace)"),
        ({"hosts": {"big": {"machine": "server-2052"}}},
         "hosts.big.machine: no machine is called 'server-2052' (did you mean 'server-2025'?)"),
        ({"hosts": {"big": {"machine": {"base": "server-2025", "devices": {"gpu": {}}}}}},
         "hosts.big.machine.devices.gpu: server-2025 has no device 'gpu' (did you mean 'cpu'?)"),
        ({"hosts": {"big": {"machine": "server-2025", "stack": "linux-6 | dockerr"}}},
         "hosts.big.stack: small on big: no layer is called 'dockerr' (did you mean 'docker-1' or 'docker-27'?)"),
        ({"instances": {"small": {"memory": "1 GiB"}}},
         "instances.small: has neither tasks nor a trace (say what runs in it: 'tasks' or 'trace')"),
        ({"instances": {"small": {"memory": "1 TiB", "tasks": {"size": "1 M cycles"}}}},
         "instances.small: is larger than any host, empty and with its own systems (make it smaller, or give larger "
         "hosts)"),
        ({"duration": {}}, "duration: is missing: small never ends (add e.g. 'duration: 2 h')"),
        ({"events": [{"at": "1 s", "drain": "big-3"}]},
         "events[0].drain: no host is called 'big-3' (did you mean 'big-2' or 'big-1'?)"),
        ({"events": [{"at": "1 s"}]}, "events[0]: names nothing that happens (write one of drain, fail, clock)"),
        ({"events": [{"at": "1 s", "clock": "big-1"}]},
         "events[0]: a clock and its frequency belong together (give both or none)"),
        ({"energy_price": 0.2, "hosts": {"big": {"machine": "arndale"}}},
         "hosts.big.machine: nobody knows what this machine draws, so energy cannot be paid for (take a machine with "
         "power figures, or leave energy_price out)"),
        ({"requests": {"web": {"instance": "small", "phases": [{"from": "2 h", "every": "1 s"},
                                                               {"from": "1 h", "every": "1 s"}]}}},
         "requests.web.phases: do not follow each other (write them in order of 'from')"),
    ],
)  # fmt: skip
def test_what_a_mistake_is_called(changes: dict[str, Any], said: str) -> None:
    assert wrong(**changes) == said


def test_a_plan_in_si_units() -> None:
    plan = read({**GOOD, "hosts": {"big": {"machine": "server-2025", "count": 2, "firmware": "60 s"}}}, catalog=CATALOG)
    (host,) = plan.hosts
    assert (host.processors, host.cores, host.memory_bytes, host.boot_s) == (64.0, 32.0, 256 * 2**30, 60.0)
    assert host.names() == ["big-1", "big-2"]
    assert plan.apart
    assert not read({**GOOD, "events": [{"at": "1 s", "fail": "big-1"}]}, catalog=CATALOG).apart


def test_the_power_of_a_machine_is_the_catalogs() -> None:
    plan = read(GOOD, catalog=CATALOG)
    assert plan.hosts[0].power is not None
    assert plan.hosts[0].power.busy_watts > plan.hosts[0].power.idle_watts > 0.0


def test_a_trace_of_requests(tmp_path: Path) -> None:
    (tmp_path / "asked.csv").write_text("at_s,lifetime_s\n5,60\n0,\n")
    path = tmp_path / "pool.yaml"
    path.write_text(
        dedent("""
        version: 1
        duration: 1 h
        hosts: {big: {machine: server-2025}}
        instances: {small: {memory: 1 GiB, tasks: {size: 1 M cycles, think: 1 s}}}
        requests: {web: {instance: small, trace: asked.csv}}
        """)
    )
    (stream,) = read(path, catalog=CATALOG).streams
    assert list(arrivals(stream, iter(()))) == [(0.0, float("inf")), (5.0, 60.0)]
    (tmp_path / "asked.csv").write_text("at,lifetime\n5,60\n")
    with pytest.raises(ScenarioError, match="give it the columns at_s and lifetime_s, in seconds"):
        read(path, catalog=CATALOG)


def test_arrivals_of_phases_come_as_often_as_is_said() -> None:
    data = {**GOOD, "requests": {"web": {"instance": "small", "arrivals": "even", "lifetime": "1 min",
            "lifetimes": "fixed", "phases": [{"from": "0 s", "every": "20 min"}, {"from": "1 h", "every": "10 min"}],
            "count": 5}}}  # fmt: skip
    (stream,) = read(data, catalog=CATALOG).streams
    assert list(arrivals(stream, iter(()))) == [(60.0 * at, 60.0) for at in (20, 40, 70, 80, 90)]


def test_the_schema_for_editors_is_that_of_the_code() -> None:
    """``python -m simulator.pool.export`` writes it anew."""
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema()
    assert "tasks" in json_schema()["$defs"]["Instance"]["properties"]


@pytest.mark.parametrize("path", sorted(POOLS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_pools_that_come_along_are_good(path: Path) -> None:
    plan = read(path, catalog=CATALOG)
    assert plan.hosts[0].figures
    assert all(host.expression for host in plan.hosts)
