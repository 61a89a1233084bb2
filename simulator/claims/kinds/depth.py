"""``depth``: how many layers lie under something, counted in the tree."""

from __future__ import annotations

from simulator.claims.case import Case
from simulator.claims.kinds.base import Kind
from simulator.claims.reading import Reading, derived
from simulator.claims.tree import chain, is_hypervisor, is_kernel
from simulator.errors import UsageError


class Depth(Kind):
    """Layers under a tenant's program, or under its hypervisor; or how many kernels are among them."""

    ABOUT = "how many layers lie under a tenant or under its hypervisor, counted in the tree"
    WORDS = {
        "program": "layers below the program",
        "hypervisor": "layers below the hypervisor",
        "kernels": "kernels below the program",
        "own kernels": "kernels of its own below the program",
    }

    def unit(self) -> str:
        return "count"

    def read(self, case: Case) -> Reading:
        nodes = chain(case)
        if self.word == "hypervisor":
            first = next((number for number, node in enumerate(nodes) if is_hypervisor(case, node)), None)
            if first is None:
                raise UsageError(f"there is no hypervisor in '{case.expression}'")
            nodes = nodes[:first]
        if self.word in ("kernels", "own kernels"):
            nodes = tuple(node for node in nodes if is_kernel(case, node) and (node.private or self.word == "kernels"))
        return derived(len(nodes), "count", ", ".join(node.name for node in nodes))


KIND = Depth
