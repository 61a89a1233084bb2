"""How a hypervisor takes memory from its guests and gives it back, ESX's way: what each step of it costs, and whom.

``overcommit=on``: guests have what they have touched (``_guest_memory``), and together they may have been promised more
than there is. As free memory gets less the hypervisor goes through its states (``_memory_targets``):

    high   nothing is taken
    soft   balloons grow: the guests' own kernels decide what to give up (``_balloon``); where there is no balloon,
           pages are taken as in ``hard``
    hard   pages chosen at random are taken from the guests that are above their targets, those first that pay least for
           a page: compressed where they shrink to half and there is room (``compression=on``), otherwise written to
           the swap file. Written behind the guests
    low    a guest above its target that touches memory waits until what is taken for it has been written

What is taken comes back when it is touched, page by page: read from the swap file (at random places: in the order in
which they were taken is no order in which they are used), or decompressed. Taken at random, pages in use go with the
others, also those that the guest's kernel writes out next: it has them read first (double paging). None of this happens
while memory is plenty, and where the guests' full sizes fit nothing of it is there at all.

Mechanism (emergent):
    host_swap_in    paid by the virtual processor that touches: exit, place in the file, page mapped; it waits for the
                    disk, which its neighbours use too
    host_swap_out   pages unmapped and given a place, ``host_swap_batch_count`` to a write; paid by a thread of the
                    hypervisor for the guest (swap thread) or for the machine, or in ``low`` by who touches
    compression, decompression
                    paid by whoever takes, and whoever touches
    balloon         paid by the guest's driver: see ``_balloon``
    sharing         pages looked at and merged (``sharing=on``, see ``_page_sharing``), by the hypervisor's thread: all
                    of a guest in ``share_pass_s``; small pages only. With ``large_pages=on`` they are hashed, and
                    merged from when memory is first short (soft) and large pages are broken up, which they stay
    share_break     a shared page written: exit, new page, copy; paid by the writer at its next use of memory

Active memory: ESX invalidates ``sample_pages_count`` pages at random at the beginning of each period and counts which
were touched; here their expected part is known. Estimate: the larger of the last period's and of a slow average.

Scope and limits: a guest's first touch of a page is not priced (nested fills of new pages are in its guest's figures),
nor are large pages broken. A kernel's own pages are taken like all others, but only few of them are in use: their
coming back is left out. Pages are believed to shrink or not by ``compressible_ratio``, whatever is in them. Periods
pass by the clock, not by a guest's processor time. Guests' kinds of pages: ``_similarity``.
All large pages are broken up at once, and what is found by then is merged at no cost but that of looking.

References: waldspurger2002, vmwareesx41memory, vmwareresources40, vmwaretps.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from simulator import demands as d
from simulator.layers._guest_memory import GuestMemory, HostMemory
from simulator.layers._memory_targets import STATES, Claim, entered, targets, taxed_bytes
from simulator.layers._page_sharing import PageSharing
from simulator.layers._similarity import kinds
from simulator.layers.base import Mechanism, Place, Priced, Service
from simulator.parameters import Parameter, Parameters
from simulator.steps import Later, Log, Repeat, Send, Step, Wait

_ON, _BALLOON, _COMPRESSION, _SHARING = "overcommit=on", "balloon=on", "compression=on", "sharing=on"
RECLAIM_STRUCTURE = dict.fromkeys(("overcommit", "balloon", "compression", "sharing", "large_pages"), ("off", "on"))
RECLAIM_PARAMETERS = (
    Parameter("least_free_ratio", "ratio", "part of the memory that is kept free: the mark of the high state", "", _ON),
    Parameter("soft_ratio", "ratio", "of that, the mark of the soft state", "", _ON),
    Parameter("hard_ratio", "ratio", "of that, the mark of the hard state", "", _ON),
    Parameter("low_ratio", "ratio", "of that, the mark of the low state", "", _ON),
    Parameter("idle_tax_ratio", "ratio", "tax on idle memory", "", _ON),
    Parameter("balance_s", "s", "time between two looks at who ought to have how much", "", _ON),
    Parameter("sample_s", "s", "time over which pages in use are counted", "", _ON),
    Parameter("sample_weight_ratio", "ratio", "weight of the last period in the slow average of pages in use", "", _ON),
    Parameter("host_swap_in_cycles", "cycles", "a page brought back, disk path apart", "host_swap_in", _ON),
    Parameter("host_swap_out_cycles", "cycles", "a page chosen, unmapped and given a place", "host_swap_out", _ON),
    Parameter("host_swap_batch_count", "count", "pages written at once", "host_swap_out", _ON),
    Parameter("balloon_s", "s", "time between two looks of the driver at what is wanted", "balloon", _BALLOON),
    Parameter("balloon_most_ratio", "ratio", "most that a balloon takes of a guest's memory", "", _BALLOON),
    Parameter("balloon_free_count", "count", "pages taken at a look where they are free", "balloon", _BALLOON),
    Parameter("balloon_reclaim_count", "count", "pages taken at a look where the kernel has to make them free",
              "balloon", _BALLOON),
    Parameter("balloon_page_cycles", "cycles", "a page allocated by the driver and told to the hypervisor, exit apart",
              "balloon", _BALLOON),
    Parameter("compress_cycles", "cycles", "a page compressed", "compression", _COMPRESSION),
    Parameter("decompress_cycles", "cycles", "a page decompressed", "decompression", _COMPRESSION),
    Parameter("compressible_ratio", "ratio", "part of the pages that shrink to what a compressed one may take", "",
              _COMPRESSION),
    Parameter("compressed_ratio", "ratio", "what a compressed page takes", "", _COMPRESSION),
    Parameter("compression_most_ratio", "ratio", "most that compressed pages take of a guest's memory", "",
              _COMPRESSION),
    Parameter("share_pass_s", "s", "time in which all of a guest's memory is looked at", "", _SHARING),
    Parameter("share_most_count", "count", "pages a second that are looked at, at most", "", _SHARING),
    Parameter("share_page_cycles", "cycles", "a page looked at: hashed, looked up", "sharing", _SHARING),
    Parameter("share_merge_cycles", "cycles", "a page compared as a whole, protected and merged", "sharing", _SHARING),
    Parameter("share_break_cycles", "cycles", "a shared page written: exit, new page, copy", "share_break", _SHARING),
)  # fmt: skip
RECLAIM_MECHANISMS = {
    "host_swap_in": Mechanism("a page of a guest brought back from the hypervisor's swap file", "emergent"),
    "host_swap_out": Mechanism("a page of a guest written to the hypervisor's swap file", "emergent"),
    "compression": Mechanism("a page of a guest compressed instead of swapped", "emergent"),
    "decompression": Mechanism("a compressed page of a guest touched", "emergent"),
    "sharing": Mechanism("a guest's page looked at for its like, or merged", "emergent"),
    "share_break": Mechanism("a shared page written by a guest", "emergent"),
    "balloon": Mechanism("pages given to the hypervisor by a driver in the guest", "emergent"),
}

_QUEUE = "host-swap"
_TRAIN = 64
"""Requests that go to the disk as one train."""
_GATHERED = 8.0
"""Batches that are left to the hypervisor's thread at a time: what one page after the other needs comes together."""
_LABELS = (
    "guests' pages written to the swap file, waited for", "pages compressed", "pages read from the swap file",
    "pages decompressed", "guests' pages left to the hypervisor's thread to write",
    *(f"the hypervisor enters its {state} state" for state in STATES), "shared pages written",
)  # fmt: skip
Counts = Iterator[Sequence[float]]


class Reclaim(Priced):
    """What guests' memory takes where a hypervisor keeps it.

    Args:
        parameters: the hypervisor's numbers.
        structure: its choices.
        place: where it stands: for one guest, or for itself.
        disk: one transfer by the hypervisor's own path.
    """

    def __init__(
        self, parameters: Parameters, structure: Mapping[str, str], place: Place,
        disk: Callable[[d.TransferBlocks], tuple[Step, ...]],
    ) -> None:  # fmt: skip
        assert place.host is not None
        self.parameters, self.structure, self.place, self._disk = parameters, structure, place, disk
        self.host: HostMemory = place.host
        self.guest = place.guest
        parts = (1.0, parameters.soft_ratio, parameters.hard_ratio, parameters.low_ratio)
        self.marks = tuple(part * parameters.least_free_ratio * self.host.total_bytes for part in parts)
        """Free bytes at the marks of the states, from high to low."""
        self.balloons, self.compresses = structure["balloon"] == "on", structure["compression"] == "on"
        self.sharing = PageSharing(second_look=False) if structure["sharing"] == "on" else None
        self._large = structure["large_pages"] == "on"
        self._described: dict[str, tuple[float, ...]] = {}
        self._due_s = 0.0
        self._batch_bytes = parameters.host_swap_batch_count * place.page_bytes
        write, read = self._write(), self._read()
        behind = Send(_QUEUE, write, finish=(self._noted(),), wait=False, forgotten=True)
        compress = (self.use("compression", "compress_cycles"),) if self.compresses else ()
        decompress = (self.use("decompression", "decompress_cycles"),) if self.compresses else ()
        states = tuple(self._entry(state) for state in STATES)
        broken = (self.use("share_break", "share_break_cycles"),) if self.sharing else ()
        waited = (*write, self._noted())
        self._plans: tuple[tuple[Step, ...], ...] = (waited, compress, read, decompress, (behind,), *states, broken)

    def guest_services(self) -> tuple[Service, ...]:
        """The thread that writes one guest's pages behind it."""
        return (Service("host-swap", queue=_QUEUE, capacity=sys.maxsize),)

    def services(self) -> tuple[Service, ...]:
        """The thread that balances memory among all."""
        return (Service("memory", period_s=1.0, wanted=lambda: True, demand=d.BalanceMemory()),)

    # ---- what guests touch

    def touched(self, demand: d.TouchGuest) -> tuple[Step, ...]:
        """Pages that the guest's kernel tells of."""
        size_bytes, extent_bytes, start_bytes = demand.size_bytes, demand.extent_bytes, demand.start_bytes
        if demand.what == "row":
            return (self._repeat(lambda own, n: self._row(own, size_bytes * n, extent_bytes, start_bytes, None)),)
        if demand.what == "cache":
            return (self._repeat(lambda own, n: self._once(lambda guest: guest.cache_read(size_bytes * n))),)
        if demand.what == "old":
            return (self._repeat(lambda own, n: self._old(own, size_bytes * n)),)
        return (self._repeat(lambda own, n: self._once(lambda guest: guest.settle())),)

    def accessed(self, demand: d.AccessMemory) -> tuple[Step, ...]:
        """Words of a program's data."""
        size_bytes = demand.working_set_bytes
        if demand.pattern == "random":
            return (self._repeat(lambda own, n: self._scattered(own, n, size_bytes)),)
        line_bytes = self.place.line_bytes
        return (self._repeat(lambda own, n: self._row(own, line_bytes * n, size_bytes, 0.0, size_bytes)),)

    def released(self) -> tuple[Step, ...]:
        """A page of a balloon: the driver's own work is in it."""
        return (self.use("balloon", "balloon_page_cycles"),)

    def _repeat(self, decide: Callable[[Sequence[str], float], Counts]) -> Repeat:
        return Repeat(decide, self._plans, _LABELS)

    def _own(self) -> GuestMemory:
        assert self.guest is not None
        return self.guest

    def _once(self, touch: Callable[[GuestMemory], float]) -> Counts:
        guest = self._own()
        had_bytes, missed_bytes = guest.compressed_bytes, touch(guest)
        yield from self._paid(missed_bytes, had_bytes)

    def _row(
        self, owners: Sequence[str], size_bytes: float, extent_bytes: float, start_bytes: float,
        there_bytes: float | None,
    ) -> Counts:  # fmt: skip
        guest = self._own()
        for owner in owners[:1]:
            there = {owner: there_bytes} if there_bytes is not None else None
            yield from self._once(lambda each: each.settle(there))  # noqa: B023
            while size_bytes > 0.0:
                step_bytes = min(size_bytes, _TRAIN * self.place.page_bytes * 8) if guest.away_bytes else size_bytes
                size_bytes -= step_bytes
                had_bytes = guest.compressed_bytes
                missed_bytes = guest.row(owner, step_bytes, extent_bytes or step_bytes, start_bytes)
                yield from self._paid(missed_bytes, had_bytes)

    def _scattered(self, owners: Sequence[str], touches: float, set_bytes: float) -> Counts:
        guest = self._own()
        for owner in owners[:1]:
            yield from self._once(lambda each: each.settle({owner: set_bytes}))  # noqa: B023
            while touches > 0.0:
                ratio = guest.away_ratio(owner, set_bytes)
                part = min(touches, _TRAIN / ratio) if ratio > 1e-9 else touches
                touches -= part
                had_bytes = guest.compressed_bytes
                yield from self._paid(guest.scattered(owner, part, set_bytes), had_bytes)

    def _old(self, owners: Sequence[str], size_bytes: float) -> Counts:
        """The guest writes pages out that it has not used for long: those that are away are read first."""
        guest = self._own()
        if guest.away_bytes:
            part = guest.away_bytes / guest.touched_bytes
            compressed = guest.compressed_bytes / guest.away_bytes
            pages = size_bytes * part / self.place.page_bytes
            guest.owed_pages += pages * (1.0 - compressed)
            read = guest.owed_pages // 1.0
            guest.owed_pages -= read
            yield self._counts(read=read, decompressed=pages * compressed)

    def _paid(self, missed_bytes: float, had_compressed_bytes: float) -> Counts:
        """What was away is brought back, and what that and new pages take of the memory is made free."""
        guest, page_bytes = self._own(), self.place.page_bytes
        if guest.broken_pages:
            broken, guest.broken_pages = guest.broken_pages, 0.0
            yield self._counts(broken=broken)
        decompressed_bytes = min(missed_bytes, max(0.0, had_compressed_bytes - guest.compressed_bytes))
        yield from self._relieved(guest)
        guest.owed_pages += (missed_bytes - decompressed_bytes) / page_bytes
        decompressed = decompressed_bytes / page_bytes
        while guest.owed_pages >= 1.0 or decompressed > 0.0:  # whole pages, one by one
            part = min(guest.owed_pages // 1.0, _TRAIN)
            yield self._counts(read=part, decompressed=decompressed)
            guest.owed_pages, decompressed = guest.owed_pages - part, 0.0

    # ---- taking

    def _relieved(self, user: GuestMemory | None) -> Counts:
        """Pages are taken if too few are free; who uses memory waits where that is needed."""
        yield from self._states()
        host, (high, soft, _, low) = self.host, self.marks
        forced = STATES.index(host.state) >= (2 if self.balloons else 1)
        if not forced:
            return
        goal_bytes = soft if STATES.index(host.state) >= 2 else high
        written_bytes, compressed_bytes = self._taken(goal_bytes - host.free_bytes)
        above = user is None or user.consumed_bytes > user.target_bytes
        floor_bytes = low if above else 0.0
        host.behind_bytes += written_bytes
        yield from self._states()
        behind_bytes = max(0.0, min(written_bytes, host.ready_bytes + written_bytes - floor_bytes)) if user else 0.0
        host.owed_batches += (written_bytes - behind_bytes) / self._batch_bytes
        host.left_batches += behind_bytes / self._batch_bytes
        behind = host.left_batches // 1.0 if host.left_batches >= _GATHERED else 0.0
        host.left_batches -= behind
        compressed = compressed_bytes / self.place.page_bytes
        while host.owed_batches >= 1.0 or behind or compressed:
            now = min(host.owed_batches // 1.0, _TRAIN)
            host.owed_batches -= now
            yield self._counts(direct=now, behind=behind, compressed=compressed)
            behind = compressed = 0.0

    def _states(self) -> Counts:
        host, had = self.host, STATES.index(self.host.state)
        host.state = entered(host.state, host.ready_bytes, self.marks)
        now = STATES.index(host.state)
        host.unbalanced = host.unbalanced or now != had
        for index in range(had + 1, now + 1) if now > had else range(had - 1, now - 1, -1):
            yield self._counts(state=index)

    def _taken(self, needed_bytes: float) -> tuple[float, float]:
        """So much is made free: from who pays least for a page, down to its target; returns written and compressed."""
        written_bytes = compressed_bytes = 0.0
        if needed_bytes <= 0.0:
            return 0.0, 0.0
        grown_bytes = abs(self.host.wanted_bytes - self.host.balanced_bytes)
        if self.host.unbalanced or grown_bytes > self.marks[-1]:
            self.balance()
        for least in ("target_bytes", "reservation_bytes"):
            for guest in sorted(self.host.guests.values(), key=self._pays):
                least_bytes = max(getattr(guest, least), guest.reservation_bytes)
                excess_bytes = min(guest.consumed_bytes - least_bytes, needed_bytes)
                if excess_bytes <= 0.0:
                    continue
                had_bytes = guest.consumed_bytes
                room_bytes = self._room_bytes(guest)
                ratio = self.parameters.compressible_ratio if self.compresses else 0.0
                kept_bytes = min(excess_bytes * ratio, room_bytes) * guest.compressed_ratio
                taken = guest.take(excess_bytes + kept_bytes, ratio, room_bytes)
                needed_bytes -= had_bytes - guest.consumed_bytes
                written_bytes += taken.written_bytes
                compressed_bytes += taken.compressed_bytes
            if needed_bytes <= self.place.page_bytes:
                break
        return written_bytes, compressed_bytes

    def _room_bytes(self, guest: GuestMemory) -> float:
        """How much of its pages can still be compressed."""
        if not self.compresses:
            return 0.0
        most_bytes = self.parameters.compression_most_ratio * guest.configured_bytes / guest.compressed_ratio
        return max(0.0, most_bytes - guest.compressed_bytes)

    def _pays(self, guest: GuestMemory) -> float:
        """What a guest pays for a page (rho)."""
        active_bytes = guest.active_ratio * guest.consumed_bytes
        charged_bytes = taxed_bytes(guest.consumed_bytes, active_bytes, self.parameters.idle_tax_ratio)
        return guest.weight * guest.configured_bytes / charged_bytes if charged_bytes else float("inf")

    # ---- who ought to have how much

    def balance(self) -> None:
        """Targets for all guests, and what that means for their balloons."""
        guests, parameters = list(self.host.guests.values()), self.parameters
        there_bytes = self.host.guests_bytes - self.marks[0] + sum(guest.shared_bytes for guest in guests)
        claims = [
            Claim(
                guest.weight * guest.configured_bytes, min(guest.wanted_bytes, guest.limit_bytes),
                guest.reservation_bytes, guest.active_ratio * guest.wanted_bytes,
            )
            for guest in guests
        ]  # fmt: skip
        for guest, target_bytes in zip(guests, targets(claims, there_bytes, parameters.idle_tax_ratio), strict=True):
            guest.target_bytes = target_bytes
            guest.balloon_target_bytes = self._balloon_bytes(guest)
        self.host.unbalanced, self.host.balanced_bytes = False, self.host.wanted_bytes

    def _balloon_bytes(self, guest: GuestMemory) -> float:
        """A balloon grows in need, or to a guest's limit; it goes where a guest may have all that it wants."""
        if not self.balloons:
            return 0.0
        if guest.target_bytes >= guest.wanted_bytes:
            return 0.0
        most_bytes = self.parameters.balloon_most_ratio * guest.configured_bytes
        wanted_bytes = min(most_bytes, guest.configured_bytes - guest.target_bytes)
        grows = self.host.state != "high" or guest.consumed_bytes > guest.limit_bytes
        return wanted_bytes if grows else min(wanted_bytes, guest.ballooned_bytes)

    def balanced(self) -> tuple[Step, ...]:
        """The hypervisor's thread looks once a second."""
        return (Later(self._look, "who uses how much, and who ought to have how much"), Wait("time", time_s=1.0))

    def _look(self, now_s: float) -> Iterable[Step]:
        host, parameters = self.host, self.parameters
        if now_s - host.sampled_s >= parameters.sample_s:
            host.sampled_s = now_s
            for guest in host.guests.values():
                self._sample(guest)
        if host.unbalanced or now_s - host.balanced_s >= parameters.balance_s:
            host.balanced_s = now_s
            self.balance()
        shared = self._share(self.sharing, now_s) if self.sharing is not None else ()
        return (*shared, self._repeat(lambda owners, count: self._relieved(None)))

    # ---- equal pages

    def _share(self, sharing: PageSharing, now_s: float) -> tuple[Step, ...]:
        """A second's pages are looked at, and merged with their like."""
        parameters, guests = self.parameters, self.host.guests
        broken_up = self._large and self.host.state != "high"
        self._large = self._large and not broken_up
        for guest in guests.values():
            self._describe(sharing, guest, now_s)
        pages = min(sharing.pages / parameters.share_pass_s, parameters.share_most_count)
        scanned = sharing.scan(pages, now_s)
        if scanned.merged or broken_up or now_s >= self._due_s:
            self._due_s = now_s + 10.0
            for name, saved in sharing.saved_pages(now_s).items():
                guests[name].shared_bytes = saved * self.place.page_bytes
        merges = (self.use("sharing", "share_merge_cycles", scanned.merged),) if scanned.merged else ()
        return (self.use("sharing", "share_page_cycles", pages), *merges)

    def _describe(self, sharing: PageSharing, guest: GuestMemory, now_s: float) -> None:
        """What a guest has now; shared pages that were taken from it are no writes of its own."""
        present = guest.resident_bytes / guest.touched_bytes if guest.touched_bytes else 1.0
        now = (*(region.size_bytes for region in guest.regions.values()), float(self._large), present)
        had = self._described.get(guest.name, now[-1:])
        guest.broken_pages += sharing.take_broken(guest.name)
        if now != had:
            self._described[guest.name] = now
            sharing.describe(guest.name, kinds(guest, present), now_s, large=self._large)
            given_up = sharing.take_broken(guest.name)
            guest.broken_pages += given_up if present >= had[-1] else 0.0

    def _sample(self, guest: GuestMemory) -> None:
        ratio, weight = guest.next_period(), self.parameters.sample_weight_ratio
        guest.slow_ratio += weight * (ratio - guest.slow_ratio)
        guest.active_ratio = max(ratio, guest.slow_ratio)

    # ---- single steps

    def _counts(
        self, direct: float = 0.0, compressed: float = 0.0, read: float = 0.0, decompressed: float = 0.0,
        behind: float = 0.0, state: int = -1, broken: float = 0.0,
    ) -> Sequence[float]:  # fmt: skip
        states = (float(state == each) for each in range(len(STATES)))
        return (direct, compressed, read, decompressed, behind, *states, broken)

    def _read(self) -> tuple[Step, ...]:
        return (
            self.use("host_swap_in", "host_swap_in_cycles"),
            *self._disk(d.TransferBlocks(0, int(self.place.page_bytes))),
        )

    def _write(self) -> tuple[Step, ...]:
        batch = d.TransferBlocks(0, int(self._batch_bytes), write=True, stream=f"{self.place.path}:host-swap")
        pages = self.parameters.host_swap_batch_count
        return (self.use("host_swap_out", "host_swap_out_cycles", pages), *self._disk(batch))

    def _noted(self) -> Repeat:
        def noted(owners: Sequence[str], count: float) -> Counts:
            self.host.behind_bytes = max(0.0, self.host.behind_bytes - self._batch_bytes * count)
            return iter(())

        return Repeat(noted, (), ())

    def _entry(self, state: str) -> tuple[Step, ...]:
        def free_bytes() -> float:
            return self.host.ready_bytes

        kind = f"memory state {state}"
        return (Log(kind, free_bytes, "bytes"), Log(kind, free_bytes, "bytes", ends=True))
