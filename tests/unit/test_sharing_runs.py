"""Guests on a host that swaps or merges pages, as whole runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

TEXT = """\
version: 1
title: guests on one host
question: what do they lose
machine: {base: server-2025, devices: {memory: {capacity: SIZE}}}
stacks:
  given: linux-6 | kvm-6 / linux-5.8
  swap: linux-6(swap=disk) | kvm-6 / linux-5.8
tenants:
  table:
    workload: {name: random-access, parameters: {table_bytes: 700 MiB, groups_count: 4, group_updates_count: 2000}}
    memory: 1 GiB
    vcpus: 1
    count: 2
replications: 1
seed: 1
"""


def values(folder: Path, size: str, stack: str) -> list[float]:
    """The figure of merit of both tenants."""
    text = TEXT.replace("SIZE", size)
    if stack == "swap":
        text = text.replace("  given: linux-6 | kvm-6 / linux-5.8\n", "")
    else:
        text = text.replace("  swap: linux-6(swap=disk) | kvm-6 / linux-5.8\n", "")
    (folder / "guests.yaml").write_text(text)
    (point,) = load(folder / "guests.yaml").points()
    rows = run_point(point, 0)["tables"]["tenants"]
    column = names("tenants").index("value")
    return [float(row[column]) for row in rows]


def test_a_host_that_could_swap_changes_nothing_where_all_fits(tmp_path: Path) -> None:
    assert values(tmp_path, "8 GiB", "swap") == values(tmp_path, "8 GiB", "given")


def test_guests_that_touch_more_than_there_is_wait_for_the_disk(tmp_path: Path) -> None:
    rich, short = values(tmp_path, "8 GiB", "swap"), values(tmp_path, "1.2 GiB", "swap")
    assert all(less < more / 2.0 for less, more in zip(short, rich, strict=True))
    unused = values(tmp_path, "1.9 GiB", "swap")  # promised more than there is, and not touched
    assert unused == pytest.approx(rich, rel=0.01)
