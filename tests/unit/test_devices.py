"""Devices, one at a time: how long a use takes, who had it, and that the ledger of each closes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import simpy

from simulator.devices._line import Line
from simulator.devices.base import Charge, Request
from simulator.devices.memory import Memory, OutOfMemory
from simulator.devices.nic import NetworkCard
from simulator.devices.processor import Processor
from simulator.devices.rotating_disk import RotatingDisk
from simulator.sharing.tree import Share

GHZ, KB, MB, GB, US, MS = 1e9, 1e3, 1e6, 1e9, 1e-6, 1e-3


@pytest.fixture
def environment() -> simpy.Environment:
    return simpy.Environment()


# ---------------------------------------------------------------- processor


def processor(environment: simpy.Environment, cores: int = 1) -> Processor:
    """1 GHz; 1 MB of cache, 64 kB of it the kernel's; 10 us to leave the idle state that a core enters after 1 ms."""
    parameters = {
        "cores_count": cores, "frequency_hz": GHZ, "page_bytes": 4096,
        "cache_bytes": 1 * MB, "cache_kernel_bytes": 64 * KB, "cache_line_bytes": 64, "cache_miss_s": 0.1 * US,
        "idle_after_s": 1 * MS, "idle_exit_s": 10 * US,
    }  # fmt: skip
    return Processor(environment, parameters)


def test_cycles_take_their_time(environment: simpy.Environment) -> None:
    cpu = processor(environment)
    remainder = environment.run(until=cpu.run(3 * GHZ))
    assert (environment.now, remainder) == (3.0, 0.0)


def test_memory_waits_come_on_top(environment: simpy.Environment) -> None:
    cpu = processor(environment)
    environment.run(until=cpu.run(2 * GHZ, stall_s=0.5))
    assert environment.now == pytest.approx(2.5)


def test_from_an_ordinary_process(environment: simpy.Environment) -> None:
    """Either the work or a timeout, whichever is first; what was not waited for goes on."""
    cpu, log = processor(environment), []

    def program() -> Iterator[simpy.Event]:
        short, long, bell = cpu.run(1 * GHZ), cpu.run(3 * GHZ), environment.timeout(2.5)
        yield short | bell
        log.append(("short", environment.now))
        yield long | bell
        log.append(("bell", environment.now))
        yield long
        log.append(("long", environment.now))

    environment.process(program())
    environment.run()
    assert log == [("short", 2.0), ("bell", 2.5), ("long", 4.0)]
    assert not cpu.root.children  # threads of their own leave no trace


def test_stop_gives_the_remainder_to_whoever_waits(environment: simpy.Environment) -> None:
    cpu, log = processor(environment), []
    share = Share("thread", cpu.root)

    def program() -> Iterator[simpy.Event]:
        log.append((yield cpu.run(3 * GHZ, share)))

    def stopper() -> Iterator[simpy.Event]:
        yield environment.timeout(1.0)
        log.append(cpu.stop(share))

    environment.process(program())
    environment.process(stopper())
    environment.run()
    assert log == [2 * GHZ, 2 * GHZ]


def test_ledger_of_time_survives_a_change_of_clock(environment: simpy.Environment) -> None:
    """4e9 cycles: 1 s at 1 GHz, then 3e9 at 0.5 GHz: 7 s busy of 2 * 10."""
    cpu = processor(environment, cores=2)
    cpu.run(4 * GHZ)
    environment.run(until=1.0)
    cpu.set_frequency(0.5 * GHZ)
    environment.run(until=10.0)
    assert cpu.row()[:5] == ("cpu", 2, 10.0, pytest.approx(7.0), pytest.approx(13.0))


def test_a_core_wakes_from_its_idle_state(environment: simpy.Environment) -> None:
    """Not yet in it after 1 ms; the core that rested last is the next to be used."""
    cpu = processor(environment, cores=2)
    assert cpu.wake_latency_s() == 0.0
    environment.run(until=1.0)
    assert cpu.wake_latency_s() == 10 * US
    environment.run(until=cpu.run(0.1 * GHZ))
    assert cpu.wake_latency_s() == 0.0
    environment.run(until=2.0)
    assert cpu.wake_latency_s() == 10 * US


def test_a_busy_machine_has_no_core_to_wake(environment: simpy.Environment) -> None:
    """Two of three threads on two cores end at 3/2 s: one core rests, not two. With a new thread none does."""
    cpu = processor(environment, cores=2)
    for cycles in (1 * GHZ, 1 * GHZ, 100 * GHZ):
        cpu.run(cycles)
    environment.run(until=2.0)
    assert cpu.wake_latency_s() == 10 * US
    cpu.run(100 * GHZ)
    environment.run(until=3.0)
    assert cpu.wake_latency_s() == 0.0


def test_a_working_set_comes_back_line_by_line(environment: simpy.Environment) -> None:
    """936 kB of cache for two sets of 600 kB: one finds 336 kB of its own; 264 kB are 4125 lines of 0.1 us."""
    cpu = processor(environment)
    one, two = Share("one", cpu.root), Share("two", cpu.root)
    assert cpu.resume(one, 600 * KB) == 0.0  # the first touches are its own work
    assert cpu.resume(two, 600 * KB) == 0.0
    assert cpu.resume(one, 600 * KB) == pytest.approx(4125 * 0.1 * US)
    assert cpu.resume(one, 600 * KB) == 0.0  # nobody came between


def test_sets_that_fit_are_not_waited_for(environment: simpy.Environment) -> None:
    cpu = processor(environment)
    shares = [Share(name, cpu.root) for name in "abc"]
    assert sum(cpu.resume(share, 300 * KB) for share in shares * 5) == 0.0  # 900 of 936 kB


def test_a_set_pushed_out_altogether_comes_back_once(environment: simpy.Environment) -> None:
    """Not more than all of it, however much the others used: 64 kB are 1000 lines."""
    cpu = processor(environment)
    shares = [Share(name, cpu.root) for name in "abcd"]
    sets = (64 * KB, 900 * KB, 900 * KB, 900 * KB)
    first = [cpu.resume(share, size_bytes) for share, size_bytes in zip(shares, sets, strict=True)]
    assert first == [0.0] * 4
    assert cpu.resume(shares[0], 64 * KB) == pytest.approx(1000 * 0.1 * US)


# ---------------------------------------------------------------- one server in order of arrival


def line(environment: simpy.Environment) -> Callable[[float], Request]:
    """Queues requests that take so long."""
    link = Line(environment, "link", lambda request: request.size_bytes)
    return lambda service_s: link.queue(Request(environment, service_s))


def test_line_serves_in_order_and_accounts_for_the_present(environment: simpy.Environment) -> None:
    link = Line(environment, "link", lambda request: request.size_bytes)
    first, second = link.queue(Request(environment, 2.0)), link.queue(Request(environment, 3.0))
    assert (first.start_s, second.start_s) == (0.0, None)
    environment.run(until=second.done)
    assert (environment.now, second.start_s) == (5.0, 2.0)
    environment.run(until=6.0)
    third = link.queue(Request(environment, 4.0))
    environment.run(until=7.0)
    assert third.start_s == 6.0
    assert third.served_s(environment.now) == 1.0
    assert link.row()[:5] == ("link", 1.0, 7.0, 6.0, 1.0)  # 2 + 3 + 1 of 7 s


def test_a_request_in_the_queue_has_had_nothing(environment: simpy.Environment) -> None:
    queue = line(environment)
    requests = [queue(2.0), queue(3.0)]
    environment.run(until=1.5)
    assert [request.served_s(1.5) for request in requests] == [1.5, 0.0]
    assert [request.part(1.5) for request in requests] == [0.75, 0.0]
    environment.run(until=9.0)
    assert [request.served_s(9.0) for request in requests] == [2.0, 3.0]
    assert [request.part(9.0) for request in requests] == [1.0, 1.0]


def test_charges_add_up() -> None:
    charge = Charge()
    charge.add(cycles=5.0, operations=1.0, service_s=0.5)
    charge.add(size_bytes=7.0, operations=2.0, service_s=0.25)
    assert (charge.cycles, charge.size_bytes, charge.operations, charge.service_s) == (5.0, 7.0, 3.0, 0.75)


# ---------------------------------------------------------------- rotating disk


def disk(environment: simpy.Environment, **changes: float) -> RotatingDisk:
    """10 ms a turn, 100 kB a track, 10 MB/s; seeks of 1 to 9 ms over 1 GB; 0.1 ms a command."""
    parameters = {
        "capacity_bytes": 1 * GB, "media_bytes_per_s": 10 * MB, "rotation_s": 10 * MS,
        "seek_shortest_s": 1 * MS, "seek_longest_s": 9 * MS, "command_s": 0.1 * MS,
        "queue_depth_count": 1, "deadline_s": 1.0, "batch_bytes": 1 * MB, "anticipation_s": 0.0,
    }  # fmt: skip
    return RotatingDisk(environment, parameters | changes)


def test_what_follows_the_last_request_goes_on_at_the_media_rate(environment: simpy.Environment) -> None:
    device = disk(environment)
    environment.run(until=device.transfer(50 * KB, 0).done)
    assert device.transfer(20 * KB, 50 * KB).service_s == pytest.approx(2.1 * MS)  # 0.1 + 20 kB / (10 MB/s)


def test_a_seek_grows_with_the_square_root_of_the_distance(environment: simpy.Environment) -> None:
    device = disk(environment)
    assert device.seek_s(99_999) == 0.0  # the same track
    assert device.seek_s(0.25 * GB) == pytest.approx(5 * MS)  # 1 + 8 * sqrt(1 / 4)
    assert device.seek_s(1.00 * GB) == pytest.approx(9 * MS)


def test_the_sector_has_to_come_by(environment: simpy.Environment) -> None:
    """To 0.25 GB + 80 kB: 0.1 + 5 ms; by then half a turn and a bit has passed: 8.0 - 5.1 = 2.9 ms; 1 ms for 10 kB."""
    assert disk(environment).transfer(10 * KB, 0.25 * GB + 80 * KB).service_s == pytest.approx((5.1 + 2.9 + 1.0) * MS)


def test_a_sector_just_missed_takes_another_turn(environment: simpy.Environment) -> None:
    """Sector at 5.0 ms of the turn, the head arrives at 5.1 ms: 9.9 ms to wait."""
    assert disk(environment).transfer(10 * KB, 0.25 * GB + 50 * KB).service_s == pytest.approx((5.1 + 9.9 + 1.0) * MS)


def test_reads_and_writes_wait_for_each_other(environment: simpy.Environment) -> None:
    device = disk(environment)
    read = device.transfer(100 * KB, 0)
    write = device.transfer(100 * KB, 100 * KB, write=True)
    environment.run(until=write.done)
    assert write.start_s == pytest.approx(read.service_s)
    assert environment.now == pytest.approx(read.service_s + write.service_s)
    (row,) = device.rows()
    assert (row.device, row.busy_s, row.idle_s) == ("disk", pytest.approx(environment.now), pytest.approx(0.0))


# ---------------------------------------------------------------- network card


def network_card(environment: simpy.Environment, **changes: float) -> NetworkCard:
    """125 MB/s, frames of 38 bytes beside their payload, an interrupt for each."""
    parameters = {"link_bytes_per_s": 125 * MB, "frame_bytes": 38, "coalesce_s": 0.0, "coalesce_frames": 32}
    return NetworkCard(environment, parameters | changes)


def test_both_directions_run_at_once(environment: simpy.Environment) -> None:
    """10 packets of 1462 bytes and 38 of their frame at 125 MB/s: 120 us in either direction."""
    card = network_card(environment)
    sent, received = card.transfer("send", 14_620, 10), card.transfer("receive", 14_620, 10)
    environment.run(until=sent.done & received.done)
    assert environment.now == pytest.approx(120 * US)
    assert [(row.device, row.busy_s) for row in card.rows()] == [
        ("nic-send", pytest.approx(120 * US)),
        ("nic-receive", pytest.approx(120 * US)),
    ]


# ---------------------------------------------------------------- memory


def test_memory_is_held_and_given_back() -> None:
    memory = Memory({"capacity_bytes": 4 * 2**20}, "the memory of vm")
    memory.hold("kernel", 1 * 2**20)
    memory.hold("program", 3 * 2**20)
    assert memory.free_bytes == 0
    memory.hold("program", -2 * 2**20)
    assert memory.held_bytes == {"kernel": 2**20, "program": 2**20}
    assert memory.free_bytes == 2 * 2**20


def test_memory_that_is_not_there_is_refused_by_name() -> None:
    memory = Memory({"capacity_bytes": 4 * 2**20}, "the memory of vm")
    memory.hold("kernel", 1 * 2**20)
    with pytest.raises(OutOfMemory, match="program wants 5 MiB of the memory of vm, 3 MiB are free"):
        memory.hold("program", 5 * 2**20)
    assert memory.held_bytes == {"kernel": 2**20}


def test_more_cannot_be_given_back_than_is_held() -> None:
    memory: Any = Memory({"capacity_bytes": 100.0})
    memory.hold("program", 10.0)
    memory.hold("program", -30.0)
    assert memory.free_bytes == 100.0
