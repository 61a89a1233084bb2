"""A host while time runs: its processors, divided among its guests by the solver of every other simulation, and what
it draws."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, NamedTuple

import simpy

from simulator.devices._speed import SIBLINGS, Speed, siblings
from simulator.devices.base import EndOfInstant
from simulator.pool.plan import HostType
from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import Share

if TYPE_CHECKING:
    from simulator.pool.guest import Guest

OFF, BOOTING, ON, FAILED = "off", "booting", "on", "failed"
Done = Callable[[Share], None]


class Usage(NamedTuple):
    """What a host has used so far: seconds on, with any load, and of processors; of each watt's energy."""

    on_s: float
    loaded_s: float
    processor_s: float
    joules: float


class Host:
    """One host.

    Args:
        environment: simulated time.
        kind: what it is.
        name: of it.
        number: among all hosts.

    Attributes:
        submit: gives a leaf work: ``submit(share, cycles, done)``.
        guests: what stands on it.
        instances_up: how many of them have been started.
        state: ``ON`` and so on.
    """

    def __init__(self, environment: simpy.Environment, kind: HostType, name: str, number: int = 0) -> None:
        self.environment, self.kind, self.name, self.number = environment, kind, name, number
        self.frequency_hz = kind.frequency_hz
        self.sharing = Fluid(environment, kind.processors * kind.frequency_hz, kind.frequency_hz)
        self.root = self.sharing.root
        self.guests: dict[Guest, None] = {}
        self.instances_up = 0
        self.state = ON
        self._on_s, self._since_s = 0.0, environment.now
        self._processor_s = self._settled = 0.0
        self._turns: deque[simpy.Event] = deque()
        self._turn_taken = False
        self._told: dict[Share, Done] = {}
        self._jobs: dict[Share, simpy.Event] = {}
        self.submit: Callable[[Share, float, Done], None] = self.sharing.submit
        self.remove: Callable[[Share], float] = self.sharing.remove
        self._speed: Speed | None = None
        if kind.processors > kind.cores:
            self._pair()

    def _pair(self) -> None:
        """Its cores run two threads at once: beyond one a core, all go at the mean pace."""
        self._speed = Speed(self.sharing, self.kind.processors, lambda: self.frequency_hz, self._settle)
        self._speed.follow(siblings(self.kind.cores, self.kind.smt_factor), SIBLINGS, self.kind.cores)
        self._later = EndOfInstant(self.environment, self._speed.update)
        self.submit, self.remove = self._submit_paired, self._remove_paired

    def _submit_paired(self, share: Share, cycles: float, done: Done) -> None:
        self._told[share] = done
        self.sharing.submit(share, cycles, self._done_paired)
        self._look()

    def _done_paired(self, share: Share) -> None:
        self._told.pop(share)(share)
        self._look()

    def _remove_paired(self, share: Share) -> float:
        del self._told[share]
        left = self.sharing.remove(share)
        self._look()
        return left

    def _look(self) -> None:
        """The pace may be another one."""
        if self._speed is not None and self._speed.matters:
            self._later.ask()

    # ---- what guests ask of it

    def take_turn(self) -> Generator[simpy.Event, Any, None]:
        """Wait until no other start is where starts go one by one."""
        if self._turn_taken:
            turn = self.environment.event()
            self._turns.append(turn)
            yield turn
        self._turn_taken = True

    def give_turn(self) -> None:
        """The next start may go there."""
        if self._turns:
            self._turns.popleft().succeed()
        else:
            self._turn_taken = False

    def drop(self, share: Share) -> None:
        """A share is nobody's any more."""
        self.root.children.remove(share)

    def work(self, cycles: float) -> simpy.Event:
        """Work of the host's own, on one processor beside its guests; the event comes with its end, or the host's."""
        done = self.environment.event()
        if cycles <= 0.0:
            return done.succeed()
        share = Share("host", self.root)
        self._jobs[share] = done
        self.submit(share, cycles, self._job_done)
        return done

    def _job_done(self, share: Share) -> None:
        self.drop(share)
        self._jobs.pop(share).succeed()

    # ---- what happens to it

    def set_clock(self, frequency_hz: float) -> None:
        """Another clock: what is in flight goes on at the new pace; caps stay what they are in processors."""
        self._settle()
        ratio, self.frequency_hz = frequency_hz / self.frequency_hz, frequency_hz
        pace_hz = frequency_hz * (self._speed.now if self._speed is not None else 1.0)
        self.sharing.set_unit_rate(pace_hz, self.kind.processors * pace_hz)
        for guest in self.guests:
            guest.frequency_hz = frequency_hz
        for share in self.root.children:
            if share.cap != float("inf"):
                self.sharing.set(share, cap=share.cap * ratio)

    def become(self, state: str) -> None:
        """Switch on or off, or fail, with all its own work. It draws power while it is on or starts."""
        now = self.environment.now
        for share in list(self._jobs) if state in (OFF, FAILED) else ():
            self.remove(share)
            self._job_done(share)
        if self.state in (ON, BOOTING):
            self._on_s += now - self._since_s
        self._since_s, self.state = now, state

    # ---- what it has used

    def _settle(self) -> None:
        """Book processor time at the pace of until now."""
        sharing = self.sharing
        sharing.settle()
        self._processor_s += (sharing.served - self._settled) / sharing.unit_rate
        self._settled = sharing.served

    def usage(self, now_s: float) -> Usage:
        """So far; if everything has come to rest before, up to a later time."""
        self._settle()
        on_s = self._on_s + (now_s - self._since_s if self.state in (ON, BOOTING) else 0.0)
        loaded_s = self.sharing.loaded_s
        power = self.kind.power
        joules = float("nan") if power is None else power.joules(on_s, loaded_s, self._processor_s)
        return Usage(on_s, loaded_s, self._processor_s, joules)
