"""``loky``: worker processes for what a session has added, which travels to them by value."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Future
from importlib.util import find_spec
from multiprocessing.connection import Connection

from simulator.batch import worker
from simulator.batch.executors.base import P, T, Workers
from simulator.batch.luggage import Luggage, pack, unpack
from simulator.discovery import EXTRA_VARIABLE
from simulator.errors import UsageError


def matches(on: str) -> bool:
    """Whether this is meant."""
    return on == "loky"


def check(on: str, jobs: int | None) -> None:
    """Whether the library is there.

    Raises:
        UsageError: it is not.
    """
    if find_spec("loky") is None:
        raise UsageError("loky is not installed; pip install 'virtlab[distributed]'")


def opened(on: str, jobs: int, target: str) -> Workers:
    """So many workers."""
    return Loky(jobs, target)


class Loky(Workers):
    """Runs in worker processes that loky starts afresh: none of them imports the user's main script.

    Args:
        workers: processes.
        target: the function that simulates one run, as ``module:function``.

    Raises:
        UsageError: what the session has added cannot be sent.
    """

    SHARES_DISK = True

    def __init__(self, workers: int, target: str) -> None:
        from loky import ProcessPoolExecutor

        self.size = workers
        environment = {EXTRA_VARIABLE: os.environ.get(EXTRA_VARIABLE, "")}
        luggage = pack(target)
        self._reader, self._alive = multiprocessing.Pipe(duplex=False)
        self._pool = ProcessPoolExecutor(workers, initializer=begin, initargs=(luggage, environment, self._reader))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = self._pool.submit(fn, *args, **kwargs)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, kill_workers=cancel_futures)
        self._alive.close()
        self._reader.close()

    def stop(self) -> None:
        """Ends every worker now, in the middle of whatever it does."""
        self.shutdown(cancel_futures=True)


def begin(luggage: Luggage, environment: dict[str, str], alive: Connection) -> None:
    """Makes a fresh process a worker that has what the parent has."""
    worker.prepare(environment, alive)
    unpack(luggage)
