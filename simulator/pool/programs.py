"""What runs in an instance: threads that pause and compute, or a trace that is played. Callbacks on the pool's clock.

A thread is its own entry in the calendar, used again and again; the end of a task is told by the solver within the
instant. So a task costs one entry and one submission, and makes no object.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from math import ceil
from typing import TYPE_CHECKING, Any

from simulator.pool.plan import TaskProgram, TraceProgram
from simulator.sharing.tree import Share

if TYPE_CHECKING:
    from simulator.pool.guest import Guest

_NORMAL = 1
"""SimPy's priority of ordinary events."""


class TaskThread:
    """One thread of a program that pauses and computes.

    Args:
        guest: whose it is.
        share: where it computes.
        number: of the thread.
    """

    __slots__ = (
        "_again", "_done", "_end", "_ended", "_position", "_tasks", "_times", "begun_s", "callbacks", "guest",
        "number", "program", "share", "waits",
    )  # fmt: skip
    _ok, _value = True, None

    def __init__(self, guest: Guest, share: Share, number: int, program: TaskProgram) -> None:
        self.guest, self.share, self.number, self.program = guest, share, number, program
        self._again: tuple[Callable[[Any], None], ...] = (self._wake,)
        self.callbacks: tuple[Callable[[Any], None], ...] | None = self._again
        self._done: Callable[[Share], None] = self._task_done
        self._tasks = self._position = self._end = 0
        self._times: Any = ()
        self.begun_s = 0.0
        self._ended = False
        self.waits = False
        """Whether it wants to begin a task, or to go on with one, and its guest stands still."""

    def begin(self) -> None:
        """With its first pause."""
        self._pause()

    def _pause(self) -> None:
        """The pause before the next task; the end, if there is none."""
        if self._position == self._end and not self._more():
            self._ended = True
            self.guest.thread_ended()
            return
        think_s = self._times[self._position]
        environment = self.guest.environment
        if think_s > 0.0:
            entry = (environment._now + think_s, _NORMAL, next(environment._eid), self)
            heappush(environment._queue, entry)  # type: ignore[misc]
        else:
            self._compute()

    def _more(self) -> bool:
        """Draw the next tasks; whether there are any."""
        program, guest = self.program, self.guest
        if program.count is not None and self._tasks >= program.count:
            return False
        self._times = guest.luck.tasks(guest.instance.number, self.number, self._tasks, program)
        self._tasks += len(self._times) // 2
        self._position, self._end = 0, len(self._times)
        return True

    def _wake(self, _: object) -> None:
        self.callbacks = self._again  # SimPy has just taken them away
        guest = self.guest
        if guest.still:
            self.waits = True
            return
        self.begun_s = guest.environment._now
        guest.submit(self.share, guest.task_cycles + guest.cycle_ratio * self._times[self._position + 1], self._done)

    def _compute(self) -> None:
        guest = self.guest
        self.begun_s = guest.environment._now
        guest.submit(self.share, guest.task_cycles + guest.cycle_ratio * self._times[self._position + 1], self._done)

    def _task_done(self, _: Share) -> None:
        guest = self.guest
        environment = guest.environment
        now = environment._now
        response_s = now - self.begun_s
        guest.tasks += 1
        guest.response_s += response_s
        if response_s > guest.longest_s:
            guest.longest_s = response_s
        self._position = position = self._position + 2
        if position < self._end:
            think_s = self._times[position]
            if think_s > 0.0:
                entry = (now + think_s, _NORMAL, next(environment._eid), self)
                heappush(environment._queue, entry)  # type: ignore[misc]
                return
        self._pause()

    # ---- where it stands still

    def stop(self) -> float:
        """Take its work from the processors: what it has done of a task is kept, in cycles of this host."""
        if not self.share.active:
            return 0.0
        self.waits = True
        return self.guest.remove(self.share)

    def resume(self, share: Share, left_cycles: float) -> None:
        """Go on in another share: with what was left of a task, or with one that came meanwhile."""
        self.share = share
        if not self.waits:
            return
        self.waits = False
        if left_cycles > 0.0:
            self.guest.submit(share, left_cycles, self._done)
        else:
            self._compute()

    @property
    def busy(self) -> bool:
        """Whether it is in the middle of a task."""
        return not self._ended and self.share.active


class TracePlayer:
    """Plays a trace of demands on as many threads as its guest has processors.

    Args:
        guest: whose it is.
        share: of all its threads; its cap is the demand.
        program: what is played.
    """

    __slots__ = ("_fragment", "_leaves", "_missed", "_open", "_pass", "begun_s", "guest", "program", "share")

    def __init__(self, guest: Guest, share: Share, program: TraceProgram) -> None:
        self.guest, self.share, self.program = guest, share, program
        self._fragment, self._open, self._pass = -1, 0, 0
        self.begun_s = 0.0
        self._leaves: list[Share] = []
        self._missed = False
        """Whether a fragment's time was over while the guest stood still."""

    def begin(self) -> None:
        """With its first fragment."""
        self._next()

    def _next(self) -> None:
        self._fragment += 1
        if self._fragment == len(self.program.fragments):
            self.guest.thread_ended()
            return
        lasts_s, demand_hz = self.program.fragments[self._fragment]
        threads = self._threads(demand_hz)
        self._play(threads, demand_hz, demand_hz * lasts_s / threads)
        if self.program.lost:
            self._pass += 1
            played = self._pass
            timer = self.guest.environment.timeout(lasts_s)
            assert timer.callbacks is not None
            timer.callbacks.append(lambda _: self._over() if played == self._pass else None)

    def _threads(self, demand_hz: float) -> int:
        """As many as its processors: a demand says nothing of how it was spread."""
        return max(1, min(self.guest.instance.kind.vcpus, ceil(demand_hz / self.guest.frequency_hz)))

    def _play(self, threads: int, demand_hz: float, each_cycles: float) -> None:
        guest = self.guest
        self.begun_s = guest.environment.now
        guest.set_cap(self.share, demand_hz * guest.cycle_ratio)
        self._leaves = [Share("thread", self.share) for _ in range(threads)]
        self._open = threads
        for leaf in self._leaves:
            guest.submit(leaf, each_cycles * guest.cycle_ratio, self._leaf_done)

    def _leaf_done(self, leaf: Share) -> None:
        self.share.children.remove(leaf)
        self._leaves.remove(leaf)
        self._open -= 1
        if not self._open and not self.program.lost:
            self._next()

    def _over(self) -> None:
        """A fragment's time is over: what was not to be had of it is lost."""
        self._missed = self.guest.still
        if not self._missed:
            self.guest.lost_cycles += self.stop() / self.guest.cycle_ratio
            self._next()

    # ---- where it stands still

    def stop(self) -> float:
        """Take its work from the processors; returns what is left of its fragment, in cycles of this host."""
        left = sum(self.guest.remove(leaf) for leaf in self._leaves)
        for leaf in self._leaves:
            self.share.children.remove(leaf)
        self._leaves = []
        return left

    def resume(self, share: Share, left_cycles: float) -> None:
        """Go on in another share; what was left of a fragment whose time is over is lost."""
        self.share = share
        if self._missed:
            self._missed = False
            self.guest.lost_cycles += left_cycles / self.guest.cycle_ratio
            self._next()
            return
        if left_cycles <= 0.0:
            return
        demand_hz = self.program.fragments[self._fragment][1]
        threads = self._threads(demand_hz)
        self._play(threads, demand_hz, left_cycles / self.guest.cycle_ratio / threads)

    @property
    def busy(self) -> bool:
        """Whether it is in the middle of a fragment."""
        return bool(self._leaves)
