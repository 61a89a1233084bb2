"""Dispatch: hands the runs of a batch to an executor until every one of them is recorded.

A worker that is killed breaks its whole pool. Then the runs that were under way are suspects: each is run again alone
in a pool of one worker, so that one which kills its worker a second time is known for certain and recorded as failed.
"""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from math import ceil
from pathlib import Path

from simulator.batch import segments, worker
from simulator.batch.executors import Processes, Serial
from simulator.batch.progress import Progress
from simulator.batch.worker import Report, Task
from simulator.errors import RunError

CHUNK_S = 0.25
"""Short runs travel together, so that handing over costs little beside running."""
CHUNK_RUNS = 256
KILLED = "the worker process was killed twice in the middle of this run, the second time with no other run beside it"


class Chunks:
    """Cuts a list of tasks: single ones first, longer pieces once it is known how long a run takes."""

    def __init__(self, tasks: list[Task], jobs: int) -> None:
        self._left = deque(tasks)
        self._jobs = jobs
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
        by_time = CHUNK_S * self._runs / max(self._seconds, 1e-9)
        fair = ceil(len(self._left) / (2 * self._jobs))
        return max(1, int(min(by_time, fair, CHUNK_RUNS)))


class Dispatch:
    """The runs of one batch on their way through executors.

    Args:
        folder: where segments are kept.
        jobs: worker processes; 1 runs everything in this process.
        target: the function that simulates one run, as ``module:function``.
        progress: is told of each run once.
    """

    def __init__(self, folder: Path, jobs: int, target: str, progress: Progress) -> None:
        self._folder = folder
        self._jobs = jobs
        self._target = target
        self._progress = progress
        self._told = set(segments.finished(folder))

    def run(self, tasks: list[Task]) -> None:
        """Returns when every task has a record.

        Raises:
            RunError: workers die before they begin a run, again and again.
        """
        fruitless = 0
        while tasks:
            before = segments.starts(self._folder)
            if self._drain(tasks, Serial() if self._jobs == 1 else Processes(min(self._jobs, len(tasks)))):
                return
            left = self._unfinished(tasks)
            suspects = self._under_way(left, before)
            for task in suspects:
                self._alone(task)
            fruitless = 0 if suspects or len(left) < len(tasks) else fruitless + 1
            if fruitless == 3:
                raise RunError("worker processes die before they begin a run; use one job (--jobs 1) to see why")
            tasks = self._unfinished(left)

    def _drain(self, tasks: list[Task], executor: Serial | Processes) -> bool:
        """Runs tasks until all are done or the executor is broken; says whether they are done."""
        chunks = Chunks(tasks, self._jobs)
        waiting: set[Future[Report]] = set()
        try:
            while chunks or waiting:
                while chunks and len(waiting) < 2 * self._jobs - 1:
                    waiting.add(executor.submit(worker.run_chunk, self._folder, chunks.next(), self._target))
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    report = future.result()
                    chunks.learn(report)
                    for run, mark in report.marks:
                        self._tell(run, mark)
        except BrokenExecutor:
            executor.stop()
            return False
        except BaseException:
            executor.stop()
            raise
        executor.shutdown()
        return True

    def _alone(self, task: Task) -> None:
        if self._drain([task], Processes(1)) or not self._unfinished([task]):
            return
        segment = segments.Segment(self._folder)
        segment.append(worker.failure(task.point, task.replication, KILLED))
        segment.close()
        self._tell(task.run, segments.FAILED)

    def _unfinished(self, tasks: list[Task]) -> list[Task]:
        """Tasks without a record; those found recorded are told."""
        finished = segments.finished(self._folder)
        for task in tasks:
            if task.run in finished:
                self._tell(task.run, finished[task.run].mark)
        return [task for task in tasks if task.run not in finished]

    def _under_way(self, tasks: list[Task], before: Counter[str]) -> list[Task]:
        """Tasks that were begun since ``before`` was counted."""
        begun = segments.starts(self._folder) - before
        return [task for task in tasks if task.run in begun]

    def _tell(self, run: str, mark: str) -> None:
        if run not in self._told:
            self._told.add(run)
            self._progress.advance(run, mark)
