"""The quantum fidelity against slice by slice: how much faster the closed form is, in one run.

16 processors with 2 runnable threads each, weights 1 : 2, work exponential with mean 0.1 s, slices of 3 ms and 0.1 ms.
Run: ``python benchmarks/quantum.py [bursts per thread] [rounds]``; prints the ratios, simulated seconds per second
of processor time, and one line of JSON. Both must end every piece of work at the same nanosecond.
"""

from __future__ import annotations

import json
import sys
from random import Random
from time import process_time
from typing import Any

import simpy
from references import slices

from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import Scheduling, Share

PROCESSORS, PER_PROCESSOR, MEAN_NS = 16, 2, 1e8
Ends = list[tuple[int, int]]


def draw(bursts: int) -> list[list[int]]:
    """Work of each thread in nanoseconds."""
    random = Random(1)
    number = PROCESSORS * PER_PROCESSOR
    return [[max(1, int(random.expovariate(1 / MEAN_NS))) for _ in range(bursts)] for _ in range(number)]


def by_slices(work: list[list[int]], slice_s: float) -> tuple[float, float, Ends]:
    """The naive reference: simulated seconds, seconds, ends."""
    environment, ends, quantum_ns = simpy.Environment(), [], round(slice_s * 1e9)

    def thread(number: int) -> slices.Thread:
        pieces = iter(work[number])
        return slices.Thread(number, 1 + number % 2, quantum_ns, lambda: next(pieces, 0))

    for first in range(0, PROCESSORS * PER_PROCESSOR, PER_PROCESSOR):
        threads = [thread(number) for number in range(first, first + PER_PROCESSOR)]
        slices.Processor(environment, threads, quantum_ns, lambda number, now_ns: ends.append((number, now_ns)))
    start = process_time()
    environment.run()
    return environment.now / 1e9, process_time() - start, sorted(ends)


def by_rotation(work: list[list[int]], slice_s: float) -> tuple[float, float, Ends, int]:
    """The quantum fidelity: the same, and its calendar entries."""
    environment, ends = simpy.Environment(), []
    scheduling = Scheduling("esx", {"quantum_s": slice_s, "skew_s": 0.0})
    device = Quantum(environment, PROCESSORS * 1e9, 1e9, scheduling=scheduling)

    def start(number: int) -> None:
        pieces = iter(work[number])
        cpus = frozenset({number // PER_PROCESSOR})
        share = Share(str(number), device.root, weight=1.0 + number % 2, cpus=cpus)

        def ended(share: Share) -> None:
            ends.append((number, round(environment.now * 1e9)))
            piece = next(pieces, 0)
            if piece:
                device.submit(share, piece, ended)

        device.submit(share, next(pieces), ended)

    for number in range(PROCESSORS * PER_PROCESSOR):
        start(number)
    begun = process_time()
    environment.run()
    took_s = process_time() - begun
    return environment.now, took_s, sorted(ends), next(environment._eid)


def main() -> None:
    """Run both in turns and print."""
    bursts = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    work = draw(bursts)
    found: dict[str, Any] = {"bursts": bursts, "processors": PROCESSORS}
    best: dict[str, float] = {}
    for _ in range(rounds):
        for slice_s in (0.003, 0.0001):
            name = f"{slice_s * 1e3:g} ms"
            simulated_s, took_s, ends, entries = by_rotation(work, slice_s)
            best[name] = min(best.get(name, took_s), took_s)
            found |= {f"entries at {name}": entries, "simulated_s": simulated_s}
            if slice_s == 0.003:
                _, naive_s, naive_ends = by_slices(work, slice_s)
                best["naive"] = min(best.get("naive", naive_s), naive_s)
                assert ends == naive_ends, "the ends differ"
    found["ratio to naive"] = best["naive"] / best["3 ms"]
    found["0.1 ms to 3 ms"] = best["0.1 ms"] / best["3 ms"]
    found["simulated s per s"] = found["simulated_s"] / best["3 ms"]
    found["us per burst"] = best["3 ms"] / (bursts * PROCESSORS * PER_PROCESSOR) * 1e6
    for name, value in found.items():
        print(f"{name:>20}: {value:,.4g}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
