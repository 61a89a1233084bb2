"""Executors: where runs execute. One interface, that of ``concurrent.futures.Executor``.

Each module here is a kind of executor: ``matches`` says whether a word names it, ``check`` whether it can be used here,
``opened`` makes one. Which there are is found by looking.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import Executor
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from simulator.batch import luggage
from simulator.batch.executors.base import Given, Workers
from simulator.batch.worker import TARGET
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

    def opened(self, runs: int, target: str = TARGET) -> Workers:
        """Workers for so many runs of this function; close them with ``shutdown`` or ``stop``.

        Raises:
            UsageError: they cannot be had, or cannot have what this session has added.
        """
        if isinstance(self.on, Executor):
            return Given(self.on, self.jobs, target)
        workers: Workers = _kind(self.on).opened(self.on, max(1, min(self.jobs, runs)), target)
        return workers


def place(on: str | Executor, jobs: int | None) -> Place:
    """Where to run.

    Args:
        on: a word (``serial``, ``processes``, ...), an address (``tcp://...``), or any executor; if empty worker
            processes, or this process where there is one job.
        jobs: how many at a time, as many as there are processors if not given.

    Raises:
        UsageError: nothing is called so, ``jobs`` is no number of workers or not for us to say, or it cannot be used
            here: a library is missing, or worker processes do not have what this session has added.
    """
    if jobs is not None and jobs < 1:
        raise UsageError(f"{jobs} jobs cannot run anything; give 1 or more")
    number = processors() if jobs is None else jobs
    if on == "":
        on = _usual(number)
    if isinstance(on, str):
        _kind(on).check(on, jobs)
    return Place(on, number)


def _usual(jobs: int) -> str:
    """Worker processes where there is more than one job; what the session has added needs those that loky starts."""
    if jobs == 1:
        return "serial"
    if not session_modules():
        return "processes"
    try:
        luggage.pack()
        _kind("loky").check("loky", jobs)
    except UsageError as error:
        print(f"running in one process: {error}", file=sys.stderr)
        return "serial"
    return "loky"


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
    near = get_close_matches(on, kinds(), n=1)
    meant = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(kinds())}"
    raise UsageError(
        f"runs cannot be executed on {on!r}; {meant} (or the address of a Dask scheduler: tcp://host:8786)"
    )
