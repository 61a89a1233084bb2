"""Executors: where runs execute. One interface, that of ``concurrent.futures.Executor``.

Each module here is a kind of executor: ``matches`` says whether a word names it, ``opened`` makes one. Which there are
is found by looking.
"""

from __future__ import annotations

import os
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from simulator.batch.executors.base import Given, Workers
from simulator.discovery import session_modules
from simulator.errors import UsageError

__all__ = ["Place", "Workers", "place", "processors"]

_HELPERS = ("base",)


@dataclass(frozen=True)
class Place:
    """Where the runs of a batch execute.

    Attributes:
        on: the word that names it, or an executor that somebody else has opened and will close.
        jobs: how many runs at a time, where that is for us to say.
    """

    on: str | Executor
    jobs: int

    def opened(self, runs: int) -> Workers:
        """Workers for so many runs; close them with ``shutdown`` or ``stop``."""
        if isinstance(self.on, Executor):
            return Given(self.on, self.jobs)
        workers: Workers = _kind(self.on).opened(self.on, max(1, min(self.jobs, runs)))
        return workers


def place(on: str | Executor, jobs: int | None) -> Place:
    """Where to run.

    Args:
        on: a word (``serial``, ``processes``, ...), an address (``tcp://...``), or any executor; if empty worker
            processes, or this process where there is one job.
        jobs: how many at a time, as many as there are processors if not given.

    Raises:
        UsageError: nothing is called so, or ``jobs`` is no number of workers.
    """
    jobs = processors() if jobs is None else jobs
    if jobs < 1:
        raise UsageError(f"{jobs} jobs cannot run anything; give 1 or more")
    if on == "" and session_modules():
        jobs = 1  # a worker process does not have what this session has added
    if on == "":
        on = "serial" if jobs == 1 else "processes"
    if isinstance(on, str):
        _kind(on)
    return Place(on, jobs)


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def kinds() -> list[str]:
    """The words for all kinds there are."""
    return sorted(each.name for each in iter_modules(__path__) if each.name not in _HELPERS)


def _kind(on: str) -> ModuleType:
    for name in kinds():
        module = import_module(f"{__name__}.{name}")
        if module.matches(on):
            return module
    raise UsageError(f"runs cannot be executed on {on!r}; give one of: {', '.join(kinds())}")
