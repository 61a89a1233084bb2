"""What the steps of an explanation add up to, for each way that its choices can go."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from simulator.explain.entry import Entry
from simulator.plans import PROGRAM

Question = tuple[str, tuple[str, ...]]
"""A choice that always goes the same way within one case: the node that has it, and the labels of its options."""
Decisions = Mapping[Question, int]


@dataclass(slots=True)
class Total:
    """Sums of one case, in seconds.

    Attributes:
        decisions: each choice that was met, as the node and the label that was taken.
        useful_s: processor time of the program.
        overhead_s: processor time of each layer, by path of the node.
        services_s: the part of both that services pay.
        devices_s: time of each other device.
        elapsed_s: from asking to done on a machine where nothing else runs.
    """

    decisions: tuple[tuple[str, str], ...] = ()
    useful_s: float = 0.0
    overhead_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    services_s: float = 0.0
    devices_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    elapsed_s: float = 0.0

    @property
    def processor_s(self) -> float:
        """All processor time."""
        return self.useful_s + sum(self.overhead_s.values())

    @property
    def waits_s(self) -> float:
        """All time of other devices."""
        return sum(self.devices_s.values())


def totals(entries: tuple[Entry, ...], frequency_hz: float, caller: str) -> list[Total]:
    """The sums of every case, in the order of the choices.

    A choice that is met several times (a cache asked for one block after the other) goes the same way each time.
    """
    return [_total(path, decisions, frequency_hz, caller) for decisions, path in _cases(entries, {})]


def _cases(entries: tuple[Entry, ...], decided: Decisions) -> Iterator[tuple[Decisions, list[Entry]]]:
    """Every way through the tree, as the steps met on it."""
    if not entries:
        yield decided, []
        return
    first, *rest = entries
    if first.kind != "choice":
        inside = tuple(_inherit(first, child) for child in first.children)
        for decisions, path in _cases((*inside, *rest), decided):
            yield decisions, [first, *path]
        return
    question = (first.node, tuple(option.title for option in first.children))
    open_to = [decided[question]] if question in decided else range(len(first.children))
    for taken in open_to:
        inside = tuple(_inherit(first, child) for child in first.children[taken].children)
        yield from _cases((*inside, *rest), {**decided, question: taken})


def _inherit(parent: Entry, child: Entry) -> Entry:
    """What stands in a group happens as often as the group does, and is waited for only if the group is."""
    return replace(child, times=child.times * parent.times, aside=child.aside or parent.aside)


def _total(path: list[Entry], decisions: Decisions, frequency_hz: float, caller: str) -> Total:
    total = Total(tuple((node, labels[taken]) for (node, labels), taken in decisions.items()))
    for entry in path:
        processor_s = entry.times * (entry.cycles / frequency_hz + entry.stall_s)
        device_s, wait_s = entry.times * entry.device_s, entry.times * entry.wait_s
        if entry.kind == "use" and entry.cause == PROGRAM:
            total.useful_s += processor_s
        elif entry.kind == "use":
            total.overhead_s[entry.node] += processor_s
        elif entry.kind == "transfer":
            total.devices_s[entry.device] += device_s
        total.services_s += processor_s if entry.payer != caller else 0.0
        total.elapsed_s += 0.0 if entry.aside else processor_s + device_s + wait_s
    return total
