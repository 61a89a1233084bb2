"""One server before which groups wait: what a disk arm and one direction of a link have in common."""

from __future__ import annotations

from collections.abc import Callable

import simpy

from simulator.devices._fair_queue import FairQueue, Group
from simulator.devices.base import DeviceRow, Request


class Line:
    """One server; a single group is served in order of arrival.

    Args:
        environment: simulated time.
        name: of the device in its ledger.
        service_s: how long a request takes that begins now.
        choose: who is next; None as long as nobody is. Without it, the first of the group whose turn it is.
        together: see ``FairQueue``.
    """

    def __init__(
        self,
        environment: simpy.Environment,
        name: str,
        service_s: Callable[[Request], float],
        choose: Callable[[], tuple[Group, Request] | None] | None = None,
        *,
        together: bool = False,
    ) -> None:
        self.environment, self.name = environment, name
        self.groups = FairQueue(environment, self.go_on, together=together)
        self._service_s, self._choose = service_s, choose or self._in_order
        self._busy = False
        self._free_at_s = environment.now
        self._given_s = 0.0

    def queue(self, request: Request) -> Request:
        """One more request."""
        assert request.ended.callbacks is not None
        request.ended.callbacks.append(self._ended)
        self.groups.put(request)
        self.go_on()
        return request

    def go_on(self) -> None:
        """Begin with the next one, if the server is free and there is one."""
        if self._busy:
            return
        turn = self._choose()
        if turn is None:
            return
        group, request = turn
        request.service_s = service_s = self._service_s(request)
        request.start_s = now_s = self.environment.now
        self.groups.take(group, request, service_s)
        self._busy, self._free_at_s = True, now_s + service_s
        self._given_s += service_s
        request.ended.due(service_s)

    def row(self) -> DeviceRow:
        """The time ledger so far; service that lies beyond the present is not yet given."""
        time_s = self.environment.now
        busy_s = self._given_s - max(0.0, self._free_at_s - time_s)
        return DeviceRow(self.name, 1.0, time_s, busy_s, time_s - busy_s)

    def _ended(self, _: simpy.Event) -> None:
        self._busy = False
        self.go_on()

    def _in_order(self) -> tuple[Group, Request] | None:
        group = self.groups.next_group()
        if group is None:
            self.groups.rest()
            return None
        return group, group.waiting[0]
