"""A ring between a guest and its back end: who sends kicks only if nobody is awake, and what waits for what."""

from __future__ import annotations

from collections.abc import Generator
from random import Random
from statistics import fmean
from typing import NamedTuple

import simpy

from simulator.plans import Enqueue
from simulator.queues import Ring
from simulator.quiz.case import Case, Question, Table, Working, number

TITLE = "a ring and its server: kicks only when it sleeps"
LEVELS = {1: "a server that sleeps at once", 2: "a server that looks on before it sleeps"}


class Served(NamedTuple):
    """One request: when it came, whether it kicked, when it was begun and done."""

    at: float
    kick: bool
    begun: float
    done: float


def case(random: Random, level: int) -> Case:
    """Requests at whole microseconds; the server works on each for a while."""
    work, kick = random.randint(3, 9), random.randint(1, 5)
    looks = random.randint(2, 6) if level > 1 else 0
    times, now = [], 0
    for _ in range(random.randint(6, 9)):
        times.append(now)
        now += random.choice((random.randint(1, work - 1), random.randint(work + 1, 3 * work)))
    served = serve(times, work, looks)
    by_hand = _by_hand(times, work, looks)
    kicks = Working()
    kicks.pick(
        "requests that find the server asleep", ", ".join(str(n) for n, each in enumerate(by_hand, 1) if each[0])
    )
    kicks.pick("kicks", float(sum(each[0] for each in by_hand)))
    cost, naive = Working(), Working()
    cost.step("kicks", f"{kicks.written} * {kick}", "us")
    naive.step("saved", f"({len(times)} - {kicks.written}) * {kick}", "us")
    mean = Working()
    waits = [number(begun - at) for at, (_, begun) in zip(times, by_hand, strict=True)]
    mean.step("waits, each from coming to being begun", f"({' + '.join(waits)}) / {len(times)}", "us")
    end = Working()
    end.step("begun, and the work", f"{number(by_hand[-1][1])} + {work}", "us")
    count = sum(each.kick for each in served)
    questions = (
        Question("kicks", "How many requests kick?", "", float(count), kicks),
        Question("cost", "What do kicks take of the guest's processor in all?", "us", float(count * kick), cost),
        Question("saved", "How much more would it be if every request kicked?", "us",
                 float((len(times) - count) * kick), naive),
        Question("wait", "How long does a request wait in the mean before the server begins with it?", "us",
                 fmean(each.begun - each.at for each in served), mean),
        Question("end", "When is the last request done?", "us", served[-1].done, end),
    )  # fmt: skip
    trace = tuple(
        (str(place), number(each.at), "yes" if each.kick else "no", number(each.begun), number(each.done))
        for place, each in enumerate(served, 1)
    )
    sleeps = (
        f"looks on for {looks} us when the ring is empty and then goes to sleep" if looks
        else "goes to sleep at once when the ring is empty"
    )  # fmt: skip
    heads = ("request", "comes [us]", "kicks", "begun [us]", "done [us]")
    return Case(
        (
            "A guest puts requests into a ring. A back end on another processor takes them out, one after the other, "
            f"{work} us each. It {sleeps}; whoever then puts a request into the ring kicks it awake, which takes "
            f"{kick} us of the guest's processor. At the beginning it sleeps, and waking takes it no time. A request "
            "that comes at the very moment at which it would go to sleep, or is done, finds it awake.",
        ),
        questions,
        f"from simulator.quiz.topics import kicks\nfor each in kicks.serve({times}, {work}, {looks}):\n    print(each)",
        trace=Table(heads, trace, frozenset(heads[2:])),
    )  # fmt: skip


def serve(times: list[int], work: int, looks: int = 0) -> list[Served]:
    """virtlab's ring with one server, on a simulated clock.

    Args:
        times: at which requests come.
        work: time of the server for each.
        looks: how long it looks on before it sleeps.
    """
    environment = simpy.Environment()
    ring = Ring(environment.event, capacity=float(len(times)))
    came: list[tuple[float, bool]] = []
    done: list[tuple[float, float]] = []

    def guest() -> Generator[simpy.Event, None, None]:
        for at in times:
            yield environment.timeout(at - environment.now)
            ring.admit(1.0)
            came.append((environment.now, ring.kick_is_due()))
            ring.put(Enqueue("ring", (), (), (), False, 0.0, 0.0, 1.0))

    def server() -> Generator[simpy.Event, None, None]:
        until = 0.0
        while len(done) < len(times):
            if ring.take(1):
                begun = environment.now
                yield environment.timeout(work)
                done.append((begun, environment.now))
                until = environment.now + looks
            elif environment.now < until:
                yield environment.timeout(1.0)
            else:
                yield ring.server_waits()

    environment.process(guest())
    environment.process(server())
    environment.run()
    return [Served(*first, *last) for first, last in zip(came, done, strict=True)]


def _by_hand(times: list[int], work: int, looks: int) -> list[tuple[bool, float]]:
    """Whether each request kicks, and when it is begun: the later of its coming and the end of the one before."""
    found, free = [], -1.0 - looks
    for at in times:
        found.append((at > free + looks, max(float(at), free)))
        free = found[-1][1] + work
    return found
