"""What ``sweep`` makes of a scenario: axes, ranges, axes side by side, cases, designs, points left out."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.scenario import Scenario, load
from simulator.scenario.sweep import designs, writing

CATALOG = Catalog()
MEMORY, WEIGHT, CLOCK = "tenants.app.memory", "tenants.app.weight", "machine.devices.cpu.frequency"
HEAD = """\
version: 1
machine: dell-2650
stacks: {native: 'linux-2.4 |', xen: 'xen-1 | linux-2.4'}
tenants:
  app: {workload: kernel-build}
  other: {workload: kernel-build, memory: 100 MiB, start: 0}
replications: 1
"""
ONE_STACK = HEAD.replace(", xen: 'xen-1 | linux-2.4'", "")


def of(sweep: str, head: str = ONE_STACK, **overrides: Any) -> Scenario:
    paths = {name.replace("__", "."): value for name, value in overrides.items()}
    return load(f"{head}sweep:\n{sweep}", overrides=paths, catalog=CATALOG)


def axes(scenario: Scenario) -> list[tuple[Any, ...]]:
    return [tuple(point["axes"].values()) for point in scenario.points()]


def names(scenario: Scenario) -> list[str]:
    return list(scenario.points()[0]["axes"])


def mistakes(sweep: str, head: str = ONE_STACK, **overrides: Any) -> str:
    with pytest.raises(ScenarioError) as error:
        of(sweep, head, **overrides)
    return str(error.value)


# ---------------------------------------------------------------- axes


def test_an_axis_in_one_place_is_the_same_as_a_list_in_the_field() -> None:
    field = ONE_STACK.replace("kernel-build}", "kernel-build, memory: [512 MiB, 1 GiB]}", 1)
    swept = of(f"  axes: {{{MEMORY}: [512 MiB, 1 GiB]}}\n")
    assert swept.points() == [{**each, "scenario": swept.name} for each in load(field, catalog=CATALOG).points()]
    assert names(swept) == ["stack", MEMORY][1:]


def test_a_path_leads_through_names_with_dots_and_into_short_forms() -> None:
    head = ONE_STACK.replace("native:", "linux-2.4:").replace("app:", "a.b:")
    paths = {"tenants.a.b.workload.parameters.files_count": "[10, 20]", CLOCK: "[1 GHz, 2 GHz]"}
    scenario = of("  axes: {" + ", ".join(f"{path}: {values}" for path, values in paths.items()) + "}\n", head)
    assert sorted(names(scenario)) == sorted(paths)
    assert [each["machine"]["devices"]["cpu"]["parameters"]["frequency_hz"] for each in scenario.points()] == [
        1e9,
        1e9,
        2e9,
        2e9,
    ]
    stacks = of("  axes: {stacks.linux-2.4.parameters.linux-2.4.context_switch: [1 cycles, 2 cycles]}\n", head)
    assert axes(stacks) == [("1 cycles",), ("2 cycles",)]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("tenants.ap.memory: [1 GiB]", "no tenant is called 'ap' (did you mean 'app'?)"),
        ("stacks.nativ.parameters.linux-2.4.x: [1]", "no stack is called 'nativ' (did you mean 'native'?)"),
        ("tenants.app.memry: [1 GiB, 2 GiB]", "is not known here (did you mean 'memory'"),
        ("tenats.app.memory: [1 GiB]", "'tenats' leads nowhere (did you mean 'tenants'?)"),
        ("warmup.s: [1 s]", "warmup has nothing within it (write 'warmup')"),
        ("tenants.app: [1, 2]", "tenants.app is no single value (say what of it varies"),
        ("stacks.native.without: [[a], [b]]", "without is always a list and no axis"),
        ("tenants.app.memory.x: [1, 2]", "is not a quantity"),
        ("tenants.other.memory.x: [1, 2]", "leads nowhere: tenants.other.memory is '100 MiB'"),
        ("tenants.other.memory: [1 GiB, 2 GiB]", "is set in two places, here and at tenants.other.memory (remove one"),
        ("tenants.app.memory: 1 GiB", "is no list of values (write '[..., ...]', or '{from: ..., to: ...,"),
        ("tenants.app.memory: []", "is empty (give at least one value)"),
        ("tenants.app.memory: [1 GiB, 3 GHz]", "'GHz' is a unit of frequency"),
        ("tenants.app.memory: [1 GiB, 1 GiB]", "stands in this list already"),
        ("machine.devices.cpu.clok: [1 GHz]", "there is no 'clok' here"),
    ],
)
def test_a_wrong_axis_is_located_where_it_is_written(entry: str, message: str) -> None:
    found = mistakes(f"  axes:\n    {entry}\n")
    (line,) = [each for each in found.splitlines() if message in each]
    assert line.startswith("<text>:10:") and f"sweep.axes.{entry.partition(':')[0]}" in line


def test_all_mistakes_are_seen_at_once_and_nothing_is_blamed_for_what_they_leave_out() -> None:
    found = mistakes("  axes: {tenants.app.memory: {from: 1 GiB}, tenants.ap.x: [1]}\n  zip: [[memory, stack]]\n", HEAD)
    assert [line.partition(" ")[2].partition(":")[0] for line in found.splitlines()] == [
        "sweep.axes.tenants.app.memory.to",
        "sweep.axes.tenants.ap.x",
    ]


@pytest.mark.parametrize(
    ("sweep", "message"),
    [("  axs: {}\n", "sweep.axs: is not known here (did you mean 'axes'?)"), ("  - 1\n", "[1] is not a mapping")],
)
def test_a_sweep_of_another_form_is_refused(sweep: str, message: str) -> None:
    assert message in mistakes(sweep)


# ---------------------------------------------------------------- ranges


@pytest.mark.parametrize(
    ("written", "values"),
    [
        ("{from: 1 GiB, to: 4 GiB, count: 4}", ["1 GiB", "2 GiB", "3 GiB", "4 GiB"]),
        ("{from: 512 MiB, to: 2 GiB, count: 3, scale: log}", ["512 MiB", "1024 MiB", "2 GiB"]),
        ("{from: 1 GiB, to: 2.1 GiB, step: 512 MiB}", ["1 GiB", "1.5 GiB", "2 GiB"]),
        ("{from: 3 GiB, to: 1 GiB, count: 3}", ["3 GiB", "2 GiB", "1 GiB"]),
        ("{from: 1 GiB, to: 2 GiB, count: 4}", ["1 GiB", "1.33333 GiB", "1.66667 GiB", "2 GiB"]),
    ],
)
def test_a_range_has_values_with_units_in_a_field_and_in_an_axis(written: str, values: list[str]) -> None:
    assert axes(of(f"  axes: {{{MEMORY}: {written}}}\n")) == [(each,) for each in values]
    field = ONE_STACK.replace("kernel-build}", f"kernel-build, memory: {written}}}", 1)
    assert axes(load(field, catalog=CATALOG)) == [(each,) for each in values]


def test_whole_numbers_stay_whole_where_the_field_wants_them() -> None:
    assert axes(of("  axes: {tenants.app.vcpus: {from: 1, to: 4, count: 3}}\n")) == [(1,), (2,), (4,)]
    assert axes(of(f"  axes: {{{WEIGHT}: {{from: 1, to: 4, count: 3}}}}\n")) == [(1.0,), (2.5,), (4.0,)]
    assert axes(of("  axes: {tenants.other.start_every: {from: 0, to: 1 s, count: 3}}\n")) == [
        (0,),
        ("0.5 s",),
        ("1 s",),
    ]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{from: 1 GiB}", "to: is missing (add 'to: 8 GiB')"),
        ("{from: 1 GiB, to: 2 GiB}", "has neither 'count' nor 'step' (add one of them"),
        ("{from: 1 GiB, to: 2 GiB, count: 2, step: 1 GiB}", "has both 'count' and 'step' (keep one of them"),
        ("{from: 1 GiB, to: 2 GiB, cuont: 2}", "cuont: is not known here (did you mean 'count'?)"),
        ("{from: 1 GiB, to: 2 GiB, count: 1}", "has less than two values"),
        ("{from: 1 GiB, to: 1024 MiB, count: 2}", "begins where it ends"),
        ("{from: 1 GiB, to: 2 s, count: 2}", "'1 GiB' and '2 s' are not of one kind"),
        ("{from: 1 GiB, to: 2, count: 2}", "'1 GiB' and 2 are not of one kind"),
        ("{from: 1 GiB, to: 2 Gibi, count: 2}", "'Gibi' is not a unit"),
        ("{from: one, to: 2 GiB, count: 2}", "'one' is not a quantity"),
        ("{from: 0, to: 2 GiB, count: 2, scale: log}", "cannot have equal factors from or to 0"),
        ("{from: 1 GiB, to: 2 GiB, count: 2, scale: lgo}", "scale: 'lgo' is not known here (write 'linear' or 'log')"),
        ("{from: 1 GiB, to: 2 GiB, step: 2 GiB}", "has only one value"),
        ("{from: 1 GiB, to: 2 GiB, step: 1 s}", "steps by '1 s', which is of another kind (write it in GiB)"),
        ("{from: 1 GiB, to: 2 GiB, step: 0 GiB}", "never gets there by such steps"),
        ("{from: 2 GiB, to: 1 GiB, step: 1 GiB}", "never gets there by such steps"),
        ("{from: 1 GiB, to: 2 GiB, step: 0.1 GiB, scale: log}", "has steps, which 'scale: log' has not"),
        ("{from: 1 GiB, to: 2 GiB, step: 1 B}", "has more than 100,000 values"),
        ("{from: 1 GiB, to: 2 GiB, count: 100000000000}", "has more than 100,000 values"),
        ("[1 GiB, {from: 2 GiB, to: 4 GiB, count: 2}]", "is a range within a list"),
    ],
)
def test_a_wrong_range_is_located(written: str, message: str) -> None:
    field = ONE_STACK.replace(
        "  app: {workload: kernel-build}", f"  app: {{workload: kernel-build, memory: {written}}}"
    )
    with pytest.raises(ScenarioError) as error:
        load(field, catalog=CATALOG)
    (line,) = str(error.value).splitlines()
    assert line.startswith("<text>:5:") and message in line


def test_rounded_values_that_are_equal_are_refused_with_a_sentence() -> None:
    found = mistakes("  axes: {tenants.app.vcpus: {from: 1, to: 3, count: 5}}\n")
    assert "has 2 twice, as its values are rounded (write a smaller 'count')" in found
    assert "steps by 0.5 from a whole number (write 'from: 1.0')" in mistakes(
        "  axes: {tenants.app.vcpus: {from: 1, to: 3, step: 0.5}}\n"
    )


def test_of_a_range_with_many_wrong_values_one_is_told() -> None:
    found = mistakes("  axes: {tenants.app.memory: {from: 1 GHz, to: 2 GHz, count: 50}}\n")
    assert len(found.splitlines()) == 1 and "sweep.axes.tenants.app.memory: 'GHz' is a unit of frequency" in found


def test_tenants_and_stacks_may_be_called_from_and_to() -> None:
    head = ONE_STACK.replace("app:", "from:").replace("other:", "to:")
    head = head.replace("{native: 'linux-2.4 |'}", "{from: {from: 'linux-2.4 |', to: 'linux-2.4 |'}}")
    assert len(load(head, catalog=CATALOG).points()) == 1


# ---------------------------------------------------------------- side by side


def test_axes_go_side_by_side_across_parts_and_with_lists_in_fields() -> None:
    head = ONE_STACK.replace("replications", "warmup: [0, 1 s, 2 s]\nreplications")
    sweep = f"  axes: {{{MEMORY}: [512 MiB, 1 GiB, 512 MiB], {CLOCK}: [1 GHz, 2 GHz, 3 GHz], {WEIGHT}: [1, 2]}}\n"
    scenario = of(sweep + "  zip: [[app.memory, frequency, warmup]]\n", head)
    assert names(scenario) == [CLOCK, MEMORY, WEIGHT, "warmup"]
    assert axes(scenario) == [
        ("1 GHz", "512 MiB", 1, 0),
        ("1 GHz", "512 MiB", 2, 0),
        ("2 GHz", "1 GiB", 1, "1 s"),
        ("2 GHz", "1 GiB", 2, "1 s"),
        ("3 GHz", "512 MiB", 1, "2 s"),
        ("3 GHz", "512 MiB", 2, "2 s"),
    ]


def test_each_stack_can_have_a_value_of_its_own() -> None:
    scenario = of(
        f"  axes: {{{MEMORY}: [1 GiB, 512 MiB]}}\n  zip: [[stack, memory]]\n".replace("memory]", "app.memory]"), HEAD
    )
    assert axes(scenario) == [("native",), ("xen",)] and names(scenario) == ["stack"]
    assert [point["tenants"]["app"]["memory_bytes"] for point in scenario.points()] == [2**30, 2**29]


def test_an_axis_of_one_stack_goes_with_others_where_that_stack_is() -> None:
    sweep = "  axes: {stacks.xen.parameters.xen-1.trap: [1 cycles, 2 cycles], tenants.app.memory: [1 GiB, 512 MiB]}\n"
    found = of(sweep + "  zip: [[trap, app.memory]]\n", HEAD).points()
    assert [list(point["axes"].values()) for point in found] == [
        ["native", "1 GiB"],
        ["native", "512 MiB"],
        ["xen", "1 cycles", "1 GiB"],
        ["xen", "2 cycles", "512 MiB"],
    ]


@pytest.mark.parametrize(
    ("together", "message"),
    [
        ("[[app.memory, app.vcpus]]", "tenants.app.memory has 2 values, tenants.app.vcpus has 3 values"),
        ("[[app.memory, vcpu]]", "sweep.zip[0][1]: no axis is called 'vcpu'"),
        ("[[app.memory, memory]]", "names an axis twice"),
        ("[[memory, app.vcpus]]", "tenants.app.memory has 2 values, tenants.app.vcpus has 3 values"),
        ("[[app.memory]]", "is empty"),
        ("[app.memory, app.weight]", "is not a list"),
        ("[[app.memory, app.weight], [app.memory, warmup]]", "tenants.app.memory goes side by side with other axes"),
        ("[[app.weight, warmup], [app.vcpus, stop]]", "its rows 2 and 3 are the same point: 1, 2"),
    ],
)
def test_axes_that_cannot_go_side_by_side_are_refused(together: str, message: str) -> None:
    sweep = "  axes: {tenants.app.memory: [1 GiB, 512 MiB], tenants.app.vcpus: [1, 2, 2], tenants.app.weight: [1, 2],\n"
    sweep += "    tenants.other.weight: [1, 2, 2], warmup: [0, 1 s]}\n"
    found = mistakes(sweep + f"  zip: {together.replace('stop', 'other.weight')}\n")
    assert message.replace(": 1, 2", ": 2, 2") in found and "<text>:11" in found


# ---------------------------------------------------------------- cases


CASES = """\
  cases:
    small: {tenants.app.vcpus: 1, tenants.app.memory: 512 MiB}
    large: {tenants.app.vcpus: 2, tenants.app.memory: 1 GiB}
"""


def test_cases_are_one_axis_of_names() -> None:
    scenario = of(CASES, HEAD)
    assert axes(scenario) == [("native", "small"), ("native", "large"), ("xen", "small"), ("xen", "large")]
    assert names(scenario) == ["stack", "case"]
    assert [each["tenants"]["app"]["vcpus"] for each in scenario.points()] == [1, 2, 1, 2]


def test_what_a_case_does_not_say_stands_in_the_field() -> None:
    scenario = of(
        "  cases: {early: {tenants.other.start: 1 s, tenants.app.weight: 2}, usual: {tenants.app.weight: 3}}\n"
    )
    assert [each["tenants"]["other"]["start_s"] for each in scenario.points()] == [1.0, 0.0]


def test_a_case_can_choose_a_stack() -> None:
    sweep = "  cases: {a: {stack: xen, tenants.app.memory: 1 GiB}, b: {stack: native, tenants.app.memory: 1 GiB},\n"
    found = of(sweep + "    c: {stack: xen, tenants.app.memory: 512 MiB}}\n", HEAD)
    assert axes(found) == [("native", "b"), ("xen", "a"), ("xen", "c")]
    head = HEAD.replace("kernel-build}", "kernel-build, memory: 1 GiB}", 1)
    assert axes(of("  cases: {a: {stack: xen}, b: {stack: native}}\n", head)) == [("native", "b"), ("xen", "a")]


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ("{a: {tenants.app.vcpus: 1}, b: {tenants.app.vcpus: 1}}", "cases.b: is the same point as 'a'"),
        ("{a: {tenants.app.vcpus: 1}, b: {tenants.app.weight: 1}}", "cases.b: does not say tenants.app.vcpus, which"),
        ("{a: {tenants.app.vcpus: 1}, b: {tenants.app.vcpus: 1.5}}", "cases.b.tenants.app.vcpus: 1.5 is not a whole"),
        ("{a: {tenants.app.vcpus: [1, 2]}}", "cases.a.tenants.app.vcpus: is a list, and a case is one point"),
        ("{a: {tenants.ap.vcpus: 1}}", "cases.a.tenants.ap.vcpus: leads nowhere: no tenant is called 'ap'"),
        ("{a: {stack: nativ, warmup: 1 s}}", "cases.a.stack: no stack is called 'nativ' (did you mean 'native'?)"),
        ("{a: {}}", "cases.a: is empty"),
        ("{a: 3}", "cases.a: 3 is not a mapping"),
        ("{a: {tenants.other.memory: 1 GiB}}", "is set in two places, here and at tenants.other.memory"),
    ],
)
def test_wrong_cases_are_located(cases: str, message: str) -> None:
    found = mistakes(f"  cases: {cases}\n")
    assert message in found and found.startswith("<text>:9:")


# ---------------------------------------------------------------- designs


OVER = f"""over: {{
    {MEMORY}: {{from: 512 MiB, to: 1 GiB}},
    {CLOCK}: {{from: 1 GHz, to: 4 GHz, scale: log}},
    tenants.app.vcpus: {{from: 1, to: 4}},
    fidelity: [fluid, quantum]}}"""


@pytest.mark.parametrize("kind", ["latin_hypercube", "sobol"])
def test_a_design_fills_each_axis_evenly_and_follows_from_the_seed(kind: str) -> None:
    scenario = of(f"  design: {{kind: {kind}, points: 16, {OVER}}}\n")
    columns = {name: [point["axes"][name] for point in scenario.points()] for name in names(scenario)}
    assert len(scenario.points()) == 16
    quarters = Counter(int((float(each.split()[0]) - 512) / 512 * 4) for each in columns[MEMORY])
    assert quarters == {0: 4, 1: 4, 2: 4, 3: 4}
    octaves = Counter(int(float(each.split()[0]) // 2) for each in columns[CLOCK])
    assert octaves[0] == 8
    assert Counter(columns["tenants.app.vcpus"]) == {1: 4, 2: 4, 3: 4, 4: 4}
    assert Counter(columns["fidelity"]) == {"fluid": 8, "quantum": 8}
    assert all(len(each.split()[0].replace(".", "")) <= 4 for each in columns[MEMORY])
    again, other = (of(f"  design: {{kind: {kind}, points: 16, {OVER}}}\n", seed=seed) for seed in (1, 2))
    assert axes(again) == axes(scenario) != axes(other)


def test_designs_are_these_and_no_others() -> None:
    hypercube = designs.latin_hypercube(1, ["a", "b"], 3)
    sequence = designs.sobol(1, ["a", "b"], 4)
    assert [[round(each, 6) for each in column] for column in hypercube] == HYPERCUBE
    assert [[round(each, 6) for each in column] for column in sequence] == SOBOL


HYPERCUBE = [[0.267514, 0.367572, 0.888832], [0.291304, 0.853352, 0.639462]]
SOBOL = [[0.548369, 0.048369, 0.298369, 0.798369], [0.746267, 0.246267, 0.996267, 0.496267]]


def test_a_grid_has_every_combination() -> None:
    scenario = of(f"  design: {{kind: grid, points: 3, {OVER.replace('to: 4}', 'to: 3}')}}}\n")
    assert len(scenario.points()) == 3 * 3 * 3 * 2
    assert {point["axes"][MEMORY] for point in scenario.points()} == {"512 MiB", "768 MiB", "1 GiB"}


@pytest.mark.parametrize(
    ("design", "message"),
    [
        (f"kind: sobol, points: 20, {OVER}", "points: 20 is no power of two, and only so many"),
        (f"kind: sobol, points: 20, {OVER}", "(take 16 or 32, or 'kind: latin_hypercube')"),
        (
            f"kind: sobl, points: 16, {OVER}",
            "kind: 'sobl' is not known here (write 'grid', 'latin_hyper",
        ),
        (f"kind: grid, points: 1, {OVER}", "points: a grid has at least two values"),
        (f"kind: grid, points: 5, {OVER}", "vcpus: has 2 twice, as its values are rounded (write a smaller 'points')"),
        (f"kind: sobol, points: 1048576, {OVER}", "points: 1,048,576 points are more than 100,000"),
        (f"kind: sobol, {OVER}", "points: is missing (add 'points: 64')"),
        ("kind: sobol, points: 4", "over: is missing"),
        ("kind: sobol, points: 4, over: {}", "over: is empty"),
        ("kind: sobol, points: 4, over: {warmup: {from: 0, to: 1 s, count: 4}}", "count: is what the design decides"),
        ("kind: sobol, points: 4, over: {warmup: {from: 1 s, to: 1 s}}", "over.warmup: begins where it ends"),
        ("kind: sobol, points: 4, over: {warmup: {from: 1 GiB, to: 2 GiB}}", "over.warmup: 'MiB' is a unit of size"),
        ("kind: sobol, points: 4, over: {tenants.app.vcpus: {from: 1, to: 2}}", "points: its rows "),
        ("kind: sobol, points: 4, over: {tenants.app.start: 3}", "over.tenants.app.start: is no list of values"),
    ],
)
def test_wrong_designs_are_located(design: str, message: str) -> None:
    found = mistakes(f"  design: {{{design}}}\n")
    assert message.replace("'MiB'", "'GiB'") in found and found.startswith(("<text>:9:", "<text>:12:"))


# ---------------------------------------------------------------- points left out


TWO = (
    "  axes: {tenants.app.memory: [512 MiB, 1 GiB, 1536 MiB], tenants.app.vcpus: [1, 2], tenants.other.vcpus: [1, 2]}\n"
)


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("{app.vcpus: 2}", {("512 MiB", 1, 1), ("1 GiB", 1, 1), ("1536 MiB", 1, 1)}),
        ("{app.memory: '< 1.5 GiB'}", {("1536 MiB", 1, 1), ("1536 MiB", 2, 1)}),
        ("{app.memory: ['<= 512 MiB', 1024 MiB]}", {("1536 MiB", 1, 1), ("1536 MiB", 2, 1)}),
        ("{memory: '!= 1 GiB'}", {("1 GiB", 1, 1), ("1 GiB", 2, 1)}),
        (
            "{app.memory: '>= 1 GiB', app.vcpus: [1]}",
            {("512 MiB", 1, 1), ("512 MiB", 2, 1), ("1 GiB", 2, 1), ("1536 MiB", 2, 1)},
        ),
    ],
)
def test_points_are_left_out(condition: str, left: set[tuple[Any, ...]]) -> None:
    scenario = of(TWO + f"  drop: [{condition}]\n")
    assert {each for each in axes(scenario) if each[2] == 1} == left
    assert [point["point"] for point in scenario.points()] == list(range(len(scenario.points())))


def test_an_axis_can_be_compared_with_another() -> None:
    found = axes(
        of(TWO + "  drop: [{app.vcpus: '> tenants.other.vcpus'}, {app.vcpus: '< other.vcpus', memory: 1 GiB}]\n")
    )
    assert sorted(found) == sorted(
        (size, *vcpus)
        for size in ("512 MiB", "1 GiB", "1536 MiB")
        for vcpus in ((1, 1), (1, 2), (2, 2))
        if (size, *vcpus) != ("1 GiB", 1, 2)
    )


def test_stacks_and_cases_can_be_left_out_and_what_cases_set() -> None:
    assert axes(of(CASES + "  drop: [{stack: xen, case: large}]\n", HEAD)) == [
        ("native", "small"),
        ("native", "large"),
        ("xen", "small"),
    ]
    assert axes(of(CASES + "  drop: [{stack: '!= native', memory: '> 600 MiB'}]\n", HEAD))[-1] == ("xen", "small")


def test_a_stack_that_was_added_for_another_is_left_out_with_it() -> None:
    head = HEAD.replace("xen: 'xen-1 | linux-2.4'", "xen: {stack: 'xen-1 | linux-2.4', without: [trap]}")
    scenario = of(TWO + "  drop: [{stack: xen, memory: ['1 GiB', '1536 MiB']}]\n", head)
    of_xen = [point["axes"][MEMORY] for point in scenario.points() if point["stack"] != "native"]
    assert set(of_xen) == {"512 MiB"} and len(of_xen) == 8


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("{memory: 3 GiB}", "leaves no point out (tenants.app.memory has no '3 GiB'"),
        ("{memory: '> 3 GiB'}", "leaves no point out"),
        ("{mmory: 1 GiB}", "drop[0].mmory: no axis is called 'mmory'"),
        ("{vcpus: 1}", "several axes are called 'vcpus' (write one of: tenants.app.vcpus, tenants.other.vcpus)"),
        ("{memory: '> lots'}", "'lots' is neither a quantity nor an axis"),
        ("{memory: {from: 1 GiB}}", "is no condition"),
        ("{app.vcpus: [1, 2]}", "sweep.drop: leaves out all 12 points"),
        ("{}", "drop[0]: is empty"),
    ],
)
def test_conditions_that_make_no_sense_are_refused(condition: str, message: str) -> None:
    found = mistakes(TWO + f"  drop: [{condition}]\n")
    assert message in found and found.startswith("<text>:10:")


# ---------------------------------------------------------------- how many


@pytest.mark.parametrize(
    "sweep",
    [
        "axes: {tenants.app.memory: {from: 1 MiB, to: 900 MiB, count: 1000}, warmup: {from: 0, to: 1 s, count: 1000}}",
        "design: {kind: grid, points: 1000, over: {warmup: {from: 0, to: 1 s}, tenants.app.start: {from: 0, to: 1 s}}}",
    ],
)
def test_too_many_points_are_refused_before_one_is_made(sweep: str) -> None:
    found = mistakes(f"  {sweep}\n", HEAD)
    assert "2,000,000 points, more than 100,000: stack (2) x " in found and "warmup (1,000)" in found


def test_a_few_lines_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MOST_MADE", 5_000)
    ranges = ", ".join(f"tenants.app.parameters.p{n}: {{from: 1, to: 2000, count: 2000}}" for n in range(50))
    assert "p3: is one range too many: those before have 6,000 values" in mistakes(f"  axes: {{{ranges}}}\n")
    over = ", ".join(f"tenants.app.parameters.p{n}: {{from: 1, to: 9}}" for n in range(30))
    found = mistakes(f"  design: {{kind: latin_hypercube, points: 100000, over: {{{over}}}}}\n")
    assert "sweep.design.points: of 30 axes that is too much (take fewer points, or fewer axes)" in found


def test_rows_that_go_side_by_side_are_counted_once() -> None:
    over = "{warmup: {from: 0, to: 1 s}, tenants.app.start: {from: 0, to: 1 s}, tenants.other.weight: {from: 1, to: 9}}"
    assert len(of(f"  design: {{kind: latin_hypercube, points: 600, over: {over}}}\n").points()) == 600


# ---------------------------------------------------------------- overrides


def test_the_command_line_has_the_last_word() -> None:
    sweep = TWO + "  zip: [[app.vcpus, other.vcpus]]\n  drop: [{memory: 1 GiB, app.vcpus: 1}]\n"
    assert len(of(sweep).points()) == 5
    assert axes(of(sweep, tenants__app__memory="1 GiB")) == [(2, 2)]
    assert len(of(sweep, tenants__app__vcpus=4).points()) == 6
    assert Counter(each[0] for each in axes(of(sweep, tenants__app__vcpus=[4, 2]))) == {4: 3, 2: 3}
    assert len(of(f"  design: {{kind: sobol, points: 16, {OVER}}}\n", sweep__design__points=4).points()) == 4
    assert axes(of(CASES, tenants__app__memory="1 GiB")) == [("small",), ("large",)]
    assert of(TWO, replications=7).replications == 7
    assert "override: sweep.design.points: 5 is no power" in mistakes(
        f"  design: {{kind: sobol, points: 4, {OVER}}}\n", sweep__design__points=5
    )


def test_another_catalog_gives_the_same_points_and_the_scenario_can_be_made_again() -> None:
    scenario = of(CASES)
    assert scenario.points(Catalog()) == scenario.points()
    again = Scenario.from_mapping(scenario.data, name=scenario.name, catalog=CATALOG)
    assert again.points() == scenario.points() and load(scenario).hash == scenario.hash


def test_the_example_answers_its_question() -> None:
    scenario = load(Path(__file__).parents[2] / "scenarios" / "how-large-a-machine.yaml", catalog=CATALOG)
    assert len(scenario.points()) == 2 * (8 * 3 - 2)


PAGE = (Path(__file__).parents[2] / "docs" / "sweep.md").read_text(encoding="utf-8")
POINTS = (12, 48, 6, 3, 16, 21)
"""Of the page's examples, in their order."""


def test_every_example_on_the_page_about_sweeps_is_a_scenario() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert tuple(len(load(each, catalog=CATALOG).points()) for each in examples) == POINTS
