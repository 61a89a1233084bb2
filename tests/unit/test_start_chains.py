"""What a container's start goes through in its kernel, and what starts share: locks, grace periods, processors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.catalog import Catalog
from simulator.experiment import run_point
from simulator.laws import line_end_s
from simulator.layers._turns import GracePeriods
from simulator.layers.hardware import Hardware
from simulator.records import names
from simulator.scenario import load
from simulator.steps import Use

Own = Callable[[str, str], None]
HERTZ = 2.4e9
"""Of the machine: work of this many cycles takes a second."""
PERIOD_S = 0.5
STEPS = ("enclosure", "mounts", "hierarchy", "union_mount", "filter_install", "network_setup")


def assumed(value: float) -> str:
    return f'[{{value: {value}, range: [{value}, {value}], kind: assumed, where: "a test", measured_on: any}}]'


def product(*, engine_s: float = 0.0, alone_ratio: float = 1.0, **seconds: float) -> str:
    """A container whose start takes nothing but what is said, in seconds of a processor; the rest under the lock."""
    numbers = {f"{step}_cycles": seconds.get(step, 0.0) * HERTZ for step in STEPS}
    numbers |= dict.fromkeys(("group_alone_ratio", "network_alone_ratio", "mount_alone_ratio"), alone_ratio)
    numbers["grace_period_s"] = seconds.get("grace_period", 0.0)
    start = {"start_cycles": engine_s * HERTZ, "start_read_bytes": 0, "start_unit_bytes": 65536, "start_wait_s": 0}
    sections = (("parameters", numbers), ("start", start))
    text = "".join(f"{name}:\n" + "".join(f"  {k}: {assumed(v)}\n" for k, v in of.items()) for name, of in sections)
    return f"extends: docker-27\nstructure: {{engine: none}}\n{text}"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    """Puts a container of the user's own into the catalog."""
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))
    (tmp_path / "layers").mkdir()

    def put(name: str, text: str) -> None:
        (tmp_path / "layers" / f"{name}.yaml").write_text(f"name: {name}\ntitle: {name}\n{text}")

    return put


def boots(tenants: Mapping[str, Any], stack: str = "linux-6 | my-box") -> dict[str, float]:
    """When each tenant's systems were up, after its start."""
    data = {
        "machine": "server-2025", "stacks": {"it": stack}, "tenants": tenants, "duration": "60 s", "seed": 1,
    }  # fmt: skip
    (point,) = load(data).points()
    point["machine"]["devices"]["cpu"]["parameters"]["frequency_hz"] = HERTZ
    rows = [dict(zip(names("tenants"), row, strict=True)) for row in run_point(point, 0)["tables"]["tenants"]]
    return {row["tenant"]: row["boot_s"] for row in rows}


def boxes(count: int, **more: Any) -> dict[str, Any]:
    return {"workload": "idle", "memory": "64 MiB", "boot": True, "count": count, **more}


# ---------------------------------------------------------------- grace periods


def test_a_change_alone_waits_for_a_whole_period() -> None:
    assert [GracePeriods().enter(2.0, now_s) for now_s in (0.0, 7.0)] == [2.0, 2.0]


def test_changes_close_together_share_one() -> None:
    """The first is through at 2; readers stay slow until 4, and after the second at 3 until 6."""
    periods = GracePeriods()
    assert [periods.enter(2.0, now_s) for now_s in (0.0, 3.0, 5.9, 8.1)] == [2.0, 0.0, 0.0, 2.0]


def test_many_changes_do_not_keep_readers_slow_for_longer_than_two_periods() -> None:
    """One callback is under way and one follows it, however many changes there were."""
    periods = GracePeriods()
    assert [periods.enter(2.0, now_s) for now_s in (0.0, *(3.0,) * 50, 6.0)] == [2.0, *(0.0,) * 50, 2.0]


# ---------------------------------------------------------------- containers


@pytest.mark.parametrize("step", ["hierarchy", "network_setup", "mounts"])
def test_fifty_at_once_are_up_at_the_rate_of_the_section(own: Own, step: str) -> None:
    """Closed form: a section of 0.1 s lets ten a second through, whatever number of processors there is."""
    own("my-box", product(**{step: 0.1}))
    found = sorted(boots({"app": boxes(50)}).values())
    assert found == pytest.approx([line_end_s((0.1,), jobs) for jobs in range(1, 51)], rel=0.01)


def test_what_is_outside_of_the_lock_goes_on_side_by_side(own: Own) -> None:
    """Half of 0.2 s before the lock, side by side, half of it under the lock: 0.1 s, then one every 0.1 s."""
    own("my-box", product(network_setup=0.2, alone_ratio=0.5))
    found = sorted(boots({"app": boxes(8)}).values())
    expected = [line_end_s((0.1,), jobs, overlapping_s=0.1) for jobs in range(1, 9)]
    assert found == pytest.approx(expected, rel=0.01)


def test_sections_one_after_the_other_are_a_pipeline(own: Own) -> None:
    """Two locks, 0.1 s and 0.2 s: the slower one decides, the first gets through both alone."""
    own("my-box", product(hierarchy=0.1, network_setup=0.2))
    found = sorted(boots({"app": boxes(6)}).values())
    assert found == pytest.approx([line_end_s((0.1, 0.2), jobs) for jobs in range(1, 7)], rel=0.01)


def test_starts_at_once_wait_for_one_grace_period_together(own: Own) -> None:
    """Closed form: all behind the first, 0.5 s; those that come 30 s later wait for another one."""
    own("my-box", product(grace_period=PERIOD_S))
    found = boots({"app": boxes(20), "late": boxes(1, start="30 s"), "soon": boxes(1, start="0.9 s")})
    assert max(found[f"app-{n}"] for n in range(1, 21)) == pytest.approx(PERIOD_S, rel=0.01)
    assert (found["soon"], found["late"]) == pytest.approx((0.0, PERIOD_S), abs=0.01)


def test_containers_in_virtual_machines_have_a_kernel_s_locks_each(own: Own) -> None:
    """Four guests with a container each: no lock is shared, so all are through at the same time."""
    own("my-box", product(network_setup=0.5))
    shared = boots({"app": boxes(4)})
    apart = boots({"app": boxes(4, vcpus=1, memory="512 MiB")}, "linux-6 | kvm-6 / linux-6 / my-box")
    assert max(shared.values()) - min(shared.values()) == pytest.approx(1.5, rel=0.01)
    assert max(apart.values()) - min(apart.values()) < 0.1


def test_the_engine_s_work_is_shared_by_the_processors(own: Own) -> None:
    """Without sections only processors saturate: 32 cores, each 1.25 times as fast with both its threads at work."""
    own("my-box", product(engine_s=1.0))
    assert [max(boots({"app": boxes(count)}).values()) for count in (32, 128)] == pytest.approx([1.0, 3.2], rel=0.02)


# ---------------------------------------------------------------- firmware


def test_firmware_runs_after_its_process_is_there() -> None:
    figures = {"start_cycles": 2e9, "start_read_bytes": 0.0, "start_unit_bytes": 65536.0, "start_wait_s": 0.1}
    plain, firm = (list(Hardware({}).start({**figures, **more})) for more in ({}, {"firmware_cycles": 1e9}))
    assert [step for step in firm if step not in plain] == [Use("firmware", cycles=1e9)]
    assert firm[0] == Use("start", cycles=2e9)


# ---------------------------------------------------------------- the products of the catalog


def test_a_container_as_measured_saturates_where_its_longest_section_says() -> None:
    """Of the measured steps the network's part under its lock is the longest: 0.76 ms, 1300 starts a second."""
    product = Catalog().layer("bare-container-1", "server-2025").values()
    section_s = product["network_setup_cycles"] * product["network_alone_ratio"] / HERTZ
    found = sorted(boots({"app": boxes(50)}, "linux-6 | bare-container-1").values())
    assert (found[-1] - found[9]) / 40 == pytest.approx(section_s, rel=0.02)


def test_an_engine_that_starts_one_container_after_the_other_saturates_there() -> None:
    """Docker of 2018: fifty at once are up one section apart, whatever the kernel and the processors could do."""
    queue = Catalog().layer("docker-18.09", "server-2025").start_queue
    section_s = queue["serial_cycles"].value / HERTZ + queue["serial_wait_s"].value
    found = sorted(boots({"app": boxes(50)}, "linux-6 | docker-18.09").values())
    assert (found[-1] - found[0]) / 49 == pytest.approx(section_s, rel=0.02)
    assert 50 / found[-1] == pytest.approx(1.0 / section_s, rel=0.1)
