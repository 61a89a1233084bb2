"""A shell script that visits many files, several times at once: appends a line to each, or has each read by a program.

One operation: a group of files visited by one of the scripts. All scripts visit the same files in the same order, in
one container if there is one; the files came with its image and are in memory. A visit is the shell's own work, calls,
names looked up by paths of so many components, and either a line appended or programs started that read the file.
"""

from __future__ import annotations

from simulator.demands import Compute, Demand, File, Read, Sleep, StartProcess, SystemCall, Together, Write
from simulator.parameters import Parameter
from simulator.workloads.base import Demands, Program, ThreadPlan


class FileScript(Program):
    """Some scripts at once."""

    PARAMETERS = (
        Parameter("instances_count", "count", "scripts at once"),
        Parameter("files_count", "count", "files that each visits"),
        Parameter("groups_count", "count", "groups of files that are simulated as one operation"),
        Parameter("file_bytes", "bytes", "mean size of a file"),
        Parameter("file_directories_count", "count", "directories for a file, beyond those that hold many"),
        Parameter("visit_cycles", "cycles", "user cycles of the shell for a file"),
        Parameter("visit_calls_count", "count", "calls without names for a file"),
        Parameter("visit_lookups_count", "count", "names looked up for a file, by the shell and by programs"),
        Parameter("lookup_components_count", "count", "components of such a name's path"),
        Parameter("visit_processes_count", "count", "programs started for a file"),
        Parameter("visit_wait_s", "s", "waits until processors are awake for these programs"),
        Parameter("append_bytes", "bytes", "appended to a file; 0: it is read"),
        Parameter("read_unit_bytes", "bytes", "data that one call reads"),
        Parameter("working_set_bytes", "bytes", "what the shell wants to find in the cache"),
    )
    WHOLE = True
    COUNTS = ("compute", "process", "system_call", "page_cache", "copy")

    def threads(self) -> list[ThreadPlan]:
        """The scripts."""
        names = [f"script-{number}" for number in range(int(self.parameters.instances_count))]
        return [ThreadPlan(name, self._script(name), self.parameters.working_set_bytes) for name in names]

    def warm_files(self) -> tuple[File, ...]:
        """All of them."""
        return tuple(self._files(group) for group in range(int(self.parameters.groups_count)))

    def _files(self, group: int) -> File:
        """The files of a group, as one."""
        files = self.parameters.files_count / self.parameters.groups_count
        size_bytes = max(1, int(self.parameters.file_bytes * files))
        directories = self.parameters.file_directories_count * files
        name = self.context.path(f"files-{group}")
        return File(name, size_bytes, size_bytes, shipped=True, pieces=files, directories=directories)

    def _script(self, name: str) -> Demands:
        for group in range(int(self.parameters.groups_count)):
            start_s = self.context.now
            yield Together(tuple(demand for demand in self._visits(self._files(group)) if demand.count))
            if self.parameters.visit_wait_s:
                yield Sleep(self.parameters.visit_wait_s * self._files(group).pieces)
            self.context.done(name, "files", start_s)

    def _visits(self, files: File) -> tuple[Demand, ...]:
        """The work on a group, interleaved."""
        parameters, count = self.parameters, files.pieces
        calls = -(-parameters.file_bytes // parameters.read_unit_bytes) * count
        append_bytes = parameters.append_bytes * count
        data: Demand = Read(files, 0, files.size_bytes, calls=calls)
        if append_bytes:
            data = Write(append_bytes, calls=count, kept=False, file=files)
        return (
            StartProcess("exec", count=parameters.visit_processes_count * count),
            data,
            SystemCall("null", count=parameters.visit_calls_count * count),
            SystemCall("stat", parameters.lookup_components_count, count=parameters.visit_lookups_count * count),
            Compute(count=parameters.visit_cycles * count),
        )

    def value(self, operations: float, elapsed_s: float) -> float:
        """Seconds until the last one is done."""
        return elapsed_s


PROGRAM = FileScript
