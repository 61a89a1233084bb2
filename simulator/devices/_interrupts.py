"""Interrupts of a network card for what has arrived: one for each packet, or held back so that several share one.

A frame that nobody has been told of may wait for others for ``hold_s``; the interrupt comes earlier when ``frames`` of
them are there. Packets of one request arrive evenly over its service. A request is done when its last frame has been
announced; what of it filled whole batches before was announced in between, and is counted.

Scope and limits: the interrupts that fall into one request's arrival are told at its end, or when the time of those
that wait is over: never later than ``hold_s`` after a frame.
"""

from __future__ import annotations

import simpy

from simulator.devices.base import Request

_ROUNDING = 1e-9
"""Part of a frame that is none."""


class Interrupts:
    """How one card announces what it has received.

    Args:
        environment: simulated time.
        hold_s: how long a frame may wait to be announced; 0: each is at once.
        frames: so many are not held any longer.
    """

    def __init__(self, environment: simpy.Environment, hold_s: float, frames: float) -> None:
        self._environment, self._hold_s, self._most = environment, hold_s, frames
        self.count = 0.0
        self._waiting: list[Request] = []
        self._frames = 0.0
        self._timer: simpy.Event | None = None

    def expect(self, request: Request, packets: float) -> None:
        """A request of some packets begins to wait for its turn; it will be done when it has been announced."""
        if self._hold_s:
            request.done = self._environment.event()
        assert request.ended.callbacks is not None
        request.ended.callbacks.append(lambda _: self._arrived(request, packets))

    def _arrived(self, request: Request, packets: float) -> None:
        interval_s = request.service_s / packets if packets else 0.0
        batch = min(self._most, 1.0 + self._hold_s // interval_s) if interval_s else self._most
        if not self._hold_s or batch <= 1.0:
            self._announce([*self._waiting, request], self._frames + packets)
            return
        self._frames += packets
        filled = (self._frames + _ROUNDING) // batch
        rest = self._frames - filled * batch
        if filled and rest <= _ROUNDING:
            self._announce([*self._waiting, request], filled)
            return
        if filled:
            self._announce(self._waiting, filled, so_far=request)
        self._waiting.append(request)
        self._frames = rest
        if self._timer is None:
            self._hold(max(0.0, self._hold_s - max(0.0, rest - 1.0) * interval_s))

    def _announce(self, requests: list[Request], interrupts: float, so_far: Request | None = None) -> None:
        """So many interrupts, of which these requests hear; another that is not complete hears of its first packets."""
        heard = [*requests, so_far] if so_far is not None else requests
        self.count += interrupts
        for request in heard:
            request.interrupts += interrupts / len(heard)
        self._waiting, self._frames, self._timer = [], 0.0, None
        for request in requests:
            if request.done is not request.ended:
                request.done.succeed()

    def _hold(self, hold_s: float) -> None:
        self._timer = timer = self._environment.timeout(hold_s)

        def over(_: simpy.Event) -> None:
            if self._timer is timer:
                self._announce(self._waiting, 1.0)

        assert timer.callbacks is not None
        timer.callbacks.append(over)
