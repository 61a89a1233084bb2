"""``mpi``: the processes that ``mpiexec`` has started, on whatever machines it was told of. Needs mpi4py.

One process is the parent, all others are workers:

    mpiexec -n 4 python -m mpi4py.futures -m simulator run SCENARIO --on mpi

Where MPI can start processes by itself (``MPI_Comm_spawn``), ``mpiexec -n 1 -usize 4 virtlab run SCENARIO --on mpi``
does the same. When a worker is killed, MPI ends all processes; what has finished is kept, and the same command goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future
from importlib.util import find_spec

from simulator.batch import luggage
from simulator.batch.executors.base import P, T, Workers
from simulator.errors import UsageError

TO_START = "mpiexec -n 4 python -m mpi4py.futures -m simulator run SCENARIO --on mpi"
LAUNCHED = ("PMI_RANK", "PMI_FD", "PMI_PORT", "PMIX_RANK", "OMPI_COMM_WORLD_SIZE", "MPI_LOCALNRANKS")
"""Variables of which one is set in every process that a launcher of MPI has started."""


def matches(on: str) -> bool:
    """Whether this is meant."""
    return on == "mpi"


def check(on: str, jobs: int | None) -> None:
    """Whether MPI has processes for us.

    Raises:
        UsageError: mpi4py is missing, or this process was not started in a way that gives it workers.
    """
    if find_spec("mpi4py") is None:
        raise UsageError("mpi4py is not installed; pip install 'virtlab[mpi]'")
    if jobs is not None:
        raise UsageError("mpiexec says how many processes there are; leave out --jobs")
    _workers()


def opened(on: str, jobs: int, target: str) -> Workers:
    """As many workers as there are."""
    return Mpi(target)


class Mpi(Workers):
    """Runs in the other processes of an MPI program.

    Args:
        target: the function that simulates one run, as ``module:function``.

    Raises:
        UsageError: this process was not started in a way that gives it workers.
    """

    SHARES_DISK = False

    def __init__(self, target: str) -> None:
        self._luggage = luggage.pack(target)
        workers = _workers()
        from mpi4py.futures import MPIPoolExecutor

        self._pool = MPIPoolExecutor(workers, main=False)  # nothing that is sent comes from the main script
        self.size: int = self._pool.num_workers or workers

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = self._pool.submit(luggage.carried, *luggage.wrap(self._luggage, fn, args))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)

    def stop(self) -> None:
        """Takes back what has not begun; a worker that is in the middle of a run ends it first."""
        self.shutdown(wait=False, cancel_futures=True)


def _workers() -> int:
    """How many processes beside this one there are, or could be started.

    Asks MPI itself only where a launcher is there: some implementations end the process otherwise.
    """
    if not any(name in os.environ for name in LAUNCHED):
        raise UsageError(f"MPI has started no processes for this one; use: {TO_START}")
    from mpi4py import MPI
    from mpi4py.futures import _core

    room: int = MPI.COMM_WORLD.Get_size()
    if room > 1 and _core.SharedPool is None:
        raise UsageError(f"each of these processes would run the whole batch; use: {TO_START}")
    if _core.SharedPool is None:
        room = MPI.COMM_WORLD.Get_attr(MPI.UNIVERSE_SIZE) or 1
    if room < 2:
        raise UsageError(f"MPI has one process and no room for workers; use: {TO_START}")
    return room - 1
