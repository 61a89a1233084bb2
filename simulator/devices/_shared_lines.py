"""Cache lines that several processors write: a kernel's counters and locks.

A line that another processor has written last must come from its cache before it can be written again: so many writes
a second can there be of one line, however many processors there are. It passes the cache that they share twice, out of
the one's and into the other's; between sockets it takes as long as a word of the far memory. One thread alone finds
the line where it left it, and waits for nothing. Who wants more than its part of them waits, holding its processor.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.devices._max_min import divide
from simulator.parameters import Parameters


def transfer_s(parameters: Parameters, sockets: int) -> float:
    """Time in which a line passes from one processor to another, any of them; 0 for a machine without these numbers."""
    get = parameters.get
    near_s = 2.0 * get("cached_access_s", 0.0)
    far_s = get("memory_access_s", 0.0) * get("numa_remote_ratio", 1.0)
    return near_s + (1.0 - 1.0 / sockets) * (far_s - near_s)


def waits(lines: Sequence[str], wanted: Sequence[float], transfer_s: float) -> list[float]:
    """How many times as long each takes whose writes are held up; 1 for all others.

    Args:
        lines: the line that each writes; empty for none.
        wanted: writes a second that each would do.
        transfer_s: time in which a line passes from one processor to another.
    """
    found = [1.0] * len(lines)
    if transfer_s <= 0.0:
        return found
    for line in {each for each in lines if each}:
        users = [i for i, each in enumerate(lines) if each == line and wanted[i] > 0.0]
        if len(users) < 2:
            continue
        granted = divide([wanted[i] for i in users], [(1.0,)] * len(users), [1.0 / transfer_s])
        for i, rate in zip(users, granted, strict=True):
            found[i] = max(1.0, wanted[i] / rate)
    return found
