"""Power and energy of a machine from what its processors do: no clock, no simulation, only the arithmetic.

A machine that does nothing draws ``idle_watts``. As soon as one processor works it draws at least ``floor_watts`` (its
uncore, fans and memory are awake, whoever works), and each busy processor adds an equal part of what is missing to
``busy_watts``, which it draws when all are busy:

    power(n) = idle                              nothing runs
             = floor + (busy - floor) n / c      n of c processors are busy

It is linear in ``n``, so the energy of a run needs only for how long anything ran and how many processor seconds were
given, not the whole course. The floor may lie below ``idle``: then the first processor's part is what lifts it above.
Error: published load levels of servers lie within 10 to 15 % of such a line (Barroso and Hölzle 2007); that clocks
rise and fall with the load is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

JOULES_PER_KILOWATT_HOUR = 3.6e6


@dataclass(frozen=True)
class Power:
    """What a machine draws.

    Attributes:
        idle_watts: while nothing runs.
        floor_watts: with any load at all, the load's own part apart.
        busy_watts: with all processors busy.
        processors: how many there are, hardware threads counted.
    """

    idle_watts: float
    floor_watts: float
    busy_watts: float
    processors: float

    def watts(self, busy: float) -> float:
        """With so many processors busy, a mean over a time in which something always runs included.

        >>> Power(100.0, 93.333, 200.0, 4.0).watts(1.0)
        119.99975
        >>> Power(100.0, 93.333, 200.0, 4.0).watts(0.0)
        100.0
        """
        if busy <= 0.0:
            return self.idle_watts
        return self.floor_watts + self.watts_each * min(busy, self.processors)

    @property
    def watts_each(self) -> float:
        """What one more busy processor adds."""
        return (self.busy_watts - self.floor_watts) / self.processors

    def joules(self, time_s: float, loaded_s: float, processor_s: float) -> float:
        """Energy of a time, exactly.

        Args:
            time_s: all of it.
            loaded_s: of it, while at least one processor was busy.
            processor_s: processor seconds given, the sum over all processors.
        """
        return self.idle_watts * (time_s - loaded_s) + self.floor_watts * loaded_s + self.watts_each * processor_s


def power(processor: Mapping[str, float]) -> Power | None:
    """The power of a machine from the figures of its processors; None where nobody knows it.

    Args:
        processor: the parameters of the device ``cpu``, in SI units.
    """
    if "idle_watts" not in processor or "busy_watts" not in processor:
        return None
    idle_watts = processor["idle_watts"]
    processors = processor["cores_count"] * processor.get("threads_per_core_count", 1.0)
    return Power(idle_watts, processor.get("floor_watts", idle_watts), processor["busy_watts"], processors)


def cost(joules: float, price_per_kilowatt_hour: float) -> float:
    """What energy costs, in the money of the price.

    >>> cost(3.6e6, 0.2)
    0.2
    """
    return joules / JOULES_PER_KILOWATT_HOUR * price_per_kilowatt_hour


def parts(joules: float, idle_joules: float, useful_s: Mapping[str, float]) -> dict[str, float]:
    """The energy of each tenant: what the idle machine draws is divided equally, the rest by useful processor time.

    Somebody has to pay for a machine that is on; equal parts is a convention, not a measurement. What layers use for a
    tenant follows its useful time here, since much of it is done by threads that serve all.

    Args:
        joules: of the machine.
        idle_joules: what it would have drawn without any load.
        useful_s: processor time of each tenant's own program.
    """
    if not useful_s:
        return {}
    whole_s, each = sum(useful_s.values()), 1.0 / len(useful_s)
    return {
        name: idle_joules * each + (joules - idle_joules) * (seconds / whole_s if whole_s else each)
        for name, seconds in useful_s.items()
    }
