"""What one event costs on a stack: lmbench's tables, predicted.

Figures that are parameters come out as they went in. The others are predictions: fork, exec, shell and mmap on
Workstation follow from counts of faults fitted on Xen; the 10 KB files from the cost of one page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.demands import Create, Delete, Demand, Fault, Map, StartProcess, SystemCall, Write
from simulator.experiment import build
from simulator.plans import Work, compiled

_PAGES = 3.0
_BYTES = 10 * 1024.0

EVENTS: Mapping[str, tuple[Demand, ...]] = {
    "null call": (SystemCall("null"),),
    "null I/O": (SystemCall("null_io"),),
    "stat": (SystemCall("stat"),),
    "open/close": (SystemCall("open_close"),),
    "slct TCP": (SystemCall("select"),),
    "sig inst": (SystemCall("signal_install"),),
    "sig hndl": (SystemCall("signal_handle"),),
    "fork proc": (StartProcess("fork"),),
    "exec proc": (StartProcess("exec"),),
    "sh proc": (StartProcess("shell"),),
    "prot fault": (Fault("protection"),),
    "page fault": (Fault("page"),),
    "mmap latency": (Map(),),
    "0K file create": (Create(),),
    "0K file delete": (Delete(),),
    "10K file create": (Create(), Write(_BYTES, new_pages=_PAGES, calls=0.0, kept=False)),
    "10K file delete": (Delete(_PAGES),),
}
"""lmbench's rows and the demands that each stands for."""

SWITCH = "ctxsw 2p/0K"


def cost_us(point: Mapping[str, Any], benchmark: str) -> float:
    """Microseconds of processor time that one lmbench operation takes on a resolved point's stack."""
    house = build(point)
    top = house.tops[next(iter(point["tenants"]))]
    if benchmark == SWITCH:
        house.unblock(house.path(top))
        works = [house.waking(house.path(top))]
    else:
        works = [work for demand in EVENTS[benchmark] for work in compiled(top, demand) if isinstance(work, Work)]
    return sum(work.cycles / house.machine.cpu.frequency_hz + work.stall_s for work in works) * 1e6
