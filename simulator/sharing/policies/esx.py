"""Proportional share of VMware ESX: smallest virtual time first, a quantum at a time, virtual processors side by side.

Virtual time is service over weight (``shares``). Relaxed co-scheduling: a virtual processor whose progress leads that
of its slowest runnable sibling by more than the skew limit is stopped until that one has caught up; progress is
looked at every ``check_s``. An entity below its reservation, counted since it became runnable, comes before all that
are not.

Parameters: ``quantum_s`` 50 ms (VMkernel quantum, 10-20 ms as realised: Packt, vSphere High Performance Cookbook,
verified); ``skew_s`` 3 ms, the lead at which a sibling is stopped (assumed: the bound of ESX 4 is of this order;
recalled), 0 for none; ``check_s`` 1 ms (assumed); ``balance_s`` 20 ms (assumed). Honours weight, cap (``limit``) and
reservation (virtualization.info 2013-01-28: proportional share with reservation and limit).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.sharing._rotation import Entity, RunQueue
from simulator.sharing.policies._base import Fair, nanoseconds

if TYPE_CHECKING:
    from simulator.sharing._processors import Scheduler


class Esx(Fair):
    """Proportional share with reservation, limit and relaxed co-scheduling."""

    DEFAULTS = {"quantum_s": 0.05, "skew_s": 0.003, "check_s": 0.001, "balance_s": 0.02}
    HONOURS = frozenset({"weight", "cap", "reservation"})

    def share_of_turn_ns(self, queue: RunQueue, entity: Entity) -> int:
        """One quantum for all."""
        return self.time_ns("quantum_s")


POLICY = Esx
