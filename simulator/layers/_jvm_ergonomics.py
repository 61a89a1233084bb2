"""What a Java virtual machine makes of the machine it sees: heap, collector and numbers of threads."""

from __future__ import annotations

from math import ceil, floor

from simulator.layers.base import Place
from simulator.parameters import Parameters

SERIAL, PARALLEL, G1 = "serial", "parallel", "g1"


def processors(place: Place) -> int:
    """Processors that it is told to count on (-XX:ActiveProcessorCount), or sees, a quota rounded up; at least one."""
    return max(1, ceil(place.limits.get("processors", place.processors_count)))


def heap_bytes(parameters: Parameters, place: Place) -> float:
    """The heap at most: the limit asked for, or HotSpot's part of the memory seen."""
    if "heap" in place.limits:
        return place.limits["heap"]
    small_bytes = parameters.small_heap_ratio * place.memory_bytes
    if small_bytes < parameters.small_heap_bytes:
        return small_bytes
    return max(parameters.heap_ratio * place.memory_bytes, parameters.small_heap_bytes)


def initial_heap_bytes(parameters: Parameters, place: Place, most_bytes: float) -> float:
    """The heap at the start: the limit asked for; all of a heap that was asked for; or a part of the memory seen."""
    if "initial_heap" in place.limits:
        return min(place.limits["initial_heap"], most_bytes)
    if "heap" in place.limits:
        return most_bytes
    least_bytes = max(parameters.initial_heap_ratio * place.memory_bytes, parameters.initial_heap_least_bytes)
    return min(least_bytes, most_bytes)


def collector(parameters: Parameters, place: Place, asked: str) -> str:
    """The collector asked for; of itself HotSpot takes G1 on a machine of the server class, else the serial one."""
    if asked != "automatic":
        return asked
    is_server = (
        processors(place) >= parameters.server_processors_count and place.memory_bytes >= parameters.server_memory_bytes
    )
    return G1 if is_server else SERIAL


def collector_threads(parameters: Parameters, place: Place, chosen: str) -> int:
    """One for each processor up to eight, five for every eight more; the serial collector has one."""
    if chosen == SERIAL:
        return 1
    count, every = processors(place), parameters.collector_threads_all_count
    return int(count if count <= every else every + (count - every) * parameters.collector_threads_ratio)


def marking_threads(parameters: Parameters, threads: int) -> int:
    """G1's threads that mark while the program runs: a quarter of its collector threads, half of one rounded up."""
    return max(1, floor(threads * parameters.marking_threads_ratio + 0.5))


def compiler_threads(parameters: Parameters, place: Place, compilers: tuple[str, ...]) -> dict[str, int]:
    """Threads of each compiler: log n times log log n times 3/2 of n processors, a third of them C1's."""
    log = processors(place).bit_length() - 1
    log_log = max(1, log).bit_length() - 1
    count = int(max(parameters.compiler_threads_least_count, log * log_log * parameters.compiler_threads_ratio))
    if len(compilers) < 2:
        return dict.fromkeys(compilers, count)
    c1 = max(1, int(count * parameters.c1_threads_ratio))
    return {"c1": c1, "c2": max(1, count - c1)}
