"""A pool that has been checked, in SI units: what a replication runs. Knows no clock, no file and no catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from simulator.energy import Power


@dataclass(frozen=True)
class Figures:
    """What a stack makes of a type of instance on a type of host; see ``measuring``. Without a stack all is nothing.

    Attributes:
        start_s: from nothing to a running program, alone on an idle host.
        start_cycles: of it, processor work, what is done in turn apart.
        turn_cycles: processor work that is done for one start after the other.
        turn_wait_s: waits within it.
        peer_cycles: further work of that kind for each instance that is up already.
        overhead_bytes: memory of the host that an instance takes beside what is promised to it.
        task_cycles: processor work for each task beside the program's own: pauses, wakings, services.
        cycle_ratio: processor cycles for each cycle of the program's own.
        cannot_migrate: why an instance cannot be moved while it runs; empty if it can.
        migration: the section ``migration`` of the product that moves it.
    """

    start_s: float = 0.0
    start_cycles: float = 0.0
    turn_cycles: float = 0.0
    turn_wait_s: float = 0.0
    peer_cycles: float = 0.0
    overhead_bytes: float = 0.0
    task_cycles: float = 0.0
    cycle_ratio: float = 1.0
    cannot_migrate: str = ""
    migration: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class HostType:
    """Equal hosts.

    Attributes:
        processors: hardware threads.
        smt_factor: what a core does for two threads at once over one.
        host_bytes: memory of what is installed, before any instance.
        boot_s: from power-on until instances can be placed.
        power: what it draws; None: nobody knows.
        figures: by type of instance.
    """

    name: str
    count: int
    expression: str
    machine: str
    cores: float
    processors: float
    smt_factor: float
    frequency_hz: float
    memory_bytes: float
    link_bytes_per_s: float
    host_bytes: float
    boot_s: float
    cpu_overcommit: float
    memory_overcommit: float
    price_per_hour: float
    power: Power | None
    figures: Mapping[str, Figures]

    def names(self) -> list[str]:
        """Of all of them."""
        return [self.name] if self.count == 1 else [f"{self.name}-{number}" for number in range(1, self.count + 1)]

    @property
    def room_bytes(self) -> float:
        """What instances can touch."""
        return self.memory_bytes - self.host_bytes


@dataclass(frozen=True)
class TaskProgram:
    """Pauses and computes; see ``schema.Tasks``."""

    sizes_cycles: tuple[float, ...]
    think_s: float
    drawn: bool
    threads: int
    count: int | None


@dataclass(frozen=True)
class TraceProgram:
    """Plays demands: for how long, how many cycles a second. What is not to be had is done later, or lost."""

    fragments: tuple[tuple[float, float], ...]
    lost: bool


@dataclass(frozen=True)
class InstanceType:
    """What one can ask for."""

    name: str
    memory_bytes: float
    touched_bytes: float
    vcpus: int
    weight: float
    cap_cores: float | None
    program: TaskProgram | TraceProgram | None
    writes_bytes_per_s: float
    hot_bytes: float

    @property
    def ends(self) -> bool:
        """Whether it comes to an end of its own."""
        if isinstance(self.program, TaskProgram):
            return self.program.count is not None
        return self.program is not None


@dataclass(frozen=True)
class Stream:
    """A stream of requests.

    Attributes:
        moments: given times, each with the lifetime of what is asked for then.
        phases: from when on how much time lies between requests; empty: only the given moments.
        most: so many at most.
    """

    name: str
    types: tuple[str, ...]
    moments: tuple[tuple[float, float], ...] = ()
    phases: tuple[tuple[float, float], ...] = ()
    even: bool = False
    most: float = inf
    until_s: float = inf
    lifetime_s: float = inf
    fixed_lifetime: bool = False
    wait_s: float = 0.0
    keep: str = ""


@dataclass(frozen=True)
class Event:
    """Something that happens to a host."""

    at_s: float
    kind: str
    host: str
    lasts_s: float = inf
    frequency_hz: float = 0.0


@dataclass(frozen=True)
class Rules:
    """How the pool is run."""

    rule: str = "first-fit"
    by: str = "memory"
    link_bytes_per_s: float = 0.0
    downtime_s: float | None = None
    rounds: int | None = None
    detection_s: float = 10.0
    failure_every_s: float = inf
    repair_s: float = inf
    look_every_s: float = inf
    below: float = 0.0
    spare: int = 1


@dataclass(frozen=True)
class Plan:
    """All of it."""

    name: str
    title: str
    duration_s: float
    sample_s: float
    replications: int
    seed: int
    energy_price: float
    hosts: tuple[HostType, ...]
    instances: Mapping[str, InstanceType]
    streams: tuple[Stream, ...]
    rules: Rules = Rules()
    events: tuple[Event, ...] = ()
    text: str = field(default="", repr=False)

    @property
    def moves(self) -> bool:
        """Whether an instance can ever go from one host to another."""
        rules = self.rules
        return bool(self.events) or rules.look_every_s < inf or rules.failure_every_s < inf

    @property
    def apart(self) -> bool:
        """Whether what happens on one host never decides anything on another, so that hosts can be run one by one.

        Nothing moves, and no end of a program makes room that somebody could want later.
        """
        if self.moves:
            return False
        asked = [type_name for stream in self.streams for type_name in stream.types]
        if not any(self.instances[name].ends for name in asked):
            return True
        times = {at_s for stream in self.streams for at_s, _ in stream.moments}
        return len(times) <= 1 and not any(stream.phases or stream.wait_s for stream in self.streams)
