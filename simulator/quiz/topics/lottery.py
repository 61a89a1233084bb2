"""Lottery scheduling: at every slice a ticket is drawn, and its holder runs."""

from __future__ import annotations

from itertools import accumulate
from random import Random

from simulator.quiz.case import Case, Question, Table, Working, number
from simulator.quiz.topics._turns import MS, Setting, at, by_weight, command, due, measure, row, turns

TITLE = "lottery: who holds the ticket that is drawn"
LEVELS = {1: "five drawings", 2: "ten drawings"}
_TICKETS = 10
_ROUNDS = 100


def case(random: Random, level: int) -> Case:
    """Three threads; the numbers are those that virtlab's scheduler draws from its own seed."""
    weights = {name: random.randint(1, 5) for name in "abc"}
    drawings, slice_ms, seed = 5 * level, random.choice((10, 20, 100)), random.randint(1, 999)
    drawing = by_weight(weights)
    numbers = {"seed": float(seed), "tickets": float(_TICKETS)}
    setting = Setting(policy="lottery", slice_s=slice_ms * MS, parameters=numbers, seconds=drawings * slice_ms * MS)
    outcome = measure(drawing, setting)
    found = turns(outcome)
    total, generator = sum(weights.values()) * _TICKETS, Random(seed)
    drawn = [generator.getrandbits(48) % (total * _ROUNDS) for _ in range(drawings)]
    winners = [at(found, (place + 0.5) * slice_ms) for place in range(drawings)]
    name, asked = random.choice(list(weights)), random.randrange(drawings)
    chance = Working()
    chance.step("its tickets of all", f"{weights[name] * _TICKETS} / {total} * 100", "%")
    questions = (
        Question(
            "winner", f"Who runs in slice {asked + 1}?", "", winners[asked], _winner(weights, drawn[asked]),
            tuple(weights),
        ),
        Question(
            "share", f"Which part of these {drawings} slices does {name} get?", "%", row(outcome, name).share * 100.0,
            _share(weights, drawn, name),
        ),
        Question("wins", f"In how many of the {drawings} slices does a run?", "", float(winners.count("a")),
                 _wins(weights, drawn)),
        Question("expected", f"Which part would {name} get of very many slices?", "%", due(weights, name), chance),
    )  # fmt: skip
    rows = tuple(
        (str(place), number(value), number(value % total), winner)
        for place, (value, winner) in enumerate(zip(drawn, winners, strict=True), 1)
    )
    return Case(
        (
            f"At the beginning of every slice of {slice_ms} ms a number is drawn, and taken modulo the number of all "
            f"tickets. Tickets are counted through from 0: first those of a, then those of b, then those of c. Each "
            f"has {_TICKETS} tickets for a weight of 1.",
        ),
        questions, command(drawing, setting), drawing,
        Table(("thread", "weight", "tickets"),
              tuple((each, number(weight), number(weight * _TICKETS)) for each, weight in weights.items())),
        Table(("slice", "number drawn", "ticket", "runs"), rows, frozenset({"ticket", "runs"})),
    )  # fmt: skip


def _holder(weights: dict[str, int], ticket: int) -> str:
    ends = accumulate(weight * _TICKETS for weight in weights.values())
    return next(name for name, end in zip(weights, ends, strict=True) if ticket < end)


def _winner(weights: dict[str, int], value: int) -> Working:
    total, working = sum(weights.values()) * _TICKETS, Working()
    times = value // total
    ticket = working.step(f"{value} modulo {total}", f"{value} - {times} * {total}")
    begin = 0
    for name, weight in weights.items():
        end = begin + weight * _TICKETS
        if begin <= int(ticket) < end:
            working.pick(f"tickets {begin} to {end - 1} belong to", name)
        begin = end
    return working


def _wins(weights: dict[str, int], drawn: list[int], name: str = "a") -> Working:
    total, working = sum(weights.values()) * _TICKETS, Working()
    held = [_holder(weights, value % total) for value in drawn]
    working.pick("tickets drawn", " ".join(number(value % total) for value in drawn))
    working.pick("they belong to", " ".join(held))
    working.pick(f"of {name} are", float(held.count(name)))
    return working


def _share(weights: dict[str, int], drawn: list[int], name: str) -> Working:
    working = _wins(weights, drawn, name)
    working.step("of all slices", f"{working.written} / {len(drawn)} * 100", "%")
    return working
