"""The threads that serve the devices of one guest, and which queue each device's requests go to.

``asynchronous``: a thread for each device, which starts a request, takes the next, and finishes what comes back.
``workers``: the same, but the disk's requests are handed on to a pool of threads that make one call each and wait.
``serial-each``: a thread for each device, which waits for the disk at each request and tells the guest of a whole
batch at its end. ``serial``: the same with one thread for all devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from simulator.layers import _device_paths
from simulator.layers._device_paths import DevicePaths
from simulator.layers.base import Service
from simulator.parameters import Parameters

STRUCTURE = {"device_threads": ("asynchronous", "workers", "serial", "serial-each")}


def waits(structure: Mapping[str, str]) -> bool:
    """Whether the thread of the disk waits for each request."""
    return structure["device_threads"] in ("serial", "serial-each")


def queue(structure: Mapping[str, str], device: str) -> str:
    """Where the requests of a device go."""
    return "devices" if structure["device_threads"] == "serial" else device


def services(
    structure: Mapping[str, str], parameters: Parameters, paths: DevicePaths, rooms: Mapping[str, int]
) -> tuple[Service, ...]:
    """The threads; ``rooms``: how many requests fit into the queue of each device."""
    turn, woken, serial = paths.turn(), paths.woken(), waits(structure)
    if structure["device_threads"] == "serial":
        room = max(rooms.values())
        whole = Service("device-thread", "devices", room, room, serial=True, woken=woken, turn=turn)
        return (replace(whole, tells_at_the_end=True),)
    disk, nic = rooms["disk"], rooms["nic"]
    blocks = Service("disk-thread", "disk", disk, disk, serial=serial or disk == 1, woken=woken, turn=turn)
    own = (replace(blocks, tells_at_the_end=serial), Service("nic-thread", "nic", nic, nic, serial=nic == 1))
    if structure["device_threads"] != "workers":
        return own
    names = (f"disk-worker-{number}" for number in range(int(parameters.workers_count)))
    return (*own, *(Service(name, _device_paths.WORKERS, disk, 1, serial=True, woken=woken) for name in names))
