"""``can``: whether something may be done to a tenant, as ``virtlab can`` derives it; or how much of it."""

from __future__ import annotations

from simulator.capability import can
from simulator.claims.case import Case
from simulator.claims.kinds.base import Kind
from simulator.claims.reading import BOOL, Reading, derived
from simulator.control import WORDS as CONTROL

_COUNT = "anything"


class Can(Kind):
    """A word of control: whether it holds for the tenant; or how many of all words do."""

    ABOUT = "whether something may be done to a tenant (`virtlab can`), or how many of all that"
    WORDS = {_COUNT: "ways of control that hold", **CONTROL}

    def title(self) -> str:
        return self.WORDS[_COUNT] if self.word == _COUNT else f"can {self.word}"

    def unit(self) -> str:
        return "count" if self.word == _COUNT else BOOL

    def read(self, case: Case) -> Reading:
        found = can(case.expression, case.machine, case.catalog)
        if self.word == _COUNT:
            return derived(len(found.words), "count", ", ".join(found.words))
        cell = found[self.word]
        return derived(cell.can, BOOL, f"{cell.by}: {cell.to}" if cell.can else cell.why_not)


KIND = Can
