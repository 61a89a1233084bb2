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

MIGRATION = (
    Parameter("page_cycles", "cycles", "copying thread: a page found in the bitmap, mapped and handed to the network"),
    Parameter("blank_page_cycles", "cycles", "copying thread: a page looked through and found all zero", optional=True),
    Parameter("blank_page_bytes", "bytes", "what is sent for such a page; without it all pages are sent alike",
              optional=True),
    Parameter("page_header_bytes", "bytes", "what is sent beside each page"),
    Parameter("protect_page_cycles", "cycles", "copying thread: bitmap read and page watched again, each round"),
    Parameter("first_write_cycles", "cycles", "guest: its first write to a page that is watched, each round"),
    Parameter("receive_page_cycles", "cycles", "destination: a page taken from the network and put in its place"),
    Parameter("new_page_cycles", "cycles", "destination: beyond that, memory found for a page that was not there"),
    Parameter("in_flight_bytes", "bytes", "most that is handed to the network and not yet sent"),
    Parameter("state_bytes", "bytes", "state of processors and devices"),
    Parameter("setup_s", "s", "before the first page: destination set up, pages watched"),
    Parameter("suspend_s", "s", "guest stands still: its devices come to rest, its processors stop"),
    Parameter("resume_s", "s", "guest stands still: devices and processors go on at the destination"),
    Parameter("announce_s", "s", "guest cannot be reached yet: the network learns where it is now"),
    Parameter("rate_bytes_per_s", "bytes_per_s", "most that is sent in a second while the guest runs", optional=True),
    Parameter("window_s", "s", "time in which that is kept: as fast as it goes, then a rest", optional=True),
    Parameter("first_rate_bytes_per_s", "bytes_per_s", "rate of the first round, where the rate follows what is written",
              optional=True),
    Parameter("rate_step_bytes_per_s", "bytes_per_s", "how much more is sent in a second than was written in the round "
              "before", optional=True),
    Parameter("downtime_limit_s", "s", "the guest is stopped as soon as all that is left takes no longer",
              optional=True),
    Parameter("rounds_count", "count", "most rounds before it is stopped", optional=True),
    Parameter("least_pages_count", "count", "it is stopped when fewer pages are left", optional=True),
    Parameter("most_sent_ratio", "ratio", "it is stopped when so many times its memory has been sent", optional=True),
    Parameter("stops_at_growth", "count", "1: it is stopped when a round at the highest rate sent more than the one "
              "before", optional=True),
    Parameter("throttle_first_ratio", "ratio", "part of the time that a guest is held at first that writes too much, "
              "where that is asked for", optional=True),
    Parameter("throttle_step_ratio", "ratio", "how much more each further time", optional=True),
    Parameter("throttle_most_ratio", "ratio", "most of it", optional=True),
    Parameter("throttle_trigger_ratio", "ratio", "what is written over what is sent that is too much", optional=True),
    Parameter("slowed_dirty_ratio", "ratio", "a guest that writes more of what is sent is held until it does not",
              optional=True),
    Parameter("fault_cycles", "cycles", "post-copy, destination: a page that is not there, asked for and put in",
              optional=True),
    Parameter("fault_wait_s", "s", "post-copy: way to the source and back, beside the page on the wire", optional=True),
    Parameter("run_pages_count", "count", "post-copy: pages in a row that are touched in a row, and that one fault "
              "brings with it", optional=True),
)  # fmt: skip
"""What it takes a hypervisor to move a guest while it runs, and by which rules it does so. Rules that a product has not
are left out; without the numbers of post-copy it does only pre-copy."""
SECTIONS: Mapping[str, tuple[Parameter, ...]] = {"migration": MIGRATION}
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
