"""Whatever goes side by side: the points are those of the whole product that a filter would leave, in its order."""

from __future__ import annotations

import json
from copy import deepcopy
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalog import Catalog
from simulator.errors import ScenarioError
from simulator.scenario import load

CATALOG = Catalog()
AXES: dict[str, list[Any]] = {
    "machine.devices.cpu.frequency": ["1 GHz", "2 GHz", "3 GHz", "4 GHz"],
    "stacks.one.parameters.linux-2.4.context_switch": ["1 cycles", "2 cycles", "3 cycles", "4 cycles"],
    "tenants.app.memory": ["64 MiB", "128 MiB", "192 MiB", "256 MiB"],
    "tenants.app.weight": [1, 2, 3, 4],
    "tenants.other.weight": [1, 2, 3, 4],
    "warmup": ["1 s", "2 s", "3 s", "4 s"],
}
"""Axes of every part, in the order of the points."""
STACKS = {"one": {"stack": "linux-2.4 |"}, "two": "linux-2.6 |"}
Values = dict[str, Any]


def scenario(sweep: dict[str, Any], stacks: dict[str, Any] = STACKS) -> list[Values]:
    """The axes of all points."""
    tenants = {"app": {"workload": "kernel-build"}, "other": {"workload": "kernel-build"}}
    data = {"title": "t", "machine": "dell-2650", "stacks": stacks, "tenants": tenants, "sweep": sweep}
    return [point["axes"] for point in load(data, catalog=CATALOG).points()]


def stacks_of(number: int) -> dict[str, Any]:
    return dict(list(STACKS.items())[:number])


@st.composite
def sweeps(draw: st.DrawFn) -> tuple[dict[str, list[Any]], list[list[str]]]:
    """Axes with their values, and which of them go side by side."""
    names = draw(st.lists(st.sampled_from(list(AXES)), min_size=2, max_size=5, unique=True))
    length = draw(st.integers(2, 4))
    axes = {name: AXES[name][: draw(st.integers(1, 4))] for name in names}
    order = draw(st.permutations(names))
    cut = draw(st.integers(2, len(names)))
    together = [list(order[:cut])] + ([list(order[cut:])] if len(names) - cut >= 2 and draw(st.booleans()) else [])
    for name in (name for group in together for name in group):
        axes[name] = AXES[name][:length]
    for group in together:
        # All but the first may have equal values, as rows differ by that one.
        for name in group[1:]:
            axes[name] = draw(st.lists(st.sampled_from(AXES[name]), min_size=length, max_size=length))
    return axes, together


def filtered(axes: dict[str, list[Any]], together: list[list[str]], stacks: list[str]) -> list[Values]:
    """The product of all positions, without those at which a group has different ones."""
    found = []
    for stack in stacks:
        names = [name for name in AXES if name in axes and (stack == "one" or not name.startswith("stacks."))]
        # The stack's own axes change before those of the machine.
        names.sort(key=lambda name: not name.startswith("stacks."))
        for positions in product(*(range(len(axes[name])) for name in names)):
            at = dict(zip(names, positions, strict=True))
            if all(len({at[name] for name in group if name in at}) <= 1 for group in together):
                point = {name: axes[name][position] for name, position in at.items()}
                found.append(({"stack": stack} if len(stacks) > 1 else {}) | point)
    return found


@settings(max_examples=40, deadline=None)
@given(swept=sweeps(), number=st.integers(1, 2))
def test_axes_side_by_side_are_what_a_filter_leaves_of_the_product(
    swept: tuple[dict[str, list[Any]], list[list[str]]], number: int
) -> None:
    axes, together = swept
    ordered = {name: axes[name] for name in AXES if name in axes}
    stacks = stacks_of(number)
    assert scenario({"axes": ordered, "zip": together}, stacks) == filtered(axes, together, list(stacks))


@settings(max_examples=15, deadline=None)
@given(
    names=st.lists(st.sampled_from(list(AXES)), min_size=2, max_size=4, unique=True),
    kind=st.sampled_from(["latin_hypercube", "sobol"]),
    other=st.sampled_from(list(AXES)),
    seed=st.integers(0, 3),
)
def test_a_design_is_as_many_rows_of_the_product(names: list[str], kind: str, other: str, seed: int) -> None:
    beside = {other: AXES[other]} if other not in names else {}
    over = {name: AXES[name] if name in names[2:] else {"from": AXES[name][0], "to": AXES[name][3]} for name in names}
    over |= {"duration": {"from": "10 s", "to": "20 s"}}
    found = scenario({"axes": beside, "design": {"kind": kind, "points": 8, "over": over}}, stacks_of(1))
    rows = {tuple(point[name] for name in over) for point in found}
    assert len(rows) == 8 and len(found) == 8 * len(beside.get(other, [1]))
    assert {(*(point[name] for name in over), point.get(other)) for point in found} == {
        (*row, value) for row in rows for value in (beside.get(other) or [dict(zip(over, row, strict=True))[other]])
    }


@settings(max_examples=25, deadline=None)
@given(swept=sweeps(), data=st.data())
def test_a_condition_leaves_out_the_points_at_which_all_of_it_holds(
    swept: tuple[dict[str, list[Any]], list[list[str]]], data: st.DataObject
) -> None:
    axes, together = swept
    ordered = {name: axes[name] for name in AXES if name in axes}
    stacks = stacks_of(2)
    whole = filtered(axes, together, list(stacks))
    point = data.draw(st.sampled_from(whole))
    names = data.draw(st.lists(st.sampled_from(list(point)), min_size=1, unique=True))
    condition = {name: point[name] for name in names}
    left = [each for each in whole if any(each.get(name) != value for name, value in condition.items())]
    if left:
        assert scenario({"axes": ordered, "zip": together, "drop": [condition]}, stacks) == left


# ---------------------------------------------------------------- anything at all


WHOLE: Values = {
    "axes": {
        "tenants.app.memory": {"from": "64 MiB", "to": "1 GiB", "count": 2, "scale": "log"},
        "machine.devices.cpu.frequency": ["1 GHz", "2 GHz"],
    },
    "zip": [["stack", "app.memory"]],
    "cases": {"a": {"tenants.app.weight": 1, "tenants.app.vcpus": 1}, "b": {"tenants.app.weight": 2}},
    "design": {"kind": "sobol", "points": 2, "over": {"warmup": {"from": "0 s", "to": "1 s"}, "fidelity": ["fluid"]}},
    "drop": [{"memory": "> 512 MiB", "case": ["a", "c"]}],
}
WORDS = ["", "stack", "case", "tenants.app.memory", "machine", "tenants.app", "from", "to", "count", "step", "> 1", "<"]
words = st.sampled_from([*WORDS, "1 GiB", "5 %", "stacks.one", "stacks.one.parameters.linux-2.4.x", "1e300 GiB", "log"])
scalars = st.none() | st.booleans() | st.integers(-1, 10**9) | st.floats(allow_nan=False, allow_infinity=False) | words
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=5
)


def places(data: Any) -> list[tuple[str | int, ...]]:
    inside = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [(key, *more) for key, value in inside for more in [(), *places(value)]]


@settings(max_examples=60, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(places(WHOLE)), st.booleans(), anything), min_size=1, max_size=2))
def test_whatever_stands_in_a_sweep_it_is_read_or_refused(changes: list[tuple[Any, bool, Any]]) -> None:
    sweep = deepcopy(WHOLE)
    for place, added, value in changes:
        inside: Any = sweep
        for key in place[:-1]:
            known = inside if isinstance(inside, dict) else dict(enumerate(inside if isinstance(inside, list) else ()))
            inside = known.get(key)
        if isinstance(inside, dict):
            inside[str(value) if added else place[-1]] = value
        elif isinstance(inside, list):
            inside[min(place[-1], len(inside)) :] = [value]
    tenants = {"app": {"workload": "kernel-build", "vcpus": 2}, "other": {"workload": "kernel-build"}}
    data = {"title": "t", "machine": "dell-2650", "stacks": STACKS, "tenants": tenants, "sweep": sweep}
    try:
        points = load(data, catalog=CATALOG).points()
    except ScenarioError as error:
        assert all(problem.message for problem in error.problems)
    else:
        assert json.loads(json.dumps(points)) == points
