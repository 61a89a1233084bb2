"""SimGrid's cloud-sharing and cloud-simple: a virtual machine without overhead only limits and groups.

SimGrid, ``teshsuite/models/cloud-sharing`` and ``examples/cpp/cloud-simple``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest
import simpy

from simulator.devices.processor import Processor
from simulator.sharing.tree import Share

CORE = 1e9  # flop a second; one flop is one cycle
TIME_S = 0.1

# "( ... )n": a machine with n cores; "[ ... ]k": a virtual machine with k processors on it; "o": a task of one thread.
# Then the cores that each native task and each task in a virtual machine gets, and the cores used by all.
SCENARIOS = [
    ("(o)1", 1, None, 1),
    ("(oo)1", 1 / 2, None, 1),
    ("(o)1 (o)1", 1, None, 2),
    ("([o]1)1", None, 1, 1),
    ("([oo]1)1", None, 1 / 2, 1),
    ("([ ]1 o)1", 1, None, 1),
    ("([o]1 o)1", 1 / 2, 1 / 2, 1),
    ("([oo]1 o)1", 1 / 2, 1 / 4, 1),
    ("(oo)2", 1, None, 2),
    ("(ooo)2", 2 / 3, None, 2),
    ("([o]1)2", None, 1, 1),
    ("([oo]1)2", None, 1 / 2, 1),
    ("([o]1 o)2", 1, 1, 2),
    ("([o]1 [o]1)2", None, 1, 2),
    ("([o]1 [o]1 [o]1)2", None, 2 / 3, 2),
    ("([oo]2)2", None, 1, 2),
    ("([ooo]2)2", None, 2 / 3, 2),
    ("([o]2 o)2", 1, 1, 2),
    ("([oo]2 o)2", 2 / 3, 2 / 3, 2),
    ("([ooo]2 o)2", 2 / 3, 4 / 9, 2),
    ("([o]2 oo)2", 2 / 3, 2 / 3, 2),
    ("([oo]2 oo)2", 1 / 2, 1 / 2, 2),
    ("([ooo]2 oo)2", 1 / 2, 1 / 3, 2),
    ("([o]2)4", None, 1, 1),
    ("([ooo]2)4", None, 2 / 3, 2),
    ("([ ]2 ooo)4", 1, None, 3),
    ("([oo]2 oo)4", 1, 1, 4),
    ("([oo]2 ooo)4", 4 / 5, 4 / 5, 4),
    ("([ooo]2 ooo)4", 4 / 5, 8 / 15, 4),
]


@dataclass
class Cluster:
    """Machines and the tasks on them, built from SimGrid's drawing of them."""

    environment: simpy.Environment = field(default_factory=simpy.Environment)
    machines: list[Processor] = field(default_factory=list)
    native: list[Share] = field(default_factory=list)
    virtual: list[Share] = field(default_factory=list)

    @classmethod
    def draw(cls, drawing: str) -> Cluster:
        cluster = cls()
        for inside, cores in re.findall(r"\(([^()]*)\)(\d)", drawing):
            cpu = Processor(cluster.environment, {"cores_count": int(cores), "frequency_hz": CORE})
            cluster.machines.append(cpu)
            for tasks, processors in re.findall(r"\[([o ]*)\](\d)", inside):
                guest = Share("vm", cpu.root, width=int(processors), weight_rule="active")
                cluster.virtual += [Share("task", guest) for _ in range(tasks.count("o"))]
            native = re.sub(r"\[[o ]*\]\d", "", inside).count("o")
            cluster.native += [Share("task", cpu.root) for _ in range(native)]
        return cluster

    def run(self, share: Share, cycles: float) -> list[float]:
        """Start a task now; its end will be in the list."""
        device = share
        while device.parent is not None:
            device = device.parent
        (cpu,) = [machine for machine in self.machines if machine.root is device]
        ends: list[float] = []
        cpu.run(cycles, share).callbacks.append(lambda _: ends.append(self.environment.now))
        return ends


@pytest.mark.parametrize(("drawing", "native", "virtual", "cores_used"), SCENARIOS, ids=[s[0] for s in SCENARIOS])
def test_cloud_sharing(drawing: str, native: float | None, virtual: float | None, cores_used: int) -> None:
    """Work in proportion to the expected share: then every task ends at 0.1 s."""
    cluster = Cluster.draw(drawing)
    ends = [cluster.run(task, share * TIME_S * CORE) for task, share in _tasks(cluster, native, virtual)]
    cluster.environment.run()
    assert ends == [pytest.approx([TIME_S], rel=1e-12)] * len(ends)
    # 1 W per busy core, nothing when idle
    energy_j = sum(cpu.row().busy_s for cpu in cluster.machines)
    assert energy_j == pytest.approx(TIME_S * cores_used, rel=1e-12)


def _tasks(cluster: Cluster, native: float | None, virtual: float | None) -> list[tuple[Share, float]]:
    assert (native is None) == (not cluster.native) and (virtual is None) == (not cluster.virtual)
    return [(task, native or 0.0) for task in cluster.native] + [(task, virtual or 0.0) for task in cluster.virtual]


def test_equal_weights_are_another_rule() -> None:
    """What a Linux host does by default with ([oo]2 o)2: the group and the task have the same weight, a core each."""
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 2, "frequency_hz": CORE})
    guest = Share("vm", cpu.root, width=2)
    tasks = [Share("task", guest), Share("task", guest), Share("task", cpu.root)]
    for task in tasks:
        cpu.run(CORE, task)
    assert [task.rate / CORE for task in tasks] == [0.5, 0.5, 1.0]


FAFARD, TREMBLAY = 76.296e6, 98.095e6  # flop a second, one core each


@pytest.mark.parametrize(
    ("places", "ends_s"),
    [
        ([(FAFARD, "native")], [0.0131068]),
        ([(FAFARD, "native"), (FAFARD, "native")], [0.0262137, 0.0262137]),
        ([(TREMBLAY, "native")], [0.0101942]),
        ([(FAFARD, "in a VM")], [0.0131068]),
        ([(FAFARD, "in a VM"), (FAFARD, "in a VM")], [0.0262137, 0.0262137]),
        ([(FAFARD, "in a VM"), (TREMBLAY, "in a VM")], [0.0131068, 0.0101942]),
    ],
)
def test_cloud_simple(places: list[tuple[float, str]], ends_s: list[float]) -> None:
    """Tasks of 1e6 flop: 1e6 / 76.296e6 = 0.0131068 s."""
    environment = simpy.Environment()
    machines = {speed: Processor(environment, {"cores_count": 1, "frequency_hz": speed}) for speed, _ in places}
    ends = {}
    for number, (speed, place) in enumerate(places):
        root = machines[speed].root
        task = Share("task", Share("vm", root, width=1) if place == "in a VM" else root)
        ended = machines[speed].run(1e6, task)
        ended.callbacks.append(lambda _, number=number: ends.update({number: environment.now}))
    environment.run()
    assert [ends[number] for number in range(len(places))] == pytest.approx(ends_s, abs=5e-8)


def test_empty_guest_costs_nothing() -> None:
    environment = simpy.Environment()
    cpu = Processor(environment, {"cores_count": 1, "frequency_hz": FAFARD})
    Share("vm", cpu.root, width=1)
    environment.run(until=cpu.run(1e6))
    assert environment.now == pytest.approx(0.0131068, abs=5e-8)
