"""An explanation: every step of one demand on one stack, with its price and its source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from simulator.catalog import Catalog
from simulator.errors import UsageError
from simulator.explain.asked import understand
from simulator.explain.data import step, total
from simulator.explain.entry import Entry
from simulator.explain.setting import Setting
from simulator.explain.text import Notes, sums, tree
from simulator.explain.totals import Total, totals
from simulator.explain.walk import CALLER, Walk
from simulator.layers.base import NotOffered
from simulator.units import format_quantity

MACHINE = "dell-2650"


@dataclass(frozen=True)
class Explanation:
    """Why one demand costs what it costs.

    Attributes:
        stack: the expression with all versions.
        machine: name of the machine.
        demand: what was asked for.
        without: mechanisms that are left out.
        frequency_hz: the machine's clock.
        entries: the steps, in order.
        names: a short name of each node, by path.
        complete: the same with every mechanism, if some are left out.
    """

    stack: str
    machine: str
    demand: str
    without: tuple[str, ...]
    frequency_hz: float
    entries: tuple[Entry, ...]
    names: dict[str, str]
    complete: Explanation | None = None

    @property
    def totals(self) -> list[Total]:
        """The sums, for each way that choices can go."""
        return totals(self.entries, self.frequency_hz, CALLER)

    def data(self) -> dict[str, Any]:
        """Everything as plain data, for other programs."""
        head = {"stack": self.stack, "machine": self.machine, "demand": self.demand, "without": list(self.without)}
        with_it = self.complete.totals if self.complete else None
        return {
            **head,
            "frequency_hz": self.frequency_hz,
            "steps": [step(entry, self.frequency_hz) for entry in self.entries],
            "totals": [total(case) for case in self.totals],
            "totals_with_every_mechanism": with_it and [total(case) for case in with_it],
        }

    def __str__(self) -> str:
        notes = Notes()
        without = f", without {', '.join(self.without)}" if self.without else ""
        clock = format_quantity(self.frequency_hz, "hz")
        head = f"{self.demand} on {self.stack}{without} ({self.machine}, {clock}; nothing else runs)"
        steps = tree(self.entries, self.frequency_hz, self._name, notes)
        return "\n".join([head, "", *steps, "", *sums(self._cases(), self.names), "", *notes.lines()])

    __repr__ = __str__

    def _name(self, path: str) -> str:
        return self.names.get(path, path)

    def _cases(self) -> list[tuple[str, Total]]:
        """The sums under their labels; where mechanisms are left out, beside those with them."""
        if self.complete is None:
            return [(self._label(total), total) for total in self.totals]
        without = f"without {', '.join(self.without)}"
        pairs = zip(self.complete.totals, self.totals, strict=True)
        return [
            (label, total)
            for with_it, without_it in pairs
            for label, total in ((self._label(with_it), with_it), (f"  {without}", without_it))
        ]

    def _label(self, total: Total) -> str:
        return ", ".join(f"{self._name(node)}: {label}" for node, label in total.decisions) or "in all"


def explain(
    stack: str, demand: str, machine: str = MACHINE, *, without: Iterable[str] = (), catalog: Catalog | None = None
) -> Explanation:
    """Explain one demand on one stack, with every step in order.

    Args:
        stack: an expression, e.g. ``xen-2 | linux-2.4``; bare names stand for the newest version.
        demand: in words, e.g. ``read 4 KiB``; ``asked.PHRASES`` has them all.
        machine: name of the machine in the catalog.
        without: mechanisms to leave out; the sums then stand beside those with them.
        catalog: where names are looked up; the one that comes with the package if not given.

    Raises:
        UsageError: something of this is not known, or does not fit together.
    """
    catalog = Catalog() if catalog is None else catalog
    left_out = tuple(dict.fromkeys(without))
    complete = explain(stack, demand, machine, catalog=catalog) if left_out else None
    setting = Setting(catalog, stack, machine, left_out)
    asked = understand(demand, setting.ground)
    try:
        entries = Walk(setting, asked.cached).asked(asked)
    except NotOffered as error:
        raise UsageError(f"{error}; ask for something that this system offers (virtlab list demands)") from error
    return Explanation(
        str(setting.expression), setting.machine.name, asked.text, left_out, setting.frequency_hz, entries,
        setting.names, complete,
    )  # fmt: skip
