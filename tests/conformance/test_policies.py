"""What every scheduling policy must do. A new file in ``simulator/sharing/policies`` is run through it by existing."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import simpy

from simulator.catalog import Catalog
from simulator.discovery import member, members
from simulator.sharing.fluid import Fluid
from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import Scheduling, Share

FAMILY = "sharing.policies"
POLICIES = list(members(FAMILY))
LONG = 1e6
GENEROUS = {"rtds": {"period_s": 0.01, "budget_s": 0.01}}
"""So that nothing but what is tested holds a share back."""
SHORT = {
    "round_robin": {"slice_s": 0.002},
    "cfs": {"latency_s": 0.004, "minimum_granularity_s": 0.0005},
    "eevdf": {"base_slice_s": 0.001},
    "esx": {"quantum_s": 0.002, "skew_s": 0.0},
    "lottery": {"slice_s": 0.0005},
    "xen_credit": {"tslice_s": 0.003, "ratelimit_s": 0.0},
    "xen_credit2": {"reset_s": 0.002, "ratelimit_s": 0.0},
    "bvt": {"allowance_s": 0.001},
    "sedf": {"quantum_s": 0.002},
    **GENEROUS,
}


def honours(policy: str) -> frozenset[str]:
    found: frozenset[str] = member(FAMILY, policy).POLICY.HONOURS
    return found


def that_know(*rules: str, besides: tuple[str, ...] = ()) -> Any:
    """A test for those policies that honour some rules."""
    names = [policy for policy in POLICIES if honours(policy) >= set(rules) or policy in besides]
    return pytest.mark.parametrize("policy", names)


class Lab:
    """A machine of some processors of one unit a second under one policy."""

    def __init__(self, policy: str, cores: int = 1, parameters: dict[str, float] | None = None, **options: Any) -> None:
        self.environment = simpy.Environment()
        chosen = GENEROUS.get(policy, {}) if parameters is None else parameters
        self.device = Quantum(self.environment, cores, 1.0, scheduling=Scheduling(policy, chosen), **options)
        self.ends: list[tuple[str, float]] = []

    def thread(self, name: str, parent: Share | None = None, work: float = LONG, **rules: Any) -> Share:
        share = Share(name, parent or self.device.root, **rules)
        self.device.submit(share, work, lambda ended: self.ends.append((ended.name, self.environment.now)))
        return share

    def run(self, seconds: float) -> None:
        self.environment.run(until=self.environment.now + seconds)
        self.device.settle()


def had(*shares: Share) -> list[float]:
    return [share.work - share.remaining for share in shares]


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_says_what_it_is(policy: str) -> None:
    module = member(FAMILY, policy)
    assert len(module.__doc__.splitlines()[0]) > 20
    assert honours(policy) <= {"weight", "cap", "reservation"}
    for name in module.POLICY.DEFAULTS:
        assert f"``{name}``" in module.__doc__, f"{policy}: the docstring does not say what {name} is"
    with pytest.raises(ValueError, match=r"no parameter 'colour'; it has: .*bandwidth_slice_s"):
        Lab(policy, parameters={"colour": 1.0})


def test_work_is_conserved(policy: str) -> None:
    """Two processors are busy as long as there are two threads; nothing is served twice."""
    lab = Lab(policy, 2)
    for number, work in enumerate((0.3, 0.3, 0.3, 0.6, 0.5)):
        lab.thread(str(number), work=work, weight=1 + number % 3)
    lab.run(0.7)
    assert lab.device.served == pytest.approx(1.4)
    lab.environment.run(until=100.0)
    lab.device.settle()
    assert len(lab.ends) == 5
    assert lab.device.served == pytest.approx(2.0)
    assert max(end for _, end in lab.ends) <= 1.0 + 0.3 + 1e-9  # at the end one thread may be alone


@that_know("weight")
@pytest.mark.parametrize("weights", [(1.0, 1.0), (1.0, 2.0), (1.0, 2.0, 5.0)])
def test_weights_within_a_slice(policy: str, weights: tuple[float, ...]) -> None:
    lab = Lab(policy, parameters=SHORT[policy])
    threads = [lab.thread(str(weight), weight=weight) for weight in weights]
    lab.run(8.0)
    expected = [8.0 * weight / sum(weights) for weight in weights]
    tolerance = 0.15 if policy == "lottery" else 0.02
    assert had(*threads) == pytest.approx(expected, abs=tolerance)


@that_know("weight")
def test_groups_divide_before_their_threads(policy: str) -> None:
    lab = Lab(policy, parameters=SHORT[policy])
    group = Share("group", lab.device.root)
    threads = [lab.thread("alone"), *(lab.thread("one of three", group) for _ in range(3))]
    lab.run(6.0)
    assert had(*threads) == pytest.approx([3.0, 1.0, 1.0, 1.0], abs=0.15 if policy == "lottery" else 0.03)


@that_know("cap")
def test_a_cap_is_never_exceeded_in_a_period(policy: str) -> None:
    lab = Lab(policy, 2)
    period_s = lab.device.policy().CAP_PERIOD_S or 0.05
    group = Share("group", lab.device.root, cap=0.6, period_s=period_s)
    capped = [lab.thread("capped", group) for _ in range(2)]
    other = lab.thread("other")
    before = 0.0
    for _ in range(20):
        lab.run(period_s)
        now = sum(had(*capped))
        assert now - before <= 0.6 * period_s + 1e-9
        before = now
    if policy not in ("fifo", "real_time", "rtds"):  # others may keep it from what it may have
        assert before >= 0.9 * 0.6 * 20 * period_s
    assert had(other)[0] > 0.0


@that_know("reservation")
def test_a_reservation_is_kept(policy: str) -> None:
    """0.5 of one processor, against five others of which each has as much weight."""
    lab = Lab(policy, parameters={} if policy == "rtds" else SHORT[policy])
    reserved = lab.thread("reserved", reservation=0.5, period_s=0.02)
    others = [lab.thread("other") for _ in range(5)]
    lab.run(4.0)
    assert had(reserved)[0] >= 2.0 - 0.02
    assert sum(had(*others)) > 0.5


def test_first_come_first_served_within_a_thread(policy: str) -> None:
    """Pieces that follow one another in one thread are done in their order, with nothing between."""
    lab = Lab(policy)
    pieces = [0.01, 0.002, 0.03]
    done: list[float] = []

    def ended(share: Share) -> None:
        done.append(lab.environment.now)
        if pieces:
            lab.device.submit(share, pieces.pop(0), ended)

    share = Share("thread", lab.device.root)
    lab.device.submit(share, pieces.pop(0), ended)
    lab.environment.run(until=1.0)
    assert done == pytest.approx([0.01, 0.012, 0.042])


def test_what_is_removed_is_what_was_left(policy: str) -> None:
    lab = Lab(policy, parameters=SHORT.get(policy, {}))
    threads = [lab.thread(str(number), work=1.0) for number in range(3)]
    lab.run(0.5)
    remainders = [lab.device.remove(thread) for thread in threads]
    assert sum(remainders) == pytest.approx(2.5, abs=1e-8)
    assert lab.device.served == pytest.approx(0.5, abs=1e-8)
    lab.run(1.0)
    assert lab.device.served == pytest.approx(0.5, abs=1e-8)


@pytest.mark.parametrize("global_queue", [0.0, 1.0])
def test_the_ledger_closes(policy: str, global_queue: float) -> None:
    """Guests, groups, caps, freezing, switches and refills: every second of a thread that has work has its place."""
    parameters = {**SHORT.get(policy, {}), "global_queue": global_queue}
    lab = Lab(policy, 2, parameters, refill=lambda share, others: 1e-6 * min(1.0, others / 1e6))
    guest = Share("guest", lab.device.root, width=2, tenant=True, scheduling=Scheduling("cfs"), switch_s=5e-6)
    group = Share("group", lab.device.root, tenant=True, cap=0.7, period_s=0.02)
    random = Random(policy)
    threads = [
        Share(f"{parent.name} {number}", parent, switch_s=2e-6, working_set_bytes=1e5)
        for parent in (guest, group, lab.device.root)
        for number in range(3)
    ]
    began: dict[Share, float] = {}

    def start(thread: Share) -> None:
        began[thread] = lab.environment.now
        thread.ready_s = thread.steal_s = thread.throttled_s = thread.frozen_s = thread.refill_s = 0.0
        thread.switches.clear()
        lab.device.submit(thread, random.expovariate(20.0), lambda share: check(share, share.work))

    def check(thread: Share, served_s: float) -> None:
        wall_s = lab.environment.now - began.pop(thread)
        switches_s = sum(number * share.switch_s for share, number in thread.switches.items())
        waits_s = thread.ready_s + thread.steal_s + thread.throttled_s + thread.frozen_s + thread.refill_s
        assert served_s + switches_s + waits_s == pytest.approx(wall_s, rel=1e-9, abs=5e-9)

    for step in range(60):
        idle = [thread for thread in threads if thread not in began]
        if idle:
            start(random.choice(idle))
        if step % 15 == 7:
            lab.device.set(group, frozen=not group.frozen)
        lab.run(random.expovariate(100.0))
    for thread in list(began):
        lab.device.remove(thread)
        check(thread, thread.work - thread.remaining)


@that_know("weight", besides=("round_robin",))
@pytest.mark.parametrize("seed", range(2))
def test_means_agree_with_fluid(policy: str, seed: int) -> None:
    """One queue for two processors and short slices: mean response within 1 % of the fluid limit."""
    random = Random(seed)
    weights = [1.0 if policy == "round_robin" else random.choice([1.0, 2.0]) for _ in range(8)]
    jobs = [[random.expovariate(5.0) for _ in range(4)] for _ in weights]
    parameters = {**FINE_SLICES[policy], "global_queue": 1.0}
    slices = Quantum(simpy.Environment(), 2.0, 1.0, scheduling=Scheduling(policy, parameters))
    means = [mean_response(device, weights, jobs) for device in (slices, Fluid(simpy.Environment(), 2.0, 1.0))]
    assert means[0] == pytest.approx(means[1], rel=0.04 if policy == "lottery" else 0.01)


FINE_SLICES = {
    "round_robin": {"slice_s": 0.001},
    "cfs": {"latency_s": 0.008, "wakeup_granularity_s": 0.0002, "scaling": 0.0},
    "eevdf": {"base_slice_s": 0.001, "scaling": 0.0},
    "esx": {"quantum_s": 0.001, "skew_s": 0.0},
    "lottery": {"slice_s": 0.001},
    "xen_credit": {"tslice_s": 0.002, "ratelimit_s": 0.0, "ticks": 1.0},
    "xen_credit2": {"reset_s": 0.002, "timer_s": 0.001, "ratelimit_s": 0.0},
    "bvt": {"allowance_s": 0.001},
}


def mean_response(device: Any, weights: list[float], jobs: list[list[float]]) -> float:
    responses: list[float] = []

    def begin(share: Share, pieces: list[float]) -> None:
        began_s = device.environment.now

        def ended(share: Share) -> None:
            responses.append(device.environment.now - began_s)
            if pieces:
                begin(share, pieces)

        device.submit(share, pieces.pop(0), ended)

    for weight, pieces in zip(weights, jobs, strict=True):
        begin(Share("thread", device.root, weight=weight), list(pieces))
    device.environment.run()
    return sum(responses) / len(responses)


# ---------------------------------------------------------------- in the catalog


@pytest.mark.parametrize("name", Catalog().names("schedulers"))
def test_a_scheduler_of_the_catalog_gives_what_its_policy_takes(name: str) -> None:
    scheduler = Catalog().scheduler(name, "laptop-2025")
    policy = member("sharing.policies", scheduler.family).POLICY
    assert scheduler.values().keys() <= {**policy.COMMON, **policy.DEFAULTS}.keys()
    policy(scheduler.values(), 2)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_parameter_of_a_policy_says_what_it_means(policy: str) -> None:
    for parameter in member("sharing.policies", policy).POLICY.PARAMETERS:
        assert parameter.meaning, parameter.name


def test_every_system_that_schedules_names_a_scheduler_of_the_catalog() -> None:
    catalog = Catalog()
    for name in catalog.names("layers"):
        product = catalog.layer(name, "laptop-2025")
        schedules = product.family in ("operating_system", "paravirtual_hypervisor") or (
            product.family == "hardware_hypervisor" and product.structure["stands_on"] == "machine"
        )
        assert (product.scheduler in catalog.names("schedulers")) == (schedules or product.family == "unikernel"), name
