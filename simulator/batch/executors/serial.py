"""``serial``: runs in this process, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from simulator.batch.executors.base import P, T, Workers


def matches(on: str) -> bool:
    """Whether this is meant."""
    return on == "serial"


def check(on: str, jobs: int | None) -> None:
    """It is always possible."""


def opened(on: str, jobs: int, target: str) -> Workers:
    """This process."""
    return Serial()


class Serial(Workers):
    """Runs at once, here."""

    SHARES_DISK = True
    size = 1

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future

    def stop(self) -> None:
        """Nothing is left running."""
