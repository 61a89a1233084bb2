"""Effects of slices: locks whose holder is stopped, quotas, weights against processors of one's own; and the means."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from simulator import Scenario
from simulator.experiment import run_point
from simulator.queues import Mailbox
from simulator.validation import readings


def measure(**changes: Any) -> dict[str, dict[str, float]]:
    """Readings of each tenant of a scenario with one point."""
    machine = {"base": "laptop-2025", "devices": {"cpu": {"cores": 4, "threads_per_core": 1}}}
    base = {"version": 1, "machine": machine, "fidelity": "quantum", "replications": 1}
    (point,) = Scenario.from_mapping({**base, **changes}).points()
    return readings.read(run_point(point, 0)["tables"])


KVM = "linux-6 | kvm-6 / linux-6"


def locks(spin: str, stack: Any = KVM, neighbours: int = 5, duration: str = "800 ms") -> float:
    """Sections a second of four threads with one lock in a guest, beside guests that compute."""
    cycles = {"inside": "2e5 cycles", "outside": "1e6 cycles"}
    locker = {"workload": {"name": "locking-threads", "parameters": {"spin": spin, "sections": 100000, **cycles}}}
    size = {"memory": "1 GiB"}
    tenants: dict[str, Any] = {"locker": {**locker, **size, "vcpus": 4}}
    if neighbours:
        hog = {"name": "cpu-hog", "parameters": {"threads": 1}}
        late = {"start": "7 ms", "start_every": "13 ms"}
        tenants["neighbour"] = {"workload": hog, "vcpus": 1, "count": neighbours, **size, **late}
    return measure(stacks={"guests": stack}, tenants=tenants, duration=duration)["locker"]["value"]


def test_spinners_suffer_when_the_holder_has_lost_its_processor() -> None:
    """Alone a spin lock is no worse; among others its waiters burn slices that the holder needs; sleepers do not."""
    alone = [locks(spin, neighbours=0, duration="100 ms") for spin in ("1 h", "50 us")]
    assert alone[0] == pytest.approx(alone[1], rel=0.03)
    assert 2.0 * locks("1 h") < locks("50 us", duration="300 ms")


def test_co_scheduling_helps_spinners() -> None:
    """Virtual processors side by side: the holder has its processor while the others spin."""
    apart = {"stack": "vmware-esxi-7 | linux-6", "parameters": {"esx-shares": {"skew": "0 s"}}}
    assert locks("1 h", "vmware-esxi-7 | linux-6") > 1.3 * locks("1 h", apart)


def test_a_lock_is_handed_to_a_spinner_without_waking_it() -> None:
    """Who spins sees it; who sleeps must be told."""
    import simpy

    box = Mailbox(simpy.Environment().event)
    box.get(asleep=lambda: False)
    assert not box.waited_for
    box.get()
    box.put()
    assert box.waited_for


def test_a_spinner_pays_for_its_waiting() -> None:
    """Two threads on two processors, a lock held nearly always: together they are busy for about twice the time."""
    cycles = {"inside": "1e6 cycles", "outside": "1e5 cycles", "outside_variation": 0}
    busy = {}
    for spin in ("1 h", "0 s"):
        name = {"name": "locking-threads", "parameters": {"spin": spin, "sections": 200, "threads": 2, **cycles}}
        app = {"workload": name}
        found = measure(stacks={"native": "linux-6 |"}, tenants={"app": app}, fidelity="fluid")["app"]
        busy[spin] = found["processor_s"] / found["elapsed_s"]
    assert busy["1 h"] == pytest.approx(2.0, rel=0.02)
    assert busy["0 s"] == pytest.approx(1.1, rel=0.05)


def test_a_longer_period_makes_longer_tails() -> None:
    """60 % of a processor: after the budget of a period is used up all wait for the next one."""
    work = {"pieces": 100, "period": "10 ms", "piece": "3.6585e6 cycles", "beside": 1}
    tails = {}
    for period in ("10 ms", "100 ms"):
        server = {"workload": {"name": "lat-10ms-1ms", "parameters": work}, "cap": "60 %", "cap_period": period}
        found = measure(stacks={"container": "linux-6 | docker-27"}, tenants={"server": {**server, "memory": "1 GiB"}})
        tails[period] = found["server"]["latency_p99_s"]
    assert tails["10 ms"] < 0.01 < 0.04 < tails["100 ms"] < 0.1


def divided(threads: int, first: str, second: str) -> tuple[float, float]:
    """What two containers get, in processors, with so many threads in the second and such processors for each."""
    found = measure(
        stacks={"containers": "linux-6 | docker-27"},
        tenants={
            name: {"workload": {"name": "cpu-hog", "parameters": {"threads": number}}, "memory": "1 GiB", "cpus": cpus}
            for name, number, cpus in (("first", 4, first), ("second", threads, second))
        },
        duration="1 s",
    )
    hertz = 2.8e9
    return found["first"]["value"] * 1e9 / hertz, found["second"]["value"] * 1e9 / hertz


def test_weights_give_what_others_leave_and_processor_sets_do_not() -> None:
    """The second leaves half of its part: the first gets three processors by weight, two where it has its own."""
    by_weight, by_set = divided(1, "0-3", "0-3"), divided(1, "0-1", "2-3")
    assert by_weight[0] / by_weight[1] == pytest.approx(3.0, rel=0.2)
    assert by_set[0] / by_set[1] == pytest.approx(2.0, rel=0.1)
    assert divided(4, "0-3", "0-3")[0] == pytest.approx(divided(4, "0-1", "2-3")[0], rel=0.03)


ISOLATION = {
    "weights": ("linux-6 | docker-27", {"weight": 2.0}, {}),
    "caps": ("linux-6 | docker-27", {"cap": "150 %"}, {}),
    "guests": ("xen-4 | linux-6", {"vcpus": 2}, {"vcpus": 4}),
    "guests of KVM": ("linux-6 | kvm-6 / linux-6", {"vcpus": 4}, {"vcpus": 4}),
}


@pytest.mark.parametrize("name", ISOLATION)
def test_means_agree_between_fidelities(name: str) -> None:
    """Throughput of tenants that compute differs by less than 3 % between rates and slices."""
    stack, victim, bully = ISOLATION[name]
    work = {"workload": {"name": "cpu-hog", "parameters": {"threads": 4, "chunk": "1e7 cycles"}}, "memory": "1 GiB"}
    tenants = {"victim": {**work, **victim}, "bully": {**work, **bully}}
    rates, slices = (
        measure(stacks={"x": stack}, tenants=tenants, duration="3 s", fidelity=fidelity)["victim"]["value"]
        for fidelity in ("fluid", "quantum")
    )
    assert slices == pytest.approx(rates, rel=0.03)


def test_tails_differ_between_fidelities() -> None:
    """A server that sleeps and wakes beside loops: rates alone show no slice that it waits behind."""
    server = {"name": "request-response", "parameters": {"transactions": 100, "client": "5 ms"}}
    hog = {"workload": "cpu-hog", "memory": "1 GiB", "vcpus": 2, "count": 3}
    tails = {}
    for fidelity in ("fluid", "quantum"):
        tenants = {"server": {"workload": server, "memory": "1 GiB", "vcpus": 1}, "hog": hog}
        stack = {"turns": "xen-4(scheduler=turns) | linux-6"}
        tails[fidelity] = measure(stacks=stack, tenants=tenants, fidelity=fidelity)["server"]["latency_p99_s"]
    assert tails["quantum"] > 5.0 * tails["fluid"]
    assert tails["quantum"] < inf
