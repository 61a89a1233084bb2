"""The site: the systems on one machine with what each is given, before any clock runs.

A node of the notation becomes a layer with a share of the processors and, for a kernel, a space of memory. Equal path
means the same node: tenants that share a node share its caches, queues and processors. A hypervisor turns a face of its
own to each guest, a *port*: the guest's devices, its queues, and the threads that serve them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import takewhile
from math import ceil
from typing import Any, cast

from simulator import notation
from simulator.devices.base import GroupRules
from simulator.devices.memory import Memory
from simulator.layers._guest_memory import GuestMemory, HostMemory
from simulator.layers.base import GuestDevice, Layer, Limit, Place
from simulator.layers.hardware import Hardware
from simulator.machine import Machine
from simulator.plans import Node
from simulator.sharing.tree import INFINITE, Scheduling, Share
from simulator.space import divide, family, is_kernel, kept, short

MACHINE = "machine"


class Site:
    """What stands on one machine.

    Args:
        machine: the devices.
        point: the resolved point, see ``simulator.scenario``.

    Attributes:
        nodes: all systems by path, the machine itself included.
        shares: the part of the processors of each node, by path.
        groups: the share that a tenant's threads stand in.
        programs: the share of the programs on a node that stops them now and then, by path.
        spaces: the memory of each kernel, by path.
        limits: memory limits of nodes that share their kernel, by path.
        groups_of_memory: what each tenant's systems without a kernel of their own let it have of their kernel's memory,
            from the inside; only those that limit or promise something.
        enforced: whether a tenant has a space of memory of its own, or a limit, which confines it.
        tops: the node that a tenant's program runs on.
        chains: the nodes of each tenant from the hardware up.
        owners: the tenant of each private node, by path; of what a group has, the group's first tenant.
        names: the product of each node, by path.
        ports: the faces that hypervisors turn to their guests.
    """

    def __init__(self, machine: Machine, point: Mapping[str, Any]) -> None:
        self.machine, self.point = machine, point
        self.without = frozenset(point["without"])
        figures = {name: machine.cpu.parameters[name] for name in Hardware.PROCESSOR if name in machine.cpu.parameters}
        self.bottom = Node(MACHINE, Hardware(figures), without=self.without)
        self.nodes: dict[str, Node] = {MACHINE: self.bottom}
        self.shares: dict[str, Share] = {MACHINE: machine.cpu.root}
        self.groups: dict[str, Share] = {}
        self.programs: dict[str, Share] = {}
        self.spaces: dict[str, Memory] = {}
        self.limits: dict[str, Memory] = {}
        self.groups_of_memory: dict[str, list[Limit]] = {}
        self.enforced: dict[str, bool] = {}
        self.tops: dict[str, Node] = {}
        self.chains: dict[str, tuple[Node, ...]] = {}
        self.ports: list[Node] = []
        self._paths: dict[str, tuple[Node, ...]] = {}
        self._outsides: set[Share] = set()
        """The shares of whole virtual machines, as their hypervisors keep them."""
        self._build()

    def path(self, node: Node) -> tuple[Node, ...]:
        """The nodes from one down to the machine."""
        path = self._paths.get(node.path)
        if path is None:
            nodes: list[Node] = []
            step: Node | None = node
            while step is not None:
                nodes.append(step)
                step = step.below
            path = self._paths[node.path] = tuple(nodes)
        return path

    def renew(self, paths: Collection[str], layers: Mapping[str, Layer] | None = None) -> None:
        """Nodes are as when they were made: what their layers knew is gone, and what hypervisors knew of them.

        Args:
            paths: of the nodes.
            layers: what stands there from now on, where that is not a layer as it was made.
        """
        for node in self.nodes.values():
            if layers and node.path in layers:
                node.layer = layers[node.path]
            elif node.path in paths:
                node.layer = type(node.layer)(node.layer.parameters, node.layer.structure, node.layer.place)
        for port in self.ports:
            if port.port in paths:
                roles = {role.path: name for name, role in port.roles.items()}
                hypervisor, devices = self.nodes[port.path].layer, port.layer.place.guest_devices
                port.layer = hypervisor.for_child(roles.get(port.port, "guest"), devices)

    def device_group(self, node: Node) -> str:
        """Under whose name devices know what threads on a node ask of them.

        It is the tenant that owns the node, or whose guest the node's face is for. What tenants share is known by its
        kernel: that also holds for programs of tenants that have nothing of their own.
        """
        owner = self.owners.get(node.port) or self.owners.get(node.path)
        paths = (node.port, *(step.path for step in self.path(node)))
        kernels = (path for path in paths if path in self.spaces)
        return owner or next(kernels, node.path)

    def _swap_bytes(self, place: notation.Node) -> float:
        """Swap of the kernel that a node is, or stands on."""
        kernel = place
        while not is_kernel(self.point, kernel.name) and kernel.parent is not None:
            kernel = kernel.parent
        figures = self.point["layers"][kernel.name]
        return float(figures["parameters"]["swap_bytes"]) if figures["structure"].get("swap") == "disk" else 0.0

    def _divide_devices(self, tenant: str) -> None:
        """Its weight at the disk, its limits there and at the network; its outermost private node keeps them."""
        figures = self.point["tenants"][tenant]
        disk = {rule: figures.get(f"disk_{rule}") for rule in ("weight", "bytes_per_s", "operations_per_s")}
        if figures.get("disk_weight", 1.0) is None:
            disk["together"] = True
        window_bytes = min(node.layer.disk_window_bytes() for node in self.path(self.tops[tenant]))
        disk["window_bytes"] = window_bytes if window_bytes < INFINITE else None
        network = {rule: figures.get(f"network_{rule}") for rule in ("weight", "bytes_per_s")}
        self.machine.disk.set_group(tenant, **_given(disk))
        self.machine.nic.set_group(tenant, **_given(network))

    def _build(self) -> None:
        tenants = self.point["tenants"]
        tree = notation.build(
            {name: notation.parse(tenant["expression"]) for name, tenant in tenants.items()},
            {name: tenant["group"] for name, tenant in tenants.items()},
        )
        self._divided = divide(tree, self.point, self.machine.memory.capacity_bytes)
        self._keep_memory(tree)
        self.names = {place.path: place.name for place in tree.nodes}
        self._carriers = {name: _carrier(chain, self.point) for name, chain in tree.chains.items()}
        self.owners = tree.givers
        for place in tree.nodes:
            self._add(place, self.owners.get(place.path))
        for name, chain in tree.chains.items():
            self.tops[name] = self.nodes[chain[-1].path]
            self.chains[name] = tuple(self.nodes[place.path] for place in chain)
            apart = [node.path for node in chain if node.apart]
            self.enforced[name] = any(path in self.spaces or path in self.limits for path in apart)
            self.groups_of_memory[name] = list(self._groups_of_memory(self.tops[name]))
            self.groups[name] = self._group(name, self.tops[name], private=any(node.private for node in chain))
            if any(self.owners[path] == name for path in apart):
                self._divide_devices(name)

    def _groups_of_memory(self, top: Node) -> Iterator[Limit]:
        """Limits, hard and soft, on the way down from a node to its kernel."""
        for node in takewhile(lambda node: node.path not in self.spaces, self.path(top)):
            limit, owner = self.limits.get(node.path), self.owners.get(node.path)
            confines = owner is not None and node.layer.CONFINES_MEMORY and node.layer.OFFERS != "machine"
            figures = self.point["tenants"][owner] if confines else {}
            most_bytes = limit.capacity_bytes if limit is not None else INFINITE
            high_bytes, low_bytes = self._high_bytes(node, figures), figures.get("memory_low_bytes") or 0.0
            if limit is not None or high_bytes < INFINITE or low_bytes:
                yield Limit(node.path, most_bytes, high_bytes, low_bytes)

    def _high_bytes(self, node: Node, figures: Mapping[str, Any]) -> float:
        """The soft limit of a node: as its tenant says, or its memory where that is no more than a soft limit."""
        asked = [figures.get("memory_high_bytes")]
        if figures and node.layer.limits_memory(node.layer.structure) == "soft":
            asked.append(figures["memory_bytes"])
        return min((size_bytes for size_bytes in asked if size_bytes is not None), default=INFINITE)

    def _keep_memory(self, tree: notation.Tree) -> None:
        """Hypervisors that give their guests memory as they touch it, where that may not suffice."""
        total_bytes = self.machine.memory.capacity_bytes
        promised = kept(tree, self.point) if short(tree, self.point, self._divided, total_bytes) else {}
        others_bytes = sum(size_bytes for path, size_bytes in self._divided.items() if path not in promised)
        hosts = {path: HostMemory(total_bytes, total_bytes - others_bytes) for path in promised.values()}
        self.hosts: dict[str, HostMemory] = hosts
        self.guests: dict[str, GuestMemory] = {}
        for path in promised:
            figures = self.point["tenants"][tree.givers[path]]
            self.guests[path] = hosts[promised[path]].guests[path] = GuestMemory(
                path, self._divided[path], figures.get("memory_reservation_bytes") or 0.0,
                figures.get("memory_limit_bytes") or INFINITE, figures.get("memory_weight", 1.0),
                self.machine.cpu.parameters.page_bytes,
                programs={name: self.point["tenants"][name]["workload"] for name in tree.chains},
            )  # fmt: skip

    def _add(self, place: notation.Node, tenant: str | None) -> None:
        """Make one node: its layer, its share, its memory."""
        below = self._port(place, self.nodes[place.parent.path] if place.parent else self.bottom, tenant)
        figures = self.point["layers"][place.name]
        layer = family(self.point, place.name)
        node = Node(place.path, layer(figures["parameters"], figures["structure"]), below, without=self.without)
        self.nodes[place.path] = node
        self._share(place, node, tenant)
        memory_bytes = self._space(place, figures, layer, tenant)
        node.layer = layer(figures["parameters"], figures["structure"], self._place(node, memory_bytes, tenant))
        if place.role and place.parent:
            self.nodes[place.parent.path].roles[place.role] = node

    def _place(self, node: Node, memory_bytes: float, tenant: str | None) -> Place:
        """Where a layer stands: what it is shown from below, and the limits it meets."""
        assert node.below is not None
        layer = node.below.layer
        limits = self.point["tenants"][tenant].get("limits", {}) if tenant is not None else {}
        product = self.names[node.path]
        return Place(
            node.path, memory_bytes or self._visible_bytes(node.below), layer.presents(),
            self.machine.cpu.parameters.page_bytes, self._devices(layer), {},
            self._visible_processors(node), dict(limits.get(product, {})),
            layer.MEETS_CALLS, layer.mounts(), self.machine.cpu.parameters.cache_line_bytes,
            layer.place.guest, self.hosts.get(node.path),
        )  # fmt: skip

    def _devices(self, layer: Layer) -> dict[str, Mapping[str, float]]:
        """Numbers of the devices that a layer presents: the machine's own, or those of its guest."""
        machine = {"disk": self.machine.disk.parameters, "nic": self.machine.nic.parameters}
        shown = layer.place.guest_devices
        link = {"link_bytes_per_s": self.machine.nic.parameters.link_bytes_per_s}
        return {
            name: {**(link if name == "nic" else {}), **shown[name].parameters}
            if name in shown and kind in ("emulated", "paravirtual")
            else machine[name]
            for name, kind in layer.presents().items()
        }

    def _visible_bytes(self, node: Node) -> float:
        """Memory that a program on a node sees: the nearest limit, or its kernel's."""
        for step in self.path(node):
            if step.path in self.limits:
                return self.limits[step.path].capacity_bytes
            if step.path in self.spaces:
                return self.spaces[step.path].capacity_bytes
        return self.machine.memory.capacity_bytes

    def _visible_processors(self, node: Node) -> float:
        """Processors that a program on a node sees: those of its machine, less what binds it on that machine.

        A quota is rounded up. What bounds its whole virtual machine from outside is not seen inside.
        """
        hertz, seen = self.machine.cpu.frequency_hz, float(self.machine.cpu.processors)
        inside = True
        for share in reversed(self.shares[node.path].lineage):
            inside = inside and share not in self._outsides
            seen = min(seen, share.width)
            if inside:
                quota = ceil(share.cap / hertz) if share.cap < INFINITE else INFINITE
                seen = min(seen, quota, INFINITE if share.cpus is None else len(share.cpus))
        return seen

    def _port(self, place: notation.Node, below: Node, tenant: str | None) -> Node:
        """What a node stands on: itself, or the face that a hypervisor turns to this guest, with its devices."""
        if below is self.bottom or below.layer.OFFERS != "machine":
            return below
        chosen = self.point.get("hardware", {}).get(tenant or "", {}).get(self.names[below.path], {})
        devices = {name: GuestDevice(each["name"], each["style"], each["parameters"]) for name, each in chosen.items()}
        layer = below.layer.for_child(place.role or "guest", devices)
        if place.path in self.guests:
            layer = layer.for_guest(self.guests[place.path])
        port = Node(below.path, layer, below.below, below.roles, self.without, port=place.path)
        self.ports.append(port)
        return port

    def _share(self, place: notation.Node, node: Node, tenant: str | None) -> None:
        """The outermost private node carries the tenant's weight and cap, its virtual machine the processors.

        Without a virtual machine of its own the outermost private node carries these too. Where a layer stops its
        programs now and then, these have a share beside that of its own threads. What stands on the machine itself
        schedules its processors, a guest's kernel its virtual ones; any other system leaves that to the one below.
        """
        parent = self.shares[place.parent.path if place.parent else MACHINE]
        width = node.layer.width()
        rules: dict[str, Any] = {"width": width if width < self.machine.cpu.cores else INFINITE}
        if tenant is not None:
            outermost = not (place.parent and place.parent.apart)
            rules |= self._rules(tenant) if outermost else {}
            if place.path == self._carriers[tenant]:
                rules["width"] = min(rules["width"], self.point["tenants"][tenant]["vcpus"] or INFINITE)
        scheduler = self.point["layers"][place.name].get("scheduler")
        if scheduler is not None and node.below is not None:
            scheduling = Scheduling(scheduler["policy"], scheduler["parameters"])
            if node.below is self.bottom:
                self.machine.cpu.sharing.schedule(scheduling)
            elif node.below.layer.OFFERS == "machine":
                rules["scheduling"] = scheduling
        if not node.layer.grouped():
            rules |= {"weight_rule": "active", "width": INFINITE}
        self.shares[place.path] = Share(place.path, parent, **rules)
        if node.below is not None and node.below.layer.OFFERS == "machine" and node.below is not self.bottom:
            self._outsides.add(self.shares[place.path])
        if node.layer.FREEZES:
            self.programs[place.path] = Share(f"programs of {place.path}", self.shares[place.path])

    def _group(self, tenant: str, top: Node, *, private: bool) -> Share:
        """Where a tenant's threads stand. Nothing divides tenants without nodes of their own: each thread counts."""
        share = self.programs.get(top.path, self.shares[top.path])
        if private:
            return share
        return Share(f"threads of {tenant}", share, weight_rule="active", tenant=True)

    def _rules(self, tenant: str) -> dict[str, Any]:
        figures = self.point["tenants"][tenant]
        cap, hertz = figures["cap_cores"], self.machine.cpu.frequency_hz
        return {
            "weight": figures["weight"],
            "weight_rule": figures["weight_rule"],
            "cap": INFINITE if cap is None else cap * hertz,
            "period_s": figures["cap_period_s"],
            "burst_s": figures["cap_burst_s"],
            "reservation": (figures["reservation_cores"] or 0.0) * hertz,
            "cpus": None if figures["cpus"] is None else frozenset(figures["cpus"]),
            "tenant": True,
        }

    def _space(self, place: notation.Node, figures: Mapping[str, Any], layer: type[Layer], tenant: str | None) -> float:
        """Hold the node's part of the machine's memory; a kernel manages it as a space of its own.

        A layer that confines memory without a machine of its own keeps a limit within its kernel's space.
        """
        parameters, structure = figures["parameters"], figures["structure"]
        size_bytes = self._divided[place.path]
        guest = self.guests.get(place.path)
        if guest is None:
            self.machine.memory.hold(place.path, size_bytes)
        if "kernel_bytes" not in parameters:
            asked_bytes = self.point["tenants"][tenant]["memory_bytes"] if tenant is not None else None
            confines = layer.CONFINES_MEMORY and layer.OFFERS != "machine"
            rule = layer.limits_memory(structure)
            if confines and asked_bytes is not None and rule in ("hard", "refused"):
                name = f"the memory limit of {place.path}"
                swap_bytes = min(self._swap_bytes(place), layer.swap_bytes(structure, asked_bytes))
                self.limits[place.path] = Memory(
                    {"capacity_bytes": asked_bytes}, name, swap_bytes, refuses=rule == "refused"
                )
            return 0.0
        name, swap_bytes = f"the memory of {place.path}", self._swap_bytes(place)
        space = self.spaces[place.path] = Memory(
            {"capacity_bytes": size_bytes}, name, swap_bytes, refuses=not layer.kills(structure)
        )
        space.hold("kernel", parameters["kernel_bytes"])
        if guest is not None:
            guest.space = space
        if place.path in self.hosts:
            self.hosts[place.path].space = space
        return size_bytes


def _carrier(chain: tuple[notation.Node, ...], point: Mapping[str, Any]) -> str:
    """The path of the node that a tenant's processors are given to; empty if it has none of its own."""
    apart = [node for node in chain if node.apart]
    kernels = [node for node in apart if is_kernel(point, node.name)]
    return next((node.path for node in (*kernels, *apart)), "")


def _given(rules: Mapping[str, float | None]) -> GroupRules:
    return cast(GroupRules, {rule: value for rule, value in rules.items() if value is not None})
