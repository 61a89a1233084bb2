"""Rotations followed in closed form against stepping from slice to slice: the same to the nanosecond."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import simpy
from references import slices

from simulator.discovery import members
from simulator.sharing.quantum import Quantum
from simulator.sharing.tree import INFINITE, Scheduling, Share

CASES = 120
ONCE_APART = (70, 328, 686, 963, 1272, 1384, 2108, 2117, 2394, 2459, 2795, 3108)
"""Cases of ``any_scheduling`` that once went another way when stepped: queues of several processors, and EEVDF."""
POLICIES = {
    "round_robin": lambda random: {"slice_s": random.choice([0.001, 0.003, 0.01])},
    "cfs": lambda random: {"latency_s": random.choice([0.004, 0.02]), "wakeup_granularity_s": 0.001},
    "esx": lambda random: {"quantum_s": random.choice([0.001, 0.005])},
    "fifo": lambda random: {},
    "real_time": lambda random: {"slice_s": 0.002},
}
LOSSES = ("ready_s", "steal_s", "throttled_s", "frozen_s", "refill_s")

SHORT = {
    "round_robin": {"slice_s": 0.003},
    "xen_credit": {"tslice_s": 0.006},
    "lottery": {"slice_s": 0.003},
    "esx": {"quantum_s": 0.005},
    "rtds": {"budget_s": 0.008},
}


def in_closed_form(random: Random) -> Scheduling:
    policy = random.choice(list(POLICIES))
    return Scheduling(policy, POLICIES[policy](random))


def any_policy(random: Random) -> Scheduling:
    """Whatever policy there is; where it has no closed form it is stepped, and all that it serves with it."""
    policy = random.choice(list(members("sharing.policies")))
    return Scheduling(policy, SHORT.get(policy, {}))


def any_scheduling(random: Random) -> Scheduling:
    """Whatever policy there is, with or without one queue for all processors."""
    policy = random.choice(list(members("sharing.policies")))
    return Scheduling(policy, {**SHORT.get(policy, {}), "global_queue": float(random.random() < 0.4)})


def refilled(share: Share, others_bytes: float) -> float:
    """Two thirds of a nanosecond for each byte that others used."""
    return min(others_bytes, 1e6, 2 * share.working_set_bytes) / 1.5e9 if share.working_set_bytes else 0.0


class Run:
    """A random machine with random work, and a log of what ended when."""

    def __init__(self, seed: int, stepping: bool, scheduling: Callable[[Random], Scheduling] = in_closed_form) -> None:
        random = Random(seed)
        self.scheduling = scheduling
        self.environment = simpy.Environment()
        cores = random.choice([1.0, 1.0, 2.0, 3.0])
        refill = refilled if random.random() < 0.3 else None
        self.device = Quantum(
            self.environment, cores, 1.0, scheduling=scheduling(random), stepping=stepping, refill=refill
        )
        self.ends: list[tuple[str, int]] = []
        self.accounts: list[dict[str, float]] = []
        """What each job waited for, and paid."""
        self.leaves: list[Share] = []
        self.begun_s: dict[Share, float] = {}
        self.costs = random.random() < 0.5
        self._grow(random, self.device.root, 2)
        for number, leaf in enumerate(self.leaves):
            self.environment.process(self._life(Random(seed * 1000 + number), leaf))

    def _grow(self, random: Random, parent: Share, levels: int) -> None:
        for _ in range(random.randint(1, 4)):
            inner = levels > 0 and random.random() < 0.4
            rules: dict[str, Any] = {"weight": random.choice([1.0, 1.0, 2.0, 5.0, 0.3])}
            if self.costs:
                rules["switch_s"] = random.choice([0.0, 7e-6, 3e-5])
                rules["working_set_bytes"] = random.choice([0.0, 1e5, 1e6])
            if random.random() < 0.15:
                rules |= {"cap": random.choice([0.2, 0.5, 0.9]), "period_s": random.choice([0.01, 0.1])}
            if inner and random.random() < 0.5:
                rules |= {"width": random.choice([1.0, 2.0, INFINITE]), "scheduling": self.scheduling(random)}
            share = Share(f"{len(self.leaves)}", parent, tenant=parent.parent is None, **rules)
            if inner:
                self._grow(random, share, levels - 1)
            else:
                self.leaves.append(share)

    def _life(self, random: Random, leaf: Share) -> Any:
        for _ in range(random.randint(1, 4)):
            yield self.environment.timeout(random.choice([0.0, random.expovariate(20.0), 0.01]))
            done = self.environment.event()
            began_s = self.environment.now
            leaf.ready_s = leaf.steal_s = leaf.throttled_s = leaf.frozen_s = leaf.refill_s = leaf.refills = 0.0
            leaf.switches.clear()
            work = random.expovariate(20.0)
            self.device.submit(leaf, work, lambda share, done=done: done.succeed())
            patience = self.environment.timeout(random.choice([0.03, 100.0]))
            yield done | patience
            if not done.triggered:
                work -= self.device.remove(leaf)
            self.ends.append((leaf.name, round(self.environment.now * 1e9)))
            self.check(leaf, self.environment.now - began_s, work)

    def check(self, leaf: Share, wall_s: float, served_s: float) -> None:
        switches_s = sum(number * share.switch_s for share, number in leaf.switches.items())
        losses = {loss: getattr(leaf, loss) for loss in LOSSES}
        waits = list(losses.values())
        assert served_s + switches_s + sum(waits) == pytest.approx(wall_s, rel=1e-9, abs=3e-9)
        assert min(waits) >= -3e-9
        switches = {f"switches to {share.name}": number for share, number in leaf.switches.items() if number}
        self.accounts.append({**losses, **switches, "refills": leaf.refills, "migrations": leaf.migrations})


@pytest.mark.parametrize(
    ("seed", "scheduling"),
    [(seed, in_closed_form) for seed in range(CASES)]
    + [(seed, any_policy) for seed in range(CASES // 3)]
    + [(seed, any_scheduling) for seed in (*range(CASES // 3), *ONCE_APART)],
)
def test_closed_form_is_stepping_to_the_nanosecond(seed: int, scheduling: Callable[[Random], Scheduling]) -> None:
    """The same ends, and of each piece of work the same waits, switches, refills and moves."""
    runs = [Run(seed, stepping, scheduling) for stepping in (False, True)]
    for run in runs:
        run.environment.run()
    assert runs[0].ends == runs[1].ends
    assert runs[0].ends
    for number, end in enumerate(runs[0].ends):
        assert runs[0].accounts[number] == pytest.approx(runs[1].accounts[number], rel=1e-9, abs=1e-9), end


@pytest.mark.parametrize("seed", range(10))
def test_ends_are_those_of_naive_slices(seed: int) -> None:
    """A process per processor with a timeout per slice, written apart: the same ends to the nanosecond."""
    random = Random(seed)
    quantum_ns = random.choice([100_000, 1_000_000, 3_000_000])
    weights = [random.choice([1.0, 2.0, 3.0, 0.7]) for _ in range(random.randint(1, 5))]
    work = [[random.randint(1, 80_000_000) for _ in range(8)] for _ in weights]

    naive, naive_ends = simpy.Environment(), []
    threads = []
    for number, weight in enumerate(weights):
        pieces = iter(work[number])
        threads.append(slices.Thread(number, weight, quantum_ns, lambda pieces=pieces: next(pieces, 0)))
    slices.Processor(naive, threads, quantum_ns, lambda number, now_ns: naive_ends.append((number, now_ns)))
    naive.run()

    environment, ends = simpy.Environment(), []
    scheduling = Scheduling("esx", {"quantum_s": quantum_ns / 1e9})
    device = Quantum(environment, 1e9, 1e9, scheduling=scheduling)

    def ended(share: Share) -> None:
        number = int(share.name)
        ends.append((number, round(environment.now * 1e9)))
        if len([end for end in ends if end[0] == number]) < len(work[number]):
            device.submit(share, work[number][len([end for end in ends if end[0] == number])], ended)

    for number, weight in enumerate(weights):
        device.submit(Share(str(number), device.root, weight=weight), work[number][0], ended)
    environment.run()
    assert ends == naive_ends


@pytest.mark.parametrize("seed", range(40))
def test_everything_ends_whatever_is_done(seed: int) -> None:
    """Any policies, while groups are frozen and get other weights, caps and widths; the ledgers close."""
    run, random = Run(seed, stepping=False, scheduling=any_scheduling), Random(seed)
    device, groups = run.device, run.device.root.children

    def changes() -> Any:
        for _ in range(6):
            yield run.environment.timeout(random.expovariate(40.0))
            group, kind = random.choice(groups), random.choice(["frozen", "weight", "cap", "width"])
            if kind == "frozen":
                device.set(group, frozen=not group.frozen)
            elif kind == "weight":
                device.set(group, weight=random.choice([0.5, 3.0]))
            elif kind == "cap":
                device.set(group, cap=random.choice([0.3, INFINITE]))
            elif group.children:
                device.set(group, width=random.choice([1.0, 2.0, INFINITE]))
        for group in groups:
            device.set(group, frozen=False)

    run.environment.process(changes())
    run.environment.run(until=200.0)
    assert run.ends
    assert not device.active
