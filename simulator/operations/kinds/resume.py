"""Resume: what was paused goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.operations.kinds.base import Kind

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Resume(Kind):
    """It goes on where it was stopped."""

    WORD = "pause"

    def perform(self, job: Job) -> Life:
        """Fails where nothing is paused."""
        if not job.is_paused:
            job.fail(f"{job.tenant.name} was not paused")
            return
        yield from job.resume()


KIND = Resume
