"""CloudSim's nine basic examples: hosts and virtual machines rated in MIPS, cloudlets in MI.

CloudSim 7, ``CloudSimExampleTest``. A virtual machine is a share capped at its MIPS, with one processor; one million
instructions are one cycle.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
import simpy

from simulator.devices.memory import Memory, OutOfMemory
from simulator.devices.processor import Processor
from simulator.sharing.tree import Share


def host(environment: simpy.Environment, cores: int = 1) -> Processor:
    """Cores of 1000 MIPS."""
    return Processor(environment, {"cores_count": cores, "frequency_hz": 1000.0})


def guest(cpu: Processor, mips: float) -> Share:
    """A virtual machine of one processor."""
    return Share("vm", cpu.root, width=1, cap=mips)


def times_s(cpu: Processor, places: Sequence[tuple[Share, float]]) -> list[float]:
    """Start cloudlets together, run them to their ends."""
    ends: dict[int, float] = {}
    for number, (vm, size_mi) in enumerate(places):
        ended = cpu.run(size_mi, Share("cloudlet", vm))
        ended.callbacks.append(lambda _, number=number: ends.update({number: cpu.environment.now}))
    cpu.environment.run()
    return [ends[number] for number in range(len(places))]


@pytest.mark.parametrize(
    ("vms_mips", "size_mi", "expected_s"),
    [
        ([1000], 400_000, [400]),  # example 1
        ([250, 250], 250_000, [1000, 1000]),  # example 2: 250000 / 250, half of the host stays idle
        ([250], 40_000, [160]),  # example 3, first host; examples 4 and 5, each of two hosts
        ([500], 40_000, [80]),  # example 3, second host
    ],
)
def test_one_cloudlet_a_machine(vms_mips: list[float], size_mi: float, expected_s: list[float]) -> None:
    cpu = host(simpy.Environment())
    assert times_s(cpu, [(guest(cpu, mips), size_mi) for mips in vms_mips]) == pytest.approx(expected_s, rel=1e-12)


def test_two_cloudlets_a_machine() -> None:
    """Examples 7 and 8: 2 * 40000 MI in each of five virtual machines of 250 MIPS."""
    cpu = host(simpy.Environment(), cores=4)
    vms = [guest(cpu, 250) for _ in range(5)]
    assert times_s(cpu, [(vms[number % 5], 40_000) for number in range(10)]) == pytest.approx([320] * 10, rel=1e-12)


def test_cloudlets_dealt_out_to_the_machines_that_fit() -> None:
    """Example 6: of 20 wanted, 12 virtual machines fit: two sites of a host of 4 cores and one of 2, 2048 MB each."""
    environment = simpy.Environment()
    cpus = [host(environment, cores) for cores in (4, 2, 4, 2)]
    memories = [Memory({"capacity_bytes": 2048e6}) for _ in cpus]
    vms: list[tuple[Processor, Share]] = []
    for _ in range(20):
        for cpu, memory in zip(cpus, memories, strict=True):
            if len(cpu.root.children) == cpu.cores:
                continue
            try:
                memory.hold(f"vm {len(vms)}", 512e6)
            except OutOfMemory:
                continue
            vms.append((cpu, guest(cpu, 1000)))
            break
    assert len(vms) == 12
    ends_s: dict[int, float] = {}
    for number in range(40):
        cpu, vm = vms[number % 12]
        ended = cpu.run(1000.0, Share("cloudlet", vm))
        ended.callbacks.append(lambda _, number=number: ends_s.update({number: environment.now}))
    environment.run()
    # 40 = 3 * 12 + 4: the first four machines have four cloudlets of 1 s, the others three
    assert ends_s == {number: pytest.approx(4.0 if number % 12 < 4 else 3.0) for number in range(40)}


def test_three_sizes_shared_in_time() -> None:
    """Example 9: three share until 30 s, two until 210 s, 900 s remain: 1110 s."""
    cpu = host(simpy.Environment())
    vm = guest(cpu, 1000)
    sizes_mi = (10_000, 100_000, 1_000_000)
    assert times_s(cpu, [(vm, size_mi) for size_mi in sizes_mi]) == pytest.approx([30, 210, 1110], rel=1e-12)


def test_three_sizes_one_after_the_other() -> None:
    """Example 9, space-shared: one thread takes them in order."""
    environment = simpy.Environment()
    cpu, durations_s = host(environment), []
    thread = Share("thread", guest(cpu, 1000))

    def work() -> Iterator[simpy.Event]:
        for size_mi in (10_000, 100_000, 1_000_000):
            start_s = environment.now
            yield cpu.run(size_mi, thread)
            durations_s.append(environment.now - start_s)

    environment.run(until=environment.process(work()))
    assert durations_s == pytest.approx([10, 100, 1000], rel=1e-12)
