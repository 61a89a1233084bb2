"""One tenant while its run lasts: its program, what it has done, how it ended, and the way back to where it was."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from simulator import outcomes
from simulator.demands import Demand
from simulator.letters import Letter
from simulator.workloads._pace import paced
from simulator.workloads.base import Context, Program, ThreadPlan

if TYPE_CHECKING:
    import simpy

    from simulator.tenancy import House
    from simulator.threads import Thread


class History:
    """In which order a program's threads asked for their demands, and when: enough to bring a new one just as far.

    A program is nothing but generators of demands. What they yield depends on their own luck, on the clock and on the
    order in which they are asked: the first is repeatable, the others are kept here, ten bytes for each demand.
    """

    __slots__ = ("threads", "times_s")

    def __init__(self, threads: Sequence[int] = (), times_s: Sequence[float] = ()) -> None:
        self.threads, self.times_s = array("H", threads), array("d", times_s)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.threads, self.times_s, strict=True)

    def add(self, thread: int, time_s: float) -> None:
        """A thread asks for its next demand."""
        self.threads.append(thread)
        self.times_s.append(time_s)

    def copy(self) -> History:
        """As it is now."""
        return History(self.threads, self.times_s)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a program has come to.

    Attributes:
        name: the tenant whose program it is: its luck and the names of its files are that one's, in every copy.
        history: how it came there.
        left: for each thread what is left of the demand that it is at; None for one that has ended.
        requests: what it has answered.
        wakes: how it was woken.
        sending_s: see ``Context``.
        begun_s: when it began.
        heard: what it has heard from other tenants.
    """

    name: str
    history: History
    left: tuple[Demand | None, ...]
    requests: tuple[tuple[str, str, float, float], ...]
    wakes: tuple[tuple[str, str, float, float], ...]
    sending_s: float
    begun_s: float
    heard: tuple[Letter | None, ...] = ()


class Tenant:
    """One tenant of a run.

    Args:
        name: in the scenario.
        figures: of the resolved point.
        house: the machine that it is on.
        contexts: makes the context of a program of a tenant of the given name, with a clock.
        family: makes a program in a context.
        keeps_history: whether its program may have to be brought back to where it was.
    """

    def __init__(
        self, name: str, figures: Mapping[str, Any], house: House,
        contexts: Callable[[str, Callable[[], float]], Context], family: Callable[[Context], Program],
        *, keeps_history: bool,
    ) -> None:  # fmt: skip
        self.name, self.figures, self.house = name, figures, house
        self.environment = house.environment
        self.killed: simpy.Event = self.environment.event()
        self.starts_s: float = figures["start_s"]
        """When it is told to start."""
        self.intensity: float = figures.get("intensity", 1.0)
        self._contexts, self._family = contexts, family
        self._keeps_history, self._replayed_s = keeps_history, nan
        self.context = contexts(name, self._now)
        self.begun_s = nan
        self.up_again: simpy.Event | None = None
        """Comes when what it stood on is up again after a fault or an operation, if anybody sees to that."""
        self.position: Position | None = None
        """Where its program goes on then; from the beginning if nothing is said."""
        self.down = self.environment.event()
        """Comes with the end of its program, of which nothing runs any more then."""
        self.awaits: simpy.Event | None = None
        """Comes when it may begin, where something else than the clock decides that."""
        self.comebacks: list[simpy.Event] = []
        """Each comes when something is over that may bring it back, though it has ended."""
        self.kept: dict[str, Any] = {}
        """Its states that are kept, by name: see ``simulator.operations.kept``."""
        self.busy = ""
        """The operation under way that keeps its state or puts it back: there is only one at a time."""
        self.lost_s = 0.0
        """Processor time of its program's own work of which nothing is left, because it went back to a state."""
        self.tracked: Any = None
        """The state since which what changes of its memory is noted, if that is so."""
        self.paused_s = nan
        """When it was paused last."""
        self._called = self.environment.event()
        self.keeps_memory = False
        self.outcome = outcomes.NOT_FINISHED
        self.boot_s = self.create_s = nan if figures["boot"] else 0.0
        self.ended_s: float | None = None
        self.program_bytes = 0.0
        self.threads: list[Thread | None] = []
        """Those of its program, in the order of its plans."""
        self._make()

    def _now(self) -> float:
        return self._replayed_s if isfinite(self._replayed_s) else float(self.environment.now)

    def _make(self) -> None:
        """A program at its beginning."""
        self.program = self._family(self.context)
        self.plans = self.program.threads() if self.intensity else []
        self.history = History()
        self._left: tuple[Demand | None, ...] | None = None
        first: Sequence[Demand] = tuple(self.program.begins()) if self.plans else ()
        self._demands = [self._asked(number, plan, () if number else first) for number, plan in enumerate(self.plans)]

    def _asked(self, number: int, plan: ThreadPlan, first: Sequence[Demand]) -> Iterator[Demand]:
        """The demands of one thread, noted as it asks for them where that may be needed."""
        demands: Iterator[Demand] = chain(first, plan.demands)
        if self.intensity < 1.0:
            demands = paced(demands, self.intensity, self._now)
        return self._noted(number, demands) if self._keeps_history else demands

    def _noted(self, number: int, demands: Iterator[Demand]) -> Iterator[Demand]:
        while True:
            self.history.add(number, self._now())
            demand = next(demands, None)
            if demand is None:
                return
            yield demand

    def demands(self) -> list[Iterator[Demand] | None]:
        """What each thread asks for from here on; None for one that has ended before."""
        if self._left is None:
            return list(self._demands)
        ahead = zip(self._left, self._demands, strict=True)
        return [
            None if left is None else chain((left,) if left.count > 0.0 else (), demands) for left, demands in ahead
        ]

    @property
    def goes_on(self) -> bool:
        """Whether its program does not begin, but goes on where it was."""
        return self._left is not None

    @property
    def alive(self) -> bool:
        """Whether it has neither ended nor been ended."""
        return self.ended_s is None and not self.killed.triggered

    def fall(self, outcome: str, keeps_memory: bool) -> float:
        """What it stands on fails under it; returns for how long it had worked on what is lost with that.

        What a program has answered is answered; where only the whole of its work counts, all of it is lost.
        """
        now_s = self.context.now
        ends_s = [] if self.program.WHOLE else [start_s + latency_s for _, _, start_s, latency_s in self.requests]
        self.outcome, self.keeps_memory = outcome, keeps_memory
        self.killed.succeed()
        return now_s - max([self.begun_s, *ends_s]) if isfinite(self.begun_s) else 0.0

    def end(self, now_s: float) -> None:
        """Nothing of its program runs any more."""
        self.ended_s = now_s
        self.down.succeed()

    def begin_again(self) -> None:
        """Its program starts anew: from nothing, or from where it is to go on."""
        if self.program.WHOLE:
            self.requests.clear()
        self.up_again, self.ended_s, self.keeps_memory = None, None, False
        self.killed, self.down = self.environment.event(), self.environment.event()
        self.outcome, self.begun_s = outcomes.NOT_FINISHED, nan
        position, self.position = self.position, None
        if position is None:
            self._make()
        else:
            self.go_to(position)

    # ---- beginning later, and coming back

    def may_begin(self) -> None:
        """What decides when it begins says that it does."""
        assert self.awaits is not None
        self.awaits.succeed()
        self.awaits = None

    def never_begins(self, outcome: str) -> None:
        """What decides when it begins says that it will not."""
        self.outcome = outcome
        self.killed.succeed()
        self.may_begin()

    def call(self) -> None:
        """It is brought back, whether it has ended or not."""
        self._called.succeed()
        self._called = self.environment.event()

    def comes_back(self) -> simpy.Event | None:
        """What it waits for, once its program has ended: None if nothing will bring it back."""
        if self.up_again is not None:
            return self.up_again
        pending = [event for event in self.comebacks if not event.triggered]
        return self.environment.any_of([*pending, self._called]) if pending else None

    # ---- where its program is

    def where(self) -> Position:
        """Where its program has come to. Its threads must not run; each is asked what is left of its demand."""
        left = tuple(thread.asking if thread is not None else None for thread in self.threads)
        context = self.context
        return Position(
            context.tenant, self.history.copy(), left, tuple(context.requests), tuple(context.wakes),
            context.sending_s, self.begun_s, tuple(context.heard_before),
        )  # fmt: skip

    def go_to(self, position: Position) -> None:
        """A new program is brought to where one of the same make has been: it is asked all that that one was asked.

        What another tenant's program had answered by then is not this one's.
        """
        self.context = self._contexts(position.name, self._now)
        self.context.hear_again(position.heard)
        self._make()
        for number, self._replayed_s in position.history:
            next(self._demands[number], None)
        self._replayed_s = nan
        mine = position.name == self.name
        self.context.requests[:] = position.requests if mine else ()
        self.context.wakes[:] = position.wakes if mine else ()
        self.context.sending_s = position.sending_s
        self._left = position.left

    # ---- what it has done

    @property
    def requests(self) -> list[Any]:
        """What it has done so far."""
        return self.context.requests

    @property
    def ends(self) -> bool:
        """Whether it has a thread that comes to an end of its own; otherwise it goes on until something stops it."""
        return any(not plan.endless for plan in self.plans)
