"""Cache lines that several processors write: by hand, and in the kernel's counters of a union of directories."""

from __future__ import annotations

import pytest
import simpy

from simulator.devices import _shared_lines
from simulator.devices.processor import Processor
from simulator.parameters import Parameters
from simulator.sharing.tree import Share
from simulator.steps import Traffic

TWO = Parameters({
    "cores_count": 2, "threads_per_core_count": 1, "smt_factor_ratio": 1.25, "sockets_count": 1, "frequency_hz": 1e9,
    "cache_bytes": 8e6, "cache_cores_count": 2, "cache_kernel_bytes": 0, "cache_line_bytes": 64, "cache_miss_s": 0,
    "idle_after_s": 1, "idle_exit_s": 0, "cached_access_s": 20e-9, "memory_access_s": 80e-9,
    "memory_bytes_per_s": 1e10, "memory_socket_bytes_per_s": 1e11, "numa_remote_ratio": 1.5,
})  # fmt: skip


def test_a_line_passes_through_the_shared_cache_or_over_the_link() -> None:
    """One socket: twice 20 ns. Two: every other pass is to the far one, 80 x 1.5 = 120 ns: 80 ns on average."""
    assert _shared_lines.transfer_s(TWO, 1) == pytest.approx(40e-9)
    assert _shared_lines.transfer_s(TWO, 2) == pytest.approx(80e-9)


def test_writers_of_one_line_share_its_passes() -> None:
    """Ten million passes a second; each of two wants eight million: 1.6 times as long. One alone: not."""
    assert _shared_lines.waits(["a", "a"], [8e6, 8e6], 100e-9) == pytest.approx([1.6, 1.6])
    assert _shared_lines.waits(["a", "", "b"], [8e6, 8e6, 8e6], 100e-9) == [1.0, 1.0, 1.0]
    assert _shared_lines.waits(["a", "a"], [2e6, 16e6], 100e-9) == pytest.approx([1.0, 2.0])
    assert _shared_lines.waits(["a", "a"], [8e6, 8e6], 0.0) == [1.0, 1.0]


def finished(*lines: str) -> list[float]:
    """When threads end that each work for 1 s and write their line 20 million times: 25 million passes a second."""
    environment = simpy.Environment()
    cpu = Processor(environment, TWO)
    ended: list[float] = []

    def life(share: Share, line: str):  # type: ignore[no-untyped-def]
        yield cpu.run(1e9, share, traffic=Traffic(touches=20e6, line=line))
        ended.append(environment.now)

    for number, line in enumerate(lines):
        environment.process(life(Share(f"thread-{number}", cpu.root), line))
    environment.run()
    return ended


def test_two_processors_wait_for_the_line_of_a_counter() -> None:
    """Both together 40 million passes, 40 ns each: 1.6 s, all of the time at work. Alone, or each its own: 1 s."""
    assert finished("counter") == pytest.approx([1.0])
    assert finished("counter", "another") == pytest.approx([1.0, 1.0])
    assert finished("counter", "counter") == pytest.approx([1.6, 1.6])
