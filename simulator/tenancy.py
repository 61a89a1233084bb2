"""The house: the tree of systems on one machine, who shares what, and the meeting points of threads.

A node of the notation becomes a layer with a share of the processors and, for a kernel, a space of memory.
Equal path means the same node: tenants that share a node share its caches, queues and processors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator import discovery, notation
from simulator.demands import File
from simulator.devices.base import Key, Request
from simulator.devices.memory import Memory
from simulator.errors import RunError
from simulator.layers.base import Layer, Place
from simulator.layers.hardware import Hardware
from simulator.machine import Machine
from simulator.plans import PROGRAM, Move, Node, Part, Plan, Work, scale
from simulator.queues import Mailbox, Ring, lock
from simulator.sharing.tree import INFINITE, Share
from simulator.space import divide
from simulator.threads import Thread, transition_work

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
        self.bottom = Node(MACHINE, Hardware({}), without=self.without)
        self.nodes: dict[str, Node] = {MACHINE: self.bottom}
        self.shares: dict[str, Share] = {MACHINE: machine.cpu.root}
        self.groups: dict[str, Share] = {}
        self.spaces: dict[str, Memory] = {}
        self.tops: dict[str, Node] = {}
        self.program_bytes: dict[str, float] = {}
        self.enforced: dict[str, bool] = {}
        """Whether a tenant has a space of memory of its own, which confines it."""
        self._running: dict[str, int] = {MACHINE: 0}
        self._rings: dict[str, Ring] = {}
        self._mailboxes: dict[tuple[str, str, str], Mailbox] = {}
        self._waking: dict[tuple[str, int], Work] = {}
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
        owners = {place.path: name for name, chain in tree.chains.items() for place in chain if place.private}
        for place in tree.nodes:
            self._add(place, owners.get(place.path))
        for name, chain in tree.chains.items():
            self.tops[name] = self.nodes[chain[-1].path]
            private = [node for node in chain if node.private]
            self.enforced[name] = any(node.path in self.spaces for node in private)
            self.groups[name] = self._group(name, chain[-1].path, private=bool(private))
            self.program_bytes[name] = 0.0
        for node in list(self.nodes.values()):
            self._start_services(node)

    def _add(self, place: notation.Node, tenant: str | None) -> None:
        """Make one node: its layer, its share, its memory."""
        below = self.nodes[place.parent.path] if place.parent else self.bottom
        layer_below = below.layer.for_child(place.role or "guest")
        if layer_below is not below.layer:
            port = Node(below.path, layer_below, below.below, below.roles, self.without)
            below = port
        figures = self.point["layers"][place.name]
        family: type[Layer] = discovery.member("layers", figures["family"]).LAYER
        memory_bytes = self._space(place, figures["parameters"])
        position = Place(place.path, memory_bytes, layer_below.presents(), self.machine.cpu.parameters.page_bytes)
        layer = family(figures["parameters"], figures["structure"], position)
        node = Node(place.path, layer, below, without=self.without)
        self.nodes[place.path] = node
        self._running[place.path] = 0
        if place.role and place.parent:
            self.nodes[place.parent.path].roles[place.role] = node
        self._share(place, node, tenant)

    def _share(self, place: notation.Node, node: Node, tenant: str | None) -> None:
        """The outermost private node carries the tenant's weight, cap and number of processors."""
        parent = self.shares[place.parent.path if place.parent else MACHINE]
        rules: dict[str, Any] = {"width": node.layer.width()}
        if tenant is not None and not (place.parent and place.parent.private):
            rules |= self._rules(tenant)
            rules["width"] = min(rules["width"], self.point["tenants"][tenant]["vcpus"] or INFINITE)
        self.shares[place.path] = Share(place.path, parent, **rules)

    def _group(self, tenant: str, top: str, *, private: bool) -> Share:
        """Where a tenant's threads stand. Nothing divides tenants without nodes of their own: each thread counts."""
        if private:
            return self.shares[top]
        return Share(f"threads of {tenant}", self.shares[top], weight_rule="active", tenant=True)

    def _rules(self, tenant: str) -> dict[str, Any]:
        figures = self.point["tenants"][tenant]
        cap = figures["cap_cores"]
        hertz = self.machine.cpu.frequency_hz
        return {"weight": figures["weight"], "cap": INFINITE if cap is None else cap * hertz, "tenant": True}

    def _space(self, place: notation.Node, parameters: Mapping[str, float]) -> float:
        """Hold the node's part of the machine's memory; a kernel manages it as a space of its own."""
        size_bytes = self._divided[place.path]
        self.machine.memory.hold(place.path, size_bytes)
        if "kernel_bytes" not in parameters:
            return 0.0
        space = self.spaces[place.path] = Memory({"capacity_bytes": size_bytes}, f"the memory of {place.path}")
        space.hold("kernel", parameters["kernel_bytes"])
        return size_bytes

    def _start_services(self, node: Node) -> None:
        for service in node.layer.services():
            home = node.roles.get("domain-0", node)
            thread = Thread(self, home.path, service.name, home, self.shares[home.path], service=True)
            self.threads.append(thread)
            if service.queue:
                ring = self._rings[f"{node.path}:{service.queue}"] = Ring(self.environment.event, service.capacity)
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

    def block(self, node: Node) -> None:
        """A thread on this node is no longer runnable."""
        for step in self.path(node):
            self._running[step.path] -= 1

    def unblock(self, node: Node) -> None:
        """A thread on this node is runnable."""
        for step in self.path(node):
            self._running[step.path] += 1

    def waking(self, node: Node) -> Work:
        """A blocked thread goes on: what that takes on every layer, down to the first that was not idle."""
        path = self.path(node)
        depth = next((i for i, step in enumerate(path) if self._running[step.path]), len(path))
        self.unblock(node)
        work = self._waking.get((node.path, depth))
        if work is None:
            work = self._waking[node.path, depth] = self._waking_work(path, depth)
        return work

    def _waking_work(self, path: tuple[Node, ...], depth: int) -> Work:
        """Kernels switch, other layers resume; the first that was not idle still switches if it is a kernel."""
        works = [transition_work(step, "switch") for step in path[: depth + 1]]
        works += [transition_work(step, "resume") for step in path[:depth]]
        return sum_work(works)

    def tick_work(self, node: Node) -> Work:
        """What timers cost in one second of processor time on this node's path."""
        works: list[Work] = []
        above: Node | None = None
        for step in self.path(node):
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

    def keep(self, tenant: str, node: Node, size_bytes: float) -> None:
        """A program's memory grows or shrinks; the page cache gets what is left."""
        kernel = self.kernel(node)
        space = self.spaces[kernel.path]
        space.hold(f"program {tenant}", size_bytes)
        self.program_bytes[tenant] = space.held_bytes[f"program {tenant}"]
        if kernel.layer.cache is not None:
            kernel.layer.cache.resize(space.free_bytes)

    def kernel(self, node: Node) -> Node:
        """The system with a memory of its own that a node stands on, or is."""
        return next(step for step in self.path(node) if step.path in self.spaces)

    def spawn(self, parent: Thread, plan: Plan) -> simpy.Event:
        """A plan in a thread of its own beside its parent."""
        self._spawned += 1
        group = parent.share.parent
        assert group is not None
        name = f"{parent.name}/{self._spawned}"
        thread = Thread(self, parent.tenant, name, parent.node, group, service=parent.service)
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
            if thread.tenant == tenant and not thread.service:
                thread.stop()

    def warm(self, tenant: str, files: tuple[File, ...]) -> None:
        """Put files into the page caches on a tenant's path, as earlier runs would have left them."""
        cache = self.kernel(self.tops[tenant]).layer.cache
        for file in files:
            if cache is not None:
                cache.warm(file)


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
