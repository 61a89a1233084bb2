"""What happens at the instant at which work on the fluid processor ends: who goes on, in which order, seeing what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import simpy

from simulator.devices.processor import Processor, Thread
from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import Share

PARAMETERS = {
    "cores_count": 2.0, "frequency_hz": 1.0, "cache_bytes": 1e6, "cache_kernel_bytes": 0.0, "cache_line_bytes": 64.0,
    "cache_miss_s": 1e-7, "idle_after_s": 1e-3, "idle_exit_s": 1e-4, "page_bytes": 4096.0, "tlb_entries_count": 64.0,
    "table_entry_bytes": 8.0, "cached_access_s": 1e-8, "memory_access_s": 1e-7, "memory_bytes_per_s": 1e9,
}  # fmt: skip


@pytest.fixture
def environment() -> simpy.Environment:
    return simpy.Environment()


@pytest.fixture
def cpu(environment: simpy.Environment) -> Processor:
    return Processor(environment, PARAMETERS)


def entries(environment: simpy.Environment) -> int:
    """Calendar entries until nothing is left to do."""
    count = 0
    while environment.peek() < float("inf"):
        environment.step()
        count += 1
    return count


def test_an_end_takes_one_calendar_entry(environment: simpy.Environment, cpu: Processor) -> None:
    """Ten pieces one after the other: the start of the process, ten ends, and the end of the process."""

    def program() -> Iterator[simpy.Event]:
        for _ in range(10):
            yield cpu.run(1.0)

    environment.process(program())
    assert entries(environment) == 12
    assert environment.now == 10.0


def test_later_ends_reuse_the_entry(environment: simpy.Environment) -> None:
    """Arrivals make the end later each time: the first entry, found too early, is all that was added."""
    device = Fluid(environment, 1.0, 1.0)
    ends: list[float] = []
    for _ in range(10):
        device.submit(Share("thread", device.root), 1.0, lambda _: ends.append(environment.now))
    assert entries(environment) == 2
    assert ends == pytest.approx([10.0] * 10)


def test_those_that_end_together_go_on_in_order_and_see_all_cores_idle(
    environment: simpy.Environment, cpu: Processor
) -> None:
    seen = []

    def program(name: str) -> Iterator[simpy.Event]:
        yield cpu.run(1.0)
        seen.append((name, len(cpu.sharing.active), cpu.root.rate))

    for name in "abcd":
        environment.process(program(name))
    environment.run()
    assert seen == [(name, 0, 0.0) for name in "abcd"]


@pytest.mark.parametrize("own", [False, True])
def test_ties_are_broken_by_order_of_scheduling(environment: simpy.Environment, cpu: Processor, own: bool) -> None:
    """Work ends at the instant of two time-outs, one made before it and one after: it is told after both."""
    log: list[str] = []
    share = Share("thread", cpu.root)

    def waits(name: str) -> Iterator[simpy.Event]:
        yield environment.timeout(1.0)
        log.append(name)

    def works() -> Iterator[simpy.Event]:
        yield cpu.thread(share).run(1.0) if own else cpu.run(1.0, share)
        log.append("work")

    for program in (waits("before"), works(), waits("after")):
        environment.process(program)
    environment.run()
    assert log == ["before", "after", "work"]


def test_rates_are_up_to_date_for_who_goes_on(environment: simpy.Environment, cpu: Processor) -> None:
    """Of three threads on two cores one has ended: the others have a core each from that instant, whoever looks."""
    long = [Share("long", cpu.root) for _ in range(2)]
    seen = []

    def program() -> Iterator[simpy.Event]:
        yield cpu.run(1.0)
        seen.append([share.rate for share in long])
        yield cpu.run(1.0)
        seen.append(environment.now)

    environment.process(program())
    for share in long:
        cpu.run(10.0, share)
    environment.run(until=5.0)
    assert seen == [pytest.approx([1.0, 1.0]), pytest.approx(3.0)]  # each piece with two thirds of a core


def test_an_end_in_a_condition(environment: simpy.Environment, cpu: Processor) -> None:
    def program() -> Iterator[Any]:
        fast, slow = cpu.run(1.0), cpu.run(3.0)
        first = yield fast | slow
        both = yield fast & slow
        return list(first) == [fast], list(both) == [fast, slow], fast.processed

    assert environment.run(until=environment.process(program())) == (True, True, True)


def test_a_run_may_end_with_a_piece_of_work_and_go_on(environment: simpy.Environment, cpu: Processor) -> None:
    """Three end at once; the run ends with the first, the others are not forgotten."""
    first, *others = [cpu.run(1.0) for _ in range(3)]
    assert environment.run(until=first) == 0.0
    assert all(event.processed for event in others)
    assert environment.run(until=cpu.run(1.0)) == 0.0
    assert environment.now == pytest.approx(2.5)


def test_an_end_may_stop_another_thread(environment: simpy.Environment, cpu: Processor) -> None:
    """Two cores, three threads: after 1.5 s one ends and stops the second, which has had 1 of its 4; one goes on."""
    share, log = Share("victim", cpu.root), []

    def killer() -> Iterator[simpy.Event]:
        yield cpu.run(1.0)
        log.append(cpu.stop(share))

    def victim() -> Iterator[Any]:
        log.append((yield cpu.run(4.0, share)))

    environment.process(killer())
    environment.process(victim())
    environment.run(until=cpu.run(2.0))
    assert log == [pytest.approx(3.0), pytest.approx(3.0)]
    assert environment.now == pytest.approx(2.5)


def test_rules_may_change_while_ends_are_told(environment: simpy.Environment) -> None:
    """At the end of the first the capacity and the weight of another change: both count from that instant."""
    device, log = Fluid(environment, 3.0, 1.0), []
    shares = {name: Share(name, device.root) for name in "abc"}

    def ended(share: Share) -> None:
        log.append((share.name, environment.now))
        if share is shares["a"]:
            device.set(shares["b"], weight=3.0)
            device.set(device.root, cap=1.0)

    for share, work in zip(shares.values(), (1.0, 4.0, 2.0), strict=True):
        device.submit(share, work, ended)
    environment.run()
    # from 1.0 on one core is divided 3 : 1; b needs 3 / 0.75, by then c, too, has had its 1
    assert log == [("a", 1.0), ("b", pytest.approx(5.0)), ("c", pytest.approx(5.0))]


def test_a_group_frozen_while_ends_are_told(environment: simpy.Environment) -> None:
    device, log = Fluid(environment, 2.0, 1.0), []
    group = Share("group", device.root)
    inside, outside = Share("inside", group), Share("outside", device.root)
    device.submit(inside, 2.0, lambda share: log.append((share.name, environment.now)))
    device.submit(outside, 1.0, lambda share: device.set(group, frozen=True))
    environment.run(until=4.0)
    device.set(group, frozen=False)
    environment.run()
    assert log == [("inside", pytest.approx(5.0))]
    assert inside.frozen_s == pytest.approx(3.0)


def test_a_group_may_become_a_thread_and_a_thread_a_group(environment: simpy.Environment) -> None:
    device, log = Fluid(environment, 1.0, 1.0), []
    parent = Share("parent", device.root)
    device.submit(parent, 1.0, lambda share: log.append((share.name, environment.now)))
    environment.run()
    child = Share("child", parent)
    device.submit(child, 1.0, lambda share: log.append((share.name, environment.now)))
    environment.run()
    parent.children.remove(child)
    device.submit(parent, 1.0, lambda share: log.append((share.name, environment.now)))
    environment.run()
    assert log == [("parent", 1.0), ("child", 2.0), ("parent", 3.0)]


# ---------------------------------------------------------------- threads with one event


def test_a_thread_has_the_same_event_each_time(environment: simpy.Environment, cpu: Processor) -> None:
    events, log = [], []

    def program(thread: Thread) -> Iterator[simpy.Event]:
        for cycles in (1.0, 2.0, 0.5):
            event = thread.run(cycles)
            events.append(event)
            log.append(((yield event), environment.now))

    environment.process(program(cpu.thread(Share("thread", cpu.root))))
    assert entries(environment) == 5  # the start of the process, three ends, the end of the process
    assert log == [(0.0, 1.0), (0.0, 3.0), (0.0, 3.5)]
    assert len(set(map(id, events))) == 1


def test_a_thread_waits_for_memory_too(environment: simpy.Environment, cpu: Processor) -> None:
    def program(thread: Thread) -> Iterator[simpy.Event]:
        yield thread.run(1.0, stall_s=0.5)

    environment.process(program(cpu.thread(Share("thread", cpu.root))))
    environment.run()
    assert environment.now == 1.5


def test_a_thread_that_is_stopped_gets_the_remainder_and_goes_on(
    environment: simpy.Environment, cpu: Processor
) -> None:
    thread, log = cpu.thread(Share("thread", cpu.root)), []

    def program() -> Iterator[Any]:
        left = yield thread.run(3.0)
        log.append((left, environment.now))
        log.append(((yield thread.run(left)), environment.now))

    def stopper() -> Iterator[simpy.Event]:
        yield environment.timeout(1.0)
        cpu.stop(thread.share)

    environment.process(program())
    environment.process(stopper())
    environment.run()
    assert log == [(2.0, 1.0), (0.0, 3.0)]


def test_ends_and_runs_take_the_same_time(environment: simpy.Environment, cpu: Processor) -> None:
    """Three threads of their own event and three with an event each, in turn: equal ends, equal cores at rest."""
    log: list[tuple[str, float]] = []

    def own(name: str) -> Iterator[simpy.Event]:
        thread = cpu.thread(Share(name, cpu.root))
        for _ in range(3):
            yield thread.run(1.0)
            log.append((name, environment.now))

    def each(name: str) -> Iterator[simpy.Event]:
        share = Share(name, cpu.root)
        for _ in range(3):
            yield cpu.run(1.0, share)
            log.append((name, environment.now))

    for number in range(3):
        environment.process(own(f"own {number}"))
        environment.process(each(f"each {number}"))
    environment.run()
    assert [end for _, end in log] == pytest.approx([3.0] * 6 + [6.0] * 6 + [9.0] * 6)
    assert log[0:6] and [name for name, _ in log[:6]] == [name for name, _ in log[6:12]]
    assert cpu.row().busy_s == pytest.approx(18.0)
