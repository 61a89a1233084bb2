"""A scanner that looks for equal pages in guests' memory and keeps one for all: pure state, without prices.

What there is to find is told as kinds of pages in each guest: zero pages, pages with a content that other guests of the
same image have too (kernel and program text, page cache of the same files), and pages that are alike within the guest.
What has been found depends on where the scanner has come. It goes through all guests, one after the other, again and
again, at its rate:

    KSM   A page is looked up among the merged ones (stable tree). If it is not there and its checksum is not the one of
          the last pass, it is left alone: so nothing is merged before the second pass, and what is rewritten between
          two passes never is. Else it is looked up among the unchanged pages of *this* pass (unstable tree): whoever is
          found there becomes a merged page together with it, who is not is entered.
    ESX   A page is looked up by its hash among shared pages and hints; a hint is made of whatever is not found, and
          holds as long as its page is unchanged. So the second copy is merged in the first pass. Large pages are hashed
          but not merged until memory is short and they are broken up (``broken``).

A shared page that is written is broken: the writer gets a copy of its own, which the scanner must find anew. Writes
come at random, once in ``rewritten_s`` for each page: unchanged after t are exp(-t / rewritten_s). So a page that is
written often is merged only by a scanner that comes often, and then is broken again for it.

By hand: 3 guests of 100 pages, 40 of them the same in each, 10 zero; 100 pages a second by KSM. Pass 1 (3 s): nothing.
Pass 2: guest 1 merges its zero pages (10 into one), guest 2 its 40 with those of guest 1, guest 3 at once with what is
merged: 30 + 80 saved after 6 s, less one page for zero. By ESX's way the same after 3 s.

A guest is looked at in sections, in each of which all of its kinds are alike. Of one kind, a guest that has fewer pages
than another one has the first of them. How many may share one page (KSM: 256) is left out, and so is the rest of a
pass that a new guest comes into.

References: linuxksm, waldspurger2002, vmwaretps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import exp
from typing import NamedTuple

SECTIONS = 16
"""Parts that a guest is looked at in."""
_NONE = 1e-9


class Kind(NamedTuple):
    """Pages of one kind in a guest.

    Attributes:
        key: guests with the same key have the same contents.
        pages: how many.
        alike: how many pages of this guest have the same content; without end: all of them (zero pages).
        rewritten_s: mean time between two writes to a page.
    """

    key: str
    pages: float
    alike: float = 1.0
    rewritten_s: float = float("inf")


class Scanned(NamedTuple):
    """What a scanner has done.

    Attributes:
        pages: that it has looked at.
        merged: that share a page since then.
    """

    pages: float
    merged: float


@dataclass(slots=True)
class _Cell:
    """Pages of one kind in one section of a guest."""

    kind: Kind
    pages: float = 0.0
    merged: float = 0.0
    seen: float = 0.0
    """Not merged, with a checksum or hint that was right when the scanner was here."""
    waiting: float = 0.0
    """Of these, those that a later page of the pass may be merged with."""
    pass_number: int = 0
    at_s: float = 0.0

    def unchanged(self, now_s: float) -> float:
        """Part of the pages that nobody has written since the scanner was here."""
        return exp(-(now_s - self.at_s) / self.kind.rewritten_s) if now_s > self.at_s else 1.0


@dataclass(slots=True)
class _Guest:
    """One guest as the scanner knows it."""

    cells: dict[str, list[_Cell]] = field(default_factory=dict)
    large: bool = False
    broken_pages: float = 0.0

    @property
    def pages(self) -> float:
        """All that are looked at."""
        return sum(cell.pages for cells in self.cells.values() for cell in cells)


class PageSharing:
    """What one scanner has found.

    Args:
        second_look: whether a page must be unchanged since the pass before (KSM); else the first look counts (ESX).
    """

    def __init__(self, *, second_look: bool) -> None:
        self.second_look = second_look
        self.scanned_pages = self.merged_pages = 0.0
        self.pass_number = 1
        self._guests: dict[str, _Guest] = {}
        self._order: list[str] = []
        self._next = (0, 0)
        self._budget = 0.0

    # ---- what there is

    def describe(self, guest: str, kinds: Iterable[Kind], now_s: float, *, large: bool = False) -> None:
        """What a guest has now. What it has less of a kind has been written: shared pages among it are broken.

        Args:
            guest: its name.
            kinds: of its pages; what is in none of them is like no other page (but is looked at, as a kind too).
            now_s: the time.
            large: whether large pages stand behind it, which are not merged.
        """
        found = self._guests.get(guest)
        if found is None:
            found = self._guests[guest] = _Guest()
            self._order.append(guest)
        found.large = large
        told = {kind.key: kind for kind in kinds if kind.pages > _NONE}
        for key in found.cells.keys() - told.keys():
            told[key] = found.cells[key][0].kind._replace(pages=0.0)
        for key, kind in told.items():
            cells = found.cells.setdefault(key, [_Cell(kind, at_s=now_s) for _ in range(SECTIONS)])
            for cell in cells:
                self._resize(found, cell, kind)

    def _resize(self, guest: _Guest, cell: _Cell, kind: Kind) -> None:
        pages = kind.pages / SECTIONS
        cell.kind = kind
        if pages < cell.pages:
            left = pages / cell.pages
            if not guest.large:
                guest.broken_pages += cell.merged * (1.0 - left)
            cell.merged, cell.seen, cell.waiting = cell.merged * left, cell.seen * left, cell.waiting * left
        cell.pages = pages

    def forget(self, guest: str) -> None:
        """A guest is gone; what others share with it they go on sharing."""
        if self._guests.pop(guest, None) is not None:
            self._order.remove(guest)
            self._next = (0, 0)

    @property
    def pages(self) -> float:
        """Pages of one pass."""
        return sum(guest.pages for guest in self._guests.values())

    # ---- the scanner

    def scan(self, pages: float, now_s: float) -> Scanned:
        """Look at so many pages, from where it had come; a section when its last page is due."""
        before = self.merged_pages
        self._budget += pages
        for _ in range(SECTIONS * max(1, len(self._order))):
            if not self._order:
                break
            number, section = self._next
            guest = self._guests[self._order[number]]
            wanted = sum(cells[section].pages for cells in guest.cells.values())
            if wanted > self._budget + _NONE:
                break
            self._budget -= wanted
            for key, cells in guest.cells.items():
                self._look(key, section, cells[section], guest, now_s)
            self._go_on(number, section)
        else:
            self._budget = 0.0  # there is less than it could look at
        self.scanned_pages += pages
        return Scanned(pages, self.merged_pages - before)

    def _go_on(self, number: int, section: int) -> None:
        if section + 1 < SECTIONS:
            self._next = (number, section + 1)
            return
        last = number + 1 >= len(self._order)
        self.pass_number += last
        self._next = (0 if last else number + 1, 0)

    def _look(self, key: str, section: int, cell: _Cell, guest: _Guest, now_s: float) -> None:
        left = cell.unchanged(now_s)
        if not guest.large:
            guest.broken_pages += cell.merged * (1.0 - left)
        cell.merged *= left
        others = [each.cells[key][section] for each in self._guests.values() if key in each.cells]
        alike, merged = cell.kind.alike, cell.merged
        stable = max((each.merged / each.kind.alike for each in others if each.merged > _NONE), default=-1.0)
        if stable >= 0.0:
            cell.merged = max(cell.merged, min(cell.pages, stable * alike if alike < float("inf") else cell.pages))
        new = cell.pages - cell.merged
        ready = min(new, cell.seen * left) if self.second_look else new
        if alike >= 2.0:
            cell.merged += ready
            new, ready = new - ready, 0.0
        elif ready > _NONE:
            ready -= self._merge_two(cell, [each for each in others if each is not cell], ready, now_s)
            new = cell.pages - cell.merged
        self.merged_pages += cell.merged - merged
        cell.seen, cell.waiting, cell.pass_number, cell.at_s = new, ready, self.pass_number, now_s

    def _merge_two(self, cell: _Cell, others: Iterable[_Cell], ready: float, now_s: float) -> float:
        """Merge with the pages of another guest that wait for their like; returns how many."""
        there = [each for each in others if self._may_wait(each)]
        partner = max(there, key=lambda each: each.waiting, default=None)
        if partner is None:
            return 0.0
        found = min(ready, partner.waiting * partner.unchanged(now_s))
        cell.merged += found
        partner.merged += found
        partner.waiting -= found
        partner.seen = max(0.0, partner.seen - found)
        self.merged_pages += found
        return found

    def _may_wait(self, cell: _Cell) -> bool:
        """The tree of unchanged pages is made anew in each pass; hints stay."""
        return cell.waiting > _NONE and (not self.second_look or cell.pass_number == self.pass_number)

    # ---- what has come of it

    def saved_pages(self, now_s: float) -> dict[str, float]:
        """Pages that each guest does not take; those that several share are taken by all of them, in equal parts."""
        saved = dict.fromkeys(self._order, 0.0)
        keys = {key for guest in self._guests.values() for key in guest.cells}
        for key in sorted(keys):
            for section in range(SECTIONS):
                self._add_saved(saved, key, section, now_s)
        return saved

    def _add_saved(self, saved: dict[str, float], key: str, section: int, now_s: float) -> None:
        merged, kept = {}, 0.0
        for name, guest in self._guests.items():
            if guest.large or key not in guest.cells:
                continue
            cell = guest.cells[key][section]
            if cell.merged > _NONE:
                merged[name] = cell.merged * cell.unchanged(now_s)
                kept = max(kept, merged[name] / cell.kind.alike)
        total = sum(merged.values())
        for name, pages in merged.items():
            saved[name] += pages * max(0.0, 1.0 - kept / total) if total > _NONE else 0.0

    def zero_pages(self, now_s: float, key: str = "zero") -> float:
        """Of the pages saved, those that are zero."""
        cells = [cell for guest in self._guests.values() if not guest.large for cell in guest.cells.get(key, ())]
        return sum(cell.merged * cell.unchanged(now_s) for cell in cells)

    def take_broken(self, guest: str) -> float:
        """Shared pages of a guest that were written since this was asked last: for each the writer takes a fault."""
        found = self._guests.get(guest)
        if found is None:
            return 0.0
        broken, found.broken_pages = found.broken_pages, 0.0
        return broken
