"""Processes that simulate: a page stays responsive, and a run that hangs or crashes takes its process only.

Each process has a thread that gives it one run after the other. One that does not answer in time is killed, one that
is gone is replaced. Runs that somebody waits for go before those that are made in advance; a run that nobody waits for
any more is not begun.
"""

from __future__ import annotations

import importlib
import itertools
import json
import queue
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from simulator import discovery
from simulator.budget import Budget
from simulator.errors import RunError, VirtlabError

GRACE_S = 2.0
"""How long after its budget a run may still be silent before its process is taken to hang."""
STARTS_S = 60.0
"""How long a process may take to be there, on a machine that is busy with other things."""
READY = "ready"
_FAMILIES = ("sharing", "sharing.policies", "devices", "virtual_hardware", "layers", "workloads")
NOW, LATER = 0, 1
"""Priorities: somebody waits for it; it is made in advance."""

Point = Mapping[str, Any]
Wanted = Callable[[], bool]


class Unwanted(VirtlabError):
    """A run that was not begun, since nobody waits for it any more."""


def work(pipe: Connection, target: str = "") -> None:
    """What a worker process does until its pipe ends: a point in, a few numbers or an error out.

    Args:
        pipe: to the thread that looks after it.
        target: for tests, ``module:function`` that is called instead of the simulation.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends this process when it has ended
    function = _function(target)
    pipe.send(READY)
    while True:
        try:
            point, budget = pipe.recv()
        except EOFError:
            return
        start_s = time.perf_counter()
        try:
            found = function(point, budget)
            reply: Any = {**found, "wall_s": time.perf_counter() - start_s}
        except VirtlabError as error:
            reply = error
        try:
            pipe.send(reply)
        except OSError:
            return


def simulate(point: Point, budget: Budget) -> dict[str, Any]:
    """One replication of a point, in a few numbers."""
    from simulator.experiment import run_point
    from simulator.explorer.reading import summed

    return summed(run_point(point, 0, budget)["tables"])


def _function(target: str) -> Callable[[Point, Budget], dict[str, Any]]:
    if not target:
        _prepare()
        return simulate
    module, _, name = target.partition(":")
    function: Callable[[Point, Budget], dict[str, Any]] = getattr(importlib.import_module(module), name)
    return function


def digest(point: Point) -> str:
    """What is the same for points that give the same: how a scenario numbers and calls them does not matter."""
    left_out = ("point", "scenario", "title", "axes", "stack")
    return json.dumps({name: value for name, value in point.items() if name not in left_out}, sort_keys=True)


def _prepare() -> None:
    """Load what runs are made of: the time of the first one is not to go into that."""
    importlib.import_module("simulator.experiment")
    for family in _FAMILIES:
        for name in discovery.members(family):
            with suppress(Exception):  # a module of the user's own: the run that wants it says what is wrong
                discovery.member(family, name)


class Workers:
    """Some processes, and a line of runs before them.

    Args:
        number: of processes.
        target: what they call; the simulation if not given.
    """

    def __init__(self, number: int, target: str = "") -> None:
        self._target = target
        self._line: queue.PriorityQueue[tuple[int, int, Any]] = queue.PriorityQueue()
        self._count = itertools.count()
        self._closed = threading.Event()
        self._workers = [_Worker(target) for _ in range(number)]
        self._threads = [
            threading.Thread(target=self._serve, args=(worker,), name=f"worker {number}", daemon=True)
            for number, worker in enumerate(self._workers)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, point: Point, budget: Budget, wanted: Wanted, priority: int = NOW) -> Future[dict[str, Any]]:
        """Put a run into the line.

        Args:
            point: as ``Scenario.points`` makes it.
            budget: what it may take; its wall time has to be limited.
            wanted: asked when its turn comes: whether anybody waits for it still.
            priority: ``NOW`` or ``LATER``.

        Returns:
            What :func:`simulate` returns with ``wall_s``, or the error: ``Unwanted``, ``OverBudget``, ``RunError``.
        """
        future: Future[dict[str, Any]] = Future()
        self._line.put((priority, next(self._count), (future, point, budget, wanted)))
        return future

    @property
    def processes(self) -> list[int]:
        """The process numbers of those that run."""
        return [worker.process.pid for worker in self._workers if worker.process and worker.process.pid]

    def close(self) -> None:
        """End all processes; what stands in the line is not begun, and its futures are cancelled."""
        self._closed.set()
        for worker in self._workers:
            worker.kill()
        for _ in self._threads:
            self._line.put((-1, next(self._count), None))
        for thread in self._threads:
            thread.join(timeout=5.0)
        with suppress(queue.Empty):
            while True:
                if task := self._line.get_nowait()[2]:
                    task[0].cancel()

    def _serve(self, worker: _Worker) -> None:
        worker.start()
        while not self._closed.is_set():
            task = self._line.get()[2]
            if task is None:
                break
            future, point, budget, wanted = task
            if self._closed.is_set():
                future.cancel()
                break
            if not wanted():
                future.set_exception(Unwanted("nobody waits for it any more"))
                continue
            try:
                future.set_result(worker.call(point, budget))
            except Exception as error:
                future.set_exception(error)
        worker.kill()  # it may have been started while the others were ended


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.process: Any = None
        self._ready = False
        self._pipe: Connection | None = None

    def start(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(theirs, self._target), daemon=True, name="virtlab explorer")
        self.process.start()
        theirs.close()
        self._ready = False

    def kill(self) -> None:
        if self.process is not None and self.process.is_alive():
            self.process.kill()
            self.process.join(timeout=5.0)

    def call(self, point: Point, budget: Budget) -> dict[str, Any]:
        """Have one run simulated.

        Raises:
            OverBudget: as the worker says.
            RunError: as the worker says, or it is gone, or it does not answer.
        """
        if self.process is None or not self.process.is_alive():
            self.start()
        assert self._pipe is not None and budget.wall_s is not None
        try:
            if not self._ready:
                self._received(STARTS_S)
                self._ready = True
            self._pipe.send((dict(point), budget))
            reply = self._received(budget.wall_s + GRACE_S)
        except (EOFError, OSError):
            self.process.join(timeout=5.0)
            code = self.process.exitcode
            raise RunError(f"the process that simulated it is gone (exit code {code})") from None
        if isinstance(reply, VirtlabError):
            raise reply
        found: dict[str, Any] = reply
        return found

    def _received(self, patience_s: float) -> Any:
        """What the process sends next.

        Raises:
            RunError: nothing; it is ended.
        """
        assert self._pipe is not None
        if not self._pipe.poll(patience_s):
            self.kill()
            raise RunError(f"did not answer within {patience_s:g} s; its process was ended")
        return self._pipe.recv()
