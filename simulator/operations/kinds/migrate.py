"""Migrate: a guest moves to another machine while it runs, see ``simulator.operations.migration``.

Only what has a kernel of its own moves: a process or a container leaves a part of its state in a kernel that others
use, and has to be checkpointed and restored. A device of the machine that a guest drives itself cannot follow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator.operations.kinds.base import Kind
from simulator.operations.migration.moving import POST_COPY, PRE_COPY, WAYS, Moving
from simulator.operations.subjects import Hold

if TYPE_CHECKING:
    from simulator.operations.job import Job
    from simulator.threads import Life


class Migrate(Kind):
    """It goes on on an equal, otherwise empty machine."""

    WORD = "migrate"
    KEYS = ("how", "rate", "downtime_limit", "auto_converge", "give_up_after", "destination_fails_after")
    SECTIONS = ("migration",)
    CAPTURES = True

    @classmethod
    def problem(cls, point: Mapping[str, Any], tenant: str, hold: Hold, options: Mapping[str, Any]) -> str:
        """Unknown ways, ways that the product has not, devices that stay behind."""
        figures, how = point["layers"][hold.product]["migration"], options.get("how", PRE_COPY)
        devices = point.get("hardware", {}).get(tenant, {}).get(hold.product, {})
        fixed = [kind for kind, each in devices.items() if each.get("style") == "passthrough"]
        if how not in WAYS:
            return f"there is no migration by {how!r}: write 'how: {WAYS[0]}' or 'how: {WAYS[1]}'"
        if fixed:
            return (
                f"{tenant} drives the machine's {fixed[0]} itself, which stays where it is: take a paravirtual or an "
                f"emulated one"
            )
        if how == POST_COPY and "fault_wait_s" not in figures:
            return f"{hold.product} moves no memory after the guest: take 'how: {PRE_COPY}'"
        if options.get("auto_converge") and "throttle_first_ratio" not in figures:
            return f"{hold.product} does not hold a guest in steps that writes too fast: remove 'auto_converge'"
        return ""

    def perform(self, job: Job) -> Life:
        """All of it."""
        yield from Moving(job).go()


KIND = Migrate
