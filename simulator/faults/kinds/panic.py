"""A kernel panic: the crash of a kernel or a hypervisor, and of nothing else."""

from __future__ import annotations

from simulator.faults.components import Component
from simulator.faults.kinds.crash import Crash


class Panic(Crash):
    """Only what has the processor for itself can panic."""

    def problem(self, component: Component, resource: str) -> str:
        """Processes crash."""
        if component.part.name in ("kernel", "hypervisor"):
            return ""
        return f"{component.name} is no kernel and cannot panic: write 'crash'"


KIND = Panic
