"""The house: the systems on one machine while time runs, and the meeting points of their threads."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

from simulator import outcomes
from simulator.carriers import CarrierPool, Ride
from simulator.clocks import Clock
from simulator.demands import Demand, File
from simulator.devices.base import Key, Request
from simulator.devices.memory import Memory
from simulator.effort import START_IN_TURN
from simulator.errors import Killed, RunError
from simulator.images.store import Store
from simulator.images.way import Way
from simulator.layers.base import WHOLE, Layer, Paging, Service
from simulator.letters import PostOffice
from simulator.log import Log
from simulator.machine import Machine
from simulator.observer import Observer
from simulator.plans import PROGRAM, Enqueue, Move, Node, Part, Plan, Work, compile_steps, scale
from simulator.queues import Mailbox, Ring, lock
from simulator.sharing.tree import INFINITE, Share
from simulator.site import MACHINE, Site
from simulator.steps import Step
from simulator.threads import Life, Thread, transition_work

if TYPE_CHECKING:
    import simpy


class Luck(Protocol):
    """A stream of random numbers."""

    def exponential(self, mean: float) -> float:
        """Exponential with the given mean."""


class House:
    """Everything that stands on one machine.

    Args:
        environment: simulated time.
        machine: the devices.
        point: the resolved point, see ``simulator.scenario``.
        number: of the machine, where a tenant moves from one to another.
        observer: who looks on, if anybody does.
    """

    def __init__(
        self, environment: simpy.Environment, machine: Machine, point: Mapping[str, Any], number: int = 1,
        observer: Observer | None = None,
    ) -> None:  # fmt: skip
        self.environment, self.machine, self.point, self.number = environment, machine, point, number
        self.observer = observer
        self.new_thread: Callable[..., Thread] = partial(Thread if observer is None else observer.thread, self)
        """Makes a thread of this house; the arguments are those of ``Thread``."""
        if observer is not None:
            observer.machine(number, machine)
        self.without = frozenset(point["without"])
        machine.cpu.stand(machine.memory.capacity_bytes, self.without)
        self.threads: list[Thread] = []
        self.detached: list[tuple[Request, Thread, Move]] = []
        self.site = site = Site(machine, point)
        self.nodes, self.shares, self.groups = site.nodes, site.shares, site.groups
        self.spaces, self.limits, self.enforced = site.spaces, site.limits, site.enforced
        self.tops, self.chains, self.owners = site.tops, site.chains, site.owners
        self.program_bytes = dict.fromkeys(site.tops, 0.0)
        self.runtime_bytes = dict.fromkeys(site.tops, 0.0)
        """What of the memory of a tenant's program is that of the layer which runs it."""
        self._running: defaultdict[tuple[str, str], int] = defaultdict(int)
        """Runnable threads by node, and by guest where a hypervisor has a face for each: a guest idles by itself."""
        self._rings: dict[str, Ring] = {}
        self._servers: defaultdict[str, list[Thread]] = defaultdict(list)
        """The threads that drain each queue."""
        self._mailboxes: dict[tuple[str, str, str], Mailbox] = {}
        self._waking: dict[tuple[str, int, bool, bool], Work] = {}
        self._notifying: dict[tuple[str, int], Work] = {}
        self._processors: dict[str, float] = {}
        self._slices: dict[str, Work] = {}
        self._ticks: dict[str, Work] = {}
        self._starts: dict[str, Plan] = {}
        self._pools: dict[str, CarrierPool] = {}
        self.watches: dict[str, list[Callable[[Thread, Demand], Plan]]] = {}
        """What stands before each demand of a tenant's programs, and has them pay for what they touch first."""
        self.created_s: dict[str, float] = {}
        """When a tenant's virtual machine was there, and its system began to start."""
        self.log = Log(lambda: environment.now)
        self.post = PostOffice(environment.event)
        self._clocks: dict[str, Clock] = {}
        self.inspected: list[list[Any]] = []
        """Rows of the table ``inspections``."""
        self.kill: Callable[[Sequence[str], str], None] = self._stop_all
        """How the out-of-memory killer ends tenants, with what is said of them then."""
        self.fetch: Callable[[str, Node, str], Life] | None = None
        """How a tenant's image comes before a system of its own starts that is made from it."""
        self.stores: dict[str, Store] = {}
        """What the engines on it hold of images."""
        self.ways: dict[tuple[str, float], Way] = {}
        """The links to registries."""
        self.arriving: dict[tuple[str, str], simpy.Event] = {}
        """Layers that are on their way to an engine."""
        self.pulls: list[Any] = []
        """Reports of all pulls, in the order in which they began."""
        self.pulling_threads = 0
        self._peers: Counter[str] = Counter()
        self._spawned = 0
        self._price_guests()
        self._enroll()
        for node in (*self.nodes.values(), *site.ports):
            self._start_services(node)

    def _enroll(self, tenants: Collection[str] = ()) -> None:
        """Kernels that reclaim or swap learn who stands on them (all, if not said), and which limits are between."""
        for tenant in tenants or self.tops:
            top, limits = self.tops[tenant], self.site.groups_of_memory[tenant]
            kernel = next((step.layer for step in self.path(top) if step.path in self.spaces), None)
            if kernel is None:
                continue
            if kernel.memory is not None:
                kernel.memory.enroll(tenant, limits)
            if kernel.paging is not None:
                sizes = ((each.name, min(each.most_bytes, each.high_bytes)) for each in limits)
                kernel.paging.enroll(tenant, [(name, size) for name, size in sizes if size < INFINITE])

    def _price_guests(self) -> None:
        """What it takes to go on with a virtual processor of each guest, paid to what schedules it."""
        cpu = self.machine.cpu
        for node in self.nodes.values():
            share = self.shares[node.path]
            if share.scheduling is not None and share is not cpu.root and node.below is not None:
                work = self.slice_work(self.path(node.below))
                share.switch_s = cpu.switch_s(work.cycles, work.stall_s)

    def _start_services(self, node: Node) -> None:
        """A layer's own threads; those of a hypervisor's face for one guest work for that guest."""
        for service in node.layer.guest_services() if node.port else node.layer.services():
            home = node.roles.get("domain-0", node)
            name = f"{service.name} of {node.port}" if node.port else service.name
            share = self.shares[node.port if service.charged and node.port else home.path]
            self._start_service(service, name, home, share, node.queue(service.queue), self.site.device_group(node))

    def _start_service(self, service: Service, name: str, home: Node, share: Share, queue: str, group: str) -> None:
        thread = self.new_thread(home.path, name, home, share, service=True, device_group=group)
        self.threads.append(thread)
        if service.queue:
            ring = self._rings.setdefault(queue, Ring(self.environment.event, service.capacity))
            self._servers[queue].append(thread)
            self.environment.process(thread.serve(service, ring))
        else:
            self.environment.process(thread.repeat(service))

    def of(self, device: str) -> str:
        """The name of one of its devices among those of all machines."""
        return device if self.number == 1 else f"{device} of machine {self.number}"

    # ---- what threads ask of it

    def freeze(self, node: Node, stop: bool) -> None:
        """The programs on a node stop, or go on; the layer's own threads do not."""
        self.machine.cpu.sharing.set(self.site.programs[node.path], frozen=stop)

    def ride(self, node: Node) -> Ride | None:
        """For a thread of a program: its way with the carriers of the node's layer, if that has some."""
        rules = node.layer.carriers()
        if rules is None:
            return None
        pool = self._pools.get(node.path)
        if pool is None:
            pool = self._pools[node.path] = CarrierPool(self.environment.event, rules.count)
        return Ride(pool, rules, compile_steps(node, rules.switch, node.path))

    def thread_start(self, node: Node) -> Plan:
        """With what each thread of a program begins on a node."""
        plan = self._starts.get(node.path)
        if plan is None:
            plan = self._starts[node.path] = compile_steps(node, node.layer.thread_start(), node.path)
        return plan

    def path(self, node: Node) -> tuple[Node, ...]:
        """The nodes from one down to the machine."""
        return self.site.path(node)

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

    def waking(self, path: tuple[Node, ...], *, interrupts: bool = False, notified: bool = False) -> Work:
        """A blocked thread goes on: what that takes on every layer, down to the first that was not idle.

        Args:
            path: the nodes it runs on.
            interrupts: whether it is no thread, so that its own kernel does not switch to it.
            notified: whether another thread interrupted an idle processor for it.
        """
        depth = self._depth(path)
        self.unblock(path)
        key = (path[0].path, depth, interrupts, notified)
        work = self._waking.get(key)
        if work is None:
            work = self._waking[key] = self._waking_work(path, depth, int(interrupts), notified)
        return work

    def notifying(self, path: tuple[Node, ...]) -> Work | None:
        """A thread that runs here wakes another: interrupts to idle processors, down to the first busy layer, if any.

        None: the other waits for a processor that is busy, or there is only one.
        """
        depth = self._depth(path)
        if not depth:
            return None
        key = (path[0].path, depth)
        work = self._notifying.get(key)
        if work is None:
            work = self._notifying[key] = sum_work([transition_work(step, "notify") for step in path[:depth]])
        return work

    def _depth(self, path: tuple[Node, ...]) -> int:
        """How many layers from the top down have an idle processor for one more thread; the next scheduler has none.

        A container schedules nothing: though another thread of it runs, it is the kernel below that switches.
        """
        schedulers = (i for i, step in enumerate(path) if _schedules(step))
        return next((i for i in schedulers if not self._is_idle(path[i])), len(path))

    def _is_idle(self, node: Node) -> bool:
        """Whether one more runnable thread there wakes it: one of its processors, or all of a layer that has none."""
        running = self._running[node.path, node.port]
        if not running:
            return True
        share = self.shares[node.port or node.path]
        cpu = self.machine.cpu
        if cpu.slices:
            return share.scheduling is not None and cpu.sharing.finds_idle(share)
        return running < self._own_processors(node, share)

    def _own_processors(self, node: Node, share: Share) -> float:
        """Processors of a kernel, or of the guest that a hypervisor's face is for; 1 for layers without their own."""
        found = self._processors.get(node.path + node.port)
        if found is None:
            own = node.port or (node.below is not None and node.below.layer.OFFERS == "machine")
            widths = (each.width for each in share.lineage)
            found = min(self.machine.cpu.processors, share.width, *widths) if own else 1.0
            self._processors[node.path + node.port] = found
        return found

    def _waking_work(self, path: tuple[Node, ...], depth: int, first: int, notified: bool) -> Work:
        """Kernels switch, other layers resume; the first that was not idle still switches if it is a kernel."""
        works = [transition_work(step, "switch") for step in path[first : depth + 1]]
        works += [transition_work(step, "resume") for step in path[:depth]]
        works += [transition_work(step, "notified") for step in path[:depth] if notified]
        return sum_work(works)

    def slice_work(self, path: tuple[Node, ...]) -> Work:
        """What it takes to go on with what runs on these nodes, down to the first that schedules processors."""
        work = self._slices.get(path[0].path)
        if work is None:
            ends = (i for i, step in enumerate(path) if self.shares[step.path].scheduling is not None)
            last = next(ends, len(path) - 1)
            work = sum_work([transition_work(step, "slice") for step in path[: last + 1]])
            self._slices[path[0].path] = work
        return work

    def slice_works(self, thread: Thread) -> dict[Share, Work]:
        """The same for a thread, and for each guest that it runs in, by their shares."""
        guests = [step for step in thread.path if self.shares[step.path].scheduling is not None and step.below]
        below = {self.shares[step.path]: self.slice_work(self.path(step.below)) for step in guests if step.below}
        return {thread.share: self.slice_work(thread.path), **below}

    def tick_work(self, path: tuple[Node, ...]) -> Work:
        """What timers cost in one second of processor time on these nodes."""
        work = self._ticks.get(path[0].path)
        if work is None:
            work = self._ticks[path[0].path] = self._tick_work(path)
        return work

    def _tick_work(self, path: tuple[Node, ...]) -> Work:
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

    def clock(self, tenant: str) -> Clock:
        """What a tenant's programs go by."""
        clock = self._clocks.get(tenant)
        if clock is None:
            stops = bool(self.number > 1 or self.point.get("operations"))
            clock = self._clocks[tenant] = Clock(self.environment, stops=stops)
        return clock

    def mailbox(self, tenant: str, kind: str, name: str) -> Mailbox:
        """A tenant's mailbox or lock, or the place where all take turns (of no tenant), made at its first use."""
        key = (tenant, kind, name)
        box = self._mailboxes.get(key)
        if box is None:
            make = Mailbox if kind == "message" else lock
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

    def own_ring(self, sender: Thread, operation: Enqueue) -> Ring:
        """A queue of one thread's own; its service starts with the first item."""
        home = operation.home
        assert home is not None
        queue = f"{home.path}:{operation.queue} of {sender.tenant}/{sender.name}"
        if queue not in self._rings:
            service = next(each for each in home.layer.servers() if each.queue == operation.queue)
            name = f"{service.name} of {sender.tenant}/{sender.name}"
            payer = sender.share.parent if service.charged else None
            share = self.shares[home.path] if payer is None else payer
            self._start_service(service, name, home, share, queue, sender.device_group)
        return self._rings[queue]

    def boot(self, tenant: str, luck: Luck, only: Collection[str] | None = None) -> Life:
        """Start a tenant's own systems, from the hardware up: each when the one below is ready.

        Args:
            tenant: whose systems.
            luck: for how computing and reading take turns.
            only: paths of those that are started; all, if not given. A hypervisor sets up the guests among them.
        """
        chosen = self.point.get("hardware", {}).get(tenant, {})
        for node, product in self._own(tenant):
            if only is not None and (node.port or node.path) not in only:
                continue
            if node.layer.OFFERS == "system" and node.below is not None and node.below.port:
                self.created_s[tenant] = self.environment.now
            figures = self.point["layers"][product]
            if self.fetch is not None:
                yield from self.fetch(tenant, node, product)
            yield from self._start(tenant, node, self._in_turn(node, product, figures.get("start_queue")))
            yield from self._start(tenant, node, node.layer.start(figures["start"]) if figures.get("start") else ())
            yield from self._start_image(tenant, node, chosen.get(product, {}).get("image"), luck)

    def set_up(self, tenant: str) -> Life:
        """A hypervisor, or whatever holds a tenant, makes an empty box for it: the start of it without its system."""
        for node, product in self._own(tenant):
            if node.port or node.layer.OFFERS == "machine":
                figures = self.point["layers"][product]
                yield from self._start(tenant, node, self._in_turn(node, product, figures.get("start_queue")))
                yield from self._start(tenant, node, node.layer.start(figures["start"]) if figures.get("start") else ())

    def renew(self, nodes: Sequence[Node], layers: Mapping[str, Layer] | None = None) -> None:
        """Systems that have ended are about to be started: nothing is left of what they and their services knew.

        Args:
            nodes: the systems.
            layers: what some of them are to know, by path, where they go on as they once were.
        """
        paths = {node.path for node in nodes}
        self.arriving = {key: event for key, event in self.arriving.items() if key[0].partition(" on ")[2] not in paths}
        self.site.renew(paths, layers)
        self._clear_queues(paths)
        for path in paths:
            self._pools.pop(path, None)
            if path in self.site.programs:
                self.machine.cpu.sharing.set(self.site.programs[path], frozen=False)
        anew = paths - (layers or {}).keys()
        if enrolled := [name for name, top in self.tops.items() if self.kernel(top).path in anew]:
            self._enroll(enrolled)
        own = [node for node in nodes if self.owners.get(node.path)]
        for node in (*own, *(port for port in self.site.ports if port.port in paths and not port.roles)):
            self._start_services(node)
        if nodes:
            self.relower(nodes[0])

    def _clear_queues(self, paths: Collection[str]) -> None:
        """A queue whose servers have ended lives on where somebody stands before it who has not: his requests wait."""
        for queue in [queue for queue in self._rings if self._is_abandoned(queue)]:
            self._rings[queue].abandoned()
            if any(queue.startswith(f"{path}:") or f">{path}:" in queue for path in paths):
                del self._rings[queue]
        tenants = {name for name, top in self.tops.items() if top.path in paths}
        for key in [key for key in self._mailboxes if key[0] in tenants]:
            del self._mailboxes[key]

    def _is_abandoned(self, queue: str) -> bool:
        return bool(self._servers[queue]) and all(thread.ended_s is not None for thread in self._servers[queue])

    def boot_shared(self, node: Node, luck: Luck) -> Life:
        """Start a system that several tenants stand on; a hypervisor is there when it has been loaded."""
        self._start_services(node)
        product = self.site.names[node.path]
        figures = self.point["layers"][product].get("start")
        if node.layer.OFFERS == "machine":
            return
        yield from self._start(node.path, node, node.layer.start(figures) if figures else ())
        chosen = (each.get(product, {}).get("image") for each in self.point.get("hardware", {}).values())
        yield from self._start_image(node.path, node, next((each for each in chosen if each), None), luck)

    def resume_services(self, node: Node) -> None:
        """A driver domain is up: it serves those whose devices it drives again."""
        for port in self.site.ports:
            if node in port.roles.values() and port.port != node.path:
                self._start_services(port)

    def settle(self, tenant: str, change: int = 1) -> None:
        """A tenant's own systems are up (or no longer, with -1): to the starts of others they are peers."""
        for node, product in self._own(tenant):
            self._peers[self._turning(node, product)] += change

    def _own(self, tenant: str) -> Iterable[tuple[Node, str]]:
        """What is started for one tenant alone, with its product: its nodes, and what a shared hypervisor sets up."""
        for node in self.chains[tenant]:
            if self.owners.get(node.path) != tenant:
                continue
            port = node.below
            if port is not None and port.port and self.owners.get(port.path) is None:
                yield port, self.site.names[port.path]
            yield node, self.site.names[node.path]

    def _turning(self, node: Node, product: str) -> str:
        """Where all starts of a product take turns: on the system below, or in the shared hypervisor itself."""
        below = node if node.port or node.below is None else node.below
        return f"{product} on {below.path}"

    def _in_turn(self, node: Node, product: str, figures: Mapping[str, float] | None) -> Iterable[Step]:
        if not figures or START_IN_TURN in self.without:
            return ()
        place = self._turning(node, product)
        return node.layer.start_in_turn(figures, self._peers[place], place)

    def _start(self, tenant: str, node: Node, steps: Iterable[Step]) -> Life:
        """Steps to readiness, in a thread of its own; what a hypervisor with a driver domain does is done there."""
        home = node.roles.get("domain-0", node) if node.port else node
        yield from self.carry_out(tenant, f"start of {node.path}", home, compile_steps(node, steps, node.path))

    def carry_out(self, tenant: str, name: str, home: Node, plan: Plan) -> Life:
        """A layer's own work for a tenant, in a thread of its own at home, which pays; none where there is no work."""
        if plan:
            thread = self.new_thread(tenant, name, home, self.shares[home.path], service=True)
            self.threads.append(thread)
            yield self.environment.process(thread.carry_out(plan))

    def _start_image(self, tenant: str, node: Node, image: Mapping[str, Any] | None, luck: Luck) -> Life:
        """What a system starts that is on its image, if it has one."""
        if image:
            bursts = _bursts(int(image["parameters"].get("start_bursts_count", 1.0)), luck)
            yield from self._start(tenant, node, node.layer.start(image["parameters"], bursts))

    def keep(self, tenant: str, node: Node, size_bytes: float, *, program: bool = True) -> None:
        """The memory of a program, or of the layer that runs it, grows or shrinks; the page cache gets what is left.

        Where a limit or the memory is used up, the kernel kills who holds most there, or refuses the memory.

        Raises:
            OutOfMemory: it is refused.
            Killed: the program that asks is the one that holds most.
        """
        kernel = self.kernel(node)
        space = self.spaces[kernel.path]
        limits = [self.limits[step.path] for step in self.path(node) if step.path in self.limits]
        for memory in (*limits, space):
            if not memory.refuses and memory.lacks(size_bytes):
                self._make_room(memory, tenant, size_bytes)
        for memory in (*limits, space):
            memory.hold(f"program {tenant}", size_bytes)
        self.program_bytes[tenant] = space.held_bytes[f"program {tenant}"]
        self.runtime_bytes[tenant] += 0.0 if program else size_bytes
        if kernel.layer.cache is not None:
            kernel.layer.cache.resize(space.free_bytes)
        if kernel.layer.memory is not None:
            kernel.layer.memory.hold(tenant, size_bytes)
        if kernel.layer.paging is not None:
            kernel.layer.paging.hold(tenant, size_bytes)

    def _make_room(self, memory: Memory, asker: str, size_bytes: float) -> None:
        """The out-of-memory killer: processes end, the largest first, until there is room.

        What a process holds counts, whether it lies in memory or in swap; the one that asks would have what is left.
        A process is a tenant's programs, or all programs of a layer that is one process.

        Raises:
            Killed: the largest is the one that asks.
        """
        while memory.lacks(size_bytes):
            sizes = {name: memory.held_bytes.get(f"program {name}", 0.0) for name in self.tops}
            sizes[asker] += min(size_bytes, max(0.0, memory.free_bytes + memory.swap_bytes))
            processes: dict[str, list[str]] = defaultdict(list)
            for name, top in self.tops.items():
                processes[top.path if top.layer.ONE_PROCESS else f"tenant {name}"].append(name)
            holds = [names for names in processes.values() if asker in names or any(sizes[name] for name in names)]
            largest = max(holds, key=lambda names: sum(sizes[name] for name in names))
            killer = f"the out-of-memory killer of {memory.name}"
            if asker in largest:
                raise Killed(outcomes.killed(killer))
            self.kill(largest, outcomes.killed(killer, asker))

    def messages(self, tenant: str) -> dict[tuple[str, str], int]:
        """What is on its way between a tenant's threads, and which of its locks are free, by kind and name."""
        return {key[1:]: box.messages for key, box in self._mailboxes.items() if key[0] == tenant}

    def put_messages(self, tenant: str, messages: Mapping[tuple[str, str], int]) -> None:
        """That is on its way, and nothing else; nobody waits."""
        for key in [key for key in self._mailboxes if key[0] == tenant]:
            del self._mailboxes[key]
        for (kind, name), count in messages.items():
            self.mailbox(tenant, kind, name).messages = count

    def put_memory(
        self, tenant: str, original: str, program_bytes: float, runtime_bytes: float, known: Collection[str]
    ) -> None:
        """A tenant's program has again what it had.

        Args:
            tenant: whose.
            original: whose it was in the books of the kernel, if that knows of it.
            program_bytes: its memory; of that of the layer which runs it, ``runtime_bytes``.
            known: paths of systems that know of it already.

        Raises:
            OutOfMemory: it is refused.
            Killed: there is no room, and nobody holds more.
        """
        top = self.tops[tenant]
        kernel = self.kernel(top)
        self.runtime_bytes[tenant] = runtime_bytes
        if kernel.path in known:
            for books in (kernel.layer.memory, kernel.layer.paging):
                if books is not None:
                    books.hold(original, -program_bytes)
            self._enroll([tenant])
        self.keep(tenant, top, program_bytes - self.program_bytes[tenant])

    def holders(self, thread: Thread) -> Sequence[str]:
        """Whose memory a thread works on: its tenant's, or that of all whose programs stand on a layer's own thread."""
        if not thread.service:
            return (thread.tenant,)
        return [tenant for tenant, chain in self.chains.items() if thread.node in chain]

    def swapped_bytes(self, tenant: str) -> float:
        """The most of a tenant's data that lay on a disk at any one time."""
        paging = self._paging(self.tops[tenant])
        return paging.swapped_bytes(tenant) if paging is not None else 0.0

    def _paging(self, node: Node) -> Paging | None:
        """Where the kernel that manages a node's memory has the pages of its programs, if it swaps."""
        kernels = (step.layer for step in self.path(node) if step.path in self.spaces)
        return next((kernel.paging for kernel in kernels), None)

    def kernel(self, node: Node) -> Node:
        """The system with a memory of its own that a node stands on, or is."""
        return next(step for step in self.path(node) if step.path in self.spaces)

    def in_use_bytes(self, kernel: Node) -> float:
        """What of its memory a kernel has put something into: its own, its programs', and files that it keeps."""
        cache = kernel.layer.cache
        files_bytes = cache.resident_bytes + cache.dirty_bytes if cache is not None else 0.0
        return sum(self.spaces[kernel.path].held_bytes.values()) + files_bytes

    def overhead_bytes(self, tenant: str) -> float:
        """Memory of the layers under a tenant's program: its own, and an equal part of those that it shares.

        A kernel counts with what it keeps for itself, a driver domain with all that it was given: no program gets it.
        """
        standing = self._standing_on(self.chains[tenant])
        return self.runtime_bytes[tenant] + sum(size_bytes / self._users[path] for path, size_bytes in standing.items())

    @cached_property
    def _users(self) -> Counter[str]:
        """On how many tenants' chains each node stands, or beside them."""
        beside = {name: (role for node in chain for role in node.roles.values()) for name, chain in self.chains.items()}
        return Counter(
            path for name, chain in self.chains.items() for path in {node.path for node in (*chain, *beside[name])}
        )

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
        thread = self.new_thread(
            parent.tenant, name, parent.node, group,
            service=parent.service, processes=processes, device_group=parent.device_group,
        )  # fmt: skip
        if self.observer is not None:
            self.observer.spawned(parent, thread)
        self.threads.append(thread)
        return self.environment.process(thread.carry_out(plan))

    def relower(self, node: Node) -> None:
        """Something about a node has changed: forget all plans, and lower again what is in flight on it.

        Plans of any node may lead through it, those of guests through their driver domain; through what runs bytecode
        only those of what stands on it.
        """
        alone = node.layer.OFFERS == "bytecode"
        for step in self.nodes.values() if alone else (*self.nodes.values(), *self.site.ports):
            if not alone or node in self.path(step):
                step.forget()
        self._waking.clear()
        self._notifying.clear()
        self._slices.clear()
        self._ticks.clear()
        self._starts.clear()
        self._price_guests()
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
            if share is not cpu.root and (share.cap < INFINITE or share.reservation):
                cpu.sharing.set(share, cap=share.cap * ratio, reservation=share.reservation * ratio)
        self._price_guests()

    def stop(self, tenant: str) -> None:
        """End all threads of a tenant by force."""
        for thread in self.threads:
            if thread.tenant == tenant:
                thread.stop()

    def _stop_all(self, tenants: Sequence[str], outcome: str) -> None:
        """End tenants by force; their memory is free at once."""
        for tenant in tenants:
            self.stop(tenant)
            self.keep(tenant, self.tops[tenant], -self.program_bytes[tenant])

    def crash(self, node: Node) -> None:
        """A node fails: every thread on it or above it ends, its own threads with the others."""
        for thread in self.threads:
            if thread.node is node or node in thread.path:
                thread.stop()

    def warm(self, tenant: str, files: tuple[File, ...]) -> None:
        """Put files into the page caches on a tenant's path, as earlier runs would have left them."""
        memory = self.kernel(self.tops[tenant]).layer.memory
        for file in files:
            if memory is not None:
                memory.warm(tenant, file)


def _bursts(count: int, luck: Luck) -> Sequence[tuple[float, float]]:
    """What part of the reading, and of the computing, each of so many turns has."""
    if count == 1:
        return WHOLE
    read = [luck.exponential(1.0) for _ in range(count)]
    computed = [luck.exponential(1.0) for _ in range(count)]
    all_read, all_computed = sum(read), sum(computed)
    return [(one / all_read, other / all_computed) for one, other in zip(read, computed, strict=True)]


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


def _schedules(node: Node) -> bool:
    """Whether a layer divides processors of its own among what stands on it: kernels and hypervisors do."""
    return node.layer.OFFERS == "machine" or node.layer.needs(node.layer.structure) == "machine"
