"""How fast a processor is while others are busy: siblings of one core (SMT), or any other law of the load.

Two threads on one core are each slower than alone and together faster than one. Which threads meet on a core is not
known where work flows evenly, so all share the loss: beyond one thread a core every busy processor runs at the mean
speed. It is a change of the pace of all processors, not of anybody's share: weights, caps and widths keep their
meaning in processor time, and nothing in flight is touched.

Ledger: a processor is a thread of a core, and capacity counts all of them. A thread slowed by its sibling *is* on a
processor, so its loss is no ``steal`` but ``stalled``; it is charged to the machine. Its amount is the processor time
it had less the work it did at full pace.
"""

from __future__ import annotations

from collections.abc import Callable

from simulator.sharing.base import Sharing
from simulator.sharing.tree import INFINITE, Share

Law = Callable[[float, int], float]
"""Speed of a busy processor, 1 at best, by the number of busy processors and of runnable threads."""

SIBLINGS = "smt_sibling"


def siblings(cores: float, factor: float) -> Law:
    """``(c + (f - 1)(n - c)) / n`` for n busy threads of c cores; ``factor`` f: what two threads of one do over one."""

    def speed(busy: float, runnable: int) -> float:
        paired = busy - cores
        return 1.0 if paired <= 0.0 else (cores + (factor - 1.0) * paired) / busy

    return speed


class Speed:
    """The pace of all processors as a function of the load.

    Args:
        sharing: the processors; their unit rate follows the law.
        processors: how many there are.
        full_hz: unit rate of one at full pace.
        settle_time: books processor time at the old pace before it changes.
    """

    def __init__(
        self, sharing: Sharing, processors: float, full_hz: Callable[[], float], settle_time: Callable[[], None]
    ) -> None:
        self._sharing, self._processors = sharing, processors
        self._full_hz, self._settle_time = full_hz, settle_time
        self.law: Law | None = None
        self.mechanism = SIBLINGS
        self._free = 0.0
        self.now = 1.0
        self._changes = 0

    def follow(self, law: Law, mechanism: str, free: float = 0.0) -> None:
        """A law; what is lost by it is charged under this name. Up to ``free`` runnable threads lose nothing."""
        self.law, self.mechanism, self._free = law, mechanism, free

    @property
    def matters(self) -> bool:
        """Whether the load of now may slow anybody, or has."""
        return self.now < 1.0 or len(self._sharing.active) > self._free

    def update(self) -> None:
        """Take the load of now."""
        if self.law is None:
            return
        sharing = self._sharing
        speed = self.law(sharing.root.rate / sharing.unit_rate, len(sharing.active))
        if abs(speed - self.now) <= 1e-12:
            return
        self._settle_time()
        ratio, self.now = speed / self.now, speed
        self._changes += 1
        sharing.set_unit_rate(self._full_hz() * speed, self._processors * self._full_hz() * speed)
        for share in _capped(sharing.root):
            sharing.set(share, cap=share.cap * ratio)

    def stamp(self) -> int:
        """Marks the beginning of a piece of work; negative while the pace is not the full one."""
        return self._changes if self.now == 1.0 else -1

    def unchanged(self, stamp: int) -> bool:
        """Whether all was at full pace since."""
        return stamp == self._changes


def _capped(root: Share) -> list[Share]:
    """Shares with a quota, which is one of processor time and so changes with the pace."""
    found, open_shares = [], list(root.children)
    while open_shares:
        share = open_shares.pop()
        open_shares += share.children
        if share.cap < INFINITE:
            found.append(share)
    return found
