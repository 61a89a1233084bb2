"""What a network stack hands to its card, and how a device operation becomes bytes moved by the hardware."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from simulator.demands import DriveCard, ReceiveData, ReceiveRequest, SendData, TransferBlocks, TransferPackets
from simulator.layers.base import Place
from simulator.parameters import Parameters
from simulator.steps import DISK, NIC_RECEIVE, NIC_SEND, Transfer

MECHANISM = "transfer"
Direction = Literal["send", "receive"]
Payload = SendData | ReceiveData | ReceiveRequest


def units(demand: Payload, segment_bytes: float, place: Place) -> float:
    """Units that pass a stack: packets, or what the card there is cuts into packets (or puts together) by itself."""
    if is_datagrams(demand):
        return calls(demand)
    offload_bytes = min(segment_bytes, place.devices.get("nic", {}).get("offload_bytes", 0.0))
    return max(1.0, demand.size_bytes / max(demand.payload_bytes, offload_bytes))


def is_datagrams(demand: Payload) -> bool:
    """Whether packets are on their own: nothing merges or acknowledges them."""
    return not isinstance(demand, ReceiveRequest) and demand.datagrams


def calls(demand: Payload) -> float:
    """System calls in which a program gives or takes it: one, or one for each datagram."""
    return max(1.0, demand.size_bytes / demand.payload_bytes) if is_datagrams(demand) else 1.0


def data(
    direction: Direction, demand: Payload, count: float, header_bytes: float, window_bytes: float
) -> TransferPackets:
    """So many units of data: each is one packet on the wire, or as many as the card makes of it."""
    frames = max(1.0, demand.size_bytes / count / demand.payload_bytes)
    size_bytes = demand.size_bytes / count + frames * header_bytes
    arrives_s = demand.arrives_s if isinstance(demand, ReceiveRequest) else 0.0
    return TransferPackets(
        direction, size_bytes, window_bytes, frames, peer=demand.peer, arrives_s=arrives_s,
        data_bytes=demand.size_bytes / count, count=count,
    )  # fmt: skip


def cut(demand: TransferPackets, whole_bytes: float) -> TransferPackets:
    """The same data in units that fit through something: as they are, or packet by packet."""
    if demand.frames <= 1.0 or whole_bytes >= demand.size_bytes / demand.frames * 2.0:
        return demand
    return _apart(demand)


def single(demand: TransferPackets) -> TransferPackets:
    """The packets of a burst one by one; a unit that the card cuts stays whole."""
    return _apart(demand) if demand.burst else demand


def _apart(demand: TransferPackets) -> TransferPackets:
    frames = demand.frames
    size_bytes, data_bytes = demand.size_bytes / frames, demand.data_bytes / frames
    return replace(demand, size_bytes=size_bytes, data_bytes=data_bytes, frames=1.0, count=demand.count * frames)


def acknowledgements(direction: Direction, parameters: Parameters, count: float) -> TransferPackets:
    """What answers so many units of data."""
    return answers(direction, parameters, count * parameters.acknowledgement_ratio)


def answers(direction: Direction, parameters: Parameters, count: float) -> TransferPackets:
    """So many acknowledgements."""
    window_bytes = parameters.socket_window_bytes
    return TransferPackets(direction, parameters.header_bytes, window_bytes, data=False, count=count)


def driven(demand: DriveCard) -> TransferPackets:
    """What a program's own driver hands over at once."""
    size_bytes = demand.packet_bytes * demand.packets
    return TransferPackets(
        demand.direction, size_bytes, demand.window_bytes, demand.packets, polled=True, burst=True, count=demand.count
    )


def moved(demand: TransferBlocks | TransferPackets) -> Transfer:
    """The transfer that a disk or one direction of a network card makes of a demand; a flush is a write of nothing."""
    if isinstance(demand, TransferBlocks) and demand.flush:
        return Transfer(DISK, MECHANISM, 0.0, demand.position_bytes, write=True)
    if isinstance(demand, TransferBlocks):
        return Transfer(DISK, MECHANISM, demand.size_bytes, demand.position_bytes, demand.write, demand.stream)
    device = NIC_SEND if demand.direction == "send" else NIC_RECEIVE
    window_bytes, frames = demand.window_bytes, demand.frames
    return Transfer(
        device, MECHANISM, demand.size_bytes, window_bytes=window_bytes, frames=frames, not_before_s=demand.arrives_s
    )
