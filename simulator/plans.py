"""Plans: what one demand becomes after all layers of its path have lowered it.

Compiling follows a demand down the path, fuses neighbouring processor steps (the split by cause and mechanism
stays as parts), and leaves decisions, queues and waits as marks for the run. Pure: no simulated time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, overload

from simulator.demands import Demand, Together
from simulator.devices.base import Key
from simulator.layers.base import Layer
from simulator.steps import (
    CPU,
    NO_TRAFFIC,
    Ask,
    At,
    Below,
    BlockedBy,
    Change,
    Choice,
    End,
    Freeze,
    Hold,
    Later,
    Log,
    Parallel,
    Progress,
    Repeat,
    Require,
    Send,
    Signal,
    Spawn,
    Step,
    Traffic,
    Transfer,
    Use,
    Wait,
)

PROGRAM = "program"


class Part(NamedTuple):
    """What one cause and mechanism takes of a fused processor step."""

    key: Key
    cycles: float
    stall_s: float
    operations: float


class Work(NamedTuple):
    """Processor time of one thread without interruption by anything it does itself."""

    cycles: float
    stall_s: float
    parts: tuple[Part, ...]
    traffic: Traffic = NO_TRAFFIC


class Move(NamedTuple):
    """A transfer by a device."""

    device: str
    key: Key
    size_bytes: float
    packets: float
    position_bytes: int
    write: bool
    stream: str
    window_bytes: float
    operations: float
    not_before_s: float = 0.0


class Enqueue(NamedTuple):
    """An item for a queue."""

    queue: str
    work: Plan
    kick: Plan
    notice: Plan
    wait: bool
    size_bytes: float
    window_bytes: float
    slots: float
    forgotten: bool = False
    finish: Plan = ()
    home: Node | None = None
    """The node whose layer has a server for each thread that sends, where it has."""


class Block(NamedTuple):
    """The thread waits."""

    by: BlockedBy
    name: str
    time_s: float
    until_s: float = 0.0
    everyone: bool = False
    spin_s: float = 0.0
    spinner: str = ""
    """The node whose lock it spins for."""


class Wake(NamedTuple):
    """A message or a lock is given away."""

    by: str
    name: str
    everyone: bool = False


class Keep(NamedTuple):
    """The memory of a program, or of the layer that runs it, grows or shrinks."""

    size_bytes: float
    program: bool = True


class Check(NamedTuple):
    """The program ends here if it is refused to go on."""

    refusal: Callable[[], str]


class Over(NamedTuple):
    """All programs of a node end, because this one wants it."""

    node: Node


class Tally(NamedTuple):
    """What stands before it is a portion of so many demands; the layer says how large one may be, and takes note."""

    begin: Callable[[], float]
    end: Callable[[float], None]
    demands: float


class Own(NamedTuple):
    """A demand of the node itself, lowered when it is reached."""

    node: Node
    demand: Demand


class Alter(NamedTuple):
    """The state of a node's layer changes."""

    apply: Callable[[], None]
    node: Node


class Halt(NamedTuple):
    """The programs on a node stop, or go on."""

    node: Node
    stop: bool


class Note(NamedTuple):
    """A line in the log of a node begins, or ends."""

    node: Node
    line: Log


class Unfold(NamedTuple):
    """Steps of a node that are worked out, and compiled, when they are reached."""

    node: Node
    make: Callable[[float], Iterable[Step]]
    cause: str

    def plan(self, now_s: float) -> Plan:
        """The plan of this moment."""
        return compile_steps(self.node, self.make(now_s), self.cause)


class Options(Sequence["Plan"]):
    """The plans of a decision, each made when it is first asked for: of most decisions one is taken again and again."""

    __slots__ = ("_cause", "_node", "_plans", "_steps")

    def __init__(self, node: Node, steps: Sequence[tuple[Step, ...]], cause: str) -> None:
        self._node, self._steps, self._cause = node, steps, cause
        self._plans: list[Plan | None] = [None] * len(steps)

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, index: int) -> Plan: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Plan]: ...
    def __getitem__(self, index: int | slice) -> Plan | Sequence[Plan]:
        if isinstance(index, slice):
            return tuple(self)[index]
        plan = self._plans[index]
        if plan is None:
            plan = self._plans[index] = compile_steps(self._node, self._steps[index], self._cause)
        return plan


class Pick(NamedTuple):
    """A decision taken when it is reached."""

    decide: Callable[[], int]
    options: Sequence[Plan]
    labels: tuple[str, ...]


class Series(NamedTuple):
    """Plans that are repeated as often as is decided when this is reached.

    ``trains`` says of each whether its repetitions may be carried out at once, one after the other all the same.
    """

    decide: Callable[[Sequence[str], float], Iterable[Sequence[float]]]
    plans: tuple[Plan, ...]
    trains: tuple[bool, ...]
    demands: float


class Branch(NamedTuple):
    """Plans that run beside the thread, waited for or not."""

    plans: tuple[Plan, ...]
    wait: bool
    processes: float = 1.0


Operation = (
    Work | Move | Enqueue | Block | Wake | Keep | Check | Over | Tally | Own | Alter | Halt | Note | Unfold | Pick
    | Series | Branch
)  # fmt: skip
Plan = tuple[Operation, ...]


@dataclass(slots=True, eq=False)
class Node:
    """A layer instance in the tree of one machine; its identity is its path.

    Attributes:
        path: identity.
        layer: what it does.
        below: the node it stands on, None for the machine.
        roles: nodes of the same machine that are addressed by their role.
        without: names of mechanisms whose costs are left out.
        port: path of the one node that stands on it, where a hypervisor has a face for each guest; else empty.
    """

    path: str
    layer: Layer
    below: Node | None = None
    roles: dict[str, Node] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    port: str = ""
    plans: dict[Demand | tuple[str, Demand], Plan] = field(default_factory=dict)
    series: dict[tuple[int, str], tuple[object, tuple[Plan, ...], tuple[bool, ...]]] = field(default_factory=dict)
    """What is repeated, by who repeats it: a layer that has the same at each demand makes it once."""

    def forget(self) -> None:
        """Something has changed: all plans are made anew."""
        self.plans.clear()
        self.series.clear()

    def queue(self, name: str) -> str:
        """The full name of one of its queues: each guest has its own."""
        return f"{self.path}>{self.port}:{name}" if self.port else f"{self.path}:{name}"


_MOST_PLANS = 20_000
_MOST_SERIES = 64


def compiled(node: Node, demand: Demand, cause: str = PROGRAM) -> Plan:
    """The plan of a demand asked of a node. The plan of one is made once and kept; more at once are scaled from it."""
    if demand.count == 0.0:
        return ()
    one = demand.one()
    key = one if cause == PROGRAM else (cause, one)
    plan = node.plans.get(key)
    if plan is None:
        if len(node.plans) > _MOST_PLANS:
            node.plans.clear()
        plan = node.plans[key] = compile_demand(node, one, cause)
    return plan if one is demand else scale(plan, demand.count)


def compile_demand(node: Node, demand: Demand, cause: str = PROGRAM) -> Plan:
    """Lower a demand through a node and all below it."""
    if demand.count == 0.0:
        return ()
    if isinstance(demand, Together):
        plan = _joined(operation for part in demand.demands for operation in compile_demand(node, part, cause))
    else:
        plan = compile_steps(node, node.layer.lower(demand.one()), cause)
    return plan if demand.count == 1.0 else scale(plan, demand.count)


def compile_steps(node: Node, steps: Iterable[Step], cause: str) -> Plan:
    """Place the steps that a node's layer returned."""
    return _joined(operation for step in steps for operation in _place(node, step, cause))


def _joined(operations: Iterable[Operation]) -> Plan:
    """Operations one after the other, neighbouring processor steps fused."""
    joined: list[Operation] = []
    for operation in operations:
        _append(joined, operation)
    return tuple(joined)


def _append(operations: list[Operation], operation: Operation) -> None:
    """Processor time joins that before it; what is repeated in between is paid after both."""
    if isinstance(operation, Work):
        last = len(operations) - 1
        while last >= 0 and isinstance(operations[last], Series):
            last -= 1
        before = operations[last] if last >= 0 else None
        if isinstance(before, Work):
            operations[last] = _fuse(before, operation)
            return
    operations.append(operation)


def _fuse(first: Work, second: Work) -> Work:
    parts: dict[Key, Part] = {}
    for part in (*first.parts, *second.parts):
        old = parts.get(part.key)
        parts[part.key] = (
            part if old is None else Part(part.key, *(a + b for a, b in zip(old[1:], part[1:], strict=True)))
        )
    traffic = first.traffic + second.traffic
    return Work(first.cycles + second.cycles, first.stall_s + second.stall_s, tuple(parts.values()), traffic)


def _place(node: Node, step: Step, cause: str) -> Plan:
    return _PLACING[type(step)](node, step, cause)


def _place_use(node: Node, step: Use, cause: str) -> Plan:
    if step.mechanism in node.without:
        return ()
    key = Key(CPU, cause if step.program else step.cause or node.path, step.mechanism)
    work = Work(step.cycles, step.stall_s, (Part(key, step.cycles, step.stall_s, step.operations),), step.traffic)
    return (work, *(each for below, use in carried(node, step) for each in _place_use(below, use, below.path)))


def carried(node: Node, use: Use) -> Iterable[tuple[Node, Use]]:
    """What the layers below take to have a node's own code run, by the layer that takes it."""
    kernel, below = node.layer.OFFERS != "bytecode", node.below
    while below is not None:
        yield from ((below, each) for each in below.layer.carry(use.cycles - use.processor_cycles, kernel))
        below = below.below


def _place_wait(node: Node, step: Wait, cause: str) -> Plan:
    """Whoever waits sleeps at once where nobody spins."""
    spin_s = 0.0 if "lock_spin" in node.without else step.spin_s
    spinner = node.path if spin_s else ""
    return (Block(step.by, step.name, step.time_s, step.until_s, step.everyone, spin_s, spinner),)


def _place_transfer(node: Node, step: Transfer, cause: str) -> Plan:
    key = Key(step.device, step.cause or cause, step.mechanism)
    move = Move(
        step.device, key, step.size_bytes, step.operations * step.frames, step.position_bytes, step.write,
        step.stream, step.window_bytes, step.operations, step.not_before_s,
    )  # fmt: skip
    return (move,)


def _place_below(node: Node, step: Below, cause: str) -> Plan:
    if node.below is None:
        raise LookupError(f"{node.path} has nothing below it for {type(step.demand).__name__}")
    return compile_demand(node.below, step.demand, node.path if step.own else cause)


def _place_repeat(node: Node, step: Repeat, cause: str) -> Plan:
    plans, trains = _series(node, step.plans, cause)
    return (Series(step.decide, plans, trains, 1.0),)


def _series(
    node: Node, repeated: tuple[tuple[Step, ...], ...], cause: str
) -> tuple[tuple[Plan, ...], tuple[bool, ...]]:
    """Plans of what is repeated; kept with the steps themselves, by which they are found again."""
    found = node.series.get((id(repeated), cause))
    if found is None:
        if len(node.series) >= _MOST_SERIES:
            node.series.clear()
        plans = tuple(compile_steps(node, steps, cause) for steps in repeated)
        found = node.series[id(repeated), cause] = repeated, plans, tuple(_is_train(plan) for plan in plans)
    return found[1:]


def _is_train(plan: Plan) -> bool:
    """Whether it is the same each time it is carried out."""
    inside = (part for each in plan if isinstance(each, Enqueue) for part in (each.work, each.finish))
    return all(isinstance(each, Work | Move | Enqueue | Series) for each in plan) and all(map(_is_train, inside))


def _place_send(node: Node, step: Send, cause: str) -> Plan:
    parts = (step.work, step.kick, step.notice, step.finish)
    work, kick, notice, finish = (compile_steps(node, steps, cause) for steps in parts)
    name, home = (step.queue, node) if step.apart else (node.queue(step.queue), None)
    wait, size_bytes, window_bytes, forgotten = step.wait, step.size_bytes, step.window_bytes, step.forgotten
    return (Enqueue(name, work, kick, notice, wait, size_bytes, window_bytes, 1.0, forgotten, finish, home),)


_PLACING: Mapping[type, Callable[..., Plan]] = {
    Use: _place_use,
    Transfer: _place_transfer,
    Below: _place_below,
    At: lambda node, step, cause: compile_demand(node.roles[step.role], step.demand, cause),
    Send: _place_send,
    Wait: _place_wait,
    Signal: lambda node, step, cause: (Wake(step.by, step.name, step.everyone),),
    Hold: lambda node, step, cause: (Keep(step.size_bytes, step.program),),
    End: lambda node, step, cause: (Over(node),),
    Require: lambda node, step, cause: (Check(step.refusal),),
    Progress: lambda node, step, cause: (Tally(step.begin, step.end, 1.0),),
    Ask: lambda node, step, cause: (Own(node, step.demand),),
    Change: lambda node, step, cause: (Alter(step.apply, node),),
    Freeze: lambda node, step, cause: (Halt(node, step.stop),),
    Log: lambda node, step, cause: (Note(node, step),),
    Later: lambda node, step, cause: (Unfold(node, step.make, cause),),
    Choice: lambda node, step, cause: (Pick(step.decide, Options(node, step.options, cause), step.labels),),
    Repeat: _place_repeat,
    Parallel: lambda node, step, cause: (
        Branch(tuple(compile_steps(node, branch, cause) for branch in step.branches), True),
    ),
    Spawn: lambda node, step, cause: (Branch((compile_steps(node, step.steps, cause),), False, step.processes),),
}


def scale(plan: Plan, count: float, *, apart: bool = False) -> Plan:
    """A plan for ``count`` demands at once; what follows a portion follows it once.

    Args:
        plan: of one demand.
        count: how many.
        apart: whether they come one after the other, so that each announces itself to who serves it and is told of.

    Raises:
        ValueError: the plan waits or decides, so that its demands cannot be taken at once.
    """
    for index, operation in enumerate(plan):
        if isinstance(operation, Tally):
            tally = operation._replace(demands=operation.demands * count)
            return (*scale(plan[:index], count, apart=apart), tally, *plan[index + 1 :])
    return tuple(_scaled(operation, count, apart) for operation in plan)


def _scaled(operation: Operation, count: float, apart: bool) -> Operation:
    if isinstance(operation, Work):
        parts = tuple(Part(p.key, p.cycles * count, p.stall_s * count, p.operations * count) for p in operation.parts)
        return Work(operation.cycles * count, operation.stall_s * count, parts, operation.traffic.times(count))
    if isinstance(operation, Move):
        size_bytes, operations = operation.size_bytes * count, operation.operations * count
        return operation._replace(size_bytes=size_bytes, packets=operation.packets * count, operations=operations)
    if isinstance(operation, Enqueue):
        return _scaled_item(operation, count, apart)
    if isinstance(operation, Keep):
        return operation._replace(size_bytes=operation.size_bytes * count)
    if isinstance(operation, Series):
        return operation._replace(demands=operation.demands * count)
    if isinstance(operation, Check):
        return operation
    raise ValueError(f"a demand that contains {type(operation).__name__} has a count of 1, not {count:g}")


def _scaled_item(item: Enqueue, count: float, apart: bool) -> Enqueue:
    work, finish = (scale(plan, count, apart=apart) for plan in (item.work, item.finish))
    size_bytes, slots = item.size_bytes * count, item.slots * count
    if apart:
        item = item._replace(kick=scale(item.kick, count), notice=scale(item.notice, count))
    return item._replace(work=work, finish=finish, size_bytes=size_bytes, slots=slots)
