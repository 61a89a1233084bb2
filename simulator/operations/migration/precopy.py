"""Pre-copy: all of the memory is sent while the guest runs, then what it has written meanwhile, and so on.

``orders`` says what to send next and hears what became of it; it knows no clock. Whoever carries its orders out (the
simulated machine, or ``predict``) sends pages and says what the guest has written meanwhile. Law: with a rate B and a
guest that writes D < B of new pages, round i sends ``M (D / B)^i``; with a working set W no more than that.

Scope and limits: a page that was never touched costs its marker, in the first round it is met; where the pages that are
left unsent and those that were written since lie is not known, so they are taken to lie apart by chance.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import inf, isclose, nan
from typing import NamedTuple

from simulator.operations.migration.rules import Round, Rules
from simulator.writing import Writing

NEVER = "it writes as fast as it is sent"
_SAME = 1e-9


class Dirty(NamedTuple):
    """What is to be sent: pages with something in them, and pages that are as they were given, all zero."""

    pages_bytes: float
    blank_bytes: float = 0.0

    @property
    def total_bytes(self) -> float:
        """Both, as a bitmap counts them."""
        return self.pages_bytes + self.blank_bytes

    def part(self, ratio: float) -> Dirty:
        """A part of both: they lie mixed."""
        return Dirty(self.pages_bytes * ratio, self.blank_bytes * ratio)

    def with_fresh(self, fresh: Fresh, extent_bytes: float) -> Dirty:
        """With what has been written meanwhile; what is in both is sent once.

        A row that is gone through in turn comes last to what was written last, what is written anywhere meets it by
        chance; all of it lies in ``extent_bytes``.
        """
        both = min(1.0, self.pages_bytes / extent_bytes) * fresh.scattered_bytes if extent_bytes else 0.0
        pages_bytes = self.pages_bytes + fresh.total_bytes - both
        return Dirty(min(max(extent_bytes, self.pages_bytes), pages_bytes), self.blank_bytes)


class Fresh(NamedTuple):
    """What the guest wrote during a round.

    Attributes:
        swept_bytes: pages written in turn.
        scattered_bytes: pages anywhere.
        extent_bytes: what all that it has written since the beginning lies in.
    """

    swept_bytes: float
    scattered_bytes: float
    extent_bytes: float

    @property
    def total_bytes(self) -> float:
        """Both."""
        return self.swept_bytes + self.scattered_bytes


class Order(NamedTuple):
    """One round to carry out.

    Attributes:
        number: from 1.
        dirty: what is to be sent.
        rate_bytes_per_s: at most so fast.
        throttle: part of the time that the guest is held meanwhile.
    """

    number: int
    dirty: Dirty
    rate_bytes_per_s: float
    throttle: float


class Report(NamedTuple):
    """What became of an order.

    Attributes:
        elapsed_s: how long it took.
        left: what was not sent.
        fresh: what the guest wrote meanwhile.
        touched_bytes: pages of the guest that have something in them, by now.
        bandwidth_bytes_per_s: how fast they could be sent.
    """

    elapsed_s: float
    left: Dirty
    fresh: Fresh
    touched_bytes: float
    bandwidth_bytes_per_s: float


class Course(NamedTuple):
    """How the rounds ended.

    Attributes:
        rounds: how many there were.
        left: what is to be sent while the guest stands still.
        reason: why it was stopped; ``NEVER`` if it never would be.
        throttle: part of the time that it was held at last.
    """

    rounds: int
    left: Dirty
    reason: str
    throttle: float


def orders(rules: Rules, memory: Dirty, *, endless: bool = False) -> Generator[Order, Report, Course]:
    """The rounds of one migration.

    Args:
        rules: of the product.
        memory: of the guest, at the beginning.
        endless: whether to go on though nothing would ever change; else that is the end, with ``NEVER``.
    """
    dirty, rate, throttle, too_often = memory, rules.first_rate(), 0.0, False
    sent_bytes, last, number = 0.0, None, 0
    while True:
        number += 1
        report = yield Order(number, dirty, rate, throttle)
        fresh = report.fresh
        extent_bytes = report.touched_bytes if number == 1 else min(report.touched_bytes, fresh.extent_bytes)
        before, dirty = dirty, report.left.with_fresh(fresh, extent_bytes)
        sent = before.pages_bytes - report.left.pages_bytes
        done = Round(report.elapsed_s, sent, fresh.total_bytes, dirty.total_bytes, report.bandwidth_bytes_per_s)
        sent_bytes += sent
        if reason := rules.stops(number, rate, sent_bytes, memory.total_bytes, last or done, done):
            return Course(number, dirty, reason, throttle)
        held = rules.next_throttle(throttle, too_often, done)
        again = rules.writes_too_much(done) and held == throttle and held < rules.throttle_most_ratio
        changes = held != throttle or again or last is None
        if not (changes or endless or rules.ends()) and isclose(dirty.total_bytes, before.total_bytes, rel_tol=_SAME):
            return Course(number, dirty, NEVER, throttle)
        too_often = again
        throttle, rate, last = held, rules.next_rate(rate, done), done


@dataclass(frozen=True, slots=True)
class Prediction:
    """A migration by arithmetic.

    Attributes:
        course: how the rounds ended.
        sent_bytes: pages of each round, the last one with the guest stopped.
        total_s: from the beginning until it goes on elsewhere; infinite if that never comes.
        downtime_s: of that, how long it stood still.
    """

    course: Course
    sent_bytes: tuple[float, ...]
    total_s: float
    downtime_s: float


def predict(
    rules: Rules, memory: Dirty, writing: Writing, link_bytes_per_s: float, *, floor_s: float = 0.0,
    marker_bytes: float = 0.0,
) -> Prediction:  # fmt: skip
    """A guest that runs whenever it is not held, on a link of its own, with a hypervisor that costs no time.

    Args:
        rules: of the product.
        memory: of the guest.
        writing: what its program writes in a second of useful processor time.
        link_bytes_per_s: of the network.
        floor_s: downtime beside the copying.
        marker_bytes: what a page that is all zero takes.
    """
    rounds = orders(rules, memory)
    order, sent, elapsed_s = next(rounds), list[float](), 0.0
    blank = marker_bytes / rules.page_bytes
    while True:
        rate = min(order.rate_bytes_per_s, link_bytes_per_s)
        left = order.dirty.part(min(1.0, rules.may_leave_bytes(rate) / max(order.dirty.total_bytes, 1.0)))
        gone = order.dirty.part(1.0 - left.total_bytes / max(order.dirty.total_bytes, 1.0))
        round_s = (gone.pages_bytes + gone.blank_bytes * blank) / rate
        elapsed_s += round_s
        sent.append(gone.pages_bytes)
        fresh = Fresh(*writing.written(round_s * (1.0 - order.throttle)), writing.set_bytes)
        try:
            order = rounds.send(Report(round_s, left, fresh, memory.pages_bytes, rate))
        except StopIteration as end:
            course: Course = end.value
            break
    if course.reason == NEVER:
        return Prediction(course, tuple(sent), inf, nan)
    downtime_s = (course.left.pages_bytes + course.left.blank_bytes * blank) / link_bytes_per_s + floor_s
    return Prediction(course, (*sent, course.left.pages_bytes), elapsed_s + downtime_s, downtime_s)
