"""A layer: software that turns a demand into steps for what lies below it.

Three verbs, all pure: ``lower`` (one demand), ``react`` (a transition of the sharing tree), ``services`` (the
threads a layer runs). Layers know nothing of simulated time: ``list(layer.lower(demand))`` is a complete test.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, Protocol

from simulator.demands import Demand, File
from simulator.parameters import Parameter, Parameters
from simulator.steps import Step


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One reason for a cost inside a layer.

    Attributes:
        meaning: what is paid, by whom, when.
        kind: ``counted`` where the workload says how often, ``emergent`` where the schedule decides.
        needs_slices: whether it needs real time slices, and so is left out by the fluid fidelity.
    """

    meaning: str
    kind: Literal["counted", "emergent"] = "counted"
    needs_slices: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """Something the schedule did.

    ``switch``: a kernel resumes a thread that had blocked. ``resume``: the first runnable thread wakes an idle
    virtual or physical processor. ``tick``: the kernel's own timer while it runs. ``interrupted``: the timer of
    the system below, met by what runs on it.
    """

    kind: Literal["switch", "resume", "tick", "interrupted"]


@dataclass(frozen=True, slots=True)
class Service:
    """A thread that a layer runs: it drains a queue in batches, or looks for work of its own now and then.

    Attributes:
        name: of the thread.
        queue: name of the queue it drains; the items bring their work along.
        capacity: most items in the queue; a full queue makes senders wait.
        batch: most items taken at once.
        period_s: time between two looks; 0 for a queue.
        wanted: whether there is work of its own.
        demand: that work, asked of its own node.
    """

    name: str
    queue: str = ""
    capacity: int = 0
    batch: int = 1
    period_s: float = 0.0
    wanted: Callable[[], bool] | None = None
    demand: Demand | None = None


@dataclass(slots=True)
class Place:
    """Where a layer stands: what it may know of its surroundings.

    Attributes:
        path: identity of the node.
        memory_bytes: memory that this node manages, 0 where it manages none.
        presents: kind of each device that the layer below presents (``physical``, ``paravirtual``, ``emulated``).
        page_bytes: the processor's page size.
    """

    path: str = "layer"
    memory_bytes: float = 0.0
    presents: Mapping[str, str] = field(default_factory=lambda: {"disk": "physical", "nic": "physical"})
    page_bytes: float = 4096.0


class Cache(Protocol):
    """What the house may do with a kernel's page cache."""

    resident_bytes: float
    dirty_bytes: float

    def resize(self, capacity_bytes: float) -> None:
        """Another amount of memory is left for it."""

    def warm(self, file: File) -> None:
        """Make a whole file resident, as after an earlier run."""


class Layer(ABC):
    """Base of all layers. Constructors only store; state lives in small objects made here."""

    OFFERS: ClassVar[str]
    NEEDS: ClassVar[str]
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    STRUCTURE: ClassVar[dict[str, tuple[str, ...]]] = {}
    MECHANISMS: ClassVar[dict[str, Mechanism]] = {}
    CONFINES_MEMORY: ClassVar[bool] = False
    """Whether a tenant's memory limit binds here."""

    cache: Cache | None = None
    """The page cache, in a kernel that has one."""

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        self.parameters = Parameters(parameters)
        self.structure = dict(structure or {})
        self.place = place or Place()

    @classmethod
    def own_bytes(cls, parameters: Mapping[str, float], children: int) -> float:
        """Memory that the layer holds itself, with ``children`` systems on it."""
        return 0.0

    @abstractmethod
    def lower(self, demand: Demand) -> Iterable[Step]:
        """Steps for one demand.

        Raises:
            LookupError: the layer does not offer this demand.
        """

    def react(self, transition: Transition) -> Iterable[Step]:
        """Steps that a transition costs here, paid by the thread that goes on."""
        return ()

    def services(self) -> tuple[Service, ...]:
        """Threads this layer runs."""
        return ()

    def tick_hz(self) -> float:
        """Timer interrupts a second while this layer's processors run."""
        return 0.0

    def presents(self) -> Mapping[str, str]:
        """Kind of each device this layer shows to the layer above; by default what it is shown itself."""
        return self.place.presents

    def for_child(self, role: str) -> Layer:
        """The layer as the child in this role meets it (a driver domain has rights that guests have not)."""
        return self

    def width(self) -> float:
        """How many processors this layer can keep busy at once."""
        return float("inf")

    def not_offered(self, demand: Demand) -> LookupError:
        """The error for a demand that this layer does not know."""
        return LookupError(f"{self.place.path} ({type(self).__name__}) has no {type(demand).__name__}")
