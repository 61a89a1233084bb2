"""What a Java virtual machine's layer needs to know, and the reasons for its costs: declarations only."""

from __future__ import annotations

from collections.abc import Iterator

from simulator.layers.base import Mechanism
from simulator.parameters import Parameter

_COUNTERS = {"interpreter": "the interpreter", "limited": "C1's code with counters", "c1": "profiled code"}
_TIERS = {"tier3": ("the interpreter", "C1"), "tier4": ("profiled code", "C2")}


def _notices() -> Iterator[Parameter]:
    """How often counters are looked at."""
    for counter, code in _COUNTERS.items():
        name = f"{counter}_notice"
        yield Parameter(
            f"{name}_invocations_count", "count", f"invocations in {code} between two looks at the counters"
        )
        yield Parameter(f"{name}_back_edges_count", "count", f"back edges in {code} between two looks at the counters")


def _thresholds() -> Iterator[Parameter]:
    """HotSpot's rule: i > invocations, or i > least and i + b > both, or b > back edges; all times the load."""
    for tier, (code, compiler) in _TIERS.items():
        to = f"for {compiler} to compile it"
        yield Parameter(f"{tier}_invocations_count", "count", f"invocations of a method in {code} {to}")
        yield Parameter(
            f"{tier}_least_invocations_count", "count", f"invocations at least, with the loops counted, {to}"
        )
        yield Parameter(f"{tier}_both_count", "count", f"invocations and back edges together {to}")
        yield Parameter(f"{tier}_back_edges_count", "count", f"back edges of a method in {code} {to} in mid-loop")
        yield Parameter(
            f"{tier}_load_count", "count", f"methods queued per {compiler} thread that double its thresholds"
        )


_REFERENCES = (
    Parameter("reference_cycles", "cycles", "a dead object with a finalizer or cleaner put into its queue",
              "finalization"),
    Parameter("finalizer_cycles", "cycles", "its finalizer or cleaner, the call of the system apart", "finalization"),
)  # fmt: skip


def _threads() -> Iterator[Parameter]:
    """What a thread of Java costs, by what it is."""
    for kind, name in (("system", "of the system"), ("green", "green"), ("virtual", "virtual")):
        only = f"threads={kind}"
        yield Parameter(
            f"{kind}_start_cycles",
            "cycles",
            f"a thread ({name}) made, started and ended, its faults apart",
            "thread_start",
            only=only,
        )
        yield Parameter(f"{kind}_stack_bytes", "bytes", f"stack and records of a thread ({name}) that waits", only=only)
        if kind != "system":
            yield Parameter(
                f"{kind}_switch_cycles",
                "cycles",
                f"a thread ({name}) gives its carrier up and goes on on one later",
                "thread_switch",
                only=only,
            )
            yield Parameter(
                f"{kind}_looks_count",
                "count",
                f"calls of the system before a thread ({name}) waits for "
                "the network: a read that finds nothing, and telling whoever looks for all",
                only=only,
            )


_CODE = (
    Parameter("c2_cycles", "cycles", "one bytecode in C2's code: the program's own work"),
    Parameter("interpreter_cycles", "cycles", "what the interpreter takes longer for one bytecode", "interpretation"),
    Parameter("c1_cycles", "cycles", "what C1's code without profiling takes longer", "unoptimized_code"),
    Parameter("profiling_cycles", "cycles", "what full profiling adds to C1's code", "unoptimized_code"),
    Parameter("unlinked_cycles", "cycles", "what C1's code takes longer where it was made before the classes that it "
              "uses were loaded", "unoptimized_code"),
    Parameter("unprofiled_cycles", "cycles", "what C2's code takes longer where nothing had been profiled",
              "unoptimized_code"),
    Parameter("deoptimization_cycles", "cycles", "one method's C2 code given up in mid-invocation: its frame made one "
              "of the interpreter's", "deoptimization"),
    Parameter("deoptimization_delay_ratio", "ratio", "invocations of C2's code until it meets what its profile had not "
              "shown, over those that had been profiled"),
    Parameter("groups_count", "count", "groups into which a program's methods are put by how hot they are"),
    Parameter("body_bytecodes_count", "count", "bytecodes of a method, and of one round of a loop: an invocation that "
              "executes more loops"),
    Parameter("huge_method_bytecodes_count", "count", "bytecodes of a method above which it is never compiled"),
    Parameter("trivial_ratio", "ratio", "part of the methods that only read, write or return something: C1's plain "
              "code is the end of them"),
    Parameter("trivial_bytecodes_count", "count", "bytecodes of such a method's body"),
    Parameter("c1_compile_cycles", "cycles", "C1's work for one bytecode of a method", "compilation"),
    Parameter("c2_compile_cycles", "cycles", "C2's work for one bytecode of a method or of what it inlines there",
              "compilation"),
    Parameter("inlined_ratio", "ratio", "bytecodes that C2 compiles for each of a method's own, at most"),
    Parameter("unprofiled_inlined_ratio", "ratio", "the same where nothing had been profiled"),
    Parameter("c1_code_bytes", "bytes", "C1's code for one bytecode"),
    Parameter("profiled_code_bytes", "bytes", "the same with full profiling"),
    Parameter("c2_code_bytes", "bytes", "C2's code for one bytecode of a method or of what it inlines there"),
    Parameter("code_cache_bytes", "bytes", "memory for compiled code where there is one compiler"),
    Parameter("tiered_code_cache_bytes", "bytes", "the same with both"),
    Parameter("own_code_bytes", "bytes", "of it the virtual machine's own: interpreter, adapters, stubs"),
    Parameter("code_cache_pressure_ratio", "ratio", "occupied part of it above which C1's thresholds rise"),
    Parameter("compiler_threads_least_count", "count", "compiler threads at least"),
    Parameter("compiler_threads_ratio", "ratio", "compiler threads over log n times log log n of n processors"),
    Parameter("c1_threads_ratio", "ratio", "part of the compiler threads that run C1"),
    Parameter("profiling_start_ratio", "ratio", "part of C2's thresholds at which the interpreter begins to profile "
              "where there is no C1"),
    Parameter("tier3_delay_on_count", "count", "methods queued per C2 thread above which C1 makes level 2 of them"),
    Parameter("tier3_delay_off_count", "count", "the same, down to which level 2 is compiled again with profiling"),
    *_notices(),
    *_thresholds(),
)  # fmt: skip

_START = (
    Parameter("start_faults_count", "count", "pages that its libraries, code and own data touch at its start"),
    Parameter("archive_faults_count", "count", "pages of the archive of classes that are touched as it is mapped"),
    Parameter("parallel_start_faults_count", "count", "pages that the parallel collector touches at its start"),
    Parameter("g1_start_faults_count", "count", "pages that G1 touches at its start"),
    Parameter("heap_table_ratio", "ratio", "tables beside the heap that are cleared at its start, over the heap"),
    Parameter("service_thread_cycles", "cycles", "one thread of its own made", "thread_start"),
    Parameter("service_thread_faults_count", "count", "pages that a new thread touches"),
    Parameter("sweeper_threads_count", "count", "threads that look for compiled code which is no longer needed"),
    Parameter("vm_classes_count", "count", "classes that the virtual machine loads at its own start", "class_loading"),
    Parameter("start_methods_count", "count", "methods that its start executes"),
    Parameter("start_skew_ratio", "ratio", "exponent of Zipf's law by which these are hot"),
    Parameter("start_bytecodes_count", "count", "bytecodes that its start executes"),
    Parameter("graph_bytecodes_count", "count", "further ones, where the graph of its modules is not in the archive or "
              "its collector cannot take it from there"),
    Parameter("c1_start_cycles", "cycles", "C1 made ready, in its thread", "compilation"),
    Parameter("c2_start_cycles", "cycles", "C2 made ready, in its thread", "compilation"),
    Parameter("footprint_bytes", "bytes", "memory of the virtual machine itself, its heap apart"),
)  # fmt: skip

_CLASSES = (
    Parameter("class_cycles", "cycles", "one class of the JDK read from its modules and parsed", "class_loading"),
    Parameter("class_faults_count", "count", "pages touched for it"),
    Parameter("application_class_cycles", "cycles", "one class of a program parsed and checked", "class_loading"),
    Parameter("application_class_faults_count", "count", "pages touched for it"),
    Parameter("archived_class_cycles", "cycles", "one class taken from the archive of shared classes", "class_loading"),
    Parameter("link_cycles", "cycles", "one class linked, its constants resolved, and initialized", "class_linking"),
    Parameter("linked_class_cycles", "cycles", "what is left of that for a class that lies linked in the archive",
              "class_linking", only="sharing=linked"),
    Parameter("loader_bytecodes_count", "count", "bytecodes in which the class loader finds and unpacks a class"),
    Parameter("loader_methods_count", "count", "methods of the class loader"),
    Parameter("class_file_bytes", "bytes", "one class in its jar file"),
    Parameter("archived_class_bytes", "bytes", "one class in the archive"),
    Parameter("read_unit_bytes", "bytes", "read-ahead of the system on these files"),
    Parameter("native_call_cycles", "cycles", "from Java code into native code and back, arguments handed over",
              "native_call"),
)  # fmt: skip

_HEAP = (
    Parameter("heap_ratio", "ratio", "heap at most, as a part of the memory it sees"),
    Parameter("small_heap_ratio", "ratio", "the same where memory is small"),
    Parameter("small_heap_bytes", "bytes", "memory is small where its small part is less than this"),
    Parameter("server_processors_count", "count", "processors of a machine on which G1 is chosen, at least"),
    Parameter("server_memory_bytes", "bytes", "memory of a machine on which G1 is chosen, at least"),
    Parameter("collector_threads_all_count", "count", "processors that each get a collector thread"),
    Parameter("collector_threads_ratio", "ratio", "collector threads for each further processor"),
    Parameter("workers_per_thread_count", "count", "collector threads that work for each thread that makes objects"),
    Parameter("workers_least_count", "count", "collector threads that work, at least, if there are so many"),
    Parameter("worker_heap_bytes", "bytes", "heap that is worth a collector thread's work"),
    Parameter("marking_threads_ratio", "ratio", "threads that mark beside the program, over collector threads"),
    Parameter("initial_heap_ratio", "ratio", "heap at the start, as a part of the memory it sees"),
    Parameter("initial_heap_least_bytes", "bytes", "heap at the start, at least"),
    Parameter("free_wanted_ratio", "ratio", "part of the heap that is to be free after a full collection, or it grows"),
    Parameter("free_least_ratio", "ratio", "part of the heap that must be free for new objects after one"),
    Parameter("refills_count", "count", "buffers that a thread fills between two collections"),
    Parameter("fresh_page_cycles", "cycles", "a page of the heap touched for the first time, beyond the system's "
              "fault: its memory is in no cache", "allocation"),
    Parameter("refill_cycles", "cycles", "a thread gets another buffer for its objects", "allocation"),
    Parameter("target_survivor_ratio", "ratio", "part of a survivor space that is to be full of what is not old yet"),
    Parameter("tenuring_count", "count", "collections that an object survives, at most, until it is promoted"),
    Parameter("new_ratio_count", "count", "old generation over young (serial, parallel)"),
    Parameter("survivor_ratio_count", "count", "eden over one survivor space (serial); young regions over those of "
              "survivors (G1)"),
    Parameter("promotion_weight_ratio", "ratio", "weight of a new value in the mean of what is promoted (serial, "
              "parallel)"),
    Parameter("promotion_padding_count", "count", "mean deviations that are added to it (serial, parallel)"),
    Parameter("stop_cycles", "cycles", "from a request until the last thread has stopped, and letting them go",
              "collection"),
    Parameter("pause_cycles", "cycles", "roots looked through, and what else each pause takes", "collection"),
    Parameter("worker_cycles", "cycles", "what a worker takes for each pause: it is woken, finds no more work, ends",
              "collection"),
    Parameter("copy_cycles_per_byte", "cycles", "a live byte found and copied by a young collection", "collection"),
    Parameter("compact_cycles_per_byte", "cycles", "a live byte marked and moved by a full collection of one thread",
              "collection"),
    Parameter("parallel_compact_cycles_per_byte", "cycles", "the same by one of several threads", "collection"),
    Parameter("mark_cycles_per_byte", "cycles", "a live byte marked beside the program (G1, Z)", "collection"),
    Parameter("loads_ratio", "ratio", "part of the bytecodes that read a reference from the heap", "barrier"),
    Parameter("stores_ratio", "ratio", "part of the bytecodes that overwrite one", "barrier"),
)  # fmt: skip

PARAMETERS = (*_CODE, *_START, *_CLASSES, *_HEAP, *_threads(), *_REFERENCES)

MECHANISMS = {
    "class_loading": Mechanism("classes are taken from the archive, or read, parsed and checked"),
    "class_linking": Mechanism("classes are linked and initialized before their first use"),
    "interpretation": Mechanism("what interpreted bytecodes take beyond C2's code", "emergent"),
    "unoptimized_code": Mechanism("what C1's code, or C2's without a profile, takes beyond C2's", "emergent"),
    "compilation": Mechanism("a compiler's thread compiles methods that were invoked often", "emergent"),
    "deoptimization": Mechanism(
        "C2's code meets what its profile had not shown: the method is interpreted again, and compiled anew", "emergent"
    ),
    "allocation": Mechanism("a thread's buffer for new objects is full; it gets another one"),
    "barrier": Mechanism("references are read or written in another way while a collector works", "emergent"),
    "collection": Mechanism("live objects are found and moved, in a pause or (marking) beside the program", "emergent"),
    "finalization": Mechanism("dead objects with finalizers or cleaners are handed on and seen to", "emergent"),
    "thread_start": Mechanism("a thread of Java, or of the virtual machine itself, is made and started"),
    "thread_switch": Mechanism("a thread that gave its carrier up goes on on one (green, virtual)", "emergent"),
    "native_call": Mechanism("the way from Java code to the system's calls and back"),
}
