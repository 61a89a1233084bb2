"""Where an instance goes: what room each host has, and in which order hosts are tried.

Hosts are kept so that the next one is found without looking at all of them: for *first fit* in a tree of the largest
free memory and the most free processors below each of its nodes, for *best fit* and *spread* in a list that is sorted
by free room.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import inf

from simulator.pool.guest import Instance
from simulator.pool.plan import HostType, InstanceType, Stream

_GRAIN = 1e-9
"""Part of a capacity by which sums may miss it."""


class Room:
    """What one host has left.

    Attributes:
        promised_bytes, touched_bytes, processors: free memory to promise, free memory to touch, free processors.
        open: whether instances may be placed on it.
        members: how many instances of each stream stand on it.
        taken: how many instances stand on it.
    """

    __slots__ = ("bytes", "kind", "members", "number", "open", "processors", "promised_bytes", "taken", "threads",
                 "touched_bytes")  # fmt: skip

    def __init__(self, kind: HostType, number: int) -> None:
        self.kind, self.number = kind, number
        self.touched_bytes = kind.room_bytes
        self.promised_bytes = self.bytes = kind.room_bytes * kind.memory_overcommit
        self.processors = self.threads = kind.processors * kind.cpu_overcommit
        self.open, self.taken = True, 0
        self.members: Counter[str] = Counter()

    def needs(self, kind: InstanceType) -> tuple[float, float, float]:
        """What an instance takes here."""
        more = self.kind.figures[kind.name].overhead_bytes
        return kind.memory_bytes + more, kind.touched_bytes + more, float(kind.vcpus)

    def fits(self, kind: InstanceType) -> bool:
        """Whether there is room for one."""
        promised, touched, vcpus = self.needs(kind)
        grain = _GRAIN * self.bytes
        return (
            promised <= self.promised_bytes + grain
            and touched <= self.touched_bytes + grain
            and vcpus <= self.processors + _GRAIN
        )

    def take(self, instance: Instance, sign: int = 1) -> None:
        """An instance comes, or (-1) goes."""
        promised, touched, vcpus = self.needs(instance.kind)
        self.promised_bytes -= sign * promised
        self.touched_bytes -= sign * touched
        self.processors -= sign * vcpus
        self.members[instance.stream.name] += sign
        self.taken += sign

    def part_free(self, by: str) -> float:
        """The part of its room that is free."""
        memory = self.promised_bytes / self.bytes
        processors = self.processors / self.threads
        return {"memory": memory, "processors": processors, "both": min(memory, processors)}[by]


class Placer:
    """Finds hosts.

    Args:
        kinds: the type of each host, in order.
        rule: ``first-fit``, ``best-fit`` or ``spread``.
        by: what counts as room.
    """

    def __init__(self, kinds: Sequence[HostType], rule: str, by: str) -> None:
        self.rooms = [Room(kind, number) for number, kind in enumerate(kinds)]
        self._rule, self._by = rule, by
        self._homes: dict[str, int] = {}
        """For streams that stand together: on which host."""
        self._index: _Tree | _Sorted = _Tree(self.rooms) if rule == "first-fit" else _Sorted(self.rooms, by)

    def find(self, instance: Instance, but: int = -1, fuller: float = inf) -> Room | None:
        """The host for an instance, None if there is none.

        Args:
            instance: that is to be placed.
            but: a host that does not count.
            fuller: only hosts with a smaller free part than this.
        """
        for number in self._candidates(instance):
            room = self.rooms[number]
            fits = number != but and room.open and room.fits(instance.kind) and self._may(room, instance.stream)
            if fits and (fuller == inf or room.part_free(self._by) < fuller):
                return room
        return None

    def _candidates(self, instance: Instance) -> Iterator[int]:
        stream, kind = instance.stream, instance.kind
        if stream.keep == "together" and (home := self._homes.get(stream.name)) is not None:
            return iter((home,))
        return self._index.candidates(kind, self._rule == "spread")

    def _may(self, room: Room, stream: Stream) -> bool:
        return stream.keep != "apart" or not room.members[stream.name]

    def take(self, room: Room, instance: Instance) -> None:
        """Place an instance."""
        if instance.stream.keep == "together":
            self._homes[instance.stream.name] = room.number
        self._index.change(room, lambda: room.take(instance))

    def leave(self, room: Room, instance: Instance) -> None:
        """An instance has gone."""
        self._index.change(room, lambda: room.take(instance, -1))
        stream = instance.stream
        if stream.keep == "together" and not any(each.members[stream.name] for each in self.rooms):
            self._homes.pop(stream.name, None)

    def open(self, room: Room, is_open: bool) -> None:
        """Whether instances may be placed on a host from now on."""

        def change() -> None:
            room.open = is_open

        self._index.change(room, change)

    def why_not(self, instance: Instance) -> str:
        """Why there is no room."""
        rooms = [room for room in self.rooms if room.open]
        if not rooms:
            return "no host is on"
        if any(room.fits(instance.kind) for room in rooms):
            return f"no host where its stream may stand {instance.stream.keep}"
        needs = [(room, *room.needs(instance.kind)) for room in rooms]
        memory = any(
            promised <= room.promised_bytes and touched <= room.touched_bytes for room, promised, touched, _ in needs
        )
        processors = any(vcpus <= room.processors for room, _, _, vcpus in needs)
        if memory and processors:
            return "no host with both memory and processors"
        return "no host with the processors" if memory else "no host with the memory"


class _Tree:
    """Hosts in order, in a binary tree that knows the most that is free below each node."""

    def __init__(self, rooms: Sequence[Room]) -> None:
        self._leaves = 1 << max(0, (len(rooms) - 1).bit_length())
        self._memory = [-inf] * (2 * self._leaves)
        self._processors = [-inf] * (2 * self._leaves)
        for room in rooms:
            self._memory[self._leaves + room.number] = room.promised_bytes
            self._processors[self._leaves + room.number] = room.processors
        for node in range(self._leaves - 1, 0, -1):
            self._sum_up(node)

    def _sum_up(self, node: int) -> None:
        self._memory[node] = max(self._memory[2 * node], self._memory[2 * node + 1])
        self._processors[node] = max(self._processors[2 * node], self._processors[2 * node + 1])

    def change(self, room: Room, action: Callable[[], None]) -> None:
        """Do something to a host."""
        action()
        node = self._leaves + room.number
        self._memory[node] = room.promised_bytes if room.open else -inf
        self._processors[node] = room.processors if room.open else -inf
        while node > 1:
            node //= 2
            self._sum_up(node)

    def candidates(self, kind: InstanceType, _: bool) -> Iterator[int]:
        """Hosts with enough memory and processors, in order; what an instance takes beside is not looked at here."""
        memory, processors = kind.memory_bytes * (1.0 - _GRAIN), kind.vcpus - _GRAIN
        open_nodes = [1]
        while open_nodes:
            node = open_nodes.pop()
            if self._memory[node] < memory or self._processors[node] < processors:
                continue
            if node >= self._leaves:
                yield node - self._leaves
            else:
                open_nodes += (2 * node + 1, 2 * node)


class _Sorted:
    """Hosts sorted by the free part of their room."""

    def __init__(self, rooms: Sequence[Room], by: str) -> None:
        self._by = by
        self._order = sorted((room.part_free(by), room.number) for room in rooms)
        self._byte = min((1.0 - _GRAIN) / room.bytes for room in rooms)
        self._processor = min((1.0 - _GRAIN) / room.threads for room in rooms)
        """The least part of a host's room that a byte takes, and a processor: on the largest of them."""

    def _least(self, kind: InstanceType) -> float:
        """A host with a smaller free part than this has no room."""
        memory, processors = kind.memory_bytes * self._byte, kind.vcpus * self._processor
        return {"memory": memory, "processors": processors, "both": min(memory, processors)}[self._by]

    def change(self, room: Room, action: Callable[[], None]) -> None:
        """Do something to a host."""
        if room.open:
            del self._order[bisect_left(self._order, (room.part_free(self._by), room.number))]
        action()
        if room.open:
            insort(self._order, (room.part_free(self._by), room.number))

    def candidates(self, kind: InstanceType, spread: bool) -> Iterator[int]:
        """Hosts by room: the least first, or (``spread``) the most; ties in order."""
        order = self._order
        if not spread:
            first = bisect_left(order, (self._least(kind), -1))
            yield from (order[place][1] for place in range(first, len(order)))
            return
        end = len(order)
        while end:
            begin = bisect_left(order, (order[end - 1][0], -1))
            yield from (order[place][1] for place in range(begin, end))
            end = begin
