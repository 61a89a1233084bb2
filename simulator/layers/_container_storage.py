"""Where a container's files lie: what its storage adds to a demand, and what is copied before a first write.

Unions (overlay, aufs) look a name up in several layers and copy a file of the image to the top layer, whole and with
the directories that it lies in, before its first change; one file at a time in one container, while all others wait.
With each name of a path they count in something that all users of the union share: overlay takes the rights of who
mounted it and gives them back, aufs takes the lock of the whole union. That is little while one program does it, but
the counter lies in one cache line: processors that do it at the same time wait for each other (``Traffic.touches``).
A device of the container's own (device-mapper) has a file system of its own on it: what others have read is not in its
memory, and the first write to a block of the image copies the block.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil

from simulator import demands as d
from simulator.layers._container_figures import UNIONS
from simulator.layers.base import Place, Priced
from simulator.parameters import Parameters
from simulator.steps import Below, Choice, Signal, Step, Traffic, Use, Wait

MAPPER = "device-mapper"
_LABELS = ("in the top layer", "still in the image")
Written = d.Write | d.WriteThrough | d.DirectTransfer


class Storage(Priced):
    """One container's storage.

    Args:
        parameters: those of the container.
        structure: its choices.
        place: where it stands.
    """

    def __init__(self, parameters: Parameters, structure: Mapping[str, str], place: Place) -> None:
        self.parameters, self.place = parameters, place
        self.kind = structure["storage"]
        self._copied: set[tuple[str, int]] = set()

    def steps(self, demand: d.Demand) -> tuple[Step, ...]:
        """What it adds before the demand goes down; nothing on the host's own files."""
        if self.kind == "host":
            return ()
        file = demand.file if isinstance(demand, Written | d.Read) else None
        shipped = file is not None and file.shipped
        if isinstance(demand, d.DirectTransfer) and not demand.write:
            return ()
        if isinstance(demand, Written) and shipped:
            return (*self._first_write(demand, file), *self._looked_up(demand))
        if isinstance(demand, d.Read) and shipped and self.kind == MAPPER:
            return self._first_read(demand.file)
        return self._looked_up(demand)

    # ---- names

    def _looked_up(self, demand: d.Demand) -> tuple[Step, ...]:
        """A union's price of a name, and the counters that it changes."""
        if self.kind not in UNIONS:
            return ()
        touches = self._touches(demand)
        named = (self._named(demand),) if self._name(demand) else ()
        if not touches:
            return named
        traffic = Traffic(touches=touches, line=self.place.path)
        use = named[0] if named else Use("union_lookup", operations=0.0)
        return (replace(use, traffic=traffic),)

    def _named(self, demand: d.Demand) -> Use:
        return self.use("union_lookup", f"{self.kind}_{self._name(demand)}_cycles")

    def _name(self, demand: d.Demand) -> str:
        """What a demand does with a name; empty if nothing."""
        if isinstance(demand, d.Create | d.Rename | d.Delete):
            return "change"
        if isinstance(demand, d.SystemCall) and demand.name in ("stat", "open", "open_close"):
            return "lookup"
        return "exec" if isinstance(demand, d.StartProcess) and demand.kind != "fork" else ""

    def _touches(self, demand: d.Demand) -> float:
        """Writes to the busiest counter: for each name of a path; with aufs also for what is done with an open file."""
        parameters, name = self.parameters, self._name(demand)
        names = 0.0
        if isinstance(demand, d.SystemCall) and name:
            names = demand.components
        elif name:
            names = parameters.exec_components_count if name == "exec" else 1.0
        touches = names * parameters[f"{self.kind}_touches_count"]
        if self.kind == "aufs":
            calls = demand.calls if isinstance(demand, d.Read | d.Write) else float(bool(name))
            touches += calls * parameters.aufs_call_touches_count
            if isinstance(demand, d.Write):
                touches += calls * parameters.aufs_write_touches_count
        return touches

    # ---- first writes and reads

    def _first_write(self, demand: Written, file: d.File | None) -> tuple[Step, ...]:
        """What is written lies in the image until it has been copied: the file, or the block of a block device."""
        assert file is not None
        start_bytes, copy = self._blocks(demand, file) if self.kind == MAPPER else (0, self._whole(file))
        lock = f"copy up in {self.place.path}"
        locked = (Choice(lambda: int(self._is_first(file.name, start_bytes)), ((), copy), _LABELS),)
        return (Wait("lock", lock), *locked, Signal("lock", lock))

    def _whole(self, file: d.File) -> tuple[Step, ...]:
        made = self.use("copy_up", f"{self.kind}_copy_cycles", file.pieces + file.directories)
        written = d.Write(file.size_bytes, new_pages=file.size_bytes / self.place.page_bytes)
        return (made, Below(d.Read(file, 0, file.size_bytes), own=True), Below(written, own=True))

    def _blocks(self, demand: Written, file: d.File) -> tuple[int, tuple[Step, ...]]:
        """Blocks that the ends of the file's pieces lie in, each read from the device before."""
        block_bytes = int(self.parameters.mapper_block_bytes)
        at_bytes = demand.offset_bytes if isinstance(demand, d.DirectTransfer) else file.size_bytes
        start_bytes = at_bytes // block_bytes * block_bytes
        each_bytes = max(file.size_bytes / file.pieces, self.place.page_bytes)
        blocks = max(1.0, file.pieces * min(1.0, each_bytes / block_bytes))
        read = self.use("mapped_block", "mapper_request_cycles", file.pieces)
        written = d.Write(block_bytes * blocks, new_pages=block_bytes * blocks / self.place.page_bytes)
        return start_bytes, (read, self.use("copy_up", "mapper_copy_cycles", blocks), Below(written, own=True))

    def _first_read(self, file: d.File) -> tuple[Step, ...]:
        """By requests to its own device, into memory that has nothing of it yet; who wants it meanwhile waits."""
        pieces = file.pieces * ceil(file.size_bytes / file.pieces / self.parameters.mapper_unit_bytes)
        read = (
            self.use("mapped_block", "mapper_request_cycles", pieces),
            Below(d.Write(file.size_bytes, new_pages=file.size_bytes / self.place.page_bytes, kept=False), own=True),
        )
        lock = f"first read of {file.name}"
        locked = (Choice(lambda: int(self._is_first(file.name, -1)), ((), read), ("in memory", "on its device")),)
        return (Wait("lock", lock), *locked, Signal("lock", lock))

    def _is_first(self, name: str, start_bytes: int) -> bool:
        first = (name, start_bytes) not in self._copied
        self._copied.add((name, start_bytes))
        return first
