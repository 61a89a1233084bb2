"""``shared``: what two equal tenants of a stack have in common, counted in the tree."""

from __future__ import annotations

from simulator import notation
from simulator.claims.case import Case
from simulator.claims.kinds.base import Kind
from simulator.claims.reading import Reading, derived
from simulator.claims.tree import is_kernel

_KERNELS = "kernels"


class Shared(Kind):
    """Nodes that are on the way to both tenants; each tenant is in a group of its own where there are groups."""

    ABOUT = "what two equal tenants have in common, counted in the tree of layers"
    WORDS = {
        _KERNELS: "kernels that two tenants share",
        "layers": "layers that two tenants share",
    }

    def unit(self) -> str:
        return "count"

    def read(self, case: Case) -> Reading:
        tree = notation.build(dict.fromkeys("ab", case.expression), {"a": "a", "b": "b"})
        names = {node.path: node for node in tree.chains["a"] if node in tree.chains["b"]}
        found = [node for node in names.values() if self.word != _KERNELS or is_kernel(case, node)]
        return derived(len(found), "count", ", ".join(node.name for node in found))


KIND = Shared
