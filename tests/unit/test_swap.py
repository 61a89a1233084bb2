"""Swapping: what LRU keeps, what it costs, and where it is felt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import simpy

from simulator.devices.memory import Memory, OutOfMemory
from simulator.errors import Refused
from simulator.experiment import run_point
from simulator.layers._resident_pages import Counts, Pages
from simulator.parameters import Parameters
from simulator.records import names
from simulator.scenario import load

MIB = 2.0**20
PAGE = 4096.0
FIGURES = {
    "swap_bytes": 100 * MIB, "swap_cluster_count": 8.0, "swap_batch_count": 32.0, "swap_gap_ratio": 0.01,
}  # fmt: skip


def pages(room: float = 100 * MIB, **figures: float) -> Pages:
    return Pages(Parameters({**FIGURES, **figures}), room, PAGE)


def amounts(found: Iterator[Counts]) -> tuple[float, float, float]:
    """Bytes written, bytes read in clusters, and single pages."""
    counts = list(found)
    written = sum(direct + behind for direct, _, _, behind in counts) * 32 * PAGE
    return written, sum(each[1] for each in counts) * 8 * PAGE, sum(each[2] for each in counts)


# ---------------------------------------------------------------- LRU


def test_by_hand_a_row_that_does_not_fit_is_missed_as_a_whole_each_time() -> None:
    memory = pages()
    memory.hold("app", 120 * MIB)
    assert amounts(memory.fresh(["app"])) == pytest.approx((20 * MIB, 0.0, 0.0), rel=0.01)
    for _ in range(3):
        written, read, single = amounts(memory.row(["app"], 120 * MIB, 120 * MIB, 0.0))
        assert (written, read) == pytest.approx((120 * MIB, 120 * MIB), rel=0.02)
        assert single == 0.0
    assert memory.swapped_bytes("app") == pytest.approx(20 * MIB, rel=0.02)


def test_a_row_that_fits_is_missed_once_and_never_again() -> None:
    """What is idle beside it goes out once."""
    memory = pages()
    memory.hold("idle", 60 * MIB)
    memory.hold("app", 80 * MIB)
    assert amounts(memory.fresh(["app"]))[0] == pytest.approx(40 * MIB, rel=0.01)
    for _ in range(3):
        assert amounts(memory.row(["app"], 80 * MIB, 80 * MIB, 0.0)) == (0.0, 0.0, 0.0)
    _, read, _ = amounts(memory.row(["idle"], 60 * MIB, 60 * MIB, 0.0))
    assert read == pytest.approx(60 * MIB, rel=0.02)  # 40 had gone; those that were there went as the others came


def test_the_cliff_is_at_the_size_of_the_memory() -> None:
    missed = []
    for size in (98 * MIB, 100 * MIB, 102 * MIB):
        memory = pages()
        memory.hold("app", size)
        amounts(memory.fresh(["app"]))
        missed.append(amounts(memory.row(["app"], size, size, 0.0))[1] / size)
    assert missed[:2] == [0.0, 0.0]
    assert missed[2] == pytest.approx(1.0, abs=0.02)


def test_parts_of_a_row_by_several_threads_are_one_row() -> None:
    memory = pages()
    memory.hold("app", 120 * MIB)
    amounts(memory.fresh(["app"]))
    parts = [amounts(memory.row(["app"], 10 * MIB, 120 * MIB, 0.0))[1] for _ in range(12)]
    assert sum(parts) == pytest.approx(120 * MIB, rel=0.02)


def test_a_row_that_begins_further_up_leaves_the_others_alone() -> None:
    """Two rows of 60 MiB are 120 MiB in turn, though each would fit."""
    memory = pages()
    memory.hold("app", 120 * MIB)
    amounts(memory.fresh(["app"]))
    for start in (0.0, 60 * MIB, 0.0, 60 * MIB):
        read = amounts(memory.row(["app"], 60 * MIB, 60 * MIB, start))[1]
    assert read == pytest.approx(60 * MIB, rel=0.03)


def test_at_random_the_part_that_is_not_there_is_missed() -> None:
    memory = pages()
    memory.hold("app", 120 * MIB)
    amounts(memory.fresh(["app"]))
    for _ in range(5):
        single = amounts(memory.scattered(["app"], 100_000, 120 * MIB))[2]
    assert single == pytest.approx(100_000 * (1.0 - 100 / 120), rel=0.01)
    assert amounts(memory.scattered(["app"], 1000, 120 * MIB))[2] == pytest.approx(167, rel=0.01)


def test_at_random_a_set_that_fits_takes_the_place_of_what_is_idle() -> None:
    memory = pages()
    memory.hold("app", 90 * MIB)
    memory.hold("idle", 60 * MIB)
    amounts(memory.fresh(["idle"]))
    amounts(memory.scattered(["app"], 1e6, 90 * MIB))
    assert amounts(memory.scattered(["app"], 1e5, 90 * MIB)) == (0.0, 0.0, 0.0)


def test_what_is_read_was_written_before() -> None:
    memory = pages()
    memory.hold("app", 150 * MIB)
    amounts(memory.fresh(["app"]))
    for size in (150 * MIB, 40 * MIB, 150 * MIB):
        amounts(memory.row(["app"], size, size, 0.0))
        amounts(memory.scattered(["app"], 1e5, 130 * MIB))
    amounts(memory.fresh(["app"]))
    now_out = 150 * MIB - memory._owners["app"].resident_bytes
    pending = memory._owners["app"].missed_bytes
    assert memory.out_bytes - memory.in_bytes == pytest.approx(now_out - pending, abs=1.0)
    assert memory.in_bytes > 0.0


def test_a_limit_pushes_out_its_own_pages_only() -> None:
    memory = pages()
    memory.enroll("small", [("docker", 20 * MIB)])
    memory.hold("other", 60 * MIB)
    memory.hold("small", 30 * MIB)
    assert amounts(memory.row(["other"], 60 * MIB, 60 * MIB, 0.0)) == (0.0, 0.0, 0.0)
    assert amounts(memory.row(["small"], 30 * MIB, 30 * MIB, 0.0))[1] == pytest.approx(30 * MIB, rel=0.05)
    assert memory.swapped_bytes("small") == pytest.approx(10 * MIB, rel=0.05)


def test_memory_given_back_is_neither_read_nor_written() -> None:
    memory = pages()
    memory.hold("app", 150 * MIB)
    amounts(memory.fresh(["app"]))
    memory.hold("app", -150 * MIB)
    memory.hold("next", 90 * MIB)
    assert amounts(memory.fresh(["next"])) == (0.0, 0.0, 0.0)
    assert amounts(memory.row(["app"], 10 * MIB, 10 * MIB, 0.0)) == (0.0, 0.0, 0.0)


def test_the_kernels_thread_writes_up_to_its_gap_and_the_others_write_the_rest() -> None:
    memory = pages()
    memory.hold("app", 120 * MIB)
    counts = list(memory.fresh(["app"]))
    assert sum(behind for *_, behind in counts) * 32 * PAGE == pytest.approx(MIB)
    memory.written(MIB)
    assert memory.behind_bytes == 0.0


def test_data_that_were_there_before_must_fit_into_memory_and_swap() -> None:
    memory = pages()
    assert amounts(memory.stream(["app"], 50 * MIB, 150 * MIB))[0] > 0.0
    with pytest.raises(Refused, match="out of memory: 201 MiB of data do not fit into memory and swap"):
        amounts(memory.scattered(["other"], 10, 201 * MIB))


def test_memory_and_swap_are_held_together() -> None:
    memory = Memory({"capacity_bytes": 100 * MIB}, "vm", swap_bytes=50 * MIB)
    memory.hold("app", 140 * MIB)
    assert memory.free_bytes == -40 * MIB
    with pytest.raises(OutOfMemory, match="app wants 20 MiB of vm and its swap, 10 MiB are free"):
        memory.hold("app", 20 * MIB)


# ---------------------------------------------------------------- disks


def _served_s(device: Any, environment: simpy.Environment, **asked: Any) -> float:
    request = device.transfer(asked.pop("size_bytes"), **asked)
    environment.run(until=request.done)
    return float(environment.now)


def test_a_train_of_reads_takes_as_long_as_its_requests_one_after_the_other() -> None:
    from simulator.catalog import Catalog
    from simulator.devices.flash_disk import FlashDisk

    figures = Catalog().machine("laptop-2025").devices["disk"].values()
    figures.pop("read_variation_ratio", None)
    alone, train = simpy.Environment(), simpy.Environment()
    disk = FlashDisk(alone, figures)
    for _ in range(10):
        last_s = _served_s(disk, alone, size_bytes=8 * PAGE)
    found_s = _served_s(FlashDisk(train, figures), train, size_bytes=80 * PAGE, requests=10.0)
    assert found_s == pytest.approx(last_s, rel=1e-9)


def test_a_train_apart_turns_the_disk_for_each_request() -> None:
    from simulator.catalog import Catalog
    from simulator.devices.rotating_disk import RotatingDisk

    figures = Catalog().machine("dell-2650").devices["disk"].values()
    found = []
    for apart in (False, True):
        environment = simpy.Environment()
        disk = RotatingDisk(environment, figures)
        found.append(_served_s(disk, environment, size_bytes=80 * PAGE, requests=10.0, apart=apart))
    further_s = 9 * (figures["seek_shortest_s"] + figures["rotation_s"] / 2)
    assert found[1] - found[0] == pytest.approx(further_s)


# ---------------------------------------------------------------- runs

SCENARIO = """
version: 1
title: short of memory
question: where are the pages
machine: {machine}
stacks: {{s: {{stack: "{stack}", parameters: {{{kernel}: {{swap_bytes: 512 MiB}}}}}}}}
tenants:
{tenants}
replications: 1
seed: 1
"""
TABLE = "  app: {{workload: {{name: random-access, parameters: {{table_bytes: {size}, groups_count: 20, \
group_updates_count: 1000}}}}, memory: {memory}}}"
ROWS = "  app: {{workload: {{name: stream, parameters: {{rows_bytes: {size}, parts_count: 20, \
part_accesses_count: 1e5}}}}, memory: {memory}}}"


def run(tmp_path: Path, stack: str, *tenants: str, kernel: str = "linux-6", machine: str = "laptop-2025") -> Any:
    """Rows of all tables of one run, as mappings."""
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO.format(machine=machine, stack=stack, kernel=kernel, tenants="\n".join(tenants)))
    (point,) = load(path).points()
    tables = run_point(point, 0)["tables"]
    return {name: [dict(zip(names(name), row, strict=True)) for row in rows] for name, rows in tables.items()}


def swapped_in(tables: Any) -> float:
    """Pages that came back."""
    rows = (row for row in tables["charges"] if row["mechanism"] == "swap_in")
    return float(sum(row["operations"] for row in rows))


DOCKER = "linux-6(swap=disk) | docker-27"
GUEST = "linux-6 | kvm-6 / linux-5.8(swap=disk)"


def test_a_table_beyond_its_limit_misses_the_part_that_is_not_there(tmp_path: Path) -> None:
    found = run(tmp_path, DOCKER, TABLE.format(size="240 MiB", memory="200 MiB"))
    assert swapped_in(found) == pytest.approx(20 * 1000 * (1 - 200 / 240), rel=0.02)
    (app,) = found["tenants"]
    assert app["outcome"] == "ok"
    assert app["memory_swapped_bytes"] == pytest.approx(40 * MIB, rel=0.02)


def test_rows_beyond_a_guests_memory_are_read_as_a_whole(tmp_path: Path) -> None:
    """128 MB of lines in order, of rows that do not fit."""
    found = run(tmp_path, GUEST, ROWS.format(size="700 MiB", memory="640 MiB"), kernel="linux-5.8")
    assert swapped_in(found) * PAGE == pytest.approx(20 * 1e5 * 64, rel=0.03)
    waited_s = sum(row["blocked_disk_s"] for row in found["threads"] if row["tenant"] == "app")
    assert waited_s > 0.0


@pytest.mark.parametrize("stack", [DOCKER, GUEST])
def test_what_fits_costs_what_it_costs_without_swap(tmp_path: Path, stack: str) -> None:
    tenants = ROWS.format(size="300 MiB", memory="2 GiB")
    kernel = "linux-6" if stack == DOCKER else "linux-5.8"
    found = [run(tmp_path, each, tenants, kernel=kernel) for each in (stack, stack.replace("(swap=disk)", ""))]
    assert found[0]["tenants"][0]["value"] == found[1]["tenants"][0]["value"]
    assert swapped_in(found[0]) == 0.0


def test_who_takes_more_than_memory_and_swap_is_ended(tmp_path: Path) -> None:
    """Docker lets a container swap as much again as it has memory."""
    bomb = "  app: {workload: {name: memory-bomb, parameters: {step_bytes: 16 MiB}}, memory: 200 MiB, stop: 60 s}"
    (app,) = run(tmp_path, DOCKER, bomb)["tenants"]
    assert app["outcome"].startswith("killed: by the out-of-memory killer of the memory limit of")
    assert app["memory_program_bytes"] == 400 * MIB
    (app,) = run(tmp_path, "linux-6(swap=disk) | docker-27(swap=none)", bomb)["tenants"]
    assert app["memory_program_bytes"] <= 200 * MIB


def test_others_at_the_disk_feel_it(tmp_path: Path) -> None:
    disk = "  disk: {workload: {name: disk-random, parameters: {threads_count: 1, blocks_count: 1000}}, memory: 2 GiB}"
    tables = (TABLE.format(size=size, memory="200 MiB") for size in ("150 MiB", "400 MiB"))
    found = [run(tmp_path, DOCKER, table, disk, machine="felter-x3650") for table in tables]
    alone, beside = (tables["tenants"][1]["latency_mean_s"] for tables in found)
    assert beside > 1.02 * alone
