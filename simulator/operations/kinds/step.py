"""Step: a tenant that is paused goes on for a moment, stops again, and is looked at (table ``inspections``).

The same moment again, from the same kept state, shows the same threads at the same places: that is what makes a fault
that comes once in a thousand runs one that can be walked up to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.operations.kinds.base import Kind
from simulator.operations.looking import look

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Step(Kind):
    """It goes on for so long, and stands still again."""

    WORD = "pause"
    KEYS = ("for",)
    NEEDS = ("for",)

    def perform(self, job: Job) -> Life:
        """Fails where nothing is paused."""
        if not job.is_paused:
            job.fail(f"{job.tenant.name} was not paused")
            return
        yield from job.resume()
        yield job.environment.timeout(job.options["for"])
        yield from job.pause()
        yield from job.settle()
        look(job)


KIND = Step
