"""A hypervisor's rules of pre-copy: how fast a round is sent, when the guest is slowed, when it is stopped.

Which rules there are follows from which numbers a product's section ``migration`` has; no rule knows a product. QEMU
has a limit of downtime and may slow the guest in steps; Xen counts rounds and pages; the Xen of 2005 adapted its rate;
ESX slows the guest until it writes less than is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

LIMIT, FEW, ROUNDS, AMOUNT, GROWTH, TOO_FAST = (
    "what is left fits into the downtime limit", "few pages are left", "as many rounds as it makes",
    "as much as it sends", "a round at the highest rate sent more than the one before",
    "a round would need more than the highest rate",
)  # fmt: skip
"""Why a guest is stopped."""


class Round(NamedTuple):
    """What became of one round.

    Attributes:
        elapsed_s: how long it took.
        sent_bytes: pages sent in it.
        fresh_bytes: pages that the guest wrote meanwhile.
        dirty_bytes: what is to be sent after it.
        bandwidth_bytes_per_s: how fast pages could be sent.
    """

    elapsed_s: float
    sent_bytes: float
    fresh_bytes: float
    dirty_bytes: float
    bandwidth_bytes_per_s: float


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers behind the decisions; what a product has not is such that it decides nothing.

    Attributes:
        page_bytes: unit of all.
        rate_bytes_per_s: most that is sent in a second while the guest runs.
        first_rate_bytes_per_s: of the first round, where the rate follows what the guest writes; the guest is stopped
            when a round would need more than the highest.
        rate_step_bytes_per_s: how much more is sent in a second than was written in the round before.
        downtime_limit_s: the guest is stopped as soon as all that is left takes no longer.
        rounds_count: most rounds before it is stopped.
        least_pages_count: it is stopped when fewer pages are left.
        most_sent_ratio: it is stopped when so many times its memory has been sent.
        stops_at_growth: whether it is stopped when a round at the highest rate sent more than the one before.
        throttle_first_ratio: part of the time that the guest is held at first, where it writes too much.
        throttle_step_ratio: how much more each further time.
        throttle_most_ratio: most of it.
        throttle_trigger_ratio: what is written over what is sent that is too much.
        slowed_dirty_ratio: what a guest that is slowed may write of what is sent; it is held as much as that takes.
    """

    page_bytes: float = 4096.0
    rate_bytes_per_s: float = inf
    first_rate_bytes_per_s: float = inf
    rate_step_bytes_per_s: float = 0.0
    downtime_limit_s: float = 0.0
    rounds_count: float = inf
    least_pages_count: float = 0.0
    most_sent_ratio: float = inf
    stops_at_growth: float = 0.0
    throttle_first_ratio: float = 0.0
    throttle_step_ratio: float = 0.0
    throttle_most_ratio: float = 0.0
    throttle_trigger_ratio: float = inf
    slowed_dirty_ratio: float = inf

    @classmethod
    def of(cls, figures: Mapping[str, float], *, auto_converge: bool = False, **asked: float) -> Rules:
        """A product's rules; a number that is 0 is none.

        Args:
            figures: its section ``migration``.
            auto_converge: whether it may hold the guest in steps.
            asked: what a scenario says instead, by the names above.
        """
        names = [name for name in cls.__slots__ if auto_converge or not name.startswith("throttle")]
        return cls(**{name: figures[name] for name in names if figures.get(name)} | asked)

    def first_rate(self) -> float:
        """Rate of the first round."""
        return min(self.first_rate_bytes_per_s, self.rate_bytes_per_s)

    def next_rate(self, rate: float, done: Round) -> float:
        """Rate of the next round: what was written in the last one and a step more, no less than at first."""
        if self.first_rate_bytes_per_s == inf or not done.elapsed_s:
            return rate
        return max(self.first_rate(), min(self.rate_bytes_per_s, self._needed(done)))

    def _needed(self, done: Round) -> float:
        return done.fresh_bytes / done.elapsed_s + self.rate_step_bytes_per_s

    def may_leave_bytes(self, bandwidth_bytes_per_s: float) -> float:
        """What may be left when a round ends: as much as fits into the downtime limit."""
        return bandwidth_bytes_per_s * self.downtime_limit_s if self.downtime_limit_s else 0.0

    def stops(self, number: int, rate: float, sent_bytes: float, memory_bytes: float, last: Round, done: Round) -> str:
        """Why the guest is stopped after a round; empty if another one follows.

        Args:
            number: of the round, from 1.
            rate: at which it was sent.
            sent_bytes: of all rounds.
            memory_bytes: of the guest.
            last: the round before; itself where there is none.
            done: the round.
        """
        allowed_bytes = self.may_leave_bytes(done.bandwidth_bytes_per_s) + self.page_bytes  # whole pages are counted
        if self.downtime_limit_s and done.dirty_bytes <= allowed_bytes:
            return LIMIT
        if done.dirty_bytes < self.least_pages_count * self.page_bytes:
            return FEW
        if number >= self.rounds_count:
            return ROUNDS
        if sent_bytes > self.most_sent_ratio * memory_bytes:
            return AMOUNT
        if self.stops_at_growth and rate >= self.rate_bytes_per_s and done.sent_bytes > last.sent_bytes:
            return GROWTH
        if self.first_rate_bytes_per_s < inf and done.elapsed_s and self._needed(done) > self.rate_bytes_per_s:
            return TOO_FAST
        return ""

    def ends(self) -> bool:
        """Whether it stops the guest at some time whatever that writes."""
        adapts = self.first_rate_bytes_per_s < inf and self.rate_bytes_per_s < inf
        return min(self.rounds_count, self.most_sent_ratio) < inf or bool(self.stops_at_growth) or adapts

    def next_throttle(self, throttle: float, too_often: bool, done: Round) -> float:
        """Part of the time that the guest is held in the next round.

        Args:
            throttle: in the last one.
            too_often: whether it wrote too much in another round since it was held more the last time.
            done: the last round.
        """
        sent, written = done.sent_bytes, done.fresh_bytes
        if written > self.slowed_dirty_ratio * sent and sent:
            return 1.0 - (1.0 - throttle) * self.slowed_dirty_ratio * sent / written
        if not too_often or not self.writes_too_much(done):
            return throttle
        if not throttle:
            return self.throttle_first_ratio
        return min(self.throttle_most_ratio, throttle + self.throttle_step_ratio)

    def writes_too_much(self, done: Round) -> bool:
        """Whether a guest wrote so much in a round that it is to be held."""
        return done.fresh_bytes > self.throttle_trigger_ratio * done.sent_bytes
