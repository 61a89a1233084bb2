"""Inspect: a tenant stands still, and somebody looks what each of its threads is doing (table ``inspections``).

What is paid is the pause (section ``pause``) and the time that the tenant stands still; looking costs it nothing more.
One that is paused already stays so. With ``for`` it stands still for so long, as somebody reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.operations.kinds.base import Kind
from simulator.operations.looking import look

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Inspect(Kind):
    """It is stopped, looked at, and let go on."""

    WORD = "inspect"
    KEYS = ("for",)

    def perform(self, job: Job) -> Life:
        """Stopped if it is not, and only then let go on."""
        was_paused = job.stands_still
        if not was_paused:
            yield from job.pause()
        yield from job.settle()
        look(job)
        if not was_paused:
            yield job.environment.timeout(float(job.options.get("for", 0.0)))
            yield from job.resume()


KIND = Inspect
