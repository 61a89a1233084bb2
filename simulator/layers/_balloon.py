"""A balloon: a driver in a guest that takes memory from the guest's kernel and gives it to the hypervisor.

Once a period the driver looks how large the hypervisor wants the balloon. Pages that are free it gets at once, so many
at a look; where none are free the kernel has to make some, and the driver takes fewer of them. The kernel does as it
would for any program: the page cache shrinks (clean pages dropped, least recently used first), then pages of programs
are written to the guest's own swap (``swap=disk``); without swap programs' memory cannot be had. What programs ask for
beyond what is left is refused by the guest, or swapped, as if it had been built smaller.

Mechanism (paid by a thread of the guest's kernel):
    page_cache  a clean page dropped
    swap_out    by the guest's own swap, see ``_swap``
    balloon     the driver's own work and the exit for each page, priced by the hypervisor (``ReleasePages``)

Scope and limits: dirty pages wait for the kernel's write-back. The rate at which the driver takes pages under pressure
is its largest one; it would go down where allocations fail.

References: waldspurger2002, linuxvmballoon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from simulator import demands as d
from simulator.layers._guest_memory import BALLOON, GuestMemory
from simulator.layers.base import Cache, Service
from simulator.steps import Below, Later, Repeat, Step, Use, Wait


class Squeezed(Protocol):
    """The guest's own swap: its programs' memory gets smaller, or larger again."""

    def squeeze(self, size_bytes: float) -> Repeat:
        """So much less is there for programs; what is written for that is paid by whoever goes on."""


class Balloon:
    """The driver in one guest.

    Args:
        guest: its memory.
        cache: its kernel's page cache.
        swap: its kernel's swap, if it has some.
        drop: what so many dropped pages of the cache take.
    """

    def __init__(self, guest: GuestMemory, cache: Cache, swap: Squeezed | None, drop: Callable[[float], Use]) -> None:
        self.guest, self.cache, self.swap, self._drop = guest, cache, swap, drop

    def service(self) -> Service:
        """The driver's thread."""
        guest = self.guest
        return Service("balloon", period_s=guest.balloon_s, wanted=self._wanted, demand=d.InflateBalloon())

    def looks(self) -> tuple[Step, ...]:
        """One look, and the time to the next one."""
        return (Later(self._look, "the balloon grows or shrinks"), Wait("time", time_s=self.guest.balloon_s))

    def _wanted(self) -> bool:
        guest = self.guest
        more_bytes = guest.balloon_target_bytes - guest.ballooned_bytes
        return more_bytes < -guest.page_bytes or (more_bytes > guest.page_bytes and self._to_be_had() > 0.0)

    def _to_be_had(self) -> float:
        """What the guest's kernel could give up at most."""
        clean_bytes = self.cache.resident_bytes
        return self.guest.unused_bytes + clean_bytes + (self.guest.programs_bytes if self.swap else 0.0)

    def _look(self, now_s: float) -> Iterable[Step]:
        guest = self.guest
        guest.settle()
        more_bytes = guest.balloon_target_bytes - guest.ballooned_bytes
        if more_bytes < 0.0:
            return self._shrink(min(-more_bytes, guest.balloon_free_bytes))
        free_bytes = min(more_bytes, guest.balloon_free_bytes, guest.unused_bytes)
        left_bytes = min(more_bytes - free_bytes, max(0.0, guest.balloon_reclaim_bytes - free_bytes))
        cached_bytes = min(left_bytes, self.cache.resident_bytes)
        swapped_bytes = min(left_bytes - cached_bytes, guest.programs_bytes) if self.swap else 0.0
        return self._grow(free_bytes, cached_bytes, swapped_bytes)

    def _shrink(self, size_bytes: float) -> tuple[Step, ...]:
        self.guest.deflate(size_bytes)
        self._book(-size_bytes)
        steps = (self.swap.squeeze(-size_bytes),) if self.swap else ()
        return (*steps, Below(d.ReleasePages(count=size_bytes / self.guest.page_bytes)))

    def _grow(self, free_bytes: float, cached_bytes: float, swapped_bytes: float) -> tuple[Step, ...]:
        size_bytes, guest = free_bytes + cached_bytes + swapped_bytes, self.guest
        if size_bytes < guest.page_bytes:
            return ()
        self._book(size_bytes)
        steps: tuple[Step, ...] = (self._drop(cached_bytes / guest.page_bytes),)
        if self.swap:
            steps = (*steps, self.swap.squeeze(size_bytes))
        guest.settle()
        guest.inflate(min(size_bytes, guest.unused_bytes))
        return (*steps, Below(d.ReleasePages(count=size_bytes / guest.page_bytes)))

    def _book(self, size_bytes: float) -> None:
        assert self.guest.space is not None
        self.guest.space.hold(BALLOON, size_bytes)
        self.cache.resize(self.guest.space.free_bytes)
