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
    "checkpoint": "keep the state of its processes, and go on from there later",
    "migrate": "move it to another machine while it runs",
    "own-kernel": "choose its kernel and change it",
    "other-system": "run a system of another make than the host's",
    "package": "ship it as an image with all it needs",
    "debug-system": "stop a whole system and look inside",
}
"""Each way of control with what it lets one do."""


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


SNAPSHOT = (
    Parameter("save_cycles", "cycles", "work of keeping a state, whatever its size: its tool, the state of devices"),
    Parameter("save_wait_s", "s", "waits of fixed length within that: a guest that is asked to get ready"),
    Parameter("save_page_cycles", "cycles", "a page with content: found, taken from the guest and handed on to the "
              "file; what the system below takes to write it is its own"),
    Parameter("save_empty_page_cycles", "cycles", "a page that the guest never touched: looked at"),
    Parameter("whole_ratio", "ratio", "part of such pages that is written all the same"),
    Parameter("flushed_ratio", "ratio", "part that must be on the disk before the state counts as kept; the rest may "
              "still lie in the page cache below"),
    Parameter("state_bytes", "bytes", "state of processors and devices"),
    Parameter("restore_cycles", "cycles", "work of going on from a kept state, whatever its size"),
    Parameter("restore_processor_cycles", "cycles", "each virtual processor of it"),
    Parameter("restore_card_cycles", "cycles", "each network card of it"),
    Parameter("restore_page_cycles", "cycles", "a page read back before the guest goes on; without this number pages "
              "come when they are touched, and not before", optional=True),
    Parameter("map_page_cycles", "cycles", "a page of the guest's memory that is only made known: it comes when it is "
              "touched", optional=True),
    Parameter("lazy_fault_cycles", "cycles", "such a touch: the exception, the page found in the file and put in place",
              optional=True),
    Parameter("lazy_read_bytes", "bytes", "how much of the file is read for it", optional=True),
    Parameter("prefetch_page_cycles", "cycles", "a page of the recorded working set put in place before it is touched",
              optional=True),
    Parameter("track_page_cycles", "cycles", "the first write to a page after a state was kept, where the next one "
              "holds only what has changed", optional=True),
    Parameter("copy_page_cycles", "cycles", "the first write to a page that is not kept yet, while the guest goes on: "
              "the exception and the copy", optional=True),
    Parameter("cluster_bytes", "bytes", "how much of the virtual disk is kept apart for one write after a snapshot"),
    Parameter("cluster_cycles", "cycles", "the first write to such a part: room found for it and noted"),
)  # fmt: skip
"""What a hypervisor takes to keep a system's whole state, and to go on from it."""
CHECKPOINT = (
    Parameter("tool_cycles", "cycles", "the tool and its engine, before and after the processes stand still"),
    Parameter("dump_cycles", "cycles", "what is of the container and not of a process, while all stand still: mounts, "
              "names, network"),
    Parameter("dump_process_cycles", "cycles", "each process, one after the other: stopped, its files, maps and "
              "threads asked for by code that is put into it, and written"),
    Parameter("dump_scan_cycles", "cycles", "each page of its memory: looked at"),
    Parameter("dump_page_cycles", "cycles", "each page that is written: taken out of it and handed on to the file; what "
              "the kernel takes to write it is its own"),
    Parameter("process_bytes", "bytes", "what is written of each process beside its pages"),
    Parameter("quiesce_cycles", "cycles", "what the program itself does before: files and connections closed, the heap "
              "made small", optional=True),
    Parameter("restore_cycles", "cycles", "what is of the container and not of a process, made anew"),
    Parameter("restore_process_cycles", "cycles", "each process: made anew, its files opened, its maps laid out"),
    Parameter("restore_page_cycles", "cycles", "each page: a place for it made, and copied there"),
)  # fmt: skip
"""What it takes to keep the state of processes from outside, and to make them anew from it."""

SECTIONS: Mapping[str, tuple[Parameter, ...]] = {"snapshot": SNAPSHOT, "checkpoint": CHECKPOINT}
"""The sections of a layer's file that say so; a product without one cannot do it."""
