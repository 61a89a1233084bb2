"""Xen's credit scheduler: credit is given by weight and burnt by running; who is in debt comes last."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.quiz.topics._turns import MS, Setting, at, by_weight, command, due, due_by_hand, measure, turns

TITLE = "Xen's credit scheduler: who is in debt comes last"
LEVELS = {1: "two virtual processors", 2: "three of them"}
_SLICE = 30
_WEIGHTS = {
    1: ((1, 2), (1, 3), (1, 4), (1, 5), (2, 3), (1, 1)),
    2: ((1, 2, 3), (1, 1, 2), (1, 1, 3), (1, 2, 2), (1, 1, 4)),
}
"""Of which the sum divides a time slice."""


class _Slice(NamedTuple):
    """One time slice by hand: who runs, and all credit before it."""

    runs: str
    credit: dict[str, float]


def case(random: Random, level: int) -> Case:
    """Eight or nine slices of guests that always compute."""
    chosen = list(random.choice(_WEIGHTS[level]))
    random.shuffle(chosen)
    weights = dict(zip("abc", chosen, strict=False))
    count = random.choice((8, 9, 10))
    drawing = by_weight(weights)
    setting = Setting(policy="xen_credit", seconds=count * _SLICE * MS)
    found = turns(measure(drawing, setting))
    runs = [at(found, (place + 0.5) * _SLICE) for place in range(count)]
    slices = _by_hand(weights, count)
    name, asked = random.choice(list(weights)), random.randrange(2, count)
    got = sum(turn.end - turn.start for turn in found if turn.thread == name)
    questions = (
        Question("runs", f"Who runs in slice {asked + 1}?", "", runs[asked], _runs(slices, asked), tuple(weights)),
        Question("time", f"For how long does {name} run in these {count} slices?", "ms", got, _time(slices, name)),
        Question("share", "Which part of the time is that?", "%", got / (count * _SLICE) * 100.0,
                 _share(slices, name)),
        Question("fair", f"Which part is due to {name} by its weight?", "%", due(weights, name),
                 due_by_hand(weights, name)),
    )  # fmt: skip
    heads = ("slice", "from [ms]", *(f"credit of {each} [ms]" for each in weights), "runs")
    trace = tuple(
        (str(place), number((place - 1) * _SLICE), *(number(each.credit[who]) for who in weights), who_runs)
        for place, (each, who_runs) in enumerate(zip(slices, runs, strict=True), 1)
    )
    return Case(
        (
            "Virtual processors that always compute share one processor under Xen's credit scheduler. Running burns "
            f"credit. At the end of every time slice of {_SLICE} ms, {_SLICE} ms of credit are given out by weight; "
            f"nobody has more than {_SLICE} ms, or owes more. Then whoever comes first in the line of those with "
            "credit of 0 or more runs, and if there is none the first of the others; who has had the slice stands at "
            "the end of the line. At the beginning nobody has credit or debt, and the line is in the order of the "
            "names.",
        ),
        questions, command(drawing, setting), drawing,
        Table(("virtual processor", "weight", "credit for a slice [ms]"), tuple(
            (each, number(weight), number(_SLICE * weight / sum(weights.values()))) for each, weight in weights.items()
        )),
        Table(heads, trace, frozenset(heads[2:])),
    )  # fmt: skip


def _by_hand(weights: dict[str, int], count: int) -> list[_Slice]:
    credit, line, found = dict.fromkeys(weights, 0.0), list(weights), list[_Slice]()
    total = sum(weights.values())
    for _ in range(count):
        runs = next((name for name in line if credit[name] >= 0.0), line[0])
        found.append(_Slice(runs, dict(credit)))
        line.remove(runs)
        line.append(runs)
        credit[runs] -= _SLICE
        for name, weight in weights.items():
            credit[name] = max(-_SLICE, min(_SLICE, credit[name] + _SLICE * weight / total))
    return found


def _runs(slices: list[_Slice], last: int) -> Working:
    working = Working()
    for place, each in enumerate(slices[: last + 1], 1):
        owned = ", ".join(f"{name} {number(credit)}" for name, credit in each.credit.items())
        working.pick(f"slice {place}, credit {owned}", each.runs)
    return working


def _time(slices: list[_Slice], name: str) -> Working:
    working = Working()
    working.pick("slices run by", " ".join(each.runs for each in slices))
    count = sum(each.runs == name for each in slices)
    working.step(f"those of {name}", f"{count} * {_SLICE}", "ms")
    return working


def _share(slices: list[_Slice], name: str) -> Working:
    working = _time(slices, name)
    working.step("of all", f"{working.written} / ({len(slices)} * {_SLICE}) * 100", "%")
    return working
