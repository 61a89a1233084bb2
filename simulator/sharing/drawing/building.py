"""From a drawing to the tree of shares of a device, and back."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.sharing.base import Sharing
from simulator.sharing.drawing.elements import Element
from simulator.sharing.tree import INFINITE, Scheduling, Share, WeightRule


@dataclass(frozen=True, slots=True)
class Rule:
    """What a drawing does not say about its shares.

    Attributes:
        weights: ``shares``: a group weighs what is written, however many threads it has; ``active``: times the
            processors it can use at the moment.
        guests: the scheduler of every guest; None: the default of the fidelity.
        switch_s: processor seconds it takes to go on with a share after another one.
    """

    weights: WeightRule = "shares"
    guests: Scheduling | None = None
    switch_s: float = 0.0


def build(machine: Element, device: Sharing, rule: Rule | None = None) -> dict[str, Share]:
    """Make the shares of everything that stands on a machine, below the root of a device of any fidelity.

    Returns:
        the leaf of each thread by its path; the name of every share is its path.
    """
    leaves: dict[str, Share] = {}
    for child in machine.children:
        _grow(child, device.root, "", device.unit_rate, rule or Rule(), leaves)
    return leaves


def _grow(element: Element, parent: Share, above: str, unit_rate: float, rule: Rule, leaves: dict[str, Share]) -> None:
    path = f"{above}{element.name}"
    share = Share(
        path,
        parent,
        weight=element.weight,
        cap=element.cap * unit_rate,
        width=element.processors or INFINITE,
        reservation=element.reservation * unit_rate,
        weight_rule=rule.weights if element.kind != "thread" else "shares",
        tenant=not above,
        scheduling=rule.guests if element.kind == "guest" else None,
        cpus=element.cpus,
        period_s=element.period_s,
        switch_s=rule.switch_s,
    )
    if element.kind == "thread":
        leaves[path] = share
    for child in element.children:
        _grow(child, share, f"{path}/", unit_rate, rule, leaves)


def sketch(device: Sharing, name: str = "m1") -> Element:
    """The machine that the shares of a device draw: the way back from ``build``, for messages and figures.

    A share with a width is a guest, one with children a group, any other a thread. What threads do is not in the tree.
    """
    processors = round(device.root.cap / device.unit_rate)
    return Element("machine", name, processors, children=_sketched(device.root, device.unit_rate))


def _sketched(parent: Share, unit_rate: float) -> tuple[Element, ...]:
    return tuple(
        Element(
            "guest" if share.width < INFINITE else "group" if share.children else "thread",
            share.name.rpartition("/")[2],
            0 if share.width == INFINITE else round(share.width),
            share.weight / share.processes,
            share.cap / unit_rate,
            share.period_s,
            share.reservation / unit_rate,
            share.cpus,
            children=_sketched(share, unit_rate),
        )
        for share in parent.children
    )
