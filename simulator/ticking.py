"""Ticking: a function that is called ten times a second in the middle of whatever a thread does, and may end it.

The main thread is interrupted by a signal. Of another thread (a worker of a cluster has many), and where a system has
no such timer, a second one looks on, and has Python raise the error in the first between two of its instructions.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

TICK_S = 0.1


class Ended(BaseException):
    """Gets out of a run whose budget is used up; no program in it can take it for an error of its own."""


class Ticker(Protocol):
    """Calls a function again and again; whatever that raises arises in the thread that has started it."""

    def start(self, first_s: float) -> None:
        """The first call comes after so long, if not earlier."""

    def stop(self) -> None:
        """No more calls, and nothing arises any more; may be called twice."""


def ticker(tick: Callable[[], None]) -> Ticker:
    """What suits the thread that asks; the only thing that ``tick`` raises is ``Ended``."""
    here = threading.current_thread() is threading.main_thread()
    return Timer(tick) if here and hasattr(signal, "setitimer") else Onlooker(tick)


class Timer:
    """Calls a function again and again, in the middle of whatever the main thread does.

    A timer that somebody else has set goes on afterwards, with the time that was left of it.
    """

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._handler: Any = None
        self._others_s = (0.0, 0.0)
        self._begin_s = 0.0
        self._started = False

    def start(self, first_s: float) -> None:
        """The first call comes after so long."""
        self._started = True
        self._handler = signal.signal(signal.SIGALRM, self._called)
        self._begin_s = time.monotonic()
        self._others_s = signal.setitimer(signal.ITIMER_REAL, max(first_s, 1e-6), TICK_S)

    def stop(self) -> None:
        """No more calls."""
        if not self._started:
            return
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, self._handler)
        left_s, interval_s = self._others_s
        if left_s:
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, left_s - (time.monotonic() - self._begin_s)), interval_s)

    def _called(self, number: int, frame: FrameType | None) -> None:
        self._tick()


class Onlooker:
    """Calls a function again and again in a thread of its own, and has ``Ended`` raised in the one that it looks at."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._looked_at = threading.get_ident()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, first_s: float) -> None:
        """The first call comes after so long."""
        self._thread = threading.Thread(target=self._look_on, args=(first_s,), name="virtlab-budget", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """No more calls, and what has not arisen yet does not."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._raise(None)

    def _look_on(self, first_s: float) -> None:
        wait_s = first_s
        while not self._over.wait(wait_s):
            wait_s = TICK_S
            try:
                self._tick()
            except Ended:
                self._raise(Ended)

    def _raise(self, error: type[BaseException] | None) -> None:
        import ctypes

        thread = ctypes.c_ulong(self._looked_at)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None if error is None else ctypes.py_object(error))
