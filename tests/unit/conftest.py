"""What tests of threads share: a house on a machine whose numbers can be checked in the head."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
import simpy

from simulator import discovery
from simulator.demands import Compute, Demand, Sleep
from simulator.devices.memory import Memory
from simulator.layers.base import Layer, Place
from simulator.layers.jvm import JavaVirtualMachine
from simulator.machine import Machine
from simulator.scenario import load
from simulator.steps import CPU, Below, Step, Wait
from simulator.tenancy import House
from simulator.threads import Thread

DEVICES: dict[str, Any] = {
    "cpu": {
        "kind": "processor",
        "parameters": {
            "cores_count": 1, "frequency_hz": 1e9, "page_bytes": 4096, "cache_bytes": 1e6, "cache_kernel_bytes": 0,
            "cache_line_bytes": 64, "cache_miss_s": 0.0, "idle_after_s": 1e-3, "idle_exit_s": 0.0,
        },
    },
    "memory": {"kind": "memory", "parameters": {"capacity_bytes": 1e9}},
    "disk": {
        "kind": "rotating_disk",
        "parameters": {
            "capacity_bytes": 1e9, "media_bytes_per_s": 100.0, "rotation_s": 1e-6, "seek_shortest_s": 0.0,
            "seek_longest_s": 0.0, "command_s": 0.0, "queue_depth_count": 1, "deadline_s": 1.0, "batch_bytes": 0.0,
            "anticipation_s": 0.0,
        },
    },
    "nic": {
        "kind": "nic",
        "parameters": {"link_bytes_per_s": 100.0, "frame_bytes": 0, "coalesce_s": 0.0, "coalesce_frames": 1},
    },
}  # fmt: skip
"""One processor of 1 GHz; a disk and a link on which 100 bytes take a second; waking costs nothing."""

TENANT = {
    "group": None, "memory_bytes": 1e6, "vcpus": None, "weight": 1.0, "weight_rule": "shares", "cap_cores": None,
    "cap_period_s": 0.1, "cap_burst_s": 0.0, "reservation_cores": None, "cpus": None,
}  # fmt: skip


class Bench:
    """A house, and threads in it whose demands are given one by one."""

    def __init__(self, point: Mapping[str, Any]) -> None:
        self.environment = simpy.Environment()
        self.machine = Machine(self.environment, point["machine"]["devices"])
        self.house = House(self.environment, self.machine, point)

    def thread(self, name: str, *demands: Demand, tenant: str = "app", program: Iterable[Demand] = ()) -> Thread:
        """A thread that begins now and asks for these things, or for what a program yields."""
        thread = Thread(self.house, tenant, name, self.house.tops[tenant], self.house.groups[tenant])
        self.house.threads.append(thread)
        self.environment.process(thread.live(demands or program))
        return thread

    def logged(self, times: list[float], *demands: Demand) -> Iterable[Demand]:
        """The same demands; notes the time at which each was over."""
        for demand in demands:
            yield demand
            times.append(self.environment.now)

    def at(self, time_s: float, action: Callable[[], object]) -> None:
        """Do something at a time."""

        def later() -> Iterable[simpy.Event]:
            yield self.environment.timeout(time_s - self.environment.now)
            action()

        self.environment.process(later())  # type: ignore[arg-type]

    def run(self, until: float | None = None) -> None:
        """Run to the end, or to a time, and check the ledger of every thread."""
        self.environment.run(until)
        for thread in self.house.threads:
            thread.close()

    def service(self, name: str, node: str = "os/jvm[app]") -> Thread:
        """A thread of a layer's own."""
        return next(each for each in self.house.threads if each.service and (each.name, each.tenant) == (name, node))

    @staticmethod
    def cycles(thread: Thread, mechanism: str) -> float:
        """What a thread paid for one mechanism, whatever caused it."""
        return sum(charge.cycles for key, charge in thread.charges.items() if key.mechanism == mechanism)

    @staticmethod
    def spent(thread: Thread) -> dict[str, float]:
        """Where a thread's time went, to the nanosecond, without what took none."""
        return {state: round(seconds, 9) for state, seconds in thread.spent.items() if round(seconds, 9)}

    @staticmethod
    def charged(thread: Thread) -> dict[tuple[str, str], float]:
        """How many events of each cause and mechanism a thread paid on the processor, without those it did not."""
        return {
            (key.cause, key.mechanism): round(charge.operations, 9)
            for key, charge in thread.charges.items()
            if key.device == CPU and round(charge.operations, 9)
        }


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Bench]:
    """Makes a bench with layers of the test's own: ``bench({"toy": Toy}, "toy |")``.

    Tenants are given as ``{name: expression}``, or one expression for the tenant ``app``; ``tenants`` changes their
    figures, ``cpu`` the processor's.
    """
    original = discovery.member

    def make(
        layers: Mapping[str, type[Layer]],
        stacks: str | Mapping[str, str],
        *,
        tenants: Mapping[str, Mapping[str, Any]] | None = None,
        without: Iterable[str] = (),
        **cpu: float,
    ) -> Bench:
        def member(family: str, name: str) -> Any:
            own = family == "layers" and name in layers
            return SimpleNamespace(LAYER=layers[name]) if own else original(family, name)

        monkeypatch.setattr(discovery, "member", member)
        expressions = {"app": stacks} if isinstance(stacks, str) else stacks
        processor = {"kind": "processor", "parameters": {**DEVICES["cpu"]["parameters"], **cpu}}
        point = {
            "machine": {"devices": {**DEVICES, "cpu": processor}},
            "layers": {
                name: {"family": name, "structure": {}, "parameters": {"driver_domain_bytes": 1e6}} for name in layers
            },
            "tenants": {
                name: {**TENANT, "expression": expression, **(tenants or {}).get(name, {})}
                for name, expression in expressions.items()
            },
            "without": list(without),
        }
        return Bench(point)

    return make


@pytest.fixture
def resolved_bench() -> Callable[..., Bench]:
    """Makes a bench from a scenario's point, with some numbers of its layers and its processor made round."""

    def make(
        stacks: str | Mapping[str, str], layers: Mapping[str, Mapping[str, float]] | None = None,
        limits: Mapping[str, Mapping[str, float]] | None = None, **cpu: float,
    ) -> Bench:  # fmt: skip
        tenants = ["app"] if isinstance(stacks, str) else list(stacks)
        figures = {"workload": "spec-int", "memory": "256 MiB", "vcpus": 1, "limits": limits or {}}
        scenario = load({"machine": "dell-2650", "stacks": {"one": stacks}, "tenants": dict.fromkeys(tenants, figures)})
        (point,) = scenario.points()
        for name, numbers in (layers or {}).items():
            point["layers"][name]["parameters"] |= numbers
        devices = point["machine"]["devices"]
        devices["cpu"] = {**devices["cpu"], "parameters": {**devices["cpu"]["parameters"], **cpu}}
        return Bench(point)

    return make


# ---------------------------------------------------------------- a Java virtual machine on a system


class FreeSystem(Layer):
    """Calls, faults and files cost nothing; sleeping is waiting."""

    OFFERS, NEEDS = "system", "machine"

    def lower(self, demand: Demand) -> Iterable[Step]:
        if isinstance(demand, Sleep):
            return (Wait("time", time_s=demand.time_s),)
        return (Below(demand),) if isinstance(demand, Compute) else ()


@pytest.fixture
def laid(bench: Callable[..., Bench]) -> Callable[..., Bench]:
    """Makes a bench whose system has a gigabyte to give away."""

    def make(layers: Mapping[str, type[Layer]], stacks: str | Mapping[str, str], **cpu: float) -> Bench:
        made = bench(layers, stacks, **cpu)
        made.house.spaces["os"] = Memory({"capacity_bytes": 1e9}, "the memory of os")
        return made

    return make


@pytest.fixture
def java() -> Callable[..., dict[str, type[Layer]]]:
    """Makes a free system ``os``, or another, and a virtual machine ``jvm`` with these numbers, limits and choices.

    Where nothing else is chosen it has a heap of 30 MB, the serial collector, and no archive of classes.
    """

    def make(
        numbers: Mapping[str, float],
        limits: Mapping[str, float] | None = None,
        system: type[Layer] = FreeSystem,
        processors: float = 0.0,
        **structure: str,
    ) -> dict[str, type[Layer]]:
        class Toy(JavaVirtualMachine):
            def __init__(self, parameters: Any, chosen: Any = None, place: Place | None = None) -> None:
                given = {"mode": "tiered", "sharing": "off", "collector": "serial"} | structure
                place = place or Place()
                place.limits = {"heap": 30e6, **(limits or {})}
                place.processors_count = processors or place.processors_count
                super().__init__(numbers, given, place)

        return {"os": system, "jvm": Toy}

    return make
