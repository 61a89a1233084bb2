"""A machine: devices on one clock.

Usable from an ordinary SimPy process too::

    environment = simpy.Environment()
    machine = Machine(environment, Catalog().machine("dell-2650").figures())
    yield machine.cpu.run(cycles)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import simpy

from simulator import discovery
from simulator.devices.base import DeviceRow, Disk, Request
from simulator.devices.memory import Memory
from simulator.devices.nic import NetworkCard
from simulator.devices.processor import Processor
from simulator.steps import DISK

DeviceFigures = Mapping[str, Mapping[str, Any]]


class Machine:
    """Processors, memory, a disk and a network card.

    Args:
        environment: simulated time.
        devices: for each of ``cpu``, ``memory``, ``disk``, ``nic`` its ``kind`` (a module in ``simulator/devices``)
            and its ``parameters`` in SI units.
        name: for messages.
        fidelity: the algorithm that shares the processors: a module in ``simulator/sharing``.
    """

    def __init__(
        self, environment: simpy.Environment, devices: DeviceFigures, name: str = "machine", fidelity: str = "fluid"
    ) -> None:
        self.environment = environment
        self.name = name
        self.cpu: Processor = _device(devices, "cpu")(environment, devices["cpu"]["parameters"], fidelity)
        self.memory: Memory = _device(devices, "memory")(devices["memory"]["parameters"], f"the memory of {name}")
        self.disk: Disk = _device(devices, "disk")(environment, devices["disk"]["parameters"])
        self.nic: NetworkCard = _device(devices, "nic")(environment, devices["nic"]["parameters"])
        self._streams: dict[str, float] = {}

    def transfer(
        self,
        device: str,
        size_bytes: float,
        packets: float,
        position_bytes: float,
        write: bool,
        stream: str,
        group: str = "",
    ) -> Request:
        """Queue a transfer at a device for a group; a stream goes on where its last transfer ended.

        For a disk ``packets`` is how many requests it is, one after the other; without a stream they lie apart.
        """
        if device != DISK:
            return self.nic.transfer(device.removeprefix("nic-"), size_bytes, packets, group)
        apart = not stream
        if stream:
            position_bytes = self._streams.get(stream, self._new_stream())
            self._streams[stream] = position_bytes + size_bytes
        return self.disk.transfer(size_bytes, position_bytes, write, group, packets, apart)

    def _new_stream(self) -> float:
        """Streams begin apart from each other, in the outer half of the disk, in order of their first use."""
        half = self.disk.parameters.capacity_bytes / 2
        return half * (1.0 - 2.0 ** -(len(self._streams) + 1))

    def rows(self) -> list[DeviceRow]:
        """The time ledger of every device."""
        return [self.cpu.row(), *self.disk.rows(), *self.nic.rows()]


def _device(devices: DeviceFigures, name: str) -> Any:
    return discovery.member("devices", devices[name]["kind"]).DEVICE
