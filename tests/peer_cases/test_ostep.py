"""OSTEP's homework simulators: the disk, a cache that must be warmed, and schedulers (in order, lottery, feedback).

Arpaci-Dusseau and Arpaci-Dusseau, Operating Systems: Three Easy Pieces, ``disk.py``, ``multi.py``, ``scheduler.py``,
``lottery.py`` and ``mlfq.py``. The last two are policies of a user's own: one file each, found by existing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import simpy

from simulator.demands import AccessMemory
from simulator.devices._line import Line
from simulator.devices.base import Request
from simulator.devices.processor import Processor
from simulator.devices.rotating_disk import RotatingDisk
from simulator.layers.hardware import Hardware
from simulator.sharing._trace import Trace
from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import Scheduling, Share
from simulator.steps import Use

# One sector is a byte: 12 on a track, 30 time units each; every seek takes 40. At time 0 the head is half-way through
# sector 6, so sector 10 comes by after 3.5 sectors: 105.
GEOMETRY = {
    "capacity_bytes": 36.0,
    "media_bytes_per_s": 12.0 / 360.0,
    "rotation_s": 360.0,
    "seek_shortest_s": 40.0,
    "seek_longest_s": 40.0,
    "command_s": 0.0,
    "queue_depth_count": 1.0,
    "deadline_s": 1e6,
    "batch_bytes": 36.0,
    "anticipation_s": 0.0,
}
PHASE = 6.5 / 12.0


@pytest.mark.parametrize(
    ("sectors", "services", "total"),
    [
        ([10], [135], 135),  # 105 + 30
        ([10, 11], [135, 30], 165),  # the next sector follows
        ([10, 18], [135, 240], 375),  # at 135 + 40 the head is 10 degrees into the turn; sector 6 of the track at 180
    ],
)
def test_disk(sectors: list[int], services: list[float], total: float) -> None:
    environment = simpy.Environment()
    disk = RotatingDisk(environment, GEOMETRY, phase=PHASE)
    requests = [disk.transfer(1.0, sector) for sector in sectors]
    environment.run()
    assert [request.service_s for request in requests] == pytest.approx(services, rel=1e-12)
    assert environment.now == pytest.approx(total, rel=1e-12)


def test_first_come_first_served() -> None:
    """Jobs of 1, 4 and 7 at time 0: response 0, 1, 5; turnaround 1, 5, 12."""
    environment = simpy.Environment()
    line = Line(environment, "cpu", lambda request: request.size_bytes)
    requests = [line.queue(Request(environment, length)) for length in (1, 4, 7)]
    environment.run()
    responses = [request.start_s for request in requests]
    turnarounds = [request.start_s + request.service_s for request in requests]
    assert (responses, turnarounds) == ([0, 1, 5], [1, 5, 12])
    assert (sum(responses) / 3, sum(turnarounds) / 3) == (2.0, 6.0)


# Work of 30 units on a set of 200 bytes; cold it takes 1 a tick, warm 2; after 10 cold ticks the set is warm. So a warm
# job takes 15 ticks, and warming costs 5 more: 10 ticks for what takes 5. An access of one byte a time, 200 of them a
# set: cold 5 / 200 ticks longer than warm.
WORK, WARM_RATE, SET = 30.0, 2.0, 200.0
WARMING = 10.0 - 10.0 / WARM_RATE


def test_a_cold_set_is_fetched_once_and_then_warm() -> None:
    """Pushed out altogether while others ran: 10 cold and 20 / 2 warm ticks are 20."""
    environment = simpy.Environment()
    parameters = {"cache_bytes": 300.0, "cache_kernel_bytes": 0.0, "cache_line_bytes": 1.0}
    miss = {"cache_miss_s": WARMING / SET}
    cpu = Processor(environment, {"cores_count": 1.0, "frequency_hz": 1.0, **parameters, **miss})
    job, other = Share("job", cpu.root), Share("other", cpu.root)
    for share, set_bytes in ((job, SET), (other, 300.0)):
        assert cpu.resume(share, set_bytes) == 0.0
    environment.run(until=cpu.run(WORK / WARM_RATE, job, stall_s=cpu.resume(job, SET)))
    assert environment.now == pytest.approx(20.0)


@pytest.mark.parametrize(("cache_bytes", "ticks"), [(300.0, 15.0), (1e-9, 30.0)], ids=["warm", "never warm"])
def test_a_set_that_never_gets_warm_is_cold_at_each_access(cache_bytes: float, ticks: float) -> None:
    """The limits of the same model: all of the set in the cache, or nothing of it ever. 600 accesses, three a byte."""
    accesses = 3.0 * SET
    machine = Hardware({
        "cache_bytes": cache_bytes, "cache_line_bytes": 1.0, "page_bytes": 4096.0, "tlb_entries_count": 1.0,
        "table_entry_bytes": 8.0, "cached_access_s": WORK / WARM_RATE / accesses, "memory_access_s": WORK / accesses,
        "memory_bytes_per_s": 1.0,
    })  # fmt: skip
    uses = [use for use in machine.lower(AccessMemory("random", SET)) if isinstance(use, Use)]
    assert accesses * sum(use.stall_s for use in uses) == pytest.approx(ticks)


def test_first_come_first_served_by_threads() -> None:
    """The same on a processor whose scheduler takes nobody off it."""
    environment, ends = simpy.Environment(), []
    cpu = Quantum(environment, 1.0, 1.0, scheduling=Scheduling("fifo"))
    for length in (1.0, 4.0, 7.0):
        cpu.submit(Share(f"{length}", cpu.root), length, lambda share: ends.append(environment.now))
    environment.run()
    assert ends == [1.0, 5.0, 12.0]


LOTTERY = """
    from simulator.sharing.policies._base import Policy

    NUMBERS = [511275, 404934, 783799, 303313, 476597, 583382, 908113, 504687, 281838, 755804, 618369, 250506]

    class Lottery(Policy):
        CLOSED = False
        HONOURS = frozenset({"weight"})

        def prepare(self):
            self.numbers = iter(NUMBERS)

        def assign(self, queue):
            for entity in queue.entities:
                entity.slice_ns, entity.step = 1_000_000_000, 1

        def pick(self, queue):
            entities = sorted(queue.entities, key=lambda entity: entity.rank)
            if len(entities) < 2:
                return entities[0] if entities else None
            winner = next(self.numbers) % sum(entity.weight for entity in entities)
            for entity in entities:
                winner -= entity.weight
                if winner < 0:
                    return entity

    POLICY = Lottery
    """
FEEDBACK = """
    from simulator.sharing.policies._base import Policy

    QUANTUM_NS, LEVEL = 10_000_000_000, 1 << 40

    class Feedback(Policy):
        CLOSED = False

        def place(self, queue, entity, woken):
            # behind all of its level, also behind one whose turn is over at this instant
            entity.data = entity.data or (0, QUANTUM_NS)
            entity.tag = entity.data[0] * LEVEL + 2 * queue.clock_ns + 1

        def assign(self, queue):
            for entity in queue.entities:
                entity.slice_ns, entity.step = QUANTUM_NS, 1

        def slice_ns(self, queue, entity):
            return entity.data[1]

        def charge(self, queue, entity, ran_ns):
            level, left_ns = entity.data
            entity.data = level, left_ns - ran_ns
            if left_ns == ran_ns:
                entity.data = min(2, level + 1), QUANTUM_NS
                entity.tag = entity.data[0] * LEVEL + 2 * queue.clock_ns

        def preempts(self, queue, entity, current):
            return entity.data[0] < current.data[0]

        def replan(self, queue):
            self.assign(queue)

    POLICY = Feedback
    """


@pytest.fixture
def own_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two policies in a folder of the user's."""
    folder = tmp_path / "modules" / "sharing" / "policies"
    folder.mkdir(parents=True)
    (folder / "drawn_lots.py").write_text(dedent(LOTTERY))
    (folder / "feedback.py").write_text(dedent(FEEDBACK))
    monkeypatch.setenv("VIRTLAB_CATALOG", str(tmp_path))


@pytest.mark.usefixtures("own_policies")
def test_lottery() -> None:
    """Lengths 8 and 4 with 75 and 25 tickets: number modulo 100 below 75 is job 0's."""
    environment, ends = simpy.Environment(), []
    trace = Trace()
    cpu = Quantum(environment, 1.0, 1.0, scheduling=Scheduling("drawn_lots"), trace=trace)
    for name, length, tickets in (("0", 8.0, 75.0), ("1", 4.0, 25.0)):
        share = Share(name, cpu.root, weight=tickets)
        cpu.submit(share, length, lambda share: ends.append((share.name, environment.now)))
    environment.run()
    cpu.settle()
    runs = "".join(name * round(end_s - start_s) for _, _, name, start_s, end_s in trace)
    assert runs == "101011" + "0" * 6
    assert ends == [("1", 6.0), ("0", 12.0)]


@pytest.mark.usefixtures("own_policies")
def test_multi_level_feedback() -> None:
    """Jobs of 84, 42 and 51 that wait 5 for a device after every 7, 2 and 4."""
    environment = simpy.Environment()
    trace = Trace()
    cpu = Quantum(environment, 1.0, 1.0, scheduling=Scheduling("feedback"), trace=trace)
    ends: dict[str, float] = {}

    def job(name: str, length: int, every: int) -> Iterator[simpy.Event]:
        share = Share(name, cpu.root)
        while length:
            burst = min(length, every)
            ended = environment.event()
            cpu.submit(share, float(burst), lambda _, ended=ended: ended.succeed())
            yield ended
            length -= burst
            if length:
                yield environment.timeout(5.0)
        ends[name] = environment.now

    for name, length, every in (("0", 84, 7), ("1", 42, 2), ("2", 51, 4)):
        environment.process(job(name, length, every))
    environment.run()
    responses = [min(start_s for _, _, name, start_s, _ in trace if name == job) for job in "012"]
    assert responses == [0.0, 7.0, 9.0]
    assert [ends[name] for name in "012"] == [175.0, 191.0, 168.0]
