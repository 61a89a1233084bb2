"""What all executors have: the interface of ``concurrent.futures``, and what a batch wants to know beside."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import ClassVar, ParamSpec, TypeVar

from simulator.batch import luggage
from simulator.errors import RunError

P = ParamSpec("P")
T = TypeVar("T")


class Workers(Executor):
    """Those who run. The future of a call whose worker was lost raises ``BrokenExecutor``.

    Attributes:
        size: how many there are; may change while they work.
    """

    SHARES_DISK: ClassVar[bool]
    """Whether they write into the batch's folder themselves. Where not, they return what is to be written."""
    HANDOVER_S: ClassVar[float] = 0.0005
    """Processor time that handing over one call costs whoever hands it over, about."""
    AHEAD: ClassVar[int] = 2
    """How many calls for each of them keep it busy: the one it is at, and those that wait."""
    size: int

    @abstractmethod
    def stop(self) -> None:
        """Ends all work now, in the middle of whatever is done."""


class Given(Workers):
    """An executor that somebody else has opened, and will close. Nothing is known of its workers' disks."""

    SHARES_DISK = False

    def __init__(self, executor: Executor, size: int, target: str) -> None:
        self._executor = executor
        self._luggage = luggage.pack(target)
        self._futures: set[Future[object]] = set()
        self.size = size

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        try:
            future: Future[T] = self._executor.submit(luggage.carried, *luggage.wrap(self._luggage, fn, args))
        except BrokenExecutor as error:  # for good: only who has opened it can open another one
            raise RunError(
                f"the executor has lost its workers ({error}); what has finished is kept, give a new one"
            ) from error
        self._futures.add(future)  # type: ignore[arg-type]
        future.add_done_callback(self._futures.discard)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """It stays open."""

    def stop(self) -> None:
        for future in tuple(self._futures):
            future.cancel()
