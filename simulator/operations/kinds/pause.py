"""Pause: what stands on a layer stops where it is, and goes on there later; nothing is lost.

What is paid: the layer stops each thing that runs on it, one after the other: a kernel its processes by signals or
through a control group, a hypervisor the virtual processors of a machine (section ``pause``; a layer without it takes
nothing that anybody has measured). What is not stopped is the lesson: devices
finish what they have in hand, and what serves the tenant from outside goes on. Who stops processes or a container stops
no kernel: timers run on, and a sleep that ends meanwhile is over when it goes on. Who stops a virtual machine stops its
kernel's clock as well (``simulator.clocks``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.operations.kinds.base import Kind
from simulator.operations.subjects import Hold

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


_GOES_ON = ("resume", "stop", "kill", "roll_back", "restore")


class Pause(Kind):
    """It stops where it is; with ``for`` it goes on after that time by itself."""

    WORD = "pause"
    KEYS = ("for",)

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """Who is never resumed never ends, and neither does a run that waits for it."""
        others = (each for each in point["operations"] if each["target"] == tenant and each["at_s"] > options["at_s"])
        ends = "for" in options or point["duration_s"] is not None or point["tenants"][tenant]["stop_s"] is not None
        if ends or any(each["kind"] in _GOES_ON for each in others):
            return ""
        return f"{tenant} would stand still for ever: add 'for: ...', a later 'resume: {tenant}', or a duration"

    def perform(self, job: Job) -> Life:
        """Stopped, and let go on if that was said."""
        yield from job.pause()
        if "for" in job.options:
            yield job.environment.timeout(job.options["for"])
            if job.is_paused:
                yield from job.resume()


KIND = Pause
