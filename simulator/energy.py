"""Power and energy of a machine from what its processors do: no clock, no simulation, only the arithmetic.

A machine that does nothing draws ``idle_watts``. As soon as one core works it draws at least ``floor_watts`` (its
uncore, fans and memory are awake, whoever works), and each busy core adds an equal part of what is missing to
``busy_watts``, which it draws when all are busy:

    power(n) = idle                              nothing runs
             = floor + (busy - floor) n / c      n of c cores are busy

It is linear in ``n``, so the energy of a run needs only for how long anything ran and how many core seconds of work
were done, not the whole course. The floor may lie below ``idle``: the first core's part then lifts it above.
Where a core runs two threads at once, work counts, not threads: ``n`` is what is done in terms of a thread that has a
core for itself, and ``c`` what all threads of all cores do together. Published load levels are levels of work too.
Error: measured levels of one server may lie some 10 % beside such a line; that clocks and voltages rise and fall with
the load is not in it, nor what disks and cards draw more under load.
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
        busy_watts: with all cores busy.
        cores: what all do together, in cores that run one thread each.
    """

    idle_watts: float
    floor_watts: float
    busy_watts: float
    cores: float

    def watts(self, busy: float) -> float:
        """With so many cores busy; also with a mean over a time in which something always runs.

        >>> Power(100.0, 93.333, 200.0, 4.0).watts(1.0)
        119.99975
        >>> Power(100.0, 93.333, 200.0, 4.0).watts(0.0)
        100.0
        """
        if busy <= 0.0:
            return self.idle_watts
        return self.floor_watts + self.watts_each * min(busy, self.cores)

    @property
    def watts_each(self) -> float:
        """What one more busy core adds."""
        return (self.busy_watts - self.floor_watts) / self.cores

    def joules(self, time_s: float, loaded_s: float, core_s: float) -> float:
        """Energy of a time, exactly.

        Args:
            time_s: all of it.
            loaded_s: of it, while at least one core was busy.
            core_s: core seconds of work done, the sum over all cores.
        """
        return self.idle_watts * (time_s - loaded_s) + self.floor_watts * loaded_s + self.watts_each * core_s


def power(processor: Mapping[str, float]) -> Power | None:
    """The power of a machine from the figures of its processors; None where nobody knows it.

    Args:
        processor: the parameters of the device ``cpu``, in SI units.
    """
    if "idle_watts" not in processor or "busy_watts" not in processor:
        return None
    idle_watts = processor["idle_watts"]
    factor = processor["smt_factor_ratio"] if processor.get("threads_per_core_count", 1.0) > 1.0 else 1.0
    floor_watts = processor.get("floor_watts", idle_watts)
    return Power(idle_watts, floor_watts, processor["busy_watts"], processor["cores_count"] * factor)


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
