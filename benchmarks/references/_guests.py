"""The guests of S1 and S2 as an idiomatic SimPy program has them, on hosts of any kind; runs them and reports."""

from __future__ import annotations

from collections.abc import Callable
from time import process_time
from typing import Protocol

import simpy
from scenarios.draws import Draws, report


class Host(Protocol):
    """What guests share."""

    def execute(self, work_s: float, weight: float) -> simpy.Event:
        """Work of one core for so long; the event succeeds at its end."""


def run(path: str, new_host: Callable[[simpy.Environment, int], Host]) -> None:
    """Run one scenario on hosts with so many cores, and report."""
    draws = Draws(path)
    begin_s = process_time()
    environment = simpy.Environment()
    response_s = 0.0

    def guest(host: Host, weight: float, first: int) -> simpy.events.ProcessGenerator:
        nonlocal response_s
        for position in range(first, first + 2 * draws.tasks, 2):
            yield environment.timeout(draws.times[position])
            begin_s = environment.now
            yield host.execute(draws.times[position + 1], weight)
            response_s += environment.now - begin_s

    for number in range(draws.hosts):
        host = new_host(environment, draws.cores)
        for weight, first in draws.of_host(number):
            environment.process(guest(host, weight, first))
    environment.run()
    run_s = process_time() - begin_s
    tasks = draws.hosts * draws.guests * draws.tasks
    entries = next(environment._eid)
    report(mean_response_s=response_s / tasks, makespan_s=environment.now, tasks=tasks, run_s=run_s, entries=entries)
