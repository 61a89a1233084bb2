"""The order in which a disk's arm serves what waits for it: batches of streams, turns of groups, shortest ways.

When the arm is free:
1. The stream that it is with keeps it for up to ``batch_bytes``: what begins where the last request ended, and comes
   from the same group, goes first.
2. A stream whose next request is not there yet is waited for, with the arm idle, for up to ``anticipation_s`` since its
   last one ended, if others want the arm meanwhile and the stream has come within that time before. So is a group of
   another weight than those that wait, if it would have its turn before them (as BFQ does): the weights of groups with
   one request at a time hold only so.
3. Else fair queueing says which group is next, and of its first ``queue_depth_count`` requests the one with the
   shortest positioning goes; after a full batch none that would go on with it. A first one that has waited for
   ``deadline_s`` goes before all of its group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import simpy

from simulator.devices._fair_queue import FairQueue, Group
from simulator.devices.base import Request
from simulator.parameters import Parameter, Parameters

PARAMETERS = (
    Parameter("queue_depth_count", "count", "waiting requests of one group that are put into order; 1: none are"),
    Parameter("deadline_s", "s", "a request that has waited so long goes before shorter ways"),
    Parameter("batch_bytes", "bytes", "what a stream may move before the arm goes elsewhere, if something waits there"),
    Parameter("anticipation_s", "s", "how long the arm waits for a stream's next request while others want it"),
)
_NEVER, _ALL = float("-inf"), float("inf")


class Elevator:
    """Which request an arm takes next.

    Args:
        environment: simulated time.
        groups: what waits.
        parameters: numbers of PARAMETERS.
        positioning_s: how long the arm would take to a request now.
        go_on: called when waiting for a stream is over.
    """

    def __init__(
        self,
        environment: simpy.Environment,
        groups: FairQueue,
        parameters: Parameters,
        positioning_s: Callable[[Request], float],
        go_on: Callable[[], None],
    ) -> None:
        self._environment, self._groups, self._parameters = environment, groups, parameters
        self._positioning_s, self._go_on = positioning_s, go_on
        self._group: Group | None = None
        self._ended_at_bytes = self._run_bytes = 0.0
        self._anticipated = False
        self._until_s = _NEVER
        self._timer: simpy.Event | None = None
        self._streams: dict[Group, dict[float, float]] = {}
        """Where the last streams of each group ended, and when; newest last."""

    @property
    def _reach(self) -> int:
        return int(self._parameters.queue_depth_count)

    def choose(self) -> tuple[Group, Request] | None:
        """The next request, with its group; None while nothing may go, or something is waited for."""
        if self._group is not None and self._run_bytes < self._parameters.batch_bytes:
            follower = self._follower(self._group)
            if follower is not None:
                return self._group, follower
        group = self._groups.next_group()
        if group is None:
            self._groups.rest()
            return None
        return None if self._is_worth_waiting(group) else (group, self._pick(group))

    def begin(self, group: Group, request: Request, end_s: float) -> None:
        """The arm goes to a request, and will be through with it at ``end_s``."""
        size_bytes, position_bytes = request.size_bytes, request.position_bytes
        follows = group is self._group and position_bytes == self._ended_at_bytes
        full = self._run_bytes >= self._parameters.batch_bytes
        self._run_bytes = self._run_bytes + size_bytes if follows and not full else size_bytes
        streams = self._streams.setdefault(group, {})
        last_s = streams.pop(position_bytes, _NEVER)
        self._anticipated = request.queued_s - last_s <= self._parameters.anticipation_s
        self._group, self._ended_at_bytes = group, position_bytes + size_bytes
        streams[self._ended_at_bytes] = end_s
        if len(streams) > self._reach:
            del streams[next(iter(streams))]
        self._until_s, self._timer = end_s + self._parameters.anticipation_s, None

    def _follower(self, group: Group) -> Request | None:
        """What goes on where the arm is."""
        waiting = self._first_ones(group)
        return next((request for request in waiting if request.position_bytes == self._ended_at_bytes), None)

    def _first_ones(self, group: Group) -> Iterator[Request]:
        """What of a group can be put into order: so many requests, and of a guest's what its ring has handed on."""
        left_bytes = group.rules.get("window_bytes", _ALL)
        for request in islice(group.waiting, self._reach):
            yield request
            left_bytes -= request.size_bytes
            if left_bytes <= 0.0:
                return

    def _pick(self, group: Group) -> Request:
        """The shortest way of a group's first requests."""
        first = group.waiting[0]
        now_s = self._environment.now
        if self._reach == 1 or len(group.waiting) == 1 or now_s - first.queued_s >= self._parameters.deadline_s:
            return first
        first_ones = list(self._first_ones(group))
        others = [each for each in first_ones if each.position_bytes != self._ended_at_bytes]
        full = group is self._group and self._run_bytes >= self._parameters.batch_bytes
        return min(others if full and others else first_ones, key=self._positioning_s)

    def _is_worth_waiting(self, group: Group) -> bool:
        """Whether the arm waits where it is, though a group's turn has come."""
        last = self._group
        if last is None or last.held or self._environment.now >= self._until_s:
            return False
        stream = self._anticipated and self._run_bytes < self._parameters.batch_bytes
        turn = not last.waiting and last.weight != group.weight and last.finish < group.start
        if (stream or turn) and self._timer is None:
            self._timer = timer = self._environment.timeout(self._until_s - self._environment.now)
            assert timer.callbacks is not None
            timer.callbacks.append(self._over)
        return stream or turn

    def _over(self, timer: simpy.Event) -> None:
        if timer is self._timer:
            self._timer, self._until_s = None, _NEVER
            self._go_on()
