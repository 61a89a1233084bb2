"""SimGrid: rules that change while work is under way (clock, suspension, disk shares, a capacity that depends on load).

SimGrid, ``examples/cpp/plugin-vm-load``, ``exec-cpu-nonlinear``, ``io-priority``, ``io-async`` and
``examples/c/cloud-masterworker``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import simpy

from simulator.devices.processor import Processor
from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import Share

MFLOP = 1e6
MB = 1e6


def test_speed_change_under_load() -> None:
    """100 Mf/s a core, 20 Mf/s after half a second: 50 done; then (200 - 50) / 20 = 7.5 s and (150 - 50) / 20 = 5 s."""
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 4, "frequency_hz": 100 * MFLOP})
    durations_s, sizes = [], (200 * MFLOP, 150 * MFLOP)

    def task(flop: float) -> Iterator[simpy.Event]:
        guest = Share("vm", cpu.root, width=1)
        yield environment.timeout(10.0)
        yield cpu.run(flop, Share("task", guest))
        durations_s.append(environment.now - 10.0)

    def governor() -> Iterator[simpy.Event]:
        yield environment.timeout(10.5)
        cpu.set_frequency(20 * MFLOP)

    for flop in sizes:
        environment.process(task(flop))
    environment.process(governor())
    environment.run()
    assert durations_s == pytest.approx([5.5, 8.0], rel=1e-12)
    # what one core could have done since the beginning: 10.5 s * 100 + 7.5 s * 20 = 1200
    offered = 10.5 * 100 * MFLOP + (environment.now - 10.5) * 20 * MFLOP
    assert [flop / offered for flop in sizes] == pytest.approx([0.16666667, 0.125], abs=5e-9)


def test_one_thread_uses_one_of_two_virtual_processors() -> None:
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 4, "frequency_hz": 50 * MFLOP})
    environment.run(until=cpu.run(100 * MFLOP, Share("task", Share("vm", cpu.root, width=2))))
    assert environment.now == 2.0


@pytest.mark.parametrize(("penalty", "end_s"), [(1.0, 10.0), (0.5, 20.0)])
def test_capacity_that_falls_when_ten_tasks_run(penalty: float, end_s: float) -> None:
    environment = simpy.Environment()
    device = Fluid(environment, MFLOP, MFLOP)
    ends = []

    def ended(task: Share) -> None:
        ends.append(environment.now)

    for _ in range(10):
        device.submit(Share("task", device.root), MFLOP, ended)
        if len(device.active) == 10:
            device.set(device.root, cap=penalty * MFLOP)
    environment.run()
    assert ends == pytest.approx([end_s] * 10, rel=1e-12)


@pytest.mark.parametrize(("tasks", "end_s"), [(9, 9.0), (10, 20.0)])
def test_a_pace_that_falls_when_ten_tasks_run(tasks: int, end_s: float) -> None:
    """The same as a law of the load that the processor follows by itself; what is lost has a name, and all adds up."""
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": MFLOP})
    cpu.follow(lambda busy, runnable: 0.5 if runnable >= 10 else 1.0, "crowd")
    shares = [Share("task", cpu.root) for _ in range(tasks)]
    for share in shares:
        cpu.run(MFLOP, share)
    environment.run()
    assert environment.now == pytest.approx(end_s, rel=1e-12)
    lost_s = sum(sum(cpu.lost(share).values()) for share in shares)
    assert cpu.row().busy_s == pytest.approx(end_s) == pytest.approx(tasks + lost_s)


@pytest.mark.parametrize("before_s", [0.0, 0.004, 0.0099], ids=["at once", "under way", "nearly done"])
def test_suspension_shifts_the_end_by_its_length(before_s: float) -> None:
    """0.01 s of work that begins at 0.180560 - before; suspended from 0.180560 to 2.180560."""
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": 100 * MFLOP})
    worker, ends = Share("worker", cpu.root), []

    def work(flop: float) -> Iterator[simpy.Event]:
        remainder = yield cpu.run(flop, worker)
        if remainder:
            yield environment.timeout(2.0)
            yield cpu.run(remainder, worker)
        ends.append(environment.now)

    def suspend() -> Iterator[simpy.Event]:
        yield environment.timeout(0.180560 - before_s)
        environment.process(work(MFLOP))
        yield environment.timeout(before_s)
        cpu.stop(worker)

    environment.process(suspend())
    environment.run()
    assert ends == pytest.approx([2.190560 - before_s], abs=1e-12)


def test_disk_shares() -> None:
    """40 MB/s, two writers of 4 MB, weights 2 and 1; both write again at 0.2; the first regains its weight at 0.3.

    26.7 and 13.3 MB/s: 4 MB end at 0.15; the other's last 2 MB get 40 MB/s: 0.2. Then 20 MB/s each: 2 MB left at 0.3;
    at 26.7 MB/s 0.075 s; meanwhile 1 MB of the other's, its last 1 MB in 0.025 s.
    """
    environment = simpy.Environment()
    disk = Fluid(environment, 40 * MB, 40 * MB)
    first, second = Share("first", disk.root, weight=2.0), Share("second", disk.root, weight=1.0)
    log = []

    def write(share: Share) -> simpy.Event:
        ended = environment.event()
        disk.submit(share, 4 * MB, lambda share: ended.succeed(log.append((share.name, environment.now))))
        return ended

    def first_writer() -> Iterator[simpy.Event]:
        yield write(first)
        yield environment.timeout(0.05)
        disk.set(first, weight=1.0)
        yield write(first)

    def second_writer() -> Iterator[simpy.Event]:
        yield write(second)
        yield write(second)

    def regain() -> Iterator[simpy.Event]:
        yield environment.timeout(0.3)
        disk.set(first, weight=2.0)

    for process in (first_writer, second_writer, regain):
        environment.process(process())
    environment.run()
    expected = [("first", 0.150), ("second", 0.200), ("first", 0.375), ("second", 0.400)]
    assert log == [(name, pytest.approx(end_s, rel=1e-12)) for name, end_s in expected]


def test_disk_alone() -> None:
    environment = simpy.Environment()
    disk = Fluid(environment, 100 * MB, 100 * MB)
    disk.submit(Share("reader", disk.root), 20 * MB, lambda share: None)
    environment.run()
    assert environment.now == pytest.approx(0.200)
