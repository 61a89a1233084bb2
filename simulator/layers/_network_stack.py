"""A kernel's TCP and IP: what passes it, in whose time, and where the other end of a connection is.

A program's own call takes what it sends down to the card. What arrives (data, and the acknowledgements of what was
sent) is the work of interrupts. With ``interrupts=here`` they hit the processor that the program runs on, and it
pays as part of its call. With ``interrupts=apart`` each connection has interrupts of its own that go to any processor:
they run in whatever they interrupt there, before all threads, and what lasts longer than their budget goes on in a
thread like others. One interrupt is taken for all that has come when the one before is worked off. A kernel that sees
one processor only has them ``here``, whatever it could do. A request that a program waits for is received where the
program then runs. Whose time they are is a rule of its own: nobody's (``packet_work=uncharged``: the processor is taken
from whoever runs there, and no weight or cap of a group knows of it), or that of the group whose connection it is
(``charged``: within its weight and cap, before its own threads; packets of a group that has used up its part wait).

What stands in the way (``Hop``) is paid where packets pass it: by the sender's call, or by the interrupt.

What goes to a neighbour, or comes from one, meets no card of the machine: the lowest kernel's bridge hands it from one
virtual card (or socket) to the other, and wakes who serves that one.

The other end may be on the machine itself. Nothing then goes through a card: the sender's call takes data up to the
receiver's socket, and a thread of the lowest kernel stands for the program there, which copies and acknowledges. What
a guest sends comes to that kernel by the hypervisor's device thread, unit by unit as its device hands them on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulator import demands as d
from simulator.layers import _transfers
from simulator.layers._transfers import Direction, Payload
from simulator.layers.base import Place, Priced, Service
from simulator.parameters import Parameters
from simulator.steps import Below, Send, Step, Transfer, Use, Wait

INTERRUPTS, PEER = "interrupts", "peer"
_OWNED = ("physical", "passthrough")
_ROOM = 4096
_AHEAD = 4.0
"""Portions of data that may be on their way ahead of the program that takes them; more would not make it faster."""


class NetworkStack(Priced):
    """The network of one kernel.

    Args:
        parameters: the kernel's numbers.
        apart: whether interrupts may go to other processors than the program's.
        place: where the kernel stands.
        call: steps of so many system calls by name.
        driver: steps of the driver of a device for so many units.
        charged: whether interrupts are the time of the group whose connection it is.
    """

    def __init__(
        self, parameters: Parameters, apart: bool, place: Place, call: Callable[[str, float], tuple[Step, ...]],
        driver: Callable[[str, float], tuple[Step, ...]], *, charged: bool = False,
    ) -> None:  # fmt: skip
        self.parameters, self.place, self._charged = parameters, place, charged
        self._apart = apart and place.processors_count != 1.0
        self._call, self._driver = call, driver

    def servers(self) -> tuple[Service, ...]:
        """Interrupts and other ends, for each connection."""
        budget_s = self.parameters.get("softirq_budget_s", 0.0)
        return (
            Service(
                "interrupts",
                INTERRUPTS,
                _ROOM,
                _ROOM,
                budget_s=budget_s,
                woken=self._interrupt(),
                charged=self._charged,
            ),
            Service("other end", PEER, _ROOM, _ROOM),
        )

    # ---- a program's own connections

    def send(self, demand: d.SendData) -> tuple[Step, ...]:
        """Data down to the card or to the other end here; acknowledgements come back."""
        demand = replace(demand, hops=self._met(demand.hops, demand.peer))
        call = (*self._call("null_io", _transfers.calls(demand)), self._copy(demand.size_bytes))
        if self._ends_here(demand.peer):
            return (*call, *self._sent_here(demand))
        units, transfer = self._cut("send", demand, self.parameters.segment_bytes, self.parameters.socket_window_bytes)
        headers = self.headers("send", demand.hops, transfer.count * transfer.frames)
        down = (self._stack("send", units), *self._hops(demand.hops, units), *headers, *self.packets(transfer))
        answers = self._acknowledged(demand, units, transfer)
        return (*call, *down, *self._interrupted(answers, demand, self.parameters.socket_window_bytes))

    def receive(self, demand: d.ReceiveData) -> tuple[Step, ...]:
        """What has come is taken."""
        taken = (*self._call("null_io", _transfers.calls(demand)), self._copy(demand.size_bytes))
        window_bytes = self._ahead_bytes(demand.size_bytes)
        if self._ends_here(demand.peer):
            return (self._from_peer(demand, window_bytes), *taken, *self._answered_here(demand))
        return (*self._interrupted(self._arrival(demand, window_bytes), demand, window_bytes), *taken)

    def receive_request(self, demand: d.ReceiveRequest) -> tuple[Step, ...]:
        """Waited for, then received where the program runs."""
        demand = replace(demand, hops=self._met(demand.hops, demand.peer))
        here = self._ends_here(demand.peer)
        thinking = () if (self._apart or here) and demand.arrives_s else (Wait("network", time_s=demand.think_s),)
        demand = demand if not thinking else replace(demand, arrives_s=0.0)
        cold = tuple(Use(hop.mechanism, hop.cold_cycles, cause=hop.cause) for hop in demand.hops if hop.cold_cycles)
        taken = (*self._call("null_io", 1.0), self._copy(demand.size_bytes))
        if here:
            return (*thinking, self._from_peer(demand, 0.0), *cold, *taken, *self._answered_here(demand))
        interrupt = () if self._crosses_here(demand.peer) else self._interrupt()
        return (*thinking, *self._arrival(demand, 0.0), *interrupt, *cold, *taken)

    def _ahead_bytes(self, size_bytes: float) -> float:
        parameters = self.parameters
        if not self._apart:
            return parameters.socket_window_bytes
        return min(parameters.socket_window_bytes, max(_AHEAD * size_bytes, parameters.segment_bytes))

    def _interrupted(
        self, work: tuple[Step, ...], demand: d.SendData | d.ReceiveData, window_bytes: float
    ) -> tuple[Step, ...]:
        """Work of interrupts; so much data may be ahead of it. Where nothing comes from a card there is none."""
        if not self._apart or self._crosses_here(demand.peer):
            return work
        size_bytes = demand.size_bytes
        return (Send(INTERRUPTS, work, wait=False, size_bytes=size_bytes, window_bytes=window_bytes, apart=True),)

    def _arrival(self, demand: d.ReceiveData | d.ReceiveRequest, window_bytes: float) -> tuple[Step, ...]:
        """Units from the card up to the socket, and acknowledgements back: one for every second packet at most."""
        largest_bytes = min(self.parameters.segment_bytes, self._put_together(demand.peer))
        units, transfer = self._cut("receive", demand, largest_bytes, window_bytes)
        answers = (
            0.0
            if demand.answered or _transfers.is_datagrams(demand)
            else units * min(1.0, self.parameters.acknowledgement_ratio * transfer.frames * transfer.count / units)
        )
        back = replace(_transfers.answers("send", self.parameters, answers), peer=demand.peer)
        return (
            *self.headers("receive", demand.hops, transfer.count * transfer.frames),
            *self.packets(transfer),
            *self._hops(demand.hops, units, transfer),
            self._stack("receive", units),
            self._stack("send", answers),
            *self._hops(demand.hops, answers),
            *self.packets(back),
        )

    def _acknowledged(self, demand: d.SendData, units: float, transfer: d.TransferPackets) -> tuple[Step, ...]:
        """What answers data sent: as often as the far end does, or one for a unit that reaches an end here whole."""
        if demand.answered or demand.datagrams:
            return ()
        packets = transfer.count * transfer.frames
        if demand.peer == "far":
            most = packets * self.parameters.acknowledgement_ratio
            answered_bytes = self._arriving_bytes(self.parameters.answers_s)
            answers = min(most, demand.size_bytes / answered_bytes) if answered_bytes else most
        else:
            handed = _transfers.cut(transfer, self._handed_bytes()).count
            answers = min(handed, packets * self.parameters.acknowledgement_ratio)
        back = replace(_transfers.answers("receive", self.parameters, answers), peer=demand.peer)
        return (self._stack("receive", answers), *self._hops(demand.hops, answers), *self.packets(back))

    def _cut(
        self, direction: Direction, demand: Payload, largest_bytes: float, window_bytes: float
    ) -> tuple[float, d.TransferPackets]:
        """Units that pass the stack, and what passes the card: single packets if headers on the way want that."""
        units = _transfers.units(demand, largest_bytes, self.place)
        transfer = _transfers.data(direction, demand, units, self.parameters.header_bytes, window_bytes)
        owned = self.place.presents["nic"] in _OWNED
        for hop in demand.hops:
            if hop.header_bytes:
                transfer = _transfers.cut(transfer, hop.whole_bytes if owned else 0.0)
                header_bytes = 0.0 if owned else hop.header_bytes * transfer.frames
                transfer = replace(transfer, size_bytes=transfer.size_bytes + header_bytes)
        return units, transfer

    def _put_together(self, peer: d.Peer) -> float:
        """Largest unit of what arrives: of what an end on this machine sends, as large as the card lets it come."""
        whole_bytes = 0.0 if peer == "far" else self._handed_bytes()
        return max(whole_bytes, self._arriving_bytes(self.parameters.merge_s))

    def _handed_bytes(self) -> float:
        """Largest unit that passes a virtual card whole."""
        return self.place.devices.get("nic", {}).get("handed_bytes", 0.0)

    def _arriving_bytes(self, time_s: float) -> float:
        """What comes over the link at full rate in some time."""
        return self.place.devices.get("nic", {}).get("link_bytes_per_s", 0.0) * time_s

    # ---- what stands in the way

    def _hops(
        self, hops: tuple[d.Hop, ...], units: float, transfer: d.TransferPackets | None = None
    ) -> tuple[Step, ...]:
        """Each unit passes each; headers are taken off of what the card has handed over, whole or packet by packet."""
        found: list[Step] = []
        for hop in hops:
            passes = transfer.count if transfer is not None and hop.header_bytes else units
            found.append(Use(hop.mechanism, hop.cycles * passes, operations=passes, cause=hop.cause))
        return tuple(found)

    def headers(self, direction: Direction, hops: tuple[d.Hop, ...], packets: float) -> tuple[Step, ...]:
        """A tunnel's headers travel in packets that are there anyway: bytes, but no frames, and no wait."""
        return tuple(
            Transfer(
                f"nic-{direction}", hop.mechanism, hop.header_bytes * packets, window_bytes=float("inf"),
                operations=packets, frames=0.0, cause=hop.cause,
            )
            for hop in hops if hop.header_bytes and self.place.presents["nic"] in _OWNED
        )  # fmt: skip

    # ---- packets, of this kernel's own connections or of what stands on it

    def packets(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """Driver and card; what arrives is transferred before its driver runs."""
        if self._ends_here(demand.peer):
            return self._passed_on(demand)
        if self._crosses_here(demand.peer):
            return self._wakes() if demand.direction == "send" else ()
        driver = (*self._driver("nic", demand.count), *self._further(demand))
        below = Below(replace(demand, hops=()))
        return (*driver, below) if demand.direction == "send" else (below, *driver)

    def forwarded(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """What something that stands on this kernel sends or waits for; the interrupt is taken for it."""
        hops = self._hops(self._met(demand.hops, demand.peer), demand.count)
        if self._crosses_here(demand.peer):
            return (*hops, *self.packets(demand))
        if self._ends_here(demand.peer) or demand.direction == "send":
            return (*hops, *self.headers("send", demand.hops, demand.count * demand.frames), *self.packets(demand))
        if not self._apart:
            return (*self.packets(demand), *hops)
        if not demand.window_bytes:
            return (*self.packets(demand), *self._interrupt(), *hops)
        size_bytes, window_bytes = demand.size_bytes * demand.count, demand.window_bytes
        work = (*self.packets(demand), *hops)
        return (Send(INTERRUPTS, work, wait=False, size_bytes=size_bytes, window_bytes=window_bytes, apart=True),)

    def _further(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """The packets of a unit beyond its first: only where they are met, at the card, not on a virtual one."""
        packets = (demand.frames - 1.0) * demand.count
        if packets <= 0.0 or demand.burst or self.place.presents["nic"] not in _OWNED:
            return ()
        return (Use("driver", cycles=self.parameters[f"frame_{demand.direction}_cycles"] * packets, operations=0.0),)

    # ---- connections that end on this machine

    def _ends_here(self, peer: d.Peer) -> bool:
        return peer == "system" or (peer == "machine" and self.place.presents["nic"] in _OWNED)

    def _crosses_here(self, peer: d.Peer) -> bool:
        """Whether this kernel joins its tenants: the one that has the machine's own card."""
        return peer == "neighbour" and self.place.presents["nic"] == "physical"

    def _met(self, hops: tuple[d.Hop, ...], peer: d.Peer) -> tuple[d.Hop, ...]:
        """What packets pass: a tunnel only where they leave the machine."""
        return tuple(hop for hop in hops if not hop.header_bytes) if self._crosses_here(peer) else hops

    def _wakes(self) -> tuple[Step, ...]:
        return (self.use("wake_up", "wake_cycles"),) if "wake_cycles" in self.parameters else ()

    def _whole(self, demand: Payload) -> float:
        """Units of data that go through no card."""
        return max(1.0, demand.size_bytes / max(demand.payload_bytes, self.parameters.segment_bytes))

    def _sent_here(self, demand: d.SendData) -> tuple[Step, ...]:
        """The sender's call goes all the way to the other end's socket, and wakes who waits there."""
        units = self._whole(demand)
        up = (self._stack("send", units), *self._hops(demand.hops, units), self._stack("receive", units))
        work = (*self._call("null_io", 1.0), self._copy(demand.size_bytes), *self._answered_here(demand))
        return (*up, self._to_peer(work, demand.size_bytes, self.parameters.socket_window_bytes))

    def _from_peer(self, demand: d.ReceiveData | d.ReceiveRequest, window_bytes: float) -> Step:
        """The other end's call goes all the way to the program's socket."""
        units = self._whole(demand)
        call = (*self._call("null_io", 1.0), self._copy(demand.size_bytes))
        up = (self._stack("send", units), *self._hops(demand.hops, units), self._stack("receive", units))
        thinking = (Wait("time", until_s=demand.arrives_s),) if isinstance(demand, d.ReceiveRequest) else ()
        return self._to_peer((*thinking, *call, *up), demand.size_bytes, window_bytes)

    def _answered_here(self, demand: Payload) -> tuple[Step, ...]:
        """Acknowledgements, down and up in the call of who received."""
        answers = 0.0 if demand.answered else self._whole(demand) * self.parameters.acknowledgement_ratio
        hops = self._hops(demand.hops, answers)
        return (self._stack("send", answers), *hops, self._stack("receive", answers))

    def _passed_on(self, demand: d.TransferPackets) -> tuple[Step, ...]:
        """Packets of a guest whose connection ends here: up to the other end's socket, or from it."""
        direction: Direction = "receive" if demand.direction == "send" else "send"
        stack = self._stack(direction, demand.count)
        if not demand.data:
            return (stack,) if demand.direction == "send" else (self._to_peer((stack,), 0.0, demand.window_bytes),)
        size_bytes = demand.size_bytes * demand.count
        gathered = size_bytes / max(demand.size_bytes, self.parameters.segment_bytes)
        calls = tuple(_times(step, gathered) for step in self._call("null_io", 1.0))
        call = (*calls, self._copy(size_bytes))
        if demand.direction == "send":
            return (stack, self._to_peer(call, size_bytes, demand.window_bytes))
        thinking = (Wait("time", until_s=demand.arrives_s),) if demand.arrives_s else ()
        return (self._to_peer((*thinking, *call, stack), size_bytes, demand.window_bytes),)

    def _to_peer(self, work: tuple[Step, ...], size_bytes: float, window_bytes: float) -> Send:
        return Send(
            PEER, work, kick=self._wakes(), wait=not window_bytes, size_bytes=size_bytes, window_bytes=window_bytes,
            apart=True,
        )  # fmt: skip

    # ---- single costs

    def _stack(self, direction: Direction, packets: float) -> Use:
        return self.use("network_stack", f"packet_{direction}_cycles", packets)

    def _copy(self, size_bytes: float) -> Use:
        return Use("copy", cycles=self.parameters.copy_cycles_per_byte * size_bytes)

    def _interrupt(self) -> tuple[Step, ...]:
        return (self.use("interrupt", "interrupt_cycles"),) if self._apart else ()


def _times(step: Step, count: float) -> Step:
    """A part of a call that is shared by what has gathered."""
    if isinstance(step, Use):
        return replace(step, cycles=step.cycles * count, operations=step.operations * count)
    if isinstance(step, Below):
        return replace(step, demand=replace(step.demand, count=step.demand.count * count))
    return step
