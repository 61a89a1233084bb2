"""What one change costs the fluid solver, against the plain solver that works all rates out anew.

A change is an arrival or an end of work. Both solvers run the same work in turn in one process, with the ledger on and
SimPy's calendar included; compare the ratios, and the growth down a column, rather than the microseconds, which are
this machine's. Run: ``python benchmarks/fluid_solver.py [rounds]``.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from statistics import median
from time import process_time
from typing import Any

import simpy

sys.path.insert(0, str(Path(__file__).parent))

from references.plain_fluid import Plain

from simulator.sharing.fluid import Fluid
from simulator.sharing.tree import Share

WEIGHTS = (1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Tree:
    """Machines on a host, threads in each.

    Attributes:
        machines: virtual machines; none: the threads stand on the host itself.
        threads: of each.
        cores: of the host.
        runnable: part of the threads that has work at a time.
        between: groups between the host and each machine.
        tenants: whether each machine is a tenant.
    """

    name: str
    machines: int
    threads: int
    cores: float
    runnable: float = 1.0
    between: int = 0
    tenants: bool = False


TREES = (
    *(Tree(f"one level, {n}", 0, n, n / 4) for n in (4, 10, 16, 64, 256, 1000, 1024)),
    *(Tree(f"one level, {n}, enough for all", 0, n, n) for n in (10, 1000)),
    Tree("4 VMs x 1", 4, 1, 2),
    Tree("16 VMs x 1", 16, 1, 4),
    Tree("16 VMs x 4", 16, 4, 8),
    Tree("64 VMs x 4", 64, 4, 16),
    Tree("64 VMs x 4, tenants", 64, 4, 16, tenants=True),
    Tree("64 VMs x 4, half runnable", 64, 4, 16, 0.5),
    Tree("64 VMs x 4, 10 % runnable", 64, 4, 16, 0.1),
    Tree("256 VMs x 4", 256, 4, 16),
    Tree("64 VMs x 16", 64, 16, 16),
    Tree("64 VMs x 4, depth 5", 64, 4, 16, between=2),
    Tree("64 VMs x 4, half, hardly contended", 64, 4, 200, 0.5),
    Tree("64 VMs x 4, half, partly satisfied", 64, 4, 60, 0.5),
)


def leaves(tree: Tree, root: Share) -> list[Share]:
    """The threads of a tree: machines of two cores at most, weights 1, 2, 4, 8, those of threads 1 and 2."""
    if not tree.machines:
        return [Share("thread", root, weight=WEIGHTS[number % 4]) for number in range(tree.threads)]
    found = []
    for number in range(tree.machines):
        parent, weight = root, WEIGHTS[number % 4]
        for _ in range(tree.between):
            parent, weight = Share("between", parent, weight=weight), 1.0
        machine = Share("machine", parent, weight=weight, cap=2.0, tenant=tree.tenants)
        found += [Share("thread", machine, weight=WEIGHTS[thread % 2]) for thread in range(tree.threads)]
    return found


def churn(solver: Callable[..., Any], tree: Tree, changes: int) -> tuple[float, float]:
    """Seconds of processor time for a change, and a checksum of the times at which work ended."""
    environment, random = simpy.Environment(), Random(3)
    device = solver(environment, tree.cores, 1.0)
    idle, ends = [], []

    def ended(share: Share) -> None:
        ends.append(environment.now)
        if idle:
            number = random.randrange(len(idle))
            idle[number], share = share, idle[number]
        device.submit(share, random.expovariate(1.0), ended)

    for leaf in leaves(tree, device.root):
        if random.random() < tree.runnable:
            device.submit(leaf, random.expovariate(1.0), ended)
        else:
            idle.append(leaf)
    gc.collect()
    start = process_time()
    while len(ends) * 2 < changes:
        environment.step()
    return (process_time() - start) / len(ends) / 2, sum(ends)


def main() -> None:
    """Print one line a tree and the whole as JSON."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rows = []
    print(f"{'tree':40s}{'runnable':>9s}{'plain us':>10s}{'fluid us':>10s}{'ratio':>8s}")
    for tree in TREES:
        number = max(1, tree.machines) * tree.threads
        plain, fluid = [], []
        for _ in range(rounds):
            plain.append(churn(Plain, tree, max(60, 10_000 // number))[0])
            fluid.append(churn(Fluid, tree, 8_000)[0])
        assert abs(churn(Plain, tree, 60)[1] / churn(Fluid, tree, 60)[1] - 1.0) < 1e-6
        row = {
            **asdict(tree),
            "count": round(number * tree.runnable),
            "plain_us": median(plain) * 1e6,
            "fluid_us": median(fluid) * 1e6,
            "ratio": median(p / f for p, f in zip(plain, fluid, strict=True)),
        }
        rows.append(row)
        print(
            f"{tree.name:40s}{row['count']:9d}{row['plain_us']:10.2f}{row['fluid_us']:10.2f}{row['ratio']:8.1f}",
            flush=True,
        )
    flat = {row["name"]: row["fluid_us"] for row in rows}
    growth = flat["one level, 1000"] / flat["one level, 10"]
    print(json.dumps({"rounds": rounds, "growth_10_to_1000": growth, "trees": rows}))


if __name__ == "__main__":
    main()
