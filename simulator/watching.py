"""Who watches a batch: a bar in a terminal, a bar in a notebook, a line now and then in a log.

Each names the runs that fail as they come, and says how many runs there are a second and how long it still takes. The
bar of a notebook is an output of the cell that is replaced while the batch goes on, not a widget: what is left in the
end is plain text, and a saved notebook shows it wherever it is opened.
"""

from __future__ import annotations

import sys
import threading
import time
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from simulator.batch.progress import Silent

if TYPE_CHECKING:
    from simulator.batch.progress import Progress

HEARTBEAT_S = 10.0
REDRAW_S = 0.1
MOST_NAMED = 10
"""Failed runs that are named; further ones are counted."""


def watch(name: str) -> Progress:
    """Somebody who watches the batch of a scenario, as suits where one looks."""
    if _in_notebook():
        return Notebook(name)
    return Bar(name) if sys.stderr.isatty() else Heartbeat(name)


def chosen(progress: Progress | bool | None, name: str) -> Progress:
    """Who watches: whoever is given, nobody if ``False``, whoever suits if nothing is said."""
    if progress is False:
        return Silent()
    return watch(name) if progress is None or progress is True else progress


class Count:
    """How far a batch is.

    Args:
        name: of the scenario.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = self.done = self.before = self.failed = 0
        self._begin_s = time.monotonic()

    def start(self, total: int, done: int) -> None:
        """Begin to count; runs that were finished before say nothing about how fast this goes."""
        self.total, self.done, self.before = total, done, done
        self._begin_s = time.monotonic()

    def advance(self, run_id: str, status: str) -> str:
        """One run more; returns what is to be said about it, mostly nothing."""
        self.done += 1
        if status == "ok":
            return ""
        self.failed += 1
        if self.failed > MOST_NAMED:
            return ""
        more = "; runs that fail from now on are only counted" if self.failed == MOST_NAMED else ""
        return f"{run_id}: {status}{more}"

    def going_on(self) -> str:
        """That an interrupted batch is gone on with; nothing if it is not."""
        if self.before in (0, self.total):
            return ""
        return f"going on: {self.before} of {self.total} runs were finished before"

    @property
    def elapsed_s(self) -> float:
        """Since the start."""
        return time.monotonic() - self._begin_s

    def rate(self) -> str:
        """Runs a second, or seconds a run; empty before the first."""
        fresh = self.done - self.before
        if not fresh:
            return ""
        per_s = fresh / max(self.elapsed_s, 1e-9)
        return f"{per_s:.3g} runs/s" if per_s >= 1 else f"{1 / per_s:.3g} s a run"

    def left(self) -> str:
        """How long it still takes; empty before the first run has ended."""
        fresh = self.done - self.before
        return f"about {duration(self.elapsed_s / fresh * (self.total - self.done))} left" if fresh else ""

    def failures(self) -> str:
        """How many failed; empty if none did."""
        return f"{self.failed} failed" if self.failed else ""

    def so_far(self) -> str:
        """All of it in a line."""
        parts = (f"{self.done} of {self.total} runs", self.failures(), duration(self.elapsed_s), self.rate())
        return f"{self.name}: " + ", ".join(part for part in (*parts, self.left()) if part)


def duration(seconds: float) -> str:
    """As one would say it: ``45 s``, ``12 min``, ``3 h 20 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if minutes < 100 else f"{hours} h {rest} min" if rest else f"{hours} h"


class Bar:
    """A bar in a terminal; nothing is left of it in the end."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[more]}"),
        )
        self._count = Count(name)
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(name, total=None, more="")

    def start(self, total: int, done: int) -> None:
        """Show the bar."""
        self._count.start(total, done)
        self._bar.update(self._task, total=total, completed=done)
        self._bar.start()
        self._say(self._count.going_on())

    def grow(self, total: int) -> None:
        """There are more runs, or fewer, than was said."""
        self._count.total = total
        self._bar.update(self._task, total=total)

    def advance(self, run_id: str, status: str) -> None:
        """One run more; failures are named at once."""
        self._say(self._count.advance(run_id, status))
        parts = (self._count.failures(), self._count.rate(), self._count.left())
        self._bar.update(self._task, advance=1, more=", ".join(part for part in parts if part))

    def finish(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def _say(self, text: str) -> None:
        if text:
            self._bar.console.print(text, highlight=False, markup=False)


class Heartbeat:
    """A line every ten seconds, so that a log shows that something is going on, and how long it still takes."""

    def __init__(self, name: str, period_s: float = HEARTBEAT_S) -> None:
        self._count, self._period_s = Count(name), period_s
        self._ended = threading.Event()

    def start(self, total: int, done: int) -> None:
        """Begin to beat."""
        self._count.start(total, done)
        self._say(self._count.going_on())
        self._ended = threading.Event()
        threading.Thread(target=self._beat, args=(self._ended,), daemon=True).start()

    def grow(self, total: int) -> None:
        """There are more runs, or fewer, than was said."""
        self._count.total = total

    def advance(self, run_id: str, status: str) -> None:
        """One run more; failures are named at once."""
        self._say(self._count.advance(run_id, status))

    def finish(self) -> None:
        """Stop."""
        self._ended.set()

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(self._period_s):
            _tell(self._count.so_far())

    def _say(self, text: str) -> None:
        if text:
            _tell(f"{self._count.name}: {text}")


class Notebook:
    """A bar in the output of a cell, which is replaced by a line of text in the end."""

    def __init__(self, name: str) -> None:
        self._count = Count(name)
        self._said: list[str] = []
        self._shown: Any = None
        self._drawn_s = 0.0

    def start(self, total: int, done: int) -> None:
        """Show the bar."""
        display: Any = import_module("IPython.display").display
        self._count.start(total, done)
        self._say(self._count.going_on())
        self._shown = display(self._bar(), raw=True, display_id=True)

    def grow(self, total: int) -> None:
        """There are more runs, or fewer, than was said."""
        self._count.total = total

    def advance(self, run_id: str, status: str) -> None:
        """One run more; failures are named at once."""
        said = self._count.advance(run_id, status)
        self._say(said)
        now_s = time.monotonic()
        if said or now_s - self._drawn_s >= REDRAW_S:
            self._drawn_s = now_s
            self._shown.update(self._bar(), raw=True)

    def finish(self) -> None:
        """Leave how it ended."""
        before = "before" if self._count.before == self._count.total else ""
        parts = (f"{self._count.done} of {self._count.total} runs finished {before}".strip(), self._count.failures())
        line = f"{self._count.name}: " + ", ".join(part for part in parts if part)
        self._shown.update({"text/plain": "\n".join([line, *self._said])}, raw=True)

    def _say(self, text: str) -> None:
        if text:
            self._said.append(text)

    def _bar(self) -> dict[str, str]:
        text, said = self._count.so_far(), "".join(f"<br>{escape(line)}" for line in self._said)
        bar = f'<progress value="{self._count.done}" max="{max(self._count.total, 1)}"></progress>'
        return {"text/plain": text, "text/html": f"{bar} {escape(text)}{said}"}


def _in_notebook() -> bool:
    """Whether a kernel runs this, and so whoever looks sees outputs of cells."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
