"""``dask`` and ``tcp://...``: the workers of a cluster that somebody has started, or of one of our own on this machine.

A cluster is started by two commands, the second one on each of its machines (or in each job of a batch system):

    dask scheduler
    dask worker tcp://SCHEDULER:8786 --nthreads 1 --nworkers -1 --death-timeout 60

Workers keep nothing: records come back to the parent, which writes them. A worker that is lost in the middle of a run
is the scheduler's business: it gives the runs to another one, and gives up on them only after several have died.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Future, InvalidStateError
from concurrent.futures import wait as wait_for
from contextlib import ExitStack, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from simulator.batch import luggage
from simulator.batch.executors.base import P, T, Workers
from simulator.batch.executors.processes import main_hidden
from simulator.batch.luggage import Luggage
from simulator.errors import RunError, UsageError

if TYPE_CHECKING:
    from distributed import Client, LocalCluster
    from distributed import Future as DaskFuture

TO_START = """start a cluster with these two commands, the second one on each of its machines:
  dask scheduler
  dask worker {address} --nthreads 1 --nworkers -1 --death-timeout 60"""
REACHED_WITHIN_S = 10.0
WORKERS_WITHIN_S = 60.0
"""A cluster may be without any worker for so long: one that was killed is started again, or a job system starts one."""
LOOK_EVERY_S = 1.0


GO_ON = "what has finished is kept, run the same again to go on"


class Lost(BrokenExecutor):
    """Runs that several workers have died of, one after the other."""


def matches(on: str) -> bool:
    """Whether this is meant."""
    return on == "dask" or on.startswith(("tcp://", "tls://"))


def check(on: str, jobs: int | None) -> None:
    """Whether the library is there, and somebody at an address.

    Raises:
        UsageError: they are not, or ``jobs`` is given for a cluster that has its own workers.
    """
    if find_spec("distributed") is None:
        raise UsageError("Dask is not installed; pip install 'virtlab[distributed]'")
    if on == "dask":
        return
    if jobs is not None:
        raise UsageError(f"the cluster at {on} has workers of its own; leave out --jobs")
    host, port = _host_and_port(on)
    try:
        socket.create_connection((host, port), REACHED_WITHIN_S).close()
    except OSError as error:
        raise _unreachable(on, error) from None


def opened(on: str, jobs: int, target: str) -> Workers:
    """A cluster of our own with so many workers, or the one at an address."""
    packed = luggage.pack(target)
    return OwnDask(jobs, packed) if on == "dask" else Dask(on, packed)


def _host_and_port(address: str) -> tuple[str, int]:
    place = urlsplit(address)
    try:
        host, port = place.hostname, place.port
    except ValueError:
        host, port = None, None
    if not host or not port:
        raise UsageError(f"{address} is no address of a Dask scheduler; give host and port, as in tcp://localhost:8786")
    return host, port


def _unreachable(address: str, error: Exception) -> UsageError:
    return UsageError(f"no Dask scheduler answers at {address} ({error}); {TO_START.format(address=address)}")


class Dask(Workers):
    """Runs on the workers of a cluster.

    Args:
        address: of the scheduler, as ``tcp://host:port`` or ``tls://host:port``.
        packed: what its workers must have.
        workers_within_s: how long to wait for a worker, at the start and whenever there is none left.

    Raises:
        UsageError: there is no scheduler at this address, it has no workers, or a worker cannot run what this process
            runs.
    """

    SHARES_DISK = False
    HANDOVER_S = 0.005
    AHEAD = 3

    def __init__(self, address: str, packed: Luggage, workers_within_s: float = WORKERS_WITHIN_S) -> None:
        self._address = address
        self._within_s = workers_within_s
        self._luggage = packed
        self._waiting: dict[Future[Any], DaskFuture[Any]] = {}
        self._over = threading.Event()
        self._client = _connected(address)
        try:
            self.size = self._wait_for_workers()
            self._check()
        except BaseException:
            self._client.close()
            raise
        self._watch = threading.Thread(target=self._look_after, name="virtlab-dask", daemon=True)
        self._watch.start()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        # Not through Client.get_executor: of its futures some never end when a worker dies with a finished result.
        ours: Future[T] = Future()
        theirs = self._client.submit(luggage.carried, *luggage.wrap(self._luggage, fn, args), pure=False)
        self._waiting[ours] = theirs
        theirs.add_done_callback(lambda done: self._end(ours, done))
        return ours

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Gives back the connection; with ``cancel_futures`` takes back from the cluster what has not ended."""
        self._over.set()
        if self._client.status == "running":
            if cancel_futures:
                self._client.cancel(list(self._waiting.values()), reason="stopped", msg="")
            elif wait:
                wait_for(list(self._waiting))
        self._client.close()
        self._watch.join()

    def stop(self) -> None:
        """Takes back what has not begun; what a worker is in the middle of goes on to its end and is thrown away."""
        self.shutdown(wait=False, cancel_futures=True)

    def _end(self, ours: Future[T], theirs: DaskFuture[T]) -> None:
        """Fetches how a piece ended and says it in words that whoever hands out the runs understands."""
        try:
            result = theirs.result()
        except CancelledError:
            self._fail(ours, RunError(f"the scheduler at {self._address} is lost; {GO_ON}"))
        except BaseException as error:
            self._fail(ours, _understood(error))
        else:
            _settle(lambda: ours.set_result(result))
        finally:
            self._waiting.pop(ours, None)
            theirs.release()

    def _fail(self, ours: Future[Any], error: BaseException) -> None:
        _settle(lambda: ours.set_exception(error))

    def _wait_for_workers(self) -> int:
        try:
            self._client.wait_for_workers(1, timeout=self._within_s)
        except TimeoutError:
            raise UsageError(
                f"the scheduler at {self._address} has no workers; start some: dask worker {self._address} "
                "--nthreads 1 --nworkers -1 --death-timeout 60"
            ) from None
        return len(self._client.nthreads())

    def _check(self) -> None:
        """Asks every worker whether it runs the same code; one that comes later is asked with its first piece."""
        answers = self._client.run(luggage.carried, *luggage.wrap(self._luggage, bool, ()), on_error="return")
        for address, answer in answers.items():
            if isinstance(answer, BaseException):
                raise UsageError(f"{address}: {_understood(answer)}")

    def _look_after(self) -> None:
        """Counts the workers; when there has been none for long, what is waiting has nobody to wait for."""
        without_s = 0.0
        while not self._over.wait(LOOK_EVERY_S):
            try:
                number = len(self._client.nthreads())
            except Exception:  # the connection is lost: the futures know it too, and say so
                continue
            without_s = 0.0 if number else without_s + LOOK_EVERY_S
            self.size = number or self.size
            if without_s >= self._within_s:
                for future in list(self._waiting):
                    self._fail(future, self._abandoned(without_s))

    def _abandoned(self, without_s: float) -> Exception:
        return RunError(f"the scheduler at {self._address} has had no workers for {without_s:.0f} s; {GO_ON}")


class OwnDask(Dask):
    """Runs on a cluster of its own on this machine.

    Args:
        workers: worker processes, of one thread each.
        packed: what they must have.
    """

    def __init__(self, workers: int, packed: Luggage) -> None:
        self._hidden = ExitStack()
        # For as long as there are workers: one that was killed is started again.
        self._hidden.enter_context(main_hidden())
        try:
            self._cluster = _local(workers)
            self._hidden.callback(self._cluster.close)
            super().__init__(self._cluster.scheduler_address, packed)
        except BaseException:
            self._hidden.close()
            raise

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._hidden.close()

    def _abandoned(self, without_s: float) -> Exception:
        # Workers that die as soon as they have begun are not started again; another cluster has new ones.
        return Lost(f"all workers died, and none came back within {without_s:.0f} s")

    def stop(self) -> None:
        """Ends every worker now, in the middle of whatever it does."""
        for nanny in self._cluster.workers.values():
            nanny.auto_restart = False
            if nanny.pid:
                os.kill(nanny.pid, signal.SIGTERM)
        super().stop()


def _connected(address: str) -> Client:
    from distributed import Client

    try:
        return Client(address, timeout=REACHED_WITHIN_S, set_as_default=False, name="virtlab")
    except (OSError, ValueError) as error:
        raise _unreachable(address, error) from None


def _local(workers: int) -> LocalCluster:
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=":0", silence_logs=logging.CRITICAL, memory_limit=0
    )


def _understood(error: BaseException) -> BaseException:
    """The error of a piece: a lost worker, a worker without virtlab, or one that says itself what is wrong."""
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        return Lost(str(error))
    if isinstance(error, ImportError) or "ModuleNotFoundError" in str(error):
        return RunError(f"a worker cannot import what it needs ({error}); install virtlab and cloudpickle there")
    return error


def _settle(set_it: Callable[[], None]) -> None:
    with suppress(InvalidStateError):  # it has been settled before, by whoever gave it up
        set_it()
