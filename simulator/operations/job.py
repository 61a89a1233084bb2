"""One operation of one run: whom it is done to, by which layer, what it takes, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from typing import TYPE_CHECKING, Any

from simulator.operations import state as states
from simulator.operations.kinds.base import kinds
from simulator.operations.state import State
from simulator.operations.subjects import Hold, holds, refusal, subject
from simulator.plans import Node, compile_steps
from simulator.sharing.tree import Share
from simulator.steps import Step, Use
from simulator.tenancy import House
from simulator.tenant import Tenant
from simulator.threads import Life

if TYPE_CHECKING:
    import simpy

ENDED = "ended"
"""How something was done after which the tenant does not run."""
DONE, UNFINISHED, REFUSED, FAILED, ABORTED = "done", "not finished", "refused", "failed", "aborted"


@dataclass(slots=True)
class Row:
    """What the table ``operations`` says of an operation, in the order of its columns."""

    at_s: float
    operation: str
    tenant: str
    node: str = ""
    product: str = ""
    how: str = ""
    outcome: str = UNFINISHED
    end_s: float = nan
    duration_s: float = nan
    downtime_s: float = 0.0
    moved_bytes: float = 0.0
    disk_bytes: float = 0.0
    rounds: int = 0
    work_lost_s: float = 0.0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an operation is done to, on one machine.

    Attributes:
        hold: the layer that does it.
        grip: that layer's node; of a hypervisor, the face that it turns to this guest.
        nodes: the tenant's systems that stand on it, from the lowest; none where its program itself does.
        share: their part of the processors, or the program's.
    """

    hold: Hold
    grip: Node
    nodes: tuple[Node, ...]
    share: Share


class Job:
    """One operation.

    Args:
        house: the machine.
        tenants: all of the run.
        operation: of the point: ``at_s``, ``kind``, ``target``, and further keys.
        rows: of the table ``operations``.
        destination: makes an equal, otherwise empty machine for a tenant.
    """

    def __init__(
        self, house: House, tenants: Iterable[Tenant], operation: Mapping[str, Any], rows: list[list[Any]],
        destination: Callable[[Tenant], House],
    ) -> None:  # fmt: skip
        self._house, self.tenants, self.options = house, {each.name: each for each in tenants}, operation
        self.environment = house.environment
        self._rows, self._destination = rows, destination
        self.kind = kinds()[operation["kind"]]()
        self.over = self.environment.event()
        """Comes when it has been done, or has not."""
        self.row = Row(operation["at_s"], operation["kind"], operation["target"])
        self._prepare()

    def _prepare(self) -> None:
        """Who begins by it does not begin by itself; who may come back by it is not forgotten."""
        made = self.made
        if made is not None:
            made.awaits = made.awaits or self.environment.event()
        target = self.tenants.get(self.row.tenant)
        if target is not None and self.kind.BRINGS_BACK:
            target.comebacks.append(self.over)

    @property
    def tenant(self) -> Tenant:
        """Whom it is done to."""
        return self.tenants[self.row.tenant]

    @property
    def made(self) -> Tenant | None:
        """Who begins by it, if anybody does."""
        return self.tenants.get(str(self.options.get(self.kind.MAKES, "")))

    @property
    def house(self) -> House:
        """The machine that the tenant is on now, or the first one."""
        tenant = self.tenants.get(self.row.tenant)
        return self._house if tenant is None else tenant.house

    def happen(self) -> Life:
        """Wait for its time, and do it."""
        yield self.environment.timeout(self.options["at_s"])
        self._rows.append([])
        self._number = len(self._rows) - 1
        self._write()
        refusal = self._refusal()
        if refusal:
            self.note(outcome=f"{REFUSED}: {refusal}")
        elif self.kind.TARGET == "tenants" and self.kind.ALIVE and not self._runs():
            self.fail(f"{self.row.tenant} does not run")
        elif self.kind.CAPTURES and self.tenant.busy:
            self.fail(f"{self.tenant.busy} of {self.row.tenant} is not over")
        else:
            self._begins()
            self._write()
            yield from self.kind.perform(self)
            self._leaves()
            if self.row.outcome == UNFINISHED:
                self.row.outcome = DONE
        self._ends()
        self.over.succeed()

    def _refusal(self) -> str:
        """Why nobody can do it here; the check has told whoever wrote it, unless another stack can."""
        if self.kind.TARGET != "tenants":
            return self.kind.unfit(self.house.point, self.options)
        found, product = holds(self.house.point, self.row.tenant), str(self.options.get("with", ""))
        hold = subject(found, self.kind.WORD, product)
        if hold is None:
            return refusal(found, self.kind.WORD, product)
        self.row.node, self.row.product = hold.path, hold.product
        return str(self.options.get("refusal", ""))

    def _runs(self) -> bool:
        return self.tenant.alive and any(thread is not None for thread in self.tenant.threads)

    def _leaves(self) -> None:
        """Others may do what they want with its state."""
        if self.kind.CAPTURES:
            self.tenant.busy = ""

    def _begins(self) -> None:
        if self.kind.CAPTURES:
            self.tenant.busy = self.row.operation
        if self.made is not None:
            self.made.starts_s = self.environment.now

    def _ends(self) -> None:
        row, now_s = self.row, self.environment.now
        row.end_s, row.duration_s = now_s, now_s - row.at_s
        self._write()
        if self.made is not None and self.made.awaits is not None:
            self.made.never_begins(row.outcome)

    def _write(self) -> None:
        row = self.row
        self._rows[self._number] = [getattr(row, name) for name in Row.__slots__]

    def note(self, **values: Any) -> None:
        """Say something of it, by the columns of the table."""
        for name, value in values.items():
            setattr(self.row, name, value)
        self._write()

    def fail(self, why: str) -> None:
        """It could not be done."""
        self.note(outcome=f"{FAILED}: {why}")

    # ---- whom it is done to

    @cached_property
    def hold(self) -> Hold:
        """The layer that does it."""
        hold = subject(holds(self.house.point, self.row.tenant), self.kind.WORD, str(self.options.get("with", "")))
        assert hold is not None
        return hold

    @property
    def subject(self) -> Subject:
        """What it is done to, where the tenant is now."""
        return self.subject_on(self.house, self.tenant)

    def subject_on(self, house: House, tenant: Tenant) -> Subject:
        """The same of another tenant with the same systems, or on another machine."""
        chain = house.chains[tenant.name]
        number = len(chain) - 1 - len(self.hold.above)
        grip, nodes = chain[number], chain[number + 1 :]
        port = nodes[0].below if nodes else None
        if port is not None and port.port:
            grip = port
        share = house.shares[nodes[0].path] if nodes else house.groups[tenant.name]
        return Subject(self.hold, grip, nodes, share)

    def own_nodes(self) -> list[Node]:
        """The tenant's systems that nobody else stands on, from the lowest."""
        house, name = self.house, self.tenant.name
        users = [chain for tenant, chain in house.chains.items() if tenant != name]
        return [node for node in house.chains[name] if house.owners.get(node.path) == name and not _used(node, users)]

    def figures(self, section: str) -> Mapping[str, float]:
        """Numbers of a section of the product's file; none where it has none."""
        return self.house.point["layers"][self.hold.product].get(section) or {}

    @property
    def home(self) -> Node:
        """Where the layer's own work for it is done: in the domain that drives devices, in a monitor's process, or in
        the kernel that a container stands on."""
        return self.home_on(self.house, self.tenant)

    def home_on(self, house: House, tenant: Tenant) -> Node:
        """The same for another tenant with the same systems, or on another machine."""
        grip = self.subject_on(house, tenant).grip
        if grip.port:
            return grip.roles.get("domain-0", grip)
        if grip.layer.OFFERS == "machine" or grip.path in house.spaces or grip.below is None:
            return grip
        return grip.below

    def work(self, name: str, steps: Iterable[Step], home: Node | None = None, house: House | None = None) -> Life:
        """Steps of the layer's own, carried out one after the other on the host's side, and paid there.

        Args:
            name: of the thread.
            steps: of the layer at home.
            home: where, if not at the layer's own home.
            house: the machine, if not the tenant's.
        """
        home, house = home or self.home, house or self.house
        yield from house.carry_out(self.row.tenant, name, home, compile_steps(home, steps, home.path))

    # ---- what most of them are made of

    @property
    def is_paused(self) -> bool:
        """Whether it is stopped now."""
        return self.subject.share.frozen

    @property
    def stands_still(self) -> bool:
        """Whether anything on its way is stopped now, by whatever layer."""
        group = self.house.groups[self.tenant.name]
        return any(share.frozen for share in (group, *group.lineage))

    def pause(self) -> Life:
        """Stop what stands on the layer; from the end of the layer's work on it, nothing of it runs."""
        yield from self._stop(True)
        self.house.machine.cpu.sharing.set(self.subject.share, frozen=True)
        self.tenant.paused_s = self.environment.now
        self.house.clock(self.tenant.name).pause(with_kernel=self.stops_a_kernel)

    @property
    def stops_a_kernel(self) -> bool:
        """Whether a kernel is among what stands on the layer, or the layer itself is one: its clock stops, too."""
        grip, nodes = self.subject.grip, self.subject.nodes
        return bool(grip.layer.BARS) or any(node.path in self.house.spaces for node in nodes)

    def resume(self) -> Life:
        """Let it go on; how long it stood still is noted."""
        yield from self._stop(False)
        self.go_on()

    def go_on(self) -> None:
        """The same, where the layer's work for it is part of something else."""
        tenant = self.tenant
        self.house.machine.cpu.sharing.set(self.subject.share, frozen=False)
        self.house.clock(tenant.name).go_on()
        self.note(downtime_s=self.row.downtime_s + self.environment.now - tenant.paused_s)

    def _stop(self, stops: bool) -> Life:
        figures, word = self.figures("pause"), "stop" if stops else "resume"
        if figures:
            cycles = figures[f"{word}_cycles"] + self.running() * figures[f"{word}_each_cycles"]
            yield from self.work(f"{word} {self.row.tenant}", (Use("pause", cycles=cycles),))

    def running(self) -> float:
        """How many things the layer has to stop: virtual processors of a machine, else the program's processes."""
        subject = self.subject
        if subject.nodes and subject.grip.layer.OFFERS == "machine":
            width = min(each.width for each in subject.share.lineage)
            return min(width, float(self.house.machine.cpu.processors))
        return sum(
            thread.share.processes
            for thread in self.house.threads
            if thread.tenant == self.row.tenant and thread.ended_s is None and not thread.service
        )

    def settle(self) -> Life:
        """All threads of a tenant that is paused know how far they have come with what they ask for."""
        yield from states.settle(self.tenant)

    def capture(self) -> Generator[simpy.Event, Any, State]:
        """The state of a tenant that is paused; it stays paused."""
        yield from self.settle()
        return states.keep(self.tenant, self.subject.nodes)

    def put_back(self, state: State) -> Life:
        """The tenant goes on from a state of its own, from now on; it need not be paused."""
        yield from self.put_on(state, self.house, self.tenant)

    def put_on(self, state: State, house: House, tenant: Tenant) -> Life:
        """A tenant with the same systems goes on from a state, or the same one on another machine."""
        subject = self.subject_on(house, tenant)
        before, here = tenant.house, self.subject_on(tenant.house, tenant).share
        yield from states.put(state, tenant, house, subject.nodes)
        for machine, share in ((before.machine, here), (house.machine, subject.share)):
            if share.frozen:
                machine.cpu.sharing.set(share, frozen=False)
        before.clock(tenant.name).go_on()

    def destination(self) -> House:
        """An equal machine in the same time, with nothing on it but what the tenant stands on."""
        return self._destination(self.tenant)

    def end(self, outcome: str) -> Life:
        """The tenant's program and its own systems end."""
        tenant = self.tenant
        house, nodes = self.house, self.own_nodes()
        tenant.fall(outcome, keeps_memory=False)
        for node in nodes:
            house.crash(node)
        yield tenant.down


def _used(node: Node, others: Sequence[Sequence[Node]]) -> bool:
    return any(node in chain for chain in others)
