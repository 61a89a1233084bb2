"""A Java virtual machine (HotSpot): a program of a system that runs class files, the same ones everywhere.

Scope and limits: a group of methods is installed as a whole. All methods of a program have a body of the same length,
so that either all or none are too long to be compiled. What is queued never gets stale, nor is it profiled by the
interpreter while it waits for C1. The code cache is one, not three segments; code that is dropped from it when it is
full is the coldest. Memory is taken as it is touched, and never given back. Objects of one demand are made at one
moment, so that a collector beside the program is only as good as the program's portions are small against eden. Large
objects are made like small ones; a thread that stops for a pause is at a safepoint after the same time as all others;
barriers of G1 are charged while it marks, what they take otherwise is in a program's own cycles, as with the other
collectors. Programs that share a virtual machine share its heap, its own threads, its process and the locks of library
classes, not their own classes; what one of them kept stays until the machine ends, unless it ends for want of memory.
Threads: see ``_jvm_threads``.

Mechanism (paid by the calling thread unless said otherwise):
    start, thread_start counted: its process and its own threads, see ``_jvm_classes``, and those of its programs
    class_loading       counted: classes are found in the archive of shared classes, or read from their jar or the JDK's
                        modules, parsed and checked; ``class_linking`` is what follows before their first use
    interpretation      emergent: useful are the cycles of C2's steady code; what the interpreter takes beyond that
    unoptimized_code    emergent: the same for C1's code, with or without profiling, and for C2's without a profile
    compilation         emergent: a group of methods, or a loop in mid-invocation, that reaches HotSpot's thresholds
                        goes into the queue of a compiler, whose threads compete for the processors; once it is
                        installed everything in flight goes on with the new code. With ``-Xcomp`` the caller waits
    deoptimization      emergent: C2's code meets what its profile had not shown: the frame becomes the interpreter's,
                        and the methods rise anew
    allocation          counted: a thread's buffer is full and it gets another one
    collection          emergent: eden is full; the program's threads stop while the collector and its workers copy or
                        move what lives, or they work beside the program (``simulator/layers/collectors``)
    barrier             emergent: what a collector that works beside the program wants done when references are read or
                        written
    finalization        emergent: the reference handler and the finalizer see to objects that want it when they are dead
    thread_switch       emergent: a green or virtual thread that had waited goes on
    native_call         counted: the way to a call of the system below and back; the call itself passes unchanged

Parameters: see ``PARAMETERS``. Structure: ``mode`` (``tiered``, or one kind of code only; with ``-first`` a method is
compiled at its first invocation, as by ``-Xcomp``), ``sharing`` of classes by an archive (``application``: the
program's as well, ``linked``: all of them and linked), ``collector`` (``automatic``: by HotSpot's rule from what the
virtual machine sees), ``threads`` (``system``, ``green``, ``virtual``). Limits ``heap`` (there from the start, unless
``initial_heap`` says otherwise), ``code_cache`` and ``processors`` (that it counts on, instead of those that it sees).

Validation: DaCapo Chopin (heap curves, first iterations, kinds of code), small programs of our own, starts by release:
``scenarios/published/blackburn_2025_*``, ``measured_2026_java_*``, ``openjdk_2024_*``, ``startups_2019_*``.

References: openjdk, dacapochopin, measured2026, ourjvm2026, threads2026, jdk11solaris, jep444, jep483.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from simulator import demands as d
from simulator import discovery
from simulator.failure import Part
from simulator.layers import _jvm_ergonomics as ergonomics
from simulator.layers._jvm_allocation import Allocation
from simulator.layers._jvm_classes import HOUSEKEEPING, SHARING, Classes, Opened
from simulator.layers._jvm_collection import Collector
from simulator.layers._jvm_execution import Execution
from simulator.layers._jvm_figures import MECHANISMS, PARAMETERS
from simulator.layers._jvm_heap import Heap
from simulator.layers._jvm_policy import MODES
from simulator.layers._jvm_threads import GREEN, KICK, SYSTEM, VIRTUAL, Threads
from simulator.layers.base import WHOLE, Carriers, Place, Service, TableLayer
from simulator.steps import Below, Choice, End, Hold, Require, Send, Step, Use

_CALLS = (
    d.SystemCall, d.StartProcess, d.KeepProcess, d.Allocate, d.Free, d.Map, d.Create, d.Rename, d.Delete, d.Read,
    d.Write, d.DirectTransfer, d.WriteThrough, d.SendData, d.ReceiveData, d.ReceiveRequest, d.Post, d.Fetch, d.Sleep,
)  # fmt: skip
"""What a Java program asks the system for in native code."""
_DIRECT = (d.Compute, d.AccessMemory, d.Fault)
"""What its code does without leaving it."""


COLLECTORS = tuple(discovery.members("layers.collectors"))
"""Whatever file there is."""


def _collector(name: str) -> type[Collector]:
    found: type[Collector] = discovery.member("layers.collectors", name).COLLECTOR
    return found


class JavaVirtualMachine(TableLayer):
    """One virtual machine: a process with a heap, and threads of its own."""

    OFFERS = "bytecode"
    NEEDS = "system"
    PARAMETERS = (*PARAMETERS, *(each for name in COLLECTORS for each in _collector(name).PARAMETERS))
    MECHANISMS = MECHANISMS
    STRUCTURE = {
        "mode": tuple(MODES),
        "sharing": SHARING,
        "collector": ("automatic", *COLLECTORS),
        "threads": (SYSTEM, GREEN, VIRTUAL),
    }
    FREEZES = True
    ONE_PROCESS = True
    LIMITS = {"heap": "bytes", "initial_heap": "bytes", "code_cache": "bytes", "processors": "count"}
    SETTINGS = {
        "collector": ("", "the collector of the heap"),
        "collector_threads_count": ("count", "threads that collect in a pause"),
        "marking_threads_count": ("count", "threads that mark beside the program"),
        "compiler_threads_count": ("count", "threads that compile, those of all compilers"),
        "collector_workers_count": ("count", "threads that help it to collect in a pause; none where it is alone"),
        "heap_most_bytes": ("bytes", "the heap at its largest"),
        "heap_initial_bytes": ("bytes", "the heap that its start prepares"),
    }
    CONTROL = frozenset({"limit-memory", "inspect", "package"})
    HOLDS = "Java program"

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        super().__init__(parameters, structure, place)
        mode, asked = self.structure.get("mode", "tiered"), self.structure.get("collector", "automatic")
        self.collector = ergonomics.collector(self.parameters, self.place, asked)
        self.collector_threads = ergonomics.collector_threads(self.parameters, self.place, self.collector)
        self.compiler_threads = ergonomics.compiler_threads(self.parameters, self.place, MODES[mode].compilers)
        heap_bytes = ergonomics.heap_bytes(self.parameters, self.place)
        self._initial_bytes = ergonomics.initial_heap_bytes(self.parameters, self.place, heap_bytes)
        self.heap = Heap(self.parameters, heap_bytes, self._initial_bytes)
        family, threads = _collector(self.collector), self.collector_threads
        self.marking_threads = family.threads_beside(self.parameters, self.place, heap_bytes, threads)
        self.collection = family(self.parameters, self.heap, self.place, threads, self.marking_threads)
        limits, barrier = self.place.limits, self.collection.barrier_cycles
        self.execution = Execution(self.parameters, mode, self.compiler_threads, limits, barrier)
        self.allocation = Allocation(self.parameters, self.place, self.heap, self.collection)
        self._classes = Classes(self.parameters, self.place, self.structure.get("sharing", "on"))
        self.threads = Threads(self.parameters, self.place, self.structure.get("threads", SYSTEM))
        self.is_up = False
        self._lowering = {
            d.LoadClasses: self._load_classes,
            d.Execute: self.execution.execute,
            d.NewObjects: self.allocation.lower,
        }
        self._lowering |= dict.fromkeys(_CALLS, self._native)
        self._lowering |= dict.fromkeys(_DIRECT, lambda demand: (Below(demand),))
        self._lowering[d.Lock] = lambda demand: (self.threads.lock(demand),)
        self._lowering[d.Unlock] = lambda demand: (self.threads.unlock(demand),)
        self._lowering[d.StartThreads] = self.threads.start_more
        self._lowering[d.Exit] = lambda demand: (self._into_native(), End())
        self._lowering[d.Sleep] = lambda demand: (self._into_native(), self.threads.sleep(demand))
        self._lowering[d.ReceiveRequest] = lambda demand: (*self.threads.looks(), *self._native(demand))

    # ---- the other verbs

    def parts(self) -> tuple[Part, ...]:
        """One process, whose programs are kept apart by the rules of their language alone."""
        return (Part("process", faces="bytecode", code="process_lines_count"),)

    def services(self) -> tuple[Service, ...]:
        """Compilers, the thread that carries out operations of the whole machine, the collector's workers, and those
        that are hardly ever awake."""
        threads = {f"{compiler}-compiler": count for compiler, count in self.compiler_threads.items()}
        threads |= self.collection.services()
        threads |= dict.fromkeys((*HOUSEKEEPING, *self.collection.HOUSEKEEPING), 1)
        if self.compiler_threads and self.parameters.sweeper_threads_count:
            threads["sweeper"] = int(self.parameters.sweeper_threads_count)
        return tuple(service for name, count in threads.items() for service in _team(name, count))

    def carriers(self) -> Carriers | None:
        """What carries its programs' threads, where these are not the system's."""
        return self.threads.carriers()

    def thread_start(self) -> Iterable[Step]:
        """What it takes to make a thread."""
        return self.threads.start()

    def start(self, figures: Mapping[str, float], bursts: Sequence[tuple[float, float]] = WHOLE) -> Iterable[Step]:
        """The start of its process, and what it does before a program's first class."""
        yield from super().start(figures, bursts)
        opened = Opened(
            len(self.services()),
            self._initial_bytes * self.parameters.heap_table_ratio,
            self.parameters.get(f"{self.collector}_start_faults_count", 0.0),
            self.collection.ARCHIVED_OBJECTS,
        )
        yield from self._classes.start(opened, {name: self._ready(name) for name in self.compiler_threads})

    def grows_bytes(self) -> float:
        """What of the heap has never been touched."""
        return max(0.0, self.heap.size_bytes - self.heap.touched_bytes - self.heap.old_touched_bytes)

    def _load(self, image: d.File, start_bytes: int, size_bytes: int) -> Iterable[Step]:
        """Libraries and archive are mapped, not copied."""
        return (Below(d.Read(image, start_bytes, size_bytes, mapped=True)),)

    def _ready(self, compiler: str) -> Step:
        """A compiler makes its own run-time code, in its thread."""
        work = (Use("compilation", cycles=self.parameters[f"{compiler}_start_cycles"], operations=0.0),)
        return Send(f"{compiler}-compiler", work, KICK, wait=False, forgotten=True)

    def written(self) -> tuple[float, float]:
        """Objects made, one after the other in eden, from its beginning again after each collection."""
        return (self.heap.made_bytes, self.collection.eden_bytes)

    def settings(self) -> dict[str, float | str]:
        """What it made of the processors and the memory that it sees."""
        return {
            "collector": self.collector,
            "collector_threads_count": self.collector_threads,
            "marking_threads_count": self.marking_threads if self.collection.CONCURRENT else 0,
            "compiler_threads_count": sum(self.compiler_threads.values()),
            "collector_workers_count": self.collector_threads if self.collector_threads > 1 else 0,
            "heap_most_bytes": self.heap.size_bytes,
            "heap_initial_bytes": self._initial_bytes,
        }

    # ---- classes

    def _load_classes(self, demand: d.LoadClasses) -> Iterator[Step]:
        """With the first program the virtual machine's own memory is taken."""
        footprint = (Hold(self.parameters.footprint_bytes, program=False), Require(self._up))
        yield Choice(lambda: int(self.is_up), (footprint, ()), ("the first program", "up already"))
        yield from self._classes.load(demand.program)

    def _up(self) -> str:
        """Its own start has taken one of the allocation buffers, whose rest is lost to the programs."""
        self.is_up = True
        self.heap.take(self.collection.eden_bytes / self.parameters.refills_count)
        return ""

    # ---- the system below

    def _native(self, demand: d.Demand) -> Iterable[Step]:
        return (self._into_native(), Below(demand))

    def _into_native(self) -> Use:
        return self.use("native_call", "native_call_cycles")


def _team(name: str, count: int) -> Iterator[Service]:
    """Threads that drain one queue together; as many items as come find room."""
    for number in range(1, count + 1):
        yield Service(name if count == 1 else f"{name}-{number}", queue=name, capacity=sys.maxsize, serial=True)


LAYER = JavaVirtualMachine
