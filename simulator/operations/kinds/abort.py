"""Abort: a migration that is under way is given up, and the guest goes on where it is.

It costs nothing that is not done for it anyway: the source has all of the guest's memory until the guest changes over.
After that there is no way back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.operations.kinds.base import Kind
from simulator.operations.migration.moving import under_way

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Abort(Kind):
    """The tenant's migration ends before its time."""

    WORD = "migrate"

    def perform(self, job: Job) -> Life:
        """At once: whoever copies sees it before the next piece."""
        moving = under_way(job.environment).get(job.row.tenant)
        why = moving.abort() if moving is not None else f"{job.row.tenant} is not being moved"
        if why:
            job.fail(why)
        yield job.environment.timeout(0.0)


KIND = Abort
