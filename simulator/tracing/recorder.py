"""Looks on while a run goes, and writes down what its threads do: see ``simulator.observer``."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulator.accounts import Account
from simulator.plans import Enqueue, Move, Work
from simulator.sharing._trace import Trace
from simulator.steps import CPU
from simulator.threads import Life, Thread
from simulator.tracing.recording import Asked, Lived, Part, Recording, Row, Step, Turn, Use, Wait, ns

if TYPE_CHECKING:
    import simpy

    from simulator.devices.base import Key, Request
    from simulator.machine import Machine
    from simulator.plans import Node
    from simulator.queues import Item
    from simulator.sharing._processors import Processor
    from simulator.sharing._rotation import Entity
    from simulator.sharing.tree import Share
    from simulator.tenancy import House

_LOST = ("ready", "steal", "throttled", "overhead_wait", "paused")
"""States that a thread may be in while it has something to compute and no processor."""
ASLEEP = "asleep"


class Recorder:
    """Writes down one run.

    Args:
        from_ns: what ends before is left out.
        until_ns: what begins later is left out.
        most: spans that make so many events are kept; what begins after the last of them has come is left out.
    """

    def __init__(self, from_ns: int, until_ns: int, most: int) -> None:
        self.from_ns, self.until_ns, self._left = from_ns, until_ns, most
        self.threads: list[RecordedThread] = []
        self.steps: list[Step] = []
        self.waits: list[Wait] = []
        self.origins: dict[simpy.Event, Asked] = {}
        """For whom items were put into queues that nobody has begun with."""
        self._uses: list[tuple[int, str, Request, Move, Asked | None, list[int]]] = []
        self._machines: dict[int, Machine] = {}
        self._traces: dict[int, _Turns] = {}

    # ---- looking on

    def machine(self, number: int, machine: Machine) -> None:
        """There is a machine."""
        self._machines[number] = machine
        if machine.cpu.slices:
            trace = self._traces[number] = _Turns(self)
            machine.cpu.sharing.record(trace)  # type: ignore[attr-defined]

    def thread(self, house: House, tenant: str, name: str, node: Node, share: Share, **options: Any) -> Thread:
        """A thread that tells what it does."""
        thread = RecordedThread(self, len(self.threads), house, tenant, name, node, share, **options)
        self.threads.append(thread)
        return thread

    def spawned(self, parent: Thread, child: Thread) -> None:
        """What a part is done for is what the whole is done for."""
        assert isinstance(parent, RecordedThread)
        assert isinstance(child, RecordedThread)
        child.part_of = parent.part_of or parent.name
        child.follow(parent)

    # ---- writing down

    def wants(self, begun_ns: int, ended_ns: int, events: int = 1) -> bool:
        """Whether a span is to be kept, and there is room for it; after the last for which there is, time is up.

        Args:
            begun_ns: when it began.
            ended_ns: when it ended.
            events: at least so many events a picture makes of it.
        """
        if begun_ns >= self.until_ns or ended_ns <= self.from_ns or begun_ns >= ended_ns:
            return False
        if 0 < self._left <= events:
            self.until_ns = min(self.until_ns, ended_ns)
        self._left -= events
        return True

    def use(self, thread: RecordedThread, device: str, request: Request, move: Move, asked: Asked | None) -> None:
        """A request to a device was made; when it ends is noted when it does."""
        if ns(request.queued_s) >= self.until_ns:
            return
        ended: list[int] = []
        self._uses.append((thread.number, device, request, move, asked, ended))
        assert request.ended.callbacks is not None
        request.ended.callbacks.append(lambda _: ended.append(ns(thread.environment.now)))

    def recording(self, title: str, end_ns: int, tables: Mapping[str, Sequence[Row]]) -> Recording:
        """All of it, when the run has ended."""
        numbers = {thread.share: thread.number for thread in self.threads}
        turns = [
            Turn(machine, turn.cpu, numbers[turn.share], turn.begun_ns, turn.ended_ns, turn.through)
            for machine, trace in self._traces.items()
            for turn in trace.turns()
        ]
        spans = self._spans()
        turns = [
            turn for turn in turns if spans[turn.thread][0] < turn.ended_ns and turn.begun_ns < spans[turn.thread][1]
        ]
        uses = [use for use in self._served(end_ns) if use.pieces]
        return Recording(
            title, bool(self._traces), {number: int(each.cpu.processors) for number, each in self._machines.items()},
            end_ns, min(self.until_ns, end_ns),
            [Lived(each.tenant, each.name, each.service, each.part_of, each.house.number) for each in self.threads],
            turns, self.steps, self.waits, uses, tables,
        )  # fmt: skip

    def _spans(self) -> list[tuple[int, int]]:
        """For each thread the window, or more where a step that is kept reaches beyond it: its turns lay it out."""
        spans = [(self.from_ns, self.until_ns)] * len(self.threads)
        for step in self.steps:
            from_ns, until_ns = spans[step.thread]
            spans[step.thread] = min(from_ns, step.begun_ns), max(until_ns, step.ended_ns)
        return spans

    def _served(self, end_ns: int) -> Generator[Use]:
        for thread, device, request, move, asked, ended in self._uses:
            if request.start_s is None:
                continue
            last_ns = ended[0] if ended else end_ns
            if request.pieces:
                pieces = [(ns(each.start_s), ns(each.start_s + each.service_s)) for each in request.pieces]
            else:
                pieces = [(ns(request.start_s), last_ns)]
            kept = tuple((begun, min(end, end_ns)) for begun, end in pieces if self.wants(begun, min(end, end_ns)))
            yield Use(
                device, thread, move.key.cause, move.key.mechanism, move.size_bytes, move.operations, move.write,
                request.group, ns(request.queued_s), kept, asked,
            )  # fmt: skip


class _Turns(Trace):
    """Who ran where; what is wanted is counted, and as a step may reach beyond that, the rest is kept too."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def add(self, processor: Processor, ran: Entity, begun_ns: int, ended_ns: int) -> None:
        """One more segment."""
        self._recorder.wants(begun_ns, ended_ns)
        super().add(processor, ran, begun_ns, ended_ns)


class RecordedThread(Thread):
    """A thread that tells what it does, and for whom; it does the same as any other."""

    def __init__(self, recorder: Recorder, number: int, house: House, *place: Any, **options: Any) -> None:
        super().__init__(house, *place, **options)
        self.recorder, self.number = recorder, number
        self.part_of = ""
        self._program: int | None = None if self.service else number
        """The thread of a program whose request it works on, whenever it asks for anything."""
        self._asked: Asked | None = None
        """What it works on now, if that is another's request."""
        self.account = RecordedAccount(self)
        self.charges, self.spent = self.account.charges, self.account.spent

    @property
    def asked(self) -> Asked | None:
        """For whom it does what it does now."""
        return self._asked if self._program is None else Asked(self._program, ns(self.environment.now))

    def follow(self, parent: RecordedThread) -> None:
        """It does a part of what its parent does now."""
        self._program, self._asked = parent._program, parent._asked

    def _hand_over(self, operation: Enqueue) -> Generator[simpy.Event, Any, Item]:
        asked = self.asked
        item = yield from super()._hand_over(operation)
        if asked is not None:
            self.recorder.origins[item.done] = asked
        return item

    def _serve(self, item: Item, serial: bool) -> Generator[simpy.Event, Any, list[tuple[simpy.Event, str]]]:
        self._asked = self.recorder.origins.pop(item.done, None)
        left = yield from super()._serve(item, serial)
        self._asked = None
        return left

    def _arrive(self, move: Move) -> Life:
        """Later than now, when it may be at something else."""
        return self._meanwhile(self._asked, super()._arrive(move))

    def _meanwhile(self, asked: Asked | None, life: Life) -> Life:
        value = None
        while True:
            kept, self._asked = self._asked, asked
            try:
                event = life.send(value)
            except StopIteration:
                return
            finally:
                self._asked = kept
            value = yield event

    def _start(self, move: Move) -> Request:
        request = super()._start(move)
        self.recorder.use(self, self.house.of(move.device), request, move, self.asked)
        return request


class RecordedAccount(Account):
    """An account that tells of each entry; the entries are those of any other.

    Args:
        thread: whose it is.
    """

    def __init__(self, thread: RecordedThread) -> None:
        clock, environment = thread.clock, thread.environment
        super().__init__(lambda: environment.now, lambda: clock.paused_s)
        self._thread = thread
        self._told: dict[Key, tuple[float, float]] = {}
        """What of each charge on the processor has been told."""

    def work(self, work: Work, done: float, frequency_hz: float, share: Share) -> None:
        """A step, with all that was booked since the last one."""
        begun_ns, before = ns(self.since_s), [self.spent[state] for state in _LOST]
        super().work(work, done, frequency_hz, share)
        recorder, ended_ns = self._thread.recorder, ns(self.since_s)
        parts = tuple(self._new_parts())
        if recorder.wants(begun_ns, ended_ns, 1 + sum(part.service_s >= 1e-9 for part in parts)):
            after = [self.spent[state] for state in _LOST]
            lost = tuple(
                (state, now - then) for state, then, now in zip(_LOST, before, after, strict=True) if now > then
            )
            recorder.steps.append(Step(self._thread.number, begun_ns, ended_ns, parts, lost))

    def _new_parts(self) -> Generator[Part]:
        for key, charge in self.charges.items():
            if key.device == CPU:
                operations, service_s = self._told.get(key, (0.0, 0.0))
                if charge.service_s != service_s or charge.operations != operations:
                    self._told[key] = charge.operations, charge.service_s
                    yield Part(key.cause, key.mechanism, charge.operations - operations, charge.service_s - service_s)

    def waited(self, state: str) -> None:
        """A wait, or what is left of one."""
        since_s = self.since_s
        super().waited(state)
        self._wait(since_s, self.since_s, state)

    def waited_for_service(self, device_wait: tuple[str, float] | None) -> None:
        """A wait of which a part may have been for a device."""
        if device_wait is not None:
            state, waited_s = device_wait
            since_s = self.since_s
            self._wait(since_s, since_s + min(waited_s, self._now() - since_s), state)
        super().waited_for_service(device_wait)

    def _wait(self, begun_s: float, ended_s: float, state: str) -> None:
        begun_ns, ended_ns = ns(begun_s), ns(ended_s)
        if state != ASLEEP and self._thread.recorder.wants(begun_ns, ended_ns):
            self._thread.recorder.waits.append(Wait(self._thread.number, begun_ns, ended_ns, state))
