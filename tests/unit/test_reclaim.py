"""A kernel that keeps memory free: its marks, limits that end one group alone, what a neighbour loses without one."""

from __future__ import annotations

from math import isnan
from typing import Any

import pytest

from simulator.errors import Killed
from simulator.experiment import build, run_point
from simulator.layers._reclaim import Marks
from simulator.parameters import Parameters
from simulator.records import names
from simulator.scenario import load

KIB, MIB, GIB = 2.0**10, 2.0**20, 2.0**30
FIGURES = Parameters({"reserve_root_bytes": 16 * KIB, "reserve_most_bytes": 256 * MIB, "mark_gap_ratio": 0.001})


@pytest.mark.parametrize(
    ("memory_bytes", "min_bytes", "gap_bytes"),
    [(16 * GIB, 16 * MIB, 0.001 * 16 * GIB), (1 * GIB, 4 * MIB, 1 * MIB + 0.024 * MIB)],
)
def test_marks_by_hand(memory_bytes: float, min_bytes: float, gap_bytes: float) -> None:
    """The least free memory is the root of the memory; the gap a quarter of that, or a thousandth of the memory."""
    marks = Marks.of(FIGURES, memory_bytes)
    assert marks.min_bytes == pytest.approx(min_bytes)
    assert marks.low_bytes - marks.min_bytes == pytest.approx(gap_bytes, rel=0.01)
    assert marks.high_bytes - marks.low_bytes == pytest.approx(gap_bytes, rel=0.01)


def beside_a_bomb(container: str) -> dict[str, dict[str, Any]]:
    """A server whose files are in memory, beside a bomb in a container of its own, and the reclaim that was paid."""
    files = {"requests_count": 100000, "request_reads_ratio": "50 %", "files_bytes": "512 MiB", "request_log_bytes": 0}
    (point,) = load(
        {
            "machine": {"base": "lenny-2009", "devices": {"memory": {"capacity": "2 GiB"}}},
            "stacks": {"it": container},
            "tenants": {
                "server": {"workload": {"name": "native-server", "parameters": files}, "memory": "1 GiB", "vcpus": 2},
                "bomb": {"workload": "memory-bomb", "memory": "512 MiB", "vcpus": 1},
            },
            "duration": "0.6 s",
            "replications": 1,
        }
    ).points()
    tables = run_point(point, 0)["tables"]
    found = {row[1]: dict(zip(names("tenants"), row, strict=True)) for row in tables["tenants"]}
    charged = [dict(zip(names("charges"), row, strict=True)) for row in tables["charges"]]
    for name, row in found.items():
        mine = [each for each in charged if each["tenant"] == name]
        row["disk_s"] = sum(each["service_s"] for each in mine if each["device"] == "disk")
    return found


@pytest.fixture(scope="module")
def limited() -> dict[str, dict[str, Any]]:
    return beside_a_bomb("linux-6 | docker-27")


def test_a_limit_ends_the_bomb_alone(limited: dict[str, dict[str, Any]]) -> None:
    assert limited["bomb"]["outcome"].startswith("killed: by the out-of-memory killer of the memory limit of")
    assert limited["server"]["disk_s"] == 0.0


def test_without_a_limit_the_neighbour_s_files_go_first(limited: dict[str, dict[str, Any]]) -> None:
    """They come from the disk again; then the kernel ends who holds most."""
    found = beside_a_bomb("linux-6 | docker-27(memory=unlimited)")
    assert found["bomb"]["outcome"].startswith("killed: by the out-of-memory killer of the memory of linux-6")
    assert found["server"]["disk_s"] > 0.1
    assert found["server"]["value"] < 0.9 * limited["server"]["value"]


def test_a_soft_limit_holds_up_and_ends_nobody(limited: dict[str, dict[str, Any]]) -> None:
    found = beside_a_bomb("linux-6 | docker-27(memory=soft)")
    assert not found["bomb"]["outcome"].startswith("killed")
    assert found["bomb"]["memory_program_bytes"] < 700 * MIB
    assert not isnan(found["server"]["value"])
    assert found["server"]["value"] == pytest.approx(limited["server"]["value"], rel=0.02)


def test_a_virtual_machine_confines_it() -> None:
    found = beside_a_bomb("linux-6 | kvm-6 / linux-6")
    assert found["bomb"]["outcome"].endswith("linux-6[bomb]")
    assert found["server"]["disk_s"] == 0.0


@pytest.mark.parametrize("asks_first", [True, False])
def test_who_holds_nothing_is_not_killed(asks_first: bool) -> None:
    """A kernel that has taken all of its memory: who asks is the only one that can end."""
    tenants = {"one": {"workload": "idle"}, "other": {"workload": "idle"}}
    (point,) = load({"machine": "lenny-2009", "stacks": {"it": "linux-6 |"}, "tenants": tenants}).points()
    house = build(point)
    asker = "one" if asks_first else "other"
    space = house.spaces["linux-6"]
    space.hold("kernel", space.free_bytes)
    house.kill = lambda names, outcome: pytest.fail(f"{names} killed")
    with pytest.raises(Killed):
        house.keep(asker, house.tops[asker], 4096.0)


def test_what_hangs_is_ended_for_its_memory_too() -> None:
    """The first one hangs and keeps what it has; the kernel takes it when the second one has filled the rest."""
    first, second = ({"workload": "memory-bomb", "parameters": {"step": step}} for step in ("64 MiB", "16 MiB"))
    (point,) = load(
        {
            "machine": {"base": "lenny-2009", "devices": {"memory": {"capacity": "2 GiB"}}},
            "stacks": {"it": "linux-6 | docker-27(memory=unlimited)"},
            "tenants": {"first": {**first, "vcpus": 1}, "second": {**second, "vcpus": 1, "start": "0.4 s"}},
            "faults": [{"at": "0.3 s", "hang": "docker-27", "of": "first"}],
            "duration": "1.2 s",
        }
    ).points()
    tables = run_point(point, 0)["tables"]
    found = {row[1]: dict(zip(names("tenants"), row, strict=True)) for row in tables["tenants"]}
    assert found["first"]["outcome"].startswith("hung")
    assert found["second"]["outcome"].startswith("killed: by the out-of-memory killer of the memory of linux-6")
    assert found["second"]["memory_program_bytes"] > found["first"]["memory_program_bytes"] > 500 * MIB
