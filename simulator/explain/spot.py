"""Where a step is met on the way down through the layers."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.plans import Node


@dataclass(frozen=True, slots=True)
class Spot:
    """At which node, why, in whose time, how often.

    Attributes:
        node: whose layer returned the step.
        cause: ``program``, or the path of the node that began the work.
        payer: name of the thread.
        home: node that the thread runs on.
        count: how many at once.
    """

    node: Node
    cause: str
    payer: str
    home: Node
    count: float = 1.0
