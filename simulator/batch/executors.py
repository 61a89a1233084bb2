"""Executors: where runs execute. One interface, that of ``concurrent.futures.Executor``.

``Serial`` runs in this process, ``Processes`` in worker processes of this machine. A third one needs ``submit``,
``shutdown`` and the courage to raise ``BrokenExecutor`` when it has lost a worker.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType
from typing import ParamSpec, TypeVar

from simulator.batch import worker
from simulator.discovery import EXTRA_VARIABLE

P = ParamSpec("P")
T = TypeVar("T")


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Serial(Executor):
    """Runs at once, here."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def stop(self) -> None:
        """Nothing is left running."""


class Processes(Executor):
    """Runs in worker processes, which are forked from a small server that has the simulator loaded already."""

    def __init__(self, workers: int) -> None:
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        context.set_forkserver_preload([worker.__name__, worker.TARGET.partition(":")[0]])
        reader, self._alive = context.Pipe(duplex=False)
        environment = {EXTRA_VARIABLE: os.environ.get(EXTRA_VARIABLE, "")}
        self._reader = reader
        self._pool = ProcessPoolExecutor(workers, context, worker.prepare, (environment, reader))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _main_hidden():
            return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
        self._alive.close()
        self._reader.close()

    def stop(self) -> None:
        """Ends every worker now, in the middle of whatever it does."""
        self._alive.close()
        self.shutdown(cancel_futures=True)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Keeps new workers from importing the user's main script.

    multiprocessing would load it in each of them: slow and heavy for a script that imports plotting, and endless for
    one that calls ``run`` without a ``__main__`` guard. Nothing that is sent to a worker comes from there.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
