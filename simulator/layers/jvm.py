"""A Java virtual machine (HotSpot): a program of a system that runs class files, the same ones everywhere.

Scope and limits: the heap has its largest size from the start, but takes memory only as it is touched. A group of
methods is installed as a whole. All methods of a program have a body of the same length, so that none is too long to be
compiled (8000 bytes). What is queued never gets stale, nor is it profiled by the interpreter while it waits for C1. The
code cache is one, not three segments; code that is dropped from it when it is full is the coldest. What G1 copies to
empty old regions, and the price of write barriers, are not charged apart. Programs that share a virtual machine share
its heap and threads, not their classes; what one of them kept stays until the machine ends. Threads: see
``_jvm_threads``.

Mechanism (paid by the calling thread unless said otherwise):
    start, thread_start counted: its process and its own threads, see ``_jvm_classes``
    class_loading       counted: classes are found in the archive of shared classes, or read from their jar or the JDK's
                        modules, parsed and checked; ``class_linking`` is what follows before their first use
    interpretation      emergent: useful are the cycles of C2's steady code; what the interpreter takes beyond that
    unoptimized_code    emergent: the same for C1's code, with or without profiling, and for C2's without a profile
    compilation         emergent: a group of methods, or a loop in mid-invocation, that reaches HotSpot's thresholds
                        goes into the queue of a compiler, whose threads compete for the processors; once it is
                        installed everything in flight goes on with the new code. With ``-Xcomp`` the caller waits
    deoptimization      emergent: C2's code meets what its profile had not shown: the frame becomes the interpreter's,
                        and the methods rise anew
    collection          emergent: eden is full; the program's threads stop while the collector and its workers copy or
                        move what lives. G1 marks beside the program
    thread_start        counted: a thread of Java is made, its stack touched
    thread_switch       emergent: a green or virtual thread that had waited goes on
    native_call         counted: the way to a call of the system below and back; the call itself passes unchanged

Parameters: see ``PARAMETERS``. Structure: ``mode`` (``tiered``, or one kind of code only; with ``-first`` a method is
compiled at its first invocation, as by ``-Xcomp``), ``sharing`` of classes by an archive (``application``: the
program's as well, ``linked``: all of them and linked), ``collector`` (``automatic``: by HotSpot's rule from what the
virtual machine sees). Limits ``heap``, ``code_cache`` and ``processors`` (that it counts on, instead of those that it
sees).

Validation: none.

References: openjdk, dacapochopin, measured2026, threads2026, jdk11solaris, jep444.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from simulator import demands as d
from simulator.layers import _jvm_ergonomics as ergonomics
from simulator.layers._jvm_classes import HOUSEKEEPING, HOUSEKEEPING_G1, SHARING, Classes, Opened
from simulator.layers._jvm_execution import Execution
from simulator.layers._jvm_figures import MECHANISMS, PARAMETERS
from simulator.layers._jvm_heap import Heap
from simulator.layers._jvm_policy import MODES
from simulator.layers._jvm_threads import GREEN, SYSTEM, VIRTUAL, Threads
from simulator.layers.base import Carriers, Place, Service, TableLayer
from simulator.steps import Below, Change, Choice, Freeze, Hold, Progress, Require, Send, Step, Use

_CALLS = (
    d.SystemCall, d.StartProcess, d.KeepProcess, d.Allocate, d.Free, d.Map, d.Create, d.Delete, d.Read, d.Write,
    d.DirectTransfer, d.WriteThrough, d.SendData, d.ReceiveData, d.ReceiveRequest, d.Post, d.Fetch, d.Sleep,
)  # fmt: skip
"""What a Java program asks the system for in native code."""
_DIRECT = (d.Compute, d.AccessMemory, d.Fault, d.Lock, d.Unlock)
"""What its code does without leaving it."""


class JavaVirtualMachine(TableLayer):
    """One virtual machine: a process with a heap, and threads of its own."""

    OFFERS = "bytecode"
    NEEDS = "system"
    PARAMETERS = PARAMETERS
    MECHANISMS = MECHANISMS
    STRUCTURE = {
        "mode": tuple(MODES),
        "sharing": SHARING,
        "collector": ("automatic", ergonomics.SERIAL, ergonomics.PARALLEL, ergonomics.G1),
        "threads": (SYSTEM, GREEN, VIRTUAL),
    }
    FREEZES = True
    LIMITS = {"heap": "bytes", "code_cache": "bytes", "processors": "count"}
    SETTINGS = {
        "collector": ("", "the collector of the heap"),
        "collector_threads_count": ("count", "threads that collect in a pause"),
        "marking_threads_count": ("count", "threads that mark beside the program"),
        "compiler_threads_count": ("count", "threads that compile, those of all compilers"),
        "collector_workers_count": ("count", "threads that help it to collect in a pause; none where it is alone"),
        "heap_most_bytes": ("bytes", "the heap at its largest"),
        "heap_initial_bytes": ("bytes", "the heap that its start prepares"),
    }
    CONTROL = frozenset({"limit-memory", "package"})

    def __init__(
        self, parameters: Mapping[str, float], structure: Mapping[str, str] | None = None, place: Place | None = None
    ) -> None:
        super().__init__(parameters, structure, place)
        mode, asked = self.structure.get("mode", "tiered"), self.structure.get("collector", "automatic")
        self.collector = ergonomics.collector(self.parameters, self.place, asked)
        self.collector_threads = ergonomics.collector_threads(self.parameters, self.place, self.collector)
        self.marking_threads = ergonomics.marking_threads(self.parameters, self.collector_threads)
        self.compiler_threads = ergonomics.compiler_threads(self.parameters, self.place, MODES[mode].compilers)
        limits = self.place.limits
        self.execution = Execution(self.parameters, mode, self.compiler_threads, limits, self._kick())
        heap_bytes = ergonomics.heap_bytes(self.parameters, self.place)
        self.heap = Heap(self.parameters, heap_bytes, self.collector, self.marking_threads)
        self._classes = Classes(self.parameters, self.place, self.structure.get("sharing", "on"))
        self.threads = Threads(self.parameters, self.place, self.structure.get("threads", SYSTEM))
        self.is_up = False
        self._lowering = {
            d.LoadClasses: self._load_classes,
            d.Execute: self.execution.execute,
            d.NewObjects: self._new_objects,
        }
        self._lowering |= dict.fromkeys(_CALLS, self._native)
        self._lowering |= dict.fromkeys(_DIRECT, lambda demand: (Below(demand),))
        self._lowering[d.Sleep] = lambda demand: (self._into_native(), self.threads.sleep(demand))
        self._lowering[d.ReceiveRequest] = lambda demand: (*self.threads.looks(), *self._native(demand))

    # ---- the other verbs

    def services(self) -> tuple[Service, ...]:
        """Compilers, the thread that carries out operations of the whole machine, the collector's workers, and those
        that are hardly ever awake."""
        threads = {f"{compiler}-compiler": count for compiler, count in self.compiler_threads.items()}
        threads["collector"] = 1
        if self.collector_threads > 1:
            threads["collector-worker"] = self.collector_threads
        if self.collector == ergonomics.G1:
            threads["marking"] = self.marking_threads
            threads |= dict.fromkeys(HOUSEKEEPING_G1, 1)
        threads |= dict.fromkeys(HOUSEKEEPING, 1)
        if self.compiler_threads and self.parameters.sweeper_threads_count:
            threads["sweeper"] = int(self.parameters.sweeper_threads_count)
        return tuple(service for name, count in threads.items() for service in _team(name, count))

    def carriers(self) -> Carriers | None:
        """What carries its programs' threads, where these are not the system's."""
        return self.threads.carriers()

    def thread_start(self) -> Iterable[Step]:
        """What it takes to make a thread."""
        return self.threads.start()

    def start(self, figures: Mapping[str, float]) -> Iterable[Step]:
        """The start of its process, and what it does before a program's first class."""
        yield from super().start(figures)
        opened = Opened(
            len(self.services()),
            ergonomics.initial_heap_bytes(self.parameters, self.place) * self.parameters.heap_table_ratio,
            self.parameters.get(f"{self.collector}_start_faults_count", 0.0),
            self.collector == ergonomics.G1,
        )
        yield from self._classes.start(opened, {name: self._ready(name) for name in self.compiler_threads})

    def _load(self, image: d.File) -> Iterable[Step]:
        """Libraries and archive are mapped, not copied."""
        return (Below(d.Read(image, 0, image.size_bytes, mapped=True)),)

    def _ready(self, compiler: str) -> Step:
        """A compiler makes its own run-time code, in its thread."""
        work = (Use("compilation", cycles=self.parameters[f"{compiler}_start_cycles"], operations=0.0),)
        return Send(f"{compiler}-compiler", work, self._kick(), wait=False, forgotten=True)

    def settings(self) -> dict[str, float | str]:
        """What it made of the processors and the memory that it sees."""
        return {
            "collector": self.collector,
            "collector_threads_count": self.collector_threads,
            "marking_threads_count": self.marking_threads if self.collector == ergonomics.G1 else 0,
            "compiler_threads_count": sum(self.compiler_threads.values()),
            "collector_workers_count": self.collector_threads if self.collector_threads > 1 else 0,
            "heap_most_bytes": self.heap.size_bytes,
            "heap_initial_bytes": ergonomics.initial_heap_bytes(self.parameters, self.place),
        }

    # ---- classes

    def _load_classes(self, demand: d.LoadClasses) -> Iterator[Step]:
        """With the first program the virtual machine's own memory is taken."""
        footprint = (Hold(self.parameters.footprint_bytes, program=False), Require(self._up))
        yield Choice(lambda: int(self.is_up), (footprint, ()), ("the first program", "up already"))
        yield from self._classes.load(demand.program)

    def _up(self) -> str:
        self.is_up = True
        return ""

    # ---- the heap

    def _new_objects(self, demand: d.NewObjects) -> Iterator[Step]:
        """Objects in eden; where it is full the collector is asked, and waited for."""
        heap, program, live_bytes = self.heap, demand.program, demand.live_bytes
        heap.passing[program], heap.tenured[program] = demand.passing_bytes, demand.tenured_ratio
        size_bytes = demand.size_bytes
        if heap.fresh:
            yield Hold(size_bytes, program=False)
            yield Below(d.Fault(count=size_bytes / self.place.page_bytes))
        yield Progress(lambda: heap.begin(program, live_bytes, size_bytes), lambda count: heap.end(count * size_bytes))
        collection = Send("collector", (Choice(heap.kind, self._collections(), _KINDS),), self._kick())
        options = ((), (collection,), self._kept(program, live_bytes))
        labels = ("there is room", "eden is full", "the program's first objects")
        yield Choice(lambda: heap.state(program, live_bytes), options, labels)

    def _kept(self, program: str, live_bytes: float) -> tuple[Step, ...]:
        """Before its first object: whether what the program keeps will fit, and memory for that."""
        heap = self.heap
        more_bytes = live_bytes - heap.live.get(program, 0.0)
        return (
            Require(lambda: heap.refusal(program, live_bytes)),
            Hold(more_bytes),
            Change(lambda: heap.keep(program, live_bytes)),
        )

    def _collections(self) -> tuple[tuple[Step, ...], ...]:
        """A pause of each kind; where live data have arrived, later objects are made under other rules."""
        parameters, heap = self.parameters, self.heap
        arriving_bytes = heap.arriving_bytes
        survivors = heap.surviving_bytes * parameters.copy_cycles_per_byte
        arrival = (
            Below(d.Fault(count=arriving_bytes / self.place.page_bytes)),
            *self._divided(survivors + arriving_bytes * parameters.copy_cycles_per_byte),
        )
        alone = self.collector_threads == 1
        compact_cycles = parameters.compact_cycles_per_byte if alone else parameters.parallel_compact_cycles_per_byte
        return (
            (),
            self._pause(self._divided(survivors), Require(_noted(heap.young))),
            self._pause(arrival, Change(heap.young)),
            self._pause(self._divided(heap.live_bytes * compact_cycles), Change(heap.full)),
        )

    def _pause(self, work: tuple[Step, ...], over: Step) -> tuple[Step, ...]:
        stop = Use("collection", cycles=self.parameters.pause_cycles)
        cycles = self.heap.live_bytes * self.parameters.mark_cycles_per_byte / self.marking_threads
        mark = (Use("collection", cycles=cycles, operations=0.0), Require(self.heap.marked))
        marking = (Send("marking", mark, self._kick(), wait=False, forgotten=True),) * self.marking_threads
        begins = Choice(self.heap.begin_marking, ((), marking), ("old objects have room", "marking begins"))
        concurrent = (begins,) if self.collector == ergonomics.G1 else ()
        return (Freeze(True), stop, *work, over, Freeze(False), *concurrent)

    def _divided(self, cycles: float) -> tuple[Step, ...]:
        """Work of the collector's threads, waited for: at the last part the window lets none of them be under way."""
        threads = self.collector_threads
        part = (Use("collection", cycles=cycles / threads, operations=0.0),)
        if threads == 1:
            return part
        last = Send("collector-worker", part, self._kick(), wait=False, size_bytes=1.0)
        return (*(replace(last, window_bytes=float("inf")),) * (threads - 1), last)

    # ---- the system below

    def _kick(self) -> tuple[Step, ...]:
        """A sleeping thread of the virtual machine is woken by a call of the system."""
        return (Below(d.SystemCall("null"), own=True),)

    def _native(self, demand: d.Demand) -> Iterable[Step]:
        return (self._into_native(), Below(demand))

    def _into_native(self) -> Use:
        return self.use("native_call", "native_call_cycles")


_KINDS = ("done for another thread", "young objects", "young objects and newly kept data", "all objects")


def _team(name: str, count: int) -> Iterator[Service]:
    """Threads that drain one queue together; as many items as come find room."""
    for number in range(1, count + 1):
        yield Service(name if count == 1 else f"{name}-{number}", queue=name, capacity=sys.maxsize, serial=True)


def _noted(note: Callable[[], None]) -> Callable[[], str]:
    """Takes note of something and refuses nobody."""

    def noted() -> str:
        note()
        return ""

    return noted


LAYER = JavaVirtualMachine
