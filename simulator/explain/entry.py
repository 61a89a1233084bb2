"""What an explanation consists of: one entry for each step, in order, the steps it leads to below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from simulator.explain.sourced import Origin

Kind = Literal[
    "demand", "use", "transfer", "choice", "option", "send", "kick", "service", "notice",
    "wait", "waking", "signal", "hold", "parallel", "branch", "spawn",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One step, or what a group of steps has in common.

    Attributes:
        kind: what sort of step this is.
        title: what a reader sees.
        node: path of the node where it happens.
        payer: thread whose time it takes.
        cause: ``program``, or the path of the node that made it necessary.
        mechanism: why.
        device: which device it uses, empty if none.
        operations: how many events.
        cycles: processor cycles.
        stall_s: on the processor without cycles (waking up).
        size_bytes: bytes moved.
        device_s: time on a device that is no processor.
        wait_s: time waited for nothing but the clock.
        aside: the asking thread does not wait for it.
        times: how often this entry stands here, one after the other.
        origins: catalog entries behind the numbers.
        children: the steps it consists of.
    """

    kind: Kind
    title: str
    node: str
    payer: str
    cause: str = ""
    mechanism: str = ""
    device: str = ""
    operations: float = 1.0
    cycles: float = 0.0
    stall_s: float = 0.0
    size_bytes: float = 0.0
    device_s: float = 0.0
    wait_s: float = 0.0
    aside: bool = False
    times: int = 1
    origins: tuple[Origin, ...] = ()
    children: tuple[Entry, ...] = ()


def folded(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The same entries, equal neighbours as one that stands there several times."""
    kept: list[Entry] = []
    for entry in entries:
        if kept and replace(kept[-1], times=entry.times) == entry:
            kept[-1] = replace(entry, times=kept[-1].times + entry.times)
        else:
            kept.append(entry)
    return tuple(kept)
