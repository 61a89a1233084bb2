"""How a virtual machine comes up, and how it gets at classes.

A start is that of a process, whose libraries are linked; of the machine within it, which makes its heap, its threads,
and the code of its interpreter; of some four hundred classes of its own; and of the first bytecodes, which no compiler
has seen yet. A class of the JDK is found in the archive of shared classes, ready but for its links, or it is read from
the JDK's modules and parsed. A class of a program comes from its jar: the class loader, itself in bytecode, finds and
unpacks it, the machine parses and checks it. An archive with the program's own classes saves all that, a cache with
linked classes the links as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from simulator import demands as d
from simulator.layers._jvm_references import FINALIZER, HANDLER
from simulator.layers.base import Place
from simulator.parameters import Parameters
from simulator.steps import Ask, Below, Step, Use

SHARING = ("on", "off", "application", "linked")
"""Whose classes are in the archive: the JDK's, nobody's, the program's as well, all of them and linked."""


HOUSEKEEPING = (
    "launcher", HANDLER, FINALIZER, "signal-dispatcher", "service", "monitor-deflation", "notification",
    "periodic", "cleaner",
)  # fmt: skip
"""Threads that every HotSpot has from its start; most sleep. The launcher waits for the end."""


class Opened(NamedTuple):
    """What the machine has set up by the time its start is told.

    Attributes:
        threads: threads of its own.
        table_bytes: tables beside the heap that are cleared at its start.
        collector_faults: pages that its collector touches at its start beyond those of the serial one.
        has_graph: whether its collector takes objects from the archive, the graph of modules among them.
    """

    threads: int
    table_bytes: float
    collector_faults: float
    has_graph: bool


class Classes:
    """Start and classes of one virtual machine.

    Args:
        parameters: the layer's numbers.
        place: where it stands.
        sharing: one of ``SHARING``.
    """

    def __init__(self, parameters: Parameters, place: Place, sharing: str) -> None:
        self.parameters, self.place, self.sharing = parameters, place, sharing

    # ---- the machine itself

    def start(self, opened: Opened, compilers: Mapping[str, Step]) -> Iterator[Step]:
        """After its process is there: memory, threads, its own classes, and what it executes of them.

        Args:
            opened: what it sets up.
            compilers: for each compiler the order to get ready, which nobody waits for.
        """
        parameters = self.parameters
        yield Below(d.StartProcess("exec"))
        yield Below(d.Fault(count=self._faults(opened)))
        yield Use("thread_start", cycles=opened.threads * parameters.service_thread_cycles, operations=opened.threads)
        yield from compilers.values()
        yield from self._classes(parameters.vm_classes_count, 0.0, "")
        archived_graph = opened.has_graph and self.sharing != "off"
        bytecodes = parameters.start_bytecodes_count + (0.0 if archived_graph else parameters.graph_bytecodes_count)
        yield Ask(d.Execute(self._own("start", parameters.start_methods_count), count=bytecodes))

    def _faults(self, opened: Opened) -> float:
        """Pages touched for the first time: its own, its threads', its heap's tables, its archive's."""
        parameters = self.parameters
        tables = opened.table_bytes / self.place.page_bytes
        threads = opened.threads * parameters.service_thread_faults_count
        archive = 0.0 if self.sharing == "off" else parameters.archive_faults_count
        return parameters.start_faults_count + tables + threads + archive + opened.collector_faults

    def _own(self, name: str, methods: float) -> d.Portable:
        """Code of the JDK, as a program."""
        parameters = self.parameters
        return d.Portable(
            f"{self.place.path}:{name}", int(methods), parameters.start_skew_ratio, parameters.body_bytecodes_count, 0
        )

    # ---- programs

    def load(self, program: d.Portable) -> Iterator[Step]:
        """A program's classes, the JDK's own among them; its class loader works through its jar."""
        library = program.classes_count * program.library_ratio
        own = program.classes_count - library
        yield from self._classes(library, own, program.name)
        if own and self.sharing in ("on", "off"):
            loader = self._own("loader", self.parameters.loader_methods_count)
            yield Ask(d.Execute(loader, count=own * self.parameters.loader_bytecodes_count))

    def _classes(self, library: float, own: float, program: str) -> Iterator[Step]:
        """So many of the JDK and of a program: found in the archive or parsed, then linked."""
        parameters = self.parameters
        archived = {"on": library, "off": 0.0}.get(self.sharing, library + own)
        if archived:
            yield self._mapped("archive", archived * parameters.archived_class_bytes)
            yield Use("class_loading", cycles=archived * parameters.archived_class_cycles, operations=archived)
        if self.sharing == "off" and library:
            yield self._mapped("modules", library * parameters.class_file_bytes)
            yield Use("class_loading", cycles=library * parameters.class_cycles, operations=library)
            yield Below(d.Fault(count=library * parameters.class_faults_count))
        if self.sharing in ("on", "off") and own:
            jar = self._file(f"{program}.jar", own * parameters.class_file_bytes)
            yield Below(d.Read(jar, 0, jar.size_bytes))
            yield Use("class_loading", cycles=own * parameters.application_class_cycles, operations=own)
            yield Below(d.Fault(count=own * parameters.application_class_faults_count))
        name = "linked_class_cycles" if self.sharing == "linked" else "link_cycles"
        yield Use("class_linking", cycles=(library + own) * parameters[name], operations=library + own)

    def _mapped(self, name: str, size_bytes: float) -> Step:
        file = self._file(f"{self.place.product_path}:{name}", size_bytes)
        return Below(d.Read(file, 0, file.size_bytes, mapped=True))

    def _file(self, name: str, size_bytes: float) -> d.File:
        return d.File(name, max(1, int(size_bytes)), max(1, int(self.parameters.read_unit_bytes)))
