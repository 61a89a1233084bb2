"""The two scenarios: guests that think, then ask for one core, then think again, on hosts that share by weight.

S1 is one large host whose guests all compete; S2 is many small hosts. A *state change* is one arrival or completion
of work on a shared resource: two a task.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from random import Random

WEIGHTS = (1.0, 2.0, 4.0, 8.0)
SEED = 1


@dataclass(frozen=True)
class ClosedLoop:
    """One scenario.

    Attributes:
        name: for people.
        hosts, guests, tasks, cores: hosts; guests of one host; tasks of one guest; cores of one host.
        think_s, size_s: means of the exponential times to think and of one core.
        mean_response_s: what every exact implementation must find, None where only their agreement is checked. The
            figures were found by four independent programs (virtual time, plain water-filling, SimGrid, C).
    """

    name: str
    hosts: int
    guests: int
    tasks: int
    cores: int
    think_s: float
    size_s: float = 0.1
    mean_response_s: float | None = None

    @property
    def changes(self) -> int:
        """State changes of the whole scenario."""
        return 2 * self.hosts * self.guests * self.tasks

    def write(self, folder: Path) -> Path:
        """Write the draws, see ``draws.py``; returns the file."""
        path = folder / (self.name.replace(" ", "_").replace("=", "-") + ".bin")
        guests = self.hosts * self.guests
        luck = Random(SEED)
        doubles = array("d", [self.hosts, self.guests, self.tasks, self.cores, 0.0, 0.0])
        doubles.extend(WEIGHTS[guest % len(WEIGHTS)] for guest in range(guests))
        for _ in range(guests * self.tasks):
            doubles.append(luck.expovariate(1 / self.think_s))
            doubles.append(luck.expovariate(1 / self.size_s))
        if sys.byteorder == "big":
            doubles.byteswap()
        path.write_bytes(doubles.tobytes())
        return path


_S1_MEAN_RESPONSE_S = {10: 0.100729346, 100: 0.103620791, 1000: 4.093658426}
_S1_TASKS = 100


def s1(guests: int, tasks: int = _S1_TASKS) -> ClosedLoop:
    """One host of 16 cores; 10, 100 and 1000 guests mean about 1.3, 13 and 870 that want a core at a time."""
    known = _S1_MEAN_RESPONSE_S.get(guests) if tasks == _S1_TASKS else None
    name = f"S1 N={guests}" if tasks == _S1_TASKS else f"S1 N={guests} K={tasks}"
    return ClosedLoop(name, 1, guests, tasks, 16, 0.7, mean_response_s=known)


def s2(hosts: int = 1000) -> ClosedLoop:
    """Hosts of 4 cores with ten guests of twenty tasks each."""
    whole = hosts == 1000
    name = "S2" if whole else f"S2 H={hosts}"
    return ClosedLoop(name, hosts, 10, 20, 4, 0.2, mean_response_s=0.114676294 if whole else None)
