"""Who had which processor, as a Linux kernel's tracer would write it: viewers draw processors from that by themselves.

The trace-event format has room for it (``systemTraceEvents``). A thread that loses its processor and has more to
compute is ready (``R``), any other sleeps (``S``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from simulator.tracing.tracks import Track

_IDLE = ("swapper", 0)


class Held(NamedTuple):
    """A thread had a processor.

    Attributes:
        cpu: number among the processors of all machines.
        track: of the thread.
        wants_more: whether it had more to compute when it lost it.
    """

    cpu: int
    begun_ns: int
    ended_ns: int
    track: Track
    wants_more: bool


def text(held: Iterable[Held], thread_id: Callable[[Track], int]) -> str:
    """The tracer's text, a line for each switch."""
    by_cpu: dict[int, list[Held]] = defaultdict(list)
    for each in held:
        by_cpu[each.cpu].append(each)
    found = [line for mine in by_cpu.values() for line in _switches(sorted(mine, key=_begins), thread_id)]
    return "\n".join(["# tracer: nop", "#", *(line for _, line in sorted(found))]) + "\n"


def _begins(held: Held) -> int:
    return held.begun_ns


def _switches(held: Sequence[Held], thread_id: Callable[[Track], int]) -> Iterator[tuple[int, str]]:
    """Switches of one processor: to each thread, and to nobody where it falls idle."""
    before, state, until_ns = _IDLE, "S", 0
    for each in held:
        if before is not _IDLE and until_ns < each.begun_ns:
            yield until_ns, _line(each.cpu, until_ns, before, state, _IDLE)
            before, state = _IDLE, "S"
        now = (_word(each.track.name), thread_id(each.track))
        yield each.begun_ns, _line(each.cpu, each.begun_ns, before, state, now)
        before, state, until_ns = now, "R" if each.wants_more else "S", each.ended_ns
    if held:
        yield until_ns, _line(held[-1].cpu, until_ns, before, state, _IDLE)


def _line(cpu: int, at_ns: int, before: tuple[str, int], state: str, after: tuple[str, int]) -> str:
    at = f"{at_ns // 1_000_000_000}.{at_ns % 1_000_000_000:09d}"
    was = f"prev_comm={before[0]} prev_pid={before[1]} prev_prio=120 prev_state={state}"
    return (
        f"{before[0]}-{before[1]} [{cpu:03d}] .... {at}: sched_switch: {was} ==> "
        f"next_comm={after[0]} next_pid={after[1]} next_prio=120"
    )


def _word(name: str) -> str:
    """As the tracer has names: one word."""
    return name.replace(" ", "_")
