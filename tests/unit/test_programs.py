"""The programs, each against a case that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load

CPU = {
    "cores_count": 1, "frequency_hz": "1 GHz", "idle_exit_s": "0 s", "page_bytes": "4 KiB", "tlb_entries_count": 1024,
    "table_entry_bytes": "8 B", "cache_bytes": "1 MiB", "cache_kernel_bytes": "0 B", "cache_line_bytes": "64 B",
    "cache_miss_s": "0 s", "cached_access_s": "10 ns", "memory_access_s": "100 ns", "memory_bytes_per_s": "10 GB/s",
}  # fmt: skip
"""One processor with round numbers."""
KERNEL = {
    "tick_hz": 0, "data_page_bytes": "4 KiB", "null_io_cycles": "1000 cycles", "block_stack_cycles": "2000 cycles",
    "disk_driver_cycles": "3000 cycles", "context_switch_cycles": "4000 cycles", "entry_guard_cycles": "0 cycles",
}  # fmt: skip
"""Round numbers again; nothing is cleared at the entry of a call, which a kernel with mitigations adds to each."""
FLASH = {
    "channels_count": 4, "stripe_bytes": "4 KiB", "command_s": "1 us", "read_s": "55 us", "write_s": "15 us",
    "channel_bytes_per_s": "256 MB/s", "write_bytes_per_s": "4 GB/s", "interface_bytes_per_s": "8 GB/s",
}  # fmt: skip
Tables = dict[str, list[dict[str, Any]]]


def run(
    tenants: Mapping[str, Mapping[str, Any]], stack: str = "linux-6 |", kernel: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Tables:  # fmt: skip
    """A run on a machine with round numbers: rows by table, as mappings."""
    scenario = {
        "machine": {"base": "laptop-2025", "devices": {"cpu": CPU, "disk": FLASH}},
        "stacks": {"one": {"stack": stack, "parameters": {"linux-6": {**KERNEL, **(kernel or {})}}}},
        "tenants": tenants,
        **settings,
    }
    (point,) = load(scenario).points()
    tables = run_point(point, 0)["tables"]
    return {table: [dict(zip(names(table), row, strict=True)) for row in rows] for table, rows in tables.items()}


def alone(workload: str, parameters: Mapping[str, Any], **settings: Any) -> dict[str, Any]:
    """The row of a tenant with the machine for itself."""
    tenants = {"app": {"workload": workload, "parameters": parameters}}
    (row,) = run(tenants, **settings)["tenants"]
    return row


# ---------------------------------------------------------------- memory


def test_stream_gets_the_memorys_bandwidth_less_what_its_cycles_take() -> None:
    """64 bytes at 10 GB/s are 6.4 ns; 4 MiB lie under 1024 entries of 4 KiB, so no walks; 1.6 cycles are 1.6 ns."""
    free = alone("stream", {"rows_bytes": "4 MiB", "access_cycles": 0})
    busy = alone("stream", {"rows_bytes": "4 MiB", "access_cycles": "1.6 cycles"})
    assert free["value"] == pytest.approx(10.0)
    assert busy["value"] == pytest.approx(64 / (6.4 + 1.6))


def test_a_random_update_waits_for_its_word_and_for_the_page_table() -> None:
    """A table of 1 GiB, pages of 4 KiB, 1 MiB of cache, 4 MiB under the translation buffer.

    The word: 1/1024 of them lie in the cache, 10/1024 + 100 x 1023/1024 = 99.912 ns. The walk: all but 4/1024 of the
    accesses miss the buffer; the last level of the page table has 2^18 entries of 8 bytes, half of which the cache
    holds: 0.99609 x 55 = 54.785 ns. Ten cycles of 1 GHz: 164.697 ns for an update, 6.072 million a second.
    """
    row = alone("random-access", {"table_bytes": "1 GiB", "update_cycles": "10 cycles"})
    update_ns = (10 + 100 * 1023) / 1024 + (1 - 4 / 1024) * 55 + 10
    assert update_ns == pytest.approx(164.697, abs=1e-3)
    assert row["value"] == pytest.approx(1 / update_ns)


def test_linpack_waits_for_its_lines_and_computes() -> None:
    """1e6 operations in 1e6 cycles (1 ms) and 15,625 lines of 6.4 ns (0.1 ms): 1e6 operations in 1.1 ms."""
    block = {
        "block_operations_count": 1_000_000, "block_cycles": "1 M cycles", "block_lines_count": 15_625,
        "block_faults_count": 0, "matrix_bytes": "4 MiB",
    }  # fmt: skip
    assert alone("linpack", block)["value"] == pytest.approx(1.0 / 1.1)


# ---------------------------------------------------------------- servers

CLIENTS = {"client_s": "10 ms", "client_variation_ratio": 0, "request_variation_ratio": 0, "requests_count": 300}


@pytest.mark.parametrize("clients", [1, 3])
def test_clients_who_mostly_think_ask_at_the_closed_loops_rate(clients: int) -> None:
    """X = n / (Z + R): each of n clients thinks 10 ms and waits R; before the first it may be less."""
    row = alone("key-value-store", {**CLIENTS, "clients_count": clients})
    assert row["latency_mean_s"] < 1e-4
    assert row["value"] == pytest.approx(clients / (10e-3 + row["latency_mean_s"]), rel=1.0 / 300 * clients)


def test_many_clients_keep_the_server_busy_and_share_its_rounds() -> None:
    """At saturation X is what one processor can do, Little's law holds, and the server hardly ever sleeps.

    Little, less the first and the last round in which not all of them are there: X (Z + R) = n.
    """
    few, many = (
        run({"app": {"workload": "key-value-store", "parameters": {**CLIENTS, "client_s": "20 us", **size}}})
        for size in ({"clients_count": 1}, {"clients_count": 50, "requests_count": 5000})
    )
    server = many["tenants"][0]
    assert server["value"] * (20e-6 + server["latency_mean_s"]) == pytest.approx(50, rel=0.03)
    (cpu,) = (row for row in many["devices"] if row["device"] == "cpu")
    assert cpu["utilisation"] > 0.97
    (thread,) = (row for row in many["threads"] if row["kind"] == "program")
    assert thread["blocked_network_s"] < 0.03 * thread["wall_s"]
    assert processor_s(many) < processor_s(few)  # polls and wake-ups are shared


def processor_s(tables: Tables) -> float:
    """Processor time for a request."""
    spent = sum(row["service_s"] for row in tables["charges"] if row["device"] == "cpu")
    return float(spent / tables["tenants"][0]["operations"])


def test_each_worker_has_clients_of_its_own() -> None:
    """Two workers, one client each: half of the requests each, and none waits for the other's."""
    tables = run({
        "app": {
            "workload": "native-server",
            "parameters": {**CLIENTS, "clients_count": 2, "workers_count": 2, "requests_count": 40},
        }
    })  # fmt: skip
    by_worker = [row["thread"] for row in tables["requests"]]
    assert (by_worker.count("worker-0"), by_worker.count("worker-1")) == (20, 20)


# ---------------------------------------------------------------- disks

BLOCKS = {"file_bytes": "1 GiB", "block_cycles": 0, "write_ratio": "0 %", "blocks_count": 100}


def test_one_random_read_after_the_other() -> None:
    """Call, block stack, driver, switch on waking: 1 + 2 + 3 + 4 us. The disk: 1 + 55 + 4096 / 256 MB/s = 72 us."""
    row = alone("disk-random", {**BLOCKS, "threads_count": 1})
    assert row["latency_mean_s"] == pytest.approx(82e-6)
    assert row["value"] == pytest.approx(1 / 82e-6)


def test_random_writes_wait_for_the_buffer_only() -> None:
    """1 + 4096 / 4 GB/s + 15 = 17.024 us, and 10 us of the kernel."""
    row = alone("disk-random", {**BLOCKS, "threads_count": 1, "write_ratio": "100 %"})
    assert row["value"] == pytest.approx(1 / 27.024e-6)


def test_a_file_in_order_at_one_block_at_a_time() -> None:
    """1 MiB in four pieces at four channels: 1 + 55 us + 256 KiB / 256 MB/s = 1.08 ms, and 10 us of the kernel."""
    row = alone("disk-sequential", {**BLOCKS, "threads_count": 1, "block_bytes": "1 MiB"})
    assert row["value"] == pytest.approx(1.048576 / (56e-6 + 262144 / 256e6 + 10e-6))


def test_jobs_in_order_take_the_blocks_in_order() -> None:
    """Two deep it goes no faster than the channels, which one block keeps busy: 1 GB/s, less the first latency."""
    one, two = (
        alone("disk-sequential", {**BLOCKS, "threads_count": depth, "block_bytes": "1 MiB"}) for depth in (1, 2)
    )
    assert one["value"] < two["value"] <= 1024.0


# ---------------------------------------------------------------- files and processes


def test_compression_reads_computes_and_writes() -> None:
    """A piece of 64 KiB: 56 us and 16 KiB / 256 MB/s = 64 us of the disk, 10 cycles a byte = 655 us, little else."""
    parameters = {
        "piece_bytes": "64 KiB", "byte_cycles": "10 cycles", "piece_variation_ratio": 0, "pieces_count": 50,
        "piece_faults_count": 0,
    }  # fmt: skip
    row = alone("compression", parameters)
    assert 65.536 / (655.36 + 56 + 64 + 100) * 1000 < row["value"] < 65.536 / 655.36 * 1000


BUILD_AND_BOMB: dict[str, dict[str, Any]] = {
    "app": {"workload": "compile-6", "start": "1 s", "parameters": {"files_count": 1}},
    "bully": {"workload": "fork-bomb", "parameters": {"largest_group_count": 256}},
}


def test_a_build_is_refused_when_a_fork_bomb_has_filled_the_table() -> None:
    """One kernel with room for 500 processes: the bomb's groups 1, 2, 4 ... 256 fill it, then nobody can fork."""
    shared = run(BUILD_AND_BOMB, kernel={"process_table_count": 500})
    outcomes = {row["tenant"]: row["outcome"] for row in shared["tenants"]}
    assert outcomes == {"app": "could not fork", "bully": "ok"}


def test_a_stopped_fork_bomb_leaves_the_table() -> None:
    tenants = {"app": {**BUILD_AND_BOMB["app"], "start": "2 s"}, "bully": {**BUILD_AND_BOMB["bully"], "stop": "1 s"}}
    shared = run(tenants, kernel={"process_table_count": 500})
    outcomes = {row["tenant"]: row["outcome"] for row in shared["tenants"]}
    assert outcomes == {"app": "ok", "bully": "ok"}


def test_a_fork_bomb_in_a_guest_of_its_own_fills_its_own_table_only() -> None:
    tenants = {name: {**tenant, "memory": "1 GiB", "vcpus": 1} for name, tenant in BUILD_AND_BOMB.items()}
    apart = run(tenants, "linux-6 | vmware-workstation-3.2 / linux-6", kernel={"process_table_count": 500})
    outcomes = {row["tenant"]: row["outcome"] for row in apart["tenants"]}
    assert outcomes == {"app": "ok", "bully": "ok"}


# ---------------------------------------------------------------- neighbours


def test_a_memory_bomb_ends_when_it_is_refused() -> None:
    """A container of 1 GiB holds 16 steps of 64 MiB; the 17th is refused, and everything is given back."""
    tenants = {"bomb": {"workload": "memory-bomb", "memory": "1 GiB"}}
    tables = run(tenants, "linux-6 | docker-27", duration="10 s")
    (bomb,) = tables["tenants"]
    assert bomb["outcome"].startswith("killed: ")
    assert bomb["operations"] == 16
    assert tables["runs"][0]["simulated_s"] == 10.0


def test_hogs_share_the_processor_with_the_one_beside_them() -> None:
    """One processor, three hogs and one thread of 1.0 s on the same system: a quarter each, it takes 4 s."""
    app = {
        "workload": "linpack",
        "parameters": {
            "blocks_count": 100, "block_cycles": "10 M cycles", "block_lines_count": 0, "block_faults_count": 0,
        },
    }  # fmt: skip
    hog = {"workload": "cpu-hog", "parameters": {"threads_count": 3, "chunk_cycles": "10 M cycles"}}
    tables = run({"app": app, "hog": hog})
    elapsed = {row["tenant"]: row["elapsed_s"] for row in tables["tenants"]}
    assert elapsed["app"] == pytest.approx(4.0, rel=1e-3)
    assert elapsed["hog"] == elapsed["app"]


def test_an_idle_neighbour_takes_next_to_nothing() -> None:
    app = {"workload": "stream", "parameters": {"rows_bytes": "4 MiB"}}
    alone_s, beside_s = (
        run({"app": app, **others})["tenants"][0]["elapsed_s"] for others in ({}, {"other": {"workload": "idle"}})
    )
    assert beside_s == pytest.approx(alone_s, rel=1e-3)


def test_hogs_of_the_network_fill_their_direction_of_the_link() -> None:
    """A gigabit less headers: 1448 of 1538 bytes, which 2 s hold but for what lies in the sockets."""
    for workload, device in (("net-send", "nic-send"), ("net-receive", "nic-receive")):
        tables = run({"hog": {"workload": workload}}, duration="2 s")
        (row,) = (row for row in tables["devices"] if row["device"] == device)
        assert row["utilisation"] > 0.9


def test_hogs_of_the_disk_never_let_it_rest() -> None:
    tables = run({"hog": {"workload": "disk-hog"}}, duration="0.2 s")
    (row,) = (row for row in tables["devices"] if row["device"] == "disk")
    assert row["utilisation"] > 0.9
