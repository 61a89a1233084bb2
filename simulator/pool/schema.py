"""The schema of pool files: every key with its type and meaning. Strict as that of scenarios, and made of its types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from simulator.pool.types import Frequency, Moments, Names, Patience, Price, Sizes, word
from simulator.scenario.part import Part
from simulator.scenario.schema import Machine, MachineForm, VirtualHardware
from simulator.scenario.types import (
    Cores,
    Count,
    Duration,
    Rate,
    Ratio,
    Replications,
    Seed,
    Size,
    Text,
    Time,
    Version,
    Weight,
)


class Hosts(Part):
    """Equal machines with what is installed on them."""

    machine: Machine = Field(examples=["server-2025"])
    """Name of a machine in the catalog, or a mapping that changes some of its numbers."""
    count: Count = 1
    """How many there are: name-1, name-2, ..."""
    stack: Text | None = Field(default=None, examples=["linux-6 | kvm / linux-6"])
    """What is installed, from the hardware up, as in a scenario. Left out: nothing, and instances cost nothing."""
    firmware: Time = 0.0
    """From power-on until the first system of the stack begins to start."""
    cpu_overcommit: Weight = 1.0
    """How many virtual processors are given out for each processor (hardware threads counted)."""
    memory_overcommit: Weight = 1.0
    """How many bytes are promised for each byte that is left beside the host's own systems. What instances touch must
    fit all the same: no host ever has to swap."""
    price: Price = 0.0
    """Of an hour in which it is on, energy apart."""


class Tasks(Part):
    """A program that pauses and computes, again and again."""

    size: Sizes = Field(examples=["100 M cycles"])
    """Cycles of the program's own for a task; several: taken in turn, thread by thread."""
    think: Time = 0.0
    """Pause before each task."""
    law: word("exponential", "fixed") = "exponential"  # type: ignore[valid-type]
    """Whether pauses and sizes are means of exponential draws, or always the same."""
    threads: Count = 1
    """How many threads do so."""
    count: Count | None = None
    """Tasks of each thread, after which the instance ends; without it they go on."""


class Fragment(Part):
    """A piece of a trace."""

    lasts: Duration = Field(alias="for", examples=["10 min"])
    """How long it was."""
    demand: Frequency = Field(examples=["1 GHz"])
    """Cycles a second that were used meanwhile, of all processors together."""


class Demands(Part):
    """A trace of what a machine used, played again."""

    fragments: tuple[Fragment, ...] = Field(min_length=1, examples=["[{for: 10 min, demand: 1 GHz}]"])
    """One after the other."""
    unmet: word("waits", "lost") = "waits"  # type: ignore[valid-type]
    """What becomes of cycles that are not to be had: they are done later, and the trace takes longer; or they are
    counted as lost, and the trace goes on in time."""


class Instance(Part):
    """A type of instance: how large, and what runs in it."""

    memory: Size = Field(examples=["1 GiB"])
    """What is promised to it."""
    touched: Ratio = 1.0
    """Part of it that is ever used."""
    vcpus: Count = 1
    """How many processors it sees, and uses at most."""
    weight: Weight = 1.0
    """Its part of the host's processors beside others."""
    cap: Cores | None = None
    """How much processor it may use at most: cores, or per cent of one."""
    virtual_hardware: VirtualHardware = VirtualHardware()
    """Disk, network card and image of its virtual machine."""
    tasks: Tasks | None = Field(default=None, examples=["{think: 1 s, size: 100 M cycles}"])
    """What runs in it, as tasks with pauses between them."""
    trace: Demands | None = None
    """What runs in it, as a trace of demands."""
    writes: Rate | None = None
    """How fast it writes to its memory while it runs; nothing, if not said. For migration."""
    hot: Size | None = None
    """The part of its memory that it writes again and again; all, if not said. For migration."""


class Phase(Part):
    """From when on requests come how often."""

    since: Time = Field(alias="from", examples=["8 h"])
    """When it begins."""
    every: Duration = Field(examples=["30 s"])
    """Mean time between requests."""


class Requests(Part):
    """A stream of requests for instances."""

    instance: Names = Field(examples=["small"])
    """The type that is asked for; of several, one after the other in turn."""
    at: Moments | None = None
    """When they come: one time or a list."""
    every: Duration | None = Field(default=None, examples=["30 s"])
    """Mean time between them; beside ``at`` neither ``every`` nor ``phases``."""
    phases: tuple[Phase, ...] = ()
    """The same where it changes: from when on how often."""
    arrivals: word("poisson", "even") = "poisson"  # type: ignore[valid-type]
    """Whether times between are drawn, or always the same."""
    trace: Text | None = Field(default=None, examples=["requests.csv"])
    """A file beside this one with the columns ``at_s`` and ``lifetime_s`` (empty: to the end)."""
    count: Count | None = None
    """With ``at``: how many come each time; otherwise how many come at most."""
    since: Time = Field(default=0.0, alias="from")
    """No request of ``every`` comes before."""
    until: Duration | None = None
    """None comes after."""
    lifetime: Duration | None = None
    """How long an instance is wanted, from its placement on; without it to the end, or until its tasks are done."""
    lifetimes: word("exponential", "fixed") = "exponential"  # type: ignore[valid-type]
    """Whether that is the mean of exponential draws, or always the same."""
    wait: Patience = 0.0
    """How long a request waits where there is no room: not at all, for a time, or ``forever``."""
    keep: word("together", "apart") | None = None  # type: ignore[valid-type]
    """Whether all instances of this stream stand on one host, or each on another."""


class Placement(Part):
    """Where an instance goes."""

    rule: word("first-fit", "best-fit", "spread") = "first-fit"  # type: ignore[valid-type]
    """The first host with room for it; the one with the least room; the one with the most."""
    by: word("memory", "processors", "both") = "memory"  # type: ignore[valid-type]
    """What counts as room: the free part of the memory, of the virtual processors, or the smaller of both."""


class Migration(Part):
    """How instances are moved while they run: memory is copied in rounds, then the rest while they are stopped."""

    link: Rate | None = None
    """How fast memory moves; that of the hosts' network card, if not said. One after the other leaves a host."""
    downtime: Duration | None = None
    """A round is the last if what is left moves within this time; as the product does, if not said, or 300 ms."""
    rounds: Count | None = None
    """After so many rounds it is stopped whatever is left; as the product does, if not said, or 30."""


class Failures(Part):
    """Hosts that fail by themselves."""

    every: Duration = Field(examples=["30 d"])
    """Mean time between failures of one host that is on."""
    repair: Time = 3600.0
    """Until it is switched on again."""


class Consolidation(Part):
    """Instances that can be moved while they run are packed on few hosts; hosts that are empty are switched off."""

    every: Duration = Field(examples=["5 min"])
    """How often one looks."""
    below: Ratio = 0.5
    """A host is emptied if a smaller part of its room is taken."""
    spare: Annotated[int, Field(ge=0, strict=True)] = 1
    """So many empty hosts stay on for what comes."""


class Happening(Part):
    """Something that is done to a host, or happens to it, at a moment."""

    at: Time = Field(examples=["1 h"])
    """When."""
    drain: Text | None = Field(default=None, examples=["big-1"])
    """Its instances are moved elsewhere, for maintenance."""
    fail: Text | None = Field(default=None, examples=["big-1"])
    """It fails, and its instances with it."""
    clock: Text | None = Field(default=None, examples=["big-1"])
    """Its clock changes to ``frequency``."""
    lasts: Duration | None = Field(default=None, alias="for", examples=["30 min"])
    """How long maintenance or repair takes; without it the host stays away."""
    frequency: Frequency | None = None
    """The new clock."""


class PoolFile(Part):
    """Hosts, types of instances, and who asks for them."""

    version: Version = Field(examples=[1])
    """Version of this format."""
    include: Text | list[Text] = Field(default=[], examples=["[parts/hosts.yaml]"])
    """Files whose keys hold where this one says nothing else, relative to it; a later one wins over an earlier one."""
    title: Text | None = None
    """The question in a few words."""
    question: Text | None = None
    """The question in full."""
    duration: Duration | None = None
    """Simulated time; without it a run lasts until every instance has ended."""
    sample: Duration | None = None
    """How often the pool is looked at for the figures over time; a hundredth of the duration, if not said."""
    replications: Replications = 5
    """Runs, each with its own luck."""
    seed: Seed = 1
    """Where all luck comes from."""
    energy_price: Price = 0.0
    """Of a kilowatt hour."""
    detection: Time = 10.0
    """Until somebody notices that a host has failed, and starts its instances elsewhere."""
    hosts: Annotated[dict[str, Hosts], Field(min_length=1)] = Field(examples=["{big: {machine: server-2025}}"])
    """Hosts by type."""
    instances: Annotated[dict[str, Instance], Field(min_length=1)] = Field(examples=["{small: {memory: 1 GiB}}"])
    """Types of instances."""
    requests: Annotated[dict[str, Requests], Field(min_length=1)] = Field(examples=["{web: {instance: small}}"])
    """Streams of requests."""
    placement: Placement = Placement()
    """Where an instance goes."""
    migration: Migration = Migration()
    """How instances are moved."""
    failures: Failures | None = None
    """Hosts that fail by themselves."""
    consolidation: Consolidation | None = None
    """Packing, and switching off what is empty."""
    events: tuple[Happening, ...] = ()
    """Maintenance, failures and clocks at given moments."""


PARTS: Mapping[tuple[str, ...], type[Part]] = {
    (): PoolFile,
    ("hosts", "*"): Hosts,
    ("hosts", "*", "machine"): MachineForm,
    ("instances", "*"): Instance,
    ("instances", "*", "tasks"): Tasks,
    ("instances", "*", "trace"): Demands,
    ("instances", "*", "trace", "fragments"): Fragment,
    ("instances", "*", "virtual_hardware"): VirtualHardware,
    ("requests", "*"): Requests,
    ("requests", "*", "phases"): Phase,
    ("placement",): Placement,
    ("migration",): Migration,
    ("failures",): Failures,
    ("consolidation",): Consolidation,
    ("events",): Happening,
}
"""The class of the mapping at each place of a file, a star standing for any name."""
