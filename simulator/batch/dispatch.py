"""Dispatch: hands the runs of a batch to an executor until every one of them is recorded.

A worker that is killed may break its whole pool. Then the runs that were under way are suspects: each is run again
alone, so that one which kills its worker a second time is known for certain and recorded as failed.

Workers that share the batch's folder record there what they have finished. Others return their records, and this
process keeps them.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from math import ceil
from pathlib import Path
from types import TracebackType

from simulator.batch import segments, worker
from simulator.batch.executors import Place, Workers
from simulator.batch.progress import Progress
from simulator.batch.worker import Lines, Report, Task
from simulator.budget import Budget
from simulator.errors import RunError

CHUNK_S = 0.25
"""Short runs travel together, so that handing over costs little beside running."""
HANDOVER_SHARE = 0.25
"""Most of one processor that handing over may take: the more workers, the longer the pieces."""
CHUNK_RUNS = 256
KILLED = "the worker was killed twice in the middle of this run, the second time with no other run beside it"

PAUSE_S = 0.2
"""Whoever ends a job ends its workers and this process together: before a worker's end is blamed on a run, this process
gives its own end the time to arrive."""


class Chunks:
    """Cuts a list of tasks: single ones first, longer pieces once it is known how long a run takes."""

    def __init__(self, tasks: list[Task], workers: Workers) -> None:
        self._left = deque(tasks)
        self._workers = workers
        self._runs, self._seconds = 0, 0.0

    def __bool__(self) -> bool:
        return bool(self._left)

    def next(self) -> list[Task]:
        return [self._left.popleft() for _ in range(self._size())]

    def learn(self, report: Report) -> None:
        self._runs += len(report.marks)
        self._seconds += report.seconds

    def _size(self) -> int:
        if not self._runs:
            return 1
        workers = self._workers
        piece_s = max(CHUNK_S, workers.size * workers.HANDOVER_S / HANDOVER_SHARE)
        by_time = piece_s * self._runs / max(self._seconds, 1e-9)
        fair = ceil(len(self._left) / (2 * workers.size))
        return max(1, int(min(by_time, fair, CHUNK_RUNS)))


class Dispatch:
    """The runs of one batch on their way through an executor, which is opened with the first and closed by ``with``.

    Args:
        folder: where segments are kept.
        place: where to run.
        target: the function that simulates one run, as ``module:function``.
        progress: is told of each run once.
        most: how many runs there may be in all.
        budget: what one run may take; those that were ended by less are not finished.
    """

    def __init__(
        self, folder: Path, place: Place, target: str, progress: Progress, most: int, budget: Budget | None = None
    ) -> None:
        self._folder = folder
        self._place = place
        self._target = target
        self._progress = progress
        self._budget = budget
        self._told = set(segments.finished(folder, budget))
        self._most = most
        self._workers: Workers | None = None
        self._noted = True

    def __enter__(self) -> Dispatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(stop=error is not None)
        segments.close(self._folder)

    def run(self, tasks: list[Task]) -> None:
        """Returns when every task has a record.

        Raises:
            RunError: workers die before they begin a run, again and again.
        """
        fruitless = 0
        while tasks:
            before = segments.starts(self._folder)
            lost = self._drain(tasks)
            if lost is None:
                return
            left = self._unfinished(tasks)
            suspects = self._under_way(left, lost, before)
            for task in suspects:
                self._alone(task)
            self._close(stop=False)
            fruitless = 0 if suspects or len(left) < len(tasks) else fruitless + 1
            if fruitless == 3:
                raise RunError("workers die before they begin a run; use one job (--jobs 1) to see why")
            tasks = self._unfinished(left)

    def _drain(self, tasks: list[Task], alone: bool = False) -> list[Task] | None:
        """Runs tasks until all are done, which gives None, or workers are lost: with the tasks that they had.

        Workers that share the folder are lost all at once. Of others those tasks are lost whose own worker was.
        """
        workers = self._open(1 if alone else self._most)
        chunks = Chunks(tasks, workers)
        waiting: dict[Future[Report | Lines], list[Task]] = {}
        lost: list[Task] = []
        while chunks or waiting:
            try:
                while chunks and len(waiting) < workers.AHEAD * workers.size - 1:
                    chunk = chunks.next()
                    waiting[self._submit(workers, chunk)] = chunk
            except BrokenExecutor:
                lost += chunk
                break
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                chunk = waiting.pop(future)
                try:
                    chunks.learn(self._kept(future.result()))
                except BrokenExecutor:
                    lost += chunk
            if lost and workers.SHARES_DISK:
                break
        if lost:
            self._close(stop=True)
        return lost or None

    def _submit(self, workers: Workers, chunk: list[Task]) -> Future[Report | Lines]:
        folder = self._folder if workers.SHARES_DISK else None
        return workers.submit(worker.run_chunk, folder, chunk, self._target)

    def _kept(self, found: Report | Lines) -> Report:
        """Records that came back are appended to this process's own segment; every run is told."""
        report = worker.keep(self._folder, found) if isinstance(found, Lines) else found
        for run, mark in report.marks:
            self._tell(run, mark)
        return report

    def _open(self, runs: int) -> Workers:
        if self._workers is None:
            self._workers = self._place.opened(runs, self._target)
            self._noted = self._workers.SHARES_DISK
        return self._workers

    def _close(self, stop: bool) -> None:
        workers, self._workers = self._workers, None
        if workers is not None:
            workers.stop() if stop else workers.shutdown()

    def _alone(self, task: Task) -> None:
        # Of workers that note no beginnings it is not known whether this run had begun when others were lost.
        for _ in range(1 if self._noted else 2):
            lost = self._drain([task], alone=True)
            if lost is None or not self._unfinished([task]):
                return
        time.sleep(PAUSE_S)
        line = worker.failure(task.point, task.replication, KILLED)
        self._kept(Lines([line], 0.0))

    def _unfinished(self, tasks: list[Task]) -> list[Task]:
        """Tasks without a record; those found recorded are told."""
        finished = segments.finished(self._folder, self._budget)
        for task in tasks:
            if task.run in finished:
                self._tell(task.run, finished[task.run].mark)
        return [task for task in tasks if task.run not in finished]

    def _under_way(self, tasks: list[Task], lost: Iterable[Task], before: Counter[str]) -> list[Task]:
        """Tasks that were begun since ``before`` was counted; where nobody notes that, those that were lost."""
        begun = segments.starts(self._folder) - before if self._noted else {task.run for task in lost}
        return [task for task in tasks if task.run in begun]

    def _tell(self, run: str, mark: str) -> None:
        if run not in self._told:
            self._told.add(run)
            self._progress.advance(run, worker.words(mark))
