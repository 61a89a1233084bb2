"""The fluid solver against the plain one, which works all rates out at every change: same ends, same accounts."""

from __future__ import annotations

import tracemalloc
from random import Random
from typing import Any

import pytest
import simpy
from references.plain_fluid import Plain

from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import INFINITE, Share

CHUNKS = 20
Log = list[tuple[float, str]]


class World:
    """A random tree on a device, and what is done to it; the same for every solver.

    Args:
        solver: of the device.
        seed: decides everything.
        leaves: how many threads at most.
        equal: tenants right on the device, some with a quota, all weights equal: accounts are then those of ``Plain``.
    """

    def __init__(self, solver: Any, seed: int, leaves: int, *, equal: bool = False) -> None:
        self.random, self.again, self.equal = Random(seed), Random(seed), equal
        self.environment = simpy.Environment()
        self.device = solver(self.environment, self.random.choice([1.0, 2.0, 3.5, 6.0]), 1.0)
        self.shares: list[Share] = []
        self.leaves: list[Share] = []
        self.log: Log = []
        self.busy: dict[Share, float] = {}
        self.since: dict[Share, float] = {}
        self.limit = leaves
        if equal:
            for _ in range(self.random.randint(1, 4)):
                width, cap = self.random.choice([1, 2, INFINITE]), self.random.choice([0.4, 1.7, INFINITE])
                tenant = self.share(self.device.root, tenant=True, width=width, cap=cap)
                self.leaves += [Share(f"thread {number}", tenant) for number in range(self.random.randint(1, 4))]
        else:
            self.grow(self.device.root, self.random.randint(1, 4))

    def share(self, parent: Share, **rules: Any) -> Share:
        self.shares.append(Share(f"share {len(self.shares)}", parent, **rules))
        return self.shares[-1]

    def any_share(self, parent: Share) -> Share:
        random = self.random
        return self.share(
            parent,
            weight=random.choice([1.0, 1.0, 2.0, random.uniform(0.1, 9.0)]),
            cap=random.uniform(0.0, 2.0) if random.random() < 0.2 else INFINITE,
            width=random.choice([0.5, 1, 1, 2, 3]) if random.random() < 0.25 else INFINITE,
            reservation=random.uniform(0.0, 1.5) if random.random() < 0.15 else 0.0,
            weight_rule=random.choice(["shares", "shares", "active"]),
            processes=random.choice([1, 1, 1, 3]),
            cpus=frozenset(range(random.randint(1, 2))) if random.random() < 0.08 else None,
            tenant=random.random() < 0.3,
        )

    def grow(self, parent: Share, levels: int) -> None:
        for _ in range(self.random.randint(1, 4)):
            if len(self.leaves) < self.limit:
                share = self.any_share(parent)
                if levels > 1 and self.random.random() < 0.6:
                    self.grow(share, levels - 1)
                if not share.children:
                    self.leaves.append(share)

    def submit(self, leaf: Share) -> None:
        self.since[leaf] = self.environment.now
        self.device.submit(leaf, self.random.choice([1.0, 0.5, self.random.expovariate(1.0)]), self.ended)

    def ended(self, leaf: Share) -> None:
        """Some ends start the next at once, of the same thread or of another."""
        self.log.append((self.environment.now, leaf.name))
        self.rest(leaf)
        if self.again.random() < 0.3:
            leaf = self.again.choice([leaf, *self.leaves])
            if leaf not in self.since:
                self.since[leaf] = self.environment.now
                self.device.submit(leaf, self.again.expovariate(1.0), self.ended)

    def rest(self, leaf: Share) -> None:
        self.busy[leaf] = self.busy.get(leaf, 0.0) + self.environment.now - self.since.pop(leaf)

    def act(self) -> None:
        random = self.random
        leaf = random.choice(self.leaves)
        if random.random() < 0.6 or self.equal:
            if not leaf.active:
                self.submit(leaf)
            elif random.random() < 0.5:
                self.log.append((self.environment.now, f"{leaf.name}: {self.device.remove(leaf):.6f} left"))
                self.rest(leaf)
            return
        share, height = random.choice(self.shares), random.random()
        rule = random.choice(["weight", "cap", "width", "reservation", "frozen", "capacity"])
        if rule == "capacity":
            self.device.set(self.device.root, cap=0.5 + 4 * height)
        elif rule == "weight":
            self.device.set(share, weight=0.1 + 5 * height)
        elif rule == "frozen":
            self.device.set(share, frozen=height < 0.3)
        elif rule == "reservation":
            self.device.set(share, reservation=max(0.0, 2 * height - 0.8))
        else:
            self.device.set(share, **{rule: INFINITE if height < 0.4 else 2.5 * (height - 0.4)})

    def pass_time(self, steps: int) -> None:
        for _ in range(steps):
            for _ in range(self.random.choice([1, 1, 3])):
                self.act()
            self.environment.run(until=self.environment.now + self.random.expovariate(3.0))

    def finish(self) -> Log:
        """Whatever stops anything is lifted; returns all that has ended, what ended at one instant by name."""
        for share in self.shares:
            if share.frozen or share.cap < INFINITE:
                self.device.set(share, frozen=False, cap=INFINITE)
            if share.width < 0.5:
                self.device.set(share, width=0.5)
        self.again = Random(0)
        self.environment.run(until=self.environment.now + 1e4)
        assert not self.device.active
        return sorted(self.log, key=lambda entry: (round(entry[0], 7), entry[1]))

    def accounts(self) -> list[tuple[float, ...]]:
        """Of each thread: served, ready, stolen, throttled, frozen, and how long it had work."""
        self.device.settle()
        for leaf in list(self.since):
            self.rest(leaf)
            self.since[leaf] = self.environment.now
        return [
            (leaf.ready_s, leaf.steal_s, leaf.throttled_s, leaf.frozen_s, self.busy.get(leaf, 0.0))
            for leaf in self.leaves
        ]


def assert_same(found: Log, expected: Log) -> None:
    assert [name for _, name in found] == [name for _, name in expected]
    assert [end for end, _ in found] == pytest.approx([end for end, _ in expected], rel=1e-9)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_ends_are_those_of_the_plain_solver(chunk: int) -> None:
    """10,000 small trees, every rule changed in mid-flight."""
    for seed in range(chunk * 500, chunk * 500 + 500):
        logs = []
        for solver in (Fluid, Plain):
            world = World(solver, seed, 8)
            world.pass_time(6)
            logs.append(world.finish())
        assert logs[0] == logs[1] or _close(*logs), seed


def _close(found: Log, expected: Log) -> bool:
    names = [name for _, name in found] == [name for _, name in expected]
    return names and all(abs(one - other) <= 1e-9 * other for (one, _), (other, _) in zip(found, expected, strict=True))


@pytest.mark.parametrize("seed", range(40))
def test_ends_are_those_of_the_plain_solver_in_large_trees(seed: int) -> None:
    logs = []
    for solver in (Fluid, Plain):
        world = World(solver, seed, 60)
        for leaf in world.leaves:
            world.submit(leaf)
        world.pass_time(40)
        logs.append(world.finish())
    assert_same(*logs)


@pytest.mark.parametrize("seed", range(150))
def test_accounts_close_whatever_is_done(seed: int) -> None:
    """Service and the four waits are the time in which a thread had work; none is negative."""
    world = World(Fluid, seed, 12)
    served: dict[Share, float] = {}
    submit = world.device.submit

    def note(leaf: Share, work: float, done: Any) -> None:
        served[leaf] = served.get(leaf, 0.0) + work
        submit(leaf, work, done)

    world.device.submit = note
    remove = world.device.remove

    def take_back(leaf: Share) -> float:
        left = remove(leaf)
        served[leaf] -= left
        return left

    world.device.remove = take_back
    world.pass_time(12)
    for leaf, (*waits, busy_s) in zip(world.leaves, world.accounts(), strict=True):
        assert min(waits) >= 0.0
        left = leaf.remaining if leaf.active else 0.0
        assert served.get(leaf, 0.0) - left + sum(waits) == pytest.approx(busy_s, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(150))
def test_accounts_of_equal_threads_are_those_of_the_plain_solver(seed: int) -> None:
    accounts = []
    for solver in (Fluid, Plain):
        world = World(solver, seed, 12, equal=True)
        world.pass_time(20)
        accounts.append(world.accounts())
    for found, expected in zip(*accounts, strict=True):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(60))
def test_what_a_tenant_alone_never_loses(seed: int) -> None:
    """Alone on the device nothing is stolen; without a quota nothing is throttled; with enough cores nothing waits."""
    random = Random(seed)
    environment = simpy.Environment()
    cores, threads = random.randint(1, 6), random.randint(1, 6)
    device = Fluid(environment, float(cores), 1.0)
    above = Share("above", device.root, width=random.choice([cores, INFINITE]))
    tenant = Share("tenant", above, tenant=True)
    groups = [Share("group", tenant, weight=random.uniform(0.1, 9.0)) for _ in range(3)]
    leaves = [Share("thread", random.choice(groups), weight=random.uniform(0.1, 9.0)) for _ in range(threads)]
    ends = []
    for leaf in leaves:
        device.submit(leaf, random.expovariate(1.0), ends.append)
        environment.run(until=environment.now + random.expovariate(9.0))
    environment.run()
    device.settle()
    assert len(ends) == threads
    assert all(leaf.steal_s == leaf.throttled_s == 0.0 for leaf in leaves)
    if threads <= cores:
        assert all(leaf.ready_s == pytest.approx(0.0, abs=1e-12) for leaf in leaves)


def test_rounding_does_not_pile_up() -> None:
    """Weights of a million come and go; the rates of who is left are soon those of a fresh device again."""
    random = Random(1)
    device = Fluid(simpy.Environment(), 2.0, 1.0)
    group = Share("group", device.root)
    stays = [Share("stays", group, weight=weight) for weight in (1.0, 2.0, 5.0)]
    comes = [Share("comes", group, weight=random.uniform(1e6, 2e6)) for _ in range(9)]
    for share in stays:
        device.submit(share, 1e9, lambda share: None)
    for _ in range(5_000):
        share = random.choice(comes)
        if share.active:
            device.remove(share)
        else:
            device.submit(share, 1e9, lambda share: None)
    for share in comes:
        if share.active:
            device.remove(share)
    for _ in range(500):
        device.remove(stays[0])
        device.submit(stays[0], 1e9, lambda share: None)
    assert [share.rate for share in stays] == pytest.approx([1 / 3, 2 / 3, 1.0], rel=1e-13)


def test_memory_does_not_grow_with_time() -> None:
    """Threads in two levels end and start again 12,000 times: memory is no more than twice that after 2,000."""
    random = Random(2)
    device = Fluid(simpy.Environment(), 2.0, 1.0)
    machines = [Share("machine", device.root, weight=random.uniform(1.0, 8.0), cap=1.5) for _ in range(5)]
    ended = 0

    def again(share: Share) -> None:
        nonlocal ended
        ended += 1
        device.submit(share, random.expovariate(1.0), again)

    tracemalloc.start()
    for machine in machines:
        for _ in range(3):
            device.submit(Share("thread", machine), random.expovariate(1.0), again)
    sizes_bytes = []
    for count in (2_000, 12_000):
        while ended < count:
            device.environment.step()
        sizes_bytes.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert sizes_bytes[1] < 2 * sizes_bytes[0]
