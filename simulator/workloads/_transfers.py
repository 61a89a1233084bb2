"""Requests past the page cache, some at a time, as disk benchmarks and disk hogs make them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count

from simulator.demands import Demand, DirectTransfer, File
from simulator.parameters import Parameter
from simulator.workloads.base import Program

PARAMETERS = (
    Parameter("threads_count", "count", "threads, each with one request under way: how deep the queue is"),
    Parameter("block_bytes", "bytes", "size of a request"),
    Parameter("block_cycles", "cycles", "user cycles for a request"),
    Parameter("write_ratio", "ratio", "part of the requests that writes; the rest reads"),
    Parameter("file_bytes", "bytes", "size of the file, larger than any cache on the way"),
)
CHOSEN = frozenset({"threads_count", "block_bytes", "write_ratio", "file_bytes"})


def in_order(program: Program) -> Callable[[], int]:
    """The next block of the file, whichever thread asks; from the beginning again after the last."""
    numbers, blocks = count(), _blocks(program)
    return lambda: next(numbers) % blocks


def at_random(program: Program, name: str) -> Callable[[], int]:
    """A block anywhere in the file, by the thread's own luck."""
    draws, blocks = program.context.draws(f"place-{name}"), _blocks(program)
    return lambda: draws.below(blocks)


def _blocks(program: Program) -> int:
    return int(program.parameters.file_bytes // program.parameters.block_bytes)


def transfers(program: Program, name: str, place: Callable[[], int], turns: Iterable[int]) -> Iterator[Demand]:
    """One thread's requests, one after the other, as many as there are turns; each is reported when it is done."""
    parameters, context, draws = program.parameters, program.context, program.context.draws(f"kind-{name}")
    size_bytes = int(parameters.block_bytes)
    file = File(context.path("blocks"), int(parameters.file_bytes), size_bytes)
    for _ in turns:
        start_s = context.now
        write = draws.uniform() < parameters.write_ratio
        yield from program.compute(parameters.block_cycles)
        yield DirectTransfer(file, place() * size_bytes, size_bytes, write)
        context.done(name, "write" if write else "read", start_s)


def names(program: Program) -> list[str]:
    """Of the threads."""
    return [f"job-{number}" for number in range(int(program.parameters.threads_count))]
