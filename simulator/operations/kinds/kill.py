"""Kill: the process that a tenant is for its host ends at once (power off, SIGKILL): nobody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator import outcomes
from simulator.operations.kinds.base import Kind

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Kill(Kind):
    """All that runs of it ends there and then."""

    def perform(self, job: Job) -> Life:
        """Its program and its own systems end."""
        yield from job.end(outcomes.killed("an operator"))


KIND = Kill
