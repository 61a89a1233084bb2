"""Instances, and a guest: what an instance is while it stands on a host, from the start of its systems to its end."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import isnan, nan
from typing import TYPE_CHECKING, Any, Protocol

import simpy

from simulator.pool.plan import Figures, InstanceType, Stream, TaskProgram
from simulator.pool.programs import TaskThread, TracePlayer
from simulator.sharing.tree import INFINITE, Share

if TYPE_CHECKING:
    from simulator.pool.host import Host

RUNNING, COMPLETED, TERMINATED = "running", "completed", "terminated"
"""Outcomes of instances that were placed: still there at the end, its work is done, nobody wants it any more."""
Life = Generator[simpy.Event, Any, None]


class Luck(Protocol):
    """Where tasks come from."""

    def tasks(self, instance: int, thread: int, done: int, program: TaskProgram) -> Any:
        """For each of some tasks the pause before it and its size in cycles, in turn."""


class Instance:
    """A request, and what became of it.

    Attributes:
        ends_s: when nobody wants it any more.
        outcome: ``RUNNING`` and so on; why it was refused.
        host_name: where it stands, or stood last.
        down_since_s: when its host failed or it was stopped to be started elsewhere; not a number while it is up.
        lost_s: for how long it had worked on tasks that were lost with its host.
    """

    __slots__ = (
        "asked_s", "down_since_s", "downtime_s", "ended_s", "ends_s", "guest", "host_name", "kind", "lifetime_s",
        "longest_s", "lost_cycles", "lost_s", "moves", "number", "outcome", "placed_s", "response_s", "restarts",
        "stream", "tasks", "up_s",
    )  # fmt: skip

    def __init__(self, number: int, stream: Stream, kind: InstanceType, asked_s: float, lifetime_s: float) -> None:
        self.number, self.stream, self.kind = number, stream, kind
        self.asked_s, self.lifetime_s = asked_s, lifetime_s
        self.placed_s = self.up_s = self.ended_s = self.down_since_s = nan
        self.ends_s = INFINITE
        self.outcome = self.host_name = ""
        self.tasks = self.moves = self.restarts = 0
        self.response_s = self.longest_s = self.lost_cycles = self.lost_s = self.downtime_s = 0.0
        self.guest: Guest | None = None


class Guest:
    """An instance on a host.

    Args:
        instance: whose.
        host: where.
        luck: where its tasks come from.
        on_end: is told when its program has ended by itself.

    Attributes:
        still: whether its threads stand still: stopped for its last moments of a move, or over.
        tasks, response_s, longest_s: what was done, in how much time, and the longest.
        lost_cycles: of a trace, what was not to be had.
    """

    __slots__ = (
        "_group", "_holds_turn", "_loads", "_on_end", "_open", "_threads", "cycle_ratio", "environment", "figures",
        "frequency_hz", "host", "instance", "longest_s", "lost_cycles", "luck", "over", "remove", "response_s",
        "starting", "still", "submit", "task_cycles", "tasks",
    )  # fmt: skip

    def __init__(self, instance: Instance, host: Host, luck: Luck, on_end: Callable[[Guest], None]) -> None:
        self.instance, self.luck, self._on_end = instance, luck, on_end
        self.environment = host.environment
        self.still = self.over = self._holds_turn = False
        self.tasks, self._open = 0, 0
        self.response_s = self.longest_s = self.lost_cycles = 0.0
        self._threads: list[TaskThread | TracePlayer] = []
        self._loads: list[float] = []
        self.starting: Share | None = None
        self._stand(host)

    def _stand(self, host: Host) -> None:
        """On this host."""
        self.host, figures = host, host.kind.figures[self.instance.kind.name]
        self.figures: Figures = figures
        self.frequency_hz = host.frequency_hz
        self.submit, self.remove = host.submit, host.remove
        self.task_cycles, self.cycle_ratio = figures.task_cycles, figures.cycle_ratio
        self._group: Share | None = None
        host.guests[self] = None

    # ---- start

    def start(self) -> None:
        """Start its systems, then its program; at once where there is nothing to start."""
        figures = self.figures
        if figures.start_s or figures.turn_cycles or figures.turn_wait_s:
            self.environment.process(self._start())
        else:
            self._begin()

    def _start(self) -> Life:
        """First what starts go through one by one, then the rest of its work, then its waits."""
        figures, host = self.figures, self.host
        share = self.starting = self._share()
        serial_cycles = figures.turn_cycles + figures.peer_cycles * host.instances_up
        if serial_cycles or figures.turn_wait_s:
            yield from host.take_turn()
            self._holds_turn = True
            if self._ended():
                host.give_turn()
                return
            yield self._work(share, serial_cycles)
            if figures.turn_wait_s:
                yield self.environment.timeout(figures.turn_wait_s)
            if self._ended():
                return
            self._holds_turn = False
            host.give_turn()
        yield self._work(share, figures.start_cycles)
        alone_s = (figures.start_cycles + figures.turn_cycles) / self.frequency_hz + figures.turn_wait_s
        yield self.environment.timeout(max(0.0, figures.start_s - alone_s))
        if not self._ended():
            self.starting = None
            host.drop(share)
            self._begin()

    def _ended(self) -> bool:
        """Whether it was ended while it was waiting."""
        return self.over

    def _work(self, share: Share, cycles: float) -> simpy.Event:
        done = self.environment.event()

        def succeed(_: Share) -> None:
            done.succeed()

        if cycles > 0.0:
            self.submit(share, cycles, succeed)
        else:
            done.succeed()
        return done

    def _begin(self) -> None:
        """The program."""
        instance, program, now = self.instance, self.instance.kind.program, self.environment.now
        if isnan(instance.up_s):
            instance.up_s = now
        if not isnan(instance.down_since_s):
            instance.downtime_s += now - instance.down_since_s
            instance.down_since_s = nan
        self.host.instances_up += 1
        if isinstance(program, TaskProgram):
            shares = self._leaves(program.threads)
            self._threads = [TaskThread(self, share, number, program) for number, share in enumerate(shares)]
        elif program is not None:
            self._threads = [TracePlayer(self, self._share(), program)]
        self._open = len(self._threads)
        for thread in self._threads:
            thread.begin()

    def _share(self) -> Share:
        """The instance's own share of its host's processors."""
        kind = self.instance.kind
        cap = INFINITE if kind.cap_cores is None else kind.cap_cores * self.frequency_hz
        self._group = Share("instance", self.host.root, weight=kind.weight, cap=cap, width=float(kind.vcpus))
        return self._group

    def _leaves(self, threads: int) -> list[Share]:
        """Where its threads compute: its share itself if there is only one."""
        share = self._share()
        return [share] if threads == 1 else [Share("thread", share) for _ in range(threads)]

    # ---- what its threads ask of it

    def thread_ended(self) -> None:
        """A thread has no more to do."""
        self._open -= 1
        if not self._open:
            self._on_end(self)

    def set_cap(self, share: Share, cap_hz: float) -> None:
        """Another bound of its share, below its own cap."""
        cap = self.instance.kind.cap_cores
        bound = cap_hz if cap is None else min(cap_hz, cap * self.frequency_hz)
        self.host.sharing.set(share, cap=bound)

    # ---- moves and ends

    def pause(self) -> None:
        """Its threads stand still, wherever they are."""
        self.still = True
        self._loads = [thread.stop() / self.cycle_ratio for thread in self._threads]
        self._leave()

    def go_on(self, host: Host) -> None:
        """On this host, where it was stopped."""
        self._stand(host)
        self.still = False
        host.instances_up += 1
        program = self.instance.kind.program
        shares = self._leaves(program.threads) if isinstance(program, TaskProgram) else [self._share()]
        for thread, share, cycles in zip(self._threads, shares, self._loads, strict=True):
            thread.resume(share, cycles * self.cycle_ratio)

    def end(self) -> float:
        """It ends now, whatever it does; returns for how long its threads have worked on unfinished tasks."""
        now = self.environment.now
        lost_s = sum(now - thread.begun_s for thread in self._threads if thread.busy)
        self.over = True
        if not self.still:
            self.still = True
            if self.starting is not None:
                self._end_start(self.starting)
            else:
                for thread in self._threads:
                    thread.stop()
                self._leave()
        self.book()
        return lost_s

    def _end_start(self, share: Share) -> None:
        if share.active:
            self.remove(share)
        self.host.drop(share)
        del self.host.guests[self]
        if self._holds_turn:
            self.host.give_turn()

    def _leave(self) -> None:
        """It is not on its host any more."""
        host = self.host
        host.instances_up -= 1
        if self._group is not None:
            host.drop(self._group)
        del host.guests[self]

    def book(self) -> None:
        """Hand over to the instance what was done."""
        instance = self.instance
        instance.tasks += self.tasks
        instance.response_s += self.response_s
        instance.longest_s = max(instance.longest_s, self.longest_s)
        instance.lost_cycles += self.lost_cycles
        self.tasks = 0
        self.response_s = self.lost_cycles = 0.0
