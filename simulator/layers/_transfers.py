"""How a device operation becomes bytes moved by the hardware: for whoever drives the device itself."""

from __future__ import annotations

from simulator.demands import TransferBlocks, TransferPackets
from simulator.steps import DISK, NIC_RECEIVE, NIC_SEND, Transfer

MECHANISM = "transfer"


def moved(demand: TransferBlocks | TransferPackets) -> Transfer:
    """The transfer that a disk or one direction of a network card makes of a demand."""
    if isinstance(demand, TransferBlocks):
        return Transfer(DISK, MECHANISM, demand.size_bytes, demand.position_bytes, demand.write, demand.stream)
    device = NIC_SEND if demand.direction == "send" else NIC_RECEIVE
    window_bytes, frames = demand.window_bytes, demand.frames
    return Transfer(device, MECHANISM, demand.size_bytes, window_bytes=window_bytes, frames=frames)
