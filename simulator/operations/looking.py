"""What a debugger sees of a tenant that stands still: each of its threads, where it is, and what it has had so far.

Who looks decides what there is to see. A system shows a program's threads. Who has a whole machine in hand sees the
threads of the kernels in it as well, between which it cannot tell for itself: it reads their tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from math import isfinite
from typing import TYPE_CHECKING, Any

from simulator.demands import Demand

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Thread

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MOST = 2
"""Particulars of a demand that are told."""


def look(job: Job) -> None:
    """Note each thread of the tenant that stands still, as the layer that has stopped it sees it."""
    job.house.inspected += [_row(job, thread) for thread in _threads(job)]


def _threads(job: Job) -> Iterator[Thread]:
    inside = set(map(id, job.subject.nodes))
    for thread in job.house.threads:
        its_program = thread.tenant == job.tenant.name and not thread.service
        if thread.ended_s is None and (its_program or (thread.service and id(thread.node) in inside)):
            yield thread


def _row(job: Job, thread: Thread) -> list[Any]:
    spent = thread.spent
    processor_s = sum(spent[state] for state in ("useful", "overhead", "stalled"))
    return [
        job.environment.now, job.tenant.name, job.hold.product, thread.node.path, thread.name, thread.state,
        described(thread.asking) if not thread.service else "", thread.since_s, processor_s, spent["useful"],
    ]  # fmt: skip


def described(demand: Demand | None) -> str:
    """A demand in words: what it is, and its first particulars that are not left as they are by default."""
    if demand is None:
        return ""
    what = _WORDS.sub(" ", type(demand).__name__).lower()
    told = [_told(each.name, getattr(demand, each.name)) for each in fields(demand)
            if each.name != "count" and getattr(demand, each.name) != each.default]  # fmt: skip
    times = [f"{demand.count:.6g} times"] if demand.count != 1.0 else []
    said = [text for text in (*times, *told) if text][:_MOST]
    return f"{what}: {', '.join(said)}" if said else what


def _told(name: str, value: object) -> str:
    if isinstance(value, bool):
        return name.replace("_", " ") if value else ""
    if isinstance(value, str):
        return f"{name.replace('_', ' ')} {value}"
    if isinstance(value, int | float) and isfinite(value):
        quantity, _, unit = name.rpartition("_")
        return f"{quantity.replace('_', ' ')} {value:.6g} {unit}" if quantity else f"{name} {value:.6g}"
    named = getattr(value, "name", None)
    return f"{name} {named}" if isinstance(named, str) else ""
