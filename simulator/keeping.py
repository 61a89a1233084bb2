"""What it takes to keep a state and to go on from it: numbers of layers' files, declared once for all of them."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.parameters import Parameter

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
    Parameter("box_cycles", "cycles", "an empty box made for a state that is restored; without this number it "
              "takes what its start takes", optional=True),
    Parameter("restore_cycles", "cycles", "work of going on from a kept state, whatever its size"),
    Parameter("restore_processor_cycles", "cycles", "each virtual processor of it"),
    Parameter("restore_card_cycles", "cycles", "each network card of it"),
    Parameter("lazy_ratio", "ratio", "where nobody says: whether pages come when they are touched (1), or before the "
              "guest goes on (0)"),
    Parameter("restore_page_cycles", "cycles", "a page read back before the guest goes on", optional=True),
    Parameter("map_page_cycles", "cycles", "a page of the guest's memory that is only made known: it comes when it is "
              "touched", optional=True),
    Parameter("lazy_fault_cycles", "cycles", "such a touch: the exception, the page found in the file and put in place",
              optional=True),
    Parameter("lazy_read_bytes", "bytes", "how much of the file is read for it", optional=True),
    Parameter("prefetch_page_cycles", "cycles", "a page of the recorded working set put in place before it is touched",
              optional=True),
    Parameter("track_page_cycles", "cycles", "the first write to a page after a state was kept, where the next one "
              "holds only what has changed", optional=True),
    Parameter("epoch_cycles", "cycles", "each time that a state is kept of many in a row: stopped and let go on, the "
              "record of what has changed read", optional=True),
    Parameter("copy_page_cycles", "cycles", "the first write to a page that is not kept yet, while the guest goes on: "
              "the exception and the copy", optional=True),
    Parameter("share_page_cycles", "cycles", "the first write to a page that a copy of the guest shares: the exception "
              "and the copy", optional=True),
    Parameter("cluster_bytes", "bytes", "how much of the virtual disk is kept apart for one write after a snapshot"),
    Parameter("chain_cycles", "cycles", "each request to the disk, for each older state whose part of it is looked "
              "through", optional=True),
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
    Parameter("dump_page_cycles", "cycles", "each page that is written: taken out of it, handed on to the file; what "
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
"""The sections of a layer's file that say so."""
