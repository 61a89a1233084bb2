"""From a question to an answer: every point simulated or remembered, each stack beside the baseline."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from simulator.budget import Budget
from simulator.catalog import Catalog
from simulator.errors import OverBudget, UsageError, VirtlabError
from simulator.explorer import choices, numbers, pace, workers
from simulator.explorer.asking import Asked, ask
from simulator.explorer.question import Mistake, Mistaken, Question
from simulator.explorer.workers import LATER, NOW, Point, Unwanted, Wanted, Workers

BUDGET = Budget(events=1_000_000, wall_s=4.0, memory_bytes=2**30)
"""What one run may take: nobody in a lecture waits longer."""
_MOST_REMEMBERED = 4000
_MOST_PROCESSES = 4

Run = dict[str, Any]
T = TypeVar("T")


class Explorer:
    """Answers questions.

    Args:
        processes: how many simulate; by default as many as there are processors, two to four.
        target: for tests, what the processes call instead of the simulation.
    """

    def __init__(self, processes: int | None = None, target: str = "") -> None:
        self.catalog = Catalog()
        self._reading = threading.Lock()  # the catalog reads files when they are first asked for
        self.workers = Workers(processes or max(2, min(_MOST_PROCESSES, os.cpu_count() or 2)), target)
        self._known: OrderedDict[str, Run] = OrderedDict()
        self._lock = threading.Lock()
        self._suggested: dict[tuple[str, str], list[dict[str, str]]] = {}

    def warm_up(self) -> None:
        """Simulate in the background what the page shows first: the catalog is read and the processes are there."""
        threading.Thread(target=self._quietly, args=(Question(),), daemon=True).start()

    def _quietly(self, question: Question) -> None:
        with suppress(VirtlabError):
            self.answer(question, priority=LATER)

    def close(self) -> None:
        """End all processes."""
        self.workers.close()

    def choices(self, read: Callable[..., T], *names: str) -> T:
        """What a function of :mod:`simulator.explorer.choices` says of the catalog.

        Raises:
            CatalogError: as the function does.
        """
        with self._reading:
            return read(self.catalog, *names)

    def stacks(self, name: str, machine: str) -> list[dict[str, str]]:
        """Stacks on which a workload can run on a machine; questions are answered meanwhile.

        Raises:
            CatalogError: there is no such workload or machine.
        """
        if (name, machine) not in self._suggested:
            trials = choices.stacks(self.catalog, name, machine)
            found: list[dict[str, str]] = []
            while True:
                with self._reading:
                    try:
                        each = next(trials)
                    except StopIteration:
                        break
                found += [each] if each else []
            self._suggested[name, machine] = found
        return self._suggested[name, machine]

    def ask(self, question: Question) -> Asked:
        """The scenario that answers a question.

        Raises:
            Mistaken: it has none.
        """
        with self._reading:
            try:
                return ask(question, self.catalog)
            except Mistaken:
                raise
            except UsageError as error:
                raise Mistaken([Mistake("", str(error))]) from None

    def answer(self, question: Question, wanted: Wanted = lambda: True, priority: int = NOW) -> dict[str, Any]:
        """What the page draws, as plain data.

        Args:
            question: what is asked.
            wanted: whether anybody waits for it still.
            priority: ``LATER`` for what is made in advance.

        Raises:
            Mistaken: it has no answer; every mistake with its field.
            Unwanted: nobody waits for it any more.
        """
        start_s = time.perf_counter()
        if question.pace:
            duration_s = pace.duration_s(question, self.ask, lambda point, budget: self._run(point, budget, wanted))
            question = replace(question, pace=False, duration_s=duration_s)
        asked = self.ask(question)
        points = asked.scenario.points()
        futures = [self._submit(point, BUDGET, wanted, priority) for point in points]
        runs = [self._result(each) for each in futures]
        remembered = sum(not fresh for _, fresh in futures)
        return {
            "question": question.data(),
            **numbers.drawn(asked, points, runs),
            "mistakes": [each.data() for each in asked.mistakes],
            "scenario": asked.text,
            "seconds": time.perf_counter() - start_s,
            "runs": len(points),
            "remembered": remembered,
            "simulated_s": sum(run.get("simulated_s") or 0.0 for run in runs),
            "events": sum(run.get("events") or 0 for run in runs),
        }

    # ---- runs

    def _submit(self, point: Point, budget: Budget, wanted: Wanted, priority: int) -> tuple[Future[Run], bool]:
        """The run of a point, and whether it has to be made; one equal to what has been simulated has not."""
        key = workers.digest(point)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                future: Future[Run] = Future()
                future.set_result(self._known[key])
                return future, False
            future = self.workers.submit(point, budget, wanted, priority)
        future.add_done_callback(lambda done: self._remember(key, done))
        return future, True

    def _remember(self, key: str, done: Future[Run]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        with self._lock:
            self._known[key] = done.result()
            if len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)

    def _run(self, point: Point, budget: Budget, wanted: Wanted) -> Run:
        return self._result(self._submit(point, budget, wanted, NOW))

    def _result(self, submitted: tuple[Future[Run], bool]) -> Run:
        """What came out of a run; with ``error`` where nothing did."""
        try:
            return submitted[0].result()
        except (Unwanted, CancelledError):
            raise Unwanted("nobody waits for it any more") from None
        except OverBudget as error:
            return {"error": "over budget", "detail": str(error)}
        except VirtlabError as error:
            return {"error": "failed", "detail": str(error)}
