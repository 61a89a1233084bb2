"""The schema of scenario files: every key with its type and meaning.

The same classes serve twice: for a whole file, where any :data:`Axis` may be a list, and for one combination of its
axes, where none is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from simulator.scenario.claiming import Claim
from simulator.scenario.part import Part
from simulator.scenario.sweep.schema import Sweep
from simulator.scenario.types import (
    LABELS,
    LONG,
    MAPPING,
    ONE,
    REFUSED,
    TEXT,
    UNLABELLED,
    Axis,
    Copies,
    Cores,
    Count,
    Duration,
    Events,
    Intensity,
    Operations,
    Pair,
    Processors,
    Proportion,
    Rate,
    Ratio,
    Scalar,
    Seed,
    Size,
    Text,
    Time,
    Version,
    Weight,
    WeightRule,
)


def _form(value: object) -> str | None:
    """How a value is written: as a text, or as a mapping with known keys or with tenants."""
    if isinstance(value, str):
        return TEXT
    return MAPPING if isinstance(value, Mapping) else None


def _stack_form(value: object) -> str | None:
    return LONG if isinstance(value, Mapping) and value.keys() & StackForm.model_fields.keys() else _form(value)


def _stacks_form(value: object) -> str | None:
    return LABELS if isinstance(value, Mapping) else UNLABELLED if isinstance(value, list) else None


def _forms(form: Any, wanted: str) -> Discriminator:
    return Discriminator(form, REFUSED, f"is not {wanted.partition(',')[0]}; write {wanted}")


class MachineForm(Part):
    """A machine of the catalog with some numbers changed."""

    base: Axis[Text] = Field(examples=["dell-2650"])
    """Name of a machine in the catalog."""
    devices: dict[str, dict[str, Axis[Scalar]]] = {}
    """For each device the numbers to change, with their units."""


class WorkloadForm(Part):
    """A workload of the catalog with some numbers changed."""

    name: Axis[Text] = Field(examples=["kernel-build"])
    """Name of a workload in the catalog."""
    parameters: dict[str, Axis[Scalar]] = {}
    """The numbers to change, with their units."""


Expressions = Annotated[
    Annotated[Text, Tag(TEXT)] | Annotated[dict[str, Axis[Text]], Tag(MAPPING)],
    _forms(_form, "a stack, e.g. 'linux-2.4 |', or one for each tenant"),
]
"""One stack for all tenants, or one for each of them, side by side."""


class VirtualHardware(Part):
    """What virtual machines are given beside memory and processors; where there is none, it counts for nothing."""

    disk: Axis[Text | None] = Field(default=None, examples=["virtio-blk"])
    """The disk with its controller: a name of the catalog, or a style (emulated, paravirtual, passthrough)."""
    nic: Axis[Text | None] = Field(default=None, examples=["e1000"])
    """The network card: a name of the catalog, or a style."""
    image: Axis[Text | None] = Field(default=None, examples=["debian-12"])
    """What the machine boots from."""


class StackForm(Part):
    """A stack with some of its mechanisms or numbers changed."""

    stack: Axis[Expressions] = Field(examples=["linux-2.4 |"])
    """The stack, from the hardware up."""
    without: tuple[Text, ...] = ()
    """Mechanisms that are switched off."""
    parameters: dict[str, dict[str, Axis[Scalar]]] = {}
    """For each layer the numbers to change, with their units."""
    virtual_hardware: VirtualHardware = VirtualHardware()
    """Disk, network card and image of every virtual machine in it."""


Stack = Annotated[
    Annotated[Text, Tag(TEXT)] | Annotated[dict[str, Axis[Text]], Tag(MAPPING)] | Annotated[StackForm, Tag(LONG)],
    _forms(_stack_form, "a stack, e.g. 'linux-2.4 |', or '{stack: ..., without: [...]}'"),
]
Stacks = Annotated[
    Annotated[dict[str, Axis[Stack]], Tag(LABELS), Field(min_length=1)]
    | Annotated[list[Text], Tag(UNLABELLED), Field(min_length=1)],
    _forms(_stacks_form, "stacks, as 'label: stack' lines or as a list of stacks"),
]
Machine = Annotated[
    Annotated[Text, Tag(TEXT)] | Annotated[MachineForm, Tag(MAPPING)],
    _forms(_form, "a machine, e.g. 'dell-2650', or '{base: dell-2650, devices: ...}'"),
]
Workload = Annotated[
    Annotated[Text, Tag(TEXT)] | Annotated[WorkloadForm, Tag(MAPPING)],
    _forms(_form, "a workload, e.g. 'kernel-build', or '{name: kernel-build, parameters: ...}'"),
]


class ImageForm(Part):
    """What a tenant is shipped as, and what there is of it already."""

    name: Axis[Text] = Field(examples=["nginx-1.27"])
    """Name of an image in the catalog."""
    lazy: Axis[bool] = False
    """Whether it starts when the image's index is there; what it reads comes over the link."""
    held: tuple[Text, ...] = ()
    """Images that the host holds already."""
    by: Axis[Text | None] = Field(default=None, alias="with", examples=["docker-27"])
    """Which product of the tenant's stack fetches it and starts from it; the innermost that can, if not given."""
    registry: Axis[Text | None] = Field(default=None, examples=["registry-near"])
    """Where it comes from: a name of the catalog."""
    link: Axis[Rate | None] = Field(default=None, examples=["100 Mbit/s"])
    """What the way there carries, if not what the catalog says."""
    round_trip: Axis[Time | None] = Field(default=None, examples=["20 ms"])
    """From a request to its answer, if not what the catalog says."""


Image = Annotated[
    Annotated[Text, Tag(TEXT)] | Annotated[ImageForm, Tag(MAPPING)],
    _forms(_form, "an image, e.g. 'nginx-1.27', or '{name: nginx-1.27, lazy: true}'"),
]


class Tenant(Part):
    """A workload at the top of a stack, and what it may use."""

    workload: Axis[Workload] = Field(examples=["kernel-build"])
    """Name of a workload in the catalog, or a mapping that changes some of its numbers."""
    parameters: dict[str, Axis[Scalar]] = {}
    """Numbers of the workload to change, with their units."""
    count: Axis[Copies] = 1
    """How many such tenants there are, each with its own private systems: name-1, name-2, ...; with 0 the others are
    alone."""
    memory: Axis[Size | None] = None
    """Size of the tenant's outermost private node: of its virtual machine, its container."""
    memory_high: Axis[Size | None] = None
    """Beyond this the kernel reclaims its container's memory, and holds up who takes more; nobody is killed for it."""
    memory_low: Axis[Size | None] = None
    """Up to this its container's file pages are reclaimed after those of all others."""
    memory_reservation: Axis[Size | None] = None
    """What a hypervisor that gives out more memory than there is never takes of its virtual machine's."""
    memory_limit: Axis[Size | None] = None
    """The most of the machine's memory that such a hypervisor lets its virtual machine have."""
    memory_weight: Axis[Weight] = 1.0
    """Its part of the memory there beside others, for each byte of its virtual machine's size."""
    vcpus: Axis[Count | None] = None
    """How many processors its virtual machine has."""
    virtual_hardware: VirtualHardware = VirtualHardware()
    """Disk, network card and image of its virtual machine, before what the stack says."""
    weight: Axis[Weight] = 1.0
    """Its part beside the other tenants."""
    cap: Axis[Cores | None] = None
    """How much processor it may use at most: cores, or per cent of one."""
    cap_period: Axis[Duration] = 0.1
    """Time after which the budget of a cap is refilled, where the scheduler has no period of its own."""
    cap_burst: Axis[Time] = 0.0
    """Processor time of an unused budget that may be carried into a later period."""
    reservation: Axis[Cores | None] = None
    """How much processor it gets before weights count, as far as it wants it."""
    weight_rule: Axis[WeightRule] = "shares"
    """Whether its weight counts once, or for each processor that it could use right now."""
    cpus: Axis[Processors | None] = None
    """The processors that it may use, by number, e.g. '0-1'; all if not given."""
    disk_weight: Axis[Weight | None] = 1.0
    """Its part of the disk's time beside the other tenants that want it. ``null``: none of its own, as where the
    system's disk scheduler knows no groups: its requests wait in one line with those of others without a weight."""
    disk_limit: Axis[Rate | None] = None
    """How much it may move to and from the disk at most."""
    disk_operations_limit: Axis[Operations | None] = None
    """How many requests a second it may have at the disk at most."""
    network_weight: Axis[Weight | None] = None
    """Its part of the network; tenants without one go in order of arrival, together as one of weight 1."""
    network_limit: Axis[Rate | None] = None
    """How much it may send at most, and receive, in bytes on the wire."""
    start: Axis[Time] = 0.0
    """When it begins; of several copies, the first."""
    start_every: Axis[Time] = 0.0
    """Time between the starts of its copies, whether those before are up or not; 0: all begin at once."""
    boot: Axis[bool] = False
    """Whether its own systems are started first; otherwise they are up already."""
    image: Axis[Image | None] = Field(default=None, examples=["nginx-1.27"])
    """What its container, virtual machine or program starts from; it comes from a registry at its start."""
    stop: Axis[Duration | None] = None
    """When it is stopped, if its program has not ended."""
    intensity: Axis[Intensity] = 1.0
    """Part of the time that its program is at work: each thread pauses for the rest of it. 0: it does nothing."""
    group: Axis[Text | None] = None
    """Tenants of one group share what stands between two bars of a stack."""
    limits: dict[str, dict[str, Axis[Scalar]]] = {}
    """For each layer the limits that it keeps for this tenant; ``3 x least_heap_bytes``: so many times that number of
    its workload."""


class Fault(Part):
    """A component that fails at a moment, with what stands on it, and what is done about it.

    A component is a tenant (the kernel under it), a role ('domain-0') or a product: what all tenants share of it, or
    with 'of' the one of a tenant.
    """

    at: Time = Field(examples=["20 s"])
    """When it fails."""
    crash: Text | None = Field(default=None, examples=["app"])
    """It ends, and what stands on it is lost."""
    panic: Text | None = Field(default=None, examples=["linux-6"])
    """The same, for a kernel or hypervisor only."""
    hang: Text | None = Field(default=None, examples=["app"])
    """It makes no progress any more; memory stays taken."""
    exhaust: Text | None = Field(default=None, examples=["linux-6"])
    """A table of it is full: who asks for more is refused. Needs 'resource'."""
    escape: Text | None = Field(default=None, examples=["app"])
    """Code of a tenant breaks the first boundary that it meets, or that of the product in 'through'."""
    of: Text | None = Field(default=None, examples=["app"])
    """Whose it is, where each tenant has one: its container, its monitor's process."""
    resource: Text | None = Field(default=None, examples=["processes"])
    """What is used up: processes, descriptors, memory."""
    through: Text | None = Field(default=None, examples=["linux-6"])
    """Whose boundary is broken, if it is not the first."""
    restart: Time | None = Field(default=None, examples=["5 s"])
    """After which time it is noticed and all that fell is started anew."""
    recover: Time | None = Field(default=None, examples=["100 ms"])
    """After which time it is noticed and recovers in place: what stands on it goes on."""
    takes: Time | None = Field(default=None, examples=["750 ms"])
    """How long recovering takes, if the product's own time is not meant."""


class Operation(Part):
    """Something that is done while time runs: one kind of operation with whom it is done to, and when."""

    at: Time = Field(examples=["20 s"])
    """When it is asked for."""
    pause: Text | None = Field(default=None, examples=["app"])
    """The tenant stops where it is; with 'for', until then, else until it is resumed."""
    resume: Text | None = Field(default=None, examples=["app"])
    """A paused tenant goes on."""
    stop: Text | None = Field(default=None, examples=["app"])
    """The tenant's program and its own systems are shut down."""
    kill: Text | None = Field(default=None, examples=["app"])
    """All that runs of the tenant ends at once."""
    start: Text | None = Field(default=None, examples=["app"])
    """A tenant that has ended is started anew."""
    inspect: Text | None = Field(default=None, examples=["app"])
    """The tenant is stopped, each of its threads looked at, and let go on, after 'for' if that is said."""
    step: Text | None = Field(default=None, examples=["app"])
    """A paused tenant goes on for 'for', stops again, and is looked at."""
    install: Text | None = Field(default=None, examples=["virtualbox-7"])
    """A product of the catalog is fetched, written and set up on the host, which restarts if its installer says so."""
    into: Text | None = Field(default=None, examples=["app"])
    """The tenant whose own system it is installed on, not the host's."""
    pull: Text | None = Field(default=None, examples=["nginx-1.27"])
    """An image comes onto the host, as far as its layers are not held."""
    drop: Text | None = Field(default=None, examples=["nginx-1.27"])
    """An image is given up; layers that no other image refers to are removed."""
    lazy: bool | None = None
    """Whether only the image's index comes; what is read comes over the link when it is."""
    held: tuple[Text, ...] | None = Field(default=None, examples=["[debian-12-slim]"])
    """Images that the host holds already."""
    registry: Text | None = Field(default=None, examples=["registry-near"])
    """Where images come from: a name of the catalog."""
    link: Rate | None = Field(default=None, examples=["100 Mbit/s"])
    """What the way to the registry carries, if not what the catalog says."""
    round_trip: Time | None = Field(default=None, examples=["20 ms"])
    """From a request to the registry to its answer, if not what the catalog says."""
    downloads: Count | None = Field(default=None, examples=["6"])
    """How many layers are downloaded at a time, if not what the product does by itself."""
    migrate: Text | None = Field(default=None, examples=["app"])
    """The tenant's virtual machine moves to an equal, otherwise empty machine while it runs."""
    abort: Text | None = Field(default=None, examples=["app"])
    """A migration of the tenant that is under way is given up; it goes on where it is."""
    how: Text | None = Field(default=None, examples=["pre-copy"])
    """Of several ways, which: a migration by 'pre-copy' or 'post-copy'."""
    rate: Rate | None = Field(default=None, examples=["32 MiB/s"])
    """Most that a migration sends in a second while the tenant runs, instead of its product's usual limit."""
    downtime_limit: Duration | None = Field(default=None, examples=["300 ms"])
    """How long a migration may stop the tenant for the last pages, instead of its product's usual limit."""
    auto_converge: bool | None = Field(default=None, examples=["true"])
    """Whether a migration may hold a tenant that writes too fast, for more and more of its time."""
    give_up_after: Duration | None = Field(default=None, examples=["60 s"])
    """A migration that is not over by then is aborted."""
    destination_fails_after: Duration | None = Field(default=None, examples=["5 s"])
    """The machine that a migration moves to fails so long after the beginning."""
    snapshot: Text | None = Field(default=None, examples=["app"])
    """The tenant's whole state is kept, and it goes on."""
    roll_back: Text | None = Field(default=None, examples=["app"])
    """The tenant goes back to a state that was kept; all work since then is lost."""
    delete_snapshot: Text | None = Field(default=None, examples=["app"])
    """A state is given up; what was written to the disk since then is merged."""
    save: Text | None = Field(default=None, examples=["app"])
    """The tenant's whole state goes to a file, and it ends."""
    restore: Text | None = Field(default=None, examples=["app"])
    """The tenant is made anew from what was saved or checkpointed, and goes on from there."""
    clone: Text | None = Field(default=None, examples=["app"])
    """The tenant 'as' begins from its state, with a memory of its own."""
    fork: Text | None = Field(default=None, examples=["app"])
    """The tenant 'as' begins from its state, and shares its memory until one of them writes."""
    checkpoint: Text | None = Field(default=None, examples=["app"])
    """The tenant's processes are kept one after the other, and go on."""
    replicate: Text | None = Field(default=None, examples=["app"])
    """The tenant's state is sent to another machine again and again."""
    name: Text | None = Field(default=None, alias="as", examples=["before"])
    """What a state is called; of 'clone' and 'fork', the tenant that begins."""
    to: Text | None = Field(default=None, examples=["before"])
    """Which state; the latest if not given."""
    live: bool | None = Field(default=None, examples=["true"])
    """The tenant goes on before its memory is written."""
    track: bool | None = Field(default=None, examples=["true"])
    """What changes from then on is noted, for a later snapshot of the changes."""
    changes: bool | None = Field(default=None, examples=["true"])
    """Only what has changed since the last state that was tracked."""
    onto: Literal["disk", "memory"] | None = Field(default=None, examples=["memory"])
    """Where the file of a state lies; on the disk if not given."""
    memory: Literal["eager", "lazy"] | None = Field(default=None, examples=["lazy"])
    """All memory is read back at once, or each page when it is touched; as the product does if not given."""
    prefetch: bool | None = Field(default=None, examples=["true"])
    """The working set that an earlier restore has shown is read first."""
    cold: bool | None = Field(default=None, examples=["true"])
    """The file of the state is no longer in the memory of the system that it lies on."""
    ready: bool | None = Field(default=None, examples=["true"])
    """What holds the tenant (a monitor, a domain) stands there already, empty."""
    tcp: Literal["established"] | None = Field(default=None, examples=["established"])
    """Open connections are kept as well."""
    processes: Count | None = Field(default=None, examples=["14"])
    """How many processes the tenant is; as many as its program has threads if not given."""
    ends: bool | None = Field(default=None, examples=["true"])
    """The processes end once they are kept."""
    every: Duration | None = Field(default=None, examples=["25 ms"])
    """How long an epoch is."""
    by: Text | None = Field(default=None, alias="with", examples=["docker-27"])
    """Which layer does it, where several can: a product of the tenant's stack."""
    time: Duration | None = Field(default=None, alias="for", examples=["2 s"])
    """How long it lasts."""


class Need(Part):
    """What somebody wants of a way of virtualizing; every limit is an upper one."""

    overhead: Ratio | None = None
    """What the same work may take more than on the baseline stack."""
    loss: Ratio | None = None
    """What part of its performance a tenant may lose to the worst neighbour."""
    footprint: Size | None = None
    """Memory for each tenant, beside its program."""
    start: Time | None = None
    """Time until a tenant's own systems are up."""
    installation: Time | None = None
    """Time until the first tenant is up on a machine that was empty, what a person does apart."""
    control: tuple[Text, ...] = ()
    """What must be possible, e.g. 'migrate'."""


class Choose(Part):
    """What ``virtlab choose`` asks beside the scenario itself."""

    victim: Text | None = None
    """The tenant that suffers from a neighbour; the first one if not given."""
    workload: Workload | None = Field(default=None, examples=["compile-6"])
    """What the victim runs there: something that takes as long as a neighbour needs to hurt; its first if not given."""
    aggressors: tuple[Text, ...] = Field(default=(), examples=["[cpu-hog, memory-bomb]"])
    """What its neighbour runs, one after the other; the catalog's stressors if not given."""
    patience: Weight = 5.0
    """After how many times as long as alone a victim is given up; counts where the scenario has no duration."""
    needs: dict[str, Need] = Field(default={}, examples=["{untrusted tenants: {loss: 10 %, overhead: 50 %}}"])
    """For whom is it? Limits by name; the models that keep them are listed."""


class Density(Part):
    """What ``virtlab density`` asks: how many equal tenants fit on the machine, by what they may take to answer."""

    tenant: Text | None = None
    """The service of which as many as possible are to run; the first tenant if not given."""
    latency: Duration = 0.1
    """What an answer may take; of more instances than answer within it one is too many."""
    percentile: Ratio = 0.95
    """The part of all answers for which that holds."""
    precision: Ratio = 0.02
    """To which part of itself the number is found that the processors allow."""
    memory: dict[str, Size] = Field(default={}, examples=["{Unikraft: 560 MiB}"])
    """By the label of a stack what an instance is given there, where that is not what the tenant says."""
    overcommit: tuple[Text, ...] = Field(default=(), examples=["[KVM]"])
    """Labels of the stacks on which virtual machines may be promised more memory than there is: what they touch counts,
    and hypervisors that give memory at once refuse the rest."""
    warmup: dict[str, Time] = Field(default={}, examples=["{JVM: 20 s}"])
    """By the label of a stack its warm-up, where that takes longer; the measured time after it stays the same."""


class Against(Part):
    """The point that a relative figure is relative to: what differs from the row's own point."""

    stack: Text | None = None
    """Label of the other stack; the same one if not given."""
    at: dict[str, Scalar] = {}
    """Values of axes that differ."""


class PublishedRow(Part):
    """Rows of a published table, and what they are in this scenario."""

    benchmark: Text = Field(examples=["Redis {clients} clients"])
    """As the table has it; ``*`` stands for anything, ``{axis}`` for the value of an axis, ``{name}`` for a piece of a
    value in ``at``."""
    metric: Text | None = None
    """Only rows with this metric, in the same notation."""
    figure: Text | None = Field(default=None, alias="in", examples=["Figure 3"])
    """Only rows of this table or figure of the source."""
    notes: Text | None = None
    """Only rows with these notes; ``*`` stands for anything."""
    platforms: dict[Text, Text] | None = None
    """What the source calls each stack, where it differs from the other rows."""
    at: dict[str, Scalar] = Field(default={}, examples=["{workload: stream}"])
    """Values of the axes at the row's point; the end of an axis' name is enough. ``{name}`` in a value is what stands
    there in ``benchmark`` or ``metric``."""
    tenant: Text | None = None
    """Whose reading; the first tenant's if not given."""
    read: Text = "value"
    """A column of the table of tenants, or another reading (``virtlab list readings``)."""
    times: Weight = 1.0
    """How many of ours make one of the source's."""
    spread: Ratio = 0.0
    """How far the source's own repetitions lie apart: figures that differ by less are in no order."""
    against: Against | None = None
    """For relative figures: relative to what."""
    form: Text | None = Field(default=None, alias="as", examples=["ratio"])
    """How it is relative: ratio, percent_of, percent_change, percent_loss or difference."""


class NamedRow(Part):
    """Rows of a published table, and what there is to say about them."""

    benchmark: Text = "*"
    """As the table has it; ``*`` stands for anything."""
    metric: Text | None = None
    """Only rows with this metric."""
    figure: Text | None = Field(default=None, alias="in")
    """Only rows of this table or figure of the source."""
    notes: Text | None = None
    """Only rows with these notes; ``*`` stands for anything."""
    platform: Text = "*"
    """Only rows of this platform; ``*`` stands for anything."""
    reason: Text = Field(examples=["the paper does not say how many clients there were"])
    """Why they are not predicted, or not right."""


class Published(Part):
    """The published table that a scenario repeats, for ``virtlab validate``."""

    table: Text = Field(examples=["overhead_barham2003"])
    """Name of the table, as ``virtlab list published`` has it."""
    platforms: dict[Text, Text] = Field(default={}, examples=["{xen-pv: Xen}"])
    """What the source calls each stack: its platform (``*`` stands for anything), and the stack's label here."""
    rows: tuple[PublishedRow, ...] = ()
    """Rows that this scenario predicts; the first that fits counts."""
    missed: tuple[NamedRow, ...] = ()
    """Rows whose prediction is wrong, and why."""
    excluded: tuple[NamedRow, ...] = ()
    """Rows of the table that nobody predicts, and why not."""


class Budget(Part):
    """What one run may take at most; one that would take more is ended, recorded, and does not hold up the others."""

    events: Events | None = Field(default=None, examples=["5e6"])
    """Entries of the simulation's calendar."""
    simulated: Duration | None = Field(default=None, examples=["1 h"])
    """Simulated time."""
    wall: Duration | None = Field(default=None, examples=["60 s"])
    """Time that passes in the world."""
    memory: Size | None = Field(default=None, examples=["2 GiB"])
    """What the process that it runs in may grow by."""


class Until(Part):
    """Which interval is to be narrow enough; one of the two widths is given."""

    metric: Text = Field(default="value", examples=["latency_p99_s"])
    """A column of numbers in the table of tenants; the workloads' own figures of merit if not given."""
    tenant: Text | None = None
    """The tenant whose metric it is; if not given the rule holds for every tenant that has it."""
    over: Text | None = Field(default=None, examples=["native"])
    """The stack by whose metric it is divided: the interval is that of the ratio, paired by replication, and all stacks
    of a place have as many replications as each other."""
    relative_half_width: Proportion | None = None
    """Half the width of the interval, as a part of the mean."""
    half_width: Scalar | None = Field(default=None, examples=["2 ms"])
    """Half the width of the interval, with the unit of the metric."""
    level: Proportion = 0.95
    """Probability that the interval covers."""


class StoppingRule(Part):
    """Replications until an interval is narrow enough, decided in their order; point by point."""

    until: Until = Field(examples=["{metric: latency_p99_s, relative_half_width: 5 %}"])
    """Which interval is to be narrow enough."""
    min: Pair = 10
    """Replications that are run in any case; with fewer than 10 intervals cover somewhat less often than they say."""
    max: Count = 200
    """Replications after which it ends, narrow or not."""


def _number_form(value: object) -> str:
    return MAPPING if isinstance(value, Mapping) else ONE


NumberOrRule = Annotated[
    Annotated[Count, Tag(ONE)] | Annotated[StoppingRule, Tag(MAPPING)], Discriminator(_number_form)
]
"""A number of replications, or a rule that says how many are enough."""


class Settings(Part):
    """What a scenario says beside its machine, stacks and tenants."""

    version: Version = Field(examples=[1])
    """Version of this format."""
    include: Text | list[Text] = Field(default=[], examples=["[parts/laptop.yaml]"])
    """Files whose keys hold where this one says nothing else, relative to it; a later one wins over an earlier one."""
    title: Text | None = None
    """The question in a few words."""
    question: Text | None = None
    """The question in full."""
    duration: Axis[Duration | None] = None
    """Simulated time; without it a run lasts until every program has ended."""
    warmup: Axis[Time] = 0.0
    """Simulated time before anything is counted."""
    replications: NumberOrRule = 10
    """Runs of each point, each with its own luck: a number, or a rule that says how many are enough."""
    seed: Seed = 1
    """Where all luck comes from."""
    fidelity: Axis[Text] = "fluid"
    """The algorithm that shares the devices."""
    budget: Budget = Budget()
    """What one run may take at most."""
    baseline: Text | None = None
    """Label of the stack that the others are compared with; the first one if not given."""
    figures: tuple[Text, ...] = ()
    """Names of the figures to draw."""
    operations: tuple[Operation, ...] = ()
    """What is done to tenants while time runs, and when."""
    faults: tuple[Fault, ...] = ()
    """What fails, and when."""
    choose: Choose = Choose()
    """For the command ``choose``: who suffers, from whom, and what is wanted."""
    density: Density = Density()
    """For the command ``density``: of which service as many as possible are to run, and how fast it has to answer."""
    published: Published | None = None
    """For the command ``validate``: the published figures that this scenario repeats."""
    claim: Claim | None = None
    """For the command ``claims``: a sentence of a lecture that this scenario puts to the test."""


class ScenarioFile(Settings):
    """A question to virtlab: machines, stacks and tenants. Values written as lists are axes; every combination runs."""

    machine: Axis[Machine] = Field(examples=["dell-2650"])
    """Name of a machine in the catalog, or a mapping that changes some of its numbers."""
    stacks: Stacks = Field(examples=["{native: 'linux-2.4 |'}"])
    """The stacks to compare, by label."""
    tenants: Annotated[dict[str, Tenant], Field(min_length=1)] = Field(examples=["{app: {workload: kernel-build}}"])
    """Who runs on the machine, by name."""
    sweep: Sweep = Sweep()
    """What varies beside the lists in fields: axes by path, side by side, cases, a design; and points to leave out."""
