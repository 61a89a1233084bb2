"""Progress of a batch on stderr: a bar on a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING

from simulator.cli.output import tell

if TYPE_CHECKING:
    from simulator.batch.progress import Progress

HEARTBEAT_S = 10.0


def watch(name: str) -> Progress:
    """Somebody who watches the batch of a scenario, as suits where stderr goes."""
    return Bar(name) if sys.stderr.isatty() else Heartbeat(name)


class Bar:
    """A bar with the time that is left."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(name, total=None)

    def start(self, total: int, done: int) -> None:
        """Show the bar."""
        self._bar.update(self._task, total=total, completed=done)
        self._bar.start()

    def advance(self, run_id: str, status: str) -> None:
        """One run more; failures are named at once."""
        self._bar.advance(self._task)
        if status != "ok":
            self._bar.console.print(f"{run_id}: {status}", highlight=False)

    def grow(self, total: int) -> None:
        """Another length."""
        self._bar.update(self._task, total=total)

    def finish(self) -> None:
        """Take the bar away."""
        self._bar.stop()


class Heartbeat:
    """A line every ten seconds, so that a log shows that something is going on, and how long it still takes."""

    def __init__(self, name: str, period_s: float = HEARTBEAT_S) -> None:
        self._name, self._period_s = name, period_s
        self._total = self._done = self._before = 0
        self._begin = time.monotonic()
        self._ended = threading.Event()

    def start(self, total: int, done: int) -> None:
        """Begin to beat."""
        self._total, self._done, self._before = total, done, done
        self._begin = time.monotonic()
        threading.Thread(target=self._beat, daemon=True).start()

    def advance(self, run_id: str, status: str) -> None:
        """One run more; failures are named at once."""
        self._done += 1
        if status != "ok":
            tell(f"{self._name}: {run_id}: {status}")

    def grow(self, total: int) -> None:
        """Another number of runs."""
        self._total = total

    def finish(self) -> None:
        """Stop."""
        self._ended.set()

    def _beat(self) -> None:
        while not self._ended.wait(self._period_s):
            elapsed_s = time.monotonic() - self._begin
            left = self._total - self._done
            fresh = self._done - self._before
            rest = f", about {elapsed_s / fresh * left:.0f} s left" if fresh else ""
            tell(f"{self._name}: {self._done} of {self._total} runs, {elapsed_s:.0f} s{rest}")
