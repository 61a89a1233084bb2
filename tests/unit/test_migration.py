"""Live migration in simulated time: the closed form on a machine without costs, and what becomes of the guest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator import laws
from simulator.experiment import run_point
from simulator.records import TABLES
from simulator.scenario.scenario import Scenario

MB = 1e6
FREE = {
    "page_cycles": 0.0, "page_header_bytes": 0.0, "protect_page_cycles": 0.0, "first_write_cycles": 0.0,
    "receive_page_cycles": 0.0, "new_page_cycles": 0.0, "in_flight_bytes": 1e6, "state_bytes": 0.0, "setup_s": 0.0,
    "suspend_s": 0.0, "resume_s": 0.0, "announce_s": 0.0, "fault_cycles": 0.0, "fault_wait_s": 0.0,
    "run_pages_count": 1.0,
}  # fmt: skip
"""A hypervisor that does everything in no time, and has no rule but those that are added."""
KVM, XEN = "linux-6 | kvm-6 / linux-6", "xen-4 | linux-6"


def point(stack: str, operations: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """One virtual machine that computes, for half a minute."""
    workload = {"name": "page-dirtier", "parameters": changes.pop("parameters", {})}
    tenants = changes.pop("tenants", {"app": {"workload": workload, "memory": "1 GiB", "vcpus": 1}})
    data = {
        "machine": "server-2025", "stacks": {"it": stack}, "duration": "30 s", "replications": 1, "seed": 1,
        "tenants": tenants, "operations": operations, **changes,
    }  # fmt: skip
    found = next(iter(Scenario.from_mapping(data).points()))
    return found if isinstance(found, dict) else dict(found)


def tables(found: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The rows of a run, by table, each by its columns."""
    rows = run_point(found, 0)["tables"]
    names = {table: [column.name for column in TABLES[table]] for table in rows}
    return {table: [dict(zip(names[table], row, strict=True)) for row in rows[table]] for table in rows}


def operation(found: Mapping[str, Any], number: int = 0) -> dict[str, Any]:
    """One row of the table ``operations``."""
    return tables(found)["operations"][number]


class TestClosedForm:
    """LAWS, pre-copy: on a machine without costs the rounds, their time and the downtime are those of the law."""

    RATE = 1250e6 / (1 + 52 / 1448)
    """Pages in a second of ten gigabits, with the headers of TCP/IP."""

    def found(self, writes: Mapping[str, float], **rules: float) -> dict[str, Any]:
        found = point(KVM, [{"at": "2 s", "migrate": "app"}])
        (product,) = [name for name in found["layers"] if name.startswith("kvm")]
        found["layers"][product]["migration"] = FREE | rules
        found["tenants"]["app"] |= {"program": "cpu_hog", "writes": writes, "parameters": hog()}
        found["layers"][product]["pause"] = None
        found["without"] = [*found["without"], "context_switch", "idle_exit"]  # of the copying thread, once a piece
        found["layers"]["linux-6"]["parameters"]["kernel_bytes"] = 2.0**30 - 1e6  # all of the guest has been touched
        found["machine"]["devices"]["nic"]["parameters"] |= {"frame_bytes": 0.0, "link_bytes_per_s": 1250e6}
        return found

    @pytest.mark.parametrize("dirty", [100 * MB, 800 * MB])
    def test_rounds_time_and_downtime(self, dirty: float) -> None:
        writes = {"swept_bytes_per_s": dirty, "swept_set_bytes": 1e12}
        found = self.found(writes, least_pages_count=5000.0)
        # what its kernel's ticks take of it, a program of one processor cannot write in
        pace = useful(found)
        row = operation(found)
        memory = memory_bytes(found)
        rounds = laws.precopy_rounds(memory, self.RATE, dirty * pace, 5000 * 4096)
        assert row["rounds"] == rounds
        assert row["duration_s"] == pytest.approx(laws.precopy_s(memory, self.RATE, dirty * pace, rounds), rel=1e-6)
        expected_s = laws.precopy_downtime_s(memory, self.RATE, dirty * pace, rounds)
        assert row["downtime_s"] == pytest.approx(expected_s, rel=1e-6)

    def test_working_set(self) -> None:
        writes = {"swept_bytes_per_s": 5000 * MB, "swept_set_bytes": 200 * MB}
        row = operation(self.found(writes, rounds_count=4.0))
        assert row["rounds"] == 4
        assert row["downtime_s"] == pytest.approx(200 * MB / self.RATE, rel=1e-6)


def hog() -> dict[str, float]:
    """A program that computes for ever."""
    return {"threads_count": 1.0, "chunk_cycles": 1e9, "working_set_bytes": 0.0}


def useful(found: Mapping[str, Any]) -> float:
    """Part of its time that the program computes."""
    rows = [row for row in tables({**found, "operations": []})["threads"] if row["tenant"] == "app"]
    row = next(row for row in rows if row["useful_s"] > 0.0)
    return float(row["useful_s"] / row["wall_s"])


def memory_bytes(found: Mapping[str, Any]) -> float:
    """What is sent in the first round: all of the guest's memory, for nothing says that blank pages take less."""
    return 2.0**30
