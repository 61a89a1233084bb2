"""The house: the tree of systems on one machine, who shares what, and the meeting points of threads.

A node of the notation becomes a layer with a share of the processors and, for a kernel, a space of memory.
Equal path means the same node: tenants that share a node share its caches, queues and processors.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING, Any

from simulator import discovery, notation
from simulator.demands import File
from simulator.devices.base import Key, Request
from simulator.devices.memory import Memory
from simulator.errors import RunError
from simulator.layers.base import GuestDevice, Layer, Place
from simulator.layers.hardware import Hardware
from simulator.machine import Machine
from simulator.plans import PROGRAM, Move, Node, Part, Plan, Work, compile_steps, scale
from simulator.queues import Mailbox, Ring, lock
from simulator.sharing.tree import INFINITE, Share
from simulator.space import divide, is_kernel
from simulator.threads import Life, Thread, transition_work

if TYPE_CHECKING:
    import simpy

MACHINE = "machine"


class House:
    """Everything that stands on one machine.

    Args:
        environment: simulated time.
        machine: the devices.
        point: the resolved point, see ``simulator.scenario``.
    """

    def __init__(self, environment: simpy.Environment, machine: Machine, point: Mapping[str, Any]) -> None:
        self.environment, self.machine, self.point = environment, machine, point
        self.without = frozenset(point["without"])
        self.threads: list[Thread] = []
        self.detached: list[tuple[Request, Thread, Move]] = []
        figures = {name: machine.cpu.parameters[name] for name in Hardware.PROCESSOR if name in machine.cpu.parameters}
        self.bottom = Node(MACHINE, Hardware(figures), without=self.without)
        self.nodes: dict[str, Node] = {MACHINE: self.bottom}
        self.shares: dict[str, Share] = {MACHINE: machine.cpu.root}
        self.groups: dict[str, Share] = {}
        self.spaces: dict[str, Memory] = {}
        self.tops: dict[str, Node] = {}
        self.program_bytes: dict[str, float] = {}
        self.runtime_bytes: dict[str, float] = {}
        """What of the memory of a tenant's program is that of the layer which runs it."""
        self.limits: dict[str, Memory] = {}
        """Memory limits of nodes that share their kernel, by path."""
        self.enforced: dict[str, bool] = {}
        """Whether a tenant has a space of memory of its own, or a limit, which confines it."""
        self.chains: dict[str, tuple[Node, ...]] = {}
        """The nodes of each tenant from the hardware up."""
        self._ports: list[Node] = []
        self._running: defaultdict[tuple[str, str], int] = defaultdict(int)
        """Runnable threads by node, and by guest where a hypervisor has a face for each: a guest idles by itself."""
        self._rings: dict[str, Ring] = {}
        self._mailboxes: dict[tuple[str, str, str], Mailbox] = {}
        self._waking: dict[tuple[str, int], Work] = {}
        self._programs: dict[str, Share] = {}
        self._paths: dict[str, tuple[Node, ...]] = {}
        self._spawned = 0
        self._build()

    # ---- building

    def _build(self) -> None:
        tenants = self.point["tenants"]
        tree = notation.build(
            {name: notation.parse(tenant["expression"]) for name, tenant in tenants.items()},
            {name: tenant["group"] for name, tenant in tenants.items()},
        )
        self._divided = divide(tree, self.point, self.machine.memory.capacity_bytes)
        self._names = {place.path: place.name for place in tree.nodes}
        self._carriers = {name: _carrier(chain, self.point) for name, chain in tree.chains.items()}
        self.owners = {place.path: name for name, chain in tree.chains.items() for place in chain if place.private}
        for place in tree.nodes:
            self._add(place, self.owners.get(place.path))
        for name, chain in tree.chains.items():
            self.tops[name] = self.nodes[chain[-1].path]
            self.chains[name] = tuple(self.nodes[place.path] for place in chain)
            private = [node for node in chain if node.private]
            self.enforced[name] = any(node.path in self.spaces or node.path in self.limits for node in private)
            self.groups[name] = self._group(name, self.tops[name], private=bool(private))
            self.program_bytes[name] = self.runtime_bytes[name] = 0.0
        for node in (*self.nodes.values(), *self._ports):
            self._start_services(node)

    def _add(self, place: notation.Node, tenant: str | None) -> None:
        """Make one node: its layer, its share, its memory."""
        below = self._port(place, self.nodes[place.parent.path] if place.parent else self.bottom, tenant)
        figures = self.point["layers"][place.name]
        family: type[Layer] = discovery.member("layers", figures["family"]).LAYER
        node = Node(place.path, family(figures["parameters"], figures["structure"]), below, without=self.without)
        self.nodes[place.path] = node
        self._share(place, node, tenant)
        memory_bytes = self._space(place, figures["parameters"], family, tenant)
        node.layer = family(figures["parameters"], figures["structure"], self._place(node, memory_bytes, tenant))
        if place.role and place.parent:
            self.nodes[place.parent.path].roles[place.role] = node

    def _place(self, node: Node, memory_bytes: float, tenant: str | None) -> Place:
        """Where a layer stands: what it is shown from below, and the limits it meets."""
        assert node.below is not None
        layer = node.below.layer
        limits = self.point["tenants"][tenant].get("limits", {}) if tenant is not None else {}
        product = self._names[node.path]
        return Place(
            node.path, memory_bytes or self._visible_bytes(node.below), layer.presents(),
            self.machine.cpu.parameters.page_bytes, self._devices(layer), {},
            self._visible_processors(self.shares[node.path]), dict(limits.get(product, {})),
            layer.MEETS_CALLS,
        )  # fmt: skip

    def _devices(self, layer: Layer) -> dict[str, Mapping[str, float]]:
        """Numbers of the devices that a layer presents: the machine's own, or those of its guest."""
        machine = {"disk": self.machine.disk.parameters, "nic": self.machine.nic.parameters}
        shown = layer.place.guest_devices
        return {
            name: shown[name].parameters if name in shown and kind in ("emulated", "paravirtual") else machine[name]
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

    def _visible_processors(self, share: Share) -> float:
        """Processors that a program there sees: the narrowest of what is above it, quotas rounded up."""
        hertz = self.machine.cpu.frequency_hz
        return min(
            self.machine.cpu.cores,
            *(min(node.width, ceil(node.cap / hertz) if node.cap < INFINITE else INFINITE) for node in share.lineage),
        )

    def _port(self, place: notation.Node, below: Node, tenant: str | None) -> Node:
        """What a node stands on: itself, or the face that a hypervisor turns to this guest, with its devices."""
        if below is self.bottom or below.layer.OFFERS != "machine":
            return below
        chosen = self.point.get("hardware", {}).get(tenant or "", {}).get(self._names[below.path], {})
        devices = {name: GuestDevice(each["name"], each["style"], each["parameters"]) for name, each in chosen.items()}
        layer = below.layer.for_child(place.role or "guest", devices)
        port = Node(below.path, layer, below.below, below.roles, self.without, port=place.path)
        self._ports.append(port)
        return port

    def _share(self, place: notation.Node, node: Node, tenant: str | None) -> None:
        """The outermost private node carries the tenant's weight and cap, its virtual machine the processors.

        Without a virtual machine of its own the outermost private node carries these too. Where a layer stops its
        programs now and then, these have a share beside that of its own threads.
        """
        parent = self.shares[place.parent.path if place.parent else MACHINE]
        rules: dict[str, Any] = {"width": node.layer.width()}
        if tenant is not None:
            outermost = not (place.parent and place.parent.private)
            rules |= self._rules(tenant) if outermost else {}
            if place.path == self._carriers[tenant]:
                rules["width"] = min(rules["width"], self.point["tenants"][tenant]["vcpus"] or INFINITE)
        self.shares[place.path] = Share(place.path, parent, **rules)
        if node.layer.FREEZES:
            self._programs[place.path] = Share(f"programs of {place.path}", self.shares[place.path])

    def _group(self, tenant: str, top: Node, *, private: bool) -> Share:
        """Where a tenant's threads stand. Nothing divides tenants without nodes of their own: each thread counts."""
        share = self._programs.get(top.path, self.shares[top.path])
        if private:
            return share
        return Share(f"threads of {tenant}", share, weight_rule="active", tenant=True)

    def freeze(self, node: Node, stop: bool) -> None:
        """The programs on a node stop, or go on; the layer's own threads do not."""
        self.machine.cpu.sharing.set(self._programs[node.path], frozen=stop)

    def _rules(self, tenant: str) -> dict[str, Any]:
        figures = self.point["tenants"][tenant]
        cap = figures["cap_cores"]
        hertz = self.machine.cpu.frequency_hz
        return {"weight": figures["weight"], "cap": INFINITE if cap is None else cap * hertz, "tenant": True}

    def _space(
        self, place: notation.Node, parameters: Mapping[str, float], family: type[Layer], tenant: str | None
    ) -> float:
        """Hold the node's part of the machine's memory; a kernel manages it as a space of its own.

        A layer that confines memory without a machine of its own keeps a limit within its kernel's space.
        """
        size_bytes = self._divided[place.path]
        self.machine.memory.hold(place.path, size_bytes)
        if "kernel_bytes" not in parameters:
            asked_bytes = self.point["tenants"][tenant]["memory_bytes"] if tenant is not None else None
            if family.CONFINES_MEMORY and family.OFFERS != "machine" and asked_bytes is not None:
                name = f"the memory limit of {place.path}"
                self.limits[place.path] = Memory({"capacity_bytes": asked_bytes}, name)
            return 0.0
        space = self.spaces[place.path] = Memory({"capacity_bytes": size_bytes}, f"the memory of {place.path}")
        space.hold("kernel", parameters["kernel_bytes"])
        return size_bytes

    def _start_services(self, node: Node) -> None:
        """A layer's own threads; those of a hypervisor's face for one guest work for that guest."""
        for service in node.layer.guest_services() if node.port else node.layer.services():
            home = node.roles.get("domain-0", node)
            name = f"{service.name} of {node.port}" if node.port else service.name
            thread = Thread(self, home.path, name, home, self.shares[home.path], service=True)
            self.threads.append(thread)
            if service.queue:
                ring = self._rings.setdefault(node.queue(service.queue), Ring(self.environment.event, service.capacity))
                self.environment.process(thread.serve(service, ring))
            else:
                self.environment.process(thread.repeat(service))

    # ---- what threads ask of it

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

    def own_path(self, node: Node) -> tuple[Node, ...]:
        """The nodes that a layer's own thread runs on: a hypervisor's threads are no guests of it."""
        path = self.path(node)
        return path[1:] if node.layer.OFFERS == "machine" else path

    def block(self, path: tuple[Node, ...]) -> None:
        """A thread on these nodes is no longer runnable."""
        for step in path:
            self._running[step.path, step.port] -= 1

    def unblock(self, path: tuple[Node, ...]) -> None:
        """A thread on these nodes is runnable."""
        for step in path:
            self._running[step.path, step.port] += 1

    def waking(self, path: tuple[Node, ...]) -> Work:
        """A blocked thread goes on: what that takes on every layer, down to the first that was not idle."""
        depth = next((i for i, step in enumerate(path) if self._running[step.path, step.port]), len(path))
        self.unblock(path)
        key = (path[0].path, depth)
        work = self._waking.get(key)
        if work is None:
            work = self._waking[key] = self._waking_work(path, depth)
        return work

    def _waking_work(self, path: tuple[Node, ...], depth: int) -> Work:
        """Kernels switch, other layers resume; the first that was not idle still switches if it is a kernel."""
        works = [transition_work(step, "switch") for step in path[: depth + 1]]
        works += [transition_work(step, "resume") for step in path[:depth]]
        return sum_work(works)

    def tick_work(self, path: tuple[Node, ...]) -> Work:
        """What timers cost in one second of processor time on these nodes."""
        works: list[Work] = []
        above: Node | None = None
        for step in path:
            hertz = step.layer.tick_hz()
            if hertz:
                works += [_times(transition_work(step, "tick"), hertz)]
                if above is not None:
                    works += [_times(transition_work(above, "interrupted"), hertz)]
            above = step
        return sum_work(works)

    def mailbox(self, tenant: str, kind: str, name: str) -> Mailbox:
        """A tenant's mailbox or lock, made at its first use."""
        key = (tenant, kind, name)
        box = self._mailboxes.get(key)
        if box is None:
            make = lock if kind == "lock" else Mailbox
            box = self._mailboxes[key] = make(self.environment.event)
        return box

    def ring(self, name: str) -> Ring:
        """A queue that some layer's service drains.

        Raises:
            RunError: no layer serves it.
        """
        try:
            return self._rings[name]
        except KeyError:
            raise RunError(f"no service drains the queue {name!r}") from None

    def named(self, name: str) -> Node:
        """The node that a fault names: the kernel of a tenant, or a product or role by its name or path."""
        if name in self.tops:
            return self.kernel(self.tops[name])
        return next(node for node in self.nodes.values() if name in (node.path, self._names.get(node.path)))

    def boot(self, tenant: str) -> Life:
        """Start a tenant's own systems, from the hardware up: each when the one below is ready."""
        chosen = self.point.get("hardware", {}).get(tenant, {})
        for node in self.chains[tenant]:
            name = self._names[node.path]
            image = chosen.get(name, {}).get("image")
            figures = [self.point["layers"][name].get("start"), image and image["parameters"]]
            port = node.below if node.below is not None and node.below.port else None
            if port is not None and self.owners.get(port.path) is None and self.owners.get(node.path) == tenant:
                yield from self._start(tenant, port, [self.point["layers"][self._names[port.path]].get("start")])
            if self.owners.get(node.path) == tenant:
                yield from self._start(tenant, node, figures)

    def _start(self, tenant: str, node: Node, figures: list[Mapping[str, float] | None]) -> Life:
        """A layer's own steps to readiness, in a thread of its own."""
        for each in figures:
            if each:
                share = self.shares[node.path]
                thread = Thread(self, tenant, f"start of {node.path}", node, share, service=True)
                self.threads.append(thread)
                yield self.environment.process(thread.carry_out(compile_steps(node, node.layer.start(each), node.path)))

    def keep(self, tenant: str, node: Node, size_bytes: float, *, program: bool = True) -> None:
        """The memory of a program, or of the layer that runs it, grows or shrinks; the page cache gets what is left."""
        kernel = self.kernel(node)
        space = self.spaces[kernel.path]
        for limit in (self.limits[step.path] for step in self.path(node) if step.path in self.limits):
            limit.hold(f"program {tenant}", size_bytes)
        space.hold(f"program {tenant}", size_bytes)
        self.program_bytes[tenant] = space.held_bytes[f"program {tenant}"]
        self.runtime_bytes[tenant] += 0.0 if program else size_bytes
        if kernel.layer.cache is not None:
            kernel.layer.cache.resize(space.free_bytes)

    def kernel(self, node: Node) -> Node:
        """The system with a memory of its own that a node stands on, or is."""
        return next(step for step in self.path(node) if step.path in self.spaces)

    def overhead_bytes(self, tenant: str) -> float:
        """Memory of the layers under a tenant's program: its own, and an equal part of those that it shares.

        A kernel counts with what it keeps for itself, a driver domain with all that it was given: no program gets it.
        """
        standing = {name: self._standing_on(chain) for name, chain in self.chains.items()}
        users = Counter(path for paths in standing.values() for path in paths)
        parts = (size_bytes / users[path] for path, size_bytes in standing[tenant].items())
        return self.runtime_bytes[tenant] + sum(parts)

    def _standing_on(self, chain: tuple[Node, ...]) -> dict[str, float]:
        """Memory of each node of a chain and of the driver domains beside it, by path."""
        given_bytes = self.machine.memory.held_bytes
        beside = {role.path: given_bytes[role.path] for node in chain for role in node.roles.values()}
        spaces = {node.path: self.spaces.get(node.path) for node in chain}
        own = {path: space.held_bytes["kernel"] if space else given_bytes[path] for path, space in spaces.items()}
        return beside | own

    def spawn(self, parent: Thread, plan: Plan, processes: float = 1.0) -> simpy.Event:
        """A plan in a thread of its own beside its parent, which weighs as much as some processes."""
        self._spawned += 1
        group = parent.share.parent
        assert group is not None
        name = f"{parent.name}/{self._spawned}"
        service = parent.service
        thread = Thread(self, parent.tenant, name, parent.node, group, service=service, processes=processes)
        self.threads.append(thread)
        return self.environment.process(thread.carry_out(plan))

    def relower(self, node: Node) -> None:
        """Something about a node has changed: forget all plans, and lower again what is in flight on it.

        Plans of any node may lead through it: those of guests through their driver domain.
        """
        for step in self.nodes.values():
            step.plans.clear()
        self._waking.clear()
        for thread in self.threads:
            if any(step.path == node.path for step in thread.path):
                thread.relower()

    def set_frequency(self, frequency_hz: float) -> None:
        """Another clock: steps in flight go on at the new pace, and caps stay what they are in processors."""
        cpu = self.machine.cpu
        for thread in self.threads:
            thread.relower()
        ratio = frequency_hz / cpu.frequency_hz
        cpu.set_frequency(frequency_hz)
        for share in self.shares.values():
            if share is not cpu.root and share.cap < INFINITE:
                cpu.sharing.set(share, cap=share.cap * ratio)

    def stop(self, tenant: str) -> None:
        """End all threads of a tenant by force."""
        for thread in self.threads:
            if thread.tenant == tenant:
                thread.stop()

    def crash(self, node: Node) -> None:
        """A node fails: every thread on it or above it ends, its own threads with the others."""
        for thread in self.threads:
            if thread.node is node or node in thread.path:
                thread.stop()

    def warm(self, tenant: str, files: tuple[File, ...]) -> None:
        """Put files into the page caches on a tenant's path, as earlier runs would have left them."""
        cache = self.kernel(self.tops[tenant]).layer.cache
        for file in files:
            if cache is not None:
                cache.warm(file)


def _carrier(chain: tuple[notation.Node, ...], point: Mapping[str, Any]) -> str:
    """The path of the node that a tenant's processors are given to; empty if it has none of its own."""
    private = [node for node in chain if node.private]
    kernels = [node for node in private if is_kernel(point, node.name)]
    return next((node.path for node in (*kernels, *private)), "")


def sum_work(works: list[Work]) -> Work:
    """Several steps of processor time as one, parts with the same key added up."""
    parts: dict[Key, Part] = {}
    for work in works:
        for part in work.parts:
            old = parts.get(part.key, Part(part.key, 0.0, 0.0, 0.0))
            parts[part.key] = Part(part.key, *(a + b for a, b in zip(old[1:], part[1:], strict=True)))
    return Work(sum(w.cycles for w in works), sum(w.stall_s for w in works), tuple(parts.values()))


def _times(work: Work, count: float) -> Work:
    scaled = scale((work,), count)[0]
    assert isinstance(scaled, Work)
    return scaled


__all__ = ["MACHINE", "PROGRAM", "House", "sum_work"]
