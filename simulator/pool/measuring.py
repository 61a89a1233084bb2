"""What a stack makes of an instance: taken from ordinary runs of one instance, never typed in.

For each type of host and of instance the ordinary simulation is run three times: one instance is started from nothing
(time, processor work, memory), and one that is up does tasks of two sizes (what each task takes beside its own cycles,
and what each cycle takes). The layers decide all of it, as in any scenario.

*Scope.* A task's processor work is what all threads of the host do for it (domain 0, device threads); in the pool its
instance pays all of it, in its own share. Waits of a start for a disk are as long as alone on the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from simulator.errors import RunError
from simulator.experiment import build, run_point
from simulator.operations import subjects
from simulator.outcomes import is_ok
from simulator.pool.plan import Figures
from simulator.records import names
from simulator.scenario import Scenario
from simulator.scenario.lookup import Catalog
from simulator.workloads.base import Draws

WORKLOAD = "tasks-with-pauses"
_TASKS = 8
"""Tasks of a run: each costs the same."""
_TIMES = 3.0
"""How much larger the larger tasks are."""
_NAME, _OTHER = "instance", "other"
Point = Mapping[str, Any]


class OneInstance:
    """One instance of a type on a host of a type, as ordinary scenarios.

    Args:
        host: ``machine`` and ``stack`` as a scenario writes them.
        instance: ``memory``, ``vcpus`` and ``virtual_hardware`` as a scenario writes them.
        size_cycles: of a task.
        think_s: pause before it.
        catalog: where names are looked up.

    Raises:
        ScenarioError: a mistake in machine, stack or instance.
    """

    def __init__(
        self, host: Mapping[str, Any], instance: Mapping[str, Any], size_cycles: float, think_s: float, catalog: Catalog
    ) -> None:
        self.size_cycles = size_cycles
        sizes = [f"{size:.17g} cycles" for size in (size_cycles, _TIMES * size_cycles)]
        parameters = {"pieces_count": _TASKS, "piece_cycles": sizes, "period": f"{think_s:.17g} s"}
        one = {**instance, "workload": WORKLOAD}
        working = {**one, "parameters": parameters, "boot": [True, False], "group": _NAME}
        two = {name: {**one, "group": name} for name in (_NAME, _OTHER)}
        about = {"title": "one instance", "machine": host["machine"], "stacks": {"host": host["stack"]}}
        about["replications"] = 1
        self._points = Scenario.from_mapping({**about, "tenants": {_NAME: working}}, catalog=catalog).points()
        (self._two,) = Scenario.from_mapping({**about, "tenants": two}, catalog=catalog).points()

    @property
    def expression(self) -> str:
        """The stack with every version resolved."""
        return str(self._points[0]["expression"])

    @property
    def devices(self) -> Mapping[str, Any]:
        """The machine's devices with their numbers."""
        devices: Mapping[str, Any] = self._points[0]["machine"]["devices"]
        return devices

    @cached_property
    def figures(self) -> Figures:
        """What one instance takes; runs it.

        Raises:
            RunError: it does not come up.
        """
        size, turn = self.size_cycles, _turn(self._points[0])
        smaller, larger = (_run(self._point(number, boot=False))[0] for number in (0, 1))
        whole_cycles, start_s = _run(self._point(0, boot=True))
        ratio = (larger - smaller) / (_TASKS * (_TIMES - 1.0) * size)
        return Figures(
            start_s=start_s,
            start_cycles=max(0.0, whole_cycles - smaller - turn["serial_cycles"]),
            turn_cycles=turn["serial_cycles"],
            turn_wait_s=turn["serial_wait_s"],
            peer_cycles=turn["peer_cycles"],
            overhead_bytes=self._taken_bytes(2) - self._taken_bytes(1),
            task_cycles=max(0.0, smaller / _TASKS - ratio * size),
            cycle_ratio=ratio,
            cannot_migrate=self._holds_refusal(),
            migration=self._migration(),
        )

    def _holds_refusal(self) -> str:
        """Why no layer moves an instance while it runs; empty if one does."""
        return subjects.refusal(subjects.holds(self._points[0], _NAME), "migrate")

    def _migration(self) -> dict[str, float]:
        """The rules of the product that does."""
        hold = subjects.subject(subjects.holds(self._points[0], _NAME), "migrate")
        return dict(self._points[0]["layers"][hold.product].get("migration") or {}) if hold else {}

    def host_bytes(self) -> float:
        """Memory of what is installed on a host for all its instances together."""
        return 2.0 * self._taken_bytes(1) - self._taken_bytes(2)

    def boot_s(self) -> float:
        """How long the systems of a host take to start, one on the other, on an idle machine."""
        house = build(self._points[0])
        draws = Draws(self._points[0]["seed"], 0, _NAME, "start")

        def start() -> Any:
            for node in house.nodes.values():
                if node.path in house.site.names and house.owners.get(node.path) is None:
                    yield from house.boot_shared(node, draws)

        house.environment.run(until=house.environment.process(start()))
        return float(house.environment.now)

    def _point(self, number: int, *, boot: bool) -> Point:
        """The run with the smaller (0) or larger (1) tasks."""
        fitting = [point for point in self._points if point["tenants"][_NAME]["boot"] is boot]
        return sorted(fitting, key=lambda point: float(point["tenants"][_NAME]["parameters"]["piece_cycles"]))[number]

    def _taken_bytes(self, instances: int) -> float:
        """What hosts' systems and so many instances take of the memory, beside what is promised to the instances.

        The system that all share has the rest of the memory for itself; what it takes is what its kernel holds.
        """
        house = build(self._two if instances == 2 else self._points[0])
        roles = {node.path for each in house.nodes.values() for node in each.roles.values()}
        taken_bytes = 0.0
        for path, size_bytes in house.machine.memory.held_bytes.items():
            kernel = house.spaces.get(path)
            if path in roles or kernel is None:
                taken_bytes += size_bytes
            elif house.owners.get(path) is None:
                taken_bytes += sum(kernel.held_bytes.values())
        return taken_bytes


def _run(point: Point) -> tuple[float, float]:
    """Processor work of a run in cycles, that of all threads, and how long its start took.

    Raises:
        RunError: the instance does not do its work.
    """
    tables = run_point(point, 0)["tables"]
    tenant = dict(zip(names("tenants"), tables["tenants"][0], strict=True))
    if not is_ok(tenant["outcome"]):
        raise RunError(f"one instance on {point['expression']!r} ends so: {tenant['outcome']}")
    device, service_s = (names("charges").index(name) for name in ("device", "service_s"))
    frequency_hz: float = point["machine"]["devices"]["cpu"]["parameters"]["frequency_hz"]
    busy_s = sum(row[service_s] for row in tables["charges"] if row[device] == "cpu")
    return busy_s * frequency_hz, tenant["boot_s"]


def _turn(point: Point) -> dict[str, float]:
    """What starts of an instance's own systems go through one by one."""
    found = dict.fromkeys(("serial_cycles", "serial_wait_s", "peer_cycles"), 0.0)
    for layer in point["layers"].values():
        for name, value in (layer["start_queue"] or {}).items():
            found[name] += value
    return found
