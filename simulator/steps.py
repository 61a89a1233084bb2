"""What a layer's verbs return: plain values, no simulation in them.

A plan is a tuple of steps. ``Use`` and ``Transfer`` take time on a device; ``Below`` hands a demand to the next
layer down; ``At`` hands it to another node (the driver domain); ``Send`` puts work into a queue that a service
drains; ``Wait`` and ``Signal`` are how threads block; ``Choice`` is decided when it is reached, from the
layer's state, and ``Repeat`` how often; ``Progress`` tells the layer how far a demand of many has come; ``Require``
may end the program, ``End`` all programs of the layer; ``Change`` alters the layer's state, and what is in flight is
lowered again; ``Ask`` is a demand of the layer itself, in portions as a program's; ``Freeze`` stops the programs above;
``Log`` writes a line into the layer's log; ``Later`` is worked out when it is reached; ``Parallel`` and ``Spawn`` let
time overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from simulator.demands import Demand

CPU = "cpu"
DISK = "disk"
NIC_SEND = "nic-send"
NIC_RECEIVE = "nic-receive"

BlockedBy = Literal["disk", "network", "message", "lock", "turn", "time", "service"]


class Traffic(NamedTuple):
    """What a step does to the caches and the memory beside taking processor time.

    Its time says how long it takes with both for itself; this says what it wants of them, and so what it loses to
    others and they to it.
    """

    row_bytes: float = 0.0
    """Read or written in order, each line once."""
    accesses: float = 0.0
    """At random to its set."""
    set_bytes: float = 0.0
    """Size of that set."""
    extent_bytes: float = 0.0
    """Memory that the rows lie in."""
    touches: float = 0.0
    """Writes to the one cache line that is named next: a counter or lock of a kernel that many processors change."""
    line: str = ""

    def __add__(self, other: object) -> Traffic:
        """Both, one after the other or mixed; of two sets the larger one stands for both."""
        assert isinstance(other, Traffic)
        return Traffic(
            self.row_bytes + other.row_bytes, self.accesses + other.accesses,
            max(self.set_bytes, other.set_bytes), max(self.extent_bytes, other.extent_bytes),
            self.touches + other.touches, self.line or other.line,
        )  # fmt: skip

    def times(self, count: float) -> Traffic:
        """So many of the same."""
        return self._replace(
            row_bytes=self.row_bytes * count, accesses=self.accesses * count, touches=self.touches * count
        )


NO_TRAFFIC = Traffic()


@dataclass(frozen=True, slots=True)
class Use:
    """Processor time: cycles at the clock's pace, memory waits in seconds.

    ``program`` is true for the program's own work, which is the same in every stack; everything else is
    overhead of the layer that returned the step, or of the node ``cause`` if it says so: a kernel pays for what a
    container has put into the way of packets.
    """

    mechanism: str
    cycles: float = 0.0
    stall_s: float = 0.0
    operations: float = 1.0
    program: bool = False
    traffic: Traffic = NO_TRAFFIC
    processor_cycles: float = 0.0
    """Of the cycles, those that the processor itself takes to enter and leave a kernel: no code, so that an emulator
    has nothing to translate there."""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bytes moved by a disk or one direction of a network card.

    With a window the thread goes on while at most ``window_bytes`` of its earlier transfers are under way.
    ``cause``: the node that is, as of a tunnel's headers, and not whoever asked. It does not begin before the moment
    ``not_before_s``.
    """

    device: str
    mechanism: str
    size_bytes: float
    position_bytes: int = 0
    write: bool = False
    stream: str = ""
    window_bytes: float = 0.0
    operations: float = 1.0
    frames: float = 1.0
    """Packets that one unit is on the wire; a disk has none."""
    cause: str = ""
    not_before_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Below:
    """A demand for the layer below. It inherits the cause of the demand being lowered, or starts one here."""

    demand: Demand
    own: bool = False


@dataclass(frozen=True, slots=True)
class At:
    """A demand lowered at another node of the machine, named by its role."""

    role: str
    demand: Demand


@dataclass(frozen=True, slots=True)
class Send:
    """Work put into a queue; its service does ``work`` in its own thread.

    ``kick`` is paid by the sender only when the service sleeps; ``notice`` is paid by the sender once its work
    is done, and only by the first of the items that one batch completes. A full queue makes the sender wait. A sender
    that does not wait goes on while at most ``window_bytes`` of its items are under way; for what is ``forgotten`` it
    does not even wait at the end of its life. What is to ``finish`` an item is done by the service as well, which is
    woken for it: when the devices, or the service that it handed the item on to, are through with it.

    ``apart``: each thread that sends has such a queue of its own, with a service of its own (``Layer.servers``), from
    its first item on: the interrupts of its connection, or the program at the connection's other end.
    """

    queue: str
    work: tuple[Step, ...]
    kick: tuple[Step, ...] = ()
    notice: tuple[Step, ...] = ()
    wait: bool = True
    size_bytes: float = 0.0
    window_bytes: float = 0.0
    forgotten: bool = False
    finish: tuple[Step, ...] = ()
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """The thread blocks: for a message, a lock, a time, or until a moment of simulated time; for its ``turn`` at
    something that all tenants share.
    """

    by: BlockedBy
    name: str = ""
    time_s: float = 0.0
    until_s: float = 0.0
    everyone: bool = False
    """Whether threads of all tenants meet there; the name then says on which node."""
    spin_s: float = 0.0
    """Processor time for which whoever waits for a lock keeps its processor before it sleeps."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A message posted, a lock given back, a turn passed on."""

    by: Literal["message", "lock", "turn"]
    name: str
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """The process of the layer ends, by the program's own wish: all programs on the node with it."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Memory taken (positive) or given back (negative) by the program, or for it by the layer that runs it."""

    size_bytes: float
    program: bool = True
    """Whether the program's own data are in it; else it is overhead of the layer."""


@dataclass(frozen=True, slots=True)
class Require:
    """Goes on only if it may: ``refusal`` is asked when it is reached, and a text it returns ends the program;
    the layer may take note of what goes on.

    The text is the tenant's outcome, in the words of a user (``could not fork``).
    """

    refusal: Callable[[], str]


@dataclass(frozen=True, eq=False, slots=True)
class Progress:
    """Many demands at once are carried out in portions, as many as the layer lets pass before it must decide something.

    The steps before this one are those of a portion; those after it follow each portion once, whatever its size. A
    portion ends early where the layer changes.

    Attributes:
        begin: how many of the demands may be carried out now; 0 while something is to be decided first.
        end: takes note of how many have been.
    """

    begin: Callable[[], float]
    end: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Ask:
    """A demand asked of the node itself when what stands before it is done, as a program above it would.

    The layer may let it pass in portions (``Progress``), and what is in flight is lowered again after a ``Change``.
    """

    demand: Demand


@dataclass(frozen=True, eq=False, slots=True)
class Change:
    """The layer's state changes: what is in flight on its node is lowered again under the new state."""

    apply: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Freeze:
    """All threads of the programs on this node stop (or go on); the layer's own threads do not."""

    stop: bool


@dataclass(frozen=True, eq=False, slots=True)
class Log:
    """Something of this kind begins, or ends: together they are one line in the log of the layer (a collection).

    ``amount`` is asked at both moments: what there was of something before and after. What ends may stand for several
    of its kind, one after the other, each as long: ``times`` lines.
    """

    kind: str
    amount: Callable[[], float]
    unit: str
    ends: bool = False
    times: int = 1


@dataclass(frozen=True, eq=False, slots=True)
class Later:
    """Steps that the layer works out when they are reached, from its state and the time that it is told then.

    For what depends on more than a choice among a few: a collection costs what lives at that moment.

    Attributes:
        make: the steps, from the simulated time in seconds.
        label: what they do, in the layer's words.
    """

    make: Callable[[float], Iterable[Step]]
    label: str


@dataclass(frozen=True, eq=False, slots=True)
class Choice:
    """One of several plans, chosen when it is reached."""

    decide: Callable[[], int]
    options: tuple[tuple[Step, ...], ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Repeat:
    """Several plans, each one after the other as many times as is decided when this is reached, for whoever reaches it.

    Repetitions of a plan that neither waits for others nor decides anything are carried out at once, as one train, of
    which each waits for the disk by itself.

    Attributes:
        decide: for the tenants whose memory it is, and so many demands at once: how often each of the plans; asked
            again when these are done, until there is nothing more.
        plans: what is repeated.
        labels: what each of them is.
        short: whether there is something to do only where memory is short: where nothing else runs it is not.
    """

    decide: Callable[[Sequence[str], float], Iterable[Sequence[float]]]
    plans: tuple[tuple[Step, ...], ...]
    labels: tuple[str, ...]
    short: bool = False


@dataclass(frozen=True, slots=True)
class Parallel:
    """Plans that run at the same time; the thread goes on when all have ended."""

    branches: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Spawn:
    """A plan that runs on its own; the thread does not wait for it. It weighs as much as ``processes`` threads."""

    steps: tuple[Step, ...]
    processes: float = 1.0


Step = (
    Use | Transfer | Below | At | Send | Wait | Signal | Hold | Require | End | Progress | Ask | Change | Freeze | Log
    | Later | Choice | Repeat | Parallel | Spawn
)  # fmt: skip
