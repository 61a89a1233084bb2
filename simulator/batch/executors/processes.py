"""``processes``: runs in worker processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType

from simulator.batch import worker
from simulator.batch.executors.base import P, T, Workers
from simulator.discovery import EXTRA_VARIABLE, session_modules
from simulator.errors import UsageError


def matches(on: str) -> bool:
    """Whether this is meant."""
    return on == "processes"


def check(on: str, jobs: int | None) -> None:
    """Refuses it where the session has added something.

    Raises:
        UsageError: it has.
    """
    if session_modules():
        raise UsageError(
            "processes do not have what this session has added; loky sends it to them (on='loky'), or run in this one "
            "(on='serial')"
        )


def opened(on: str, jobs: int, target: str) -> Workers:
    """So many workers."""
    return Processes(jobs)


class Processes(Workers):
    """Runs in worker processes, which are forked from a small server that has the simulator loaded already."""

    SHARES_DISK = True

    def __init__(self, workers: int) -> None:
        self.size = workers
        methods = multiprocessing.get_all_start_methods()
        context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        context.set_forkserver_preload([worker.__name__, worker.TARGET.partition(":")[0]])
        reader, self._alive = context.Pipe(duplex=False)
        environment = {EXTRA_VARIABLE: os.environ.get(EXTRA_VARIABLE, "")}
        self._reader = reader
        self._pool = ProcessPoolExecutor(workers, context, worker.prepare, (environment, reader))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        try:
            with main_hidden():
                return self._pool.submit(fn, *args, **kwargs)
        except (OSError, EOFError) as error:  # the server that they are forked from has been killed
            raise BrokenExecutor(f"no worker can be started: {error}") from error

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)
        self._alive.close()
        self._reader.close()

    def stop(self) -> None:
        """Ends every worker now, in the middle of whatever it does."""
        self._alive.close()
        self.shutdown(cancel_futures=True)


@contextmanager
def main_hidden() -> Iterator[None]:
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
