"""What all executors have: the interface of ``concurrent.futures``, and what a batch wants to know beside."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ClassVar, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Executor):
    """Those who run. The future of a call whose worker was lost raises ``BrokenExecutor``.

    Attributes:
        size: how many there are.
    """

    SHARES_DISK: ClassVar[bool]
    """Whether they write into the batch's folder themselves. Where not, they return what is to be written."""
    size: int

    @abstractmethod
    def stop(self) -> None:
        """Ends all work now, in the middle of whatever is done."""


class Given(Workers):
    """An executor that somebody else has opened, and will close. Nothing is known of its workers' disks."""

    SHARES_DISK = False

    def __init__(self, executor: Executor, size: int) -> None:
        self._executor = executor
        self._futures: set[Future[object]] = set()
        self.size = size

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future = self._executor.submit(fn, *args, **kwargs)
        self._futures.add(future)  # type: ignore[arg-type]
        future.add_done_callback(self._futures.discard)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """It stays open."""

    def stop(self) -> None:
        for future in tuple(self._futures):
            future.cancel()
