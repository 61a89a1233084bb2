"""A program: threads that ask for things, and what counts as its work."""

from __future__ import annotations

import hashlib
import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import exp, log, sqrt
from typing import ClassVar, NamedTuple

from simulator.demands import (
    AccessMemory,
    Compute,
    Demand,
    Execute,
    File,
    LoadClasses,
    Mix,
    NewObjects,
    Portable,
    Together,
)
from simulator.letters import Letter
from simulator.parameters import Parameter, Parameters
from simulator.writing import Writing

Demands = Iterator[Demand]


class Draws:
    """One stream of random numbers for one purpose.

    The stream depends on nothing but its names, so that the same tenant meets the same luck on every stack
    (common random numbers). Only ``random()`` of the standard generator and transforms of our own are used:
    these are the same on every version of Python.
    """

    def __init__(self, seed: int, replication: int, tenant: str, purpose: str) -> None:
        names = f"{seed}|{replication}|{tenant}|{purpose}".encode()
        self._random = random.Random(int.from_bytes(hashlib.sha256(names).digest()[:8], "big")).random

    def uniform(self) -> float:
        """Between 0 and 1, 1 excluded."""
        return self._random()

    def exponential(self, mean: float) -> float:
        """Exponential with the given mean."""
        return -mean * log(1.0 - self._random())

    def lognormal(self, mean: float, variation: float) -> float:
        """Log-normal with the given mean and coefficient of variation (standard deviation over mean)."""
        sigma2 = log(1.0 + variation * variation)
        normal = sum(self._random() for _ in range(12)) - 6.0
        return mean * exp(sqrt(sigma2) * normal - sigma2 / 2.0)

    def below(self, bound: int) -> int:
        """A whole number from 0 to ``bound`` - 1."""
        return int(self._random() * bound)


class Context:
    """What a program may know while it runs: the time, its luck, and where to report what it has done."""

    def __init__(self, tenant: str, now: Callable[[], float], draws: Callable[[str], Draws]) -> None:
        self.tenant = tenant
        self._now = now
        self.draws = draws
        self.requests: list[tuple[str, str, float, float]] = []
        self.wakes: list[tuple[str, str, float, float]] = []
        self.sending_s = 0.0
        """How long the data that left the machine last had been on their way to the wire."""
        self.programs: Mapping[str, str] = {}
        """What each tenant of the run executes: the module of its program, by its name."""
        self._letters: dict[str, Letter | None] = {}
        self.heard_before: list[Letter | None] = []
        """What its threads have heard, in the order in which they looked."""
        self._heard_again: Iterator[Letter | None] = iter(())

    @property
    def now(self) -> float:
        """Simulated time."""
        return self._now()

    def path(self, name: str) -> str:
        """The name of a file of this tenant, whoever else stands on the same system."""
        return f"{self.tenant}/{name}"

    def sent(self, sending_s: float) -> None:
        """Data of the program have left the machine."""
        self.sending_s = sending_s

    def tenants_of(self, program: str) -> list[str]:
        """The tenants that execute some program, in the order of their names."""
        return sorted(name for name, each in self.programs.items() if each == program)

    def came(self, thread: str, letter: Letter | None) -> None:
        """A thread that waited for a letter has got this one, or none in time."""
        self._letters[thread] = letter

    def heard(self, thread: str) -> Letter | None:
        """What a thread has got by its last ``ReceiveLetter``; None if nothing came in time."""
        try:
            letter = next(self._heard_again)
        except StopIteration:
            letter = self._letters.pop(thread, None)
        self.heard_before.append(letter)
        return letter

    def hear_again(self, letters: Iterable[Letter | None]) -> None:
        """A program that is brought back to where one was hears what that one heard."""
        self._heard_again = iter(letters)

    def done(self, thread: str, kind: str, start_s: float) -> None:
        """Report one operation that began at ``start_s`` and ended now."""
        self.requests.append((thread, kind, start_s, self._now() - start_s))

    def began(self, thread: str, due_s: float) -> None:
        """Report that what was due at ``due_s`` runs from now on; no operation is done by that."""
        self.wakes.append((thread, WAKE, due_s, self._now() - due_s))

    def failed(self, thread: str, kind: str, start_s: float) -> None:
        """Report what began at ``start_s`` and came to nothing; no operation is done by that."""
        self.wakes.append((thread, kind, start_s, self._now() - start_s))


WAKE = "wake"
"""Kind of the requests that say how long something waited until it ran; they are no operations."""
PORTABLE = (
    Parameter("methods_count", "count", "methods that are ever executed"),
    Parameter("skew_ratio", "ratio", "exponent of Zipf's law by which the hottest methods take most of the execution"),
    Parameter("method_bytecodes_count", "count", "bytecodes that one invocation of a method executes"),
    Parameter("classes_count", "count", "classes loaded at the start"),
    Parameter("cycle_bytecodes_count", "count", "bytecodes that do the work of one cycle of the machine code"),
    Parameter("cycle_allocated_bytes", "bytes", "objects made on the heap with that work"),
    Parameter("live_bytes", "bytes", "objects that are kept for long, at any one time"),
    Parameter("least_heap_bytes", "bytes", "smallest heap in which it runs, where that is known", optional=True),
    Parameter(
        "passing_bytes", "bytes", "short-lived objects in use at any one time; none if nothing is said", optional=True
    ),
    Parameter(
        "tenured_ratio",
        "ratio",
        "part of the allocated bytes that is promoted and dies in the old generation; none if nothing is said",
        optional=True,
    ),
    Parameter(
        "finalizable_bytes",
        "bytes",
        "allocated bytes for each object that has a finalizer or a cleaner; none has if nothing is said",
        optional=True,
    ),
    Parameter(
        "collection_grain_count",
        "count",
        "grain of the simulation: collections that are simulated as one, as long as all of them; 1 if left out",
        optional=True,
    ),
    Parameter("work_ratio", "ratio", "what its mean bytecode takes in C2's code, over that of a mean program"),
    Parameter("c1_ratio", "ratio", "what C1's code takes longer for it, over that of a mean program"),
    Parameter("deoptimized_ratio", "ratio", "part of its methods whose C2 code once meets what their profile lacks"),
    Parameter(
        "library_ratio", "ratio", "part of its classes that are the JDK's own; a half if nothing is said", optional=True
    ),
    Parameter(
        "body_bytecodes_count",
        "count",
        "bytecodes of one method's body; as many as is common if nothing is said",
        optional=True,
    ),
    Parameter(
        "once_bytecodes_count",
        "count",
        "bytecodes executed once, at its start, by methods that hardly come "
        "again: initializers, frameworks, a harness; none if nothing is said",
        optional=True,
    ),
    Parameter("once_methods_count", "count", "methods that execute these", optional=True),
    Parameter("once_skew_ratio", "ratio", "exponent of Zipf's law by which these are hot", optional=True),
    Parameter("once_method_bytecodes_count", "count", "bytecodes that one invocation of them executes", optional=True),
)
"""What a program's file says of its class files, in the section ``bytecode``; without it there are none."""


class ClassFiles:
    """A program's build in bytecode: what it executes and allocates where its machine code would compute.

    Args:
        name: of the program, as its tenant's.
        figures: see ``PORTABLE``.
    """

    def __init__(self, name: str, figures: Mapping[str, float]) -> None:
        self.figures = Parameters(figures)
        self.program = Portable(
            name, int(figures["methods_count"]), figures["skew_ratio"], figures["method_bytecodes_count"],
            int(figures["classes_count"]), figures["work_ratio"], figures["c1_ratio"], figures["deoptimized_ratio"],
            figures.get("library_ratio", 0.5), figures.get("body_bytecodes_count", 0.0),
        )  # fmt: skip

    def once(self) -> Demands:
        """What it executes once."""
        figures = self.figures
        bytecodes = figures.get("once_bytecodes_count", 0.0)
        if bytecodes:
            name, methods = f"{self.program.name}:once", int(figures.once_methods_count)
            skew, body = figures.once_skew_ratio, figures.once_method_bytecodes_count
            yield Execute(Portable(name, methods, skew, body, 0), count=bytecodes)

    def compute(self, cycles: float) -> Demands:
        """What stands for so many cycles of the machine code."""
        yield Execute(self.program, count=cycles * self.figures.cycle_bytecodes_count)
        allocated_bytes = cycles * self.figures.cycle_allocated_bytes
        if allocated_bytes:
            yield NewObjects(
                allocated_bytes, self.figures.live_bytes, self.program.name,
                self.figures.get("passing_bytes", 0.0), self.figures.get("tenured_ratio", 0.0),
                self.figures.get("collection_grain_count", 1.0), self.figures.get("finalizable_bytes", 0.0),
            )  # fmt: skip


class ThreadPlan(NamedTuple):
    """One thread of a program."""

    name: str
    demands: Demands
    working_set_bytes: float = 0.0
    endless: bool = False
    """Whether the thread goes on for ever; the run does not wait for its end."""
    processes: float = 1.0
    """How many processes it stands for: it weighs as much as all of them."""


def turns(count: float, threads_count: float) -> list[int]:
    """How many of ``count`` things each of the threads does: none is lost, the first do one more than the last."""
    whole, threads = int(count), int(threads_count)
    return [whole // threads + (number < whole % threads) for number in range(threads)]


class Program(ABC):
    """Base of all programs. One module each; the counts come from the catalog.

    Args:
        parameters: see ``PARAMETERS``.
        context: time, luck and reports.
        class_files: the build in bytecode, where the program runs on a Java virtual machine.
    """

    INTERFACE: ClassVar[str] = "system"
    """What it stands on in machine code; ``bytecode`` for a program that there is in class files only."""
    PARAMETERS: ClassVar[tuple[Parameter, ...]] = ()
    CHOSEN: ClassVar[frozenset[str]] = frozenset()
    """Parameters that say what is asked for, how long and how much at a time, not what something is like: their ranges
    are what may be asked, and nothing about them is uncertain."""
    WHOLE: ClassVar[bool] = False
    """Whether the figure of merit means something only once all the work is done (a time, not a rate)."""
    writes: Mapping[str, float] = {}
    """What it writes of the memory that it holds, as its file says in the section ``writes``."""
    TALKS_TO: ClassVar[tuple[str, ...]] = ()
    """Programs of other tenants that it asks, by their modules: without them it has nothing to do."""
    COUNTS: ClassVar[tuple[str, ...]] = ()
    """Mechanisms that the workload says how often happen; none of them may be emergent."""

    def __init__(
        self, parameters: Mapping[str, float], context: Context, class_files: ClassFiles | None = None
    ) -> None:
        self.parameters = Parameters(parameters)
        self.context = context
        self.class_files = class_files

    def writing(self) -> Writing:
        """What it writes of the memory that it holds, as it goes on."""
        return Writing.of(self.writes)

    def compute(self, cycles: float, on: AccessMemory | None = None, mix: Mix | None = None) -> Demands:
        """The program's own work of so many cycles of its machine code, as it is built here: code or class files.

        Args:
            cycles: of the machine code.
            on: memory that it reads and writes as it goes; class files do so before.
            mix: what the machine code consists of, where that is known.
        """
        if self.class_files is None:
            work = Compute(mix, count=cycles)
            yield work if on is None else Together((on, work))
            return
        if on is not None:
            yield on
        yield from self.class_files.compute(cycles)

    def begins(self) -> tuple[Demand, ...]:
        """What its first thread asks for before anything else: its classes, if it has any, and what these do once."""
        if self.class_files is None:
            return ()
        return (LoadClasses(self.class_files.program), *self.class_files.once())

    @abstractmethod
    def threads(self) -> list[ThreadPlan]:
        """The program's threads."""

    @abstractmethod
    def value(self, operations: float, elapsed_s: float) -> float:
        """The figure of merit, from the operations done in the measured window and its length."""

    def warm_files(self) -> tuple[File, ...]:
        """Files that earlier runs left in the page cache."""
        return ()
