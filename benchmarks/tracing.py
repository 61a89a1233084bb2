"""What observers cost a schedule: the same slices with nobody watching, with every transition told, with a full trace.

8 processors under EEVDF, which ends every slice at an event whoever watches; 24 threads, work exponential with mean
20 ms, then a pause of 5 ms in the mean. All take turns in one process; each round compares a run with the next to it.
Run: ``python benchmarks/tracing.py [rounds]``; prints the ratios, and one line of JSON.

What nobody watching costs is no difference between two runs: the hooks are tests of an attribute in code that is run
anyway. How often they are passed is counted, what one takes is measured in a loop, and the product is put over the time
of the run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from random import Random
from statistics import median
from time import process_time
from timeit import repeat
from typing import Any

import simpy

from simulator.sharing._observers import Observers
from simulator.sharing._rotation import RunQueue
from simulator.sharing._trace import Trace
from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import Scheduling, Share

PROCESSORS, THREADS, SIMULATED_S = 8, 24, 2.0
WORK_S, PAUSE_S = 0.02, 0.005
TELLING, TRACING = "on_transition", "trace"


def watched(how: str) -> tuple[float, int]:
    """One run: seconds, and what was told or traced. Read back as segments too, which is not part of the time."""
    told: list[str] = []
    trace = Trace()
    options: dict[str, Any] = {}
    if how == TELLING:
        options = {"on_transition": lambda kind, share, number: told.append(kind)}
    elif how == TRACING:
        options = {"trace": trace}
    environment = simpy.Environment()
    device = Quantum(environment, PROCESSORS * 1e9, 1e9, scheduling=Scheduling("eevdf"), **options)
    for number in range(THREADS):
        share = Share(str(number), device.root, weight=1.0 + number % 2)
        environment.process(_thread(environment, device, share, Random(number)))
    begun = process_time()
    environment.run(until=SIMULATED_S)
    took_s = process_time() - begun
    return took_s, len(told) + len(list(trace))


def _thread(environment: simpy.Environment, device: Quantum, share: Share, random: Random) -> Iterator[simpy.Event]:
    while True:
        ended = environment.event()
        device.submit(share, random.expovariate(1 / WORK_S) * 1e9, lambda _, ended=ended: ended.succeed())
        yield ended
        yield environment.timeout(random.expovariate(1 / PAUSE_S))


def hooks() -> int:
    """How often a run of nobody watching passes the test of a hook: before a note, a look, a switch, a preemption."""
    passed = 0

    def counted(function: Any) -> Any:
        def call(*arguments: Any) -> Any:
            nonlocal passed
            passed += 1
            return function(*arguments)

        return call

    # a processor is planned as often as it is noted, and oftener; a turn is given as often as a switch is told
    places = ((Quantum, "_plan"), (RunQueue, "_dispatch"), (Observers, "look"), (Observers, "tell"))
    kept = [(owner, name, getattr(owner, name)) for owner, name in places]
    try:
        for owner, name, function in kept:
            setattr(owner, name, counted(function))
        watched("")
    finally:
        for owner, name, function in kept:
            setattr(owner, name, function)
    return passed


def test_s() -> float:
    """One test, with the load of the object it is on."""
    number = 200_000
    scope = {"observers": Observers(None, None)}
    empty_s = min(repeat("pass", number=number))
    return (min(repeat("if observers.trace is not None: pass", globals=scope, number=number)) - empty_s) / number


def measure(rounds: int = 7) -> dict[str, Any]:
    """All numbers, with the rows of the targets."""
    watched(TRACING)  # warm
    ratios: dict[str, list[float]] = {TELLING: [], TRACING: []}
    alone_s, number = [], {}
    for _ in range(rounds):
        for how, found in ratios.items():
            before_s, _ = watched("")
            took_s, number[how] = watched(how)
            after_s, _ = watched("")
            found.append(2 * took_s / (before_s + after_s))
            alone_s += [before_s, after_s]
    passed, one_s = hooks(), test_s()
    silent = 1.0 + passed * one_s / min(alone_s)
    return {
        "seconds with nobody watching": min(alone_s),
        "tests of hooks in a run": passed,
        "ns a test": one_s * 1e9,
        "nobody watching, counted": silent,
        "transitions told": number[TELLING],
        "every transition told, over nobody watching": median(ratios[TELLING]),
        "segments traced": number[TRACING],
        "full trace, over nobody watching": median(ratios[TRACING]),
        "targets": [
            _row("run time with nobody watching: tests of hooks, counted, times what one takes", 1.02, [silent]),
            _row("run time with a full trace over nobody watching, slices under EEVDF", 1.15, ratios[TRACING]),
        ],
    }


def _row(says: str, limit: float, rounds: list[float]) -> dict[str, Any]:
    return {"target": "T11", "says": says, "limit": limit, "bound": "most", "rounds": rounds}


def main() -> None:
    """Measure and print."""
    found = measure(int(sys.argv[1])) if len(sys.argv) > 1 else measure()
    for name, value in found.items():
        if name != "targets":
            print(f"{name:>45}: {value:,.4g}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
