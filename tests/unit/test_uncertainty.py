"""What is not known exactly: which numbers these are, how they are drawn, and points with other values of them."""

from __future__ import annotations

from math import log
from statistics import mean

import pytest

from simulator import discovery
from simulator.catalog import Catalog
from simulator.errors import UsageError
from simulator.experiment import run_point
from simulator.scenario import Scenario, load
from simulator.uncertainty import Space, Unknown, draws

CATALOG = Catalog()
BUILD = {"workload": {"name": "kernel-build", "parameters": {"files": 15}}, "memory": "512 MiB", "vcpus": 1}
STACKS = {
    "native": "linux-2.4 |",
    "xen 1": "xen-1 | linux-2.4",
    "xen 2": "xen-2 | linux-2.4",
    "workstation": "linux-2.4 | vmware-workstation-3.2 / linux-2.4",
}


def of(stacks: object = STACKS, **more: object) -> Space:
    return Space.of(scenario(stacks, **more))


def scenario(stacks: object = STACKS, **more: object) -> Scenario:
    return load({"machine": "dell-2650", "stacks": stacks, "tenants": {"app": BUILD}, **more}, catalog=CATALOG)


def parameters(point: dict[str, object], *path: str) -> dict[str, float]:
    found: object = point
    for key in path:
        found = found[key]
    return found


def test_an_unknown_has_the_catalogs_range_and_says_where_it_comes_from() -> None:
    seek = of()["dell-2650.disk.seek_shortest_s"]
    assert (seek.kind, seek.entry, seek.parameter) == ("device", "dell-2650.disk", "seek_shortest_s")
    assert (seek.value, seek.low, seek.high) == (0.5e-3, 0.3e-3, 1e-3)
    assert (seek.source_kind, seek.source, seek.transferred) == ("assumed", "", False)
    opens = of()["kernel-build.file_opens_count"]
    assert (opens.kind, opens.low, opens.high) == ("workload", 50.0, 400.0)


def test_what_has_no_range_what_a_program_only_chooses_and_installing_are_no_unknowns() -> None:
    keys = {each.key for each in of().parameters}
    assert all(each.low < each.high for each in of().parameters)
    assert not {key for key in keys if key.endswith((".files_count", ".group_count", ".frequency_hz"))}
    assert not {key for key in keys if "install" in key}


def test_a_number_measured_on_another_machine_has_its_widened_range() -> None:
    own = {row["parameter"]: row for row in CATALOG.describe("layers", "xen-1", "lenny-2009")}
    space = Space.of(load({"machine": "lenny-2009", "stacks": ["xen-1 | linux-2.4"], "tenants": {"app": BUILD}}))
    moved = [each for each in space.parameters if each.transferred and each.entry == "xen-1"]
    assert moved and all((each.low, each.high) == (own[each.parameter]["low"], own[each.parameter]["high"]) for each in
                         moved if "." not in each.parameter)  # fmt: skip


def test_one_number_is_one_unknown_in_all_stacks_and_in_guest_and_host() -> None:
    space = of()
    count = space["linux-2.4.null_sensitive_count"]
    points = space.with_values({count.key: count.high})
    numbers = [parameters(each, "layers", "linux-2.4", "parameters")["null_sensitive_count"] for each in points]
    assert numbers == [count.high] * len(STACKS)


def test_a_number_that_one_product_has_from_another_is_one_unknown() -> None:
    space = of()
    ring = space["xen-1.block_ring_cycles"]
    assert ring.also == ("xen-2",)
    points = space.with_values({ring.key: ring.low})
    assert [parameters(point, "layers", name, "parameters")["block_ring_cycles"] for point, name in
            zip(points[1:3], ("xen-1", "xen-2"), strict=True)] == [ring.low, ring.low]  # fmt: skip


def test_what_follows_from_other_numbers_moves_with_them() -> None:
    space = of()
    quantities = CATALOG.layer("vmware-workstation-3.2", "dell-2650").parameters
    follower = quantities["shadow_fill_cycles"]
    assert "shadow_fill_cycles" not in {each.parameter for each in space.parameters}
    moved = next(each for each in space.parameters if each.parameter in follower.formula and "workst" in each.entry)
    (point,) = [
        each for each in space.with_values({moved.key: moved.high}) if "vmware-workstation-3.2" in each["layers"]
    ]
    numbers = parameters(point, "layers", "vmware-workstation-3.2", "parameters")
    names = {name: numbers[name] for name in quantities if name in follower.formula}
    assert numbers["shadow_fill_cycles"] == pytest.approx(eval(follower.formula, {}, names))
    assert numbers["shadow_fill_cycles"] != follower.value


def test_a_formula_that_divides_by_what_may_be_nothing_has_a_range_of_its_own() -> None:
    """Each product of the catalog on a machine that it was not measured on, where ranges are widened."""
    for name in CATALOG.names("layers"):
        point = {
            "axes": {},
            "machine": {"base": "epyc-zen4-vm", "devices": {}},
            "layers": {name: {"structure": CATALOG.layer(name, "epyc-zen4-vm").structure, "start": None,
                              "scheduler": None, "parameters": CATALOG.layer(name, "epyc-zen4-vm").values()}},
            "hardware": {},
            "tenants": {},
        }  # fmt: skip
        machine = CATALOG.machine("epyc-zen4-vm")
        point["machine"]["devices"] = machine.figures()
        space = Space([point], CATALOG)
        assert all(unknown.low < unknown.high for unknown in space.parameters), name


def test_the_catalogs_values_give_the_same_points() -> None:
    space = of()
    again = space.with_values({each.key: each.value for each in space.parameters})
    for point, other in zip(space.points, again, strict=True):
        assert_equal(point, other)


def assert_equal(one: object, other: object) -> None:
    if isinstance(one, dict):
        assert isinstance(other, dict) and one.keys() == other.keys()
        for key in one:
            assert_equal(one[key], other[key])
    elif isinstance(one, float):
        assert other == pytest.approx(one, rel=1e-12, nan_ok=True)
    else:
        assert one == other


def test_other_values_leave_the_points_of_the_scenario_as_they_were() -> None:
    space = of()
    seek = space["dell-2650.disk.seek_shortest_s"]
    (first, *_) = space.with_values({seek.key: seek.high})
    assert parameters(first, "machine", "devices", "disk", "parameters")["seek_shortest_s"] == seek.high
    assert parameters(space.points[0], "machine", "devices", "disk", "parameters")["seek_shortest_s"] == seek.value
    assert first["layers"] is space.points[0]["layers"]
    assert space.point_with(0, {seek.key: seek.high}) == first


def test_what_the_scenario_sets_itself_is_given() -> None:
    disk = {"base": "dell-2650", "devices": {"disk": {"seek_shortest": "0.7 ms"}}}
    space = of(machine=disk)
    assert "dell-2650.disk.seek_shortest_s" not in {each.key for each in space.parameters}
    assert "dell-2650.disk.seek_longest_s" in {each.key for each in space.parameters}


def test_an_axis_is_given_also_where_it_has_the_catalogs_value() -> None:
    disk = {"base": "dell-2650", "devices": {"disk": {"seek_shortest": ["0.5 ms", "0.7 ms"]}}}
    assert "dell-2650.disk.seek_shortest_s" not in {each.key for each in of(machine=disk).parameters}


def test_a_number_that_one_stack_sets_is_unknown_in_the_others() -> None:
    cheap = {"stack": "xen-1 | linux-2.4", "parameters": {"xen-1": {"block_ring": "5 cycles"}}}
    space = of({"xen": "xen-1 | linux-2.4", "cheap": cheap})
    key = "xen-1.block_ring_cycles"
    points = space.with_values({key: space[key].high})
    rings = [parameters(point, "layers", "xen-1", "parameters")["block_ring_cycles"] for point in points]
    assert rings == [space[key].high, 5.0]
    assert key not in {each.key for each in space.of_point(1)}


def test_a_point_has_the_unknowns_of_what_stands_in_it() -> None:
    space = of()
    native = {each.entry for each in space.of_point(0)}
    assert "linux-2.4" in native and not {entry for entry in native if entry.startswith(("xen", "vmware"))}
    assert "xen-1" in {each.entry for each in space.of_point(1)}


def test_numbers_of_choices_that_the_product_has_not_made_are_left_out() -> None:
    machine = {"machine": "epyc-zen4-vm", "tenants": {"app": {"workload": "compression", "memory": "1 GiB"}}}
    nat, overlay = "linux-6 | docker-27", "linux-6 | docker-27(network=overlay)"
    own = {each.parameter for each in of([nat], **machine).parameters}
    assert {each.parameter for each in of([overlay], **machine).parameters} - own >= {"encapsulation_cycles"}
    both = of([nat, overlay], **machine)
    assert ["encapsulation_cycles" in {each.parameter for each in both.of_point(number)} for number in (0, 1)] == [
        False,
        True,
    ]


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"did you mean 'dell-2650\.disk\.seek_shortest_s'"):
        of().with_values({"dell-2650.disk.seek_shorter_s": 1.0})


# ---- drawing


def unknown(value: float, low: float, high: float, unit: str = "cycles", key: str = "k") -> Unknown:
    return Unknown(key, "layer", "e", "p", value, low, high, unit)


def test_the_value_is_the_median_and_the_ends_are_the_ends() -> None:
    skew = unknown(2.0, 1.0, 8.0)
    assert [skew.at(part) for part in (0.0, 0.25, 0.5, 0.75, 1.0)] == [1.0, 1.5, 2.0, 5.0, 8.0]


def test_a_range_of_more_than_a_factor_of_ten_is_drawn_on_the_logarithm() -> None:
    wide = unknown(100.0, 1.0, 10000.0)
    assert wide.logarithmic and not unknown(5.0, 1.0, 10.0).logarithmic and not unknown(5.0, 0.0, 100.0).logarithmic
    assert [wide.at(part) for part in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([1.0, 10.0, 100.0, 1000.0, 10000.0])


def test_whole_things_stay_whole() -> None:
    queue = unknown(32.0, 1.0, 128.0, unit="count")
    assert all(queue.at(part / 16).is_integer() for part in range(17))
    assert not unknown(1.0, 0.5, 2.0, unit="count").whole


def test_a_latin_hypercube_has_one_sample_in_each_part_of_each_distribution() -> None:
    unknowns = [unknown(0.5, 0.0, 1.0, key="a"), unknown(0.5, 0.0, 1.0, key="b")]
    samples = draws(unknowns, 10, seed=1)
    for key in ("a", "b"):
        assert sorted(int(10 * sample[key]) for sample in samples) == list(range(10))
    assert [sample["a"] for sample in samples] != [sample["b"] for sample in samples]
    assert mean(sample["a"] for sample in draws(unknowns, 1000, seed=1)) == pytest.approx(0.5, abs=1e-3)
    assert mean(log(sample["k"]) for sample in draws([unknown(10.0, 1.0, 100.0)], 1000, 1)) == pytest.approx(
        log(10.0), abs=1e-2
    )


def test_the_same_seed_draws_the_same_whatever_else_is_drawn() -> None:
    a, b = unknown(0.5, 0.0, 1.0, key="a"), unknown(0.5, 0.0, 1.0, key="b")
    assert draws([a, b], 5, 1) == draws([a, b], 5, 1)
    assert [sample["a"] for sample in draws([a, b], 5, 1)] == [sample["a"] for sample in draws([a], 5, 1)]
    assert draws([a], 5, 1) != draws([a], 5, 2)
    with pytest.raises(UsageError, match="0 samples"):
        draws([a], 0, 1)


# ---- the catalog


@pytest.mark.parametrize("stack", ["native", "xen 2", "workstation"])
def test_points_with_drawn_values_run(stack: str) -> None:
    space = of({stack: STACKS[stack]})
    outcomes = []
    for values in draws(space.parameters, 4, seed=3):
        tables = run_point(space.point_with(0, values), 0)["tables"]
        outcomes += [row[5] for row in tables["tenants"]]
    assert outcomes == ["ok"] * 4


@pytest.mark.parametrize("name", sorted(discovery.members("workloads")))
def test_what_a_program_chooses_is_among_its_parameters(name: str) -> None:
    program = discovery.member("workloads", name).PROGRAM
    assert {each.name for each in program.PARAMETERS} >= program.CHOSEN


def test_the_length_of_what_is_simulated_is_chosen_and_not_uncertain() -> None:
    """Otherwise a sample would take a hundred times as long to run as the scenario."""
    space = of(
        tenants={"app": {"workload": [{"name": "dbench"}, {"name": "osdb-ir"}], "memory": "512 MiB", "vcpus": 1}}
    )
    chosen = [CATALOG.workload(name, "dell-2650").parameters for name in ("dbench", "osdb-ir")]
    assert [each["files_count"].low < each["files_count"].high for each in chosen[:1]] == [True]
    assert not {"files_count", "queries_count"} & {each.parameter for each in space.parameters}
    assert {"file_bytes", "tuple_blocks_count"} <= {each.parameter for each in space.parameters}
