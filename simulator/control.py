"""What may be done to a running tenant, in the words that every layer, product and table uses.

The rule: a layer's words hold for what stands on it. They hold for a tenant where what stands there is the tenant's own
(its virtual machine, its container, its program); what it shares with others can only be treated together with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from simulator.parameters import Parameter

WORDS: Mapping[str, str] = {
    "limit-processor": "give it a part of the processors, and no more",
    "limit-memory": "give it a part of the memory, and no more",
    "limit-disk": "give it a part of the disk's bandwidth, and no more",
    "pause": "stop it and let it go on, where it is",
    "snapshot": "keep its whole state, memory included, and go on from there later",
    "roll-back": "go back to a state that was kept",
    "clone": "a second one from the state of the first",
    "migrate": "move it to another machine while it runs",
    "own-kernel": "choose its kernel and change it",
    "other-system": "run a system of another make than the host's",
    "package": "ship it as an image with all it needs",
    "debug-system": "stop a whole system and look inside",
}
"""Each way of control with what it lets one do."""


PAUSE = (
    Parameter("stop_cycles", "cycles", "processor work to stop what stands on it"),
    Parameter("stop_each_cycles", "cycles", "further, for each process or virtual processor that it stops"),
    Parameter("resume_cycles", "cycles", "processor work to let it go on"),
    Parameter("resume_each_cycles", "cycles", "further, for each process or virtual processor"),
)
"""What it takes a layer to pause what stands on it."""
SECTIONS: Mapping[str, tuple[Parameter, ...]] = {"pause": PAUSE}
"""The sections of a layer's file that say what ways of control take; each may be left out, then nobody knows."""


class Grip(NamedTuple):
    """What one layer lets one do to what stands on it, on the way to one tenant.

    Attributes:
        allows: the words of its family (``Layer.CONTROL``).
        lacks: those of them that the product does not have.
        own: whether what stands on it there is the tenant's alone.
    """

    allows: Collection[str]
    lacks: Collection[str]
    own: bool


def held(grips: Iterable[Grip]) -> tuple[str, ...]:
    """The words that hold for a tenant, in the order of ``WORDS``: all that any layer on its way gives."""
    given = {word for grip in grips if grip.own for word in grip.allows if word not in grip.lacks}
    return tuple(word for word in WORDS if word in given)
