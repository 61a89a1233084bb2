"""A rotating disk: random requests against sequential ones, and streams that take turns."""

from __future__ import annotations

from random import Random
from statistics import fmean

import simpy

from simulator import laws
from simulator.devices.rotating_disk import RotatingDisk
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "a disk: random against sequential requests"
LEVELS = {1: "one stream", 2: "and two streams that take turns"}
_MS, _KB, _MB, _GB = 1e-3, 1e3, 1e6, 1e9
_PARTS = 1000
"""Moments of a turn at which requests begin, to take the mean over."""


def case(random: Random, level: int) -> Case:
    """A disk of round numbers."""
    rpm, turn = random.choice(((6000, 10.0), (7500, 8.0), (10000, 6.0), (15000, 4.0)))
    seek, rate = random.randint(2, 9), random.choice((50, 80, 100, 200))
    size = random.choice((4, 8, 16, 64))
    batch = random.choice((500, 1000, 2000))
    at_random, in_a_row = service_ms(turn, seek, rate, size)
    moves = Working()
    half = moves.step("half a turn in the mean", f"60000 / {rpm} / 2", "ms")
    bytes_ms = moves.step("transfer", f"{size} / {rate}", "ms")
    each = moves.step("seek, half a turn, transfer", f"{seek} + {half} + {bytes_ms}", "ms")
    row, per_second, data, ratio = Working(), Working(), Working(), Working()
    sequential = row.step("transfer alone", f"{size} / {rate}", "ms")
    per_second.step("in a second", f"1000 / {each}", "requests/s")
    requests = per_second.written
    data.step("of this size", f"{requests} * {size} / 1000", "MB/s")
    ratio.step("one over the other", f"{each} / {sequential}")
    questions = [
        Question("random", f"How long does a request of {size} kB at a random place take in the mean?", "ms", at_random,
                 moves),
        Question("sequential", "How long does it take if it begins where the one before ended?", "ms", in_a_row, row),
        Question("rate", "How many random requests does the disk serve in a second, one after the other?", "requests/s",
                 1e3 / at_random, per_second),
        Question("bytes", "What does it move in a second then?", "MB/s", size * _KB / (at_random * _MS) / _MB, data),
        Question("ratio", "How many times as long as a sequential request does a random one take?", "",
                 at_random / in_a_row, ratio),
    ]  # fmt: skip
    if level > 1:
        turns = Working()
        moved = turns.step("a batch", f"{batch} / {rate}", "ms")
        round_ms = turns.step("and the way to it", f"{moved} + {seek} + {half}", "ms")
        turns.step("moved meanwhile, both streams together", f"{batch} / {round_ms}", "MB/s")
        found = laws.alternating_streams_bytes_per_s(batch * _KB, rate * _MB, (seek + turn / 2.0) * _MS)
        text = f"Two streams take turns, {batch} kB at a time. What does the disk move for both together?"
        questions.append(Question("streams", text, "MB/s", found / _MB, turns))
    rows = (("turns a minute", number(rpm)), ("seek to any place [ms]", number(seek)),
            ("media rate [MB/s], which is kB in a ms", number(rate)), ("a request [kB]", number(size)))  # fmt: skip
    return Case(
        (
            "A disk has one arm. A request that begins where the last one ended goes on at the media rate. Any other "
            "pays a seek, and then waits until its first byte comes by. kB are 1000 bytes.",
        ),
        tuple(questions),
        f"from simulator.quiz.topics.disk import service_ms\nprint(service_ms({turn}, {seek}, {rate}, {size}))",
        table=Table(("what", "value"), rows),
    )  # fmt: skip


def service_ms(turn_ms: float, seek_ms: float, rate: float, size_kb: float) -> tuple[float, float]:
    """What virtlab's disk says of a request at a random place, in the mean over a turn, and of one in a row.

    Args:
        turn_ms: time of a turn.
        seek_ms: to any place.
        rate: of the media, in MB/s.
        size_kb: of the request.
    """
    figures = {
        "capacity_bytes": 100 * _GB, "media_bytes_per_s": rate * _MB, "rotation_s": turn_ms * _MS,
        "seek_shortest_s": seek_ms * _MS, "seek_longest_s": seek_ms * _MS, "command_s": 0.0, "queue_depth_count": 1.0,
        "deadline_s": 1.0, "batch_bytes": 0.0, "anticipation_s": 0.0,
    }  # fmt: skip
    disk = RotatingDisk(simpy.Environment(), figures)
    starts = ((part + 0.5) / _PARTS * turn_ms * _MS for part in range(_PARTS))
    apart = fmean(disk.service_s(size_kb * _KB, 50 * _GB, start_s) for start_s in starts)
    return apart / _MS, disk.service_s(size_kb * _KB, 0.0, 1.0) / _MS
