"""The draws of a scenario as a file of doubles, so that every implementation in every language runs the same work.

Layout, little endian: hosts, guests of a host, tasks of a guest, cores of a host, 0, 0; then one weight a guest; then
for each guest its tasks, each a time to think and a time of one core, in seconds. What a contender reports goes to its
standard output as words ``name=number``. This module imports next to nothing: its import is part of what is measured.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence

HEADER = 6
"""Doubles before the weights."""


class Draws:
    """What one file holds.

    Attributes:
        hosts, guests, tasks, cores: hosts; guests of one host; tasks of one guest; cores of one host.
        weights: of each guest, host by host.
        times: seconds to think and seconds of one core, in turn, guest by guest.
    """

    def __init__(self, path: str) -> None:
        doubles = array("d")
        with open(path, "rb") as file:
            doubles.frombytes(file.read())
        if sys.byteorder == "big":
            doubles.byteswap()
        self.hosts, self.guests, self.tasks, self.cores = (int(number) for number in doubles[:4])
        end = HEADER + self.hosts * self.guests
        self.weights: Sequence[float] = doubles[HEADER:end]
        self.times: Sequence[float] = doubles[end:]

    def of_host(self, host: int) -> Iterator[tuple[float, int]]:
        """Each guest of a host: its weight, and where in ``times`` its tasks begin."""
        for guest in range(host * self.guests, (host + 1) * self.guests):
            yield self.weights[guest], guest * self.tasks * 2


def peak_bytes() -> int:
    """Highest resident size of this program so far.

    Linux's own account per program is preferred: the one that ``getrusage`` gives begins with the parent's size.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def report(**numbers: float) -> None:
    """Print what came out, and the peak of memory."""
    numbers["peak_bytes"] = peak_bytes()
    print(*(f"{name}={number!r}" for name, number in numbers.items()))
