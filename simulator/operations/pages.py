"""Pages of a tenant's memory while something watches them: which it touches for the first time since a moment.

A state that is read lazily, a copy that shares its pages, a snapshot that is written while the guest goes on, a record
of what has changed: each is paid at the *first* touch of a page since a moment, by whoever touches it. A watch stands
before each demand of the tenant's threads, counts the pages that the demand touches and that nothing has touched since
then, and says what each of them takes.

What a demand touches: the row or set of an access (of n words at random in a set of P pages with m touched already
``(P - m) (1 - exp(-n/P))`` are new), the pages that it takes into use, the pages of the files that it reads or writes,
and the working set of its thread. All together never more than there are.

By hand: a set of 1000 pages, 1000 words at random: 632 are touched; 1000 more: 233.

Scope and limits: what is read is taken to be written as well. What a kernel touches for itself counts with the files
and the new pages of its programs only. All pages of a demand are touched at its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from math import exp, inf
from typing import NamedTuple

from simulator import demands as d
from simulator.demands import Demand
from simulator.plans import Plan
from simulator.threads import Thread


class Use(NamedTuple):
    """What a demand touches of one region.

    Attributes:
        region: what tells it from others.
        pages: its size; infinite where each use is of new ones.
        touches: how many pages in a row, or words at random.
        random: whether these lie anywhere in it.
    """

    region: Hashable
    pages: float
    touches: float
    random: bool = False


class Watch:
    """Counts first touches.

    Args:
        pages: how many there are to be touched.
        page_bytes: size of one.
        price: the plan of so many first touches, paid by the thread that touches.
        present: pages by region that are touched already.
    """

    def __init__(
        self, pages: float, page_bytes: float, price: Callable[[float], Plan],
        present: dict[Hashable, float] | None = None,
    ) -> None:  # fmt: skip
        self.pages, self.page_bytes, self.price = pages, page_bytes, price
        self.present = dict(present or {})
        """The pages that have been touched, by region: a working set."""
        self._credit = self.present.pop("new", 0.0)
        self.touched = 0.0
        """First touches since it stands."""

    def __call__(self, thread: Thread, demand: Demand) -> Plan:
        """What a thread pays before a demand."""
        new = sum(self._first(use) for use in uses(thread, demand, self.page_bytes))
        new = min(new, self.pages - self.touched)
        if new <= 0.0:
            return ()
        self.touched += new
        return self.price(new)

    def _first(self, use: Use) -> float:
        if use.pages == inf:
            prepaid = min(self._credit, use.touches)
            self._credit -= prepaid
            self.present[use.region] = self.present.get(use.region, 0.0) + use.touches
            return use.touches - prepaid
        present = self.present.get(use.region, 0.0)
        left = max(0.0, use.pages - present)
        new = left * (1.0 - exp(-use.touches / use.pages)) if use.random else min(use.touches, left)
        self.present[use.region] = present + new
        return new


def uses(thread: Thread, demand: Demand, page_bytes: float) -> Iterator[Use]:
    """What a demand of a thread touches."""
    if thread.working_set_bytes:
        pages = thread.working_set_bytes / page_bytes
        yield Use(("thread", thread.name), pages, pages)
    for part in demand.demands if isinstance(demand, d.Together) else (demand,):
        yield from _of(part, page_bytes)


def _of(demand: Demand, page_bytes: float) -> Iterator[Use]:
    if isinstance(demand, d.AccessMemory):
        pages, random = demand.working_set_bytes / page_bytes, demand.pattern == "random"
        touches = demand.count if random else demand.count * 64.0 / page_bytes
        yield Use(("data", demand.working_set_bytes), pages, touches, random)
    elif isinstance(demand, d.Touch):
        extent_bytes = max(demand.size_bytes, demand.extent_bytes)
        yield Use(("row", demand.start_bytes), extent_bytes / page_bytes, demand.size_bytes * demand.count / page_bytes)
    elif isinstance(demand, d.Read):
        yield Use(("file", demand.file.name), demand.file.size_bytes / page_bytes, demand.size_bytes / page_bytes)
    elif isinstance(demand, d.Allocate | d.Write):
        yield Use("new", inf, demand.size_bytes * demand.count / page_bytes)
    elif isinstance(demand, d.NewObjects):
        yield Use("new", inf, demand.size_bytes / page_bytes)
