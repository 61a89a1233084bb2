"""What every device module promises, run over all that discovery finds: a new file is tested by being there.

A device is built with the numbers of the catalog's machines and used as its methods say: ``run`` takes cycles,
``transfer`` takes bytes, ``hold`` takes space.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import pytest
import simpy

from simulator import discovery
from simulator.catalog import Catalog
from simulator.devices.base import DeviceRow, Request
from simulator.sharing.tree import Share
from simulator.units import unit_of_name

CATALOG = Catalog()
MODULES = sorted(discovery.members("devices"))
SHARED = [name for name in MODULES if hasattr(discovery.member("devices", name).DEVICE, "set_group")]
TIMED = [
    name for name in MODULES if "environment" in inspect.signature(discovery.member("devices", name).DEVICE).parameters
]
VALUES: dict[str, Callable[[], Iterator[Any]]] = {
    "size_bytes": lambda: cycle([4096.0, 1.0, 300_000.0]),
    "packets": lambda: cycle([3.0, 1.0, 207.0]),
    "direction": lambda: cycle(["send", "receive", "receive", "send", "send"]),
    "position_bytes": lambda: cycle([0, 10**9, 4096, 7 * 10**9]),
    "write": lambda: cycle([False, True]),
    "group": lambda: cycle(["a", "b", "b", ""]),
}
"""Arguments of ``transfer`` by name."""
ABSTRACT = {"shared_disk": {"capacity_bytes": 1e12, "read_bytes_per_s": 100e6, "write_bytes_per_s": 40e6}}
"""Devices that no real machine has, and numbers for them: SimGrid's example disk."""


def numbers(name: str) -> Iterator[dict[str, float]]:
    """The numbers of this kind of device in every machine of the catalog that has one."""
    for machine in CATALOG.names("machines"):
        for device in CATALOG.machine(machine).devices.values():
            if device.kind == name:
                yield device.values()
    if name in ABSTRACT:
        yield dict(ABSTRACT[name])


def made(name: str, environment: simpy.Environment, parameters: dict[str, float]) -> Any:
    device = discovery.member("devices", name).DEVICE
    return device(environment, parameters) if name in TIMED else device(parameters)


def rows(device: Any) -> list[DeviceRow]:
    return [device.row()] if hasattr(device, "row") else list(device.rows())


def transfers(device: Any) -> Iterator[Request]:
    """Requests of many kinds, one after the other."""
    names = [name for name in inspect.signature(device.transfer).parameters if name in VALUES]
    values = [VALUES[name]() for name in names]
    while True:
        yield device.transfer(**{name: next(value) for name, value in zip(names, values, strict=True)})


@pytest.mark.parametrize("name", MODULES)
def test_its_parameters_are_declared_in_full(name: str) -> None:
    declared = discovery.member("devices", name).DEVICE.PARAMETERS
    assert declared
    assert len({parameter.name for parameter in declared}) == len(declared)
    for parameter in declared:
        assert unit_of_name(parameter.name) in (None, parameter.unit), parameter
        assert parameter.meaning and parameter.meaning[-1] != ".", parameter


@pytest.mark.parametrize("name", MODULES)
def test_some_machine_has_one(name: str) -> None:
    assert list(numbers(name))


@pytest.mark.parametrize("name", MODULES)
def test_it_says_what_it_is_and_what_it_takes(name: str) -> None:
    device = discovery.member("devices", name).DEVICE
    assert inspect.getdoc(discovery.member("devices", name))
    assert "``PARAMETERS``" in (inspect.getdoc(device) or "")


@pytest.mark.parametrize("name", TIMED)
def test_its_ledger_closes_at_any_time(name: str) -> None:
    """Capacity x time = busy + idle, while it works and when it has nothing to do; nothing is below zero."""
    for parameters in numbers(name):
        environment = simpy.Environment()
        device = made(name, environment, parameters)
        if hasattr(device, "run"):
            for share_of_a_second in (0.01, 0.3, 0.002, 0.2):
                device.run(share_of_a_second * device.frequency_hz, stall_s=0.01)
        else:
            some = transfers(device)
            [next(some) for _ in range(12)]
        for until in (1e-6, 0.001, 0.03, 0.2, 5.0):
            environment.run(until=until)
            for row in rows(device):
                assert row.time_s == until
                assert row.busy_s + row.idle_s == pytest.approx(row.capacity * row.time_s, rel=1e-9)
                assert -1e-12 <= row.busy_s <= row.capacity * row.time_s * (1 + 1e-12)
        assert any(row.busy_s > 0.0 for row in rows(device))


@pytest.mark.parametrize("name", [name for name in TIMED if hasattr(discovery.member("devices", name).DEVICE, "run")])
def test_what_it_computed_is_what_was_asked(name: str) -> None:
    for parameters in numbers(name):
        environment = simpy.Environment()
        device = made(name, environment, parameters)
        shares = [Share(f"thread {number}", device.root) for number in range(4)]
        for share, seconds in zip(shares, (0.01, 0.3, 0.002, 0.2), strict=True):
            device.run(seconds * device.frequency_hz, share, stall_s=0.01)
        environment.run()
        lost_s = sum(sum(device.lost(share).values()) for share in shares)
        assert sum(row.busy_s for row in rows(device)) - lost_s == pytest.approx(0.552, rel=1e-12)


@pytest.mark.parametrize(
    "name", [name for name in TIMED if hasattr(discovery.member("devices", name).DEVICE, "transfer")]
)
def test_what_it_moved_is_what_its_requests_say(name: str) -> None:
    """The time of every request adds up to the time the device was busy, also of those that are only half done."""
    for parameters in numbers(name):
        environment = simpy.Environment()
        device = made(name, environment, parameters)
        some = transfers(device)
        requests = [next(some) for _ in range(12)]
        for until in (1e-5, 0.004, 0.02, 5.0):
            environment.run(until=until)
            served_s = sum(request.served_s(until) for request in requests)
            assert sum(row.busy_s for row in rows(device)) == pytest.approx(served_s, rel=1e-9)
        assert all(request.done.processed for request in requests)
        assert served_s == pytest.approx(sum(request.service_s for request in requests), rel=1e-12)


def busy_s(device: Any, requests: list[Request], now_s: float) -> dict[str, float]:
    """What each group's requests have had of the device."""
    had = dict.fromkeys((request.group for request in requests), 0.0)
    for request in requests:
        had[request.group] += request.served_s(now_s)
    return had


def backlog(device: Any, groups: tuple[str, ...], rounds: int) -> list[Request]:
    """Small requests of one kind, the same for each group."""
    kind = {"size_bytes": 4096.0, "packets": 1.0, "direction": "send", "position_bytes": 10**9, "write": False}
    names = [name for name in inspect.signature(device.transfer).parameters if name in kind]
    same = {name: kind[name] for name in names}
    return [device.transfer(**same, group=group) for _ in range(rounds) for group in groups]


def test_some_devices_are_shared() -> None:
    assert {"flash_disk", "nic", "rotating_disk", "shared_disk"} <= set(SHARED)


@pytest.mark.parametrize("name", SHARED)
def test_groups_that_want_more_than_there_is_divide_it_by_weight(name: str) -> None:
    """In the middle of the work of both, and the other way round after their weights have changed places."""
    for parameters in numbers(name):
        few = {**parameters, "channels_count": 4.0} if "channels_count" in parameters else parameters
        environment = simpy.Environment()
        backlog(made(name, environment, few), ("a", "b"), 200)
        environment.run()
        all_s, environment = environment.now, simpy.Environment()
        device = made(name, environment, few)
        device.set_group("a", weight=3.0)
        device.set_group("b", weight=1.0)
        requests = backlog(device, ("a", "b"), 200)
        environment.run(until=all_s / 4)
        first = busy_s(device, requests, environment.now)
        assert first["a"] / sum(first.values()) == pytest.approx(0.75, abs=0.02)
        device.set_group("a", weight=1.0)
        device.set_group("b", weight=3.0)
        environment.run(until=all_s / 2)
        second = busy_s(device, requests, environment.now)
        b_s, both_s = second["b"] - first["b"], sum(second.values()) - sum(first.values())
        assert b_s / both_s == pytest.approx(0.75, abs=0.02)
        environment.run()
        assert environment.now == pytest.approx(all_s, rel=0.02)  # whoever is served, the work is the same


@pytest.mark.parametrize("name", SHARED)
def test_a_limit_holds_and_leaves_the_rest_to_others(name: str) -> None:
    """100 operations a second for one group; the other is as fast as if it were alone, or nearly so."""
    for parameters in numbers(name):
        ends = []
        for groups in (("free",), ("free", "slow")):
            environment = simpy.Environment()
            device = made(name, environment, parameters)
            device.set_group("slow", operations_per_s=100.0)
            requests = backlog(device, groups, 30)
            environment.run()
            slow = sorted(request.start_s for request in requests if request.group == "slow")
            for number, start_s in enumerate(slow):
                assert start_s >= number * 0.01 * (1 - 1e-9)
            assert all(request.done.processed for request in requests)
            ends.append(max(request.start_s for request in requests if request.group == "free"))
        service_s = max(request.service_s for request in requests)
        assert ends[1] <= ends[0] + 31 * service_s


@pytest.mark.parametrize("name", SHARED)
def test_one_group_is_served_in_the_order_of_arrival(name: str) -> None:
    """As long as no elevator is asked for."""
    for parameters in numbers(name):
        environment = simpy.Environment()
        device = made(name, environment, {**parameters, "queue_depth_count": 1.0})
        some = transfers(device) if name != "nic" else iter(backlog(device, ("",), 40))
        requests = [next(some) for _ in range(40)]
        environment.run()
        for group in ("a", "b", ""):
            starts = [request.start_s for request in requests if request.group == group]
            assert starts == sorted(starts)


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize(
    "rules",
    [{"weight": 0.0}, {"weight": -1.0}, {"bytes_per_s": 0.0}, {"operations_per_s": 1.0, "burst_operations": -1.0}],
)
def test_rules_that_cannot_be_kept_are_refused(name: str, rules: dict[str, float]) -> None:
    for parameters in numbers(name):
        with pytest.raises(ValueError, match=r"must be positive|needs a rate above 0"):
            made(name, simpy.Environment(), parameters).set_group("a", **rules)


@pytest.mark.parametrize("name", MODULES)
def test_a_number_that_is_missing_is_named(name: str) -> None:
    for parameters in numbers(name):
        with pytest.raises(AttributeError, match="no parameter '"):
            device = made(name, simpy.Environment(), {})
            next(transfers(device)) if hasattr(device, "transfer") else device.run(1.0)
        declared = discovery.member("devices", name).DEVICE.PARAMETERS
        assert set(parameters) <= {parameter.name for parameter in declared}
        assert set(parameters) >= {
            parameter.name for parameter in declared if not (parameter.optional or parameter.only)
        }
