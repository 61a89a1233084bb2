"""How a machine's memory is divided among the systems on it: space, before any program runs.

A guest gets what its tenant was given, at once or (from a hypervisor that overcommits) as it touches it; a driver
domain what the hypervisor's catalog entry says; hypervisors and monitors hold what they need themselves; the system
that is shared by all gets the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulator import discovery, notation
from simulator.errors import StackError
from simulator.layers.base import Layer


def divide(tree: notation.Tree, point: Mapping[str, Any], capacity_bytes: float) -> dict[str, float]:
    """Bytes of every node that holds memory, by path.

    Raises:
        StackError: the guests do not fit into the machine.
    """
    _refuse_nested(tree, point)
    owners = tree.givers
    given: dict[str, float] = {}
    sharing: list[str] = []
    for node in tree.nodes:
        children = sum(1 for other in tree.nodes if other.parent is node)
        if not is_kernel(point, node.name):
            given[node.path] = family(point, node.name).own_bytes(_parameters(point, node), children)
        elif node.role:
            given[node.path] = _driver_domain_bytes(point, node)
        elif _is_guest(point, node):
            given[node.path] = point["tenants"][owners[node.path]]["memory_bytes"]
        else:
            sharing.append(node.path)
    promised = kept(tree, point)
    left_bytes = capacity_bytes - sum(size_bytes for path, size_bytes in given.items() if path not in promised)
    if promised:
        _admit(point, owners, promised, left_bytes, capacity_bytes)
        lazy = {host for host in set(promised.values()) if _lazily(tree, point, host, given, promised, left_bytes)}
        at_once = [path for path, host in promised.items() if host not in lazy]
        left_bytes = max(0.0, left_bytes - sum(given[path] for path in at_once))
    if left_bytes < 0.0:
        raise StackError(
            f"the systems want {-left_bytes / 2**20:.0f} MiB more than the machine's {capacity_bytes / 2**20:.0f} MiB: "
            "give the tenants less memory, or take fewer of them"
        )
    divided = given | {path: left_bytes / len(sharing) for path in sharing}
    for node in tree.nodes:
        needed_bytes = _parameters(point, node).get("kernel_bytes", 0.0)
        if divided[node.path] < needed_bytes:
            raise StackError(
                f"{node.path} has {divided[node.path] / 2**20:.0f} MiB, its kernel alone takes "
                f"{needed_bytes / 2**20:.0f} MiB: give it more memory, or its guests less"
            )
    return divided


def kept(tree: notation.Tree, point: Mapping[str, Any]) -> dict[str, str]:
    """Guests to whom memory is promised, and given as they touch it: their kernels, each with its hypervisor's path."""
    found: dict[str, str] = {}
    for node in tree.nodes:
        below = node.parent
        if below is None or node.role or not is_kernel(point, node.name) or not _is_guest(point, node):
            continue
        if family(point, below.name).overcommits(point["layers"][below.name]["structure"]):
            found[node.path] = below.path
        elif below.parent is not None and hosts_lazily(point, below.parent.name):
            found[node.path] = below.parent.path
    return found


def hosts_lazily(point: Mapping[str, Any], name: str) -> bool:
    """Whether guests of hypervisors on a system have memory as they touch it, if that is to be had in no other way."""
    return is_kernel(point, name) and family(point, name).hosts_lazily(point["layers"][name]["structure"])


def _lazily(
    tree: notation.Tree, point: Mapping[str, Any], host: str, given: Mapping[str, float], promised: Mapping[str, str],
    left_bytes: float,
) -> bool:  # fmt: skip
    """Whether a host's kernel gives memory as it is touched: it merges pages, or its guests do not fit otherwise."""
    node = tree.node(host)
    if not is_kernel(point, node.name):
        return False
    merges = point["layers"][node.name]["structure"].get("ksm") == "on"
    return merges or sum(given[path] for path in promised) > left_bytes


def short(tree: notation.Tree, point: Mapping[str, Any], divided: Mapping[str, float], capacity_bytes: float) -> bool:
    """Whether what was promised may ever have to be taken back: it does not all fit, or guests have limits."""
    promised = kept(tree, point)
    limited = any(point["tenants"][tree.givers[path]].get("memory_limit_bytes") for path in promised)
    spare_bytes = max(
        (_least_free_bytes(point, tree, promised, path, capacity_bytes) for path in promised), default=0.0
    )
    return bool(promised) and (limited or sum(divided.values()) + spare_bytes > capacity_bytes)


def _least_free_bytes(
    point: Mapping[str, Any], tree: notation.Tree, promised: Mapping[str, str], path: str, capacity_bytes: float
) -> float:
    """Free memory below which the hypervisor of a guest begins to take some."""
    node = tree.node(path)
    if node.parent is None or promised[path] != node.parent.path:
        return 0.0
    return float(_parameters(point, node.parent).get("least_free_ratio", 0.0)) * capacity_bytes


def _admit(
    point: Mapping[str, Any], owners: Mapping[str, str], promised: Mapping[str, str], left_bytes: float,
    capacity_bytes: float,
) -> None:  # fmt: skip
    """Admission: what is reserved for guests has to be there beside what hypervisors and monitors take.

    Raises:
        StackError: it is not.
    """
    reserved_bytes = sum(point["tenants"][owners[path]].get("memory_reservation_bytes") or 0.0 for path in promised)
    if reserved_bytes > left_bytes:
        raise StackError(
            f"{reserved_bytes / 2**20:.0f} MiB are reserved for guests, and beside hypervisor and monitors the machine "
            f"has {left_bytes / 2**20:.0f} MiB of {capacity_bytes / 2**20:.0f} MiB: reserve less, or take fewer guests"
        )


def _refuse_nested(tree: notation.Tree, point: Mapping[str, Any]) -> None:
    """What a guest's hypervisor asks of the machine would have to be asked again below; no layer does that yet."""
    for chain in tree.chains.values():
        hypervisors = [node.name for node in chain if family(point, node.name).OFFERS == "machine"]
        if len(hypervisors) > 1:
            raise StackError(
                f"{hypervisors[1]} stands in a guest of {hypervisors[0]}: a hypervisor in a hypervisor's guest is not "
                "available in this version; take one of the two"
            )


def _driver_domain_bytes(point: Mapping[str, Any], node: notation.Node) -> float:
    parameters = _parameters(point, node.parent)
    if "driver_domain_bytes" not in parameters:
        assert node.parent is not None
        name = node.parent.name
        raise StackError(f"{name} drives the devices itself and has no {node.role}: write '{name}', or take xen-2")
    return parameters["driver_domain_bytes"]


def family(point: Mapping[str, Any], name: str) -> type[Layer]:
    """The class of a product."""
    found: type[Layer] = discovery.member("layers", point["layers"][name]["family"]).LAYER
    return found


def _parameters(point: Mapping[str, Any], node: notation.Node | None) -> Mapping[str, float]:
    assert node is not None
    parameters: Mapping[str, float] = point["layers"][node.name]["parameters"]
    return parameters


def is_kernel(point: Mapping[str, Any], name: str) -> bool:
    """Whether a product is an operating system on a machine of its own, real or virtual."""
    layer = family(point, name)
    return layer.OFFERS == "system" and layer.needs(point["layers"][name]["structure"]) == "machine"


def _is_guest(point: Mapping[str, Any], node: notation.Node) -> bool:
    """Whether something below a system that is not everybody's confines it to its tenant's memory."""
    step = node.parent
    while node.apart and step is not None:
        if family(point, step.name).OFFERS == "machine":
            return True
        step = step.parent
    return False
