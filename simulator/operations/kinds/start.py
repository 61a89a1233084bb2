"""Start: a tenant that has ended is started anew, its own systems first, as at its first start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.operations.kinds.base import Kind

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Start(Kind):
    """Its systems start, then its program, from the beginning."""

    ALIVE = False
    BRINGS_BACK = True

    def perform(self, job: Job) -> Life:
        """Fails where it runs."""
        tenant = job.tenant
        if tenant.alive:
            job.fail(f"{tenant.name} runs already")
            return
        tenant.up_again = up_again = job.environment.event()
        tenant.call()
        nodes = job.own_nodes()
        job.house.renew(nodes)
        yield from job.house.boot(tenant.name, tenant.context.draws("start"), {node.path for node in nodes})
        up_again.succeed()


KIND = Start
