"""The account of one thread: what it was charged, and where its time went.

The states divide a thread's life without gaps. Processor time is added up from what was carried out, waiting from
the clock; that both together equal the life of the thread is checked at its end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from simulator.devices.base import Charge, Key, Ledger, Request
from simulator.errors import LedgerError
from simulator.plans import PROGRAM, Move, Work
from simulator.sharing.tree import Share
from simulator.steps import CPU

STATES = (
    "useful", "overhead", "stalled", "ready", "steal", "throttled", "overhead_wait", "paused",
    "blocked_disk", "blocked_network", "blocked_message", "blocked_lock", "asleep",
)  # fmt: skip
_TOLERANCE = 1e-9
_ROUNDING_S = 3e-9
"""Begin and end of a piece of work are each rounded to a nanosecond, and told within half of one."""


class Account:
    """Charges by device, cause and mechanism, and seconds by state.

    Args:
        now: the clock.
        paused_s: how long the tenant has stood still until now, because somebody has stopped it.
    """

    def __init__(self, now: Callable[[], float], paused_s: Callable[[], float] = lambda: 0.0) -> None:
        self._now, self._paused_s = now, paused_s
        self._paused_before_s = 0.0
        self.charges: Ledger = {}
        self.spent = dict.fromkeys(STATES, 0.0)
        self.switches = 0.0
        self.begun_s = self._since = now()

    @property
    def since_s(self) -> float:
        """Since when nothing has been booked."""
        return self._since

    def work(self, work: Work, done: float, frequency_hz: float, share: Share) -> None:
        """Book the part of a step that was carried out, and what its thread waited for a processor meanwhile."""
        spent, charges = self.spent, self.charges
        for key, cycles, stall_s, operations in work.parts:
            charge = charges.get(key) or self._charge(key)
            charge.service_s += (cycles / frequency_hz + stall_s) * done
            charge.cycles += cycles * done
            charge.operations += operations * done
            spent["useful" if key.cause == PROGRAM else "overhead"] += cycles * done / frequency_hz
            if stall_s:
                spent["stalled"] += stall_s * done
        if share.ready_s:
            spent["ready"] += share.ready_s
            share.ready_s = 0.0
        if share.steal_s:
            spent["steal"] += share.steal_s
            share.steal_s = 0.0
        if share.throttled_s:
            spent["throttled"] += share.throttled_s
            share.throttled_s = 0.0
        if share.frozen_s:
            self._stood_still(share)
        self._since = self._now()

    def _stood_still(self, share: Share) -> None:
        """Ready, and stopped: by whoever paused the tenant, the rest by a layer of its own (a collection)."""
        all_s = self._paused_s()
        paused_s = min(share.frozen_s, all_s - self._paused_before_s)
        self.spent["paused"] += paused_s
        self.spent["overhead_wait"] += share.frozen_s - paused_s
        self._paused_before_s, share.frozen_s = all_s, 0.0

    def round(self) -> None:
        """Slices are whole nanoseconds, moments are not: a thread's largest state takes what that leaves open."""
        gap_s = self._now() - self.begun_s - sum(self.spent.values())
        if abs(gap_s) <= _ROUNDING_S:
            self.spent[max(self.spent, key=self.spent.__getitem__)] += gap_s

    def slices(self, works: Mapping[Share, Work], frequency_hz: float, share: Share) -> float:
        """Book the switches between slices that a thread paid for, and the waits for its working set after them.

        Args:
            works: what one switch takes, by the share it is a switch to.
            frequency_hz: the clock.
            share: the thread's, with how often; emptied here.

        Returns:
            Processor seconds booked.
        """
        total_s = share.refill_s
        self.switches += sum(share.switches.values())
        for switched, number in share.switches.items():
            work = works[switched]
            exact_s = work.cycles / frequency_hz + work.stall_s
            count = number * switched.switch_s / exact_s if exact_s else 0.0  # they took whole nanoseconds
            for key, cycles, stall_s, operations in work.parts:
                service_s = (cycles / frequency_hz + stall_s) * count
                self._charge(key).add(cycles=cycles * count, operations=operations * number, service_s=service_s)
                self.spent["stalled"] += stall_s * count
                self.spent["overhead"] += cycles * count / frequency_hz
                total_s += service_s
        if share.refills:
            refill = self._charge(Key(CPU, "machine", "cache_refill"))
            refill.add(operations=share.refills, service_s=share.refill_s)
            self.spent["stalled"] += share.refill_s
        share.switches = {}
        share.refill_s = share.refills = 0.0
        return total_s

    def contention(self, lost: Mapping[str, float]) -> None:
        """Book what a step took longer because of others on the same machine: nobody's layer, so the machine's."""
        for mechanism, seconds in lost.items():
            self._charge(Key(CPU, "machine", mechanism)).add(operations=1.0, service_s=seconds)
            self.spent["stalled"] += seconds

    def transfer(self, request: Request, move: Move) -> None:
        """Book the part of a transfer that the device has carried out by now."""
        served_s, done = request.served_s(self._now()), request.part(self._now())
        charge = self._charge(move.key)
        charge.add(size_bytes=move.size_bytes * done, operations=move.operations * done, service_s=served_s)

    def waited(self, state: str) -> None:
        """The time since the last entry went to a state."""
        now_s = self._now()
        self.spent[state] += now_s - self._since
        self._since, self._paused_before_s = now_s, self._paused_s()

    def waited_for_service(self, device_wait: tuple[str, float] | None) -> None:
        """A service worked for the thread: its wait for a device is the thread's too, the rest is overhead."""
        if device_wait is not None:
            state, waited_s = device_wait
            waited_s = min(waited_s, self._now() - self._since)
            self.spent[state] += waited_s
            self._since += waited_s
        self.waited("overhead_wait")

    def check(self, name: str, ended_s: float) -> None:
        """At the end of a life.

        Raises:
            LedgerError: the states do not add up to it.
        """
        life_s = ended_s - self.begun_s
        gap_s = life_s - sum(self.spent.values())
        if abs(gap_s) > _TOLERANCE * max(1.0, life_s):
            raise LedgerError(f"{name}: {gap_s:g} s of {life_s:g} s are not accounted for")

    def _charge(self, key: Key) -> Charge:
        charge = self.charges.get(key)
        if charge is None:
            charge = self.charges[key] = Charge()
        return charge
