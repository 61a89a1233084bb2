"""A disk whose bandwidth is divided among everything in flight: no arm, no queue, no seek.

Scope and limits: an abstraction, as fluid simulators have it (SimGrid's disks). Real disks serve one request after the
other on an arm or a channel; take ``rotating_disk`` or ``flash_disk`` for these. What it is for: comparisons with such
simulators, and storage of which nothing but its bandwidth is known.

Mechanism: a request needs the disk for its bytes at the rate of reads or of writes. The time of the disk is divided
among groups by weight, and evenly among the requests of a group; a weight changes for what is in flight too. Limits let
requests through as tokens come (see ``_fair_queue``); once let through, a request has its part of the disk.

Accounts: the unit is the second of the disk; a request has had what has flowed through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Unpack

import simpy

from simulator.devices._fair_queue import FairQueue
from simulator.devices.base import DeviceRow, GroupRules, Request
from simulator.parameters import Parameter, Parameters
from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import Share


class _Flow(Request):
    """A request of which a part flows."""

    __slots__ = ("left_s",)

    def __init__(
        self, environment: simpy.Environment, size_bytes: float, group: str, write: bool, requests: float
    ) -> None:
        super().__init__(environment, size_bytes, group, write=write, requests=requests)
        self.left_s: Callable[[], float] = lambda: 0.0

    def served_s(self, now_s: float) -> float:
        """What of the disk's time it has had by now, which is the present."""
        return self.service_s - self.left_s()


class SharedDisk:
    """One disk.

    Args:
        environment: simulated time.
        parameters: see ``PARAMETERS``.
    """

    PARAMETERS = (
        Parameter("capacity_bytes", "bytes", "size of the disk"),
        Parameter("read_bytes_per_s", "bytes_per_s", "what all reads together have if nothing is written"),
        Parameter("write_bytes_per_s", "bytes_per_s", "what all writes together have if nothing is read"),
    )

    def __init__(self, environment: simpy.Environment, parameters: Mapping[str, float]) -> None:
        self.environment = environment
        self.parameters = Parameters(parameters)
        self._gate = FairQueue(environment, self._go_on)
        self._sharing = Fluid(environment, capacity=1.0, unit_rate=1.0)
        self._shares: dict[str, Share] = {}
        self._resting: dict[str, list[Share]] = {}
        """Leaves of each group that no request uses now."""

    def transfer(
        self, size_bytes: float, position_bytes: float = 0, write: bool = False, group: str = "",
        requests: float = 1.0, apart: bool = False,
    ) -> Request:  # fmt: skip
        """Begin one request for a group, or a train of them; where it lies does not matter."""
        request = _Flow(self.environment, size_bytes, group, write, requests)
        self._gate.put(request)
        self._go_on()
        return request

    def service_s(self, size_bytes: float, position_bytes: float, start_s: float, write: bool = False) -> float:
        """Seconds a request takes alone, whenever and wherever."""
        parameters = self.parameters
        return size_bytes / (parameters.write_bytes_per_s if write else parameters.read_bytes_per_s)

    def set_group(self, group: str, **rules: Unpack[GroupRules]) -> None:
        """Change what holds for a group; a weight for what is in flight too."""
        self._gate.set_group(group, **rules)
        self._sharing.set(self._share(group), weight=self._gate.group(group).weight)

    def rows(self) -> list[DeviceRow]:
        """The time ledger so far."""
        self._sharing.settle()
        time_s, busy_s = self.environment.now, self._sharing.served
        return [DeviceRow("disk", 1.0, time_s, busy_s, time_s - busy_s)]

    def _go_on(self) -> None:
        """Everything that no limit holds back flows."""
        while (group := self._gate.next_group()) is not None:
            request = group.waiting[0]
            assert isinstance(request, _Flow)
            request.start_s = self.environment.now
            request.service_s = self.service_s(request.size_bytes, 0.0, 0.0, request.write)
            self._gate.take(group, request, request.service_s)
            self._flow(request)

    def _flow(self, request: _Flow) -> None:
        resting = self._resting.setdefault(request.group, [])
        leaf = resting.pop() if resting else Share(f"request of {request.group}", self._share(request.group))

        def left_s() -> float:
            self._sharing.settle()
            return leaf.remaining

        def over(_: Share) -> None:
            request.left_s = lambda: 0.0
            resting.append(leaf)
            request.ended.due(0.0)

        request.left_s = left_s
        self._sharing.submit(leaf, request.service_s, over)

    def _share(self, group: str) -> Share:
        group = "" if self._gate.group(group).rules.get("together") else group
        share = self._shares.get(group)
        if share is None:
            share = self._shares[group] = Share(f"group {group}", self._sharing.root)
        return share


DEVICE = SharedDisk
