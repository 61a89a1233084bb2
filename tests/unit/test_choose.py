"""Choosing a model: rules and arithmetic, with numbers that can be checked in the head."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import exp, inf, isnan, nan, sqrt
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.catalog.product import Product, Quantity
from simulator.choice import floors, measures, needs
from simulator.choice.derived import Derived
from simulator.choice.floors import Floor
from simulator.choice.fronts import least, pareto
from simulator.choice.installation import Effort, Pace, effort
from simulator.choice.measures import Measure, Row
from simulator.choice.model import Model
from simulator.choice.written import first, of_tenants, places_beside
from simulator.control import WORDS, Grip, held
from simulator.errors import ScenarioError, UsageError
from simulator.experiment import build
from simulator.layers.operating_system import OperatingSystem
from simulator.plots._placing import Box, Mark, place
from simulator.scenario import Scenario, load
from simulator.scenario.schema import Need

MIB = 1024**2
CATALOG = Catalog()
SCENARIO: dict[str, Any] = {
    "title": "Three models",
    "machine": "dell-2650",
    "stacks": {
        "native": "linux-2.4 |",
        "xen": "xen-2 | linux-2.4",
        "hosted": "linux-2.4 | vmware-workstation-3.2 / linux-2.4",
    },
    "tenants": {"app": {"workload": ["dbench", "osdb-ir"], "memory": "512 MiB", "vcpus": 1}},
    "replications": 2,
}


def scenario(**changes: Any) -> Scenario:
    return Scenario.from_mapping(SCENARIO | changes, catalog=CATALOG)


# ---- who is best


def test_the_pareto_set_has_whom_nobody_beats() -> None:
    points = {"cheap": (0.0, 9.0), "safe": (9.0, 0.0), "between": (4.0, 4.0), "beaten": (5.0, 4.0), "worst": (9.0, 9.0)}
    assert pareto({name: list(map(Measure, each)) for name, each in points.items()}) == ["cheap", "safe", "between"]


def test_equal_models_do_not_beat_each_other() -> None:
    assert pareto({"one": [Measure(1.0)], "other": [Measure(1.0)]}) == ["one", "other"]
    assert pareto({}) == []


def test_what_luck_could_turn_round_makes_nobody_better() -> None:
    """The second is cheaper for certain, and that the first is safer may be luck."""
    dear = [Measure(9.0, 8.9, 9.1), Measure(1.0, 0.0, 2.0)]
    cheap = [Measure(3.0, 2.9, 3.1), Measure(1.5, 0.5, 2.5)]
    assert pareto({"dear": dear, "cheap": cheap}) == ["cheap"]
    assert pareto({"dear": [dear[0], Measure(0.1, 0.0, 0.2)], "cheap": cheap}) == ["dear", "cheap"]


def test_wide_intervals_in_a_circle_leave_the_numbers() -> None:
    wide, low, high = Measure(5.0, 0.0, 10.0), Measure(4.0, 3.9, 4.1), Measure(6.0, 5.9, 6.1)
    circle = {"a": [low, wide, high], "b": [high, low, wide], "c": [wide, high, low]}
    assert pareto(circle) == ["a", "b", "c"]


def test_the_best_are_the_lowest_and_those_within_its_interval() -> None:
    found = {"a": Measure(1.0, 0.5, 1.5, 3), "b": Measure(1.4), "c": Measure(1.6, 0.0, 3.0), "unknown": Measure()}
    assert least(found) == ["a", "b"]
    assert least({"unknown": Measure()}) == []
    assert least({"a": Measure(1.0), "b": Measure(1.05), "c": Measure(1.2)}, grain=0.1) == ["a", "b"]


# ---- control


def test_control_is_what_any_layer_gives_to_what_is_the_tenants_own() -> None:
    host = Grip({"pause"}, (), own=False)
    hypervisor = Grip({"pause", "migrate", "clone"}, ("clone",), own=True)
    guest = Grip({"limit-memory"}, (), own=True)
    assert held([host, hypervisor, guest]) == ("limit-memory", "pause", "migrate")


def test_what_is_shared_cannot_be_treated_for_one_tenant() -> None:
    shared_machine = [Grip({"migrate"}, (), own=False), Grip({"pause"}, (), own=True)]
    assert held(shared_machine) == ("pause",)


def test_control_follows_the_bars_of_the_notation() -> None:
    """A container in a machine that it shares can be limited, but not moved without the others in it."""
    own = control("linux-6 | kvm-6 / linux-6 / docker-27")
    shared = control("linux-6 / kvm-6 / linux-6 | docker-27")
    assert "migrate" in own
    assert set(own) - set(shared) >= {"migrate", "snapshot", "own-kernel"}
    assert "limit-memory" in shared


def control(expression: str) -> tuple[str, ...]:
    point = at(expression, "laptop-2025", "compression")
    return floors.control(floors.floors(CATALOG, point, "app", "laptop-2025"))


def at(expression: str, machine: str, workload: str, **more: Any) -> dict[str, Any]:
    tenants = {"app": {"workload": workload, "memory": "1 GiB", "vcpus": 1, **more}}
    point: dict[str, Any]
    (point,) = load({"machine": machine, "stacks": {"one": expression}, "tenants": tenants}, catalog=CATALOG).points()
    return point


def test_every_family_speaks_the_words_of_control() -> None:
    from simulator import discovery

    for name in discovery.members("layers"):
        assert set(WORDS) >= discovery.member("layers", name).LAYER.CONTROL, name


# ---- installation


def quantities(**numbers: float) -> dict[str, Quantity]:
    return {name: Quantity(name, value, "", 0.5 * value, 2 * value, "assumed", "", "", "any")
            for name, value in numbers.items()}  # fmt: skip


def floor(steps: float, privileged: float, reboots: float, size: float, wait: float, **more: Any) -> Floor:
    """A floor whose start takes 2 s of the processor, reads for 3 s and waits 5 s: 10 s."""
    start = quantities(start_cycles=2e9, start_read_bytes=300.0, start_unit_bytes=1.0, start_wait_s=5.0)
    installation = quantities(
        install_steps_count=steps, install_privileged_count=privileged, install_reboots_count=reboots,
        install_bytes=size, install_wait_s=wait,
    )  # fmt: skip
    return Floor(Product("layers", "some-1", "Some", "m", start=start, installation=installation),
                 OperatingSystem, **more)  # fmt: skip


PACE = Pace(1e9, 50.0, read_s=lambda size: size / 100.0, write_s=lambda size: size / 100.0)
"""1 GHz; 50 bytes a second through the link, 100 onto the disk."""
IMAGE = Product("virtual_hardware", "image-1", "Image", "m", parameters=quantities(
    size_bytes=500.0, start_cycles=1e9, start_read_bytes=100.0, start_unit_bytes=1.0, start_wait_s=1.0))  # fmt: skip


def test_installation_is_fetched_written_waited_for_and_restarted() -> None:
    host = floor(5, 4, 2, 1000.0, 7.0, kernel=True)
    # 1000 B: 20 s through the link, 10 s onto the disk; 7 s of the installer; two restarts of 10 s; 3 s at the end.
    assert effort((host,), PACE, 3.0) == Effort(5, 4, 2, 1000.0, 20 + 10 + 7 + 2 * 10 + 3)


def test_a_restart_brings_up_what_is_there_by_then() -> None:
    host = floor(5, 5, 1, 0.0, 0.0, kernel=True, image=IMAGE)
    above = floor(2, 1, 1, 0.0, 0.0)
    # The host's start is 10 s of its kernel and 1 + 1 + 1 s of its image; with what stands on it 10 s more.
    assert effort((host, above), PACE, 0.0).elapsed_s == 13 + (13 + 10)


def test_a_guest_comes_as_an_image() -> None:
    host = floor(5, 5, 0, 0.0, 0.0, kernel=True)
    guest = floor(9, 9, 3, 9e9, 99.0, private=True, kernel=True, guest=True, image=IMAGE)
    # Only the image's 500 B: 10 s through the link, 5 s onto the disk.
    assert effort((host, guest), PACE, 20.0) == Effort(5, 5, 0, 500.0, 10 + 5 + 20)


def test_a_guest_without_an_image_is_installed_and_restarts_by_itself() -> None:
    host = floor(5, 5, 0, 0.0, 0.0, kernel=True)
    guest = floor(3, 3, 2, 0.0, 1.0, private=True, kernel=True, guest=True)
    assert effort((host, guest), PACE, 0.0).elapsed_s == 1 + 2 * 10


def test_what_the_catalog_does_not_say_is_unknown_and_not_nothing() -> None:
    silent = replace(floor(1, 1, 0, 0.0, 0.0), product=Product("layers", "silent-1", "Silent", "m"))
    found = effort((floor(5, 5, 0, 0.0, 0.0), silent), PACE, 0.0)
    assert found.unknown == ("silent-1",)
    assert isnan(found.steps_count)
    assert isnan(found.elapsed_s)


def test_an_unknown_start_leaves_the_steps_known() -> None:
    found = effort((floor(5, 4, 0, 0.0, 0.0),), PACE, nan)
    assert (found.steps_count, found.unknown) == (5, ())
    assert isnan(found.elapsed_s)


def test_the_ends_of_the_ranges_bound_the_time() -> None:
    stack = (floor(5, 4, 0, 1000.0, 7.0),)
    assert effort(stack, PACE, 0.0, lambda number: number.low).elapsed_s == 10 + 5 + 3.5
    assert effort(stack, PACE, 0.0, lambda number: number.high).elapsed_s == 40 + 20 + 14


def test_a_driver_domain_is_installed_before_its_hypervisor_and_a_guest_is_one() -> None:
    found = floors.floors(CATALOG, at("xen-2 | linux-2.4", "dell-2650", "dbench"), "app", "dell-2650")
    assert [(each.product.name, each.beside, each.guest) for each in found] == [
        ("linux-2.4", True, False), ("xen-2", False, False), ("linux-2.4", False, True),
    ]  # fmt: skip
    assert floors.classes(found) == ("paravirtual hypervisor",)
    assert floors.not_startable(found) == []


def test_only_what_starts_with_the_tenant_must_say_what_its_start_takes() -> None:
    silent = Product("layers", "silent-1", "Silent", "m")
    host = floor(1, 1, 0, 0.0, 0.0, kernel=True)
    monitor = replace(floor(1, 1, 0, 0.0, 0.0, private=True), product=silent)
    assert floors.not_startable((replace(host, product=silent), monitor)) == ["silent-1"]
    assert floors.not_startable((replace(host, product=silent),)) == []


# ---- overhead and loss


def row(stack: str, cost: float, replication: int = 0, outcome: str = "ok", place: str = "w", beside: str = "") -> Row:
    return Row(stack, {"workload": place}, "app", place, beside, replication, cost, outcome, 2.0, 1.0, 10.0)


def test_overhead_is_the_geometric_mean_over_workloads_of_paired_ratios() -> None:
    seen = [row("native", 1.0, place="a"), row("native", 10.0, place="b")]
    seen += [row("vm", 2.0, place="a"), row("vm", 80.0, place="b")]
    found = measures.overhead(seen, "vm", "native")
    assert found.value == pytest.approx(100 * (sqrt(2.0 * 8.0) - 1))
    assert measures.overhead(seen, "native", "native").value == 0.0


def test_overhead_has_an_interval_over_replications() -> None:
    seen = [row("native", 1.0, 0), row("native", 1.0, 1), row("vm", exp(0.1), 0), row("vm", exp(0.3), 1)]
    found = measures.overhead(seen, "vm", "native")
    # Mean of the logarithms 0.2, standard error 0.1, t(1) = 12.706.
    assert (found.n, found.value) == (2, pytest.approx(100 * (exp(0.2) - 1)))
    assert found.high == pytest.approx(100 * (exp(0.2 + 12.706 * 0.1) - 1), rel=1e-4)


def test_a_workload_that_did_not_live_leaves_the_overhead_unknown_and_says_why() -> None:
    seen = [row("native", 1.0), row("vm", nan, outcome="out of memory: app wants 9 MiB")]
    found = measures.overhead(seen, "vm", "native")
    assert (found.known, found.word) == (False, "w, app: out of memory")


def test_loss_is_the_part_of_its_performance_that_is_gone() -> None:
    alone, beside = [row("vm", 1.0)], [row("vm", 4.0, beside="hog"), row("vm", 2.0, beside="bomb")]
    found = measures.losses(alone, beside, "vm", "app")
    assert {name: each.value for name, each in found.items()} == pytest.approx({"hog": 75.0, "bomb": 50.0})
    assert measures.worst(found)[0] == "hog"


@pytest.mark.parametrize("outcome", ["could not fork", "out of memory: app wants 9 MiB", "lost: linux-6 crashed"])
def test_a_victim_that_does_not_live_has_lost_everything(outcome: str) -> None:
    """Even if the rate until its death was good."""
    beside = [row("vm", 1.0, 0, beside="bomb"), row("vm", 1.0, 1, outcome, beside="bomb")]
    found = measures.losses([row("vm", 1.0, 0), row("vm", 1.0, 1)], beside, "vm", "app")["bomb"]
    assert (found.value, found.n) == (100.0, 2)
    assert found.word == f"{outcome.partition(':')[0]} in 1 of 2"


def test_a_rate_counts_although_the_work_was_not_finished_and_a_time_does_not() -> None:
    found = measures.losses([row("vm", 1.0)], [row("vm", 5.0, 0, "did not finish", beside="hog")], "vm", "app")["hog"]
    assert (found.value, found.word) == (pytest.approx(80.0), "")
    found = measures.losses([row("vm", 1.0)], [row("vm", nan, 0, "did not finish", beside="hog")], "vm", "app")["hog"]
    assert (found.value, found.word) == (100.0, "did not finish")


def test_who_does_not_live_alone_has_nothing_to_lose() -> None:
    alone = [row("vm", nan, outcome="out of memory")]
    assert measures.losses(alone, [row("vm", 1.0, beside="hog")], "vm", "app") == {}
    reason = measures.ended_alone(alone, "vm", "app")
    assert measures.worst({}, reason) == ("", Measure(word="alone: out of memory"))


# ---- needs


def model(label: str, overhead: float, loss: float, footprint: float, start: float, steps: float = 1.0) -> Model:
    values = (Measure(each, n=1) for each in (overhead, loss, footprint, start))
    ours, lost, memory, begun = values
    return Model(label, "linux-6 |", (), ours, lost, "hog", {}, (), memory, begun, ("pause",) * int(steps),
                 Effort(steps, steps, 0, 0.0, 60.0), 60.0, 60.0)  # fmt: skip


MODELS = (
    model("process", 0.0, 100.0, 10.0, 0.0),
    model("container", 1.0, 60.0, 11.0, 0.1, 2),
    model("machine", 9.0, 10.0, 90.0, 9.0, 3),
    model("slow machine", 90.0, 20.0, 95.0, 9.0, 3),
    model("no figures", 0.5, nan, 10.0, inf, 4),
)


def need(**limits: Any) -> Need:
    return Need.model_validate(limits)


def test_needs_are_answered_from_the_numbers() -> None:
    limits = {"untrusted": need(loss="30 %", overhead="50 %"), "everything": need(loss=0, overhead=0)}
    found = needs.suiting(MODELS, limits)
    assert found == {
        "least overhead": ["process"],
        "least loss to a neighbour": ["machine"],
        "smallest footprint": ["process", "no figures"],
        "fastest start": ["process"],
        "most control": ["no figures"],
        "least effort": ["process"],
        needs.FRONT: ["process", "container", "machine"],
        "untrusted": ["machine"],
        "everything": [],
    }


def test_what_nobody_knows_keeps_no_limit() -> None:
    assert needs.suiting(MODELS, {"any": need(loss="100 %")})["any"] == [
        "process",
        "container",
        "machine",
        "slow machine",
    ]


# ---- derived scenarios


def test_the_victim_runs_alone_with_and_without_its_own_start() -> None:
    points = Derived(scenario()).alone.points()
    assert [(point["stack"], point["tenants"]["app"]["boot"]) for point in points] == [
        (stack, boot) for stack in ("native", "xen", "hosted") for boot in (False, True)
    ]
    assert {point["tenants"]["app"]["workload"] for point in points} == {"dbench"}


def test_the_neighbour_is_as_large_as_the_victim_and_stands_on_the_same_stack() -> None:
    derived = Derived(scenario(choose={"aggressors": ["cpu-hog", "fork-bomb"]}))
    (beside,) = derived.beside({"native": 1.0, "xen": 1.0, "hosted": 1.0})
    points = beside.points()
    assert len(points) == 3 * 2
    for point in points:
        app, neighbour = point["tenants"]["app"], point["tenants"]["neighbour"]
        assert {app["expression"]} == {neighbour["expression"]}
        assert [neighbour[key] for key in ("memory_bytes", "vcpus", "weight")] == [512 * MIB, 1, 1.0]
        assert point["duration_s"] == 8.0  # five times as long as alone, rounded up to a power of two


def test_stacks_of_another_pace_have_their_own_patience() -> None:
    derived = Derived(scenario(choose={"aggressors": ["cpu-hog"], "patience": 2}))
    found = derived.beside({"native": 1.0, "xen": 3.0})
    assert [(each.points()[0]["stack"], each.points()[0]["duration_s"]) for each in found] == [
        ("native", 2.0), ("xen", 8.0),
    ]  # fmt: skip


def test_machine_code_stands_beside_a_java_virtual_machine_not_in_it() -> None:
    assert list(places_beside("linux-6 | docker-27 / hotspot-21")) == [
        "linux-6 | docker-27 / hotspot-21", "linux-6 | docker-27",
    ]  # fmt: skip
    stacks = {"jvm": "linux-6 | docker-27 / hotspot-21", "unikernel": "linux-6 | kvm-6 / unikraft-0.5"}
    tenants = {"app": {"workload": "key-value-store", "memory": "1 GiB", "vcpus": 1}}
    java = {"machine": "laptop-2025", "stacks": stacks, "tenants": tenants, "choose": {"aggressors": ["fork-bomb"]}}
    derived = Derived(Scenario.from_mapping(java, catalog=CATALOG))
    assert derived.pairs == {
        ("jvm", "fork-bomb"): {"app": "linux-6 | docker-27 / hotspot-21", "neighbour": "linux-6 | docker-27"},
    }  # nothing forks on a unikernel


def test_another_workload_may_be_the_victims() -> None:
    derived = Derived(scenario(choose={"workload": {"name": "spec-int", "parameters": {"chunks_count": 3}}}))
    (tenant,) = derived.alone.points()[0]["tenants"].values()
    assert (tenant["workload"], tenant["parameters"]["chunks_count"]) == ("spec-int", 3)


def test_side_by_side_stacks_are_taken_apart() -> None:
    both = {"app": "linux-2.4 |", "other": "linux-2.4 | vmware-workstation-3.2 / linux-2.4"}
    assert of_tenants(both, "other", {}) == both["other"]
    long = {"stack": both, "without": ["tick"]}
    assert of_tenants(long, "app", {"neighbour": "linux-2.4|"}) == {"stack": "linux-2.4 |", "without": ["tick"]}


def test_axes_are_taken_at_their_first_value() -> None:
    assert first({"name": ["a", "b"], "parameters": {"x": ["1 s", "2 s"]}}) == {"name": "a", "parameters": {"x": "1 s"}}


def test_models_are_stacks_on_one_machine() -> None:
    with pytest.raises(UsageError, match="one machine"):
        Derived(scenario(machine=["dell-2650", "laptop-2025"])).check()
    stack = {"stack": "xen-2 | linux-2.4", "parameters": {"xen-2": {"ring_count": [64, 256]}}}
    with pytest.raises(UsageError, match="a label of its own"):
        Derived(scenario(stacks={"xen": stack})).check()


def test_a_neighbour_that_does_not_fit_is_refused_before_anything_runs() -> None:
    tenants = {"app": {"workload": "dbench", "memory": "1200 MiB", "vcpus": 1}}
    with pytest.raises(ScenarioError, match=r"with a neighbour as large as itself.*tenants\.neighbour\.memory"):
        Derived(scenario(tenants=tenants)).check()


def test_mistakes_in_what_is_asked_are_found_with_the_others() -> None:
    asked = {
        "victim": "ap", "aggressors": ["cpu-hogg"], "workload": "dbensh", "patience": 0, "colour": "red",
        "needs": {"cheap": {"loss": "10", "control": ["migrat"], "price": 1}},
    }  # fmt: skip
    with pytest.raises(ScenarioError) as caught:
        scenario(choose=asked)
    assert {problem.path for problem in caught.value.problems} == {
        "choose.victim", "choose.aggressors[0]", "choose.workload", "choose.patience", "choose.colour",
        "choose.needs.cheap.loss", "choose.needs.cheap.control[0]", "choose.needs.cheap.price",
    }  # fmt: skip


# ---- footprint


def test_footprint_is_the_tenants_own_layers_and_its_part_of_shared_ones() -> None:
    tenants = {name: {"workload": "dbench", "memory": "256 MiB", "vcpus": 1} for name in ("app", "other")}
    points = {point["stack"]: point for point in scenario(tenants=tenants).points()}
    for point in points.values():
        point["layers"]["linux-2.4"]["parameters"]["kernel_bytes"] = 20 * MIB
    points["hosted"]["layers"]["vmware-workstation-3.2"]["parameters"]["monitor_bytes"] = 30 * MIB
    xen = {"hypervisor_bytes": 16 * MIB, "domain_bytes": 2 * MIB, "driver_domain_bytes": 100 * MIB}
    points["xen"]["layers"]["xen-2"]["parameters"] |= xen
    found = {stack: build(point).overhead_bytes("app") / MIB for stack, point in points.items()}
    # Shared by two: the host's kernel; the hypervisor with its three domains, and domain 0 with all its memory.
    assert found == {"native": 20 / 2, "hosted": 20 / 2 + 30 + 20, "xen": (16 + 3 * 2) / 2 + 100 / 2 + 20}


# ---- labels of the figure


def test_no_label_covers_another_or_a_marker_where_there_is_room() -> None:
    marks = [Mark(50.0 + 3 * number, 50.0 - number, 4.0, 40.0, 8.0) for number in range(8)]
    bounds = Box(0.0, 0.0, 300.0, 200.0)
    labels = place(marks, bounds)
    assert all(a.overlap(b) == 0.0 for a, b in combinations(labels, 2))
    assert all(label.overlap(mark.around(0.0)) == 0.0 for label in labels for mark in marks)
    assert all(label.inside(bounds) for label in labels)


def test_a_lone_label_stands_beside_its_marker() -> None:
    (label,) = place([Mark(50.0, 50.0, 4.0, 40.0, 8.0)], Box(0.0, 0.0, 300.0, 200.0))
    assert label.left > 54.0
    assert label.bottom < 50.0 < label.top
