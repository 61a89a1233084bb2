"""Stop: a tenant's program ends as if it had been asked to; its systems go down with it, and their memory is free.

Nothing is charged for it: how long a program takes to put its things in order is the program's own matter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import outcomes
from simulator.operations.kinds.base import Kind

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Stop(Kind):
    """Its program ends, with what it has achieved."""

    def perform(self, job: Job) -> Life:
        """Its program and its own systems end."""
        yield from job.end(outcomes.STOPPED)


KIND = Stop
