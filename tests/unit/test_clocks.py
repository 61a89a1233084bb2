"""A tenant's clock: it stands still with its kernel, and only with that."""

from __future__ import annotations

from typing import Any

import pytest
import simpy

from simulator.clocks import Clock
from simulator.experiment import run_point
from simulator.records import names
from simulator.scenario import load


def test_what_is_due_waits_as_long_as_the_clock_stood_still() -> None:
    environment = simpy.Environment()
    clock = Clock(environment, stops=True)
    rang: list[float] = []

    def sleeper(time_s: float) -> Any:
        yield clock.timeout(time_s)
        rang.append(environment.now)

    def stopper() -> Any:
        yield environment.timeout(1.0)
        clock.stop()
        clock.stop()
        yield environment.timeout(5.0)
        assert clock.now == 1.0
        clock.go_on()
        clock.go_on()

    for time_s in (0.5, 1.0, 2.0, 9.0):
        environment.process(sleeper(time_s))
    environment.process(stopper())
    environment.run()
    assert rang == [0.5, 1.0, 7.0, 14.0]
    assert clock.paused_s == 0.0
    assert clock.now == 9.0


@pytest.mark.parametrize(("with_kernel", "shows_s"), [(True, 1.0), (False, 4.0)])
def test_a_pause_is_counted_with_a_kernel_or_without(with_kernel: bool, shows_s: float) -> None:
    environment = simpy.Environment()
    clock = Clock(environment, stops=True)
    environment.run(until=1.0)
    clock.pause(with_kernel=with_kernel)
    environment.run(until=4.0)
    assert (clock.paused_s, clock.now) == (3.0, shows_s)
    clock.go_on()
    environment.run(until=9.0)
    assert (clock.paused_s, clock.now) == (3.0, shows_s + 5.0)


def test_a_clock_that_nothing_stops_is_the_time() -> None:
    environment = simpy.Environment()
    clock = Clock(environment, stops=False)
    environment.run(until=clock.timeout(2.0))
    assert environment.now == clock.now == 2.0


@pytest.mark.parametrize(("stack", "longer_s"), [("linux-6 | kvm-6 / linux-6", 0.25), ("linux-6 | docker-27", 0.0)])
def test_a_sleep_is_longer_by_the_pause_only_where_a_kernel_is_paused(stack: str, longer_s: float) -> None:
    """It works for a moment twice a second, and stands still from 0.21 s on, while it sleeps."""
    workload = {"name": "memory-user", "parameters": {"step_s": "0.5 s", "held_bytes": "16 MiB", "requests_count": 4}}
    app = {"workload": workload, "memory": "1 GiB", "vcpus": 1}
    operations = [{"at": "0.21 s", "pause": "app", "for": "0.25 s"}]

    def last_s(paused: bool) -> float:
        data = {"machine": "server-2025", "stacks": {"it": stack}, "tenants": {"app": app}, "duration": "5 s",
                "operations": operations if paused else []}  # fmt: skip
        (point,) = load(data).points()
        rows = run_point(point, 0)["tables"]["requests"]
        return float(rows[-1][names("requests").index("start_s")])

    assert last_s(True) - last_s(False) == pytest.approx(longer_s, abs=0.01)
