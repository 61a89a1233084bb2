"""Operations: what is done to a tenant while time runs, by whom, and what that takes.

Every operation is carried out by one layer on the tenant's way, on what stands on that layer: a container's engine
pauses processes, a hypervisor a whole system. ``subjects``: who may do what to whom, found in the tree; ``kinds``: one
module for each operation; ``job``: one operation while time runs; ``state``: a tenant's state, kept and put back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator.operations.job import Job
from simulator.operations.kinds.base import kinds
from simulator.operations.state import elsewhere


def keeps_history(point: Mapping[str, Any], tenant: str) -> bool:
    """Whether an operation of a point may bring a tenant's program back to where it was, or to another place."""
    return any(kinds()[each["kind"]].CAPTURES and tenant in each.values() for each in point["operations"])


__all__ = ["Job", "elsewhere", "keeps_history", "kinds"]
