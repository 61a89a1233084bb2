"""Starts of many: what they go through one by one, what the others cost, and who goes on when one gives up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.demands import Read
from simulator.experiment import run_point
from simulator.layers.hardware import Hardware
from simulator.records import names
from simulator.scenario import load
from simulator.steps import Below, Use, Wait

Own = Callable[[str, str, str], None]
HERTZ = 2.4e9
"""Of the machine: a section of this many cycles takes a second."""


def assumed(value: object) -> str:
    return f'[{{value: {value}, range: [{value}, {value}], kind: assumed, where: "a test", measured_on: any}}]'


def section(name: str, **numbers: float) -> str:
    return f"{name}:\n" + "".join(f"  {key}: {assumed(value)}\n" for key, value in numbers.items())


def product(serial_s: float = 0.0, wait_s: float = 0.0, peer_s: float = 0.0) -> str:
    """A monitor whose start takes nothing but its turn."""
    start = section("start", start_cycles=0, start_read_bytes=0, start_unit_bytes=65536, start_wait_s=0)
    queue = section("start_queue", serial_cycles=serial_s * HERTZ, serial_wait_s=wait_s, peer_cycles=peer_s * HERTZ)
    return "extends: vmware-workstation-3.2\nparameters: {}\n" + start + queue


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    """Puts a file of the user's own into the catalog, beside a guest whose own start takes nothing."""
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))

    def put(kind: str, name: str, text: str) -> None:
        (tmp_path / kind).mkdir(exist_ok=True)
        (tmp_path / kind / f"{name}.yaml").write_text(f"name: {name}\ntitle: {name}\n{text}")

    nothing = section("start", start_cycles=0, start_read_bytes=0, start_unit_bytes=65536, start_wait_s=0)
    put("layers", "my-linux", "extends: linux-2.4\nhardware: {image: []}\nparameters: {}\n" + nothing)
    return put


def boots(tenants: Mapping[str, Any], **more: Any) -> dict[str, dict[str, Any]]:
    """The rows of all tenants, by name."""
    data = {
        "machine": "dell-2650",
        "stacks": {"it": "linux-2.4 | my-monitor / my-linux"},
        "tenants": tenants,
        "duration": "30 s",
        **more,
    }
    (point,) = (point for point in load(data).points() if point["stack"] == "it")
    tables = run_point(point, 0)["tables"]["tenants"]
    rows = [dict(zip(names("tenants"), row, strict=True)) for row in tables]
    return {row["tenant"]: row for row in rows}


def guests(count: int, **more: Any) -> dict[str, Any]:
    return {"workload": "idle", "memory": "64 MiB", "boot": True, "count": count, **more}


def test_starts_at_once_go_through_one_after_the_other(own: Own) -> None:
    """Three starts, a section of 0.5 s of work and 0.5 s of waiting: up after 1, 2 and 3 s."""
    own("layers", "my-monitor", product(serial_s=0.5, wait_s=0.5))
    found = boots({"app": guests(3)})
    assert [found[f"app-{n}"]["boot_s"] for n in (1, 2, 3)] == pytest.approx([1.0, 2.0, 3.0], rel=0.01)


def test_an_arrival_rate_beyond_the_section_s_makes_the_wait_grow(own: Own) -> None:
    """One start every 0.6 s through a section of 1 s: each waits 0.4 s longer; every 1.5 s nobody waits."""
    own("layers", "my-monitor", product(serial_s=1.0))
    found = boots({"app": guests(4, start_every="0.6 s")})
    assert [found[f"app-{n}"]["boot_s"] for n in (1, 2, 3, 4)] == pytest.approx([1.0, 1.4, 1.8, 2.2], rel=0.01)
    found = boots({"app": guests(3, start_every="1.5 s")})
    assert [found[f"app-{n}"]["boot_s"] for n in (1, 2, 3)] == pytest.approx([1.0, 1.0, 1.0], rel=0.01)


def test_each_guest_that_is_up_makes_the_next_start_longer(own: Own) -> None:
    """Those that are up from the beginning count as much as those that were started."""
    own("layers", "my-monitor", product(serial_s=0.2, peer_s=0.1))
    others = guests(5, boot=False)
    found = boots({"others": others, "app": guests(2, start="1 s", start_every="5 s")})
    assert [found[f"app-{n}"]["boot_s"] for n in (1, 2)] == pytest.approx([0.7, 0.8], rel=0.01)


def test_without_the_queue_all_are_up_at_once(own: Own) -> None:
    own("layers", "my-monitor", product(serial_s=1.0))
    stack = {"it": {"stack": "linux-2.4 | my-monitor / my-linux", "without": ["start_in_turn"]}}
    found = boots({"app": guests(3)}, stacks=stack)
    assert [found[f"app-{n}"]["boot_s"] for n in (1, 2, 3)] == pytest.approx([0.0, 0.0, 0.0], abs=0.01)


@pytest.mark.parametrize("lost", ["a", "b"])
def test_one_that_fails_in_its_turn_or_before_lets_the_next_go_on(own: Own, lost: str) -> None:
    """At 0.5 s the first has its turn and the second waits: whoever fails, the third is up as soon as it can be."""
    own("layers", "my-monitor", product(serial_s=1.0))
    one = guests(1)
    faults = [{"at": "0.5 s", "crash": lost}]
    found = boots({"a": one, "b": one, "c": one}, faults=faults)
    assert found[lost]["outcome"].startswith("lost")
    assert found["c"]["boot_s"] == pytest.approx(2.5 if lost == "a" else 2.0, rel=0.01)


def test_a_machine_is_there_before_its_system_starts(own: Own) -> None:
    """The monitor's part ends where the guest's begins."""
    own("layers", "my-monitor", product(wait_s=0.3))
    begins = section("start", start_cycles=HERTZ, start_read_bytes=0, start_unit_bytes=65536, start_wait_s=0)
    own("layers", "my-linux", "extends: linux-2.4\nhardware: {image: []}\nparameters: {}\n" + begins)
    row = boots({"app": guests(1)})["app"]
    assert (row["create_s"], row["boot_s"]) == pytest.approx((0.3, 1.3), rel=0.01)


BURSTS = [(0.25, 0.5), (0.0, 0.125), (0.75, 0.375)]


def test_turns_of_computing_and_reading_add_up() -> None:
    """Whatever the parts, all of the image is read once, in order, and all of the work is done."""
    figures = {"start_cycles": 8e9, "start_read_bytes": 1e6, "start_unit_bytes": 65536.0, "start_wait_s": 0.1}
    steps = list(Hardware({}).start(figures, BURSTS))
    reads = [step.demand for step in steps if isinstance(step, Below) and isinstance(step.demand, Read)]
    assert [step.cycles for step in steps if isinstance(step, Use)] == [4e9, 1e9, 3e9]
    assert [(read.offset_bytes, read.size_bytes) for read in reads] == [(0, 4 * 65536), (4 * 65536, 737856)]
    assert steps[-1] == Wait("time", time_s=0.1)


@pytest.mark.parametrize(("bursts", "least_s", "most_s"), [(1, 1.45, 1.6), (40, 1.15, 1.4)])
def test_boots_that_take_turns_at_reading_meet_only_by_chance(
    own: Own, bursts: int, least_s: float, most_s: float
) -> None:
    """A boot computes for half a second and reads for as long, from a store that is divided among its readers.

    Of two whose reads come all at once each waits for all of the other's; in many turns they are soon out of step (by
    mean value analysis 1.25 s).
    """
    own("layers", "my-monitor", product().replace("vmware-workstation-3.2", "kvm-6"))
    numbers = {"size_bytes": 1e9, "start_cycles": 1.5e9, "start_read_bytes": 20 * 2**20, "start_unit_bytes": 131072}
    image = section("parameters", **numbers, start_wait_s=0, start_bursts_count=bursts)
    own("virtual_hardware", "my-image", f"kind: image\n{image}")
    nothing = section("start", start_cycles=0, start_read_bytes=0, start_unit_bytes=65536, start_wait_s=0)
    own("layers", "my-linux", f"extends: linux-4\nhardware: {{image: [my-image]}}\nparameters: {{}}\n{nothing}")
    stack = {"it": "linux-4 | my-monitor / my-linux"}
    tenants = {"app": guests(2, memory="256 MiB", virtual_hardware={"image": "my-image"})}
    found = boots(tenants, machine="ncu-c1", stacks=stack)
    mean_s = sum(found[f"app-{n}"]["boot_s"] for n in (1, 2)) / 2
    assert least_s < mean_s < most_s
