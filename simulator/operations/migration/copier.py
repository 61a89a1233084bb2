"""The copying of a migration in simulated time: the thread that sends pages, the wire, and who receives them.

Who pays: a thread of the hypervisor (QEMU's migration thread, a process in domain 0) looks pages up and hands them to
the network card, where they meet the traffic of everybody else and take turns with it: a queue that is fair to streams
gives the one as much as all others together; at most
``in_flight_bytes`` wait there. The destination puts them in place; a round goes no faster than that. Beyond its rate
the thread rests, within each ``window_s``, or piece by piece where a product has no such window.

Scope and limits: the destination is otherwise empty, so while the guest runs its work there is a pace, and is charged
when the round is over; with the guest stopped it is simulated side by side. A round of more than two thousand pieces is
sent in two thousand, and a piece takes two milliseconds of the wire: others wait that long behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from simulator.operations.migration.precopy import Dirty
from simulator.plans import Node, Plan, compile_steps
from simulator.steps import NIC_SEND, Step, Transfer, Use, Wait
from simulator.tenancy import House
from simulator.threads import Life

if TYPE_CHECKING:
    import simpy

    from simulator.operations.job import Job

MIGRATION = "migration"
_PIECES, _PIECE_S = 2000.0, 0.002
"""A piece is as much as fits into the buffers, or takes so long on the wire: finer it is not simulated."""
_PAYLOAD_BYTES, _HEADER_BYTES = 1448.0, 52.0
"""Data in one packet on Ethernet, and the headers of IP and TCP that go with it."""
_LONG_ENOUGH_S = 0.01
"""So long pages are sent before anybody says how fast they go: at first they only fill buffers."""
_ENOUGH = 0.5
"""Bytes below which there is nothing left."""


class Sent(NamedTuple):
    """What became of a round.

    Attributes:
        elapsed_s: from the first page to the last.
        left: what was not sent.
        bandwidth_bytes_per_s: how fast pages went, as their sender sees it.
    """

    elapsed_s: float
    left: Dirty
    bandwidth_bytes_per_s: float


@dataclass(slots=True)
class Ends:
    """Both machines: where the pages come from, and where they go.

    Attributes:
        source: the machine.
        home: where the hypervisor works there.
        destination: the other one.
        home_there: where the hypervisor works on that.
    """

    source: House
    home: Node
    destination: House
    home_there: Node


class Copier:
    """Sends pages of one guest.

    Args:
        job: the migration.
        figures: section ``migration``.
        ends: both machines.
        is_over: whether somebody has put an end to it; asked before each piece.
    """

    def __init__(
        self, job: Job, figures: Mapping[str, float], ends: Ends, is_over: Callable[[], bool] = lambda: False
    ) -> None:
        self._job, self._figures, self._ends, self._is_over = job, figures, ends, is_over
        self.environment = job.environment
        self.page_bytes = job.house.machine.cpu.parameters.page_bytes
        self._link = job.house.machine.nic.parameters.link_bytes_per_s
        self.moved_bytes = 0.0
        """In the stream, what goes with the pages included; the network's own headers are not."""
        self._new_bytes = -1.0
        """Of what is to be sent, pages that the destination has no memory for yet; less than 0: nothing was sent."""
        self._opened_s = self._window_bytes = 0.0
        """When the present window began, and what has been sent in it."""
        self._stream = f"{MIGRATION} of {job.row.tenant}"
        job.house.machine.nic.set_group(self._stream, weight=1.0)
        self._receiver_free_s = self._new_part = 0.0
        self._bandwidth = 0.0

    def copy(
        self, dirty: Dirty, rate_bytes_per_s: float, may_leave: Callable[[float], float], *, stopped: bool = False
    ) -> Generator[simpy.Event, Any, Sent]:
        """Send a round; returns a ``Sent``.

        Args:
            dirty: its pages.
            rate_bytes_per_s: at most so fast.
            may_leave: what may be left when it ends, by the bandwidth that was measured.
            stopped: whether the guest stands still: then the destination's work is waited for.
        """
        job, ends, begun_s = self._job, self._ends, self.environment.now
        if self._new_bytes < 0.0:
            self._new_bytes = dirty.pages_bytes
        self._new_part = min(1.0, self._new_bytes / dirty.pages_bytes) if dirty.pages_bytes else 0.0
        left, cycles = [dirty], self._receiving_cycles(dirty)
        thread = ends.source.new_thread(
            job.row.tenant, self._stream, ends.home, ends.source.shares[ends.home.path],
            service=True, device_group=self._stream,
        )  # fmt: skip
        ends.source.threads.append(thread)
        sending = self.environment.process(thread.carry_out_each(self._pieces(left, rate_bytes_per_s, may_leave)))
        if stopped and cycles:
            receiving = self.environment.process(self._receive(cycles))
            yield sending & receiving
        else:
            yield sending
            if done := cycles - self._receiving_cycles(left[0]):
                self.environment.process(self._receive(done))
        elapsed_s = self.environment.now - begun_s
        sent_bytes = dirty.pages_bytes - left[0].pages_bytes
        self._new_bytes -= self._new_part * sent_bytes
        bandwidth = self._bandwidth or (sent_bytes / elapsed_s if elapsed_s else inf)
        return Sent(elapsed_s, left[0], bandwidth)

    def _pieces(self, left: list[Dirty], rate: float, may_leave: Callable[[float], float]) -> Iterator[Plan]:
        """Piece by piece until no more is left than may be."""
        figures, total = self._figures, left[0]
        grain_bytes = max(figures["in_flight_bytes"] / 4.0, total.total_bytes / _PIECES, self._link * _PIECE_S)
        window_s = figures.get("window_s", 0.0) if rate < inf else 0.0
        begun_s, sent_bytes = self.environment.now, 0.0
        while left[0].total_bytes > may_leave(self._bandwidth) + _ENOUGH and not self._is_over():
            excess_bytes = left[0].total_bytes - may_leave(self._bandwidth)
            piece = left[0].part(min(1.0, grain_bytes / left[0].total_bytes, excess_bytes / left[0].total_bytes))
            if window_s:
                piece = piece.part(min(1.0, self._room_bytes(rate, window_s) / max(self._wire_bytes(piece), 1.0)))
            left[0] = Dirty(*(a - b for a, b in zip(left[0], piece, strict=True)))
            size_bytes = self._wire_bytes(piece)
            sent_bytes += size_bytes
            yield self._plan(self._steps(piece, size_bytes, grain_bytes))
            if window_s:
                self._window_bytes += size_bytes
                if self._window_bytes >= rate * window_s - self.page_bytes:
                    yield self._plan((Wait("time", until_s=self._opened_s + window_s),))
                continue
            if rate < inf:
                yield self._plan((Wait("time", until_s=begun_s + sent_bytes / rate),))
            elapsed_s = self.environment.now - begun_s
            if elapsed_s >= _LONG_ENOUGH_S:
                self._bandwidth = sent_bytes / elapsed_s

    def _room_bytes(self, rate: float, window_s: float) -> float:
        """What may still be sent in the present window; a new one begins where that is over."""
        now_s = self.environment.now
        if now_s >= self._opened_s + window_s:
            if self._window_bytes:
                self._bandwidth = self._window_bytes / (now_s - self._opened_s)
            self._opened_s, self._window_bytes = now_s, 0.0
        return max(rate * window_s - self._window_bytes, self.page_bytes)

    def _steps(self, piece: Dirty, size_bytes: float, grain_bytes: float) -> Iterator[Step]:
        """A piece of memory: looked up and copied, sent, and no further ahead of the destination than a piece."""
        figures, pages, blanks = self._figures, piece.pages_bytes / self.page_bytes, piece.blank_bytes / self.page_bytes
        cycles = pages * figures["page_cycles"] + blanks * figures.get("blank_page_cycles", figures["page_cycles"])
        if cycles:
            yield Use(MIGRATION, cycles=cycles, operations=pages + blanks)
        window_bytes = max(figures["in_flight_bytes"], 2.0 * grain_bytes)
        frames = size_bytes / _PAYLOAD_BYTES
        self.moved_bytes += size_bytes
        wire_bytes = size_bytes + frames * _HEADER_BYTES
        yield Transfer(NIC_SEND, MIGRATION, wire_bytes, window_bytes=window_bytes, frames=frames)
        piece_s = self._receiving_cycles(piece) / self._ends.destination.machine.cpu.frequency_hz
        if piece_s:
            if self._receiver_free_s > self.environment.now:
                yield Wait("time", until_s=self._receiver_free_s)
            self._receiver_free_s = max(self._receiver_free_s, self.environment.now) + piece_s

    def _wire_bytes(self, dirty: Dirty) -> float:
        """What pages take in the stream."""
        figures = self._figures
        page_bytes = self.page_bytes + figures["page_header_bytes"]
        blank_bytes = figures.get("blank_page_bytes", page_bytes)
        return (dirty.pages_bytes * page_bytes + dirty.blank_bytes * blank_bytes) / self.page_bytes

    def _receiving_cycles(self, dirty: Dirty) -> float:
        """What the destination does for pages: more for those that it has no memory for yet."""
        figures = self._figures
        page_cycles = figures["receive_page_cycles"] + self._new_part * figures["new_page_cycles"]
        return dirty.pages_bytes / self.page_bytes * page_cycles

    def _receive(self, cycles: float) -> Life:
        """The destination's work, in a thread of its own."""
        ends, job = self._ends, self._job
        step = Use(MIGRATION, cycles=cycles)
        yield from job.work(f"arrival of {job.row.tenant}", (step,), ends.home_there, ends.destination)

    def _plan(self, steps: Iterator[Step] | tuple[Step, ...]) -> Plan:
        return compile_steps(self._ends.home, steps, self._ends.home.path)
