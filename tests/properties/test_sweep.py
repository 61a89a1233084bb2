"""Whatever goes side by side: the points are those of the whole product that a filter would leave, in its order."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.catalog import Catalog
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


@settings(max_examples=60, deadline=None)
@given(swept=sweeps(), number=st.integers(1, 2))
def test_axes_side_by_side_are_what_a_filter_leaves_of_the_product(
    swept: tuple[dict[str, list[Any]], list[list[str]]], number: int
) -> None:
    axes, together = swept
    ordered = {name: axes[name] for name in AXES if name in axes}
    stacks = stacks_of(number)
    assert scenario({"axes": ordered, "zip": together}, stacks) == filtered(axes, together, list(stacks))


@settings(max_examples=40, deadline=None)
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


@settings(max_examples=40, deadline=None)
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
