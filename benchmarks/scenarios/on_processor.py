"""The scenarios on virtlab's processor through its public interface: one ordinary SimPy process a guest.

usage: on_processor.py DRAWS [run | thread] [together | host-by-host]

``run`` yields ``processor.run(cycles, share)``, a new event each; ``thread`` yields ``thread.run(cycles)`` on one
thread a guest. Hosts that never interact may run one after the other, each in an environment of its own: the result
is the same, and what one host needs stays in the cache.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[1]))

import simpy
from scenarios.draws import Draws, report

from simulator.devices.processor import Processor
from simulator.sharing.tree import Share

FREQUENCY_HZ = 1e9
Run = Callable[[float], simpy.Event]
ONE = ("threads_per_core_count", "smt_factor_ratio", "sockets_count", "cache_cores_count", "numa_remote_ratio")
NO_WAITS = {parameter.name: float(parameter.name in ONE) for parameter in Processor.PARAMETERS}
"""Only cores and clock matter here: no cache, no idle states, no siblings, one memory for all."""


class Totals:
    """What came out, over all hosts."""

    def __init__(self) -> None:
        self.response_s = self.makespan_s = 0.0
        self.entries = self.moves = 0


def guest(
    environment: simpy.Environment, run: Run, draws: Draws, first: int, totals: Totals
) -> simpy.events.ProcessGenerator:
    """Thinks, computes, and again."""
    times = draws.times
    for position in range(first, first + 2 * draws.tasks, 2):
        yield environment.timeout(times[position])
        begin_s = environment.now
        yield run(times[position + 1] * FREQUENCY_HZ)
        totals.response_s += environment.now - begin_s


def populate(environment: simpy.Environment, draws: Draws, host: int, way: str, totals: Totals) -> Processor:
    """One host with its guests."""
    processor = Processor(environment, {**NO_WAITS, "cores_count": draws.cores, "frequency_hz": FREQUENCY_HZ})
    for number, (weight, first) in enumerate(draws.of_host(host)):
        share = Share(f"guest {number}", processor.root, weight=weight)
        environment.process(guest(environment, way_to_run(processor, share, way), draws, first, totals))
    return processor


def way_to_run(processor: Processor, share: Share, way: str) -> Run:
    """How a guest asks for its core."""
    if way == "thread":
        thread_run: Run = processor.thread(share).run  # type: ignore[attr-defined, unused-ignore]
        return thread_run
    return lambda cycles: processor.run(cycles, share)


def ways() -> tuple[str, ...]:
    """What this version of the processor offers."""
    return ("run", "thread") if hasattr(Processor, "thread") else ("run",)


def simulate(draws: Draws, way: str, host_by_host: bool) -> Totals:
    """Run all hosts to their end."""
    totals = Totals()
    groups = [[host] for host in range(draws.hosts)] if host_by_host else [list(range(draws.hosts))]
    for hosts in groups:
        environment = simpy.Environment()
        processors = [populate(environment, draws, host, way, totals) for host in hosts]
        environment.run()
        totals.makespan_s = max(totals.makespan_s, environment.now)
        totals.entries += next(environment._eid)
        totals.moves += sum(getattr(processor.sharing, "moves", 0) for processor in processors)
    return totals


def main(path: str, way: str = "run", hosts: str = "together") -> None:
    """Run one scenario and report."""
    draws = Draws(path)
    begin_s = process_time()
    totals = simulate(draws, way, hosts == "host-by-host")
    run_s = process_time() - begin_s
    tasks = draws.hosts * draws.guests * draws.tasks
    report(
        mean_response_s=totals.response_s / tasks,
        makespan_s=totals.makespan_s,
        tasks=tasks,
        run_s=run_s,
        entries=totals.entries,
        moves=totals.moves,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
