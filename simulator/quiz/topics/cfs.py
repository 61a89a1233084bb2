"""The completely fair scheduler: in each period everybody runs once, for its weight's part of it."""

from __future__ import annotations

from random import Random

from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.quiz.topics._turns import MS, Setting, by_weight, command, due_by_hand, measure, row, turns

TITLE = "CFS: slices by weight, and how long one waits"
LEVELS = {1: "slices by weight", 2: "the shortest slice decides"}
_PERIODS = 2


def case(random: Random, level: int) -> Case:
    """Weights that divide the period."""
    if level == 1:
        weights = {name: random.randint(1, 4) for name in "abc"}
        latency, least = sum(weights.values()) * random.choice((2, 3, 4)), 1
    else:
        weights = dict.fromkeys("abcdefgh"[: random.randint(5, 8)], 1)
        latency, least = 12, random.choice((3, 4, 5))
    period = max(latency, len(weights) * least)
    drawing = by_weight(weights)
    numbers = {"latency_s": latency * MS, "minimum_granularity_s": least * MS}
    setting = Setting(policy="cfs", parameters=numbers, seconds=_PERIODS * period * MS)
    outcome = measure(drawing, setting)
    found = turns(outcome)
    name = random.choice(list(weights))
    first = next(each for each in found if each.thread == name)
    begin = next(each.start for each in found[1:] if each.thread == found[0].thread)
    questions = (
        Question("period", "How long is a period?", "ms", begin, _period(weights, latency, least)),
        Question(
            "slice", f"How long is one turn of {name}?", "ms", first.end - first.start,
            _slice(weights, latency, least, name),
        ),
        Question(
            "wait", f"How long does {name} wait from one turn to the next?", "ms",
            next(each.start for each in found if each.thread == name and each.start > first.start) - first.end,
            _wait(weights, latency, least, name),
        ),
        Question(
            "share", f"Which part of the processor does {name} get?", "%", row(outcome, name).share * 100.0,
            due_by_hand(weights, name),
        ),
    )  # fmt: skip
    rows = tuple((number(each.start), each.thread, number(each.end)) for each in found)
    return Case(
        (
            f"Threads that always compute share one processor by CFS. A period is {latency} ms, or as long as all take "
            f"that have {least} ms each, whichever is longer. In each everybody runs once, in the order of the names, "
            "for its weight's part of it.",
        ),
        questions, command(drawing, setting), drawing,
        Table(("thread", "weight"), tuple((each, number(weight)) for each, weight in weights.items())),
        Table(("from [ms]", "thread", "until [ms]"), rows, frozenset({"from [ms]", "until [ms]"})),
    )  # fmt: skip


def _period(weights: dict[str, int], latency: int, least: int) -> Working:
    working = Working()
    needed = working.step(f"{len(weights)} threads of at least {least} ms", f"{len(weights)} * {least}", "ms")
    working.pick(f"the longer of {latency} and {needed} ms", max(float(latency), float(needed)), "ms")
    return working


def _slice(weights: dict[str, int], latency: int, least: int, name: str) -> Working:
    working = _period(weights, latency, least)
    total = sum(weights.values())
    working.step(f"part of {name}", f"{working.written} * {weights[name]} / {total}", "ms")
    return working


def _wait(weights: dict[str, int], latency: int, least: int, name: str) -> Working:
    period = _period(weights, latency, least).written
    working = _slice(weights, latency, least, name)
    working.step("the rest of the period", f"{period} - {working.written}", "ms")
    return working
