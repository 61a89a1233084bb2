"""A host's kernel and the memory of its guests: given as it is touched, swapped and merged like that of any process.

Where the host swaps (``swap=disk``) and its guests' full sizes do not fit, or where it merges equal pages (``ksm=on``),
a guest has what it has touched: memory of a process, of which the kernel knows nothing but when it was touched last.
What does not fit goes to the host's swap (``_hosted_pages``: silent writes, stale reads, double paging); what is equal
is found by a scanner (``_page_sharing``) and kept once. Where all fits and nothing is merged, memory is given at once,
and nothing of this is there.

Mechanism (emergent; paid by the virtual processor that touches, unless said otherwise):
    swap_in, swap_out
                as of any program, see ``_swap``
    ksm         pages looked at and merged, by the kernel's thread: ``ksm_pages_count`` pages, then a sleep of
                ``ksm_sleep_s``, whether it finds anything or not
    ksm_break   a write to a merged page: the exception, a new page, the copy; paid at the guest's next use of memory

Which pages are equal: see ``_similarity``.

By hand: 100 pages each 20 ms are 5,000 a second, 19.5 MiB/s: two passes over 8 GiB take 14 minutes.

Scope and limits: the scanner wakes as many times as it would, but is simulated in looks of ``_LOOK`` wakes. Large pages
are broken up where one of their pages is merged, without a price for the guest's walks. That pages without fellows are
looked at less often (smart scan, Linux 6.7) and that the rate follows the gain (its advisor) are left out, and so is
the exit that comes before a fault of a guest. A guest that finds neither memory nor swap is ended where it asks.

References: linuxksm, amit2014, barker2012.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal

from simulator import demands as d
from simulator.devices.memory import OutOfMemory
from simulator.errors import Refused
from simulator.layers._guest_memory import GuestMemory
from simulator.layers._hosted_pages import HostedPages
from simulator.layers._page_sharing import PageSharing
from simulator.layers._similarity import SIMILARITY, kinds
from simulator.layers._swap import Swap
from simulator.layers.base import Mechanism, Place, Priced, Service
from simulator.outcomes import killed
from simulator.parameters import Parameter, Parameters
from simulator.steps import Below, Later, Log, Repeat, Step, Wait

_KSM = "ksm=on"
HOSTED_STRUCTURE = {"ksm": ("off", "on")}
HOSTED_PARAMETERS = (
    Parameter("ksm_pages_count", "count", "pages that the scanner looks at before it sleeps", "ksm", _KSM),
    Parameter("ksm_sleep_s", "s", "how long it sleeps", "ksm", _KSM),
    Parameter("ksm_page_cycles", "cycles", "a page looked at: found, its checksum, looked up", "ksm", _KSM),
    Parameter("ksm_merge_cycles", "cycles", "a page compared as a whole, protected and merged", "ksm", _KSM),
    Parameter("ksm_break_cycles", "cycles", "a write to a merged page: exception, new page, copy", "ksm_break", _KSM),
    Parameter("ksm_item_bytes", "bytes", "what the scanner remembers of each page", "", _KSM),
    *SIMILARITY,
)
HOSTED_MECHANISMS = {
    "ksm": Mechanism("a guest's page looked at by the scanner, or merged", "emergent"),
    "ksm_break": Mechanism("a merged page written by a guest", "emergent"),
}
HOSTED_FIGURES = {
    "merged": ("bytes", "what guests take less because pages are merged"),
    "merged zero pages": ("bytes", "that part of it which is zero pages"),
    "passes": ("", "passes of the scanner over its guests' memory"),
    "guests in memory": ("bytes", "what its guests take of the memory"),
    "guests on disk": ("bytes", "what of its guests lies in the swap"),
}
_LOOK = 25
_GUESTS = "guests"
_LABELS = ("pages merged with others, written",)
Counts = Iterator[Sequence[float]]


def told(demand: d.Demand, guest: GuestMemory | None) -> tuple[Step, ...]:
    """What a hypervisor on a host tells that host's kernel of its guest's use of memory, if it is given so."""
    if guest is None:
        return ()
    name = guest.name
    if isinstance(demand, d.TouchGuest):
        use = d.UseGuestPages(
            name, demand.what, demand.size_bytes, demand.extent_bytes, demand.start_bytes, demand.file
        )
        return (Below(use),)
    if isinstance(demand, d.AccessMemory):
        what: Literal["random", "stream"] = "random" if demand.pattern == "random" else "stream"
        return (Below(d.UseGuestPages(name, what, extent_bytes=demand.working_set_bytes), own=True),)
    return ()


class HostedMemory(Priced):
    """What the use of memory by guests takes on a host.

    Args:
        parameters: the host's kernel's numbers.
        place: where it stands, with its guests.
        swap: its swap, if it has one; it knows the guests' pages.
        merges: whether equal pages are looked for.
    """

    def __init__(self, parameters: Parameters, place: Place, swap: Swap | None, *, merges: bool) -> None:
        assert place.host is not None
        self.parameters, self.place, self.host, self.swap = parameters, place, place.host, swap
        self.pages = swap.pages if swap is not None and isinstance(swap.pages, HostedPages) else None
        self.sharing = PageSharing(second_look=True) if merges else None
        self.held_bytes = self.saved_bytes = 0.0
        self._described: dict[str, tuple[float, ...]] = {}
        self._broken: dict[str, float] = {}
        self._due = self._passes = 0.0
        self._gone: set[str] = set()
        if self.pages is not None:
            for memory in self.host.guests.values():
                self.pages.host(memory)

    # ---- what guests use

    def used(self, demand: d.UseGuestPages) -> tuple[Step, ...]:
        """A guest uses pages."""
        broken = (self.use("ksm_break", "ksm_break_cycles"),) if self.sharing is not None else ()
        plans, labels = (self.swap.plans, self.swap.labels) if self.swap is not None else ((), ())

        def decide(owners: Sequence[str], count: float) -> Counts:
            memory = self.host.guests[demand.guest]
            if memory.name in self._gone:
                return
            for counts in self._met(demand, memory, owners, count):
                self._note(memory, counts)
                yield (*counts, 0.0)
            self._book(memory)
            yield (*(0.0 for _ in plans), self._broken.pop(demand.guest, 0.0))

        return (Repeat(decide, (*plans, broken), (*labels, *_LABELS)),)

    def _met(self, demand: d.UseGuestPages, memory: GuestMemory, owners: Sequence[str], count: float) -> Counts:
        """What has to be read and written for that."""
        name, pages, owner = demand.guest, self.pages, owners[0] if owners else ""
        there_bytes = demand.extent_bytes if demand.what in ("random", "stream") else 0.0
        if pages is None:
            memory.settle({owner: there_bytes} if there_bytes else None)
            return
        if demand.what == "old":
            yield from pages.written_out(name, demand.size_bytes * count)
            return
        yield from pages.used(name, owner, there_bytes)
        if demand.what in ("cache", "new") and demand.file:
            yield from pages.cached(name, demand.file, demand.start_bytes, demand.size_bytes)
        elif demand.what == "row":
            extent_bytes = max(demand.size_bytes, demand.extent_bytes)
            yield from pages.gone_through(name, owner, demand.size_bytes * count, extent_bytes, demand.start_bytes)
        elif demand.what == "stream":
            yield from pages.gone_through(name, owner, self.place.line_bytes * count, there_bytes, 0.0)
        elif demand.what == "random":
            yield from pages.at_random(name, owner, count, there_bytes)

    def _note(self, memory: GuestMemory, counts: Sequence[float]) -> None:
        assert self.pages is not None
        direct, clusters, singles, behind = counts
        memory.in_bytes += clusters * self.pages.cluster_bytes + singles * self.place.page_bytes
        memory.out_bytes += (direct + behind) * self.pages.batch_bytes

    def _book(self, memory: GuestMemory) -> None:
        """The host's own book of its memory: what guests have touched, less what is merged.

        Raises:
            Refused: neither memory nor swap is left.
        """
        if self.pages is not None:
            memory.swapped_bytes = self.pages.hosted_bytes(memory.name)[1]
        memory.note()
        touched_bytes = sum(guest.touched_bytes for guest in self._living())
        items_bytes = touched_bytes / self.place.page_bytes * self.parameters.get("ksm_item_bytes", 0.0)
        wanted_bytes = touched_bytes + (items_bytes if self.sharing is not None else 0.0) - self.saved_bytes
        space = self.host.space
        if space is None or wanted_bytes == self.held_bytes:
            return
        try:
            space.hold(_GUESTS, wanted_bytes - self.held_bytes)
        except OutOfMemory as error:
            self._end(memory)
            raise Refused(killed(f"the out-of-memory killer of {self.place.path}")) from error
        self.held_bytes = wanted_bytes
        if self.host.cache is not None:
            self.host.cache.resize(space.free_bytes)

    def _living(self) -> list[GuestMemory]:
        return [memory for memory in self.host.guests.values() if memory.name not in self._gone]

    def _end(self, memory: GuestMemory) -> None:
        """The process of a guest ends, and gives all of its memory back."""
        self._gone.add(memory.name)
        if self.sharing is not None:
            self.sharing.forget(memory.name)
        if self.pages is not None:
            self.pages.forget(memory.name)
        if self.host.space is not None:
            before_bytes, self.held_bytes = self.held_bytes, self.held_bytes - memory.touched_bytes
            self.host.space.hold(_GUESTS, self.held_bytes - before_bytes)

    # ---- the scanner

    def services(self) -> tuple[Service, ...]:
        """The scanner's thread."""
        if self.sharing is None:
            return ()
        period_s = _LOOK * self.parameters.ksm_sleep_s
        return (Service("ksm", period_s=period_s, wanted=lambda: True, demand=d.MergePages()),)

    def looks(self) -> tuple[Step, ...]:
        """Some wakes of the scanner, and its sleep until the next ones."""
        sleep_s = _LOOK * self.parameters.ksm_sleep_s
        return (Later(self._scan, "the scanner looks for equal pages"), Wait("time", time_s=sleep_s))

    def _scan(self, now_s: float) -> Iterable[Step]:
        sharing = self.sharing
        assert sharing is not None
        for memory in self._living():
            self._describe(sharing, memory, now_s)
        passes, pages = sharing.pass_number, self.parameters.ksm_pages_count * _LOOK
        scanned = sharing.scan(pages, now_s)
        if scanned.merged or now_s >= self._due:
            self._due = now_s + 10.0
            self._save(sharing, now_s)
        merges = (self.use("ksm", "ksm_merge_cycles", scanned.merged),) if scanned.merged else ()
        over = sharing.pass_number > passes
        lines = self._line() if over else ()
        return (self.use("ksm", "ksm_page_cycles", pages), *merges, *lines)

    def _describe(self, sharing: PageSharing, memory: GuestMemory, now_s: float) -> None:
        present = memory.resident_bytes / memory.touched_bytes if memory.touched_bytes else 1.0
        now = (*(region.size_bytes for region in memory.regions.values()), present)
        if now != self._described.get(memory.name):
            self._described[memory.name] = now
            sharing.describe(memory.name, kinds(memory, present), now_s)
        broken = sharing.take_broken(memory.name)
        if broken:
            self._broken[memory.name] = self._broken.get(memory.name, 0.0) + broken

    def _save(self, sharing: PageSharing, now_s: float) -> None:
        """What is merged makes room."""
        for name, pages in sharing.saved_pages(now_s).items():
            self.host.guests[name].shared_bytes = pages * self.place.page_bytes
        self.saved_bytes = sum(memory.shared_bytes for memory in self.host.guests.values())
        if self.pages is not None:
            self.pages.relieve(self.saved_bytes)
        for memory in self._living():
            self._book(memory)

    def _line(self) -> tuple[Step, ...]:
        had_bytes, self._passes = self._passes, self.saved_bytes

        def line(amount: Callable[[], float], ends: bool) -> Log:
            return Log("page sharing pass", amount, "bytes", ends=ends)

        return (line(lambda: had_bytes, False), line(lambda: self.saved_bytes, True))

    def figures(self) -> dict[str, float | str]:
        """What became of it, by the names of HOSTED_FIGURES."""
        guests = self._living()
        swapped_bytes = sum(memory.swapped_bytes for memory in guests)
        touched_bytes = sum(memory.touched_bytes for memory in guests)
        found: dict[str, float | str] = {
            "guests in memory": touched_bytes - swapped_bytes - self.saved_bytes, "guests on disk": swapped_bytes,
        }  # fmt: skip
        if self.sharing is None:
            return found
        zero_bytes = self.sharing.zero_pages(0.0) * self.place.page_bytes
        passes = str(self.sharing.pass_number - 1)
        return {"merged": self.saved_bytes, "merged zero pages": zero_bytes, "passes": passes, **found}
