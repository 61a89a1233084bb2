"""Live migration by pre-copy: rounds that get smaller, and how long the guest stands still."""

from __future__ import annotations

from math import inf
from random import Random

from simulator.operations.migration.precopy import Dirty, Prediction, predict
from simulator.operations.migration.rules import Rules
from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.writing import Writing

TITLE = "live migration: rounds of pre-copy, and downtime"
LEVELS = {1: "a guest that always writes new pages", 2: "a guest that writes its working set only"}
_MB, _MS = 1e6, 1e-3
_PAGE_BYTES = 4096


def case(random: Random, level: int) -> Case:
    """A ratio of rates that is a simple fraction; three to six rounds."""
    rate = random.choice((100, 125, 200, 500, 1000))
    dirty = rate * random.choice((1, 2, 4, 5)) // 10
    memory = rate * random.choice((4, 8, 10, 16, 20))
    working_set = memory // random.choice((20, 25, 40)) if level > 1 else 0
    rounds = random.randint(2, 4)
    floor = random.choice((20, 30, 50, 80))
    found = moved(memory, rate, dirty, rounds, floor, working_set)
    by_hand = [_round(memory, rate, dirty, place, working_set) for place in range(rounds + 1)]
    times = [_seconds(each, rate).written for each in by_hand]
    down, total, sent = Working(by_hand[-1]), Working(), Working()
    last = down.step("sent while it stands still", f"{by_hand[-1].written} / {rate} * 1000", "ms")
    down.step("and what it takes besides", f"{last} + {floor}", "ms")
    total.pick("times of the rounds, the last one included", ", ".join(times), "s")
    total.step("all of them, and what it takes besides", f"{' + '.join(times)} + {floor} / 1000", "s")
    sent.step("all rounds", " + ".join(each.written for each in by_hand), "MB")
    questions = (
        Question("second", "How much is sent in the second round?", "MB", found.sent_bytes[1] / _MB, by_hand[1]),
        Question("last", "How much is sent while the guest stands still?", "MB", found.sent_bytes[-1] / _MB,
                 by_hand[-1]),
        Question("downtime", "How long does the guest stand still?", "ms", found.downtime_s / _MS, down),
        Question("total", "How long does the migration take in all?", "s", found.total_s, total),
        Question("sent", "How much is sent in all?", "MB", sum(found.sent_bytes) / _MB, sent),
    )  # fmt: skip
    rows = [("memory [MB]", number(memory)), ("the link carries [MB/s]", number(rate)),
            ("the guest writes pages [MB/s]", number(dirty)), ("rounds while it runs", number(rounds)),
            ("downtime besides sending [ms]", number(floor))]  # fmt: skip
    if working_set:
        rows.insert(3, ("of a working set of [MB]", number(working_set)))
    trace = tuple(
        (str(place), "runs" if place <= rounds else "stands still", number(size / _MB), number(size / _MB / rate))
        for place, size in enumerate(found.sent_bytes, 1)
    )
    again = "pages that it had not written since they were sent" if not working_set else (
        "pages of its working set only, again and again: no more than that is ever to be sent anew"
    )  # fmt: skip
    return Case(
        (
            f"A guest moves to another host while it runs. The first round sends all of its memory, each further one "
            f"what was written during the one before. It writes {again}. After {rounds} rounds it is stopped, and what "
            "is left is sent while it stands still.",
        ),
        questions,
        f"from simulator.quiz.topics.migration import moved\n"
        f"print(moved({memory}, {rate}, {dirty}, {rounds}, {floor}, {working_set}))",
        table=Table(("what", "value"), tuple(rows)),
        trace=Table(("round", "the guest", "sent [MB]", "takes [s]"), trace, frozenset({"sent [MB]", "takes [s]"})),
    )  # fmt: skip


def moved(memory: int, rate: int, dirty: int, rounds: int, floor_ms: int, working_set: int = 0) -> Prediction:
    """virtlab's rounds of pre-copy, which a simulated migration carries out as well.

    Args:
        memory: in MB.
        rate: of the link, in MB/s.
        dirty: what the guest writes, in MB/s.
        rounds: after how many it is stopped.
        floor_ms: downtime besides sending.
        working_set: in MB; 0: it never writes the same page again.
    """
    rules = Rules(page_bytes=_PAGE_BYTES, rounds_count=float(rounds), rate_bytes_per_s=inf)
    writing = Writing(swept_bytes_per_s=dirty * _MB, swept_set_bytes=(working_set or memory) * _MB)
    return predict(rules, Dirty(memory * _MB), writing, rate * _MB, floor_s=floor_ms * _MS)


def _round(memory: int, rate: int, dirty: int, place: int, working_set: int) -> Working:
    """What one round sends, from the first on."""
    working = Working()
    size = working.pick("round 1 sends", float(memory), "MB")
    for each in range(2, place + 2):
        size = working.step(f"round {each}: written during the one before", f"{size} / {rate} * {dirty}", "MB")
        if working_set and float(size) > working_set:
            size = working.pick("no more than the working set", float(working_set), "MB")
    return working


def _seconds(sent: Working, rate: int) -> Working:
    working = Working()
    working.step("over the link", f"{sent.written} / {rate}", "s")
    return working
