"""SimGrid's cloud-sharing and cloud-simple: a virtual machine without overhead only limits and groups.

SimGrid, ``teshsuite/models/cloud-sharing`` and ``examples/cpp/cloud-simple``.
"""

from __future__ import annotations

import pytest
import simpy

from simulator.devices.processor import Processor
from simulator.sharing.drawing import build, parse
from simulator.sharing.drawing.building import Rule
from simulator.sharing.drawing.measuring import measure
from simulator.sharing.drawing.setting import Setting
from simulator.sharing.tree import Share

CORE = 1e9  # flop a second; one flop is one cycle
TIME_S = 0.1

# A drawing, then the cores that each native task and each task in a virtual machine gets, and the cores used by all.
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


class Cluster:
    """The machines of SimGrid's drawing, and the tasks on them."""

    def __init__(self, drawing: str) -> None:
        self.environment = simpy.Environment()
        self.machines: list[Processor] = []
        self.places: list[tuple[Processor, Share, bool]] = []
        """Of every task: its machine, its share, whether it is in a virtual machine."""
        for machine in parse(drawing):
            watts = {"idle_watts": 0.0, "floor_watts": 0.0, "busy_watts": float(machine.processors)}
            figures = {"cores_count": machine.processors, "frequency_hz": CORE, **watts}
            cpu = Processor(self.environment, figures)
            self.machines.append(cpu)
            leaves = build(machine, cpu.sharing, Rule(weights="active"))
            self.places += [(cpu, leaf, "/" in path) for path, leaf in leaves.items()]

    def ends(self, native: float | None, virtual: float | None) -> list[float]:
        """When tasks end that are given work in proportion to the share they should have."""
        ends: list[float] = []
        for cpu, leaf, in_guest in self.places:
            share = virtual if in_guest else native
            assert share is not None
            cpu.run(share * TIME_S * CORE, leaf).callbacks.append(lambda _: ends.append(self.environment.now))
        self.environment.run()
        return ends


@pytest.mark.parametrize(("drawing", "native", "virtual", "cores_used"), SCENARIOS, ids=[s[0] for s in SCENARIOS])
def test_cloud_sharing(drawing: str, native: float | None, virtual: float | None, cores_used: int) -> None:
    """Work in proportion to the expected share: then every task ends at 0.1 s."""
    cluster = Cluster(drawing)
    assert cluster.ends(native, virtual) == pytest.approx([TIME_S] * drawing.count("o"), rel=1e-12)
    # 1 W per busy core, nothing when idle
    energy_j = sum(cpu.row().energy_j for cpu in cluster.machines)
    assert energy_j == pytest.approx(TIME_S * cores_used, rel=1e-12)


@pytest.mark.parametrize(("drawing", "native", "virtual", "cores_used"), SCENARIOS, ids=[s[0] for s in SCENARIOS])
def test_cloud_sharing_as_the_command_measures_it(
    drawing: str, native: float | None, virtual: float | None, cores_used: int
) -> None:
    threads = measure(drawing, Setting(weights="active")).threads
    expected = [virtual if "/" in row.thread else native for row in threads]
    assert [row.share for row in threads] == pytest.approx(expected, rel=1e-12)
    assert sum(row.share for row in threads) == pytest.approx(cores_used, rel=1e-12)


@pytest.mark.parametrize(("drawing", "native", "virtual", "cores_used"), SCENARIOS, ids=[s[0] for s in SCENARIOS])
def test_cloud_sharing_by_slices(drawing: str, native: float | None, virtual: float | None, cores_used: int) -> None:
    """Slices of a millisecond, one queue for all processors: the same shares, but for a slice or two."""
    fine = {"latency_s": 0.001, "minimum_granularity_s": 0.001, "global_queue": 1.0}
    threads = measure(drawing, Setting("quantum", "cfs", weights="active", seconds=0.5, parameters=fine)).threads
    expected = [virtual if "/" in row.thread else native for row in threads]
    assert [row.share for row in threads] == pytest.approx(expected, abs=0.005)
    assert sum(row.share for row in threads) == pytest.approx(cores_used, rel=1e-6)


def test_equal_weights_are_another_rule() -> None:
    """What a Linux host does by default with ([oo]2 o)2: the group and the task have the same weight, a core each."""
    assert [row.share for row in measure("([oo]2 o)2", Setting(weights="shares")).threads] == [0.5, 0.5, 1.0]


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
